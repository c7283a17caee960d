/* See doubles.h. One row per operator; formulas are those of the ONNX specification. */
#include "doubles.h"

#include "../kernels/kernels.h"
#include "../nn/ops/window.h"

#include <math.h>
#include <string.h>

/* ---- constants ---- */

/* Numbers that programs write as they are, and exporters round. */
static double
unrounded (float v)
{
  static const double roots[] = { M_SQRT2, M_SQRT1_2, 0.79788456080286535588 /* sqrt (2 / pi) */ };
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  for (guint i = 0; i < G_N_ELEMENTS (roots); i++)
    if (v == (float)roots[i])
      return roots[i];
  for (int digits = 1; digits <= 9; digits++)
    {
      char format[8];
      g_snprintf (format, sizeof format, "%%.%dg", digits);
      double decimal = g_ascii_strtod (g_ascii_formatd (text, sizeof text, format, v), NULL);
      if ((float)decimal == v)
        return decimal;
    }
  return v;
}

double *
eng_double_constant (const EngTensor *tensor)
{
  int64_t n = eng_tensor_count (tensor);
  double *values = g_new (double, MAX (n, 1));
  for (int64_t i = 0; i < n; i++)
    values[i] = n == 1 ? unrounded (tensor->f[i]) : tensor->f[i];
  return values;
}

/* ---- element by element ---- */

static double
relu (double x)
{
  return x > 0 ? x : 0;
}

static double
sigmoid (double x)
{
  return 1 / (1 + exp (-x));
}

static double
negate (double x)
{
  return -x;
}

static double
reciprocal (double x)
{
  return 1 / x;
}

static double
gelu_erf (double x)
{
  return x * 0.5 * (1 + erf (x * M_SQRT1_2));
}

static double
gelu_tanh (double x)
{
  return x * 0.5 * (1 + tanh (0.79788456080286535588 * (x + 0.044715 * x * x * x)));
}

static const struct
{
  const char *name;
  double (*f) (double x);
} unaries[] = {
  { "Erf", erf },   { "Exp", exp },         { "Gelu", gelu_erf },         { "Neg", negate },
  { "Relu", relu }, { "Sigmoid", sigmoid }, { "Reciprocal", reciprocal }, { "Sqrt", sqrt },
  { "Tanh", tanh },
};

static double (*find_unary (const EngNode *node)) (double)
{
  for (guint i = 0; i < G_N_ELEMENTS (unaries); i++)
    if (strcmp (unaries[i].name, node->op->name) == 0)
      return unaries[i].f;
  return NULL;
}

gboolean
eng_double_is_unary (const EngNode *node)
{
  return find_unary (node) != NULL;
}

static void
unary_forward (const EngNode *node, const double *const *in, double *const *out)
{
  double (*f) (double) = find_unary (node);
  if (f == gelu_erf && strcmp (eng_attrs_get_string (node->attrs, "approximate", "none"), "tanh") == 0)
    f = gelu_tanh;
  int64_t n = eng_shape_count (&node->outputs[0]->shape);
  for (int64_t i = 0; i < n; i++)
    out[0][i] = f (in[0][i]);
}

/* ---- broadcasting ---- */

typedef struct
{
  int rank;
  int64_t dim[ENG_MAX_RANK], stride[ENG_MAX_RANK];
  gboolean same; /* no broadcasting */
} Walk;

static void
walk_init (Walk *w, const EngShape *full, const EngShape *operand)
{
  int64_t stride[ENG_MAX_RANK];
  eng_shape_strides (operand, stride);
  w->rank = full->rank;
  w->same = eng_shape_count (full) == eng_shape_count (operand);
  for (int i = 0; i < full->rank; i++)
    {
      int k = i - (full->rank - operand->rank);
      w->dim[i] = full->dim[i];
      w->stride[i] = k < 0 || operand->dim[k] == 1 ? 0 : stride[k];
    }
}

/* Position in the operand of element @i of the full shape. */
static int64_t
walk_at (const Walk *w, int64_t i)
{
  int64_t at = 0;
  if (w->same)
    return i;
  for (int k = w->rank - 1; k >= 0; k--)
    {
      at += i % w->dim[k] * w->stride[k];
      i /= w->dim[k];
    }
  return at;
}

