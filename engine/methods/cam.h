/* What class activation maps share. Nearly all of them are sums over the channels of a layer,
 *
 *   map = ReLU (sum_c w_c A_c),
 *
 * with A the layer's activations, and differ in the weights w. On a transformer A is the token grid without the
 * tokens before it (class token, registers), with one channel for each number of a token. */
#pragma once

#include "../probe.h"

G_BEGIN_DECLS

/* Rows for tables of parameters. */
#define ENG_CAM_PARAM_OUTPUT                                                                                         \
  {                                                                                                                  \
    "output", "Explained output", "", ENG_PARAM_CHOICE, 0, 1, ENG_OUTPUT_LOGIT, eng_output_choices,                  \
        "The class's logit, as published, or its softmax probability.", FALSE                                        \
  }
#define ENG_CAM_PARAM_RELU                                                                                           \
  {                                                                                                                  \
    "relu", "Positive part only", "", ENG_PARAM_BOOL, 0, 1, 1, NULL,                                                 \
        "Negative values of the sum become 0, as published. Otherwise they stay: they speak against the class.",     \
        FALSE                                                                                                        \
  }

extern const EngParam eng_cam_params[];             /* both of the above */
EngSign eng_cam_sign (const EngValues *values);     /* for EngMethod.sign_with where there is "relu" */
EngOutput eng_cam_output (const EngValues *values); /* for methods with "output" */

/* A layer of one picture. */
typedef struct
{
  EngJob *job;
  const EngTarget *target;
  gsize channels, cells;
  double score; /* explained output of the picture; 0 after eng_cam_read_activations() */
  float *a, *g; /* channels x cells: activations, d score / d activation; NULL until read */
} EngCam;

void eng_cam_init (EngCam *self, EngJob *job);
void eng_cam_clear (EngCam *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EngCam, eng_cam_clear)
/* Activations and gradient of the output that the parameter "output" names: one forward, one backward pass. */
gboolean eng_cam_read (EngCam *self, GError **error);
/* Activations alone: one forward pass, which ends at the layer. */
gboolean eng_cam_read_activations (EngCam *self, GError **error);

/* @scale sum_c @weights[c] A_c; of it the positive part, unless the parameter "relu" is off. */
EngHeatmap *eng_cam_weighted (const EngCam *self, const double *weights, double scale);
/* The same, unscaled, for a sum that is there already: one value per cell. */
EngHeatmap *eng_cam_finish (const EngCam *self, const double *sum);

/**
 * eng_cam_step:
 * @weights: one per channel, 0 where it is not known yet
 * @scale: of the map so far
 *
 * eng_job_step() for methods that find the weights one after another. Convergence is the rank correlation of the
 * maps that even and odd channels make alone.
 */
gboolean eng_cam_step (const EngCam *self, const double *weights, double scale, guint done, guint total,
                       GError **error);

G_END_DECLS
