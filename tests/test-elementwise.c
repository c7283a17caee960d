/* What elementwise operators and reductions do at the edges, where ONNX's own cases are silent or
 * need a newer opset: not-a-number, integers that wrap, empty axes, ties, zeros in products. Values are
 * those of numpy and PyTorch for the same input. Operators are evaluated by folding constants. */
#include "nn/op.h"
#include "nn/pass.h"

#include <math.h>
#include <string.h>

static EngTensor *
floats (int n, const float *v)
{
  EngShape shape = ENG_SHAPE (n);
  return eng_tensor_new_floats (v, &shape);
}

static EngTensor *
ints (EngDtype dtype, int n, const int64_t *v)
{
  EngTensor *t = eng_tensor_new_ints (v, n);
  t->dtype = dtype;
  return t;
}

#define FLOATS(...) floats (G_N_ELEMENTS (((float[]){ __VA_ARGS__ })), (float[]){ __VA_ARGS__ })
#define INTS(dtype, ...) ints (dtype, G_N_ELEMENTS (((int64_t[]){ __VA_ARGS__ })), (int64_t[]){ __VA_ARGS__ })

/* The result of an operator of up to three constants (transfer full, NULL: absent). (transfer full) */
static EngTensor *
evaluate (const char *op, int opset, EngAttrs *attrs, EngTensor *a, EngTensor *b, EngTensor *c, GError **error)
{
  g_autoptr (EngGraph) graph = eng_graph_new ();
  EngTensor *tensors[] = { a, b, c };
  EngValue *inputs[3] = { NULL }, *output;
  int n = 0;
  for (int i = 0; i < 3; i++)
    if (tensors[i])
      {
        inputs[i] = eng_graph_add_constant (graph, NULL, ENG_VALUE_CONSTANT, tensors[i]);
        n = i + 1;
      }
  if (!eng_graph_add_node (graph, op, opset, "tested", attrs, inputs, n, NULL, &output, 1, error))
    return NULL;
  return eng_tensor_ref (output->constant);
}

static void
expect_floats (EngTensor *t, int n, const float *want)
{
  g_assert_cmpint (eng_tensor_count (t), ==, n);
  for (int i = 0; i < n; i++)
    if (isnan (want[i]))
      g_assert_true (isnan (t->f[i]));
    else if (isinf (want[i]))
      g_assert_cmpfloat (t->f[i], ==, want[i]);
    else /* a few units of the last place */
      g_assert_cmpfloat_with_epsilon (t->f[i], want[i], 1e-6 * (fabsf (want[i]) + 1e-3));
  eng_tensor_unref (t);
}

static void
expect_ints (EngTensor *t, int n, const int64_t *want)
{
  g_assert_cmpint (eng_tensor_count (t), ==, n);
  for (int i = 0; i < n; i++)
    g_assert_cmpint (t->i[i], ==, want[i]);
  eng_tensor_unref (t);
}

#define EXPECT_F(t, ...) expect_floats (t, G_N_ELEMENTS (((float[]){ __VA_ARGS__ })), (float[]){ __VA_ARGS__ })
#define EXPECT_I(t, ...) expect_ints (t, G_N_ELEMENTS (((int64_t[]){ __VA_ARGS__ })), (int64_t[]){ __VA_ARGS__ })
#define RUN1(op, a) evaluate (op, 21, NULL, a, NULL, NULL, NULL)
#define RUN2(op, a, b) evaluate (op, 21, NULL, a, b, NULL, NULL)

static void
test_not_a_number (void)
{
  EXPECT_F (RUN1 ("Relu", FLOATS (NAN, -1, INFINITY)), NAN, 0, INFINITY);
  EXPECT_F (RUN1 ("Sign", FLOATS (NAN, -2, 0)), NAN, -1, 0);
  EXPECT_F (RUN1 ("HardSigmoid", FLOATS (NAN, 100, -100)), NAN, 1, 0);
  EXPECT_F (
      evaluate ("Clip", 13, NULL, FLOATS (NAN, 5, -5), eng_tensor_new_scalar (-1), eng_tensor_new_scalar (1), NULL),
      NAN, 1, -1);
  EXPECT_F (evaluate ("Clip", 13, NULL, FLOATS (0, 5), eng_tensor_new_scalar (3), eng_tensor_new_scalar (1), NULL), 1,
            1);
  EXPECT_F (RUN2 ("Max", FLOATS (NAN, 1, 2), FLOATS (0, NAN, 3)), NAN, NAN, 3);
  EXPECT_F (RUN2 ("Min", FLOATS (NAN, 1, 2), FLOATS (0, NAN, 3)), NAN, NAN, 2);
  EXPECT_F (RUN1 ("ReduceMax", FLOATS (1, NAN, 3)), NAN);
  EXPECT_F (RUN1 ("ReduceMin", FLOATS (1, NAN, 3)), NAN);
  EXPECT_I (RUN1 ("ArgMax", FLOATS (1, NAN, 3, NAN)), 1);
  EXPECT_I (RUN2 ("Equal", FLOATS (NAN, 1), FLOATS (NAN, 1)), 0, 1);
  EXPECT_F (RUN1 ("ReduceLogSumExp", FLOATS (-INFINITY, -INFINITY)), -INFINITY);
  EXPECT_F (RUN1 ("ReduceLogSumExp", FLOATS (1000, 1000)), 1000.693147f);
  EXPECT_F (RUN1 ("LogSoftmax", FLOATS (1000, 0)), 0, -1000);
}

