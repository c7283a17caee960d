/* CartoonX (Kolek et al., ECCV 2022; see rde.h): as Pixel RDE, but what is masked are coefficients of the picture's
 * wavelet transform (Daubechies 3, zeros outside, up to 5 levels; fewer on small inputs), one mask value for each
 * coefficient, shared by the colours. Hidden ones become noise with the mean and deviation of their own band (all
 * colours together); the picture made of them is clamped to [0,1].
 *
 * The map is a picture: the inverse transform of mask times coefficients, of the grey picture (ITU-R 601) or of each
 * colour, clamped to [0,1]. */
#include "../preprocess.h"
#include "../wavelet.h"
#include "rde.h"

enum
{
  MAP_GREY,
  MAP_COLOUR
};

static const char *const maps[] = { "grey", "colour", NULL };

typedef struct
{
  EngJob *job;
  int rows, cols, map;
  gsize plane, n; /* pixels, coefficients of one colour */
  EngWavelet *wavelet;
  int bands;
  double *mean, *deviation; /* of each band */
  EngRdeNoise noise;
  float *coefficients; /* 3 x n */
  float *scratch;      /* n */
} Waves;

static void
measure_bands (Waves *s)
{
  for (int b = 0; b < s->bands; b++)
    {
      gsize offset;
      int rows, cols;
      eng_wavelet_band (s->wavelet, b, &offset, &rows, &cols);
      gsize size = (gsize)rows * cols;
      g_autofree float *all = g_new (float, 3 * size);
      for (int c = 0; c < 3; c++)
        for (gsize i = 0; i < size; i++)
          all[c * size + i] = s->coefficients[c * s->n + offset + i];
      eng_rde_measure (all, 3 * size, &s->mean[b], &s->deviation[b]);
    }
}

static float
clamped (float v)
{
  return CLAMP (v, 0, 1);
}

/* @kept: h - v, 3 x n; then 1 where the clamp let a pixel through, 3 x H x W. */
static void
obfuscate (gpointer data, const float *mask, GRand *random, float *pixels, float *kept)
{
  const Waves *s = data;
  float *open = kept + 3 * s->n;
  for (int c = 0; c < 3; c++)
    {
      const float *h = s->coefficients + c * s->n;
      float *difference = kept + c * s->n, *y = pixels + c * s->plane;
      for (int b = 0; b < s->bands; b++)
        {
          gsize offset;
          int rows, cols;
          eng_wavelet_band (s->wavelet, b, &offset, &rows, &cols);
          eng_rde_draw_noise (s->noise, random, s->scratch + offset, (gsize)rows * cols, s->mean[b], s->deviation[b]);
        }
      for (gsize i = 0; i < s->n; i++)
        {
          difference[i] = h[i] - s->scratch[i];
          s->scratch[i] += mask[i] * difference[i];
        }
      eng_wavelet_synthesise (s->wavelet, s->scratch, y);
      for (gsize i = 0; i < s->plane; i++)
        {
          open[c * s->plane + i] = y[i] >= 0 && y[i] <= 1;
          y[i] = clamped (y[i]);
        }
    }
}

static void
pull_back (gpointer data, const float *pixel_gradient, const float *kept, float *mask_gradient)
{
  const Waves *s = data;
  const float *open = kept + 3 * s->n;
  g_autofree float *through = g_new (float, s->plane);
  for (int c = 0; c < 3; c++)
    {
      for (gsize i = 0; i < s->plane; i++)
        through[i] = pixel_gradient[c * s->plane + i] * open[c * s->plane + i];
      eng_wavelet_analyse (s->wavelet, through, s->scratch); /* transpose of the inverse */
      for (gsize i = 0; i < s->n; i++)
        mask_gradient[i] += s->scratch[i] * kept[c * s->n + i];
    }
}

static EngHeatmap *
draw (gpointer data, const float *mask)
{
  const Waves *s = data;
  int channels = s->map == MAP_COLOUR ? 3 : 1;
  g_autofree float *out = g_new (float, channels * s->plane);
  for (int c = 0; c < channels; c++)
    {
      for (gsize i = 0; i < s->n; i++)
        {
          const float *h = s->coefficients + i;
          double v =
              channels == 3 ? h[c * s->n] : eng_luma[0] * h[0] + eng_luma[1] * h[s->n] + eng_luma[2] * h[2 * s->n];
          s->scratch[i] = (float)(mask[i] * v);
        }
      eng_wavelet_synthesise (s->wavelet, s->scratch, out + c * s->plane);
    }
  for (gsize i = 0; i < channels * s->plane; i++)
    out[i] = clamped (out[i]);
  return eng_job_make_heatmap (s->job, out, channels, s->rows, s->cols, ENG_UPSAMPLE_NEAREST, NULL, NULL);
}

static void
waves_free (gpointer data)
{
  Waves *s = data;
  eng_wavelet_free (s->wavelet);
  g_free (s->mean);
  g_free (s->deviation);
  g_free (s->coefficients);
  g_free (s->scratch);
  g_free (s);
}

EngRdeSpace *
eng_rde_wavelet_space (EngJob *job)
{
  EngPreprocess *p = eng_model_preprocess (eng_job_model (job));
  const EngValues *values = eng_job_values (job);
  Waves *s = g_new0 (Waves, 1);
  s->job = job;
  s->rows = p->height;
  s->cols = p->width;
  s->plane = (gsize)p->width * p->height;
  s->map = (int)eng_values_get (values, "map");
  s->noise = (EngRdeNoise)eng_values_get (values, "noise");
  s->wavelet = eng_wavelet_new (p->height, p->width,
                                eng_wavelet_depth (p->height, p->width, (int)eng_values_get (values, "levels")));
  s->n = eng_wavelet_size (s->wavelet);
  s->bands = eng_wavelet_bands (s->wavelet);
  s->mean = g_new (double, s->bands);
  s->deviation = g_new (double, s->bands);
  s->coefficients = g_new (float, 3 * s->n);
  s->scratch = g_new (float, s->n);
  for (int c = 0; c < 3; c++)
    eng_wavelet_analyse (s->wavelet, eng_job_pixels (job) + c * s->plane, s->coefficients + c * s->n);
  measure_bands (s);
  EngRdeSpace *space = g_new (EngRdeSpace, 1);
  *space = (EngRdeSpace){ .what = "wavelet coefficients",
                          .mask_size = s->n,
                          .kept_size = 3 * (s->n + s->plane),
                          .obfuscate = obfuscate,
                          .pull_back = pull_back,
                          .draw = draw,
                          .data = s,
                          .free_data = waves_free };
  return space;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  return eng_rde_explain (job, eng_rde_wavelet_space (job), error);
}

static const EngParam params[] = {
  ENG_RDE_PARAMS (1, "Weight of the share of coefficients that are kept. Higher keeps fewer; 1 in 2023, 4 to 80 in "
                     "2022."),
  { "levels", "Wavelet levels", "", ENG_PARAM_INT, 1, 8, 5, NULL,
    "Depth of the wavelet transform; fewer where the input is too small for as many.", FALSE },
  { "map", "Map", "", ENG_PARAM_CHOICE, 0, 1, MAP_GREY, maps,
    "The picture made of what is kept: grey as first published, or in colour (2023).", FALSE },
  { NULL },
};

extern const EngMethod eng_method_cartoonx;
const EngMethod eng_method_cartoonx = {
  .id = "cartoonx",
  .name = "CartoonX",
  .about = "The piece-wise smooth picture, of few wavelets, that keeps the class's probability.",
  .reference = "Kolek et al.: Cartoon Explanations of Image Classifiers, ECCV 2022",
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
