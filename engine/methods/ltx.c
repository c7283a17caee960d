/* LTX, per-instance finetuning (Barkan et al., "Learning to Explain", ICDM 2023; the authors' released
 * code): an explainer is trained for one picture and one class; the mask kept is the one with the best
 * per-picture POS AUC among the steps, each judged before that step's update, strictly better wins.
 *
 * Computed sooner, with the identical result: the untouched picture is evaluated once, pixels are sorted once a
 * step, and a mask is given up as soon as its AUC can no longer win.
 *
 * Where the class is not the predicted one, accuracy is 0 for every mask and cannot rank them; there the
 * softmax probability takes its place (DEL, INS of the same protocol) and no AUC stops early. The result says so. */
#include "../error.h"
#include "../explainer.h"
#include "../job.h"
#include "../job-private.h"
#include "../metrics/perturbation.h"
#include "../probe.h"
#include "../nn/profile.h"
#include "../train/kinds/ltx.h"
#include "trained.h"

#include <math.h>
#include <string.h>

enum
{
  SELECT_POS,
  SELECT_NEG,
  SELECT_LAST,
  SELECT_LOWEST_LOSS
};

enum
{
  START_FRESH,
  START_PRETRAINED
};

enum
{
  STOP_WHEN_GOOD,
  STOP_NEVER
};

static const char *const stops[] = { "when-good", "never", NULL };
static const char *const starts[] = { "fresh", "pretrained", NULL };
static const char *const selections[] = { "pos", "neg", "last", "lowest-loss", NULL };
static const char *const mask_losses[] = { "softplus", "l1", NULL };

static const EngParam params[] = {
  { "steps", "Steps", "", ENG_PARAM_INT, 1, 500, 25, NULL,
    "How many times the explainer is improved. The best mask among them is kept.", FALSE },
  { "learning-rate", "Learning rate", "", ENG_PARAM_FLOAT, 1e-7, 0.1, 5e-4, NULL,
    "Step size of AdamW. The published effective rates lie between 4e-6 and 5e-4.", TRUE },
  { "lambda", "Sparsity", "", ENG_PARAM_FLOAT, 0, 1000, 50, NULL,
    "Weight of the mask's size in the loss (lambda). Higher gives smaller regions; published 50 (ViT-B, ResNet-101, "
    "DenseNet-201) and 30 (ViT-S).",
    TRUE },
  { "inverse", "Inverse mask", "", ENG_PARAM_FLOAT, 0, 10, 0, NULL,
    "Weight w of the counterfactual term, which wants the class gone where the mask is not. 0 as published.", FALSE },
  { "inverse-loss", "Inverse loss", "", ENG_PARAM_CHOICE, 0, 1, 0, eng_ltx_inverse_losses,
    "The counterfactual term, p the class's probability under the inverse mask: unlikelihood (CE(x M) − w ln(1 − p), "
    "strongest while the class still shows) or cross-entropy ((CE(x M) − w CE(x (1 − M))) / (1 + w), as the authors' "
    "earlier code).",
    FALSE },
  { "mask-loss", "Mask loss", "", ENG_PARAM_CHOICE, 0, 1, 0, mask_losses,
    "How the size of the mask is measured: mean softplus (as published) or mean absolute value.", FALSE },
  { "selection", "Selection", "", ENG_PARAM_CHOICE, 0, 3, SELECT_POS, selections,
    "Which step's mask is kept: lowest POS AUC (deletion), highest NEG AUC, the last step, or the lowest loss.",
    FALSE },
  { "stop", "Stop early", "", ENG_PARAM_CHOICE, 0, 1, STOP_WHEN_GOOD, stops,
    "Whether no further steps are taken once the kept mask is as good as the authors' code asks: POS AUC below 6, or "
    "NEG AUC above 89.",
    FALSE },
  { "start-from", "Start", "", ENG_PARAM_CHOICE, 0, 1, START_FRESH, starts,
    "Where the explainer begins: the classifier's own weights with a fresh head, or an explainer that was trained on "
    "many pictures, as published.",
    FALSE },
  { "start", "Start from", "", ENG_PARAM_PATH, 0, 0, 0, NULL,
    "An explainer that was trained or saved for this model and layer (ONNX). Empty: as “Start” says; pretrained "
    "takes the newest one beside the model, or in the folder where the program keeps them.",
    FALSE },
  { "save", "Save explainer to", "", ENG_PARAM_OUTPUT_PATH, 0, 0, 0, NULL,
    "Where to write the explainer of the step that is kept (ONNX). Empty: nowhere.", FALSE },
  { NULL }
};

