/* See evaluate.h: records in order of picture and class, from one table or from the shards of one. */
#include "app/commands/evaluate.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One record of one part. */
typedef struct
{
  const AppScores *part;
  guint record;
} Place;

static const EngScoreRecord *
record_of (const Place *place)
{
  return place->part->table->records->pdata[place->record];
}

static int
compare_records (const EngScoreRecord *a, const EngScoreRecord *b)
{
  int order = strcmp (a->image, b->image);
  return order ? order : strcmp (a->class_name, b->class_name);
}

static int
compare_places (gconstpointer a, gconstpointer b)
{
  return compare_records (record_of (a), record_of (b));
}

gboolean
app_scores_are_sorted (const AppScores *self)
{
  for (guint i = 1; i < self->table->records->len; i++)
    if (compare_records (self->table->records->pdata[i - 1], self->table->records->pdata[i]) > 0)
      return FALSE;
  return TRUE;
}

/* (transfer full): Place, sorted */
static GArray *
sort_places (GPtrArray *parts)
{
  GArray *places = g_array_new (FALSE, FALSE, sizeof (Place));
  for (guint p = 0; p < parts->len; p++)
    {
      const AppScores *part = parts->pdata[p];
      for (guint i = 0; i < part->table->records->len; i++)
        g_array_append_val (places, ((Place){ part, i }));
    }
  g_array_sort (places, compare_places);
  return places;
}

static gboolean
write_titles (FILE *to, const char *const *titles)
{
  g_autoptr (GString) row = g_string_new (NULL);
  eng_csv_add_row (row, titles);
  return fwrite (row->str, 1, row->len, to) == row->len;
}

static gboolean
write_place (FILE *to, const Place *place, gboolean curves)
{
  const AppScores *part = place->part;
  const EngScoreRecord *record = record_of (place);
  gsize start = curves ? part->curve_starts[place->record] : record->start;
  gsize end = curves ? part->curve_ends[place->record] : record->end;
  const char *text = g_mapped_file_get_contents (curves ? part->curves_text : part->text);
  return fwrite (text + start, 1, end - start, to) == end - start;
}

/* Beside @path, then in its place. */
static gboolean
write_table (const char *path, GArray *places, gboolean curves, GError **error)
{
  g_autofree char *temporary = g_strdup_printf ("%s.%d.part", path, (int)getpid ());
  g_autofree char *shown = g_filename_display_name (path);
  FILE *to = fopen (temporary, "wxe");
  gboolean fine = to && write_titles (to, curves ? app_curve_titles : eng_scores_titles);
  for (guint i = 0; fine && i < places->len; i++)
    fine = write_place (to, &g_array_index (places, Place, i), curves);
  fine = fine && fflush (to) == 0 && fsync (fileno (to)) == 0;
  if (to && fclose (to) != 0)
    fine = FALSE;
  if (fine && g_rename (temporary, path) == 0)
    return TRUE;
  eng_fail (error, ENG_ERROR_IO, "%s cannot be written: %s. Make room or name another file with --output.", shown,
            g_strerror (errno));
  if (to)
    g_unlink (temporary);
  return FALSE;
}

gboolean
app_scores_write_sorted (GPtrArray *parts, const AppScoreFiles *files, GError **error)
{
  const AppScores *first = parts->pdata[0];
  g_autoptr (GArray) places = sort_places (parts);
  return (!first->evaluation->curves || write_table (files->curves, places, TRUE, error))
         && write_table (files->scores, places, FALSE, error);
}

/* ---- shards ---- */

static gboolean
check_part (GPtrArray *parts, const char *path, const AppScores *part, gboolean *seen, GError **error)
{
  const AppScores *first = parts->len > 0 ? parts->pdata[0] : part;
  const EngEvaluation *a = first->evaluation, *b = part->evaluation;
  g_autofree char *shown = g_filename_display_name (path);
  g_autofree char *difference = eng_evaluation_difference (a, b);
  if (difference)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "%s does not belong to the first part: %s.", shown, difference);
  if (a->shards != b->shards || a->pictures != b->pictures)
    return eng_fail (error, ENG_ERROR_ARGUMENT,
                     "%s is shard %d/%d of %d pictures, the first part is one of %d of %d pictures.", shown, b->shard,
                     b->shards, b->pictures, a->shards, a->pictures);
  if (seen[b->shard - 1])
    return eng_fail (error, ENG_ERROR_ARGUMENT, "%s is shard %d/%d, which is there already.", shown, b->shard,
                     b->shards);
  /* Shard i has the pictures i, i + n, i + 2 n ... */
  guint expected = (guint)((b->pictures - b->shard + b->shards) / b->shards);
  if (part->table->records->len + b->failures->len != expected)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "%s is not finished: %u of its %u pictures are there. Run it again.",
                     shown, part->table->records->len, expected);
  seen[b->shard - 1] = TRUE;
  return TRUE;
}

/* What the parts have in common, with the failures of all. */
static void
join_settings (GPtrArray *parts)
{
  EngEvaluation *whole = ((AppScores *)parts->pdata[0])->evaluation;
  for (guint p = 1; p < parts->len; p++)
    {
      GPtrArray *failures = ((AppScores *)parts->pdata[p])->evaluation->failures;
      for (guint i = 0; i < failures->len; i++)
        {
          const EngEvaluationFailure *f = failures->pdata[i];
          eng_evaluation_add_failure (whole, f->image, f->class_name, f->reason);
        }
    }
  eng_evaluation_sort_failures (whole);
  whole->shard = whole->shards = 1;
}

static gboolean
may_write (const AppScoreFiles *files, gboolean force, GError **error)
{
  const char *paths[] = { files->scores, files->settings, files->summary, files->summary_json, files->curves };
  g_autofree char *shown = g_filename_display_name (files->scores);
  gboolean there = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    there = there || g_file_test (paths[i], G_FILE_TEST_EXISTS);
  if (!there)
    return TRUE;
  g_autoptr (AppScores) old = app_scores_load (files->scores, NULL);
  if (old && force)
    return TRUE;
  return eng_fail (error, ENG_ERROR_IO,
                   old ? "%s is there already. Name another --output, or replace it with --force."
                       : "%s, or a file that belongs to it, is there already and no finished "
                         "evaluation. Name another --output.",
                   shown);
}

gboolean
app_scores_merge (char **paths, const AppScoreFiles *files, gboolean force, GError **error)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify)app_scores_free);
  g_autofree gboolean *seen = NULL;
  for (; *paths; paths++)
    {
      AppScores *part = app_scores_load (*paths, error);
      if (!part)
        return FALSE;
      if (!seen)
        seen = g_new0 (gboolean, part->evaluation->shards);
      gboolean fits = check_part (parts, *paths, part, seen, error);
      g_ptr_array_add (parts, part);
      if (!fits)
        return FALSE;
    }
  int shards = ((AppScores *)parts->pdata[0])->evaluation->shards;
  for (int i = 0; i < shards; i++)
    if (!seen[i])
      return eng_fail (error, ENG_ERROR_ARGUMENT, "Shard %d/%d is missing. Name all parts.", i + 1, shards);
  if (!may_write (files, force, error))
    return FALSE;
  join_settings (parts);
  return app_score_files_write_settings (files, ((AppScores *)parts->pdata[0])->evaluation, error)
         && app_scores_write_sorted (parts, files, error);
}
