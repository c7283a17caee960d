/* Fusion: a pass that evaluates groups of nodes as one gives the values and gradients of one that does not, and
 * leaves a group alone where a value inside it is asked for, given or read by others. */
#include "engine.h"
#include "nn/op.h"
#include "nn/pass-private.h"
#include "nn/pass.h"
#include "support.h"

#include <math.h>
#include <string.h>

/* Both ways compute in float32 (6e-8) what differs in the order of sums of up to some hundred terms. */
#define TOLERANCE 3e-6
/* Through a whole network such differences add up; measured below 2e-6. */
#define NETWORK_TOLERANCE 2e-5

typedef struct
{
  EngGraph *graph;
  EngValue *x, *y;
  GRand *random;
  GError *error;
  int variant; /* which of several ways to write the same */
} Net;

static float *
random_numbers (GRand *random, int64_t n)
{
  float *v = g_new (float, n);
  for (int64_t i = 0; i < n; i++)
    v[i] = (float)g_rand_double_range (random, -1.5, 1.5);
  return v;
}

static EngValue *
op (Net *net, const char *type, EngValue *a, EngValue *b)
{
  return eng_graph_op (net->graph, &net->error, type, NULL, b ? 2 : 1, a, b);
}

/* op with its operands exchanged in odd variants */
static EngValue *
either (Net *net, const char *type, EngValue *a, EngValue *b)
{
  return net->variant % 2 ? op (net, type, b, a) : op (net, type, a, b);
}

static EngValue *
number (Net *net, float v)
{
  return eng_graph_add_constant (net->graph, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_scalar (v));
}

static EngValue *
weight (Net *net, EngShape shape)
{
  g_autofree float *v = random_numbers (net->random, eng_shape_count (&shape));
  return eng_graph_add_constant (net->graph, NULL, ENG_VALUE_WEIGHT, eng_tensor_new_floats (v, &shape));
}

static void
input (Net *net, EngShape shape)
{
  net->x = eng_graph_add_input (net->graph, "x", ENG_DTYPE_FLOAT, &shape);
}

typedef void (*Build) (Net *net);

static Net
make_net (Build build, int variant)
{
  Net net = { .graph = eng_graph_new (), .random = g_rand_new_with_seed (7), .variant = variant };
  build (&net);
  g_assert_no_error (net.error);
  eng_graph_add_output (net.graph, net.y);
  eng_graph_freeze (net.graph);
  return net;
}

static void
clear_net (Net *net)
{
  eng_graph_unref (net->graph);
  g_rand_free (net->random);
}

static guint
count_ops (const EngPass *pass, const char *type)
{
  guint n = 0;
  for (guint i = 0; i < pass->needed->len; i++)
    n += strcmp (((EngNode *)pass->needed->pdata[i])->op->name, type) == 0;
  return n;
}

/* @gradients: of the input and of every weight. */
static EngPass *
begin (const Net *net, gboolean gradients, gboolean unfused)
{
  EngPass *pass = eng_pass_new (net->graph);
  pass->unfused = unfused;
  eng_pass_set_root (pass, net->y);
  if (gradients)
    eng_pass_want_grad (pass, net->x);
  for (guint i = 0; gradients && i < net->graph->values->len; i++)
    {
      EngValue *v = net->graph->values->pdata[i];
      if (v->kind == ENG_VALUE_WEIGHT)
        eng_pass_train (pass, v);
    }
  return pass;
}

static void
run (EngPass *pass, const Net *net, gboolean backward)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  g_autofree float *x = random_numbers (random, eng_shape_count (&net->x->shape));
  g_autofree float *seed = random_numbers (random, eng_shape_count (&net->y->shape));
  if (!pass->prepared)
    eng_pass_prepare (pass, &error);
  g_assert_no_error (error);
  eng_pass_write (pass, net->x, x);
  eng_pass_forward (pass);
  if (backward)
    eng_pass_backward (pass, seed);
}

