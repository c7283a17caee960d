/* Walking a graph forward and back, and what operators see of it. The memory plan is made in plan.c. */
#include "pass.h"

#include "../kernels/kernels.h"
#include "fold.h"
#include "fuse.h"
#include "op.h"
#include "profile.h"

#include <string.h>

EngPass *
eng_pass_new (EngGraph *graph)
{
  g_return_val_if_fail (graph->frozen, NULL);
  EngPass *self = g_new0 (EngPass, 1);
  self->graph = eng_graph_ref (graph);
  self->n = graph->values->len;
  self->data = g_new0 (void *, self->n);
  self->grad = g_new0 (float *, self->n);
  self->flags = g_new0 (guint8, self->n);
  self->last = g_new0 (guint8, self->n);
  self->shorts = g_new0 (guint8, self->n);
  self->tiled = g_new0 (guint8, self->n);
  self->bf16 = eng_get_precision () == ENG_PRECISION_BF16;
  self->ready = g_new0 (guint8 *, self->n);
  self->ready_store = g_new0 (guint8, self->n);
  self->forward = g_ptr_array_new ();
  self->backward = g_ptr_array_new ();
  self->needed = g_ptr_array_new ();
  self->fused = g_ptr_array_new ();
  return self;
}

void
eng_pass_free (EngPass *self)
{
  if (!self)
    return;
  eng_free (self->arena);
  eng_free (self->scratch);
  g_ptr_array_unref (self->forward);
  g_ptr_array_unref (self->backward);
  g_ptr_array_unref (self->needed);
  g_ptr_array_unref (self->fused);
  g_free (self->data);
  g_free (self->grad);
  g_free (self->flags);
  g_free (self->last);
  g_free (self->shorts);
  g_free (self->tiled);
  g_free (self->ready);
  g_free (self->ready_store);
  eng_graph_unref (self->graph);
  g_free (self);
}

static void
declare (EngPass *self, EngValue *value, PassFlags flag)
{
  g_return_if_fail (!self->prepared);
  g_return_if_fail (value->id < (int)self->n && self->graph->values->pdata[value->id] == value);
  self->flags[value->id] |= flag;
}

void
eng_pass_want (EngPass *self, EngValue *value)
{
  declare (self, value, PASS_WANT);
}

void
eng_pass_want_grad (EngPass *self, EngValue *value)
{
  declare (self, value, PASS_WANT_GRAD);
}

void
eng_pass_cut (EngPass *self, EngValue *value)
{
  declare (self, value, PASS_CUT);
}

void
eng_pass_train (EngPass *self, EngValue *weight)
{
  g_return_if_fail (weight->constant && eng_dtype_is_float (weight->dtype));
  declare (self, weight, PASS_TRAIN | PASS_WANT_GRAD);
}

void
eng_pass_set_root (EngPass *self, EngValue *value)
{
  g_return_if_fail (eng_dtype_is_float (value->dtype));
  self->root = value;
  declare (self, value, PASS_WANT);
}

/* Marks what has to be evaluated, from the wanted values up to inputs, cuts and constants. */
static void
mark_needed (EngPass *self)
{
  EngGraph *g = self->graph;
  for (guint i = 0; i < self->n; i++)
    if (self->flags[i] & (PASS_WANT | PASS_CUT | PASS_TRAIN))
      self->flags[i] |= PASS_NEEDED;
  g_autofree guint8 *run = g_new0 (guint8, g->nodes->len + 1);
  for (guint i = g->nodes->len; i-- > 0;)
    {
      EngNode *node = g->nodes->pdata[i];
      for (int k = 0; k < node->n_outputs; k++)
        {
          guint8 f = self->flags[node->outputs[k]->id];
          if ((f & PASS_NEEDED) && !(f & PASS_CUT))
            run[i] = 1;
        }
      for (int k = 0; run[i] && k < node->n_inputs; k++)
        if (node->inputs[k])
          self->flags[node->inputs[k]->id] |= PASS_NEEDED;
    }
  for (guint i = 0; i < g->nodes->len; i++)
    if (run[i])
      g_ptr_array_add (self->needed, g->nodes->pdata[i]);
}

/* A view has no work, but for further outputs (the mask of Dropout). */
static void
list_forward (EngPass *self)
{
  for (guint i = 0; i < self->needed->len; i++)
    {
      EngNode *node = self->needed->pdata[i];
      if (!(node->op->flags & ENG_OP_VIEW) || node->n_outputs > 1)
        g_ptr_array_add (self->forward, node);
    }
}

