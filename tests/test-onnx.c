/* Reading ONNX files: what is understood, what is folded away, and what is refused with which words. */
#include "nn/pass.h"
#include "onnx-maker.h"
#include "onnx/onnx.h"
#include "support.h"

#include <gio/gio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define FLOATS(...) ((const float[]){ __VA_ARGS__ })
#define INTS(...) ((const int64_t[]){ __VA_ARGS__ })

/* ---- helpers ---- */

static EngOnnx *
load (OnnxMaker *maker, const char *folder, GError **error)
{
  g_autoptr (GBytes) bytes = onnx_maker_finish (maker);
  return eng_onnx_load_bytes (bytes, "tiny.onnx", folder, error);
}

/* Frees @maker; its model must load. */
static EngOnnx *
load_sound (OnnxMaker *maker)
{
  g_autoptr (GError) error = NULL;
  EngOnnx *onnx = load (maker, NULL, &error);
  g_assert_no_error (error);
  return onnx;
}

static EngGraph *
build_sound (EngOnnx *onnx)
{
  g_autoptr (GError) error = NULL;
  EngGraph *graph = eng_onnx_build (onnx, NULL, 0, &error);
  g_assert_no_error (error);
  return graph;
}

/* The message has to contain each of the words between bars. */
static void
assert_words (const GError *error, const char *words)
{
  g_auto (GStrv) list = g_strsplit (words, "|", -1);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  for (int i = 0; list[i]; i++)
    if (!strstr (error->message, list[i]))
      g_error ("\"%s\" does not say \"%s\"", error->message, list[i]);
}

static void
assert_refused (OnnxMaker *maker, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngOnnx) onnx = load (maker, NULL, &error);
  g_assert_null (onnx);
  assert_words (error, words);
}

static void
assert_build_refused (OnnxMaker *maker, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngOnnx) onnx = load_sound (maker);
  g_autoptr (EngGraph) graph = eng_onnx_build (onnx, NULL, 0, &error);
  g_assert_null (graph);
  assert_words (error, words);
}

/* y = Relu(x * w) with x 2x3. */
static OnnxMaker *
small_model (void)
{
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 2, 2, 3);
  onnx_maker_floats (m, "w", 1, INTS (3), FLOATS (1, -2, 3));
  onnx_maker_node (m, "Mul", "x w", "h");
  onnx_maker_node (m, "Relu", "h", "y");
  onnx_maker_output (m, "y");
  return m;
}

/* Runs a graph with one input on 1, 2, 3, ... and compares its first output. */
static void
assert_result (EngGraph *graph, const float *expected, gsize n)
{
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  EngValue *input = graph->inputs->pdata[0], *output = graph->outputs->pdata[0];
  gsize n_input = (gsize)eng_shape_count (&input->shape);
  g_autofree float *x = g_new (float, n_input), *y = g_new (float, n);
  g_assert_cmpint (eng_shape_count (&output->shape), ==, n);
  eng_pass_want (pass, output);
  g_assert_true (eng_pass_prepare (pass, NULL));
  for (gsize i = 0; i < n_input; i++)
    x[i] = (float)(i + 1);
  eng_pass_write (pass, input, x);
  eng_pass_forward (pass);
  eng_pass_read (pass, output, y);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat (y[i], ==, expected[i]); /* products and sums of small integers are exact */
}

/* ---- what is understood ---- */