typedef void (*Read) (EngPass *pass, EngValue *value, float *data);

static void
assert_same (EngPass *a, EngPass *b, EngValue *value, Read read, double tolerance)
{
  gsize n = (gsize)eng_shape_count (&value->shape);
  g_autofree float *x = g_new (float, n), *y = g_new (float, n);
  read (a, value, x);
  read (b, value, y);
  g_assert_cmpfloat (test_max_rel (y, y, n), ==, 0); /* numbers */
  g_assert_cmpfloat (test_max_rel (x, y, n), <=, tolerance);
}

/* Values and gradients, with and without gradients, of the fused and the plain pass; twice, since a second walk
 * must not find what the first left. @nodes: of the fused pass, one of them @fused. */
static void
assert_equal_to_plain (const Net *net, const char *fused, guint nodes, double tolerance)
{
  for (int gradients = 0; gradients < 2; gradients++)
    {
      g_autoptr (EngPass) pass = begin (net, gradients, FALSE), plain = begin (net, gradients, TRUE);
      for (int time = 0; time < 2; time++)
        {
          run (pass, net, gradients);
          run (plain, net, gradients);
          g_assert_cmpuint (count_ops (pass, fused), ==, 1);
          g_assert_cmpuint (pass->needed->len, ==, nodes);
          assert_same (pass, plain, net->y, eng_pass_read, tolerance);
          for (guint i = 0; gradients && i < net->graph->values->len; i++)
            if (pass->flags[i] & PASS_WANT_GRAD)
              assert_same (pass, plain, net->graph->values->pdata[i], eng_pass_read_grad, tolerance);
        }
      g_assert_cmpuint (pass->forward->len, <, plain->forward->len);
    }
}

/* Wanted, given, or its gradient wanted: every value inside keeps the group apart. */
static void
assert_apart (const Net *net, const char *fused)
{
  void (*const ask[]) (EngPass *, EngValue *) = { eng_pass_want, eng_pass_want_grad, eng_pass_cut };
  for (guint i = 0; i < net->graph->nodes->len; i++)
    for (guint k = 0; k < G_N_ELEMENTS (ask); k++)
      {
        EngValue *v = ((EngNode *)net->graph->nodes->pdata[i])->outputs[0];
        if (v == net->y)
          continue;
        g_autoptr (EngPass) pass = begin (net, TRUE, FALSE), plain = begin (net, TRUE, TRUE);
        ask[k](pass, v);
        ask[k](plain, v);
        g_autofree float *given = random_numbers (net->random, eng_shape_count (&v->shape));
        for (int64_t n = 0; n < eng_shape_count (&v->shape); n++)
          given[n] = fabsf (given[n]) + 0.1f; /* it may be a variance */
        g_assert_true (eng_pass_prepare (pass, NULL) && eng_pass_prepare (plain, NULL));
        if (ask[k] == eng_pass_cut)
          {
            eng_pass_write (pass, v, given);
            eng_pass_write (plain, v, given);
          }
        run (pass, net, TRUE);
        run (plain, net, TRUE);
        g_assert_cmpuint (count_ops (pass, fused), ==, 0);
        assert_same (pass, plain, net->y, eng_pass_read, TOLERANCE);
        if (ask[k] == eng_pass_want_grad)
          assert_same (pass, plain, v, eng_pass_read_grad, TOLERANCE);
        else
          assert_same (pass, plain, v, eng_pass_read, TOLERANCE);
      }
}

/* Every value inside that something else reads does so, too. */
static void
assert_apart_if_shared (Build build, int variant, const char *fused)
{
  Net first = make_net (build, variant);
  for (guint i = 0; i < first.graph->nodes->len; i++)
    {
      Net net = { .graph = eng_graph_new (), .random = g_rand_new_with_seed (7), .variant = variant };
      build (&net);
      EngValue *v = ((EngNode *)net.graph->nodes->pdata[i])->outputs[0], *y = net.y;
      EngValue *reader = op (&net, "Relu", v, NULL);
      g_assert_no_error (net.error);
      eng_graph_freeze (net.graph);
      g_autoptr (EngPass) pass = begin (&net, FALSE, FALSE);
      eng_pass_want (pass, reader);
      run (pass, &net, FALSE);
      g_assert_cmpuint (count_ops (pass, fused), ==, v == y ? 1 : 0);
      clear_net (&net);
    }
  clear_net (&first);
}

