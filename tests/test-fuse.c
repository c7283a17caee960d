/* Fusion: a pass that evaluates groups of nodes as one gives the values and gradients of one that does not, and
 * leaves a group alone where a value inside it is asked for, given or read by others. */
#include "fuse-net.h"
#include "kernels/kernels.h"

/* ---- GELU ---- */

static EngValue *
gelu_product (Net *net, EngValue *x, EngValue *gate)
{
  EngValue *half = net_number (net, 0.5f);
  switch (net->variant / 2 % 3)
    {
    case 0:
      return net_either (net, "Mul", net_either (net, "Mul", x, gate), half);
    case 1:
      return net_either (net, "Mul", net_either (net, "Mul", x, half), gate);
    default:
      return net_either (net, "Mul", x, net_op (net, "Div", gate, net_number (net, 2)));
    }
}

static void
build_gelu_erf (Net *net)
{
  net_input (net, ENG_SHAPE (3, 37));
  EngValue *u = net->variant < 3 ? net_op (net, "Div", net->x, net_number (net, 1.41421354f))
                                 : net_either (net, "Mul", net->x, net_number (net, 0.70710677f));
  net->y = gelu_product (net, net->x, net_either (net, "Add", net_op (net, "Erf", u, NULL), net_number (net, 1)));
}

static void
build_gelu_tanh (Net *net)
{
  net_input (net, ENG_SHAPE (3, 37));
  EngValue *x = net->x, *inner, *k = net_number (net, 0.044715f);
  if (net->variant >= 6) /* 1 + k x x, as some write it */
    inner = net_op (net, "Mul", x,
                    net_op (net, "Add", net_number (net, 1), net_op (net, "Mul", net_op (net, "Mul", x, x), k)));
  else
    inner = net_either (net, "Add", x, net_either (net, "Mul", net_op (net, "Pow", x, net_number (net, 3)), k));
  EngValue *u = net_either (net, "Mul", inner, net_number (net, 0.7978846f));
  net->y = gelu_product (net, x, net_either (net, "Add", net_op (net, "Tanh", u, NULL), net_number (net, 1)));
}

/* Close to GELU, but not it. */
static void
build_no_gelu (Net *net)
{
  net_input (net, ENG_SHAPE (3, 37));
  const float one = net->variant == 0 ? 1.1f : 1, half = net->variant == 1 ? 0.6f : 0.5f;
  const float root = net->variant == 2 ? 1.3f : 1.41421354f;
  EngValue *erf = net_op (net, "Erf", net_op (net, "Div", net->x, net_number (net, root)), NULL);
  EngValue *gate = net_op (net, "Add", erf, net_number (net, one)), *other = net_op (net, "Sin", net->x, NULL);
  net->y = net_op (net, "Mul", net_op (net, "Mul", net->variant == 3 ? other : net->x, gate), net_number (net, half));
}

static void
test_gelu (void)
{
  net_check (build_gelu_erf, 6, "Gelu");
  net_check (build_gelu_tanh, 8, "Gelu");
  net_assert_none (build_no_gelu, 4, "Gelu");
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
  net_input (net, ENG_SHAPE (2, 5, 19));
  EngValue *centred = net_op (net, "Sub", net->x, mean (net, net->x, axes)), *again = centred;
  if (net->variant & 2)
    again = net_op (net, "Sub", net->x, mean (net, net->x, axes));
  EngValue *square =
      net->variant & 1 ? net_op (net, "Mul", again, again) : net_op (net, "Pow", again, net_number (net, 2));
  EngValue *deviation =
      net_op (net, "Sqrt", net_either (net, "Add", mean (net, square, axes), net_number (net, 1e-3f)), NULL);
  EngShape row = axes == 1 ? ENG_SHAPE (19) : ENG_SHAPE (5, 19);
  EngValue *scaled = net_either (net, "Mul", net_op (net, "Div", centred, deviation), net_weight (net, row));
  net->y = net_either (net, "Add", scaled, net_weight (net, row));
}

/* Scale along the wrong axis: broadcast elsewhere, with as many elements. */
static void
build_no_layer_norm (Net *net)
{
  net_input (net, ENG_SHAPE (2, 7, 7));
  EngValue *centred = net_op (net, "Sub", net->x, mean (net, net->x, 1));
  EngValue *variance = mean (net, net_op (net, "Pow", centred, net_number (net, 2)), net->variant == 1 ? 2 : 1);
  EngValue *deviation = net_op (net, "Sqrt", net_op (net, "Add", variance, net_number (net, 1e-3f)), NULL);
  EngShape wrong = net->variant == 0 ? ENG_SHAPE (7, 1) : ENG_SHAPE (7);
  EngValue *scaled = net_op (net, "Mul", net_op (net, "Div", centred, deviation), net_weight (net, wrong));
  net->y = net_op (net, "Add", scaled, net_weight (net, ENG_SHAPE (7)));
}

static void
test_layer_norm (void)
{
  net_check (build_layer_norm, 8, "LayerNormalization");
  net_assert_none (build_no_layer_norm, 2, "LayerNormalization");
}

/* ---- product with bias ---- */

