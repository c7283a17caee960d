/* Values that lie channels-last: small nets convolution - operator - convolution give the same output and gradients
 * as row-major ones, whose operators other tests check one by one. Both are float32: tolerance 1e-4 of the largest
 * value, for sums of up to 600 terms in another order. */
#include "kernels/kernels.h"
#include "nn/op.h"
#include "nn/pass-private.h"
#include "nn/pass.h"

#include <math.h>
#include <string.h>

#define TOLERANCE 1e-4
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
turned (EngGraph *g, GRand *r, EngValue *x, GError **error)
{
  return eng_graph_op (g, error, "Transpose", eng_attrs_ints (eng_attrs_new (), "perm", (int64_t[]){ 0, 1, 3, 2 }, 4),
                       1, x);
}

typedef struct
{
  const char *name;
  EngValue *(*add) (EngGraph *g, GRand *r, EngValue *x, GError **error);
  gboolean last; /* whether the values around it are expected to lie channels-last */
} Case;

static const Case cases[] = {
  { "relu", relu, TRUE },
  { "clip", clip, TRUE },
  { "residual", residual, TRUE },
  { "max-pool", max_pool, TRUE },
  { "average-pool", average_pool, TRUE },
  { "concat", concat, TRUE },
  { "batch-norm", batch_norm, TRUE },
  { "channel-bias", channel_bias, FALSE },
  { "transpose", turned, FALSE },
};

typedef struct
{
  GPtrArray *arrays; /* GArray of float: output, gradients */
  gboolean last;     /* the operator's input (in a fused pass: its output) lay channels-last */
} Outcome;

static void
keep (Outcome *o, const float *v, int64_t n)
{
  GArray *a = g_array_new (FALSE, FALSE, sizeof (float));
  g_array_append_vals (a, v, (guint)n);
  g_ptr_array_add (o->arrays, a);
}

static Outcome
run (const Case *c, const char *kernels, gboolean unfused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GRand) r = g_rand_new_with_seed (7);
  g_autoptr (EngGraph) g = eng_graph_new ();
  Outcome o = { g_ptr_array_new_with_free_func ((GDestroyNotify)g_array_unref) };
  EngShape shape = ENG_SHAPE (2, 3, SIZE, SIZE);
  g_assert_true (eng_kernels_select (kernels, &error));
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
  pass->unfused = unfused;
  eng_pass_want_grad (pass, x);
  g_autoptr (GPtrArray) weights = g_ptr_array_new ();
  for (guint i = 0; i < g->values->len; i++)
    {
      EngValue *v = g->values->pdata[i];
      if (v->kind == ENG_VALUE_WEIGHT && i % 3) /* some frozen, some trained */
        {
          eng_pass_train (pass, v);
          g_ptr_array_add (weights, v);
        }
    }
  eng_pass_set_root (pass, y);
  g_assert_true (eng_pass_prepare (pass, &error));
  o.last = eng_is_channels_last (pass, unfused ? inner : outer);
  g_autofree float *values = g_new (float, eng_shape_count (&shape));
  for (int64_t i = 0; i < eng_shape_count (&shape); i++)
    values[i] = (float)(g_rand_double (r) - 0.5);
  eng_pass_write (pass, x, values);
  eng_pass_forward (pass);
  eng_pass_backward (pass, NULL);
  float out;
  eng_pass_read (pass, y, &out);
  keep (&o, &out, 1);
  eng_pass_read_grad (pass, x, values);
  keep (&o, values, eng_shape_count (&shape));
  for (guint i = 0; i < weights->len; i++)
    {
      EngValue *v = weights->pdata[i];
      keep (&o, eng_pass_weight_grad (pass, v), eng_shape_count (&v->shape));
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
test_case (gconstpointer data)
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
  for (int unfused = 0; unfused < 2; unfused++)
    {
      Outcome plain = run (c, "openblas", unfused), last = run (c, "onednn", unfused);
      g_assert_false (plain.last);
      g_assert_cmpint (last.last, ==, c->last);
      assert_close (&plain, &last);
      g_ptr_array_unref (plain.arrays);
      g_ptr_array_unref (last.arrays);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/storage/", cases[i].name, NULL);
      g_test_add_data_func (path, &cases[i], test_case);
    }
  return g_test_run ();
}
