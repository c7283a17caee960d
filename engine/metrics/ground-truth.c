/* Protocols that compare a map with a mask of the object: no pass is run. The pointing game (Zhang et al., ECCV 2016;
 * tolerance of TorchRay), energy-based pointing (Wang et al., Score-CAM, CVPRW 2020), IoU of the thresholded map.
 * They ask whether a map agrees with people's idea of the object, not whether the model uses it. */
#include "protocol-private.h"

#include "truth.h"

#include <math.h>

#define RADIUS 15

/* input_height x input_width, kept with the picture: a mask of many megapixels is walked over once. */
static const float *
find_cover (EngSubject *subject, EngImage *mask, GError **error)
{
  g_autofree char *key = g_strconcat ("cover ", eng_image_sha256 (mask), NULL);
  float *cover = eng_subject_kept (subject, key);
  if (!cover && (cover = eng_truth_cover (mask, eng_subject_geometry (subject), error)))
    eng_subject_keep (subject, g_steal_pointer (&key), cover, g_free);
  return cover;
}

static const float *
cover_of (EngTrial *trial, double *area, GError **error)
{
  const float *cover = find_cover (trial->subject, trial->options->truth, error);
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
  const float *cover = cover_of (trial, &area, error);
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
  const float *cover = cover_of (trial, &area, error);
  g_autofree float *map = eng_heatmap_at_input (trial->map);
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

EngOverlap *
eng_protocol_overlap (EngSubject *subject, EngHeatmap *map, EngImage *mask, EngRankBy by, GError **error)
{
  const float *cover = find_cover (subject, mask, error);
  g_autoptr (EngRanking) ranking = eng_subject_ranking (subject, map, by, ENG_ORDER_MOST_FIRST);
  return cover ? eng_overlap_new (ranking, cover) : NULL;
}

static gboolean
run_iou (EngTrial *trial, GError **error)
{
  double area;
  const EngProtocolOptions *o = trial->options;
  if (!cover_of (trial, &area, error))
    return FALSE;
  g_autoptr (EngOverlap) overlap = eng_protocol_overlap (trial->subject, trial->map, o->truth, o->rank_by, error);
  if (overlap->object == 0)
    return eng_trial_undefined (
        trial, area == 0 ? UNSEEN : "The object covers no pixel of the model's input by half or more.");
  trial->total = IOU_POINTS + 1;
  for (int i = 0; i <= IOU_POINTS; i++)
    {
      double share = (double)i / IOU_POINTS;
      eng_trial_point (trial, share, eng_overlap_iou (overlap, share), NULL);
    }
  trial->out->value = eng_overlap_iou (overlap, o->threshold);
  return TRUE;
}

#define COVER                                                                                                        \
  "The mask is brought to the model's input by area: each input pixel counts with the part of it that the object "   \
  "covers. "

const EngProtocol eng_protocols_truth[] = {
  { .id = "pointing-game",
    .name = "Pointing game",
    .title = "Pointing",
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
    .title = "Energy",
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
    .title = "IoU",
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
