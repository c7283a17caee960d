/* The table of operators and what their shape() functions share. */
#include "op.h"

#include <string.h>

/* One line per family file in ops/. */
#define FAMILIES(X)                                                                                                  \
  X (axis)                                                                                                           \
  X (batchnorm)                                                                                                      \
  X (binary)                                                                                                         \
  X (blocks)                                                                                                         \
  X (constant)                                                                                                       \
  X (conv)                                                                                                           \
  X (einsum)                                                                                                         \
  X (gather)                                                                                                         \
  X (gather_elements)                                                                                                \
  X (gather_nd)                                                                                                      \
  X (matmul)                                                                                                         \
  X (move)                                                                                                           \
  X (norm)                                                                                                           \
  X (norm_older)                                                                                                     \
  X (pad)                                                                                                            \
  X (pool)                                                                                                           \
  X (pool_global)                                                                                                    \
  X (reduce)                                                                                                         \
  X (resize)                                                                                                         \
  X (shape)                                                                                                          \
  X (softmax)                                                                                                        \
  X (topk)                                                                                                           \
  X (type)                                                                                                           \
  X (unary)

#define DECLARE(family) extern const EngOp eng_ops_##family[];
FAMILIES (DECLARE)
#undef DECLARE

#define ENTRY(family) eng_ops_##family,
static const EngOp *const families[] = { FAMILIES (ENTRY) NULL };
#undef ENTRY

const EngOp *
eng_op_nth (guint i)
{
  for (int f = 0; families[f]; f++)
    for (const EngOp *op = families[f]; op->name; op++)
      if (i-- == 0)
        return op;
  return NULL;
}

const EngOp *
eng_op_find (const char *op_type, int opset, GError **error)
{
  int since = G_MAXINT, until = 0;
  for (int f = 0; families[f]; f++)
    for (const EngOp *op = families[f]; op->name; op++)
      if (strcmp (op->name, op_type) == 0)
        {
          if (opset >= op->since && opset <= op->until)
            return op;
          since = MIN (since, op->since);
          until = MAX (until, op->until);
        }
  if (until == 0)
    eng_fail (error, ENG_ERROR_UNSUPPORTED, "operator %s is not supported", op_type);
  else
    eng_fail (error, ENG_ERROR_UNSUPPORTED, "operator %s of opset %d is not supported, only of opset %d to %d",
              op_type, opset, since, until);
  return NULL;
}

gpointer
eng_node_alloc (EngNode *node, gsize bytes)
{
  gpointer memory = g_malloc0 (MAX (bytes, 1));
  node->memory = g_slist_prepend (node->memory, memory);
  return memory;
}

gboolean
eng_node_has_input (const EngNode *node, int i)
{
  return i < node->n_inputs && node->inputs[i];
}

gboolean
eng_node_need_inputs (const EngNode *node, int least, int most, GError **error)
{
  if (node->n_inputs > most)
    return eng_fail (error, ENG_ERROR_INVALID, "has %d inputs, at most %d are allowed", node->n_inputs, most);
  for (int i = 0; i < least; i++)
    if (!eng_node_has_input (node, i))
      return eng_fail (error, ENG_ERROR_INVALID, "input %d is missing", i);
  return TRUE;
}

gboolean
eng_node_need_float (const EngNode *node, int i, GError **error)
{
  if (!eng_node_has_input (node, i))
    return eng_fail (error, ENG_ERROR_INVALID, "input %d is missing", i);
  if (!eng_dtype_is_float (node->inputs[i]->dtype))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "input %d is %s, only floating types are supported here", i,
                     eng_dtype_name (node->inputs[i]->dtype));
  return TRUE;
}

gboolean
eng_node_need_int (const EngNode *node, int i, GError **error)
{
  if (!eng_node_has_input (node, i))
    return eng_fail (error, ENG_ERROR_INVALID, "input %d is missing", i);
  if (eng_dtype_is_float (node->inputs[i]->dtype))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "input %d is %s, an integer or bool type is needed", i,
                     eng_dtype_name (node->inputs[i]->dtype));
  return TRUE;
}

gboolean
eng_node_need_rank (const EngNode *node, int i, int least, int most, GError **error)
{
  if (!eng_node_has_input (node, i))
    return eng_fail (error, ENG_ERROR_INVALID, "input %d is missing", i);
  int rank = node->inputs[i]->shape.rank;
  if (rank < least || rank > most)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "input %d has rank %d, %d to %d is supported", i, rank, least,
                     most);
  return TRUE;
}

const EngTensor *
eng_node_constant (const EngNode *node, int i, GError **error)
{
  if (!eng_node_has_input (node, i))
    {
      eng_fail (error, ENG_ERROR_INVALID, "input %d is missing", i);
      return NULL;
    }
  if (!node->inputs[i]->constant)
    eng_fail (error, ENG_ERROR_UNSUPPORTED, "input %d (%s) of operator %s must be constant", i, node->inputs[i]->name,
              node->op->name);
  return node->inputs[i]->constant;
}

gboolean
eng_node_ints (const EngNode *node, const char *attr, int input, const int64_t **v, int *n, GError **error)
{
  *v = NULL;
  *n = -1;
  if (input >= 0 && eng_node_has_input (node, input))
    {
      if (!eng_node_need_int (node, input, error))
        return FALSE;
      const EngTensor *t = eng_node_constant (node, input, error);
      if (!t)
        return FALSE;
      if (t->shape.rank > 1)
        return eng_fail (error, ENG_ERROR_INVALID, "input %d must be a list of integers", input);
      *v = t->i;
      *n = (int)MIN (eng_tensor_count (t), G_MAXINT);
      return TRUE;
    }
  if (attr && eng_attrs_has (node->attrs, attr))
    {
      *v = eng_attrs_get_ints (node->attrs, attr, n);
      if (!*v)
        return eng_fail (error, ENG_ERROR_INVALID, "attribute %s must be a list of integers", attr);
    }
  return TRUE;
}

gboolean
eng_node_float (const EngNode *node, const char *attr, int input, float otherwise, float *v, GError **error)
{
  *v = attr ? eng_attrs_get_float (node->attrs, attr, otherwise) : otherwise;
  if (input < 0 || !eng_node_has_input (node, input))
    return TRUE;
  const EngTensor *t = eng_node_constant (node, input, error);
  if (!t)
    return FALSE;
  if (eng_tensor_count (t) != 1)
    return eng_fail (error, ENG_ERROR_INVALID, "input %d must be a single number", input);
  *v = eng_dtype_is_float (t->dtype) ? t->f[0] : (float)t->i[0];
  return TRUE;
}

gboolean
eng_node_axis (const EngNode *node, int64_t axis, int rank, int *out, GError **error)
{
  if (axis < -rank || axis >= rank)
    return eng_fail (error, ENG_ERROR_INVALID, "axis %" G_GINT64_FORMAT " does not exist in rank %d", axis, rank);
  *out = (int)(axis < 0 ? axis + rank : axis);
  return TRUE;
}

gboolean
eng_node_set_output (EngNode *node, int i, EngDtype dtype, const EngShape *shape, GError **error)
{
  if (i >= node->n_outputs)
    return TRUE;
  if (!eng_dtype_is_supported (dtype))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "type %s is not supported", eng_dtype_name (dtype));
  if (!eng_shape_check (shape, error))
    return FALSE;
  node->outputs[i]->dtype = dtype;
  node->outputs[i]->shape = *shape;
  return TRUE;
}
