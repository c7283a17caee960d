/* Strided copies and sums. A box is first brought into a normal form: axes of length one go, axes are
 * ordered by their stride on the written side and neighbours that are contiguous on both sides
 * become one. What is left is walked by planes of two axes, of four kinds: rows that are
 * contiguous on both sides, 2-D transposes by tiles, sums of rows, and anything else. */
#include "strided.h"

#include "../../kernels/vector.h"

#include <string.h>

/* Rough nanoseconds per element, for the decision whether threads pay. */
#define COST_ROWS 0.4
#define COST_OTHER 1.2
/* memcpy and vector kernels cost a call: shorter rows are looped in place. */
#define SHORT_ROW 16
/* Width of a transposed tile: one cache line of floats. */
#define TILE 16

typedef float V4 __attribute__ ((vector_size (16), aligned (4)));

typedef enum
{
  PLANE_ROWS,
  PLANE_TRANSPOSE,
  PLANE_SUM,
  PLANE_ANY
} PlaneKind;

/* Axes 1 (outer) and 0 (inner): lengths and strides on both sides. */
typedef struct
{
  PlaneKind kind;
  int64_t n1, to1, from1, n0, to0, from0;
} Plane;

typedef enum
{
  MODE_COPY_4,
  MODE_COPY_8,
  MODE_ADD
} Mode;

void
eng_strided_axis (EngStrided *self, int64_t n, int64_t to, int64_t from)
{
  g_return_if_fail (self->rank < ENG_STRIDED_RANK);
  self->n[self->rank] = n;
  self->to[self->rank] = to;
  self->from[self->rank++] = from;
}

EngStrided
eng_strided_reversed (const EngStrided *self)
{
  EngStrided r = *self;
  memcpy (r.to, self->from, sizeof r.to);
  memcpy (r.from, self->to, sizeof r.from);
  r.to_offset = self->from_offset;
  r.from_offset = self->to_offset;
  return r;
}

int64_t
eng_strided_count (const EngStrided *self)
{
  int64_t n = 1;
  for (int i = 0; i < self->rank; i++)
    n *= self->n[i];
  return n;
}

/* ---- normal form ---- */

static void
move_axis (EngStrided *s, int at, int to)
{
  int64_t n = s->n[at], t = s->to[at], f = s->from[at];
  int step = at < to ? 1 : -1;
  for (int i = at; i != to; i += step)
    {
      s->n[i] = s->n[i + step];
      s->to[i] = s->to[i + step];
      s->from[i] = s->from[i + step];
    }
  s->n[to] = n;
  s->to[to] = t;
  s->from[to] = f;
}

/* Whether axis @a belongs outside axis @b. */
static gboolean
is_outer (const EngStrided *s, int a, int b)
{
  int64_t ta = ABS (s->to[a]), tb = ABS (s->to[b]);
  return ta != tb ? ta > tb : ABS (s->from[a]) > ABS (s->from[b]);
}

static void
merge_neighbours (EngStrided *s)
{
  int k = 0;
  for (int i = 1; i < s->rank; i++)
    {
      if (s->to[k] == s->n[i] * s->to[i] && s->from[k] == s->n[i] * s->from[i])
        s->n[k] *= s->n[i];
      else
        s->n[++k] = s->n[i];
      s->to[k] = s->to[i];
      s->from[k] = s->from[i];
    }
  s->rank = k + 1;
}

/* The normal form, of at least two axes; FALSE when there is nothing to move. */
static gboolean
normalise (const EngStrided *self, EngStrided *s)
{
  *s = (EngStrided){ .to_offset = self->to_offset, .from_offset = self->from_offset };
  for (int i = 0; i < self->rank; i++)
    {
      if (self->n[i] == 0)
        return FALSE;
      if (self->n[i] == 1)
        continue;
      eng_strided_axis (s, self->n[i], self->to[i], self->from[i]);
      for (int k = s->rank - 1; k > 0 && is_outer (s, k, k - 1); k--)
        move_axis (s, k, k - 1);
    }
  if (s->rank > 1)
    merge_neighbours (s);
  while (s->rank < 2)
    {
      eng_strided_axis (s, 1, 0, 0);
      move_axis (s, s->rank - 1, 0);
    }
  return TRUE;
}

