/* NN-Explainer as it trains: each part of its loss against closed answers, the whole loss against the formula written
 * out once more and against finite differences, and where gradients go. */
#include "engine.h"

#include "nn/optim.h"
#include "patch-net.h"
#include "random.h"
#include "support.h"
#include "toy-nets.h"
#include "train/explainer-file.h"
#include "train/mask-loss.h"

#include <math.h>
#include <string.h>

/* ---- parts of the loss ---- */

typedef EngValue *(*Part) (EngNet *net, EngValue *x, GError **error);

static struct
{
  Part part;
  EngShape shape;
  const float *target;
} subject;

static EngValue *
area_bound (EngNet *net, EngValue *x, GError **error)
{
  return eng_mask_area_bound (net, x, 0.05, 0.3, error);
}

static EngValue *
multi_label (EngNet *net, EngValue *x, GError **error)
{
  return eng_mask_multi_label (net, x, eng_net_floats (net, subject.target, &x->shape), error);
}

static EngValue *
single_label (EngNet *net, EngValue *x, GError **error)
{
  return eng_mask_single_label (net, x, eng_net_floats (net, subject.target, &x->shape), error);
}

static gboolean
build_part (EngNet *net, GError **error)
{
  net->given = eng_net_input (net, "x", &subject.shape);
  /* A weight of zeros, whose gradient is that of x. */
  EngValue *x =
      eng_net_op (net, error, "Add", net->given, eng_net_weight (net, "move", &subject.shape, ENG_INIT_ZERO, 0));
  EngValue *rows = subject.part (net, x, error);
  eng_net_add_output (net, "rows", rows);
  net->loss = eng_net_reduce (net, "ReduceSum", rows, NULL, 0, FALSE, error);
  return net->loss != NULL;
}

/* Numbers of the rows; @grad: (nullable): d sum / d values. */
static void
evaluate (Part part, EngShape shape, const float *values, const float *target, float *rows, float *grad)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 16 });
  g_autoptr (GError) error = NULL;
  subject.part = part;
  subject.shape = shape;
  subject.target = target;
  g_autoptr (EngNet) net = eng_net_new (model, NULL, NULL, 0, 1, TRUE, build_part, &error);
  g_assert_no_error (error);
  eng_pass_write (net->pass, net->given, values);
  eng_pass_forward (net->pass);
  eng_pass_read (net->pass, net->outputs[0].value, rows);
  if (!grad)
    return;
  eng_pass_backward (net->pass, NULL);
  memcpy (grad, eng_pass_weight_grad (net->pass, net->trained->pdata[0]),
          sizeof (float) * (gsize)eng_shape_count (&shape));
}

enum
{
  SIDE = 224,
  PIXELS = SIDE * SIDE
};

static double
bound_of (int ones)
{
  g_autofree float *mask = g_new0 (float, PIXELS);
  float value;
  /* Scattered: 12289 is prime to the number of pixels. */
  for (int i = 0; i < ones; i++)
    mask[(gint64)i * 12289 % PIXELS] = 1;
  evaluate (area_bound, ENG_SHAPE (1, PIXELS), mask, NULL, &value, NULL);
  return value;
}

static void
test_bound_of_binary_masks (void)
{
  g_assert_cmpfloat (bound_of (2508), ==, 0); /* 5 % */
  g_assert_cmpfloat (bound_of (8000), ==, 0);
  g_assert_cmpfloat (bound_of (15052), ==, 0); /* 30 % */
  g_assert_cmpfloat_with_epsilon (bound_of (2507), 1.0 / PIXELS, 1e-9);
  g_assert_cmpfloat_with_epsilon (bound_of (15053), 1.0 / PIXELS, 1e-9);
  g_assert_cmpfloat_with_epsilon (bound_of (0), 0.04998, 5e-6);
  g_assert_cmpfloat_with_epsilon (bound_of (PIXELS), 0.70002, 5e-6);
}

/* d B / d v is -1/N for the largest 5 %, 0 up to 30 %, +1/N for the rest. */
static void
test_bound_gradient (void)
{
  enum
  {
    N = 200
  };
  float mask[2 * N], grad[2 * N], rows[2];
  for (int i = 0; i < 2 * N; i++)
    mask[i] = (float)(i % N * 71 % N) / N;
  evaluate (area_bound, ENG_SHAPE (2, N), mask, NULL, rows, grad);
  for (int i = 0; i < 2 * N; i++)
    {
      int rank = N - 1 - i % N * 71 % N; /* 0: the largest */
      g_assert_cmpfloat_with_epsilon (grad[i], rank < 10 ? -1.0 / N : rank < 60 ? 0 : 1.0 / N, 1e-7);
    }
}

