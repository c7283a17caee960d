/* Values that lie channels-last: small nets convolution - operator - convolution give the same output and gradients
 * as row-major ones, whose operators other tests check one by one. Both are float32: tolerance 1e-4 of the largest
 * value, for sums of up to 600 terms in another order.
 *
 * Values that lie as bfloat16: the same nets give the same bits as without. Weights in tiles: so do steps of
 * training. */
#include "kernels/kernels.h"
#include "nn/op.h"
#include "nn/optim.h"
#include "nn/pass-private.h"
#include "nn/pass.h"

#include <math.h>
#include <string.h>

#define TOLERANCE 1e-4
#define COLOURS 12 /* enough products of each value for bfloat16 */
#define CHANNELS 24
#define SIZE 9

static EngValue *
weight (EngGraph *g, GRand *r, const EngShape *shape)
{
  EngTensor *t = eng_tensor_new (ENG_DTYPE_FLOAT, shape);
  for (int64_t i = 0; i < eng_tensor_count (t); i++)
    t->f[i] = (float)(g_rand_double (r) - 0.5);
  return eng_graph_add_constant (g, NULL, ENG_VALUE_WEIGHT, t);
}

static EngValue *
ints (EngGraph *g, const int64_t *v, int n)
{
  return eng_graph_add_constant (g, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_ints (v, n));
}

static EngValue *
conv (EngGraph *g, GRand *r, EngValue *x, int64_t cout, GError **error)
{
  EngShape w = ENG_SHAPE (cout, x->shape.dim[1], 3, 3), b = ENG_SHAPE (cout);
  EngAttrs *attrs = eng_attrs_ints (eng_attrs_new (), "pads", (int64_t[]){ 1, 1, 1, 1 }, 4);
  return eng_graph_op (g, error, "Conv", attrs, 3, x, weight (g, r, &w), weight (g, r, &b));
}

static EngAttrs *
window (const int64_t *kernel, const int64_t *stride, const int64_t *pads)
{
  EngAttrs *a = eng_attrs_ints (eng_attrs_new (), "kernel_shape", kernel, 2);
  return eng_attrs_ints (eng_attrs_ints (a, "strides", stride, 2), "pads", pads, 4);
}

static EngValue *
relu (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  return eng_graph_op (g, error, "Relu", NULL, 1, x);
}

static EngValue *
clip (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  return eng_graph_op (g, error, "Clip", NULL, 3, x,
                       eng_graph_add_constant (g, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_scalar (-0.3f)),
                       eng_graph_add_constant (g, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_scalar (0.6f)));
}

static EngValue *
residual (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  EngValue *y = conv (g, r, x, CHANNELS, error);
  return eng_graph_op (g, error, "Add", NULL, 2, x, y);
}

/* As in a residual net. */
static EngValue *
bottleneck (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  EngValue *y = relu (g, r, conv (g, r, x, CHANNELS, error), error);
  return relu (g, r, eng_graph_op (g, error, "Add", NULL, 2, x, conv (g, r, y, CHANNELS, error)), error);
}

static EngValue *
turned (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  return eng_graph_op (g, error, "Transpose", eng_attrs_ints (eng_attrs_new (), "perm", (int64_t[]){ 0, 1, 3, 2 }, 4),
                       1, x);
}

/* The same with images that are row-major. */
static EngValue *
turned_bottleneck (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  return bottleneck (g, r, turned (g, r, x, error), error);
}

static EngValue *
max_pool (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  return eng_graph_op (g, error, "MaxPool",
                       window ((int64_t[]){ 3, 2 }, (int64_t[]){ 2, 2 }, (int64_t[]){ 1, 0, 1, 1 }), 1, x);
}

static EngValue *
average_pool (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  return eng_graph_op (g, error, "AveragePool",
                       window ((int64_t[]){ 3, 3 }, (int64_t[]){ 2, 1 }, (int64_t[]){ 1, 1, 0, 1 }), 1, x);
}

