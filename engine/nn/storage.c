/* How the values of a pass lie in memory: which of them channels-last (n x height x width x channels) instead of
 * row-major, which as bfloat16, and which weights in tiles.
 *
 * Channels-last: convolutions of some kernel sets are fastest that way, and bring an operand over where its neighbour
 * disagrees; that costs as much as a copy of the image, so neighbours should agree. All images around an operator
 * share one storage, unless it brings them over itself. What others see (inputs, wanted and given values, reshaped
 * ones) is row-major, and so is everything that shares a storage with it.
 *
 * As bfloat16, in a pass whose products round their factors: a value that all its readers round anyway, so that no
 * result changes. It is then rounded once, as it is written, and moved as half the bytes. Gradients stay float32.
 *
 * In tiles: weights that only convolutions read, and that are trained, in the order in which some kernel sets compute
 * their gradient. In a deep net's last layers bringing that over at every step took longer than the convolution. */
#include "../kernels/kernels.h"
#include "../kernels/vector.h"
#include "op.h"
#include "pass-private.h"
#include "pass.h"

#include <string.h>

/* Both storages are the same bytes. */
static gboolean
is_indifferent (const EngValue *v)
{
  const EngShape *s = &v->shape;
  return s->rank == 4 && (s->dim[1] == 1 || s->dim[2] * s->dim[3] == 1);
}

/* Nobody sees it but the operators of the pass. */
static gboolean
is_inner (const EngPass *self, const EngValue *v)
{
  const guint8 fixed = PASS_WANT | PASS_WANT_GRAD | PASS_CUT | PASS_TRAIN;
  return v->kind == ENG_VALUE_COMPUTED && v->dtype == ENG_DTYPE_FLOAT && (self->flags[v->id] & PASS_NEEDED)
         && !(self->flags[v->id] & fixed);
}

static gboolean
may_lie_last (const EngPass *self, const EngValue *v)
{
  return is_inner (self, v) && v->shape.rank == 4 && !is_indifferent (v);
}

/* Images of equal shape, beside scalars. */
static gboolean
are_alike (const EngNode *node)
{
  const EngShape *y = &node->outputs[0]->shape;
  for (int i = 0; i < node->n_inputs; i++)
    if (node->inputs[i] && eng_shape_count (&node->inputs[i]->shape) != 1
        && !eng_shape_equal (&node->inputs[i]->shape, y))
      return FALSE;
  return y->rank == 4;
}

static gboolean
is_able (const EngNode *node)
{
  const EngOp *op = node->op;
  return op->channels_last ? op->channels_last (node) : (op->flags & ENG_OP_ALIKE) && are_alike (node);
}

static gboolean
settle (EngPass *self, const EngValue *v)
{
  gboolean changes = v && self->last[v->id];
  if (changes)
    self->last[v->id] = 0;
  return changes;
}

/* Brings the values around @node in line; TRUE when something changed. */
static gboolean
settle_node (EngPass *self, const EngNode *node)
{
  gboolean able = is_able (node), alone = (node->op->flags & ENG_OP_BRINGS) != 0;
  gboolean together = able && !alone, changed = FALSE;
  for (int i = 0; together && i < node->n_inputs + node->n_outputs; i++)
    {
      const EngValue *v = i < node->n_inputs ? node->inputs[i] : node->outputs[i - node->n_inputs];
      if (v && v->shape.rank == 4 && !is_indifferent (v) && !self->last[v->id]
          && (v->kind != ENG_VALUE_COMPUTED || (self->flags[v->id] & PASS_NEEDED)))
        together = FALSE;
    }
  if (together)
    return FALSE;
  gboolean adds = able && (node->op->flags & ENG_OP_SUMMAND);
  for (int i = able && alone ? 1 : 0; i < node->n_inputs; i++)
    if (!(adds && i == 3 && self->last[node->inputs[3]->id] == self->last[node->outputs[0]->id]))
      changed |= settle (self, node->inputs[i]);
  if (adds && !self->last[node->inputs[3]->id])
    changed |= settle (self, node->outputs[0]);
  for (int i = able && alone ? 1 : 0; i < node->n_outputs; i++)
    changed |= settle (self, node->outputs[i]);
  return changed;
}

static void
choose_last (EngPass *self)
{
  for (guint i = 0; i < self->n; i++)
    self->last[i] = may_lie_last (self, self->graph->values->pdata[i]);
  for (gboolean changed = TRUE; changed;)
    {
      changed = FALSE;
      for (guint i = 0; i < self->needed->len; i++)
        changed |= settle_node (self, self->needed->pdata[i]);
    }
}

/* ---- as bfloat16 ---- */

static gboolean
takes_short (const EngPass *self, const EngNode *node, int i)
{
  return node->op->takes_short && node->op->takes_short (node, self, i);
}

