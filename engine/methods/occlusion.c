/* Occlusion (Zeiler and Fergus, ECCV 2014, section 4.2): a square window slides over the picture, what lies under it
 * is replaced by the baseline, and the drop of the class's score is recorded: score (x) - score (x with the window
 * gone). Zeiler and Fergus plot the score itself, as a probability; the drop of the logit is the form that Ancona et
 * al. (ICLR 2018, section 2) define as an attribution, and what is meant by the name today.
 *
 * Windows start every "stride" pixels; the last one of a row or column is cut off at the border. Two maps come of the
 * drops: "windows", their own grid; and "per-pixel", the mean drop of the windows that cover a pixel. The second is
 * the default because the window grid does not lie evenly on the picture (its first centre is half a window in,
 * wherever the next ones are), so drawn over the picture it would be shifted by up to a few pixels.
 *
 * Windows are taken coarse to fine, so that a preview, and a result kept early, covers the whole picture: a window
 * not measured yet stands at the drop of its nearest neighbour on the finest grid that was measured. */
#include "../baseline.h"
#include "../error.h"
#include "../metrics/rank-correlation.h"
#include "../probe.h"

#include <math.h>
#include <string.h>

enum
{
  MAP_PER_PIXEL,
  MAP_WINDOWS
};

static const char *const maps[] = { "per-pixel", "windows", NULL };

static const EngParam params[] = {
  { "window", "Window", "pixels", ENG_PARAM_INT, 0, 4096, 0, NULL,
    "Side of the square that is hidden, in pixels of the model's input. 0: a seventh of the shorter side.", FALSE },
  { "stride", "Stride", "pixels", ENG_PARAM_INT, 0, 4096, 0, NULL,
    "Distance from one window to the next, at most the window. 0: half a window. Half of it costs four times as "
    "much.",
    FALSE },
  { "baseline", "Hidden by", "", ENG_PARAM_CHOICE, 0, ENG_BASELINE_LAST, ENG_BASELINE_ZERO, eng_baseline_choices,
    "What the window is filled with: zero in model space, black, the picture's mean colour, a blurred copy, or "
    "noise.",
    FALSE },
  { "output", "Score", "", ENG_PARAM_CHOICE, 0, ENG_OUTPUT_PROBABILITY, ENG_OUTPUT_LOGIT, eng_output_choices,
    "Whose drop is recorded: the logit, or the probability, which hardly falls while the model is sure.", FALSE },
  { "map", "Map", "", ENG_PARAM_CHOICE, 0, MAP_WINDOWS, MAP_PER_PIXEL, maps,
    "Per pixel: the mean drop of the windows that cover it. Windows: one drop per window, unblended; drawn as an "
    "even "
    "grid, it does not lie exactly on the picture.",
    FALSE },
  { NULL }
};

typedef struct
{
  int height, width, channels; /* of the input */
  int window, stride, rows, cols;
} Layout;

typedef struct
{
  EngJob *job;
  Layout layout;
  int coarsest; /* distance of the first windows, a power of two, in windows */
  int done;
  int *order;      /* window numbers, rows * cols */
  double *drops;   /* rows * cols */
  guint8 *half;    /* 0: not measured, else 1 or 2, in turn */
  float *baseline; /* channels x height x width */
  double untouched;
} Run;