static EngValue *
concat (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  EngValue *a = conv (g, r, x, 9, error), *b = conv (g, r, x, 1, error);
  return eng_graph_op (g, error, "Concat", eng_attrs_int (eng_attrs_new (), "axis", 1), 4, x, a, b, a);
}

static EngValue *
batch_norm (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  EngShape s = ENG_SHAPE (CHANNELS);
  EngTensor *variance = eng_tensor_new (ENG_DTYPE_FLOAT, &s);
  for (int i = 0; i < CHANNELS; i++)
    variance->f[i] = 0.5f + (float)i / CHANNELS;
  return eng_graph_op (g, error, "BatchNormalization", NULL, 5, x, weight (g, r, &s), weight (g, r, &s),
                       weight (g, r, &s), eng_graph_add_constant (g, NULL, ENG_VALUE_WEIGHT, variance));
}

/* Per channel: does not lie channels-last, and its neighbours must notice. */
static EngValue *
channel_bias (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  EngShape s = ENG_SHAPE (CHANNELS, 1, 1);
  return eng_graph_op (g, error, "Add", NULL, 2, x, weight (g, r, &s));
}

static EngValue *
linear (EngGraph *g, GRand *r, EngValue *x, int64_t n, gboolean bias, GError **error)
{
  EngShape w = ENG_SHAPE (x->shape.dim[2], n), b = ENG_SHAPE (n);
  EngValue *y = eng_graph_op (g, error, "MatMul", NULL, 2, x, weight (g, r, &w));
  return bias ? eng_graph_op (g, error, "Add", NULL, 2, y, weight (g, r, &b)) : y;
}

static EngValue *
norm (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  EngShape s = ENG_SHAPE (CHANNELS);
  return eng_graph_op (g, error, "LayerNormalization", NULL, 3, x, weight (g, r, &s), weight (g, r, &s));
}

/* A block of a transformer, with one head. Bfloat16: what is normalised, twice, attention's and GELU's output. */
static EngValue *
block (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  const int64_t swap[] = { 0, 2, 1 };
  EngValue *tokens = eng_graph_op (g, error, "Reshape", NULL, 2, x, ints (g, (int64_t[]){ 0, CHANNELS, -1 }, 3));
  tokens = eng_graph_op (g, error, "Transpose", eng_attrs_ints (eng_attrs_new (), "perm", swap, 3), 1, tokens);
  EngValue *y = norm (g, r, tokens, error);
  EngValue *q = linear (g, r, y, CHANNELS, TRUE, error), *k = linear (g, r, y, CHANNELS, FALSE, error);
  EngValue *v = linear (g, r, y, CHANNELS, TRUE, error);
  k = eng_graph_op (g, error, "Transpose", eng_attrs_ints (eng_attrs_new (), "perm", swap, 3), 1, k);
  EngValue *p = eng_graph_op (g, error, "MatMul", NULL, 2, q, k);
  p = eng_graph_op (g, error, "Softmax", eng_attrs_int (eng_attrs_new (), "axis", -1), 1, p);
  y = eng_graph_op (g, error, "MatMul", NULL, 2, p, v);
  tokens = eng_graph_op (g, error, "Add", NULL, 2, tokens, linear (g, r, y, CHANNELS, TRUE, error));
  y = linear (g, r, norm (g, r, tokens, error), 4 * CHANNELS, TRUE, error);
  y = linear (g, r, eng_graph_op (g, error, "Gelu", NULL, 1, y), CHANNELS, FALSE, error);
  tokens = eng_graph_op (g, error, "Add", NULL, 2, tokens, y);
  y = eng_graph_op (g, error, "Transpose", eng_attrs_ints (eng_attrs_new (), "perm", swap, 3), 1, tokens);
  return eng_graph_op (g, error, "Reshape", NULL, 2, y, ints (g, (int64_t[]){ 0, CHANNELS, SIZE, SIZE }, 4));
}

