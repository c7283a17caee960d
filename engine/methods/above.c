/* See above.h. */
#include "above.h"

#include <string.h>

/* Values that are computed from @layer, itself among them: (transfer full), by value */
static guint8 *
descendants (EngGraph *graph, const EngValue *layer)
{
  guint8 *depends = g_new0 (guint8, graph->values->len);
  depends[layer->id] = 1;
  for (guint i = 0; i < graph->nodes->len; i++)
    {
      EngNode *node = graph->nodes->pdata[i];
      gboolean any = FALSE;
      for (int k = 0; k < node->n_inputs; k++)
        any |= node->inputs[k] && depends[node->inputs[k]->id];
      for (int k = 0; any && k < node->n_outputs; k++)
        depends[node->outputs[k]->id] = 1;
    }
  return depends;
}

GPtrArray *
eng_above_nodes (const EngAbove *self, guint8 **depends)
{
  g_autofree guint8 *below = descendants (self->graph, self->values->pdata[0]);
  g_autofree guint8 *leads = eng_graph_ancestors (self->graph, eng_graph_logits (self->graph));
  GPtrArray *nodes = g_ptr_array_new ();
  for (guint i = 0; i < self->graph->nodes->len; i++)
    {
      EngNode *node = self->graph->nodes->pdata[i];
      gboolean on = FALSE;
      for (int k = 0; k < node->n_outputs; k++)
        on |=
            node->outputs[k] != self->values->pdata[0] && below[node->outputs[k]->id] && leads[node->outputs[k]->id];
      if (on)
        g_ptr_array_add (nodes, node);
    }
  if (depends)
    *depends = g_steal_pointer (&below);
  return nodes;
}

/* Only numbers can be given: where an index is computed from the picture, the picture is given instead. */
static void
add_beside (EngAbove *self, EngValue *value)
{
  EngValue *given = eng_dtype_is_float (value->dtype) ? value : eng_graph_image (self->graph);
  if (!g_ptr_array_find (self->values, given, NULL))
    g_ptr_array_add (self->values, given);
}

void
eng_above_init (EngAbove *self, EngModel *model, const char *layer)
{
  self->graph = eng_model_graph (model, 1, NULL); /* every opened model has this one */
  self->values = g_ptr_array_new ();
  g_ptr_array_add (self->values, eng_graph_find (self->graph, layer));
  g_autofree guint8 *depends = NULL;
  g_autoptr (GPtrArray) nodes = eng_above_nodes (self, &depends);
  for (guint i = 0; i < nodes->len; i++)
    {
      EngNode *node = nodes->pdata[i];
      for (int k = 0; k < node->n_inputs; k++)
        if (node->inputs[k] && !node->inputs[k]->constant && !depends[node->inputs[k]->id])
          add_beside (self, node->inputs[k]);
    }
  self->sizes = g_new (gsize, self->values->len);
  self->data = g_new0 (float *, self->values->len);
  for (guint i = 0; i < self->values->len; i++)
    self->sizes[i] = (gsize)eng_shape_count (&((EngValue *)self->values->pdata[i])->shape);
}

void
eng_above_clear (EngAbove *self)
{
  for (guint i = 0; self->data && i < self->values->len; i++)
    g_free (self->data[i]);
  g_clear_pointer (&self->data, g_free);
  g_clear_pointer (&self->sizes, g_free);
  g_clear_pointer (&self->values, g_ptr_array_unref);
  g_clear_pointer (&self->graph, eng_graph_unref);
}

void
eng_above_want (const EngAbove *self, EngProbe *probe)
{
  for (guint i = 0; i < self->values->len; i++)
    eng_probe_want (probe, ((EngValue *)self->values->pdata[i])->name);
}

void
eng_above_take (EngAbove *self, const EngProbeItem *item)
{
  for (guint i = 0; i < self->values->len; i++)
    self->data[i] = g_memdup2 (item->values[i], sizeof (float) * self->sizes[i]);
}

void
eng_above_feed (const EngAbove *self, EngProbe *probe)
{
  for (guint i = 0; i < self->values->len; i++)
    eng_probe_feed (probe, ((EngValue *)self->values->pdata[i])->name);
}

void
eng_above_fill (const EngAbove *self, float *const *inputs)
{
  for (guint i = 0; i < self->values->len; i++)
    memcpy (inputs[i], self->data[i], sizeof (float) * self->sizes[i]);
}