static void
test_looking (void)
{
  OnnxMaker *m = onnx_maker_new (13);
  int n;
  onnx_maker_input (m, "image", ENG_DTYPE_FLOAT, 4, -1, 3, 8, 9);
  onnx_maker_node (m, "Relu", "image", "a");
  onnx_maker_node (m, "Relu", "a", "b");
  onnx_maker_output (m, "b");
  onnx_maker_metadata (m, "mean", "0.5");
  g_autoptr (EngOnnx) onnx = load_sound (m);
  const EngOnnxIO *io = eng_onnx_inputs (onnx, &n);
  g_assert_cmpint (n, ==, 1);
  g_assert_cmpstr (io->name, ==, "image");
  g_assert_cmpint (io->dtype, ==, ENG_DTYPE_FLOAT);
  g_assert_cmpint (io->shape.rank, ==, 4);
  g_assert_cmpint (io->shape.dim[0], ==, -1);
  g_assert_cmpint (io->shape.dim[3], ==, 9);
  g_assert_cmpstr (io->symbol[0], ==, "N");
  io = eng_onnx_outputs (onnx, &n);
  g_assert_cmpstr (io->name, ==, "b");
  g_assert_cmpint (eng_onnx_opset (onnx), ==, 13);
  g_assert_cmpstr (eng_onnx_producer (onnx), ==, "maker 1");
  g_assert_cmpstr (g_hash_table_lookup (eng_onnx_metadata (onnx), "mean"), ==, "0.5");
  g_autoptr (GHashTable) counts = eng_onnx_operators (onnx);
  g_assert_cmpint (GPOINTER_TO_INT (g_hash_table_lookup (counts, "Relu")), ==, 2);
  g_assert_true (eng_onnx_has_op (onnx, "Relu"));
  g_assert_false (eng_onnx_has_op (onnx, "Conv"));
}

static void
test_bindings (void)
{
  OnnxMaker *m = onnx_maker_new (13);
  g_autoptr (GError) error = NULL;
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 2, -1, 3);
  onnx_maker_input (m, "k", ENG_DTYPE_FLOAT, 1, 1);
  onnx_maker_node (m, "Mul", "x k", "y");
  onnx_maker_output (m, "y");
  g_autoptr (EngOnnx) onnx = load_sound (m);
  g_assert_null (eng_onnx_build (onnx, NULL, 0, &error));
  assert_words (error, "tiny.onnx|dimension 0|N|input x");
  g_clear_error (&error);
  float ten = 10;
  EngShape one = ENG_SHAPE (1);
  g_autoptr (EngTensor) k = eng_tensor_new_floats (&ten, &one);
  EngOnnxBinding bindings[] = { { "x", ENG_SHAPE (2, 3), NULL }, { "k", one, k } };
  g_autoptr (EngGraph) graph = eng_onnx_build (onnx, bindings, 2, &error);
  g_assert_no_error (error);
  g_assert_cmpint (graph->inputs->len, ==, 1);
  assert_result (graph, FLOATS (10, 20, 30, 40, 50, 60), 6);
  bindings[0].shape.rank = 1;
  g_assert_null (eng_onnx_build (onnx, bindings, 2, &error));
  assert_words (error, "2 dimensions, 1");
  g_clear_error (&error);
  bindings[0].name = "z";
  g_assert_null (eng_onnx_build (onnx, bindings, 1, &error));
  g_assert_nonnull (error);
}

/* Every type of weight, once as raw bytes and once in its typed field. */
static void
test_weight_types (void)
{
  static const struct
  {
    int dtype, size;
    guint8 raw[16];
    double values[2];
  } cases[] = {
    { ENG_DTYPE_FLOAT, 4, { 0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0 }, { 1.5, -2 } },
    { ENG_DTYPE_DOUBLE, 8, { 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0 }, { 1.5, -2 } },
    { ENG_DTYPE_FLOAT16, 2, { 0, 0x3e, 1, 0x80 }, { 1.5, -5.9604644775390625e-08 } },
    { ENG_DTYPE_BFLOAT16, 2, { 0xc0, 0x3f, 0x80, 0xff }, { 1.5, -INFINITY } },
    { ENG_DTYPE_INT8, 1, { 0x80, 7 }, { -128, 7 } },
    { ENG_DTYPE_UINT8, 1, { 0x80, 7 }, { 128, 7 } },
    { ENG_DTYPE_INT16, 2, { 0, 0x80, 7, 0 }, { -32768, 7 } },
    { ENG_DTYPE_UINT16, 2, { 0, 0x80, 7, 0 }, { 32768, 7 } },
    { ENG_DTYPE_INT32, 4, { 0, 0, 0, 0x80, 7, 0, 0, 0 }, { -2147483648.0, 7 } },
    { ENG_DTYPE_UINT32, 4, { 0, 0, 0, 0x80, 7, 0, 0, 0 }, { 2147483648.0, 7 } },
    { ENG_DTYPE_INT64, 8, { 0xfe, 255, 255, 255, 255, 255, 255, 255, 7 }, { -2, 7 } },
    { ENG_DTYPE_BOOL, 1, { 1, 0 }, { 1, 0 } },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      OnnxMaker *m = onnx_maker_new (13);
      onnx_maker_raw (m, "w", cases[i].dtype, 1, INTS (2), cases[i].raw, 2 * cases[i].size);
      onnx_maker_output (m, "w");
      g_autoptr (EngOnnx) onnx = load_sound (m);
      g_autoptr (EngGraph) graph = build_sound (onnx);
      const EngTensor *t = eng_graph_find (graph, "w")->constant;
      g_assert_cmpint (t->dtype, ==, cases[i].dtype);
      for (int k = 0; k < 2; k++)
        g_assert_cmpfloat (eng_dtype_is_float (t->dtype) ? t->f[k] : (double)t->i[k], ==, cases[i].values[k]);
    }
}

