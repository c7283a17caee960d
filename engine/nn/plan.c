/* The memory plan of a pass. Time runs over the nodes forward, then back; every buffer (activation
 * or gradient) has a first and a last moment, and buffers whose times do not meet share memory.
 * Placement is greedy: largest first, at the lowest free offset. */
#include "op.h"
#include "pass-private.h"
#include "pass.h"

#include <string.h>
#include <unistd.h>

typedef struct
{
  gsize size, offset;
  int begin, end; /* inclusive */
} Block;

typedef struct
{
  EngPass *pass;
  int n_forward, last;        /* moments: 0 .. n_forward-1 forward, up to last back */
  Block *data, *grad;         /* by value id; size 0: no buffer of its own */
  int *data_root, *grad_root; /* whose buffer a value uses */
  guint8 *held;               /* by root of a gradient's memory: somebody asks for what is in it */
  int *ready_root;            /* whose gradient is its own: views share theirs, what runs in place does not */
} Plan;

static int
root_of (int *roots, int i)
{
  while (roots[i] != i)
    i = roots[i] = roots[roots[i]];
  return i;
}

static gsize
bytes_of (const EngValue *v)
{
  gsize bytes = (gsize)eng_shape_count (&v->shape) * eng_dtype_size (v->dtype);
  return (MAX (bytes, (gsize)1) + 63) & ~(gsize)63;
}

static gsize
data_bytes_of (const EngPass *pass, const EngValue *v)
{
  gsize half = (bytes_of (v) / 2 + 63) & ~(gsize)63;
  return eng_is_short (pass, v) ? half : bytes_of (v);
}

static void
live (Block *block, int moment)
{
  block->begin = MIN (block->begin, moment);
  block->end = MAX (block->end, moment);
}

static void
share (Plan *p, int *roots, Block *blocks, int from, int with)
{
  int a = root_of (roots, from), b = root_of (roots, with);
  if (a == b)
    return;
  roots[a] = b;
  if (blocks[a].end >= 0 || blocks[a].begin <= p->last)
    {
      live (&blocks[b], blocks[a].begin);
      live (&blocks[b], blocks[a].end);
    }
  blocks[b].size = MAX (blocks[b].size, blocks[a].size);
}

/* Given, wanted and trained values stay for the whole life of the pass. */
static gboolean
persists (Plan *p, const EngValue *v)
{
  return v->kind == ENG_VALUE_INPUT || (p->pass->flags[v->id] & (PASS_WANT | PASS_CUT | PASS_TRAIN));
}

static gboolean
has_buffer (Plan *p, const EngValue *v)
{
  guint8 f = p->pass->flags[v->id];
  return (f & PASS_NEEDED) && (!v->constant || (f & (PASS_TRAIN | PASS_CUT)));
}

static void
touch_data (Plan *p, const EngValue *v, int moment)
{
  if (has_buffer (p, v))
    live (&p->data[root_of (p->data_root, v->id)], moment);
}

/* Which activations the walk back reads. */
static void
keep_for_backward (Plan *p, const EngNode *node, int moment)
{
  guint keep = node->op->keep;
  for (int i = 0; i < node->n_inputs; i++)
    {
      gboolean cross = (keep & ENG_KEEP_CROSS) && i < 2 && node->n_inputs > 1 - i && node->inputs[1 - i]
                       && (p->pass->flags[node->inputs[1 - i]->id] & PASS_FLOW);
      if (node->inputs[i] && (cross || (keep & ENG_KEEP_INS & (1u << MIN (i, 7)))))
        touch_data (p, node->inputs[i], moment);
    }
  for (int i = 0; i < node->n_outputs && i < 2; i++)
    if (keep & ((guint)ENG_KEEP_OUT_0 << i))
      touch_data (p, node->outputs[i], moment);
}

/* The input in whose memory output 0 of @node may lie, if it dies here; -1: none. */
static int
input_in_place (const EngNode *node)
{
  return node->op->flags & ENG_OP_SUMMAND ? 3 : node->op->flags & ENG_OP_INPLACE && node->n_inputs > 0 ? 0 : -1;
}

