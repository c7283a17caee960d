/* What holds of class activation maps: completeness, constant models, contrasts, exact costs, the same bytes in any
 * batch, stop and keep, refusals. Definitions: test-methods-cam. */
#include "support.h"
#include "test-net.h"

#include <math.h>
#include <string.h>

enum
{
  CLASSES = 3,
  CHANNELS = 8, /* of "third", the last map of the toy nets */
  CELLS = 64
};

static const char *const ids[] = { "grad-cam",     "grad-cam-pp", "xgrad-cam", "hires-cam", "layer-cam", "eigen-cam",
                                   "ablation-cam", "score-cam",   "lift-cam",  "full-grad", NULL };
static const Toy cnn = { .kind = TOY_CNN, .channels = 3, .size = 32 };
static const Toy transformer = { .kind = TOY_TRANSFORMER, .channels = 3, .size = 32 };

static gsize
map_size (const EngHeatmap *map)
{
  return (gsize)eng_heatmap_channels (map) * eng_heatmap_rows (map) * eng_heatmap_cols (map);
}

/* ---- axioms ---- */

/* The logit, or its rise above the layer at 0, is accounted for. */
static void
test_completeness (void)
{
  static const char *const names[] = { "scenes-cnn", "scenes-shortcut" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_auto (TestNet) net = { 0 };
      int n;
      test_net_scene (&net, names[i]);
      const EngTarget *targets = eng_model_targets (net.model, &n);
      g_autoptr (EngHeatmap) full = test_net_run (&net, "full-grad", NULL, NULL);
      g_assert_cmpfloat (test_note (full, "completeness-gap"), <=, 1e-3);
      for (int k = 0; k < n; k++)
        {
          g_autoptr (EngHeatmap) lift = test_net_run (&net, "lift-cam", NULL, targets[k].name);
          g_assert_cmpfloat (test_note (lift, "completeness-gap"), <=, 1e-3);
        }
    }
  g_autofree char *path = test_shared ("models/squeezenet1.0_227.onnx");
  if (!path)
    return;
  g_auto (TestNet) net = { 0 };
  g_autofree char *picture = test_shared ("images/chelsea.png");
  test_net_take (&net, eng_model_open (path, NULL, NULL), eng_image_load (picture, NULL));
  g_autoptr (EngHeatmap) full = test_net_run (&net, "full-grad", NULL, NULL);
  g_autoptr (EngHeatmap) lift = test_net_run (&net, "lift-cam", NULL, "Concat_111");
  g_assert_cmpfloat (test_note (full, "completeness-gap"), <=, 1e-3);
  g_assert_cmpfloat (test_note (lift, "completeness-gap"), <=, 1e-3);
}

/* Logits that do not depend on the picture. EigenCAM looks at no logit, and Score-CAM's weights are the probability
 * itself, which is not zero: both are finite. */
static void
test_constant (void)
{
  Toy toy = cnn;
  toy.constant = TRUE;
  g_auto (TestNet) net = { 0 };
  test_net_toy (&net, &toy);
  for (int i = 0; ids[i]; i++)
    {
      double lo, hi;
      g_autoptr (EngHeatmap) map = test_net_run (&net, ids[i], NULL, NULL);
      g_assert_true (eng_heatmap_range (map, &lo, &hi));
      if (strcmp (ids[i], "eigen-cam") && strcmp (ids[i], "score-cam"))
        g_assert_true (lo == 0 && hi == 0);
    }
  /* "A rather than B" of equal changes is nothing. */
  g_autoptr (EngHeatmap) rather = test_net_try (&net, "ablation-cam", "relu=false", NULL, 2, NULL);
  for (int i = 0; i < CELLS; i++)
    g_assert_cmpfloat (eng_heatmap_values (rather)[i], ==, 0);
}

/* Signed maps of "A rather than B" are those of "B rather than A" with the other sign; where one is negative
 * throughout, the published map is zeros. */
static void
test_contrast (void)
{
  static const char *const linear[] = { "grad-cam", "xgrad-cam", "hires-cam", "lift-cam", NULL };
  g_auto (TestNet) net = { 0 };
  test_net_toy (&net, &cnn);
  for (int k = 0; linear[k]; k++)
    {
      g_autoptr (GError) error = NULL;
      const EngMethod *method = eng_method_find (linear[k], NULL);
      g_autoptr (EngHeatmap) rather = test_net_try (&net, linear[k], "relu=false", NULL, 2, &error);
      g_autoptr (EngHeatmap) positive = test_net_try (&net, linear[k], NULL, NULL, 2, &error);
      g_autoptr (EngHeatmap) one = test_net_try (&net, linear[k], "relu=false", NULL, -1, &error);
      EngValues *values = eng_values_new (method, net.model);
      eng_values_set (values, "relu", 0);
      g_autoptr (EngJob) job = eng_job_new (net.model, net.image, method, 2, -1, NULL, values, 0);
      g_assert_true (eng_job_run (job, &error));
      const float *other = eng_heatmap_values (eng_job_heatmap (job));
      for (int i = 0; i < CELLS; i++)
        {
          float difference = eng_heatmap_values (one)[i] - other[i], own = eng_heatmap_values (rather)[i];
          float size = fabsf (eng_heatmap_values (one)[i]) + fabsf (other[i]);
          g_assert_cmpfloat (fabsf (own - difference), <=, 1e-5 * size + 1e-9);
          g_assert_cmpfloat (eng_heatmap_values (positive)[i], ==, fmaxf (own, 0));
        }
    }
}