/* Wherever weights lie in the file, they end up where the kernels like them, and live as long as their users. */
static void
test_weight_memory (void)
{
  OnnxMaker *m = onnx_maker_new (13);
  static const char *const names[] = { "a", "bc", "def", "ghij" };
  EngTensor *kept[G_N_ELEMENTS (names)];
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      onnx_maker_floats (m, names[i], 1, INTS (3), FLOATS (i, 10 + i, 20 + i));
      onnx_maker_output (m, names[i]);
    }
  EngOnnx *onnx = load_sound (m);
  EngGraph *graph = build_sound (onnx);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    kept[i] = eng_tensor_ref (eng_graph_find (graph, names[i])->constant);
  eng_graph_unref (graph);
  eng_onnx_free (onnx);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_assert_cmpint ((guintptr)kept[i]->f % 64, ==, 0);
      g_assert_cmpmem (kept[i]->f, 3 * sizeof (float), FLOATS (i, 10 + i, 20 + i), 3 * sizeof (float));
      eng_tensor_unref (kept[i]);
    }
}

static void
test_typed_fields (void)
{
  OnnxMaker *m = onnx_maker_new (13);
  Onnx__TensorProto *half = onnx_maker_raw (m, "half", ENG_DTYPE_FLOAT16, 1, INTS (2), "", 0);
  Onnx__TensorProto *byte = onnx_maker_raw (m, "byte", ENG_DTYPE_UINT8, 0, NULL, "", 0);
  half->has_raw_data = byte->has_raw_data = FALSE;
  half->n_int32_data = 2;
  half->int32_data = g_memdup2 (((int32_t[]){ 0x3c00, 0xc000 }), 8);
  byte->n_int32_data = 1;
  byte->int32_data = g_memdup2 (((int32_t[]){ 255 }), 4);
  onnx_maker_output (m, "half");
  onnx_maker_output (m, "byte");
  g_autoptr (EngOnnx) onnx = load_sound (m);
  g_autoptr (EngGraph) graph = build_sound (onnx);
  const EngTensor *t = eng_graph_find (graph, "half")->constant;
  g_assert_cmpfloat (t->f[0], ==, 1);
  g_assert_cmpfloat (t->f[1], ==, -2);
  t = eng_graph_find (graph, "byte")->constant;
  g_assert_cmpint (t->i[0], ==, 255);
  g_assert_cmpint (t->shape.rank, ==, 0);
}