typedef struct
{
  const char *name;
  EngValue *(*add) (EngGraph *g, GRand *r, EngValue *x, GError **error);
  gboolean last; /* whether the values around it are expected to lie channels-last */
  int shorts;    /* values that are expected to lie as bfloat16: forward and back, forward alone */
  int shorts_forward;
} Case;

static const Case cases[] = {
  { "relu", relu, TRUE, 1, 1 },
  { "clip", clip, TRUE, 0, 1 },
  { "residual", residual, TRUE, 0, 0 },
  { "bottleneck", bottleneck, TRUE, 1, 1 },
  { "turned-bottleneck", turned_bottleneck, FALSE, 1, 1 },
  { "max-pool", max_pool, TRUE, 0, 0 },
  { "average-pool", average_pool, TRUE, 0, 0 },
  { "concat", concat, TRUE, 0, 0 },
  { "batch-norm", batch_norm, TRUE, 0, 0 },
  { "channel-bias", channel_bias, FALSE, 0, 0 },
  { "transpose", turned, FALSE, 0, 0 },
  { "transformer", block, FALSE, 4, 4 },
};

typedef struct
{
  const char *kernels;
  gboolean unfused, long_only, forward_only;
} Setting;

typedef struct
{
  GPtrArray *arrays; /* GArray of float: output, gradients */
  gboolean last;     /* the operator's input (in a fused pass: its output) lay channels-last */
  int shorts;        /* values that lay as bfloat16 */
} Outcome;

static void
keep (Outcome *o, const float *v, int64_t n)
{
  GArray *a = g_array_new (FALSE, FALSE, sizeof (float));
  g_array_append_vals (a, v, (guint)n);
  g_ptr_array_add (o->arrays, a);
}

static Outcome
run (const Case *c, const Setting *setting)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GRand) r = g_rand_new_with_seed (7);
  g_autoptr (EngGraph) g = eng_graph_new ();
  Outcome o = { g_ptr_array_new_with_free_func ((GDestroyNotify)g_array_unref) };
  EngShape shape = ENG_SHAPE (2, COLOURS, SIZE, SIZE);
  g_assert_true (eng_kernels_select (setting->kernels, &error));
  EngValue *x = eng_graph_add_input (g, "x", ENG_DTYPE_FLOAT, &shape), *inner = conv (g, r, x, CHANNELS, &error);
  EngValue *outer = c->add (g, r, inner, &error), *y = outer;
  y = conv (g, r, y, CHANNELS, &error);
  y = eng_graph_op (g, &error, "GlobalAveragePool", NULL, 1, y);
  y = eng_graph_op (g, &error, "Reshape", NULL, 2, y, ints (g, (int64_t[]){ -1 }, 1));
  y = eng_graph_op (g, &error, "Mul", NULL, 2, y, y);
  y = eng_graph_op (g, &error, "ReduceSum", eng_attrs_int (eng_attrs_new (), "keepdims", 0), 1, y);
  g_assert_no_error (error);
  eng_graph_freeze (g);
  g_autoptr (EngPass) pass = eng_pass_new (g);
  pass->unfused = setting->unfused;
  pass->long_only = setting->long_only;
  if (!setting->forward_only)
    eng_pass_want_grad (pass, x);
  g_autoptr (GPtrArray) weights = g_ptr_array_new ();
  for (guint i = 0; i < g->values->len; i++)
    {
      EngValue *v = g->values->pdata[i];
      if (v->kind == ENG_VALUE_WEIGHT && i % 3 && !setting->forward_only) /* some frozen, some trained */
        {
          eng_pass_train (pass, v);
          g_ptr_array_add (weights, v);
        }
    }
  eng_pass_set_root (pass, y);
  g_assert_true (eng_pass_prepare (pass, &error));
  o.last = eng_is_channels_last (pass, setting->unfused ? inner : outer);
  for (guint i = 0; i < g->values->len; i++)
    o.shorts += eng_is_short (pass, g->values->pdata[i]) && (pass->flags[i] & PASS_NEEDED);
  g_autofree float *values = g_new (float, eng_shape_count (&shape));
  for (int64_t i = 0; i < eng_shape_count (&shape); i++)
    values[i] = (float)(g_rand_double (r) - 0.5);
  eng_pass_write (pass, x, values);
  eng_pass_forward (pass);
  float out;
  eng_pass_read (pass, y, &out);
  keep (&o, &out, 1);
  if (!setting->forward_only)
    {
      eng_pass_backward (pass, NULL);
      eng_pass_read_grad (pass, x, values);
      keep (&o, values, eng_shape_count (&shape));
    }
  for (guint i = 0; i < weights->len; i++)
    {
      EngValue *v = weights->pdata[i];
      g_autofree float *gradient = g_new (float, eng_shape_count (&v->shape));
      eng_pass_read_grad (pass, v, gradient);
      keep (&o, gradient, eng_shape_count (&v->shape));
    }
  eng_kernels_select (NULL, NULL);
  return o;
}

