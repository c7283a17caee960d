/* What methods share that answer with a trained explainer: which file it is, whether it fits, what is said of it. */
#pragma once

#include "../job.h"
#include "../train/explainer-file.h"

G_BEGIN_DECLS

#define ENG_TRAINED_ID "explainer"

/* The row of the parameter that names the file. */
#define ENG_TRAINED_PARAM                                                                                            \
  {                                                                                                                  \
    ENG_TRAINED_ID, "Explainer", "", ENG_PARAM_PATH, 0, 0, 0, NULL,                                                  \
        "A trained explainer of this model (ONNX). Empty: the newest one beside the model, or in the folder where "  \
        "the program keeps them.",                                                                                   \
        FALSE                                                                                                        \
  }

/* For EngMethod.can_explain: FALSE with a sentence when none is found: how to train one, or why none can be. */
gboolean eng_trained_can_explain (EngModel *model, const char *kind_id, GError **error);
/* For eng_method_adopt(): TRUE where @values name no explainer. */
gboolean eng_trained_adopt (EngModel *model, const EngMethod *method, const EngValues *values, GError **error);
/* For EngMethod.depends_on: the digest of the file that would be used. (transfer full): NULL: there is none. */
char *eng_trained_depends_on (EngModel *model, const char *kind_id, const EngValues *values);
/**
 * eng_trained_open:
 *
 * The file that the parameter names, else the first one found; checked against the job's model, and noted in the
 * result (note "explainer"). Engine thread.
 * Returns: (transfer full): NULL with an error.
 */
EngExplainerFile *eng_trained_open (EngJob *job, const char *kind_id, GError **error);
/* Notes in the result that the explainer has one map for all classes, where others of its kind have one for each. */
void eng_trained_note_one_map (EngJob *job);
/* Notes @file in the result (note "explainer"). */
void eng_trained_note (EngJob *job, EngExplainerFile *file);

G_END_DECLS
