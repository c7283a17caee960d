/* See redraw.h. */
#include "redraw.h"

#include <string.h>

#include "../error.h"
#include "../model-private.h"
#include "../nn/op.h"
#include "../random.h"

/* Nodes whose constants are weights. Others read numbers that say what they do (how far to resize, where to clip).
 * A kernel is a weight however it came into the file; of the others only initializers are: a constant that was
 * computed (the root of the number of channels) is arithmetic. */
static const struct
{
  const char *op;
  gboolean kernel; /* begins a layer */
} weighted[] = {
  { "Conv", TRUE },
  { "ConvTranspose", TRUE },
  { "Gemm", TRUE },
  { "MatMul", TRUE },
  { "Einsum", TRUE },
  { "Add", FALSE },
  { "Sub", FALSE },
  { "Mul", FALSE },
  { "Div", FALSE },
  { "Concat", FALSE }, /* class token */
  { "PRelu", FALSE },
  { "BatchNormalization", FALSE },
  { "InstanceNormalization", FALSE },
  { "LayerNormalization", FALSE },
  { "GroupNormalization", FALSE },
};

static gboolean
has_weights (const EngNode *node, gboolean *kernel)
{
  for (guint i = 0; i < G_N_ELEMENTS (weighted); i++)
    if (strcmp (weighted[i].op, node->op->name) == 0)
      {
        *kernel = weighted[i].kernel;
        return TRUE;
      }
  return FALSE;
}

static gboolean
is_weight (const EngValue *v, gboolean kernel)
{
  return v && v->constant && eng_dtype_is_float (v->dtype) && eng_tensor_count (v->constant) > 1
         && (v->kind == ENG_VALUE_WEIGHT || kernel);
}

static void
layer_free (gpointer data)
{
  EngRedrawLayer *self = data;
  g_ptr_array_unref (self->weights);
  g_free (self->name);
  g_free (self);
}

static EngRedrawLayer *
layer_new (const char *name)
{
  EngRedrawLayer *self = g_new0 (EngRedrawLayer, 1);
  self->name = g_strdup (name);
  self->weights = g_ptr_array_new_with_free_func (g_free);
  return self;
}

/* What comes before the first kernel (a normalisation of the picture, say) belongs to its layer. */
static void
find_layers (EngGraph *graph, GPtrArray *layers)
{
  g_autofree guint8 *used = eng_graph_ancestors (graph, eng_graph_logits (graph));
  g_autoptr (GHashTable) taken = g_hash_table_new (NULL, NULL);
  gboolean begun = FALSE;
  for (guint i = 0; i < graph->nodes->len; i++)
    {
      const EngNode *node = graph->nodes->pdata[i];
      EngRedrawLayer *layer = layers->len ? layers->pdata[layers->len - 1] : NULL;
      gboolean kernel, fresh = TRUE;
      if (!used[node->outputs[0]->id] || !has_weights (node, &kernel))
        continue;
      for (int k = 0; k < node->n_inputs; k++)
        {
          EngValue *v = node->inputs[k];
          if (!is_weight (v, kernel) || eng_graph_find (graph, v->name) != v || !g_hash_table_add (taken, v))
            continue;
          if (!layer || (kernel && begun && fresh))
            g_ptr_array_add (layers, layer = layer_new (node->name));
          else if (kernel && !begun)
            {
              g_free (layer->name);
              layer->name = g_strdup (node->name);
            }
          begun |= kernel;
          fresh = FALSE;
          g_ptr_array_add (layer->weights, g_strdup (v->name));
          layer->numbers += eng_tensor_count (v->constant);
        }
    }
}

GPtrArray *
eng_redraw_layers (EngModel *model, GError **error)
{
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, error);
  g_autoptr (GPtrArray) upward = g_ptr_array_new ();
  GPtrArray *layers = g_ptr_array_new_with_free_func (layer_free);
  if (!graph)
    {
      g_ptr_array_unref (layers);
      return NULL;
    }
  find_layers (graph, upward);
  while (upward->len)
    g_ptr_array_add (layers, g_ptr_array_steal_index (upward, upward->len - 1));
  return layers;
}

GHashTable *
eng_redraw_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)eng_tensor_unref);
}

/* Fisher and Yates, as Durstenfeld wrote it (1964). (transfer full) */
static EngTensor *
shuffled (const EngTensor *from, const char *name, guint64 seed, GError **error)
{
  EngTensor *to = eng_tensor_try_new (from->dtype, &from->shape, error);
  g_autoptr (GRand) random = eng_random_new (seed, g_str_hash (name));
  if (!to)
    return NULL;
  memcpy (to->f, from->f, sizeof (float) * (gsize)eng_tensor_count (from));
  for (int64_t i = eng_tensor_count (from) - 1; i > 0; i--)
    {
      int64_t k = (int64_t)(g_rand_double (random) * (double)(i + 1));
      float v = to->f[i];
      to->f[i] = to->f[k];
      to->f[k] = v;
    }
  return to;
}

static gboolean
draw (EngGraph *graph, const EngRedrawLayer *layer, GHashTable *table, guint64 seed, GError **error)
{
  for (guint i = 0; i < layer->weights->len; i++)
    {
      const char *name = layer->weights->pdata[i];
      EngValue *v = eng_graph_find (graph, name);
      EngTensor *t = g_hash_table_lookup (table, name) ? NULL : shuffled (v->constant, name, seed, error);
      if (t)
        g_hash_table_insert (table, g_strdup (name), t);
      else if (!g_hash_table_contains (table, name))
        return FALSE;
    }
  return TRUE;
}

EngModel *
eng_redraw_model (EngModel *model, GPtrArray *layers, guint n, GHashTable *table, guint64 seed, GError **error)
{
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, error);
  g_autoptr (GHashTable) weights = eng_redraw_table ();
  g_autofree char *variant =
      g_strdup_printf ("weights of %u of %u layers re-drawn, seed %" G_GUINT64_FORMAT, n, layers->len, seed);
  g_return_val_if_fail (n <= layers->len, NULL);
  for (guint i = 0; graph && i < n; i++)
    {
      const EngRedrawLayer *layer = layers->pdata[i];
      if (!draw (graph, layer, table, seed, error))
        return NULL;
      for (guint k = 0; k < layer->weights->len; k++)
        g_hash_table_insert (weights, g_strdup (layer->weights->pdata[k]),
                             eng_tensor_ref (g_hash_table_lookup (table, layer->weights->pdata[k])));
    }
  return graph ? eng_model_with_weights (model, weights, variant, error) : NULL;
}