static void
check (Build build, int variants, const char *fused)
{
  for (int variant = 0; variant < variants; variant++)
    {
      Net net = make_net (build, variant);
      assert_equal_to_plain (&net, fused, 1, TOLERANCE);
      assert_apart (&net, fused);
      clear_net (&net);
      assert_apart_if_shared (build, variant, fused);
    }
}

static void
assert_none (Build build, int variants, const char *fused)
{
  for (int variant = 0; variant < variants; variant++)
    {
      Net net = make_net (build, variant);
      g_autoptr (EngPass) pass = begin (&net, TRUE, FALSE);
      run (pass, &net, TRUE);
      g_assert_cmpuint (count_ops (pass, fused), ==, 0);
      clear_net (&net);
    }
}

/* ---- GELU ---- */

static EngValue *
gelu_product (Net *net, EngValue *x, EngValue *gate)
{
  EngValue *half = number (net, 0.5f);
  switch (net->variant / 2 % 3)
    {
    case 0:
      return either (net, "Mul", either (net, "Mul", x, gate), half);
    case 1:
      return either (net, "Mul", either (net, "Mul", x, half), gate);
    default:
      return either (net, "Mul", x, op (net, "Div", gate, number (net, 2)));
    }
}

static void
build_gelu_erf (Net *net)
{
  input (net, ENG_SHAPE (3, 37));
  EngValue *u = net->variant < 3 ? op (net, "Div", net->x, number (net, 1.41421354f))
                                 : either (net, "Mul", net->x, number (net, 0.70710677f));
  net->y = gelu_product (net, net->x, either (net, "Add", op (net, "Erf", u, NULL), number (net, 1)));
}

static void
build_gelu_tanh (Net *net)
{
  input (net, ENG_SHAPE (3, 37));
  EngValue *x = net->x, *inner, *k = number (net, 0.044715f);
  if (net->variant >= 6) /* 1 + k x x, as some write it */
    inner = op (net, "Mul", x, op (net, "Add", number (net, 1), op (net, "Mul", op (net, "Mul", x, x), k)));
  else
    inner = either (net, "Add", x, either (net, "Mul", op (net, "Pow", x, number (net, 3)), k));
  EngValue *u = either (net, "Mul", inner, number (net, 0.7978846f));
  net->y = gelu_product (net, x, either (net, "Add", op (net, "Tanh", u, NULL), number (net, 1)));
}

/* Close to GELU, but not it. */
static void
build_no_gelu (Net *net)
{
  input (net, ENG_SHAPE (3, 37));
  const float one = net->variant == 0 ? 1.1f : 1, half = net->variant == 1 ? 0.6f : 0.5f;
  const float root = net->variant == 2 ? 1.3f : 1.41421354f;
  EngValue *erf = op (net, "Erf", op (net, "Div", net->x, number (net, root)), NULL);
  EngValue *gate = op (net, "Add", erf, number (net, one)), *other = op (net, "Sin", net->x, NULL);
  net->y = op (net, "Mul", op (net, "Mul", net->variant == 3 ? other : net->x, gate), number (net, half));
}

static void
test_gelu (void)
{
  check (build_gelu_erf, 6, "Gelu");
  check (build_gelu_tanh, 8, "Gelu");
  assert_none (build_no_gelu, 4, "Gelu");
}

/* ---- LayerNormalization ---- */

