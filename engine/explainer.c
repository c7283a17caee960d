/* LTX's training graph, built from ONNX operators like any other, and the weights it trains. The definitions,
 * their source and the variant stand in explainer.h. */
#include "explainer.h"

#include "error.h"
#include "nn/op.h"
#include "nn/optim.h"
#include "random.h"
#include "npy.h"
#include "onnx/onnx.h"
#include "targets.h"

#include <math.h>
#include <string.h>

#define EXPLAINER "explainer/"
#define CLASSIFIER "classifier/"
#define INVERSE "inverse/"

struct _EngExplainer
{
  EngModel *model;
  char *target_name;
  EngGraph *graph;
  EngPass *pass;
  EngAdamW *optimiser;
  GPtrArray *trained; /* EngValue*, borrowed from the graph */
  int rows, cols, n_classes, class_index;
  EngValue *input, *mask, *logits, *prediction_loss, *mask_loss, *inverse_loss, *loss;
  float *logit_buffer;
};

struct _EngWeights
{
  guint n;
  float **data;
};

/* ---- building ---- */

static EngValue *
constant (EngGraph *g, const char *name, EngValueKind kind, const float *values, const EngShape *shape)
{
  return eng_graph_add_constant (g, name, kind, eng_tensor_new_floats (values, shape));
}

static EngValue *
scalar (EngGraph *g, double v)
{
  return eng_graph_add_constant (g, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_scalar ((float)v));
}

static EngValue *
ints (EngGraph *g, const int64_t *v, int n)
{
  return eng_graph_add_constant (g, NULL, ENG_VALUE_CONSTANT, eng_tensor_new_ints (v, n));
}

static EngValue *
head_weight (EngGraph *g, const char *name, const EngShape *shape, GRand *random, double spread, gboolean uniform)
{
  EngTensor *t = eng_tensor_new (ENG_DTYPE_FLOAT, shape);
  for (int64_t i = 0; i < eng_tensor_count (t); i++)
    t->f[i] = (float)(spread == 0 ? 0
                      : uniform   ? g_rand_double_range (random, -spread, spread)
                                  : spread * eng_random_normal (random));
  return eng_graph_add_constant (g, name, ENG_VALUE_WEIGHT, t);
}

/* CNN: one 1x1 convolution to one channel. */
static EngValue *
spatial_head (EngGraph *g, const EngTarget *t, EngValue *features, GRand *random, GError **error)
{
  if (t->channels_last)
    features = eng_graph_op (g, error, "Transpose",
                             eng_attrs_ints (eng_attrs_new (), "perm", (int64_t[]){ 0, 3, 1, 2 }, 4), 1, features);
  int64_t channels = t->shape.dim[t->channels_last ? 3 : 1];
  EngShape w = ENG_SHAPE (1, channels, 1, 1), b = ENG_SHAPE (1);
  double bound = 1 / sqrt ((double)channels);
  EngValue *weight = head_weight (g, "head/conv_weight", &w, random, bound, TRUE);
  EngValue *bias = head_weight (g, "head/conv_bias", &b, random, bound, TRUE);
  return eng_graph_op (g, error, "Conv", NULL, 3, features, weight, bias);
}

/* Transformer: linear, tanh, linear on each token of the grid. Weights are out x in. */
static EngValue *
token_head (EngGraph *g, const EngTarget *t, EngValue *tokens, GRand *random, GError **error)
{
  int64_t d = t->shape.dim[2], cells = (int64_t)t->rows * t->cols;
  EngShape square = ENG_SHAPE (d, d), wide = ENG_SHAPE (d), row = ENG_SHAPE (1, d), one = ENG_SHAPE (1);
  EngValue *fc1_weight = head_weight (g, "head/fc1_weight", &square, random, 0.02, FALSE);
  EngValue *fc1_bias = head_weight (g, "head/fc1_bias", &wide, random, 0, FALSE);
  EngValue *fc2_weight = head_weight (g, "head/fc2_weight", &row, random, 0.02, FALSE);
  EngValue *fc2_bias = head_weight (g, "head/fc2_bias", &one, random, 0, FALSE);
  EngValue *v = tokens;
  if (t->prefix)
    v = eng_graph_op (g, error, "Slice", NULL, 4, v, ints (g, (int64_t[]){ t->prefix }, 1),
                      ints (g, (int64_t[]){ t->prefix + cells }, 1), ints (g, (int64_t[]){ 1 }, 1));
  v = eng_graph_op (g, error, "Reshape", NULL, 2, v, ints (g, (int64_t[]){ cells, d }, 2));
  v = eng_graph_op (g, error, "Gemm", eng_attrs_int (eng_attrs_new (), "transB", 1), 3, v, fc1_weight, fc1_bias);
  v = eng_graph_op (g, error, "Tanh", NULL, 1, v);
  v = eng_graph_op (g, error, "Gemm", eng_attrs_int (eng_attrs_new (), "transB", 1), 3, v, fc2_weight, fc2_bias);
  return eng_graph_op (g, error, "Reshape", NULL, 2, v, ints (g, (int64_t[]){ 1, 1, t->rows, t->cols }, 4));
}

