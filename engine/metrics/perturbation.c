/* The LTX evaluation's perturbation curves; protocol and source stand in perturbation.h. One sort per map, exact
 * early exit. */
#include "perturbation.h"

#include "../nn/pass.h"

#include <math.h>
#include <string.h>

/* Pictures evaluated together, where all of them are needed whatever the model answers. Otherwise one at a time: most
 * maps are given up after one or two. */
#define BATCH 3

typedef struct
{
  EngGraph *graph;
  EngPass *pass;
  int batch;
  float *input, *logits;
} Runner;

struct _EngPerturbation
{
  int n_classes, class_index, channels, pixels;
  float *input;   /* C x H x W */
  float black[3]; /* a black pixel, normalised */
  double start_accuracy, start_probability;
  Runner one, many;
  guint32 *order;
  float *negated;
};

static void
runner_clear (Runner *r)
{
  g_clear_pointer (&r->pass, eng_pass_free);
  g_clear_pointer (&r->graph, eng_graph_unref);
  g_clear_pointer (&r->input, g_free);
  g_clear_pointer (&r->logits, g_free);
}

static gboolean
runner_init (Runner *r, EngModel *model, int batch, GError **error)
{
  r->batch = batch;
  if (!(r->graph = eng_model_graph (model, batch, error)))
    return FALSE;
  r->pass = eng_pass_new (r->graph);
  eng_pass_want (r->pass, eng_graph_logits (r->graph));
  r->input = g_new (float, eng_shape_count (&eng_graph_image (r->graph)->shape));
  r->logits = g_new (float, eng_shape_count (&eng_graph_logits (r->graph)->shape));
  return eng_pass_prepare (r->pass, error);
}

EngPerturbation *
eng_perturbation_new (EngModel *model, const float *input, const float *logits, int class_index, GError **error)
{
  g_autoptr (EngPerturbation) self = g_new0 (EngPerturbation, 1);
  EngPreprocess *p = eng_model_preprocess (model);
  float matrix[3][3];
  self->n_classes = eng_model_n_classes (model);
  self->class_index = class_index;
  self->channels = p->channels;
  self->pixels = p->width * p->height;
  self->input = g_memdup2 (input, sizeof *input * self->channels * self->pixels);
  eng_preprocess_coefficients (p, matrix, self->black);
  g_autofree float *probabilities = g_new (float, self->n_classes);
  self->start_accuracy = eng_softmax (logits, self->n_classes, probabilities) == class_index;
  self->start_probability = probabilities[class_index];
  self->order = g_new (guint32, self->pixels);
  self->negated = g_new (float, self->pixels);
  if (!runner_init (&self->one, model, 1, error)
      || !runner_init (&self->many, model, eng_model_batch (model, BATCH), error))
    return NULL;
  return g_steal_pointer (&self);
}

void
eng_perturbation_free (EngPerturbation *self)
{
  if (!self)
    return;
  runner_clear (&self->one);
  runner_clear (&self->many);
  g_free (self->input);
  g_free (self->order);
  g_free (self->negated);
  g_free (self);
}

/* A radix sort over the bits of the floats, three times eleven: stable and linear. */
void
eng_rank_descending (const float *map, int n, guint32 *order)
{
  g_autofree guint32 *keys = g_new (guint32, n), *other = g_new (guint32, n);
  guint32 *from = order, *to = other;
  for (int i = 0; i < n; i++)
    {
      guint32 bits;
      float v = map[i] == 0 ? 0 : map[i]; /* -0 ranks with 0 */
      memcpy (&bits, &v, sizeof bits);
      /* Ascending integers for descending values. */
      keys[i] = bits & 0x80000000u ? bits : ~(bits | 0x80000000u);
      from[i] = (guint32)i;
    }
  for (int shift = 0; shift < 33; shift += 11)
    {
      int start[2049] = { 0 };
      for (int i = 0; i < n; i++)
        start[((keys[i] >> shift) & 2047) + 1]++;
      for (int i = 0; i < 2048; i++)
        start[i + 1] += start[i];
      for (int i = 0; i < n; i++)
        to[start[(keys[from[i]] >> shift) & 2047]++] = from[i];
      guint32 *swap = from;
      from = to;
      to = swap;
    }
  memcpy (order, from, sizeof *order * n); /* after three rounds the result lies in the other array */
}

