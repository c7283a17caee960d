/* Layers where ONNX's packaged cases are silent: operators of opsets 18 to 21, windows at the edge, and
 * parameters that contradict themselves, which must be refused with a reason. Numbers are those of the
 * operators' definitions, worked out by hand or printed in the text of newer opsets. Operators are
 * evaluated by folding constants. */
#include "nn/op.h"
#include "nn/pass.h"

#include <math.h>
#include <string.h>

static EngShape
shape_of (const char *text)
{
  EngShape s = { 0 };
  g_auto (GStrv) parts = g_strsplit (text, "x", -1);
  for (int i = 0; parts[i] && *parts[i]; i++)
    s.dim[s.rank++] = g_ascii_strtoll (parts[i], NULL, 10);
  return s;
}

/* 1, 2, 3, ... (transfer full) */
static EngTensor *
counting (const char *shape)
{
  EngShape s = shape_of (shape);
  EngTensor *t = eng_tensor_new (ENG_DTYPE_FLOAT, &s);
  for (int64_t i = 0; i < eng_tensor_count (t); i++)
    t->f[i] = (float)(i + 1);
  return t;
}

static EngTensor *
floats (const char *shape, const float *v)
{
  EngShape s = shape_of (shape);
  return eng_tensor_new_floats (v, &s);
}

#define FLOATS(shape, ...) floats (shape, (const float[]){ __VA_ARGS__ })
#define INTS(...) eng_tensor_new_ints ((const int64_t[]){ __VA_ARGS__ }, G_N_ELEMENTS (((int64_t[]){ __VA_ARGS__ })))
#define INT_LIST(attrs, name, ...)                                                                                   \
  eng_attrs_ints (attrs, name, (const int64_t[]){ __VA_ARGS__ }, G_N_ELEMENTS (((int64_t[]){ __VA_ARGS__ })))

/* The first output for up to four constant inputs (transfer full, NULL: absent). (transfer full) */
static EngTensor *
evaluate (const char *op, int opset, EngAttrs *attrs, EngTensor *const *tensors, GError **error)
{
  g_autoptr (EngGraph) graph = eng_graph_new ();
  EngValue *inputs[4] = { NULL }, *output;
  int n = 0;
  for (int i = 0; i < 4; i++)
    if (tensors[i])
      {
        inputs[i] = eng_graph_add_constant (graph, NULL, ENG_VALUE_CONSTANT, tensors[i]);
        n = i + 1;
      }
  if (!eng_graph_add_node (graph, op, opset, "tested", attrs, inputs, n, NULL, &output, 1, error))
    return NULL;
  return eng_tensor_ref (output->constant);
}

static EngTensor *
run (const char *op, int opset, EngAttrs *attrs, EngTensor *a, EngTensor *b, EngTensor *c, EngTensor *d)
{
  g_autoptr (GError) error = NULL;
  EngTensor *tensors[] = { a, b, c, d }, *y = evaluate (op, opset, attrs, tensors, &error);
  g_assert_no_error (error);
  return y;
}

/* @t: (transfer full). Tolerance: the printed numbers have 7 to 8 digits. */
static void
expect (EngTensor *t, const char *shape, const float *want)
{
  EngShape s = shape_of (shape);
  g_assert_true (eng_shape_equal (&t->shape, &s));
  for (int64_t i = 0; i < eng_tensor_count (t); i++)
    if (isnan (want[i]))
      g_assert_true (isnan (t->f[i]));
    else
      g_assert_cmpfloat_with_epsilon (t->f[i], want[i], 2e-6 * (1 + fabsf (want[i])));
  eng_tensor_unref (t);
}

#define EXPECT(t, shape, ...) expect (t, shape, (const float[]){ __VA_ARGS__ })

static EngAttrs *
resize_attrs (const char *mode)
{
  return eng_attrs_string (eng_attrs_new (), "mode", mode);
}

