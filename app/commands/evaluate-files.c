/* See evaluate.h. A record is one write() at the end of the file and is on the disk before the next picture begins:
 * a run that is killed leaves whole records and at most one that is cut off, which the next run cuts away. */
#include "app/commands/evaluate.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const app_curve_titles[] = { "image", "class", "method", "protocol", "x", "y", NULL };

gboolean
app_score_files_init (AppScoreFiles *self, const char *output, GError **error)
{
  *self = (AppScoreFiles){ .fd = -1, .curves_fd = -1 };
  if (!g_str_has_suffix (output, ".csv") || g_str_has_suffix (output, "/.csv"))
    return eng_fail (error, ENG_ERROR_ARGUMENT, "--output %s has to end in .csv, as in scores.csv", output);
  g_autofree char *stem = g_strndup (output, strlen (output) - strlen (".csv"));
  self->scores = g_strdup (output);
  self->settings = g_strconcat (stem, ".json", NULL);
  self->summary = g_strconcat (stem, ".summary.csv", NULL);
  self->summary_json = g_strconcat (stem, ".summary.json", NULL);
  self->curves = g_strconcat (stem, ".curves.csv", NULL);
  return TRUE;
}

void
app_score_files_clear (AppScoreFiles *self)
{
  if (self->fd >= 0)
    close (self->fd);
  if (self->curves_fd >= 0)
    close (self->curves_fd);
  g_free (self->scores);
  g_free (self->settings);
  g_free (self->summary);
  g_free (self->summary_json);
  g_free (self->curves);
  *self = (AppScoreFiles){ .fd = -1, .curves_fd = -1 };
}

char *
app_score_key (const char *image, const char *class_name)
{
  return g_strdup_printf ("%s\n%s", image, class_name);
}

/* ---- reading back ---- */

static GMappedFile *
map_file (const char *path, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  g_autoptr (GError) inner = NULL;
  GStatBuf info;
  GMappedFile *file = NULL;
  if (g_stat (path, &info) == 0 && !S_ISREG (info.st_mode))
    eng_fail (error, ENG_ERROR_IO, "%s is not a file. Name a table of scores.", shown);
  else if (!(file = g_mapped_file_new (path, FALSE, &inner)))
    eng_fail (error, ENG_ERROR_IO, "%s cannot be read: %s.", shown, inner->message);
  else if (g_mapped_file_get_length (file) > ENG_EVALUATION_MAX_FILE)
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s is too large for a table of scores.", shown);
      g_clear_pointer (&file, g_mapped_file_unref);
    }
  return file;
}

static const char *
text_of (GMappedFile *file)
{
  const char *text = g_mapped_file_get_contents (file);
  return text ? text : ""; /* of an empty file */
}

/* key -> number of the record + 1 */
static GHashTable *
index_records (const EngScoreTable *table)
{
  GHashTable *index = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < table->records->len; i++)
    {
      const EngScoreRecord *record = table->records->pdata[i];
      g_hash_table_insert (index, app_score_key (record->image, record->class_name), GUINT_TO_POINTER (i + 1));
    }
  return index;
}

/* Each row belongs to a record of the table. Those at the end that do not are what a killed run left of pictures
 * whose scores are not there. */
static gboolean
take_curves (AppScores *self, EngCsv *csv, const char *text, GError **error)
{
  g_autoptr (GHashTable) index = index_records (self->table);
  gboolean left = FALSE;
  for (gsize from = csv->at - text; eng_csv_next (csv, NULL); from = csv->at - text)
    {
      g_autofree char *key = app_score_key (eng_csv_field (csv, 0), eng_csv_field (csv, 1));
      guint i = GPOINTER_TO_UINT (g_hash_table_lookup (index, key));
      gboolean follows = i > 0 && (self->curve_ends[i - 1] == 0 || self->curve_ends[i - 1] == from);
      if (i > 0 && (left || !follows))
        return eng_fail (error, ENG_ERROR_INVALID, "%s: line %u does not belong to the scores. Move the file away.",
                         csv->name, csv->row_line);
      left = i == 0;
      if (left)
        continue;
      if (self->curve_ends[i - 1] == 0)
        self->curve_starts[i - 1] = from;
      self->curves_sound = self->curve_ends[i - 1] = csv->at - text;
    }
  return TRUE;
}

static gboolean
find_curves (AppScores *self, const char *name, GError **error)
{
  g_auto (EngCsv) csv = { 0 };
  g_autoptr (GString) titles = g_string_new (NULL);
  const char *text = text_of (self->curves_text);
  gsize length = g_mapped_file_get_length (self->curves_text);
  eng_csv_add_row (titles, app_curve_titles);
  if (memcmp (text, titles->str, MIN (length, titles->len)) != 0)
    return eng_fail (error, ENG_ERROR_INVALID, "%s is no table of curves. Move it elsewhere.", name);
  while (length > 0 && text[length - 1] != '\n')
    length--;
  if (!eng_csv_init (&csv, text, length, name, error))
    return FALSE;
  csv.longest = 65536;
  self->curve_starts = g_new0 (gsize, self->table->records->len + 1);
  self->curve_ends = g_new0 (gsize, self->table->records->len + 1);
  eng_csv_next (&csv, NULL); /* the titles */
  self->curves_sound = csv.at - text;
  return take_curves (self, &csv, text, error);
}