static EngValue *
mean (Net *net, EngValue *x, int from)
{
  EngAttrs *attrs = eng_attrs_int (eng_attrs_new (), "keepdims", 1);
  int64_t axes[] = { -1, -2 };
  EngValue *list = eng_graph_add_constant (net->graph, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_ints (axes, from));
  return eng_graph_op (net->graph, &net->error, "ReduceMean", attrs, 2, x, list);
}

static void
build_layer_norm (Net *net)
{
  int axes = net->variant < 4 ? 1 : 2;
  input (net, ENG_SHAPE (2, 5, 19));
  EngValue *centred = op (net, "Sub", net->x, mean (net, net->x, axes)), *again = centred;
  if (net->variant & 2)
    again = op (net, "Sub", net->x, mean (net, net->x, axes));
  EngValue *square = net->variant & 1 ? op (net, "Mul", again, again) : op (net, "Pow", again, number (net, 2));
  EngValue *deviation = op (net, "Sqrt", either (net, "Add", mean (net, square, axes), number (net, 1e-3f)), NULL);
  EngShape row = axes == 1 ? ENG_SHAPE (19) : ENG_SHAPE (5, 19);
  EngValue *scaled = either (net, "Mul", op (net, "Div", centred, deviation), weight (net, row));
  net->y = either (net, "Add", scaled, weight (net, row));
}

/* Scale along the wrong axis: broadcast elsewhere, with as many elements. */
static void
build_no_layer_norm (Net *net)
{
  input (net, ENG_SHAPE (2, 7, 7));
  EngValue *centred = op (net, "Sub", net->x, mean (net, net->x, 1));
  EngValue *variance = mean (net, op (net, "Pow", centred, number (net, 2)), net->variant == 1 ? 2 : 1);
  EngValue *deviation = op (net, "Sqrt", op (net, "Add", variance, number (net, 1e-3f)), NULL);
  EngShape wrong = net->variant == 0 ? ENG_SHAPE (7, 1) : ENG_SHAPE (7);
  EngValue *scaled = op (net, "Mul", op (net, "Div", centred, deviation), weight (net, wrong));
  net->y = op (net, "Add", scaled, weight (net, ENG_SHAPE (7)));
}

static void
test_layer_norm (void)
{
  check (build_layer_norm, 8, "LayerNormalization");
  assert_none (build_no_layer_norm, 2, "LayerNormalization");
}

/* ---- product with bias ---- */

static void
build_linear (Net *net)
{
  input (net, net->variant < 2 ? ENG_SHAPE (2, 9, 12) : ENG_SHAPE (5, 12));
  net->y = either (net, "Add", op (net, "MatMul", net->x, weight (net, ENG_SHAPE (12, 150))),
                   weight (net, net->variant == 3 ? ENG_SHAPE (1, 150) : ENG_SHAPE (150)));
}

/* Sums that are no bias: one number per row, a residual. */
static void
build_no_linear (Net *net)
{
  input (net, ENG_SHAPE (12, 12));
  EngValue *product = op (net, "MatMul", net->x, weight (net, ENG_SHAPE (12, 12)));
  net->y = op (net, "Add", product, net->variant == 0 ? weight (net, ENG_SHAPE (12, 1)) : net->x);
}

static void
test_linear (void)
{
  check (build_linear, 4, "Linear");
  assert_none (build_no_linear, 2, "Linear");
}

/* ---- attention ---- */

#define HEADS 3
#define DEPTH 8

static EngValue *
reshape (Net *net, EngValue *x, EngShape shape)
{
  EngTensor *dims = eng_tensor_new_ints (shape.dim, shape.rank);
  return op (net, "Reshape", x, eng_graph_add_constant (net->graph, NULL, ENG_VALUE_CONSTANT, dims));
}

static EngValue *
transpose (Net *net, EngValue *x, const int64_t *perm)
{
  EngAttrs *attrs = eng_attrs_ints (eng_attrs_new (), "perm", perm, x->shape.rank);
  return eng_graph_op (net->graph, &net->error, "Transpose", attrs, 1, x);
}