/* Marks the values on the way from what a gradient is wanted of to the root, and the nodes to walk. */
static void
mark_flow (EngPass *self)
{
  if (!self->root)
    return;
  g_autofree guint8 *reached = g_new0 (guint8, self->n); /* depends on something wanted */
  g_autofree guint8 *leads = g_new0 (guint8, self->n);   /* leads to the root */
  for (guint i = 0; i < self->n; i++)
    reached[i] = (self->flags[i] & PASS_WANT_GRAD) != 0;
  for (guint i = 0; i < self->needed->len; i++)
    {
      EngNode *node = self->needed->pdata[i];
      gboolean differentiable = node->op->backward || (node->op->flags & ENG_OP_VIEW);
      for (int k = 0; differentiable && k < node->n_inputs; k++)
        if (node->inputs[k] && reached[node->inputs[k]->id] && eng_dtype_is_float (node->inputs[k]->dtype))
          for (int o = 0; o < node->n_outputs; o++)
            if (eng_dtype_is_float (node->outputs[o]->dtype) && !(self->flags[node->outputs[o]->id] & PASS_CUT))
              reached[node->outputs[o]->id] = 1;
    }
  leads[self->root->id] = 1;
  for (guint i = self->needed->len; i-- > 0;)
    {
      EngNode *node = self->needed->pdata[i];
      gboolean differentiable = node->op->backward || (node->op->flags & ENG_OP_VIEW), on = FALSE;
      for (int o = 0; o < node->n_outputs; o++)
        on |= leads[node->outputs[o]->id] && reached[node->outputs[o]->id]
              && !(self->flags[node->outputs[o]->id] & PASS_CUT);
      if (!on || !differentiable)
        continue;
      gboolean any = FALSE;
      for (int k = 0; k < node->n_inputs; k++)
        if (node->inputs[k] && reached[node->inputs[k]->id])
          leads[node->inputs[k]->id] = any = TRUE;
      if (any)
        g_ptr_array_add (self->backward, node);
    }
  for (guint i = 0; i < self->n; i++)
    if (reached[i] && leads[i])
      self->flags[i] |= PASS_FLOW;
  /* The root's own gradient is the seed; it needs a buffer when anything is walked. */
  if (self->backward->len)
    self->flags[self->root->id] |= PASS_FLOW;
}

gboolean
eng_pass_prepare (EngPass *self, GError **error)
{
  g_return_val_if_fail (!self->prepared, FALSE);
  mark_needed (self);
  if (!self->unfused)
    eng_pass_fuse (self);
  list_forward (self);
  mark_flow (self);
  eng_pass_choose_storage (self);
  if (!eng_pass_plan (self, error))
    return FALSE;
  for (guint i = 0; i < self->n; i++)
    if (self->flags[i] & PASS_TRAIN)
      {
        EngValue *v = self->graph->values->pdata[i];
        eng_pass_lay_weight (self, v, v->constant->data, self->data[i]);
      }
  self->prepared = TRUE;
  return TRUE;
}

/* ---- data in and out ---- */

static gsize
value_bytes (const EngValue *v)
{
  return (gsize)eng_shape_count (&v->shape) * eng_dtype_size (v->dtype);
}

static gboolean
is_given (EngPass *self, EngValue *value)
{
  return value->kind == ENG_VALUE_INPUT || (self->flags[value->id] & (PASS_CUT | PASS_TRAIN));
}

static gboolean
is_readable (EngPass *self, EngValue *value)
{
  return self->prepared && self->data[value->id]
         && (value->constant || is_given (self, value) || (self->flags[value->id] & PASS_WANT));
}

void
eng_pass_write (EngPass *self, EngValue *value, const float *data)
{
  g_return_if_fail (self->prepared && is_given (self, value) && eng_dtype_is_float (value->dtype));
  if (self->data[value->id]) /* an input that nothing wanted depends on has no place */
    eng_pass_lay_weight (self, value, data, self->data[value->id]);
}

void
eng_pass_write_ints (EngPass *self, EngValue *value, const int64_t *data)
{
  g_return_if_fail (self->prepared && is_given (self, value) && !eng_dtype_is_float (value->dtype));
  if (self->data[value->id])
    memcpy (self->data[value->id], data, value_bytes (value));
}

void
eng_pass_read (EngPass *self, EngValue *value, float *data)
{
  g_return_if_fail (is_readable (self, value) && eng_dtype_is_float (value->dtype));
  eng_pass_gather_weight (self, value, self->data[value->id], data);
}

