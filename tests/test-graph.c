/* Graph and pass: folding, pruning, memory reuse, cutting, private weights, copying, errors. The
 * operators serve as bricks; their numbers are checked in test-gradients.c. */
#include "error.h"
#include "nn/graph.h"
#include "nn/op.h"
#include "nn/pass.h"

#include <string.h>

/* Sums of a few products of numbers near one: float32 rounds each to 6e-8. */
#define TOLERANCE 1e-5f

static void
assert_close (const float *a, const float *b, gsize n)
{
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon (a[i], b[i], TOLERANCE);
}

static EngValue *
add_ints (EngGraph *g, const int64_t *v, int n)
{
  return eng_graph_add_constant (g, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_ints (v, n));
}

static EngValue *
add_weight (EngGraph *g, const char *name, const float *v, EngShape shape)
{
  return eng_graph_add_constant (g, name, ENG_VALUE_WEIGHT, eng_tensor_new_floats (v, &shape));
}

static EngValue *
add_input (EngGraph *g, const char *name, EngShape shape)
{
  return eng_graph_add_input (g, name, ENG_DTYPE_FLOAT, &shape);
}

static EngPass *
prepared (EngPass *pass)
{
  g_autoptr (GError) error = NULL;
  eng_pass_prepare (pass, &error);
  g_assert_no_error (error);
  return pass;
}

/* x.view (x.shape[0], -1), as PyTorch exports it. */
static EngValue *
flatten_by_shape (EngGraph *g, EngValue *x, GError **error)
{
  EngValue *shape = eng_graph_op (g, error, "Shape", NULL, 1, x);
  EngTensor *zero = eng_tensor_new (ENG_DTYPE_INT64, &(EngShape){ 0 });
  zero->i[0] = 0;
  EngValue *first = eng_graph_add_constant (g, NULL, ENG_VALUE_CONSTANT, zero);
  EngValue *batch = eng_graph_op (g, error, "Gather", eng_attrs_int (eng_attrs_new (), "axis", 0), 2, shape, first);
  EngValue *axes = add_ints (g, (const int64_t[]){ 0 }, 1), *rest = add_ints (g, (const int64_t[]){ -1 }, 1);
  EngValue *as_list = eng_graph_op (g, error, "Unsqueeze", NULL, 2, batch, axes);
  EngValue *both = eng_graph_op (g, error, "Concat", eng_attrs_int (eng_attrs_new (), "axis", 0), 2, as_list, rest);
  return eng_graph_op (g, error, "Reshape", NULL, 2, x, both);
}

static void
test_folding (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) g = eng_graph_new ();
  EngValue *x = add_input (g, "x", ENG_SHAPE (2, 3, 4)), *y = flatten_by_shape (g, x, &error);
  g_assert_no_error (error);
  eng_graph_freeze (g);
  g_assert_true (eng_shape_equal (&y->shape, &(EngShape){ .rank = 2, .dim = { 2, 12 } }));
  g_assert_cmpuint (g->nodes->len, ==, 1);
  g_assert_cmpstr (y->producer->op->name, ==, "Reshape");
}

/* Moved weights are weights, computed constants are not. */
static void
test_folded_kinds (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) g = eng_graph_new ();
  const float v[6] = { 1, 2, 3, 4, 5, 6 };
  EngValue *w = add_weight (g, "w", v, ENG_SHAPE (2, 3));
  EngValue *moved = eng_graph_op (g, &error, "Transpose", NULL, 1, w);
  EngValue *sum = eng_graph_op (g, &error, "Add", NULL, 2, w, w);
  g_assert_no_error (error);
  g_assert_cmpint (moved->kind, ==, ENG_VALUE_WEIGHT);
  g_assert_cmpint (sum->kind, ==, ENG_VALUE_CONSTANT);
  assert_close (moved->constant->f, (const float[]){ 1, 4, 2, 5, 3, 6 }, 6);
  assert_close (sum->constant->f, (const float[]){ 2, 4, 6, 8, 10, 12 }, 6);
}

#define CHAIN 50
#define SIDE 64