static void
test_entropy (void)
{
  enum
  {
    K = 20
  };
  float logits[3 * K] = { 0 }, rows[3];
  g_autoptr (GRand) random = eng_random_new (3, 0);
  logits[K + 7] = 200;
  eng_random_fill_normal (random, logits + 2 * K, K, 0, 2);
  evaluate (eng_mask_negative_entropy, ENG_SHAPE (3, K), logits, NULL, rows, NULL);
  g_assert_cmpfloat_with_epsilon (rows[0], -log (K) / K, 1e-6); /* -0.150 */
  g_assert_cmpfloat_with_epsilon (rows[1], 0, 1e-6);
  double sum = 0, expected = 0;
  for (int k = 0; k < K; k++)
    sum += exp (logits[2 * K + k]);
  for (int k = 0; k < K; k++)
    {
      double p = exp (logits[2 * K + k]) / sum;
      expected += p * log (p) / K;
    }
  g_assert_cmpfloat_with_epsilon (rows[2], expected, 1e-6);
  g_assert_cmpfloat (rows[2], >, rows[0]);
}

static void
test_variation (void)
{
  enum
  {
    H = 6,
    W = 10
  };
  float masks[5 * H * W] = { 0 }, rows[5];
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++)
      {
        float *at = masks + y * W + x;
        at[0] = 0.7f;                                       /* flat */
        at[H * W] = x >= 4;                                 /* an edge: one step in each row */
        at[2 * H * W] = y == H - 1;                         /* at the border it counts again, mirrored */
        at[3 * H * W] = (float)x / W + 2 * (float)y;        /* slopes */
        at[4 * H * W] = y >= 2 && y < 4 && x >= 3 && x < 6; /* a box: 2 x 3 */
      }
  evaluate (eng_mask_total_variation, ENG_SHAPE (5, 1, H, W), masks, NULL, rows, NULL);
  g_assert_cmpfloat (rows[0], ==, 0);
  g_assert_cmpfloat_with_epsilon (rows[1], 1.0 / W, 1e-6);
  g_assert_cmpfloat_with_epsilon (rows[2], 2.0 / H, 1e-6);
  g_assert_cmpfloat_with_epsilon (rows[3], 1.0 / W + 2, 1e-5);
  g_assert_cmpfloat_with_epsilon (rows[4], (2 * 2 + 2 * 3) / (double)(H * W), 1e-6);
}

static void
test_classification (void)
{
  float logits[8] = { 0.5f, -2, 3, 40, -1, 0, 1, -30 }, target[8] = { 1, 0, 1, 1, 0, 1, 0, 0 }, rows[2];
  double multi[2] = { 0, 0 }, single[2] = { 0, 0 };
  for (int i = 0; i < 2; i++)
    {
      double sum = 0, n = i == 0 ? 3 : 1;
      for (int k = 0; k < 4; k++)
        sum += exp (logits[4 * i + k]);
      for (int k = 0; k < 4; k++)
        {
          double z = logits[4 * i + k], y = target[4 * i + k];
          multi[i] += (y > 0 ? log1p (exp (-z)) : log1p (exp (z))) / 4;
          single[i] -= y / n * (z - log (sum));
        }
    }
  evaluate (multi_label, ENG_SHAPE (2, 4), logits, target, rows, NULL);
  g_assert_cmpfloat_with_epsilon (rows[0], multi[0], 1e-5);
  g_assert_cmpfloat_with_epsilon (rows[1], multi[1], 1e-5);
  evaluate (single_label, ENG_SHAPE (2, 4), logits, target, rows, NULL);
  g_assert_cmpfloat_with_epsilon (rows[0], single[0], 1e-5);
  g_assert_cmpfloat_with_epsilon (rows[1], single[1], 1e-5);
}

/* ---- the whole ---- */

enum
{
  BATCH = 3,
  MOST = 12 /* classes */
};