static EngValue *
pick (Net *net, EngValue *x, int axis, int64_t index)
{
  EngTensor *t = eng_tensor_new (ENG_DTYPE_INT64, &(EngShape){ 0 });
  t->i[0] = index;
  EngValue *i = eng_graph_add_constant (net->graph, NULL, ENG_VALUE_CONSTANT, t);
  return eng_graph_op (net->graph, &net->error, "Gather", eng_attrs_int (eng_attrs_new (), "axis", axis), 2, x, i);
}

/* Elements @from to @to - 1 of the last axis. */
static EngValue *
part (Net *net, EngValue *x, int64_t from, int64_t to)
{
  EngValue *v[3];
  for (int i = 0; i < 3; i++)
    {
      const int64_t number = i == 0 ? from : i == 1 ? to : -1;
      v[i] = eng_graph_add_constant (net->graph, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_ints (&number, 1));
    }
  return eng_graph_op (net->graph, &net->error, "Slice", NULL, 4, x, v[0], v[1], v[2]);
}

static EngValue *
attend (Net *net, EngValue *q, EngValue *k, EngValue *v, float scale)
{
  EngValue *scores = op (net, "MatMul", q, k);
  if (scale != 1)
    scores = either (net, "Mul", scores, number (net, scale));
  return op (net, "MatMul", op (net, "Softmax", scores, NULL), v);
}

static const int64_t swap[] = { 0, 1, 3, 2 }, heads_first[] = { 0, 2, 1, 3 };

/* As timm writes it: q, k and v from one product, batch x tokens x (3 heads depth). */
static void
build_packed_attention (Net *net)
{
  const int64_t batch = net->variant < 2 ? 1 : 2, tokens = net->variant < 2 ? 150 : 5;
  input (net, ENG_SHAPE (batch, tokens, 3 * HEADS * DEPTH));
  EngValue *x = reshape (net, net->x, ENG_SHAPE (batch, tokens, 3, HEADS, DEPTH));
  x = transpose (net, x, (const int64_t[]){ 2, 0, 3, 1, 4 });
  EngValue *q = pick (net, x, 0, 0), *k = pick (net, x, 0, 1), *v = pick (net, x, 0, -1);
  EngValue *y = attend (net, q, transpose (net, k, swap), v, 0.35f);
  net->y = reshape (net, transpose (net, y, heads_first), ENG_SHAPE (batch, tokens, HEADS * DEPTH));
}

/* As PyTorch writes it: tokens x batch x .., batch and heads one axis for a while, factors scaled. */
static void
build_torch_attention (Net *net)
{
  const int64_t batch = net->variant < 2 ? 1 : 2, tokens = 5;
  EngValue *part_of[3], *x;
  input (net, ENG_SHAPE (tokens, batch, 3 * HEADS * DEPTH));
  x = reshape (net, net->x, ENG_SHAPE (1, tokens, batch, 3, HEADS * DEPTH));
  x = reshape (net, transpose (net, x, (const int64_t[]){ 3, 1, 2, 0, 4 }),
               ENG_SHAPE (3, tokens, batch, HEADS * DEPTH));
  for (int i = 0; i < 3; i++)
    {
      EngValue *p = reshape (net, pick (net, x, 0, i), ENG_SHAPE (tokens, batch * HEADS, DEPTH));
      part_of[i] =
          reshape (net, transpose (net, p, (const int64_t[]){ 1, 0, 2 }), ENG_SHAPE (batch, HEADS, tokens, DEPTH));
    }
  EngValue *root = number (net, 0.6f);
  EngValue *k = either (net, "Mul", transpose (net, part_of[1], swap), root);
  EngValue *y = attend (net, op (net, "Mul", part_of[0], root), k, part_of[2], 1);
  net->y =
      reshape (net, transpose (net, y, (const int64_t[]){ 2, 0, 1, 3 }), ENG_SHAPE (tokens * batch, HEADS * DEPTH));
}

