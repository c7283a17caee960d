/* The digest of a classifier's encoder: all that leads from the picture to the value which feeds the final linear
 * layer. Two models that differ only in what comes after it have the same one.
 *
 * Each value has a digest of its own: a constant that of its numbers; a computed one that of its operator, the
 * operator's attributes and its inputs' digests. Names, and the order in which a file lists its nodes, are left out.
 */
#include "digest.h"
#include "error.h"
#include "model-private.h"
#include "nn/op.h"

static void
add_digest (GString *text, gconstpointer data, gsize n)
{
  g_autofree char *digest = eng_digest_data (data, n);
  g_string_append_printf (text, " %s", digest);
}

static void
add_tensor (GString *text, const EngTensor *t)
{
  g_autofree char *shape = eng_shape_to_string (&t->shape);
  gsize each = eng_dtype_is_float (t->dtype) ? sizeof *t->f : sizeof *t->i;
  g_string_append_printf (text, " %d %s", t->dtype, shape);
  add_digest (text, t->data, (gsize)eng_tensor_count (t) * each);
}

typedef struct
{
  const EngAttrs *attrs;
  GString *text;
} AttrWriter;

static void
add_attribute (const char *name, char kind, gpointer data)
{
  AttrWriter *w = data;
  int n = 0;
  float f;
  g_string_append_printf (w->text, "\n%s %c", name, kind);
  switch (kind)
    {
    case 'i':
      g_string_append_printf (w->text, " %" G_GINT64_FORMAT, (gint64)eng_attrs_get_int (w->attrs, name, 0));
      break;
    case 'f':
      f = eng_attrs_get_float (w->attrs, name, 0);
      add_digest (w->text, &f, sizeof f);
      break;
    case 's':
      g_string_append_printf (w->text, " %s", eng_attrs_get_string (w->attrs, name, ""));
      break;
    case 'I':
      {
        const int64_t *v = eng_attrs_get_ints (w->attrs, name, &n);
        add_digest (w->text, v, sizeof *v * (gsize)n);
        break;
      }
    case 'F':
      {
        const float *v = eng_attrs_get_floats (w->attrs, name, &n);
        add_digest (w->text, v, sizeof *v * (gsize)n);
        break;
      }
    default:
      add_tensor (w->text, eng_attrs_get_tensor (w->attrs, name));
    }
}

/* @digests: by id of value, those of the inputs are there. */
static char *
digest_of (const EngValue *v, char **digests)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *shape = eng_shape_to_string (&v->shape);
  if (v->constant)
    add_tensor (text, v->constant);
  else if (!v->producer)
    g_string_append_printf (text, "input %s", shape);
  else
    {
      const EngNode *node = v->producer;
      AttrWriter w = { node->attrs, text };
      g_string_append_printf (text, "%s %d %d", node->op->name, node->opset, v->producer_output);
      for (int i = 0; i < node->n_inputs; i++)
        g_string_append_printf (text, " %s", node->inputs[i] ? digests[node->inputs[i]->id] : "-");
      eng_attrs_foreach (node->attrs, add_attribute, &w);
    }
  return eng_digest_data (text->str, text->len);
}

char *
eng_model_encoder_sha256 (EngModel *self, GError **error)
{
  if (!self->final_linear)
    {
      eng_fail (error, ENG_ERROR_UNSUPPORTED, "%s does not end in a linear layer: it has no encoder.", self->name);
      return NULL;
    }
  g_autoptr (EngGraph) graph = eng_model_graph (self, 1, error);
  if (!graph)
    return NULL;
  EngValue *end = eng_graph_find (graph, self->final_linear);
  g_autofree guint8 *leads = eng_graph_ancestors (graph, end);
  /* A value comes after those that it depends on, as it was added after them. */
  g_autoptr (GPtrArray) digests = g_ptr_array_new_with_free_func (g_free);
  for (int i = 0; i <= end->id; i++)
    {
      char *digest = leads[i] || i == end->id ? digest_of (graph->values->pdata[i], (char **)digests->pdata) : NULL;
      g_ptr_array_add (digests, digest);
    }
  return g_strdup (digests->pdata[end->id]);
}
