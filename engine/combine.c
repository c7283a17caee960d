/* See combine.h.
 *
 * Average: map_k of x + N(0, (level (max x - min x))^2), k = 1 .. n; their mean, mean square or variance at the
 * method's own grid. Layers: each layer's map divided by its largest absolute value, so that layers with large
 * activations do not drown the others, enlarged bilinearly to the finest grid among them, and added. */
#include "combine.h"

#include "error.h"
#include "job-private.h"
#include "moments.h"
#include "random.h"

#include <math.h>
#include <string.h>

static const EngParam average_params[] = {
  { "average", "Average over", "noisy copies", ENG_PARAM_INT, 1, 500, 1, NULL,
    "Explains this many noisy copies of the picture and combines the maps, as SmoothGrad does. 1: the picture alone, "
    "no noise.",
    FALSE },
  { "average-noise", "Average: noise", "of the input's range", ENG_PARAM_FLOAT, 0, 1, 0.15, NULL,
    "Standard deviation of the noise on the copies.", FALSE },
  { "average-kind", "Average: kind", "", ENG_PARAM_CHOICE, 0, 2, ENG_MOMENT_MEAN, eng_moment_choices,
    "How the copies' maps are combined.", FALSE },
};

const EngParam *
eng_combine_param (const EngMethod *method, guint i)
{
  return (method->allows & ENG_ALLOWS_AVERAGE) && i < G_N_ELEMENTS (average_params) ? &average_params[i] : NULL;
}

int
eng_combine_repeats (const EngMethod *method, const EngValues *values)
{
  return method->allows & ENG_ALLOWS_AVERAGE ? (int)eng_values_get (values, "average") : 1;
}

void
eng_noisy_copy (const float *x, gsize n, double level, guint64 seed, guint32 index, float *out)
{
  float lo = INFINITY, hi = -INFINITY;
  for (gsize i = 0; i < n; i++)
    {
      lo = fminf (lo, x[i]);
      hi = fmaxf (hi, x[i]);
    }
  g_autoptr (GRand) random = eng_random_new (seed, index);
  eng_random_fill_normal (random, out, n, 0, level * ((double)hi - lo));
  for (gsize i = 0; i < n; i++)
    out[i] += x[i];
}

/* A map taken from a heatmap, to be worked on. */
typedef struct
{
  int channels, rows, cols;
  EngUpsample upsample;
  float *values;
} Grid;

static gsize
grid_size (const Grid *g)
{
  return (gsize)g->channels * g->rows * g->cols;
}

static void
grid_take (Grid *g, const EngHeatmap *map)
{
  g->channels = eng_heatmap_channels (map);
  g->rows = eng_heatmap_rows (map);
  g->cols = eng_heatmap_cols (map);
  g->upsample = eng_heatmap_upsample_kind (map);
  g->values = g_memdup2 (eng_heatmap_values (map), sizeof (float) * grid_size (g));
}

static EngHeatmap *
explain_layer (EngJob *job, int layer, int layers, Grid *grid, GError **error)
{
  const EngValues *values = eng_job_values (job);
  int repeats = eng_combine_repeats (eng_job_method (job), values);
  EngPreprocess *p = eng_model_preprocess (eng_job_model (job));
  gsize n = (gsize)p->channels * p->width * p->height;
  g_autofree float *copy = repeats > 1 ? g_new (float, n) : NULL;
  g_autoptr (EngMoments) moments = NULL;
  g_autoptr (EngHeatmap) map = NULL;
  eng_job_begin_part (job, NULL, layer, (guint)(layer * repeats), (guint)(layers * repeats));
  const float *x = eng_job_input (job);
  for (int k = 0; k < repeats && !(k > 0 && eng_job_stopping (job)); k++)
    {
      if (copy)
        {
          eng_noisy_copy (x, n, eng_values_get (values, "average-noise"), eng_job_seed (job), (guint32)k, copy);
          eng_job_begin_part (job, copy, layer, (guint)(layer * repeats + k), (guint)(layers * repeats));
        }
      g_clear_pointer (&map, eng_heatmap_unref);
      map = eng_job_method (job)->explain (job, error);
      if (!map)
        return NULL;
      if (k > 0 && eng_job_stopping (job)) /* this one may have been cut short */
        break;
      if (!moments)
        {
          grid_take (grid, map);
          moments = eng_moments_new (grid_size (grid));
        }
      eng_moments_add (moments, eng_heatmap_values (map), 1);
      if (copy && eng_job_preview_due (job))
        eng_job_report_convergence (job, eng_moments_agreement (moments));
    }
  if (copy)
    {
      eng_moments_read (moments, (EngMoment)eng_values_get (values, "average-kind"), grid->values);
      eng_job_report_convergence (job, eng_moments_agreement (moments));
    }
  return g_steal_pointer (&map);
}

static void
add_layer (float *sum, int rows, int cols, const Grid *g)
{
  float largest = 0;
  g_autofree float *plane = g_new0 (float, (gsize)g->rows * g->cols), *large = g_new (float, (gsize)rows *cols);
  for (gsize i = 0; i < grid_size (g); i++)
    plane[i % ((gsize)g->rows * g->cols)] += g->values[i];
  for (int i = 0; i < g->rows * g->cols; i++)
    largest = fmaxf (largest, fabsf (plane[i]));
  eng_upsample_bilinear (plane, g->rows, g->cols, large, rows, cols);
  for (int i = 0; i < rows * cols && largest > 0; i++)
    sum[i] += large[i] / largest;
}

static EngHeatmap *
sum_layers (EngJob *job, const Grid *grids, int n)
{
  int rows = 1, cols = 1;
  for (int i = 0; i < n; i++)
    {
      rows = MAX (rows, grids[i].rows);
      cols = MAX (cols, grids[i].cols);
    }
  g_autofree float *sum = g_new0 (float, (gsize)rows *cols);
  for (int i = 0; i < n; i++)
    add_layer (sum, rows, cols, &grids[i]);
  return eng_job_make_heatmap (job, sum, 1, rows, cols, ENG_UPSAMPLE_BILINEAR, eng_job_layer (job),
                               "each layer's map divided by its largest value, then added");
}

EngHeatmap *
eng_combine_explain (EngJob *job, GError **error)
{
  int layers = eng_job_n_layers (job), done = 0;
  gboolean averaged = eng_combine_repeats (eng_job_method (job), eng_job_values (job)) > 1;
  if (layers == 1 && !averaged)
    {
      eng_job_begin_part (job, NULL, 0, 0, 1);
      return eng_job_method (job)->explain (job, error);
    }
  g_autofree Grid *grids = g_new0 (Grid, layers);
  g_autoptr (EngHeatmap) last = NULL;
  EngHeatmap *result = NULL;
  for (; done < layers && !(done > 0 && eng_job_stopping (job)); done++)
    {
      g_clear_pointer (&last, eng_heatmap_unref);
      last = explain_layer (job, done, layers, &grids[done], error);
      if (!last)
        break;
    }
  if (last && layers == 1)
    result = eng_job_make_heatmap (job, grids[0].values, grids[0].channels, grids[0].rows, grids[0].cols,
                                   grids[0].upsample, eng_heatmap_provenance (last)->layer, NULL);
  else if (last)
    result = sum_layers (job, grids, done);
  for (int i = 0; i < layers; i++)
    g_free (grids[i].values);
  return result;
}
