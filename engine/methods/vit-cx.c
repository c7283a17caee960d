/* ViT-CX (Xie et al., IJCAI 2023): the tokens' channels as masks, weighted by what the masked picture still scores.
 *
 * Every channel of the token grid, enlarged bilinearly to the input and brought to 0 .. 1, is a mask; masks whose
 * cosine distance is small are one (complete linkage), namely their sum, brought to 0 .. 1 again: M_1 .. M_K. With
 * noise n_i = level * N(0, 1) * (1 - M_i) on what a mask hides, x the network input and p the class's probability,
 *
 *   s_i = p (x M_i + n_i) - p (x + n_i) + p (x),    map = (1 / K) sum_i s_i M_i / sum_i M_i   in every pixel.
 *
 * The difference takes away what the noise alone does. Of the two perturbation methods made for transformers this one
 * was chosen: TIS (Englebert et al., ICCV workshop 2023) runs the encoder on a part of the tokens, which a graph
 * exported for a fixed number of them does not allow, so that it could only be approximated; here every part can be
 * checked against its definition. The tokens used by default are those of the last block's first normalisation, as
 * published (in networks that pool all tokens: the last token grid).
 *
 * Enlarging is linear, so a mask is kept as its grid, and the products of enlarged masks that the cosine needs come
 * from the grids too: <Ua, Ub> = a' (U'U) b, where U'U is a product of one matrix for rows and one for columns. */
#include "../probe.h"

#include "../error.h"
#include "../metrics/rank-correlation.h"
#include "../random.h"
#include "cluster.h"

#include <math.h>
#include <string.h>

static const EngParam params[] = {
  { "distance", "Merge masks", "cosine distance", ENG_PARAM_FLOAT, 0, 1, 0.1, NULL,
    "Masks nearer to each other than this become one. 0 keeps every channel: slow.", FALSE },
  { "noise", "Noise", "standard deviations of normalised input", ENG_PARAM_FLOAT, 0, 2, 0.1, NULL,
    "Strength of the noise put where a mask hides the picture.", FALSE },
  { "output", "Explain", "", ENG_PARAM_CHOICE, 0, ENG_OUTPUT_PROBABILITY, ENG_OUTPUT_PROBABILITY, eng_output_choices,
    "What of the masked pictures is compared: the class's probability, as published, or its logit.", FALSE },
  { NULL }
};

typedef struct
{
  EngJob *job;
  EngProbe *probe;
  int rows, cols, height, width, channels; /* grid; input */
  gsize pixels;                            /* height * width */
  int masks;                               /* K */
  float *grids;                            /* K x rows x cols: masks before enlarging */
  double score, kept;                      /* p (x); p (x M_i + n_i) of the mask under way */
  double noise;
  float *mask;               /* pixels: the newest one that was made */
  int mask_index;            /* which; -1: none */
  float *random;             /* channels x pixels */
  double *sum[2], *cover[2]; /* pixels: sum of s_i M_i, sum of M_i; even and odd masks */
} Run;

/* ---- masks ---- */

/* Enlarges @grid and brings it to 0 .. 1. FALSE: it is constant, and @mask is 0. */
static gboolean
enlarge (const Run *run, const float *grid, float *mask, float *low, float *range)
{
  eng_upsample_bilinear (grid, run->rows, run->cols, mask, run->height, run->width);
  float lo = mask[0], hi = mask[0];
  for (gsize i = 0; i < run->pixels; i++)
    {
      lo = fminf (lo, mask[i]);
      hi = fmaxf (hi, mask[i]);
    }
  for (gsize i = 0; i < run->pixels; i++)
    mask[i] = hi > lo ? (mask[i] - lo) / (hi - lo) : 0;
  *low = lo;
  *range = hi - lo;
  return hi > lo;
}

/* U'U along one axis: n x n, and the column sums of U. */
static void
axis_products (int n, int enlarged, double *products, double *sums)
{
  g_autofree float *unit = g_new0 (float, n), *u = g_new (float, (gsize)n *enlarged);
  for (int i = 0; i < n; i++)
    {
      unit[i] = 1;
      eng_upsample_bilinear (unit, n, 1, u + (gsize)i * enlarged, enlarged, 1);
      unit[i] = 0;
    }
  for (int i = 0; i < n; i++)
    {
      sums[i] = 0;
      for (int k = 0; k < enlarged; k++)
        sums[i] += u[(gsize)i * enlarged + k];
      for (int j = 0; j < n; j++)
        {
          products[i * n + j] = 0;
          for (int k = 0; k < enlarged; k++)
            products[i * n + j] += (double)u[(gsize)i * enlarged + k] * u[(gsize)j * enlarged + k];
        }
    }
}