static int
find_axis (const EngStrided *s, gboolean (*fits) (int64_t to, int64_t from))
{
  for (int i = s->rank - 1; i >= 0; i--)
    if (fits (s->to[i], s->from[i]))
      return i;
  return -1;
}

static gboolean
is_row (int64_t to, int64_t from)
{
  return to == 1 && from == 1;
}

static gboolean
is_written_row (int64_t to, int64_t from)
{
  return to == 1;
}

static gboolean
is_written_and_varies (int64_t to, int64_t from)
{
  return to == 1 && from != 0;
}

static gboolean
is_read_row (int64_t to, int64_t from)
{
  return to != 0 && from == 1;
}

static gboolean
is_sum (int64_t to, int64_t from)
{
  return to == 0 && from == 1;
}

/* Brings the best pair of axes to the end and tells what they are. */
static PlaneKind
choose_plane (EngStrided *s)
{
  int last = s->rank - 1, row = find_axis (s, is_row);
  if (row >= 0)
    {
      move_axis (s, row, last);
      return PLANE_ROWS;
    }
  int written = find_axis (s, is_written_and_varies), read = find_axis (s, is_read_row);
  if (written >= 0 && read >= 0)
    {
      move_axis (s, written, last);
      move_axis (s, read > written ? read - 1 : read, last - 1);
      return PLANE_TRANSPOSE;
    }
  int sum = find_axis (s, is_sum);
  if (sum >= 0)
    {
      move_axis (s, sum, last);
      return PLANE_SUM;
    }
  int filled = find_axis (s, is_written_row);
  if (filled >= 0)
    move_axis (s, filled, last);
  return PLANE_ANY;
}

/* ---- planes ---- */

/* The loops that are the same for every element type. SET is = or +=. */
#define DEFINE_LOOPS(suffix, Type, SET)                                                                              \
  static void any_##suffix (const Plane *p, Type *to, const Type *from)                                              \
  {                                                                                                                  \
    for (int64_t i = 0; i < p->n1; i++, to += p->to1, from += p->from1)                                              \
      if (p->to0 == 1 && p->from0 == 0)                                                                              \
        {                                                                                                            \
          Type v = *from;                                                                                            \
          for (int64_t j = 0; j < p->n0; j++)                                                                        \
            to[j] SET v;                                                                                             \
        }                                                                                                            \
      else                                                                                                           \
        for (int64_t j = 0; j < p->n0; j++)                                                                          \
          to[j * p->to0] SET from[j * p->from0];                                                                     \
  }                                                                                                                  \
  static void tile_##suffix (const Plane *p, int64_t b1, int64_t e1, int64_t b0, int64_t e0, Type *to,               \
                             const Type *from)                                                                       \
  {                                                                                                                  \
    for (int64_t i = b1; i < e1; i++)                                                                                \
      for (int64_t j = b0; j < e0; j++)                                                                              \
        to[i * p->to1 + j] SET from[i + j * p->from0];                                                               \
  }

DEFINE_LOOPS (copy_4, float, =)
DEFINE_LOOPS (copy_8, int64_t, =)
DEFINE_LOOPS (add, float, +=)