typedef struct
{
  const EngExplainerKind *kind;
  EngModel *model;
  EngValues *values;
  EngNet *net;
  int k, side;
  float *input;
  float onehot[BATCH * MOST];
  EngTrainBatch batch;
} Fixture;

/* A random picture has the classes that @classes names with bits. */
static void
feed (Fixture *f, const int *classes)
{
  g_autoptr (GError) error = NULL;
  memset (f->onehot, 0, sizeof f->onehot);
  for (int i = 0; i < BATCH; i++)
    for (int c = 0; c < f->k; c++)
      f->onehot[i * f->k + c] = (classes[i] >> c & 1) != 0;
  f->batch = (EngTrainBatch){ .step = 1, .steps = 1, .n = BATCH, .input = f->input, .onehot = f->onehot };
  g_assert_true (f->kind->feed (f->net, &f->batch, &error));
  g_assert_no_error (error);
}

/* @pairs: "preset=vgg16-coco labels=single-label" */
static void
fixture_make (Fixture *f, EngModel *model, const char *pairs)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) each = g_strsplit (pairs, " ", -1);
  EngPreprocess *p = eng_model_preprocess (model);
  g_autoptr (GRand) random = eng_random_new (11, 0);
  f->kind = eng_kind_find ("nn-explainer", &error);
  g_assert_no_error (error);
  f->model = model;
  f->k = eng_model_n_classes (model);
  f->side = p->width;
  f->values = eng_kind_values (f->kind, model);
  for (char **pair = each; *pair && **pair; pair++)
    eng_values_set_pair (f->values, *pair, &error);
  g_assert_no_error (error);
  f->net = eng_net_new (model, eng_kind_default_target (f->kind, model), f->values, 5, BATCH, TRUE, f->kind->build,
                        &error);
  g_assert_no_error (error);
  gsize n = (gsize)p->channels * p->width * p->height;
  f->input = g_new (float, n *BATCH);
  g_autofree float *pixels = g_new (float, 3 * n);
  for (int i = 0; i < BATCH; i++)
    {
      /* Smooth, so that networks have something to see. */
      double a = g_rand_double_range (random, 2, 9), b = g_rand_double_range (random, 2, 9);
      for (int c = 0; c < 3; c++)
        for (int j = 0; j < f->side * f->side; j++)
          pixels[c * f->side * f->side + j] =
              (float)(0.5 + 0.4 * sin (a * j / f->side / f->side + c + b * (j % f->side) / f->side));
      eng_preprocess_normalise (p, pixels, f->input + n * i);
    }
}

static Fixture
fixture_toy (const char *pairs)
{
  Fixture f;
  fixture_make (&f, toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 32 }), pairs);
  return f;
}

static Fixture
fixture_scenes (const char *pairs)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = test_data ("models/scenes-cnn.onnx");
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  fixture_make (&f, model, pairs);
  return f;
}