/* A chain that cannot run in place: every step needs two buffers, all steps together a few. */
static void
test_memory (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) g = eng_graph_new ();
  EngValue *v = add_input (g, "x", ENG_SHAPE (SIDE, SIDE));
  gsize buffer = SIDE * SIDE * sizeof (float);
  for (int i = 0; i < CHAIN; i++)
    v = eng_graph_op (g, &error, "Transpose", NULL, 1, v);
  g_assert_no_error (error);
  eng_graph_freeze (g);
  g_autoptr (EngPass) pass = eng_pass_new (g);
  eng_pass_want (pass, v);
  prepared (pass);
  /* Input and result stay, two more take turns; a fifth is left for padding and bookkeeping. */
  g_assert_cmpuint (eng_pass_memory (pass), <=, 5 * buffer);
  g_autofree float *x = g_new (float, SIDE *SIDE), *y = g_new (float, SIDE *SIDE);
  for (int i = 0; i < SIDE * SIDE; i++)
    x[i] = (float)i;
  eng_pass_write (pass, g->inputs->pdata[0], x);
  eng_pass_forward (pass);
  eng_pass_read (pass, v, y);
  g_assert_cmpmem (x, buffer, y, buffer); /* an even number of transposes */
}

/* Where every gradient may be written over the one before, there is one buffer for all. */
static void
test_memory_back (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) g = eng_graph_new ();
  EngValue *x = add_input (g, "x", ENG_SHAPE (SIDE, SIDE)), *y = x;
  for (int i = 0; i < CHAIN; i++)
    y = eng_graph_op (g, &error, "Tanh", NULL, 1, y);
  g_assert_no_error (error);
  eng_graph_freeze (g);
  g_autoptr (EngPass) pass = eng_pass_new (g);
  eng_pass_want_grad (pass, x);
  eng_pass_set_root (pass, y);
  prepared (pass);
  /* The input and every output, which the walk back reads; half a buffer for padding and bookkeeping. */
  g_assert_cmpuint (2 * eng_pass_memory (pass), <=, (2 * (CHAIN + 2) + 1) * SIDE * SIDE * sizeof (float));
}

/* Gradients written over those that they come from are those of a pass that keeps every one, and take less memory. */
static void
test_gradients_in_place (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) g = eng_graph_new ();
  const int64_t n = SIDE * SIDE;
  EngValue *x = add_input (g, "x", ENG_SHAPE (SIDE, SIDE)), *y = x;
  for (int i = 0; i < 4; i++)
    {
      /* Branches that join, one value twice in a sum, a view between. */
      EngValue *a = eng_graph_op (g, &error, "Tanh", NULL, 1, y),
               *b = eng_graph_op (g, &error, "Sigmoid", NULL, 1, a);
      EngValue *c = eng_graph_op (g, &error, "Sub", NULL, 2, i % 2 ? a : b, i % 2 ? b : a);
      EngValue *d = eng_graph_op (g, &error, "Softmax", NULL, 1, c);
      EngValue *e = eng_graph_op (g, &error, "Reshape", NULL, 2, d, add_ints (g, (const int64_t[]){ SIDE, SIDE }, 2));
      y = eng_graph_op (g, &error, "Add", NULL, 2, eng_graph_op (g, &error, "Add", NULL, 2, e, e), y);
    }
  g_assert_no_error (error);
  eng_graph_freeze (g);
  g_autofree float *in = g_new (float, n), *seed = g_new (float, n);
  float *dx[2];
  gsize memory[2];
  for (int64_t i = 0; i < n; i++)
    {
      in[i] = (float)(i * 7919 % 1000) / 500 - 1;
      seed[i] = (float)(i * 104729 % 1000) / 500 - 1;
    }
  for (int apart = 0; apart < 2; apart++)
    {
      g_autoptr (EngPass) pass = eng_pass_new (g);
      for (guint i = 0; apart && i < g->nodes->len; i++)
        eng_pass_want_grad (pass, ((EngNode *)g->nodes->pdata[i])->outputs[0]);
      eng_pass_want_grad (pass, x);
      eng_pass_set_root (pass, y);
      prepared (pass);
      dx[apart] = g_new (float, n);
      memory[apart] = eng_pass_memory (pass);
      for (int time = 0; time < 2; time++) /* nothing of the first walk back is left */
        {
          eng_pass_write (pass, x, in);
          eng_pass_forward (pass);
          eng_pass_backward (pass, seed);
          eng_pass_read_grad (pass, x, dx[apart]);
        }
    }
  g_assert_cmpmem (dx[0], n * sizeof (float), dx[1], n * sizeof (float));
  g_assert_cmpuint (memory[0], <, memory[1]);
  g_free (dx[0]);
  g_free (dx[1]);
}

