/* The bytes of a model, or of a file beside it: read piece by piece, to where they stay.
 *
 * Not mapped: a file that is exported anew, or becomes shorter, while it is open must not crash the
 * program nor change weights under it. So every weight is copied once, from the file to its place. */
#include "onnx-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((gsize)1 << 18)

gboolean
eng_onnx_source_read (const OnnxSource *self, guint64 offset, gsize n, void *to, GError **error)
{
  guint8 *at = to;
  if (offset > self->size || n > self->size - offset)
    return eng_fail (error, ENG_ERROR_IO, "the file is too short");
  if (self->bytes && n > 0)
    memcpy (to, self->bytes + offset, n);
  while (!self->bytes && n > 0)
    {
      gssize got = pread (self->fd, at, MIN (n, (gsize)1 << 30), (off_t)offset);
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        return eng_fail (error, ENG_ERROR_IO, "%s", got < 0 ? g_strerror (errno) : "the file became shorter");
      at += got;
      offset += (gsize)got;
      n -= (gsize)got;
    }
  return TRUE;
}

gboolean
eng_onnx_source_values (const OnnxSource *self, guint64 offset, EngTensor *tensor, GError **error)
{
  gsize count = (gsize)eng_tensor_count (tensor);
  gsize size = eng_onnx_element_size (tensor->dtype), each = eng_dtype_size (tensor->dtype);
  if (tensor->dtype == ENG_DTYPE_FLOAT || tensor->dtype == ENG_DTYPE_INT64)
    return eng_onnx_source_read (self, offset, count * size, tensor->data, error);
  g_autofree guint8 *piece = g_malloc (MIN (count * size, PIECE));
  for (gsize done = 0; done < count;)
    {
      gsize n = MIN (count - done, PIECE / size);
      if (!eng_onnx_source_read (self, offset + done * size, n * size, piece, error))
        return FALSE;
      eng_onnx_convert (tensor->dtype, piece, n, (guint8 *)tensor->data + done * each);
      done += n;
    }
  return TRUE;
}
