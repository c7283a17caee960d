/* See figure-open.h. Each container keeps the document as text between two marks: a PDF string, a PNG chunk, an XML
 * element. They are found by their marks, not by reading the format: what is between them has to be a figure. */
#include "ui/draw/figure-open.h"

#include <string.h>

#include "engine/engine.h"
#include "engine/file.h"
#include "ui/draw/bars.h"

#define PNG_KEY "sightline-figure"

static const char png_signature[] = "\x89PNG\r\n\x1a\n";

/* The first place of @needle at or after @from; NULL: none. */
static const char *
find (const char *from, const char *end, const char *needle)
{
  gsize n = strlen (needle);
  while (from && (gsize)(end - from) >= n)
    {
      const char *at = memchr (from, needle[0], (gsize)(end - from) - n + 1);
      if (!at || memcmp (at, needle, n) == 0)
        return at;
      from = at + 1;
    }
  return NULL;
}

/* ---- PDF ---- */

/* A literal string, after its opening bracket: \( \) \\ \n, \ooo, and \ at the end of a line, which is no part of it.
 * NULL: it does not end. */
static GString *
read_pdf_string (const char *at, const char *end)
{
  static const char letters[] = "nrtbf", meant[] = "\n\r\t\b\f";
  GString *out = g_string_new (NULL);
  for (int depth = 1; at < end; at++)
    {
      const char *letter;
      if (*at == '(')
        depth++;
      if (*at == ')' && --depth == 0)
        return out;
      if (*at != '\\')
        {
          g_string_append_c (out, *at);
          continue;
        }
      if (++at >= end)
        break;
      if (*at == '\n' || *at == '\r')
        {
          at += at + 1 < end && at[0] == '\r' && at[1] == '\n';
          continue;
        }
      if (*at >= '0' && *at <= '7')
        {
          int code = 0, n = 0;
          for (; n < 3 && at < end && *at >= '0' && *at <= '7'; n++)
            code = 8 * code + (*at++ - '0');
          at--;
          g_string_append_c (out, (char)code);
          continue;
        }
      letter = *at ? strchr (letters, *at) : NULL;
      g_string_append_c (out, letter ? meant[letter - letters] : *at);
    }
  g_string_free (out, TRUE);
  return NULL;
}

/* A string of hexadecimal digits, after its opening bracket, that holds UTF-16 with a mark; white space does not
 * count. NULL: it does not end, or is not that. */
static GString *
read_pdf_hex (const char *at, const char *end)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GArray) units = g_array_new (FALSE, FALSE, sizeof (gunichar2));
  int high = -1;
  for (; at < end && *at != '>'; at++)
    {
      int digit = g_ascii_xdigit_value (*at);
      if (digit < 0 && !g_ascii_isspace (*at))
        return NULL;
      if (digit < 0)
        continue;
      const guint8 byte = (guint8)(high * 16 + digit);
      if (high >= 0)
        g_byte_array_append (bytes, &byte, 1);
      high = high >= 0 ? -1 : digit;
    }
  if (at >= end || bytes->len < 2 || bytes->data[0] != 0xfe || bytes->data[1] != 0xff)
    return NULL;
  for (guint i = 2; i + 1 < bytes->len; i += 2)
    {
      gunichar2 unit = (gunichar2)(bytes->data[i] << 8 | bytes->data[i + 1]);
      g_array_append_val (units, unit);
    }
  g_autofree char *text = g_utf16_to_utf8 ((const gunichar2 *)(void *)units->data, units->len, NULL, NULL, NULL);
  return text ? g_string_new (text) : NULL;
}

/* The document's keywords: the last ones, where a program appended to the file. */
static GString *
find_in_pdf (const char *from, const char *end)
{
  const char *last = NULL;
  for (const char *at = from; (at = find (at, end, "/Keywords")); at++)
    last = at + strlen ("/Keywords");
  while (last && last < end && g_ascii_isspace (*last))
    last++;
  if (!last || last >= end)
    return NULL;
  return *last == '(' ? read_pdf_string (last + 1, end) : *last == '<' ? read_pdf_hex (last + 1, end) : NULL;
}

/* ---- PNG ---- */

static guint32
read_u32 (const char *at)
{
  guint32 value;
  memcpy (&value, at, sizeof value);
  return GUINT32_FROM_BE (value);
}

static GString *
find_in_png (const char *from, const char *end)
{
  const gsize key = sizeof PNG_KEY; /* with its NUL */
  for (const char *at = from + 8; end - at >= 12;)
    {
      guint32 length = read_u32 (at);
      if (length > (gsize)(end - at) - 12)
        return NULL;
      if (memcmp (at + 4, "tEXt", 4) == 0 && length > key && memcmp (at + 8, PNG_KEY, key) == 0)
        return g_string_new_len (at + 8 + key, (gssize)(length - key));
      at += 12 + (gsize)length;
    }
  return NULL;
}