/* A function in a function, with an attribute handed down, called twice. */
static void
test_functions (void)
{
  OnnxMaker *m = onnx_maker_new (13), *inner = onnx_maker_new (13), *outer = onnx_maker_new (13);
  onnx_maker_reference (onnx_maker_node (inner, "LeakyRelu", "a", "t"), "alpha", "slope");
  onnx_maker_node (inner, "Add", "t t", "b");
  onnx_maker_function (m, "Inner", "a", "b", "slope", inner);
  onnx_maker_reference (onnx_maker_node (outer, "local:Inner", "p", "q"), "slope", "steep");
  onnx_maker_node (outer, "Neg", "q", "r");
  onnx_maker_function (m, "Outer", "p", "r p", "steep", outer);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 1, 2);
  onnx_maker_float (onnx_maker_node (m, "local:Outer", "x", "y same"), "steep", 3);
  onnx_maker_float (onnx_maker_node (m, "local:Outer", "y", "z"), "steep", 3);
  onnx_maker_node (m, "Add", "z same", "sum");
  onnx_maker_output (m, "sum");
  g_autoptr (EngOnnx) onnx = load_sound (m);
  g_autoptr (EngGraph) graph = build_sound (onnx);
  g_assert_nonnull (eng_graph_find (graph, "y/q"));
  g_assert_nonnull (eng_graph_find (graph, "y/q/t"));
  g_assert_nonnull (eng_graph_find (graph, "z/q/t"));
  g_assert_false (eng_onnx_has_op (onnx, "Outer"));
  /* x > 0: y = -2x < 0; z = -2 * 3y = 12x; sum = 13x */
  assert_result (graph, FLOATS (13, 26), 2);
}

/* @condition: 0 or 1 as a constant; -1: an input. */
static OnnxMaker *
model_with_if (int condition)
{
  OnnxMaker *m = onnx_maker_new (13), *then = onnx_maker_new (13), *other = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 1, 2);
  guint8 byte = condition == 1;
  if (condition < 0)
    onnx_maker_input (m, "c", ENG_DTYPE_BOOL, 0);
  else
    onnx_maker_raw (m, "c", ENG_DTYPE_BOOL, 0, NULL, &byte, 1);
  onnx_maker_node (m, "Neg", "x", "outside");
  onnx_maker_node (then, "Add", "outside x", "t");
  onnx_maker_node (then, "Add", "t t", "result");
  onnx_maker_output (then, "result");
  onnx_maker_output (other, "x");
  Onnx__NodeProto *node = onnx_maker_node (m, "If", "c", "y");
  onnx_maker_branch (node, "then_branch", then);
  onnx_maker_branch (node, "else_branch", other);
  onnx_maker_node (m, "Add", "y x", "z");
  onnx_maker_output (m, "z");
  return m;
}

/* The default value of a function's attribute, here a tensor: field 11, which is newer than some onnx.proto. */
static void
add_default (Onnx__FunctionProto *function, Onnx__AttributeProto *attribute)
{
  gsize n = onnx__attribute_proto__get_packed_size (attribute);
  ProtobufCMessageUnknownField *field = malloc (sizeof *field);
  g_assert_cmpint (n, <, 128); /* its length is one byte */
  *field = (ProtobufCMessageUnknownField){ 11, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, n + 1, malloc (n + 1) };
  field->data[0] = (guint8)n;
  onnx__attribute_proto__pack (attribute, field->data + 1);
  function->base.n_unknown_fields = 1;
  function->base.unknown_fields = field;
}

static void
test_function_defaults (void)
{
  OnnxMaker *m = onnx_maker_new (13), *body = onnx_maker_new (13);
  onnx_maker_reference (onnx_maker_node (body, "Constant", "", "c"), "value", "table");
  onnx_maker_node (body, "Mul", "a c", "b");
  onnx_maker_function (m, "Scale", "a", "b", "", body);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 1, 2);
  onnx_maker_node (m, "local:Scale", "x", "y");
  onnx_maker_output (m, "y");
  Onnx__TensorProto tensor = ONNX__TENSOR_PROTO__INIT;
  Onnx__AttributeProto attribute = ONNX__ATTRIBUTE_PROTO__INIT;
  tensor.has_data_type = tensor.has_raw_data = attribute.has_type = TRUE;
  tensor.data_type = ENG_DTYPE_FLOAT;
  tensor.n_dims = 1;
  tensor.dims = (int64_t[]){ 2 };
  tensor.raw_data = (ProtobufCBinaryData){ 8, (guint8 *)FLOATS (3, -5) };
  attribute.name = (char *)"table";
  attribute.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
  attribute.t = &tensor;
  add_default (m->model->functions[0], &attribute);
  g_autoptr (EngOnnx) onnx = load_sound (m);
  g_autoptr (EngGraph) graph = build_sound (onnx);
  assert_result (graph, FLOATS (3, -10), 2);
}

