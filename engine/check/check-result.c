/* What a check knows so far: all its runs, and the numbers that follow from them. See check.h. */
#include <math.h>

#include "check-private.h"

static void
run_clear (gpointer data)
{
  EngCheckRun *self = data;
  g_clear_pointer (&self->map, eng_heatmap_unref);
  g_free (self->failure);
  g_free (self->layer);
}

void
eng_check_run_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, run_clear);
}

guint
eng_check_work_maps (const EngCheckWork *self)
{
  return (guint)self->settings.runs + (self->settings.kind == ENG_CHECK_SANITY);
}

EngCheckResult *
eng_check_result_ref (EngCheckResult *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
eng_check_result_unref (EngCheckResult *self)
{
  if (!g_atomic_ref_count_dec (&self->ref))
    return;
  g_ptr_array_unref (self->runs);
  g_clear_pointer (&self->mean, eng_heatmap_unref);
  g_clear_pointer (&self->spread, eng_heatmap_unref);
  g_free (self->method_name);
  g_free (self->class_name);
  g_free (self->sentence);
  g_free (self);
}

/* Mean and deviation of each cell over all runs. */
static void
add_moments (EngCheckResult *r)
{
  const EngHeatmap *like = ((EngCheckRun *)r->runs->pdata[0])->map;
  int rows = eng_heatmap_rows (like), cols = eng_heatmap_cols (like), n = rows * cols, k = (int)r->runs->len;
  g_autofree float *mean = g_new (float, n), *spread = g_new (float, n);
  double lo = INFINITY, hi = -INFINITY, total = 0;
  for (int i = 0; i < n; i++)
    {
      double sum = 0, squares = 0;
      for (int j = 0; j < k; j++)
        sum += eng_heatmap_values (((EngCheckRun *)r->runs->pdata[j])->map)[i];
      for (int j = 0; j < k; j++)
        {
          double off = eng_heatmap_values (((EngCheckRun *)r->runs->pdata[j])->map)[i] - sum / k;
          squares += off * off;
        }
      mean[i] = (float)(sum / k);
      spread[i] = (float)sqrt (squares / (k - 1));
      lo = fmin (lo, mean[i]);
      hi = fmax (hi, mean[i]);
      total += spread[i];
    }
  g_autofree char *of_mean = g_strdup_printf ("%s, mean of %d runs", r->method_name, k);
  g_autofree char *of_spread = g_strdup_printf ("%s, spread of %d runs", r->method_name, k);
  r->mean = eng_heatmap_with_values (like, mean, rows, cols, eng_heatmap_sign (like), of_mean);
  r->spread = eng_heatmap_with_values (like, spread, rows, cols, ENG_SIGN_UNSIGNED, of_spread);
  r->relative_spread = hi > lo ? total / n / (hi - lo) : NAN;
}

static void
add_last (EngCheckResult *r)
{
  const EngCheckRun *own = r->runs->pdata[0], *last = r->runs->pdata[r->runs->len - 1];
  r->similarity = fmax (last->rank, last->rank_absolute); /* NAN only when both are */
  r->entropy_rise = own->entropy > 0 ? (last->entropy - own->entropy) / own->entropy : NAN;
}

EngCheckResult *
eng_check_work_result (EngCheckWork *self)
{
  EngCheckResult *r = g_new0 (EngCheckResult, 1);
  gboolean sanity = self->settings.kind == ENG_CHECK_SANITY;
  g_atomic_ref_count_init (&r->ref);
  r->settings = self->settings;
  r->method_name = g_strdup (self->method->name);
  r->class_name = g_strdup (self->class_index >= 0 ? eng_model_label (self->model, self->class_index) : "");
  r->seed = self->seed;
  r->done = self->runs->len;
  r->total = eng_check_work_maps (self);
  r->finished = r->done == r->total;
  r->drew_nothing = self->drew_nothing;
  r->rank = r->lowest_rank = r->overlap = r->relative_spread = NAN;
  r->similarity = r->chance = r->entropy_rise = NAN;
  r->runs = g_ptr_array_new_with_free_func (eng_check_run_unref);
  for (guint i = 0; i < self->runs->len; i++)
    g_ptr_array_add (r->runs, g_atomic_rc_box_acquire (self->runs->pdata[i]));
  if (r->done > 0)
    {
      const EngHeatmap *own = ((EngCheckRun *)r->runs->pdata[0])->map;
      r->cells = eng_heatmap_rows (own) * eng_heatmap_cols (own);
      /* The standard error of a rank correlation of unrelated orders is 1 / sqrt (n - 1). */
      r->chance = r->cells > 1 ? fmin (1, 1.96 / sqrt (r->cells - 1)) : 1;
    }
  if (!sanity && self->pairs > 0)
    {
      r->rank = self->rank_sum / self->pairs;
      r->lowest_rank = self->lowest;
      r->overlap = self->overlap_sum / self->pairs;
      add_moments (r);
    }
  if (sanity && r->finished)
    add_last (r);
  eng_check_result_judge (r);
  return r;
}