static void
fixture_clear (Fixture *f)
{
  g_clear_pointer (&f->net, eng_net_free);
  g_clear_pointer (&f->values, eng_values_free);
  g_clear_object (&f->model);
  g_clear_pointer (&f->input, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static double
read_number (Fixture *f, EngValue *value)
{
  float v;
  eng_pass_read (f->net->pass, value, &v);
  return v;
}

static double
total_variation (const float *m, int side)
{
  double sum = 0;
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++)
      {
        int right = x + 1 < side ? x + 1 : side - 2, below = y + 1 < side ? y + 1 : side - 2;
        sum += fabs (m[y * side + x] - m[y * side + right]) + fabs (m[y * side + x] - m[below * side + x]);
      }
  return sum / (side * side);
}

static int
larger_first (const void *a, const void *b)
{
  float x = *(const float *)a, y = *(const float *)b;
  return (x < y) - (x > y);
}

static double
area_bound_of (const float *logits, int n, double least, double most)
{
  g_autofree float *v = g_new (float, n);
  double sum = 0;
  for (int i = 0; i < n; i++)
    v[i] = (float)(1 / (1 + exp (-logits[i])));
  qsort (v, n, sizeof *v, larger_first);
  for (int i = 0; i < n; i++)
    sum += i < (int)(n * least) ? 1 - v[i] : i >= (int)(n * most) ? v[i] : 0;
  return sum / n;
}

static const int classes_of[BATCH] = { 1, 2 | 4, 1 | 2 };

/* Parts of the loss from the masks' logits, without the graph. */
static void
recompute (Fixture *f, double *terms)
{
  EngValue *masks = f->net->outputs[0].value;
  int h = (int)masks->shape.dim[2], w = (int)masks->shape.dim[3], n = f->side * f->side, k = f->k;
  g_autofree float *s = g_new (float, (gsize)BATCH *k *h *w), *best = g_new (float, h *w), *m = g_new (float, n);
  g_autofree float *kept = g_new (float, 3 * n), *removed = g_new (float, 3 * n), *z = g_new (float, k);
  eng_pass_read (f->net->pass, masks, s);
  for (int i = 0; i < BATCH; i++)
    {
      double y[MOST], sum = 0;
      for (int other = 0; other < 2; other++)
        {
          for (int j = 0; j < h * w; j++)
            {
              best[j] = -1e4f;
              for (int c = 0; c < k; c++)
                if ((classes_of[i] >> c & 1) != other)
                  best[j] = MAX (best[j], s[(i * k + c) * h * w + j]);
            }
          eng_upsample_bilinear (best, h, w, m, f->side, f->side);
          for (int j = 0; j < n; j++)
            m[j] = (float)(1 / (1 + exp (-m[j])));
          terms[2] += total_variation (m, f->side) / BATCH;
          for (int j = 0; j < n; j++)
            terms[4 + other] += m[j] / n / BATCH;
          for (int j = 0; j < 3 * n && !other; j++)
            {
              kept[j] = f->input[i * 3 * n + j] * m[j % n];
              removed[j] = f->input[i * 3 * n + j] * (1 - m[j % n]);
            }
        }
      g_assert_true (eng_model_predict (f->model, kept, 1, z, NULL));
      for (int c = 0; c < k; c++)
        {
          y[c] = classes_of[i] >> c & 1;
          terms[0] += (log1p (exp (z[c])) - y[c] * z[c]) / k / BATCH;
          if (y[c] > 0)
            terms[3] += area_bound_of (s + (i * k + c) * h * w, h * w, 0.05, 0.3) / BATCH;
        }
      g_assert_true (eng_model_predict (f->model, removed, 1, z, NULL));
      for (int c = 0; c < k; c++)
        sum += exp (z[c]);
      for (int c = 0; c < k; c++)
        terms[1] += exp (z[c]) / sum * (z[c] - log (sum)) / k / BATCH;
    }
}

static void
test_formula (void)
{
  g_auto (Fixture) f = fixture_scenes ("area-min=0.05 area-max=0.3");
  double terms[6] = { 0 };
  static const char *const names[] = { "classification", "entropy", "variation", "bound", "area", "other-area" };
  feed (&f, classes_of);
  eng_pass_forward (f.net->pass);
  recompute (&f, terms);
  g_assert_cmpint (f.net->n_terms, ==, 6);
  for (int i = 0; i < 6; i++)
    {
      g_assert_cmpstr (f.net->terms[i].name, ==, names[i]);
      g_assert_cmpfloat_with_epsilon (read_number (&f, f.net->terms[i].value), terms[i], 2e-5);
    }
}

/* The released weights, and own ones in their place. */
static void
test_presets (void)
{
  static const struct
  {
    const char *pairs;
    double weight[6];
  } cases[] = {
    { "preset=vgg16-voc", { 1, 1.0, 1.0, 1.0, 0.1, 0.3 } },
    { "preset=resnet50-voc", { 1, 3.0, 1.0, 0.8, 0.01, 0.3 } },
    { "preset=vgg16-coco", { 1, 1.0, 0.3, 0.3, 0.03, 0.1 } },
    { "preset=resnet50-coco", { 1, 3.0, 0.05, 0.1, 0.01, 0.03 } },
    { "preset=small", { 1, 2.0, 0.1, 1.0, 0.8, 0.3 } },
    { "", { 1, 2.0, 0.1, 1.0, 0.8, 0.3 } }, /* by the size of the input */
    { "preset=resnet50-coco entropy-weight=0 other-area-weight=7", { 1, 0, 0.05, 0.1, 0.01, 7 } },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) f = fixture_toy (cases[i].pairs);
      double sum = 0, judged = 0;
      feed (&f, classes_of);
      eng_pass_forward (f.net->pass);
      for (int t = 0; t < f.net->n_terms; t++)
        sum += cases[i].weight[t] * read_number (&f, f.net->terms[t].value);
      double loss = read_number (&f, f.net->loss);
      g_assert_cmpfloat_with_epsilon (loss, sum, 1e-5);
      /* The score is the loss, picture by picture. */
      g_assert_true (f.kind->judge (f.net, &f.batch, &judged, NULL));
      g_assert_cmpfloat_with_epsilon (judged / BATCH, loss, 1e-5);
    }
}

