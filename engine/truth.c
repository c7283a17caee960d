/* See truth.h. */
#include "truth.h"

#include "error.h"
#include "file.h"

#include <string.h>

struct _EngTruth
{
  gatomicrefcount ref;
  GHashTable *labels; /* file name -> label */
};

EngTruth *
eng_truth_ref (EngTruth *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
eng_truth_unref (EngTruth *self)
{
  if (!g_atomic_ref_count_dec (&self->ref))
    return;
  g_hash_table_unref (self->labels);
  g_free (self);
}

/* ---- CSV ---- */

typedef struct
{
  const char *at, *end, *name; /* @name: of the file, for messages */
  char separator;
  guint line;
  GString *field;
} Csv;

/* The first of the usual ones in the first row. */
static char
guess_separator (const char *text, const char *end)
{
  gboolean quoted = FALSE;
  for (; text < end && (quoted || (*text != '\n' && *text != '\r')); text++)
    if (*text == '"')
      quoted = !quoted;
    else if (!quoted && (*text == ',' || *text == ';' || *text == '\t'))
      return *text;
  return ',';
}

/* Inside quotes everything is text, and "" is a quote. */
static gboolean
read_quoted (Csv *csv, GError **error)
{
  guint started = csv->line;
  for (csv->at++; csv->at < csv->end; csv->at++)
    {
      if (*csv->at == '"' && (csv->at + 1 == csv->end || csv->at[1] != '"'))
        {
          csv->at++;
          return TRUE;
        }
      csv->at += *csv->at == '"';
      csv->line += *csv->at == '\n';
      g_string_append_c (csv->field, *csv->at);
    }
  return eng_fail (error, ENG_ERROR_INVALID, "%s: the quotes opened in line %u are never closed. Close them.",
                   csv->name, started);
}

static gboolean
ends_field (const Csv *csv)
{
  return csv->at == csv->end || *csv->at == csv->separator || *csv->at == '\n' || *csv->at == '\r';
}

/* Into csv->field, without spaces around it; stops at what ended it. */
static gboolean
read_field (Csv *csv, GError **error)
{
  g_string_truncate (csv->field, 0);
  while (csv->at < csv->end && *csv->at == ' ')
    csv->at++;
  if (csv->at < csv->end && *csv->at == '"' && !read_quoted (csv, error))
    return FALSE;
  for (; !ends_field (csv); csv->at++)
    g_string_append_c (csv->field, *csv->at);
  if (csv->field->len > ENG_TRUTH_MAX_FIELD)
    return eng_fail (error, ENG_ERROR_INVALID, "%s: a field in line %u is longer than %d bytes. Write name,label.",
                     csv->name, csv->line, ENG_TRUTH_MAX_FIELD);
  g_strstrip (csv->field->str);
  csv->field->len = strlen (csv->field->str);
  return TRUE;
}

static void
end_row (Csv *csv)
{
  if (csv->at < csv->end && *csv->at == '\r')
    csv->at++;
  if (csv->at < csv->end && *csv->at == '\n')
    csv->at++;
  csv->line++;
}

/* The first two fields of a row; both NULL for an empty one. */
static gboolean
read_row (Csv *csv, char *fields[2], GError **error)
{
  guint line = csv->line, n = 0;
  do
    {
      csv->at += n > 0; /* the separator */
      if (!read_field (csv, error))
        return FALSE;
      if (n < 2)
        fields[n] = g_strdup (csv->field->str);
      n++;
    }
  while (csv->at < csv->end && *csv->at == csv->separator);
  end_row (csv);
  if (n == 1 && *fields[0] == '\0')
    {
      g_clear_pointer (&fields[0], g_free);
      return TRUE;
    }
  if (n == 1 || *fields[0] == '\0')
    return eng_fail (error, ENG_ERROR_INVALID, "%s: line %u has no %s. Write name,label in each line.", csv->name,
                     line, n == 1 ? "label" : "name");
  return TRUE;
}

static gboolean
is_title (const char *field)
{
  static const char *const titles[] = { "name", "file", "filename", "file_name", "image", "picture", "path", NULL };
  g_autofree char *lower = g_ascii_strdown (field, -1);
  return g_strv_contains (titles, lower);
}

/* After the last slash of either kind. */
static const char *
without_folder (const char *path)
{
  const char *name = path;
  for (; *path; path++)
    if (*path == '/' || *path == '\\')
      name = path + 1;
  return name;
}

static gboolean
read_rows (EngTruth *self, Csv *csv, GError **error)
{
  for (guint row = 0; csv->at < csv->end; row++)
    {
      char *fields[2] = { NULL, NULL };
      if (row >= ENG_TRUTH_MAX_ROWS)
        return eng_fail (error, ENG_ERROR_INVALID, "%s has more than %d rows.", csv->name, ENG_TRUTH_MAX_ROWS);
      gboolean fine = read_row (csv, fields, error);
      /* No label is no claim. */
      if (fine && fields[0] && *fields[1] && !(row == 0 && is_title (fields[0])))
        g_hash_table_replace (self->labels, g_strdup (without_folder (fields[0])), g_steal_pointer (&fields[1]));
      g_free (fields[0]);
      g_free (fields[1]);
      if (!fine)
        return FALSE;
    }
  if (g_hash_table_size (self->labels) == 0)
    return eng_fail (error, ENG_ERROR_INVALID, "%s names no picture. Write name,label in each line.", csv->name);
  return TRUE;
}

EngTruth *
eng_truth_parse (const char *text, gsize length, const char *name, GError **error)
{
  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0) /* byte order mark of Windows editors */
    text += 3, length -= 3;
  if (!g_utf8_validate_len (text, length, NULL))
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s is not UTF-8 text. Save it as CSV in UTF-8.", name);
      return NULL;
    }
  g_autoptr (GString) field = g_string_new (NULL);
  Csv csv = { text, text + length, name, guess_separator (text, text + length), 1, field };
  g_autoptr (EngTruth) self = g_new0 (EngTruth, 1);
  g_atomic_ref_count_init (&self->ref);
  self->labels = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return read_rows (self, &csv, error) ? g_steal_pointer (&self) : NULL;
}