static void
test_integers (void)
{
  EXPECT_I (RUN2 ("Div", INTS (ENG_DTYPE_INT32, -7, 7, 5, INT32_MIN), INTS (ENG_DTYPE_INT32, 2, -2, 0, -1)), -3, -3,
            0, INT32_MIN);
  EXPECT_I (RUN2 ("Div", INTS (ENG_DTYPE_INT64, INT64_MIN), INTS (ENG_DTYPE_INT64, -1)), INT64_MIN);
  EXPECT_I (RUN2 ("Add", INTS (ENG_DTYPE_UINT8, 250), INTS (ENG_DTYPE_UINT8, 10)), 4);
  EXPECT_I (RUN2 ("Sub", INTS (ENG_DTYPE_UINT8, 3), INTS (ENG_DTYPE_UINT8, 4)), 255);
  EXPECT_I (RUN2 ("Mul", INTS (ENG_DTYPE_INT8, 100), INTS (ENG_DTYPE_INT8, 2)), -56);
  EXPECT_I (RUN1 ("Neg", INTS (ENG_DTYPE_INT8, -128, 5)), -128, -5);
  EXPECT_I (RUN2 ("Mod", INTS (ENG_DTYPE_INT64, -7, 7, 6, 1), INTS (ENG_DTYPE_INT64, 3, -3, 3, 0)), 2, -2, 0, 0);
  EXPECT_I (evaluate ("Mod", 13, eng_attrs_int (eng_attrs_new (), "fmod", 1), INTS (ENG_DTYPE_INT64, -7, 7),
                      INTS (ENG_DTYPE_INT64, 3, -3), NULL, NULL),
            -1, 1);
  EXPECT_I (RUN2 ("Pow", INTS (ENG_DTYPE_INT64, 3, -1, 2), INTS (ENG_DTYPE_INT64, 4, -3, -1)), 81, -1, 0);
  EXPECT_I (RUN2 ("Pow", INTS (ENG_DTYPE_INT32, 3), FLOATS (2)), 9);
  EXPECT_I (RUN1 ("ReduceMean", INTS (ENG_DTYPE_INT32, 1, 2, 4)), 2);
  EXPECT_I (RUN1 ("ReduceProd", INTS (ENG_DTYPE_INT32, 1 << 20, 1 << 20)), 0);
  EXPECT_I (RUN1 ("ReduceMax", INTS (ENG_DTYPE_INT64, -5, -9)), -5);
  EXPECT_I (RUN2 ("CumSum", INTS (ENG_DTYPE_INT64, 1, 2, 3), INTS (ENG_DTYPE_INT64, 0)), 1, 3, 6);
}

static EngTensor *
cast (EngTensor *x, EngDtype to)
{
  return evaluate ("Cast", 19, eng_attrs_int (eng_attrs_new (), "to", to), x, NULL, NULL, NULL);
}

static void
test_cast (void)
{
  EXPECT_I (cast (FLOATS (-1.9f, 2.9f, 1e30f, -1e30f, NAN, INFINITY), ENG_DTYPE_INT64), -1, 2, INT64_MAX, INT64_MIN,
            0, INT64_MAX);
  EXPECT_I (cast (FLOATS (300, -3, 7.5f), ENG_DTYPE_UINT8), 255, 0, 7);
  EXPECT_I (cast (FLOATS (0, -0.0f, 0.5f, NAN), ENG_DTYPE_BOOL), 0, 0, 1, 1);
  EXPECT_I (cast (INTS (ENG_DTYPE_INT64, 300, -1), ENG_DTYPE_UINT8), 44, 255);
  EXPECT_I (cast (INTS (ENG_DTYPE_INT64, 300, 0), ENG_DTYPE_BOOL), 1, 0);
  EXPECT_F (cast (INTS (ENG_DTYPE_BOOL, 1, 0), ENG_DTYPE_FLOAT), 1, 0);
  EXPECT_F (cast (FLOATS (70000, 2049, 0.1f), ENG_DTYPE_FLOAT16), INFINITY, 2048, 0.0999755859f);
  EXPECT_F (cast (FLOATS (1.00390625f, 257), ENG_DTYPE_BFLOAT16), 1, 256);
}