/* Parts cut from the last axis; more tokens are looked at than look; v is wider; heads stay apart. */
static void
build_sliced_attention (Net *net)
{
  const int64_t tokens = 6;
  input (net, ENG_SHAPE (2, tokens, 40));
  EngValue *q = part (net, net->x, 0, 8), *k = part (net, net->x, 8, 16), *v = part (net, net->x, 24, 40);
  if (net->variant & 1)
    q = pick (net, reshape (net, q, ENG_SHAPE (2, 2, 3, 8)), 1, 1);
  net->y = attend (net, q, transpose (net, k, (const int64_t[]){ 0, 2, 1 }), v, 0.5f);
}

/* Softmax over the wrong axis; scores with a bias. */
static void
build_no_attention (Net *net)
{
  input (net, ENG_SHAPE (2, 6, 6));
  EngValue *scores = op (net, "MatMul", net->x, net->x), *p;
  if (net->variant == 0)
    p = eng_graph_op (net->graph, &net->error, "Softmax", eng_attrs_int (eng_attrs_new (), "axis", 1), 1, scores);
  else
    p = op (net, "Softmax", op (net, "Add", scores, net->x), NULL);
  net->y = op (net, "MatMul", p, net->x);
}

/* Probabilities are there for a method that wants them; for one that wants their gradient nothing is fused. */
static void
assert_probabilities (const Net *net)
{
  EngValue *p = NULL;
  for (guint i = 0; i < net->graph->nodes->len; i++)
    if (strcmp (((EngNode *)net->graph->nodes->pdata[i])->op->name, "Softmax") == 0)
      p = ((EngNode *)net->graph->nodes->pdata[i])->outputs[0];
  for (int gradient = 0; gradient < 2; gradient++)
    for (int given = 0; given < 2; given++)
      {
        g_autoptr (EngPass) pass = begin (net, gradient, FALSE), plain = begin (net, gradient, TRUE);
        void (*ask) (EngPass *, EngValue *) = given ? eng_pass_want_grad : eng_pass_want;
        ask (pass, p);
        ask (plain, p);
        run (pass, net, TRUE);
        run (plain, net, TRUE);
        g_assert_cmpuint (count_ops (pass, "Attention"), ==, given ? 0 : 1);
        assert_same (pass, plain, p, given ? eng_pass_read_grad : eng_pass_read, TOLERANCE);
        assert_same (pass, plain, net->y, eng_pass_read, TOLERANCE);
      }
}

static void
test_attention (void)
{
  const Build builds[] = { build_packed_attention, build_torch_attention, build_sliced_attention };
  for (guint i = 0; i < G_N_ELEMENTS (builds); i++)
    for (int variant = 0; variant < 4; variant++)
      {
        Net net = make_net (builds[i], variant);
        assert_equal_to_plain (&net, "Attention", 1, TOLERANCE);
        assert_probabilities (&net);
        clear_net (&net);
      }
  assert_none (build_no_attention, 2, "Attention");
}

/* ---- convolution and what follows ---- */

static EngValue *
constant (Net *net, int64_t n, double low, double high)
{
  EngTensor *t = eng_tensor_new (ENG_DTYPE_FLOAT, &(EngShape){ .rank = 1, .dim = { n } });
  for (int64_t i = 0; i < n; i++)
    t->f[i] = (float)g_rand_double_range (net->random, low, high);
  return eng_graph_add_constant (net->graph, NULL, ENG_VALUE_CONSTANT, t);
}

static EngValue *
normalize (Net *net, EngValue *x, EngValue *scale)
{
  EngValue *bias = constant (net, 4, -1, 1), *mean = constant (net, 4, -1, 1), *variance = constant (net, 4, 0.5, 2);
  return eng_graph_op (net->graph, &net->error, "BatchNormalization", NULL, 5, x, scale, bias, mean, variance);
}

