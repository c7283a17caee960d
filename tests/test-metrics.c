/* The table of protocols walked on the bundled sample, and what is around them: masked pictures, live scores, free
 * curves, random orders, cancelling, bad input. */
#include "engine.h"
#include "metrics/protocol.h"
#include "support.h"

#include <math.h>
#include <string.h>

static const EngProtocol *
find (const char *id)
{
  g_autoptr (GError) error = NULL;
  const EngProtocol *p = eng_protocol_find (id, &error);
  g_assert_no_error (error);
  return p;
}

static EngImage *
load (const char *relative)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = test_data (relative);
  EngImage *image = eng_image_load (path, &error);
  g_assert_no_error (error);
  return image;
}

/* The lighthouse of the first scene. */
static EngSubject *
open_subject (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *relative = g_strdup_printf ("models/%s.onnx", name), *path = test_data (relative);
  g_autoptr (EngModel) model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (EngImage) image = load ("scenes/harbour-01.png");
  EngSubject *subject = eng_subject_new (model, image, eng_model_find_class (model, "lighthouse", NULL), &error);
  g_assert_no_error (error);
  return subject;
}

/* A map of any size and values. */
static EngHeatmap *
make_map (EngSubject *subject, const float *values, int rows, int cols)
{
  EngProvenance provenance = { 0 };
  return eng_heatmap_new (values, 1, rows, cols, ENG_SIGN_SIGNED, ENG_UPSAMPLE_BILINEAR,
                          eng_subject_geometry (subject), &provenance);
}

/* A coarse map that is highest at the middle left. */
static EngHeatmap *
bump (EngSubject *subject)
{
  float values[36];
  for (int i = 0; i < 36; i++)
    values[i] = (float)exp (-0.1 * ((i % 6 - 1) * (i % 6 - 1) + (i / 6 - 3) * (i / 6 - 3))) - 0.2f;
  return make_map (subject, values, 6, 6);
}

/* ---- the table ---- */

static void
test_table (void)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) groups = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GError) error = NULL;
  const EngProtocol *p;
  const char *group = "";
  for (guint i = 0; (p = eng_protocol_nth (i)); i++)
    {
      g_test_message ("%s: %s, %s (%s, %s)", p->group, p->id, p->name, p->unit, eng_direction_name (p->direction));
      g_assert_true (p == find (p->id));
      g_assert_true (g_hash_table_add (ids, (gpointer)p->id));
      g_assert_true (g_hash_table_add (keys, eng_protocol_key (p, NULL)));
      if (strcmp (group, p->group) != 0) /* rows of a group stand together */
        g_assert_true (g_hash_table_add (groups, (gpointer)p->group));
      group = p->group;
      g_assert_cmpint (strlen (p->name), >, 0);
      g_assert_cmpint (strlen (p->definition), >, 60);
      g_assert_true (g_str_has_suffix (p->definition, "."));
      g_assert_true (g_utf8_validate (p->definition, -1, NULL));
      g_assert_cmpint (strlen (p->reference), >, 0);
      g_assert_cmpint (strlen (p->unit), >, 0);
      g_assert_cmpfloat (p->minimum, <, p->maximum);
      g_assert_true ((p->x_label == NULL) == (p->y_label == NULL));
      g_assert_true ((p->curve == NULL) != (p->run == NULL));
      if (p->curve)
        {
          g_assert_nonnull (p->x_label);
          g_assert_cmpint (p->seeded, ==, eng_fill_info (p->curve->fill)->seeded);
        }
    }
  g_assert_cmpint (g_hash_table_size (ids), >=, 17);
  g_assert_null (eng_protocol_find ("no-such", &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "rise-deletion"));
  EngProtocolOptions half = { .threshold = 0.5 };
  g_autofree char *a = eng_protocol_key (find ("iou"), NULL), *b = eng_protocol_key (find ("iou"), &half);
  g_assert_cmpstr (a, !=, b);
  for (int i = 0; i < ENG_N_FILLS; i++)
    {
      g_assert_cmpint (eng_fill_find (eng_fill_info ((EngFill)i)->id), ==, i);
      g_assert_nonnull (eng_fill_info ((EngFill)i)->name);
      g_assert_nonnull (eng_fill_info ((EngFill)i)->about);
    }
  g_assert_cmpint (eng_fill_find ("no-such"), ==, -1);
}