/* Empty axes give the neutral element; no axes with the flag give the input. */
static void
test_empty (void)
{
  EngShape none = ENG_SHAPE (2, 0, 3);
  static const struct
  {
    const char *op;
    float neutral;
  } rows[] = { { "ReduceSum", 0 },
               { "ReduceProd", 1 },
               { "ReduceMax", -INFINITY },
               { "ReduceMin", INFINITY },
               { "ReduceL2", 0 },
               { "ReduceMean", NAN },
               { "ReduceLogSum", -INFINITY },
               { "ReduceL1", 0 },
               { "ReduceSumSquare", 0 },
               { "ReduceLogSumExp", -INFINITY } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      float v = rows[i].neutral;
      EngTensor *x = eng_tensor_new (ENG_DTYPE_FLOAT, &none);
      EXPECT_F (RUN2 (rows[i].op, x, INTS (ENG_DTYPE_INT64, 1)), v, v, v, v, v, v);
      EXPECT_F (evaluate (rows[i].op, 18, eng_attrs_int (eng_attrs_new (), "noop_with_empty_axes", 1), FLOATS (-2, 3),
                          NULL, NULL, NULL),
                -2, 3);
    }
  EngTensor *sum = RUN2 ("Add", eng_tensor_new (ENG_DTYPE_FLOAT, &none), FLOATS (1, 2, 3));
  g_assert_cmpint (eng_tensor_count (sum), ==, 0);
  eng_tensor_unref (sum);
}

/* PyTorch 1.13 in float64, at -3, -0.5, 0, 0.5, 3: torch.nn.functional.gelu (x), with approximate="tanh", mish. */
static void
test_newer_opsets (void)
{
  static const float x[] = { -3, -0.5f, 0, 0.5f, 3 };
  static const struct
  {
    const char *op, *approximate;
    float y[5];
  } rows[] = {
    { "Gelu", "none", { -0.00404969f, -0.15426877f, 0, 0.34573123f, 2.99595031f } },
    { "Gelu", "tanh", { -0.00363739f, -0.15428599f, 0, 0.34571401f, 2.99636261f } },
    { "Mish", "none", { -0.14564746f, -0.22074377f, 0, 0.37524521f, 2.98653500f } },
  };
  for (guint r = 0; r < G_N_ELEMENTS (rows); r++)
    {
      EngAttrs *attrs = eng_attrs_string (eng_attrs_new (), "approximate", rows[r].approximate);
      g_autoptr (EngTensor) y = evaluate (rows[r].op, 20, attrs, floats (5, x), NULL, NULL, NULL);
      for (int i = 0; i < 5; i++) /* 1 + erf cancels on the left: the error is absolute, a few 1e-8 times |x| */
        g_assert_cmpfloat_with_epsilon (y->f[i], rows[r].y[i], 3e-7);
    }
}

/* d (sum of w y) / dx of one operator */
static void
gradient (const char *op, EngAttrs *attrs, EngTensor *second, const EngShape *shape, const float *x, const float *w,
          float *dx)
{
  g_autoptr (EngGraph) graph = eng_graph_new ();
  g_autoptr (GError) error = NULL;
  EngValue *inputs[2] = { eng_graph_add_input (graph, "x", ENG_DTYPE_FLOAT, shape) }, *y;
  if (second)
    inputs[1] = eng_graph_add_constant (graph, NULL, ENG_VALUE_CONSTANT, second);
  eng_graph_add_node (graph, op, 18, "tested", attrs, inputs, second ? 2 : 1, NULL, &y, 1, &error);
  g_assert_no_error (error);
  eng_graph_freeze (graph);
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  eng_pass_set_root (pass, y);
  eng_pass_want_grad (pass, inputs[0]);
  eng_pass_prepare (pass, &error);
  g_assert_no_error (error);
  eng_pass_write (pass, inputs[0], x);
  eng_pass_forward (pass);
  eng_pass_backward (pass, w);
  eng_pass_read_grad (pass, inputs[0], dx);
}

