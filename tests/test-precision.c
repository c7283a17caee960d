/* bfloat16 products beside float32 ones: the same predictions, maps that agree, and a provenance that says it.
 *
 * Tolerances are those that the precision is offered under: predicted class equal on 99 % of pictures, Pearson 0.98
 * of LTX maps. A factor keeps 8 bits, so a logit of some tens of terms is off by about a hundredth of the largest. */
#include "engine.h"
#include "support.h"

#include <math.h>
#include <string.h>

static gboolean
has_bf16 (void)
{
  g_autoptr (GError) error = NULL;
  gboolean has = eng_set_precision (ENG_PRECISION_BF16, &error);
  eng_set_precision (ENG_PRECISION_FLOAT32, NULL);
  if (!has)
    g_test_skip (error->message);
  return has;
}

static int
top (const float *v, int n)
{
  int best = 0;
  for (int i = 1; i < n; i++)
    best = v[i] > v[best] ? i : best;
  return best;
}

static EngModel *
open_model (const char *path)
{
  g_autoptr (GError) error = NULL;
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  return model;
}

/* Logits of every picture of @folder, one after another. */
static float *
predict_all (const char *path, const char *folder, EngPrecision precision, int *pictures, int *classes)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (eng_set_precision (precision, &error));
  g_autoptr (EngModel) model = open_model (path);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  g_assert_no_error (error);
  GArray *all = g_array_new (FALSE, FALSE, sizeof (float));
  *classes = eng_model_n_classes (model);
  *pictures = 0;
  for (const char *name; (name = g_dir_read_name (dir));)
    if (g_str_has_suffix (name, ".png"))
      {
        g_autofree char *file = g_build_filename (folder, name, NULL);
        g_autoptr (EngImage) image = eng_image_load (file, NULL);
        g_autofree float *logits = image ? eng_model_predict_image (model, image, &error) : NULL;
        g_assert_no_error (error);
        if (logits)
          {
            g_array_append_vals (all, logits, (guint)*classes);
            ++*pictures;
          }
      }
  eng_set_precision (ENG_PRECISION_FLOAT32, NULL);
  return (float *)g_array_free (all, FALSE);
}

static void
compare_predictions (const char *path, const char *folder)
{
  int n, k, same = 0;
  g_autofree float *exact = predict_all (path, folder, ENG_PRECISION_FLOAT32, &n, &k);
  g_autofree float *rounded = predict_all (path, folder, ENG_PRECISION_BF16, &n, &k);
  g_assert_cmpint (n, >, 0);
  for (int i = 0; i < n; i++)
    same += top (exact + i * k, k) == top (rounded + i * k, k);
  double off = test_max_rel (rounded, exact, (gsize)n * (gsize)k);
  g_test_message ("%d of %d predictions equal, logits off by %.2g of the largest", same, n, off);
  g_assert_cmpfloat (same, >=, 0.99 * n);
  g_assert_cmpfloat (off, <, 0.03);
  g_assert_cmpfloat (off, >, 0); /* it was rounded */
}

static void
test_predictions (void)
{
  static const char *const nets[] = { "models/scenes-cnn.onnx", "models/scenes-vit.onnx" };
  g_autofree char *folder = test_data ("scenes");
  if (!has_bf16 ())
    return;
  for (guint i = 0; i < G_N_ELEMENTS (nets); i++)
    {
      g_autofree char *path = test_data (nets[i]);
      compare_predictions (path, folder);
    }
}

/* Without the choice of a step, which is one of near equals, so that the arithmetic alone is compared. */
static EngHeatmap *
explain (EngModel *model, EngImage *image, EngPrecision precision)
{
  g_autoptr (GError) error = NULL;
  const EngMethod *ltx = eng_method_find ("ltx", NULL);
  EngValues *values = eng_values_new (ltx, model);
  g_assert_true (eng_values_set_pair (values, "selection=last", &error));
  g_assert_true (eng_values_set_pair (values, "steps=10", &error));
  g_assert_true (eng_set_precision (precision, &error));
  g_autoptr (EngJob) job = eng_job_new (model, image, ltx, -1, -1, NULL, values, 0);
  eng_job_run (job, &error);
  g_assert_no_error (error);
  eng_set_precision (ENG_PRECISION_FLOAT32, NULL);
  return eng_heatmap_ref (eng_job_heatmap (job));
}

static void
test_ltx (void)
{
  g_autofree char *path = test_data ("models/scenes-cnn.onnx"), *picture = test_data ("scenes/harbour-01.png");
  if (!has_bf16 ())
    return;
  g_autoptr (EngModel) model = open_model (path);
  g_autoptr (EngImage) image = eng_image_load (picture, NULL);
  g_autoptr (EngHeatmap) exact = explain (model, image, ENG_PRECISION_FLOAT32);
  g_autoptr (EngHeatmap) rounded = explain (model, image, ENG_PRECISION_BF16);
  gsize n = (gsize)eng_heatmap_rows (exact) * (gsize)eng_heatmap_cols (exact);
  double r = test_pearson (eng_heatmap_values (rounded), eng_heatmap_values (exact), n);
  g_test_message ("Pearson %.4f", r);
  g_assert_cmpfloat (r, >=, 0.98);
  g_assert_null (strstr (eng_heatmap_provenance (exact)->kernels, "bf16"));
  g_assert_nonnull (strstr (eng_heatmap_provenance (rounded)->kernels, "bf16"));
}

/* Maps of the two precisions are kept apart. */
static void
test_key (void)
{
  g_autofree char *path = test_data ("models/scenes-cnn.onnx"), *picture = test_data ("scenes/harbour-01.png");
  if (!has_bf16 ())
    return;
  g_autoptr (EngModel) model = open_model (path);
  g_autoptr (EngImage) image = eng_image_load (picture, NULL);
  const EngMethod *cam = eng_method_find ("grad-cam", NULL);
  EngValues *values = eng_values_new (cam, model);
  g_autofree char *exact = eng_result_key (model, image, cam, 0, -1, NULL, values, 0);
  eng_set_precision (ENG_PRECISION_BF16, NULL);
  g_autofree char *rounded = eng_result_key (model, image, cam, 0, -1, NULL, values, 0);
  eng_set_precision (ENG_PRECISION_FLOAT32, NULL);
  g_assert_cmpstr (exact, !=, rounded);
  eng_values_free (values);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/precision/predictions", test_predictions);
  g_test_add_func ("/precision/ltx", test_ltx);
  g_test_add_func ("/precision/key", test_key);
  return g_test_run ();
}