static void
assert_close (const Outcome *plain, const Outcome *last)
{
  g_assert_cmpuint (plain->arrays->len, ==, last->arrays->len);
  for (guint k = 0; k < plain->arrays->len; k++)
    {
      const GArray *a = plain->arrays->pdata[k], *b = last->arrays->pdata[k];
      float largest = 0;
      g_assert_cmpuint (a->len, ==, b->len);
      for (guint i = 0; i < a->len; i++)
        largest = MAX (largest, fabsf (g_array_index (a, float, i)));
      for (guint i = 0; i < a->len; i++)
        if (!(fabsf (g_array_index (a, float, i) - g_array_index (b, float, i)) <= TOLERANCE * largest))
          {
            g_test_message ("array %u, element %u: %g, not %g", k, i, g_array_index (b, float, i),
                            g_array_index (a, float, i));
            g_test_fail ();
            break;
          }
    }
}

static void
outcome_clear (Outcome *o)
{
  g_ptr_array_unref (o->arrays);
}

static void
test_last (gconstpointer data)
{
  const Case *c = data;
  gboolean available = FALSE;
  const char *name;
  for (guint i = 0; (name = eng_kernels_nth (i, &available)) && strcmp (name, "onednn") != 0; i++)
    ;
  if (!name || !available)
    {
      g_test_skip ("there is no oneDNN here");
      return;
    }
  for (int variant = 0; variant < 4; variant++)
    {
      Setting setting = { "openblas", .unfused = variant & 1, .forward_only = (variant & 2) != 0 };
      Outcome plain = run (c, &setting);
      setting.kernels = "onednn";
      Outcome last = run (c, &setting);
      g_assert_false (plain.last);
      g_assert_cmpint (last.last, ==, c->last);
      assert_close (&plain, &last);
      outcome_clear (&plain);
      outcome_clear (&last);
    }
}

static void
test_short (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  for (int forward_only = 0; forward_only < 2; forward_only++)
    {
      if (!eng_set_precision (ENG_PRECISION_BF16, &error))
        {
          g_test_skip (error->message);
          return;
        }
      Outcome plain = run (c, &(Setting){ NULL, FALSE, TRUE, forward_only });
      Outcome rounded = run (c, &(Setting){ NULL, FALSE, FALSE, forward_only });
      eng_set_precision (ENG_PRECISION_FLOAT32, NULL);
      g_assert_cmpint (plain.shorts, ==, 0);
      g_assert_cmpint (rounded.shorts, ==, forward_only ? c->shorts_forward : c->shorts);
      g_assert_cmpuint (plain.arrays->len, ==, rounded.arrays->len);
      for (guint k = 0; k < plain.arrays->len; k++)
        {
          const GArray *a = plain.arrays->pdata[k], *b = rounded.arrays->pdata[k];
          g_assert_cmpmem (a->data, a->len * sizeof (float), b->data, b->len * sizeof (float));
        }
      outcome_clear (&plain);
      outcome_clear (&rounded);
    }
}