static void
binary_forward (const EngNode *node, const double *const *in, double *const *out)
{
  const char *name = node->op->name;
  char which = *name == 'P' ? '^' : *name; /* Add, Sub, Mul, Div, Pow */
  Walk a, b;
  walk_init (&a, &node->outputs[0]->shape, &node->inputs[0]->shape);
  walk_init (&b, &node->outputs[0]->shape, &node->inputs[1]->shape);
  int64_t n = eng_shape_count (&node->outputs[0]->shape);
  for (int64_t i = 0; i < n; i++)
    {
      double x = in[0][walk_at (&a, i)], y = in[1][walk_at (&b, i)];
      out[0][i] = which == 'A'   ? x + y
                  : which == 'S' ? x - y
                  : which == 'M' ? x * y
                  : which == 'D' ? x / y
                                 : pow (x, y);
    }
}

static gboolean
reduced_shape (const EngNode *node, EngShape *kept)
{
  const int64_t *axes;
  int n, axis;
  *kept = node->inputs[0]->shape;
  if (!eng_node_ints (node, "axes", 1, &axes, &n, NULL) || (n <= 0 && node->n_inputs > 1))
    return FALSE;
  for (int i = 0; i < (n > 0 ? n : kept->rank); i++)
    {
      if (!eng_node_axis (node, n > 0 ? axes[i] : i, kept->rank, &axis, NULL))
        return FALSE;
      kept->dim[axis] = 1;
    }
  return TRUE;
}

static gboolean
mean_can (const EngNode *node)
{
  EngShape kept;
  return reduced_shape (node, &kept);
}

int64_t *
eng_double_mean_map (const EngNode *node)
{
  EngShape kept;
  Walk w;
  reduced_shape (node, &kept);
  walk_init (&w, &node->inputs[0]->shape, &kept);
  int64_t n = eng_shape_count (&node->inputs[0]->shape), *map = g_new (int64_t, n);
  for (int64_t i = 0; i < n; i++)
    map[i] = walk_at (&w, i);
  return map;
}

static void
mean_forward (const EngNode *node, const double *const *in, double *const *out)
{
  g_autofree int64_t *map = eng_double_mean_map (node);
  int64_t n = eng_shape_count (&node->inputs[0]->shape), cells = eng_shape_count (&node->outputs[0]->shape);
  memset (out[0], 0, sizeof (double) * cells);
  for (int64_t i = 0; i < n; i++)
    out[0][map[i]] += in[0][i];
  for (int64_t i = 0; i < cells; i++)
    out[0][i] /= (double)(n / cells);
}

/* ---- rows ---- */

static gboolean
softmax_can (const EngNode *node)
{
  int64_t rank = node->inputs[0]->shape.rank,
          axis = eng_attrs_get_int (node->attrs, "axis", node->opset < 13 ? 1 : -1);
  return rank > 0 && (axis == -1 || axis == rank - 1);
}

static void
softmax_forward (const EngNode *node, const double *const *in, double *const *out)
{
  const EngShape *s = &node->inputs[0]->shape;
  int64_t n = s->dim[s->rank - 1], rows = eng_shape_count (s) / MAX (n, 1);
  for (int64_t r = 0; r < rows; r++)
    {
      const double *x = in[0] + r * n;
      double *y = out[0] + r * n, largest = -INFINITY, sum = 0;
      for (int64_t i = 0; i < n; i++)
        largest = fmax (largest, x[i]);
      for (int64_t i = 0; i < n; i++)
        sum += y[i] = exp (x[i] - largest);
      for (int64_t i = 0; i < n; i++)
        y[i] /= sum;
    }
}

static int64_t
normalised_size (const EngNode *node)
{
  const EngShape *s = &node->inputs[0]->shape;
  int axis;
  return eng_node_axis (node, eng_attrs_get_int (node->attrs, "axis", -1), s->rank, &axis, NULL)
             ? eng_shape_span (s, axis, s->rank)
             : 0;
}

