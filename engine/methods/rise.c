/* RISE (Petsiuk, Das and Saenko, BMVC 2018, section 3): the picture is multiplied by many random masks, and the masks
 * are added up, each weighted by the class's score under it:
 *
 *   M(u) = 1 / (N p) sum_i score (x m_i) m_i(u)
 *
 * A mask is a small grid of cells, each 1 with probability p and else 0, enlarged bilinearly to (cells + 1) times the
 * cell's pixels and cut out at a random offset of less than a cell, so that E m(u) = p everywhere and M(u) estimates
 * the mean score given that pixel u is visible. On a picture that is not square the longer side has more cells, so
 * that cells stay square.
 *
 * The paper's masks are 7 x 7 with p = 1/2, 4000 of them for VGG-16 and 8000 for ResNet-50; the authors' notebooks
 * use 6000 of 8 x 8 with p = 0.1. The defaults here are the paper's. The score is a probability there; the logit can
 * be chosen. Masks fade to zero in model space, as published, or to another baseline b: x m + b (1 - m).
 *
 * A model that gives every masked picture the score s has the map s everywhere, up to the masks' sampling error of
 * s sqrt (var m / N) / p; so the spread of the scores is noted with the result. */
#include "../baseline.h"
#include "../error.h"
#include "../moments.h"
#include "../probe.h"
#include "../random.h"

#include <math.h>

static const EngParam params[] = {
  { "masks", "Masks", "", ENG_PARAM_INT, 1, 100000, 4000, NULL,
    "How many random masks are tried. The error falls with the square root of their number.", TRUE },
  { "cells", "Cells", "along the shorter side", ENG_PARAM_INT, 1, 64, 7, NULL,
    "Size of a mask's grid. More cells resolve smaller parts and need more masks.", FALSE },
  { "keep", "Keep", "", ENG_PARAM_FLOAT, 0.01, 0.99, 0.5, NULL,
    "Probability that a cell stays visible: 0.5 in the paper, 0.1 in the authors' notebooks.", FALSE },
  { "baseline", "Hidden by", "", ENG_PARAM_CHOICE, 0, ENG_BASELINE_LAST, ENG_BASELINE_ZERO, eng_baseline_choices,
    "What hidden parts fade to: zero in model space (as published), black, the picture's mean colour, a blurred "
    "copy, "
    "or noise.",
    FALSE },
  { "output", "Score", "", ENG_PARAM_CHOICE, 0, ENG_OUTPUT_PROBABILITY, ENG_OUTPUT_PROBABILITY, eng_output_choices,
    "Weight of a mask: the class's probability (as published) or its logit, which may be negative.", FALSE },
  { NULL }
};

typedef struct
{
  EngJob *job;
  int height, width, channels;
  int rows, cols, cell_height, cell_width; /* grid, pixels of a cell */
  int masks;
  double keep;
  float *baseline, *mask; /* channels x height x width; height x width */
  float *cells, *wide;    /* rows x cols; rows x width: cells enlarged along rows */
  int *below_x;           /* for each column of pixels: the cell left of it */
  float *share_x;         /* and the share of the next one */
  EngMoments *moments;
  double lowest, highest;
} Run;

