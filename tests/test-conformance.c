/* ONNX's own conformance cases (Debian: libonnx-testdata): each model is loaded, built, run and compared
 * with the outputs that stand beside it. A case passes, is refused with a reason, or is wrong; there
 * must be none of the last kind. Run with --verbose for a line per case. */
#include "nn/pass.h"
#include "onnx/onnx-private.h"
#include "support.h"

#include <math.h>
#include <string.h>

/* What the issue asks for; the rest needs operators that no image classifier has. */
#define LEAST_PASSED 500

typedef struct
{
  guint passed, refused, wrong;
  GHashTable *reasons; /* what was named -> count */
} Tally;

/* ---- test data ---- */

/* Two cases of this version store bfloat16 as the bits, in uint16. */
static EngTensor *
from_bits (EngTensor *bits)
{
  EngTensor *tensor = eng_tensor_new (ENG_DTYPE_BFLOAT16, &bits->shape);
  for (int64_t k = 0; k < eng_tensor_count (bits); k++)
    tensor->f[k] = eng_bfloat16_to_float ((uint16_t)bits->i[k]);
  eng_tensor_unref (bits);
  return tensor;
}

/* NULL: not there, or of a type that is not supported. */
static EngTensor *
read_tensor (const char *path, EngDtype declared)
{
  /* The reader of weights serves for the data, too: it needs no more of a model than this. */
  EngOnnx reader = { 0 };
  g_autofree char *data = NULL;
  gsize n;
  if (!g_file_get_contents (path, &data, &n, NULL))
    return NULL;
  Onnx__TensorProto *proto = onnx__tensor_proto__unpack (NULL, n, (guint8 *)data);
  if (!proto)
    return NULL;
  /* In a model, raw_data tells where the bytes lie. */
  g_autofree guint8 *raw = proto->raw_data.data;
  OnnxPlace place = { 0, proto->raw_data.len };
  if (proto->has_raw_data)
    {
      reader.source = (OnnxSource){ .fd = -1, .bytes = raw, .size = place.length };
      proto->raw_data = (ProtobufCBinaryData){ sizeof place, malloc (sizeof place) };
      memcpy (proto->raw_data.data, &place, sizeof place);
    }
  reader.tensors = g_hash_table_new (NULL, NULL);
  EngTensor *tensor = eng_onnx_tensor (&reader, proto, path, NULL);
  g_hash_table_unref (reader.tensors);
  onnx__tensor_proto__free_unpacked (proto, NULL);
  return tensor && declared == ENG_DTYPE_BFLOAT16 && tensor->dtype == ENG_DTYPE_UINT16 ? from_bits (tensor) : tensor;
}

static GPtrArray *
read_tensors (const char *folder, const char *kind, const EngOnnxIO *ios, int n)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify)eng_tensor_unref);
  for (int i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s_%d.pb", kind, i), *path = g_build_filename (folder, name, NULL);
      EngTensor *tensor = read_tensor (path, ios[i].dtype);
      if (!tensor)
        break;
      g_ptr_array_add (list, tensor);
    }
  return list;
}

/* ---- comparing ---- */

/* As numpy.allclose with the tolerances of ONNX's own runner; the half types have 11 and 8 bits. */
static gboolean
close_enough (EngDtype dtype, float a, float b)
{
  double relative = dtype == ENG_DTYPE_FLOAT16 || dtype == ENG_DTYPE_BFLOAT16 ? 1e-2 : 1e-3;
  if (isnan (a) || isnan (b) || isinf (a) || isinf (b))
    return (isnan (a) && isnan (b)) || a == b;
  return fabs ((double)a - b) <= 1e-7 + relative * fabs (b);
}

