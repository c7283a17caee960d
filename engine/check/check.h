/* A check of one map under way: is it stable, and does it depend on what the model has learned?
 *
 * Stability: the method runs again and again with another seed or, where it draws no random numbers, on a picture
 * that is changed a little. Sanity: the model parameter randomisation test of Adebayo, Gilmer, Muelly, Goodfellow,
 * Hardt, Kim: Sanity Checks for Saliency Maps, NeurIPS 2018, section 3 (cascading randomisation): the method runs on
 * copies of the model whose weights are re-drawn from the logits downwards (redraw.h), and each map is compared with
 * the model's own. A map that stays the same shows the picture, not the model.
 *
 * Inputs are fixed at birth, as a job's are. */
#pragma once

#include "../job.h"

G_BEGIN_DECLS

typedef enum
{
  ENG_CHECK_STABILITY,
  ENG_CHECK_SANITY
} EngCheckKind;

/* What differs from run to run of a stability check. */
typedef enum
{
  ENG_VARY_AUTOMATIC, /* the seed; noise where two seeds give the same map */
  ENG_VARY_SEED,
  ENG_VARY_NOISE, /* Gaussian noise on what the model sees */
  ENG_VARY_SHIFT, /* what the model sees moved by one pixel, the border repeated; maps are moved back */
  ENG_N_VARIES
} EngVary;

#define ENG_CHECK_LEAST_RUNS 2
#define ENG_CHECK_MOST_RUNS 50
/* One in each of eight directions beside the untouched picture. */
#define ENG_CHECK_MOST_SHIFTS 9
/* Share of the pixels that count as most relevant in overlaps: that of the threshold in the window. */
#define ENG_CHECK_SHARE 0.15

typedef struct
{
  EngCheckKind kind;
  int runs;     /* stability: maps, the first one untouched; sanity: stages, 1: everything at once */
  EngVary vary; /* stability */
  double sigma; /* noise, in 8-bit levels of what the model sees */
} EngCheckSettings;

/* Five runs, automatic, sigma 2; eight stages. */
void eng_check_settings_init (EngCheckSettings *self, EngCheckKind kind);

/* "automatic", "seed", "noise", "shift"; as an array it ends with NULL. */
extern const char *const eng_vary_ids[];

/* One map of a check. Immutable. Numbers compare with the first map, pixel by pixel at the model's input size; NAN:
 * nothing to compare (the map is constant, the run failed). Two equal maps, constant ones too, are 1 everywhere. */
typedef struct
{
  EngHeatmap *map; /* (nullable): the run failed */
  char *failure;   /* (nullable): why */
  guint64 seed;
  int shift_x, shift_y; /* pixels */
  guint layers, of;     /* sanity: re-drawn layers of all that there are */
  char *layer;          /* sanity: the lowest re-drawn one; "" for the model's own map */
  double probability;   /* softmax of the class */
  double rank;          /* Spearman's rank correlation */
  double rank_absolute; /* the same of magnitudes */
  double overlap;       /* of the most relevant pixels, see eng_overlap() */
  double ssim;          /* see eng_ssim(); unsigned maps lie in 0 .. 1, signed ones in -1 .. 1, both by their range */
  double entropy;       /* see eng_histogram_entropy() */
} EngCheckRun;

typedef enum
{
  ENG_VERDICT_NONE, /* not finished, or nothing to compare */
  ENG_VERDICT_GOOD,
  ENG_VERDICT_FAIR,
  ENG_VERDICT_POOR
} EngVerdict;

/* Immutable, reference-counted. */
typedef struct
{
  gatomicrefcount ref;
  EngCheckSettings settings; /* @vary as it was done, once that is known */
  char *method_name, *class_name;
  guint64 seed;
  guint done, total; /* runs */
  gboolean finished;
  gboolean drew_nothing; /* stability: two seeds gave one map, so the picture was changed instead */
  GPtrArray *runs;       /* EngCheckRun*; [0] is the model's own map */
  int cells;             /* of the map's own grid */

  /* stability, of all runs */
  EngHeatmap *mean, *spread; /* (nullable); spread: standard deviation per cell, n - 1 in the denominator */
  double rank, lowest_rank;  /* mean and smallest of all pairs */
  double overlap;            /* mean of all pairs */
  double relative_spread;    /* mean of the spread by the range of the mean */

  /* sanity, of the last run: the whole network at random */
  double similarity; /* the larger of rank and rank_absolute: the stricter question */
  double chance;     /* two unrelated maps of @cells stay below it in 19 of 20 cases */
  /* Efficient test (eMPRT, Hedström and others 2024, section 4): relative rise of the entropy from the model's own
   * map to that of the random network. Above 0: the random network's map holds more, as it should. */
  double entropy_rise;

  EngVerdict verdict;
  char *sentence; /* for people; "" while nothing is known */
} EngCheckResult;

EngCheckResult *eng_check_result_ref (EngCheckResult *self);
void eng_check_result_unref (EngCheckResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngCheckResult, eng_check_result_unref)

/* ---- what the numbers mean: verdict.c ---- */
/* Verdict and sentence from the numbers; for whoever makes results. */
void eng_check_result_judge (EngCheckResult *self);
/* How the verdict was reached: thresholds, what was re-drawn or changed, chance. One fact a line. (transfer full) */
char *eng_check_result_details (const EngCheckResult *self);
/* "seed 3", "noise, seed 2", "1 px right", "4 of 9 layers: conv2". (transfer full) */
char *eng_check_run_name (const EngCheckResult *result, guint i);

/* ---- the check ---- */
#define ENG_TYPE_CHECK (eng_check_get_type ())
G_DECLARE_FINAL_TYPE (EngCheck, eng_check, ENG, CHECK, GObject)

/* Signal "changed": state, progress or result. Main context, or the thread that called eng_check_run(). */

/* As eng_job_new(); @values: (transfer full) (nullable). @seed: of the first run, the noise and the re-drawn weights.
 */
EngCheck *eng_check_new (EngModel *model, EngImage *image, const EngMethod *method, int class_index, int contrast,
                         const char *layer, EngValues *values, guint64 seed, const EngCheckSettings *settings);
/* (transfer full): another one of the same inputs. */
EngCheck *eng_check_again (EngCheck *self, const EngCheckSettings *settings);
EngImage *eng_check_image (EngCheck *self); /* (transfer none) */
/* On the calling thread. TRUE when done. */
gboolean eng_check_run (EngCheck *self, GError **error);
/* On the engine thread, each run a task of its own at @priority, so that other work goes between. */
void eng_check_start (EngCheck *self, int priority);
/* Any thread. Ends within one step of the method. */
void eng_check_cancel (EngCheck *self);

EngJobState eng_check_state (EngCheck *self);
double eng_check_progress (EngCheck *self); /* 0 .. 1 */
/* (transfer full) (nullable): what is known so far */
EngCheckResult *eng_check_result (EngCheck *self);
/* (transfer full) (nullable) */
GError *eng_check_error (EngCheck *self);

G_END_DECLS
