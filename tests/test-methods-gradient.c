/* The gradient family: closed forms on small nets whose weights are known, completeness, the same bytes at any batch
 * size, results stopped early. Golden maps of gradient x input and Integrated Gradients: test-golden-maps. */
#include "engine.h"

#include "baseline.h"
#include "blur.h"
#include "combine.h"
#include "moments.h"
#include "onnx-maker.h"
#include "random.h"
#include "support.h"

#include <math.h>
#include <string.h>

/* Maps are sums of some hundred float32 products at most: ten units in the last place of the largest one. */
#define ROUNDING 1e-6

enum
{
  SIDE = 8,
  CLASSES = 3,
  N = 3 * SIDE * SIDE
};

typedef struct
{
  EngModel *model;
  EngImage *image;
  char *folder;
  float *x; /* network input */
} Net;

static EngImage *
make_image (int width, int height)
{
  g_autofree guint8 *rgb = g_new (guint8, 3 * width * height);
  for (int i = 0; i < 3 * width * height; i++)
    rgb[i] = (guint8)(40 + (i * 37) % 200);
  return eng_image_new (width, height, rgb, "made");
}

/* @sidecar: JSON; opens the net and computes its input. */
static void
net_open (Net *net, OnnxMaker *maker, const char *sidecar)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = onnx_maker_finish (maker);
  net->folder = test_tmpdir ();
  g_autofree char *path = g_build_filename (net->folder, "net.onnx", NULL);
  g_autofree char *json = g_build_filename (net->folder, "net.json", NULL);
  g_assert_true (eng_write_atomically (path, bytes, NULL));
  g_assert_true (g_file_set_contents (json, sidecar, -1, NULL));
  net->model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  EngPreprocess *p = eng_model_preprocess (net->model);
  net->image = make_image (p->width, p->height);
  g_autofree guint8 *view = eng_preprocess_view (p, net->image, &error);
  g_autofree float *pixels = g_new (float, 3 * p->width * p->height);
  net->x = g_new (float, p->channels * p->width * p->height);
  eng_preprocess_pixels (p, view, pixels);
  eng_preprocess_normalise (p, pixels, net->x);
}

static void
net_clear (Net *net)
{
  g_clear_object (&net->model);
  g_clear_pointer (&net->image, eng_image_unref);
  test_remove_tree (net->folder);
  g_free (net->folder);
  g_free (net->x);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Net, net_clear)

static float
weight (int i, int class_index)
{
  return (float)((i * 7 + class_index * 5) % 11 - 5) / 8;
}

/* logit_k = sum_i w_ik x_i + k; w scaled by @scale, 0: a constant. */
static void
open_linear (Net *net, float scale)
{
  float w[N * CLASSES], bias[CLASSES] = { 0, 1, 2 };
  for (int i = 0; i < N * CLASSES; i++)
    w[i] = scale * weight (i / CLASSES, i % CLASSES);
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, SIDE, SIDE);
  onnx_maker_floats (m, "w", 2, (int64_t[]){ N, CLASSES }, w);
  onnx_maker_floats (m, "b", 1, (int64_t[]){ CLASSES }, bias);
  onnx_maker_node (m, "Flatten", "x", "flat");
  onnx_maker_node (m, "Gemm", "flat w b", "logits");
  onnx_maker_output (m, "logits");
  net_open (net, m, "{\"mean\": [0.4, 0.5, 0.6], \"std\": [0.2, 0.25, 0.3]}");
}

