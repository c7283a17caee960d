/* The profile of passes: off by default, and then without a trace; names, calls and operations as counted by hand;
 * seconds that add up; the phases of an explanation. No test says how long anything takes. */
#include "engine.h"
#include "nn/pass.h"

#include "support.h"

/* A profile of its own for each test, whatever came before. */
static void
start (void)
{
  eng_profile_enable (FALSE);
  eng_profile_enable (TRUE);
}

static const EngProfileRow *
find (const GArray *rows, EngProfilePhase phase, const char *name)
{
  for (guint i = 0; i < rows->len; i++)
    {
      const EngProfileRow *row = &g_array_index (rows, EngProfileRow, i);
      if (row->phase == phase && g_str_equal (row->name, name))
        return row;
    }
  return NULL;
}

static void
assert_row (const GArray *rows, EngProfilePhase phase, const char *name, guint64 calls, double operations)
{
  const EngProfileRow *row = find (rows, phase, name);
  g_assert_nonnull (row);
  g_assert_cmpuint (row->calls, ==, calls);
  g_assert_cmpfloat (row->operations, ==, operations);
  g_assert_cmpfloat (row->seconds, >, 0);
}

/* Each phase by falling seconds, and all of them together the whole. */
static void
assert_adds_up (const GArray *rows, double seconds)
{
  double sum = 0;
  for (guint i = 0; i < rows->len; i++)
    {
      const EngProfileRow *row = &g_array_index (rows, EngProfileRow, i);
      g_assert_cmpfloat (row->seconds, >=, 0);
      g_assert_true (i == 0 || row[-1].phase < row->phase
                     || (row[-1].phase == row->phase && row[-1].seconds >= row->seconds));
      sum += row->seconds;
    }
  g_assert_cmpfloat_with_epsilon (sum, seconds, 1e-9);
}

static EngValue *
add_weight (EngGraph *g, EngShape shape)
{
  EngTensor *t = eng_tensor_new (ENG_DTYPE_FLOAT, &shape);
  for (int64_t i = 0; i < eng_shape_count (&shape); i++)
    t->f[i] = 0.1f;
  return eng_graph_add_constant (g, NULL, ENG_VALUE_WEIGHT, t);
}

/* 1 x 3 x 8 x 8 -> Conv 3x3 to 4 channels -> Sigmoid -> Reshape -> MatMul to 5. (transfer full) */
static EngPass *
small_net (EngGraph *g)
{
  g_autoptr (GError) error = NULL;
  static const int64_t flat[] = { 1, 4 * 6 * 6 };
  EngShape image = ENG_SHAPE (1, 3, 8, 8);
  EngValue *x = eng_graph_add_input (g, "x", ENG_DTYPE_FLOAT, &image);
  EngValue *shape = eng_graph_add_constant (g, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_ints (flat, 2));
  EngValue *y = eng_graph_op (g, &error, "Conv", NULL, 2, x, add_weight (g, ENG_SHAPE (4, 3, 3, 3)));
  y = eng_graph_op (g, &error, "Sigmoid", NULL, 1, y);
  y = eng_graph_op (g, &error, "Reshape", NULL, 2, y, shape);
  y = eng_graph_op (g, &error, "MatMul", NULL, 2, y, add_weight (g, ENG_SHAPE (4 * 6 * 6, 5)));
  g_assert_no_error (error);
  eng_graph_freeze (g);
  EngPass *pass = eng_pass_new (g);
  eng_pass_want_grad (pass, x);
  eng_pass_set_root (pass, y);
  eng_pass_prepare (pass, &error);
  g_assert_no_error (error);
  g_autofree float *zeros = g_new0 (float, 3 * 8 * 8);
  eng_pass_write (pass, x, zeros);
  return pass;
}

static void
test_off (void)
{
  double seconds;
  g_autoptr (EngGraph) g = eng_graph_new ();
  g_autoptr (EngPass) pass = small_net (g);
  eng_pass_forward (pass);
  g_assert_null (eng_profile_take (&seconds));
  g_assert_cmpfloat (eng_kernels_counted (), ==, 0);
}

