/* The table of protocols, and what all of them share: bad maps, flat maps, points, and the ones that are curves. */
#include "protocol-private.h"

#include "../error.h"

#include <math.h>
#include <string.h>

static const EngProtocol *const families[] = { eng_protocols_ltx,         eng_protocols_rise,
                                               eng_protocols_road,        eng_protocols_confidence,
                                               eng_protocols_information, eng_protocols_truth };

const EngProtocol *
eng_protocol_nth (guint i)
{
  for (guint f = 0; f < G_N_ELEMENTS (families); f++)
    for (const EngProtocol *p = families[f]; p->id; p++)
      if (i-- == 0)
        return p;
  return NULL;
}

const EngProtocol *
eng_protocol_find (const char *id, GError **error)
{
  g_autoptr (GString) ids = g_string_new (NULL);
  const EngProtocol *p;
  for (guint i = 0; (p = eng_protocol_nth (i)); i++)
    {
      if (strcmp (p->id, id) == 0)
        return p;
      g_string_append_printf (ids, "%s%s", i ? ", " : "", p->id);
    }
  eng_fail (error, ENG_ERROR_ARGUMENT, "There is no protocol “%s”. Protocols: %s.", id, ids->str);
  return NULL;
}

const char *
eng_direction_name (EngDirection direction)
{
  return direction == ENG_LOWER_IS_BETTER ? "lower is better" : "higher is better";
}

static const EngProtocolOptions standard = { .threshold = ENG_PROTOCOL_THRESHOLD };

char *
eng_protocol_key (const EngProtocol *self, const EngProtocolOptions *options)
{
  if (!options)
    options = &standard;
  GString *key = g_string_new (self->id);
  if (self->thresholded)
    g_string_append_printf (key, " at %d per mille", (int)lrint (options->threshold * 1000));
  if (options->rank_by == ENG_RANK_ABSOLUTE)
    g_string_append (key, " by |value|");
  return g_string_free (key, FALSE);
}

gboolean
eng_protocol_curve (const EngProtocol *self, const EngProtocolOptions *options, int width, int height,
                    EngCurve *curve)
{
  const EngProtocolCurve *c = self->curve;
  if (!c)
    return FALSE;
  EngMasking masking = { c->mode, c->fill, eng_fill_info (c->fill)->seeded && options ? options->seed : 0 };
  if (c->last_tenth == 0)
    {
      eng_curve_init_every (curve, masking, c->score, width, width * height);
      return TRUE;
    }
  double shares[11];
  int n = c->last_tenth - c->first_tenth + 1;
  for (int i = 0; i < n; i++)
    shares[i] = (c->first_tenth + i) / 10.0;
  eng_curve_init_shares (curve, masking, c->score, shares, n, width * height);
  return TRUE;
}

int
eng_protocol_passes (const EngProtocol *self, EngModel *model)
{
  EngPreprocess *p = eng_model_preprocess (model);
  g_auto (EngCurve) curve = { 0 };
  int passes = 0;
  if (!eng_protocol_curve (self, NULL, p->width, p->height, &curve))
    return self->passes;
  for (int i = 0; i < curve.n; i++)
    passes += curve.counts[i] != (curve.masking.mode == ENG_MASK_REMOVE ? 0 : p->width * p->height);
  return passes;
}

/* x of a point: the tenths are exact, although a tenth of the pixels may be rounded down. */
static double
x_of (const EngProtocolCurve *c, int i, int n)
{
  return c->last_tenth ? (c->first_tenth + i) / 10.0 : (double)i / (n - 1);
}

double *
eng_protocol_xs (const EngProtocol *self, EngModel *model, int *n)
{
  EngPreprocess *p = eng_model_preprocess (model);
  g_auto (EngCurve) curve = { 0 };
  *n = 0;
  if (!eng_protocol_curve (self, NULL, p->width, p->height, &curve))
    return NULL;
  double *xs = g_new (double, curve.n);
  *n = curve.n;
  for (int i = 0; i < curve.n; i++)
    xs[i] = x_of (self->curve, i, curve.n);
  return xs;
}

/* ---- one evaluation ---- */

void
eng_measurement_free (EngMeasurement *self)
{
  if (!self)
    return;
  g_free (self->why_not);
  g_free (self->points);
  g_free (self);
}