static void
build_linear (Net *net)
{
  net_input (net, net->variant < 2 ? ENG_SHAPE (2, 9, 12) : ENG_SHAPE (5, 12));
  net->y = net_either (net, "Add", net_op (net, "MatMul", net->x, net_weight (net, ENG_SHAPE (12, 150))),
                       net_weight (net, net->variant == 3 ? ENG_SHAPE (1, 150) : ENG_SHAPE (150)));
}

/* Sums that are no bias: one number per row, a residual. */
static void
build_no_linear (Net *net)
{
  net_input (net, ENG_SHAPE (12, 12));
  EngValue *product = net_op (net, "MatMul", net->x, net_weight (net, ENG_SHAPE (12, 12)));
  net->y = net_op (net, "Add", product, net->variant == 0 ? net_weight (net, ENG_SHAPE (12, 1)) : net->x);
}

static void
test_linear (void)
{
  net_check (build_linear, 4, "Linear");
  net_assert_none (build_no_linear, 2, "Linear");
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
  net_input (net, ENG_SHAPE (2, 4, 9, 7));
  EngAttrs *attrs = eng_attrs_int (eng_attrs_new (), "group", depthwise ? 4 : 1);
  eng_attrs_ints (attrs, "pads", (const int64_t[]){ 1, 1, 1, 1 }, 4);
  EngValue *w = net_weight (net, ENG_SHAPE (4, depthwise ? 1 : 4, 3, 3)), *b = net_weight (net, ENG_SHAPE (4));
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
    net->y = net_op (net, "Relu", z, NULL);
  else
    net->y = eng_graph_op (net->graph, &net->error, "Clip", NULL, 3, z, net_number (net, -0.3f), net_number (net, 2));
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
    net->y = normalize (net, z, net_weight (net, ENG_SHAPE (4)));
}

/* A view of what is bounded: its gradient must outlive the step back, which writes over that of what it views. */
static void
build_viewed_conv (Net *net)
{
  EngValue *y = net_op (net, "Relu", convolve (net, FALSE), NULL);
  net->y = net_op (net, "Tanh", net_reshape (net, y, ENG_SHAPE (2, 252)), NULL);
}

static void
assert_viewed_conv (void)
{
  Net net = net_make (build_viewed_conv, 0);
  EngValue *view = net.y->producer->inputs[0];
  for (int wanted = 0; wanted < 2; wanted++)
    {
      g_autoptr (EngPass) pass = net_begin (&net, TRUE, FALSE), plain = net_begin (&net, TRUE, TRUE);
      if (wanted)
        {
          eng_pass_want_grad (pass, view);
          eng_pass_want_grad (plain, view);
        }
      net_run (pass, &net, TRUE);
      net_run (plain, &net, TRUE);
      g_assert_cmpuint (net_count_ops (pass, "Conv+"), ==, 1);
      net_assert_same (pass, plain, net.x, eng_pass_read_grad, TOLERANCE);
      if (wanted)
        net_assert_same (pass, plain, view, eng_pass_read_grad, TOLERANCE);
    }
  net_clear (&net);
}

static void
test_conv (void)
{
  assert_viewed_conv ();
  net_check (build_conv, 4, "Conv+");
  /* The first two of three are a group of their own when what they compute is wanted. */
  for (int variant = 4; variant < 8; variant++)
    {
      Net net = net_make (build_conv, variant);
      net_assert_equal_to_plain (&net, "Conv+", 1, TOLERANCE);
      net_clear (&net);
    }
  Net alone = net_make (build_conv, 8);
  net_assert_equal_to_plain (&alone, "Conv+", 1, TOLERANCE);
  net_assert_apart (&alone, "Conv+");
  net_clear (&alone);
  net_assert_none (build_no_conv, 2, "Conv+");
}

/* Bit 0: which comes first; bit 1: Relu or Clip. */
static void
build_sum (Net *net)
{
  EngValue *z = convolve (net, FALSE), *sum = net_either (net, "Add", z, net->x);
  if (net->variant & 2)
    net->y = net_op (net, "Relu", sum, NULL);
  else
    net->y =
        eng_graph_op (net->graph, &net->error, "Clip", NULL, 3, sum, net_number (net, -0.3f), net_number (net, 2));
}

/* A number per channel; twice the same. */
static void
build_no_sum (Net *net)
{
  EngValue *z = convolve (net, FALSE);
  net->y =
      net_op (net, "Relu", net_op (net, "Add", z, net->variant ? z : net_weight (net, ENG_SHAPE (4, 1, 1))), NULL);
}

static void
test_sum (void)
{
  if (!eng_kernels ()->conv_adds)
    {
      g_test_skip ("these kernels do not add to what a convolution writes");
      return;
    }
  net_check (build_sum, 4, "Conv+Add");
  net_assert_none (build_no_sum, 2, "Conv+Add");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fuse/gelu", test_gelu);
  g_test_add_func ("/fuse/layer-norm", test_layer_norm);
  g_test_add_func ("/fuse/linear", test_linear);
  g_test_add_func ("/fuse/conv", test_conv);
  g_test_add_func ("/fuse/sum", test_sum);
  return g_test_run ();
}