/* What somebody asks for, or gives, is float32. */
static void
test_seen (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GRand) r = g_rand_new_with_seed (3);
  if (!eng_set_precision (ENG_PRECISION_BF16, &error))
    {
      g_test_skip (error->message);
      return;
    }
  for (PassFlags flag = PASS_WANT; flag <= PASS_CUT; flag <<= 1)
    {
      g_autoptr (EngGraph) g = eng_graph_new ();
      EngShape shape = ENG_SHAPE (2, COLOURS, SIZE, SIZE);
      EngValue *x = eng_graph_add_input (g, "x", ENG_DTYPE_FLOAT, &shape), *seen, *hidden, *y;
      seen = relu (g, r, conv (g, r, x, CHANNELS, &error), &error);
      hidden = relu (g, r, conv (g, r, seen, CHANNELS, &error), &error);
      y = conv (g, r, hidden, CHANNELS, &error);
      g_assert_no_error (error);
      eng_graph_freeze (g);
      g_autoptr (EngPass) pass = eng_pass_new (g);
      if (flag == PASS_WANT)
        eng_pass_want (pass, seen);
      else if (flag == PASS_WANT_GRAD)
        eng_pass_want_grad (pass, seen);
      else
        eng_pass_cut (pass, seen);
      eng_pass_set_root (pass, y);
      g_assert_true (eng_pass_prepare (pass, &error));
      g_assert_false (eng_is_short (pass, seen));
      g_assert_true (eng_is_short (pass, hidden));
      g_assert_false (eng_is_short (pass, y));
    }
  eng_set_precision (ENG_PRECISION_FLOAT32, NULL);
}

/* ---- weights in tiles ---- */

#define N_TILED 4

/* Convolutions of 3 -> 32 -> 48 -> 32 -> 16 channels. The weights of the first have no tiles; those of the last are
 * also read by another operator. */
typedef struct
{
  EngGraph *graph;
  EngValue *x, *weight[N_TILED], *y;
  EngPass *pass;
  EngAdamW *optimiser;
} Net;

static const gboolean has_tiles[N_TILED] = { FALSE, TRUE, TRUE, FALSE };

static Net
net_new (gboolean untiled)
{
  static const int64_t channels[] = { 3, 32, 48, 32, 16 }, kernel[] = { 3, 3, 1, 3 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GRand) r = g_rand_new_with_seed (11);
  Net n = { eng_graph_new () };
  EngShape shape = ENG_SHAPE (2, 3, SIZE, SIZE);
  n.x = n.y = eng_graph_add_input (n.graph, "x", ENG_DTYPE_FLOAT, &shape);
  for (int i = 0; i < N_TILED; i++)
    {
      EngShape w = ENG_SHAPE (channels[i + 1], channels[i], kernel[i], kernel[i]);
      n.weight[i] = weight (n.graph, r, &w);
      n.y = relu (n.graph, r, eng_graph_op (n.graph, &error, "Conv", NULL, 2, n.y, n.weight[i]), &error);
    }
  EngAttrs *all = eng_attrs_int (eng_attrs_new (), "keepdims", 0), *again = eng_attrs_copy (all);
  n.y = eng_graph_op (n.graph, &error, "ReduceMean", all, 1, n.y);
  n.y = eng_graph_op (n.graph, &error, "Mul", NULL, 2, n.y, n.weight[N_TILED - 1]);
  n.y = eng_graph_op (n.graph, &error, "ReduceSum", again, 1, n.y);
  g_assert_no_error (error);
  eng_graph_freeze (n.graph);
  n.pass = eng_pass_new (n.graph);
  n.pass->untiled = untiled;
  for (int i = 0; i < N_TILED; i++)
    eng_pass_train (n.pass, n.weight[i]);
  eng_pass_set_root (n.pass, n.y);
  g_assert_true (eng_pass_prepare (n.pass, &error));
  for (int i = 0; i < N_TILED; i++)
    g_assert_cmpint (eng_is_tiled (n.pass, n.weight[i]), ==, has_tiles[i] && !untiled);
  g_autofree float *values = g_new (float, eng_shape_count (&shape));
  for (int64_t i = 0; i < eng_shape_count (&shape); i++)
    values[i] = (float)(g_rand_double (r) - 0.5);
  eng_pass_write (n.pass, n.x, values);
  EngAdamWSettings settings = { 0.01, 0.9, 0.999, 1e-8, 0.01 };
  n.optimiser = eng_adamw_new (n.pass, n.weight, N_TILED, &settings);
  return n;
}

