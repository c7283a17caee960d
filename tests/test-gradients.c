/* Walks the operator table: every row that has a backward must have examples, and on each example
 * the gradient of a random weighting of the outputs must agree with finite differences.
 *
 * An example is a string of tokens: first the inputs, then attributes.
 *   f:2x3  random values, |x| in 0.2 .. 1, both signs, all distinct      f:  a scalar
 *   a:2x3  above 1, 1.2 .. 3
 *   p:2x3  positive, 0.5 .. 2        u:2x3  -0.8 .. 0.8       b:2x3  random bool, constant
 *   i:[1,-2]  constant int64, rank 1    i:3  constant int64 scalar    I:2x2:[0,1,1,0]  of a shape
 *   c:[0.5,1]  constant float, rank 1   c:2.5  constant float scalar      -  absent input
 *   axis=1 alpha=0.5 axes=[0,2] mode='linear'  attributes (a dot makes a float)
 *   out=2  number of outputs      opset=13  instead of the newest that the row serves */
#include "nn/op.h"
#include "nn/pass.h"

#include <math.h>
#include <string.h>

typedef struct
{
  EngGraph *graph;
  EngValue *inputs[8], *outputs[8];
  int n_inputs, n_outputs, opset;
  EngAttrs *attrs;
  GPtrArray *data; /* float*, by graph input */
} Case;

static double
random_unit (GRand *r)
{
  return g_rand_double (r);
}

static EngShape
parse_shape (const char *text)
{
  EngShape s = { 0 };
  g_auto (GStrv) parts = g_strsplit (text, "x", -1);
  for (int i = 0; parts[i] && *parts[i]; i++)
    s.dim[s.rank++] = g_ascii_strtoll (parts[i], NULL, 10);
  return s;
}

/* "[1,2]" or "3" into doubles; returns the count, -1 for a scalar */
static int
parse_list (const char *text, double *v)
{
  if (*text != '[')
    {
      v[0] = g_ascii_strtod (text, NULL);
      return -1;
    }
  g_autofree char *inner = g_strndup (text + 1, strlen (text) - 2);
  g_auto (GStrv) parts = g_strsplit (inner, ",", -1);
  int n = 0;
  for (; parts[n] && *parts[n]; n++)
    v[n] = g_ascii_strtod (parts[n], NULL);
  return n;
}

static EngValue *
random_input (Case *c, char kind, const EngShape *shape, GRand *r)
{
  int64_t n = eng_shape_count (shape);
  float *x = g_new (float, n + 1);
  g_autofree int *order = g_new (int, n + 1);
  for (int i = 0; i < n; i++)
    {
      int k = g_rand_int_range (r, 0, i + 1);
      order[i] = order[k];
      order[k] = i;
    }
  for (int i = 0; i < n; i++)
    {
      double u = (order[i] + 0.25 + 0.5 * random_unit (r)) / n;
      x[i] = kind == 'p'   ? 0.5 + 1.5 * u
             : kind == 'a' ? 1.2 + 1.8 * u
             : kind == 'u' ? -0.8 + 1.6 * u
                           : (0.2 + 0.8 * u) * (g_rand_boolean (r) ? 1 : -1);
    }
  g_ptr_array_add (c->data, x);
  return eng_graph_add_input (c->graph, NULL, ENG_DTYPE_FLOAT, shape);
}

