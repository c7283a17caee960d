/* Einsum: y[out] = sum over the labels that are not in the output of the product of 1 to 3 operands.
 *
 * Every operand is described by one stride per label: the sum of the strides of the axes that bear
 * it (so "ii" walks the diagonal), zero where it does not bear it or has length one. In this form the
 * gradient of an operand is the same kind of sum: the output's gradient times the other operands,
 * over the same labels, into the operand's strides. One contraction thus serves forward and
 * backward. With one source it is a strided sum (strided.h); with two it becomes a
 * batched matrix product, operands being packed where their strides do not fit one; three are a plain loop.
 * Definition: ONNX operator specification, opset 12; numpy.einsum for ellipsis and implicit output. */
#include "strided.h"

#include "../../kernels/kernels.h"
#include "../../kernels/vector.h"

#include <string.h>

#define EX(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define MAX_OPERANDS 3
/* 52 letters and the axes of an ellipsis; at most ENG_STRIDED_RANK of them are in use. */
#define LETTERS 52
#define NAMES (LETTERS + ENG_MAX_RANK)
/* Products with fewer sums and columns than this gain nothing from a matrix product. */
#define GEMM_MIN 4
/* Rough nanoseconds of one step of the plain loop. */
#define COST_STEP 2.0

/* ---- the equation ---- */

/* One term, by axis: the name of its label (0 .. NAMES-1). */
typedef struct
{
  int rank, name[ENG_MAX_RANK];
} Term;

static int
letter_name (char c)
{
  return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : -1;
}

static gboolean
push_name (Term *term, int name, GError **error)
{
  if (term->rank == ENG_MAX_RANK)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "a term of the equation has more than %d axes", ENG_MAX_RANK);
  term->name[term->rank++] = name;
  return TRUE;
}

/* @text up to @length, without spaces. An ellipsis stands for @dots axes, named from the right. */
static gboolean
parse_term (const char *text, gsize length, int dots, Term *term, gboolean *has_dots, GError **error)
{
  *term = (Term){ 0 };
  *has_dots = FALSE;
  for (gsize i = 0; i < length; i++)
    {
      int name = letter_name (text[i]);
      if (name >= 0)
        {
          if (!push_name (term, name, error))
            return FALSE;
        }
      else if (!*has_dots && i + 3 <= length && strncmp (text + i, "...", 3) == 0)
        {
          *has_dots = TRUE;
          i += 2;
          for (int k = dots; k > 0; k--)
            if (!push_name (term, NAMES - k, error))
              return FALSE;
        }
      else
        return eng_fail (error, ENG_ERROR_INVALID, "the equation has an unexpected '%c'", text[i]);
    }
  return TRUE;
}

typedef struct
{
  int n_operands;
  Term operand[MAX_OPERANDS], output;
} Equation;

/* The output where the equation does not say: the ellipsis, then in alphabetical order what occurs once. */
static gboolean
implicit_output (Equation *e, int dots, GError **error)
{
  int uses[NAMES] = { 0 };
  for (int o = 0; o < e->n_operands; o++)
    for (int i = 0; i < e->operand[o].rank; i++)
      uses[e->operand[o].name[i]]++;
  e->output = (Term){ 0 };
  for (int k = dots; k > 0; k--)
    if (!push_name (&e->output, NAMES - k, error))
      return FALSE;
  for (int name = 0; name < LETTERS; name++)
    if (uses[name] == 1 && !push_name (&e->output, name, error))
      return FALSE;
  return TRUE;
}

/* Without its ellipsis, how many axes does the term name? */
static int
count_letters (const char *text, gsize length)
{
  int n = 0;
  for (gsize i = 0; i < length; i++)
    n += letter_name (text[i]) >= 0;
  return n;
}

