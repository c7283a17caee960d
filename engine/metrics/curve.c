/* See curve.h. */
#include "curve.h"

#include "subject-private.h"

#include <math.h>

void
eng_curve_init_shares (EngCurve *self, EngMasking masking, EngCurveScore score, const double *shares, int n,
                       int pixels)
{
  *self = (EngCurve){ masking, score, g_new (int, n), n };
  for (int i = 0; i < n; i++)
    self->counts[i] = eng_share_pixels (shares[i], pixels);
}

void
eng_curve_init_every (EngCurve *self, EngMasking masking, EngCurveScore score, int step, int pixels)
{
  int n = (pixels + step - 1) / step + 1;
  *self = (EngCurve){ masking, score, g_new (int, n), n };
  for (int i = 0; i < n; i++)
    self->counts[i] = (int)MIN ((gint64)i * step, pixels);
}

void
eng_curve_clear (EngCurve *self)
{
  g_clear_pointer (&self->counts, g_free);
  self->n = 0;
}

char *
eng_curve_key (const EngCurve *self, EngRankOrder order)
{
  static const char *const scores[] = { "probability", "logit", "accuracy" };
  GString *key = g_string_new (NULL);
  g_string_printf (key, "%s %s first, %s, %s, pixels", self->masking.mode == ENG_MASK_REMOVE ? "remove" : "keep",
                   order == ENG_ORDER_MOST_FIRST ? "most" : "least", eng_fill_info (self->masking.fill)->id,
                   scores[self->score]);
  for (int i = 0; i < self->n; i++)
    g_string_append_printf (key, " %d", self->counts[i]);
  return g_string_free (key, FALSE);
}

typedef struct
{
  const EngCurve *curve;
  int pixels, class_index, first, total;
  EngPoint *points;
  EngPointFunc func;
  gpointer data;
} Run;

static double
score_of (const Run *run, const EngReading *reading)
{
  switch (run->curve->score)
    {
    case ENG_CURVE_LOGIT:
      return reading->logit;
    case ENG_CURVE_ACCURACY:
      return reading->top == run->class_index;
    default:
      return reading->probability;
    }
}

static void
take_point (int index, const EngReading *reading, gpointer data)
{
  Run *run = data;
  EngPoint *p = &run->points[index];
  *p = (EngPoint){ (double)run->curve->counts[index] / run->pixels, score_of (run, reading), *reading };
  if (run->func)
    run->func (p, run->first + index, run->total, run->data);
}

gboolean
eng_curve_run (EngSubject *subject, const EngRanking *ranking, const EngCurve *curve, EngPoint *points,
               EngPointFunc func, gpointer data, GCancellable *cancellable, GError **error)
{
  Run run = { curve, eng_subject_n (subject), eng_subject_class_index (subject), 0, curve->n, points, func, data };
  return eng_subject_read (subject, ranking, &curve->masking, curve->counts, curve->n, take_point, &run, cancellable,
                           error);
}

double
eng_curve_area (const EngPoint *points, int n)
{
  double sum = 0;
  for (int i = 1; i < n; i++)
    sum += (points[i].x - points[i - 1].x) * (points[i].y + points[i - 1].y) / 2;
  return sum;
}

int
eng_curve_flip (const EngPoint *points, int n, int class_index)
{
  for (int i = 0; i < n; i++)
    if (points[i].reading.top != class_index)
      return i;
  return -1;
}

/* ---- random orders ---- */

static void
band_clear (gpointer data)
{
  EngBand *self = data;
  g_free (self->x);
}

EngBand *
eng_band_ref (EngBand *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
eng_band_unref (EngBand *self)
{
  g_atomic_rc_box_release_full (self, band_clear);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorts; the share @q lies at q (n - 1), linear between neighbours. */
static double
quantile (double *values, int n, double q)
{
  qsort (values, (size_t)n, sizeof *values, compare);
  int i = (int)(q * (n - 1));
  double rest = q * (n - 1) - i;
  return i + 1 < n ? values[i] + rest * (values[i + 1] - values[i]) : values[i];
}

/* @values: sorted afterwards */
static void
summarise (double *values, int n, double *mean, double *low, double *high)
{
  *mean = 0;
  for (int i = 0; i < n; i++)
    *mean += values[i] / n;
  *low = quantile (values, n, 0.05);
  *high = quantile (values, n, 0.95);
}

EngBand *
eng_band_new (const EngPoint *points, int n, int orders)
{
  EngBand *self = g_atomic_rc_box_new0 (EngBand);
  g_autofree double *values = g_new (double, orders);
  self->n = n;
  self->orders = orders;
  self->x = g_new (double, 4 * (gsize)n);
  self->mean = self->x + n;
  self->low = self->mean + n;
  self->high = self->low + n;
  for (int i = 0; i < n; i++)
    {
      self->x[i] = points[i].x;
      for (int o = 0; o < orders; o++)
        values[o] = points[o * n + i].y;
      summarise (values, orders, &self->mean[i], &self->low[i], &self->high[i]);
    }
  for (int o = 0; o < orders; o++)
    values[o] = eng_curve_area (points + o * n, n);
  summarise (values, orders, &self->area, &self->area_low, &self->area_high);
  return self;
}

EngBand *
eng_curve_band (EngSubject *subject, const EngCurve *curve, int orders, guint64 seed, EngPointFunc func,
                gpointer data, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (orders > 0 && curve->n > 0, NULL);
  int pixels = eng_subject_n (subject);
  g_autofree char *curve_key = eng_curve_key (curve, ENG_ORDER_MOST_FIRST);
  g_autofree char *key = g_strdup_printf ("band %d %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %s", orders, seed,
                                          curve->masking.seed, curve_key);
  EngBand *kept = eng_subject_kept (subject, key);
  if (kept)
    return eng_band_ref (kept);
  g_autofree EngPoint *points = g_new (EngPoint, (gsize)orders * curve->n);
  for (int o = 0; o < orders; o++)
    {
      g_autoptr (EngRanking) ranking = eng_ranking_new_random (pixels, seed, (guint32)o);
      Run run = {
        curve, pixels, eng_subject_class_index (subject), o * curve->n, orders * curve->n, points + o * curve->n,
        func,  data
      };
      if (!eng_subject_read (subject, ranking, &curve->masking, curve->counts, curve->n, take_point, &run,
                             cancellable, error))
        return NULL;
    }
  EngBand *band = eng_band_new (points, curve->n, orders);
  eng_subject_keep (subject, g_steal_pointer (&key), eng_band_ref (band), (GDestroyNotify)eng_band_unref);
  return band;
}