/* The weight of the area climbs; judgements have all of it. */
static void
test_growth (void)
{
  static const double steps[] = { 0, 1, 5, 9 }, expected[] = { 0, 0.2, 1, 1 };
  g_auto (Fixture) f = fixture_toy ("area-weight=0.7 area-growth=0.5");
  double loss[4], area;
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      feed (&f, classes_of);
      f.batch.step = (int)steps[i];
      f.batch.steps = 10;
      g_assert_true (f.kind->feed (f.net, &f.batch, NULL));
      eng_pass_forward (f.net->pass);
      loss[i] = read_number (&f, f.net->loss);
      area = read_number (&f, f.net->terms[4].value);
      g_assert_cmpfloat_with_epsilon (loss[i] - loss[0], 0.7 * expected[i] * area, 1e-5);
    }
  f.batch.step = 0;
  f.batch.validating = TRUE;
  g_assert_true (f.kind->feed (f.net, &f.batch, NULL));
  eng_pass_forward (f.net->pass);
  g_assert_cmpfloat_with_epsilon (read_number (&f, f.net->loss), loss[3], 1e-6);
}

/* Along the gradient the loss grows by its length squared. */
static void
check_slope (const char *pairs)
{
  g_auto (Fixture) f = fixture_toy (pairs);
  gint64 n = eng_net_count (f.net), at = 0;
  g_autofree float *start = g_new (float, n), *moved = g_new (float, n), *grad = g_new (float, n);
  double length = 0, value[2];
  feed (&f, classes_of);
  eng_pass_forward (f.net->pass);
  eng_pass_backward (f.net->pass, NULL);
  eng_net_read_weights (f.net, start);
  for (guint i = 0; i < f.net->trained->len; i++)
    {
      EngValue *v = f.net->trained->pdata[i];
      gint64 count = eng_shape_count (&v->shape);
      const float *g = eng_pass_weight_grad (f.net->pass, v);
      double own = 0;
      for (gint64 j = 0; j < count; j++)
        own += fabs (g[j]);
      g_assert_cmpfloat (own, >, 0); /* nothing is cut off */
      memcpy (grad + at, g, sizeof (float) * (gsize)count);
      at += count;
    }
  for (gint64 i = 0; i < n; i++)
    length += (double)grad[i] * grad[i];
  for (int side = 0; side < 2; side++)
    {
      double step = (side ? 2e-3 : -2e-3) / sqrt (length);
      for (gint64 i = 0; i < n; i++)
        moved[i] = (float)(start[i] + step * grad[i]);
      eng_net_write_weights (f.net, moved);
      eng_pass_forward (f.net->pass);
      value[side] = read_number (&f, f.net->loss);
    }
  g_assert_cmpfloat_with_epsilon ((value[1] - value[0]) / 4e-3 / sqrt (length), 1, 0.01);
}

static void
test_slope (void)
{
  check_slope ("width=16");
  check_slope ("width=16 preset=resnet50-coco labels=single-label train-encoder=true");
}

