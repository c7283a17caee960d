/* Guided Integrated Gradients (Kapishnikov et al., CVPR 2021, sections 3 and 4): an integrated gradient whose path is
 * not straight. Value i lies at x'_i + t_i (x_i - x'_i), all t from 0 to 1. Step s of T brings the L1 distance to the
 * picture down to (1 - s / T) of the whole: first those t that lag behind s / T by more than the allowed distance are
 * pulled up to that bound, then the values with the smallest |gradient| move (a fraction of all values at a time),
 * none further than the same distance ahead. So values whose gradient is large, which is often noise off the data,
 * wait until the others have arrived. M adds up, C x H x W, the change of the values in each step times the gradient
 * where the step began (rule "left", as published), or times the mean of the gradients at the step's two ends (rule
 * "trapezoid"). A value moves when its gradient is small just there, so the left sum does not sample gradients
 * fairly: hence its large completeness gaps.
 *
 * Each step depends on the one before: nothing can be batched, and nothing is sound before the path's end. */
#include "path.h"

#include "../baseline.h"

#include <math.h>
#include <string.h>

/* Of the whole distance: what rounding leaves. */
#define ARRIVED 1e-12

enum
{
  LEFT,
  TRAPEZOID
};

static const char *const rules[] = { "left", "trapezoid", NULL };

typedef struct
{
  gsize n;
  int steps, rule;
  double fraction;          /* of the values, moves at a time */
  double reach;             /* allowed distance from s / T */
  double whole;             /* L1 distance of x and x' */
  float *start, *change;    /* x', x - x' */
  double *t, *now, *before; /* where the values are to be, are, and were a step ago */
  float *slope;             /* |gradient| */
  float *scratch;
  double *sum;
} Guide;

static void
guide_clear (Guide *g)
{
  g_free (g->start);
  g_free (g->change);
  g_free (g->t);
  g_free (g->now);
  g_free (g->before);
  g_free (g->slope);
  g_free (g->scratch);
  g_free (g->sum);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Guide, guide_clear)

static void
guide_init (Guide *g, EngJob *job, gsize n)
{
  const EngValues *values = eng_job_values (job);
  const float *x = eng_job_input (job);
  g->n = n;
  g->fraction = eng_values_get (values, "fraction");
  g->reach = eng_values_get (values, "max-dist");
  g->steps = (int)eng_values_get (values, "steps");
  g->rule = (int)eng_values_get (values, "rule");
  g->start = g_new (float, n);
  g->change = g_new (float, n);
  g->t = g_new0 (double, n);
  g->now = g_new0 (double, n);
  g->before = g_new0 (double, n);
  g->slope = g_new (float, n);
  g->scratch = g_new (float, n);
  g->sum = g_new0 (double, n);
  eng_baseline_fill (job, (EngBaseline)eng_values_get (values, "baseline"), 0, g->start);
  for (gsize i = 0; i < n; i++)
    {
      g->change[i] = x[i] - g->start[i];
      g->whole += fabs (g->change[i]);
    }
}

/* The value that would stand at @k if @v were sorted (Hoare's selection); @v is reordered. */
static float
select_nth (float *v, gsize n, gsize k)
{
  gssize left = 0, right = (gssize)n - 1;
  while (left < right)
    {
      float pivot = v[left + (right - left) / 2];
      gssize i = left, j = right;
      while (i <= j)
        {
          while (v[i] < pivot)
            i++;
          while (v[j] > pivot)
            j--;
          if (i <= j)
            {
              float swap = v[i];
              v[i++] = v[j];
              v[j--] = swap;
            }
        }
      if ((gssize)k <= j)
        right = j;
      else if ((gssize)k >= i)
        left = i;
      else
        break;
    }
  return v[k];
}

static gboolean
may_move (const Guide *g, gsize i, double limit)
{
  return g->t[i] < limit && g->change[i] != 0;
}

/* Moves the values with the smallest slope towards @limit, by @left of the L1 distance if they can. Returns what is
 * left to move; < 0: nothing can move any more. */
static double
move_smallest (Guide *g, double limit, double left)
{
  gsize open = 0, rank = (gsize)(g->fraction * (double)(g->n - 1));
  for (gsize i = 0; i < g->n; i++)
    if (may_move (g, i, limit))
      g->scratch[open++] = g->slope[i];
  float threshold = rank < open ? select_nth (g->scratch, open, rank) : INFINITY;
  double room = 0;
  for (gsize i = 0; i < g->n; i++)
    if (may_move (g, i, limit) && g->slope[i] <= threshold)
      room += fabs (g->change[i]) * (limit - g->t[i]);
  if (!(room > 0))
    return -1;
  double part = left / room;
  for (gsize i = 0; i < g->n; i++)
    if (may_move (g, i, limit) && g->slope[i] <= threshold)
      g->t[i] = part < 1 ? g->t[i] + part * (limit - g->t[i]) : limit;
  return part < 1 ? 0 : left - room;
}

