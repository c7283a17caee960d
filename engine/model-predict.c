/* Running a model on pictures: batches, softmax, and the logits of the newest pictures kept. */
#include "error.h"
#include "model-private.h"
#include "nn/pass.h"

#include <math.h>
#include <string.h>

/* Logits of the newest pictures are kept: explaining one picture with several methods asks for them often. */
#define KEPT_PREDICTIONS 8

typedef struct
{
  char *image_sha256;
  float *logits;
} Prediction;

static void
prediction_free (Prediction *p)
{
  g_free (p->image_sha256);
  g_free (p->logits);
  g_free (p);
}

void
eng_model_forget_predictions (EngModel *self)
{
  g_queue_clear_full (&self->predictions, (GDestroyNotify)prediction_free);
}

gboolean
eng_graph_run (EngGraph *graph, const float *input, float *logits, GError **error)
{
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  eng_pass_want (pass, eng_graph_logits (graph));
  if (!eng_pass_prepare (pass, error))
    return FALSE;
  eng_pass_write (pass, eng_graph_image (graph), input);
  eng_pass_forward (pass);
  eng_pass_read (pass, eng_graph_logits (graph), logits);
  return TRUE;
}

int
eng_softmax (const float *logits, int n, float *probabilities)
{
  int best = 0;
  double sum = 0;
  for (int i = 1; i < n; i++)
    if (logits[i] > logits[best])
      best = i;
  double top = logits[best];
  for (int i = 0; i < n; i++)
    sum += exp (logits[i] - top);
  for (int i = 0; i < n; i++)
    probabilities[i] = (float)(exp (logits[i] - top) / sum);
  return best;
}

gboolean
eng_model_predict (EngModel *self, const float *input, int n, float *logits, GError **error)
{
  for (int done = 0; done < n;)
    {
      int batch = eng_model_batch (self, MIN (n - done, 8));
      g_autoptr (EngGraph) graph = eng_model_graph (self, batch, error);
      if (!graph)
        return FALSE;
      int64_t size = eng_shape_count (&eng_graph_image (graph)->shape) / batch;
      if (!eng_graph_run (graph, input + done * size, logits + (gsize)done * self->n_classes, error))
        return FALSE;
      done += batch;
    }
  for (gsize i = 0; i < (gsize)n * self->n_classes; i++)
    if (!isfinite (logits[i]))
      return eng_fail (error, ENG_ERROR_INVALID,
                       "The model returned %s for this picture. Check the normalisation (%s).",
                       isnan (logits[i]) ? "NaN" : "infinity", self->preprocess->origin);
  return TRUE;
}

static float *
kept_prediction (EngModel *self, const char *sha256)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  for (GList *l = self->predictions.head; l; l = l->next)
    {
      Prediction *p = l->data;
      if (strcmp (p->image_sha256, sha256) == 0)
        return g_memdup2 (p->logits, sizeof (float) * self->n_classes);
    }
  return NULL;
}

static void
keep_prediction (EngModel *self, const char *sha256, const float *logits)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  Prediction *p = g_new (Prediction, 1);
  p->image_sha256 = g_strdup (sha256);
  p->logits = g_memdup2 (logits, sizeof (float) * self->n_classes);
  g_queue_push_head (&self->predictions, p);
  if (self->predictions.length > KEPT_PREDICTIONS)
    prediction_free (g_queue_pop_tail (&self->predictions));
}

float *
eng_model_predict_image (EngModel *self, EngImage *image, GError **error)
{
  float *kept = kept_prediction (self, eng_image_sha256 (image));
  if (kept)
    return kept;
  EngPreprocess *p = self->preprocess;
  gsize plane = (gsize)p->width * p->height;
  g_autofree guint8 *view = eng_preprocess_view (p, image, error);
  if (!view)
    return NULL;
  g_autofree float *pixels = g_new (float, 3 * plane), *input = g_new (float, p->channels *plane);
  g_autofree float *logits = g_new (float, self->n_classes);
  eng_preprocess_pixels (p, view, pixels);
  eng_preprocess_normalise (p, pixels, input);
  if (!eng_model_predict (self, input, 1, logits, error))
    return NULL;
  keep_prediction (self, eng_image_sha256 (image), logits);
  return g_steal_pointer (&logits);
}