/* What is wrong with @value; NULL: nothing. (transfer full) */
static char *
compare (EngPass *pass, EngValue *value, const EngTensor *expected)
{
  g_autofree char *have = eng_shape_to_string (&value->shape), *want = eng_shape_to_string (&expected->shape);
  gsize n = (gsize)eng_tensor_count (expected);
  if (value->dtype != expected->dtype || !eng_shape_equal (&value->shape, &expected->shape))
    return g_strdup_printf ("%s %s, expected %s %s", eng_dtype_name (value->dtype), have,
                            eng_dtype_name (expected->dtype), want);
  if (eng_dtype_is_float (value->dtype))
    {
      g_autofree float *data = g_new (float, n + 1);
      eng_pass_read (pass, value, data);
      for (gsize k = 0; k < n; k++)
        if (!close_enough (value->dtype, data[k], expected->f[k]))
          return g_strdup_printf ("element %zu is %g, expected %g", k, data[k], expected->f[k]);
      return NULL;
    }
  g_autofree int64_t *data = g_new (int64_t, n + 1);
  eng_pass_read_ints (pass, value, data);
  for (gsize k = 0; k < n; k++)
    if (data[k] != expected->i[k])
      return g_strdup_printf ("element %zu is %" G_GINT64_FORMAT ", expected %" G_GINT64_FORMAT, k, data[k],
                              expected->i[k]);
  return NULL;
}

/* ---- one case ---- */

/* First all inputs are given at run time; then, where operators want constants, the integers are bound
 * (axes, sizes), then everything. */
static EngGraph *
build (EngOnnx *onnx, GPtrArray *tensors, GError **error)
{
  int n;
  const EngOnnxIO *inputs = eng_onnx_inputs (onnx, &n);
  g_autofree EngOnnxBinding *bindings = g_new0 (EngOnnxBinding, n + 1);
  n = MIN (n, (int)tensors->len);
  for (int bound = 0; bound < 3; bound++)
    {
      g_clear_error (error);
      for (int i = 0; i < n; i++)
        {
          EngTensor *t = tensors->pdata[i];
          gboolean bind = bound == 2 || (bound == 1 && !eng_dtype_is_float (t->dtype));
          bindings[i] = (EngOnnxBinding){ inputs[i].name, t->shape, bind ? t : NULL };
        }
      EngGraph *graph = eng_onnx_build (onnx, bindings, n, error);
      if (graph)
        return graph;
    }
  return NULL;
}

/* Gives @pass the inputs that the build left open. */
static void
write_inputs (EngOnnx *onnx, EngPass *pass, EngGraph *graph, GPtrArray *tensors)
{
  int n;
  const EngOnnxIO *inputs = eng_onnx_inputs (onnx, &n);
  for (int i = 0; i < MIN (n, (int)tensors->len); i++)
    {
      const EngTensor *t = tensors->pdata[i];
      EngValue *value = eng_graph_find (graph, inputs[i].name);
      if (value->kind != ENG_VALUE_INPUT)
        continue;
      if (eng_dtype_is_float (t->dtype))
        eng_pass_write (pass, value, t->f);
      else
        eng_pass_write_ints (pass, value, t->i);
    }
}

/* What goes wrong; NULL: nothing. (transfer full) */
static char *
run (EngOnnx *onnx, EngGraph *graph, GPtrArray *inputs, GPtrArray *expected)
{
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  g_autoptr (GError) error = NULL;
  if (expected->len == 0)
    return g_strdup ("no expected output could be read");
  for (guint i = 0; i < graph->outputs->len; i++)
    eng_pass_want (pass, graph->outputs->pdata[i]);
  if (!eng_pass_prepare (pass, &error))
    return g_strdup (error->message);
  write_inputs (onnx, pass, graph, inputs);
  eng_pass_forward (pass);
  for (guint i = 0; i < MIN (graph->outputs->len, expected->len); i++)
    {
      char *difference = compare (pass, graph->outputs->pdata[i], expected->pdata[i]);
      if (difference)
        return difference;
    }
  return NULL;
}