static gboolean
parse_operand (const EngNode *node, Equation *e, int o, const char *text, gsize length, int *most_dots,
               GError **error)
{
  gboolean has_dots;
  int rank = node->inputs[o]->shape.rank, dots = MAX (rank - count_letters (text, length), 0);
  if (!parse_term (text, length, dots, &e->operand[o], &has_dots, error))
    return FALSE;
  if (e->operand[o].rank != rank)
    return eng_fail (error, ENG_ERROR_INVALID, "the equation names %d axes of input %d, which has rank %d",
                     e->operand[o].rank, o, rank);
  if (has_dots)
    *most_dots = MAX (*most_dots, dots);
  return TRUE;
}

static gboolean
parse_equation (const EngNode *node, const char *equation, Equation *e, GError **error)
{
  g_auto (GStrv) words = g_strsplit_set (equation, " \t\n", -1);
  g_autofree char *text = g_strjoinv ("", words);
  char *arrow = strstr (text, "->"), *end = arrow ? arrow : text + strlen (text), *at = text;
  gboolean has_dots;
  int dots = 0;
  e->n_operands = node->n_inputs;
  for (int o = 0; o < e->n_operands; o++)
    {
      char *comma = memchr (at, ',', (gsize)(end - at)), *stop = comma ? comma : end;
      if ((comma != NULL) != (o + 1 < e->n_operands))
        return eng_fail (error, ENG_ERROR_INVALID, "the equation %s does not have %d terms", equation, e->n_operands);
      if (!parse_operand (node, e, o, at, (gsize)(stop - at), &dots, error))
        return FALSE;
      at = stop + 1;
    }
  if (!arrow)
    return implicit_output (e, dots, error);
  return parse_term (arrow + 2, strlen (arrow + 2), dots, &e->output, &has_dots, error);
}

/* ---- the contraction: dst[labels] += product of src[labels] over all labels ---- */

#define SIDES (MAX_OPERANDS + 1) /* 0: what is written; then the sources */

typedef struct
{
  int rank, sides;
  int64_t n[ENG_STRIDED_RANK], stride[SIDES][ENG_STRIDED_RANK];
  int64_t count[SIDES]; /* elements of each array */
} Labels;

typedef enum
{
  BY_STRIDES, /* one source */
  BY_LOOP,
  BY_GEMM
} How;

/* C = A B for every step of the outer labels; a side that does not fit is packed into scratch. */
typedef struct
{
  EngGemm gemm;
  int left;         /* the source (1 or 2) that is A */
  gboolean pack[3]; /* C, A, B */
  EngStrided packing[3];
  int64_t packed[3]; /* where each packed side begins in the scratch, in floats */
  int outer;         /* labels that are looped over */
  int64_t outer_n[ENG_STRIDED_RANK], outer_stride[3][ENG_STRIDED_RANK];
} Product;

typedef struct
{
  Labels labels;
  How how;
  gboolean covers; /* every element of dst is reached */
  Product product;
  int64_t scratch; /* floats */
} Contraction;

/* Labels of the product, by the arrays that bear them. */
typedef enum
{
  ROLE_BATCH,
  ROLE_M,
  ROLE_N,
  ROLE_K,
  ROLE_ONE, /* one array only: summed while packing, or repeated while unpacking */
  N_ROLES
} Role;

static Role
label_role (const Labels *l, int i, const int side[3])
{
  gboolean c = l->stride[side[0]][i] != 0, a = l->stride[side[1]][i] != 0, b = l->stride[side[2]][i] != 0;
  if (a && b)
    return c ? ROLE_BATCH : ROLE_K;
  if (c && a)
    return ROLE_M;
  return c && b ? ROLE_N : ROLE_ONE;
}

/* Labels of one role, outermost first. */
typedef struct
{
  int n, label[ENG_STRIDED_RANK];
  int64_t size; /* product of their lengths */
} Group;

