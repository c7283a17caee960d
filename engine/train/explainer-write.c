/* Writes a trained net as an explainer's file: what leads from what it is given to what it answers. */
#include "explainer-private.h"

#include "../engine.h"
#include "../nn/op.h"
#include "../onnx/onnx.h"

#include <string.h>

const char *
eng_explainer_given (const EngExplainerKind *kind, EngNet *net)
{
  const EngValue *image = eng_graph_image (net->source), *given = net->given;
  const char *kept = kind->frozen ? kind->frozen (net->model, net->target, net->values) : NULL;
  const EngValue *value = kept ? eng_graph_find (net->source, kept) : NULL;
  if (value && eng_shape_equal (&value->shape, &given->shape))
    return value->name;
  g_warn_if_fail (eng_shape_equal (&image->shape, &given->shape));
  return NULL;
}

/* The part of @net that is deployed, its weights still as they were drawn. */
static EngGraph *
deployed (const EngExplainerKind *kind, EngNet *net, GError **error)
{
  g_autoptr (EngGraph) g = eng_graph_new ();
  EngValue *wanted[ENG_NET_MAX_OUTPUTS], *copies[ENG_NET_MAX_OUTPUTS];
  const char *given = eng_explainer_given (kind, net);
  EngValue *in = eng_graph_add_input (g, given ? given : "input", ENG_DTYPE_FLOAT, &net->given->shape);
  for (int i = 0; i < net->n_outputs; i++)
    wanted[i] = net->outputs[i].value;
  if (!eng_graph_append (g, net->graph, "", &net->given, &in, 1, wanted, copies, net->n_outputs, error))
    return NULL;
  for (int i = 0; i < net->n_outputs; i++)
    {
      EngValue *named;
      if (!eng_graph_add_node (g, "Identity", ENG_OPSET_MAX, NULL, NULL, &copies[i], 1,
                               (const char *const[]){ net->outputs[i].name }, &named, 1, error))
        return NULL;
      eng_graph_add_output (g, named);
    }
  eng_graph_freeze (g);
  return g_steal_pointer (&g);
}

/* What training left out of the deployed part (a second head, a predictor) is not written. */
static GHashTable *
trained_constants (EngNet *net, EngGraph *g, const float *weights)
{
  GHashTable *constants = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < net->trained->len; i++)
    {
      const EngValue *v = net->trained->pdata[i];
      EngValue *copy = eng_graph_find (g, v->name);
      if (copy && copy->constant && eng_shape_equal (&copy->shape, &v->shape))
        g_hash_table_insert (constants, copy, (gpointer)weights);
      weights += eng_shape_count (&v->shape);
    }
  return constants;
}

/* Paths are of this machine, and no one else's business. (transfer full) */
static char *
settings_of (const EngValues *values)
{
  g_autoptr (EngValues) copy = eng_values_copy (values);
  const EngParam *param;
  for (guint i = 0; (param = eng_values_param (copy, i)); i++)
    if (param->type == ENG_PARAM_PATH || param->type == ENG_PARAM_OUTPUT_PATH)
      {
        const char *path = eng_values_get_text (copy, param->id);
        g_autofree char *name = *path ? g_path_get_basename (path) : g_strdup ("");
        eng_values_set_text (copy, param->id, name, NULL);
      }
  return eng_values_to_json (copy);
}

static void
set (GHashTable *metadata, const char *key, char *value)
{
  g_hash_table_replace (metadata, g_strconcat (ENG_EXPLAINER_PREFIX, key, NULL), value);
}

static GHashTable *
metadata_of (EngNet *net, const EngExplainerKind *kind, GHashTable *facts, GError **error)
{
  g_autoptr (GHashTable) metadata = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const char *network = eng_explainer_belongs_to (kind, net->model, error);
  const char *given = eng_explainer_given (kind, net);
  GHashTableIter iter;
  gpointer key, value;
  if (!network)
    return NULL;
  g_hash_table_iter_init (&iter, facts);
  while (g_hash_table_iter_next (&iter, &key, &value))
    set (metadata, key, g_strdup (value));
  set (metadata, "kind", g_strdup (kind->id));
  set (metadata, "version", g_strdup_printf ("%d", ENG_EXPLAINER_VERSION));
  set (metadata, "model.sha256", g_strdup (eng_model_sha256 (net->model)));
  set (metadata, "model.name", g_strdup (eng_model_name (net->model)));
  set (metadata, "model.output", g_strdup (eng_model_output (net->model)));
  set (metadata, eng_explainer_key (kind), g_strdup (network));
  set (metadata, "settings", settings_of (net->values));
  set (metadata, "seed", g_strdup_printf ("%" G_GUINT64_FORMAT, net->seed));
  set (metadata, "score-name", g_strdup (kind->score_name));
  if (net->target)
    set (metadata, "target", g_strdup (net->target->name));
  if (given)
    set (metadata, "given", g_strdup (given));
  return g_steal_pointer (&metadata);
}

gboolean
eng_explainer_write (EngNet *net, const EngExplainerKind *kind, const float *weights, GHashTable *facts,
                     const char *path, GError **error)
{
  g_autoptr (EngGraph) g = deployed (kind, net, error);
  g_autoptr (GHashTable) metadata = g ? metadata_of (net, kind, facts, error) : NULL;
  if (!metadata)
    return FALSE;
  g_autoptr (GHashTable) constants = trained_constants (net, g, weights);
  g_autoptr (GBytes) bytes = eng_onnx_export (g, kind->id, constants, metadata, error);
  if (!bytes || !eng_write_atomically (path, bytes, error))
    return FALSE;
  eng_explainers_changed ();
  return TRUE;
}
