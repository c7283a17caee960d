/* Score-CAM (Wang et al., CVPR workshops 2020): each channel of the layer, enlarged to the picture and brought to
 * 0 .. 1, masks the network's input x; the channel's weight is what the classifier then says;
 * M = ReLU (sum_c w_c A_c). Two published forms, parameter "variant":
 *
 *   probability            the authors' code: bilinear enlargement with half-pixel centres, w_c = softmax probability
 *                          of the class, channels without any contrast have weight 0;
 *   softmax-over-channels  the paper's equation 7 as pytorch-grad-cam has it: enlargement with aligned corners,
 *                          w = softmax over the channels of the class's logits.
 *
 * A channel that is the same everywhere makes no mask: it is not run in the first form; in the second all of them
 * give the same picture, x * 0, which is run once. So the number of passes depends on the picture. */
#include "cam.h"

#include <math.h>
#include <string.h>

enum
{
  VARIANT_PROBABILITY,
  VARIANT_SOFTMAX
};

static const char *const variants[] = { "probability", "softmax-over-channels", NULL };

static const EngParam params[] = {
  { "variant", "Variant", "", ENG_PARAM_CHOICE, 0, 1, VARIANT_PROBABILITY, variants,
    "Weights are the class's probability on the masked picture (the authors' code), or the softmax of its logit "
    "over the channels (the paper's equation as pytorch-grad-cam has it).",
    FALSE },
  ENG_CAM_PARAM_RELU,
  { NULL }
};

typedef struct
{
  EngCam cam;
  int variant;
  int channels, rows, cols; /* of the network's input */
  const float *input;
  float *mask;       /* rows x cols */
  int *items, total; /* channel of each masked picture; -1: x * 0 */
  double *scores, *weights;
  double constant_score; /* of x * 0 */
  int done;
} Run;

static void
run_clear (Run *r)
{
  eng_cam_clear (&r->cam);
  g_clear_pointer (&r->mask, g_free);
  g_clear_pointer (&r->items, g_free);
  g_clear_pointer (&r->scores, g_free);
  g_clear_pointer (&r->weights, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static gboolean
is_constant (const EngCam *cam, gsize c)
{
  const float *a = cam->a + c * cam->cells;
  for (gsize i = 1; i < cam->cells; i++)
    if (a[i] != a[0])
      return FALSE;
  return TRUE;
}

static void
choose_items (Run *r)
{
  r->items = g_new (int, r->cam.channels + 1);
  for (gsize c = 0; c < r->cam.channels; c++)
    if (!is_constant (&r->cam, c))
      r->items[r->total++] = (int)c;
  if (r->variant == VARIANT_SOFTMAX && r->total < (int)r->cam.channels)
    r->items[r->total++] = -1;
}

/* The picture through the channel's mask, or x * 0 */
static void
fill (int index, float *const *inputs, gpointer data)
{
  Run *r = data;
  int c = r->items[index], n = r->rows * r->cols;
  float lo = INFINITY, hi = -INFINITY;
  if (c < 0)
    {
      memset (inputs[0], 0, sizeof (float) * (gsize)(r->channels * n));
      return;
    }
  (r->variant == VARIANT_SOFTMAX ? eng_upsample_bilinear_corners : eng_upsample_bilinear) (
      r->cam.a + (gsize)c * r->cam.cells, r->cam.target->rows, r->cam.target->cols, r->mask, r->rows, r->cols);
  for (int i = 0; i < n; i++)
    {
      lo = fminf (lo, r->mask[i]);
      hi = fmaxf (hi, r->mask[i]);
    }
  float range = r->variant == VARIANT_SOFTMAX ? hi - lo + 1e-8f : hi > lo ? hi - lo : 1;
  for (int i = 0; i < n; i++)
    r->mask[i] = (r->mask[i] - lo) / range;
  for (int k = 0; k < r->channels; k++)
    for (int i = 0; i < n; i++)
      inputs[0][k * n + i] = r->input[k * n + i] * r->mask[i];
}

/* Softmax over the channels that have been done, those without contrast among them when x * 0 has been run. */
static void
softmax_weights (Run *r)
{
  gboolean constants = r->items[r->done - 1] < 0;
  int last = r->done - constants;
  double most = constants ? r->constant_score : -INFINITY, sum = 0;
  for (int k = 0; k < last; k++)
    most = fmax (most, r->scores[r->items[k]]);
  for (gsize c = 0; constants && c < r->cam.channels; c++)
    r->weights[c] = exp (r->constant_score - most);
  for (int k = 0; k < last; k++)
    r->weights[r->items[k]] = exp (r->scores[r->items[k]] - most);
  for (gsize c = 0; c < r->cam.channels; c++)
    sum += r->weights[c];
  for (gsize c = 0; c < r->cam.channels; c++)
    r->weights[c] /= sum;
}

/* In the first form what has been done stands for the whole: channels come in no order. The second is a mean. */
static double
scale (const Run *r)
{
  return r->variant == VARIANT_SOFTMAX || r->done == 0 ? 1 : (double)r->total / r->done;
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Run *r = data;
  int c = r->items[item->index];
  r->done = item->index + 1;
  if (c < 0)
    r->constant_score = item->score;
  else
    r->scores[c] = r->weights[c] = item->score;
  if (r->variant == VARIANT_SOFTMAX)
    softmax_weights (r);
  return eng_cam_step (&r->cam, r->weights, scale (r), (guint)r->done, (guint)r->total, error);
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngPreprocess *p = eng_model_preprocess (eng_job_model (job));
  g_auto (Run) r = { .input = eng_job_input (job), .channels = p->channels, .rows = p->height, .cols = p->width };
  r.variant = (int)eng_values_get (eng_job_values (job), "variant");
  eng_cam_init (&r.cam, job);
  if (!eng_cam_read_activations (&r.cam, error))
    return NULL;
  r.mask = g_new (float, (gsize)r.rows *r.cols);
  r.scores = g_new0 (double, r.cam.channels);
  r.weights = g_new0 (double, r.cam.channels);
  choose_items (&r);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_probe_set_output (probe, r.variant == VARIANT_SOFTMAX ? ENG_OUTPUT_LOGIT : ENG_OUTPUT_PROBABILITY);
  if (eng_probe_run (probe, r.total, fill, take, &r, error) < 0)
    return NULL;
  return eng_cam_weighted (&r.cam, r.weights, scale (&r));
}

extern const EngMethod eng_method_score_cam;
const EngMethod eng_method_score_cam = {
  .id = "score-cam",
  .name = "Score-CAM",
  .about = "The feature map's channels, weighted by what the classifier says when it sees only where a channel is "
           "active.",
  .reference = "Wang et al.: Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks, CVPR "
               "workshops 2020",
  .family = ENG_FAMILY_CLASS_ACTIVATION,
  .sign = ENG_SIGN_UNSIGNED,
  .sign_with = eng_cam_sign,
  .needs = ENG_NEEDS_FORWARD | ENG_NEEDS_GRID,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE | ENG_ALLOWS_LAYERS | ENG_ALLOWS_STOP,
  .class_dependent = TRUE,
  .params = params,
  .cost = "1 forward pass, and one for each channel of the layer that is not the same everywhere",
  .explain = explain,
};