static void
count_point (const EngPoint *point, int index, int total, gpointer data)
{
  g_assert_cmpint (index, ==, (*(int *)data)++);
  g_assert_cmpint (index, <, total);
  g_assert_true (isfinite (point->x) && isfinite (point->y));
}

static void
check_measurement (const EngMeasurement *m, EngModel *model)
{
  const EngProtocol *p = m->protocol;
  int n;
  g_autofree double *xs = eng_protocol_xs (p, model, &n);
  g_assert_true (isfinite (m->value));
  g_assert_cmpfloat (m->value, >=, p->minimum);
  g_assert_cmpfloat (m->value, <=, p->maximum);
  g_assert_cmpint (m->passes, <=, eng_protocol_passes (p, model));
  g_assert_true ((m->n_points > 0) == (p->x_label != NULL));
  for (int i = 1; i < m->n_points; i++)
    g_assert_cmpfloat (m->points[i].x, >=, m->points[i - 1].x);
  if (xs)
    {
      g_assert_cmpint (m->n_points, ==, n);
      for (int i = 0; i < n; i++)
        g_assert_cmpfloat_with_epsilon (m->points[i].x, xs[i], 1e-12);
    }
}

/* Every row: in range, the points heard of one by one, the same value in a subject of its own, one picture at a time;
 * nothing to rank in a constant map. */
static void
test_walk (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngSubject) subject = open_subject (data), other = open_subject (data);
  g_autoptr (EngHeatmap) map = bump (subject);
  g_autoptr (EngHeatmap) flat = make_map (subject, (const float[]){ 2, 2, 2, 2 }, 2, 2);
  g_autoptr (EngImage) truth = load ("scenes/masks/harbour-01.lighthouse.png");
  const EngProtocolOptions options = { .seed = 3, .threshold = 0.15, .truth = truth };
  EngModel *model = eng_subject_model (subject);
  const EngProtocol *p;
  eng_subject_set_most (other, 1);
  for (guint i = 0; (p = eng_protocol_nth (i)); i++)
    {
      int heard = 0;
      g_autoptr (EngMeasurement) m =
          eng_protocol_evaluate (p, subject, map, &options, count_point, &heard, NULL, &error);
      g_assert_no_error (error);
      g_autoptr (EngMeasurement) again = eng_protocol_evaluate (p, other, map, &options, NULL, NULL, NULL, &error);
      g_assert_no_error (error);
      g_autoptr (EngMeasurement) nothing =
          eng_protocol_evaluate (p, subject, flat, &options, NULL, NULL, NULL, &error);
      g_assert_no_error (error);
      g_test_message ("%s: %.4f, %d passes%s%s", p->id, m->value, (int)m->passes, m->why_not ? ": " : "",
                      m->why_not ? m->why_not : "");
      g_assert_null (m->why_not);
      check_measurement (m, model);
      g_assert_cmpint (heard, ==, m->n_points);
      g_assert_cmpfloat (m->value, ==, again->value);
      g_assert_cmpint (m->passes, ==, again->passes);
      g_assert_nonnull (nothing->why_not);
      g_assert_true (isnan (nothing->value));
      g_assert_cmpint (nothing->passes + nothing->n_points, ==, 0);
    }
}