static void
test_antialias (void)
{
  EngAttrs *a = eng_attrs_int (resize_attrs ("linear"), "antialias", 1);
  EXPECT (run ("Resize", 18, a, counting ("1x1x4x4"), NULL, FLOATS ("4", 1, 1, 0.6f, 0.6f), NULL), "1x1x2x2", 2.875f,
          4.5f, 9.375f, 11);
  a = eng_attrs_int (resize_attrs ("linear"), "antialias", 1);
  EXPECT (run ("Resize", 18, a, counting ("1x1x4x4"), NULL, NULL, INTS (1, 1, 3, 3)), "1x1x3x3", 2.3636363f,
          3.590909f, 4.818182f, 7.2727275f, 8.5f, 9.727273f, 12.181818f, 13.409091f, 14.636364f);
  a = eng_attrs_int (resize_attrs ("cubic"), "antialias", 1);
  EXPECT (run ("Resize", 19, a, counting ("1x1x4x4"), NULL, FLOATS ("4", 1, 1, 0.6f, 0.6f), NULL), "1x1x2x2",
          2.5180721f, 4.2858863f, 9.589329f, 11.357142f);
  a = eng_attrs_int (resize_attrs ("cubic"), "antialias", 1);
  EXPECT (run ("Resize", 18, a, counting ("1x1x4x4"), NULL, NULL, INTS (1, 1, 3, 3)), "1x1x3x3", 1.7750092f,
          3.1200073f, 4.4650054f, 7.1550016f, 8.5f, 9.844998f, 12.534994f, 13.8799925f, 15.224991f);
}

static void
test_resize_axes (void)
{
  EngAttrs *a = eng_attrs_string (resize_attrs ("nearest"), "keep_aspect_ratio_policy", "not_larger");
  INT_LIST (a, "axes", 2, 3);
  EngTensor *t = run ("Resize", 18, a, counting ("1x1x2x2"), NULL, NULL, INTS (7, 8));
  g_assert_cmpint (t->shape.dim[2], ==, 7);
  g_assert_cmpint (t->shape.dim[3], ==, 7);
  const float rows[2][7] = { { 1, 1, 1, 1, 2, 2, 2 }, { 3, 3, 3, 3, 4, 4, 4 } };
  for (int y = 0; y < 7; y++)
    for (int x = 0; x < 7; x++)
      g_assert_cmpfloat (t->f[y * 7 + x], ==, rows[y > 3][x]);
  eng_tensor_unref (t);
  a = eng_attrs_string (resize_attrs ("nearest"), "keep_aspect_ratio_policy", "not_smaller");
  INT_LIST (a, "axes", 3, 2);
  t = run ("Resize", 18, a, counting ("1x1x2x2"), NULL, NULL, INTS (7, 8));
  g_assert_cmpint (t->shape.dim[2], ==, 8);
  g_assert_cmpint (t->shape.dim[3], ==, 8);
  eng_tensor_unref (t);
  /* The centre of the image stays in the centre although 4 * 0.6 is not whole. */
  a = eng_attrs_string (resize_attrs ("linear"), "coordinate_transformation_mode", "half_pixel_symmetric");
  EXPECT (run ("Resize", 19, a, counting ("1x1x1x4"), NULL, FLOATS ("4", 1, 1, 1, 0.6f), NULL), "1x1x1x2", 1.6666667f,
          3.3333333f);
}

/* Away from the edge a ramp stays a ramp (Keys: for the cubic kernel if a = -0.5), and a constant stays
 * what it is everywhere, antialiased or not. */
static void
test_resize_ramp (void)
{
  static const char *const modes[] = { "linear", "cubic" };
  for (int m = 0; m < 2; m++)
    for (int out = 5; out < 90; out += 7)
      {
        EngAttrs *a = eng_attrs_float (resize_attrs (modes[m]), "cubic_coeff_a", -0.5f);
        g_autoptr (EngTensor) t = run ("Resize", 18, a, counting ("40"), NULL, NULL, INTS (out));
        for (int i = out / 4; i < out - out / 4; i++)
          g_assert_cmpfloat_with_epsilon (t->f[i], (i + 0.5) * 40 / out + 0.5, 1e-4);
        EngTensor *same = counting ("40");
        for (int i = 0; i < 40; i++)
          same->f[i] = 3;
        g_autoptr (EngTensor) c =
            run ("Resize", 18, eng_attrs_int (resize_attrs (modes[m]), "antialias", 1), same, NULL, NULL, INTS (out));
        for (int i = 0; i < out; i++)
          g_assert_cmpfloat_with_epsilon (c->f[i], 3, 1e-5);
      }
}

