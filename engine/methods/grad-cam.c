/* Grad-CAM (Selvaraju et al., ICCV 2017, equations 1 and 2): with A the feature map and g the gradient
 * of the class's logit with respect to it, M = ReLU (sum_c mean (g_c) A_c), kept unnormalised at the
 * map's own grid. On a transformer A is the token grid of the chosen layer without its class token. */
#include "../error.h"
#include "../job.h"
#include "../nn/pass.h"

/* Where channel @c of cell @i lies in a target's values. */
static int64_t
at (const EngTarget *t, int64_t channels, int64_t c, int64_t i)
{
  if (t->kind == ENG_TARGET_TOKENS)
    return (t->prefix + i) * channels + c;
  return t->channels_last ? i * channels + c : c * t->rows * t->cols + i;
}

static int64_t
channels_of (const EngTarget *t)
{
  return t->kind == ENG_TARGET_TOKENS ? t->shape.dim[2] : t->shape.dim[t->channels_last ? 3 : 1];
}

static const EngTarget *
target_of (EngJob *job, GError **error)
{
  if (!eng_job_layer (job) && eng_model_default_cam_target (eng_job_model (job)))
    return eng_model_default_cam_target (eng_job_model (job));
  return eng_job_target (job, error);
}

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  if (!target && !(target = eng_model_default_cam_target (model)))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "Grad-CAM needs a layer with a spatial grid. This model has none after its input.");
  if (target->kind == ENG_TARGET_ATTENTION)
    return eng_fail (
        error, ENG_ERROR_UNSUPPORTED,
        "Grad-CAM needs a feature map or a token grid; “%s” is an attention matrix. Choose another layer.",
        target->name);
  return TRUE;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngModel *model = eng_job_model (job);
  const EngTarget *t = target_of (job, error);
  g_autoptr (EngGraph) graph = t ? eng_model_graph (model, 1, error) : NULL;
  g_autoptr (EngPass) pass = graph ? eng_pass_new (graph) : NULL;
  if (!graph || !eng_job_step (job, 0, 1, "passes", NULL, error))
    return NULL;
  EngValue *layer = eng_graph_find (graph, t->name);
  eng_pass_want (pass, layer);
  eng_pass_want_grad (pass, layer);
  eng_pass_set_root (pass, eng_graph_logits (graph));
  if (!eng_pass_prepare (pass, error))
    return NULL;
  int64_t n = eng_shape_count (&t->shape), cells = (int64_t)t->rows * t->cols, channels = channels_of (t);
  g_autofree float *seed = g_new0 (float, eng_model_n_classes (model));
  g_autofree float *a = g_new (float, n), *g = g_new (float, n), *map = g_new (float, cells);
  g_autofree double *sum = g_new0 (double, cells);
  seed[eng_job_class_index (job)] = 1;
  eng_pass_write (pass, eng_graph_image (graph), eng_job_input (job));
  eng_pass_forward (pass);
  eng_pass_backward (pass, seed);
  eng_pass_read (pass, layer, a);
  eng_pass_read_grad (pass, layer, g);
  for (int64_t c = 0; c < channels; c++)
    {
      double weight = 0;
      for (int64_t i = 0; i < cells; i++)
        weight += g[at (t, channels, c, i)];
      weight /= cells;
      for (int64_t i = 0; i < cells; i++)
        sum[i] += weight * a[at (t, channels, c, i)];
    }
  for (int64_t i = 0; i < cells; i++)
    map[i] = (float)MAX (sum[i], 0);
  eng_job_count (job, 1, 1);
  return eng_job_make_heatmap (job, map, 1, t->rows, t->cols, ENG_UPSAMPLE_BILINEAR, t->name, NULL);
}

extern const EngMethod eng_method_grad_cam;
const EngMethod eng_method_grad_cam = {
  .id = "grad-cam",
  .name = "Grad-CAM",
  .about = "The feature map's channels, weighted by the mean gradient of the class's logit.",
  .reference = "Selvaraju et al.: Grad-CAM, ICCV 2017",
  .sign = ENG_SIGN_UNSIGNED,
  .needs_layer = TRUE,
  .class_dependent = TRUE,
  .cost = "1 forward, 1 backward pass",
  .can_explain = can_explain,
  .explain = explain,
};
