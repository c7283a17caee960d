/* An image classifier: graph, labels, preprocessing, digest and the places a method can look at.
 * Immutable after birth (graphs for other batch sizes are made on demand, behind a lock). */
#pragma once

#include "image.h"
#include "preprocess.h"
#include "nn/graph.h"

G_BEGIN_DECLS

#define ENG_TYPE_MODEL (eng_model_get_type ())
G_DECLARE_FINAL_TYPE (EngModel, eng_model, ENG, MODEL, GObject)

typedef enum
{
  ENG_TARGET_SPATIAL,  /* feature map, 1 x C x h x w */
  ENG_TARGET_TOKENS,   /* token sequence, 1 x (prefix + h*w) x d, or 1 x h x w x d */
  ENG_TARGET_ATTENTION /* softmax over tokens, 1 x heads x N x N */
} EngTargetKind;

typedef struct
{
  char *name; /* ONNX value name */
  EngTargetKind kind;
  EngShape shape;         /* at batch 1 */
  int rows, cols;         /* grid of cells */
  int prefix;             /* tokens before the grid (class token, registers); 0 for spatial */
  gboolean channels_last; /* spatial values stored as 1 x h x w x C */
} EngTarget;

/* Channels of a feature map or width of a token; heads of an attention. */
int64_t eng_target_channels (const EngTarget *self);
/* Between a value of the layer as the network stores it (eng_shape_count (&shape) elements) and channels x (rows *
 * cols) planes. Tokens before the grid are left out, and left alone. */
void eng_target_gather (const EngTarget *self, const float *value, float *planes);
void eng_target_scatter (const EngTarget *self, const float *planes, float *value);

/**
 * eng_model_open:
 * @path: an .onnx file
 *
 * Imports, reads sidecar and labels, finds targets. Any thread; may take seconds.
 * Returns: (transfer full): NULL with an error that names the file, the node and the remedy.
 */
EngModel *eng_model_open (const char *path, GCancellable *cancellable, GError **error);

/* The same, explaining the output named @output; (nullable): the one that the sidecar names, else the first. */
EngModel *eng_model_open_output (const char *path, const char *output, GCancellable *cancellable, GError **error);

const char *eng_model_path (EngModel *self);
const char *eng_model_name (EngModel *self); /* sidecar's name or the file name */
const char *eng_model_sha256 (EngModel *self);
int eng_model_n_classes (EngModel *self);
const char *eng_model_label (EngModel *self, int index); /* "class 17" when there are no labels */
gboolean eng_model_has_labels (EngModel *self);
/* Index, exact label or unique case-insensitive part of one. -1 with an error. */
int eng_model_find_class (EngModel *self, const char *text, GError **error);
EngPreprocess *eng_model_preprocess (EngModel *self);      /* (transfer none) */
gboolean eng_model_output_is_probability (EngModel *self); /* the graph ends in Softmax: logits are taken before it */

/* The output that is explained, and how many could be (outputs that are the Softmax of another count once). */
const char *eng_model_output (EngModel *self);
int eng_model_n_outputs (EngModel *self);
const char *eng_model_nth_output (EngModel *self, int i);
/* Notes the explained output in NAME.json beside NAME.onnx, so that it is explained from now on; all else in that
 * file stays. FALSE with an error when the folder cannot be written to. */
gboolean eng_model_remember_output (EngModel *self, GError **error);

/* Targets in graph order; the array is owned by the model. */
const EngTarget *eng_model_targets (EngModel *self, int *n);
/* What methods use unless told otherwise: last spatial feature map or token grid; NULL: none. */
const EngTarget *eng_model_default_target (EngModel *self);
/* What class activation maps use: the last target whose every cell can still reach the logits. Differs from
 * the above in transformers that read a class token alone. */
const EngTarget *eng_model_default_cam_target (EngModel *self);
/* The last map of the stage before @target's: the last layer before it that has a finer grid and that all of the
 * network above depends on. (nullable): none. For methods that look at layers L, L - 1, L - 2. */
const EngTarget *eng_model_previous_stage (EngModel *self, const EngTarget *target);
/* The attention matrices over the picture's tokens, first block first: (transfer none) array of pointers into the
 * targets, owned by the model. */
const EngTarget *const *eng_model_attentions (EngModel *self, int *n);
const EngTarget *eng_model_find_target (EngModel *self, const char *name, GError **error);
/* Name of the value that feeds the final linear layer; NULL when there is none. */
const char *eng_model_final_linear (EngModel *self);
/* Digest of what leads from the picture to that value, weights included, names not: the same for every model that has
 * another head on this encoder. Any thread; reads all weights at every call. (transfer full): NULL with an error
 * when there is no final linear layer. */
char *eng_model_encoder_sha256 (EngModel *self, GError **error);

/**
 * eng_model_graph:
 * @batch: >= 1
 *
 * The frozen graph at that batch size; its one input is the image (NxCxHxW), output 0 the logits
 * (NxK). Other values have the same names at every batch size. Cached.
 * Returns: (transfer full): NULL with an error when the model is fixed to another batch size.
 */
EngGraph *eng_model_graph (EngModel *self, int batch, GError **error);
/* Largest batch <= @wanted at which the graph runs (1 when it is fixed to batch 1). */
int eng_model_batch (EngModel *self, int wanted);
EngValue *eng_graph_image (EngGraph *graph);  /* the image input */
EngValue *eng_graph_logits (EngGraph *graph); /* the logits */

/**
 * eng_model_predict:
 * @input: network inputs n x C x H x W, normalised
 * @logits: n x K
 *
 * Runs in batches that fit. Engine thread.
 */
gboolean eng_model_predict (EngModel *self, const float *input, int n, float *logits, GError **error);
/* Preprocesses, predicts; probabilities are softmax of the logits. @logits: K values, (transfer full). */
float *eng_model_predict_image (EngModel *self, EngImage *image, GError **error);
/* Double-precision softmax; returns argmax. @probabilities may be @logits. */
int eng_softmax (const float *logits, int n, float *probabilities);

/* A JSON object (text, transfer full) that says what the file holds: inputs, outputs, operators, opset,
 * preprocessing, targets. Keys are listed in the man page. */
char *eng_model_describe_json (EngModel *self);

G_END_DECLS
