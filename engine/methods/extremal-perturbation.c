/* Extremal perturbations (Fong, Patrick and Vedaldi, ICCV 2019): of all smooth masks m that cover a given area a of
 * the picture, the one that preserves the class's score s best (or destroys it most):
 *
 *   minimise  -s (fade (x, m)) + lambda mean (sort (m) - r_a)^2     (preserve)
 *              s (fade (x, 1 - m)) + lambda mean (sort (m) - r_a)^2  (delete)
 *
 * fade() blurs a pixel the more, the less of the mask it has; r_a is 1 in the largest a of all places. The mask is
 * made of a grid by a smooth maximum (extremal.h), starting from all ones, and improved by gradient descent with
 * momentum: v = 0.9 v + 0.1 gradient (the first gradient whole), grid = clamp (grid - 0.01 v, 0, 1). lambda is 300
 * and grows by 1.0035 a step. Every other step, the first included, shows the model the picture mirrored.
 *
 * The paper's sizes are for pictures of 224 pixels: sigma 21 with a grid step of a third of it, and eight blurs up to
 * sigma 20. Here they scale with the shorter side unless set. With four areas, a/4, a/2, a and 2 a are found side by
 * side and their masks added, as in the paper's pointing game. */
#include "../metrics/rank-correlation.h"
#include "../probe.h"
#include "extremal.h"

#include <math.h>
#include <string.h>

#define LEVELS 8
#define COLDNESS 20
#define MOMENTUM 0.9
#define PUBLISHED_SIDE 224.0
#define MOST_AREAS 4

enum
{
  VARIANT_PRESERVE,
  VARIANT_DELETE
};

static const char *const variants[] = { "preserve", "delete", NULL };
static const char *const area_choices[] = { "one", "four", NULL };

static const EngParam params[] = {
  { "area", "Area", "of the picture", ENG_PARAM_FLOAT, 0.005, 0.9, 0.1, NULL,
    "How much of the picture the mask covers.", FALSE },
  { "areas", "Areas", "", ENG_PARAM_CHOICE, 0, 1, 0, area_choices,
    "One: the area given. Four: a quarter of it, half, all and twice of it, and the masks added; costs four times as "
    "much.",
    FALSE },
  { "variant", "Variant", "", ENG_PARAM_CHOICE, 0, VARIANT_DELETE, VARIANT_PRESERVE, variants,
    "Preserve: the region that alone keeps the score. Delete: the region whose loss destroys it.", FALSE },
  { "steps", "Steps", "", ENG_PARAM_INT, 1, 5000, 800, NULL, "How many times the mask is improved.", FALSE },
  { "learning-rate", "Learning rate", "", ENG_PARAM_FLOAT, 1e-4, 1, 0.01, NULL, "Step size of the descent.", TRUE },
  { "lambda", "Area weight", "", ENG_PARAM_FLOAT, 0, 1e5, 300, NULL,
    "Weight of the area in the loss at the first step. It grows by 0.35 % a step, so that the area is met at last.",
    TRUE },
  { "sigma", "Smoothness", "pixels", ENG_PARAM_FLOAT, 0, 200, 0, NULL,
    "Size of the smallest spot that a mask can have. 0: as published, 21 at 224 pixels.", FALSE },
  { "blur", "Strongest blur", "pixels", ENG_PARAM_FLOAT, 0, 200, 0, NULL,
    "Sigma of the blur where the mask is 0. 0: as published, 20 at 224 pixels.", FALSE },
  { "mirror", "Mirror", "", ENG_PARAM_BOOL, 0, 1, 1, NULL,
    "Shows the model the picture mirrored in every other step, as published. Off for pictures with a left and a "
    "right.",
    FALSE },
  { NULL }
};

/* One mask under way. */
typedef struct
{
  double area, score;
  EngSmoothMask *smooth;
  float *grid, *velocity, *d_grid; /* cells */
  float *mask, *d_mask;            /* eng_smooth_mask_size() */
} Mask;

typedef struct
{
  EngJob *job;
  int height, width, channels, cells;
  gsize plane;
  int steps, step, variant;
  gboolean mirror;
  double rate, lambda;
  EngBlurPyramid *pyramid;
  int n;
  Mask masks[MOST_AREAS];
  float *history;       /* steps x cells: the grids' sum before each step */
  float *flipped;       /* channels x plane */
  float *seen, *d_seen; /* plane: the mask that the picture fades by */
} Run;

