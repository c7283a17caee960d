/* Class activation maps against closed forms on nets that end in a mean and a linear layer, and against their
 * definitions, computed here with single passes from the picture on (no batches, nothing left out). Golden data:
 * test-golden-maps; what holds of all of them: test-methods-cam-axioms. */
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

static const Toy cnn = { .kind = TOY_CNN, .channels = 3, .size = 32 };
static const Toy transformer = { .kind = TOY_TRANSFORMER, .channels = 3, .size = 32 };

/* ---- a mean and a linear layer after the map ---- */

/* sum_c weights[c] A_c */
static void
weigh (const float *a, const double *weights, int channels, int cells, gboolean relu, double *map)
{
  memset (map, 0, sizeof *map * (gsize)cells);
  for (int k = 0; k < channels * cells; k++)
    map[k % cells] += weights[k / cells] * a[k];
  for (int i = 0; relu && i < cells; i++)
    map[i] = fmax (map[i], 0);
}

/* Every method's weight of a channel with mean activation @m whose weight in the linear layer is @w; @s: the logit.
 */
static double
closed_form (const char *id, double w, double m, double s)
{
  double g = w / CELLS;
  if (strcmp (id, "grad-cam-pp") == 0)
    return g > 0 ? CELLS * g * g / (2 * g * g + CELLS * m * g * g * g + 1e-6) * g : 0;
  if (strcmp (id, "layer-cam") == 0)
    return fmax (g, 0);
  if (strcmp (id, "lift-cam") == 0)
    return w * m;
  if (strcmp (id, "ablation-cam") == 0)
    return w * m / s;
  return g; /* Grad-CAM, XGrad-CAM, HiResCAM */
}

static void
test_closed_forms (void)
{
  static const char *const linear[] = { "grad-cam",  "grad-cam-pp", "xgrad-cam",    "hires-cam",
                                        "layer-cam", "lift-cam",    "ablation-cam", NULL };
  g_auto (TestNet) net = { 0 };
  test_net_toy (&net, &cnn);
  float a[CHANNELS * CELLS];
  double weights[CHANNELS], map[CELLS], means[CHANNELS] = { 0 };
  double s = test_net_evaluate (&net, NULL, NULL, NULL, "third", a, NULL);
  const float *head = eng_graph_find (net.graph, "head-w")->constant->f;
  for (int k = 0; k < CHANNELS * CELLS; k++)
    means[k / CELLS] += a[k] / CELLS;
  for (int relu = 0; relu < 2; relu++)
    for (int i = 0; linear[i]; i++)
      {
        g_autoptr (EngHeatmap) own = test_net_run (&net, linear[i], relu ? "relu=true" : "relu=false", NULL);
        for (int c = 0; c < CHANNELS; c++)
          weights[c] = closed_form (linear[i], head[c * CLASSES + TEST_CLASS], means[c], s);
        weigh (a, weights, CHANNELS, CELLS, relu, map);
        /* Ablation is a difference of two float logits, about 1e-7 of it each; the others are plain sums. */
        test_assert_close (linear[i], eng_heatmap_values (own), map, CELLS, 1e-5);
        g_assert_cmpint (eng_heatmap_sign (own), ==, relu ? ENG_SIGN_UNSIGNED : ENG_SIGN_SIGNED);
      }
}

