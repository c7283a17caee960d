/* Protocols that compare a map with a mask of the object: no pass is run. The pointing game (Zhang et al., ECCV 2016;
 * tolerance of TorchRay), energy-based pointing (Wang et al., Score-CAM, CVPRW 2020), IoU of the thresholded map.
 * They ask whether a map agrees with people's idea of the object, not whether the model uses it. */
#include "protocol-private.h"

#include "truth.h"

#include <math.h>

#define RADIUS 15

static float *
cover_of (EngTrial *trial, double *area, GError **error)
{
  float *cover = eng_truth_cover (trial->options->truth, eng_subject_geometry (trial->subject), error);
  *area = 0;
  for (int i = 0; cover && i < eng_subject_n (trial->subject); i++)
    *area += cover[i];
  return cover;
}

#define UNSEEN "The object lies outside what the model sees of the picture."

static gboolean
run_pointing (EngTrial *trial, GError **error)
{
  const EngGeometry *g = eng_subject_geometry (trial->subject);
  double area;
  g_autofree float *cover = cover_of (trial, &area, error);
  g_autoptr (EngRanking) ranking = eng_trial_ranking (trial, ENG_ORDER_MOST_FIRST);
  if (!cover)
    return FALSE;
  if (area == 0)
    return eng_trial_undefined (trial, UNSEEN);
  int top = (int)eng_ranking_order (ranking)[0];
  double x = (top % g->input_width + 0.5) * g->scale_x + g->offset_x;
  double y = (top / g->input_width + 0.5) * g->scale_y + g->offset_y;
  trial->out->value = eng_truth_near (trial->options->truth, x, y, RADIUS);
  return TRUE;
}

static gboolean
run_energy (EngTrial *trial, GError **error)
{
  double area, inside = 0, all = 0;
  g_autofree float *cover = cover_of (trial, &area, error), *map = eng_heatmap_at_input (trial->map);
  if (!cover)
    return FALSE;
  if (area == 0)
    return eng_trial_undefined (trial, UNSEEN);
  for (int i = 0; i < eng_subject_n (trial->subject); i++)
    {
      double v = trial->options->rank_by == ENG_RANK_ABSOLUTE ? fabsf (map[i]) : fmaxf (map[i], 0);
      inside += v * cover[i];
      all += v;
    }
  if (all == 0)
    return eng_trial_undefined (trial, "The map has no positive value.");
  trial->out->value = inside / all;
  return TRUE;
}

#define IOU_POINTS 100

static double
iou (int both, int k, int mask)
{
  return (double)both / (k + mask - both);
}

static gboolean
run_iou (EngTrial *trial, GError **error)
{
  int n = eng_subject_n (trial->subject), mask = 0, both = 0, k = 0;
  double area;
  g_autofree float *cover = cover_of (trial, &area, error);
  g_autoptr (EngRanking) ranking = eng_trial_ranking (trial, ENG_ORDER_MOST_FIRST);
  const guint32 *order = eng_ranking_order (ranking);
  if (!cover)
    return FALSE;
  for (int i = 0; i < n; i++)
    mask += cover[i] >= 0.5f;
  if (mask == 0)
    return eng_trial_undefined (
        trial, area == 0 ? UNSEEN : "The object covers no pixel of the model's input by half or more.");
  trial->total = IOU_POINTS + 1;
  for (int i = 0; i <= IOU_POINTS; i++)
    {
      double share = (double)i / IOU_POINTS;
      for (int end = eng_share_pixels (share, n); k < end; k++)
        both += cover[order[k]] >= 0.5f;
      eng_trial_point (trial, share, iou (both, k, mask), NULL);
    }
  both = 0;
  k = eng_share_pixels (trial->options->threshold, n);
  for (int i = 0; i < k; i++)
    both += cover[order[i]] >= 0.5f;
  trial->out->value = iou (both, k, mask);
  return TRUE;
}

#define COVER                                                                                                        \
  "The mask is brought to the model's input by area: each input pixel counts with the part of it that the object "   \
  "covers. "

const EngProtocol eng_protocols_truth[] = {
  { .id = "pointing-game",
    .name = "Pointing game",
    .group = "Ground truth",
    .definition =
        "1 when a pixel of the object lies less than 15 picture pixels from the centre of the map's highest "
        "pixel (the first of equal ones, at the model's input size, mapped back to the picture), else 0; a "
        "data set reports the share of hits.",
    .reference = "Zhang et al., Excitation Backprop, ECCV 2016; tolerance as in TorchRay",
    .unit = "0 or 1",
    .maximum = 1,
    .direction = ENG_HIGHER_IS_BETTER,
    .needs_truth = TRUE,
    .run = run_pointing },
  { .id = "energy-inside",
    .name = "Energy inside the mask",
    .group = "Ground truth",
    .definition = COVER "The value is the sum of the map's positive values inside the object, divided by the sum of "
                        "all positive values.",
    .reference = "Wang et al., Score-CAM, CVPRW 2020 (there with boxes)",
    .unit = "0 to 1",
    .maximum = 1,
    .direction = ENG_HIGHER_IS_BETTER,
    .needs_truth = TRUE,
    .run = run_energy },
  { .id = "iou",
    .name = "IoU at the threshold",
    .group = "Ground truth",
    .definition = COVER "Pixels covered by half or more are the object; the pixels that the threshold keeps (its "
                        "share of the model's input, most relevant first, rounded down) are the map. The value is "
                        "their intersection divided by their union; the curve shows it for 0, 1 .. 100 %.",
    .reference = "Intersection over union (Jaccard index)",
    .unit = "0 to 1",
    .maximum = 1,
    .direction = ENG_HIGHER_IS_BETTER,
    .x_label = "share of pixels kept",
    .y_label = "IoU",
    .needs_truth = TRUE,
    .thresholded = TRUE,
    .run = run_iou },
  { 0 }
};
