/* LTX's explainer of one picture: its net at batch 1, and an optimiser. The net's definition, its source and the
 * variant stand in train/kinds/ltx.h. */
#include "explainer.h"

#include "error.h"
#include "nn/optim.h"
#include "onnx/onnx.h"
#include "train/explainer-file.h"
#include "train/kinds/ltx.h"

#include <math.h>
#include <string.h>

struct _EngExplainer
{
  EngValues *values;
  EngNet *net;
  const EngLtxNet *ltx; /* of @net */
  EngAdamW *optimiser;
  int class_index;
  float *logits;
};

static EngValues *
values_of (EngModel *model, const EngExplainerSettings *settings)
{
  EngValues *values = eng_kind_values (&eng_kind_ltx, model);
  eng_values_set (values, "batch", 1);
  eng_values_set (values, "learning-rate", settings->learning_rate);
  eng_values_set (values, "lambda", settings->sparsity);
  eng_values_set (values, "lambda-growth", 0);
  eng_values_set (values, "inverse", settings->inverse_weight);
  eng_values_set (values, "inverse-loss", settings->inverse_loss);
  eng_values_set (values, "mask-loss", settings->mask_loss);
  return values;
}

EngExplainer *
eng_explainer_new (EngModel *model, const EngTarget *target, const float *pixels, const float *input, int class_index,
                   const EngExplainerSettings *settings, guint64 seed, GError **error)
{
  g_autoptr (EngExplainer) self = g_new0 (EngExplainer, 1);
  EngAdamWSettings adamw = { settings->learning_rate, 0.9, 0.999, 1e-8, 0.01 };
  float lambda = (float)settings->sparsity;
  int k = eng_model_n_classes (model);
  g_autofree float *onehot = g_new0 (float, k);
  self->class_index = class_index;
  self->logits = g_new (float, k);
  self->values = values_of (model, settings);
  if (!(self->net = eng_net_new (model, target, self->values, seed, 1, TRUE, eng_ltx_build, error)))
    return NULL;
  self->ltx = self->net->own;
  self->optimiser = eng_adamw_new (self->net->pass, (EngValue *const *)self->net->trained->pdata,
                                   (int)self->net->trained->len, &adamw);
  onehot[class_index] = 1;
  eng_pass_write (self->net->pass, self->ltx->pixels, pixels);
  eng_pass_write (self->net->pass, self->ltx->input, input);
  eng_pass_write (self->net->pass, self->ltx->onehot, onehot);
  eng_pass_write (self->net->pass, self->ltx->lambda, &lambda);
  return g_steal_pointer (&self);
}

void
eng_explainer_free (EngExplainer *self)
{
  if (!self)
    return;
  g_clear_pointer (&self->optimiser, eng_adamw_free);
  g_clear_pointer (&self->net, eng_net_free);
  g_clear_pointer (&self->values, eng_values_free);
  g_free (self->logits);
  g_free (self);
}

/* ---- stepping ---- */

int
eng_explainer_rows (EngExplainer *self)
{
  return self->net->target->rows;
}

int
eng_explainer_cols (EngExplainer *self)
{
  return self->net->target->cols;
}

static double
read_scalar (EngExplainer *self, EngValue *value)
{
  float v;
  eng_pass_read (self->net->pass, value, &v);
  return v;
}

void
eng_explainer_forward (EngExplainer *self, float *mask, EngExplainerLosses *losses)
{
  const EngLtxNet *ltx = self->ltx;
  eng_pass_forward (self->net->pass);
  eng_pass_read (self->net->pass, ltx->mask, mask);
  eng_pass_read (self->net->pass, ltx->logits, self->logits);
  eng_softmax (self->logits, eng_model_n_classes (self->net->model), self->logits);
  losses->loss = read_scalar (self, self->net->loss);
  losses->prediction_loss = read_scalar (self, ltx->prediction_loss);
  losses->mask_loss = read_scalar (self, ltx->mask_loss);
  losses->inverse_loss = ltx->inverse_loss ? read_scalar (self, ltx->inverse_loss) : NAN;
  losses->target_score = self->logits[self->class_index];
}

void
eng_explainer_update (EngExplainer *self)
{
  eng_pass_backward (self->net->pass, NULL);
  eng_adamw_step (self->optimiser);
}

gsize
eng_explainer_state_size (EngExplainer *self)
{
  return sizeof (float) * (gsize)eng_net_count (self->net) + eng_adamw_state_size (self->optimiser);
}