static void
test_seed (void)
{
  g_autoptr (EngSubject) subject = open_subject ("scenes-cnn");
  g_autoptr (EngHeatmap) map = bump (subject);
  EngProtocolOptions one = { .seed = 1 }, two = { .seed = 2 };
  g_autoptr (EngMeasurement) a =
      eng_protocol_evaluate (find ("road-morf"), subject, map, &one, NULL, NULL, NULL, NULL);
  g_autoptr (EngMeasurement) b =
      eng_protocol_evaluate (find ("road-morf"), subject, map, &two, NULL, NULL, NULL, NULL);
  g_assert_cmpfloat (a->value, !=, b->value);
  /* The noise is a hundredth: it does not decide. */
  g_assert_cmpfloat_with_epsilon (a->value, b->value, 0.1);
}

/* ---- masked pictures ---- */

static void
test_masks (void)
{
  g_autoptr (EngSubject) subject = open_subject ("scenes-cnn");
  g_autoptr (EngHeatmap) map = bump (subject);
  g_autoptr (EngRanking) ranking = eng_subject_ranking (subject, map, ENG_RANK_VALUE, ENG_ORDER_MOST_FIRST);
  g_autoptr (EngRanking) same = eng_subject_ranking (subject, map, ENG_RANK_VALUE, ENG_ORDER_MOST_FIRST);
  g_assert_true (ranking == same);
  int n = eng_subject_n (subject), k = eng_share_pixels (0.3, n);
  const guint32 *ranks = eng_ranking_ranks (ranking);
  const guint8 *view = eng_subject_view (subject);
  const float *input = eng_subject_input (subject);
  g_autofree guint8 *gone = g_new (guint8, 3 * n), *kept = g_new (guint8, 3 * n);
  g_autofree float *x = g_new (float, 3 * n);
  g_assert_cmpint (k, ==, n * 3 / 10);
  for (int f = 0; f < ENG_N_FILLS; f++)
    {
      EngMasking remove = { ENG_MASK_REMOVE, (EngFill)f, 5 }, keep = { ENG_MASK_KEEP, (EngFill)f, 5 };
      double off = 0;
      eng_subject_prepare (subject, &remove);
      eng_subject_mask_view (subject, ranking, &remove, k, gone);
      eng_subject_mask_view (subject, ranking, &keep, k, kept);
      eng_subject_mask_input (subject, ranking, &remove, k, x);
      for (int i = 0; i < n; i++)
        for (int c = 0; c < 3; c++)
          {
            gboolean removed = ranks[i] < (guint32)k;
            g_assert_cmpint ((removed ? kept : gone)[3 * i + c], ==, view[3 * i + c]);
            if (!removed)
              g_assert_cmpfloat (x[c * n + i], ==, input[c * n + i]);
            if (removed && f == ENG_FILL_BLACK)
              g_assert_cmpint (gone[3 * i + c], ==, 0);
            if (removed && f == ENG_FILL_ZERO)
              g_assert_cmpfloat (x[c * n + i], ==, 0);
            /* What is drawn is what is scored: mean 0.5, deviation 0.25, clipped to 8 bits. */
            double level = 255 * (x[c * n + i] * 0.25 + 0.5);
            off = fmax (off, fabs (CLAMP (level, 0, 255) - gone[3 * i + c]));
          }
      g_assert_cmpfloat (off, <=, 0.5 + 1e-3);
    }
}

