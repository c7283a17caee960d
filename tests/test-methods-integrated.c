/* IIA and DIX against their definitions, computed here point by point with single passes (no batches, no points left
 * out), and against closed forms on a linear net; the earlier layers that are found; what is refused. Golden data of
 * the released code: test-golden-maps. */
#include "engine.h"
#include "methods/integrated.h"
#include "nn/pass.h"
#include "support.h"
#include "toy-nets.h"

#include <math.h>
#include <string.h>

enum
{
  N = 2, /* steps */
  CLASS = 1
};

typedef struct
{
  EngModel *model;
  EngGraph *graph;
  float *x;
} Net;

/* A value of the graph: given, or read with its gradient. */
typedef struct
{
  const char *name; /* NULL: the picture */
  float *data, *grad;
} Value;

static EngValue *
find (Net *net, const char *name)
{
  return name ? eng_graph_find (net->graph, name) : eng_graph_image (net->graph);
}

static gsize
size_of (Net *net, const char *name)
{
  return (gsize)eng_shape_count (&find (net, name)->shape);
}

/* One pass: @given (ended by NULL data) are written, @wanted (ended by NULL data) are read; gradients of the logit of
 * CLASS where asked for. */
static void
evaluate (Net *net, const Value *given, const Value *wanted)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngPass) pass = eng_pass_new (net->graph);
  for (const Value *v = given; v->data; v++)
    if (v->name)
      eng_pass_cut (pass, find (net, v->name));
  for (const Value *v = wanted; v->data; v++)
    {
      eng_pass_want (pass, find (net, v->name));
      if (v->grad)
        eng_pass_want_grad (pass, find (net, v->name));
    }
  eng_pass_set_root (pass, eng_graph_logits (net->graph));
  g_assert_true (eng_pass_prepare (pass, &error));
  for (const Value *v = given; v->data; v++)
    eng_pass_write (pass, find (net, v->name), v->data);
  eng_pass_forward (pass);
  float seed[3] = { 0 };
  seed[CLASS] = 1;
  if (wanted[0].grad)
    eng_pass_backward (pass, seed);
  for (const Value *v = wanted; v->data; v++)
    {
      eng_pass_read (pass, find (net, v->name), v->data);
      if (v->grad)
        eng_pass_read_grad (pass, find (net, v->name), v->grad);
    }
}

/* a fraction of the way from @from to @to */
static void
between (const float *from, const float *to, double fraction, gsize n, float *out)
{
  for (gsize i = 0; i < n; i++)
    out[i] = (float)((from ? from[i] : 0) + fraction * (to[i] - (from ? from[i] : 0)));
}

static void
net_open (Net *net, const Toy *toy)
{
  g_autoptr (EngImage) image = toy_picture (toy->size);
  net->model = toy_open (toy);
  net->graph = eng_model_graph (net->model, 1, NULL);
  net->x = toy_input (net->model, image);
}

static void
net_clear (Net *net)
{
  g_clear_object (&net->model);
  g_clear_pointer (&net->graph, eng_graph_unref);
  g_clear_pointer (&net->x, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Net, net_clear)

static EngHeatmap *
run (Net *net, const char *id, EngVariant variant, int steps, const char *layer, GError **error)
{
  const EngMethod *method = eng_method_find (id, NULL);
  g_autoptr (EngImage) image = toy_picture (eng_model_preprocess (net->model)->width);
  EngValues *values = eng_values_new (method, net->model);
  eng_values_set (values, "variant", variant);
  eng_values_set (values, "steps", steps);
  g_autoptr (EngJob) job = eng_job_new (net->model, image, method, CLASS, -1, layer, values, 0);
  return eng_job_run (job, error) ? eng_heatmap_ref (eng_job_heatmap (job)) : NULL;
}

/* @expected: as large as the map. Sums of some thousand float products: rounding stays below 1e-5. */
static void
check (Net *net, const char *id, EngVariant variant, const double *expected, int cells)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngHeatmap) map = run (net, id, variant, N, NULL, &error);
  g_autofree float *e = g_new (float, cells);
  g_assert_no_error (error);
  g_assert_cmpint (eng_heatmap_rows (map) * eng_heatmap_cols (map), ==, cells);
  for (int i = 0; i < cells; i++)
    e[i] = (float)expected[i];
  double l2 = test_relative_l2 (eng_heatmap_values (map), e, (gsize)cells);
  g_test_message ("%s %s: relative L2 %.1e", id, eng_variant_choices[variant], l2);
  g_assert_cmpfloat (l2, <=, 1e-5);
}

