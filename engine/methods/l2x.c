/* L2X: patches ranked by a trained selector, which sees the picture alone (kinds/l2x.c has the formulae); the
 * classifier is not asked. A map for each class, or, of an explainer trained as published, one for the decision as a
 * whole. */
#include "trained.h"

#include "../train/kinds/l2x.h"
#include "../train/kinds/subset.h"

enum
{
  MAP_RANKING,
  MAP_SELECTION
};

static const char *const maps[] = { "ranking", "selection", NULL };

static const EngParam params[] = {
  ENG_TRAINED_PARAM,
  { "map", "Map", "", ENG_PARAM_CHOICE, 0, MAP_SELECTION, MAP_RANKING, maps,
    "ranking: the share of patches that matter less, so that any number of the most important ones can be read off. "
    "selection: 1 for the patches that explain the decision, as many as the explainer was trained for.",
    FALSE },
  { NULL }
};

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_autoptr (EngExplainerFile) file = eng_trained_open (job, "l2x", error);
  g_autoptr (EngValues) settings = file ? eng_explainer_file_values (file, eng_job_model (job), error) : NULL;
  const float *const *answers = settings ? eng_explainer_file_run (file, eng_job_input (job), error) : NULL;
  if (!answers)
    return NULL;
  eng_job_count (job, 1, 0);
  const EngShape *shape = eng_explainer_file_shape (file, 0); /* 1 x maps x grid x grid */
  int rows = (int)shape->dim[2], cols = (int)shape->dim[3], n = rows * cols, k = eng_l2x_patches (settings);
  gboolean by_class = shape->dim[1] > 1;
  const float *logits = answers[0] + (by_class ? (gsize)eng_job_class_index (job) * (gsize)n : 0);
  g_autofree float *map = g_new (float, n);
  if (eng_values_get (eng_job_values (job), "map") == MAP_SELECTION)
    eng_subset_pick (logits, n, k, map);
  else
    eng_subset_ranks (logits, n, map);
  if (!by_class)
    eng_trained_note_one_map (job);
  g_autofree char *selected =
      g_strdup_printf ("%d of %d patches explain the %s", k, n, by_class ? "class" : "decision");
  return eng_job_make_heatmap (job, map, 1, rows, cols, ENG_UPSAMPLE_NEAREST, NULL, selected);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return (EngCost){ 1, 0 };
}

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  return eng_trained_can_explain (model, "l2x", error);
}

static char *
depends_on (EngModel *model, const EngValues *values)
{
  return eng_trained_depends_on (model, "l2x", values);
}

extern const EngMethod eng_method_l2x;
const EngMethod eng_method_l2x = {
  .id = "l2x",
  .name = "L2X",
  .about = "Patches of the picture by how much they tell of the class, ranked by a trained selector.",
  .reference = "Chen et al.: Learning to Explain: An Information-Theoretic Perspective on Model Interpretation, ICML "
               "2018",
  .family = ENG_FAMILY_LEARNED,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_FORWARD,
  .class_dependent = TRUE, /* but for an explainer trained as published */
  .params = params,
  .cost = "1 forward pass of the explainer",
  .passes = passes,
  .can_explain = can_explain,
  .depends_on = depends_on,
  .explain = explain,
};