/* Ordered by the strides of array @by, so that what is contiguous there stays so. */
static void
make_groups (const Labels *l, const int side[3], Group groups[N_ROLES])
{
  static const int order_by[N_ROLES] = { 0, 1, 2, 1, 0 };
  for (int r = 0; r < N_ROLES; r++)
    groups[r] = (Group){ .size = 1 };
  for (int i = 0; i < l->rank; i++)
    {
      Role role = label_role (l, i, side);
      Group *g = &groups[role];
      const int64_t *stride = l->stride[side[order_by[role]]];
      int k = g->n++;
      for (; k > 0 && stride[g->label[k - 1]] < stride[i]; k--)
        g->label[k] = g->label[k - 1];
      g->label[k] = i;
      g->size *= l->n[i];
    }
}

/* Whether a group is one axis of array @side; *stride is then that of its last label. */
static gboolean
group_stride (const Labels *l, const Group *g, int side, int64_t *stride)
{
  *stride = g->n ? l->stride[side][g->label[g->n - 1]] : 0;
  for (int i = 0; i + 1 < g->n; i++)
    if (l->stride[side][g->label[i]] != l->stride[side][g->label[i + 1]] * l->n[g->label[i + 1]])
      return FALSE;
  return TRUE;
}

/* Whether strides make a matrix that a product can read: one of them one, rows not overlapping. */
static gboolean
matrix_form (int64_t rows, int64_t row_stride, int64_t columns, int64_t column_stride, gboolean *trans, int64_t *ld)
{
  *trans = FALSE;
  *ld = rows > 1 ? row_stride : columns;
  if ((columns == 1 || column_stride == 1) && *ld >= columns)
    return TRUE;
  *trans = TRUE;
  *ld = columns > 1 ? column_stride : rows;
  return (rows == 1 || row_stride == 1) && *ld >= rows;
}

/* The box between array @side of the labels and its packed form: batch, rows, columns. */
static void
make_packing (const Labels *l, int side, gboolean write, const Group *batch, const Group *rows, const Group *columns,
              const Group *one, EngStrided *s)
{
  const Group *groups[3] = { batch, rows, columns };
  int64_t step = 1;
  EngStrided packed = { 0 };
  for (int g = 2; g >= 0; g--)
    for (int i = groups[g]->n - 1; i >= 0; i--)
      {
        int label = groups[g]->label[i];
        eng_strided_axis (&packed, l->n[label], step, l->stride[side][label]);
        step *= l->n[label];
      }
  for (int i = 0; i < one->n; i++)
    if (l->stride[side][one->label[i]])
      eng_strided_axis (&packed, l->n[one->label[i]], 0, l->stride[side][one->label[i]]);
  *s = write ? eng_strided_reversed (&packed) : packed;
}

/* One of C, A, B: its two groups and what the product calls its layout. */
static void
plan_side (Contraction *c, const Group groups[N_ROLES], int which, int side, const Group *rows, const Group *columns,
           gboolean *trans, int64_t *ld, int64_t *batch_stride, int64_t *strides)
{
  const Labels *l = &c->labels;
  Product *p = &c->product;
  const Group *batch = &groups[ROLE_BATCH], *one = &groups[ROLE_ONE];
  int64_t row_stride, column_stride;
  gboolean fits = group_stride (l, rows, side, &row_stride) & group_stride (l, columns, side, &column_stride);
  fits = fits && matrix_form (rows->size, row_stride, columns->size, column_stride, trans, ld)
         && (which != 0 || !*trans);
  for (int i = 0; i < one->n; i++)
    fits = fits && l->stride[side][one->label[i]] == 0;
  for (int i = 0; i < batch->n; i++)
    strides[i] = l->stride[side][batch->label[i]];
  if (!fits)
    {
      int64_t step = rows->size * columns->size;
      p->pack[which] = TRUE;
      p->packed[which] = c->scratch;
      make_packing (l, side, which == 0, batch, rows, columns, one, &p->packing[which]);
      *trans = FALSE;
      *ld = columns->size;
      for (int i = batch->n - 1; i >= 0; i--)
        {
          strides[i] = step;
          step *= l->n[batch->label[i]];
        }
      c->scratch += (step + 15) & ~(int64_t)15;
    }
  *batch_stride = batch->n ? strides[batch->n - 1] : 0;
}

