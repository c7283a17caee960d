/* NN-Explainer: the mask of a class by an explainer that was trained for this classifier beforehand; see
 * train/kinds/nn-explainer.c. The classifier is not asked: one pass gives the masks of all classes. As in the release
 * a map is not stretched to its own range, so masks of different classes and pictures can be compared. */
#include "../error.h"
#include "../job.h"
#include "trained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum
{
  MAP_CLASS,
  MAP_AGGREGATE,
  MAP_COMPLEMENT
};

static const char *const maps[] = { "class", "aggregate", "complement", NULL };

static const EngParam params[] = {
  ENG_TRAINED_PARAM,
  { "map", "Map", "", ENG_PARAM_CHOICE, 0, MAP_COMPLEMENT, MAP_CLASS, maps,
    "The mask of the class; the largest of the masks of the classes that cover most of the picture; or what the mask "
    "of "
    "the class leaves.",
    FALSE },
  { "classes", "Classes of the aggregate", "", ENG_PARAM_INT, 1, 100, 5, NULL,
    "How many classes the aggregate is of; they are ranked by the mean of their masks.", FALSE },
  { NULL },
};

typedef struct
{
  int index;
  double mean;
} Ranked;

static int
larger_first (gconstpointer a, gconstpointer b)
{
  const Ranked *x = a, *y = b;
  return x->mean != y->mean ? (x->mean < y->mean ? 1 : -1) : x->index - y->index;
}

/* Mask of a class at the input's size: enlarged, then the sigmoid. */
static void
fill_mask (const float *logits, const EngShape *shape, int index, float *mask, const EngPreprocess *p)
{
  gint64 cells = shape->dim[2] * shape->dim[3];
  eng_upsample_bilinear (logits + index * cells, (int)shape->dim[2], (int)shape->dim[3], mask, p->height, p->width);
  for (gint64 i = 0; i < (gint64)p->height * p->width; i++)
    mask[i] = 1 / (1 + expf (-mask[i]));
}

/* Classes by the mean of their masks, of which @n come first. (transfer full) */
static Ranked *
rank (const float *logits, const EngShape *shape)
{
  gint64 cells = shape->dim[2] * shape->dim[3];
  Ranked *ranked = g_new0 (Ranked, shape->dim[1]);
  for (gint64 c = 0; c < shape->dim[1]; c++)
    {
      ranked[c].index = (int)c;
      for (gint64 i = 0; i < cells; i++)
        ranked[c].mean += 1 / (1 + exp (-(double)logits[c * cells + i])) / (double)cells;
    }
  qsort (ranked, (size_t)shape->dim[1], sizeof *ranked, larger_first);
  return ranked;
}

/* The largest mask of the first @n classes at every place; says of which. (transfer full) */
static char *
fill_aggregate (EngModel *model, const float *logits, const EngShape *shape, int n, float *map)
{
  const EngPreprocess *p = eng_model_preprocess (model);
  gsize pixels = (gsize)p->height * p->width;
  g_autofree Ranked *ranked = rank (logits, shape);
  g_autofree float *mask = g_new (float, pixels);
  GString *text = g_string_new ("largest of the masks of ");
  n = (int)MIN (n, shape->dim[1]);
  memset (map, 0, sizeof *map * pixels);
  for (int i = 0; i < n; i++)
    {
      fill_mask (logits, shape, ranked[i].index, mask, p);
      for (gsize j = 0; j < pixels; j++)
        map[j] = MAX (map[j], mask[j]);
      g_string_append_printf (text, "%s%s (%.1f %%)", i ? ", " : "", eng_model_label (model, ranked[i].index),
                              100 * ranked[i].mean);
    }
  return g_string_free (text, FALSE);
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngModel *model = eng_job_model (job);
  const EngPreprocess *p = eng_model_preprocess (model);
  const EngValues *values = eng_job_values (job);
  int which = (int)eng_values_get (values, "map");
  g_autoptr (EngExplainerFile) file = eng_trained_open (job, "nn-explainer", error);
  const float *const *answers = file ? eng_explainer_file_run (file, eng_job_input (job), error) : NULL;
  if (!answers)
    return NULL;
  eng_job_count (job, 1, 0);
  const EngShape *shape = eng_explainer_file_shape (file, 0);
  gsize pixels = (gsize)p->height * p->width;
  g_autofree float *map = g_new (float, pixels);
  g_autofree char *selected = NULL;
  if (which == MAP_AGGREGATE)
    selected = fill_aggregate (model, answers[0], shape, (int)eng_values_get (values, "classes"), map);
  else
    fill_mask (answers[0], shape, eng_job_class_index (job), map, p);
  for (gsize i = 0; i < pixels && which == MAP_COMPLEMENT; i++)
    map[i] = 1 - map[i];
  return eng_job_make_heatmap (job, map, 1, p->height, p->width, ENG_UPSAMPLE_BILINEAR, NULL, selected);
}

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  return eng_trained_can_explain (model, "nn-explainer", error);
}

static char *
depends_on (EngModel *model, const EngValues *values)
{
  return eng_trained_depends_on (model, "nn-explainer", values);
}

/* The copy of the network that looks, and its decoder, count as one. */
static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return (EngCost){ 1, 0 };
}

extern const EngMethod eng_method_nn_explainer;
const EngMethod eng_method_nn_explainer = {
  .id = "nn-explainer",
  .name = "NN-Explainer",
  .about =
      "The class's mask from an explainer that was trained for this classifier: masks of all classes in one pass.",
  .reference = "Stalder et al.: What You See is What You Classify: Black Box Attributions, NeurIPS 2022",
  .family = ENG_FAMILY_LEARNED,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_FORWARD,
  .class_dependent = TRUE,
  .params = params,
  .cost = "1 forward pass of the explainer",
  .passes = passes,
  .can_explain = can_explain,
  .explain = explain,
  .depends_on = depends_on,
};
