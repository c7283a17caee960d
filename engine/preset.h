/* The usual normalisations by name, and preprocessing that a person changes: in memory, as JSON, and noted where the
 * next opening of the model finds it. */
#pragma once

#include "model.h"

G_BEGIN_DECLS

typedef struct
{
  const char *id, *name;   /* id is stable */
  gboolean range_255, bgr; /* as in EngPreprocess */
  double mean[3], std[3];  /* of colour models */
  double grey_mean, grey_std;
} EngPreset;

/* Row @i of the table; NULL past the end. */
const EngPreset *eng_preset_nth (guint i);
/* The row that @preprocess follows; NULL: none, the values are its own. */
const EngPreset *eng_preset_of (const EngPreprocess *preprocess);
/* Range, order, mean and std of @self into @preprocess, which nobody else holds yet. */
void eng_preset_apply (const EngPreset *self, EngPreprocess *preprocess);

/* A copy to be changed before it is handed on; stated by a person, not assumed. (transfer full) */
EngPreprocess *eng_preprocess_copy (const EngPreprocess *self);
/* All that says how pictures become inputs is the same. */
gboolean eng_preprocess_same (const EngPreprocess *a, const EngPreprocess *b);
/* Sightline's own keys for pixels and geometry: what eng_preprocess_parse() reads. (transfer full) */
char *eng_preprocess_to_json (const EngPreprocess *self);

/**
 * eng_model_with_preprocess:
 * @preprocess: of the model's channels; another size only where the model's input is free
 *
 * The same network (file, weights, graphs where the size is the same) behind another preprocessing. The file is not
 * read again. Any thread.
 * Returns: (transfer full): NULL with an error when the network does not run at that size.
 */
EngModel *eng_model_with_preprocess (EngModel *self, EngPreprocess *preprocess, GError **error);
/* The same with other class names. @labels: NULL-ended. NULL with an error when there are too many or too few. */
EngModel *eng_model_with_labels (EngModel *self, const char *const *labels, GError **error);
/* TRUE when the input's sides may be chosen. */
gboolean eng_model_size_is_free (EngModel *self);
/* What the file and what lies beside it said when the model was opened. (transfer none) */
EngPreprocess *eng_model_opened_preprocess (EngModel *self);

/**
 * eng_model_remember:
 * @where: (out) (transfer full): the file written
 *
 * Notes preprocessing and class names in NAME.json beside NAME.onnx, where all else stays; where that cannot be
 * written or has another form, in a file of the user's data folder, which is found by the model's digest.
 */
gboolean eng_model_remember (EngModel *self, char **where, GError **error);
/* That file for a model of this digest; it need not exist. (transfer full) */
char *eng_model_own_sidecar (const char *sha256);

G_END_DECLS
