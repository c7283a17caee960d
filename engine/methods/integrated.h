/* What the integrated family (IIA, DIX) shares: its parameters, the path of one layer between a baseline and its
 * activation, and counting what is run. */
#pragma once

#include "../probe.h"

G_BEGIN_DECLS

/* Index in eng_variant_choices. */
typedef enum
{
  ENG_VARIANT_DESCRIBED, /* as the paper's formulae, known from summaries of the paper */
  ENG_VARIANT_RELEASED   /* as the authors' code */
} EngVariant;

extern const char *const eng_variant_choices[]; /* "described", "released" */
#define ENG_INTEGRATED_MAX_STEPS 50

/* TRUE when the map is made from attention matrices: a token grid in a network that has them. */
gboolean eng_integrated_reads_attention (EngModel *model, const EngTarget *target);
/* Refuses a token layer that is not the default one: of a transformer the attentions are integrated. @name: the
 * method's. */
gboolean eng_integrated_check_layer (EngModel *model, const EngTarget *target, const char *name, GError **error);

/* FALSE with a sentence when @target has fewer than @earlier stages before it. */
gboolean eng_integrated_check_stages (EngModel *model, const EngTarget *target, int earlier, const char *name,
                                      GError **error);

/* A run of several probes, told as one progress. */
typedef struct
{
  EngJob *job;
  int steps;         /* n: a path has n + 1 points, both ends */
  guint done, total; /* forward passes */
} EngIntegration;

/* One more item is taken. FALSE with an error when the job is to stop. */
gboolean eng_integration_tick (EngIntegration *self, GError **error);
/* Point @k of the path from 0 in model space to the picture: @k / steps of it. @out: C x H x W. */
void eng_integration_picture (const EngIntegration *self, int k, float *out);
/* A probe that answers with the value @wanted of each item. @fed: NULL: the image. Further feeds may follow. */
EngProbe *eng_integration_new_collector (EngIntegration *self, const char *fed, const char *wanted);
/* Runs @n items and keeps what the collector wants: (transfer full) n x its size, as the network stores it. NULL with
 * an error. */
float *eng_integration_collect (EngIntegration *self, EngProbe *collector, const char *wanted, int n,
                                EngProbeFill fill, gpointer data, GError **error);

/* max (x, 0), but a NaN stays one, so that the job sees it. */
static inline double
eng_positive (double x)
{
  return x > 0 || x != x ? x : 0;
}

/* Several values u_k of one feature map and what they are interpolated from. Planes are channels x cells. */
typedef struct
{
  const EngTarget *target;
  gsize size, channels, cells; /* elements as stored; channels, rows x cols */
  int count;
  float *values; /* count x size, as stored, owned */
  float *base;   /* baselines as planes, owned */
  gboolean one;  /* one baseline for all values, not one for each */
} EngStage;

void eng_stage_init (EngStage *self, const EngTarget *target);
void eng_stage_clear (EngStage *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EngStage, eng_stage_clear)

/* Takes @count values over and forgets those before. */
void eng_stage_take (EngStage *self, float *values, int count);
/* Baseline of each value: its smallest element in each channel. */
void eng_stage_base_channel_minimum (EngStage *self);
/* ... its smallest element at each position, among channels. */
void eng_stage_base_position_minimum (EngStage *self);
/* One baseline: the smallest value of each element among all values. */
void eng_stage_base_path_minimum (EngStage *self);
/* b + fraction (u_k - b). @planes, @whole (u_k - b): nullable. @value: as stored, nullable; tokens outside the grid
 * are u_k's. */
void eng_stage_point (const EngStage *self, int k, double fraction, float *planes, float *whole, float *value);

G_END_DECLS