/* ---- SVG ---- */

static GString *
find_in_svg (const char *from, const char *end)
{
  static const struct
  {
    const char *entity, *meant;
  } entities[] = { { "&quot;", "\"" }, { "&apos;", "'" }, { "&lt;", "<" },  { "&gt;", ">" },
                   { "&amp;", "&" },   { "&#39;", "'" },  { "&#34;", "\"" } };
  const char *start = find (from, end, "<metadata>"), *stop = start ? find (start, end, "</metadata>") : NULL;
  if (!stop)
    return NULL;
  start += strlen ("<metadata>");
  GString *out = g_string_new (NULL);
  while (start < stop)
    {
      guint i = 0;
      while (i < G_N_ELEMENTS (entities)
             && ((gsize)(stop - start) < strlen (entities[i].entity)
                 || memcmp (start, entities[i].entity, strlen (entities[i].entity)) != 0))
        i++;
      g_string_append_len (out, i < G_N_ELEMENTS (entities) ? entities[i].meant : start, 1);
      start += i < G_N_ELEMENTS (entities) ? strlen (entities[i].entity) : 1;
    }
  return out;
}

UiFigure *
ui_figure_open_bytes (GBytes *bytes, const char *name, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size), *end = data + size;
  GString *found = NULL;
  if (size > 8 && memcmp (data, png_signature, 8) == 0)
    found = find_in_png (data, end);
  else if (size > 5 && memcmp (data, "%PDF-", 5) == 0)
    found = find_in_pdf (data, end);
  else if (size > 5 && memcmp (data, "<?xml", 5) == 0)
    found = find_in_svg (data, end);
  else
    return size > 0 ? ui_figure_from_json (data, (gssize)size, name, error)
                    : ui_figure_from_json ("", 0, name, error);
  if (!found)
    {
      eng_fail (
          error, ENG_ERROR_INVALID,
          "%s holds no figure of Sightline: it was made or changed by another program, or is cut short. Open the "
          ".json that was written beside it.",
          name);
      return NULL;
    }
  UiFigure *self = NULL;
  if (find (found->str, found->str + found->len, "\"" UI_BARS_KIND "\""))
    eng_fail (error, ENG_ERROR_INVALID,
              "%s shows a table of scores as bars. Draw it from the table: sightline-cli figure --table SCORES.csv.",
              name);
  else
    self = ui_figure_from_json (found->str, (gssize)found->len, name, error);
  g_string_free (found, TRUE);
  return self;
}

UiFigure *
ui_figure_open (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = eng_file_read (path, UI_FIGURE_MAX_FILE, error);
  g_autofree char *name = g_filename_display_basename (path);
  return bytes ? ui_figure_open_bytes (bytes, name, error) : NULL;
}

/* ---- its files ---- */

/* Adds @path to the candidates when there is such a file. */
static void
consider (GPtrArray *candidates, char *path)
{
  if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
    g_ptr_array_add (candidates, path);
  else
    g_free (path);
}

static gboolean
locate (UiFigureFile *file, const char *folder, const char *const *folders)
{
  g_autoptr (GPtrArray) candidates = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *name = g_path_get_basename (file->path);
  if (g_path_is_absolute (file->path))
    consider (candidates, g_strdup (file->path));
  else
    consider (candidates, g_build_filename (folder, file->path, NULL));
  consider (candidates, g_build_filename (folder, name, NULL));
  for (; folders && *folders; folders++)
    {
      consider (candidates, g_build_filename (*folders, file->path, NULL));
      consider (candidates, g_build_filename (*folders, name, NULL));
    }
  if (candidates->len == 0)
    return FALSE;
  guint best = 0;
  for (guint i = 0; file->sha256 && candidates->len > 1 && i < candidates->len; i++)
    {
      g_autofree char *digest = eng_session_digest (candidates->pdata[i]);
      if (g_strcmp0 (digest, file->sha256) != 0)
        continue;
      best = i;
      break;
    }
  g_free (file->path);
  file->path = g_canonicalize_filename (candidates->pdata[best], NULL);
  return TRUE;
}

guint
ui_figure_locate (UiFigure *figure, const char *document, const char *const *folders)
{
  guint lost = 0;
  g_autofree char *folder = document ? g_path_get_dirname (document) : g_strdup (".");
  for (guint i = 0; i < figure->models->len; i++)
    lost += !locate (&ui_figure_model (figure, i)->file, folder, folders);
  for (guint i = 0; i < figure->rows->len; i++)
    lost += !locate (&ui_figure_row (figure, i)->picture, folder, folders);
  return lost;
}