static gboolean
norm_can (const EngNode *node)
{
  int64_t n = normalised_size (node);
  for (int i = 1; i < node->n_inputs; i++)
    if (node->inputs[i] && eng_shape_count (&node->inputs[i]->shape) != n)
      return FALSE;
  for (int i = 1; i < node->n_outputs; i++)
    if (node->outputs[i]->consumers->len)
      return FALSE;
  return n > 0;
}

static void
norm_forward (const EngNode *node, const double *const *in, double *const *out)
{
  int64_t n = normalised_size (node), rows = eng_shape_count (&node->inputs[0]->shape) / n;
  double epsilon = unrounded (eng_attrs_get_float (node->attrs, "epsilon", 1e-5f));
  const double *shift = node->n_inputs > 2 ? in[2] : NULL;
  for (int64_t r = 0; r < rows; r++)
    {
      const double *x = in[0] + r * n;
      double mean = 0, variance = 0;
      for (int64_t i = 0; i < n; i++)
        mean += x[i] / (double)n;
      for (int64_t i = 0; i < n; i++)
        variance += (x[i] - mean) * (x[i] - mean) / (double)n;
      double factor = 1 / sqrt (variance + epsilon);
      for (int64_t i = 0; i < n; i++)
        out[0][r * n + i] = (x[i] - mean) * factor * in[1][i] + (shift ? shift[i] : 0);
    }
}

/* ---- products ---- */

void
eng_double_multiply (int64_t batch, int64_t m, int64_t n, int64_t k, gboolean trans_a, gboolean trans_b, double beta,
                     const double *a, const double *b, double *c)
{
  EngGemm p = { .trans_a = trans_a,
                .trans_b = trans_b,
                .m = m,
                .n = n,
                .k = k,
                .alpha = 1,
                .beta = (float)beta,
                .lda = trans_a ? m : k,
                .ldb = trans_b ? k : n,
                .ldc = n,
                .batch = batch,
                .stride_a = m * k,
                .stride_b = k * n,
                .stride_c = m * n };
  eng_gemm_double (&p, a, b, c);
}

static gboolean
gemm_product (const EngNode *node, EngDoubleProduct *p)
{
  const EngShape *a = &node->inputs[0]->shape, *b = &node->inputs[1]->shape;
  p->trans_b = eng_attrs_get_int (node->attrs, "transB", 0) != 0;
  *p = (EngDoubleProduct){ 1, a->dim[0], b->dim[p->trans_b ? 0 : 1], a->dim[1], p->trans_b, TRUE };
  return eng_attrs_get_int (node->attrs, "transA", 0) == 0 && eng_attrs_get_float (node->attrs, "alpha", 1) == 1
         && eng_attrs_get_float (node->attrs, "beta", 1) == 1;
}

gboolean
eng_double_product (const EngNode *node, EngDoubleProduct *p)
{
  if (strcmp (node->op->name, "Gemm") == 0)
    return gemm_product (node, p);
  const EngShape *a = &node->inputs[0]->shape, *b = &node->inputs[1]->shape;
  if (strcmp (node->op->name, "MatMul") || a->rank < 2 || b->rank < 2)
    return FALSE;
  *p = (EngDoubleProduct){ .m = a->dim[a->rank - 2], .n = b->dim[b->rank - 1], .k = a->dim[a->rank - 1] };
  p->batch = eng_shape_span (a, 0, a->rank - 2);
  p->shared = eng_shape_span (b, 0, b->rank - 2) == 1;
  if (p->shared)
    {
      p->m *= p->batch;
      p->batch = 1;
      return b->rank <= a->rank;
    }
  for (int i = 0; i < a->rank - 2; i++)
    if (a->rank != b->rank || a->dim[i] != b->dim[i])
      return FALSE;
  return a->rank == b->rank;
}

static gboolean
product_can (const EngNode *node)
{
  EngDoubleProduct p;
  return eng_double_product (node, &p);
}

