/* See truth.h. */
#include "truth.h"

#include "csv.h"
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

/* ---- the table ---- */

gboolean
eng_truth_is_title (const char *field)
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

/* An empty line is passed over. */
static gboolean
take_row (EngTruth *self, const EngCsv *csv, guint row, GError **error)
{
  const char *name = eng_csv_field (csv, 0), *label = eng_csv_field (csv, 1);
  guint n = csv->fields->len;
  if (n == 1 && !*name)
    return TRUE;
  if (n == 1 || !*name)
    return eng_fail (error, ENG_ERROR_INVALID, "%s: line %u has no %s. Write name,label in each line.", csv->name,
                     csv->row_line, n == 1 ? "label" : "name");
  if (row >= ENG_TRUTH_MAX_ROWS)
    return eng_fail (error, ENG_ERROR_INVALID, "%s has more than %d rows.", csv->name, ENG_TRUTH_MAX_ROWS);
  /* No label is no claim. */
  if (*label && !(row == 0 && eng_truth_is_title (name)))
    g_hash_table_replace (self->labels, g_strdup (without_folder (name)), g_strdup (label));
  return TRUE;
}

EngTruth *
eng_truth_parse (const char *text, gsize length, const char *name, GError **error)
{
  g_auto (EngCsv) csv = { 0 };
  if (!eng_csv_init (&csv, text, length, name, error))
    return NULL;
  csv.trim = TRUE;
  csv.longest = ENG_TRUTH_MAX_FIELD;
  csv.most = 2;
  eng_csv_guess_separator (&csv);
  g_autoptr (GError) inner = NULL;
  g_autoptr (EngTruth) self = g_new0 (EngTruth, 1);
  g_atomic_ref_count_init (&self->ref);
  self->labels = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint row = 0; eng_csv_next (&csv, &inner) && take_row (self, &csv, row, &inner); row++)
    ;
  if (inner)
    g_propagate_error (error, g_steal_pointer (&inner));
  else if (g_hash_table_size (self->labels) == 0)
    eng_fail (error, ENG_ERROR_INVALID, "%s names no picture. Write name,label in each line.", name);
  else
    return g_steal_pointer (&self);
  return NULL;
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