/* One channel of two pixels u, v: logit 0 = B0 u + B1 v + u v, logit 1 = (u v)^3, logit 2 = 0. */
#define B0 0.25
#define B1 2.0
static void
open_product (Net *net)
{
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 1, 1, 2);
  onnx_maker_floats (m, "u", 2, (int64_t[]){ 2, 1 }, (float[]){ 1, 0 });
  onnx_maker_floats (m, "v", 2, (int64_t[]){ 2, 1 }, (float[]){ 0, 1 });
  onnx_maker_floats (m, "linear", 2, (int64_t[]){ 2, 3 }, (float[]){ B0, 0, 0, B1, 0, 0 });
  onnx_maker_floats (m, "first", 2, (int64_t[]){ 1, 3 }, (float[]){ 1, 0, 0 });
  onnx_maker_floats (m, "second", 2, (int64_t[]){ 1, 3 }, (float[]){ 0, 1, 0 });
  onnx_maker_node (m, "Flatten", "x", "flat");
  onnx_maker_node (m, "MatMul", "flat u", "xu");
  onnx_maker_node (m, "MatMul", "flat v", "xv");
  onnx_maker_node (m, "Mul", "xu xv", "product");
  onnx_maker_node (m, "Mul", "product product", "square");
  onnx_maker_node (m, "Mul", "square product", "cube");
  onnx_maker_node (m, "MatMul", "flat linear", "one");
  onnx_maker_node (m, "MatMul", "product first", "two");
  onnx_maker_node (m, "MatMul", "cube second", "three");
  onnx_maker_node (m, "Add", "one two", "both");
  onnx_maker_node (m, "Add", "both three", "logits");
  onnx_maker_output (m, "logits");
  net_open (net, m, "{\"mean\": [0], \"std\": [0.5]}");
}

static void
open_scenes (Net *net, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *relative = g_strdup_printf ("models/%s.onnx", name), *path = test_data (relative);
  g_autofree char *picture = test_data ("scenes/harbour-01.png");
  net->folder = test_tmpdir ();
  net->model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  net->image = eng_image_load (picture, &error);
  g_assert_no_error (error);
}

/* @settings: "steps=3 rule=right" */
static EngJob *
make_job (const Net *net, const char *id, int class_index, int contrast, const char *settings, guint64 seed)
{
  g_autoptr (GError) error = NULL;
  const EngMethod *method = eng_method_find (id, &error);
  g_assert_no_error (error);
  EngValues *values = eng_values_new (method, net->model);
  g_auto (GStrv) pairs = g_strsplit (settings, " ", -1);
  for (char **pair = pairs; *pair && **pair; pair++)
    if (!eng_values_set_pair (values, *pair, &error))
      g_error ("%s", error->message);
  return eng_job_new (net->model, net->image, method, class_index, contrast, NULL, values, seed);
}

/* Runs and compares the passes with those declared. (transfer full) */
static EngHeatmap *
run_job (EngJob *job)
{
  g_autoptr (GError) error = NULL;
  EngCost cost;
  eng_job_run (job, &error);
  g_assert_no_error (error);
  EngHeatmap *map = eng_job_heatmap (job);
  const EngProvenance *p = eng_heatmap_provenance (map);
  g_assert_true (eng_method_passes (eng_job_method (job), eng_job_model (job), NULL, eng_job_values (job), &cost));
  if (p->done == p->total)
    {
      g_assert_cmpint (p->passes_forward, ==, cost.forward);
      g_assert_cmpint (p->passes_backward, ==, cost.backward);
    }
  return eng_heatmap_ref (map);
}

static EngHeatmap *
run (const Net *net, const char *id, int class_index, int contrast, const char *settings, guint64 seed)
{
  g_autoptr (EngJob) job = make_job (net, id, class_index, contrast, settings, seed);
  return run_job (job);
}

static const EngNote *
gap_note (EngHeatmap *map)
{
  GPtrArray *notes = eng_heatmap_provenance (map)->notes;
  g_assert_cmpint (notes->len, ==, 1);
  const EngNote *note = notes->pdata[0];
  g_assert_cmpstr (note->id, ==, "completeness-gap");
  g_assert_true (isfinite (note->value));
  g_assert_null (strstr (note->text, "nan"));
  g_assert_null (strstr (note->text, "inf"));
  return note;
}

static void
assert_map (EngHeatmap *map, const double *expected, gsize n, double tolerance)
{
  const float *values = eng_heatmap_values (map);
  double largest = 0;
  g_assert_cmpint (eng_heatmap_channels (map) * eng_heatmap_rows (map) * eng_heatmap_cols (map), ==, (int)n);
  for (gsize i = 0; i < n; i++)
    largest = fmax (largest, fabs (expected[i]));
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat (fabs (values[i] - expected[i]), <=, tolerance * fmax (largest, 1e-3));
}