/* Of the masks of a picture's classes only the largest at a place is drawn on, and of the others the largest. */
static void
test_largest_mask (void)
{
  g_auto (Fixture) f = fixture_scenes ("bound-weight=0 width=16");
  static const int classes[BATCH] = { 1 | 8 | 64, 2 | 4, 1024 };
  EngValue *masks = f.net->outputs[0].value;
  g_autoptr (EngPass) pass = eng_pass_new (f.net->graph), own = f.net->pass;
  g_autoptr (GError) error = NULL;
  int cells = (int)(masks->shape.dim[2] * masks->shape.dim[3]), active[2] = { 0, 0 };
  eng_pass_want (pass, masks);
  eng_pass_want_grad (pass, masks);
  eng_pass_set_root (pass, f.net->loss);
  g_assert_true (eng_pass_prepare (pass, &error));
  f.net->pass = pass;
  feed (&f, classes);
  f.net->pass = NULL;
  eng_pass_forward (pass);
  eng_pass_backward (pass, NULL);
  g_autofree float *s = g_new (float, BATCH *f.k *cells), *grad = g_new (float, BATCH *f.k *cells);
  eng_pass_read (pass, masks, s);
  eng_pass_read_grad (pass, masks, grad);
  for (int i = 0; i < BATCH; i++)
    for (int j = 0; j < cells; j++)
      for (int other = 0; other < 2; other++)
        {
          int best = -1;
          for (int c = 0; c < f.k; c++)
            if ((classes[i] >> c & 1) != other
                && (best < 0 || s[(i * f.k + c) * cells + j] > s[(i * f.k + best) * cells + j]))
              best = c;
          for (int c = 0; c < f.k; c++)
            if ((classes[i] >> c & 1) != other && c != best)
              g_assert_cmpfloat (grad[(i * f.k + c) * cells + j], ==, 0);
          active[other] += grad[(i * f.k + best) * cells + j] != 0;
        }
  g_assert_cmpint (active[0], >, BATCH * cells / 2);
  g_assert_cmpint (active[1], >, BATCH * cells / 2);
}

/* A few steps on one batch make the loss smaller. */
static void
test_learns (void)
{
  g_auto (Fixture) f = fixture_toy ("width=16");
  g_autoptr (EngAdamW) optimiser =
      eng_adamw_new (f.net->pass, (EngValue *const *)f.net->trained->pdata, (int)f.net->trained->len,
                     &(EngAdamWSettings){ 3e-3, 0.9, 0.999, 1e-8, 0 });
  double first = 0, last = 0;
  feed (&f, classes_of);
  for (int step = 0; step < 30; step++)
    {
      eng_pass_forward (f.net->pass);
      last = read_number (&f, f.net->loss);
      if (step == 0)
        first = last;
      eng_pass_backward (f.net->pass, NULL);
      eng_adamw_step (optimiser);
    }
  g_assert_cmpfloat (last, <, first - 0.1);
}

/* Masks are finer than the last layer where the encoder has a finer one, or twice as fine. */
static void
test_grids (void)
{
  g_auto (Fixture) cnn = fixture_scenes ("width=8"), coarse = fixture_scenes ("width=8 cells=12");
  g_assert_cmpint (cnn.net->outputs[0].value->shape.dim[2], ==, 24);
  g_assert_cmpint (coarse.net->outputs[0].value->shape.dim[2], ==, 12);
  Fixture vit;
  fixture_make (&vit, toy_open (&(Toy){ .kind = TOY_TRANSFORMER, .channels = 3, .size = 32 }), "width=8");
  g_assert_cmpint (vit.net->outputs[0].value->shape.dim[2], ==, 8);
  fixture_clear (&vit);
}

static float *
masks_of (Fixture *f)
{
  EngValue *masks = f->net->outputs[0].value;
  float *values = g_new (float, eng_shape_count (&masks->shape));
  feed (f, classes_of);
  eng_pass_forward (f->net->pass);
  eng_pass_read (f->net->pass, masks, values);
  return values;
}

/* The sample's net under another name, and with other values of the same pixels. */
static char *
copy_net (const char *folder, const char *sidecar)
{
  g_autofree char *from = test_data ("models/scenes-cnn.onnx"), *to = g_build_filename (folder, "other.onnx", NULL),
                  *json = g_build_filename (folder, "other.json", NULL), *bytes = NULL;
  gsize n;
  g_autoptr (GError) error = NULL;
  g_file_get_contents (from, &bytes, &n, &error);
  g_assert_no_error (error);
  g_file_set_contents (to, bytes, (gssize)n, &error);
  g_file_set_contents (json, sidecar, -1, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&to);
}

/* Another network looks: it is given what it would see of the same pixels. Here it is the same network behind another
 * preprocessing, so that its masks are known. */
