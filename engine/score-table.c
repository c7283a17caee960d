/* See evaluation.h: the table. */
#include "csv.h"
#include "error.h"
#include "evaluation.h"

#include <math.h>
#include <string.h>

#define N_TITLES 7

static void
record_free (gpointer data)
{
  EngScoreRecord *self = data;
  g_free (self->image);
  g_free (self->class_name);
  g_free (self);
}

void
eng_score_table_free (EngScoreTable *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->records);
  g_array_unref (self->values);
  g_free (self);
}

double
eng_score_table_value (const EngScoreTable *self, guint record, guint column)
{
  guint n = self->values->len / MAX (self->records->len, 1);
  return g_array_index (self->values, double, record *n + column);
}

gboolean
eng_score_table_is_one (const char *text, gsize length)
{
  g_autoptr (GString) titles = g_string_new (NULL);
  eng_csv_add_row (titles, eng_scores_titles);
  return length == 0 || memcmp (text, titles->str, MIN (length, titles->len)) == 0;
}

/* FALSE: not a number. An empty field is NAN. */
static gboolean
read_value (const char *text, double *out)
{
  char *end;
  *out = NAN;
  if (!*text)
    return TRUE;
  *out = g_ascii_strtod (text, &end);
  return !*end && isfinite (*out);
}

static gboolean
is_row (const EngCsv *csv, const EngScoreColumn *column, const EngScoreRecord *record, double *value)
{
  return csv->fields->len == N_TITLES && *eng_csv_field (csv, 0)
         && (!record->image || g_str_equal (eng_csv_field (csv, 0), record->image))
         && (!record->image || g_str_equal (eng_csv_field (csv, 1), record->class_name))
         && g_str_equal (eng_csv_field (csv, 2), column->method)
         && g_str_equal (eng_csv_field (csv, 3), column->metric)
         && g_str_equal (eng_csv_field (csv, 4), column->protocol)
         && g_str_equal (eng_csv_field (csv, 5), column->direction) && read_value (eng_csv_field (csv, 6), value);
}

/* The rows of one record from where @csv is. FALSE without an error: the text ends in it. */
static gboolean
read_record (EngScoreTable *self, EngCsv *csv, const char *text, const EngScoreColumn *columns, guint n,
             GError **error)
{
  EngScoreRecord record = { NULL, NULL, csv->at - text, 0 };
  guint before = self->values->len;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) inner = NULL;
      double value;
      /* Quotes that are still open at the end belong to a line that was cut off, unless they opened long ago. */
      if (!eng_csv_next (csv, &inner) ? !inner || (csv->at >= csv->end && csv->line - csv->row_line <= n)
                                      : !csv->ended)
        break;
      if (inner)
        g_propagate_error (error, g_steal_pointer (&inner));
      else if (!is_row (csv, &columns[i], &record, &value))
        eng_fail (error, ENG_ERROR_INVALID,
                  "%s: line %u was not written by “sightline-cli evaluate” with these settings. Name another file.",
                  csv->name, csv->row_line);
      if (*error)
        break;
      if (i == 0)
        {
          record.image = g_strdup (eng_csv_field (csv, 0));
          record.class_name = g_strdup (eng_csv_field (csv, 1));
        }
      g_array_append_val (self->values, value);
    }
  if (self->values->len < before + n)
    {
      g_array_set_size (self->values, before);
      g_free (record.image);
      g_free (record.class_name);
      return FALSE;
    }
  self->sound = record.end = csv->at - text;
  g_ptr_array_add (self->records, g_memdup2 (&record, sizeof record));
  return TRUE;
}

EngScoreTable *
eng_score_table_parse (const char *text, gsize length, const char *name, const EngScoreColumn *columns, guint n,
                       GError **error)
{
  g_auto (EngCsv) csv = { 0 };
  g_autoptr (GError) inner = NULL;
  g_autoptr (EngScoreTable) self = g_new0 (EngScoreTable, 1);
  self->records = g_ptr_array_new_with_free_func (record_free);
  self->values = g_array_new (FALSE, FALSE, sizeof (double));
  if (!eng_score_table_is_one (text, length))
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s is no table of scores: its first line is not that of evaluate.", name);
      return NULL;
    }
  /* A line without its end may stop inside a character. */
  while (length > 0 && text[length - 1] != '\n')
    length--;
  if (length == 0)
    return g_steal_pointer (&self);
  if (!eng_csv_init (&csv, text, length, name, error))
    return NULL;
  csv.longest = 65536;
  eng_csv_next (&csv, &inner); /* the titles */
  self->sound = csv.at - text;
  while (!inner && csv.at < csv.end && read_record (self, &csv, text, columns, n, &inner))
    ;
  if (!inner)
    return g_steal_pointer (&self);
  g_propagate_error (error, g_steal_pointer (&inner));
  return NULL;
}
