/* AttEXplore (Zhu et al.: AttEXplore: Attribution for Explanation with model parameters eXploration, ICLR 2024), as
 * its released code computes it. From the picture x_0, in pixel values 0 to 1, T steps of a transferable attack:
 *
 *   x'_n = IDCT (DCT (x_t + N (0, sigma^2)) * U [1 - rho, 1 + rho]),   n = 1 .. N
 *   g = mean_n d CE / d x'_n, smoothed by a 7 x 7 Gaussian (sigma 1),   m_t = g / mean |g| + momentum m_(t-1)
 *   x_(t+1) = clip (x_t - alpha sign (m_t)),  alpha = epsilon / T, within epsilon of x_0 and within [0, 1]
 *   map = - sum_t (x_(t+1) - x_t) m_t
 *
 * with CE the cross entropy of the class, the gradient taken at x'_n (not through the transform). Variant "ascend"
 * has + alpha: away from the class, as an attack goes and as the authors' later port does; the map's sign turns
 * with it. Each term is alpha |m_t| unless clipped: values are >= 0.
 *
 * Differs from the released code: that applies softmax up to three times before the logarithm, here it is once;
 * and its input diversity (enlarge to a random size, pad to 1.15 times the side) changes the input's size, which an
 * exported network does not allow, so the picture is brought back to its size after it. */
#include "../blur.h"
#include "../dct.h"
#include "../moments.h"
#include "../planes.h"
#include "../probe.h"
#include "../random.h"

#include <math.h>
#include <string.h>

enum
{
  VARIANT_RELEASED,
  VARIANT_ASCEND
};

static const char *const variants[] = { "released", "ascend", NULL };

/* The attack's smoothing: seven taps over plus and minus three deviations. */
#define SMOOTH_SIGMA 1
#define SMOOTH_RADIUS 3
/* The side that diversity pads to, in sides of the input. */
#define DIVERSITY_SIDE 1.15

typedef struct
{
  EngJob *job;
  EngPreprocess *preprocess;
  EngProbe *probe;
  EngDct *dct;
  int rows, cols, steps, samples, k, class_index;
  gsize n; /* 3 x rows x cols */
  double sigma, rho, diversity;
  float *x, *work, *sum, *gradient; /* n each: where the attack stands, scratch, sum over samples, m_t */
  float *down, *along;              /* diversity of the sample at hand: rows x rows, cols x cols */
  int step, done;
} Run;

/* ---- input diversity ---- */

/* Weights of a bilinear resize from @src to @dst pixels, half-pixel centres, borders clamped: output @i reads *first
 * and its right neighbour. */
static double
bilinear (int i, int src, int dst, int *first)
{
  double at = CLAMP ((i + 0.5) * src / dst - 0.5, 0, src - 1);
  *first = MIN ((int)at, MAX (src - 2, 0));
  return at - *first;
}

/* Enlarges @n pixels to @size, pads with @before and more zeros to @padded, resizes back to @n: one n x n matrix. */
static void
fill_diversity (float *m, int n, int size, int before, int padded)
{
  memset (m, 0, sizeof *m * n * n);
  for (int i = 0; i < n; i++)
    {
      int outer, inner;
      double right = bilinear (i, padded, n, &outer);
      for (int a = 0; a < 2; a++)
        {
          int at = outer + a - before;
          if (at < 0 || at >= size)
            continue;
          double share = a ? right : 1 - right, next = bilinear (at, n, size, &inner);
          m[(gsize)i * n + inner] += (float)(share * (1 - next));
          if (inner + 1 < n)
            m[(gsize)i * n + inner + 1] += (float)(share * next);
        }
    }
}

/* The first numbers of the sample's stream. FALSE: this sample is left as it is. */
static gboolean
draw_diversity (Run *r, GRand *random)
{
  if (g_rand_double (random) >= r->diversity)
    return FALSE;
  double zoom = g_rand_double_range (random, 1, DIVERSITY_SIDE);
  double above = g_rand_double (random), left = g_rand_double (random);
  int tall = (int)(DIVERSITY_SIDE * r->rows), wide = (int)(DIVERSITY_SIDE * r->cols);
  int height = (int)(zoom * r->rows), width = (int)(zoom * r->cols);
  fill_diversity (r->down, r->rows, height, (int)(above * (tall - height + 1)), tall);
  fill_diversity (r->along, r->cols, width, (int)(left * (wide - width + 1)), wide);
  return TRUE;
}

/* ---- one step ---- */

