/* Trained explainers as files: ONNX with what they are and where they come from in the metadata
 * ("sightline.kind", ".version", ".model.sha256" or ".encoder.sha256", ".model.name", ".target", ".settings" (JSON),
 * ".seed", ".data.sha256", ".data.summary", ".steps", ".best-step", ".score", ".score-name", ".curve" (JSON)).
 * No times in them: the same training gives the same bytes. */
#pragma once

#include "kind.h"

G_BEGIN_DECLS

typedef struct _EngExplainerFile EngExplainerFile;

/* Parses; checks kind, version, that what it is given and answers is as the kind has it. Hostile until checked. */
EngExplainerFile *eng_explainer_file_open (const char *path, GError **error);
EngExplainerFile *eng_explainer_file_ref (EngExplainerFile *self);
void eng_explainer_file_unref (EngExplainerFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngExplainerFile, eng_explainer_file_unref)

const char *eng_explainer_file_path (const EngExplainerFile *self);
const EngExplainerKind *eng_explainer_file_kind (const EngExplainerFile *self);
const char *eng_explainer_file_sha256 (const EngExplainerFile *self);
/* Metadata without the prefix "sightline."; NULL: absent. */
const char *eng_explainer_file_get (const EngExplainerFile *self, const char *key);
/* A setting of the training, as text; NULL: absent. */
const char *eng_explainer_file_setting (const EngExplainerFile *self, const char *id);
/* "BLA-PH, trained on 1,200 pictures, agreement 0.98 at step 400". (transfer full) */
char *eng_explainer_file_describe (const EngExplainerFile *self);
/* FALSE with a sentence when it was trained for another network, or for a layer that is not there. */
gboolean eng_explainer_file_fits (EngExplainerFile *self, EngModel *model, GError **error);

int eng_explainer_file_n_outputs (const EngExplainerFile *self);
/* Of output @i at batch 1. */
const EngShape *eng_explainer_file_shape (const EngExplainerFile *self, int i);
/* @given: the classifier's normalised input, or the value that "sightline.given" names. The answer is valid until the
 * next run. Engine thread. (transfer none): eng_shape_count() floats; NULL with an error: memory. */
const float *const *eng_explainer_file_run (EngExplainerFile *self, const float *given, GError **error);

/**
 * eng_explainer_write:
 * @net: of batch 1, built by @kind; its weights are replaced by @weights (eng_net_count() values)
 * @facts: string -> string, keys without the prefix
 *
 * Writes atomically. Two calls with the same arguments write the same bytes.
 */
gboolean eng_explainer_write (EngNet *net, const EngExplainerKind *kind, const float *weights, GHashTable *facts,
                              const char *path, GError **error);

/* ---- where they are found ---- */
/* Files NAME.explainer.onnx of @kind that fit @model: those named by eng_explainers_add(), beside the model, and in
 * eng_explainers_folder(); newest first among each. (transfer container) EngExplainerFile*, maybe empty. Any thread.
 */
GPtrArray *eng_explainers_find (EngModel *model, const EngExplainerKind *kind);
/* A file that a person named. FALSE with an error when it does not fit @model. */
gboolean eng_explainers_add (const char *path, EngModel *model, GError **error);
/* Where the window puts new ones: $XDG_DATA_HOME/sightline/explainers. (transfer none) */
const char *eng_explainers_folder (void);
/* A file has come or gone: look again. */
void eng_explainers_changed (void);

G_END_DECLS