static void
test_live (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngSubject) subject = open_subject ("scenes-cnn");
  g_autoptr (EngHeatmap) map = bump (subject);
  g_autoptr (EngRanking) ranking = eng_subject_ranking (subject, map, ENG_RANK_VALUE, ENG_ORDER_MOST_FIRST);
  g_autofree float *logits = g_new (float, eng_model_n_classes (eng_subject_model (subject)));
  g_autoptr (EngMeasurement) m =
      eng_protocol_evaluate (find ("ltx-del"), subject, map, NULL, NULL, NULL, NULL, &error);
  EngMasking black = { ENG_MASK_REMOVE, ENG_FILL_BLACK, 0 };
  for (int i = 0; i < m->n_points; i++)
    {
      EngReading live;
      int k = eng_share_pixels (m->points[i].x, eng_subject_n (subject));
      g_assert_true (eng_subject_score (subject, ranking, &black, k, &live, logits, NULL, &error));
      /* The tile's score is the curve's point, to the last bit. */
      g_assert_cmpfloat (live.probability, ==, m->points[i].y);
      g_assert_cmpfloat (live.logit, ==, logits[eng_subject_class_index (subject)]);
      for (int c = 0; c < eng_model_n_classes (eng_subject_model (subject)); c++)
        g_assert_cmpfloat (logits[c], <=, logits[live.top]);
    }
  guint64 before = eng_subject_passes (subject);
  EngReading known;
  g_assert_true (eng_subject_score (subject, ranking, &black, eng_share_pixels (0.5, eng_subject_n (subject)), &known,
                                    NULL, NULL, &error));
  g_assert_cmpint (eng_subject_passes (subject), ==, before);
  /* POS looks at the same pictures. */
  g_autoptr (EngMeasurement) pos =
      eng_protocol_evaluate (find ("ltx-pos"), subject, map, NULL, NULL, NULL, NULL, &error);
  g_assert_cmpint (pos->passes, ==, 0);
  g_assert_cmpint (m->passes, ==, 9);
}

/* ---- curves ---- */

static void
test_curves (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngSubject) subject = open_subject ("scenes-cnn");
  g_autoptr (EngHeatmap) map = bump (subject);
  g_autoptr (EngRanking) ranking = eng_subject_ranking (subject, map, ENG_RANK_VALUE, ENG_ORDER_MOST_FIRST);
  const double shares[] = { 0, 0.05, 0.3, 0.31, 1 };
  int n = eng_subject_n (subject);
  EngPoint remove[5], keep[5], logit[5], accuracy[5];
  struct
  {
    EngMasking masking;
    EngCurveScore score;
    EngPoint *points;
  } runs[] = { { { ENG_MASK_REMOVE, ENG_FILL_BLUR, 0 }, ENG_CURVE_PROBABILITY, remove },
               { { ENG_MASK_KEEP, ENG_FILL_BLUR, 0 }, ENG_CURVE_PROBABILITY, keep },
               { { ENG_MASK_REMOVE, ENG_FILL_BLUR, 0 }, ENG_CURVE_LOGIT, logit },
               { { ENG_MASK_REMOVE, ENG_FILL_BLUR, 0 }, ENG_CURVE_ACCURACY, accuracy } };
  g_autoptr (GHashTable) keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      g_auto (EngCurve) curve = { 0 };
      int heard = 0;
      eng_curve_init_shares (&curve, runs[i].masking, runs[i].score, shares, 5, n);
      g_assert_true (g_hash_table_add (keys, eng_curve_key (&curve, ENG_ORDER_MOST_FIRST)));
      g_assert_true (g_hash_table_add (keys, eng_curve_key (&curve, ENG_ORDER_LEAST_FIRST)));
      g_assert_true (eng_curve_run (subject, ranking, &curve, runs[i].points, count_point, &heard, NULL, &error));
      g_assert_cmpint (heard, ==, 5);
    }
  g_assert_cmpfloat (remove[0].y, ==, eng_subject_untouched (subject)->probability);
  g_assert_cmpfloat (keep[4].y, ==, remove[0].y);
  g_assert_cmpfloat (keep[0].y, ==, remove[4].y); /* all blurred */
  int flip = eng_curve_flip (remove, 5, eng_subject_class_index (subject));
  for (int i = 0; i < 5; i++)
    {
      g_assert_cmpfloat (logit[i].y, ==, remove[i].reading.logit);
      g_assert_cmpfloat (accuracy[i].y, ==, remove[i].reading.top == eng_subject_class_index (subject));
      if (flip < 0 || i < flip)
        g_assert_cmpfloat (accuracy[i].y, ==, 1);
      if (i == flip)
        g_assert_cmpfloat (accuracy[i].y, ==, 0);
    }
  g_assert_cmpfloat_with_epsilon (
      eng_curve_area ((EngPoint[]){ { .x = 0, .y = 1 }, { .x = 0.5, .y = 3 }, { .x = 2, .y = 0 } }, 3), 1 + 2.25,
      1e-12);
}