static void
net_clear (Net *n)
{
  eng_adamw_free (n->optimiser);
  eng_pass_free (n->pass);
  eng_graph_unref (n->graph);
}

static void
net_step (Net *n)
{
  eng_pass_forward (n->pass);
  eng_pass_backward (n->pass, NULL);
  eng_adamw_step (n->optimiser);
}

static void
assert_same_net (Net *a, Net *b)
{
  gsize size = eng_adamw_state_size (a->optimiser);
  g_autofree guint8 *s = g_malloc (size), *t = g_malloc (size);
  eng_adamw_save (a->optimiser, s);
  eng_adamw_save (b->optimiser, t);
  g_assert_cmpmem (s, size, t, size);
  for (int i = 0; i < N_TILED; i++)
    {
      int64_t count = eng_shape_count (&a->weight[i]->shape);
      g_autofree float *v = g_new (float, count), *w = g_new (float, count);
      eng_pass_read (a->pass, a->weight[i], v);
      eng_pass_read (b->pass, b->weight[i], w);
      g_assert_cmpmem (v, sizeof *v * (gsize)count, w, sizeof *w * (gsize)count);
      eng_pass_read_grad (a->pass, a->weight[i], v);
      eng_pass_read_grad (b->pass, b->weight[i], w);
      g_assert_cmpmem (v, sizeof *v * (gsize)count, w, sizeof *w * (gsize)count);
    }
}

static void
test_tiles (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  if (!eng_kernels ()->takes_tiles)
    {
      g_test_skip ("there is no oneDNN here");
      return;
    }
  if (!eng_set_precision ((EngPrecision)GPOINTER_TO_INT (data), &error))
    {
      g_test_skip (error->message);
      return;
    }
  Net plain = net_new (TRUE), tiled = net_new (FALSE);
  for (int i = 0; i < 3; i++)
    {
      net_step (&plain);
      net_step (&tiled);
      assert_same_net (&plain, &tiled);
    }
  /* A training that goes on elsewhere: weights and moments of one net, brought into the other order. */
  Net later = net_new (FALSE);
  g_autofree guint8 *state = g_malloc (eng_adamw_state_size (plain.optimiser));
  eng_adamw_save (plain.optimiser, state);
  eng_adamw_load (later.optimiser, state);
  for (int i = 0; i < N_TILED; i++)
    {
      g_autofree float *v = g_new (float, eng_shape_count (&plain.weight[i]->shape));
      eng_pass_read (plain.pass, plain.weight[i], v);
      eng_pass_write (later.pass, later.weight[i], v);
    }
  net_step (&plain);
  net_step (&later);
  assert_same_net (&plain, &later);
  net_clear (&plain);
  net_clear (&tiled);
  net_clear (&later);
  eng_set_precision (ENG_PRECISION_FLOAT32, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *last = g_strconcat ("/storage/channels-last/", cases[i].name, NULL);
      g_autofree char *rounded = g_strconcat ("/storage/bfloat16/", cases[i].name, NULL);
      g_test_add_data_func (last, &cases[i], test_last);
      g_test_add_data_func (rounded, &cases[i], test_short);
    }
  g_test_add_func ("/storage/bfloat16/seen", test_seen);
  g_test_add_data_func ("/storage/tiles/float32", GINT_TO_POINTER (ENG_PRECISION_FLOAT32), test_tiles);
  g_test_add_data_func ("/storage/tiles/bf16", GINT_TO_POINTER (ENG_PRECISION_BF16), test_tiles);
  return g_test_run ();
}
