/* Performance information curves (Kapishnikov, Bolukbasi, Viégas and Terry, XRAI, ICCV 2019; PAIR's released
 * saliency library): how soon the decision comes back as the picture is revealed, against how much the revealed
 * picture tells, in bytes of a lossless file. Each threshold costs a Delaunay triangulation and a WebP file; both
 * curves look at the same thirteen pictures, which are kept. */
#include "protocol-private.h"

#include "scatter.h"
#include "../error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_SHARE 0.01
#define RANDOM_STREAM 0x50494300u /* apart from the streams of random orders */
#define LEAST_SCORE 0.5           /* of the untouched picture; the library's notebook */
#define CURVE_POINTS 1000

static const double shares[] = { 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.10, 0.13, 0.21, 0.34, 0.5, 0.75 };
#define SHARES ((int)G_N_ELEMENTS (shares))

/* What does not depend on the map. */
typedef struct
{
  guint8 *random; /* H x W flags */
  gsize bytes, blurred_bytes;
  EngReading blurred;
} Base;

/* One revealed picture. */
typedef struct
{
  gsize bytes;
  EngReading reading;
} Shown;

static void
base_free (Base *self)
{
  g_free (self->random);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Base, base_free)

typedef struct
{
  EngSubject *subject;
  const guint8 *rgb;
  EngReading reading;
} One;

static void
fill_one (int index, float *input, gpointer data)
{
  One *one = data;
  eng_subject_normalise (one->subject, one->rgb, input);
}

static void
take_one (int index, const EngReading *reading, gpointer data)
{
  ((One *)data)->reading = *reading;
}

/* The picture that @known pixels give, its size and what the model says of it. */
static gboolean
show (EngTrial *trial, const guint8 *known, Shown *out, GError **error)
{
  const EngGeometry *g = eng_subject_geometry (trial->subject);
  int rows = g->input_height, cols = g->input_width;
  g_autofree guint8 *rgb = g_new (guint8, 3 * (gsize)rows * cols);
  One one = { trial->subject, rgb, { 0 } };
  if (g_cancellable_is_cancelled (trial->cancellable))
    return eng_fail (error, ENG_ERROR_CANCELLED, "Stopped");
  if (!eng_scatter_fill (eng_subject_view (trial->subject), known, rows, cols, rgb, error)
      || !(out->bytes = eng_lossless_size (rgb, rows, cols, error))
      || !eng_subject_run (trial->subject, 1, fill_one, take_one, &one, trial->cancellable, error))
    return FALSE;
  out->reading = one.reading;
  return TRUE;
}

static Base *
find_base (EngTrial *trial, GError **error)
{
  const EngGeometry *g = eng_subject_geometry (trial->subject);
  int n = eng_subject_n (trial->subject);
  g_autofree char *key = g_strdup_printf ("information %" G_GUINT64_FORMAT, trial->options->seed);
  Base *kept = eng_subject_kept (trial->subject, key);
  if (kept)
    return kept;
  g_autoptr (Base) base = g_new0 (Base, 1);
  g_autoptr (EngRanking) order = eng_ranking_new_random (n, trial->options->seed, RANDOM_STREAM);
  Shown blurred;
  base->random = g_new0 (guint8, n);
  for (int i = 0; i < eng_share_pixels (RANDOM_SHARE, n); i++)
    base->random[eng_ranking_order (order)[i]] = TRUE;
  base->bytes = eng_lossless_size (eng_subject_view (trial->subject), g->input_height, g->input_width, error);
  if (!base->bytes || !show (trial, base->random, &blurred, error))
    return NULL;
  base->blurred_bytes = blurred.bytes;
  base->blurred = blurred.reading;
  kept = g_steal_pointer (&base);
  eng_subject_keep (trial->subject, g_steal_pointer (&key), kept, (GDestroyNotify)base_free);
  return kept;
}

/* The value that a share of the map lies above, linear between two values. */
static double
value_at (const float *map, const guint32 *order, int n, double share)
{
  double at = (1 - share) * (n - 1); /* counted from the smallest */
  int i = (int)at;
  double low = map[order[n - 1 - i]], high = map[order[MAX (n - 2 - i, 0)]];
  return low + (at - i) * (high - low);
}

typedef double (*ScoreFunc) (EngTrial *trial, const EngReading *reading);

static double
probability (EngTrial *trial, const EngReading *reading)
{
  return reading->probability;
}

static double
accuracy (EngTrial *trial, const EngReading *reading)
{
  return reading->top == eng_subject_class_index (trial->subject);
}

static double
between (double v, double low, double high)
{
  return CLAMP ((v - low) / (high - low), 0, 1);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const EngPoint *p = a, *q = b;
  return p->x != q->x ? (p->x > q->x) - (p->x < q->x) : (p->y > q->y) - (p->y < q->y);
}

/* Trapezoid over a thousand points of the lines between @points (ascending), and (1, 1). Where several have one x the
 * last counts. */
static double
area_of (const EngPoint *points, int n)
{
  double sum = 0, before = 0;
  for (int i = 0, j = 0; i <= CURVE_POINTS; i++)
    {
      double x = (double)i / CURVE_POINTS, y = 1;
      while (j + 1 < n && points[j + 1].x <= x)
        j++;
      if (i < CURVE_POINTS && j + 1 < n)
        y = points[j].y + (x - points[j].x) * (points[j + 1].y - points[j].y) / (points[j + 1].x - points[j].x);
      if (i > 0)
        sum += (y + before) / 2 / CURVE_POINTS;
      before = y;
    }
  return sum;
}