/* ---- feature maps ---- */

static const Toy cnn = { .kind = TOY_CNN, .channels = 3, .size = 32 };
enum
{
  UPPER = 8 * 8 * 8,  /* "third", 8 channels */
  LOWER = 6 * 16 * 16 /* "second" */
};

/* Smallest value of each channel. */
static void
channel_minimum (const float *u, int channels, int cells, float *r)
{
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < cells; i++)
      {
        float lowest = INFINITY;
        for (int k = 0; k < cells; k++)
          lowest = fminf (lowest, u[c * cells + k]);
        r[c * cells + i] = lowest;
      }
}

/* Adds (u - r) v g(v) of all points between r and u, summed over channels. */
static void
add_described (Net *net, const float *u, double *map)
{
  float r[UPPER], v[UPPER], same[UPPER], g[UPPER];
  channel_minimum (u, 8, 64, r);
  for (int j = 0; j <= N; j++)
    {
      between (r, u, (double)j / N, UPPER, v);
      evaluate (net, (Value[]){ { "third", v }, { NULL } }, (Value[]){ { "third", same, g }, { NULL } });
      for (int i = 0; i < UPPER; i++)
        map[i % 64] += (double)(u[i] - r[i]) * v[i] * g[i];
    }
}

static void
test_iia_described (void)
{
  g_auto (Net) net = { 0 };
  net_open (&net, &cnn);
  gsize n = size_of (&net, NULL);
  g_autofree float *x = g_new (float, n);
  double two[64] = { 0 }, three[64] = { 0 };
  float u[UPPER], lower[LOWER], base[LOWER], point[LOWER];
  for (int k = 0; k <= N; k++)
    {
      between (NULL, net.x, (double)k / N, n, x);
      evaluate (&net, (Value[]){ { NULL, x }, { NULL } }, (Value[]){ { "third", u }, { "second", lower }, { NULL } });
      add_described (&net, u, two);
      channel_minimum (lower, 6, 256, base);
      for (int j = 0; j <= N; j++)
        {
          between (base, lower, (double)j / N, LOWER, point);
          evaluate (&net, (Value[]){ { "second", point }, { NULL } }, (Value[]){ { "third", u }, { NULL } });
          add_described (&net, u, three);
        }
    }
  for (int i = 0; i < 64; i++)
    {
      two[i] /= N * N;
      three[i] /= N * N * N;
    }
  check (&net, "iia2", ENG_VARIANT_DESCRIBED, two, 64);
  check (&net, "iia3", ENG_VARIANT_DESCRIBED, three, 64);
}

/* Smallest of N + 1 values at each element. */
static void
path_minimum (float *const *u, int n, float *b)
{
  for (int i = 0; i < n; i++)
    {
      b[i] = INFINITY;
      for (int k = 0; k <= N; k++)
        b[i] = fminf (b[i], u[k][i]);
    }
}