static EngValue *
constant_input (Case *c, char kind, const char *text, GRand *r)
{
  double v[256];
  EngShape shape = { 0 };
  EngTensor *t;
  if (kind == 'b')
    {
      shape = parse_shape (text);
      t = eng_tensor_new (ENG_DTYPE_BOOL, &shape);
      for (int i = 0; i < eng_tensor_count (t); i++)
        t->i[i] = g_rand_boolean (r);
      return eng_graph_add_constant (c->graph, NULL, ENG_VALUE_CONSTANT, t);
    }
  if (kind == 'I')
    {
      const char *colon = strchr (text, ':');
      g_autofree char *dims = g_strndup (text, colon - text);
      shape = parse_shape (dims);
      parse_list (colon + 1, v);
    }
  else
    {
      int n = parse_list (text, v);
      if (n >= 0)
        shape = ENG_SHAPE (n);
    }
  t = eng_tensor_new (kind == 'c' ? ENG_DTYPE_FLOAT : ENG_DTYPE_INT64, &shape);
  for (int i = 0; i < eng_tensor_count (t); i++)
    {
      if (kind == 'c')
        t->f[i] = (float)v[i];
      else
        t->i[i] = (int64_t)v[i];
    }
  return eng_graph_add_constant (c->graph, NULL, ENG_VALUE_CONSTANT, t);
}

static void
parse_attribute (Case *c, const char *token)
{
  const char *equals = strchr (token, '='), *value = equals + 1;
  g_autofree char *name = g_strndup (token, equals - token);
  if (strcmp (name, "out") == 0)
    c->n_outputs = atoi (value);
  else if (strcmp (name, "opset") == 0)
    c->opset = atoi (value);
  else if (*value == '\'')
    {
      g_autofree char *text = g_strndup (value + 1, strlen (value) - 2);
      eng_attrs_string (c->attrs, name, text);
    }
  else
    {
      double v[256];
      float f[256];
      int64_t k[256];
      gboolean is_float = strpbrk (value, ".eE") != NULL;
      int n = parse_list (value, v);
      for (int i = 0; i < MAX (n, 1); i++)
        {
          f[i] = (float)v[i];
          k[i] = (int64_t)v[i];
        }
      if (n < 0 && is_float)
        eng_attrs_float (c->attrs, name, f[0]);
      else if (n < 0)
        eng_attrs_int (c->attrs, name, k[0]);
      else if (is_float)
        eng_attrs_floats (c->attrs, name, f, n);
      else
        eng_attrs_ints (c->attrs, name, k, n);
    }
}

static void
case_build (Case *c, const EngOp *op, const char *example, GRand *r)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) tokens = g_strsplit (example, " ", -1);
  *c = (Case){ .graph = eng_graph_new (), .attrs = eng_attrs_new (), .n_outputs = 1 };
  c->opset = MIN (op->until, ENG_OPSET_MAX);
  c->data = g_ptr_array_new_with_free_func (g_free);
  for (int i = 0; tokens[i]; i++)
    {
      char *token = tokens[i];
      if (!*token)
        continue;
      if (strcmp (token, "-") == 0)
        c->inputs[c->n_inputs++] = NULL;
      else if (token[1] == ':' && strchr ("afpu", token[0]))
        {
          EngShape shape = parse_shape (token + 2);
          c->inputs[c->n_inputs++] = random_input (c, token[0], &shape, r);
        }
      else if (token[1] == ':' && strchr ("icIb", token[0]))
        c->inputs[c->n_inputs++] = constant_input (c, token[0], token + 2, r);
      else
        parse_attribute (c, token);
    }
  eng_graph_add_node (c->graph, op->name, c->opset, "tested", g_steal_pointer (&c->attrs), c->inputs, c->n_inputs,
                      NULL, c->outputs, c->n_outputs, &error);
  g_assert_no_error (error);
  eng_graph_freeze (c->graph);
}

static EngPass *
make_pass (Case *c, int output, gboolean gradient)
{
  g_autoptr (GError) error = NULL;
  EngPass *pass = eng_pass_new (c->graph);
  eng_pass_set_root (pass, c->outputs[output]);
  for (guint i = 0; gradient && i < c->graph->inputs->len; i++)
    eng_pass_want_grad (pass, c->graph->inputs->pdata[i]);
  eng_pass_prepare (pass, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < c->graph->inputs->len; i++)
    eng_pass_write (pass, c->graph->inputs->pdata[i], c->data->pdata[i]);
  return pass;
}