static GRand *
stream_of (Run *r, int sample)
{
  return eng_random_new (eng_job_seed (r->job), (guint32)(r->step * r->samples + sample));
}

static void
fill (int index, float *const *inputs, gpointer data)
{
  Run *r = data;
  g_autoptr (GRand) random = stream_of (r, index);
  gboolean diverse = draw_diversity (r, random);
  eng_random_fill_normal (random, r->work, r->n, 0, r->sigma);
  for (gsize i = 0; i < r->n; i++)
    r->work[i] += r->x[i];
  eng_dct_forward (r->dct, 3, r->work);
  for (gsize i = 0; i < r->n; i++)
    r->work[i] *= (float)g_rand_double_range (random, 1 - r->rho, 1 + r->rho);
  eng_dct_inverse (r->dct, 3, r->work);
  if (diverse)
    eng_planes_transform (r->work, 3, r->rows, r->cols, r->down, r->along, FALSE, r->work);
  eng_preprocess_normalise (r->preprocess, r->work, inputs[0]);
}

/* d cross entropy / d logits */
static void
seed (int index, const float *logits, float *seed, gpointer data)
{
  Run *r = data;
  eng_softmax (logits, r->k, seed);
  seed[r->class_index] -= 1;
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Run *r = data;
  g_autoptr (GRand) random = stream_of (r, item->index);
  eng_preprocess_pixel_gradient (r->preprocess, item->grads[0], r->work);
  if (draw_diversity (r, random))
    eng_planes_transform (r->work, 3, r->rows, r->cols, r->down, r->along, TRUE, r->work);
  for (gsize i = 0; i < r->n; i++)
    r->sum[i] += r->work[i];
  r->done++;
  return eng_job_step (r->job, (guint)r->done, (guint)(r->steps * r->samples), "samples", NULL, error);
}

/* m_t from the sum of @taken gradients. */
static void
update_gradient (Run *r, int taken, double momentum)
{
  double size = 0;
  for (gsize i = 0; i < r->n; i++)
    r->sum[i] /= (float)taken;
  eng_gaussian_blur (r->sum, 3, r->rows, r->cols, SMOOTH_SIGMA, SMOOTH_RADIUS, ENG_EDGE_ZERO, r->work);
  for (gsize i = 0; i < r->n; i++)
    size += fabs (r->work[i]) / (double)r->n;
  for (gsize i = 0; i < r->n; i++)
    r->gradient[i] = (float)(momentum * r->gradient[i] + (size > 0 ? r->work[i] / size : 0));
}

/* Moves x_t; the step's part of the map goes to @part. */
static void
move (Run *r, const float *origin, double epsilon, double direction, float *part)
{
  const float alpha = (float)(epsilon / r->steps);
  for (gsize i = 0; i < r->n; i++)
    {
      float g = r->gradient[i], sign = (float)((g > 0) - (g < 0)), from = r->x[i];
      float low = fmaxf (origin[i] - (float)epsilon, 0), high = fminf (origin[i] + (float)epsilon, 1);
      r->x[i] = CLAMP (from + (float)direction * alpha * sign, low, high);
      part[i] = (float)direction * (r->x[i] - from) * g;
    }
}

static EngHeatmap *
draw (Run *r, const EngMoments *moments)
{
  g_autofree float *map = g_new (float, r->n);
  eng_moments_read (moments, ENG_MOMENT_MEAN, map);
  for (gsize i = 0; i < r->n; i++)
    map[i] *= (float)eng_moments_count (moments);
  return eng_job_make_heatmap (r->job, map, 3, r->rows, r->cols, ENG_UPSAMPLE_NEAREST, NULL, NULL);
}