/* One step of the path, to @progress of the whole. */
static void
advance (Guide *g, const float *gradient, double progress)
{
  double left = -g->whole * (1 - progress);
  for (gsize i = 0; i < g->n; i++)
    {
      g->slope[i] = fabsf (gradient[i]);
      g->t[i] = fmax (g->t[i], progress - g->reach);
      left += fabs (g->change[i]) * (1 - g->t[i]);
    }
  while (left > ARRIVED * g->whole)
    left = move_smallest (g, fmin (progress + g->reach, 1), left);
}

/* The gradient at @now counts for the step after it, or for half of the steps on both of its sides. */
static void
add (Guide *g, const float *gradient)
{
  const double *from = g->rule == LEFT ? g->now : g->before;
  double share = g->rule == LEFT ? 1 : 0.5;
  for (gsize i = 0; i < g->n; i++)
    g->sum[i] += share * g->change[i] * (g->t[i] - from[i]) * gradient[i];
  double *free = g->before;
  g->before = g->now;
  g->now = free;
  memcpy (g->now, g->t, sizeof *g->t * g->n);
}

static gboolean
report (const Guide *g, EngJob *job, int done, GError **error)
{
  EngHeatmap *preview = NULL;
  if (eng_job_preview_due (job))
    {
      g_autofree float *map = eng_path_scaled (g->sum, g->n, 1);
      preview = eng_path_map (job, map);
    }
  return eng_job_step (job, (guint)done, (guint)g->steps, "steps", preview, error);
}

/* @ends: the scores met at the path's beginning and, by the trapezoid rule, at its end. */
static gboolean
walk (Guide *g, EngJob *job, EngProbe *probe, double ends[2], GError **error)
{
  g_autofree float *at = g_new (float, g->n);
  for (int s = 0; s < g->steps + (g->rule == TRAPEZOID); s++)
    {
      for (gsize i = 0; i < g->n; i++)
        at[i] = (float)(g->start[i] + g->now[i] * g->change[i]);
      const float *input = at;
      const EngProbeItem *item = eng_probe_one (probe, &input, error);
      if (!item)
        return FALSE;
      ends[s > 0] = item->score;
      if (s < g->steps)
        advance (g, item->grads[0], (s + 1.0) / g->steps);
      add (g, item->grads[0]);
      if (!report (g, job, MIN (s + 1, g->steps), error))
        return FALSE;
    }
  return TRUE;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngOutput output = (EngOutput)eng_values_get (eng_job_values (job), "output");
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  g_auto (Guide) guide = { 0 };
  double ends[2];
  const float *input = eng_job_input (job);
  guide_init (&guide, job, eng_probe_size (probe, NULL));
  eng_probe_want_grad (probe, NULL);
  eng_probe_set_output (probe, output);
  if (!walk (&guide, job, probe, ends, error)
      || (guide.rule == LEFT && !eng_path_scores (job, output, &input, 1, &ends[1], error)))
    return NULL;
  g_autofree float *map = eng_path_scaled (guide.sum, guide.n, 1);
  eng_path_note_gap (job, output, map, ends[0], ends[1], "from the baseline to the picture");
  return eng_path_map (job, map);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  guint64 steps = (guint64)eng_values_get (values, "steps");
  return (EngCost){ steps + 1, steps + (eng_values_get (values, "rule") == TRAPEZOID) };
}

static const EngParam params[] = {
  { "steps", "Steps", "gradients", ENG_PARAM_INT, 1, 2000, 200, NULL,
    "Points of the path at which the gradient is taken, one after another. More make the completeness gap smaller.",
    TRUE },
  /* Below a hundredth a step would need hundreds of selections. */
  { "fraction", "Fraction", "of the values", ENG_PARAM_FLOAT, 0.01, 1, 0.25, NULL,
    "How many values, those with the smallest gradient, move at a time.", FALSE },
  { "max-dist", "Distance", "of the way", ENG_PARAM_FLOAT, 0, 1, 0.02, NULL,
    "How far a value may run ahead of the straight path or lag behind it. 0: the straight path, 1: no bound.",
    FALSE },
  { "rule", "Rule", "", ENG_PARAM_CHOICE, LEFT, TRAPEZOID, LEFT, rules,
    "The gradient that counts for a step: where it began, as published, or the mean of its two ends, which leaves a "
    "much smaller completeness gap.",
    FALSE },
  ENG_BASELINE_PARAM,
  ENG_OUTPUT_PARAM,
  { NULL },
};

extern const EngMethod eng_method_guided_ig;
const EngMethod eng_method_guided_ig = {
  .id = "guided-ig",
  .name = "Guided IG",
  .about = "Integrated Gradients along a path on which values with small gradients move first: less noise.",
  .reference = "Kapishnikov, Venugopalan, Avci, Wedin, Terry, Bolukbasi: Guided Integrated Gradients, CVPR 2021",
  .family = ENG_FAMILY_GRADIENT,
  .sign = ENG_SIGN_SIGNED,
  .needs = ENG_NEEDS_GRADIENT,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE,
  .class_dependent = TRUE,
  .params = params,
  .cost = "a forward and a backward pass for each step, 1 more",
  .passes = passes,
  .explain = explain,
};