/* The band: the same by seed, kept, around its mean; the untouched picture has no spread. */
static void
test_band (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngSubject) subject = open_subject ("scenes-cnn"), other = open_subject ("scenes-cnn");
  const double shares[] = { 0, 0.2, 0.5, 1 };
  g_auto (EngCurve) curve = { 0 };
  int heard = 0;
  eng_curve_init_shares (&curve, (EngMasking){ ENG_MASK_REMOVE, ENG_FILL_MEAN, 0 }, ENG_CURVE_PROBABILITY, shares, 4,
                         eng_subject_n (subject));
  g_autoptr (EngBand) a = eng_curve_band (subject, &curve, 20, 1, count_point, &heard, NULL, &error);
  g_assert_no_error (error);
  /* Nothing and everything removed are the same in all orders. */
  g_assert_cmpint (eng_subject_passes (subject), ==, 2 * 20 + 1);
  g_assert_cmpint (heard, ==, 80);
  g_autoptr (EngBand) kept = eng_curve_band (subject, &curve, 20, 1, NULL, NULL, NULL, &error);
  g_assert_true (a == kept);
  g_autoptr (EngBand) b = eng_curve_band (other, &curve, 20, 1, NULL, NULL, NULL, &error);
  g_autoptr (EngBand) c = eng_curve_band (other, &curve, 20, 2, NULL, NULL, NULL, &error);
  for (int i = 0; i < 4; i++)
    {
      g_assert_cmpfloat_with_epsilon (a->x[i], shares[i], 1e-4);
      g_assert_cmpfloat (a->mean[i], ==, b->mean[i]);
      g_assert_cmpfloat (a->low[i], <=, a->mean[i] + 1e-12);
      g_assert_cmpfloat (a->high[i], >=, a->mean[i] - 1e-12);
      g_assert_cmpfloat (a->high[i] - a->low[i], >=, 0);
      g_assert_true ((a->high[i] == a->low[i]) == (i == 0 || i == 3));
    }
  g_assert_cmpfloat (a->area, ==, b->area);
  g_assert_cmpfloat (a->area, !=, c->area);
  g_assert_true (a->area_low < a->area && a->area < a->area_high);
}

/* ---- interruptions and bad input ---- */

typedef struct
{
  EngSubject *subject;
  EngRanking *ranking;
  GCancellable *cancellable;
  int heard;
} Interruption;

/* A person moves the slider while a curve runs, then stops it. */
static void
interrupt (const EngPoint *point, int index, int total, gpointer data)
{
  Interruption *i = data;
  EngMasking masking = { ENG_MASK_KEEP, ENG_FILL_NOISE, 1 };
  EngReading reading;
  g_assert_true (eng_subject_score (i->subject, i->ranking, &masking, 100 + index, &reading, NULL, NULL, NULL));
  if (++i->heard == 20)
    g_cancellable_cancel (i->cancellable);
}

