/* See rules.h. With R the relevance of a node's output:
 *
 *   linear (a matrix product with a constant; its bias is ignored): with x+ = max (x, 0), x- = min (x, 0) and the
 * same for W, S = R / (x+ W+ + x- W-), R_x = x+ (S W+') + x- (S W-'). product of two values: S = R / (A B), R_A = A
 * (S B') / 2, R_B = B (A' S) / 2. sum of two values: S = R / (a + b), R_a = a S, R_b = b S; then both are scaled to
 * totals that divide the total of R as |sum R_a| and |sum R_b| do. mean: R_x = x / n * R / mean. activation, softmax,
 * normalisation, a constant added or multiplied: R passes through. An activation may be written as a product of x
 * with a function of x (GELU), a normalisation as (x - mean) / deviation. moved elements: R moves back.
 *
 * All quotients are eng_rule_divide(). */
#include "rules.h"

#include "doubles.h"

#include <math.h>
#include <string.h>

#define MAX_CHAIN 32 /* nodes in an activation that is written out */

double
eng_rule_divide (double a, double b)
{
  double shifted = b + 1e-9;
  return b == 0 ? 0 : a / (shifted == 0 ? 1e-9 : shifted);
}

static int64_t
count (const EngValue *v)
{
  return eng_shape_count (&v->shape);
}

/* ---- arithmetic ---- */

static void
linear_rule (const EngNode *node, const double *const *in, const double *const *given, double *const *taken)
{
  EngDoubleProduct p;
  eng_double_product (node, &p);
  int64_t nx = p.m * p.k, nw = p.k * p.n, nr = p.m * p.n;
  g_autofree double *x = g_new (double, nx), *w = g_new (double, nw), *s = g_new0 (double, nr),
                    *back = g_new (double, nx);
  for (int sign = 1; sign >= -1; sign -= 2)
    {
      for (int64_t i = 0; i < nx; i++)
        x[i] = in[0][i] * sign > 0 ? in[0][i] : 0;
      for (int64_t i = 0; i < nw; i++)
        w[i] = in[1][i] * sign > 0 ? in[1][i] : 0;
      eng_double_multiply (1, p.m, p.n, p.k, FALSE, p.trans_b, 1, x, w, s);
    }
  for (int64_t i = 0; i < nr; i++)
    s[i] = eng_rule_divide (given[0][i], s[i]);
  for (int sign = 1; sign >= -1; sign -= 2)
    {
      for (int64_t i = 0; i < nw; i++)
        w[i] = in[1][i] * sign > 0 ? in[1][i] : 0;
      eng_double_multiply (1, p.m, p.k, p.n, FALSE, !p.trans_b, 0, s, w, back);
      for (int64_t i = 0; i < nx; i++)
        if (in[0][i] * sign > 0)
          taken[0][i] += in[0][i] * back[i];
    }
}

static void
product_rule (const EngNode *node, const double *const *in, const double *const *given, double *const *taken)
{
  EngDoubleProduct p;
  eng_double_product (node, &p);
  int64_t sizes[] = { p.batch * p.m * p.k, p.batch * p.k * p.n }, nr = p.batch * p.m * p.n;
  g_autofree double *s = g_new (double, nr), *back = g_new (double, MAX (sizes[0], sizes[1]));
  eng_double_multiply (p.batch, p.m, p.n, p.k, FALSE, FALSE, 0, in[0], in[1], s);
  for (int64_t i = 0; i < nr; i++)
    s[i] = eng_rule_divide (given[0][i], s[i]);
  for (int side = 0; side < 2; side++)
    {
      if (!taken[side])
        continue;
      if (side == 0)
        eng_double_multiply (p.batch, p.m, p.k, p.n, FALSE, TRUE, 0, s, in[1], back);
      else
        eng_double_multiply (p.batch, p.k, p.n, p.m, TRUE, FALSE, 0, in[0], s, back);
      for (int64_t i = 0; i < sizes[side]; i++)
        taken[side][i] += in[side][i] * back[i] / 2;
    }
}

static void
sum_rule (const EngNode *node, const double *const *in, const double *const *given, double *const *taken)
{
  int64_t n = count (node->outputs[0]);
  double all = 0, total[2] = { 0, 0 }, factor[2];
  for (int64_t i = 0; i < n; i++)
    {
      double s = eng_rule_divide (given[0][i], in[0][i] + in[1][i]);
      all += given[0][i];
      total[0] += in[0][i] * s;
      total[1] += in[1][i] * s;
    }
  for (int k = 0; k < 2; k++)
    factor[k] =
        eng_rule_divide (eng_rule_divide (fabs (total[k]), fabs (total[0]) + fabs (total[1])) * all, total[k]);
  for (int k = 0; k < 2; k++)
    for (int64_t i = 0; taken[k] && i < n; i++)
      taken[k][i] += in[k][i] * eng_rule_divide (given[0][i], in[0][i] + in[1][i]) * factor[k];
}

static void
mean_rule (const EngNode *node, const double *const *in, const double *const *given, double *const *taken)
{
  int64_t n = count (node->inputs[0]), cells = count (node->outputs[0]), each = n / cells;
  g_autofree int64_t *map = eng_double_mean_map (node);
  g_autofree double *mean = g_new0 (double, cells);
  for (int64_t i = 0; i < n; i++)
    mean[map[i]] += in[0][i] / (double)each;
  for (int64_t i = 0; i < n; i++)
    taken[0][i] += in[0][i] / (double)each * eng_rule_divide (given[0][map[i]], mean[map[i]]);
}