static void
test_other_encoder (void)
{
  g_autofree char *folder = test_tmpdir (), *path = test_data ("models/scenes-cnn.onnx");
  g_autofree char *other = copy_net (folder, "{\"input_size\": [3, 96, 96], \"mean\": [0.1, 0.4, 0.6], "
                                             "\"std\": [0.2, 0.3, 0.5], \"channel_order\": \"BGR\"}");
  g_autofree char *pairs = g_strdup_printf ("width=16 backbone=%s", path);
  g_autoptr (GError) error = NULL;
  EngModel *model = eng_model_open (other, NULL, &error);
  g_assert_no_error (error);
  g_auto (Fixture) own = fixture_scenes ("width=16"), looking;
  fixture_make (&looking, model, pairs);
  g_autofree float *a = masks_of (&own), *b = masks_of (&looking);
  g_assert_cmpfloat (test_max_rel (b, a, (gsize)eng_shape_count (&own.net->outputs[0].value->shape)), <, 1e-4);
  test_remove_tree (folder);
}

/* Of another input size and kind, too; the masks keep the grid of the classifier's. */
static void
test_other_size (void)
{
  g_autofree char *path = test_data ("models/scenes-vit.onnx");
  g_autofree char *pairs = g_strdup_printf ("width=8 backbone=%s", path);
  g_auto (Fixture) f = fixture_toy (pairs), own = fixture_toy ("width=8");
  g_autofree float *masks = masks_of (&f);
  g_assert_true (isfinite (read_number (&f, f.net->loss)));
  g_assert_true (eng_shape_equal (&f.net->outputs[0].value->shape, &own.net->outputs[0].value->shape));
}

static void
test_refusals (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 1, .size = 32 });
  const EngExplainerKind *kind = eng_kind_find ("nn-explainer", NULL);
  const EngTarget *target = eng_kind_default_target (kind, model);
  g_autoptr (EngValues) values = eng_kind_values (kind, model);
  g_autoptr (GError) error = NULL;
  eng_values_set (values, "area-min", 0.5);
  g_assert_null (eng_net_new (model, target, values, 0, 1, TRUE, kind->build, &error));
  g_assert_nonnull (strstr (error->message, "least area"));
  g_clear_error (&error);
  eng_values_set (values, "area-min", 0.05);
  g_autofree char *path = test_data ("models/scenes-cnn.onnx");
  g_assert_true (eng_values_set_text (values, "backbone", path, NULL));
  g_assert_null (eng_net_new (model, target, values, 0, 1, TRUE, kind->build, &error));
  g_assert_nonnull (strstr (error->message, "colours"));
}

/* ---- the method ---- */

typedef struct
{
  TestSample sample;
  char *folder, *path; /* of an explainer that was not trained */
  float *logits;       /* what its net answers on the sample */
  EngShape shape;
} Answer;

static Answer
answer_make (void)
{
  Answer a = { test_scene_sample ("scenes-cnn"), test_tmpdir () };
  const EngExplainerKind *kind = eng_kind_find ("nn-explainer", NULL);
  EngPreprocess *p = eng_model_preprocess (a.sample.model);
  gsize n = (gsize)3 * p->height * p->width;
  g_autofree float *pixels = g_new (float, n), *input = g_new (float, n);
  g_autoptr (EngValues) values = eng_kind_values (kind, a.sample.model);
  g_autoptr (GHashTable) facts = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;
  eng_values_set (values, "width", 8);
  g_autoptr (EngNet) net = eng_net_new (a.sample.model, eng_kind_default_target (kind, a.sample.model), values, 5, 1,
                                        TRUE, kind->build, &error);
  g_assert_no_error (error);
  g_autofree float *weights = g_new (float, eng_net_count (net));
  eng_net_read_weights (net, weights);
  /* Away from the first weights, so that the file is seen to hold those that are given. */
  for (gint64 i = 0; i < eng_net_count (net); i++)
    weights[i] *= 1.25f;
  eng_net_write_weights (net, weights);
  a.path = g_build_filename (a.folder, "a.explainer.onnx", NULL);
  g_assert_true (eng_explainer_write (net, kind, weights, facts, a.path, &error));
  g_assert_true (eng_explainers_add (a.path, a.sample.model, &error));
  g_autofree guint8 *view = eng_preprocess_view (p, a.sample.image, &error);
  g_assert_no_error (error);
  eng_preprocess_pixels (p, view, pixels);
  eng_preprocess_normalise (p, pixels, input);
  eng_pass_write (net->pass, net->given, input);
  eng_pass_forward (net->pass);
  a.shape = net->outputs[0].value->shape;
  a.logits = g_new (float, eng_shape_count (&a.shape));
  eng_pass_read (net->pass, net->outputs[0].value, a.logits);
  return a;
}