static void
settle_short (EngPass *self, const EngNode *node)
{
  for (int i = 0; i < node->n_inputs; i++)
    if (node->inputs[i] && self->shorts[node->inputs[i]->id])
      self->shorts[node->inputs[i]->id] = takes_short (self, node, i);
  for (int i = 0; i < node->n_outputs; i++)
    if (self->shorts[node->outputs[i]->id])
      self->shorts[node->outputs[i]->id] = i == 0 && takes_short (self, node, -1);
}

/* Both sides of a view are the same memory. TRUE when something changed. */
static gboolean
settle_view (EngPass *self, const EngNode *node)
{
  guint8 *in = &self->shorts[node->inputs[0]->id], *out = &self->shorts[node->outputs[0]->id];
  gboolean changed = *in != *out;
  *in = *out = *in && *out;
  return changed;
}

static void
choose_short (EngPass *self)
{
  for (guint i = 0; i < self->n; i++)
    self->shorts[i] = is_inner (self, self->graph->values->pdata[i]);
  for (guint i = 0; i < self->needed->len; i++)
    {
      const EngNode *node = self->needed->pdata[i];
      if (!(node->op->flags & ENG_OP_VIEW))
        settle_short (self, node);
    }
  for (gboolean changed = TRUE; changed;)
    {
      changed = FALSE;
      for (guint i = 0; i < self->needed->len; i++)
        {
          const EngNode *node = self->needed->pdata[i];
          if (node->op->flags & ENG_OP_VIEW)
            changed |= settle_view (self, node);
        }
    }
}

/* ---- in tiles ---- */

static gboolean
reads_tiles (const EngPass *self, const EngNode *node, int i)
{
  const EngValue *v = node->inputs[i];
  guint8 flags = v ? self->flags[v->id] : 0;
  return i == 1 && (flags & PASS_TRAIN) && !(flags & PASS_CUT) && v->shape.rank == 4 && node->op->takes_tiles
         && node->op->takes_tiles (node, self);
}

/* What no node of the pass reads stays as it is: nobody has said that it can be cut into tiles. */
static void
choose_tiled (EngPass *self)
{
  memset (self->tiled, 0, self->n);
  for (int keep = TRUE; keep >= FALSE; keep--)
    for (guint n = 0; n < self->needed->len; n++)
      {
        const EngNode *node = self->needed->pdata[n];
        for (int i = 0; i < node->n_inputs; i++)
          if (node->inputs[i] && reads_tiles (self, node, i) == keep)
            self->tiled[node->inputs[i]->id] = keep;
      }
}

typedef struct
{
  int64_t cin, taps;
  const float *from;
  float *to;
  gboolean lay;
} Tiles;

/* Rows of tiles. */
static void
move_tiles (int64_t begin, int64_t end, gpointer data)
{
  const Tiles *s = data;
  int64_t row = s->cin * s->taps, at = begin * ENG_TILE * row;
  for (int64_t a = begin; a < end; a++)
    for (int64_t b = 0; b < s->cin; b += ENG_TILE)
      for (int64_t t = 0; t < s->taps; t++)
        for (int64_t i = b; i < b + ENG_TILE; i++)
          for (int64_t o = a * ENG_TILE; o < (a + 1) * ENG_TILE; o++, at++)
            {
              int64_t plain = o * row + i * s->taps + t;
              s->to[s->lay ? at : plain] = s->from[s->lay ? plain : at];
            }
}

static void
copy_weight (const EngPass *self, const EngValue *weight, const float *from, float *to, gboolean lay)
{
  const EngShape *w = &weight->shape;
  Tiles s = { .from = from, .to = to, .lay = lay };
  if (eng_is_tiled (self, weight))
    {
      s.cin = w->dim[1];
      s.taps = eng_shape_span (w, 2, w->rank);
      eng_parallel (w->dim[0] / ENG_TILE, 2.0 * ENG_TILE * (double)(s.cin * s.taps), move_tiles, &s);
    }
  else
    memcpy (to, from, sizeof *to * (gsize)eng_shape_count (w));
}

void
eng_pass_lay_weight (const EngPass *self, const EngValue *weight, const float *from, float *to)
{
  copy_weight (self, weight, from, to, TRUE);
}

void
eng_pass_gather_weight (const EngPass *self, const EngValue *weight, const float *from, float *to)
{
  copy_weight (self, weight, from, to, FALSE);
}

void
eng_pass_choose_storage (EngPass *self)
{
  if (eng_kernels ()->channels_last)
    choose_last (self);
  if (self->bf16 && !self->long_only)
    choose_short (self);
  if (!self->untiled)
    choose_tiled (self);
}
