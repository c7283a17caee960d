/* Building nets that train: inputs, weights, copies of the classifier. Layers stand in layers.c. */
#include "net.h"

#include "../error.h"
#include "../nn/op.h"
#include "../random.h"
#include "../targets.h"

#include <string.h>

static gboolean
prepare (EngNet *self, GError **error)
{
  self->pass = eng_pass_new (self->graph);
  for (guint i = 0; i < self->trained->len; i++)
    eng_pass_train (self->pass, self->trained->pdata[i]);
  for (guint i = 0; i < self->wanted->len; i++)
    eng_pass_want (self->pass, self->wanted->pdata[i]);
  for (int i = 0; i < self->n_terms; i++)
    eng_pass_want (self->pass, self->terms[i].value);
  for (int i = 0; i < self->n_outputs; i++)
    eng_pass_want (self->pass, self->outputs[i].value);
  eng_pass_set_root (self->pass, self->loss);
  return eng_pass_prepare (self->pass, error);
}

EngNet *
eng_net_new (EngModel *model, const EngTarget *target, const EngValues *values, guint64 seed, int batch,
             gboolean training, gboolean (*build) (EngNet *net, GError **error), GError **error)
{
  g_autoptr (EngNet) self = g_new0 (EngNet, 1);
  g_autoptr (GError) local = NULL;
  self->model = g_object_ref (model);
  self->target = target;
  self->values = values;
  self->seed = seed;
  self->batch = batch;
  self->trained = g_ptr_array_new ();
  self->wanted = g_ptr_array_new ();
  self->graph = eng_graph_new ();
  self->source = eng_model_graph (model, batch, error);
  if (!self->source)
    return NULL;
  /* Layers pass an error on instead of failing each: it may be set although build() did not notice. */
  if (!build (self, &local) || local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  g_return_val_if_fail (self->loss && self->given && self->n_outputs > 0 && self->trained->len > 0, NULL);
  for (int i = 0; i < self->n_outputs; i++)
    eng_graph_add_output (self->graph, self->outputs[i].value);
  eng_graph_add_output (self->graph, self->loss);
  eng_graph_freeze (self->graph);
  if (training && !prepare (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
eng_net_free (EngNet *self)
{
  if (!self)
    return;
  if (self->free_own)
    self->free_own (self->own);
  g_clear_pointer (&self->pass, eng_pass_free);
  g_clear_pointer (&self->graph, eng_graph_unref);
  g_clear_pointer (&self->source, eng_graph_unref);
  g_clear_object (&self->model);
  g_ptr_array_unref (self->trained);
  g_ptr_array_unref (self->wanted);
  g_free (self);
}

/* ---- inputs and constants ---- */

EngValue *
eng_net_input (EngNet *self, const char *name, const EngShape *shape)
{
  return eng_graph_add_input (self->graph, name, ENG_DTYPE_FLOAT, shape);
}

EngValue *
eng_net_scalar (EngNet *self, double v)
{
  return eng_graph_add_constant (self->graph, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_scalar ((float)v));
}

EngValue *
eng_net_ints (EngNet *self, const int64_t *v, int n)
{
  return eng_graph_add_constant (self->graph, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_ints (v, n));
}

EngValue *
eng_net_floats (EngNet *self, const float *v, const EngShape *shape)
{
  return eng_graph_add_constant (self->graph, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_floats (v, shape));
}

void
eng_net_want (EngNet *self, EngValue *value)
{
  if (value)
    g_ptr_array_add (self->wanted, value);
}

void
eng_net_add_term (EngNet *self, const char *name, EngValue *value)
{
  g_return_if_fail (self->n_terms < ENG_NET_MAX_TERMS);
  if (value)
    self->terms[self->n_terms++] = (EngNetTerm){ name, value };
}

void
eng_net_add_output (EngNet *self, const char *name, EngValue *value)
{
  g_return_if_fail (self->n_outputs < ENG_NET_MAX_OUTPUTS);
  if (value)
    self->outputs[self->n_outputs++] = (EngNetOutput){ name, value };
}

/* ---- weights ---- */

EngValue *
eng_net_weight_from (EngNet *self, const char *name, EngTensor *values)
{
  EngValue *v = eng_graph_add_constant (self->graph, name, ENG_VALUE_WEIGHT, values);
  g_ptr_array_add (self->trained, v);
  return v;
}

EngValue *
eng_net_weight (EngNet *self, const char *name, const EngShape *shape, EngInit init, double scale)
{
  EngTensor *t = eng_tensor_new (ENG_DTYPE_FLOAT, shape);
  g_autoptr (GRand) random = eng_random_new (self->seed, g_str_hash (name));
  for (int64_t i = 0; i < eng_tensor_count (t); i++)
    switch (init)
      {
      case ENG_INIT_ZERO:
        t->f[i] = 0;
        break;
      case ENG_INIT_ONE:
        t->f[i] = 1;
        break;
      case ENG_INIT_NORMAL:
        t->f[i] = (float)(scale * eng_random_normal (random));
        break;
      case ENG_INIT_UNIFORM:
        t->f[i] = (float)g_rand_double_range (random, -scale, scale);
        break;
      }
  return eng_net_weight_from (self, name, t);
}

/* ---- copies of the classifier ---- */

/* BatchNormalization's running statistics stay as they are. */
static gboolean
is_statistic (const EngValue *v)
{
  for (guint i = 0; i < v->consumers->len; i++)
    {
      const EngNode *node = v->consumers->pdata[i];
      if (strcmp (node->op->name, "BatchNormalization") == 0
          && (node->inputs[3] == v || (node->n_inputs > 4 && node->inputs[4] == v)))
        return TRUE;
    }
  return FALSE;
}

/* Everything between @first_id and the features trains, but statistics and a transformer's embedding (patch
 * projection, class token, positions): what lies above the first block. */
static void
train_backbone (EngNet *self, const char *prefix, EngGraph *source, const EngTarget *target, guint first_id,
                EngValue *features)
{
  EngGraph *g = self->graph;
  g_autofree guint8 *below = eng_graph_ancestors (g, features), *embedding = NULL;
  EngValue *first = eng_targets_embedding (source, target), *copy = NULL;
  g_autofree char *name = first ? g_strconcat (prefix, first->name, NULL) : NULL;
  if (name && (copy = eng_graph_find (g, name)) && below[copy->id])
    embedding = eng_graph_ancestors (g, copy);
  for (guint i = first_id; i < g->values->len; i++)
    {
      EngValue *v = g->values->pdata[i];
      if (below[i] && v->kind == ENG_VALUE_WEIGHT && v->constant && eng_dtype_is_float (v->dtype)
          && v->shape.rank >= 1 && !(embedding && embedding[i]) && !is_statistic (v))
        g_ptr_array_add (self->trained, v);
    }
}

EngValue *
eng_net_backbone_of (EngNet *self, const char *prefix, EngGraph *source, const EngTarget *target, EngValue *input,
                     gboolean train, GError **error)
{
  EngValue *image = eng_graph_image (source), *cut = eng_graph_find (source, target->name), *features = NULL;
  guint first = self->graph->values->len;
  if (!input || !eng_graph_append (self->graph, source, prefix, &image, &input, 1, &cut, &features, 1, error))
    return NULL;
  if (train)
    train_backbone (self, prefix, source, target, first, features);
  return features;
}

EngValue *
eng_net_backbone (EngNet *self, const char *prefix, EngValue *input, gboolean train, GError **error)
{
  return eng_net_backbone_of (self, prefix, self->source, self->target, input, train, error);
}

EngValue *
eng_net_as_map_of (EngNet *self, const EngTarget *t, EngValue *features, GError **error)
{
  int64_t cells = (int64_t)t->rows * t->cols, channels = eng_target_channels (t);
  EngShape map = ENG_SHAPE (self->batch, channels, t->rows, t->cols);
  EngShape rows = ENG_SHAPE (self->batch, t->prefix + cells, channels);
  EngValue *v = features;
  if (t->kind == ENG_TARGET_SPATIAL)
    return t->channels_last ? eng_net_transpose (self, v, (int64_t[]){ 0, 3, 1, 2 }, 4, error) : v;
  v = eng_net_reshape (self, v, &rows, error);
  if (t->prefix)
    v = eng_graph_op (self->graph, error, "Slice", NULL, 4, v, eng_net_ints (self, (int64_t[]){ t->prefix }, 1),
                      eng_net_ints (self, (int64_t[]){ t->prefix + cells }, 1),
                      eng_net_ints (self, (int64_t[]){ 1 }, 1));
  v = eng_net_transpose (self, v, (int64_t[]){ 0, 2, 1 }, 3, error);
  return eng_net_reshape (self, v, &map, error);
}

EngValue *
eng_net_as_map (EngNet *self, EngValue *features, GError **error)
{
  return eng_net_as_map_of (self, self->target, features, error);
}

EngValue *
eng_net_feature_map (EngNet *self, const char *prefix, EngValue *input, gboolean train, GError **error)
{
  EngValue *features = eng_net_backbone (self, prefix, input, train, error);
  return features ? eng_net_as_map (self, features, error) : NULL;
}

EngValue *
eng_net_classifier (EngNet *self, const char *prefix, EngValue *input, const char *name, GError **error)
{
  EngValue *image = eng_graph_image (self->source), *copy = NULL;
  EngValue *wanted = name ? eng_graph_find (self->source, name) : eng_graph_logits (self->source);
  if (!input)
    return NULL;
  if (!wanted)
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s has no value “%s”.", eng_model_name (self->model), name);
      return NULL;
    }
  return eng_graph_append (self->graph, self->source, prefix, &image, &input, 1, &wanted, &copy, 1, error) ? copy
                                                                                                           : NULL;
}

/* ---- weights as numbers ---- */

gint64
eng_net_count (const EngNet *self)
{
  gint64 n = 0;
  for (guint i = 0; i < self->trained->len; i++)
    n += eng_shape_count (&((const EngValue *)self->trained->pdata[i])->shape);
  return n;
}

void
eng_net_read_weights (EngNet *self, float *values)
{
  for (guint i = 0; i < self->trained->len; i++)
    {
      EngValue *v = self->trained->pdata[i];
      eng_pass_read (self->pass, v, values);
      values += eng_shape_count (&v->shape);
    }
}

void
eng_net_write_weights (EngNet *self, const float *values)
{
  for (guint i = 0; i < self->trained->len; i++)
    {
      EngValue *v = self->trained->pdata[i];
      eng_pass_write (self->pass, v, values);
      values += eng_shape_count (&v->shape);
    }
}