typedef struct
{
  EngJob *job;
  const EngTarget *target;
  EngExplainer *explainer;
  EngPerturbation *perturbation; /* NULL when no AUC selects */
  float *kept_weights;           /* only when the explainer is to be saved */
  GArray *trajectory;            /* EngTrajectoryStep */
  int steps, selection, best;
  EngScore score;
  float *full; /* the mask at input size */
} Run;

static double
model_default (EngModel *model, const EngParam *param)
{
  const EngPreprocess *p = eng_model_preprocess (model);
  if (strcmp (param->id, "lambda") == 0)
    return p->ltx_lambda;
  if (strcmp (param->id, "learning-rate") == 0)
    return p->ltx_learning_rate;
  return NAN;
}

static void
clear_step (gpointer data)
{
  g_free (((EngTrajectoryStep *)data)->mask);
}

static void
run_clear (Run *r)
{
  g_clear_pointer (&r->explainer, eng_explainer_free);
  g_clear_pointer (&r->perturbation, eng_perturbation_free);
  g_clear_pointer (&r->kept_weights, g_free);
  g_clear_pointer (&r->trajectory, g_array_unref);
  g_clear_pointer (&r->full, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static EngTrajectoryStep *
step_at (Run *r, int i)
{
  return &g_array_index (r->trajectory, EngTrajectoryStep, i);
}

/* The selecting AUC of the newest mask, NAN when it cannot win. */
static double
judge (Run *r, const float *mask)
{
  EngPreprocess *p = eng_model_preprocess (eng_job_model (r->job));
  guint64 forward = 0;
  if (!r->perturbation)
    return NAN;
  eng_profile_begin_judging ();
  eng_upsample_bilinear (mask, r->target->rows, r->target->cols, r->full, p->height, p->width);
  double auc = eng_perturbation_auc (r->perturbation, r->full,
                                     r->selection == SELECT_NEG ? ENG_REMOVE_LEAST_FIRST : ENG_REMOVE_MOST_FIRST,
                                     r->score, r->best >= 0 ? step_at (r, r->best)->auc : NAN, &forward);
  eng_profile_end_judging ();
  eng_job_count (r->job, forward, 0);
  return auc;
}

static gboolean
is_better (Run *r, const EngTrajectoryStep *s)
{
  if (r->best < 0 || r->selection == SELECT_LAST)
    return TRUE;
  const EngTrajectoryStep *best = step_at (r, r->best);
  switch (r->selection)
    {
    case SELECT_POS:
      return s->auc < best->auc; /* NAN is never better */
    case SELECT_NEG:
      return s->auc > best->auc;
    default:
      return s->loss < best->loss;
    }
}

/* The reference stops below 6 (POS) or above 89 (NEG) of accuracy. */
static gboolean
is_good_enough (Run *r)
{
  double auc = step_at (r, r->best)->auc;
  return eng_values_get (eng_job_values (r->job), "stop") == STOP_WHEN_GOOD && r->perturbation
         && r->score == ENG_SCORE_ACCURACY && (r->selection == SELECT_POS ? auc < 6 : auc > 89);
}

static char *
describe_selection (Run *r)
{
  const EngTrajectoryStep *s = step_at (r, r->best);
  static const char *const names[2][2] = { { "lowest POS AUC", "highest NEG AUC" },
                                           { "lowest DEL AUC", "highest INS AUC" } };
  const char *why = r->selection == SELECT_LAST ? "the last" : "lowest loss";
  if (r->perturbation)
    return g_strdup_printf (
        "step %d of %d: %s, %.2f of 90%s", s->step, r->steps, names[r->score][r->selection], s->auc,
        r->score == ENG_SCORE_PROBABILITY ? " (by probability, because the class is not the predicted one)" : "");
  return g_strdup_printf ("step %d of %d: %s", s->step, r->steps, why);
}

static EngHeatmap *
heatmap_of (Run *r, gboolean final)
{
  g_autofree char *selected = describe_selection (r);
  EngHeatmap *h = eng_job_make_heatmap (r->job, step_at (r, r->best)->mask, 1, r->target->rows, r->target->cols,
                                        ENG_UPSAMPLE_BILINEAR, r->target->name, selected);
  if (final)
    {
      gsize n;
      g_array_set_clear_func (r->trajectory, NULL); /* the masks go with the steps */
      EngTrajectoryStep *steps = g_array_steal (r->trajectory, &n);
      eng_heatmap_take_trajectory (h, steps, (int)n);
    }
  return h;
}

/* The trained explainer that "start-from" finds for @target (NULL: any). (transfer full): NULL: none. */
static EngExplainerFile *
find_pretrained (EngModel *model, const EngTarget *target)
{
  g_autoptr (GPtrArray) files = eng_explainers_find (model, &eng_kind_ltx);
  for (guint i = 0; i < files->len; i++)
    if (!target || eng_explainer_file_target (files->pdata[i], model) == target)
      return eng_explainer_file_ref (files->pdata[i]);
  return NULL;
}

/* Published is the same sparsity in both stages. */
static void
note_sparsity (Run *r, EngExplainerFile *file)
{
  const char *text = eng_explainer_file_setting (file, "lambda");
  double own = eng_values_get (eng_job_values (r->job), "lambda"), trained = text ? g_ascii_strtod (text, NULL) : own;
  if (trained != own)
    eng_job_note (r->job, "lambda", trained,
                  g_strdup_printf ("Sparsity is %g; the explainer was trained with %g", own, trained));
}

/* From a file, where the parameters say so. The result tells which. */
static gboolean
begin (Run *r, GError **error)
{
  EngModel *model = eng_job_model (r->job);
  const EngValues *values = eng_job_values (r->job);
  const char *path = eng_values_get_text (values, "start");
  if (!*path && eng_values_get (values, "start-from") == START_FRESH)
    return TRUE;
  g_autoptr (EngExplainerFile) file = *path ? eng_explainers_open (path, NULL) : find_pretrained (model, r->target);
  if (!*path && !file)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "No explainer is found that was trained for %s at “%s”. Train one (“Train an Explainer…”, or "
                     "sightline-cli train %s), name its file, or start from a fresh head.",
                     eng_model_name (model), r->target->name, eng_kind_ltx.id);
  if (!eng_explainer_load (r->explainer, *path ? path : eng_explainer_file_path (file), error))
    return FALSE;
  if (file)
    {
      eng_trained_note (r->job, file);
      note_sparsity (r, file);
    }
  return TRUE;
}

static gboolean
prepare (Run *r, GError **error)
{
  EngModel *model = eng_job_model (r->job);
  const EngValues *values = eng_job_values (r->job);
  EngPreprocess *p = eng_model_preprocess (model);
  int k = eng_model_n_classes (model), c = eng_job_class_index (r->job);
  EngExplainerSettings settings = { .learning_rate = eng_values_get (values, "learning-rate"),
                                    .sparsity = eng_values_get (values, "lambda"),
                                    .inverse_weight = eng_values_get (values, "inverse"),
                                    .inverse_loss = (EngInverseLoss)eng_values_get (values, "inverse-loss"),
                                    .mask_loss = (EngMaskLoss)eng_values_get (values, "mask-loss") };
  r->target = eng_job_target (r->job);
  r->steps = (int)eng_values_get (values, "steps");
  r->selection = (int)eng_values_get (values, "selection");
  r->best = -1;
  r->trajectory = g_array_new (FALSE, FALSE, sizeof (EngTrajectoryStep));
  g_array_set_clear_func (r->trajectory, clear_step);
  r->full = g_new (float, (gsize)p->width * p->height);
  g_autofree float *probabilities = g_new (float, k);
  r->score =
      eng_softmax (eng_job_logits (r->job), k, probabilities) == c ? ENG_SCORE_ACCURACY : ENG_SCORE_PROBABILITY;
  eng_job_count (r->job, 1, 0);
  if (r->selection <= SELECT_NEG
      && !(r->perturbation = eng_perturbation_new (model, eng_job_input (r->job), eng_job_logits (r->job), c, error)))
    return FALSE;
  r->explainer = eng_explainer_new (model, r->target, eng_job_pixels (r->job), eng_job_input (r->job), c, &settings,
                                    eng_job_seed (r->job), error);
  return r->explainer && begin (r, error);
}

/* Of a run that was cut short; the explainer's state follows. */
typedef struct
{
  int steps, best; /* taken, each in the trajectory; the one that is kept */
} Saved;

/* What the earlier run left, and its last update, for which it had no time. Returns: the step to go on with. */
static int
resume (Run *r)
{
  gsize size;
  EngHeatmap *map;
  const guint8 *state = eng_job_saved_bytes (r->job, &size, &map);
  int n, cells = r->target->rows * r->target->cols;
  if (!state || size != sizeof (Saved) + eng_explainer_state_size (r->explainer)
      || strcmp (eng_heatmap_provenance (map)->layer, r->target->name) != 0)
    return 0;
  Saved saved;
  memcpy (&saved, state, sizeof saved);
  const EngTrajectoryStep *steps = eng_heatmap_trajectory (map, &n);
  g_return_val_if_fail (n == saved.steps, 0);
  g_array_append_vals (r->trajectory, steps, (guint)n);
  for (int i = 0; i < n; i++)
    step_at (r, i)->mask = g_memdup2 (steps[i].mask, sizeof (float) * (gsize)cells);
  r->best = saved.best;
  eng_explainer_load_state (r->explainer, state + sizeof saved);
  EngExplainerLosses losses;
  g_autofree float *mask = g_new (float, cells);
  eng_explainer_forward (r->explainer, mask, &losses);
  eng_explainer_update (r->explainer);
  return n;
}

/* As much as the explainer's own memory, for as long as somebody might go on: bounded like everything else that is
 * large. An explainer that is to be written needs the weights of another step too: that run begins anew. */
static void
save_state (Run *r, gboolean writes)
{
  gsize size = sizeof (Saved) + eng_explainer_state_size (r->explainer);
  if (!eng_job_stopping (r->job) || (int)r->trajectory->len == r->steps || writes)
    return;
  if (size > eng_memory_budget ())
    {
      eng_job_note (
          r->job, "not-continued", (double)size,
          g_strdup_printf ("Cannot be continued: the explainer's weights and their moments, %.1f GB, are more "
                           "than the memory budget",
                           (double)size / 1e9));
      return;
    }
  guint8 *state = eng_job_save_bytes (r->job, size);
  Saved saved = { (int)r->trajectory->len, r->best };
  if (!state)
    return;
  memcpy (state, &saved, sizeof saved);
  eng_explainer_save_state (r->explainer, state + sizeof saved);
}

static gboolean
take_step (Run *r, int i, gboolean save, GError **error)
{
  EngExplainerLosses losses;
  int cells = r->target->rows * r->target->cols,
      images = eng_values_get (eng_job_values (r->job), "inverse") > 0 ? 3 : 2;
  EngTrajectoryStep s = { .step = i, .mask = g_new (float, cells) };
  eng_explainer_forward (r->explainer, s.mask, &losses);
  eng_job_count (r->job, images, images);
  if (!isfinite (losses.loss))
    {
      g_free (s.mask);
      return eng_fail (error, ENG_ERROR_INVALID, "The loss is not a number at step %d. Use a lower learning rate.",
                       i);
    }
  s.loss = losses.loss;
  s.prediction_loss = losses.prediction_loss;
  s.mask_loss = losses.mask_loss;
  s.inverse_loss = losses.inverse_loss;
  s.target_score = losses.target_score;
  for (int k = 0; k < cells; k++)
    s.mask_mean += s.mask[k] / cells;
  s.auc = judge (r, s.mask);
  g_array_append_val (r->trajectory, s);
  if (is_better (r, &s))
    {
      r->best = i;
      if (save)
        {
          g_free (r->kept_weights);
          r->kept_weights = eng_explainer_weights (r->explainer);
        }
    }
  return TRUE;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_auto (Run) r = { .job = job };
  const char *save = eng_values_get_text (eng_job_values (job), "save");
  if (eng_job_is_cancelled (job, error) || !prepare (&r, error))
    return NULL;
  for (int i = resume (&r); i < r.steps; i++)
    {
      if (!take_step (&r, i, *save != '\0', error)
          || !eng_job_step (job, i + 1, r.steps, "steps", heatmap_of (&r, FALSE), error))
        return NULL;
      if (is_good_enough (&r))
        break;
      if (eng_job_stopping (job))
        {
          save_state (&r, *save != '\0');
          break;
        }
      if (i + 1 < r.steps)
        eng_explainer_update (r.explainer);
    }
  if (*save && !eng_explainer_save (r.explainer, r.kept_weights, step_at (&r, r.best)->step, save, error))
    return NULL;
  return heatmap_of (&r, TRUE);
}

/* A file at the same path may be another one tomorrow. */
static char *
depends_on (EngModel *model, const EngValues *values)
{
  const char *path = eng_values_get_text (values, "start");
  g_autoptr (EngExplainerFile) file = *path ? eng_explainers_open (path, NULL)
                                      : eng_values_get (values, "start-from") == START_PRETRAINED
                                          ? find_pretrained (model, NULL)
                                          : NULL;
  return file ? g_strdup (eng_explainer_file_sha256 (file)) : NULL;
}

extern const EngMethod eng_method_ltx;
const EngMethod eng_method_ltx = {
  .id = "ltx",
  .name = "LTX",
  .about = "Trains a mask that keeps the class while hiding as much of the picture as it can.",
  .reference =
      "Barkan et al.: Learning to Explain: A Model-Agnostic Framework for Explaining Black Box Models, ICDM 2023",
  .sign = ENG_SIGN_UNSIGNED,
  .family = ENG_FAMILY_LEARNED,
  .needs = ENG_NEEDS_GRADIENT | ENG_NEEDS_GRID,
  .allows = ENG_ALLOWS_STOP,
  .class_dependent = TRUE,
  .params = params,
  .cost = "per step 2 forward, 2 backward passes and up to 9 forward passes to judge the mask",
  .default_target = eng_model_default_target,
  .explain = explain,
  .model_default = model_default,
  .depends_on = depends_on,
};