/* First principal component by many multiplications with the covariance. */
static void
test_eigen (void)
{
  g_auto (TestNet) net = { 0 };
  test_net_toy (&net, &cnn);
  float a[CHANNELS * CELLS];
  double m[CHANNELS * CELLS], v[CHANNELS], next[CHANNELS], map[CELLS], product = 0;
  test_net_evaluate (&net, NULL, NULL, NULL, "third", a, NULL);
  for (int c = 0; c < CHANNELS; c++)
    {
      double mean = 0;
      for (int i = 0; i < CELLS; i++)
        mean += a[c * CELLS + i] / (double)CELLS;
      for (int i = 0; i < CELLS; i++)
        m[c * CELLS + i] = a[c * CELLS + i] - mean;
      v[c] = 1 + c;
    }
  for (int step = 0; step < 2000; step++)
    {
      double length = 0;
      memset (map, 0, sizeof map);
      memset (next, 0, sizeof next);
      for (int k = 0; k < CHANNELS * CELLS; k++)
        map[k % CELLS] += m[k] * v[k / CELLS];
      for (int k = 0; k < CHANNELS * CELLS; k++)
        next[k / CELLS] += m[k] * map[k % CELLS];
      for (int c = 0; c < CHANNELS; c++)
        length += next[c] * next[c];
      for (int c = 0; c < CHANNELS; c++)
        v[c] = next[c] / sqrt (length);
    }
  for (int k = 0; k < CHANNELS * CELLS; k++)
    product += map[k % CELLS] * a[k];
  for (int i = 0; i < CELLS; i++)
    map[i] *= product < 0 ? -1 : 1;
  g_autoptr (EngHeatmap) own = test_net_run (&net, "eigen-cam", NULL, NULL);
  test_assert_close ("eigen-cam", eng_heatmap_values (own), map, CELLS, 1e-5);
  /* 6 channels of 256 cells, and 5 of 1024: the other Gram matrix, and again the smaller one. */
  g_autoptr (EngHeatmap) early = test_net_run (&net, "eigen-cam", NULL, "first");
  g_assert_cmpint (eng_heatmap_rows (early), ==, 32);
}

/* ---- definitions, point by point ---- */

static void
test_score (void)
{
  static const char *const variants[] = { "variant=probability", "variant=softmax-over-channels" };
  g_auto (TestNet) net = { 0 };
  test_net_toy (&net, &cnn);
  enum
  {
    SIZE = 32 * 32
  };
  float a[CHANNELS * CELLS], mask[SIZE], logits[CLASSES];
  g_autofree float *masked = g_new (float, 3 * SIZE);
  test_net_evaluate (&net, NULL, NULL, NULL, "third", a, NULL);
  for (int variant = 0; variant < 2; variant++)
    {
      double weights[CHANNELS], sum = 0, map[CELLS];
      int constant = 0;
      for (int c = 0; c < CHANNELS; c++)
        {
          (variant ? eng_upsample_bilinear_corners : eng_upsample_bilinear) (a + c * CELLS, 8, 8, mask, 32, 32);
          float lo = INFINITY, hi = -INFINITY;
          for (int i = 0; i < SIZE; i++)
            {
              lo = fminf (lo, mask[i]);
              hi = fmaxf (hi, mask[i]);
            }
          for (int i = 0; i < 3 * SIZE; i++)
            masked[i] = hi > lo ? net.x[i] * (mask[i % SIZE] - lo) / (hi - lo) : 0;
          test_net_evaluate (&net, masked, NULL, NULL, "logits", logits, NULL);
          constant += hi == lo;
          weights[c] = exp (logits[TEST_CLASS]);
          if (!variant)
            weights[c] /= exp (logits[0]) + exp (logits[1]) + exp (logits[2]);
          sum += weights[c];
        }
      for (int c = 0; variant && c < CHANNELS; c++)
        weights[c] /= sum;
      weigh (a, weights, CHANNELS, CELLS, TRUE, map);
      g_autoptr (EngHeatmap) own = test_net_run (&net, "score-cam", variants[variant], NULL);
      test_assert_close (variants[variant], eng_heatmap_values (own), map, CELLS, 1e-5);
      /* Channels that are the same everywhere (a ReLU's zeros) are not run, or once for all of them. */
      g_assert_cmpint (eng_heatmap_provenance (own)->passes_forward, ==,
                       1 + CHANNELS - constant + (variant && constant));
    }
}

