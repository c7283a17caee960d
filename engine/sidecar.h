/* The forms in which preprocessing is written down, one reader each. Only for sidecar*.c. */
#pragma once

#include "json-read.h"
#include "preprocess.h"

G_BEGIN_DECLS

#define ENG_SIDECAR_MAX_SIDE 8192 /* of a model's input, and of the resize before the crop */
#define ENG_SIDECAR_MAX_VALUE 1e6 /* of a mean or a standard deviation */
#define ENG_SIDECAR_MIN_STD 1e-6

/* What a reader works on. */
typedef struct
{
  EngJson json;
  EngPreprocess *into; /* starts as the guess */
  int height, width;   /* of the model's input; <= 0: free */
  const char *folder;  /* where files named by the sidecar lie; NULL: none may be named */
} EngSidecar;

/* A form is tried when @matches says so; the last one matches always. */
typedef struct
{
  gboolean (*matches) (const EngJson *json);
  gboolean (*read) (EngSidecar *self, GError **error);
} EngSidecarForm;

gboolean eng_sidecar_is_timm (const EngJson *json);
gboolean eng_sidecar_read_timm (EngSidecar *self, GError **error);
gboolean eng_sidecar_is_hf (const EngJson *json);
gboolean eng_sidecar_read_hf (EngSidecar *self, GError **error);
/* Class names of a Hugging Face config.json; nothing happens when it has none or only LABEL_0, LABEL_1 ... */
gboolean eng_sidecar_read_id2label (const EngJson *json, EngPreprocess *into, GError **error);
/* Sightline's own keys from the strings in an ONNX file, or WinML's Image.* keys. (transfer full): NULL: none. */
JsonNode *eng_sidecar_from_metadata (GHashTable *metadata);

/* Takes @height x @width, or fails when the model has another fixed size. @key: who says so. */
gboolean eng_sidecar_set_size (EngSidecar *self, const char *key, int height, int width, GError **error);
/* "mean" and "std" under their names in this form. Both or none; FALSE in @found for none. */
gboolean eng_sidecar_read_mean_std (EngSidecar *self, const char *mean, const char *std, gboolean *found,
                                    GError **error);
/* "NAME.json" for "FOLDER/NAME.onnx". (transfer full) */
char *eng_sidecar_name (const char *model_path);
extern const char *const eng_sidecar_filters[]; /* in the order of EngFilter, NULL-ended */

G_END_DECLS