/* h = relu (x W), y = h * s with x: Bx2, W: 2x3, s: 3 */
typedef struct
{
  EngGraph *graph;
  EngValue *x, *w, *h, *s, *y;
} Net;

static const float net_w[6] = { 1, -2, 0.5f, 0.25f, 3, -1 }, net_s[3] = { 2, -1, 4 };

static void
net_build (Net *net, int batch)
{
  g_autoptr (GError) error = NULL;
  EngGraph *g = net->graph = eng_graph_new ();
  net->x = add_input (g, "x", ENG_SHAPE (batch, 2));
  net->w = add_weight (g, "w", net_w, ENG_SHAPE (2, 3));
  net->s = add_weight (g, "s", net_s, ENG_SHAPE (3));
  EngAttrs *attrs = eng_attrs_string (eng_attrs_new (), "equation", "bi,ij->bj");
  EngValue *product = eng_graph_op (g, &error, "Einsum", attrs, 2, net->x, net->w);
  net->h = eng_graph_op (g, &error, "Relu", NULL, 1, product);
  net->y = eng_graph_op (g, &error, "Mul", NULL, 2, net->h, net->s);
  g_assert_no_error (error);
  eng_graph_add_output (g, net->y);
  eng_graph_freeze (g);
}

static void
net_expect (const float *x, float *h, float *y)
{
  for (int j = 0; j < 3; j++)
    {
      h[j] = MAX (x[0] * net_w[j] + x[1] * net_w[3 + j], 0);
      y[j] = h[j] * net_s[j];
    }
}

static void
test_cut (void)
{
  Net net;
  const float h[3] = { 0.5f, 0.25f, 2 };
  float y[3];
  net_build (&net, 1);
  g_autoptr (EngPass) pass = eng_pass_new (net.graph);
  eng_pass_cut (pass, net.h);
  eng_pass_want (pass, net.y);
  prepared (pass);
  eng_pass_write (pass, net.h, h);
  eng_pass_forward (pass); /* x was never written: nothing above the cut runs */
  eng_pass_read (pass, net.y, y);
  assert_close (y, (const float[]){ 1, -0.25f, 8 }, 3);
  eng_graph_unref (net.graph);
}

static void
test_intermediate_gradient (void)
{
  Net net;
  const float x[2] = { 1, 0.5f }, seed[3] = { 1, 10, 100 };
  float h[3], y[3], expect_h[3], expect_y[3], grad[3];
  net_build (&net, 1);
  g_autoptr (EngPass) pass = eng_pass_new (net.graph);
  eng_pass_set_root (pass, net.y);
  eng_pass_want (pass, net.h);
  eng_pass_want_grad (pass, net.h);
  prepared (pass);
  eng_pass_write (pass, net.x, x);
  eng_pass_forward (pass);
  eng_pass_read (pass, net.h, h);
  eng_pass_read (pass, net.y, y);
  net_expect (x, expect_h, expect_y);
  assert_close (h, expect_h, 3);
  assert_close (y, expect_y, 3);
  eng_pass_backward (pass, seed);
  eng_pass_read_grad (pass, net.h, grad);
  for (int j = 0; j < 3; j++)
    g_assert_cmpfloat_with_epsilon (grad[j], seed[j] * net_s[j], TOLERANCE);
  eng_graph_unref (net.graph);
}

