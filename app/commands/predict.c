/* sightline-cli predict: the most probable classes of each picture. */
#include "app/commands/profile.h"

#include <stdio.h>

typedef struct
{
  int index;
  float logit;
} Score;

static AppStatus
parse (int argc, char **argv, char **model, char **output, int *top, gboolean *json, char ***images)
{
  gboolean profile = FALSE;
  g_auto (AppCompute) compute = { 0 };
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, model, "The classifier", "M.onnx" },
    APP_OUTPUT_NAME_ENTRY (output),
    { "top", 'k', 0, G_OPTION_ARG_INT, top, "How many classes to show (5)", "N" },
    { "json", 0, 0, G_OPTION_ARG_NONE, json, "Write an array with one object per picture", NULL },
    APP_COMPUTE_ENTRIES (&compute),
    APP_PROFILE_ENTRY (&profile),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, images, NULL, NULL },
    { NULL },
  };
  if (!app_parse_options (&app_predict, "IMAGE|FOLDER...", NULL, entries, &argc, &argv)
      || !app_compute_apply (&compute))
    return APP_USAGE;
  if (!*model || !*images || *top < 1)
    {
      app_complain (!*model    ? "predict needs --model M.onnx"
                    : !*images ? "predict needs at least one picture"
                               : "--top must be at least 1");
      return APP_USAGE;
    }
  if (profile)
    eng_profile_enable (TRUE);
  return APP_OK;
}

/* Highest logit first; equal ones by index, so that the order repeats. */
static int
compare_scores (const void *a, const void *b)
{
  const Score *x = a, *y = b;
  return x->logit != y->logit ? (x->logit < y->logit) - (x->logit > y->logit) : x->index - y->index;
}

static void
print_rows (EngModel *model, const char *path, const Score *scores, const float *probabilities, int top)
{
  g_autofree char *shown = g_filename_display_name (path);
  g_print ("%s\n", shown);
  for (int i = 0; i < top; i++)
    g_print ("%6d  %-30s %8.4f  logit %9.4f\n", scores[i].index, eng_model_label (model, scores[i].index),
             probabilities[scores[i].index], scores[i].logit);
}

static void
add_json (JsonBuilder *builder, EngModel *model, EngImage *image, const char *path, const Score *scores,
          const float *probabilities, int top, const AppProfile *profile)
{
  json_builder_begin_object (builder);
  g_autofree char *shown = g_filename_display_name (path);
  app_json_string (builder, "image", shown);
  app_json_string (builder, "sha256", eng_image_sha256 (image));
  json_builder_set_member_name (builder, "predictions");
  json_builder_begin_array (builder);
  for (int i = 0; i < top; i++)
    {
      json_builder_begin_object (builder);
      app_json_integer (builder, "index", scores[i].index);
      app_json_string (builder, "label", eng_model_label (model, scores[i].index));
      app_json_number (builder, "probability", probabilities[scores[i].index]);
      app_json_number (builder, "logit", scores[i].logit);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  app_profile_add_json (profile, builder);
  json_builder_end_object (builder);
}

static gboolean
predict_one (EngModel *model, const char *path, int top, JsonBuilder *builder, GError **error)
{
  int n = eng_model_n_classes (model);
  g_auto (AppProfile) profile = { NULL };
  app_profile_take (&profile); /* what came before is not this picture's */
  g_autoptr (EngImage) image = eng_image_load (path, error);
  g_autofree float *logits = image ? eng_model_predict_image (model, image, error) : NULL;
  if (!logits)
    return FALSE;
  app_profile_take (&profile);
  app_profile_print (&profile, eng_image_name (image));
  g_autofree float *probabilities = g_new (float, n);
  g_autofree Score *scores = g_new (Score, n);
  eng_softmax (logits, n, probabilities);
  for (int i = 0; i < n; i++)
    scores[i] = (Score){ i, logits[i] };
  qsort (scores, n, sizeof *scores, compare_scores);
  if (builder)
    add_json (builder, model, image, path, scores, probabilities, MIN (top, n), &profile);
  else
    print_rows (model, path, scores, probabilities, MIN (top, n));
  return TRUE;
}

static AppStatus
run (int argc, char **argv)
{
  g_autofree char *model_path = NULL, *output = NULL;
  g_auto (GStrv) images = NULL;
  int top = 5;
  gboolean json = FALSE, failed = FALSE;
  AppStatus status = parse (argc, argv, &model_path, &output, &top, &json, &images);
  if (status != APP_OK)
    return status;
  g_autoptr (EngModel) model = app_open_model (model_path, output);
  if (!model)
    return APP_FAILED;

  g_autoptr (GPtrArray) paths = app_expand_inputs (images, &failed);
  g_autoptr (JsonBuilder) builder = json ? json_builder_new () : NULL;
  if (json)
    json_builder_begin_array (builder);
  for (guint i = 0; i < paths->len && !app_interrupted (); i++)
    {
      g_autoptr (GError) error = NULL;
      if (predict_one (model, paths->pdata[i], top, builder, &error))
        continue;
      app_complain ("%s", error->message);
      failed = TRUE;
    }
  if (json)
    {
      json_builder_end_array (builder);
      g_autofree char *text = app_json_text (builder);
      fputs (text, stdout);
    }
  return failed ? APP_FAILED : APP_OK;
}

const AppCommand app_predict = { "predict", "Shows the most probable classes of each picture.", run };