static EngHeatmap *
attack (Run *r, GError **error)
{
  const EngValues *values = eng_job_values (r->job);
  double epsilon = eng_values_get (values, "epsilon") / 255, momentum = eng_values_get (values, "momentum");
  double direction = (int)eng_values_get (values, "variant") == VARIANT_ASCEND ? 1 : -1;
  g_autofree float *part = g_new (float, r->n);
  g_autoptr (EngMoments) moments = eng_moments_new (r->n);
  memcpy (r->x, eng_job_pixels (r->job), sizeof *r->x * r->n);
  for (r->step = 0; r->step < r->steps && !eng_job_stopping (r->job); r->step++)
    {
      memset (r->sum, 0, sizeof *r->sum * r->n);
      int taken = eng_probe_run (r->probe, r->samples, fill, take, r, error);
      if (taken < 0)
        return NULL;
      if (taken == 0) /* stopped */
        break;
      update_gradient (r, taken, momentum);
      move (r, eng_job_pixels (r->job), epsilon, direction, part);
      eng_moments_add (moments, part, 1);
      gboolean due = eng_job_preview_due (r->job);
      if (due || r->step + 1 == r->steps)
        eng_job_report_convergence (r->job, eng_moments_agreement (moments));
      if (due
          && !eng_job_step (r->job, (guint)r->done, (guint)(r->steps * r->samples), "samples", draw (r, moments),
                            error))
        return NULL;
    }
  return draw (r, moments);
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngPreprocess *p = eng_model_preprocess (eng_job_model (job));
  const EngValues *values = eng_job_values (job);
  gsize plane = (gsize)p->width * p->height, n = 3 * plane;
  g_autoptr (EngDct) dct = eng_dct_new (p->height, p->width);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  g_autofree float *x = g_new (float, n), *work = g_new (float, n), *sum = g_new (float, n);
  g_autofree float *gradient = g_new0 (float, n), *down = g_new (float, (gsize)p->height * p->height);
  g_autofree float *along = g_new (float, (gsize)p->width * p->width);
  Run r = { .job = job,
            .preprocess = p,
            .probe = probe,
            .dct = dct,
            .rows = p->height,
            .cols = p->width,
            .steps = (int)eng_values_get (values, "steps"),
            .samples = (int)eng_values_get (values, "samples"),
            .k = eng_model_n_classes (eng_job_model (job)),
            .class_index = eng_job_class_index (job),
            .n = n,
            .sigma = eng_values_get (values, "sigma") / 255,
            .rho = eng_values_get (values, "rho"),
            .diversity = eng_values_get (values, "diversity"),
            .x = x,
            .work = work,
            .sum = sum,
            .gradient = gradient,
            .down = down,
            .along = along };
  eng_probe_want_grad (probe, NULL);
  eng_probe_set_seed (probe, seed, &r);
  return attack (&r, error);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  guint64 n = (guint64)(eng_values_get (values, "steps") * eng_values_get (values, "samples"));
  return (EngCost){ n, n };
}

static const EngParam params[] = {
  { "steps", "Steps", "", ENG_PARAM_INT, 1, 100, 10, NULL, "Steps of the attack.", FALSE },
  { "samples", "Samples", "for each step", ENG_PARAM_INT, 1, 200, 20, NULL,
    "Pictures with a changed spectrum that each step's gradient is averaged over.", FALSE },
  { "epsilon", "Reach", "of 255", ENG_PARAM_FLOAT, 0.1, 255, 16, NULL,
    "How far a pixel value may go from the picture's.", FALSE },
  { "rho", "Change of the spectrum", "", ENG_PARAM_FLOAT, 0, 1, 0.5, NULL,
    "Each frequency is multiplied by a random number between 1 − this and 1 + this.", FALSE },
  { "sigma", "Noise", "of 255", ENG_PARAM_FLOAT, 0, 255, 16, NULL,
    "Standard deviation of the noise that is added before the spectrum is changed.", FALSE },
  { "momentum", "Momentum", "", ENG_PARAM_FLOAT, 0, 2, 1, NULL, "Share of the last step's direction in the next.",
    FALSE },
  { "diversity", "Input diversity", "probability", ENG_PARAM_FLOAT, 0, 1, 0.5, NULL,
    "How often a sample is enlarged at random, padded to 1.15 times the side and brought back to its size. 0: never.",
    FALSE },
  { "variant", "Variant", "", ENG_PARAM_CHOICE, 0, 1, VARIANT_RELEASED, variants,
    "released: goes towards the class, as the released code does. ascend: away from it, as an attack does.", FALSE },
  { NULL },
};

extern const EngMethod eng_method_attexplore;
const EngMethod eng_method_attexplore = {
  .id = "attexplore",
  .name = "AttEXplore",
  .about = "Gradients collected along a transferable attack, over pictures with a changed spectrum.",
  .reference = "Zhu et al.: AttEXplore: Attribution for Explanation with Model Parameters eXploration, ICLR 2024",
  .family = ENG_FAMILY_PERTURBATION,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_GRADIENT,
  .allows = ENG_ALLOWS_STOP,
  .class_dependent = TRUE,
  .params = params,
  .cost = "steps × samples forward and backward passes",
  .passes = passes,
  .explain = explain,
};
