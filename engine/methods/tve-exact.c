/* TVE, exact form, without training (Wang et al.: TVE: Learning Meta-attribution for Transferable Vision Explainer,
 * ICML 2024). With g the embedding that feeds the final linear layer (W, b) and M_i a square window of 2r + 1 cells
 * around cell i of an H x H grid, cut at the borders and enlarged to the input by nearest neighbour:
 *
 *   map_i = lambda+ (W_c g (x M_i) + b_c) - lambda- (W_c g (x (1 - M_i)) + b_c)
 *
 * The paper trains networks to predict the two embeddings (the meta-attributions); here they are computed. W_c g +
 * b_c is the class's logit, so logits are read; a test compares them with W and g. Cells are in row-major order (the
 * released code swaps rows and columns and turns the map at the end).
 *
 * Cells are evaluated from coarse to fine, so that an early map covers the whole picture. */
#include "../baseline.h"
#include "../probe.h"
#include "../windows.h"

typedef struct
{
  EngJob *job;
  EngWindows windows;
  const float *input;
  float *baseline; /* C x H x W */
  int n_kinds;
  double weight[2]; /* of the kinds in use */
  gboolean keep[2]; /* the window, or all but the window */
  int *order;       /* n_cells: which cell is evaluated when */
  gboolean *known;  /* n_cells */
  float *values;    /* n_cells */
  gboolean pooling;
} Grid;

static EngWindows
windows_of (EngModel *model, const EngValues *values)
{
  return eng_windows_new (model, (int)eng_values_get (values, "grid"), (int)eng_values_get (values, "radius"));
}

/* Largest power of two whose multiples hold both coordinates: 0 of both belongs to every one of them. */
static int
stride_of (int row, int col, int side)
{
  int stride = 1;
  while (stride < side && row % (2 * stride) == 0 && col % (2 * stride) == 0)
    stride *= 2;
  return stride;
}

static void
fill_order (int *order, int side)
{
  int top = stride_of (0, 0, side), n = 0;
  for (int stride = top; stride >= 1; stride /= 2)
    for (int i = 0; i < side * side; i++)
      if (stride_of (i / side, i % side, side) == stride)
        order[n++] = i;
}

/* ---- passes ---- */

static void
fill (int index, float *const *inputs, gpointer data)
{
  const Grid *g = data;
  eng_windows_fill (&g->windows, g->order[index / g->n_kinds], g->keep[index % g->n_kinds], g->input, g->baseline,
                    inputs[0]);
}

/* What is not known yet is taken from the next coarser cell that is. */
static void
read_map (const Grid *g, float *map)
{
  int side = g->windows.side;
  for (int i = 0; i < side * side; i++)
    {
      int row = i / side, col = i % side;
      for (int stride = 1; !g->known[row * side + col]; stride *= 2)
        {
          row -= row % (2 * stride);
          col -= col % (2 * stride);
        }
      map[i] = g->values[row * side + col];
    }
}

static EngHeatmap *
draw (const Grid *g)
{
  int side = g->windows.side;
  g_autofree float *map = g_new (float, side *side), *pooled = g_new (float, side *side);
  read_map (g, map);
  if (g->pooling)
    eng_windows_pool (&g->windows, map, pooled);
  return eng_job_make_heatmap (g->job, g->pooling ? pooled : map, 1, side, side, ENG_UPSAMPLE_NEAREST, NULL, NULL);
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Grid *g = data;
  int place = item->index / g->n_kinds, kind = item->index % g->n_kinds, cell = g->order[place];
  g->values[cell] += (float)(g->weight[kind] * item->score);
  if (kind + 1 < g->n_kinds)
    return TRUE;
  g->known[cell] = TRUE;
  return eng_job_step (g->job, (guint)(place + 1), (guint)(g->windows.side * g->windows.side), "cells",
                       eng_job_preview_due (g->job) ? draw (g) : NULL, error);
}

static void
add_kind (Grid *g, gboolean keep, double weight)
{
  if (weight == 0)
    return;
  g->keep[g->n_kinds] = keep;
  g->weight[g->n_kinds++] = weight;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngModel *model = eng_job_model (job);
  EngPreprocess *p = eng_model_preprocess (model);
  const EngValues *values = eng_job_values (job);
  EngWindows windows = windows_of (model, values);
  int side = windows.side, n = side * side;
  g_autofree float *baseline = g_new (float, (gsize)p->channels * p->height * p->width), *map = g_new0 (float, n);
  g_autofree int *order = g_new (int, n);
  g_autofree gboolean *known = g_new0 (gboolean, n);
  Grid g = { .job = job,
             .windows = windows,
             .input = eng_job_input (job),
             .baseline = baseline,
             .order = order,
             .known = known,
             .values = map,
             .pooling = eng_values_get (values, "pooling") != 0 };
  if (!eng_windows_check_lambdas (values, error))
    return NULL;
  add_kind (&g, TRUE, eng_values_get (values, "lambda-plus"));
  add_kind (&g, FALSE, -eng_values_get (values, "lambda-minus"));
  eng_baseline_fill (job, (EngBaseline)eng_values_get (values, "baseline"), 0, baseline);
  fill_order (order, side);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  if (eng_probe_run (probe, n * g.n_kinds, fill, take, &g, error) < 0)
    return NULL;
  return draw (&g);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  int side = windows_of (model, values).side;
  int kinds = (eng_values_get (values, "lambda-plus") != 0) + (eng_values_get (values, "lambda-minus") != 0);
  return (EngCost){ (guint64)(side * side * kinds), 0 };
}

static const EngParam params[] = {
  { "grid", "Grid", "cells along a side", ENG_PARAM_INT, 1, 64, 14, NULL,
    "Cells of the map along a side; at most as many as the input has pixels.", FALSE },
  { "radius", "Window", "cells", ENG_PARAM_INT, 0, 32, 2, NULL,
    "Half the width of the window that is kept or removed: it spans twice this and one cell.", FALSE },
  ENG_WINDOWS_PLUS_PARAM,
  ENG_WINDOWS_MINUS_PARAM,
  { "baseline", "Removed parts become", "", ENG_PARAM_CHOICE, 0, ENG_BASELINE_LAST, ENG_BASELINE_ZERO,
    eng_baseline_choices, "What stands where the picture is removed; published: zero in model space.", FALSE },
  ENG_WINDOWS_POOLING_PARAM,
  { NULL },
};

extern const EngMethod eng_method_tve_exact;
const EngMethod eng_method_tve_exact = {
  .id = "tve-exact",
  .name = "TVE (exact)",
  .about = "What the class's linear head makes of the embedding with only a window kept, and with it removed.",
  .reference = "Wang et al.: TVE: Learning Meta-attribution for Transferable Vision Explainer, ICML 2024",
  .family = ENG_FAMILY_META_ATTRIBUTION,
  .sign = ENG_SIGN_SIGNED,
  .needs = ENG_NEEDS_LINEAR_HEAD,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_STOP,
  .class_dependent = TRUE,
  .params = params,
  .cost = "a forward pass for each cell and each weight that is not 0",
  .passes = passes,
  .explain = explain,
};