/* (row matrix) x grid x (column matrix) */
static void
both_axes (const Run *run, const double *by_row, const double *by_col, const float *grid, double *half, double *out)
{
  int rows = run->rows, cols = run->cols;
  for (int i = 0; i < rows * cols; i++)
    {
      half[i] = out[i] = 0;
      for (int k = 0; k < rows; k++)
        half[i] += by_row[i / cols * rows + k] * grid[k * cols + i % cols];
    }
  for (int i = 0; i < rows * cols; i++)
    for (int k = 0; k < cols; k++)
      out[i] += half[i / cols * cols + k] * by_col[k * cols + i % cols];
}

/* Cosine distances of @n masks given as @grids with lowest values @low: n x n (transfer full). A mask is U a - low;
 * its range does not matter to the angle. */
static double *
distances (const Run *run, const float *grids, const float *low, int n)
{
  int cells = run->rows * run->cols;
  g_autofree double *by_row = g_new (double, (gsize)run->rows * run->rows), *row_sums = g_new (double, run->rows);
  g_autofree double *by_col = g_new (double, (gsize)run->cols * run->cols), *col_sums = g_new (double, run->cols);
  g_autofree double *half = g_new (double, cells), *image = g_new (double, cells), *total = g_new0 (double, n);
  double *d = g_new (double, (gsize)n *n), area = (double)run->pixels;
  axis_products (run->rows, run->height, by_row, row_sums);
  axis_products (run->cols, run->width, by_col, col_sums);
  for (int a = 0; a < n; a++)
    for (int i = 0; i < cells; i++)
      total[a] += row_sums[i / run->cols] * col_sums[i % run->cols] * grids[(gsize)a * cells + i];
  for (int a = 0; a < n; a++)
    {
      both_axes (run, by_row, by_col, grids + (gsize)a * cells, half, image);
      for (int b = 0; b < n; b++)
        {
          double product = 0;
          for (int i = 0; i < cells; i++)
            product += image[i] * grids[(gsize)b * cells + i];
          d[(gsize)a * n + b] = product - low[a] * total[b] - low[b] * total[a] + (double)low[a] * low[b] * area;
        }
    }
  g_autofree double *length = g_new (double, n);
  for (int a = 0; a < n; a++)
    length[a] = sqrt (d[(gsize)a * n + a]);
  for (gsize i = 0; i < (gsize)n * n; i++)
    d[i] = 1 - d[i] / (length[i / n] * length[i % n]);
  for (int a = 0; a < n; a++) /* rounding */
    for (int b = 0; b < a; b++)
      d[(gsize)a * n + b] = d[(gsize)b * n + a];
  return d;
}

/* From the layer's value to masks: fills run->grids and run->masks. */
static void
make_masks (Run *run, const EngTarget *t, const float *value, double threshold)
{
  int cells = run->rows * run->cols, channels = (int)eng_target_channels (t), n = 0;
  g_autofree float *planes = g_new (float, (gsize)channels *cells), *low = g_new (float, channels),
                   *range = g_new (float, channels);
  g_autofree int *labels = g_new (int, channels);
  eng_target_gather (t, value, planes);
  for (int c = 0; c < channels; c++)
    {
      /* A constant channel masks nothing. */
      memmove (planes + (gsize)n * cells, planes + (gsize)c * cells, sizeof (float) * cells);
      n += enlarge (run, planes + (gsize)n * cells, run->mask, &low[n], &range[n]);
    }
  g_autofree double *d = distances (run, planes, low, n);
  run->masks = eng_cluster_complete (d, n, threshold, labels);
  run->grids = g_new0 (float, (gsize)MAX (run->masks, 1) * cells);
  for (int c = 0; c < n; c++)
    for (int i = 0; i < cells; i++)
      run->grids[(gsize)labels[c] * cells + i] += (planes[(gsize)c * cells + i] - low[c]) / range[c];
}

/* run->mask and run->random of mask @i */
static void
load_mask (Run *run, int i)
{
  float low, range;
  if (run->mask_index == i)
    return;
  enlarge (run, run->grids + (gsize)i * run->rows * run->cols, run->mask, &low, &range);
  run->mask_index = i;
}

/* ---- scores ---- */

/* Items come in pairs: the masked picture with noise, the whole one with the same noise. */
static void
fill (int index, float *const *inputs, gpointer data)
{
  Run *run = data;
  const float *x = eng_job_input (run->job);
  gsize n = run->pixels * run->channels;
  load_mask (run, index / 2);
  if (index % 2 == 0)
    {
      g_autoptr (GRand) random = eng_random_new (eng_job_seed (run->job), (guint32)index / 2);
      eng_random_fill_normal (random, run->random, n, 0, run->noise);
    }
  for (gsize i = 0; i < n; i++)
    {
      float m = run->mask[i % run->pixels];
      inputs[0][i] = x[i] * (index % 2 ? 1 : m) + run->random[i] * (1 - m);
    }
}