/* to[k * to1 + 0..3] = or += column k of four rows of @from. */
static inline void
transpose_4x4 (float *to, int64_t to1, const float *from, int64_t from0, gboolean add)
{
  V4 a = *(const V4 *)from, b = *(const V4 *)(from + from0), c = *(const V4 *)(from + 2 * from0),
     d = *(const V4 *)(from + 3 * from0);
  V4 ab_low = __builtin_shufflevector (a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector (a, b, 2, 6, 3, 7);
  V4 cd_low = __builtin_shufflevector (c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector (c, d, 2, 6, 3, 7);
  V4 out[4] = { __builtin_shufflevector (ab_low, cd_low, 0, 1, 4, 5),
                __builtin_shufflevector (ab_low, cd_low, 2, 3, 6, 7),
                __builtin_shufflevector (ab_high, cd_high, 0, 1, 4, 5),
                __builtin_shufflevector (ab_high, cd_high, 2, 3, 6, 7) };
  for (int k = 0; k < 4; k++)
    {
      V4 *v = (V4 *)(to + k * to1);
      *v = add ? *v + out[k] : out[k];
    }
}

static void
transpose_floats (const Plane *p, float *to, const float *from, gboolean add)
{
  void (*tile) (const Plane *, int64_t, int64_t, int64_t, int64_t, float *, const float *) =
      add ? tile_add : tile_copy_4;
  int64_t whole0 = p->n0 & ~(int64_t)3;
  for (int64_t b = 0; b < p->n1; b += TILE)
    {
      int64_t e = MIN (b + TILE, p->n1), whole1 = b + ((e - b) & ~(int64_t)3);
      for (int64_t j = 0; j < whole0; j += 4)
        {
          for (int64_t i = b; i < whole1; i += 4)
            transpose_4x4 (to + i * p->to1 + j, p->to1, from + i + j * p->from0, p->from0, add);
          if (whole1 < e)
            tile (p, whole1, e, j, j + 4, to, from);
        }
      tile (p, b, e, whole0, p->n0, to, from);
    }
}

static void
transpose_ints (const Plane *p, int64_t *to, const int64_t *from)
{
  for (int64_t b = 0; b < p->n1; b += TILE)
    for (int64_t j = 0; j < p->n0; j += TILE)
      tile_copy_8 (p, b, MIN (b + TILE, p->n1), j, MIN (j + TILE, p->n0), to, from);
}

static void
copy_rows (const Plane *p, char *to, const char *from, gsize size)
{
  for (int64_t i = 0; i < p->n1; i++)
    memcpy (to + i * p->to1 * (int64_t)size, from + i * p->from1 * (int64_t)size, p->n0 * size);
}

static void
add_rows (const Plane *p, float *to, const float *from)
{
  for (int64_t i = 0; i < p->n1; i++)
    eng_vec_accumulate (to + i * p->to1, from + i * p->from1, p->n0);
}

static void
sum_rows (const Plane *p, float *to, const float *from)
{
  for (int64_t i = 0; i < p->n1; i++)
    to[i * p->to1] += (float)eng_vec_sum (from + i * p->from1, p->n0);
}

static void
run_plane (const Plane *p, Mode mode, void *to, const void *from)
{
  if (p->kind == PLANE_TRANSPOSE)
    {
      if (mode == MODE_COPY_8)
        transpose_ints (p, to, from);
      else
        transpose_floats (p, to, from, mode == MODE_ADD);
    }
  else if (p->kind == PLANE_SUM && mode == MODE_ADD)
    sum_rows (p, to, from);
  else if (p->kind == PLANE_ROWS && p->n0 >= SHORT_ROW && mode == MODE_ADD)
    add_rows (p, to, from);
  else if (p->kind == PLANE_ROWS && p->n0 >= SHORT_ROW)
    copy_rows (p, to, from, mode == MODE_COPY_4 ? 4 : 8);
  else if (mode == MODE_ADD)
    any_add (p, to, from);
  else if (mode == MODE_COPY_4)
    any_copy_4 (p, to, from);
  else
    any_copy_8 (p, to, from);
}

/* ---- walking ---- */

typedef struct
{
  EngStrided box;
  PlaneKind kind;
  Mode mode;
  int split; /* the axis that threads share */
  char *to;
  const char *from;
} Walk;

static void
walk_axis (const Walk *w, const EngStrided *box, int axis, char *to, const char *from)
{
  int64_t size = w->mode == MODE_COPY_8 ? 8 : 4;
  int last = box->rank - 1;
  if (axis == last - 1)
    {
      const Plane p = { w->kind,      box->n[axis],  box->to[axis],  box->from[axis],
                        box->n[last], box->to[last], box->from[last] };
      run_plane (&p, w->mode, to, from);
      return;
    }
  for (int64_t i = 0; i < box->n[axis]; i++)
    walk_axis (w, box, axis + 1, to + i * box->to[axis] * size, from + i * box->from[axis] * size);
}

static void
walk_part (int64_t begin, int64_t end, gpointer data)
{
  const Walk *w = data;
  int64_t size = w->mode == MODE_COPY_8 ? 8 : 4;
  EngStrided box = w->box;
  box.n[w->split] = end - begin;
  box.to_offset += begin * box.to[w->split];
  box.from_offset += begin * box.from[w->split];
  walk_axis (w, &box, 0, w->to + box.to_offset * size, w->from + box.from_offset * size);
}

/* The outermost axis that is long enough to share, else the longest; never one that sums, since two
 * threads would add into the same element. */
static int
choose_split (const EngStrided *s)
{
  int best = -1;
  for (int i = 0; i < s->rank; i++)
    {
      if (s->to[i] == 0)
        continue;
      if (s->n[i] >= 16)
        return i;
      if (best < 0 || s->n[i] > s->n[best])
        best = i;
    }
  return best;
}

static void
run (const EngStrided *self, Mode mode, void *to, const void *from)
{
  Walk w = { .mode = mode, .to = to, .from = from };
  if (!normalise (self, &w.box))
    return;
  w.kind = choose_plane (&w.box);
  w.split = choose_split (&w.box);
  double cost = (double)eng_strided_count (&w.box) * (w.kind == PLANE_ROWS ? COST_ROWS : COST_OTHER);
  if (w.split >= 0)
    eng_parallel (w.box.n[w.split], cost / (double)w.box.n[w.split], walk_part, &w);
  else
    {
      w.split = 0;
      walk_part (0, w.box.n[0], &w);
    }
}

void
eng_strided_copy (const EngStrided *self, void *to, const void *from, gsize size)
{
  run (self, size == 8 ? MODE_COPY_8 : MODE_COPY_4, to, from);
}

void
eng_strided_add (const EngStrided *self, float *to, const float *from)
{
  run (self, MODE_ADD, to, from);
}

void
eng_strided_copy_flat (void *to, const void *from, int64_t n, gsize size)
{
  EngStrided s = { 0 };
  eng_strided_axis (&s, n, 1, 1);
  if (to != from)
    eng_strided_copy (&s, to, from, size);
}

/* ---- operators that are one box ---- */

void
eng_strided_forward (const EngNode *node, EngPass *pass)
{
  eng_strided_copy (node->priv, eng_out (pass, node, 0), eng_in (pass, node, 0),
                    eng_dtype_size (node->inputs[0]->dtype));
}

void
eng_strided_backward (const EngNode *node, EngPass *pass)
{
  const EngStrided back = eng_strided_reversed (node->priv);
  const float *g = eng_grad_out (pass, node, 0);
  int64_t count = eng_shape_count (&node->inputs[0]->shape);
  gboolean fresh = FALSE;
  float *d = g ? eng_grad_in_fresh (pass, node, 0, &fresh) : NULL;
  if (!d || count == 0)
    return;
  /* As many moves as input elements: each is read exactly once, so writing reaches all of them. */
  if (fresh && eng_strided_count (&back) == count)
    {
      eng_strided_copy (&back, d, g, sizeof *d);
      return;
    }
  if (fresh)
    memset (d, 0, (gsize)count * sizeof *d);
  eng_strided_add (&back, d, g);
}