/* Fills the product; FALSE when a plain loop is as good. */
static gboolean
plan_product (Contraction *c)
{
  const Labels *l = &c->labels;
  Product *p = &c->product;
  Group groups[N_ROLES];
  int side[3] = { 0, 1, 2 };
  int64_t stride;
  make_groups (l, side, groups);
  /* C must be written row by row: where the rows of A lie side by side in C, its transpose is made instead. */
  if (groups[ROLE_M].n && group_stride (l, &groups[ROLE_M], 0, &stride) && stride == 1)
    {
      side[1] = 2;
      side[2] = 1;
      make_groups (l, side, groups);
    }
  const Group *m = &groups[ROLE_M], *n = &groups[ROLE_N], *k = &groups[ROLE_K], *batch = &groups[ROLE_BATCH];
  if (m->size * n->size < GEMM_MIN || m->size * n->size * k->size < GEMM_MIN * GEMM_MIN)
    return FALSE;
  int64_t strides[3][ENG_STRIDED_RANK];
  gboolean c_trans;
  EngGemm *g = &p->gemm;
  p->left = side[1];
  plan_side (c, groups, 0, 0, m, n, &c_trans, &g->ldc, &g->stride_c, strides[0]);
  plan_side (c, groups, 1, side[1], m, k, &g->trans_a, &g->lda, &g->stride_a, strides[1]);
  plan_side (c, groups, 2, side[2], k, n, &g->trans_b, &g->ldb, &g->stride_b, strides[2]);
  g->m = m->size;
  g->n = n->size;
  g->k = k->size;
  g->alpha = 1;
  g->batch = batch->n ? l->n[batch->label[batch->n - 1]] : 1;
  p->outer = MAX (batch->n - 1, 0);
  for (int i = 0; i < p->outer; i++)
    {
      p->outer_n[i] = l->n[batch->label[i]];
      for (int s = 0; s < 3; s++)
        p->outer_stride[s][i] = strides[s][i];
    }
  return TRUE;
}

static gboolean
any_empty (const Labels *l)
{
  for (int i = 0; i < l->rank; i++)
    if (l->n[i] == 0)
      return TRUE;
  return FALSE;
}

/* Whether label @i is the outer part of label @j in every array. */
static gboolean
can_merge (const Labels *l, int i, int j)
{
  for (int s = 0; s < l->sides; s++)
    if (l->stride[s][i] != l->stride[s][j] * l->n[j])
      return FALSE;
  return i != j;
}

static void
drop_label (Labels *l, int i)
{
  l->rank--;
  for (int k = i; k < l->rank; k++)
    {
      l->n[k] = l->n[k + 1];
      for (int s = 0; s < l->sides; s++)
        l->stride[s][k] = l->stride[s][k + 1];
    }
}

/* Labels of length one say nothing; those that are one axis everywhere become one. */
static void
simplify (Labels *l)
{
  for (int i = 0; i < l->rank;)
    {
      int j = l->n[i] == 1 ? i : 0;
      for (; l->n[i] != 1 && j < l->rank && !can_merge (l, i, j); j++)
        ;
      if (j == l->rank)
        {
          i++;
          continue;
        }
      if (l->n[i] != 1)
        l->n[j] *= l->n[i];
      drop_label (l, i);
      i = 0;
    }
}

static void
plan_contraction (Contraction *c)
{
  Labels *l = &c->labels;
  int64_t written = 1;
  simplify (l);
  for (int i = 0; i < l->rank; i++)
    written *= l->stride[0][i] ? l->n[i] : 1;
  c->covers = written == l->count[0];
  c->how = l->sides == 2 ? BY_STRIDES : l->sides == 3 && !any_empty (l) && plan_product (c) ? BY_GEMM : BY_LOOP;
}

/* ---- running it ---- */

