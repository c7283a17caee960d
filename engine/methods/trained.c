/* See trained.h. */
#include "trained.h"

#include "../error.h"

#include <string.h>

#define DIGEST_SHOWN 12

/* FALSE: what helps, or that nothing does. */
static gboolean
none_found (const EngExplainerKind *kind, EngModel *model, GError **error)
{
  return eng_kind_can_train (kind, model, NULL, error)
         && eng_fail (error, ENG_ERROR_UNSUPPORTED,
                      "%s answers with an explainer that was trained for the model, and none is found for %s. Train "
                      "one (“Train an Explainer…”, or sightline-cli train %s), or name its file (parameter “%s”).",
                      kind->name, eng_model_name (model), kind->id, ENG_TRAINED_ID);
}

gboolean
eng_trained_can_explain (EngModel *model, const char *kind_id, GError **error)
{
  const EngExplainerKind *kind = eng_kind_find (kind_id, error);
  g_autoptr (GPtrArray) files = kind ? eng_explainers_find (model, kind) : NULL;
  return files && (files->len > 0 || none_found (kind, model, error));
}

/* (transfer full): NULL with an error. */
static EngExplainerFile *
open_of_kind (const EngExplainerKind *kind, const char *path, GError **error)
{
  g_autoptr (EngExplainerFile) file = eng_explainers_open (path, error);
  if (!file || eng_explainer_file_kind (file) == kind)
    return g_steal_pointer (&file);
  g_autofree char *name = g_filename_display_basename (path);
  eng_fail (error, ENG_ERROR_ARGUMENT,
            "%s is an explainer of kind %s, and %s asks for one of kind %s. Choose such a file.", name,
            eng_explainer_file_kind (file)->id, kind->method, kind->id);
  return NULL;
}

gboolean
eng_trained_adopt (EngModel *model, const EngMethod *method, const EngValues *values, GError **error)
{
  const EngExplainerKind *kind = eng_kind_of_method (method->id);
  const char *path = kind ? eng_values_get_text (values, ENG_TRAINED_ID) : "";
  if (!*path)
    return TRUE;
  g_autoptr (EngExplainerFile) file = open_of_kind (kind, path, error);
  return file && eng_explainers_add (path, model, error);
}

/* (transfer full): NULL with an error. */
static EngExplainerFile *
choose (EngModel *model, const char *kind_id, const EngValues *values, GError **error)
{
  const char *path = eng_values_get_text (values, ENG_TRAINED_ID);
  const EngExplainerKind *kind = eng_kind_find (kind_id, error);
  if (!kind)
    return NULL;
  if (*path)
    return open_of_kind (kind, path, error);
  g_autoptr (GPtrArray) files = eng_explainers_find (model, kind);
  if (files->len > 0)
    return eng_explainer_file_ref (files->pdata[0]);
  none_found (kind, model, error);
  return NULL;
}

char *
eng_trained_depends_on (EngModel *model, const char *kind_id, const EngValues *values)
{
  g_autoptr (EngExplainerFile) file = choose (model, kind_id, values, NULL);
  return file ? g_strdup (eng_explainer_file_sha256 (file)) : NULL;
}

/* "Explainer a.bla.explainer.onnx (0123456789ab): BLA-PH, trained on 1200 pictures, ..." (transfer full) */
static char *
describe (EngExplainerFile *file)
{
  g_autofree char *name = g_filename_display_basename (eng_explainer_file_path (file)),
                  *about = eng_explainer_file_describe (file);
  const char *digest = eng_explainer_file_sha256 (file);
  return g_strdup_printf ("Explainer %s (%.*s): %s", name, DIGEST_SHOWN, digest ? digest : "", about);
}

void
eng_trained_note (EngJob *job, EngExplainerFile *file)
{
  const char *steps = eng_explainer_file_get (file, "best-step");
  eng_job_note (job, ENG_TRAINED_ID, steps ? g_ascii_strtod (steps, NULL) : 0, describe (file));
}

EngExplainerFile *
eng_trained_open (EngJob *job, const char *kind_id, GError **error)
{
  g_autoptr (EngExplainerFile) file = choose (eng_job_model (job), kind_id, eng_job_values (job), error);
  if (!file || !eng_explainer_file_fits (file, eng_job_model (job), error))
    return NULL;
  eng_trained_note (job, file);
  return g_steal_pointer (&file);
}

void
eng_trained_note_one_map (EngJob *job)
{
  eng_job_note (job, ENG_NOTE_ONE_MAP, 1, g_strdup ("The explainer has one map for all classes"));
}