static EngValue *
convolve (Net *net, gboolean depthwise)
{
  input (net, ENG_SHAPE (2, 4, 9, 7));
  EngAttrs *attrs = eng_attrs_int (eng_attrs_new (), "group", depthwise ? 4 : 1);
  eng_attrs_ints (attrs, "pads", (const int64_t[]){ 1, 1, 1, 1 }, 4);
  EngValue *w = weight (net, ENG_SHAPE (4, depthwise ? 1 : 4, 3, 3)), *b = weight (net, ENG_SHAPE (4));
  return eng_graph_op (net->graph, &net->error, "Conv", attrs, 3, net->x, w, b);
}

/* Bit 0: Relu or Clip; bit 1: depthwise; bit 2: BatchNormalization between; 8: that alone. */
static void
build_conv (Net *net)
{
  EngValue *z = convolve (net, net->variant & 2);
  if (net->variant & 12)
    z = normalize (net, z, constant (net, 4, -2, 2));
  if (net->variant & 8)
    net->y = z;
  else if (net->variant & 1)
    net->y = op (net, "Relu", z, NULL);
  else
    net->y = eng_graph_op (net->graph, &net->error, "Clip", NULL, 3, z, number (net, -0.3f), number (net, 2));
}

/* A bound that is computed; a scale that is trained. */
static void
build_no_conv (Net *net)
{
  EngValue *z = convolve (net, FALSE);
  if (net->variant == 0)
    net->y = eng_graph_op (net->graph, &net->error, "Clip", NULL, 2, z,
                           eng_graph_op (net->graph, &net->error, "ReduceMin",
                                         eng_attrs_int (eng_attrs_new (), "keepdims", 0), 1, net->x));
  else
    net->y = normalize (net, z, weight (net, ENG_SHAPE (4)));
}

/* A view of what is bounded: its gradient must outlive the step back, which writes over that of what it views. */
static void
build_viewed_conv (Net *net)
{
  EngValue *y = op (net, "Relu", convolve (net, FALSE), NULL);
  net->y = op (net, "Tanh", reshape (net, y, ENG_SHAPE (2, 252)), NULL);
}

static void
assert_viewed_conv (void)
{
  Net net = make_net (build_viewed_conv, 0);
  EngValue *view = net.y->producer->inputs[0];
  for (int wanted = 0; wanted < 2; wanted++)
    {
      g_autoptr (EngPass) pass = begin (&net, TRUE, FALSE), plain = begin (&net, TRUE, TRUE);
      if (wanted)
        {
          eng_pass_want_grad (pass, view);
          eng_pass_want_grad (plain, view);
        }
      run (pass, &net, TRUE);
      run (plain, &net, TRUE);
      g_assert_cmpuint (count_ops (pass, "Conv+"), ==, 1);
      assert_same (pass, plain, net.x, eng_pass_read_grad, TOLERANCE);
      if (wanted)
        assert_same (pass, plain, view, eng_pass_read_grad, TOLERANCE);
    }
  clear_net (&net);
}

static void
test_conv (void)
{
  assert_viewed_conv ();
  check (build_conv, 4, "Conv+");
  /* The first two of three are a group of their own when what they compute is wanted. */
  for (int variant = 4; variant < 8; variant++)
    {
      Net net = make_net (build_conv, variant);
      assert_equal_to_plain (&net, "Conv+", 1, TOLERANCE);
      clear_net (&net);
    }
  Net alone = make_net (build_conv, 8);
  assert_equal_to_plain (&alone, "Conv+", 1, TOLERANCE);
  assert_apart (&alone, "Conv+");
  clear_net (&alone);
  assert_none (build_no_conv, 2, "Conv+");
}

/* ---- views ---- */