static void
test_group_norm (void)
{
  /* Two groups of two channels of two elements: mean 0 and 10, variance 5. */
  const float x[] = { -1, 1, -3, 3, 9, 11, 7, 13 };
  const float r = 1 / sqrtf (5);
  EngAttrs *a = eng_attrs_float (eng_attrs_int (eng_attrs_new (), "num_groups", 2), "epsilon", 0);
  EXPECT (run ("GroupNormalization", 18, a, floats ("1x4x2", x), FLOATS ("2", 1, 2), FLOATS ("2", 0, 1), NULL),
          "1x4x2", -r, r, -3 * r, 3 * r, 1 - 2 * r, 1 + 2 * r, 1 - 6 * r, 1 + 6 * r);
  a = eng_attrs_float (eng_attrs_int (eng_attrs_new (), "num_groups", 2), "epsilon", 0);
  EXPECT (run ("GroupNormalization", 21, a, floats ("1x4x2", x), FLOATS ("4", 1, 2, 3, 4), FLOATS ("4", 0, 1, 2, 3),
               NULL),
          "1x4x2", -r, r, 1 - 6 * r, 1 + 6 * r, 2 - 3 * r, 2 + 3 * r, 3 - 12 * r, 3 + 12 * r);
}

static void
test_average_edges (void)
{
  EngAttrs *a = INT_LIST (INT_LIST (eng_attrs_new (), "kernel_shape", 2, 2), "dilations", 2, 2);
  EXPECT (run ("AveragePool", 19, a, counting ("1x1x4x4"), NULL, NULL, NULL), "1x1x2x2", 6, 7, 10, 11);
  /* ceil_mode: what hangs over the padded edge does not count, padding does if asked. */
  a = INT_LIST (INT_LIST (eng_attrs_new (), "kernel_shape", 3), "strides", 2);
  INT_LIST (eng_attrs_int (eng_attrs_int (a, "ceil_mode", 1), "count_include_pad", 1), "pads", 1, 1);
  EXPECT (run ("AveragePool", 19, a, counting ("1x1x4"), NULL, NULL, NULL), "1x1x3", 1, 3, 2);
  a = INT_LIST (INT_LIST (eng_attrs_new (), "kernel_shape", 3), "strides", 2);
  INT_LIST (eng_attrs_int (a, "ceil_mode", 1), "pads", 1, 1);
  EXPECT (run ("AveragePool", 19, a, counting ("1x1x4"), NULL, NULL, NULL), "1x1x3", 1.5f, 3, 4);
  /* A last window that would start in the padding behind the image is left out. */
  a = INT_LIST (INT_LIST (eng_attrs_new (), "kernel_shape", 2), "strides", 3);
  INT_LIST (eng_attrs_int (a, "ceil_mode", 1), "pads", 0, 1);
  EXPECT (run ("MaxPool", 12, a, counting ("1x1x3"), NULL, NULL, NULL), "1x1x1", 2);
  a = INT_LIST (eng_attrs_new (), "kernel_shape", 2);
  EXPECT (run ("MaxPool", 12, a, FLOATS ("1x1x4", 1, NAN, 3, 4), NULL, NULL, NULL), "1x1x3", NAN, NAN, 4);
}

static void
test_products (void)
{
  /* A sum of nothing is zero. */
  EngShape empty[] = { ENG_SHAPE (2, 0), ENG_SHAPE (0, 3) };
  EngTensor *a = eng_tensor_new (ENG_DTYPE_FLOAT, &empty[0]), *b = eng_tensor_new (ENG_DTYPE_FLOAT, &empty[1]);
  EXPECT (run ("MatMul", 13, NULL, a, b, NULL, NULL), "2x3", 0, 0, 0, 0, 0, 0);
  EXPECT (run ("MatMul", 13, NULL, FLOATS ("2", 1, 2), FLOATS ("2", 3, 4), NULL, NULL), "", 11);
  EngAttrs *attrs = eng_attrs_float (eng_attrs_new (), "beta", 0);
  EXPECT (run ("Gemm", 13, attrs, FLOATS ("1x1", 2), FLOATS ("1x1", 3), FLOATS ("1", 5), NULL), "1x1", 6);
}

/* ---- refusals ---- */