static void
test_operators (void)
{
  const double conv = 2.0 * 4 * 3 * 3 * 3 * 6 * 6, product = 2.0 * 4 * 6 * 6 * 5;
  double seconds;
  start ();
  g_autoptr (EngGraph) g = eng_graph_new ();
  g_autoptr (EngPass) pass = small_net (g);
  eng_pass_forward (pass);
  eng_pass_forward (pass);
  eng_pass_backward (pass, NULL);
  g_autoptr (GArray) rows = eng_profile_take (&seconds);
  assert_row (rows, ENG_PROFILE_FORWARD, "Conv", 2, 2 * conv);
  assert_row (rows, ENG_PROFILE_FORWARD, "Sigmoid", 2, 0);
  assert_row (rows, ENG_PROFILE_FORWARD, "MatMul", 2, 2 * product);
  /* To the picture alone, not to the weights. */
  assert_row (rows, ENG_PROFILE_BACKWARD, "Conv", 1, conv);
  assert_row (rows, ENG_PROFILE_BACKWARD, "MatMul", 1, product);
  g_assert_null (find (rows, ENG_PROFILE_JUDGING, "Conv"));
  assert_adds_up (rows, seconds);

  g_autoptr (GArray) none = eng_profile_take (&seconds); /* it began anew */
  g_assert_cmpuint (none->len, ==, 1);
  assert_adds_up (none, seconds);
  eng_profile_enable (FALSE);
}

static void
test_judging (void)
{
  double seconds;
  start ();
  g_autoptr (EngGraph) g = eng_graph_new ();
  g_autoptr (EngPass) pass = small_net (g);
  eng_profile_begin_judging ();
  eng_pass_forward (pass);
  eng_profile_end_judging ();
  g_autoptr (GArray) rows = eng_profile_take (&seconds);
  g_assert_nonnull (find (rows, ENG_PROFILE_JUDGING, "Conv"));
  g_assert_nonnull (find (rows, ENG_PROFILE_JUDGING, ENG_PROFILE_REST));
  g_assert_null (find (rows, ENG_PROFILE_FORWARD, "Conv"));
  assert_adds_up (rows, seconds);
  eng_profile_enable (FALSE);
}

/* Counting stands around the kernels that were in use, and they are in use again afterwards. */
static void
test_kernels (void)
{
  const EngKernels *before = eng_kernels ();
  start ();
  g_assert_true (eng_kernels () != before);
  g_assert_cmpstr (eng_kernels ()->name, ==, before->name);
  eng_profile_enable (FALSE);
  g_assert_true (eng_kernels () == before);
}

/* A whole explanation: the map is the same one, and every phase is there. */
static EngHeatmap *
explain (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *model_path = test_data ("models/scenes-cnn.onnx"),
                  *image_path = test_data ("scenes/harbour-01.png");
  g_autoptr (EngModel) model = eng_model_open (model_path, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (EngImage) image = eng_image_load (image_path, &error);
  g_assert_no_error (error);
  const EngMethod *method = eng_method_find ("ltx", NULL);
  EngValues *values = eng_values_new (method, model);
  eng_values_set (values, "steps", 3);
  g_autoptr (EngJob) job = eng_job_new (model, image, method, -1, -1, NULL, values, 0);
  eng_job_run (job, &error);
  g_assert_no_error (error);
  return eng_heatmap_ref (eng_job_heatmap (job));
}

static void
test_explanation (void)
{
  double seconds;
  g_autoptr (EngHeatmap) plain = explain ();
  start ();
  g_autoptr (EngHeatmap) profiled = explain ();
  g_autoptr (GArray) rows = eng_profile_take (&seconds);
  eng_profile_enable (FALSE);
  g_assert_nonnull (find (rows, ENG_PROFILE_FORWARD, "Conv+"));
  g_assert_nonnull (find (rows, ENG_PROFILE_BACKWARD, "Conv+"));
  g_assert_nonnull (find (rows, ENG_PROFILE_UPDATE, "AdamW"));
  g_assert_nonnull (find (rows, ENG_PROFILE_JUDGING, "Conv+"));
  assert_adds_up (rows, seconds);
  gsize n = (gsize)eng_heatmap_rows (plain) * eng_heatmap_cols (plain) * sizeof (float);
  g_assert_cmpmem (eng_heatmap_values (plain), n, eng_heatmap_values (profiled), n);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/profile/off", test_off);
  g_test_add_func ("/profile/operators", test_operators);
  g_test_add_func ("/profile/judging", test_judging);
  g_test_add_func ("/profile/kernels", test_kernels);
  g_test_add_func ("/profile/explanation", test_explanation);
  return g_test_run ();
}