static void
test_interrupted (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngSubject) subject = open_subject ("scenes-cnn"), other = open_subject ("scenes-cnn");
  g_autoptr (EngHeatmap) map = bump (subject);
  g_autoptr (EngRanking) ranking = eng_subject_ranking (subject, map, ENG_RANK_VALUE, ENG_ORDER_MOST_FIRST);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Interruption i = { subject, ranking, cancellable, 0 };
  const EngProtocol *deletion = find ("rise-deletion");
  g_assert_null (eng_protocol_evaluate (deletion, subject, map, NULL, interrupt, &i, cancellable, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_CANCELLED);
  g_assert_cmpint (i.heard, <, 20 + 8); /* within a batch */
  g_clear_error (&error);
  /* What was run is not run again, and the value is that of an undisturbed run. */
  g_autoptr (EngMeasurement) m = eng_protocol_evaluate (deletion, subject, map, NULL, NULL, NULL, NULL, &error);
  g_autoptr (EngMeasurement) calm = eng_protocol_evaluate (deletion, other, map, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (m->value, ==, calm->value);
  g_assert_cmpint (m->passes + i.heard, ==, calm->passes + 1); /* the untouched picture is heard of, not run */
  g_assert_null (eng_protocol_evaluate (find ("sic"), subject, map, NULL, NULL, NULL, cancellable, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_CANCELLED);
}

static void
refuse (EngSubject *subject, EngHeatmap *map, const char *id, EngImage *truth, int code)
{
  g_autoptr (GError) error = NULL;
  EngProtocolOptions options = { .threshold = 0.1, .truth = truth };
  g_assert_null (eng_protocol_evaluate (find (id), subject, map, &options, NULL, NULL, NULL, &error));
  g_test_message ("%s", error ? error->message : "no error");
  g_assert_error (error, ENG_ERROR, code);
}

static void
test_refusals (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngSubject) subject = open_subject ("scenes-cnn");
  g_autoptr (EngHeatmap) map = bump (subject);
  g_autoptr (EngHeatmap) broken = make_map (subject, (const float[]){ 1, NAN, 2, 3 }, 2, 2);
  g_autoptr (EngHeatmap) infinite = make_map (subject, (const float[]){ 1, 0, INFINITY, 3 }, 2, 2);
  EngGeometry g = *eng_subject_geometry (subject);
  EngProvenance provenance = { 0 };
  g.input_width = 224;
  g_autoptr (EngHeatmap) foreign =
      eng_heatmap_new ((const float[]){ 1, 2 }, 1, 1, 2, ENG_SIGN_SIGNED, ENG_UPSAMPLE_NEAREST, &g, &provenance);
  g_autoptr (EngImage) small = eng_image_new (1, 1, (const guint8[]){ 255, 255, 255 }, "small.png");
  refuse (subject, broken, "ltx-pos", NULL, ENG_ERROR_INVALID);
  refuse (subject, infinite, "sic", NULL, ENG_ERROR_INVALID);
  refuse (subject, foreign, "road-morf", NULL, ENG_ERROR_ARGUMENT);
  refuse (subject, map, "iou", NULL, ENG_ERROR_ARGUMENT);
  refuse (subject, map, "pointing-game", small, ENG_ERROR_ARGUMENT);
  refuse (subject, map, "energy-inside", small, ENG_ERROR_ARGUMENT);
  g_assert_null (eng_subject_new (eng_subject_model (subject), eng_subject_image (subject), 12, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT);
  g_clear_error (&error);
  g_autoptr (EngSubject) top = eng_subject_new (eng_subject_model (subject), eng_subject_image (subject), -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (eng_subject_class_index (top), ==, eng_subject_untouched (top)->top);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metrics/table", test_table);
  g_test_add_data_func ("/metrics/walk/scenes-cnn", "scenes-cnn", test_walk);
  g_test_add_data_func ("/metrics/walk/scenes-vit", "scenes-vit", test_walk);
  g_test_add_func ("/metrics/seed", test_seed);
  g_test_add_func ("/metrics/masks", test_masks);
  g_test_add_func ("/metrics/live", test_live);
  g_test_add_func ("/metrics/curves", test_curves);
  g_test_add_func ("/metrics/band", test_band);
  g_test_add_func ("/metrics/interrupted", test_interrupted);
  g_test_add_func ("/metrics/refusals", test_refusals);
  return g_test_run ();
}