static void
run_clear (Run *r)
{
  for (int i = 0; i < r->n; i++)
    {
      Mask *m = &r->masks[i];
      eng_smooth_mask_free (m->smooth);
      g_free (m->grid);
      g_free (m->velocity);
      g_free (m->d_grid);
      g_free (m->mask);
      g_free (m->d_mask);
    }
  eng_blur_pyramid_free (r->pyramid);
  g_free (r->history);
  g_free (r->flipped);
  g_free (r->seen);
  g_free (r->d_seen);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static int
count_areas (const EngValues *values)
{
  return (int)eng_values_get (values, "areas") == 1 ? MOST_AREAS : 1;
}

static void
prepare_mask (Run *r, Mask *m, double area, double sigma)
{
  m->area = fmin (area, 1);
  m->smooth = eng_smooth_mask_new (r->height, r->width, MAX ((int)(sigma / 3 + 0.5), 1), sigma, COLDNESS);
  r->cells = eng_smooth_mask_rows (m->smooth) * eng_smooth_mask_cols (m->smooth);
  m->grid = g_new (float, r->cells);
  m->velocity = g_new0 (float, r->cells);
  m->d_grid = g_new (float, r->cells);
  m->mask = g_new (float, eng_smooth_mask_size (m->smooth));
  m->d_mask = g_new (float, eng_smooth_mask_size (m->smooth));
  for (int i = 0; i < r->cells; i++)
    m->grid[i] = 1;
}

static void
prepare (Run *r)
{
  const EngValues *values = eng_job_values (r->job);
  EngPreprocess *p = eng_model_preprocess (eng_job_model (r->job));
  double scale = MIN (p->width, p->height) / PUBLISHED_SIDE, area = eng_values_get (values, "area");
  double sigma = eng_values_get (values, "sigma"), blur = eng_values_get (values, "blur");
  r->height = p->height;
  r->width = p->width;
  r->channels = p->channels;
  r->plane = (gsize)p->height * p->width;
  r->steps = (int)eng_values_get (values, "steps");
  r->variant = (int)eng_values_get (values, "variant");
  r->mirror = eng_values_get (values, "mirror") != 0;
  r->rate = eng_values_get (values, "learning-rate");
  r->lambda = eng_values_get (values, "lambda");
  r->pyramid = eng_blur_pyramid_new (eng_job_input (r->job), r->channels, r->height, r->width, LEVELS,
                                     blur > 0 ? blur : 20 * scale);
  r->n = count_areas (values);
  for (int i = 0; i < r->n; i++)
    prepare_mask (r, &r->masks[i], r->n == 1 ? area : area * ldexp (0.25, i), sigma > 0 ? sigma : 21 * scale);
  r->history = g_new (float, (gsize)r->steps * r->cells);
  r->flipped = g_new (float, r->plane * r->channels);
  r->seen = g_new (float, r->plane);
  r->d_seen = g_new (float, r->plane);
}

/* Left becomes right. */
static void
flip (const Run *r, const float *x, float *out)
{
  for (int row = 0; row < r->channels * r->height; row++)
    for (int i = 0; i < r->width; i++)
      out[(gsize)row * r->width + i] = x[(gsize)row * r->width + r->width - 1 - i];
}

/* (transfer none): by what the picture fades */
static const float *
mask_seen (Run *r, const Mask *m)
{
  eng_smooth_mask_crop (m->smooth, m->mask, r->seen);
  for (gsize i = 0; i < r->plane && r->variant == VARIANT_DELETE; i++)
    r->seen[i] = 1 - r->seen[i];
  return r->seen;
}

static gboolean
is_mirrored (const Run *r)
{
  return r->mirror && r->step % 2 == 0;
}

static void
fill (int index, float *const *inputs, gpointer data)
{
  Run *r = data;
  Mask *m = &r->masks[index];
  eng_smooth_mask_forward (m->smooth, m->grid, m->mask);
  eng_blur_pyramid_forward (r->pyramid, mask_seen (r, m), is_mirrored (r) ? r->flipped : inputs[0]);
  if (is_mirrored (r))
    flip (r, r->flipped, inputs[0]);
}

/* The gradient of the loss. Both variants meet the mask with the same sign: s (fade (x, 1 - m)) falls with m where
 * s (fade (x, m)) rises. */
static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Run *r = data;
  Mask *m = &r->masks[item->index];
  const float *g = item->grads[0];
  m->score = item->score;
  if (is_mirrored (r))
    {
      flip (r, g, r->flipped);
      g = r->flipped;
    }
  eng_blur_pyramid_backward (r->pyramid, mask_seen (r, m), g, r->d_seen);
  for (gsize i = 0; i < r->plane; i++)
    r->d_seen[i] = -r->d_seen[i];
  eng_smooth_mask_embed (m->smooth, r->d_seen, m->d_mask);
  eng_area_penalty (m->mask, eng_smooth_mask_size (m->smooth), m->area, r->lambda * pow (1.0035, r->step), m->d_mask);
  eng_smooth_mask_backward (m->smooth, m->grid, m->mask, m->d_mask, m->d_grid);
  return TRUE;
}

