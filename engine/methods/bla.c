/* BLA, bounded logit attention: the cells of the last feature map that a trained module selects (kinds/bla.c has the
 * formulae). One pass of the classifier to that map, one of the module. A map for the decision as a whole: no class
 * enters. */
#include "trained.h"

#include "../probe.h"

#include <math.h>
#include <string.h>

enum
{
  MAP_HARD,
  MAP_SOFT,
  MAP_BOUNDED
};

/* Names of the file's answers too. */
static const char *const maps[] = { "hard", "soft", "bounded", NULL };

static const EngParam params[] = {
  ENG_TRAINED_PARAM,
  { "map", "Map", "", ENG_PARAM_CHOICE, 0, MAP_BOUNDED, MAP_HARD, maps,
    "hard: 1 for the selected cells, as published. soft: the weights that training used. bounded: how far each cell "
    "lies below the bound, less the lowest, as the released code draws it under the name soft.",
    FALSE },
  { NULL }
};

static const float *
answer (EngExplainerFile *file, const float *const *answers, const char *name)
{
  for (int i = 0; i < eng_explainer_file_n_outputs (file); i++)
    if (strcmp (eng_explainer_file_output_name (file, i), name) == 0)
      return answers[i];
  g_return_val_if_reached (NULL);
}

/* "BLA-PH selects 31 of 144 cells" */
static char *
describe (EngExplainerFile *file, const float *hard, int n)
{
  const char *variant = eng_explainer_file_setting (file, "variant");
  g_autofree char *name = g_ascii_strup (variant ? variant : "bla", -1);
  int count = 0;
  for (int i = 0; i < n; i++)
    count += hard[i] > 0;
  return g_strdup_printf ("%s selects %d of %d cells", name, count, n);
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_autoptr (EngExplainerFile) file = eng_trained_open (job, "bla", error);
  if (!file)
    return NULL;
  const char *features = eng_explainer_file_get (file, "given");
  const EngTarget *target = eng_explainer_file_target (file, eng_job_model (job));
  const float *input = eng_job_input (job);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_probe_want (probe, features);
  eng_probe_skip_logits (probe);
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  const float *const *answers = item ? eng_explainer_file_run (file, item->values[0], error) : NULL;
  if (!answers)
    return NULL;
  const char *name = eng_values_get_text (eng_job_values (job), "map");
  int n = target->rows * target->cols;
  g_autofree float *map = g_memdup2 (answer (file, answers, name), sizeof (float) * n);
  g_autofree char *selected = describe (file, answer (file, answers, "hard"), n);
  float least = INFINITY;
  for (int i = 0; i < n; i++)
    least = fminf (least, map[i]);
  for (int i = 0; i < n && strcmp (name, "bounded") == 0; i++)
    map[i] -= least;
  return eng_job_make_heatmap (job, map, 1, target->rows, target->cols, ENG_UPSAMPLE_BILINEAR, features, selected);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return (EngCost){ 1, 0 };
}

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  return eng_trained_can_explain (model, "bla", error);
}

static char *
depends_on (EngModel *model, const EngValues *values)
{
  return eng_trained_depends_on (model, "bla", values);
}

extern const EngMethod eng_method_bla;
const EngMethod eng_method_bla = {
  .id = "bla",
  .name = "BLA",
  .about = "The cells of the last feature map that a trained module selects, as many as it needs for the decision.",
  .reference = "Baumhauer et al.: Bounded logit attention: Learning to explain image classifiers, 2021",
  .family = ENG_FAMILY_LEARNED,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_FORWARD,
  .params = params,
  .cost = "1 forward pass, up to the feature map",
  .passes = passes,
  .can_explain = can_explain,
  .depends_on = depends_on,
  .explain = explain,
};
