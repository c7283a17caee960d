/* Rate-distortion explanations: the smallest part of a picture that keeps the classifier's answer when all else is
 * noise. Shared by Pixel RDE and CartoonX, which differ in the representation that is masked. See rde.c. */
#pragma once

#include "../job.h"

G_BEGIN_DECLS

/* A picture x = f (h) in some representation h, one mask value for each coefficient (shared by colour channels). */
typedef struct
{
  const char *what; /* is masked: "pixels" */
  gsize mask_size;
  gsize kept_size; /* floats that obfuscate() leaves for pull_back() */
  /* Draws noise v from @random; @pixels (3 x H x W in [0,1]) = f (s h + (1 - s) v). @mask: s. */
  void (*obfuscate) (gpointer data, const float *mask, GRand *random, float *pixels, float *kept);
  /* Adds (d pixels / d mask)^T @pixel_gradient to @mask_gradient. @kept: what obfuscate() left for this sample. */
  void (*pull_back) (gpointer data, const float *pixel_gradient, const float *kept, float *mask_gradient);
  EngHeatmap *(*draw) (gpointer data, const float *mask);
  gpointer data;
  GDestroyNotify free_data;
} EngRdeSpace;

/* Of the job's picture. (transfer full) */
EngRdeSpace *eng_rde_pixel_space (EngJob *job);
EngRdeSpace *eng_rde_wavelet_space (EngJob *job);
void eng_rde_space_free (EngRdeSpace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngRdeSpace, eng_rde_space_free)

typedef enum
{
  ENG_RDE_GAUSSIAN, /* mean and standard deviation of what is hidden */
  ENG_RDE_UNIFORM   /* between mean - deviation and mean + deviation */
} EngRdeNoise;

extern const char *const eng_rde_noises[], *const eng_rde_distortions[];

/* The rows that both methods declare. @lambda: default; @help: what it weighs. */
#define ENG_RDE_PARAMS(lambda, help)                                                                                 \
  { "steps",       "Steps", "",                                                                                      \
    ENG_PARAM_INT, 1,       5000,                                                                                    \
    300,           NULL,    "Steps of the optimiser. 300 as in the authors' later work (2023); 2000 in 2022.",       \
    TRUE },                                                                                                          \
      { "samples",                                                                                                   \
        "Noise samples",                                                                                             \
        "for each step",                                                                                             \
        ENG_PARAM_INT,                                                                                               \
        1,                                                                                                           \
        256,                                                                                                         \
        16,                                                                                                          \
        NULL,                                                                                                        \
        "Noisy pictures that each step averages over. 16 in 2023, 64 in 2022.",                                      \
        FALSE },                                                                                                     \
      { "learning-rate",                                                                                             \
        "Learning rate",                                                                                             \
        "",                                                                                                          \
        ENG_PARAM_FLOAT,                                                                                             \
        1e-5,                                                                                                        \
        1,                                                                                                           \
        0.1,                                                                                                         \
        NULL,                                                                                                        \
        "Step size of Adam. 0.1 in 2023, 0.001 in 2022.",                                                            \
        TRUE },                                                                                                      \
      { "lambda", "Sparsity", "", ENG_PARAM_FLOAT, 0, 1000, lambda, NULL, help, TRUE },                              \
      { "distortion",                                                                                                \
        "Distortion",                                                                                                \
        "",                                                                                                          \
        ENG_PARAM_CHOICE,                                                                                            \
        0,                                                                                                           \
        2,                                                                                                           \
        0,                                                                                                           \
        eng_rde_distortions,                                                                                         \
        "What must stay: the class's probability (label), that probability as high as it can be (maximize-target), " \
        "or the probabilities of all classes (l2).",                                                                 \
        FALSE },                                                                                                     \
  {                                                                                                                  \
    "noise", "Noise", "", ENG_PARAM_CHOICE, 0, 1, ENG_RDE_GAUSSIAN, eng_rde_noises,                                  \
        "What hidden coefficients are replaced with, of the picture's own mean and deviation: normal numbers "       \
        "(2022) "                                                                                                    \
        "or uniform ones (2023).",                                                                                   \
        FALSE                                                                                                        \
  }

/* Mean and deviation of @n values. */
void eng_rde_measure (const float *values, gsize n, double *mean, double *deviation);
void eng_rde_draw_noise (EngRdeNoise kind, GRand *random, float *values, gsize n, double mean, double deviation);

typedef struct _EngRde EngRde;

/* Both are borrowed. */
EngRde *eng_rde_new (EngJob *job, const EngRdeSpace *space);
void eng_rde_free (EngRde *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngRde, eng_rde_free)
/**
 * eng_rde_objective:
 * @mask: mask_size values
 * @step: chooses the noise
 * @gradient: mask_size values: d loss / d mask
 * @loss: distortion + lambda * mean |mask|
 *
 * Returns: samples taken: as many as asked for, or fewer after eng_job_stop(); -1 with an error.
 */
int eng_rde_objective (EngRde *self, const float *mask, guint32 step, float *gradient, double *loss, GError **error);

/* The method: optimises, draws. @space: (transfer full) */
EngHeatmap *eng_rde_explain (EngJob *job, EngRdeSpace *space, GError **error);
EngCost eng_rde_passes (EngModel *model, const EngTarget *target, const EngValues *values);

G_END_DECLS
