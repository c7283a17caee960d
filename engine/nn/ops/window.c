#include "window.h"

#include <string.h>

#define MAX_STEP (1 << 20)                          /* for kernel, stride, dilation and padding of one axis */
#define MAX_POSITIONS (G_GINT64_CONSTANT (1) << 40) /* of a padded plane, with room for every kernel's layout */

/* List attribute with one value per spatial dimension into @dst; absent: all @otherwise. */
static gboolean
read_list (const EngNode *node, const char *name, int n, int64_t least, int64_t otherwise, int64_t *dst,
           GError **error)
{
  const int64_t *v;
  int count;
  if (!eng_node_ints (node, name, -1, &v, &count, error))
    return FALSE;
  if (count >= 0 && count != n)
    return eng_fail (error, ENG_ERROR_INVALID, "attribute %s has %d values, %d are needed", name, count, n);
  for (int i = 0; i < n; i++)
    {
      dst[i] = count < 0 ? otherwise : v[i];
      if (dst[i] < least || dst[i] > MAX_STEP)
        return eng_fail (error, ENG_ERROR_INVALID, "attribute %s is %" G_GINT64_FORMAT ", outside %d to %d", name,
                         dst[i], (int)least, MAX_STEP);
    }
  return TRUE;
}

static gboolean
read_kernel (const EngNode *node, const EngShape *weights, EngWindow *self, GError **error)
{
  int64_t *kernel = self->kernel + 3 - self->n;
  if (!weights && !eng_attrs_has (node->attrs, "kernel_shape"))
    return eng_fail (error, ENG_ERROR_INVALID, "attribute kernel_shape is missing");
  if (!read_list (node, "kernel_shape", self->n, 1, 1, kernel, error))
    return FALSE;
  for (int i = 0; weights && i < self->n; i++)
    {
      int64_t k = weights->dim[weights->rank - self->n + i];
      if (k < 1 || k > MAX_STEP || (eng_attrs_has (node->attrs, "kernel_shape") && kernel[i] != k))
        return eng_fail (error, ENG_ERROR_INVALID,
                         "kernel_shape does not fit the weights, whose kernel is %" G_GINT64_FORMAT " along axis %d",
                         k, i + 2);
      kernel[i] = k;
    }
  return TRUE;
}

gboolean
eng_window_parse (const EngNode *node, const EngShape *weights, EngWindow *self, GError **error)
{
  if (!eng_node_need_rank (node, 0, 3, 5, error))
    return FALSE;
  const EngShape *x = &node->inputs[0]->shape;
  int64_t pads[6];
  memset (self, 0, sizeof *self);
  self->n = x->rank - 2;
  for (int a = 0; a < 3; a++)
    self->in[a] = self->out[a] = self->kernel[a] = self->stride[a] = self->dilation[a] = 1;
  for (int i = 1; i < x->rank; i++)
    if (x->dim[i] < 1)
      return eng_fail (error, ENG_ERROR_INVALID, "dimension %d of the input is empty", i);
  int first = 3 - self->n;
  memcpy (self->in + first, x->dim + 2, sizeof *x->dim * self->n);
  if (!read_kernel (node, weights, self, error)
      || !read_list (node, "strides", self->n, 1, 1, self->stride + first, error)
      || !read_list (node, "dilations", self->n, 1, 1, self->dilation + first, error)
      || !read_list (node, "pads", 2 * self->n, 0, 0, pads, error))
    return FALSE;
  memcpy (self->pad + first, pads, sizeof *pads * self->n);
  memcpy (self->pad_end + first, pads + self->n, sizeof *pads * self->n);
  return TRUE;
}

int64_t
eng_window_extent (const EngWindow *self, int axis)
{
  return (self->kernel[axis] - 1) * self->dilation[axis] + 1;
}

gboolean
eng_window_check_size (const EngWindow *self, GError **error)
{
  int64_t n = 1;
  for (int a = 0; a < 3; a++)
    {
      int64_t size =
          2 * (MAX (self->in[a], self->out[a]) + self->pad[a] + self->pad_end[a] + eng_window_extent (self, a));
      if (n > MAX_POSITIONS / size)
        return eng_fail (error, ENG_ERROR_MEMORY, "image and padding are too large");
      n *= size;
    }
  return TRUE;
}

static gboolean
place_axis (EngWindow *self, int a, const char *auto_pad, gboolean ceil, GError **error)
{
  int64_t extent = eng_window_extent (self, a), in = self->in[a], stride = self->stride[a];
  if (g_str_has_prefix (auto_pad, "SAME"))
    {
      self->out[a] = (in + stride - 1) / stride;
      int64_t total = MAX (0, (self->out[a] - 1) * stride + extent - in);
      self->pad[a] = strcmp (auto_pad, "SAME_UPPER") == 0 ? total / 2 : total - total / 2;
      self->pad_end[a] = total - self->pad[a];
      return TRUE;
    }
  if (strcmp (auto_pad, "VALID") == 0)
    self->pad[a] = self->pad_end[a] = 0;
  int64_t room = in + self->pad[a] + self->pad_end[a] - extent;
  if (room < 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "the kernel reaches over %" G_GINT64_FORMAT
                     " elements, the padded input has only %" G_GINT64_FORMAT " along axis %d",
                     extent, room + extent, a - 3 + self->n + 2);
  self->out[a] = (ceil ? (room + stride - 1) / stride : room / stride) + 1;
  if (ceil && (self->out[a] - 1) * stride >= in + self->pad[a])
    self->out[a]--;
  return TRUE;
}

gboolean
eng_window_place (const EngNode *node, EngWindow *self, gboolean ceil, GError **error)
{
  static const char *const modes[] = { "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER", "", NULL };
  const char *auto_pad = eng_attrs_get_string (node->attrs, "auto_pad", "NOTSET");
  if (!g_strv_contains (modes, auto_pad))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "auto_pad \"%s\" is not known", auto_pad);
  for (int a = 3 - self->n; a < 3; a++)
    if (!place_axis (self, a, auto_pad, ceil, error))
      return FALSE;
  return eng_window_check_size (self, error);
}

EngShape
eng_window_output (const EngWindow *self, int64_t n, int64_t channels)
{
  EngShape s = { .rank = self->n + 2, .dim = { n, channels } };
  memcpy (s.dim + 2, self->out + 3 - self->n, sizeof *s.dim * self->n);
  return s;
}