static EngValue *
bilinear (EngGraph *g, EngValue *mask, int height, int width, GError **error)
{
  EngAttrs *attrs = eng_attrs_string (eng_attrs_new (), "mode", "linear");
  eng_attrs_string (attrs, "coordinate_transformation_mode", "half_pixel");
  return eng_graph_op (g, error, "Resize", attrs, 4, mask, NULL, NULL,
                       ints (g, (int64_t[]){ 1, 1, height, width }, 4));
}

/* Pixels in [0,1] -> normalised input, as a 1x1 convolution (channel order, scale, mean and std). */
static EngValue *
normalised (EngGraph *g, EngPreprocess *p, EngValue *pixels, GError **error)
{
  float matrix[3][3], offset[3];
  eng_preprocess_coefficients (p, matrix, offset);
  EngShape w = ENG_SHAPE (p->channels, 3, 1, 1), b = ENG_SHAPE (p->channels);
  return eng_graph_op (g, error, "Conv", NULL, 3, pixels, constant (g, NULL, ENG_VALUE_CONSTANT, &matrix[0][0], &w),
                       constant (g, NULL, ENG_VALUE_CONSTANT, offset, &b));
}

/* Cross-entropy of the frozen classifier on masked pixels; *logits receives its output. */
static EngValue *
cross_entropy (EngExplainer *self, EngGraph *source, const char *prefix, EngValue *pixels, EngValue *onehot,
               EngValue **logits, GError **error)
{
  EngGraph *g = self->graph;
  EngValue *image = eng_graph_image (source), *out = eng_graph_logits (source);
  EngValue *given = normalised (g, eng_model_preprocess (self->model), pixels, error);
  if (!given || !eng_graph_append (g, source, prefix, &image, &given, 1, &out, logits, 1, error))
    return NULL;
  EngValue *v = eng_graph_op (g, error, "LogSoftmax", eng_attrs_int (eng_attrs_new (), "axis", 1), 1, *logits);
  v = eng_graph_op (g, error, "Mul", NULL, 2, v, onehot);
  v = eng_graph_op (g, error, "ReduceSum", eng_attrs_int (eng_attrs_new (), "keepdims", 0), 1, v);
  return eng_graph_op (g, error, "Neg", NULL, 1, v);
}

static EngValue *
build_loss (EngExplainer *self, EngGraph *source, EngValue *pixels, EngValue *onehot,
            const EngExplainerSettings *settings, GError **error)
{
  EngGraph *g = self->graph;
  EngPreprocess *p = eng_model_preprocess (self->model);
  EngValue *full = bilinear (g, self->mask, p->height, p->width, error), *logits;
  EngValue *masked = eng_graph_op (g, error, "Mul", NULL, 2, pixels, full);
  EngValue *v = self->prediction_loss =
      cross_entropy (self, source, CLASSIFIER, masked, onehot, &self->logits, error);
  if (settings->inverse_weight > 0)
    {
      double w = settings->inverse_weight;
      EngValue *rest = eng_graph_op (g, error, "Sub", NULL, 2, scalar (g, 1), full);
      masked = eng_graph_op (g, error, "Mul", NULL, 2, pixels, rest);
      self->inverse_loss = cross_entropy (self, source, INVERSE, masked, onehot, &logits, error);
      EngValue *scaled = eng_graph_op (g, error, "Mul", NULL, 2, self->inverse_loss, scalar (g, w));
      v = eng_graph_op (g, error, "Sub", NULL, 2, v, scaled);
      v = eng_graph_op (g, error, "Mul", NULL, 2, v, scalar (g, 1 / (1 + w)));
    }
  EngValue *cost =
      eng_graph_op (g, error, settings->mask_loss == ENG_MASK_L1 ? "Abs" : "Softplus", NULL, 1, self->mask);
  self->mask_loss = eng_graph_op (g, error, "ReduceMean", eng_attrs_int (eng_attrs_new (), "keepdims", 0), 1, cost);
  cost = eng_graph_op (g, error, "Mul", NULL, 2, self->mask_loss, scalar (g, settings->sparsity));
  return eng_graph_op (g, error, "Add", NULL, 2, v, cost);
}