static void
test_if (void)
{
  for (int condition = 0; condition < 2; condition++)
    {
      g_autoptr (EngOnnx) onnx = load_sound (model_with_if (condition));
      g_autoptr (EngGraph) graph = build_sound (onnx);
      assert_result (graph, condition ? FLOATS (1, 2) : FLOATS (2, 4), 2);
    }
  assert_build_refused (model_with_if (-1), "tiny.onnx: node y (If): |condition");
}

static void
test_order (void)
{
  OnnxMaker *m = small_model ();
  Onnx__NodeProto **nodes = m->graph->node, *first = nodes[0];
  nodes[0] = nodes[1];
  nodes[1] = first;
  g_autoptr (EngOnnx) onnx = load_sound (m);
  g_autoptr (EngGraph) graph = build_sound (onnx);
  assert_result (graph, FLOATS (1, 0, 9, 4, 0, 18), 6);
}

static void
test_constant_nodes (void)
{
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 1, 2);
  onnx_maker_float (onnx_maker_node (m, "Constant", "", "half"), "value_float", 0.5f);
  onnx_maker_node (m, "Mul", "x half", "y");
  onnx_maker_output (m, "y");
  g_autoptr (EngOnnx) onnx = load_sound (m);
  g_autoptr (EngGraph) graph = build_sound (onnx);
  g_assert_cmpint (graph->nodes->len, ==, 1);
  assert_result (graph, FLOATS (0.5f, 1), 2);
}

/* What nobody needs does no harm: unknown nodes, text, outputs that are not supported. */
static void
test_dead_code (void)
{
  OnnxMaker *m = small_model ();
  onnx_maker_node (m, "Mystery", "h", "nowhere");
  onnx_maker_node (m, "com.somebody:Thing", "nowhere", "nowhere2");
  onnx_maker_raw (m, "label", ENG_DTYPE_STRING, 1, INTS (1), "", 0);
  g_autoptr (EngOnnx) onnx = load_sound (m);
  g_autoptr (EngGraph) graph = build_sound (onnx);
  g_assert_cmpint (graph->nodes->len, ==, 2);
  g_assert_null (eng_graph_find (graph, "label"));
}

/* ---- what is refused ---- */

static void
test_opsets (void)
{
  static const int bad[] = { 0, 5, 6, 22, 99 };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *words = g_strdup_printf ("tiny.onnx is of opset %d|7 to 21|Export", bad[i]);
      OnnxMaker *m = small_model ();
      m->model->opset_import[0]->version = bad[i];
      assert_refused (m, words);
    }
  OnnxMaker *m = onnx_maker_new (-1);
  onnx_maker_node (m, "Relu", "x", "y");
  onnx_maker_output (m, "y");
  assert_refused (m, "no opset|Export");
}

static void
test_operators (void)
{
  OnnxMaker *m = small_model ();
  onnx_maker_node (m, "Mystery", "y", "odd");
  onnx_maker_output (m, "odd");
  assert_build_refused (m, "tiny.onnx: node odd (Mystery): operator Mystery is not supported. Export");
  m = small_model ();
  onnx_maker_node (m, "com.somebody:Relu", "y", "odd");
  onnx_maker_output (m, "odd");
  assert_build_refused (m, "tiny.onnx: node odd (Relu): |domain com.somebody|Export");
  m = small_model ();
  onnx_maker_node (m, "QuantizeLinear", "y w", "odd");
  onnx_maker_output (m, "odd");
  assert_build_refused (m, "node odd (QuantizeLinear)|before it is quantized");
  m = small_model ();
  onnx_maker_node (m, "Loop", "", "odd");
  onnx_maker_output (m, "odd");
  assert_build_refused (m, "node odd (Loop)|without loops");
}