static void
product_forward (const EngNode *node, const double *const *in, double *const *out)
{
  EngDoubleProduct p;
  eng_double_product (node, &p);
  eng_double_multiply (p.batch, p.m, p.n, p.k, FALSE, p.trans_b, 0, in[0], in[1], out[0]);
  if (node->n_inputs < 3 || !in[2]) /* Gemm's C */
    return;
  Walk w;
  walk_init (&w, &node->outputs[0]->shape, &node->inputs[2]->shape);
  for (int64_t i = 0; i < p.m * p.n; i++)
    out[0][i] += in[2][walk_at (&w, i)];
}

/* ---- convolution: the patches as columns, then a product ---- */

/* taps x cells of channel @x */
static void
conv_columns (const EngWindow *w, const double *x, double *columns)
{
  int64_t cells = w->out[1] * w->out[2];
  for (int64_t ky = 0; ky < w->kernel[1]; ky++)
    for (int64_t kx = 0; kx < w->kernel[2]; kx++)
      for (int64_t i = 0; i < cells; i++)
        {
          int64_t y = i / w->out[2] * w->stride[1] - w->pad[1] + ky * w->dilation[1];
          int64_t z = i % w->out[2] * w->stride[2] - w->pad[2] + kx * w->dilation[2];
          gboolean inside = y >= 0 && y < w->in[1] && z >= 0 && z < w->in[2];
          columns[(ky * w->kernel[2] + kx) * cells + i] = inside ? x[y * w->in[2] + z] : 0;
        }
}

static gboolean
conv_can (const EngNode *node)
{
  return node->inputs[0]->shape.rank == 4 && node->inputs[0]->shape.dim[0] == 1;
}

static void
conv_forward (const EngNode *node, const double *const *in, double *const *out)
{
  EngWindow w;
  const EngShape *weights = &node->inputs[1]->shape;
  if (!eng_window_parse (node, weights, &w, NULL) || !eng_window_place (node, &w, FALSE, NULL))
    return; /* it was parsed once before */
  int64_t groups = eng_attrs_get_int (node->attrs, "group", 1), cin = weights->dim[1],
          cout = weights->dim[0] / groups;
  int64_t taps = w.kernel[1] * w.kernel[2], cells = w.out[1] * w.out[2], plane = w.in[1] * w.in[2];
  g_autofree double *columns = g_new (double, cin *taps *cells);
  for (int64_t g = 0; g < groups; g++)
    {
      for (int64_t c = 0; c < cin; c++)
        conv_columns (&w, in[0] + (g * cin + c) * plane, columns + c * taps * cells);
      eng_double_multiply (1, cout, cells, cin * taps, FALSE, FALSE, 0, in[1] + g * cout * cin * taps, columns,
                           out[0] + g * cout * cells);
    }
  for (int64_t i = 0; node->n_inputs > 2 && in[2] && i < groups * cout * cells; i++)
    out[0][i] += in[2][i / cells];
}

/* ---- the table ---- */

static gboolean
always (const EngNode *node)
{
  return TRUE;
}

static const struct
{
  const char *name;
  gboolean (*can) (const EngNode *node);
  EngDoubleForward forward;
} table[] = {
  { "Add", always, binary_forward },
  { "Conv", conv_can, conv_forward },
  { "Div", always, binary_forward },
  { "Gemm", product_can, product_forward },
  { "LayerNormalization", norm_can, norm_forward },
  { "MatMul", product_can, product_forward },
  { "Mul", always, binary_forward },
  { "Pow", always, binary_forward },
  { "ReduceMean", mean_can, mean_forward },
  { "Softmax", softmax_can, softmax_forward },
  { "Sub", always, binary_forward },
};

EngDoubleForward
eng_double_forward (const EngNode *node)
{
  for (int i = 0; i < node->n_outputs; i++)
    if (node->outputs[i]->dtype != ENG_DTYPE_FLOAT)
      return NULL;
  for (int i = 0; i < node->n_inputs; i++)
    if (node->inputs[i] && !node->inputs[i]->constant && node->inputs[i]->dtype != ENG_DTYPE_FLOAT)
      return NULL;
  if (eng_move_is (node))
    return eng_move_forward;
  if (eng_double_is_unary (node))
    return unary_forward;
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (strcmp (table[i].name, node->op->name) == 0 && table[i].can (node))
      return table[i].forward;
  return NULL;
}