static void
test_gradient_edges (void)
{
  float dx[6], w[6] = { 1, 10, 1, 1, 1, 1 };
  EngShape rows = ENG_SHAPE (2, 3), three = ENG_SHAPE (3);
  /* one maximum; three that tie share evenly */
  gradient ("ReduceMax", NULL, INTS (ENG_DTYPE_INT64, 1), &rows, (float[]){ 1, 3, 2, 5, 5, 5 }, w, dx);
  expect_floats (floats (6, dx), 6, (float[]){ 0, 1, 0, 10 / 3.f, 10 / 3.f, 10 / 3.f });
  /* no, one and two zeros in a product */
  gradient ("ReduceProd", NULL, INTS (ENG_DTYPE_INT64, 1), &rows, (float[]){ 2, 3, 4, 5, 0, 6 }, w, dx);
  expect_floats (floats (6, dx), 6, (float[]){ 12, 8, 6, 0, 300, 0 });
  gradient ("ReduceProd", NULL, INTS (ENG_DTYPE_INT64, 1), &rows, (float[]){ 0, 3, 0, 5, 1, 6 }, w, dx);
  expect_floats (floats (6, dx), 6, (float[]){ 0, 0, 0, 60, 300, 50 });
  gradient ("ReduceL2", NULL, NULL, &three, (float[]){ 0, 0, 0 }, w, dx);
  expect_floats (floats (3, dx), 3, (float[]){ 0, 0, 0 });
  gradient ("Max", NULL, FLOATS (1, 2, 3), &three, (float[]){ 1, 1, 4 }, (float[]){ 1, 1, 1 }, dx);
  expect_floats (floats (3, dx), 3, (float[]){ 0.5f, 0, 1 });
  gradient ("Relu", NULL, NULL, &three, (float[]){ -1, 0, 2 }, (float[]){ 1, 1, 1 }, dx);
  expect_floats (floats (3, dx), 3, (float[]){ 0, 0, 1 });
  gradient ("Abs", NULL, NULL, &three, (float[]){ -1, 0, 2 }, (float[]){ 1, 1, 1 }, dx);
  expect_floats (floats (3, dx), 3, (float[]){ -1, 0, 1 });
}

/* Every pair of broadcastings of up to four axes, against index arithmetic. */
static void
test_broadcasting (void)
{
  const int64_t full[4] = { 2, 3, 2, 5 };
  for (int mask = 0; mask < 256; mask++)
    {
      EngShape a = { .rank = 4 }, b = { .rank = 4 }, out;
      for (int i = 0; i < 4; i++)
        {
          a.dim[i] = mask >> i & 1 ? full[i] : 1;
          b.dim[i] = mask >> (4 + i) & 1 ? full[i] : 1;
        }
      EngTensor *x = eng_tensor_new (ENG_DTYPE_FLOAT, &a), *y = eng_tensor_new (ENG_DTYPE_FLOAT, &b);
      for (int64_t i = 0; i < eng_tensor_count (x); i++)
        x->f[i] = (float)(i + 1);
      for (int64_t i = 0; i < eng_tensor_count (y); i++)
        y->f[i] = (float)(100 * (i + 1));
      g_assert_true (eng_shape_broadcast (&a, &b, &out));
      g_autoptr (EngTensor) sum = RUN2 ("Sub", eng_tensor_ref (x), eng_tensor_ref (y));
      g_assert_true (eng_shape_equal (&sum->shape, &out));
      int64_t sa[4], sb[4], k = 0;
      eng_shape_strides (&a, sa);
      eng_shape_strides (&b, sb);
      for (int64_t i = 0; i < out.dim[0]; i++)
        for (int64_t j = 0; j < out.dim[1]; j++)
          for (int64_t l = 0; l < out.dim[2]; l++)
            for (int64_t m = 0; m < out.dim[3]; m++, k++)
              {
                int64_t ia = (a.dim[0] > 1) * i * sa[0] + (a.dim[1] > 1) * j * sa[1] + (a.dim[2] > 1) * l * sa[2]
                             + (a.dim[3] > 1) * m * sa[3];
                int64_t ib = (b.dim[0] > 1) * i * sb[0] + (b.dim[1] > 1) * j * sb[1] + (b.dim[2] > 1) * l * sb[2]
                             + (b.dim[3] > 1) * m * sb[3];
                g_assert_cmpfloat (sum->f[k], ==, x->f[ia] - y->f[ib]);
              }
      eng_tensor_unref (x);
      eng_tensor_unref (y);
    }
}