/* What a refusal names: the operator, else the type, else the opset. (transfer full), NULL: nothing. */
static char *
named (const char *message)
{
  static const char *const patterns[] = { "\\((\\w+)\\): operator",
                                          "(?:type|is) ((?:u?int|float|complex|bfloat)[0-9]+|string)",
                                          "\\((\\w+)\\):", "is (a sequence|a map|an optional value|a sparse tensor)",
                                          "(opset [0-9]+)" };
  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autoptr (GRegex) regex = g_regex_new (patterns[i], 0, 0, NULL);
      g_autoptr (GMatchInfo) match = NULL;
      if (g_regex_match (regex, message, 0, &match))
        return g_match_info_fetch (match, 1);
    }
  return NULL;
}

static void
refused (Tally *tally, const char *path, const char *message)
{
  char *what = named (message);
  tally->refused++;
  if (g_test_verbose ())
    g_test_message ("refused %s: %s", path, message);
  if (!what)
    g_error ("%s: a reason that names nothing: %s", path, message);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (tally->reasons, what));
  g_hash_table_replace (tally->reasons, what, GUINT_TO_POINTER (n + 1));
}

static void
try_case (Tally *tally, const char *path)
{
  g_autofree char *model = g_build_filename (path, "model.onnx", NULL);
  g_autofree char *data = g_build_filename (path, "test_data_set_0", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (EngOnnx) onnx = eng_onnx_load (model, &error);
  if (!onnx)
    {
      refused (tally, path, error->message);
      return;
    }
  int n_inputs, n_outputs;
  const EngOnnxIO *ins = eng_onnx_inputs (onnx, &n_inputs), *outs = eng_onnx_outputs (onnx, &n_outputs);
  g_autoptr (GPtrArray) inputs = read_tensors (data, "input", ins, n_inputs);
  g_autoptr (GPtrArray) expected = read_tensors (data, "output", outs, n_outputs);
  g_autoptr (EngGraph) graph = build (onnx, inputs, &error);
  if (!graph)
    {
      refused (tally, path, error->message);
      return;
    }
  g_autofree char *difference = run (onnx, graph, inputs, expected);
  if (difference)
    g_test_message ("WRONG %s: %s", path, difference);
  else if (g_test_verbose ())
    g_test_message ("passed %s", path);
  *(difference ? &tally->wrong : &tally->passed) += 1;
}

/* ---- all cases ---- */

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static void
walk (Tally *tally, const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (const char *name; dir && (name = g_dir_read_name (dir));)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_text);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);
      g_autofree char *model = g_build_filename (path, "model.onnx", NULL);
      if (g_file_test (model, G_FILE_TEST_EXISTS))
        try_case (tally, path);
    }
}

static void
report (const Tally *tally)
{
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (tally->reasons), (GCompareFunc)strcmp);
  g_autoptr (GString) text = g_string_new (NULL);
  for (GList *l = keys; l; l = l->next)
    g_string_append_printf (text, " %s %u,", (char *)l->data,
                            GPOINTER_TO_UINT (g_hash_table_lookup (tally->reasons, l->data)));
  g_test_message ("%u passed, %u refused, %u wrong", tally->passed, tally->refused, tally->wrong);
  g_test_message ("refused for:%s", text->str);
}

static void
test_cases (void)
{
  static const char *const groups[] = { "node", "pytorch-converted", "pytorch-operator", "simple" };
  Tally tally = { .reasons = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) };
  if (!g_file_test (ONNX_TESTDATA, G_FILE_TEST_IS_DIR))
    {
      g_test_skip ("the conformance cases (Debian: libonnx-testdata) are not installed");
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      g_autofree char *folder = g_build_filename (ONNX_TESTDATA, groups[i], NULL);
      walk (&tally, folder);
    }
  report (&tally);
  g_hash_table_unref (tally.reasons);
  g_assert_cmpuint (tally.wrong, ==, 0);
  g_assert_cmpuint (tally.passed, >=, LEAST_PASSED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/conformance/cases", test_cases);
  return g_test_run ();
}
