/* Finding where a method can look: small graphs in the forms that exporters give real architectures. */
#include "nn/op.h"
#include "targets.h"

typedef struct
{
  EngGraph *graph;
  EngValue *v; /* the newest value */
  GError *error;
} Net;

static void
begin (Net *n, int64_t channels, int64_t height, int64_t width)
{
  EngShape shape = ENG_SHAPE (1, channels, height, width);
  *n = (Net){ .graph = eng_graph_new () };
  n->v = eng_graph_add_input (n->graph, "image", ENG_DTYPE_FLOAT, &shape);
}

static EngValue *
ints (Net *n, const int64_t *v, int count)
{
  return eng_graph_add_constant (n->graph, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_ints (v, count));
}

static EngValue *
weight (Net *n, const EngShape *shape)
{
  EngTensor *t = eng_tensor_new (ENG_DTYPE_FLOAT, shape);
  for (int64_t i = 0; i < eng_tensor_count (t); i++)
    t->f[i] = 0.01f;
  return eng_graph_add_constant (n->graph, NULL, ENG_VALUE_WEIGHT, t);
}

#define INTS(...) ints (n, (const int64_t[]){ __VA_ARGS__ }, G_N_ELEMENTS (((const int64_t[]){ __VA_ARGS__ })))
#define PERM(...)                                                                                                    \
  eng_attrs_ints (eng_attrs_new (), "perm", (const int64_t[]){ __VA_ARGS__ },                                        \
                  G_N_ELEMENTS (((const int64_t[]){ __VA_ARGS__ })))
#define RESHAPE(...) n->v = eng_graph_op (n->graph, &n->error, "Reshape", NULL, 2, n->v, INTS (__VA_ARGS__))
#define TRANSPOSE(...) n->v = eng_graph_op (n->graph, &n->error, "Transpose", PERM (__VA_ARGS__), 1, n->v)

static void
conv (Net *n, int64_t out, int64_t kernel)
{
  EngShape shape = ENG_SHAPE (out, n->v->shape.dim[1], kernel, kernel);
  EngAttrs *attrs = eng_attrs_ints (eng_attrs_new (), "strides", (const int64_t[]){ kernel, kernel }, 2);
  n->v = eng_graph_op (n->graph, &n->error, "Conv", attrs, 2, n->v, weight (n, &shape));
  n->v = eng_graph_op (n->graph, &n->error, "Relu", NULL, 1, n->v);
}

static void
linear (Net *n, int64_t out)
{
  EngShape shape = ENG_SHAPE (n->v->shape.dim[n->v->shape.rank - 1], out);
  n->v = eng_graph_op (n->graph, &n->error, "MatMul", NULL, 2, n->v, weight (n, &shape));
}

static void
norm (Net *n)
{
  EngShape shape = ENG_SHAPE (n->v->shape.dim[n->v->shape.rank - 1]);
  n->v = eng_graph_op (n->graph, &n->error, "LayerNormalization", NULL, 2, n->v, weight (n, &shape));
}

/* Self-attention with one head and a residual sum; tokens are 1 x N x d. */
static void
attention_block (Net *n)
{
  EngValue *stream = n->v;
  norm (n);
  EngValue *q = n->v, *k = eng_graph_op (n->graph, &n->error, "Transpose", PERM (0, 2, 1), 1, q);
  EngValue *a = eng_graph_op (n->graph, &n->error, "MatMul", NULL, 2, q, k);
  a = eng_graph_op (n->graph, &n->error, "Softmax", NULL, 1, a);
  a = eng_graph_op (n->graph, &n->error, "MatMul", NULL, 2, a, q);
  n->v = eng_graph_op (n->graph, &n->error, "Add", NULL, 2, stream, a);
}

static void
finish (Net *n)
{
  g_assert_no_error (n->error);
  eng_graph_add_output (n->graph, n->v);
  eng_graph_freeze (n->graph);
}

static const EngTarget *
at (GArray *targets, int i)
{
  g_assert_cmpint (i, >=, 0);
  return &g_array_index (targets, EngTarget, i);
}

/* Channel shuffle (ShuffleNet): groups in a fifth dimension and back. */
static void
test_shuffle (void)
{
  Net net, *n = &net;
  begin (n, 3, 12, 20);
  conv (n, 8, 2);
  RESHAPE (1, 2, 4, 6, 10);
  TRANSPOSE (0, 2, 1, 3, 4);
  RESHAPE (1, 8, 6, 10);
  n->v = eng_graph_op (n->graph, &n->error, "Relu", NULL, 1, n->v);
  EngValue *last = n->v;
  n->v = eng_graph_op (n->graph, &n->error, "GlobalAveragePool", NULL, 1, n->v);
  RESHAPE (1, 8);
  linear (n, 5);
  finish (n);
  g_autoptr (GArray) targets = eng_targets_find (n->graph);
  const EngTarget *t = at (targets, eng_targets_default (n->graph, targets));
  g_assert_cmpstr (t->name, ==, last->name);
  g_assert_true (t->kind == ENG_TARGET_SPATIAL && t->rows == 6 && t->cols == 10 && !t->channels_last);
  g_assert_nonnull (eng_targets_final_linear (n->graph));
  g_assert_null (eng_targets_embedding (n->graph, t));
  eng_graph_unref (n->graph);
}

