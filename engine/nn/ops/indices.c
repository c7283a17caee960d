#include "indices.h"

gboolean
eng_check_index (int64_t i, int64_t n, GError **error)
{
  if (eng_wrap_index (i, n) < 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "index %" G_GINT64_FORMAT " is outside an axis of length %" G_GINT64_FORMAT, i, n);
  return TRUE;
}

gboolean
eng_check_indices (const EngNode *node, int64_t n, GError **error)
{
  const EngTensor *t = node->inputs[1]->constant;
  for (int64_t i = 0, count = t ? eng_tensor_count (t) : 0; i < count; i++)
    if (!eng_check_index (t->i[i], n, error))
      return FALSE;
  return TRUE;
}

gboolean
eng_scatter_reduction (const EngNode *node, gboolean *add, GError **error)
{
  const char *reduction = eng_attrs_get_string (node->attrs, "reduction", "none");
  *add = strcmp (reduction, "add") == 0;
  if (!*add && strcmp (reduction, "none") != 0)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "reduction %s is not supported, only none and add", reduction);
  if (node->inputs[2]->dtype != node->inputs[0]->dtype)
    return eng_fail (error, ENG_ERROR_INVALID, "data and updates have different types");
  return TRUE;
}

void
eng_scatter_backward (const EngNode *node, EngPass *pass, const float *g, gboolean add,
                      void (*zero) (const EngNode *node, EngPass *pass, float *buffer))
{
  gboolean fresh;
  int64_t count = eng_shape_count (&node->inputs[0]->shape);
  float *d = eng_grad_in_fresh (pass, node, 0, &fresh), *kept = fresh ? d : eng_pass_scratch (pass);
  EngStrided all = { 0 };
  eng_strided_axis (&all, count, 1, 1);
  if (!d)
    return;
  if (!fresh && add)
    {
      eng_strided_add (&all, d, g);
      return;
    }
  eng_strided_copy_flat (kept, g, count, sizeof *g);
  if (!add)
    zero (node, pass, kept);
  if (!fresh)
    eng_strided_add (&all, d, kept);
}

void
eng_scatter_data (const EngNode *node, EngPass *pass)
{
  eng_strided_copy_flat (eng_out (pass, node, 0), eng_in (pass, node, 0), eng_shape_count (&node->inputs[0]->shape),
                         eng_dtype_size (node->inputs[0]->dtype));
}