/* The thirteen pictures of this map, of which the first @known are in @shown already; their points. */
static gboolean
reveal (EngTrial *trial, const Base *base, ScoreFunc score, Shown *shown, int known, GError **error)
{
  int n = eng_subject_n (trial->subject);
  g_autofree float *map = eng_heatmap_at_input (trial->map);
  g_autofree guint8 *flags = g_new (guint8, n);
  g_autoptr (EngRanking) ranking = eng_trial_ranking (trial, ENG_ORDER_MOST_FIRST);
  double start = score (trial, &base->blurred), end = score (trial, eng_subject_untouched (trial->subject)), best = 0;
  for (int i = 0; trial->options->rank_by == ENG_RANK_ABSOLUTE && i < n; i++)
    map[i] = fabsf (map[i]);
  for (int s = 0; s < SHARES; s++)
    {
      double least = value_at (map, eng_ranking_order (ranking), n, shares[s]);
      for (int i = 0; i < n; i++)
        flags[i] = base->random[i] || map[i] >= least;
      if (s >= known && !show (trial, flags, &shown[s], error))
        return FALSE;
      best = fmax (best, between (score (trial, &shown[s].reading), start, end));
      eng_trial_point (trial, between ((double)shown[s].bytes, (double)base->blurred_bytes, (double)base->bytes),
                       best, &shown[s].reading);
    }
  return TRUE;
}

static gboolean
run (EngTrial *trial, ScoreFunc score, GError **error)
{
  EngMeasurement *m = trial->out;
  const EngReading *untouched = eng_subject_untouched (trial->subject);
  if (score (trial, untouched) < LEAST_SCORE)
    return eng_trial_undefined (trial, "The score of the untouched picture is below 0.5, where this curve is not "
                                       "defined.");
  const Base *base = find_base (trial, error);
  if (!base)
    return FALSE;
  if (base->blurred_bytes >= base->bytes)
    return eng_trial_undefined (trial, "The picture made of 1 % of the pixels takes as many bytes as the picture.");
  if (score (trial, &base->blurred) >= score (trial, untouched))
    return eng_trial_undefined (trial, "The picture made of 1 % of the pixels scores as high as the picture.");
  g_autoptr (EngRanking) ranking = eng_trial_ranking (trial, ENG_ORDER_MOST_FIRST);
  g_autofree char *key = g_strdup_printf ("revealed %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, trial->options->seed,
                                          eng_ranking_serial (ranking));
  Shown *kept = eng_subject_kept (trial->subject, key), shown[SHARES];
  if (kept)
    memcpy (shown, kept, sizeof shown);
  trial->total = SHARES + 2;
  if (!reveal (trial, base, score, shown, kept ? SHARES : 0, error))
    return FALSE;
  if (!kept)
    eng_subject_keep (trial->subject, g_steal_pointer (&key), g_memdup2 (shown, sizeof shown), g_free);
  eng_trial_point (trial, 0, 0, NULL);
  eng_trial_point (trial, 1, 1, NULL);
  qsort (m->points, (size_t)m->n_points, sizeof *m->points, compare);
  m->value = area_of (m->points, m->n_points);
  return TRUE;
}

static gboolean
run_sic (EngTrial *trial, GError **error)
{
  return run (trial, probability, error);
}

static gboolean
run_aic (EngTrial *trial, GError **error)
{
  return run (trial, accuracy, error);
}

#define DEFINITION(score)                                                                                            \
  "The 8-bit picture at the model's input size is rebuilt from 1 % of its pixels, drawn from the seed, and its "     \
  "corners, by linear interpolation inside Delaunay triangles; then from these and the pixels that reach the map's " \
  "quantile at 0.5, 1, 2, 3, 4, 5, 7, 10, 13, 21, 34, 50 and 75 %. x is the size of the rebuilt picture as a "       \
  "lossless WebP file (quality 100, installed libwebp), 0 for the first and 1 for the untouched picture; y "         \
  "is " score                                                                                                        \
  " on the same scale, as a running maximum. Both are clipped to [0, 1]; (0, 0) and (1, 1) are added; the value is " \
  "the area under the straight lines, on 1000 points. Not defined where the untouched picture scores below 0.5 or "  \
  "not above the first. The random pixels are Sightline's own, not NumPy's."
#define PAPER "Kapishnikov et al., XRAI, ICCV 2019; PAIR saliency library"

const EngProtocol eng_protocols_information[] = { { .id = "sic",
                                                    .name = "SIC",
                                                    .group = "Performance information curves",
                                                    .definition = DEFINITION ("the softmax probability of the class"),
                                                    .reference = PAPER,
                                                    .unit = "0 to 1",
                                                    .maximum = 1,
                                                    .direction = ENG_HIGHER_IS_BETTER,
                                                    .x_label = "information (size of the file)",
                                                    .y_label = "normalised softmax probability",
                                                    .scale = 1,
                                                    .seeded = TRUE,
                                                    .passes = SHARES + 1,
                                                    .run = run_sic },
                                                  { .id = "aic",
                                                    .name = "AIC",
                                                    .group = "Performance information curves",
                                                    .definition = DEFINITION (
                                                        "1 when the class is the model's first choice, else 0,"),
                                                    .reference = PAPER,
                                                    .unit = "0 to 1",
                                                    .maximum = 1,
                                                    .direction = ENG_HIGHER_IS_BETTER,
                                                    .x_label = "information (size of the file)",
                                                    .y_label = "class is first choice",
                                                    .scale = 1,
                                                    .seeded = TRUE,
                                                    .passes = SHARES + 1,
                                                    .run = run_aic },
                                                  { 0 } };
