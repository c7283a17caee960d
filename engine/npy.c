/* NumPy's array files: magic, version, a Python dictionary as text, raw data
 * (numpy.lib.format, NEP 1). Little-endian machines only, as everything here. */
#include "npy.h"

#include "error.h"
#include "file.h"

#include <glib/gstdio.h>
#include <string.h>

#define MAGIC "\x93NUMPY"
#define MAGIC_LENGTH 6
#define MAX_FILE (G_GUINT64_CONSTANT (8) << 30)
#define ALIGNMENT 64 /* the data starts at a multiple of it, so that the file can be mapped */

GBytes *
eng_npy_encode (const float *data, const EngShape *shape)
{
  g_autoptr (GString) header = g_string_new ("{'descr': '<f4', 'fortran_order': False, 'shape': (");
  for (int i = 0; i < shape->rank; i++)
    g_string_append_printf (header, "%" G_GINT64_FORMAT "%s", shape->dim[i],
                            shape->rank == 1      ? ","
                            : i < shape->rank - 1 ? ", "
                                                  : "");
  g_string_append (header, "), }");
  while ((MAGIC_LENGTH + 4 + header->len + 1) % ALIGNMENT)
    g_string_append_c (header, ' ');
  g_string_append_c (header, '\n');

  gsize bytes = (gsize)eng_shape_count (shape) * sizeof *data;
  GByteArray *file = g_byte_array_sized_new (MAGIC_LENGTH + 4 + header->len + bytes);
  const guint8 preamble[] = { 1, 0, header->len & 0xff, header->len >> 8 };
  g_byte_array_append (file, (const guint8 *)MAGIC, MAGIC_LENGTH);
  g_byte_array_append (file, preamble, sizeof preamble);
  g_byte_array_append (file, (const guint8 *)header->str, header->len);
  if (bytes > 0)
    g_byte_array_append (file, (const guint8 *)data, bytes);
  return g_byte_array_free_to_bytes (file);
}

/* What one element of a file is: the letter, size and byte order of NumPy's type strings. */
typedef struct
{
  char kind; /* f: IEEE float, i, u: integers, b: bool */
  int size;  /* bytes */
  gboolean swap;
} Element;

/* Text after "'key':" in the header, white space skipped; NULL when the key is not there. */
static const char *
find_value (const char *header, const char *key)
{
  g_autofree char *quoted = g_strdup_printf ("'%s':", key);
  const char *at = strstr (header, quoted);
  if (!at)
    return NULL;
  at += strlen (quoted);
  return at + strspn (at, " ");
}

static gboolean
parse_shape (const char *text, EngShape *shape)
{
  *shape = (EngShape){ 0 };
  if (!text || *text++ != '(')
    return FALSE;
  for (;;)
    {
      text += strspn (text, " ,");
      if (*text == ')')
        return TRUE;
      char *end;
      if (shape->rank == ENG_MAX_RANK || !g_ascii_isdigit (*text))
        return FALSE;
      shape->dim[shape->rank++] = g_ascii_strtoll (text, &end, 10);
      text = end;
    }
}

/* "'<f4'" */
static gboolean
parse_element (const char *text, Element *e)
{
  static const char *const known[] = { "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1" };
  if (!text || text[0] != '\'' || !strchr ("<>|=", text[1]) || strlen (text) < 5 || text[4] != '\'')
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (strncmp (text + 2, known[i], 2) == 0)
      {
        *e = (Element){ known[i][0], known[i][1] - '0', text[1] == '>' };
        return TRUE;
      }
  return FALSE;
}

/* An element's bits, in this machine's byte order, in the low bytes. */
static guint64
bits_of (const Element *e, const guint8 *at)
{
  guint64 bits = 0;
  for (int i = 0; i < e->size; i++)
    bits |= (guint64)at[e->swap ? e->size - 1 - i : i] << (8 * i);
  return bits;
}

static float
float_of (const Element *e, const guint8 *at)
{
  guint64 bits = bits_of (e, at);
  if (e->size == 2)
    return eng_half_to_float ((guint16)bits);
  if (e->size == 8)
    {
      double v;
      memcpy (&v, &bits, sizeof v);
      return (float)v;
    }
  guint32 low = (guint32)bits;
  float v;
  memcpy (&v, &low, sizeof v);
  return v;
}

static int64_t
int_of (const Element *e, const guint8 *at)
{
  guint64 bits = bits_of (e, at);
  if (e->kind == 'i' && e->size < 8 && (bits >> (8 * e->size - 1) & 1))
    bits |= ~(guint64)0 << (8 * e->size);
  return (int64_t)bits;
}

/* Row-major @index -> position in a file whose first axis runs fastest. */
static gint64
fortran_position (const EngShape *shape, gint64 index)
{
  gint64 position = 0, stride[ENG_MAX_RANK], step = 1;
  for (int i = 0; i < shape->rank; i++)
    {
      stride[i] = step;
      step *= shape->dim[i];
    }
  for (int i = shape->rank - 1; i >= 0; i--)
    {
      position += index % shape->dim[i] * stride[i];
      index /= shape->dim[i];
    }
  return position;
}

