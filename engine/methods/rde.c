/* See rde.h. Kolek, Nguyen, Levie, Bruna, Kutyniok: A Rate-Distortion Framework for Explaining Black-Box Model
 * Decisions, xxAI 2020 (2022), and Cartoon Explanations of Image Classifiers, ECCV 2022:
 *
 *   min over s in [0,1]^k of  E_v [d (p (x), p (f (s h + (1 - s) v)))] + lambda ||s||_1 / k,   x = f (h),
 *
 * p softmax probabilities, d the squared difference of the class's (label), (1 - p_c)^2 (maximize-target) or the
 * sum of squares over all classes (l2). The expectation is a mean over samples, new ones in each step; Adam from
 * s = 1, clamped to [0,1] after each step. */
#include "rde.h"

#include "../metrics/rank-correlation.h"
#include "../nn/optim.h"
#include "../probe.h"
#include "../random.h"

#include <math.h>
#include <string.h>

/* What samples leave for their gradient is held for so many at a time; a multiple of any batch. */
#define CHUNK 16

enum
{
  DISTORTION_LABEL,
  DISTORTION_MAXIMIZE,
  DISTORTION_L2
};

const char *const eng_rde_noises[] = { "gaussian", "uniform", NULL };
const char *const eng_rde_distortions[] = { "label", "maximize-target", "l2", NULL };

struct _EngRde
{
  EngJob *job;
  const EngRdeSpace *space;
  EngPreprocess *preprocess;
  EngProbe *probe;
  int samples, distortion, k, class_index;
  double lambda;
  float *reference;  /* probabilities that are to stay, k */
  float *p, *pixels; /* scratch: k, 3 x H x W */
  float *kept;       /* CHUNK x kept_size */
  /* of the objective under way */
  const float *mask;
  float *gradient;
  guint32 step;
  int first;
  double sum, probability; /* distortions; the class's probabilities */
};

void
eng_rde_measure (const float *values, gsize n, double *mean, double *deviation)
{
  double sum = 0, squares = 0;
  for (gsize i = 0; i < n; i++)
    sum += values[i];
  *mean = sum / (double)n;
  for (gsize i = 0; i < n; i++)
    squares += (values[i] - *mean) * (values[i] - *mean);
  *deviation = sqrt (squares / (double)n);
}

void
eng_rde_draw_noise (EngRdeNoise kind, GRand *random, float *values, gsize n, double mean, double deviation)
{
  if (kind == ENG_RDE_GAUSSIAN)
    eng_random_fill_normal (random, values, n, mean, deviation);
  else
    for (gsize i = 0; i < n; i++)
      values[i] = (float)(mean + deviation * (2 * g_rand_double (random) - 1));
}

void
eng_rde_space_free (EngRdeSpace *self)
{
  if (!self)
    return;
  self->free_data (self->data);
  g_free (self);
}

/* ---- the objective ---- */

/* What class @j adds to the distortion is the square of this. */
static double
difference (const EngRde *self, const float *p, int j)
{
  return self->distortion == DISTORTION_L2 || j == self->class_index ? (double)p[j] - self->reference[j] : 0;
}

/* d distortion / d logits: through softmax, 2 p_j (e_j - sum_i e_i p_i) for differences e. */
static void
seed (int index, const float *logits, float *seed, gpointer data)
{
  EngRde *self = data;
  double along = 0;
  eng_softmax (logits, self->k, self->p);
  for (int j = 0; j < self->k; j++)
    along += difference (self, self->p, j) * self->p[j];
  for (int j = 0; j < self->k; j++)
    seed[j] = (float)(2 * self->p[j] * (difference (self, self->p, j) - along));
}

static void
fill (int index, float *const *inputs, gpointer data)
{
  EngRde *self = data;
  guint32 stream = self->step * (guint32)self->samples + (guint32)(self->first + index);
  g_autoptr (GRand) random = eng_random_new (eng_job_seed (self->job), stream);
  self->space->obfuscate (self->space->data, self->mask, random, self->pixels,
                          self->kept + (gsize)index * self->space->kept_size);
  eng_preprocess_normalise (self->preprocess, self->pixels, inputs[0]);
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  EngRde *self = data;
  eng_softmax (item->logits, self->k, self->p);
  for (int j = 0; j < self->k; j++)
    self->sum += difference (self, self->p, j) * difference (self, self->p, j);
  self->probability += self->p[self->class_index];
  eng_preprocess_pixel_gradient (self->preprocess, item->grads[0], self->pixels);
  self->space->pull_back (self->space->data, self->pixels, self->kept + (gsize)item->index * self->space->kept_size,
                          self->gradient);
  return TRUE;
}

