/* Private to engine/: what a model holds, shared by model.c, model-predict.c and model-describe.c. */
#pragma once

#include "model.h"
#include "onnx/onnx.h"

struct _EngModel
{
  GObject parent;
  char *path, *name, *sha256;
  EngOnnx *onnx;
  EngPreprocess *preprocess;
  char **labels; /* NULL: none */
  int n_classes;
  char *input_name, *logits_name;
  gboolean channels_last, probability, flatten;
  GArray *targets;       /* EngTarget */
  GPtrArray *attentions; /* const EngTarget*, those of kind attention, borrowed from targets */
  int target, cam_target;
  char *final_linear;
  GMutex lock;        /* what lies below */
  GHashTable *graphs; /* batch -> EngGraph */
  int most;           /* 0: not known yet; 1: fixed to batch 1; G_MAXINT: free */
  GQueue predictions;
};

/* Logits of one batch: reads and writes what the graph's image and logits hold. */
gboolean eng_graph_run (EngGraph *graph, const float *input, float *logits, GError **error);
void eng_model_forget_predictions (EngModel *self);