static void
convert (EngTensor *tensor, const Element *e, gboolean fortran, const guint8 *data)
{
  gint64 n = eng_tensor_count (tensor);
  if (e->kind == 'f' && e->size == 4 && !e->swap && !fortran)
    {
      memcpy (tensor->f, data, n * sizeof (float));
      return;
    }
  for (gint64 i = 0; i < n; i++)
    {
      const guint8 *at = data + (fortran ? fortran_position (&tensor->shape, i) : i) * e->size;
      if (e->kind == 'f')
        tensor->f[i] = float_of (e, at);
      else
        tensor->i[i] = int_of (e, at);
    }
}

/* Logical type of the tensor: half and byte files keep theirs, all else is float or int64. */
static EngDtype
dtype_of (const Element *e)
{
  if (e->kind == 'f')
    return e->size == 2 ? ENG_DTYPE_FLOAT16 : ENG_DTYPE_FLOAT;
  return e->kind == 'u' && e->size == 1 ? ENG_DTYPE_UINT8 : ENG_DTYPE_INT64;
}

static EngTensor *
decode (const guint8 *file, gsize length, const char *name, GError **error)
{
  /* Version 1 has two bytes of header length, 2 and 3 have four. */
  gsize preamble = length > MAGIC_LENGTH && file[MAGIC_LENGTH] > 1 ? 12 : 10;
  if (length < preamble || memcmp (file, MAGIC, MAGIC_LENGTH) != 0 || file[MAGIC_LENGTH] > 3)
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s is not a NumPy array file. Save it with numpy.save().", name);
      return NULL;
    }
  gsize header_length = file[8] | file[9] << 8;
  if (preamble == 12)
    header_length |= (gsize)file[10] << 16 | (gsize)file[11] << 24;
  if (header_length > length - preamble)
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s ends inside its header. Copy it again.", name);
      return NULL;
    }
  g_autofree char *header = g_strndup ((const char *)file + preamble, header_length);
  const char *order = find_value (header, "fortran_order");
  gboolean fortran = order && g_str_has_prefix (order, "True");
  Element element;
  EngShape shape;
  if (!parse_element (find_value (header, "descr"), &element)
      || (!fortran && !(order && g_str_has_prefix (order, "False")))
      || !parse_shape (find_value (header, "shape"), &shape))
    {
      eng_fail (error, ENG_ERROR_UNSUPPORTED,
                "%s: the array is not of a kind that is read here. Save real numbers (for example float32) with at "
                "most %d axes.",
                name, ENG_MAX_RANK);
      return NULL;
    }
  if (!eng_shape_check (&shape, NULL))
    {
      eng_fail (error, ENG_ERROR_INVALID,
                "%s says that it holds more values than an array can have. Save it again, as one array of its own.",
                name);
      return NULL;
    }
  if ((gsize)eng_shape_count (&shape) * (gsize)element.size > length - preamble - header_length)
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s ends inside its data. Copy it again.", name);
      return NULL;
    }
  EngTensor *tensor = eng_tensor_try_new (dtype_of (&element), &shape, error);
  if (tensor)
    convert (tensor, &element, fortran, file + preamble + header_length);
  else
    g_prefix_error (error, "%s: ", name);
  return tensor;
}

EngTensor *
eng_npy_load (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autoptr (GBytes) bytes = eng_file_read (path, MAX_FILE, error);
  gsize length;
  const guint8 *file = bytes ? g_bytes_get_data (bytes, &length) : NULL;
  return bytes ? decode (file, length, name, error) : NULL;
}

/* Why a file cannot be written, by the code that GLib derives from errno. */
static const struct
{
  GFileError code;
  const char *reason, *remedy;
} write_errors[] = {
  { G_FILE_ERROR_NOSPC, "the disk is full", "Free some space, or choose a folder on another disk." },
  { G_FILE_ERROR_ACCES, "permission denied", "Choose a folder that you may write to." },
  { G_FILE_ERROR_PERM, "permission denied", "Choose a folder that you may write to." },
  { G_FILE_ERROR_ROFS, "the disk is read-only", "Choose another folder." },
  { G_FILE_ERROR_NOENT, "the folder does not exist", "Create it first." },
  { G_FILE_ERROR_NOTDIR, "a part of the path is a file", "Choose another folder." },
  { G_FILE_ERROR_ISDIR, "a folder has this name", "Choose another name." },
  { G_FILE_ERROR_NAMETOOLONG, "the name is too long", "Choose a shorter one." },
};

gboolean
eng_write_atomically (const char *path, GBytes *bytes, GError **error)
{
  g_autoptr (GError) inner = NULL;
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  GStatBuf info;
  /* rename() would quietly put a file in the place of a device or a pipe. */
  if (g_stat (path, &info) == 0 && !S_ISREG (info.st_mode) && !S_ISDIR (info.st_mode))
    return eng_fail (error, ENG_ERROR_IO, "%s cannot be written: it is a device or a pipe. Choose another name.",
                     path);
  if (g_file_set_contents_full (path, data ? data : "", length,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666, &inner))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (write_errors); i++)
    if (g_error_matches (inner, G_FILE_ERROR, write_errors[i].code))
      return eng_fail (error, ENG_ERROR_IO, "%s cannot be written: %s. %s", path, write_errors[i].reason,
                       write_errors[i].remedy);
  return eng_fail (error, ENG_ERROR_IO, "%s cannot be written: %s. Choose another folder.", path, inner->message);
}