static void
test_iia_released (void)
{
  g_auto (Net) net = { 0 };
  net_open (&net, &cnn);
  gsize n = size_of (&net, NULL);
  g_autofree float *x = g_new (float, n);
  double two[64] = { 0 }, three[64] = { 0 };
  float u[N + 1][LOWER], w[N + 1][UPPER], b1[LOWER], b2[UPPER], point[LOWER], z[UPPER], same[UPPER], g[UPPER];
  for (int k = 0; k <= N; k++)
    {
      between (NULL, net.x, (double)k / N, n, x);
      evaluate (&net, (Value[]){ { NULL, x }, { NULL } },
                (Value[]){ { "third", z, g }, { "second", u[k] }, { NULL } });
      for (int i = 0; i < UPPER; i++)
        two[i % 64] += (double)g[i] * fmaxf (z[i], 0);
    }
  path_minimum ((float *[]){ u[0], u[1], u[2] }, LOWER, b1);
  for (int j = 0; j <= N; j++)
    {
      for (int k = 0; k <= N; k++)
        {
          between (b1, u[k], (double)j / N, LOWER, point);
          evaluate (&net, (Value[]){ { "second", point }, { NULL } }, (Value[]){ { "third", w[k] }, { NULL } });
        }
      path_minimum ((float *[]){ w[0], w[1], w[2] }, UPPER, b2);
      for (int i = 0; i <= N; i++)
        for (int k = 0; k <= N; k++)
          {
            between (b2, w[k], (double)i / N, UPPER, z);
            evaluate (&net, (Value[]){ { "third", z }, { NULL } }, (Value[]){ { "third", same, g }, { NULL } });
            for (int e = 0; e < UPPER; e++)
              three[e % 64] += fmax ((double)g[e] * fmaxf (z[e], 0), 0);
          }
    }
  check (&net, "iia2", ENG_VARIANT_RELEASED, two, 64);
  check (&net, "iia3", ENG_VARIANT_RELEASED, three, 64);
}

/* H of one earlier layer at its own grid. */
static void
dix_volume (Net *net, const char *name, int channels, int cells, const float *a, float *h)
{
  int n = channels * cells;
  g_autofree float *b = g_new (float, n), *v = g_new (float, n), *g = g_new (float, n), *same = g_new (float, n);
  double squares = 0;
  for (int i = 0; i < n; i++)
    {
      b[i] = INFINITY;
      for (int c = 0; c < channels; c++)
        b[i] = fminf (b[i], a[c * cells + i % cells]);
      squares += (double)(a[i] - b[i]) * (a[i] - b[i]);
    }
  memset (h, 0, sizeof *h * n);
  for (int k = 0; k <= N; k++)
    {
      between (b, a, (double)k / N, n, v);
      evaluate (net, (Value[]){ { name, v }, { NULL } }, (Value[]){ { name, same, g }, { NULL } });
      for (int i = 0; i < n; i++)
        h[i] += fmaxf (g[i] * fmaxf (v[i], 0) * (float)(k * sqrt (squares) / (N * N)), 0);
    }
}

/* As PyTorch's interpolate, trilinear, align_corners=False: element (c, y, x) of the large volume. */
static double
sample (const float *v, const int *size, const int *at, const int *to)
{
  int first[3], second[3];
  double weight[3], sum = 0;
  for (int d = 0; d < 3; d++)
    {
      double where = fmax ((at[d] + 0.5) * size[d] / to[d] - 0.5, 0);
      first[d] = (int)where;
      second[d] = MIN (first[d] + 1, size[d] - 1);
      weight[d] = where - first[d];
    }
  for (int corner = 0; corner < 8; corner++)
    {
      double w = 1;
      int index = 0;
      for (int d = 0; d < 3; d++)
        {
          gboolean far = corner >> d & 1;
          w *= far ? weight[d] : 1 - weight[d];
          index = index * size[d] + (far ? second[d] : first[d]);
        }
      sum += w * v[index];
    }
  return sum;
}

static void
test_dix (void)
{
  g_auto (Net) net = { 0 };
  net_open (&net, &cnn);
  const int sizes[3][3] = { { 8, 8, 8 }, { 6, 16, 16 }, { 5, 32, 32 } }, to[3] = { 6, 32, 32 };
  float a[UPPER], g[UPPER], h1[UPPER], second[LOWER], h2[LOWER];
  g_autofree float *first = g_new (float, 5 * 1024), *h3 = g_new (float, 5 * 1024);
  g_autofree double *two = g_new0 (double, 1024), *three = g_new0 (double, 1024);
  evaluate (&net, (Value[]){ { NULL, net.x }, { NULL } },
            (Value[]){ { "third", a, g }, { "second", second }, { "first", first }, { NULL } });
  for (int i = 0; i < UPPER; i++)
    h1[i] = (N + 1) * fmaxf (g[i], 0) * fmaxf (a[i], 0);
  dix_volume (&net, "second", 6, 256, second, h2);
  dix_volume (&net, "first", 5, 1024, first, h3);
  for (int c = 0; c < 6; c++)
    for (int i = 0; i < 1024; i++)
      {
        const int at[3] = { c, i / 32, i % 32 };
        double v1 = sample (h1, sizes[0], at, to), v2 = sample (h2, sizes[1], at, to),
               v3 = sample (h3, sizes[2], at, to);
        two[i] += v1 * (1 + v2);
        three[i] += v1 * v1 * (1 + v2 * v3);
      }
  check (&net, "dix2", ENG_VARIANT_RELEASED, two, 1024);
  check (&net, "dix3", ENG_VARIANT_RELEASED, three, 1024);
}