void
eng_explainer_save_state (EngExplainer *self, guint8 *state)
{
  gsize n = (gsize)eng_net_count (self->net);
  g_autofree float *weights = eng_explainer_weights (self);
  memcpy (state, weights, sizeof *weights * n);
  eng_adamw_save (self->optimiser, state + sizeof *weights * n);
}

void
eng_explainer_load_state (EngExplainer *self, const guint8 *state)
{
  gsize n = (gsize)eng_net_count (self->net);
  g_autofree float *weights = g_memdup2 (state, sizeof (float) * n);
  eng_net_write_weights (self->net, weights);
  eng_adamw_load (self->optimiser, state + sizeof *weights * n);
}

/* ---- weights ---- */

static EngValue *
find_trained (EngExplainer *self, const char *name, int64_t n)
{
  for (guint i = 0; i < self->net->trained->len; i++)
    {
      EngValue *v = self->net->trained->pdata[i];
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
    eng_pass_write (self->net->pass, v, values);
  return v != NULL;
}

gboolean
eng_explainer_get_weight (EngExplainer *self, const char *name, float *values, int64_t n)
{
  EngValue *v = find_trained (self, name, n);
  if (v)
    eng_pass_read (self->net->pass, v, values);
  return v != NULL;
}

void
eng_explainer_counts (EngExplainer *self, int *weights, gint64 *scalars)
{
  *weights = (int)self->net->trained->len;
  *scalars = eng_net_count (self->net);
}

float *
eng_explainer_weights (EngExplainer *self)
{
  float *weights = g_new (float, eng_net_count (self->net));
  eng_net_read_weights (self->net, weights);
  return weights;
}

/* ---- files ---- */

/* Before the trainer's files there were these, with fewer words of themselves; the weights have the same names. */
#define FORMER_KIND "ltx-explainer"

gboolean
eng_explainer_save (EngExplainer *self, const float *weights, int step, const char *path, GError **error)
{
  g_autoptr (GHashTable) facts = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *steps = g_strdup_printf ("%d", step);
  g_hash_table_insert (facts, "data.summary", "1 picture");
  g_hash_table_insert (facts, "steps", steps);
  g_hash_table_insert (facts, "best-step", steps);
  eng_values_set (self->values, "steps", step);
  return eng_explainer_write (self->net, &eng_kind_ltx, weights, facts, path, error);
}

/* What @v begins with: all of @from, or, of a head with a map for each class, the class's row. NULL: it does not fit.
 */
static const float *
values_for (const EngExplainer *self, const EngValue *v, const EngValue *from)
{
  int k = eng_model_n_classes (self->net->model);
  if (!from || !from->constant || from->dtype != ENG_DTYPE_FLOAT)
    return NULL;
  EngShape row = from->shape;
  gboolean each = row.rank > 0 && row.dim[0] == k && v->shape.rank > 0 && v->shape.dim[0] == 1
                  && g_str_has_prefix (v->name, "head/");
  if (each)
    row.dim[0] = 1;
  if (!eng_shape_equal (&row, &v->shape))
    return NULL;
  return from->constant->f + (each ? self->class_index * eng_shape_count (&row) : 0);
}

gboolean
eng_explainer_load (EngExplainer *self, const char *path, GError **error)
{
  EngNet *net = self->net;
  g_autofree char *file = g_path_get_basename (path);
  g_autoptr (EngOnnx) onnx = eng_onnx_load (path, error);
  g_autoptr (EngGraph) g = onnx ? eng_onnx_build (onnx, NULL, 0, error) : NULL;
  if (!g)
    return FALSE;
  const char *kind = g_hash_table_lookup (eng_onnx_metadata (onnx), "sightline.kind");
  const char *digest = g_hash_table_lookup (eng_onnx_metadata (onnx), "sightline.model.sha256");
  const char *target = g_hash_table_lookup (eng_onnx_metadata (onnx), "sightline.target");
  if (!kind || !digest || !target || (strcmp (kind, eng_kind_ltx.id) != 0 && strcmp (kind, FORMER_KIND) != 0))
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s is not an explainer of LTX that Sightline saved. Choose one, or train one of kind “ltx”.",
                     file);
  if (strcmp (digest, eng_model_sha256 (net->model)) != 0 || strcmp (target, net->target->name) != 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s was trained for another model or layer (%s). Choose the explainer of this model.", file,
                     target);
  for (guint i = 0; i < net->trained->len; i++)
    {
      EngValue *v = net->trained->pdata[i];
      const float *values = values_for (self, v, eng_graph_find (g, v->name));
      if (!values)
        return eng_fail (error, ENG_ERROR_INVALID, "%s lacks the weight %s. Save the explainer again.", file,
                         v->name);
      eng_pass_write (net->pass, v, values);
    }
  return TRUE;
}