static gboolean
build (EngExplainer *self, EngGraph *source, const EngTarget *target, const EngExplainerSettings *settings,
       guint64 seed, GError **error)
{
  EngGraph *g = self->graph;
  EngPreprocess *p = eng_model_preprocess (self->model);
  const guint32 seeds[2] = { (guint32)seed, (guint32)(seed >> 32) };
  g_autoptr (GRand) random = g_rand_new_with_seed_array (seeds, 2);
  g_autoptr (GError) local = NULL;
  EngShape rgb = ENG_SHAPE (1, 3, p->height, p->width), classes = ENG_SHAPE (1, self->n_classes);
  EngValue *pixels = eng_graph_add_input (g, "pixels", ENG_DTYPE_FLOAT, &rgb);
  EngValue *onehot = eng_graph_add_input (g, "onehot", ENG_DTYPE_FLOAT, &classes);
  EngValue *image = eng_graph_image (source), *cut = eng_graph_find (source, target->name), *features = NULL;
  self->input = eng_graph_add_input (g, "input", ENG_DTYPE_FLOAT, &image->shape);
  if (!eng_graph_append (g, source, EXPLAINER, &image, &self->input, 1, &cut, &features, 1, &local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  EngValue *v = target->kind == ENG_TARGET_TOKENS ? token_head (g, target, features, random, &local)
                                                  : spatial_head (g, target, features, random, &local);
  self->mask = eng_graph_op (g, &local, "Sigmoid", NULL, 1, v);
  self->loss = build_loss (self, source, pixels, onehot, settings, &local);
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  eng_graph_add_output (g, self->mask);
  eng_graph_add_output (g, self->loss);
  eng_graph_freeze (g);
  return TRUE;
}

/* BatchNormalization's running statistics stay as they are. */
static gboolean
is_statistic (const EngValue *v)
{
  for (guint i = 0; i < v->consumers->len; i++)
    {
      const EngNode *node = v->consumers->pdata[i];
      if (strcmp (node->op->name, "BatchNormalization") == 0
          && (node->inputs[3] == v || (node->n_inputs > 4 && node->inputs[4] == v)))
        return TRUE;
    }
  return FALSE;
}

/* Everything below the cut trains, but statistics and a transformer's embedding (patch projection, class
 * token, positions): that is what lies above the first block. */
static void
choose_trained (EngExplainer *self, EngGraph *source, const EngTarget *target)
{
  EngGraph *g = self->graph;
  g_autofree guint8 *below = eng_graph_ancestors (g, self->mask), *embedding = NULL;
  EngValue *first = eng_targets_embedding (source, target), *copy = NULL;
  g_autofree char *name = first ? g_strconcat (EXPLAINER, first->name, NULL) : NULL;
  if (name && (copy = eng_graph_find (g, name)) && below[copy->id])
    embedding = eng_graph_ancestors (g, copy);
  for (guint i = 0; i < g->values->len; i++)
    {
      EngValue *v = g->values->pdata[i];
      if (below[i] && v->kind == ENG_VALUE_WEIGHT && v->constant && eng_dtype_is_float (v->dtype)
          && v->shape.rank >= 1 && !(embedding && embedding[i]) && !is_statistic (v))
        g_ptr_array_add (self->trained, v);
    }
}

static gboolean
prepare (EngExplainer *self, const EngExplainerSettings *settings, GError **error)
{
  EngAdamWSettings adamw = { settings->learning_rate, 0.9, 0.999, 1e-8, 0.01 };
  self->pass = eng_pass_new (self->graph);
  for (guint i = 0; i < self->trained->len; i++)
    eng_pass_train (self->pass, self->trained->pdata[i]);
  eng_pass_want (self->pass, self->mask);
  eng_pass_want (self->pass, self->logits);
  eng_pass_want (self->pass, self->prediction_loss);
  eng_pass_want (self->pass, self->mask_loss);
  if (self->inverse_loss)
    eng_pass_want (self->pass, self->inverse_loss);
  eng_pass_set_root (self->pass, self->loss);
  if (!eng_pass_prepare (self->pass, error))
    return FALSE;
  self->optimiser =
      eng_adamw_new (self->pass, (EngValue *const *)self->trained->pdata, (int)self->trained->len, &adamw);
  return TRUE;
}

EngExplainer *
eng_explainer_new (EngModel *model, const EngTarget *target, const float *pixels, const float *input, int class_index,
                   const EngExplainerSettings *settings, guint64 seed, GError **error)
{
  g_autoptr (EngExplainer) self = g_new0 (EngExplainer, 1);
  g_autoptr (EngGraph) source = eng_model_graph (model, 1, error);
  self->model = g_object_ref (model);
  self->target_name = g_strdup (target->name);
  self->graph = eng_graph_new ();
  self->trained = g_ptr_array_new ();
  self->rows = target->rows;
  self->cols = target->cols;
  self->n_classes = eng_model_n_classes (model);
  self->class_index = class_index;
  self->logit_buffer = g_new (float, self->n_classes);
  if (!source || !build (self, source, target, settings, seed, error))
    return NULL;
  choose_trained (self, source, target);
  if (!prepare (self, settings, error))
    return NULL;
  g_autofree float *onehot = g_new0 (float, self->n_classes);
  onehot[class_index] = 1;
  eng_pass_write (self->pass, eng_graph_find (self->graph, "pixels"), pixels);
  eng_pass_write (self->pass, eng_graph_find (self->graph, "onehot"), onehot);
  eng_pass_write (self->pass, self->input, input);
  return g_steal_pointer (&self);
}

void
eng_explainer_free (EngExplainer *self)
{
  if (!self)
    return;
  g_clear_pointer (&self->optimiser, eng_adamw_free);
  g_clear_pointer (&self->pass, eng_pass_free);
  g_clear_pointer (&self->graph, eng_graph_unref);
  g_clear_pointer (&self->trained, g_ptr_array_unref);
  g_clear_object (&self->model);
  g_free (self->target_name);
  g_free (self->logit_buffer);
  g_free (self);
}

/* ---- stepping ---- */

int
eng_explainer_rows (EngExplainer *self)
{
  return self->rows;
}

int
eng_explainer_cols (EngExplainer *self)
{
  return self->cols;
}

static double
read_scalar (EngExplainer *self, EngValue *value)
{
  float v;
  eng_pass_read (self->pass, value, &v);
  return v;
}

void
eng_explainer_forward (EngExplainer *self, float *mask, EngExplainerLosses *losses)
{
  eng_pass_forward (self->pass);
  eng_pass_read (self->pass, self->mask, mask);
  eng_pass_read (self->pass, self->logits, self->logit_buffer);
  eng_softmax (self->logit_buffer, self->n_classes, self->logit_buffer);
  losses->loss = read_scalar (self, self->loss);
  losses->prediction_loss = read_scalar (self, self->prediction_loss);
  losses->mask_loss = read_scalar (self, self->mask_loss);
  losses->inverse_loss = self->inverse_loss ? read_scalar (self, self->inverse_loss) : NAN;
  losses->target_score = self->logit_buffer[self->class_index];
}

void
eng_explainer_update (EngExplainer *self)
{
  eng_pass_backward (self->pass, NULL);
  eng_adamw_step (self->optimiser);
}

gsize
eng_explainer_state_size (EngExplainer *self)
{
  int weights;
  gint64 scalars;
  eng_explainer_counts (self, &weights, &scalars);
  return sizeof (float) * (gsize)scalars + eng_adamw_state_size (self->optimiser);
}

void
eng_explainer_save_state (EngExplainer *self, guint8 *state)
{
  for (guint i = 0; i < self->trained->len; i++)
    {
      EngValue *v = self->trained->pdata[i];
      gsize n = (gsize)eng_shape_count (&v->shape);
      g_autofree float *values = g_new (float, n);
      eng_pass_read (self->pass, v, values);
      memcpy (state, values, sizeof *values * n);
      state += sizeof *values * n;
    }
  eng_adamw_save (self->optimiser, state);
}

void
eng_explainer_load_state (EngExplainer *self, const guint8 *state)
{
  for (guint i = 0; i < self->trained->len; i++)
    {
      EngValue *v = self->trained->pdata[i];
      gsize n = (gsize)eng_shape_count (&v->shape);
      g_autofree float *values = g_new (float, n);
      memcpy (values, state, sizeof *values * n);
      eng_pass_write (self->pass, v, values);
      state += sizeof *values * n;
    }
  eng_adamw_load (self->optimiser, state);
}

/* ---- weights ---- */

static EngValue *
find_trained (EngExplainer *self, const char *name, int64_t n)
{
  for (guint i = 0; i < self->trained->len; i++)
    {
      EngValue *v = self->trained->pdata[i];
      if (strcmp (v->name, name) == 0 && eng_shape_count (&v->shape) == n)
        return v;
    }
  return NULL;
}

gboolean
eng_explainer_set_weight (EngExplainer *self, const char *name, const float *values, int64_t n)
{
  EngValue *v = find_trained (self, name, n);
  if (v)
    eng_pass_write (self->pass, v, values);
  return v != NULL;
}

gboolean
eng_explainer_get_weight (EngExplainer *self, const char *name, float *values, int64_t n)
{
  EngValue *v = find_trained (self, name, n);
  if (v)
    eng_pass_read (self->pass, v, values);
  return v != NULL;
}

void
eng_explainer_counts (EngExplainer *self, int *weights, gint64 *scalars)
{
  *weights = (int)self->trained->len;
  *scalars = 0;
  for (guint i = 0; i < self->trained->len; i++)
    *scalars += eng_shape_count (&((EngValue *)self->trained->pdata[i])->shape);
}

void
eng_explainer_snapshot (EngExplainer *self, EngWeights **weights)
{
  EngWeights *w = *weights;
  if (!w)
    {
      w = *weights = g_new0 (EngWeights, 1);
      w->n = self->trained->len;
      w->data = g_new0 (float *, w->n);
    }
  for (guint i = 0; i < w->n; i++)
    {
      EngValue *v = self->trained->pdata[i];
      if (!w->data[i])
        w->data[i] = g_new (float, eng_shape_count (&v->shape));
      eng_pass_read (self->pass, v, w->data[i]);
    }
}

void
eng_weights_free (EngWeights *self)
{
  if (!self)
    return;
  for (guint i = 0; i < self->n; i++)
    g_free (self->data[i]);
  g_free (self->data);
  g_free (self);
}

/* ---- files ---- */

gboolean
eng_explainer_save (EngExplainer *self, const EngWeights *weights, const char *path, GError **error)
{
  g_autoptr (EngGraph) g = eng_graph_new ();
  g_autoptr (GHashTable) constants = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) metadata = g_hash_table_new (g_str_hash, g_str_equal);
  EngValue *in = eng_graph_add_input (g, "input", ENG_DTYPE_FLOAT, &self->input->shape), *mask = NULL;
  if (!eng_graph_append (g, self->graph, "", &self->input, &in, 1, &self->mask, &mask, 1, error))
    return FALSE;
  eng_graph_add_output (g, mask);
  eng_graph_freeze (g);
  for (guint i = 0; i < weights->n; i++)
    {
      EngValue *v = eng_graph_find (g, ((EngValue *)self->trained->pdata[i])->name);
      if (v)
        g_hash_table_insert (constants, v, weights->data[i]);
    }
  g_hash_table_insert (metadata, "sightline.kind", "ltx-explainer");
  g_hash_table_insert (metadata, "sightline.model.sha256", (gpointer)eng_model_sha256 (self->model));
  g_hash_table_insert (metadata, "sightline.target", self->target_name);
  g_autoptr (GBytes) bytes = eng_onnx_export (g, "ltx-explainer", constants, metadata, error);
  return bytes && eng_write_atomically (path, bytes, error);
}

gboolean
eng_explainer_load (EngExplainer *self, const char *path, GError **error)
{
  g_autofree char *file = g_path_get_basename (path);
  g_autoptr (EngOnnx) onnx = eng_onnx_load (path, error);
  g_autoptr (EngGraph) g = onnx ? eng_onnx_build (onnx, NULL, 0, error) : NULL;
  if (!g)
    return FALSE;
  const char *digest = g_hash_table_lookup (eng_onnx_metadata (onnx), "sightline.model.sha256");
  const char *target = g_hash_table_lookup (eng_onnx_metadata (onnx), "sightline.target");
  if (!digest || !target)
    return eng_fail (error, ENG_ERROR_INVALID, "%s is not an explainer that Sightline saved.", file);
  if (strcmp (digest, eng_model_sha256 (self->model)) != 0 || strcmp (target, self->target_name) != 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s was trained for another model or layer (%s). Choose the explainer of this model.", file,
                     target);
  for (guint i = 0; i < self->trained->len; i++)
    {
      EngValue *v = self->trained->pdata[i], *from = eng_graph_find (g, v->name);
      if (!from || !from->constant || !eng_shape_equal (&from->shape, &v->shape) || from->dtype != ENG_DTYPE_FLOAT)
        return eng_fail (error, ENG_ERROR_INVALID, "%s lacks the weight %s. Save the explainer again.", file,
                         v->name);
      eng_pass_write (self->pass, v, from->constant->f);
    }
  return TRUE;
}
