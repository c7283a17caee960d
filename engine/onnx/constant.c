/* Tensors that stand in a node's attributes; the values of Constant nodes. */
#include "onnx-private.h"

#include <string.h>

const Onnx__AttributeProto *
eng_onnx_find_attr (const OnnxNode *node, const char *name)
{
  for (int i = 0; i < node->n_attrs; i++)
    if (strcmp (node->attrs[i].name, name) == 0)
      return node->attrs[i].proto;
  return NULL;
}

/* A tensor that cannot be used is a fault of the file only if it is broken; a type that is not
 * supported matters when somebody needs the value. */
static gboolean
excuse (EngOnnx *self, OnnxNode *node, GError *problem, GError **error)
{
  if (!problem || problem->code == ENG_ERROR_UNSUPPORTED)
    {
      node->problem = problem ? g_string_chunk_insert (self->strings, problem->message) : NULL;
      g_clear_error (&problem);
      return TRUE;
    }
  g_propagate_prefixed_error (error, problem, "%s: node %s (%s): ", self->name, node->name, node->op);
  return FALSE;
}

static EngTensor *
ints_tensor (const int64_t *v, gsize n, gboolean scalar)
{
  EngTensor *t = eng_tensor_new_ints (v, (int)n);
  t->shape.rank = scalar ? 0 : 1;
  return t;
}

/* The value of a Constant node, in whichever attribute it is. (transfer full) */
static EngTensor *
constant_value (EngOnnx *self, const OnnxNode *node, GError **error)
{
  const Onnx__AttributeProto *a;
  EngShape shape;
  if ((a = eng_onnx_find_attr (node, "value")) && a->t)
    {
      EngTensor *t = eng_onnx_tensor (self, a->t, "its value", error);
      return t ? eng_tensor_ref (t) : NULL;
    }
  if ((a = eng_onnx_find_attr (node, "value_float")))
    return eng_tensor_new_scalar (a->f);
  if ((a = eng_onnx_find_attr (node, "value_int")))
    return ints_tensor (&a->i, 1, TRUE);
  if ((a = eng_onnx_find_attr (node, "value_floats")))
    {
      shape = ENG_SHAPE ((int64_t)a->n_floats);
      return eng_tensor_new_floats (a->floats, &shape);
    }
  if ((a = eng_onnx_find_attr (node, "value_ints")))
    return ints_tensor (a->ints, a->n_ints, FALSE);
  if (eng_onnx_find_attr (node, "sparse_value"))
    eng_fail (error, ENG_ERROR_UNSUPPORTED, "sparse constants are not supported. Export with dense weights.");
  else if (eng_onnx_find_attr (node, "value_string") || eng_onnx_find_attr (node, "value_strings"))
    eng_fail (error, ENG_ERROR_UNSUPPORTED, "its value is of type string, which is not supported");
  else
    eng_fail (error, ENG_ERROR_INVALID, "it has no value");
  return NULL;
}

gboolean
eng_onnx_read_tensors (EngOnnx *self, OnnxNode *node, GError **error)
{
  GError *problem = NULL;
  if (strcmp (node->op, "Constant") == 0 && !*node->domain)
    {
      node->constant = constant_value (self, node, &problem);
      return excuse (self, node, problem, error);
    }
  for (int i = 0; i < node->n_attrs && !problem; i++)
    if (node->attrs[i].proto->t)
      {
        g_autofree char *what = g_strdup_printf ("attribute %s", eng_onnx_show (self, node->attrs[i].name));
        eng_onnx_tensor (self, node->attrs[i].proto->t, what, &problem);
      }
  return excuse (self, node, problem, error);
}
