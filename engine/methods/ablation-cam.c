/* Ablation-CAM (Desai and Ramaswamy, WACV 2020, equations 2 and 4): a channel weighs as much as the score falls
 * without it, w_c = (s - s_c) / s, with s_c the score when channel c of the layer is 0;
 * M = ReLU (sum_c w_c A_c). Only the network above the layer is run again. On a transformer the tokens of the grid
 * lose the channel, the class token keeps it.
 *
 * A score of exactly 0, where the quotient has no value, gives a map of zeros. */
#include "above.h"
#include "cam.h"

#include <string.h>

typedef struct
{
  EngCam cam;
  EngAbove above;
  float *planes; /* the layer, channels x cells, whole between two fills */
  double *weights;
  gsize done;
} Run;

static void
run_clear (Run *r)
{
  eng_cam_clear (&r->cam);
  eng_above_clear (&r->above);
  g_clear_pointer (&r->planes, g_free);
  g_clear_pointer (&r->weights, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static gboolean
read_layer (Run *r, EngJob *job, GError **error)
{
  const float *input = eng_job_input (job);
  eng_cam_init (&r->cam, job);
  eng_above_init (&r->above, eng_job_model (job), r->cam.target->name);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_above_want (&r->above, probe);
  eng_probe_set_output (probe, eng_cam_output (eng_job_values (job)));
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return FALSE;
  r->cam.score = item->score;
  r->cam.a = g_new (float, r->cam.channels * r->cam.cells);
  eng_above_take (&r->above, item);
  eng_target_gather (r->cam.target, item->values[0], r->cam.a);
  r->planes = g_memdup2 (r->cam.a, sizeof (float) * r->cam.channels * r->cam.cells);
  r->weights = g_new0 (double, r->cam.channels);
  return TRUE;
}

/* The layer without channel @index */
static void
fill (int index, float *const *inputs, gpointer data)
{
  Run *r = data;
  gsize first = (gsize)index * r->cam.cells, bytes = sizeof (float) * r->cam.cells;
  eng_above_fill (&r->above, inputs);
  memset (r->planes + first, 0, bytes);
  eng_target_scatter (r->cam.target, r->planes, inputs[0]);
  memcpy (r->planes + first, r->cam.a + first, bytes);
}

/* What has been done stands for the whole: channels come in no order. */
static double
scale (const Run *r)
{
  return (double)r->cam.channels / (double)MAX (r->done, 1);
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Run *r = data;
  r->weights[item->index] = r->cam.score != 0 ? (r->cam.score - item->score) / r->cam.score : 0;
  r->done = (gsize)item->index + 1;
  return eng_cam_step (&r->cam, r->weights, scale (r), (guint)r->done, (guint)r->cam.channels, error);
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_auto (Run) r = { 0 };
  if (!read_layer (&r, job, error))
    return NULL;
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_above_feed (&r.above, probe);
  eng_probe_set_output (probe, eng_cam_output (eng_job_values (job)));
  if (eng_probe_run (probe, (int)r.cam.channels, fill, take, &r, error) < 0)
    return NULL;
  return eng_cam_weighted (&r.cam, r.weights, scale (&r));
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return (EngCost){ 1 + (guint64)eng_target_channels (target), 0 };
}

extern const EngMethod eng_method_ablation_cam;
const EngMethod eng_method_ablation_cam = {
  .id = "ablation-cam",
  .name = "Ablation-CAM",
  .about = "The feature map's channels, weighted by how much the score falls when a channel is silenced.",
  .reference = "Desai, Ramaswamy: Ablation-CAM: Visual Explanations for Deep Convolutional Network via Gradient-free "
               "Localization, WACV 2020",
  .family = ENG_FAMILY_CLASS_ACTIVATION,
  .sign = ENG_SIGN_UNSIGNED,
  .sign_with = eng_cam_sign,
  .needs = ENG_NEEDS_FORWARD | ENG_NEEDS_GRID,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE | ENG_ALLOWS_LAYERS | ENG_ALLOWS_STOP,
  .class_dependent = TRUE,
  .params = eng_cam_params,
  .cost = "1 forward pass, and one above the layer for each of its channels",
  .passes = passes,
  .explain = explain,
};
