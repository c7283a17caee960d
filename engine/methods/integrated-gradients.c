/* Integrated Gradients (Sundararajan, Taly and Yan, ICML 2017, equation 1):
 *
 *   M = (x - x') (.) integral over t in [0, 1] of dF/dx at x' + t (x - x')
 *
 * by a quadrature rule with n nodes, kept channels x H x W and signed. The nodes are visited in an order that spreads
 * any beginning of it over the whole path, so that a preview or a result stopped early is a coarser integral, not a
 * part of it. With the noise baseline M can be the mean over several draws (as in Expected Gradients: Erion et al.,
 * 2021, there with pictures as baselines). */
#include "path.h"

#include "../baseline.h"

#include <math.h>
#include <string.h>

/* ---- quadrature on [0, 1]: nodes and weights that sum to 1 ---- */

static void
midpoint (int n, double *t, double *w)
{
  for (int i = 0; i < n; i++)
    {
      t[i] = (i + 0.5) / n;
      w[i] = 1.0 / n;
    }
}

/* Nodes are the roots of the Legendre polynomial P_n, found by Newton's method. */
static void
gauss_legendre (int n, double *t, double *w)
{
  for (int i = 0; i < n; i++)
    {
      double x = cos (G_PI * (i + 0.75) / (n + 0.5)), slope = 1;
      for (int round = 0; round < 100; round++)
        {
          double p = 1, before = 0;
          for (int k = 1; k <= n; k++)
            {
              double next = ((2 * k - 1) * x * p - (k - 1) * before) / k;
              before = p;
              p = next;
            }
          slope = n * (x * p - before) / (x * x - 1);
          x -= p / slope;
          if (fabs (p / slope) < 1e-15)
            break;
        }
      t[n - 1 - i] = (1 + x) / 2;
      w[n - 1 - i] = 1 / ((1 - x * x) * slope * slope);
    }
}

static void
trapezoid (int n, double *t, double *w)
{
  if (n == 1) /* no interval to speak of */
    {
      midpoint (n, t, w);
      return;
    }
  for (int i = 0; i < n; i++)
    {
      t[i] = (double)i / (n - 1);
      w[i] = (i == 0 || i == n - 1 ? 0.5 : 1.0) / (n - 1);
    }
}

/* The paper's own sum (equation 3). */
static void
right (int n, double *t, double *w)
{
  for (int i = 0; i < n; i++)
    {
      t[i] = (i + 1.0) / n;
      w[i] = 1.0 / n;
    }
}

static void (*const rules[]) (int n, double *t, double *w) = { midpoint, gauss_legendre, trapezoid, right };
static const char *const rule_choices[] = { "midpoint", "gauss-legendre", "trapezoid", "right", NULL };

/* ---- the path ---- */

typedef struct
{
  EngJob *job;
  gsize n;
  int steps, draws, stride;
  double *t, *w;
  const float *x;
  float *baselines; /* draws x n */
  double *sum;      /* n */
  double weight;    /* of what has been added */
} Path;

static void
path_clear (Path *p)
{
  g_free (p->t);
  g_free (p->w);
  g_free (p->baselines);
  g_free (p->sum);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Path, path_clear)

static int
common_divisor (int a, int b)
{
  return b ? common_divisor (b, a % b) : a;
}

/* Strides near the golden section of n spread every beginning of 0, s, 2s ... modulo n. */
static int
spreading_stride (int n)
{
  int stride = (int)round (0.381966 * n);
  while (stride > 1 && common_divisor (n, stride) > 1)
    stride--;
  return MAX (stride, 1);
}

static int
node_of (const Path *p, int index)
{
  return (int)((gint64)(index % p->steps) * p->stride % p->steps);
}

static void
fill (int index, float *const *inputs, gpointer data)
{
  const Path *p = data;
  const float *b = p->baselines + (gsize)(index / p->steps) * p->n;
  float t = (float)p->t[node_of (p, index)];
  for (gsize i = 0; i < p->n; i++)
    inputs[0][i] = b[i] + t * (p->x[i] - b[i]);
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Path *p = data;
  const float *b = p->baselines + (gsize)(item->index / p->steps) * p->n, *g = item->grads[0];
  double w = p->w[node_of (p, item->index)];
  for (gsize i = 0; i < p->n; i++)
    p->sum[i] += w * ((double)p->x[i] - b[i]) * g[i];
  p->weight += w;
  EngHeatmap *preview = NULL;
  if (eng_job_preview_due (p->job))
    {
      g_autofree float *map = eng_path_scaled (p->sum, p->n, p->weight);
      preview = eng_path_map (p->job, map);
    }
  return eng_job_step (p->job, (guint)item->index + 1, (guint)(p->steps * p->draws), "steps", preview, error);
}

