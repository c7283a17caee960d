#include "fuse-net.h"

#include "support.h"

#include <math.h>
#include <string.h>

static float *
random_numbers (GRand *random, int64_t n)
{
  float *v = g_new (float, n);
  for (int64_t i = 0; i < n; i++)
    v[i] = (float)g_rand_double_range (random, -1.5, 1.5);
  return v;
}

EngValue *
net_op (Net *net, const char *type, EngValue *a, EngValue *b)
{
  return eng_graph_op (net->graph, &net->error, type, NULL, b ? 2 : 1, a, b);
}

EngValue *
net_either (Net *net, const char *type, EngValue *a, EngValue *b)
{
  return net->variant % 2 ? net_op (net, type, b, a) : net_op (net, type, a, b);
}

EngValue *
net_number (Net *net, float v)
{
  return eng_graph_add_constant (net->graph, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_scalar (v));
}

EngValue *
net_weight (Net *net, EngShape shape)
{
  g_autofree float *v = random_numbers (net->random, eng_shape_count (&shape));
  return eng_graph_add_constant (net->graph, NULL, ENG_VALUE_WEIGHT, eng_tensor_new_floats (v, &shape));
}

EngValue *
net_reshape (Net *net, EngValue *x, EngShape shape)
{
  EngTensor *dims = eng_tensor_new_ints (shape.dim, shape.rank);
  return net_op (net, "Reshape", x, eng_graph_add_constant (net->graph, NULL, ENG_VALUE_CONSTANT, dims));
}

EngValue *
net_transpose (Net *net, EngValue *x, const int64_t *perm)
{
  EngAttrs *attrs = eng_attrs_ints (eng_attrs_new (), "perm", perm, x->shape.rank);
  return eng_graph_op (net->graph, &net->error, "Transpose", attrs, 1, x);
}

void
net_input (Net *net, EngShape shape)
{
  net->x = eng_graph_add_input (net->graph, "x", ENG_DTYPE_FLOAT, &shape);
}

Net
net_make (Build build, int variant)
{
  Net net = { .graph = eng_graph_new (), .random = g_rand_new_with_seed (7), .variant = variant };
  build (&net);
  g_assert_no_error (net.error);
  eng_graph_add_output (net.graph, net.y);
  eng_graph_freeze (net.graph);
  return net;
}

void
net_clear (Net *net)
{
  eng_graph_unref (net->graph);
  g_rand_free (net->random);
}

guint
net_count_ops (const EngPass *pass, const char *type)
{
  guint n = 0;
  for (guint i = 0; i < pass->needed->len; i++)
    n += strcmp (((EngNode *)pass->needed->pdata[i])->op->name, type) == 0;
  return n;
}

EngPass *
net_begin (const Net *net, gboolean gradients, gboolean unfused)
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

void
net_run (EngPass *pass, const Net *net, gboolean backward)
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

void
net_assert_same (EngPass *a, EngPass *b, EngValue *value, Read read, double tolerance)
{
  gsize n = (gsize)eng_shape_count (&value->shape);
  g_autofree float *x = g_new (float, n), *y = g_new (float, n);
  read (a, value, x);
  read (b, value, y);
  g_assert_cmpfloat (test_max_rel (y, y, n), ==, 0); /* numbers */
  g_assert_cmpfloat (test_max_rel (x, y, n), <=, tolerance);
}

void
net_assert_equal_to_plain (const Net *net, const char *fused, guint nodes, double tolerance)
{
  for (int gradients = 0; gradients < 2; gradients++)
    {
      g_autoptr (EngPass) pass = net_begin (net, gradients, FALSE), plain = net_begin (net, gradients, TRUE);
      for (int time = 0; time < 2; time++)
        {
          net_run (pass, net, gradients);
          net_run (plain, net, gradients);
          g_assert_cmpuint (net_count_ops (pass, fused), ==, 1);
          g_assert_cmpuint (pass->needed->len, ==, nodes);
          net_assert_same (pass, plain, net->y, eng_pass_read, tolerance);
          for (guint i = 0; gradients && i < net->graph->values->len; i++)
            if (pass->flags[i] & PASS_WANT_GRAD)
              net_assert_same (pass, plain, net->graph->values->pdata[i], eng_pass_read_grad, tolerance);
        }
      g_assert_cmpuint (pass->forward->len, <, plain->forward->len);
    }
}

void
net_assert_apart (const Net *net, const char *fused)
{
  void (*const ask[]) (EngPass *, EngValue *) = { eng_pass_want, eng_pass_want_grad, eng_pass_cut };
  for (guint i = 0; i < net->graph->nodes->len; i++)
    for (guint k = 0; k < G_N_ELEMENTS (ask); k++)
      {
        EngValue *v = ((EngNode *)net->graph->nodes->pdata[i])->outputs[0];
        if (v == net->y)
          continue;
        g_autoptr (EngPass) pass = net_begin (net, TRUE, FALSE), plain = net_begin (net, TRUE, TRUE);
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
        net_run (pass, net, TRUE);
        net_run (plain, net, TRUE);
        g_assert_cmpuint (net_count_ops (pass, fused), ==, 0);
        net_assert_same (pass, plain, net->y, eng_pass_read, TOLERANCE);
        if (ask[k] == eng_pass_want_grad)
          net_assert_same (pass, plain, v, eng_pass_read_grad, TOLERANCE);
        else
          net_assert_same (pass, plain, v, eng_pass_read, TOLERANCE);
      }
}

/* Every value inside that something else reads does so, too. */
static void
assert_apart_if_shared (Build build, int variant, const char *fused)
{
  Net first = net_make (build, variant);
  for (guint i = 0; i < first.graph->nodes->len; i++)
    {
      Net net = { .graph = eng_graph_new (), .random = g_rand_new_with_seed (7), .variant = variant };
      build (&net);
      EngValue *v = ((EngNode *)net.graph->nodes->pdata[i])->outputs[0], *y = net.y;
      EngValue *reader = net_op (&net, "Relu", v, NULL);
      g_assert_no_error (net.error);
      eng_graph_freeze (net.graph);
      g_autoptr (EngPass) pass = net_begin (&net, FALSE, FALSE);
      eng_pass_want (pass, reader);
      net_run (pass, &net, FALSE);
      g_assert_cmpuint (net_count_ops (pass, fused), ==, v == y ? 1 : 0);
      net_clear (&net);
    }
  net_clear (&first);
}

void
net_check (Build build, int variants, const char *fused)
{
  for (int variant = 0; variant < variants; variant++)
    {
      Net net = net_make (build, variant);
      net_assert_equal_to_plain (&net, fused, 1, TOLERANCE);
      net_assert_apart (&net, fused);
      net_clear (&net);
      assert_apart_if_shared (build, variant, fused);
    }
}

void
net_assert_none (Build build, int variants, const char *fused)
{
  for (int variant = 0; variant < variants; variant++)
    {
      Net net = net_make (build, variant);
      g_autoptr (EngPass) pass = net_begin (&net, TRUE, FALSE);
      net_run (pass, &net, TRUE);
      g_assert_cmpuint (net_count_ops (pass, fused), ==, 0);
      net_clear (&net);
    }
}