void
eng_pass_read_ints (EngPass *self, EngValue *value, int64_t *data)
{
  g_return_if_fail (is_readable (self, value) && !eng_dtype_is_float (value->dtype));
  memcpy (data, self->data[value->id], value_bytes (value));
}

float *
eng_pass_weight (EngPass *self, EngValue *weight)
{
  g_return_val_if_fail (self->prepared && (self->flags[weight->id] & PASS_TRAIN), NULL);
  return self->data[weight->id];
}

float *
eng_pass_weight_grad (EngPass *self, EngValue *weight)
{
  g_return_val_if_fail (self->prepared && (self->flags[weight->id] & PASS_TRAIN), NULL);
  return self->walked_back ? self->grad[weight->id] : NULL;
}

void
eng_pass_read_grad (EngPass *self, EngValue *value, float *data)
{
  g_return_if_fail (self->walked_back && (self->flags[value->id] & PASS_WANT_GRAD));
  if (self->grad[value->id])
    eng_pass_gather_weight (self, value, self->grad[value->id], data);
  else
    memset (data, 0, value_bytes (value)); /* the root does not depend on it */
}

/* ---- walks ---- */

void
eng_pass_forward (EngPass *self)
{
  g_return_if_fail (self->prepared);
  for (guint i = 0; i < self->forward->len; i++)
    {
      const EngNode *node = self->forward->pdata[i];
      EngProfileMark mark = eng_profile_mark ();
      node->op->forward (node, self);
      eng_profile_add (mark, ENG_PROFILE_FORWARD, node->op->name);
    }
  self->walked_forward = TRUE;
}

/* A view whose gradients live apart (its input has other consumers): its backward is a sum. */
static void
view_backward (const EngNode *node, EngPass *self)
{
  gboolean fresh;
  const float *from = eng_grad_out (self, node, 0);
  float *to;
  if (!from || self->grad[node->inputs[0]->id] == from || !(to = eng_grad_in_fresh (self, node, 0, &fresh)))
    return;
  int64_t n = eng_shape_count (&node->inputs[0]->shape);
  if (fresh)
    memcpy (to, from, n * sizeof *to);
  else
    for (int64_t i = 0; i < n; i++)
      to[i] += from[i];
}

void
eng_pass_backward (EngPass *self, const float *seed)
{
  g_return_if_fail (self->prepared && self->root && self->walked_forward);
  int root = self->root->id;
  memset (self->ready_store, 0, self->n);
  if (self->grad[root])
    {
      int64_t n = eng_shape_count (&self->root->shape);
      for (int64_t i = 0; i < n; i++)
        self->grad[root][i] = seed ? seed[i] : 1;
      *self->ready[root] = 1;
    }
  for (guint i = 0; i < self->backward->len; i++)
    {
      const EngNode *node = self->backward->pdata[i];
      gboolean arrives = FALSE;
      for (int k = 0; k < node->n_outputs; k++)
        arrives |= eng_grad_out (self, node, k) != NULL;
      if (!arrives)
        continue;
      EngProfileMark mark = eng_profile_mark ();
      if (node->op->flags & ENG_OP_VIEW)
        view_backward (node, self);
      else
        node->op->backward (node, self);
      eng_profile_add (mark, ENG_PROFILE_BACKWARD, node->op->name);
    }
  for (guint i = 0; i < self->n; i++)
    if ((self->flags[i] & PASS_WANT_GRAD) && self->grad[i] && !*self->ready[i])
      memset (self->grad[i], 0, value_bytes (self->graph->values->pdata[i]));
  self->walked_back = TRUE;
}

gsize
eng_pass_memory (EngPass *self)
{
  return self->arena_size + self->scratch_size;
}

/* ---- what operators see ---- */

static inline int
slot (const EngPass *self, const EngValue *v)
{
  return v->id - self->first;
}

const void *
eng_in (const EngPass *self, const EngNode *node, int i)
{
  if (i >= node->n_inputs || !node->inputs[i])
    return NULL;
  const EngValue *v = node->inputs[i];
  /* While folding, only the outputs have a place here; inputs are constant. */
  return self->flags ? self->data[slot (self, v)] : v->constant ? v->constant->data : NULL;
}

const float *
eng_in_f (const EngPass *self, const EngNode *node, int i)
{
  return eng_in (self, node, i);
}

