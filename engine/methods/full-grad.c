/* FullGrad (Srinivas and Fleuret, NeurIPS 2019, equations 3 and 5): the logit of a piecewise linear network is the
 * sum of input x gradient and of bias x gradient over all biases. The map is the sum over channels of
 *
 *   psi (x ds/dx)  and, for every bias b of a layer with a grid and output z,  psi (b ds/dz),
 *
 * psi: absolute value, brought to 0 .. 1 over the layer as (t - min) / (max + 1e-6) after t -= min, and enlarged
 * bilinearly with aligned corners. Biases are those of convolutions and, of batch normalisations,
 * beta - mean gamma / sqrt (var + eps). Those of layers without a grid (the classifier's head) have no place in the
 * map, but in the identity above, whose gap is told with the result: it is rounding in networks of ReLU; what other
 * functions add at their bends (ReLU6 at 6, sigmoids) is no bias of this kind and shows as a gap. */
#include "../error.h"
#include "../nn/op.h"
#include "../probe.h"

#include <math.h>
#include <string.h>

/* A bias and where it is added. */
typedef struct
{
  EngValue *output;
  EngTensor *bias; /* broadcasts to the output */
  gboolean mapped; /* its layer has a grid */
} Spot;

static void
clear_spot (gpointer data)
{
  eng_tensor_unref (((Spot *)data)->bias);
}

/* One number per channel (axis 1) as a tensor that broadcasts: C x 1 x 1 .. */
static EngTensor *
per_channel (const EngValue *output)
{
  EngShape shape = { .rank = output->shape.rank - 1 };
  for (int i = 0; i < shape.rank; i++)
    shape.dim[i] = i == 0 ? output->shape.dim[1] : 1;
  return eng_tensor_new (ENG_DTYPE_FLOAT, &shape);
}

static EngTensor *
convolution_bias (const EngNode *node)
{
  EngTensor *bias = per_channel (node->outputs[0]);
  memcpy (bias->f, node->inputs[2]->constant->f, sizeof (float) * (gsize)eng_tensor_count (bias));
  return bias;
}

static EngTensor *
normalisation_bias (const EngNode *node)
{
  EngTensor *bias = per_channel (node->outputs[0]);
  const float *scale = node->inputs[1]->constant->f, *shift = node->inputs[2]->constant->f,
              *mean = node->inputs[3]->constant->f, *variance = node->inputs[4]->constant->f;
  double epsilon = eng_attrs_get_float (node->attrs, "epsilon", 1e-5f);
  for (int64_t c = 0; c < eng_tensor_count (bias); c++)
    bias->f[c] = (float)(shift[c] - mean[c] * scale[c] / sqrt (variance[c] + epsilon));
  return bias;
}

/* @factor times the constant input @i */
static EngTensor *
scaled_input (const EngNode *node, int i, double factor)
{
  const EngTensor *constant = node->inputs[i]->constant;
  EngTensor *bias = eng_tensor_new (ENG_DTYPE_FLOAT, &constant->shape);
  for (int64_t k = 0; k < eng_tensor_count (constant); k++)
    bias->f[k] = (float)(factor * constant->f[k]);
  return bias;
}

static gboolean
is_op (const EngNode *node, const char *name)
{
  return strcmp (node->op->name, name) == 0;
}

static gboolean
is_constant (const EngNode *node, int i)
{
  return eng_node_has_input (node, i) && node->inputs[i]->constant && eng_dtype_is_float (node->inputs[i]->dtype);
}

/* The bias of a node, NULL: none. */
static EngTensor *
find_bias (const EngNode *node)
{
  if (is_op (node, "Conv") || is_op (node, "ConvTranspose"))
    return is_constant (node, 2) ? convolution_bias (node) : NULL;
  if (is_op (node, "BatchNormalization"))
    return is_constant (node, 1) && is_constant (node, 2) && is_constant (node, 3) && is_constant (node, 4)
               ? normalisation_bias (node)
               : NULL;
  if (is_op (node, "Gemm"))
    return is_constant (node, 2) ? scaled_input (node, 2, eng_attrs_get_float (node->attrs, "beta", 1)) : NULL;
  if (is_op (node, "Add") || is_op (node, "Sub"))
    for (int i = 0; i < 2; i++)
      if (is_constant (node, i))
        return scaled_input (node, i, i == 1 && is_op (node, "Sub") ? -1 : 1);
  return NULL;
}

/* (transfer full): Spot */
static GArray *
find_spots (EngGraph *graph)
{
  GArray *spots = g_array_new (FALSE, FALSE, sizeof (Spot));
  g_autofree guint8 *leads = eng_graph_ancestors (graph, eng_graph_logits (graph));
  g_array_set_clear_func (spots, clear_spot);
  for (guint i = 0; i < graph->nodes->len; i++)
    {
      EngNode *node = graph->nodes->pdata[i];
      EngTensor *bias = leads[node->outputs[0]->id] ? find_bias (node) : NULL;
      const EngShape *shape = &node->outputs[0]->shape;
      gboolean layer = is_op (node, "Conv") || is_op (node, "ConvTranspose") || is_op (node, "BatchNormalization");
      Spot spot = { node->outputs[0], bias, layer && shape->rank == 4 && shape->dim[2] * shape->dim[3] > 1 };
      if (bias)
        g_array_append_val (spots, spot);
    }
  return spots;
}

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  int attentions;
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, NULL);
  g_autoptr (GArray) spots = find_spots (graph);
  eng_model_attentions (model, &attentions);
  if (attentions > 0)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "FullGrad divides the logit among the biases of a convolutional network. This model is a "
                     "transformer, whose attention is not piecewise linear: nothing adds up there.");
  for (guint i = 0; i < spots->len; i++)
    if (g_array_index (spots, Spot, i).mapped)
      return TRUE;
  return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                   "FullGrad adds up the biases of convolutions and batch normalisations. This model has none at a "
                   "layer with a grid.");
}