static void
improve (Run *r, Mask *m)
{
  for (int i = 0; i < r->cells; i++)
    {
      m->velocity[i] =
          r->step == 0 ? m->d_grid[i] : (float)(MOMENTUM * m->velocity[i] + (1 - MOMENTUM) * m->d_grid[i]);
      m->grid[i] = CLAMP (m->grid[i] - (float)r->rate * m->velocity[i], 0, 1);
    }
}

static void
add_grids (const Run *r, float *sum)
{
  memcpy (sum, r->masks[0].grid, sizeof *sum * r->cells);
  for (int i = 1; i < r->n; i++)
    for (int k = 0; k < r->cells; k++)
      sum[k] += r->masks[i].grid[k];
}

/* Against the grids at half the steps. */
static void
report_convergence (Run *r)
{
  g_autofree float *now = g_new (float, r->cells);
  add_grids (r, now);
  eng_job_report_convergence (r->job,
                              eng_rank_correlation (now, r->history + (gsize)(r->step / 2) * r->cells, r->cells));
}

/* @final: with notes on what was reached. */
static EngHeatmap *
map_so_far (Run *r, gboolean final)
{
  g_autofree float *sum = g_new0 (float, r->plane);
  for (int i = 0; i < r->n; i++)
    {
      Mask *m = &r->masks[i];
      double covered = 0;
      eng_smooth_mask_forward (m->smooth, m->grid, m->mask);
      eng_smooth_mask_crop (m->smooth, m->mask, r->seen);
      for (gsize k = 0; k < r->plane; k++)
        {
          covered += r->seen[k];
          sum[k] += r->seen[k];
        }
      covered /= (double)r->plane;
      g_autofree char *id = g_strdup_printf ("area-%d", i + 1);
      if (final)
        eng_job_note (
            r->job, id, covered,
            g_strdup_printf ("The mask covers %.3g %% of the picture (asked: %.3g %%); score of the %s %.4g",
                             100 * covered, 100 * m->area, r->variant == VARIANT_PRESERVE ? "part kept" : "rest",
                             m->score));
    }
  return eng_job_make_heatmap (r->job, sum, 1, r->height, r->width, ENG_UPSAMPLE_BILINEAR, NULL, NULL);
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_auto (Run) r = { .job = job };
  prepare (&r);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_probe_want_grad (probe, NULL);
  while (r.step < r.steps && !(r.step > 0 && eng_job_stopping (job)))
    {
      int done = eng_probe_run (probe, r.n, fill, take, &r, error);
      if (done < 0)
        return NULL;
      if (done < r.n) /* stopped between the areas */
        break;
      add_grids (&r, r.history + (gsize)r.step * r.cells);
      for (int i = 0; i < r.n; i++)
        improve (&r, &r.masks[i]);
      r.step++;
      gboolean due = eng_job_preview_due (job);
      if (due)
        report_convergence (&r);
      if (!eng_job_step (job, (guint)r.step, (guint)r.steps, "steps", due ? map_so_far (&r, FALSE) : NULL, error))
        return NULL;
    }
  report_convergence (&r);
  return map_so_far (&r, TRUE);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  guint64 n = (guint64)eng_values_get (values, "steps") * (guint64)count_areas (values);
  return (EngCost){ .forward = n, .backward = n };
}

extern const EngMethod eng_method_extremal_perturbation;
const EngMethod eng_method_extremal_perturbation = {
  .id = "extremal-perturbation",
  .name = "Extremal perturbation",
  .about = "The smooth mask of a given area that preserves the class's score best, found by gradient descent.",
  .reference =
      "Fong, Patrick, Vedaldi: Understanding Deep Networks via Extremal Perturbations and Smooth Masks, ICCV 2019",
  .family = ENG_FAMILY_PERTURBATION,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_GRADIENT,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_STOP,
  .class_dependent = TRUE,
  .params = params,
  .cost = "1 forward, 1 backward pass for each step: 800",
  .passes = passes,
  .explain = explain,
};