static const struct
{
  const char *op;
  int opset;
  const char *inputs[4]; /* shapes of floats */
  struct
  {
    const char *name;
    int n; /* 0: an integer; else a list */
    int64_t v[6];
  } attrs[3];
} refusals[] = {
  { "Conv", 13, { "1x3x8x8", "4x2x3x3" } },
  { "Conv", 13, { "1x3x8x8", "4x3x3" } },
  { "Conv", 13, { "1x3", "4x3" } },
  { "Conv", 13, { "1x3x8x8", "4x3x3x3", "5" } },
  { "Conv", 13, { "1x3x8x8", "4x3x9x3" } },
  { "Conv", 13, { "1x3x8x8", "4x3x3x3" }, { { "strides", 2, { 0, 1 } } } },
  { "Conv", 13, { "1x3x8x8", "4x3x3x3" }, { { "strides", 1, { 1 } } } },
  { "Conv", 13, { "1x3x8x8", "4x3x3x3" }, { { "dilations", 2, { 1, 4 } } } },
  { "Conv", 13, { "1x3x8x8", "4x3x3x3" }, { { "dilations", 2, { 1, G_MAXINT64 } } } },
  { "Conv", 13, { "1x3x8x8", "4x3x3x3" }, { { "pads", 4, { 1, 1, -1, 1 } } } },
  { "Conv", 13, { "1x3x8x8", "4x3x3x3" }, { { "pads", 4, { 1, 1, G_MAXINT64, 1 } } } },
  { "Conv", 13, { "1x3x8x8", "4x3x3x3" }, { { "pads", 4, { 1 << 20, 1 << 20, 1 << 20, 1 << 20 } } } },
  { "Conv", 13, { "1x3x8x8", "4x3x3x3" }, { { "group", 0, { 0 } } } },
  { "Conv", 13, { "1x3x8x8", "4x3x3x3" }, { { "group", 0, { 2 } } } },
  { "Conv", 13, { "1x3x8x8", "4x3x3x3" }, { { "kernel_shape", 2, { 5, 5 } } } },
  { "Conv", 13, { "1x3x0x8", "4x3x3x3" } },
  { "ConvTranspose", 13, { "1x3x8x8", "4x3x3x3" } },
  { "ConvTranspose", 13, { "1x3x2x2", "3x4x3x3" }, { { "pads", 4, { 3, 3, 3, 3 } } } },
  { "ConvTranspose", 13, { "1x3x2x2", "3x4x3x3" }, { { "output_padding", 2, { 1, 0 } } } },
  { "ConvTranspose", 13, { "1x3x2x2", "3x4x3x3" }, { { "output_shape", 2, { 0, 4 } } } },
  { "ConvTranspose", 13, { "1x3x2x2", "3x4x3x3" }, { { "output_shape", 2, { G_MAXINT64, 4 } } } },
  { "MatMul", 13, { "2x3", "4x5" } },
  { "MatMul", 13, { "2x3x4", "3x4x5" } },
  { "MatMul", 13, { "", "4x5" } },
  { "Gemm", 13, { "2x3", "4x5" } },
  { "Gemm", 13, { "2x3", "3x5", "2x4" } },
  { "Gemm", 13, { "1x2x3", "3x5" } },
  { "MaxPool", 13, { "1x1x4x4" } },
  { "MaxPool", 13, { "1x1x4x4" }, { { "kernel_shape", 2, { 5, 5 } } } },
  { "MaxPool", 13, { "1x1x4x4" }, { { "kernel_shape", 2, { 0, 2 } } } },
  { "MaxPool", 13, { "1x1x4x4" }, { { "kernel_shape", 2, { 2, 2 } }, { "pads", 4, { 2, 0, 0, 0 } } } },
  { "AveragePool",
    19,
    { "1x1x1" },
    { { "kernel_shape", 1, { 2 } }, { "dilations", 1, { 3 } }, { "pads", 2, { 2, 2 } } } },
  { "LpPool", 18, { "1x1x4x4" }, { { "kernel_shape", 2, { 2, 2 } }, { "p", 0, { 0 } } } },
  { "GlobalAveragePool", 13, { "3" } },
  { "BatchNormalization", 14, { "1x3x2", "3", "3", "3" } },
  { "GroupNormalization", 18, { "1x3x2", "2", "2" }, { { "num_groups", 0, { 2 } } } },
  { "GroupNormalization", 21, { "1x4x2", "2", "2" }, { { "num_groups", 0, { 2 } } } },
  { "InstanceNormalization", 13, { "1x3x2", "2", "3" } },
  { "LayerNormalization", 17, { "2x3", "2" } },
  { "LayerNormalization", 17, { "2x3", "3" }, { { "axis", 0, { 2 } } } },
  { "LRN", 13, { "1x3x2" }, { { "size", 0, { 0 } } } },
  { "LpNormalization", 13, { "1x3x2" }, { { "p", 0, { 3 } } } },
  { "MeanVarianceNormalization", 13, { "1x3" } },
  { "Resize", 13, { "1x1x4x4" } },
  { "Resize", 13, { "1x1x4x4", NULL, "3" } },
  { "Resize", 18, { "1x1x4x4", NULL, "2" }, { { "axes", 2, { 2, 2 } } } },
  { "Resize", 18, { "1x1x4x4", NULL, "1" }, { { "axes", 1, { 4 } } } },
  { "DepthToSpace", 13, { "1x3x2x2" }, { { "blocksize", 0, { 2 } } } },
  { "DepthToSpace", 13, { "1x4x2x2" } },
  { "SpaceToDepth", 13, { "1x4x2x3" }, { { "blocksize", 0, { 2 } } } },
};

