/* Blur Integrated Gradients (Xu, Venugopalan and Sundararajan, CVPR 2020, equation 6): the path leads from a blurred
 * picture to the sharp one through ever weaker Gaussian blur z(sigma), so it needs no baseline colour and shows at
 * which scale evidence lies:
 *
 *   M = - integral over sigma in [0, S] of dF/dx at z(sigma) (.) dz/dsigma
 *
 * with n steps of sigma, blur in model space with zeros outside, kernels cut at 4 sigma. Steps are equal, as
 * published, or grow towards the blurred end (sigma = S (i/n)^2), because most of a picture changes below a sigma
 * of 2. "described": each step adds its own change of the picture, z(sigma_i) - z(sigma_i+1), times the gradient in
 * its middle, which is exact for a linear F. "released" is the authors' code (PAIR saliency): the left end's gradient
 * times a finite difference over 0.01 times the step. Steps run from sharp to blurred, so a result stopped early is
 * Blur IG with a smaller S. */
#include "path.h"

#include "../blur.h"

#define RELEASED_DIFFERENCE 0.01

enum
{
  DESCRIBED,
  RELEASED
};

static const char *const variants[] = { "described", "released", NULL };

enum
{
  LINEAR,
  QUADRATIC
};

static const char *const spacings[] = { "linear", "quadratic", NULL };

typedef struct
{
  EngJob *job;
  EngPreprocess *shape;
  gsize n;
  int steps, variant, spacing;
  double strongest; /* sigma */
  const float *x;
  float *a, *b; /* n: scratch */
  double *sum;  /* n */
} Blurring;

static void
blur (const Blurring *s, double sigma, float *out)
{
  eng_gaussian_blur (s->x, s->shape->channels, s->shape->height, s->shape->width, sigma, -1, ENG_EDGE_ZERO, out);
}

/* After @steps of them. */
static double
sigma_at (const Blurring *s, double steps)
{
  double way = steps / s->steps;
  return s->strongest * (s->spacing == QUADRATIC ? way * way : way);
}

static void
fill (int index, float *const *inputs, gpointer data)
{
  const Blurring *s = data;
  blur (s, sigma_at (s, s->variant == RELEASED ? index : index + 0.5), inputs[0]);
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Blurring *s = data;
  double sigma = sigma_at (s, item->index), next = sigma_at (s, item->index + 1);
  double scale = s->variant == RELEASED ? (next - sigma) / RELEASED_DIFFERENCE : 1;
  blur (s, sigma, s->a);
  blur (s, s->variant == RELEASED ? sigma + RELEASED_DIFFERENCE : next, s->b);
  for (gsize i = 0; i < s->n; i++)
    s->sum[i] += scale * ((double)s->a[i] - s->b[i]) * item->grads[0][i];
  EngHeatmap *preview = NULL;
  if (eng_job_preview_due (s->job))
    {
      g_autofree float *map = eng_path_scaled (s->sum, s->n, 1);
      preview = eng_path_map (s->job, map);
    }
  return eng_job_step (s->job, (guint)item->index + 1, (guint)s->steps, "steps", preview, error);
}

/* Measures the gap against the blur that was reached. */
static gboolean
note_gap (const Blurring *s, EngOutput output, int done, const float *map, GError **error)
{
  double scores[2], sigma = sigma_at (s, done);
  g_autofree char *where = g_strdup_printf ("from the picture blurred with sigma %.3g to the sharp one", sigma);
  blur (s, sigma, s->a);
  if (!eng_path_scores (s->job, output, (const float *const[]){ s->a, s->x }, 2, scores, error))
    return FALSE;
  eng_path_note_gap (s->job, output, map, scores[0], scores[1], where);
  return TRUE;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  const EngValues *values = eng_job_values (job);
  EngOutput output = (EngOutput)eng_values_get (values, "output");
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  gsize n = eng_probe_size (probe, NULL);
  g_autofree float *a = g_new (float, n), *b = g_new (float, n);
  g_autofree double *sum = g_new0 (double, n);
  Blurring s = { .job = job,
                 .shape = eng_model_preprocess (eng_job_model (job)),
                 .n = n,
                 .steps = (int)eng_values_get (values, "steps"),
                 .variant = (int)eng_values_get (values, "variant"),
                 .spacing = (int)eng_values_get (values, "spacing"),
                 .strongest = eng_values_get (values, "max-sigma"),
                 .x = eng_job_input (job),
                 .a = a,
                 .b = b,
                 .sum = sum };
  eng_probe_want_grad (probe, NULL);
  eng_probe_set_output (probe, output);
  int done = eng_probe_run (probe, s.steps, fill, take, &s, error);
  if (done < 0)
    return NULL;
  g_autofree float *map = eng_path_scaled (sum, n, 1);
  return note_gap (&s, output, done, map, error) ? eng_path_map (job, map) : NULL;
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  guint64 steps = (guint64)eng_values_get (values, "steps");
  return (EngCost){ steps + 2, steps };
}

static const EngParam params[] = {
  { "steps", "Steps", "gradients", ENG_PARAM_INT, 1, 1000, 100, NULL,
    "Strengths of blur at which the gradient is taken. More make the completeness gap smaller.", TRUE },
  { "max-sigma", "Strongest blur", "pixels", ENG_PARAM_FLOAT, 0.5, 200, 50, NULL,
    "Standard deviation of the Gaussian at the path's blurred end. It should leave nothing of the object.", TRUE },
  { "spacing", "Spacing", "", ENG_PARAM_CHOICE, LINEAR, QUADRATIC, LINEAR, spacings,
    "Equal steps of blur, as published, or small steps while little is blurred, where most of the picture changes: "
    "usually a smaller completeness gap for the same cost.",
    FALSE },
  { "variant", "Variant", "", ENG_PARAM_CHOICE, DESCRIBED, RELEASED, DESCRIBED, variants,
    "As described: the picture's own change in each step, exact for linear models. As released: the authors' finite "
    "difference at the step's sharp end.",
    FALSE },
  ENG_OUTPUT_PARAM,
  { NULL },
};

extern const EngMethod eng_method_blur_ig;
const EngMethod eng_method_blur_ig = {
  .id = "blur-ig",
  .name = "Blur IG",
  .about = "What each pixel adds while the picture grows from blurred to sharp; adds up to the change of the logit.",
  .reference = "Xu, Venugopalan, Sundararajan: Attribution in Scale and Space, CVPR 2020",
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