static gboolean
may_run_in_place (Plan *p, const EngNode *node, int moment)
{
  int at = input_in_place (node);
  const EngValue *in = at < 0 ? NULL : node->inputs[at], *out = node->outputs[0];
  if (!in || in->constant || !has_buffer (p, in) || persists (p, out) || !eng_shape_equal (&in->shape, &out->shape)
      || in->dtype != out->dtype || eng_is_short (p->pass, in) != eng_is_short (p->pass, out))
    return FALSE;
  int root = root_of (p->data_root, in->id);
  if (p->data[root].end > moment)
    return FALSE;
  for (int i = 0; i < node->n_inputs; i++)
    if (i != at && node->inputs[i] && has_buffer (p, node->inputs[i])
        && root_of (p->data_root, node->inputs[i]->id) == root)
      return FALSE;
  return TRUE;
}

static void
plan_data (Plan *p)
{
  EngPass *pass = p->pass;
  for (guint i = 0; i < pass->n; i++)
    {
      EngValue *v = pass->graph->values->pdata[i];
      p->data[i] =
          (Block){ .size = has_buffer (p, v) ? data_bytes_of (pass, v) : 0, .begin = p->last + 1, .end = -1 };
      p->data_root[i] = (int)i;
    }
  /* Views first, so that the uses below count for the shared buffer. */
  for (guint t = 0; t < pass->needed->len; t++)
    {
      EngNode *node = pass->needed->pdata[t];
      if ((node->op->flags & ENG_OP_VIEW) && !(pass->flags[node->outputs[0]->id] & PASS_CUT)
          && has_buffer (p, node->inputs[0]))
        share (p, p->data_root, p->data, node->outputs[0]->id, node->inputs[0]->id);
    }
  for (guint i = 0; i < pass->n; i++)
    {
      EngValue *v = pass->graph->values->pdata[i];
      if (has_buffer (p, v) && persists (p, v))
        {
          touch_data (p, v, 0);
          touch_data (p, v, p->last);
        }
    }
  for (guint t = 0; t < pass->needed->len; t++)
    {
      EngNode *node = pass->needed->pdata[t];
      for (int k = 0; k < node->n_inputs; k++)
        if (node->inputs[k])
          touch_data (p, node->inputs[k], (int)t);
      for (int k = 0; k < node->n_outputs; k++)
        touch_data (p, node->outputs[k], (int)t);
    }
  for (guint t = 0; t < pass->backward->len; t++)
    keep_for_backward (p, pass->backward->pdata[t], p->n_forward + (int)t);
  for (guint t = 0; t < pass->needed->len; t++)
    {
      EngNode *node = pass->needed->pdata[t];
      if (node->n_inputs && node->n_outputs && !(node->op->flags & ENG_OP_VIEW) && may_run_in_place (p, node, (int)t))
        share (p, p->data_root, p->data, node->outputs[0]->id, node->inputs[input_in_place (node)]->id);
    }
}

static gboolean
flows (Plan *p, const EngValue *v)
{
  return v && (p->pass->flags[v->id] & PASS_FLOW);
}

/* Gradients of views lie in those of what they are views of, unless these are overwritten while somebody asks for
 * those. */
static void
share_views (Plan *p)
{
  EngPass *pass = p->pass;
  g_autofree int *uses = g_new0 (int, pass->n); /* nodes of the walk back that add into a gradient */
  g_autofree guint8 *spent = g_new0 (guint8, pass->n);
  for (guint t = 0; t < pass->backward->len; t++)
    {
      EngNode *node = pass->backward->pdata[t];
      for (int k = 0; k < node->n_inputs; k++)
        if (node->inputs[k])
          uses[node->inputs[k]->id]++;
      spent[node->outputs[0]->id] = (node->op->flags & ENG_OP_SPENDS) != 0;
    }
  for (guint t = 0; t < pass->backward->len; t++)
    {
      EngNode *node = pass->backward->pdata[t];
      const EngValue *in = node->inputs[0], *out = node->outputs[0];
      if (!(node->op->flags & ENG_OP_VIEW) || uses[in->id] != 1 || in == pass->root)
        continue;
      guint8 *held = &p->held[root_of (p->grad_root, out->id)];
      if (*held && spent[in->id])
        continue;
      *held |= p->held[in->id];
      share (p, p->grad_root, p->grad, in->id, out->id);
      p->ready_root[root_of (p->ready_root, in->id)] = root_of (p->ready_root, out->id);
    }
}