/* A class against which all channels speak. */
static void
test_all_negative (void)
{
  g_auto (TestNet) net = { 0 };
  test_net_toy (&net, &cnn);
  /* The layer's activations are not negative, so a negative gradient everywhere is enough. */
  float a[CHANNELS * CELLS];
  test_net_evaluate (&net, NULL, NULL, NULL, "third", a, NULL);
  EngTensor *head = eng_graph_find (net.graph, "head-w")->constant;
  for (int c = 0; c < CHANNELS; c++)
    head->f[c * CLASSES + TEST_CLASS] = -fabsf (head->f[c * CLASSES + TEST_CLASS]) - 0.01f;
  static const char *const negative[] = { "grad-cam",  "grad-cam-pp", "xgrad-cam", "hires-cam",
                                          "layer-cam", "lift-cam",    NULL };
  for (int k = 0; negative[k]; k++)
    {
      g_autoptr (EngHeatmap) map = test_net_run (&net, negative[k], NULL, NULL);
      for (int i = 0; i < CELLS; i++)
        g_assert_cmpfloat (eng_heatmap_values (map)[i], ==, 0);
    }
}

/* ---- running ---- */

static void
test_passes (void)
{
  static const char *const settings[] = { "", "average=3" };
  const Toy *const toys[] = { &cnn, &transformer };
  for (guint t = 0; t < G_N_ELEMENTS (toys); t++)
    {
      g_auto (TestNet) net = { 0 };
      test_net_toy (&net, toys[t]);
      for (int i = 0; ids[i]; i++)
        for (guint k = 0; k < G_N_ELEMENTS (settings); k++)
          {
            const EngMethod *method = eng_method_find (ids[i], NULL);
            g_autoptr (EngValues) values = eng_values_new (method, net.model);
            EngCost cost;
            if (*settings[k])
              eng_values_set_pair (values, settings[k], NULL);
            if (!eng_method_can_explain (method, net.model, NULL, NULL)
                || !eng_method_passes (method, net.model, NULL, values, &cost))
              continue;
            g_autoptr (EngHeatmap) map = test_net_run (&net, ids[i], settings[k], NULL);
            g_assert_cmpint (eng_heatmap_provenance (map)->passes_forward, ==, cost.forward);
            g_assert_cmpint (eng_heatmap_provenance (map)->passes_backward, ==, cost.backward);
          }
    }
}

static void
test_batches (void)
{
  const struct
  {
    const char *net, *id, *layer; /* an early layer has fewer channels to run */
  } cases[] = { { "scenes-cnn", "ablation-cam", "/block1/Relu_1_output_0" },
                { "scenes-cnn", "score-cam", "/Relu_output_0" },
                { "scenes-vit", "ablation-cam", NULL } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (TestNet) net = { 0 };
      test_net_scene (&net, cases[i].net);
      eng_set_memory_budget (1 << 20); /* one at a time */
      g_autoptr (EngHeatmap) small = test_net_run (&net, cases[i].id, NULL, cases[i].layer);
      eng_set_memory_budget ((gsize)2 << 30);
      g_autoptr (EngHeatmap) large = test_net_run (&net, cases[i].id, NULL, cases[i].layer);
      g_assert_cmpmem (eng_heatmap_values (small), sizeof (float) * map_size (small), eng_heatmap_values (large),
                       sizeof (float) * map_size (large));
    }
}