/* A large case crosses the blocks and threads of the folds: sums of small integers are exact. */
static void
test_large_sums (void)
{
  EngShape shape = ENG_SHAPE (3, 1100, 37), last = ENG_SHAPE (2000, 1500);
  EngTensor *x = eng_tensor_new (ENG_DTYPE_FLOAT, &shape), *y = eng_tensor_new (ENG_DTYPE_FLOAT, &last);
  for (int64_t i = 0; i < eng_tensor_count (x); i++)
    x->f[i] = (float)(i % 7);
  for (int64_t i = 0; i < eng_tensor_count (y); i++)
    y->f[i] = (float)(i % 5);
  for (int64_t axis = 0; axis < 3; axis++)
    {
      EngTensor *t = RUN2 ("ReduceSum", eng_tensor_ref (x), INTS (ENG_DTYPE_INT64, axis));
      int64_t inner = eng_shape_span (&shape, (int)axis + 1, 3), n = shape.dim[axis];
      for (int64_t i = 0; i < eng_tensor_count (t); i++)
        {
          float sum = 0;
          for (int64_t k = 0; k < n; k++)
            sum += x->f[(i / inner * n + k) * inner + i % inner];
          g_assert_cmpfloat (t->f[i], ==, sum);
        }
      eng_tensor_unref (t);
    }
  EngTensor *columns = RUN2 ("ReduceSum", eng_tensor_ref (y), INTS (ENG_DTYPE_INT64, 0));
  EngTensor *all = RUN1 ("ReduceSum", eng_tensor_ref (y));
  g_assert_cmpfloat (all->f[0], ==, 2 * 2000 * 1500);
  for (int i = 0; i < 1500; i++)
    g_assert_cmpfloat (columns->f[i], ==, 2000 * (i % 5));
  eng_tensor_unref (columns);
  eng_tensor_unref (all);
  eng_tensor_unref (x);
  eng_tensor_unref (y);
}

static void
test_refusals (void)
{
  static const struct
  {
    const char *op, *word;
    int64_t to;
  } casts[] = { { "Cast", "string", ENG_DTYPE_STRING },
                { "Cast", "uint64", ENG_DTYPE_UINT64 },
                { "Cast", "8-bit", 17 },
                { "Cast", "complex64", 14 },
                { "Cast", "not supported", -9 },
                { "Cast", "not supported", 1000 } };
  for (guint i = 0; i < G_N_ELEMENTS (casts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (evaluate (casts[i].op, 19, eng_attrs_int (eng_attrs_new (), "to", casts[i].to), FLOATS (1), NULL,
                               NULL, &error));
      g_assert_nonnull (strstr (error->message, casts[i].word));
    }
  g_autoptr (GError) shapes = NULL, types = NULL, training = NULL, axis = NULL;
  g_assert_null (evaluate ("Add", 14, NULL, FLOATS (1, 2), FLOATS (1, 2, 3), NULL, &shapes));
  g_assert_nonnull (strstr (shapes->message, "broadcast"));
  g_assert_null (evaluate ("Add", 14, NULL, FLOATS (1, 2), INTS (ENG_DTYPE_INT32, 1, 2), NULL, &types));
  g_assert_nonnull (strstr (types->message, "int32"));
  g_assert_null (
      evaluate ("Dropout", 13, NULL, FLOATS (1), eng_tensor_new_scalar (0.5f), INTS (ENG_DTYPE_BOOL, 1), &training));
  g_assert_nonnull (strstr (training->message, "training_mode"));
  g_assert_null (evaluate ("ReduceSum", 13, NULL, FLOATS (1), INTS (ENG_DTYPE_INT64, 4), NULL, &axis));
  g_assert_nonnull (strstr (axis->message, "axis 4"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/elementwise/not-a-number", test_not_a_number);
  g_test_add_func ("/elementwise/integers", test_integers);
  g_test_add_func ("/elementwise/cast", test_cast);
  g_test_add_func ("/elementwise/empty", test_empty);
  g_test_add_func ("/elementwise/newer-opsets", test_newer_opsets);
  g_test_add_func ("/elementwise/gradient-edges", test_gradient_edges);
  g_test_add_func ("/elementwise/broadcasting", test_broadcasting);
  g_test_add_func ("/elementwise/large-sums", test_large_sums);
  g_test_add_func ("/elementwise/refusals", test_refusals);
  return g_test_run ();
}