void
eng_trial_point (EngTrial *self, double x, double y, const EngReading *reading)
{
  EngMeasurement *m = self->out;
  if (!m->points)
    m->points = g_new (EngPoint, self->total);
  g_return_if_fail (m->n_points < self->total);
  m->points[m->n_points] = (EngPoint){ x, y, reading ? *reading : (EngReading){ NAN, NAN, -1 } };
  if (self->func)
    self->func (&m->points[m->n_points], m->n_points, self->total, self->data);
  m->n_points++;
}

gboolean
eng_trial_undefined (EngTrial *self, const char *why)
{
  g_free (self->out->why_not);
  self->out->why_not = g_strdup (why);
  self->out->value = NAN;
  return TRUE;
}

EngRanking *
eng_trial_ranking (EngTrial *self, EngRankOrder order)
{
  return eng_subject_ranking (self->subject, self->map, self->options->rank_by, order);
}

static void
take_curve_point (const EngPoint *point, int index, int total, gpointer data)
{
  EngTrial *trial = data;
  eng_trial_point (trial, x_of (trial->out->protocol->curve, index, total), point->y, &point->reading);
}

static gboolean
run_curve (EngTrial *trial, GError **error)
{
  const EngProtocol *self = trial->out->protocol;
  EngPreprocess *p = eng_model_preprocess (eng_subject_model (trial->subject));
  g_autoptr (EngRanking) ranking = eng_trial_ranking (trial, self->curve->order);
  g_auto (EngCurve) curve = { 0 };
  eng_protocol_curve (self, trial->options, p->width, p->height, &curve);
  g_autofree EngPoint *points = g_new (EngPoint, curve.n);
  trial->total = curve.n;
  if (!eng_curve_run (trial->subject, ranking, &curve, points, take_curve_point, trial, trial->cancellable, error))
    return FALSE;
  double sum = 0;
  for (int i = 0; i < curve.n; i++)
    sum += trial->out->points[i].y;
  trial->out->value =
      self->scale * (self->curve->mean ? sum / curve.n : eng_curve_area (trial->out->points, curve.n));
  return TRUE;
}

static gboolean
check_map (EngSubject *subject, EngHeatmap *map, GError **error)
{
  const EngGeometry *a = eng_subject_geometry (subject), *b = eng_heatmap_geometry (map);
  gsize n = (gsize)eng_heatmap_channels (map) * eng_heatmap_rows (map) * eng_heatmap_cols (map);
  const float *values = eng_heatmap_values (map);
  if (a->input_width != b->input_width || a->input_height != b->input_height)
    return eng_fail (error, ENG_ERROR_ARGUMENT,
                     "The map belongs to an input of %d × %d, the model's is %d × %d. Make it again with this model.",
                     b->input_width, b->input_height, a->input_width, a->input_height);
  for (gsize i = 0; i < n; i++)
    if (!isfinite (values[i]))
      return eng_fail (error, ENG_ERROR_INVALID,
                       "The map holds NaN or infinity (value %" G_GSIZE_FORMAT "), which has no rank.", i);
  return TRUE;
}

EngMeasurement *
eng_protocol_evaluate (const EngProtocol *self, EngSubject *subject, EngHeatmap *map,
                       const EngProtocolOptions *options, EngPointFunc func, gpointer data, GCancellable *cancellable,
                       GError **error)
{
  if (!options)
    options = &standard;
  if (!check_map (subject, map, error))
    return NULL;
  if (self->needs_truth && !options->truth)
    {
      eng_fail (
          error, ENG_ERROR_ARGUMENT,
          "“%s” compares the map with a mask of the object. Open a folder of masks, or choose another protocol.",
          self->name);
      return NULL;
    }
  g_autoptr (EngMeasurement) m = g_new0 (EngMeasurement, 1);
  EngTrial trial = { subject, map, options, cancellable, func, data, m, 0 };
  guint64 before = eng_subject_run_passes (subject);
  m->protocol = self;
  g_autoptr (EngRanking) ranking = eng_trial_ranking (&trial, ENG_ORDER_MOST_FIRST);
  gboolean sound = eng_ranking_flat (ranking)
                       ? eng_trial_undefined (&trial, "The map is constant: there is nothing to rank.")
                       : (self->curve ? run_curve : self->run) (&trial, error);
  m->passes = eng_subject_run_passes (subject) - before;
  return sound ? g_steal_pointer (&m) : NULL;
}