/* ---- linear ---- */

static void
fill_baseline (const Net *net, const char *name, float *out)
{
  EngPreprocess *p = eng_model_preprocess (net->model);
  float pixels[N] = { 0 };
  memset (out, 0, sizeof *out * N);
  if (strcmp (name, "black") == 0)
    eng_preprocess_normalise (p, pixels, out);
  else if (strcmp (name, "mean") == 0)
    for (int c = 0; c < 3; c++)
      for (int k = 0; k < 2; k++)
        for (int i = 0; i < SIDE * SIDE; i++)
          if (k == 0)
            pixels[c] += net->x[c * SIDE * SIDE + i] / (SIDE * SIDE);
          else
            out[c * SIDE * SIDE + i] = pixels[c];
  else if (strcmp (name, "blur") == 0) /* sigma: a twentieth of the side */
    eng_gaussian_blur (net->x, 3, SIDE, SIDE, SIDE / 20.0, -1, ENG_EDGE_CLAMP, out);
}

/* w (x - x') for a class or the difference of two, by every method whose path ends there. */
static void
check_linear (const Net *net, const char *id, const char *settings, const float *from)
{
  for (int contrast = -1; contrast < 1; contrast++)
    {
      double expected[N];
      for (int i = 0; i < N; i++)
        expected[i] = ((double)weight (i, 2) - (contrast == 0 ? weight (i, 0) : 0)) * ((double)net->x[i] - from[i]);
      g_autoptr (EngHeatmap) map = run (net, id, 2, contrast, settings, 5);
      assert_map (map, expected, N, ROUNDING);
      if (strcmp (id, "gradient-x-input"))
        /* The two logits are sums of 192 terms near 1 in float32, their difference is near 1. */
        g_assert_cmpfloat (gap_note (map)->value, <=, 1e-4);
    }
}

static void
test_linear (void)
{
  static const char *const baselines[] = { "zero", "black", "mean", "blur" };
  static const char *const integrals[] = { "integrated-gradients rule=midpoint",
                                           "integrated-gradients rule=trapezoid",
                                           "integrated-gradients rule=gauss-legendre",
                                           "integrated-gradients rule=right",
                                           "guided-ig rule=left",
                                           "guided-ig rule=trapezoid",
                                           "guided-ig fraction=1 max-dist=1" };
  g_auto (Net) net = { 0 };
  float from[N] = { 0 };
  open_linear (&net, 1);
  check_linear (&net, "gradient-x-input", "", from);
  for (guint b = 0; b < G_N_ELEMENTS (baselines); b++)
    for (guint k = 0; k < G_N_ELEMENTS (integrals); k++)
      {
        g_auto (GStrv) parts = g_strsplit (integrals[k], " ", 2);
        g_autofree char *settings = g_strdup_printf ("steps=9 baseline=%s %s", baselines[b], parts[1]);
        fill_baseline (&net, baselines[b], from);
        check_linear (&net, parts[0], settings, from);
      }
  eng_gaussian_blur (net.x, 3, SIDE, SIDE, 6, -1, ENG_EDGE_ZERO, from);
  check_linear (&net, "blur-ig", "steps=9 max-sigma=6", from);
  check_linear (&net, "blur-ig", "steps=9 max-sigma=6 spacing=quadratic", from);
}

/* The authors' sum for a linear net: - w sum_i step (z(s_i + 0.01) - z(s_i)) / 0.01. */
static void
test_blur_released (void)
{
  g_auto (Net) net = { 0 };
  open_linear (&net, 1);
  double expected[N] = { 0 };
  for (int i = 0; i < 12; i++)
    {
      float a[N], b[N];
      eng_gaussian_blur (net.x, 3, SIDE, SIDE, 0.5 * i, -1, ENG_EDGE_ZERO, a);
      eng_gaussian_blur (net.x, 3, SIDE, SIDE, 0.5 * i + 0.01, -1, ENG_EDGE_ZERO, b);
      for (int k = 0; k < N; k++)
        expected[k] -= weight (k, 1) * 0.5 * ((double)b[k] - a[k]) / 0.01;
    }
  g_autoptr (EngHeatmap) map = run (&net, "blur-ig", 1, -1, "steps=12 max-sigma=6 variant=released", 0);
  assert_map (map, expected, N, ROUNDING);
}