static void
run_product (const Contraction *c, float *dst, const float *const src[], float *scratch, gboolean fresh)
{
  const Product *p = &c->product;
  const float *in[3] = { NULL, src[p->left - 1], src[2 - p->left] };
  EngGemm gemm = p->gemm;
  int64_t at[ENG_STRIDED_RANK] = { 0 };
  for (int s = 1; s < 3; s++)
    if (p->pack[s])
      {
        float *packed = scratch + p->packed[s];
        int64_t size = s == 1 ? gemm.m * gemm.k : gemm.k * gemm.n;
        for (int i = 0; i < p->outer; i++)
          size *= p->outer_n[i];
        memset (packed, 0, (gsize)(size * gemm.batch) * sizeof *packed);
        eng_strided_add (&p->packing[s], packed, in[s]);
        in[s] = packed;
      }
  float *out = p->pack[0] ? scratch + p->packed[0] : dst;
  gemm.beta = p->pack[0] || fresh ? 0 : 1;
  for (int axis = 0; axis >= 0;)
    {
      int64_t shift[3] = { 0 };
      for (int s = 0; s < 3; s++)
        for (int i = 0; i < p->outer; i++)
          shift[s] += at[i] * p->outer_stride[s][i];
      eng_kernels ()->gemm (&gemm, in[1] + shift[1], in[2] + shift[2], out + shift[0]);
      for (axis = p->outer - 1; axis >= 0 && ++at[axis] == p->outer_n[axis]; axis--)
        at[axis] = 0;
    }
  if (p->pack[0] && fresh)
    eng_strided_copy (&p->packing[0], dst, out, sizeof *dst);
  else if (p->pack[0])
    eng_strided_add (&p->packing[0], dst, out);
}

typedef struct
{
  const Labels *labels;
  int order[ENG_STRIDED_RANK]; /* labels that are written first, summed ones after */
  int written;                 /* number of the former */
  float *dst;
  const float *src[MAX_OPERANDS];
} Loop;

static double
loop_sum (const Loop *loop, int depth, const int64_t at[SIDES])
{
  const Labels *l = loop->labels;
  int label = depth < l->rank ? loop->order[depth] : 0;
  int64_t n = depth < l->rank ? l->n[label] : 1, next[SIDES];
  double sum = 0;
  memcpy (next, at, sizeof next);
  for (int64_t i = 0; i < n; i++)
    {
      double product = 1;
      for (int s = 1; depth >= l->rank - 1 && s < l->sides; s++)
        product *= (double)loop->src[s - 1][next[s]];
      sum += depth >= l->rank - 1 ? product : loop_sum (loop, depth + 1, next);
      for (int s = 0; s < l->sides && l->rank; s++)
        next[s] += l->stride[s][label];
    }
  return sum;
}

static void
loop_part (int64_t begin, int64_t end, gpointer data)
{
  const Loop *loop = data;
  const Labels *l = loop->labels;
  for (int64_t i = begin; i < end; i++)
    {
      int64_t at[SIDES] = { 0 }, left = i;
      for (int k = loop->written - 1; k >= 0; k--)
        {
          int label = loop->order[k];
          for (int s = 0; s < l->sides; s++)
            at[s] += left % l->n[label] * l->stride[s][label];
          left /= l->n[label];
        }
      loop->dst[at[0]] += (float)loop_sum (loop, loop->written, at);
    }
}

/* dst += the sum of products. */
static void
run_loop (const Contraction *c, float *dst, const float *const src[])
{
  const Labels *l = &c->labels;
  Loop loop = { .labels = l, .dst = dst };
  int64_t written = 1, summed = 1;
  int n = 0;
  memcpy (loop.src, src, sizeof *src * (gsize)(l->sides - 1));
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < l->rank; i++)
      if ((l->stride[0][i] != 0) == (pass == 0))
        {
          loop.order[n++] = i;
          loop.written += pass == 0;
          *(pass == 0 ? &written : &summed) *= l->n[i];
        }
  eng_parallel (written, (double)summed * COST_STEP, loop_part, &loop);
}

