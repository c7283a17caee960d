/* Fusion of attention, views of what is transposed, and how many groups are found in real networks; see test-fuse.c.
 */
#include "fuse-net.h"
#include "support.h"

#include <string.h>

/* Through a whole network such differences add up; measured below 2e-6. */
#define NETWORK_TOLERANCE 2e-5

/* ---- attention ---- */

#define HEADS 3
#define DEPTH 8

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
  EngValue *scores = net_op (net, "MatMul", q, k);
  if (scale != 1)
    scores = net_either (net, "Mul", scores, net_number (net, scale));
  return net_op (net, "MatMul", net_op (net, "Softmax", scores, NULL), v);
}

static const int64_t swap[] = { 0, 1, 3, 2 }, heads_first[] = { 0, 2, 1, 3 };

/* As timm writes it: q, k and v from one product, batch x tokens x (3 heads depth). */
static void
build_packed_attention (Net *net)
{
  const int64_t batch = net->variant < 2 ? 1 : 2, tokens = net->variant < 2 ? 150 : 5;
  net_input (net, ENG_SHAPE (batch, tokens, 3 * HEADS * DEPTH));
  EngValue *x = net_reshape (net, net->x, ENG_SHAPE (batch, tokens, 3, HEADS, DEPTH));
  x = net_transpose (net, x, (const int64_t[]){ 2, 0, 3, 1, 4 });
  EngValue *q = pick (net, x, 0, 0), *k = pick (net, x, 0, 1), *v = pick (net, x, 0, -1);
  EngValue *y = attend (net, q, net_transpose (net, k, swap), v, 0.35f);
  net->y = net_reshape (net, net_transpose (net, y, heads_first), ENG_SHAPE (batch, tokens, HEADS * DEPTH));
}

/* As PyTorch writes it: tokens x batch x .., batch and heads one axis for a while, factors scaled. */
static void
build_torch_attention (Net *net)
{
  const int64_t batch = net->variant < 2 ? 1 : 2, tokens = 5;
  EngValue *part_of[3], *x;
  net_input (net, ENG_SHAPE (tokens, batch, 3 * HEADS * DEPTH));
  x = net_reshape (net, net->x, ENG_SHAPE (1, tokens, batch, 3, HEADS * DEPTH));
  x = net_reshape (net, net_transpose (net, x, (const int64_t[]){ 3, 1, 2, 0, 4 }),
                   ENG_SHAPE (3, tokens, batch, HEADS * DEPTH));
  for (int i = 0; i < 3; i++)
    {
      EngValue *p = net_reshape (net, pick (net, x, 0, i), ENG_SHAPE (tokens, batch * HEADS, DEPTH));
      part_of[i] = net_reshape (net, net_transpose (net, p, (const int64_t[]){ 1, 0, 2 }),
                                ENG_SHAPE (batch, HEADS, tokens, DEPTH));
    }
  EngValue *root = net_number (net, 0.6f);
  EngValue *k = net_either (net, "Mul", net_transpose (net, part_of[1], swap), root);
  EngValue *y = attend (net, net_op (net, "Mul", part_of[0], root), k, part_of[2], 1);
  net->y = net_reshape (net, net_transpose (net, y, (const int64_t[]){ 2, 0, 1, 3 }),
                        ENG_SHAPE (tokens * batch, HEADS * DEPTH));
}

/* Parts cut from the last axis; more tokens are looked at than look; v is wider; heads stay apart. */
static void
build_sliced_attention (Net *net)
{
  const int64_t tokens = 6;
  net_input (net, ENG_SHAPE (2, tokens, 40));
  EngValue *q = part (net, net->x, 0, 8), *k = part (net, net->x, 8, 16), *v = part (net, net->x, 24, 40);
  if (net->variant & 1)
    q = pick (net, net_reshape (net, q, ENG_SHAPE (2, 2, 3, 8)), 1, 1);
  net->y = attend (net, q, net_transpose (net, k, (const int64_t[]){ 0, 2, 1 }), v, 0.5f);
}