/* Around Relu, so that something is left: axes of length one; two that cancel; the same in three axes. */
static void
build_view (Net *net)
{
  input (net, ENG_SHAPE (1, 6, 8));
  EngValue *x = op (net, "Relu", net->x, NULL), *y;
  if (net->variant == 0)
    y = transpose (net, x, (const int64_t[]){ 1, 0, 2 });
  else if (net->variant == 1)
    y = transpose (net, transpose (net, x, (const int64_t[]){ 2, 1, 0 }), (const int64_t[]){ 1, 2, 0 });
  else
    {
      y = transpose (net, reshape (net, x, ENG_SHAPE (2, 3, 8)), (const int64_t[]){ 2, 0, 1 });
      y = transpose (net, reshape (net, y, ENG_SHAPE (8, 6)), (const int64_t[]){ 1, 0 });
    }
  net->y = op (net, "Tanh", y, NULL);
}

static void
build_no_view (Net *net)
{
  input (net, ENG_SHAPE (2, 6, 6));
  EngValue *x = op (net, "Relu", net->x, NULL);
  EngValue *y = transpose (net, x, net->variant == 0 ? (const int64_t[]){ 0, 2, 1 } : (const int64_t[]){ 1, 0, 2 });
  net->y = op (net, "Tanh", y, NULL);
}

static void
test_view (void)
{
  for (int variant = 0; variant < 3; variant++)
    {
      Net net = make_net (build_view, variant);
      assert_equal_to_plain (&net, "View", 3, TOLERANCE);
      clear_net (&net);
    }
  assert_none (build_no_view, 2, "View");
}

/* ---- real networks ---- */

typedef struct
{
  const char *model;
  guint gelu, layer_norm, linear, attention, conv;
} Case;

/* 12 blocks: a GELU, two normalizations, four products and one attention each; one more normalization. The older file
 * has its normalizations written out. */
static const Case cases[] = {
  { "vit_tiny_patch16_224", 12, 25, 48, 12, 0 },
  { "vit_tiny_patch16_224_opset13", 12, 25, 48, 12, 0 },
  { "mobilenet_v2_224", 0, 0, 0, 0, 35 },
};

static void
test_network (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *relative = g_strdup_printf ("models/%s.onnx", c->model), *path = test_shared (relative);
  if (!path)
    return;
  g_autoptr (EngModel) model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, &error);
  g_assert_no_error (error);
  Net net = { .graph = graph, .x = eng_graph_image (graph), .y = eng_graph_logits (graph) };
  g_autoptr (EngPass) pass = eng_pass_new (graph), plain = eng_pass_new (graph);
  plain->unfused = TRUE;
  for (int i = 0; i < 2; i++)
    {
      eng_pass_set_root (i ? plain : pass, net.y);
      eng_pass_want_grad (i ? plain : pass, net.x);
      run (i ? plain : pass, &net, TRUE);
    }
  assert_same (pass, plain, net.y, eng_pass_read, NETWORK_TOLERANCE);
  assert_same (pass, plain, net.x, eng_pass_read_grad, NETWORK_TOLERANCE);
  g_assert_cmpuint (count_ops (pass, "Gelu"), ==, c->gelu);
  g_assert_cmpuint (count_ops (pass, "LayerNormalization"), ==, c->layer_norm);
  g_assert_cmpuint (count_ops (pass, "Linear"), ==, c->linear);
  g_assert_cmpuint (count_ops (pass, "Attention"), ==, c->attention);
  g_assert_cmpuint (count_ops (pass, "Conv+"), ==, c->conv);
  if (c->attention) /* elsewhere it is the same, but for how buffers happen to lie */
    g_assert_cmpuint (eng_pass_memory (pass), <, eng_pass_memory (plain));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fuse/gelu", test_gelu);
  g_test_add_func ("/fuse/layer-norm", test_layer_norm);
  g_test_add_func ("/fuse/linear", test_linear);
  g_test_add_func ("/fuse/attention", test_attention);
  g_test_add_func ("/fuse/conv", test_conv);
  g_test_add_func ("/fuse/view", test_view);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = g_strdup_printf ("/fuse/%s", cases[i].model);
      g_test_add_data_func (name, &cases[i], test_network);
    }
  return g_test_run ();
}