/* A linear net of positive maps: a_c at "third" is A_c for the whole picture and scales with the path, but for the
 * bias; the gradient of each cell is w_c / 16. */
static void
test_linear (void)
{
  static const Toy pools = { .kind = TOY_POOLS, .channels = 1, .size = 16 };
  g_auto (Net) net = { 0 };
  net_open (&net, &pools);
  float full[32], none[32], g[32];
  g_autofree float *zero = g_new0 (float, size_of (&net, NULL));
  double released[16] = { 0 }, described[16] = { 0 };
  evaluate (&net, (Value[]){ { NULL, net.x }, { NULL } }, (Value[]){ { "third", full, g }, { NULL } });
  evaluate (&net, (Value[]){ { NULL, zero }, { NULL } }, (Value[]){ { "third", none }, { NULL } });
  for (int c = 0; c < 2; c++)
    for (int k = 0; k <= N; k++)
      {
        double u[16], r = INFINITY;
        for (int i = 0; i < 16; i++)
          {
            u[i] = none[c * 16 + i] + (double)k / N * (full[c * 16 + i] - none[c * 16 + i]);
            r = fmin (r, u[i]);
          }
        for (int i = 0; i < 16; i++)
          {
            released[i] += g[c * 16] * fmax (u[i], 0);
            /* sum over j of (u - r) (r + j/n (u - r)) */
            described[i] += g[c * 16] * (u[i] - r) * ((N + 1) * r + (N + 1) / 2.0 * (u[i] - r)) / (N * N);
          }
      }
  check (&net, "iia2", ENG_VARIANT_RELEASED, released, 16);
  check (&net, "iia2", ENG_VARIANT_DESCRIBED, described, 16);
}

/* ---- attention matrices ---- */

static const Toy transformer = { .kind = TOY_TRANSFORMER, .channels = 3, .size = 32 };
enum
{
  TOKENS = 17,
  SQUARE = TOKENS * TOKENS,
  HEADS = 2,
  ATTENTION = HEADS * SQUARE
};

typedef struct
{
  float a[2][ATTENTION], g[2][ATTENTION]; /* both blocks */
} Blocks;

/* @first, @last: attention of a block instead of its own; NULL: its own */
static void
look (Net *net, float *x, float *first, float *last, gboolean grads, Blocks *out)
{
  Value given[4] = { { NULL, x } };
  int n = 1;
  if (first)
    given[n++] = (Value){ "attention0", first };
  if (last)
    given[n++] = (Value){ "attention1", last };
  evaluate (net, given,
            (Value[]){ { "attention0", out->a[0], grads ? out->g[0] : NULL },
                       { "attention1", out->a[1], grads ? out->g[1] : NULL },
                       { NULL } });
}

static void
add_positive (const Blocks *b, double weight, double (*e)[SQUARE])
{
  for (int l = 0; l < 2; l++)
    for (int i = 0; i < ATTENTION; i++)
      e[l][i % SQUARE] += weight / HEADS * fmax ((double)b->a[l][i] * b->g[l][i], 0);
}

