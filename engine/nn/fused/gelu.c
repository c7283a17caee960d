/* GELU written out: x (1 + erf (x / sqrt 2)) / 2, or x (1 + tanh (sqrt (2 / pi) (x + 0.044715 x^3))) / 2, with the
 * factors in any order. Becomes the operator Gelu. */
#include "../fuse.h"

#include <math.h>
#include <string.h>

/* Constants as exporters write them, in single or half precision, differ from ours by less. */
#define CLOSE 1e-3f
#define MAX_DEPTH 8

/* c[0] + c[1] x + c[2] x^2 + c[3] x^3 */
typedef struct
{
  float c[4];
} Cubic;

static gboolean
multiply (const Cubic *a, const Cubic *b, Cubic *product)
{
  Cubic p = { 0 };
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < 4; k++)
      {
        float term = a->c[i] * b->c[k];
        if (i + k < 4)
          p.c[i + k] += term;
        else if (term != 0)
          return FALSE;
      }
  *product = p;
  return TRUE;
}

static gboolean
power (const Cubic *a, float exponent, Cubic *result)
{
  Cubic square;
  if (exponent == 2)
    return multiply (a, a, result);
  return exponent == 3 && multiply (a, a, &square) && multiply (&square, a, result);
}

/* Reads @value as a polynomial in @x; the nodes on the way become members. */
static gboolean
read_cubic (const EngFuse *fuse, EngGroup *group, const EngValue *value, const EngValue *x, int depth, Cubic *result)
{
  Cubic a, b;
  float number;
  *result = (Cubic){ 0 };
  if (value == x)
    result->c[1] = 1;
  else if (eng_fuse_number (fuse, value, &number))
    result->c[0] = number;
  else
    {
      EngNode *node = depth < MAX_DEPTH ? eng_fuse_take (fuse, group, value, NULL) : NULL;
      if (!node || node->n_inputs != 2 || node->n_outputs != 1
          || !read_cubic (fuse, group, node->inputs[0], x, depth + 1, &a))
        return FALSE;
      if (eng_node_is (node, "Div") || eng_node_is (node, "Pow"))
        {
          if (!eng_fuse_number (fuse, node->inputs[1], &number))
            return FALSE;
          b = (Cubic){ { 1 / number } };
          return eng_node_is (node, "Pow") ? power (&a, number, result) : multiply (&a, &b, result);
        }
      if (!read_cubic (fuse, group, node->inputs[1], x, depth + 1, &b))
        return FALSE;
      if (eng_node_is (node, "Mul"))
        return multiply (&a, &b, result);
      for (int i = 0; i < 4; i++)
        result->c[i] = a.c[i] + b.c[i];
      return eng_node_is (node, "Add");
    }
  return TRUE;
}

/* Factors of a product: numbers multiplied into @number, up to two others into @factor. */
static gboolean
read_factors (const EngFuse *fuse, EngGroup *group, EngNode *node, int depth, float *number, EngValue **factor,
              int *n)
{
  gboolean divides = eng_node_is (node, "Div");
  for (int i = 0; i < node->n_inputs; i++)
    {
      EngValue *v = node->inputs[i];
      EngNode *inner = eng_fuse_producer (fuse, v, NULL);
      float c;
      if (eng_fuse_number (fuse, v, &c))
        *number *= divides && i == 1 ? 1 / c : c;
      else if (divides && i == 1)
        return FALSE;
      else if (depth < MAX_DEPTH && (eng_node_is (inner, "Mul") || eng_node_is (inner, "Div"))
               && eng_fuse_uses (fuse, v) == 1)
        {
          if (!eng_fuse_take (fuse, group, v, NULL)
              || !read_factors (fuse, group, inner, depth + 1, number, factor, n))
            return FALSE;
        }
      else if (*n == 2)
        return FALSE;
      else
        factor[(*n)++] = v;
    }
  return TRUE;
}

static gboolean
is_close (float a, float b)
{
  return fabsf (a - b) <= CLOSE * fabsf (b);
}

/* 1 + erf (x / sqrt 2) or 1 + tanh (...) */
static gboolean
read_gate (const EngFuse *fuse, EngGroup *group, const EngValue *gate, const EngValue *x, gboolean *tanh)
{
  EngNode *sum = eng_fuse_take (fuse, group, gate, "Add");
  float one;
  Cubic u;
  for (int i = 0; sum && i < 2; i++)
    {
      EngNode *function = eng_fuse_producer (fuse, sum->inputs[i], NULL);
      *tanh = eng_node_is (function, "Tanh");
      if (!(*tanh || eng_node_is (function, "Erf")) || !eng_fuse_take (fuse, group, sum->inputs[i], NULL)
          || !eng_fuse_number (fuse, sum->inputs[1 - i], &one) || one != 1
          || !read_cubic (fuse, group, function->inputs[0], x, 0, &u) || u.c[0] != 0 || u.c[2] != 0)
        continue;
      return *tanh ? is_close (u.c[1], 0.797884561f) && is_close (u.c[3], 0.797884561f * 0.044715f)
                   : is_close (u.c[1], 0.707106781f) && u.c[3] == 0;
    }
  return FALSE;
}

static gboolean
match (const EngFuse *fuse, EngNode *last, EngGroup *group)
{
  EngValue *factor[2];
  float number = 1;
  int n = 0;
  gboolean tanh;
  if (!(eng_node_is (last, "Mul") || eng_node_is (last, "Div"))
      || !read_factors (fuse, group, last, 0, &number, factor, &n) || n != 2 || number != 0.5f)
    return FALSE;
  for (int i = 0, members = group->n_nodes; i < 2; i++, group->n_nodes = members)
    if (read_gate (fuse, group, factor[1 - i], factor[i], &tanh))
      {
        group->op = eng_op_find ("Gelu", ENG_OPSET_MAX, NULL);
        group->attrs = tanh ? eng_attrs_string (eng_attrs_new (), "approximate", "tanh") : NULL;
        group->input[group->n_inputs++] = factor[i];
        return TRUE;
      }
  return FALSE;
}

const EngFusion eng_fusion_gelu = { "GELU", match };