static void
run_clear (Run *r)
{
  g_free (r->baseline);
  g_free (r->mask);
  g_free (r->cells);
  g_free (r->wide);
  g_free (r->below_x);
  g_free (r->share_x);
  eng_moments_free (r->moments);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

/* Where pixel @at of the enlarged grid lies among @n cells: half-pixel centres, borders clamped. */
static int
locate (int at, int n, int cell, float *share)
{
  double t = CLAMP ((at + 0.5) * n / ((n + 1.0) * cell) - 0.5, 0, n - 1.0);
  int below = MIN ((int)t, MAX (n - 2, 0));
  *share = (float)(t - below);
  return below;
}

/* Mask @index, into r->mask. */
static void
make_mask (Run *r, int index)
{
  g_autoptr (GRand) random = eng_random_new (eng_job_seed (r->job), (guint32)index);
  for (int k = 0; k < r->rows * r->cols; k++)
    r->cells[k] = g_rand_double (random) < r->keep;
  int down = g_rand_int_range (random, 0, r->cell_height), across = g_rand_int_range (random, 0, r->cell_width);
  for (int x = 0; x < r->width; x++)
    r->below_x[x] = locate (x + across, r->cols, r->cell_width, &r->share_x[x]);
  int next_x = r->cols > 1 ? 1 : 0, next_y = r->rows > 1 ? 1 : 0;
  for (int i = 0; i < r->rows; i++)
    for (int x = 0; x < r->width; x++)
      {
        const float *cell = r->cells + i * r->cols + r->below_x[x];
        r->wide[i * r->width + x] = cell[0] + r->share_x[x] * (cell[next_x] - cell[0]);
      }
  for (int y = 0; y < r->height; y++)
    {
      float share, *out = r->mask + (gsize)y * r->width;
      const float *a = r->wide + locate (y + down, r->rows, r->cell_height, &share) * r->width;
      const float *b = a + next_y * r->width;
      for (int x = 0; x < r->width; x++)
        out[x] = a[x] + share * (b[x] - a[x]);
    }
}

static void
fill (int index, float *const *inputs, gpointer data)
{
  Run *r = data;
  const float *x = eng_job_input (r->job);
  gsize plane = (gsize)r->height * r->width;
  make_mask (r, index);
  for (int c = 0; c < r->channels; c++)
    for (gsize i = 0; i < plane; i++)
      {
        float b = r->baseline[c * plane + i];
        inputs[0][c * plane + i] = b + r->mask[i] * (x[c * plane + i] - b);
      }
}

static EngHeatmap *
map_so_far (Run *r)
{
  g_autofree float *map = g_new (float, (gsize)r->height * r->width);
  eng_moments_read (r->moments, ENG_MOMENT_MEAN, map);
  return eng_job_make_heatmap (r->job, map, 1, r->height, r->width, ENG_UPSAMPLE_BILINEAR, NULL, NULL);
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Run *r = data;
  EngHeatmap *preview = NULL;
  make_mask (r, item->index); /* again: a pass costs a hundred times as much as a mask */
  eng_moments_add (r->moments, r->mask, item->score / r->keep);
  r->lowest = fmin (r->lowest, item->score);
  r->highest = fmax (r->highest, item->score);
  if (eng_job_preview_due (r->job))
    {
      eng_job_report_convergence (r->job, eng_moments_agreement (r->moments));
      preview = map_so_far (r);
    }
  return eng_job_step (r->job, (guint)item->index + 1, (guint)r->masks, "masks", preview, error);
}

static gboolean
prepare (Run *r, GError **error)
{
  const EngValues *values = eng_job_values (r->job);
  EngPreprocess *p = eng_model_preprocess (eng_job_model (r->job));
  int cells = (int)eng_values_get (values, "cells"), shorter = MIN (p->height, p->width);
  if (cells > shorter)
    return eng_fail (error, ENG_ERROR_ARGUMENT,
                     "%d cells are more than the %d pixels of the model's input. Choose at most %d.", cells, shorter,
                     shorter);
  r->height = p->height;
  r->width = p->width;
  r->channels = p->channels;
  r->rows = (int)((gint64)cells * p->height / shorter);
  r->cols = (int)((gint64)cells * p->width / shorter);
  r->cell_height = (p->height + r->rows - 1) / r->rows;
  r->cell_width = (p->width + r->cols - 1) / r->cols;
  r->masks = (int)eng_values_get (values, "masks");
  r->keep = eng_values_get (values, "keep");
  r->lowest = INFINITY;
  r->highest = -INFINITY;
  gsize plane = (gsize)r->height * r->width;
  r->baseline = g_new (float, plane * r->channels);
  r->mask = g_new (float, plane);
  r->cells = g_new (float, r->rows * r->cols);
  r->wide = g_new (float, (gsize)r->rows * r->width);
  r->below_x = g_new (int, r->width);
  r->share_x = g_new (float, r->width);
  r->moments = eng_moments_new (plane);
  eng_baseline_fill (r->job, (EngBaseline)eng_values_get (values, "baseline"), 0, r->baseline);
  return TRUE;
}

static int
resume (Run *r)
{
  int first;
  gsize n = ENG_MOMENTS_STATE ((gsize)r->height * r->width);
  const double *state = eng_job_saved (r->job, n + 2, &first);
  if (!state)
    return 0;
  eng_moments_load (r->moments, state, first);
  r->lowest = state[n];
  r->highest = state[n + 1];
  return first;
}

static void
save (const Run *r, int taken)
{
  gsize n = ENG_MOMENTS_STATE ((gsize)r->height * r->width);
  double *state = eng_job_save (r->job, n + 2, taken);
  if (!state)
    return;
  eng_moments_save (r->moments, state);
  state[n] = r->lowest;
  state[n + 1] = r->highest;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_auto (Run) r = { .job = job };
  EngOutput output = (EngOutput)eng_values_get (eng_job_values (job), "output");
  if (!prepare (&r, error))
    return NULL;
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_probe_set_output (probe, output);
  int first = resume (&r);
  int taken = eng_probe_run_from (probe, first, r.masks, fill, take, &r, error);
  if (taken < 0)
    return NULL;
  save (&r, taken);
  eng_job_note (job, "score-range", r.highest - r.lowest,
                g_strdup_printf ("Scores under the masks: %.3g to %.3g%s", r.lowest, r.highest,
                                 r.highest > r.lowest ? "" : "; the map shows nothing but the masks' chance"));
  eng_job_report_convergence (job, eng_moments_agreement (r.moments));
  return map_so_far (&r);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return (EngCost){ .forward = (guint64)eng_values_get (values, "masks") };
}

static EngSign
sign_with (const EngValues *values)
{
  return (int)eng_values_get (values, "output") == ENG_OUTPUT_LOGIT ? ENG_SIGN_SIGNED : ENG_SIGN_UNSIGNED;
}

extern const EngMethod eng_method_rise;
const EngMethod eng_method_rise = {
  .id = "rise",
  .name = "RISE",
  .about = "Random masks, averaged with the class's score under each: the mean score while a pixel is visible.",
  .reference = "Petsiuk, Das, Saenko: RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018",
  .family = ENG_FAMILY_PERTURBATION,
  .sign = ENG_SIGN_UNSIGNED,
  .sign_with = sign_with,
  .needs = ENG_NEEDS_FORWARD,
  .allows = ENG_ALLOWS_STOP, /* a difference of probabilities would need a signed map */
  .class_dependent = TRUE,
  .params = params,
  .cost = "1 forward pass for each mask: 4000",
  .passes = passes,
  .explain = explain,
};