/* The gradient of a weight costs memory only when the weight is trained. */
static void
test_pruning (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) g = eng_graph_new ();
  g_autofree float *zeros = g_new0 (float, 256 * 256);
  gsize weight = 256 * 256 * sizeof (float);
  EngValue *x = add_input (g, "x", ENG_SHAPE (1, 256));
  EngValue *w = add_weight (g, "w", zeros, ENG_SHAPE (256, 256));
  EngAttrs *attrs = eng_attrs_string (eng_attrs_new (), "equation", "bi,ij->bj");
  EngValue *y = eng_graph_op (g, &error, "Einsum", attrs, 2, x, w);
  g_assert_no_error (error);
  eng_graph_freeze (g);
  g_autoptr (EngPass) frozen = eng_pass_new (g), trained = eng_pass_new (g);
  eng_pass_set_root (frozen, y);
  eng_pass_want_grad (frozen, x);
  eng_pass_set_root (trained, y);
  eng_pass_train (trained, w);
  prepared (frozen);
  prepared (trained);
  g_assert_cmpuint (eng_pass_memory (frozen), <, weight);
  g_assert_cmpuint (eng_pass_memory (trained), >=, 2 * weight);
}

static void
test_private_weights (void)
{
  Net net;
  const float x[2] = { 1, 0.5f }, other[3] = { 7, 7, 7 };
  float h[3], y[3], expect[3];
  net_build (&net, 1);
  g_autoptr (EngPass) pass = eng_pass_new (net.graph), fresh = eng_pass_new (net.graph);
  eng_pass_set_root (pass, net.y);
  eng_pass_train (pass, net.s);
  eng_pass_want (fresh, net.y);
  prepared (pass);
  prepared (fresh);
  g_assert_null (eng_pass_weight_grad (pass, net.s));
  g_assert_true (eng_pass_weight (pass, net.s) != net.s->constant->f);
  assert_close (eng_pass_weight (pass, net.s), net_s, 3);
  eng_pass_write (pass, net.s, other);
  eng_pass_write (pass, net.x, x);
  eng_pass_forward (pass);
  eng_pass_backward (pass, NULL);
  net_expect (x, h, expect);
  assert_close (eng_pass_weight_grad (pass, net.s), h, 3);
  eng_pass_read (pass, net.y, y);
  for (int j = 0; j < 3; j++)
    g_assert_cmpfloat_with_epsilon (y[j], 7 * h[j], TOLERANCE);
  /* The graph and other passes know nothing of it. */
  assert_close (net.s->constant->f, net_s, 3);
  eng_pass_write (fresh, net.x, x);
  eng_pass_forward (fresh);
  eng_pass_read (fresh, net.y, y);
  assert_close (y, expect, 3);
  eng_graph_unref (net.graph);
}

static void
test_append (void)
{
  Net net;
  const float a[2] = { -1, -0.5f }, x[2] = { 1, 0.5f };
  float h[3], y[3], expect[3];
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) g = eng_graph_new ();
  net_build (&net, 1);
  EngValue *in = add_input (g, "a", ENG_SHAPE (1, 2)), *negated = eng_graph_op (g, &error, "Neg", NULL, 1, in);
  EngValue *out[2];
  eng_graph_append (g, net.graph, "net/", &net.x, &negated, 1, (EngValue *[]){ net.y, net.h }, out, 2, &error);
  g_assert_no_error (error);
  eng_graph_freeze (g);
  /* The copy lives on without its source and shares the weights. */
  EngValue *w = eng_graph_find (g, "net/w");
  g_assert_true (w && w->constant == net.w->constant && w->kind == ENG_VALUE_WEIGHT);
  eng_graph_unref (net.graph);
  g_autoptr (EngPass) pass = eng_pass_new (g);
  eng_pass_want (pass, out[0]);
  prepared (pass);
  eng_pass_write (pass, in, a);
  eng_pass_forward (pass);
  eng_pass_read (pass, out[0], y);
  net_expect (x, h, expect);
  assert_close (y, expect, 3);
}

/* Bound in the middle, what lies above is not copied; unbound inputs are told. */
static void
test_append_part (void)
{
  Net net;
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) g = eng_graph_new (), broken = eng_graph_new ();
  net_build (&net, 1);
  EngValue *in = add_input (g, "h", ENG_SHAPE (1, 3)), *out = NULL;
  eng_graph_append (g, net.graph, "", &net.h, &in, 1, &net.y, &out, 1, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g->nodes->len, ==, 1);
  g_assert_true (out->producer->inputs[0] == in);
  g_assert_false (eng_graph_append (broken, net.graph, "", NULL, NULL, 0, &net.y, &out, 1, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "x"));
  eng_graph_unref (net.graph);
}