/* dst = (fresh) or += the sum of products. */
static void
contract (const Contraction *c, float *dst, const float *const src[], float *scratch, gboolean fresh)
{
  const Labels *l = &c->labels;
  gboolean write = fresh && c->covers && c->how == BY_GEMM;
  if (fresh && !write)
    memset (dst, 0, (gsize)l->count[0] * sizeof *dst);
  if (any_empty (l))
    return;
  if (c->how == BY_GEMM)
    run_product (c, dst, src, scratch, write);
  else if (c->how == BY_LOOP)
    run_loop (c, dst, src);
  else
    {
      EngStrided s = { 0 };
      for (int i = 0; i < l->rank; i++)
        eng_strided_axis (&s, l->n[i], l->stride[0][i], l->stride[1][i]);
      eng_strided_add (&s, dst, src[0]);
    }
}

/* ---- the operator ---- */

typedef struct
{
  Contraction forward, backward[MAX_OPERANDS];
} Einsum;

/* Lengths of labels, from all operands; an axis of length one fits any. */
static gboolean
label_lengths (const EngNode *node, const Equation *e, int64_t length[NAMES], GError **error)
{
  for (int i = 0; i < NAMES; i++)
    length[i] = -1;
  for (int o = 0; o < e->n_operands; o++)
    for (int i = 0; i < e->operand[o].rank; i++)
      {
        int64_t dim = node->inputs[o]->shape.dim[i], *have = &length[e->operand[o].name[i]];
        if (*have >= 0 && dim != *have && dim != 1 && *have != 1)
          return eng_fail (error, ENG_ERROR_INVALID,
                           "axis %d of input %d has length %" G_GINT64_FORMAT
                           ", where its label has %" G_GINT64_FORMAT,
                           i, o, dim, *have);
        if (*have < 0 || *have == 1)
          *have = dim;
      }
  return TRUE;
}

/* Adds the strides of one array to the labels that its axes bear. */
static void
term_strides (const Term *term, const EngShape *shape, const int label[NAMES], int64_t *stride)
{
  int64_t strides[ENG_MAX_RANK];
  eng_shape_strides (shape, strides);
  for (int i = 0; i < term->rank; i++)
    if (shape->dim[i] != 1)
      stride[label[term->name[i]]] += strides[i];
}

static gboolean
output_shape (const Equation *e, const int64_t length[NAMES], EngShape *out, GError **error)
{
  gboolean seen[NAMES] = { FALSE };
  *out = (EngShape){ .rank = e->output.rank };
  for (int i = 0; i < out->rank; i++)
    {
      int name = e->output.name[i];
      if (seen[name] || length[name] < 0)
        return eng_fail (error, ENG_ERROR_INVALID, "a label of the output is %s",
                         seen[name] ? "named twice" : "not in any term");
      seen[name] = TRUE;
      out->dim[i] = length[name];
    }
  return TRUE;
}

/* The labels in use, with the strides of the output (side 0) and the operands. */
static void
make_labels (const EngNode *node, const Equation *e, const int64_t length[NAMES], const EngShape *out, Labels *l)
{
  int label[NAMES];
  *l = (Labels){ .sides = e->n_operands + 1 };
  for (int name = 0; name < NAMES; name++)
    if (length[name] >= 0)
      {
        label[name] = l->rank;
        l->n[l->rank++] = length[name];
      }
  term_strides (&e->output, out, label, l->stride[0]);
  l->count[0] = eng_shape_count (out);
  for (int o = 0; o < e->n_operands; o++)
    {
      term_strides (&e->operand[o], &node->inputs[o]->shape, label, l->stride[o + 1]);
      l->count[o + 1] = eng_shape_count (&node->inputs[o]->shape);
    }
}

/* Exchanges two sides. */
static void
swap_sides (Labels *l, int a, int b)
{
  int64_t stride[ENG_STRIDED_RANK], count = l->count[a];
  memcpy (stride, l->stride[a], sizeof stride);
  memcpy (l->stride[a], l->stride[b], sizeof stride);
  memcpy (l->stride[b], stride, sizeof stride);
  l->count[a] = l->count[b];
  l->count[b] = count;
}