void
app_scores_free (AppScores *self)
{
  if (!self)
    return;
  eng_evaluation_free (self->evaluation);
  eng_score_table_free (self->table);
  g_clear_pointer (&self->text, g_mapped_file_unref);
  g_clear_pointer (&self->curves_text, g_mapped_file_unref);
  g_free (self->columns);
  g_free (self->curve_starts);
  g_free (self->curve_ends);
  g_free (self);
}

/* @files: of the table to read. */
static AppScores *
load (const AppScoreFiles *files, GError **error)
{
  g_autofree char *name = g_filename_display_basename (files->scores);
  g_autofree char *curves_name = g_filename_display_basename (files->curves);
  g_autoptr (AppScores) self = g_new0 (AppScores, 1);
  if (!(self->text = map_file (files->scores, error)))
    return NULL;
  if (!eng_score_table_is_one (text_of (self->text), g_mapped_file_get_length (self->text)))
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s was not written by “sightline-cli evaluate”. It is left as it is.",
                name);
      return NULL;
    }
  if (!(self->evaluation = eng_evaluation_load (files->settings, error)))
    {
      g_prefix_error (error, "%s cannot be used without what stands beside it: ", name);
      return NULL;
    }
  self->columns = eng_evaluation_columns (self->evaluation, &self->n_columns);
  self->table = eng_score_table_parse (text_of (self->text), g_mapped_file_get_length (self->text), name,
                                       self->columns, self->n_columns, error);
  if (!self->table)
    return NULL;
  if (self->evaluation->curves
      && (!(self->curves_text = map_file (files->curves, error)) || !find_curves (self, curves_name, error)))
    return NULL;
  return g_steal_pointer (&self);
}

AppScores *
app_scores_load (const char *path, GError **error)
{
  AppScoreFiles files;
  if (!app_score_files_init (&files, path, error))
    return NULL;
  AppScores *self = load (&files, error);
  app_score_files_clear (&files);
  return self;
}

/* ---- writing ---- */

static gboolean
fail_write (const char *path, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  return eng_fail (error, ENG_ERROR_IO, "%s cannot be written to: %s. Make room or name another file with --output.",
                   shown, g_strerror (errno));
}

static int
open_for_appending (const char *path, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  GStatBuf info;
  if (g_stat (path, &info) == 0 && !S_ISREG (info.st_mode))
    {
      eng_fail (error, ENG_ERROR_IO, "%s is not a file. Name another with --output.", shown);
      return -1;
    }
  int fd = open (path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0)
    fail_write (path, error);
  else if (flock (fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    {
      eng_fail (error, ENG_ERROR_IO, "Another evaluate is writing to %s. Wait for it or name another file.", shown);
      close (fd);
      return -1;
    }
  return fd;
}

/* All of @text behind what is there, and on the disk. When it fails, the file is as it was. */
static gboolean
append (int fd, const char *path, const GString *text, GError **error)
{
  off_t before = lseek (fd, 0, SEEK_END);
  gsize done = 0;
  while (done < text->len)
    {
      gssize n = write (fd, text->str + done, text->len - done);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      done += n;
    }
  if (done == text->len && fdatasync (fd) == 0)
    return TRUE;
  fail_write (path, error);
  if (ftruncate (fd, before) != 0)
    g_prefix_error (error, "The last record is cut off; a further run takes it away. ");
  return FALSE;
}

gboolean
app_score_files_append (AppScoreFiles *self, const GString *rows, const GString *curves, GError **error)
{
  return (self->curves_fd < 0 || append (self->curves_fd, self->curves, curves, error))
         && append (self->fd, self->scores, rows, error);
}

gboolean
app_score_files_write_settings (const AppScoreFiles *self, const EngEvaluation *evaluation, GError **error)
{
  char *text = eng_evaluation_encode (evaluation);
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));
  return eng_write_atomically (self->settings, bytes, error);
}

/* ---- new, or going on ---- */

static gboolean
is_empty (const char *path)
{
  GStatBuf info;
  return g_stat (path, &info) != 0 || (S_ISREG (info.st_mode) && info.st_size == 0);
}