/* The same network for one picture and for three gives the same numbers. */
static void
test_batches (void)
{
  Net one, three;
  const float x[3][2] = { { 1, 0.5f }, { -1, 2 }, { 0.25f, 0.75f } };
  float y[3][3], single[3];
  net_build (&one, 1);
  net_build (&three, 3);
  g_autoptr (EngPass) many = eng_pass_new (three.graph), few = eng_pass_new (one.graph);
  eng_pass_want (many, three.y);
  eng_pass_want (few, one.y);
  prepared (many);
  prepared (few);
  eng_pass_write (many, three.x, x[0]);
  eng_pass_forward (many);
  eng_pass_read (many, three.y, y[0]);
  for (int i = 0; i < 3; i++)
    {
      eng_pass_write (few, one.x, x[i]);
      eng_pass_forward (few);
      eng_pass_read (few, one.y, single);
      assert_close (y[i], single, 3);
    }
  eng_graph_unref (one.graph);
  eng_graph_unref (three.graph);
}

/* What is refused leaves a message that names node and operator, and a graph that can be freed. */
static void
test_errors (void)
{
  g_autoptr (GError) error = NULL, kept = NULL;
  g_autoptr (EngGraph) g = eng_graph_new ();
  EngValue *x = add_input (g, "x", ENG_SHAPE (2, 3)), *y = NULL;
  g_assert_false (eng_graph_add_node (g, "NoSuchThing", 13, "strange", eng_attrs_new (), &x, 1, NULL, &y, 1, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "strange"));
  g_assert_nonnull (strstr (error->message, "NoSuchThing"));
  g_clear_error (&error);

  EngAttrs *wrong = eng_attrs_ints (eng_attrs_new (), "perm", (const int64_t[]){ 0, 0 }, 2);
  g_assert_false (eng_graph_add_node (g, "Transpose", 13, "turn", wrong, &x, 1, NULL, &y, 1, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_INVALID);
  g_assert_true (g_str_has_prefix (error->message, "node turn (Transpose): "));

  /* Calls may be chained and checked once: the first error stays. */
  kept = g_error_copy (error);
  y = eng_graph_op (g, &error, "Relu", eng_attrs_new (), 1, NULL);
  g_assert_null (y);
  g_assert_cmpstr (error->message, ==, kept->message);
}

/* Results of folding have a limit, shapes have one too. */
static void
test_limits (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) g = eng_graph_new ();
  EngValue *much = add_ints (g, (const int64_t[]){ 1 << 20, 1 << 20 }, 2);
  EngValue *more = add_ints (g, (const int64_t[]){ G_MAXINT64, G_MAXINT64 }, 2);
  g_assert_null (eng_graph_op (g, &error, "ConstantOfShape", NULL, 1, much));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_MEMORY);
  g_clear_error (&error);
  g_assert_null (eng_graph_op (g, &error, "ConstantOfShape", NULL, 1, more));
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/graph/folding", test_folding);
  g_test_add_func ("/graph/folded-kinds", test_folded_kinds);
  g_test_add_func ("/graph/memory", test_memory);
  g_test_add_func ("/graph/memory-back", test_memory_back);
  g_test_add_func ("/graph/gradients-in-place", test_gradients_in_place);
  g_test_add_func ("/graph/cut", test_cut);
  g_test_add_func ("/graph/intermediate-gradient", test_intermediate_gradient);
  g_test_add_func ("/graph/pruning", test_pruning);
  g_test_add_func ("/graph/private-weights", test_private_weights);
  g_test_add_func ("/graph/append", test_append);
  g_test_add_func ("/graph/append-part", test_append_part);
  g_test_add_func ("/graph/batches", test_batches);
  g_test_add_func ("/graph/errors", test_errors);
  g_test_add_func ("/graph/limits", test_limits);
  return g_test_run ();
}
