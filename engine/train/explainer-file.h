/* Trained explainers as files: ONNX with what they are and where they come from in the metadata
 * ("sightline.kind", ".version", ".model.sha256", ".encoder.sha256" (kinds that serve any head), ".model.name",
 * ".model.output", ".target", ".given", ".settings" (JSON), ".seed", ".data.sha256", ".data.summary", ".steps",
 * ".best-step", ".score", ".score-name", ".curve" (JSON)). No times in them: the same training gives the same bytes.
 *
 * Looking at a file is cheap, whatever its size: only the metadata are read (open, belongs). Its network is read and
 * checked when it is used (fits, run). */
#pragma once

#include "kind.h"

G_BEGIN_DECLS

typedef struct _EngExplainerFile EngExplainerFile;

/* Largest version of the metadata that is understood. */
#define ENG_EXPLAINER_VERSION 1
#define ENG_EXPLAINER_SUFFIX ".explainer.onnx"

/* Reads and checks the metadata: kind, version, settings. The network is hostile until eng_explainer_file_fits(). Any
 * thread. */
EngExplainerFile *eng_explainer_file_open (const char *path, GError **error);
/* From memory; @name for messages. */
EngExplainerFile *eng_explainer_file_open_bytes (GBytes *bytes, const char *name, GError **error);
EngExplainerFile *eng_explainer_file_ref (EngExplainerFile *self);
void eng_explainer_file_unref (EngExplainerFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngExplainerFile, eng_explainer_file_unref)

const char *eng_explainer_file_path (const EngExplainerFile *self);
const EngExplainerKind *eng_explainer_file_kind (const EngExplainerFile *self);
/* Of the whole file, read at the first call; NULL: it cannot be read. */
const char *eng_explainer_file_sha256 (EngExplainerFile *self);
/* Metadata without the prefix "sightline."; NULL: absent. */
const char *eng_explainer_file_get (const EngExplainerFile *self, const char *key);
/* A setting of the training, as text; NULL: absent. */
const char *eng_explainer_file_setting (const EngExplainerFile *self, const char *id);
/* "BLA-PH, trained on 1,200 pictures, agreement 0.98 at step 400". (transfer full) */
char *eng_explainer_file_describe (const EngExplainerFile *self);
/* Its settings as values of the kind's parameters. (transfer full): NULL with an error. */
EngValues *eng_explainer_file_values (EngExplainerFile *self, EngModel *model, GError **error);
/* By the metadata alone: FALSE with a sentence when it was trained for another network, another output of it, or for
 * a layer that is not there. Any thread. */
gboolean eng_explainer_file_belongs (EngExplainerFile *self, EngModel *model, GError **error);
/* The whole check: it belongs, its network is sound, and what it is given and answers has the names and shapes that
 * its kind builds for @model. Not for the main thread: the network is read, and the kind's graph built once. */
gboolean eng_explainer_file_fits (EngExplainerFile *self, EngModel *model, GError **error);
/* The layer it was trained for; NULL where its kind needs none. It belongs to @model. */
const EngTarget *eng_explainer_file_target (EngExplainerFile *self, EngModel *model);

/* ---- once it fits ---- */
int eng_explainer_file_n_outputs (const EngExplainerFile *self);
const char *eng_explainer_file_output_name (const EngExplainerFile *self, int i);
/* Of output @i at batch 1. */
const EngShape *eng_explainer_file_shape (const EngExplainerFile *self, int i);
/* @given: the classifier's normalised input, or the value that "sightline.given" names. The answer is valid until the
 * next run of any explainer. Engine thread, or the command line's. (transfer none): for each output eng_shape_count()
 * floats; NULL with an error: memory, or the file has changed. */
const float *const *eng_explainer_file_run (EngExplainerFile *self, const float *given, GError **error);
/* Values of the weight @name, which has @n of them: a start for further training. (transfer full): NULL with an error
 * when it is not there. */
float *eng_explainer_file_weight (EngExplainerFile *self, const char *name, gint64 n, GError **error);

/**
 * eng_explainer_write:
 * @net: of batch 1, built by @kind; its weights are replaced by @weights (eng_net_count() values)
 * @facts: string -> string, keys without the prefix: what the training knows (data, steps, score, curve). Kind,
 * model, target, settings and seed are taken from @net
 *
 * Writes atomically, and is found from then on. Two calls with the same arguments write the same bytes.
 */
gboolean eng_explainer_write (EngNet *net, const EngExplainerKind *kind, const float *weights, GHashTable *facts,
                              const char *path, GError **error);

/* ---- where they are found ---- */
/* Files NAME.explainer.onnx of @kind that belong to @model: those named by eng_explainers_add(), beside the model,
 * and in eng_explainers_folder(); newest first among each. Folders are read again when they have changed. (transfer
 * full) EngExplainerFile*, maybe empty. Any thread. */
GPtrArray *eng_explainers_find (EngModel *model, const EngExplainerKind *kind);
/* A file that a person named: found before all others. FALSE with an error when it does not belong to @model. */
gboolean eng_explainers_add (const char *path, EngModel *model, GError **error);
/* The file at @path, the same object as long as it does not change. (transfer full): NULL with an error. Any thread.
 */
EngExplainerFile *eng_explainers_open (const char *path, GError **error);
/* Where the window puts new ones: $XDG_DATA_HOME/sightline/explainers. (transfer none) */
const char *eng_explainers_folder (void);
/* A file has come or gone: look again. */
void eng_explainers_changed (void);

G_END_DECLS
