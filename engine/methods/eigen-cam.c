/* EigenCAM (Muhammad and Yeasin, IJCNN 2020): the activations of a layer, one row per cell and one column per
 * channel with its mean taken off, projected on their first right singular vector. The projection is sigma_1 times
 * the first left singular vector, so whichever of the two is shorter is computed, from the smaller Gram matrix.
 *
 * A singular vector's sign is arbitrary; here it is the one with which the map correlates positively with the
 * channels' mean. No class and no gradient is involved, and negative values are kept. */
#include "cam.h"

#include "../kernels/eigen.h"

#include <math.h>

/* channels x cells, each channel's mean taken off */
static double *
centred (const EngCam *cam)
{
  double *m = g_new (double, cam->channels * cam->cells);
  for (gsize c = 0; c < cam->channels; c++)
    {
      const float *a = cam->a + c * cam->cells;
      double mean = 0;
      for (gsize i = 0; i < cam->cells; i++)
        mean += a[i] / (double)cam->cells;
      for (gsize i = 0; i < cam->cells; i++)
        m[c * cam->cells + i] = a[i] - mean;
    }
  return m;
}

/* Products of all pairs of the n vectors of @length numbers, number k of vector i at m[i * along_i + k * along_k] */
static double *
gram (const double *m, gsize n, gsize length, gsize along_i, gsize along_k)
{
  double *g = g_new0 (double, n *n);
  for (gsize i = 0; i < n; i++)
    for (gsize j = 0; j <= i; j++)
      {
        double sum = 0;
        for (gsize k = 0; k < length; k++)
          sum += m[i * along_i + k * along_k] * m[j * along_i + k * along_k];
        g[i * n + j] = g[j * n + i] = sum;
      }
  return g;
}

/* One value per cell */
static double *
project (const EngCam *cam, const double *m)
{
  gsize channels = cam->channels, cells = cam->cells, n = MIN (channels, cells);
  g_autofree double *v = g_new (double, channels), *top = g_new (double, n);
  g_autofree double *g =
      channels <= cells ? gram (m, channels, cells, cells, 1) : gram (m, cells, channels, 1, cells);
  double *map = g_new0 (double, cells), length = 0;
  eng_top_eigenvector (g, (int)n, top);
  for (gsize c = 0; c < channels; c++)
    {
      v[c] = channels <= cells ? top[c] : 0;
      for (gsize i = 0; channels > cells && i < cells; i++)
        v[c] += m[c * cells + i] * top[i];
      length += v[c] * v[c];
    }
  for (gsize k = 0; length != 0 && k < channels * cells; k++)
    map[k % cells] += m[k] * v[k / cells] / sqrt (length);
  return map;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_auto (EngCam) cam = { 0 };
  eng_cam_init (&cam, job);
  if (!eng_cam_read_activations (&cam, error))
    return NULL;
  g_autofree double *m = centred (&cam), *projection = project (&cam, m);
  g_autofree float *map = g_new (float, cam.cells);
  double product = 0;
  for (gsize k = 0; k < cam.channels * cam.cells; k++)
    product += projection[k % cam.cells] * cam.a[k];
  for (gsize i = 0; i < cam.cells; i++)
    map[i] = (float)(product < 0 ? -projection[i] : projection[i]);
  return eng_job_make_heatmap (job, map, 1, cam.target->rows, cam.target->cols, ENG_UPSAMPLE_BILINEAR,
                               cam.target->name, NULL);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return (EngCost){ 1, 0 };
}

extern const EngMethod eng_method_eigen_cam;
const EngMethod eng_method_eigen_cam = {
  .id = "eigen-cam",
  .name = "EigenCAM",
  .about = "What the layer's channels have most in common: their first principal component. Knows no class.",
  .reference = "Muhammad, Yeasin: Eigen-CAM: Class Activation Map using Principal Components, IJCNN 2020",
  .family = ENG_FAMILY_CLASS_ACTIVATION,
  .sign = ENG_SIGN_SIGNED,
  .needs = ENG_NEEDS_FORWARD | ENG_NEEDS_GRID,
  .allows = ENG_ALLOWS_AVERAGE | ENG_ALLOWS_LAYERS,
  .class_dependent = FALSE,
  .cost = "1 forward pass",
  .passes = passes,
  .explain = explain,
};
