/* See pooled.h. */
#include "pooled.h"

#include "../../error.h"
#include "../../nn/op.h"

#include <string.h>

/* Skips what hands numbers on unchanged in trained networks. */
static EngValue *
behind (EngValue *v, const char *const *passes)
{
  while (v->producer && g_strv_contains (passes, v->producer->op->name))
    v = v->producer->inputs[0];
  return v;
}

/* The target that @features is, or that it was cut from (tokens without the class token). */
static const EngTarget *
target_of (EngModel *model, const EngValue *features)
{
  const EngValue *whole = features->producer && strcmp (features->producer->op->name, "Slice") == 0
                              ? features->producer->inputs[0]
                              : NULL;
  int n;
  const EngTarget *targets = eng_model_targets (model, &n);
  for (int i = n - 1; i >= 0; i--)
    {
      const EngTarget *t = &targets[i];
      int64_t numbers = eng_target_channels (t) * t->rows * t->cols;
      if (t->kind != ENG_TARGET_ATTENTION && eng_shape_count (&features->shape) == numbers
          && (strcmp (t->name, features->name) == 0 || (whole && strcmp (t->name, whole->name) == 0)))
        return t;
    }
  return NULL;
}

gboolean
eng_pooled_find (EngModel *model, EngPooled *self, GError **error)
{
  static const char *const shapes[] = { "Reshape", "Flatten", "Squeeze", "Identity", "Dropout", NULL };
  static const char *const nothing[] = { "Identity", "Dropout", NULL };
  static const char *const means[] = { "GlobalAveragePool", "ReduceMean", "AveragePool", NULL };
  const char *linear = eng_model_final_linear (model);
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, error);
  if (!graph)
    return FALSE;
  EngValue *pooled = linear ? behind (eng_graph_find (graph, linear), shapes) : NULL;
  EngNode *mean = pooled ? pooled->producer : NULL;
  EngValue *features = mean && g_strv_contains (means, mean->op->name) ? behind (mean->inputs[0], nothing) : NULL;
  self->target = features ? target_of (model, features) : NULL;
  if (!self->target)
    {
      g_autofree char *last = mean ? g_strdup_printf (" (“%s”, %s)", mean->name, mean->op->name) : g_strdup ("");
      return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                       "BLA needs a network that ends in the mean of a feature map over all of its cells and one "
                       "linear layer; what the final layer of this one reads%s is no such mean. Networks that read "
                       "a class token do not fit.",
                       last);
    }
  self->features = features->name;
  self->pooled = pooled->name;
  return TRUE;
}

EngValue *
eng_pooled_cells (const EngPooled *self, EngNet *net, EngValue *features, GError **error)
{
  const EngTarget *t = self->target;
  int64_t channels = eng_target_channels (t), cells = (int64_t)t->rows * t->cols;
  gboolean last = t->kind == ENG_TARGET_TOKENS || t->channels_last;
  EngShape shape = last ? ENG_SHAPE (net->batch, cells, channels) : ENG_SHAPE (net->batch, channels, cells);
  EngValue *v = eng_net_reshape (net, features, &shape, error);
  return last ? eng_net_transpose (net, v, (int64_t[]){ 0, 2, 1 }, 3, error) : v;
}

void
eng_pooled_tune (const EngPooled *self, EngNet *net, EngPooledTuned *tuned)
{
  EngValue *pooled = eng_graph_find (net->source, self->pooled);
  /* Nothing but the linear layer and what changes shapes lies between. */
  for (EngValue *v = eng_graph_logits (net->source), *next; v != pooled; v = next)
    {
      EngNode *node = v->producer;
      next = pooled;
      for (int k = 0; k < node->n_inputs; k++)
        {
          EngValue *in = node->inputs[k];
          if (in && !in->constant)
            next = in;
          else if (in && in->dtype == ENG_DTYPE_FLOAT && in->shape.rank >= 1 && tuned->n < 4)
            {
              g_autofree char *name = g_strconcat ("head/", in->name, NULL);
              tuned->of[tuned->n] = in;
              tuned->own[tuned->n++] = eng_net_weight_from (net, name, eng_tensor_ref (in->constant));
            }
        }
    }
}

EngValue *
eng_pooled_head (const EngPooled *self, EngNet *net, const char *prefix, EngValue *mean, const EngPooledTuned *tuned,
                 GError **error)
{
  EngValue *pooled = eng_graph_find (net->source, self->pooled), *to = eng_graph_logits (net->source), *logits = NULL;
  EngValue *bind[5] = { pooled }, *with[5] = { eng_net_reshape (net, mean, &pooled->shape, error) };
  for (int i = 0; i < tuned->n; i++)
    {
      bind[i + 1] = tuned->of[i];
      with[i + 1] = tuned->own[i];
    }
  return with[0]
                 && eng_graph_append (net->graph, net->source, prefix, bind, with, tuned->n + 1, &to, &logits, 1,
                                      error)
             ? logits
             : NULL;
}

gboolean
eng_pooled_run (const EngPooled *self, EngModel *model, const float *features, float *logits, GError **error)
{
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, error);
  if (!graph)
    return FALSE;
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  eng_pass_cut (pass, eng_graph_find (graph, self->features));
  eng_pass_want (pass, eng_graph_logits (graph));
  if (!eng_pass_prepare (pass, error))
    return FALSE;
  eng_pass_write (pass, eng_graph_find (graph, self->features), features);
  eng_pass_forward (pass);
  eng_pass_read (pass, eng_graph_logits (graph), logits);
  return TRUE;
}