static void
test_layers (void)
{
  g_auto (TestNet) net = { 0 };
  test_net_toy (&net, &cnn);
  for (int k = 0; ids[k]; k++)
    {
      if (!(eng_method_find (ids[k], NULL)->allows & ENG_ALLOWS_LAYERS))
        continue;
      g_autoptr (EngHeatmap) both = test_net_run (&net, ids[k], NULL, "second,third"),
                             second = test_net_run (&net, ids[k], NULL, "second"),
                             third = test_net_run (&net, ids[k], NULL, "third");
      float large[256], most[2] = { 0 };
      double sum[256];
      eng_upsample_bilinear (eng_heatmap_values (third), 8, 8, large, 16, 16);
      for (int i = 0; i < 256; i++)
        {
          most[0] = fmaxf (most[0], fabsf (eng_heatmap_values (second)[i]));
          most[1] = fmaxf (most[1], fabsf (eng_heatmap_values (third)[i % CELLS]));
        }
      for (int i = 0; i < 256; i++)
        sum[i] =
            (most[0] > 0 ? eng_heatmap_values (second)[i] / most[0] : 0) + (most[1] > 0 ? large[i] / most[1] : 0);
      test_assert_close (ids[k], eng_heatmap_values (both), sum, 256, 1e-5);
    }
}

static void
stop_soon (EngJob *job, gpointer data)
{
  guint done;
  eng_job_progress (job, &done, NULL, NULL);
  if (done > 0)
    eng_job_stop (job);
}

static void
test_stop (void)
{
  static const char *const methods[] = { "ablation-cam", "score-cam" };
  g_auto (TestNet) net = { 0 };
  test_net_scene (&net, "scenes-cnn");
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr (GError) error = NULL;
      double lo, hi;
      g_autoptr (EngJob) job =
          eng_job_new (net.model, net.image, eng_method_find (methods[i], NULL), -1, -1, NULL, NULL, 0);
      g_signal_connect (job, "changed", G_CALLBACK (stop_soon), NULL);
      g_assert_true (eng_job_run (job, &error));
      EngHeatmap *map = eng_job_heatmap (job);
      const EngProvenance *p = eng_heatmap_provenance (map);
      g_assert_true (eng_heatmap_range (map, &lo, &hi) && lo >= 0 && hi > 0);
      g_assert_cmpint (p->done, >, 0);
      g_assert_cmpint (p->done, <, p->total);
      g_assert_cmpstr (p->unit, ==, "channels");
    }
}

/* ---- refusals ---- */

static void
test_refusals (void)
{
  const struct
  {
    Toy toy;
    const char *id, *says; /* a part of the sentence */
  } cases[] = {
    { { TOY_POINT, 3, 32 }, NULL, "grid" },
    { { TOY_LINEAR, 3, 32 }, NULL, "grid" },
    { transformer, "lift-cam", "no rule for the" },
    { transformer, "full-grad", "transformer" },
    { { TOY_CNN, 3, 32, FALSE, "Sqrt" }, "grad-cam", "not a number" },
    { { TOY_CNN, 3, 32, FALSE, "Sqrt" }, "grad-cam-pp", "not a number" },
    { { TOY_CNN, 3, 32, FALSE, "Sqrt" }, "layer-cam", "not a number" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (TestNet) net = { 0 };
      test_net_toy (&net, &cases[i].toy);
      for (int k = 0; ids[k]; k++)
        if (!cases[i].id || strcmp (cases[i].id, ids[k]) == 0)
          {
            g_autoptr (GError) error = NULL;
            g_assert_null (test_net_try (&net, ids[k], NULL, NULL, -1, &error));
            g_assert_nonnull (error);
            if (!strstr (error->message, cases[i].says))
              g_error ("%s: %s", ids[k], error->message);
          }
    }
}

/* One channel of input, probabilities at the end, a last map of one cell after larger ones. */
static void
test_kinds (void)
{
  const Toy toys[] = { { TOY_CNN, 1, 32 },
                       { TOY_CNN, 3, 32, FALSE, "Softmax" },
                       { TOY_CNN_POINT, 3, 32 },
                       { TOY_POOLS, 3, 32 },
                       { TOY_CNN, 3, 384 } };
  for (guint i = 0; i < G_N_ELEMENTS (toys); i++)
    {
      g_auto (TestNet) net = { 0 };
      test_net_toy (&net, &toys[i]);
      for (int k = 0; ids[k]; k++)
        {
          double lo, hi;
          g_autoptr (EngHeatmap) map = test_net_run (&net, ids[k], NULL, NULL);
          g_assert_true (eng_heatmap_range (map, &lo, &hi));
          g_assert_cmpint (eng_heatmap_rows (map), >, 1);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/methods/cam/completeness", test_completeness);
  g_test_add_func ("/methods/cam/constant", test_constant);
  g_test_add_func ("/methods/cam/contrast", test_contrast);
  g_test_add_func ("/methods/cam/all-negative", test_all_negative);
  g_test_add_func ("/methods/cam/passes", test_passes);
  g_test_add_func ("/methods/cam/batches", test_batches);
  g_test_add_func ("/methods/cam/layers", test_layers);
  g_test_add_func ("/methods/cam/stop", test_stop);
  g_test_add_func ("/methods/cam/refusals", test_refusals);
  g_test_add_func ("/methods/cam/kinds", test_kinds);
  return g_test_run ();
}