static void
pass_rule (const EngNode *node, const double *const *in, const double *const *given, double *const *taken)
{
  for (int i = 0; i < node->n_inputs; i++)
    for (int64_t k = 0; taken[i] && k < count (node->outputs[0]); k++)
      taken[i][k] += given[0][k];
}

static void
move_rule (const EngNode *node, const double *const *in, const double *const *given, double *const *taken)
{
  for (int k = 0; k < node->n_outputs; k++)
    {
      if (!given[k])
        continue;
      g_autofree int32_t *map = eng_move_map (node, k);
      for (int64_t i = 0; i < count (node->outputs[k]); i++)
        {
          int64_t from = map[i];
          int input = 0;
          for (; from >= count (node->inputs[input]); input++)
            from -= count (node->inputs[input]);
          if (taken[input])
            taken[input][from] += given[k][i];
        }
    }
}

/* ---- which rule ---- */

static gboolean
is_op (const EngNode *node, const char *name)
{
  return strcmp (node->op->name, name) == 0;
}

static gboolean
is_arithmetic (const EngNode *node)
{
  static const char *const names[] = { "Add", "Sub", "Mul", "Div", "Pow", NULL };
  return g_strv_contains (names, node->op->name);
}

/* The one computed value that an elementwise node works on; NULL: none or several. */
static const EngValue *
only_input (const EngNode *node)
{
  const EngValue *only = NULL;
  if (!node || !(eng_double_is_unary (node) || is_arithmetic (node)))
    return NULL;
  for (int i = 0; i < node->n_inputs; i++)
    if (!node->inputs[i]->constant)
      {
        if (only && only != node->inputs[i])
          return NULL;
        only = node->inputs[i];
      }
  return only;
}

/* Whether each element of @v is a function of the same element of @base alone. */
static gboolean
is_function_of (const EngValue *v, const EngValue *base, int depth)
{
  const EngNode *node = v->producer;
  if (v == base)
    return TRUE;
  if (!node || depth == 0 || !(eng_double_is_unary (node) || is_arithmetic (node)) || count (v) != count (base))
    return FALSE;
  for (int i = 0; i < node->n_inputs; i++)
    if (!node->inputs[i]->constant && !is_function_of (node->inputs[i], base, depth - 1))
      return FALSE;
  return TRUE;
}

/* x f (x): which operand is the x, or leads straight to it. -1: neither. */
static int
activated (const EngNode *node)
{
  for (int i = 0; i < 2; i++)
    {
      int depth = MAX_CHAIN;
      for (const EngValue *base = node->inputs[i]; base && depth > 0; base = only_input (base->producer), depth--)
        if (is_function_of (node->inputs[1 - i], base, MAX_CHAIN))
          return i;
    }
  return -1;
}

/* Which operand's relevance an Add, Sub, Mul or Div hands on untouched; -1: it is not of that kind. */
static int
passing (const EngNode *node)
{
  const EngValue *a = node->inputs[0], *b = node->inputs[1];
  int64_t n = count (node->outputs[0]);
  gboolean commutes = is_op (node, "Add") || is_op (node, "Mul");
  if (is_op (node, "Pow"))
    return -1;
  if (b->constant)
    return count (a) == n ? 0 : -1;
  if (a->constant)
    return commutes && count (b) == n ? 1 : -1;
  /* Row statistics of a normalisation. */
  if (count (b) < count (a) && count (a) == n && !is_op (node, "Add"))
    return 0;
  if (count (a) < count (b) && count (b) == n && is_op (node, "Mul"))
    return 1;
  return is_op (node, "Mul") && count (a) == count (b) ? activated (node) : -1;
}

static gboolean
set (EngRule *rule, guint reads, guint takes,
     void (*apply) (const EngNode *, const double *const *, const double *const *, double *const *))
{
  *rule = (EngRule){ reads, takes, apply == move_rule, apply };
  return TRUE;
}

gboolean
eng_rule_find (const EngNode *node, EngRule *rule)
{
  EngDoubleProduct p;
  int operand;
  if (!eng_double_forward (node))
    return FALSE;
  if (eng_move_is (node))
    return set (rule, 0, (1u << MIN (eng_move_n_inputs (node), 31)) - 1, move_rule);
  if (eng_double_is_unary (node) || is_op (node, "Softmax") || is_op (node, "LayerNormalization"))
    return set (rule, 0, 1, pass_rule);
  if (is_op (node, "ReduceMean"))
    return set (rule, 1, 1, mean_rule);
  if (eng_double_product (node, &p))
    {
      if (node->inputs[0]->constant || (node->inputs[1]->constant && !p.shared))
        return FALSE;
      if (node->inputs[1]->constant)
        return set (rule, 3, 1, linear_rule);
      return is_op (node, "MatMul") && set (rule, 3, 3, product_rule);
    }
  if (!is_arithmetic (node))
    return FALSE;
  operand = passing (node);
  if (operand >= 0)
    return set (rule, 0, 1u << operand, pass_rule);
  gboolean sum = is_op (node, "Add") && !node->inputs[0]->constant && !node->inputs[1]->constant
                 && eng_shape_equal (&node->inputs[0]->shape, &node->inputs[1]->shape);
  return sum && set (rule, 3, 3, sum_rule);
}
