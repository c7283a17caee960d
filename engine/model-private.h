/* Private to engine/: what a model holds, shared by the files model*.c. */
#pragma once

#include "model.h"
#include "onnx/onnx.h"

struct _EngModel
{
  GObject parent;
  char *path, *name, *sha256;
  GHashTable *weights; /* name -> EngTensor*: values that take the place of the file's own; NULL: none */
  EngModel *base; /* the model that was opened, where this is the same behind another preprocessing; it owns @onnx */
  EngOnnx *onnx;
  EngPreprocess *preprocess;
  char **labels; /* NULL: none */
  int n_classes;
  char *input_name, *logits_name;
  char *wanted_output; /* as asked for at opening; NULL: the sidecar's, or the first */
  GPtrArray *outputs;  /* char*: names of the outputs with classes; the explained one is at @output */
  guint output;
  gboolean channels_last, probability, flatten;
  GArray *targets;       /* EngTarget */
  GPtrArray *attentions; /* const EngTarget*, those of kind attention, borrowed from targets */
  int target, cam_target;
  char *final_linear;
  GMutex lock;        /* what lies below; the base's lock guards @graphs, since one file builds one at a time */
  GHashTable *graphs; /* batch -> EngGraph */
  int most;           /* 0: not known yet; 1: fixed to batch 1; G_MAXINT: free */
  GQueue predictions;
};

/* Chooses the output with the classes, looks through a final Softmax, remembers the names. */
gboolean eng_model_find_logits (EngModel *self, EngGraph *raw, GError **error);
/* Notes the graph at batch 1, made of @raw, and where methods can look. */
gboolean eng_model_find_places (EngModel *self, EngGraph *raw, GError **error);
/* (transfer full): the file's graph as it is; the same as eng_model_graph() gives it, which keeps it; and such a one
 * made of the first. Hold the lock of graphs once @self is shared. */
EngGraph *eng_model_build_raw (EngModel *self, int batch, GError **error);
EngGraph *eng_model_build (EngModel *self, int batch, GError **error);
EngGraph *eng_model_adapt (EngModel *self, EngGraph *raw, int batch, GError **error);
GMutex *eng_model_graph_lock (EngModel *self);
/* Logits of one batch: reads and writes what the graph's image and logits hold. */
gboolean eng_graph_run (EngGraph *graph, const float *input, float *logits, GError **error);
/* (transfer full): the same network with other @preprocess and @labels. */
EngModel *eng_model_derive (EngModel *self, EngPreprocess *preprocess, char **labels, gboolean same_size,
                            GError **error);
/**
 * eng_model_with_weights:
 * @weights: name of a constant in the graphs -> EngTensor* of its shape that takes its place
 * @variant: what is different, in words: for the name, and so that the digest is another one
 *
 * (transfer full): the same network, its other values shared. No new folding: what was computed from constants when
 * the graph was built stays.
 */
EngModel *eng_model_with_weights (EngModel *self, GHashTable *weights, const char *variant, GError **error);
void eng_model_forget_predictions (EngModel *self);