/* Softmax over the wrong axis; scores with a bias. */
static void
build_no_attention (Net *net)
{
  net_input (net, ENG_SHAPE (2, 6, 6));
  EngValue *scores = net_op (net, "MatMul", net->x, net->x), *p;
  if (net->variant == 0)
    p = eng_graph_op (net->graph, &net->error, "Softmax", eng_attrs_int (eng_attrs_new (), "axis", 1), 1, scores);
  else
    p = net_op (net, "Softmax", net_op (net, "Add", scores, net->x), NULL);
  net->y = net_op (net, "MatMul", p, net->x);
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
        g_autoptr (EngPass) pass = net_begin (net, gradient, FALSE), plain = net_begin (net, gradient, TRUE);
        void (*ask) (EngPass *, EngValue *) = given ? eng_pass_want_grad : eng_pass_want;
        ask (pass, p);
        ask (plain, p);
        net_run (pass, net, TRUE);
        net_run (plain, net, TRUE);
        g_assert_cmpuint (net_count_ops (pass, "Attention"), ==, given ? 0 : 1);
        net_assert_same (pass, plain, p, given ? eng_pass_read_grad : eng_pass_read, TOLERANCE);
        net_assert_same (pass, plain, net->y, eng_pass_read, TOLERANCE);
      }
}

static void
test_attention (void)
{
  const Build builds[] = { build_packed_attention, build_torch_attention, build_sliced_attention };
  for (guint i = 0; i < G_N_ELEMENTS (builds); i++)
    for (int variant = 0; variant < 4; variant++)
      {
        Net net = net_make (builds[i], variant);
        net_assert_equal_to_plain (&net, "Attention", 1, TOLERANCE);
        assert_probabilities (&net);
        net_clear (&net);
      }
  net_assert_none (build_no_attention, 2, "Attention");
}

/* ---- views ---- */

/* Around Relu, so that something is left: axes of length one; two that cancel; the same in three axes. */
static void
build_view (Net *net)
{
  net_input (net, ENG_SHAPE (1, 6, 8));
  EngValue *x = net_op (net, "Relu", net->x, NULL), *y;
  if (net->variant == 0)
    y = net_transpose (net, x, (const int64_t[]){ 1, 0, 2 });
  else if (net->variant == 1)
    y = net_transpose (net, net_transpose (net, x, (const int64_t[]){ 2, 1, 0 }), (const int64_t[]){ 1, 2, 0 });
  else
    {
      y = net_transpose (net, net_reshape (net, x, ENG_SHAPE (2, 3, 8)), (const int64_t[]){ 2, 0, 1 });
      y = net_transpose (net, net_reshape (net, y, ENG_SHAPE (8, 6)), (const int64_t[]){ 1, 0 });
    }
  net->y = net_op (net, "Tanh", y, NULL);
}

static void
build_no_view (Net *net)
{
  net_input (net, ENG_SHAPE (2, 6, 6));
  EngValue *x = net_op (net, "Relu", net->x, NULL);
  EngValue *y =
      net_transpose (net, x, net->variant == 0 ? (const int64_t[]){ 0, 2, 1 } : (const int64_t[]){ 1, 0, 2 });
  net->y = net_op (net, "Tanh", y, NULL);
}

static void
test_view (void)
{
  for (int variant = 0; variant < 3; variant++)
    {
      Net net = net_make (build_view, variant);
      net_assert_equal_to_plain (&net, "View", 3, TOLERANCE);
      net_clear (&net);
    }
  net_assert_none (build_no_view, 2, "View");
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
      net_run (i ? plain : pass, &net, TRUE);
    }
  net_assert_same (pass, plain, net.y, eng_pass_read, NETWORK_TOLERANCE);
  net_assert_same (pass, plain, net.x, eng_pass_read_grad, NETWORK_TOLERANCE);
  g_assert_cmpuint (net_count_ops (pass, "Gelu"), ==, c->gelu);
  g_assert_cmpuint (net_count_ops (pass, "LayerNormalization"), ==, c->layer_norm);
  g_assert_cmpuint (net_count_ops (pass, "Linear"), ==, c->linear);
  g_assert_cmpuint (net_count_ops (pass, "Attention"), ==, c->attention);
  g_assert_cmpuint (net_count_ops (pass, "Conv+"), ==, c->conv);
  if (c->attention) /* elsewhere it is the same, but for how buffers happen to lie */
    g_assert_cmpuint (eng_pass_memory (pass), <, eng_pass_memory (plain));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fuse/attention", test_attention);
  g_test_add_func ("/fuse/view", test_view);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = g_strdup_printf ("/fuse/%s", cases[i].model);
      g_test_add_data_func (name, &cases[i], test_network);
    }
  return g_test_run ();
}