/* The sums so far as a map; @half: 0 or 1, or -1 for both. */
static float *
make_map (const Run *run, int half, int masks)
{
  float *map = g_new0 (float, run->pixels);
  for (gsize i = 0; i < run->pixels && masks > 0; i++)
    {
      double sum = 0, cover = 0;
      for (int h = 0; h < 2; h++)
        if (half < 0 || half == h)
          {
            sum += run->sum[h][i];
            cover += run->cover[h][i];
          }
      map[i] = cover > 0 ? (float)(sum / cover / masks) : 0;
    }
  return map;
}

static EngHeatmap *
make_heatmap (Run *run, int masks)
{
  g_autofree float *map = make_map (run, -1, masks), *even = make_map (run, 0, masks),
                   *odd = make_map (run, 1, masks);
  eng_job_report_convergence (run->job, eng_rank_correlation (even, odd, (int)run->pixels));
  return eng_job_make_heatmap (run->job, map, 1, run->height, run->width, ENG_UPSAMPLE_NEAREST,
                               eng_job_target (run->job)->name, NULL);
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Run *run = data;
  int i = item->index / 2;
  if (item->index % 2 == 0)
    {
      run->kept = item->score;
      return TRUE;
    }
  double score = run->kept - item->score + run->score;
  load_mask (run, i);
  for (gsize k = 0; k < run->pixels; k++)
    {
      run->sum[i % 2][k] += score * run->mask[k];
      run->cover[i % 2][k] += run->mask[k];
    }
  EngHeatmap *preview = eng_job_preview_due (run->job) ? make_heatmap (run, i + 1) : NULL;
  return eng_job_step (run->job, (guint)i + 1, (guint)run->masks, "masks", preview, error);
}

static Run *
run_new (EngJob *job)
{
  const EngTarget *t = eng_job_target (job);
  EngPreprocess *p = eng_model_preprocess (eng_job_model (job));
  Run *run = g_new0 (Run, 1);
  run->job = job;
  run->rows = t->rows;
  run->cols = t->cols;
  run->height = p->height;
  run->width = p->width;
  run->channels = p->channels;
  run->pixels = (gsize)p->height * p->width;
  run->noise = eng_values_get (eng_job_values (job), "noise");
  run->mask = g_new (float, run->pixels);
  run->mask_index = -1;
  run->random = g_new (float, run->pixels * run->channels);
  for (int h = 0; h < 2; h++)
    {
      run->sum[h] = g_new0 (double, run->pixels);
      run->cover[h] = g_new0 (double, run->pixels);
    }
  return run;
}

static void
run_free (Run *run)
{
  g_free (run->grids);
  g_free (run->mask);
  g_free (run->random);
  for (int h = 0; h < 2; h++)
    {
      g_free (run->sum[h]);
      g_free (run->cover[h]);
    }
  g_free (run);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)

/* The untouched picture: its score and its masks. */
static gboolean
look (Run *run, GError **error)
{
  const EngValues *values = eng_job_values (run->job);
  const EngTarget *t = eng_job_target (run->job);
  const float *input = eng_job_input (run->job);
  g_autoptr (EngProbe) probe = eng_probe_new (run->job);
  eng_probe_want (probe, t->name);
  eng_probe_set_output (probe, (EngOutput)eng_values_get (values, "output"));
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return FALSE;
  run->score = item->score;
  make_masks (run, t, item->values[0], eng_values_get (values, "distance"));
  return TRUE;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_autoptr (Run) run = run_new (job);
  if (!look (run, error))
    return NULL;
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_probe_set_output (probe, (EngOutput)eng_values_get (eng_job_values (job), "output"));
  int done = eng_probe_run (probe, 2 * run->masks, fill, take, run, error);
  return done < 0 ? NULL : make_heatmap (run, done / 2);
}

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  return target->kind == ENG_TARGET_TOKENS || target->channels_last
         || eng_fail (error, ENG_ERROR_UNSUPPORTED,
                      "ViT-CX takes its masks from a token grid; “%s” is the feature map of a convolutional network. "
                      "Score-CAM does the same with feature maps.",
                      target->name);
}

extern const EngMethod eng_method_vit_cx;
const EngMethod eng_method_vit_cx = {
  .id = "vit-cx",
  .name = "ViT-CX",
  .about = "Masks made of the tokens' channels, weighted by what the masked picture still scores.",
  .reference = "Xie et al.: ViT-CX: Causal Explanation of Vision Transformers, IJCAI 2023",
  .family = ENG_FAMILY_TRANSFORMER,
  .sign = ENG_SIGN_SIGNED,
  .needs = ENG_NEEDS_GRID,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_STOP,
  .class_dependent = TRUE,
  .params = params,
  .cost = "1 forward pass, and 2 for each mask: at most 2 x channels",
  .can_explain = can_explain,
  .explain = explain,
};