EngRde *
eng_rde_new (EngJob *job, const EngRdeSpace *space)
{
  const EngValues *values = eng_job_values (job);
  EngRde *self = g_new0 (EngRde, 1);
  self->job = job;
  self->space = space;
  self->preprocess = eng_model_preprocess (eng_job_model (job));
  self->samples = (int)eng_values_get (values, "samples");
  self->lambda = eng_values_get (values, "lambda");
  self->distortion = (int)eng_values_get (values, "distortion");
  self->class_index = eng_job_class_index (job);
  self->k = eng_model_n_classes (eng_job_model (job));
  self->reference = g_new (float, self->k);
  self->p = g_new (float, self->k);
  self->pixels = g_new (float, 3 * (gsize)self->preprocess->width * self->preprocess->height);
  self->kept = g_new (float, CHUNK * space->kept_size);
  eng_softmax (eng_job_logits (job), self->k, self->reference);
  if (self->distortion == DISTORTION_MAXIMIZE)
    self->reference[self->class_index] = 1;
  self->probe = eng_probe_new (job);
  eng_probe_want_grad (self->probe, NULL);
  eng_probe_set_seed (self->probe, seed, self);
  return self;
}

void
eng_rde_free (EngRde *self)
{
  if (!self)
    return;
  eng_probe_free (self->probe);
  g_free (self->reference);
  g_free (self->p);
  g_free (self->pixels);
  g_free (self->kept);
  g_free (self);
}

int
eng_rde_objective (EngRde *self, const float *mask, guint32 step, float *gradient, double *loss, GError **error)
{
  gsize n = self->space->mask_size;
  double size = 0;
  self->mask = mask;
  self->gradient = gradient;
  self->step = step;
  self->sum = self->probability = 0;
  memset (gradient, 0, sizeof *gradient * n);
  for (self->first = 0; self->first < self->samples; self->first += CHUNK)
    {
      int wanted = MIN (CHUNK, self->samples - self->first);
      int taken = eng_probe_run (self->probe, wanted, fill, take, self, error);
      if (taken < wanted)
        return taken < 0 ? -1 : self->first + taken;
    }
  for (gsize i = 0; i < n; i++)
    {
      gradient[i] = (float)(gradient[i] / self->samples + self->lambda * ((mask[i] > 0) - (mask[i] < 0)) / (double)n);
      size += fabs (mask[i]);
    }
  *loss = self->sum / self->samples + self->lambda * size / (double)n;
  return self->samples;
}

/* ---- the method ---- */

/* The masks at the last two powers of two: the older one is at half the steps or somewhat before. */
typedef struct
{
  float *older, *newer;
  gsize n;
} History;

static void
remember (History *h, const float *mask, int step)
{
  if (step & (step - 1))
    return;
  memcpy (h->older, h->newer, sizeof *mask * h->n);
  memcpy (h->newer, mask, sizeof *mask * h->n);
}

static void
clamp (float *mask, gsize n)
{
  for (gsize i = 0; i < n; i++)
    mask[i] = CLAMP (mask[i], 0, 1);
}

static void
note_result (EngRde *self, const float *mask, int samples)
{
  gsize n = self->space->mask_size;
  double size = 0, before;
  g_autofree float *p = g_new (float, self->k);
  for (gsize i = 0; i < n; i++)
    size += mask[i];
  eng_softmax (eng_job_logits (self->job), self->k, p);
  before = p[self->class_index];
  eng_job_note (self->job, "kept", size / (double)n,
                g_strdup_printf ("%.1f %% of the %s are kept", 100 * size / (double)n, self->space->what));
  if (samples == self->samples)
    eng_job_note (self->job, "kept-probability", self->probability / samples,
                  g_strdup_printf ("with the rest as noise the class has probability %.3f, before %.3f",
                                   self->probability / samples, before));
}

EngHeatmap *
eng_rde_explain (EngJob *job, EngRdeSpace *owned, GError **error)
{
  g_autoptr (EngRdeSpace) space = owned;
  const EngValues *values = eng_job_values (job);
  gsize n = space->mask_size;
  int steps = (int)eng_values_get (values, "steps"), samples = 0;
  g_autoptr (EngRde) self = eng_rde_new (job, space);
  g_autofree float *mask = g_new (float, n), *gradient = g_new (float, n), *older = g_new (float, n),
                   *newer = g_new (float, n);
  History history = { older, newer, n };
  EngAdamWSettings settings = { eng_values_get (values, "learning-rate"), 0.9, 0.999, 1e-8, 0 };
  g_autoptr (EngAdamW) adam = eng_adamw_new_array (mask, n, &settings);
  for (gsize i = 0; i < n; i++)
    mask[i] = newer[i] = 1;
  for (int i = 1; i <= steps && !eng_job_stopping (job); i++)
    {
      double loss;
      samples = eng_rde_objective (self, mask, (guint32)i, gradient, &loss, error);
      if (samples < 0)
        return NULL;
      if (samples < self->samples) /* stopped within a step */
        break;
      eng_adamw_step_array (adam, gradient);
      clamp (mask, n);
      remember (&history, mask, i);
      gboolean due = eng_job_preview_due (job);
      if (due || i == steps)
        eng_job_report_convergence (job, eng_rank_correlation (mask, older, (int)n));
      if (!eng_job_step (job, (guint)i, (guint)steps, "steps", due ? space->draw (space->data, mask) : NULL, error))
        return NULL;
    }
  note_result (self, mask, samples);
  return space->draw (space->data, mask);
}

EngCost
eng_rde_passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  guint64 passes = (guint64)(eng_values_get (values, "steps") * eng_values_get (values, "samples"));
  return (EngCost){ passes, passes };
}