static void
test_broken_graphs (void)
{
  OnnxMaker *m = small_model ();
  onnx_maker_node (m, "Add", "b w", "a");
  onnx_maker_node (m, "Relu", "a", "b");
  assert_refused (m, "tiny.onnx: node |cycle");
  m = small_model ();
  onnx_maker_node (m, "Relu", "self", "self");
  assert_refused (m, "node self (Relu)|cycle");
  m = small_model ();
  onnx_maker_node (m, "Relu", "x", "h");
  assert_refused (m, "value h is defined twice");
  m = small_model ();
  onnx_maker_floats (m, "w", 0, NULL, FLOATS (1));
  assert_refused (m, "initializer w is defined twice");
  m = small_model ();
  onnx_maker_node (m, "Relu", "ghost", "g");
  assert_refused (m, "node g (Relu): its input ghost");
  m = small_model ();
  onnx_maker_output (m, "ghost");
  assert_refused (m, "output ghost");
  m = onnx_maker_new (13);
  assert_refused (m, "no network");
  m = onnx_maker_new (13);
  onnx_maker_node (m, "Relu", "x", "y");
  assert_refused (m, "no output");
  m = small_model ();
  onnx_maker_node (m, "local:F", "x", "f");
  OnnxMaker *body = onnx_maker_new (13);
  onnx_maker_node (body, "local:F", "a", "b");
  onnx_maker_function (m, "F", "a", "b", "", body);
  assert_refused (m, "(F): the function calls itself");
}

static void
test_no_input (void)
{
  OnnxMaker *m = onnx_maker_new (13);
  int n;
  onnx_maker_floats (m, "w", 1, INTS (1), FLOATS (2));
  onnx_maker_node (m, "Relu", "w", "y");
  onnx_maker_output (m, "y");
  /* A graph without inputs is a constant; that it is no classifier is the model's to say. */
  g_autoptr (EngOnnx) onnx = load_sound (m);
  eng_onnx_inputs (onnx, &n);
  g_assert_cmpint (n, ==, 0);
  g_autoptr (EngGraph) graph = build_sound (onnx);
  g_assert_cmpfloat (((EngValue *)graph->outputs->pdata[0])->constant->f[0], ==, 2);
}

static void
test_types (void)
{
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "s", ENG_DTYPE_STRING, 1, 1);
  onnx_maker_node (m, "Relu", "s", "y");
  onnx_maker_output (m, "y");
  assert_refused (m, "input s is of type string");
  m = small_model ();
  m->graph->input[0]->type->tensor_type->elem_type = 19;
  assert_refused (m, "input x is of type float8e5m2");
  m = small_model ();
  onnx_maker_raw (m, "label", ENG_DTYPE_UINT64, 1, INTS (1), "12345678", 8);
  onnx_maker_output (m, "label");
  assert_build_refused (m, "initializer label is of type uint64");
  m = small_model ();
  m->graph->initializer[0]->data_type = 77;
  assert_build_refused (m, "initializer w is of type an unknown type");
}