static void
answer_clear (Answer *a)
{
  test_sample_clear (&a->sample);
  test_remove_tree (a->folder);
  g_free (a->folder);
  g_free (a->path);
  g_free (a->logits);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

/* @pairs: beside the file. */
static EngHeatmap *
answer_map (const Answer *a, const char *pairs)
{
  g_autofree char *all = g_strdup_printf ("explainer=%s %s", a->path, pairs);
  return test_run (&a->sample, eng_method_find ("nn-explainer", NULL), all, -1, 0);
}

/* The mask of class @c as the loss has it; its mean is returned. */
static double
mask_of (const Answer *a, int c, float *mask)
{
  int rows = (int)a->shape.dim[2], cols = (int)a->shape.dim[3];
  double sum = 0;
  eng_upsample_bilinear (a->logits + c * rows * cols, rows, cols, mask, 96, 96);
  for (int i = 0; i < 96 * 96; i++)
    sum += mask[i] = (float)(1 / (1 + exp (-mask[i])));
  return sum;
}

static void
test_map (void)
{
  g_auto (Answer) a = answer_make ();
  g_autoptr (EngHeatmap) map = answer_map (&a, ""), rest = answer_map (&a, "map=complement");
  g_autofree float *expected = g_new (float, 96 * 96);
  mask_of (&a, 0, expected);
  g_assert_cmpuint (test_map_size (map), ==, 96 * 96);
  g_assert_cmpfloat (test_max_rel (eng_heatmap_values (map), expected, 96 * 96), <, 1e-5);
  for (int i = 0; i < 96 * 96; i++)
    g_assert_cmpfloat_with_epsilon (eng_heatmap_values (rest)[i], 1 - eng_heatmap_values (map)[i], 1e-6);
}

static void
test_aggregate (void)
{
  g_auto (Answer) a = answer_make ();
  g_autoptr (EngHeatmap) one = answer_map (&a, "map=aggregate classes=1"),
                         all = answer_map (&a, "map=aggregate classes=12");
  g_autofree float *mask = g_new (float, 96 * 96), *first = g_new (float, 96 * 96),
                   *largest = g_new0 (float, 96 * 96);
  double most = 0;
  for (int c = 0; c < 12; c++)
    {
      double sum = mask_of (&a, c, mask);
      if (sum > most)
        memcpy (first, mask, sizeof *mask * 96 * 96);
      most = MAX (most, sum);
      for (int i = 0; i < 96 * 96; i++)
        largest[i] = MAX (largest[i], mask[i]);
    }
  g_assert_cmpfloat (test_max_rel (eng_heatmap_values (one), first, 96 * 96), <, 1e-5);
  g_assert_cmpfloat (test_max_rel (eng_heatmap_values (all), largest, 96 * 96), <, 1e-5);
  g_assert_true (g_str_has_prefix (eng_heatmap_provenance (all)->selected, "largest of the masks of "));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nn-explainer/bound-of-binary-masks", test_bound_of_binary_masks);
  g_test_add_func ("/nn-explainer/bound-gradient", test_bound_gradient);
  g_test_add_func ("/nn-explainer/entropy", test_entropy);
  g_test_add_func ("/nn-explainer/variation", test_variation);
  g_test_add_func ("/nn-explainer/classification", test_classification);
  g_test_add_func ("/nn-explainer/formula", test_formula);
  g_test_add_func ("/nn-explainer/presets", test_presets);
  g_test_add_func ("/nn-explainer/growth", test_growth);
  g_test_add_func ("/nn-explainer/slope", test_slope);
  g_test_add_func ("/nn-explainer/largest-mask", test_largest_mask);
  g_test_add_func ("/nn-explainer/learns", test_learns);
  g_test_add_func ("/nn-explainer/grids", test_grids);
  g_test_add_func ("/nn-explainer/other-encoder", test_other_encoder);
  g_test_add_func ("/nn-explainer/other-size", test_other_size);
  g_test_add_func ("/nn-explainer/map", test_map);
  g_test_add_func ("/nn-explainer/aggregate", test_aggregate);
  g_test_add_func ("/nn-explainer/refusals", test_refusals);
  return g_test_run ();
}
