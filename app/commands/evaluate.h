/* The parts of evaluate: the list of pictures, the files, joining shards, the summary. */
#pragma once

#include "app/commands/plan.h"

G_BEGIN_DECLS

/* ---- what is to be scored ---- */
typedef struct
{
  char *path;
  char *shown;      /* as the table names it: @path, valid UTF-8 */
  char *class_name; /* "" where the model chooses */
  int class_index;  /* -1: the predicted one */
  char *refusal;    /* (nullable): why it cannot be scored */
} AppPicture;

/* One class of the model as tables name it: its label, and the index too where two classes share it. (transfer full)
 */
char *app_class_name (EngModel *model, int index);

/**
 * app_pictures_list:
 * @images: (nullable): files and folders
 * @list: (nullable): CSV, path,label in each row; paths are relative to its folder
 * @by_label: the class is the label's; else all are scored for @class_index
 * @failed: (out): set when a folder could not be read (after a message)
 *
 * Returns: (transfer full): AppPicture*, sorted by name and class, each once; NULL with an error.
 */
GPtrArray *app_pictures_list (EngModel *model, char **images, const char *list, gboolean by_label, int class_index,
                              gboolean *failed, GError **error);

/* ---- one picture ---- */
/* Everything that stays the same from picture to picture. */
typedef struct
{
  AppPlan plan;
  GPtrArray *protocols; /* const EngProtocol* */
  EngProtocolOptions options;
  const char *masks; /* (nullable): folder */
  gboolean curves;
  EngEvaluation *evaluation;
  EngScoreColumn *columns;
} AppScoring;

/* All rows of one picture, behind what @rows and @curves hold. FALSE with an error, or when it was interrupted: then
 * they hold a part. @label: for the progress line. */
gboolean app_scoring_run (AppScoring *work, const AppPicture *picture, const char *label, GString *rows,
                          GString *curves, GError **error);

/* ---- files ---- */
typedef struct
{
  char *scores, *settings, *summary, *summary_json, *curves; /* paths */
  int fd, curves_fd;                                         /* open for appending; -1 */
} AppScoreFiles;

/* FALSE with an error: @output does not end in .csv. */
gboolean app_score_files_init (AppScoreFiles *self, const char *output, GError **error);
void app_score_files_clear (AppScoreFiles *self);

/**
 * app_score_files_open:
 * @evaluation: what is asked for now
 * @pictures: AppPicture*
 * @force: begin anew, where the file is one of evaluate
 * @done: (out): a set of app_score_key()
 *
 * Begins new files, or goes on with those that a run with the same settings left behind: what was cut off is cut
 * away. A file that evaluate did not write is never touched.
 */
gboolean app_score_files_open (AppScoreFiles *self, const EngEvaluation *evaluation, GPtrArray *pictures,
                               gboolean force, GHashTable **done, GError **error);
char *app_score_key (const char *image, const char *class_name); /* (transfer full) */
/* One record, on the disk before it returns: curves first, so that scores never stand without them. When it fails
 * nothing of it is left. */
gboolean app_score_files_append (AppScoreFiles *self, const GString *rows, const GString *curves, GError **error);
gboolean app_score_files_write_settings (const AppScoreFiles *self, const EngEvaluation *evaluation, GError **error);

/* A table and what belongs to it, read back. */
typedef struct
{
  EngEvaluation *evaluation;
  EngScoreColumn *columns;
  guint n_columns;
  GMappedFile *text, *curves_text; /* @curves_text: (nullable) */
  EngScoreTable *table;
  gsize *curve_starts, *curve_ends; /* bytes of the curves of each record; NULL: no curves */
  gsize curves_sound;               /* as EngScoreTable.sound */
} AppScores;

AppScores *app_scores_load (const char *path, GError **error);
void app_scores_free (AppScores *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AppScores, app_scores_free)

extern const char *const app_curve_titles[];

/* ---- parts ---- */
/* Writes the records of all @parts (AppScores*) in order of picture and class, whole or not at all. */
gboolean app_scores_write_sorted (GPtrArray *parts, const AppScoreFiles *files, GError **error);
gboolean app_scores_are_sorted (const AppScores *self);
/* Joins the shards at @paths. */
gboolean app_scores_merge (char **paths, const AppScoreFiles *files, gboolean force, GError **error);

/* ---- summary ---- */
/* One method by one protocol. */
typedef struct
{
  const EngScoreColumn *column;
  const char *protocol_name, *against; /* @against: id of the method that it is compared with; NULL: itself */
  guint missing;                       /* pictures without a value */
  EngInterval mean, difference;
  EngWilcoxon test;
} AppSummaryLine;

/* (transfer container): a line for each column. NULL with an error: there are no scores of @against. */
AppSummaryLine *app_summary_make (const AppScores *scores, const char *against, GError **error);
/**
 * app_summary_write:
 * @against: (nullable): id of the method that the others are compared with; NULL: the first one
 *
 * Prints the table and writes it as CSV and JSON.
 */
gboolean app_summary_write (const AppScores *scores, const AppScoreFiles *files, const char *against, GError **error);

G_END_DECLS