const int64_t *
eng_in_i (const EngPass *self, const EngNode *node, int i)
{
  return eng_in (self, node, i);
}

void *
eng_out (const EngPass *self, const EngNode *node, int i)
{
  return i < node->n_outputs ? self->data[slot (self, node->outputs[i])] : NULL;
}

float *
eng_out_f (const EngPass *self, const EngNode *node, int i)
{
  return eng_out (self, node, i);
}

int64_t *
eng_out_i (const EngPass *self, const EngNode *node, int i)
{
  return eng_out (self, node, i);
}

const float *
eng_grad_out (const EngPass *self, const EngNode *node, int i)
{
  if (i >= node->n_outputs)
    return NULL;
  int id = node->outputs[i]->id;
  return self->grad[id] && *self->ready[id] ? self->grad[id] : NULL;
}

float *
eng_grad_out_spent (const EngPass *self, const EngNode *node)
{
  return eng_grad_out (self, node, 0) ? self->grad[node->outputs[0]->id] : NULL;
}

gboolean
eng_wants_grad (const EngPass *self, const EngNode *node, int i)
{
  return i < node->n_inputs && node->inputs[i] && self->grad[node->inputs[i]->id];
}

float *
eng_grad_in_fresh (EngPass *self, const EngNode *node, int i, gboolean *fresh)
{
  if (!eng_wants_grad (self, node, i))
    return NULL;
  int id = node->inputs[i]->id;
  *fresh = !*self->ready[id];
  *self->ready[id] = 1;
  return self->grad[id];
}

float *
eng_grad_in (EngPass *self, const EngNode *node, int i)
{
  gboolean fresh;
  float *grad = eng_grad_in_fresh (self, node, i, &fresh);
  if (grad && fresh)
    memset (grad, 0, value_bytes (node->inputs[i]));
  return grad;
}

gboolean
eng_is_channels_last (const EngPass *self, const EngValue *value)
{
  return self->last && self->last[slot (self, value)];
}

gboolean
eng_is_short (const EngPass *self, const EngValue *value)
{
  return self->shorts && self->shorts[slot (self, value)];
}

gboolean
eng_is_tiled (const EngPass *self, const EngValue *weight)
{
  return self->tiled && self->tiled[slot (self, weight)];
}

gboolean
eng_is_frozen (const EngPass *self, const EngNode *node, int i)
{
  const EngValue *v = i < node->n_inputs ? node->inputs[i] : NULL;
  return v && v->constant && !(self->flags && (self->flags[v->id] & (PASS_TRAIN | PASS_CUT)));
}

gboolean
eng_pass_bf16 (const EngPass *self)
{
  return self->bf16;
}

void *
eng_pass_scratch (const EngPass *self)
{
  return self->scratch;
}

/* ---- folding ---- */

gboolean
eng_fold_node (const EngNode *node, EngTensor **results, GError **error)
{
  EngPass pass = { .graph = node->graph, .n = (guint)node->n_outputs };
  gboolean ok = TRUE, view = (node->op->flags & ENG_OP_VIEW) != 0;
  g_autofree void **data = g_new0 (void *, node->n_outputs);
  pass.data = data;
  pass.first = node->n_outputs ? node->outputs[0]->id : 0; /* outputs were made one after another */
  for (int i = 0; ok && i < node->n_outputs; i++)
    {
      const EngValue *v = node->outputs[i];
      if (view && i == 0)
        {
          /* The same memory under another shape. */
          EngTensor *source = node->inputs[0]->constant, *t = g_new0 (EngTensor, 1);
          g_atomic_ref_count_init (&t->ref);
          t->dtype = v->dtype;
          t->shape = v->shape;
          t->data = source->data;
          t->free_func = (GDestroyNotify)eng_tensor_unref;
          t->free_data = eng_tensor_ref (source);
          results[i] = t;
        }
      else
        ok = (results[i] = eng_tensor_try_new (v->dtype, &v->shape, error)) != NULL;
      data[i] = ok ? results[i]->data : NULL;
    }
  if (ok && !(pass.scratch = eng_try_alloc (node->scratch)))
    ok = eng_fail (error, ENG_ERROR_MEMORY, "not enough memory");
  if (ok && (!view || node->n_outputs > 1))
    node->op->forward (node, &pass);
  eng_free (pass.scratch);
  for (int i = 0; !ok && i < node->n_outputs; i++)
    g_clear_pointer (&results[i], eng_tensor_unref);
  return ok;
}
