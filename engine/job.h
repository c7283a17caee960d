/* One explanation under way. Inputs are fixed at birth; outputs are properties that change on the
 * main thread only (or on the calling thread of eng_job_run()). */
#pragma once

#include "method.h"

G_BEGIN_DECLS

#define ENG_TYPE_JOB (eng_job_get_type ())
G_DECLARE_FINAL_TYPE (EngJob, eng_job, ENG, JOB, GObject)

typedef enum
{
  ENG_JOB_QUEUED,
  ENG_JOB_RUNNING,
  ENG_JOB_DONE,
  ENG_JOB_CANCELLED, /* heatmap holds the last preview, if any */
  ENG_JOB_FAILED
} EngJobState;

/**
 * eng_job_new:
 * @class_index: class to explain; -1: the predicted one
 * @contrast: explain @class_index rather than this class; -1: the class alone. Only where the method allows it
 * @layer: (nullable): name of a target, or several with commas between; NULL: the method's default
 * @values: (transfer full) (nullable): parameters; NULL: defaults
 */
EngJob *eng_job_new (EngModel *model, EngImage *image, const EngMethod *method, int class_index, int contrast,
                     const char *layer, EngValues *values, guint64 seed);

/**
 * eng_job_continue_from:
 * @stopped: a result of the same inputs that was cut short by eng_job_stop()
 *
 * Before the job starts: it goes on where that one ended, and ends with the same map, bit for bit, as a run that was
 * never stopped. Returns: FALSE when @stopped is of other inputs or eng_heatmap_can_continue() denies it.
 */
gboolean eng_job_continue_from (EngJob *self, EngHeatmap *stopped);
/* Runs on the calling thread; progress signals come on it. TRUE when done. */
gboolean eng_job_run (EngJob *self, GError **error);
/* From this priority on, work lets everything that is more urgent in between two of its steps: whole jobs too. */
#define ENG_PRIORITY_BACKGROUND 2000
/* Queues on the engine thread; properties change and "changed" is emitted on the main context.
 * @priority: smaller runs first. */
void eng_job_start (EngJob *self, int priority);
/* Any thread. A queued job ends at once, a running one within one step. */
void eng_job_cancel (EngJob *self);
/* Any thread. Ends soon with what has been computed as its result (the heatmap says how much that is). A method that
 * cannot be cut short is cancelled. */
void eng_job_stop (EngJob *self);

EngJobState eng_job_state (EngJob *self);
/* 0 .. 1; @done of @total units; @eta in seconds, < 0: not known yet. Any may be NULL. */
double eng_job_progress (EngJob *self, guint *done, guint *total, double *eta);
const char *eng_job_unit (EngJob *self);    /* what is counted: "steps" */
double eng_job_convergence (EngJob *self);  /* see eng_job_report_convergence(); NAN: not known */
EngHeatmap *eng_job_heatmap (EngJob *self); /* (transfer none) (nullable): result, or newest preview */
const GError *eng_job_error (EngJob *self); /* (nullable) */
EngModel *eng_job_model (EngJob *self);
EngImage *eng_job_image (EngJob *self);
const EngMethod *eng_job_method (EngJob *self);
int eng_job_class_index (EngJob *self);   /* -1 until known */
int eng_job_contrast (EngJob *self);      /* -1: none */
const char *eng_job_layer (EngJob *self); /* (nullable): as given at birth */
const EngValues *eng_job_values (EngJob *self);
guint64 eng_job_seed (EngJob *self);

/* ---- for methods, on the engine thread ---- */
/**
 * eng_job_step:
 * @preview: (transfer full) (nullable): map so far
 *
 * The one call inside every long loop: reports, previews, honours cancel. Make previews only when
 * eng_job_preview_due(). A loop that can be cut short (ENG_ALLOWS_STOP) ends when eng_job_stopping().
 * Returns: FALSE with ENG_ERROR_CANCELLED when the job is to stop.
 */
gboolean eng_job_step (EngJob *self, guint done, guint total, const char *unit, EngHeatmap *preview, GError **error);
/* TRUE a few times a second: time to make a preview and to measure convergence. */
gboolean eng_job_preview_due (EngJob *self);
gboolean eng_job_stopping (EngJob *self);
/* For methods that add up independent items. What an earlier run had summed up, the @n numbers of eng_job_save(), and
 * the item to go on with. NULL: this run begins with item 0. Owned by the job. */
const double *eng_job_saved (EngJob *self, gsize n, int *first);
/* When a run was cut short: where to write the @n numbers from which item @first can be gone on with, before the
 * result is made. NULL: it is whole, or one part of several, and nothing is kept. */
double *eng_job_save (EngJob *self, gsize n, int first);
/* The same for a state of any kind, @size bytes. @map: (out): the result of the earlier run, owned by the job. */
const guint8 *eng_job_saved_bytes (EngJob *self, gsize *size, EngHeatmap **map);
guint8 *eng_job_save_bytes (EngJob *self, gsize size);
/* How far the result is settled, at most 1: rank correlation between two independent halves of the samples; for
 * optimisers between the map now and the map at half the steps. */
void eng_job_report_convergence (EngJob *self, double correlation);
/* Something measured about the result; replaces an earlier note of the same @id. @text: for people, taken over. */
void eng_job_note (EngJob *self, const char *id, double value, char *text);
/* What the method explains; valid during explain(). pixels: 3 x H x W in [0,1]; input: C x H x W. Owned by the job.
 */
const float *eng_job_pixels (EngJob *self);
const float *eng_job_input (EngJob *self);
/* Chosen or default target; NULL when the method needs no grid. */
const EngTarget *eng_job_target (EngJob *self);
/* Softmax probabilities and logits of the untouched picture, K values. Owned by the job. */
const float *eng_job_logits (EngJob *self);
/* Counts work in single images for the provenance. */
void eng_job_count (EngJob *self, guint64 forward, guint64 backward);
/* A heatmap of this job with geometry and provenance filled in. @layer: (nullable). */
EngHeatmap *eng_job_make_heatmap (EngJob *self, const float *values, int channels, int rows, int cols,
                                  EngUpsample upsample, const char *layer, const char *selected);

/* ---- the engine thread ---- */
/* Runs @func on the engine thread, then @done on the main context; either may be NULL. @func may take long.
 * @priority: smaller runs first; below 0: urgent, it also runs between two steps of a job and has to be short. */
void eng_engine_push (int priority, void (*func) (gpointer data), void (*done) (gpointer data), gpointer data);
/* Runs the urgent tasks that wait, if this is the engine thread; else nothing. Between two steps of long work. */
void eng_engine_yield (void);
/* Cancels all jobs, waits for the engine thread, delivers what is left. At quit only. */
void eng_engine_shutdown (void);

G_END_DECLS