/* Noise baselines: the mean over the draws, each a stream of the seed. */
static void
test_draws (void)
{
  g_auto (Net) net = { 0 };
  open_linear (&net, 1);
  double expected[N] = { 0 };
  for (int d = 0; d < 3; d++)
    {
      g_autoptr (GRand) random = eng_random_new (9, 0x80000000u + (guint32)d);
      float pixels[N], from[N];
      for (int i = 0; i < N; i++)
        pixels[i] = (float)g_rand_double (random);
      eng_preprocess_normalise (eng_model_preprocess (net.model), pixels, from);
      for (int i = 0; i < N; i++)
        expected[i] += weight (i, 0) * ((double)net.x[i] - from[i]) / 3;
    }
  g_autoptr (EngHeatmap) map = run (&net, "integrated-gradients", 0, -1, "steps=4 baseline=noise draws=3", 9);
  assert_map (map, expected, N, ROUNDING);
  g_assert_cmpfloat (gap_note (map)->value, <=, 1e-4);
}

/* The mean over noisy copies of w x. */
static void
test_average (void)
{
  g_auto (Net) net = { 0 };
  open_linear (&net, 1);
  double expected[N] = { 0 };
  for (int k = 0; k < 3; k++)
    {
      float copy[N];
      eng_noisy_copy (net.x, N, 0.3, 4, (guint32)k, copy);
      for (int i = 0; i < N; i++)
        expected[i] += weight (i, 1) * copy[i] / 3.0;
    }
  g_autoptr (EngHeatmap) map = run (&net, "integrated-gradients", 1, -1, "steps=4 average=3 average-noise=0.3", 4);
  assert_map (map, expected, N, ROUNDING);
  g_assert_true (g_str_has_prefix (gap_note (map)->text, "On the last copy"));
}

/* A score that never changes: zero maps, and a note that says so. */
static void
test_constant (void)
{
  static const char *const ids[] = { "gradient-x-input", "smooth-grad", "integrated-gradients", "blur-ig",
                                     "guided-ig" };
  static const double zeros[N];
  g_auto (Net) net = { 0 };
  open_linear (&net, 0);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (EngHeatmap) map = run (&net, ids[i], 2, -1, "", 0);
      assert_map (map, zeros, N, 0);
      if (i < 2)
        continue;
      g_assert_cmpfloat (gap_note (map)->value, ==, 0);
      g_assert_nonnull (strstr (gap_note (map)->text, "the same at both ends"));
    }
  /* A black picture against a black baseline: nothing to walk. */
  guint8 black[3 * SIDE * SIDE] = { 0 };
  g_auto (Net) dark = { 0 };
  open_linear (&dark, 1);
  eng_image_unref (dark.image);
  dark.image = eng_image_new (SIDE, SIDE, black, "black");
  for (guint i = 2; i < G_N_ELEMENTS (ids); i += 2)
    {
      g_autoptr (EngHeatmap) map = run (&dark, ids[i], 2, -1, "steps=5 baseline=black", 0);
      assert_map (map, zeros, N, 0);
    }
}

/* ---- a product of two pixels ---- */

static void
check_product (const Net *net, const char *id, int class_index, const char *settings, double first, double second)
{
  g_autoptr (EngHeatmap) map = run (net, id, class_index, -1, settings, 0);
  assert_map (map, (const double[]){ first, second }, 2, ROUNDING);
}

/* The gradient of B0 u + B1 v + u v grows linearly along the straight path: symmetric rules are exact, the right one
 * takes the mean (n + 1) / 2n of t. */
