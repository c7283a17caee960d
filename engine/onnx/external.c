/* Weights in a file of their own beside the model ("external data"), which is how models beyond 2 GB
 * are stored.
 *
 * A model from a stranger must not read a person's other files: the location has to be relative,
 * without "..", and after following links still inside the model's folder. Sizes are checked
 * against the file before memory is taken. */
#include "onnx-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  const char *location;
  guint64 offset, length;
  gboolean has_length;
} Place;

static gboolean
read_place (const Onnx__TensorProto *proto, Place *place, const char *what, GError **error)
{
  for (gsize i = 0; i < proto->n_external_data; i++)
    {
      const char *key = proto->external_data[i]->key, *value = proto->external_data[i]->value;
      guint64 *number = g_strcmp0 (key, "offset") == 0   ? &place->offset
                        : g_strcmp0 (key, "length") == 0 ? &place->length
                                                         : NULL;
      if (g_strcmp0 (key, "location") == 0)
        place->location = value;
      if (number && (!value || !g_ascii_string_to_unsigned (value, 10, 0, G_MAXINT64 / 2, number, NULL)))
        return eng_fail (error, ENG_ERROR_INVALID, "%s of %s in the external data is not a number", key, what);
      place->has_length |= number == &place->length;
    }
  if (!place->location || !*place->location)
    return eng_fail (error, ENG_ERROR_INVALID, "%s is stored outside, but no file is named", what);
  return TRUE;
}

/* The real path of @location, which must lie in the model's folder. (transfer full) */
static char *
resolve (EngOnnx *self, const char *location, const char *what, GError **error)
{
  const char *shown = eng_onnx_show (self, location);
  g_auto (GStrv) parts = g_strsplit (location, "/", -1);
  if (!self->folder)
    {
      eng_fail (error, ENG_ERROR_UNSUPPORTED,
                "%s is stored in %s, which is not at hand. Open the model from its file.", what, shown);
      return NULL;
    }
  if (g_path_is_absolute (location) || g_strv_contains ((const char *const *)parts, ".."))
    {
      eng_fail (error, ENG_ERROR_INVALID,
                "%s is stored in %s, outside the model's folder. Put both files into one folder and export again.",
                what, shown);
      return NULL;
    }
  g_autofree char *path = g_build_filename (self->folder, location, NULL);
  g_autofree char *folder = realpath (self->folder, NULL), *real = realpath (path, NULL);
  if (!real)
    {
      int code = errno;
      eng_fail (error, ENG_ERROR_IO, "%s is stored in %s, which cannot be opened (%s). Put it beside the model.",
                what, shown, g_strerror (code));
      return NULL;
    }
  gsize n = folder ? strlen (folder) : 0;
  gboolean inside = n > 0 && strncmp (real, folder, n) == 0 && (real[n] == '/' || folder[n - 1] == '/');
  if (!inside)
    {
      eng_fail (error, ENG_ERROR_INVALID,
                "%s is stored in %s, a link that leads out of the model's folder. Copy the file itself there.", what,
                shown);
      return NULL;
    }
  return g_steal_pointer (&real);
}

/* Opens @path if it holds what @place promises and @bytes needs; source->fd is to be closed then. */
static gboolean
open_checked (EngOnnx *self, const char *path, const Place *place, guint64 bytes, OnnxSource *source,
              const char *what, GError **error)
{
  const char *shown = eng_onnx_show (self, place->location);
  struct stat info;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || fstat (fd, &info) < 0 || !S_ISREG (info.st_mode))
    eng_fail (error, ENG_ERROR_IO, "%s, where %s is stored, cannot be opened (%s).", shown, what,
              fd < 0 ? g_strerror (errno) : "not a file");
  else if (place->has_length && place->length != bytes)
    eng_fail (error, ENG_ERROR_INVALID,
              "%s needs %" G_GUINT64_FORMAT " bytes, but %" G_GUINT64_FORMAT " are promised in %s", what, bytes,
              place->length, shown);
  else if (place->offset + bytes > (guint64)info.st_size)
    eng_fail (error, ENG_ERROR_INVALID,
              "%s is too short: %s ends at byte %" G_GUINT64_FORMAT ", the file at %" G_GUINT64_FORMAT
              ". Download or export it again.",
              shown, what, place->offset + bytes, (guint64)info.st_size);
  else
    {
      *source = (OnnxSource){ .fd = fd, .size = (guint64)info.st_size };
      return TRUE;
    }
  if (fd >= 0)
    close (fd);
  return FALSE;
}

gboolean
eng_onnx_read_external (EngOnnx *self, const Onnx__TensorProto *proto, EngTensor *tensor, const char *what,
                        GError **error)
{
  Place place = { 0 };
  OnnxSource source;
  gsize count = (gsize)eng_tensor_count (tensor);
  if (!read_place (proto, &place, what, error))
    return FALSE;
  g_autofree char *path = resolve (self, place.location, what, error);
  if (!path)
    return FALSE;
  guint64 bytes = (guint64)count * eng_onnx_element_size (tensor->dtype);
  if (!open_checked (self, path, &place, bytes, &source, what, error))
    return FALSE;
  tensor->data = eng_try_alloc (count * eng_dtype_size (tensor->dtype));
  gboolean ok = tensor->data != NULL;
  if (!ok)
    eng_fail (error, ENG_ERROR_MEMORY, "there is not enough memory for %s", what);
  else if (!(ok = eng_onnx_source_values (&source, place.offset, tensor, error)))
    g_prefix_error (error, "%s could not be read: ", eng_onnx_show (self, place.location));
  close (source.fd);
  return ok;
}