/* What lies there under the names that will be written may be somebody's work. */
static gboolean
check_neighbours (const AppScoreFiles *self, gboolean curves, GError **error)
{
  const char *paths[] = { self->summary, self->summary_json, curves ? self->curves : NULL };
  g_autoptr (EngEvaluation) there = NULL;
  g_autoptr (GError) foreign = NULL;
  if (!is_empty (self->settings) && !(there = eng_evaluation_load (self->settings, &foreign)))
    return eng_fail (error, ENG_ERROR_IO, "%s It would be written over; name another --output.", foreign->message);
  for (guint i = 0; !there && i < G_N_ELEMENTS (paths); i++)
    if (paths[i] && !is_empty (paths[i]))
      {
        g_autofree char *shown = g_filename_display_name (paths[i]);
        return eng_fail (error, ENG_ERROR_IO, "%s is there already and would be written over; name another --output.",
                         shown);
      }
  return TRUE;
}

/* Empties what is there and writes the titles. */
static gboolean
begin (AppScoreFiles *self, const EngEvaluation *evaluation, GError **error)
{
  g_autoptr (GString) titles = g_string_new (NULL), curve_titles = g_string_new (NULL);
  eng_csv_add_row (titles, eng_scores_titles);
  eng_csv_add_row (curve_titles, app_curve_titles);
  if (ftruncate (self->fd, 0) != 0 || (self->curves_fd >= 0 && ftruncate (self->curves_fd, 0) != 0))
    return fail_write (self->scores, error);
  g_unlink (self->summary);
  g_unlink (self->summary_json);
  return app_score_files_write_settings (self, evaluation, error)
         && (self->curves_fd < 0 || append (self->curves_fd, self->curves, curve_titles, error))
         && append (self->fd, self->scores, titles, error);
}

static gboolean
take_done (const AppScores *there, const EngEvaluation *evaluation, GPtrArray *pictures, GHashTable *done,
           GError **error)
{
  g_autoptr (GHashTable) asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gboolean by_label = g_str_equal (evaluation->class_text, "label");
  for (guint i = 0; i < pictures->len; i++)
    {
      const AppPicture *picture = pictures->pdata[i];
      g_hash_table_add (asked, app_score_key (picture->shown, picture->class_name));
    }
  for (guint i = 0; i < there->table->records->len; i++)
    {
      const EngScoreRecord *record = there->table->records->pdata[i];
      char *key = app_score_key (record->image, by_label ? record->class_name : "");
      g_hash_table_add (done, key);
      if (!g_hash_table_contains (asked, key))
        return eng_fail (error, ENG_ERROR_ARGUMENT,
                         "It has scores of %s, which is not among the pictures asked for now.", record->image);
    }
  return TRUE;
}

/* FALSE with an error that begins behind "...csv: ". */
static gboolean
resume (AppScoreFiles *self, const EngEvaluation *evaluation, GPtrArray *pictures, GHashTable *done, GError **error)
{
  g_autoptr (AppScores) there = load (self, error);
  if (!there)
    return FALSE;
  g_autofree char *difference = eng_evaluation_difference (there->evaluation, evaluation);
  if (difference)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "It was made with other settings: %s.", difference);
  if (there->evaluation->shard != evaluation->shard || there->evaluation->shards != evaluation->shards)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "It is shard %d/%d, and now %d/%d is asked for.",
                     there->evaluation->shard, there->evaluation->shards, evaluation->shard, evaluation->shards);
  if (!take_done (there, evaluation, pictures, done, error))
    return FALSE;
  off_t sound = there->table->sound;
  if (ftruncate (self->fd, sound) != 0
      || (there->curve_ends && ftruncate (self->curves_fd, there->curves_sound) != 0))
    return fail_write (self->scores, error);
  return sound > 0 || begin (self, evaluation, error); /* the titles were cut off */
}

gboolean
app_score_files_open (AppScoreFiles *self, const EngEvaluation *evaluation, GPtrArray *pictures, gboolean force,
                      GHashTable **done, GError **error)
{
  g_autofree char *shown = g_filename_display_name (self->scores);
  gboolean is_new = is_empty (self->scores);
  *done = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!is_new)
    {
      /* What evaluate did not write is left alone, whatever is asked for. */
      g_autoptr (GMappedFile) file = map_file (self->scores, error);
      if (!file)
        return FALSE;
      if (!eng_score_table_is_one (text_of (file), g_mapped_file_get_length (file)))
        return eng_fail (
            error, ENG_ERROR_IO,
            "%s was not written by “sightline-cli evaluate” and is left as it is. Name another --output.", shown);
    }
  if ((is_new || force) && !check_neighbours (self, evaluation->curves, error))
    return FALSE;
  if ((self->fd = open_for_appending (self->scores, error)) < 0
      || (evaluation->curves && (self->curves_fd = open_for_appending (self->curves, error)) < 0))
    return FALSE;
  if (is_new || force)
    return begin (self, evaluation, error);
  if (resume (self, evaluation, pictures, *done, error))
    return TRUE;
  g_prefix_error (error, "%s: ", shown);
  g_autoptr (GError) why = g_steal_pointer (error);
  return eng_fail (error, ENG_ERROR_ARGUMENT, "%s Name another --output, or begin anew with --force.", why->message);
}