static void
test_product (void)
{
  g_auto (Net) net = { 0 };
  open_product (&net);
  double u = net.x[0], v = net.x[1];
  static const char *const exact[] = { "steps=1", "steps=5", "steps=4 rule=trapezoid",
                                       "steps=2 rule=gauss-legendre" };
  for (guint i = 0; i < G_N_ELEMENTS (exact); i++)
    check_product (&net, "integrated-gradients", 0, exact[i], B0 * u + u * v / 2, B1 * v + u * v / 2);
  check_product (&net, "integrated-gradients", 0, "steps=5 rule=right", B0 * u + u * v * 0.6, B1 * v + u * v * 0.6);
  check_product (&net, "gradient-x-input", 0, "", B0 * u + u * v, B1 * v + u * v);
  /* (u v)^3: 3 t^5, which three nodes of Gauss and Legendre integrate exactly, and two nodes to 35/36. */
  double whole = pow (u * v, 3);
  check_product (&net, "integrated-gradients", 1, "steps=3 rule=gauss-legendre", whole / 2, whole / 2);
  check_product (&net, "integrated-gradients", 1, "steps=2 rule=gauss-legendre", whole * 33 / 72, whole * 33 / 72);
}

/* With B0 < B1 the first pixel moves first. Worked out by hand for equal pixels d and two steps. */
static void
test_guided (void)
{
  g_auto (Net) net = { 0 };
  guint8 grey[6];
  open_product (&net);
  memset (grey, 200, sizeof grey);
  eng_image_unref (net.image);
  net.image = eng_image_new (2, 1, grey, "grey");
  double d = 200 / 255.0 / 0.5;
  /* No bound: first u all the way where v = 0, then v where u = d. */
  check_product (&net, "guided-ig", 0, "steps=2 max-dist=1", B0 * d, (B1 + d) * d);
  check_product (&net, "guided-ig", 0, "steps=2 max-dist=1 rule=trapezoid", B0 * d, (B1 + d) * d);
  /* At most 0.25 from the straight path: (0, 0), (0.75, 0.25), (1, 1). */
  double u = B0 * 0.75 * d + (B0 + 0.25 * d) * 0.25 * d, v = B1 * 0.25 * d + (B1 + 0.75 * d) * 0.75 * d;
  check_product (&net, "guided-ig", 0, "steps=2 max-dist=0.25", u, v);
  /* Both at a time: the straight path, gradients at t = 0 and 1/2 (left) or their means with those at the end. */
  check_product (&net, "guided-ig", 0, "steps=2 max-dist=1 fraction=1", B0 * d + d * d / 4, B1 * d + d * d / 4);
  check_product (&net, "guided-ig", 0, "steps=2 max-dist=0", B0 * d + d * d / 4, B1 * d + d * d / 4);
  check_product (&net, "guided-ig", 0, "steps=2 max-dist=0 rule=trapezoid", B0 * d + d * d / 2, B1 * d + d * d / 2);
}

/* ---- on the sample nets ---- */

static const char *const models[] = { "scenes-cnn", "scenes-vit" };

static void
test_completeness (gconstpointer data)
{
  /* The gap is the methods' own: rough scores need more steps, Guided IG's left sum samples gradients unfairly, most
   * of a blur's change falls into its first step. The bounds are twice what these nets showed on this picture, four
   * times for Guided IG, whose path turns on last digits and so on the processor and on the compiler's options; an
   * error in the weights or in the end scores shows as a gap near 1. */
  static const struct
  {
    const char *id, *settings;
    double most;
  } cases[] = { { "integrated-gradients", "steps=50", 0.05 },
                { "integrated-gradients", "steps=50 rule=gauss-legendre output=probability", 0.05 },
                { "blur-ig", "steps=50", 0.6 },
                { "blur-ig", "steps=50 spacing=quadratic", 0.15 },
                { "guided-ig", "steps=50", 0.5 },
                { "guided-ig", "steps=50 rule=trapezoid", 0.1 } };
  g_auto (Net) net = { 0 };
  open_scenes (&net, data);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EngHeatmap) map = run (&net, cases[i].id, -1, -1, cases[i].settings, 0);
      const EngNote *note = gap_note (map);
      g_test_message ("%s %s %s: %s", (const char *)data, cases[i].id, cases[i].settings, note->text);
      g_assert_cmpfloat (note->value, <=, cases[i].most);
    }
}