/* DeepLIFT through one ReLU: a unit's contribution is its slope times what the channel adds before it. */
static void
test_lift_rescale (void)
{
  g_auto (TestNet) net = { 0 };
  test_net_toy (&net, &cnn);
  enum
  {
    BELOW = 6, /* channels of "second", 16 x 16 */
    CELLS_BELOW = 256
  };
  float a[BELOW * CELLS_BELOW], one[BELOW * CELLS_BELOW] = { 0 };
  float z[CHANNELS * CELLS], z0[CHANNELS * CELLS], zc[CHANNELS * CELLS];
  double weights[BELOW] = { 0 }, map[CELLS_BELOW], sum = 0;
  const float *head = eng_graph_find (net.graph, "head-w")->constant->f;
  double s = test_net_evaluate (&net, NULL, NULL, NULL, "second", a, NULL);
  test_net_evaluate (&net, NULL, "second", a, "third-raw", z, NULL);
  double s0 = test_net_evaluate (&net, NULL, "second", one, "third-raw", z0, NULL);
  for (int c = 0; c < BELOW; c++)
    {
      memset (one, 0, sizeof one);
      memcpy (one + c * CELLS_BELOW, a + c * CELLS_BELOW, sizeof (float) * CELLS_BELOW);
      test_net_evaluate (&net, NULL, "second", one, "third-raw", zc, NULL);
      for (int k = 0; k < CHANNELS * CELLS; k++)
        if (z[k] != z0[k])
          weights[c] += (fmax (z[k], 0) - fmax (z0[k], 0)) / ((double)z[k] - z0[k]) * ((double)zc[k] - z0[k])
                        * head[k / CELLS * CLASSES + TEST_CLASS] / CELLS;
      sum += weights[c];
    }
  g_assert_cmpfloat (fabs (sum - (s - s0)), <=, 1e-5 * fabs (s - s0)); /* the test itself is complete */
  weigh (a, weights, BELOW, CELLS_BELOW, FALSE, map);
  g_autoptr (EngHeatmap) own = test_net_run (&net, "lift-cam", "relu=false", "second");
  test_assert_close ("lift-cam at an earlier layer", eng_heatmap_values (own), map, CELLS_BELOW, 1e-5);
  g_assert_cmpfloat (test_note (own, "completeness-gap"), <=, 1e-5);
}

/* Tokens: the grid without the class token, with a residual stream that passes the layer by. */
static void
test_tokens (void)
{
  g_auto (TestNet) net = { 0 };
  test_net_toy (&net, &transformer);
  const EngTarget *t = eng_model_default_cam_target (net.model);
  enum
  {
    GRID = 16,
    WIDTH = 8
  };
  float value[17 * WIDTH], grad[17 * WIDTH], without[17 * WIDTH], a[WIDTH * GRID];
  double weights[2][WIDTH] = { 0 }, map[GRID];
  double s = test_net_evaluate (&net, NULL, NULL, NULL, t->name, value, grad);
  for (int c = 0; c < WIDTH; c++)
    {
      memcpy (without, value, sizeof value);
      for (int i = 0; i < GRID; i++)
        {
          a[c * GRID + i] = value[(1 + i) * WIDTH + c];
          without[(1 + i) * WIDTH + c] = 0;
          weights[0][c] += grad[(1 + i) * WIDTH + c] / (double)GRID;
        }
      weights[1][c] = (s - test_net_evaluate (&net, NULL, t->name, without, NULL, NULL, NULL)) / s;
    }
  const char *const methods[] = { "grad-cam", "ablation-cam" };
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (EngHeatmap) own = test_net_run (&net, methods[i], "relu=false", NULL);
      weigh (a, weights[i], WIDTH, GRID, FALSE, map);
      /* Differences of logits that are nearly the same: float rounding is some 1e-5 of them. */
      test_assert_close (methods[i], eng_heatmap_values (own), map, GRID, 1e-4);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/methods/cam/closed-forms", test_closed_forms);
  g_test_add_func ("/methods/cam/eigen", test_eigen);
  g_test_add_func ("/methods/cam/score", test_score);
  g_test_add_func ("/methods/cam/lift-rescale", test_lift_rescale);
  g_test_add_func ("/methods/cam/tokens", test_tokens);
  return g_test_run ();
}