static void
test_sizes (void)
{
  static const struct
  {
    int rank;
    int64_t dims[9];
    const char *words;
  } cases[] = {
    { 1, { 4 }, "initializer w is 4, that is 4 values, but 3 are stored" },
    { 1, { 0 }, "but 3 are stored" },
    { 1, { -3 }, "initializer w: dimension 0" },
    { 1, { G_MAXINT64 }, "initializer w: dimension 0" },
    { 3, { 1 << 30, 1 << 30, 1 << 30 }, "initializer w: a shape has too many elements" },
    { 2, { (int64_t)1 << 39, 1 }, "but 3 are stored" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      OnnxMaker *m = small_model ();
      Onnx__TensorProto *w = m->graph->initializer[0];
      w->dims = g_realloc (w->dims, sizeof cases[i].dims);
      memcpy (w->dims, cases[i].dims, sizeof cases[i].dims);
      w->n_dims = cases[i].rank;
      assert_refused (m, cases[i].words);
    }
  OnnxMaker *m = small_model ();
  m->graph->initializer[0]->n_dims = 9;
  m->graph->initializer[0]->dims = g_realloc (m->graph->initializer[0]->dims, 9 * sizeof (int64_t));
  for (int i = 0; i < 9; i++)
    m->graph->initializer[0]->dims[i] = 1;
  assert_build_refused (m, "initializer w has 9 dimensions");
  m = small_model ();
  m->graph->initializer[0]->raw_data.len = 11;
  assert_refused (m, "initializer w");
  m = small_model ();
  for (int i = 0; i < 2; i++)
    m->graph->input[0]->type->tensor_type->shape->dim[i]->dim_value = (int64_t)1 << 40;
  assert_build_refused (m, "tiny.onnx: its input x: a shape has too many elements");
}

static void
test_nan (void)
{
  OnnxMaker *m = small_model ();
  ((float *)m->graph->initializer[0]->raw_data.data)[1] = NAN;
  assert_refused (m, "1 of the 3 values of initializer w are NaN");
  m = small_model ();
  ((float *)m->graph->initializer[0]->raw_data.data)[1] = -INFINITY;
  eng_onnx_free (load_sound (m)); /* attention masks are made of these */
}

/* Thirty functions, each calling the one before twice, are a thousand million nodes. */
static void
test_growth (void)
{
  OnnxMaker *m = small_model ();
  for (int i = 0; i < 30; i++)
    {
      g_autofree char *name = g_strdup_printf ("F%d", i), *call = g_strdup_printf ("local:F%d", i - 1);
      OnnxMaker *body = onnx_maker_new (13);
      onnx_maker_node (body, i ? call : "Relu", "a", "b");
      onnx_maker_node (body, i ? call : "Neg", "b", "c");
      onnx_maker_function (m, name, "a", "c", "", body);
    }
  onnx_maker_node (m, "local:F29", "x", "z");
  assert_refused (m, "tiny.onnx: its functions grow too large");
}

/* Up to IR version 3 initializers are inputs as well; a caller is not asked for them. */
static void
test_old_inputs (void)
{
  OnnxMaker *m = small_model ();
  int n;
  onnx_maker_input (m, "w", ENG_DTYPE_FLOAT, 1, 3);
  g_autoptr (EngOnnx) onnx = load_sound (m);
  eng_onnx_inputs (onnx, &n);
  g_assert_cmpint (n, ==, 1);
  g_autoptr (EngGraph) graph = build_sound (onnx);
  g_assert_cmpint (graph->inputs->len, ==, 1);
}

static void
test_sparse (void)
{
  OnnxMaker *m = small_model ();
  m->graph->n_sparse_initializer = 1;
  m->graph->sparse_initializer = malloc (sizeof (void *));
  m->graph->sparse_initializer[0] = malloc (sizeof (Onnx__SparseTensorProto));
  onnx__sparse_tensor_proto__init (m->graph->sparse_initializer[0]);
  assert_refused (m, "sparse");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/onnx/looking", test_looking);
  g_test_add_func ("/onnx/bindings", test_bindings);
  g_test_add_func ("/onnx/weights/raw", test_weight_types);
  g_test_add_func ("/onnx/weights/memory", test_weight_memory);
  g_test_add_func ("/onnx/weights/typed", test_typed_fields);
  g_test_add_func ("/onnx/functions", test_functions);
  g_test_add_func ("/onnx/function-defaults", test_function_defaults);
  g_test_add_func ("/onnx/if", test_if);
  g_test_add_func ("/onnx/order", test_order);
  g_test_add_func ("/onnx/constants", test_constant_nodes);
  g_test_add_func ("/onnx/dead-code", test_dead_code);
  g_test_add_func ("/onnx/refused/opsets", test_opsets);
  g_test_add_func ("/onnx/refused/operators", test_operators);
  g_test_add_func ("/onnx/refused/graphs", test_broken_graphs);
  g_test_add_func ("/onnx/no-input", test_no_input);
  g_test_add_func ("/onnx/refused/types", test_types);
  g_test_add_func ("/onnx/refused/sizes", test_sizes);
  g_test_add_func ("/onnx/refused/nan", test_nan);
  g_test_add_func ("/onnx/refused/sparse", test_sparse);
  g_test_add_func ("/onnx/refused/growth", test_growth);
  g_test_add_func ("/onnx/old-inputs", test_old_inputs);
  return g_test_run ();
}