/* Adds the class token's row of normalised (I + E_1) (I + E_0), times @factor (nullable), to @map. */
static void
add_rollout (double (*e)[SQUARE], const double *factor, double *map)
{
  double m[2][SQUARE];
  for (int l = 0; l < 2; l++)
    for (int i = 0; i < TOKENS; i++)
      {
        double sum = 1;
        for (int j = 0; j < TOKENS; j++)
          sum += e[l][i * TOKENS + j];
        for (int j = 0; j < TOKENS; j++)
          m[l][i * TOKENS + j] = (e[l][i * TOKENS + j] + (i == j)) / sum;
      }
  for (int j = 1; j < TOKENS; j++)
    {
      double product = 0;
      for (int i = 0; i < TOKENS; i++)
        product += m[1][i] * m[0][i * TOKENS + j];
      map[j - 1] += product * (factor ? factor[j] : 1);
    }
}

static void
test_attention_released (void)
{
  g_auto (Net) net = { 0 };
  net_open (&net, &transformer);
  gsize n = size_of (&net, NULL);
  g_autofree float *x = g_new (float, n);
  double e[2][SQUARE] = { 0 }, iia[16] = { 0 }, dix[16] = { 0 };
  float point[ATTENTION];
  Blocks own, b;
  for (int k = 0; k <= N; k++)
    {
      between (NULL, net.x, (double)k / N, n, x);
      look (&net, x, NULL, NULL, FALSE, &own);
      for (int j = 0; j <= N; j++)
        {
          between (NULL, own.a[1], (double)j / N, ATTENTION, point);
          look (&net, x, NULL, point, TRUE, &b);
          add_positive (&b, 1.0 / ((N + 1) * (N + 1)), e);
        }
    }
  add_rollout (e, NULL, iia);
  for (int into = 0; into < 2; into++)
    {
      double mean[2][SQUARE] = { 0 };
      for (int j = 0; j <= N; j++)
        {
          between (NULL, own.a[1], (double)j / N, ATTENTION, point);
          look (&net, net.x, into == 0 ? point : NULL, into == 1 ? point : NULL, TRUE, &b);
          add_positive (&b, 1.0 / (N + 1), mean);
        }
      add_rollout (mean, NULL, dix);
    }
  check (&net, "iia2", ENG_VARIANT_RELEASED, iia, 16);
  check (&net, "dix2", ENG_VARIANT_RELEASED, dix, 16);
}

/* Adds u (mean over heads, class token's row) times the rollouts on the way from 0 to u. */
static void
add_path (Net *net, float *x, float *first, const float *u, double *map)
{
  double mean[TOKENS] = { 0 };
  float point[ATTENTION];
  Blocks b;
  for (int h = 0; h < HEADS; h++)
    for (int j = 0; j < TOKENS; j++)
      mean[j] += u[h * SQUARE + j] / HEADS;
  for (int i = 0; i <= N; i++)
    {
      double e[2][SQUARE] = { 0 };
      between (NULL, u, (double)i / N, ATTENTION, point);
      look (net, x, first, point, TRUE, &b);
      add_positive (&b, 1, e);
      add_rollout (e, mean, map);
    }
}

static void
test_attention_described (void)
{
  g_auto (Net) net = { 0 };
  net_open (&net, &transformer);
  gsize n = size_of (&net, NULL);
  g_autofree float *x = g_new (float, n);
  double two[16] = { 0 }, three[16] = { 0 };
  float lower[ATTENTION];
  Blocks own, b;
  for (int k = 0; k <= N; k++)
    {
      between (NULL, net.x, (double)k / N, n, x);
      look (&net, x, NULL, NULL, FALSE, &own);
      add_path (&net, x, NULL, own.a[1], two);
      for (int j = 0; j <= N; j++)
        {
          between (NULL, own.a[0], (double)j / N, ATTENTION, lower);
          look (&net, x, lower, NULL, FALSE, &b);
          add_path (&net, x, lower, b.a[1], three);
        }
    }
  for (int i = 0; i < 16; i++)
    {
      two[i] /= N * N;
      three[i] /= N * N * N;
    }
  check (&net, "iia2", ENG_VARIANT_DESCRIBED, two, 16);
  check (&net, "iia3", ENG_VARIANT_DESCRIBED, three, 16);
}

/* ---- layers, steps, refusals ---- */