/* Only noise differs from draw to draw. */
static int
draws_of (const EngValues *values)
{
  return eng_values_get (values, "baseline") == ENG_BASELINE_NOISE ? (int)eng_values_get (values, "draws") : 1;
}

static void
path_init (Path *p, EngJob *job, gsize n)
{
  const EngValues *values = eng_job_values (job);
  p->job = job;
  p->n = n;
  p->steps = (int)eng_values_get (values, "steps");
  p->draws = draws_of (values);
  p->stride = spreading_stride (p->steps);
  p->x = eng_job_input (job);
  p->t = g_new (double, p->steps);
  p->w = g_new (double, p->steps);
  rules[(int)eng_values_get (values, "rule")](p->steps, p->t, p->w);
  p->baselines = g_new (float, n * p->draws);
  for (int d = 0; d < p->draws; d++)
    eng_baseline_fill (job, (EngBaseline)eng_values_get (values, "baseline"), (guint32)d, p->baselines + d * n);
  p->sum = g_new0 (double, n);
}

/* F(x) and the mean of F(x') over the draws. */
static gboolean
score_ends (const Path *p, EngOutput output, double *from, double *to, GError **error)
{
  g_autofree const float **inputs = g_new (const float *, p->draws + 1);
  g_autofree double *scores = g_new (double, p->draws + 1);
  for (int d = 0; d < p->draws; d++)
    inputs[d] = p->baselines + d * p->n;
  inputs[p->draws] = p->x;
  if (!eng_path_scores (p->job, output, inputs, p->draws + 1, scores, error))
    return FALSE;
  *from = 0;
  for (int d = 0; d < p->draws; d++)
    *from += scores[d] / p->draws;
  *to = scores[p->draws];
  return TRUE;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngOutput output = (EngOutput)eng_values_get (eng_job_values (job), "output");
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  g_auto (Path) path = { 0 };
  double from, to;
  path_init (&path, job, eng_probe_size (probe, NULL));
  if (!score_ends (&path, output, &from, &to, error))
    return NULL;
  eng_probe_want_grad (probe, NULL);
  eng_probe_set_output (probe, output);
  int first, taken;
  const double *saved = eng_job_saved (job, path.n + 1, &first);
  if (saved)
    {
      memcpy (path.sum, saved, sizeof *saved * path.n);
      path.weight = saved[path.n];
    }
  if ((taken = eng_probe_run_from (probe, first, path.steps * path.draws, fill, take, &path, error)) < 0)
    return NULL;
  double *state = eng_job_save (job, path.n + 1, taken);
  if (state)
    {
      memcpy (state, path.sum, sizeof *state * path.n);
      state[path.n] = path.weight;
    }
  g_autofree float *map = eng_path_scaled (path.sum, path.n, path.weight);
  eng_path_note_gap (job, output, map, from, to, "from the baseline to the picture");
  return eng_path_map (job, map);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  guint64 draws = (guint64)draws_of (values), steps = (guint64)eng_values_get (values, "steps");
  return (EngCost){ draws * steps + draws + 1, draws * steps };
}

static const EngParam params[] = {
  { "steps", "Steps", "gradients", ENG_PARAM_INT, 1, 1000, 50, NULL,
    "Points of the path at which the gradient is taken. More make the completeness gap smaller.", TRUE },
  { "rule", "Rule", "", ENG_PARAM_CHOICE, 0, G_N_ELEMENTS (rules) - 1, 0, rule_choices,
    "How the integral is summed: at the middle of each step, by Gauss and Legendre (captum's default), by "
    "trapezoids, or at the right end of each step (the paper's sum).",
    FALSE },
  ENG_BASELINE_PARAM,
  { "draws", "Noise baselines", "draws", ENG_PARAM_INT, 1, 20, 1, NULL,
    "With the noise baseline: the mean over so many of them, each with all steps.", FALSE },
  ENG_OUTPUT_PARAM,
  { NULL },
};

extern const EngMethod eng_method_integrated_gradients;
const EngMethod eng_method_integrated_gradients = {
  .id = "integrated-gradients",
  .name = "Integrated Gradients",
  .about = "What each pixel adds on the straight way from a baseline to the picture; adds up to the change of the "
           "logit.",
  .reference = "Sundararajan, Taly, Yan: Axiomatic Attribution for Deep Networks, ICML 2017",
  .family = ENG_FAMILY_GRADIENT,
  .sign = ENG_SIGN_SIGNED,
  .needs = ENG_NEEDS_GRADIENT,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE | ENG_ALLOWS_STOP,
  .class_dependent = TRUE,
  .params = params,
  .cost = "a forward and a backward pass for each step, 2 forward passes",
  .passes = passes,
  .explain = explain,
};