static const guint32 *
rank (EngPerturbation *self, const float *map, EngRemoval removal)
{
  if (removal == ENG_REMOVE_LEAST_FIRST)
    {
      for (int i = 0; i < self->pixels; i++)
        self->negated[i] = -map[i];
      map = self->negated;
    }
  eng_rank_descending (map, self->pixels, self->order);
  return self->order;
}

/* Scores of as many steps as @r takes, from @first on (1 = 10 % removed). */
static void
evaluate (EngPerturbation *self, Runner *r, const guint32 *order, int first, double *accuracy, double *probability)
{
  int size = self->channels * self->pixels;
  g_autofree float *p = g_new (float, self->n_classes);
  for (int b = 0; b < r->batch; b++)
    {
      float *x = r->input + (gsize)b * size;
      int k = first + b, removed = (int)((gint64)self->pixels * k / ENG_PERTURBATION_STEPS);
      memcpy (x, self->input, sizeof *x * size);
      for (int c = 0; c < self->channels; c++)
        for (int i = 0; i < removed; i++)
          x[c * self->pixels + order[i]] = self->black[c];
    }
  eng_pass_write (r->pass, eng_graph_image (r->graph), r->input);
  eng_pass_forward (r->pass);
  eng_pass_read (r->pass, eng_graph_logits (r->graph), r->logits);
  for (int b = 0; b < r->batch; b++)
    {
      accuracy[first + b] =
          eng_softmax (r->logits + (gsize)b * self->n_classes, self->n_classes, p) == self->class_index;
      probability[first + b] = p[self->class_index];
    }
}

/* The bound on the AUC that the steps so far leave: no term is negative and none exceeds its weight. */
static double
bound_of (EngRemoval removal, double sum, double left)
{
  return 100.0 / ENG_PERTURBATION_STEPS * (removal == ENG_REMOVE_MOST_FIRST ? sum : sum + left);
}

static gboolean
is_beaten (EngRemoval removal, double bound, double best)
{
  return !isnan (best) && (removal == ENG_REMOVE_MOST_FIRST ? bound >= best : bound <= best);
}

/* Whether fewer than @n further steps can never tell that the map loses, so that they may be taken at once. */
static gboolean
needs (EngRemoval removal, double sum, double left, int n, double best)
{
  double most = removal == ENG_REMOVE_MOST_FIRST ? sum + n - 1 : sum;
  return !is_beaten (removal, bound_of (removal, most, left - (n - 1)), best);
}

double
eng_perturbation_auc (EngPerturbation *self, const float *map, EngRemoval removal, EngScore score, double best,
                      guint64 *forward)
{
  double accuracy[ENG_PERTURBATION_STEPS], probability[ENG_PERTURBATION_STEPS];
  const double *a = score == ENG_SCORE_ACCURACY ? accuracy : probability;
  const guint32 *order = rank (self, map, removal);
  const int last = ENG_PERTURBATION_STEPS - 1;
  accuracy[0] = self->start_accuracy;
  probability[0] = self->start_probability;
  double sum = a[0] / 2, left = last - 0.5; /* weights of the steps not yet evaluated */
  for (int k = 1; k <= last;)
    {
      int most = self->many.batch;
      Runner *r = k + most - 1 <= last && needs (removal, sum, left, most, best) ? &self->many : &self->one;
      evaluate (self, r, order, k, accuracy, probability);
      *forward += r->batch;
      for (int b = 0; b < r->batch; b++, k++)
        {
          double weight = k == last ? 0.5 : 1;
          sum += weight * a[k];
          left -= weight;
        }
      if (k <= last && is_beaten (removal, bound_of (removal, sum, left), best))
        return NAN;
    }
  return 100.0 / ENG_PERTURBATION_STEPS * sum;
}