static double
weighted_output (EngPass *pass, EngValue *root, const float *w, float *y)
{
  double sum = 0;
  eng_pass_forward (pass);
  eng_pass_read (pass, root, y);
  for (int64_t i = 0; i < eng_shape_count (&root->shape); i++)
    sum += (double)w[i] * y[i];
  return sum;
}

/* Fourth-order central difference: the error is O(h^4) from the function and about 1e-6 / h from float32. */
static double
difference (EngPass *pass, EngValue *input, float *x, int64_t i, EngValue *root, const float *w, float *y, double h)
{
  const double at[4] = { -2, -1, 1, 2 }, weight[4] = { 1 / 12., -8 / 12., 8 / 12., -1 / 12. };
  float keep = x[i];
  double sum = 0;
  for (int k = 0; k < 4; k++)
    {
      x[i] = (float)(keep + at[k] * h);
      eng_pass_write (pass, input, x);
      sum += weight[k] * weighted_output (pass, root, w, y);
    }
  x[i] = keep;
  eng_pass_write (pass, input, x);
  return sum / h;
}

static void
check_output (const EngOp *op, const char *example, Case *c, int output, GRand *r)
{
  EngValue *root = c->outputs[output];
  int64_t n = eng_shape_count (&root->shape);
  g_autofree float *w = g_new (float, n + 1), *y = g_new (float, n + 1);
  for (int64_t i = 0; i < n; i++)
    w[i] = (float)(random_unit (r) * 2 - 1);
  g_autoptr (EngPass) pass = make_pass (c, output, TRUE), probe = make_pass (c, output, FALSE);
  eng_pass_forward (pass);
  eng_pass_backward (pass, w);
  eng_pass_backward (pass, w); /* a second walk must not add to the first */
  for (guint k = 0; k < c->graph->inputs->len; k++)
    {
      EngValue *input = c->graph->inputs->pdata[k];
      int64_t m = eng_shape_count (&input->shape);
      g_autofree float *grad = g_new (float, m + 1);
      double scale = 0.1;
      eng_pass_read_grad (pass, input, grad);
      for (int64_t i = 0; i < m; i++)
        scale = fmax (scale, fabs (grad[i]));
      for (int64_t i = 0; i < m; i += 1 + m / 97)
        {
          /* The widest step is the most exact one on smooth functions; narrower ones keep clear of kinks. */
          double numeric = 0, h = 0.02, tolerance = 0;
          for (; h > 5e-4; h /= 4)
            {
              numeric = difference (probe, input, c->data->pdata[k], i, root, w, y, h);
              tolerance = 2e-3 * scale + 2e-6 * (1 + sqrt (n)) / h;
              if (fabs (numeric - grad[i]) <= tolerance)
                break;
            }
          if (!(fabs (numeric - grad[i]) <= tolerance))
            {
              g_test_message ("%s opset %d '%s': output %d, input %u, element %d: backward %g, differences %g",
                              op->name, c->opset, example, output, k, (int)i, grad[i], numeric);
              g_test_fail ();
              return;
            }
        }
    }
}

static void
test_row (gconstpointer data)
{
  const EngOp *op = data;
  if (op->backward && !op->examples)
    {
      g_test_message ("%s of opset %d to %d has a gradient and no example", op->name, op->since, op->until);
      g_test_fail ();
    }
  for (int e = 0; op->examples && op->examples[e]; e++)
    {
      g_autoptr (GRand) r = g_rand_new_with_seed (7 + e);
      Case c;
      case_build (&c, op, op->examples[e], r);
      for (int o = 0; o < c.n_outputs; o++)
        if (eng_dtype_is_float (c.outputs[o]->dtype) && (op->backward || (op->flags & ENG_OP_VIEW)))
          check_output (op, op->examples[e], &c, o, r);
      g_ptr_array_unref (c.data);
      eng_graph_unref (c.graph);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  const EngOp *op;
  for (guint i = 0; (op = eng_op_nth (i)); i++)
    {
      g_autofree char *path = g_strdup_printf ("/gradients/%s/%d", op->name, op->since);
      g_test_add_data_func (path, op, test_row);
    }
  return g_test_run ();
}
