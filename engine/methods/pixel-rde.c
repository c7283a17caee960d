/* Pixel RDE (Kolek et al., 2022; see rde.h): one mask value for each pixel, shared by the colours. Hidden pixels
 * become noise with the mean and deviation of the whole picture (all colours together), in pixel values 0 to 1;
 * the sum is not clamped. The map is the mask. */
#include "../preprocess.h"
#include "rde.h"

typedef struct
{
  EngJob *job;
  int rows, cols;
  gsize plane;
  const float *pixels;
  double mean, deviation;
  EngRdeNoise noise;
} Pixels;

/* @kept: x - v, 3 x H x W. */
static void
obfuscate (gpointer data, const float *mask, GRand *random, float *pixels, float *kept)
{
  const Pixels *s = data;
  eng_rde_draw_noise (s->noise, random, pixels, 3 * s->plane, s->mean, s->deviation);
  for (int c = 0; c < 3; c++)
    for (gsize i = 0; i < s->plane; i++)
      {
        gsize at = c * s->plane + i;
        kept[at] = s->pixels[at] - pixels[at];
        pixels[at] += mask[i] * kept[at];
      }
}

static void
pull_back (gpointer data, const float *pixel_gradient, const float *kept, float *mask_gradient)
{
  const Pixels *s = data;
  for (int c = 0; c < 3; c++)
    for (gsize i = 0; i < s->plane; i++)
      mask_gradient[i] += pixel_gradient[c * s->plane + i] * kept[c * s->plane + i];
}

static EngHeatmap *
draw (gpointer data, const float *mask)
{
  const Pixels *s = data;
  return eng_job_make_heatmap (s->job, mask, 1, s->rows, s->cols, ENG_UPSAMPLE_NEAREST, NULL, NULL);
}

EngRdeSpace *
eng_rde_pixel_space (EngJob *job)
{
  EngPreprocess *p = eng_model_preprocess (eng_job_model (job));
  Pixels *s = g_new0 (Pixels, 1);
  s->job = job;
  s->rows = p->height;
  s->cols = p->width;
  s->plane = (gsize)p->width * p->height;
  s->pixels = eng_job_pixels (job);
  s->noise = (EngRdeNoise)eng_values_get (eng_job_values (job), "noise");
  eng_rde_measure (s->pixels, 3 * s->plane, &s->mean, &s->deviation);
  EngRdeSpace *space = g_new (EngRdeSpace, 1);
  *space = (EngRdeSpace){ .what = "pixels",
                          .mask_size = s->plane,
                          .kept_size = 3 * s->plane,
                          .obfuscate = obfuscate,
                          .pull_back = pull_back,
                          .draw = draw,
                          .data = s,
                          .free_data = g_free };
  return space;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  return eng_rde_explain (job, eng_rde_pixel_space (job), error);
}

static const EngParam params[] = {
  ENG_RDE_PARAMS (4, "Weight of the share of pixels that are kept. Higher keeps fewer; published 3 to 20."),
  { NULL },
};

extern const EngMethod eng_method_pixel_rde;
const EngMethod eng_method_pixel_rde = {
  .id = "pixel-rde",
  .name = "Pixel RDE",
  .about = "The fewest pixels that keep the class's probability when all others are noise.",
  .reference = "Kolek et al.: A Rate-Distortion Framework for Explaining Black-Box Model Decisions, xxAI 2022",
  .family = ENG_FAMILY_PERTURBATION,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_GRADIENT,
  .allows = ENG_ALLOWS_STOP,
  .class_dependent = TRUE,
  .params = params,
  .cost = "steps × samples forward and backward passes",
  .passes = eng_rde_passes,
  .explain = explain,
};