/* Bias times gradient, broadcast: out[i] for the output's n numbers. */
static void
multiply (const Spot *spot, const float *gradient, float *out)
{
  const EngShape *large = &spot->output->shape, *small = &spot->bias->shape;
  int64_t n = eng_shape_count (large);
  for (int64_t i = 0; i < n; i++)
    {
      int64_t at = 0, rest = i, step = 1;
      for (int a = 1; a <= small->rank; a++)
        {
          int64_t size = large->dim[large->rank - a], own = small->dim[small->rank - a];
          at += own > 1 ? rest % size * step : 0;
          step *= own;
          rest /= size;
        }
      out[i] = spot->bias->f[at] * gradient[i];
    }
}

/* Adds psi of @terms (channels x rows x cols, overwritten), summed over channels, at the map's size. Enlarging is
 * linear, so the sum is enlarged. */
static void
add_terms (float *terms, int64_t channels, int rows, int cols, float *map, int map_rows, int map_cols)
{
  gsize cells = (gsize)rows * cols, n = (gsize)channels * cells;
  g_autofree double *sum = g_new0 (double, cells);
  g_autofree float *plane = g_new (float, cells), *large = g_new (float, (gsize)map_rows *map_cols);
  float lo = INFINITY, hi = -INFINITY;
  for (gsize k = 0; k < n; k++)
    {
      terms[k] = fabsf (terms[k]);
      lo = fminf (lo, terms[k]);
      hi = fmaxf (hi, terms[k]);
    }
  for (gsize k = 0; k < n; k++)
    sum[k % cells] += ((double)terms[k] - lo) / ((double)hi - lo + 1e-6);
  for (gsize i = 0; i < cells; i++)
    plane[i] = (float)sum[i];
  eng_upsample_bilinear_corners (plane, rows, cols, large, map_rows, map_cols);
  for (gsize i = 0; i < (gsize)map_rows * map_cols; i++)
    map[i] += large[i];
}

static double
total (const float *terms, gsize n)
{
  double sum = 0;
  for (gsize i = 0; i < n; i++)
    sum += terms[i];
  return sum;
}

static void
note_gap (EngJob *job, double sum, double score)
{
  double gap = fabs (sum - score) / fmax (fabs (score), 1e-6);
  eng_job_note (job, "completeness-gap", gap,
                g_strdup_printf ("Completeness gap %.2g %%: input and biases account for %.4g of the score %.4g",
                                 100 * gap, sum, score));
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngPreprocess *p = eng_model_preprocess (eng_job_model (job));
  gsize size = (gsize)p->height * p->width, n = (gsize)p->channels * size;
  const float *input = eng_job_input (job);
  g_autoptr (EngGraph) graph = eng_model_graph (eng_job_model (job), 1, error);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  g_autoptr (GArray) spots = find_spots (graph);
  eng_probe_want_grad (probe, NULL);
  for (guint i = 0; i < spots->len; i++)
    eng_probe_want_grad (probe, g_array_index (spots, Spot, i).output->name);
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return NULL;
  g_autofree float *map = g_new0 (float, size), *terms = g_new (float, n);
  for (gsize i = 0; i < n; i++)
    terms[i] = input[i] * item->grads[0][i];
  double sum = total (terms, n);
  add_terms (terms, p->channels, p->height, p->width, map, p->height, p->width);
  for (guint i = 0; i < spots->len; i++)
    {
      const Spot *spot = &g_array_index (spots, Spot, i);
      const EngShape *shape = &spot->output->shape;
      gsize count = (gsize)eng_shape_count (shape);
      g_free (terms);
      terms = g_new (float, count);
      multiply (spot, item->grads[i + 1], terms);
      sum += total (terms, count);
      if (spot->mapped)
        add_terms (terms, shape->dim[1], (int)shape->dim[2], (int)shape->dim[3], map, p->height, p->width);
    }
  note_gap (job, sum, item->score);
  return eng_job_make_heatmap (job, map, 1, p->height, p->width, ENG_UPSAMPLE_BILINEAR, NULL, NULL);
}

extern const EngMethod eng_method_full_grad;
const EngMethod eng_method_full_grad = {
  .id = "full-grad",
  .name = "FullGrad",
  .about = "Input and all biases of the network, each times its gradient, layer by layer, at the picture's size.",
  .reference = "Srinivas, Fleuret: Full-Gradient Representation for Neural Network Visualization, NeurIPS 2019",
  .family = ENG_FAMILY_CLASS_ACTIVATION,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_GRADIENT,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE,
  .class_dependent = TRUE,
  .cost = "1 forward, 1 backward pass",
  .passes = eng_cost_one_gradient,
  .can_explain = can_explain,
  .explain = explain,
};