/* Windows with a residual sum, then patch merging by strided slices (Swin): channels last. */
static void
test_windows (void)
{
  Net net, *n = &net;
  begin (n, 3, 32, 48);
  conv (n, 8, 4);
  TRANSPOSE (0, 2, 3, 1);
  EngValue *stream = n->v;
  RESHAPE (1, 2, 4, 3, 4, 8);
  TRANSPOSE (0, 1, 3, 2, 4, 5);
  RESHAPE (6, 16, 8);
  linear (n, 8);
  RESHAPE (1, 2, 3, 4, 4, 8);
  TRANSPOSE (0, 1, 3, 2, 4, 5);
  RESHAPE (1, 8, 12, 8);
  n->v = eng_graph_op (n->graph, &n->error, "Add", NULL, 2, stream, n->v);
  EngValue *parts[4], *whole = n->v;
  for (int i = 0; i < 4; i++)
    parts[i] = eng_graph_op (n->graph, &n->error, "Slice", NULL, 5, whole, INTS (i % 2, i / 2), INTS (8, 12),
                             INTS (1, 2), INTS (2, 2));
  n->v = eng_graph_op (n->graph, &n->error, "Concat", eng_attrs_int (eng_attrs_new (), "axis", -1), 4, parts[0],
                       parts[1], parts[2], parts[3]);
  norm (n);
  linear (n, 16);
  norm (n);
  EngValue *last = n->v;
  EngAttrs *attrs = eng_attrs_int (eng_attrs_new (), "keepdims", 0);
  n->v = eng_graph_op (n->graph, &n->error, "ReduceMean", attrs, 2, n->v, INTS (1, 2));
  linear (n, 5);
  finish (n);
  g_autoptr (GArray) targets = eng_targets_find (n->graph);
  const EngTarget *t = at (targets, eng_targets_default (n->graph, targets));
  g_assert_cmpstr (t->name, ==, last->name);
  g_assert_true (t->kind == ENG_TARGET_SPATIAL && t->rows == 4 && t->cols == 6 && t->channels_last);
  eng_graph_unref (n->graph);
}

/* A transformer on a grid that is not square; @class_token: read alone at the end, else the tokens' mean. */
static void
check_transformer (gboolean class_token)
{
  Net net, *n = &net;
  int64_t prefix = class_token ? 1 : 0, count = 15 + prefix;
  EngShape token = ENG_SHAPE (1, 1, 8), positions = ENG_SHAPE (1, count, 8);
  begin (n, 3, 12, 20);
  conv (n, 8, 4);
  RESHAPE (1, 8, 15);
  TRANSPOSE (0, 2, 1);
  if (class_token)
    n->v = eng_graph_op (n->graph, &n->error, "Concat", eng_attrs_int (eng_attrs_new (), "axis", 1), 2,
                         weight (n, &token), n->v);
  n->v = eng_graph_op (n->graph, &n->error, "Add", NULL, 2, n->v, weight (n, &positions));
  EngValue *embedded = n->v;
  attention_block (n);
  attention_block (n);
  norm (n);
  EngValue *last = n->v;
  if (class_token)
    {
      EngTensor *first = eng_tensor_new (ENG_DTYPE_INT64, &(EngShape){ 0 });
      first->i[0] = 0;
      n->v = eng_graph_op (n->graph, &n->error, "Gather", eng_attrs_int (eng_attrs_new (), "axis", 1), 2, n->v,
                           eng_graph_add_constant (n->graph, NULL, ENG_VALUE_CONSTANT, first));
    }
  else
    n->v = eng_graph_op (n->graph, &n->error, "ReduceMean", eng_attrs_int (eng_attrs_new (), "keepdims", 0), 2, n->v,
                         INTS (1));
  linear (n, 5);
  finish (n);
  g_autoptr (GArray) targets = eng_targets_find (n->graph);
  const EngTarget *t = at (targets, eng_targets_default (n->graph, targets));
  const EngTarget *cam = at (targets, eng_targets_default_cam (n->graph, targets));
  g_assert_cmpstr (t->name, ==, last->name);
  g_assert_true (t->kind == ENG_TARGET_TOKENS && t->rows == 3 && t->cols == 5 && t->prefix == prefix);
  g_assert_true (eng_targets_embedding (n->graph, t) == embedded);
  int maps = 0;
  for (guint i = 0; i < targets->len; i++)
    maps += at (targets, (int)i)->kind == ENG_TARGET_ATTENTION;
  g_assert_cmpint (maps, ==, 2);
  /* A token that is read alone leaves the others without influence after the last attention. */
  g_autofree guint8 *above = eng_graph_ancestors (n->graph, eng_graph_find (n->graph, cam->name));
  g_assert_true ((cam == t) == !class_token);
  g_assert_true (cam->kind == ENG_TARGET_TOKENS && above[embedded->id]);
  eng_graph_unref (n->graph);
}

static void
test_class_token (void)
{
  check_transformer (TRUE);
}

static void
test_mean_tokens (void)
{
  check_transformer (FALSE);
}

/* A net without any grid after its input has no target, and says so. */
static void
test_none (void)
{
  Net net, *n = &net;
  begin (n, 1, 4, 4);
  RESHAPE (1, 16);
  linear (n, 6);
  n->v = eng_graph_op (n->graph, &n->error, "Relu", NULL, 1, n->v);
  linear (n, 5);
  finish (n);
  g_autoptr (GArray) targets = eng_targets_find (n->graph);
  g_assert_cmpint (targets->len, ==, 0);
  g_assert_cmpint (eng_targets_default (n->graph, targets), ==, -1);
  g_assert_cmpint (eng_targets_default_cam (n->graph, targets), ==, -1);
  eng_graph_unref (n->graph);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/targets/shuffle", test_shuffle);
  g_test_add_func ("/targets/windows", test_windows);
  g_test_add_func ("/targets/class-token", test_class_token);
  g_test_add_func ("/targets/mean-tokens", test_mean_tokens);
  g_test_add_func ("/targets/none", test_none);
  return g_test_run ();
}