static void
test_refusals (void)
{
  for (guint row = 0; row < G_N_ELEMENTS (refusals); row++)
    {
      g_autoptr (GError) error = NULL;
      EngAttrs *attrs = eng_attrs_new ();
      EngTensor *tensors[4] = { NULL };
      for (int i = 0; i < 4; i++)
        if (refusals[row].inputs[i])
          tensors[i] = counting (refusals[row].inputs[i]);
      for (int i = 0; i < 3 && refusals[row].attrs[i].name; i++)
        {
          const char *name = refusals[row].attrs[i].name;
          const int64_t *v = refusals[row].attrs[i].v;
          if (refusals[row].attrs[i].n)
            eng_attrs_ints (attrs, name, v, refusals[row].attrs[i].n);
          else
            eng_attrs_int (attrs, name, v[0]);
        }
      EngTensor *t = evaluate (refusals[row].op, refusals[row].opset, attrs, tensors, &error);
      if (t)
        {
          g_test_message ("row %u, %s, was not refused", row, refusals[row].op);
          g_test_fail ();
          eng_tensor_unref (t);
        }
      else
        g_test_message ("%s", error->message);
    }
}

/* Sizes and scales that cannot be, given as constants. */
static void
test_resize_refusals (void)
{
  static const float scales[][2] = { { 0, 1 }, { -1, 1 }, { 0.1f, 1 }, { 1e30f, 1 }, { NAN, 1 } };
  for (guint i = 0; i < G_N_ELEMENTS (scales); i++)
    {
      g_autoptr (GError) error = NULL;
      EngTensor *tensors[] = { counting ("4x4"), NULL, floats ("2", scales[i]), NULL };
      g_assert_null (evaluate ("Resize", 13, NULL, tensors, &error));
      g_assert_nonnull (error);
    }
  static const int64_t sizes[][2] = { { 0, 1 }, { -1, 1 }, { G_MAXINT64, 1 } };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      EngTensor *tensors[] = { counting ("4x4"), NULL, NULL, eng_tensor_new_ints (sizes[i], 2) };
      g_assert_null (evaluate ("Resize", 13, NULL, tensors, &error));
      g_assert_nonnull (error);
    }
  const char *attributes[] = { "mode", "nearest_mode", "coordinate_transformation_mode" };
  for (guint i = 0; i < G_N_ELEMENTS (attributes); i++)
    {
      g_autoptr (GError) error = NULL;
      EngTensor *tensors[] = { counting ("4x4"), NULL, NULL, INTS (2, 2) };
      EngAttrs *a = eng_attrs_string (eng_attrs_new (), attributes[i], "unheard-of");
      g_assert_null (evaluate ("Resize", 13, a, tensors, &error));
      g_assert_nonnull (error);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layers/resize/antialias", test_antialias);
  g_test_add_func ("/layers/resize/axes", test_resize_axes);
  g_test_add_func ("/layers/resize/ramp", test_resize_ramp);
  g_test_add_func ("/layers/resize/refusals", test_resize_refusals);
  g_test_add_func ("/layers/group-norm", test_group_norm);
  g_test_add_func ("/layers/pool-edges", test_average_edges);
  g_test_add_func ("/layers/products", test_products);
  g_test_add_func ("/layers/refusals", test_refusals);
  return g_test_run ();
}