EngTruth *
eng_truth_load (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autoptr (GBytes) bytes = eng_file_read (path, ENG_TRUTH_MAX_FILE, error);
  gsize length;
  const char *text = bytes ? g_bytes_get_data (bytes, &length) : NULL;
  return bytes ? eng_truth_parse (text ? text : "", length, name, error) : NULL;
}

guint
eng_truth_count (const EngTruth *self)
{
  return g_hash_table_size (self->labels);
}

const char *
eng_truth_find (const EngTruth *self, const char *file_name)
{
  return g_hash_table_lookup (self->labels, file_name);
}

/* ---- labels and classes ---- */

#define SHARED 0 /* in place of index + 1 */

static char *
plain (const char *label)
{
  char *text = g_utf8_casefold (label, -1);
  for (char *c = text; *c; c++)
    if (*c == '_' || *c == '-')
      *c = ' ';
  return g_strstrip (text);
}

static void
add_name (GHashTable *names, const char *label, int index)
{
  char *key = plain (label);
  gpointer there;
  if (g_hash_table_lookup_extended (names, key, NULL, &there) && GPOINTER_TO_INT (there) != index + 1)
    index = SHARED - 1;
  g_hash_table_replace (names, key, GINT_TO_POINTER (index + 1));
}

GHashTable *
eng_class_names (EngModel *model)
{
  GHashTable *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTable *parts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (int i = 0; i < eng_model_n_classes (model); i++)
    {
      const char *label = eng_model_label (model, i);
      add_name (names, label, i);
      g_auto (GStrv) words = g_strsplit (label, ",", -1);
      for (guint k = 0; words[k]; k++)
        add_name (parts, words[k], i);
    }
  /* A part of one name does not get in the way of another's whole name. */
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init (&iter, parts);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (!g_hash_table_contains (names, key))
      g_hash_table_insert (names, g_strdup (key), value);
  g_hash_table_unref (parts);
  return names;
}

int
eng_class_names_find (GHashTable *names, EngModel *model, const char *label, gboolean numbers)
{
  g_autofree char *key = plain (label);
  gpointer there;
  guint64 index;
  if (g_hash_table_lookup_extended (names, key, NULL, &there))
    return GPOINTER_TO_INT (there) - 1;
  if (numbers && g_ascii_string_to_unsigned (label, 10, 0, (guint64)eng_model_n_classes (model) - 1, &index, NULL))
    return (int)index;
  return -1;
}