static void
test_stages (void)
{
  g_autofree char *path = test_data ("models/scenes-cnn.onnx");
  g_autoptr (GError) error = NULL;
  g_autoptr (EngModel) model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  /* The end of a residual block, not the activation inside the next one that has the same grid. */
  const EngTarget *t = eng_model_previous_stage (model, eng_model_default_cam_target (model));
  g_assert_cmpstr (t->name, ==, "/block2/Relu_1_output_0");
  t = eng_model_previous_stage (model, t);
  g_assert_cmpstr (t->name, ==, "/Relu_output_0");
  g_assert_null (eng_model_previous_stage (model, t));
}

/* 0 steps are the published number, which shows in what is run. */
static void
test_steps (void)
{
  static const struct
  {
    const Toy *toy;
    const char *id;
    EngVariant variant;
    guint64 forward, backward;
  } cases[] = {
    { &cnn, "iia2", ENG_VARIANT_RELEASED, 11, 11 },
    { &cnn, "iia2", ENG_VARIANT_DESCRIBED, 11 + 121, 121 },
    { &transformer, "iia2", ENG_VARIANT_RELEASED, 6 + 36, 36 },
    { &transformer, "iia2", ENG_VARIANT_DESCRIBED, 11 + 121, 121 },
    { &cnn, "iia3", ENG_VARIANT_RELEASED, 11 + 111 + 1111, 1111 },
    { &cnn, "dix2", ENG_VARIANT_RELEASED, 5, 5 },
    { &cnn, "dix3", ENG_VARIANT_RELEASED, 9, 9 },
    { &transformer, "dix2", ENG_VARIANT_RELEASED, 23, 22 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Net) net = { 0 };
      g_autoptr (GError) error = NULL;
      net_open (&net, cases[i].toy);
      g_autoptr (EngHeatmap) map = run (&net, cases[i].id, cases[i].variant, 0, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (eng_heatmap_provenance (map)->passes_forward, ==, cases[i].forward);
      g_assert_cmpint (eng_heatmap_provenance (map)->passes_backward, ==, cases[i].backward);
    }
}

static void
test_refusals (void)
{
  static const struct
  {
    const Toy *toy;
    const char *id;
    EngVariant variant;
    const char *layer, *part;
  } cases[] = {
    { &cnn, "dix2", ENG_VARIANT_DESCRIBED, NULL, "released" },
    { &cnn, "dix3", ENG_VARIANT_DESCRIBED, NULL, "released" },
    { &transformer, "iia3", ENG_VARIANT_RELEASED, NULL, "described" },
    { &transformer, "dix3", ENG_VARIANT_RELEASED, NULL, "DIX2" },
    { &transformer, "iia2", ENG_VARIANT_RELEASED, "block1", "Leave the layer out" },
    { &cnn, "iia3", ENG_VARIANT_RELEASED, "first", "later layer" },
    { &cnn, "dix3", ENG_VARIANT_RELEASED, "second", "later layer" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Net) net = { 0 };
      g_autoptr (GError) error = NULL;
      net_open (&net, cases[i].toy);
      g_assert_null (run (&net, cases[i].id, cases[i].variant, 0, cases[i].layer, &error));
      g_assert_error (error, ENG_ERROR, ENG_ERROR_UNSUPPORTED);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, cases[i].part));
    }
  /* On a transformer IIA3 begins as described, because that is what there is. */
  g_auto (Net) net = { 0 };
  net_open (&net, &transformer);
  g_autoptr (EngValues) values = eng_values_new (eng_method_find ("iia3", NULL), net.model);
  g_assert_cmpstr (eng_values_get_text (values, "variant"), ==, "described");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/methods-integrated/iia-described", test_iia_described);
  g_test_add_func ("/methods-integrated/iia-released", test_iia_released);
  g_test_add_func ("/methods-integrated/dix", test_dix);
  g_test_add_func ("/methods-integrated/linear", test_linear);
  g_test_add_func ("/methods-integrated/attention-released", test_attention_released);
  g_test_add_func ("/methods-integrated/attention-described", test_attention_described);
  g_test_add_func ("/methods-integrated/stages", test_stages);
  g_test_add_func ("/methods-integrated/steps", test_steps);
  g_test_add_func ("/methods-integrated/refusals", test_refusals);
  return g_test_run ();
}