static gboolean
einsum_shape (EngNode *node, GError **error)
{
  const char *equation = eng_attrs_get_string (node->attrs, "equation", NULL);
  Equation e = { 0 };
  int64_t length[NAMES];
  EngShape out;
  if (!equation)
    return eng_fail (error, ENG_ERROR_INVALID, "attribute equation is missing");
  if (node->n_inputs < 1 || node->n_inputs > MAX_OPERANDS)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "%d operands are not supported, only 1 to %d", node->n_inputs,
                     MAX_OPERANDS);
  for (int i = 0; i < node->n_inputs; i++)
    if (!eng_node_need_float (node, i, error))
      return FALSE;
  if (!parse_equation (node, equation, &e, error) || !label_lengths (node, &e, length, error)
      || !output_shape (&e, length, &out, error)
      || !eng_node_set_output (node, 0, node->inputs[0]->dtype, &out, error))
    return FALSE;
  Einsum *s = node->priv = eng_node_priv (node, Einsum);
  make_labels (node, &e, length, &out, &s->forward.labels);
  int64_t scratch = 0;
  for (int o = 0; o < e.n_operands; o++)
    {
      s->backward[o].labels = s->forward.labels;
      swap_sides (&s->backward[o].labels, 0, o + 1);
      plan_contraction (&s->backward[o]);
      scratch = MAX (scratch, s->backward[o].scratch);
    }
  plan_contraction (&s->forward);
  node->scratch = (gsize)MAX (scratch, s->forward.scratch) * sizeof (float);
  return TRUE;
}

static void
einsum_forward (const EngNode *node, EngPass *pass)
{
  const Einsum *s = node->priv;
  const float *src[MAX_OPERANDS];
  for (int i = 0; i < node->n_inputs; i++)
    src[i] = eng_in_f (pass, node, i);
  contract (&s->forward, eng_out_f (pass, node, 0), src, eng_pass_scratch (pass), TRUE);
}

static void
einsum_backward (const EngNode *node, EngPass *pass)
{
  const Einsum *s = node->priv;
  const float *g = eng_grad_out (pass, node, 0), *src[MAX_OPERANDS];
  for (int o = 0; g && o < node->n_inputs; o++)
    {
      gboolean fresh;
      float *d = eng_grad_in_fresh (pass, node, o, &fresh);
      for (int i = 0; i < node->n_inputs; i++)
        src[i] = i == o ? g : eng_in_f (pass, node, i);
      if (d)
        contract (&s->backward[o], d, src, eng_pass_scratch (pass), fresh);
    }
}

/* ---- the table ---- */

extern const EngOp eng_ops_einsum[];

const EngOp eng_ops_einsum[] = {
  { "Einsum", 12, 21, einsum_shape, einsum_forward, einsum_backward, ENG_KEEP_INS, ENG_OP_PLAIN,
    EX ("f:4x5 f:5x3 equation='ij,jk->ik'", "f:2x3x4x5 f:2x6x4x5 equation='bqhd,bkhd->bhqk'",
        "f:2x3x4x6 f:2x6x3x5 equation='bhqk,bkhd->bqhd'", "f:4x4 equation='ii->i'", "f:2x4x4 equation='...ii->...'",
        "f:3x4 equation='ij->ji'", "f:3x4 f:4x3 equation='ij,ji'", "f:5 f:4 equation='i,j'",
        "f:3x2x4 f:3x4x5 equation='...ij,...jk'", "f:2x1x2x4 f:3x4x5 equation='...ij,...jk->...ki'",
        "f:6x5 f:6x5 equation='ij,ij->i'", "f:4x5x2 f:6x5 equation='ijl,kj->ki'",
        "f:3x4 f:4x2 f:2x5 equation='ij,jk,kl->il'", "f:3x3x4 f:4x6 equation='iij,jk->ik'") },
  { NULL },
};