/* The gradient of input 0 is written over that of output 0, where it is the first that is added to it and nobody
 * asks for that of the output. */
static void
share_in_place (Plan *p)
{
  EngPass *pass = p->pass;
  g_autofree guint8 *begun = g_new0 (guint8, pass->n);
  for (guint t = 0; t < pass->backward->len; t++)
    {
      EngNode *node = pass->backward->pdata[t];
      const EngValue *in = node->inputs[0], *out = node->outputs[0];
      gboolean fits = (node->op->flags & ENG_OP_INPLACE_BACK) && flows (p, in) && flows (p, out) && in != pass->root
                      && !begun[root_of (p->ready_root, in->id)] && eng_shape_equal (&in->shape, &out->shape);
      for (int k = 1; fits && k < node->n_inputs; k++)
        fits = !node->inputs[k] || root_of (p->ready_root, node->inputs[k]->id) != root_of (p->ready_root, in->id);
      if (fits && !p->held[root_of (p->grad_root, out->id)])
        {
          p->held[root_of (p->grad_root, out->id)] = p->held[root_of (p->grad_root, in->id)];
          share (p, p->grad_root, p->grad, in->id, out->id);
        }
      for (int k = 0; k < node->n_inputs; k++)
        if (node->inputs[k])
          begun[root_of (p->ready_root, node->inputs[k]->id)] = 1;
    }
}

static void
plan_grad (Plan *p)
{
  EngPass *pass = p->pass;
  for (guint i = 0; i < pass->n; i++)
    {
      EngValue *v = pass->graph->values->pdata[i];
      p->grad[i] = (Block){ .size = flows (p, v) ? bytes_of (v) : 0, .begin = p->last + 1, .end = -1 };
      p->grad_root[i] = p->ready_root[i] = (int)i;
      p->held[i] = (pass->flags[i] & PASS_WANT_GRAD) != 0;
    }
  share_views (p);
  share_in_place (p);
  if (pass->flags[pass->root->id] & PASS_FLOW)
    live (&p->grad[root_of (p->grad_root, pass->root->id)], p->n_forward);
  for (guint t = 0; t < pass->backward->len; t++)
    {
      EngNode *node = pass->backward->pdata[t];
      for (int k = 0; k < node->n_inputs + node->n_outputs; k++)
        {
          EngValue *v = k < node->n_inputs ? node->inputs[k] : node->outputs[k - node->n_inputs];
          if (v && (pass->flags[v->id] & PASS_FLOW))
            live (&p->grad[root_of (p->grad_root, v->id)], p->n_forward + (int)t);
        }
    }
  for (guint i = 0; i < pass->n; i++)
    if ((pass->flags[i] & PASS_FLOW) && (pass->flags[i] & PASS_WANT_GRAD))
      {
        Block *block = &p->grad[root_of (p->grad_root, (int)i)];
        live (block, p->last + 1);
        if (pass->flags[i] & PASS_TRAIN) /* an optimiser reads it at leisure, also during the next forward */
          live (block, 0);
      }
}

static int
compare_size (gconstpointer a, gconstpointer b)
{
  const Block *x = *(Block *const *)a, *y = *(Block *const *)b;
  return x->size != y->size ? (x->size < y->size ? 1 : -1) : (x->begin > y->begin) - (x->begin < y->begin);
}

