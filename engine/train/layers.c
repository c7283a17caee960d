/* Layers of nets that train, each a few ONNX operators. */
#include "net.h"

#include <math.h>
#include <string.h>

EngValue *
eng_net_op (EngNet *self, GError **error, const char *op_type, EngValue *a, EngValue *b)
{
  return eng_graph_op (self->graph, error, op_type, NULL, b ? 2 : 1, a, b);
}

/* Where an input is missing because of an error before: so that shapes need not be asked of nothing. */
static gboolean
missing (const EngValue *v)
{
  return v == NULL;
}

EngValue *
eng_net_conv (EngNet *self, const char *name, EngValue *x, int out, int kernel, int stride, int dilation,
              GError **error)
{
  if (missing (x))
    return NULL;
  int64_t in = x->shape.dim[1], pad = (int64_t)dilation * (kernel - 1) / 2;
  EngShape shape = ENG_SHAPE (out, in, kernel, kernel), wide = ENG_SHAPE (out);
  double bound = 1 / sqrt ((double)(in * kernel * kernel));
  g_autofree char *weight_name = g_strconcat (name, "_weight", NULL), *bias_name = g_strconcat (name, "_bias", NULL);
  EngValue *weight = eng_net_weight (self, weight_name, &shape, ENG_INIT_UNIFORM, bound);
  EngValue *bias = eng_net_weight (self, bias_name, &wide, ENG_INIT_UNIFORM, bound);
  EngAttrs *attrs = eng_attrs_ints (eng_attrs_new (), "kernel_shape", (int64_t[]){ kernel, kernel }, 2);
  eng_attrs_ints (attrs, "pads", (int64_t[]){ pad, pad, pad, pad }, 4);
  eng_attrs_ints (attrs, "strides", (int64_t[]){ stride, stride }, 2);
  eng_attrs_ints (attrs, "dilations", (int64_t[]){ dilation, dilation }, 2);
  return eng_graph_op (self->graph, error, "Conv", attrs, 3, x, weight, bias);
}

EngValue *
eng_net_linear (EngNet *self, const char *name, EngValue *x, int out, GError **error)
{
  if (missing (x))
    return NULL;
  EngShape given = x->shape,
           rows = ENG_SHAPE (eng_shape_count (&given) / given.dim[given.rank - 1], given.dim[given.rank - 1]);
  int64_t in = rows.dim[1];
  EngShape shape = ENG_SHAPE (out, in), wide = ENG_SHAPE (out);
  double bound = 1 / sqrt ((double)in);
  g_autofree char *weight_name = g_strconcat (name, "_weight", NULL), *bias_name = g_strconcat (name, "_bias", NULL);
  EngValue *weight = eng_net_weight (self, weight_name, &shape, ENG_INIT_UNIFORM, bound);
  EngValue *bias = eng_net_weight (self, bias_name, &wide, ENG_INIT_UNIFORM, bound);
  if (given.rank != 2)
    x = eng_net_reshape (self, x, &rows, error);
  x = eng_graph_op (self->graph, error, "Gemm", eng_attrs_int (eng_attrs_new (), "transB", 1), 3, x, weight, bias);
  given.dim[given.rank - 1] = out;
  return given.rank == 2 ? x : eng_net_reshape (self, x, &given, error);
}

EngValue *
eng_net_gelu (EngNet *self, EngValue *x, GError **error)
{
  return eng_net_op (self, error, "Gelu", x, NULL);
}

EngValue *
eng_net_reshape (EngNet *self, EngValue *x, const EngShape *shape, GError **error)
{
  return eng_net_op (self, error, "Reshape", x, eng_net_ints (self, shape->dim, shape->rank));
}

EngValue *
eng_net_transpose (EngNet *self, EngValue *x, const int64_t *perm, int n, GError **error)
{
  return eng_graph_op (self->graph, error, "Transpose", eng_attrs_ints (eng_attrs_new (), "perm", perm, n), 1, x);
}

EngValue *
eng_net_resize (EngNet *self, EngValue *x, int height, int width, gboolean linear, GError **error)
{
  if (missing (x))
    return NULL;
  EngAttrs *attrs = eng_attrs_string (eng_attrs_new (), "mode", linear ? "linear" : "nearest");
  eng_attrs_string (attrs, "coordinate_transformation_mode", "half_pixel");
  return eng_graph_op (self->graph, error, "Resize", attrs, 4, x, NULL, NULL,
                       eng_net_ints (self, (int64_t[]){ x->shape.dim[0], x->shape.dim[1], height, width }, 4));
}

EngValue *
eng_net_reduce (EngNet *self, const char *op_type, EngValue *x, const int64_t *axes, int n, gboolean keep,
                GError **error)
{
  EngAttrs *attrs = eng_attrs_int (eng_attrs_new (), "keepdims", keep);
  return n ? eng_graph_op (self->graph, error, op_type, attrs, 2, x, eng_net_ints (self, axes, n))
           : eng_graph_op (self->graph, error, op_type, attrs, 1, x);
}

EngValue *
eng_net_softmax (EngNet *self, EngValue *x, int axis, gboolean log, GError **error)
{
  return eng_graph_op (self->graph, error, log ? "LogSoftmax" : "Softmax",
                       eng_attrs_int (eng_attrs_new (), "axis", axis), 1, x);
}

EngValue *
eng_net_cross_entropy (EngNet *self, EngValue *logits, EngValue *target, GError **error)
{
  EngValue *v = eng_net_softmax (self, logits, 1, TRUE, error);
  v = eng_net_op (self, error, "Mul", v, target);
  v = eng_net_reduce (self, "ReduceSum", v, NULL, 0, FALSE, error);
  return eng_net_op (self, error, "Mul", v, eng_net_scalar (self, -1.0 / self->batch));
}

EngValue *
eng_net_normalised (EngNet *self, EngValue *pixels, GError **error)
{
  EngPreprocess *p = eng_model_preprocess (self->model);
  float matrix[3][3], offset[3];
  eng_preprocess_coefficients (p, matrix, offset);
  EngShape w = ENG_SHAPE (p->channels, 3, 1, 1), b = ENG_SHAPE (p->channels);
  return eng_graph_op (self->graph, error, "Conv", NULL, 3, pixels, eng_net_floats (self, &matrix[0][0], &w),
                       eng_net_floats (self, offset, &b));
}
