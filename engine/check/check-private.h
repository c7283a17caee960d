/* Private to engine/: the work of a check, one run at a time, without threads (check-run.c), and what the end of the
 * program needs. */
#pragma once

#include "check.h"

typedef struct _EngCheckWork EngCheckWork;

struct _EngCheckWork
{
  EngModel *model;
  EngImage *image;
  const EngMethod *method;
  int class_index, contrast;
  char *layer;
  EngValues *values;
  guint64 seed;
  EngCheckSettings settings;
  gboolean drew_nothing;
  int width, height;   /* of the model input */
  GPtrArray *runs;     /* EngCheckRun*, atomic boxes */
  GPtrArray *at_input; /* float*: their maps, height x width; NULL entries for failed ones */
  EngCheckRun *next;   /* under way */
  /* what differs */
  EngModel *view_model; /* takes what the model sees as a picture, as it is */
  guint8 *view;         /* height x width x 3 */
  GPtrArray *layers;    /* of eng_redraw_layers() */
  GHashTable *table;    /* of eng_redraw_table() */
  /* of all pairs */
  double rank_sum, lowest, overlap_sum;
  guint pairs;
};

/* Takes nothing over but @values. */
EngCheckWork *eng_check_work_new (EngModel *model, EngImage *image, const EngMethod *method, int class_index,
                                  int contrast, const char *layer, EngValues *values, guint64 seed,
                                  const EngCheckSettings *settings);
void eng_check_work_free (EngCheckWork *self);
/* The next run's job, (transfer full); NULL: nothing is left, or with an error. */
EngJob *eng_check_work_next (EngCheckWork *self, GError **error);
/* Takes what the job came to: its map, or NULL and @failure. FALSE with an error when the check cannot go on. */
gboolean eng_check_work_take (EngCheckWork *self, EngJob *job, const GError *failure, GError **error);
/* Maps in all: the model's own counts among a stability check's runs, not among the stages. */
guint eng_check_work_maps (const EngCheckWork *self);
guint eng_check_work_done (EngCheckWork *self);
guint eng_check_work_total (EngCheckWork *self);
/* (transfer full): all that is known so far */
EngCheckResult *eng_check_work_result (EngCheckWork *self);

void eng_check_run_unref (gpointer run); /* EngCheckRun*, an atomic box */

void eng_check_cancel_all (void); /* every check that was started and has not finished */
