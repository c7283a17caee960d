/* See evaluate.h: one picture, its maps, their scores. */
#include <math.h>
#include <string.h>

#include "app/commands/evaluate.h"
#include "app/commands/progress.h"

/* DIR/STEM.CLASS.png, else DIR/STEM.png: (transfer full); NULL: neither is there. */
static char *
find_mask (const char *folder, const char *path, const char *class_name)
{
  g_autofree char *stem = g_path_get_basename (path), *safe = g_strdup (class_name);
  char *dot = strrchr (stem, '.');
  if (dot && dot > stem)
    *dot = 0;
  g_strdelimit (safe, "/", '_');
  g_autofree char *of_class = g_strdup_printf ("%s.%s.png", stem, safe), *of_any = g_strconcat (stem, ".png", NULL);
  g_autofree char *first = g_build_filename (folder, of_class, NULL),
                  *second = g_build_filename (folder, of_any, NULL);
  if (g_file_test (first, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&first);
  return g_file_test (second, G_FILE_TEST_EXISTS) ? g_steal_pointer (&second) : NULL;
}

/* A picture without a mask is no failure: protocols that need one have no value. */
static gboolean
load_mask (AppScoring *work, const AppPicture *picture, const char *class_name, GError **error)
{
  g_autofree char *path = work->masks ? find_mask (work->masks, picture->path, class_name) : NULL;
  g_clear_pointer (&work->options.truth, eng_image_unref);
  return !path || (work->options.truth = eng_image_load (path, error)) != NULL;
}

static void
add_points (GString *curves, const char *image, const char *class_name, const EngScoreColumn *column,
            const EngMeasurement *m)
{
  for (int i = 0; i < m->n_points; i++)
    {
      const char *texts[] = { image, class_name, column->method, column->protocol };
      for (guint k = 0; k < G_N_ELEMENTS (texts); k++)
        eng_csv_add (curves, k == 0, texts[k]);
      eng_csv_add_number (curves, FALSE, m->points[i].x);
      eng_csv_add_number (curves, FALSE, m->points[i].y);
      g_string_append_c (curves, '\n');
    }
}

static gboolean
score_map (AppScoring *work, const AppPicture *picture, EngSubject *subject, EngHeatmap *map, guint method,
           const char *class_name, GString *rows, GString *curves, GError **error)
{
  for (guint i = 0; i < work->protocols->len; i++)
    {
      const EngProtocol *protocol = work->protocols->pdata[i];
      const EngScoreColumn *column = &work->columns[method * work->protocols->len + i];
      g_autoptr (EngMeasurement) m = NULL;
      if ((!protocol->needs_truth || work->options.truth)
          && !(m = eng_protocol_evaluate (protocol, subject, map, &work->options, NULL, NULL,
                                          app_interrupt_cancellable (), error)))
        {
          g_prefix_error (error, "%s: ", protocol->id);
          return FALSE;
        }
      eng_scores_add (rows, picture->shown, class_name, column, m ? m->value : NAN);
      if (work->curves && m)
        add_points (curves, picture->shown, class_name, column, m);
    }
  return TRUE;
}

gboolean
app_scoring_run (AppScoring *work, const AppPicture *picture, const char *label, GString *rows, GString *curves,
                 GError **error)
{
  EngModel *model = work->plan.model;
  if (picture->refusal)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "%s", picture->refusal);
  g_autoptr (EngImage) image = eng_image_load (picture->path, error);
  g_autoptr (EngSubject) subject = image ? eng_subject_new (model, image, picture->class_index, error) : NULL;
  if (!subject)
    return FALSE;
  g_autofree char *class_name = app_class_name (model, eng_subject_class_index (subject));
  if (!load_mask (work, picture, class_name, error))
    return FALSE;
  AppPlan plan = work->plan; /* borrowed, for the class of this picture */
  plan.class_index = eng_subject_class_index (subject);
  if (plan.class_index == plan.contrast)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "its class is the one given with --contrast");
  for (guint i = 0; i < plan.choices->len; i++)
    {
      const AppChoice *choice = plan.choices->pdata[i];
      g_autofree char *named = g_strdup_printf ("%s %s", label, choice->method->id);
      g_autoptr (EngJob) job = app_plan_job (&plan, choice, image);
      app_progress_begin (job, named);
      app_interrupt_watch (job);
      gboolean done = eng_job_run (job, error);
      app_interrupt_watch (NULL);
      app_progress_end (job);
      app_progress_say (named);
      if (!done)
        g_prefix_error (error, "%s: ", choice->method->id);
      /* What a method kept of itself when it was stopped is no score. */
      if (!done || app_interrupted ()
          || !score_map (work, picture, subject, eng_job_heatmap (job), i, class_name, rows, curves, error))
        return FALSE;
    }
  return TRUE;
}