static int
compare_offset (gconstpointer a, gconstpointer b)
{
  const Block *x = *(Block *const *)a, *y = *(Block *const *)b;
  return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Gives every block an offset; returns the size of the arena. */
static gsize
place (GPtrArray *blocks)
{
  gsize total = 0;
  g_autoptr (GPtrArray) placed = g_ptr_array_new (); /* in order of offset */
  g_ptr_array_sort (blocks, compare_size);
  for (guint i = 0; i < blocks->len; i++)
    {
      Block *b = blocks->pdata[i];
      gsize offset = 0;
      guint k;
      for (k = 0; k < placed->len; k++)
        {
          const Block *other = placed->pdata[k];
          if (other->begin > b->end || other->end < b->begin)
            continue;
          if (other->offset >= offset + b->size)
            break;
          offset = MAX (offset, other->offset + other->size);
        }
      b->offset = offset;
      total = MAX (total, offset + b->size);
      for (k = placed->len; k > 0 && compare_offset (&placed->pdata[k - 1], &blocks->pdata[i]) > 0; k--)
        ;
      g_ptr_array_insert (placed, (int)k, b);
    }
  return total;
}

static gboolean
allocate (Plan *p, GError **error)
{
  EngPass *pass = p->pass;
  g_autoptr (GPtrArray) blocks = g_ptr_array_new ();
  for (guint i = 0; i < pass->n; i++)
    {
      if (p->data[i].size && p->data_root[i] == (int)i && p->data[i].end >= 0)
        g_ptr_array_add (blocks, &p->data[i]);
      if (p->grad[i].size && p->grad_root[i] == (int)i && p->grad[i].end >= 0)
        g_ptr_array_add (blocks, &p->grad[i]);
    }
  pass->arena_size = place (blocks);
  for (guint i = 0; i < pass->needed->len; i++)
    pass->scratch_size = MAX (pass->scratch_size, ((EngNode *)pass->needed->pdata[i])->scratch);
  /* Memory is only reserved by the kernel when it is touched: ask how much there is instead of failing later. */
  gsize have = (gsize)sysconf (_SC_PHYS_PAGES) * (gsize)sysconf (_SC_PAGESIZE), need = eng_pass_memory (pass);
  if (need < have)
    {
      pass->arena = eng_try_alloc (pass->arena_size);
      pass->scratch = eng_try_alloc (pass->scratch_size);
    }
  if (!pass->arena || !pass->scratch)
    return eng_fail (error, ENG_ERROR_MEMORY,
                     "evaluating the model needs %.1f GB of memory and this computer has %.1f GB", need / 1e9,
                     have / 1e9);
  return TRUE;
}

gboolean
eng_pass_plan (EngPass *self, GError **error)
{
  Plan p = { .pass = self, .n_forward = (int)self->needed->len };
  p.last = p.n_forward + (int)self->backward->len;
  g_autofree Block *data = p.data = g_new0 (Block, self->n);
  g_autofree Block *grad = p.grad = g_new0 (Block, self->n);
  g_autofree int *data_root = p.data_root = g_new0 (int, self->n);
  g_autofree int *grad_root = p.grad_root = g_new0 (int, self->n);
  g_autofree guint8 *held = p.held = g_new0 (guint8, self->n);
  g_autofree int *ready_root = p.ready_root = g_new0 (int, self->n);
  plan_data (&p);
  if (self->root)
    plan_grad (&p);
  if (!allocate (&p, error))
    return FALSE;
  for (guint i = 0; i < self->n; i++)
    {
      EngValue *v = self->graph->values->pdata[i];
      int d = root_of (data_root, (int)i), g = root_of (grad_root, (int)i);
      self->ready[i] = &self->ready_store[root_of (ready_root, (int)i)];
      if (has_buffer (&p, v) && data[d].end >= 0)
        self->data[i] = (char *)self->arena + data[d].offset;
      else if (v->constant)
        self->data[i] = v->constant->data;
      if (self->root && (self->flags[i] & PASS_FLOW))
        self->grad[i] = (float *)((char *)self->arena + grad[g].offset);
    }
  return TRUE;
}