static gsize
map_bytes (EngHeatmap *map)
{
  return sizeof (float) * eng_heatmap_channels (map) * eng_heatmap_rows (map) * eng_heatmap_cols (map);
}

static void
assert_same (EngHeatmap *a, EngHeatmap *b, gboolean same)
{
  g_assert_cmpint (map_bytes (a), ==, map_bytes (b));
  g_assert_true ((memcmp (eng_heatmap_values (a), eng_heatmap_values (b), map_bytes (a)) == 0) == same);
}

static void
test_budgets (gconstpointer data)
{
  static const char *const ids[] = { "integrated-gradients steps=11 baseline=noise", "smooth-grad samples=11",
                                     "blur-ig steps=11", "guided-ig steps=4 baseline=noise" };
  g_auto (Net) net = { 0 };
  open_scenes (&net, data);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_auto (GStrv) parts = g_strsplit (ids[i], " ", 2);
      eng_set_memory_budget (1 << 20); /* one at a time */
      g_autoptr (EngHeatmap) small = run (&net, parts[0], 1, -1, parts[1], 3);
      eng_set_memory_budget ((gsize)2 << 30);
      g_autoptr (EngHeatmap) large = run (&net, parts[0], 1, -1, parts[1], 3);
      g_autoptr (EngHeatmap) other = run (&net, parts[0], 1, -1, parts[1], 4);
      assert_same (small, large, TRUE);
      assert_same (small, other, strstr (ids[i], "blur-ig") != NULL); /* which draws nothing */
    }
}

/* Batched or laid over "gradient": the same copies, the same sums. */
static void
test_smooth_is_average (gconstpointer data)
{
  g_auto (Net) net = { 0 };
  open_scenes (&net, data);
  for (int kind = 0; eng_moment_choices[kind]; kind++)
    {
      const char *name = eng_moment_choices[kind];
      g_autofree char *a = g_strdup_printf ("samples=5 noise=0.2 kind=%s", name);
      g_autofree char *b = g_strdup_printf ("average=5 average-noise=0.2 average-kind=%s", name);
      g_autoptr (EngHeatmap) smooth = run (&net, "smooth-grad", 2, 3, a, 8);
      g_autoptr (EngHeatmap) average = run (&net, "gradient", 2, 3, b, 8);
      assert_same (smooth, average, TRUE);
      g_assert_cmpfloat (eng_heatmap_provenance (smooth)->convergence, ==,
                         eng_heatmap_provenance (average)->convergence);
    }
}

/* ---- stop and keep ---- */

static void
stop_after (EngJob *job, gpointer data)
{
  guint done;
  eng_job_progress (job, &done, NULL, NULL);
  if (done > GPOINTER_TO_UINT (data))
    eng_job_stop (job);
}

static EngHeatmap *
run_stopped (const Net *net, const char *id, const char *settings, guint after)
{
  g_autoptr (EngJob) job = make_job (net, id, 1, -1, settings, 6);
  g_signal_connect (job, "changed", G_CALLBACK (stop_after), GUINT_TO_POINTER (after));
  EngHeatmap *map = run_job (job);
  const EngProvenance *p = eng_heatmap_provenance (map);
  g_assert_cmpint (p->done, >, 0);
  g_assert_cmpint (p->done, <, p->total);
  g_assert_cmpint (p->passes_backward, >=, p->done);
  return map;
}

