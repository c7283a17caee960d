/* A file's metadata without its network: of a ModelProto only the outermost fields are walked, and all but
 * metadata_props are passed over by their length. So a folder of explainers can be looked through at once.
 * Encoding: https://protobuf.dev/programming-guides/encoding/ */
#include "onnx-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define METADATA_FIELD 14
#define MAX_FIELDS 4096
#define MAX_ENTRIES 256
#define MAX_BYTES ((guint64)1 << 20) /* of one entry, and of all together */
#define HEAD 4096
#define TAG_BYTES 20 /* a key and a length */

typedef struct
{
  const OnnxSource *source;
  const char *name;
  GHashTable *found;
  guint64 at, bytes;
} Peek;

static gboolean
cut (const Peek *peek, GError **error)
{
  return eng_fail (error, ENG_ERROR_INVALID,
                   "%s is cut short or damaged at byte %" G_GUINT64_FORMAT ". Copy or train it again.", peek->name,
                   peek->at);
}

/* FALSE: it does not end before @n. */
static gboolean
read_varint (const guint8 *bytes, gsize n, gsize *at, guint64 *v)
{
  *v = 0;
  for (int shift = 0; shift < 64 && *at < n; shift += 7)
    {
      guint8 byte = bytes[(*at)++];
      *v |= (guint64)(byte & 0x7f) << shift;
      if (!(byte & 0x80))
        return TRUE;
    }
  return FALSE;
}

/* (transfer full) (nullable): text that can be shown and compared. */
static char *
read_text (const guint8 *bytes, gsize n)
{
  return g_utf8_validate_len ((const char *)bytes, n, NULL) ? g_strndup ((const char *)bytes, n) : NULL;
}

/* StringStringEntryProto: key = 1, value = 2. What is not text is no metadata of ours. */
static gboolean
read_entry (Peek *peek, const guint8 *bytes, gsize n)
{
  g_autofree char *key = NULL, *value = NULL;
  for (gsize at = 0; at < n;)
    {
      guint64 tag, length;
      if (!read_varint (bytes, n, &at, &tag) || (tag & 7) != 2 || !read_varint (bytes, n, &at, &length)
          || length > n - at)
        return FALSE;
      if (tag >> 3 == 1 || tag >> 3 == 2)
        {
          char **text = tag >> 3 == 1 ? &key : &value;
          g_free (*text);
          *text = read_text (bytes + at, (gsize)length);
        }
      at += (gsize)length;
    }
  if (key && value)
    g_hash_table_replace (peek->found, g_steal_pointer (&key), g_steal_pointer (&value));
  return TRUE;
}

static gboolean
take_entry (Peek *peek, guint64 length, GError **error)
{
  if (g_hash_table_size (peek->found) >= MAX_ENTRIES || length > MAX_BYTES || (peek->bytes += length) > MAX_BYTES)
    return eng_fail (error, ENG_ERROR_INVALID, "%s has more metadata than any explainer. It is damaged.", peek->name);
  g_autofree guint8 *bytes = g_malloc (length + 1);
  if (!eng_onnx_source_read (peek->source, peek->at, (gsize)length, bytes, error))
    {
      g_prefix_error (error, "%s could not be read: ", peek->name);
      return FALSE;
    }
  return read_entry (peek, bytes, (gsize)length) || cut (peek, error);
}

/* One outermost field; @peek stands behind it then. */
static gboolean
take_field (Peek *peek, GError **error)
{
  guint8 head[TAG_BYTES];
  guint64 tag, length = 0, left = peek->source->size - peek->at;
  gsize n = (gsize)MIN (left, sizeof head), at = 0;
  if (!eng_onnx_source_read (peek->source, peek->at, n, head, error))
    {
      g_prefix_error (error, "%s could not be read: ", peek->name);
      return FALSE;
    }
  if (!read_varint (head, n, &at, &tag))
    return cut (peek, error);
  switch (tag & 7)
    {
    case 0:
      if (!read_varint (head, n, &at, &length))
        return cut (peek, error);
      length = 0;
      break;
    case 1:
      length = 8;
      break;
    case 5:
      length = 4;
      break;
    case 2:
      if (read_varint (head, n, &at, &length))
        break;
      return cut (peek, error);
    default:
      return cut (peek, error);
    }
  if (length > left - at)
    return cut (peek, error);
  peek->at += at;
  if ((tag & 7) == 2 && tag >> 3 == METADATA_FIELD && !take_entry (peek, length, error))
    return FALSE;
  peek->at += length;
  return TRUE;
}

static GHashTable *
look (const OnnxSource *source, const char *name, GError **error)
{
  guint8 head[HEAD];
  gsize n = (gsize)MIN (source->size, HEAD);
  g_autoptr (GHashTable) found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  Peek peek = { .source = source, .name = name, .found = found };
  if (!eng_onnx_source_read (source, 0, n, head, error))
    {
      g_prefix_error (error, "%s could not be read: ", name);
      return NULL;
    }
  if (!eng_onnx_sniff (head, n, source->size, name, error))
    return NULL;
  for (int fields = 0; peek.at < source->size; fields++)
    if (fields == MAX_FIELDS)
      {
        eng_fail (error, ENG_ERROR_INVALID, "%s is not an ONNX model, or damaged.", name);
        return NULL;
      }
    else if (!take_field (&peek, error))
      return NULL;
  return g_steal_pointer (&found);
}

GHashTable *
eng_onnx_peek_bytes (GBytes *bytes, const char *name, GError **error)
{
  gsize n;
  OnnxSource source = { .fd = -1, .bytes = g_bytes_get_data (bytes, &n) };
  source.size = n;
  return look (&source, name, error);
}

GHashTable *
eng_onnx_peek (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  struct stat info;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  GHashTable *found = NULL;
  if (fd < 0 || fstat (fd, &info) < 0)
    eng_fail (error, ENG_ERROR_IO, "%s cannot be opened: %s. Check the name and the folder.", name,
              g_strerror (errno));
  else if (!S_ISREG (info.st_mode))
    eng_fail (error, ENG_ERROR_INVALID, "%s is %s, not a file. Choose an explainer.", name,
              S_ISDIR (info.st_mode) ? "a folder" : "a device");
  else
    found = look (&(OnnxSource){ .fd = fd, .size = (guint64)info.st_size }, name, error);
  if (fd >= 0)
    close (fd);
  return found;
}
