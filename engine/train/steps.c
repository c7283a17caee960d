/* Steps of a training and what the held-out pictures make of them: see run.h. */
#include "batch.h"

#include "../error.h"

#include <math.h>
#include <string.h>

/* ---- steps ---- */

static double
rate_at (EngTrainRun *self, int step)
{
  double top = eng_values_get (self->values, "learning-rate"), warm = eng_values_get (self->values, "warm-up");
  double rising = warm * self->steps, rest = MAX (self->steps - rising, 1), t = (step - rising) / rest;
  const char *schedule = eng_values_get_text (self->values, "schedule");
  if (step < rising)
    return top * MIN ((step + 1) / MAX (rising, 1), 1);
  return top
         * (strcmp (schedule, "linear") == 0   ? 1 - t
            : strcmp (schedule, "cosine") == 0 ? 0.5 * (1 + cos (G_PI * t))
                                               : 1);
}

static double
read_number (EngTrainRun *self, EngValue *value)
{
  float v;
  eng_pass_read (self->net->pass, value, &v);
  return v;
}

/* Adds the walk back's gradients to the sum; @last: and puts the sum in their place. */
static void
sum_gradients (EngTrainRun *self, gboolean first, gboolean last)
{
  float *sum = self->gradient;
  for (guint i = 0; i < self->net->trained->len; i++)
    {
      EngValue *v = self->net->trained->pdata[i];
      gsize n = (gsize)eng_shape_count (&v->shape);
      float *gradient = eng_pass_weight_grad (self->net->pass, v);
      for (gsize k = 0; gradient && k < n; k++)
        sum[k] = gradient[k] + (first ? 0 : sum[k]);
      if (gradient && last)
        memcpy (gradient, sum, sizeof *sum * n);
      sum += n;
    }
}

static gboolean
run_part (EngTrainRun *self, int i, EngTrainingPoint *point, GError **error)
{
  int parts = self->batch / self->part;
  g_autofree guint *places = g_new (guint, self->part);
  float share = 1.0f / (float)parts;
  EngTrainBatch batch;
  eng_train_places (self, self->step, i, places);
  if (!eng_train_feed (self, places, self->part, FALSE, (guint32)self->step * (guint32)parts + (guint32)i, &batch,
                       error))
    return FALSE;
  eng_pass_forward (self->net->pass);
  double loss = read_number (self, self->net->loss);
  if (!isfinite (loss))
    return eng_fail (error, ENG_ERROR_INVALID,
                     "The loss is not a number at step %d. Lower the learning rate (it is %g) and train again.",
                     self->step + 1, eng_values_get (self->values, "learning-rate"));
  point->loss += loss / parts;
  for (int t = 0; t < self->net->n_terms; t++)
    point->terms[t] += read_number (self, self->net->terms[t].value) / parts;
  eng_pass_backward (self->net->pass, parts > 1 ? &share : NULL);
  if (parts > 1)
    sum_gradients (self, i == 0, i == parts - 1);
  return TRUE;
}

gboolean
eng_train_run_ended (const EngTrainRun *self)
{
  int patience = (int)eng_values_get (self->values, "patience");
  return self->step >= self->steps || (patience > 0 && self->unimproved >= patience);
}

gboolean
eng_train_run_step (EngTrainRun *self, EngTrainBetween between, gpointer data, GError **error)
{
  EngTrainingPoint point;
  memset (&point, 0, sizeof point); /* also what lies between its fields: it goes to a file */
  for (int i = 0; i < self->batch / self->part; i++)
    if (!between (data, error) || !run_part (self, i, &point, error))
      return FALSE;
  point.rate = rate_at (self, self->step);
  eng_adamw_set_rate (self->optimiser, point.rate);
  eng_adamw_step (self->optimiser);
  point.step = ++self->step;
  g_array_append_val (self->points, point);
  return TRUE;
}

/* ---- judging ---- */

static void
take_previews (EngTrainRun *self, const EngTrainBatch *batch, int first)
{
  for (int i = 0; i < batch->n && first + i < ENG_TRAINING_PREVIEWS; i++)
    {
      int rows, cols;
      g_autofree float *map = self->kind->preview (self->net, batch, i, &rows, &cols);
      gsize n = (gsize)rows * cols;
      if (first + i == 0)
        {
          g_free (self->previews);
          self->previews = g_new0 (float, n *ENG_TRAINING_PREVIEWS);
          self->preview_rows = rows;
          self->preview_cols = cols;
        }
      memcpy (self->previews + n * (gsize)(first + i), map, sizeof *map * n);
      self->n_previews = first + i + 1;
    }
}

static gboolean
judge_part (EngTrainRun *self, guint first, EngTrainingMark *mark, GError **error)
{
  int n = (int)MIN ((guint)self->part, self->n_held_out - first);
  EngTrainBatch batch;
  if (!eng_train_feed (self, self->held_out + first, n, TRUE, ENG_STREAM_JUDGE + first, &batch, error))
    return FALSE;
  eng_pass_forward (self->net->pass);
  mark->loss += read_number (self, self->net->loss) * n / self->n_held_out;
  double sum = 0;
  if (!self->kind->judge (self->net, &batch, &sum, error))
    return FALSE;
  mark->score += sum / self->n_held_out;
  take_previews (self, &batch, (int)first);
  return TRUE;
}

/* The untrained explainer is judged for comparison only. */
static gboolean
is_better (EngTrainRun *self, const EngTrainingMark *mark)
{
  double from = self->kind->keeps_from ? self->kind->keeps_from (self->values) * self->steps : 0;
  if (mark->step == 0 || isnan (mark->score) || (mark->step < from && !self->ending))
    return FALSE;
  if (self->best < 0)
    return TRUE;
  double best = g_array_index (self->marks, EngTrainingMark, self->best).score;
  return self->kind->higher_is_better ? mark->score > best : mark->score < best;
}

gboolean
eng_train_run_judge (EngTrainRun *self, EngTrainBetween between, gpointer data, GError **error)
{
  EngTrainingMark mark;
  memset (&mark, 0, sizeof mark);
  mark.step = self->step;
  for (guint first = 0; first < self->n_held_out; first += (guint)self->part)
    if (!between (data, error) || !judge_part (self, first, &mark, error))
      return FALSE;
  mark.best = is_better (self, &mark);
  if (mark.best)
    {
      self->best = (int)self->marks->len;
      if (!self->best_weights)
        self->best_weights = g_new (float, self->count);
      eng_net_read_weights (self->net, self->best_weights);
    }
  self->unimproved = mark.best || self->best < 0 ? 0 : self->unimproved + 1;
  g_array_append_val (self->marks, mark);
  return TRUE;
}

gboolean
eng_train_run_judge_due (const EngTrainRun *self)
{
  int every = (int)eng_values_get (self->values, "validate-every");
  int last = self->marks->len ? g_array_index (self->marks, EngTrainingMark, self->marks->len - 1).step : -1;
  return self->step != last && (self->step % every == 0 || self->step >= self->steps);
}