static void
test_stop (void)
{
  g_auto (Net) net = { 0 }, linear = { 0 };
  open_scenes (&net, "scenes-cnn");
  open_linear (&linear, 1);
  /* What was done is the whole of a smaller run. */
  g_autoptr (EngHeatmap) smooth = run_stopped (&net, "smooth-grad", "samples=400", 0);
  guint done = eng_heatmap_provenance (smooth)->done;
  g_autofree char *fewer = g_strdup_printf ("samples=%u", done);
  g_autoptr (EngHeatmap) smaller = run (&net, "smooth-grad", 1, -1, fewer, 6);
  assert_same (smooth, smaller, TRUE);
  g_assert_cmpstr (eng_heatmap_provenance (smooth)->unit, ==, "samples");

  g_autoptr (EngHeatmap) blur = run_stopped (&net, "blur-ig", "steps=400 max-sigma=100", 0);
  done = eng_heatmap_provenance (blur)->done;
  g_autofree char *weaker = g_strdup_printf ("steps=%u max-sigma=%.17g", done, done / 4.0);
  g_autoptr (EngHeatmap) shorter = run (&net, "blur-ig", 1, -1, weaker, 6);
  assert_same (blur, shorter, TRUE);
  g_assert_cmpstr (gap_note (blur)->text, ==, gap_note (shorter)->text);

  /* A coarser integral, not a part of it. */
  double expected[N];
  for (int i = 0; i < N; i++)
    expected[i] = weight (i, 1) * (double)linear.x[i];
  g_autoptr (EngHeatmap) coarse = run_stopped (&linear, "integrated-gradients", "steps=1000", 0);
  assert_map (coarse, expected, N, ROUNDING);
  g_assert_cmpfloat (gap_note (coarse)->value, <=, 1e-4);
}

/* Nodes visited so far lie all over the path: 3 t^5 has the integral 1/2, and over the first eight nodes of 1000 the
 * mean 0.39; in order they would give nothing. */
static void
test_stop_spread (void)
{
  g_auto (Net) net = { 0 };
  open_product (&net);
  g_autoptr (EngHeatmap) map = run_stopped (&net, "integrated-gradients", "steps=1000", 0);
  double share = eng_heatmap_values (map)[0] / pow (net.x[0] * net.x[1], 3);
  g_assert_cmpfloat (fabs (share - 0.5), <=, 0.15);
}

/* A copy that was cut short does not enter the average. */
static void
test_stop_average (void)
{
  g_auto (Net) net = { 0 };
  open_linear (&net, 1);
  g_autoptr (EngHeatmap) map = run_stopped (&net, "integrated-gradients", "steps=1000 average=500", 1000);
  guint whole = (eng_heatmap_provenance (map)->done - 1) / 1000;
  double expected[N] = { 0 };
  g_assert_cmpint (whole, >=, 1);
  for (guint k = 0; k < whole; k++)
    {
      float copy[N];
      eng_noisy_copy (net.x, N, 0.15, 6, k, copy);
      for (int i = 0; i < N; i++)
        expected[i] += weight (i, 1) * (double)copy[i] / whole;
    }
  assert_map (map, expected, N, ROUNDING);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    GTestDataFunc func;
  } on_samples[] = { { "completeness", test_completeness },
                     { "budgets", test_budgets },
                     { "smooth-is-average", test_smooth_is_average } };
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gradient/linear", test_linear);
  g_test_add_func ("/gradient/blur-released", test_blur_released);
  g_test_add_func ("/gradient/draws", test_draws);
  g_test_add_func ("/gradient/average", test_average);
  g_test_add_func ("/gradient/constant", test_constant);
  g_test_add_func ("/gradient/product", test_product);
  g_test_add_func ("/gradient/guided", test_guided);
  for (guint k = 0; k < G_N_ELEMENTS (on_samples); k++)
    for (guint i = 0; i < G_N_ELEMENTS (models); i++)
      {
        g_autofree char *path = g_strdup_printf ("/gradient/%s/%s", on_samples[k].name, models[i]);
        g_test_add_data_func (path, models[i], on_samples[k].func);
      }
  g_test_add_func ("/gradient/stop", test_stop);
  g_test_add_func ("/gradient/stop-spread", test_stop_spread);
  g_test_add_func ("/gradient/stop-average", test_stop_average);
  return g_test_run ();
}