static void
run_clear (Run *r)
{
  g_free (r->order);
  g_free (r->drops);
  g_free (r->half);
  g_free (r->baseline);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static int
count_along (int size, int window, int stride)
{
  return size <= window ? 1 : (size - window + stride - 1) / stride + 1;
}

static Layout
layout_for (EngModel *model, const EngValues *values)
{
  EngPreprocess *p = eng_model_preprocess (model);
  Layout l = { .height = p->height, .width = p->width, .channels = p->channels };
  int shorter = MIN (l.height, l.width);
  l.window = (int)eng_values_get (values, "window");
  l.stride = (int)eng_values_get (values, "stride");
  if (l.window == 0)
    l.window = MAX ((shorter + 3) / 7, 1);
  if (l.stride == 0)
    l.stride = MAX (l.window / 2, 1);
  l.rows = count_along (l.height, l.window, l.stride);
  l.cols = count_along (l.width, l.window, l.stride);
  return l;
}

static gboolean
check (const Layout *l, GError **error)
{
  if (l->window > MIN (l->height, l->width))
    return eng_fail (error, ENG_ERROR_ARGUMENT,
                     "A window of %d pixels does not fit into the model's input of %d x %d. Choose at most %d.",
                     l->window, l->width, l->height, MIN (l->height, l->width));
  if (l->stride > l->window)
    return eng_fail (error, ENG_ERROR_ARGUMENT,
                     "With a stride of %d and a window of %d pixels, some pixels would never be hidden. Choose a "
                     "stride of at most %d.",
                     l->stride, l->window, l->window);
  return TRUE;
}

/* Windows on the multiples of the coarsest distance, then of half of it, and so on. */
static void
make_order (Run *r)
{
  const Layout *l = &r->layout;
  int n = 0;
  for (r->coarsest = 1; r->coarsest * 2 < MAX (l->rows, l->cols);)
    r->coarsest *= 2;
  for (int step = r->coarsest; step >= 1; step /= 2)
    for (int i = 0; i < l->rows; i += step)
      for (int j = 0; j < l->cols; j += step)
        if (step == r->coarsest || i % (2 * step) || j % (2 * step))
          r->order[n++] = i * l->cols + j;
}

/* The multiple of @step nearest to @i and below @n. */
static int
nearest (int i, int step, int n)
{
  int at = (i + step / 2) / step * step;
  return at < n ? at : at - step;
}

/* A drop for every window from those measured. @half: of that half only; 0: of both. */
static void
complete (const Run *r, int half, float *out)
{
  const Layout *l = &r->layout;
  double sum = 0;
  int measured = 0;
  for (int k = 0; k < l->rows * l->cols; k++)
    if (half ? r->half[k] == half : r->half[k])
      {
        sum += r->drops[k];
        measured++;
      }
  for (int i = 0; i < l->rows; i++)
    for (int j = 0; j < l->cols; j++)
      {
        double value = measured ? sum / measured : 0;
        for (int step = 1; step <= r->coarsest; step *= 2)
          {
            int k = nearest (i, step, l->rows) * l->cols + nearest (j, step, l->cols);
            if (half ? r->half[k] == half : r->half[k])
              {
                value = r->drops[k];
                break;
              }
          }
        out[i * l->cols + j] = (float)value;
      }
}

/* The first and one past the last of @n windows that cover pixel @at. */
static void
covering (const Layout *l, int at, int n, int *first, int *end)
{
  *first = at < l->window ? 0 : (at - l->window) / l->stride + 1;
  *end = MIN (at / l->stride + 1, n);
}

/* Mean of the drops covering each pixel; sums by rows, then by columns. */
static void
spread (const Layout *l, const float *drops, float *out)
{
  g_autofree double *sums = g_new (double, l->cols);
  for (int y = 0; y < l->height; y++)
    {
      int top, bottom;
      covering (l, y, l->rows, &top, &bottom);
      memset (sums, 0, sizeof *sums * l->cols);
      for (int i = top; i < bottom; i++)
        for (int j = 0; j < l->cols; j++)
          sums[j] += drops[i * l->cols + j];
      for (int x = 0; x < l->width; x++)
        {
          int left, right;
          double sum = 0;
          covering (l, x, l->cols, &left, &right);
          for (int j = left; j < right; j++)
            sum += sums[j];
          out[(gsize)y * l->width + x] = (float)(sum / ((double)(bottom - top) * (right - left)));
        }
    }
}

static EngHeatmap *
map_so_far (Run *r)
{
  const Layout *l = &r->layout;
  g_autofree float *drops = g_new (float, l->rows * l->cols);
  complete (r, 0, drops);
  if ((int)eng_values_get (eng_job_values (r->job), "map") == MAP_WINDOWS)
    return eng_job_make_heatmap (r->job, drops, 1, l->rows, l->cols, ENG_UPSAMPLE_NEAREST, NULL, NULL);
  g_autofree float *pixels = g_new (float, (gsize)l->height * l->width);
  spread (l, drops, pixels);
  return eng_job_make_heatmap (r->job, pixels, 1, l->height, l->width, ENG_UPSAMPLE_NEAREST, NULL, NULL);
}

/* Each half of the windows, completed from its own alone. */
static void
report_convergence (Run *r)
{
  int n = r->layout.rows * r->layout.cols;
  g_autofree float *a = g_new (float, n), *b = g_new (float, n);
  if (r->done < 4)
    return;
  complete (r, 1, a);
  complete (r, 2, b);
  eng_job_report_convergence (r->job, eng_rank_correlation (a, b, n));
}

/* Item 0 is the untouched picture. */
static void
fill (int index, float *const *inputs, gpointer data)
{
  Run *r = data;
  const Layout *l = &r->layout;
  gsize plane = (gsize)l->height * l->width;
  memcpy (inputs[0], eng_job_input (r->job), sizeof (float) * plane * l->channels);
  if (index == 0)
    return;
  int top = r->order[index - 1] / l->cols * l->stride, left = r->order[index - 1] % l->cols * l->stride;
  int bottom = MIN (top + l->window, l->height), wide = MIN (l->window, l->width - left);
  for (int c = 0; c < l->channels; c++)
    for (int y = top; y < bottom; y++)
      {
        gsize at = c * plane + (gsize)y * l->width + left;
        memcpy (inputs[0] + at, r->baseline + at, sizeof (float) * wide);
      }
}

static void
note_drop (Run *r, int item, double drop)
{
  int k = r->order[item - 1];
  r->drops[k] = drop;
  r->half[k] = (guint8)(1 + item % 2);
  r->done++;
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Run *r = data;
  EngHeatmap *preview = NULL;
  if (item->index == 0)
    {
      r->untouched = item->score;
      return TRUE;
    }
  note_drop (r, item->index, r->untouched - item->score);
  if (eng_job_preview_due (r->job))
    {
      report_convergence (r);
      preview = map_so_far (r);
    }
  return eng_job_step (r->job, (guint)r->done, (guint)(r->layout.rows * r->layout.cols), "windows", preview, error);
}

/* The untouched score and the drops in the order of the windows. */
static int
resume (Run *r)
{
  int first;
  const double *state = eng_job_saved (r->job, 1 + (gsize)r->layout.rows * r->layout.cols, &first);
  if (!state)
    return 0;
  r->untouched = state[0];
  for (int item = 1; item < first; item++)
    note_drop (r, item, state[item]);
  return first;
}

static void
save (const Run *r, int taken)
{
  double *state = eng_job_save (r->job, 1 + (gsize)r->layout.rows * r->layout.cols, taken);
  if (!state)
    return;
  state[0] = r->untouched;
  for (int item = 1; item < taken; item++)
    state[item] = r->drops[r->order[item - 1]];
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  const EngValues *values = eng_job_values (job);
  g_auto (Run) r = { .job = job, .layout = layout_for (eng_job_model (job), values) };
  if (!check (&r.layout, error))
    return NULL;
  int n = r.layout.rows * r.layout.cols;
  r.order = g_new (int, n);
  r.drops = g_new0 (double, n);
  r.half = g_new0 (guint8, n);
  r.baseline = g_new (float, (gsize)r.layout.channels *r.layout.height *r.layout.width);
  make_order (&r);
  eng_baseline_fill (job, (EngBaseline)eng_values_get (values, "baseline"), 0, r.baseline);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_probe_set_output (probe, (EngOutput)eng_values_get (values, "output"));
  int taken = eng_probe_run_from (probe, resume (&r), 1 + n, fill, take, &r, error);
  if (taken < 0)
    return NULL;
  save (&r, taken);
  eng_job_note (
      job, "window", r.layout.window,
      g_strdup_printf ("Windows of %d x %d pixels, %d apart", r.layout.window, r.layout.window, r.layout.stride));
  report_convergence (&r);
  return map_so_far (&r);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  Layout l = layout_for (model, values);
  return (EngCost){ .forward = 1 + (guint64)l.rows * (guint64)l.cols };
}

extern const EngMethod eng_method_occlusion;
const EngMethod eng_method_occlusion = {
  .id = "occlusion",
  .name = "Occlusion",
  .about = "How much the class's score drops when a window of the picture is hidden.",
  .reference = "Zeiler, Fergus: Visualizing and Understanding Convolutional Networks, ECCV 2014",
  .family = ENG_FAMILY_PERTURBATION,
  .sign = ENG_SIGN_SIGNED,
  .needs = ENG_NEEDS_FORWARD,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_STOP,
  .class_dependent = TRUE,
  .params = params,
  .cost = "1 forward pass and one for each window: 170 at 224 x 224 pixels",
  .passes = passes,
  .explain = explain,
};
