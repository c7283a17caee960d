/* A graph that trains: what a kind of explainer builds at one batch size, and the layers it is built of.
 *
 * Everything is made of ONNX operators through the graph's one builder. Weights are named, drawn from the seed and
 * the name alone, so the same net at another batch size starts from the same numbers; a file holds them by name. */
#pragma once

#include "../method.h"
#include "../nn/pass.h"

G_BEGIN_DECLS

#define ENG_NET_MAX_TERMS 6
#define ENG_NET_MAX_OUTPUTS 4

typedef struct
{
  const char *name; /* of a part of the loss, for curves and people: "prediction", "sparsity" */
  EngValue *value;  /* a single number, before its weight */
} EngNetTerm;

typedef struct
{
  const char *name; /* in the file: "mask" */
  EngValue *value;
} EngNetOutput;

typedef struct _EngNet EngNet;

struct _EngNet
{
  /* given */
  EngModel *model;
  const EngTarget *target; /* (nullable): where the explainer looks */
  const EngValues *values;
  guint64 seed;
  int batch;
  EngGraph *graph;  /* the kind adds to it; frozen after build() */
  EngGraph *source; /* the classifier's at the same batch size */

  /* filled by build() */
  EngValue *loss;     /* a single number: mean over the batch */
  GPtrArray *trained; /* EngValue*: eng_net_weight() and eng_net_backbone() add to it */
  EngNetTerm terms[ENG_NET_MAX_TERMS];
  int n_terms;
  GPtrArray *wanted; /* EngValue* that feed(), judge() and preview() read: eng_net_want() */
  EngValue *given;   /* what the explainer is given once it is trained: the classifier's input, or a value of it */
  EngNetOutput outputs[ENG_NET_MAX_OUTPUTS]; /* what it answers */
  int n_outputs;
  gpointer own; /* the kind's, freed by @free_own */
  GDestroyNotify free_own;

  EngPass *pass; /* NULL while building */
};

/**
 * eng_net_new:
 * @target: (nullable): where the explainer looks; borrowed from @model
 * @values: borrowed, must outlive the net
 * @batch: pictures at once
 * @training: with a pass that is prepared for training; FALSE: the graph alone, as a file is written from it
 * @build: see EngExplainerKind.build
 *
 * Returns: (transfer full): NULL with an error that says what the model lacks, or that memory is out.
 */
EngNet *eng_net_new (EngModel *model, const EngTarget *target, const EngValues *values, guint64 seed, int batch,
                     gboolean training, gboolean (*build) (EngNet *net, GError **error), GError **error);
void eng_net_free (EngNet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngNet, eng_net_free)

/* ---- inputs and constants ---- */
EngValue *eng_net_input (EngNet *self, const char *name, const EngShape *shape);
EngValue *eng_net_scalar (EngNet *self, double v);
EngValue *eng_net_ints (EngNet *self, const int64_t *v, int n);
EngValue *eng_net_floats (EngNet *self, const float *v, const EngShape *shape);
void eng_net_want (EngNet *self, EngValue *value);
void eng_net_add_term (EngNet *self, const char *name, EngValue *value);
void eng_net_add_output (EngNet *self, const char *name, EngValue *value);

/* ---- weights ---- */
typedef enum
{
  ENG_INIT_ZERO,
  ENG_INIT_ONE,
  ENG_INIT_NORMAL, /* N (0, scale) */
  ENG_INIT_UNIFORM /* uniform in +-scale */
} EngInit;

/* A weight that trains, drawn from the net's seed and @name. */
EngValue *eng_net_weight (EngNet *self, const char *name, const EngShape *shape, EngInit init, double scale);
/* The same with its first values given: (transfer full), float. */
EngValue *eng_net_weight_from (EngNet *self, const char *name, EngTensor *values);
/**
 * eng_net_backbone:
 * @prefix: of its names, "explainer/"
 * @input: B x C x H x W, normalised
 * @train: its weights train: all but BatchNormalization's statistics and a transformer's embedding (what lies above
 *   the first block), as in the released code of LTX
 *
 * A private copy of the classifier up to net->target, as the target's shape has it with the batch in front.
 */
EngValue *eng_net_backbone (EngNet *self, const char *prefix, EngValue *input, gboolean train, GError **error);
/* The same of any network and layer of it, with @input prepared for that one; @source: its graph at self->batch. */
EngValue *eng_net_backbone_of (EngNet *self, const char *prefix, EngGraph *source, const EngTarget *target,
                               EngValue *input, gboolean train, GError **error);
/* A value of the target as B x channels x rows x cols, whatever its storage; tokens before the grid are left out. */
EngValue *eng_net_as_map (EngNet *self, EngValue *features, GError **error);
EngValue *eng_net_as_map_of (EngNet *self, const EngTarget *target, EngValue *features, GError **error);
/* eng_net_backbone(), then eng_net_as_map(). */
EngValue *eng_net_feature_map (EngNet *self, const char *prefix, EngValue *input, gboolean train, GError **error);
/* The frozen classifier from @input (B x C x H x W, normalised) to its value @name; NULL: the logits, B x K. */
EngValue *eng_net_classifier (EngNet *self, const char *prefix, EngValue *input, const char *name, GError **error);

/* ---- layers. NULL among the inputs with *error set passes the error on: check once, at the end ---- */
/* @x: B x in x h x w. Weights "NAME_weight", "NAME_bias", as torch.nn.Conv2d draws them: uniform in
 * +-1/sqrt (in * kernel^2). Padding keeps h x w at stride 1. */
EngValue *eng_net_conv (EngNet *self, const char *name, EngValue *x, int out, int kernel, int stride, int dilation,
                        GError **error);
/* @x: ... x in -> ... x out, as torch.nn.Linear draws it; weights out x in. */
EngValue *eng_net_linear (EngNet *self, const char *name, EngValue *x, int out, GError **error);
EngValue *eng_net_op (EngNet *self, GError **error, const char *op_type, EngValue *a, EngValue *b /* (nullable) */);
EngValue *eng_net_gelu (EngNet *self, EngValue *x, GError **error);
EngValue *eng_net_reshape (EngNet *self, EngValue *x, const EngShape *shape, GError **error);
EngValue *eng_net_transpose (EngNet *self, EngValue *x, const int64_t *perm, int n, GError **error);
/* B x C x h x w -> B x C x height x width, half-pixel centres. @linear: bilinear; else nearest. */
EngValue *eng_net_resize (EngNet *self, EngValue *x, int height, int width, gboolean linear, GError **error);
/* Mean or sum over @axes (n = 0: all), which stay with size 1 when @keep. */
EngValue *eng_net_reduce (EngNet *self, const char *op_type, EngValue *x, const int64_t *axes, int n, gboolean keep,
                          GError **error);
EngValue *eng_net_softmax (EngNet *self, EngValue *x, int axis, gboolean log, GError **error);
/* Mean over the batch of - sum_k target log softmax (logits); both B x K. */
EngValue *eng_net_cross_entropy (EngNet *self, EngValue *logits, EngValue *target, GError **error);
/* Pixels B x 3 x H x W in [0,1] -> the classifier's normalised input, as a 1x1 convolution. */
EngValue *eng_net_normalised (EngNet *self, EngValue *pixels, GError **error);

/* ---- weights as numbers ---- */
/* Numbers that train, in all. */
gint64 eng_net_count (const EngNet *self);
/* Of all trained weights in order, eng_net_count() values; the pass is prepared. */
void eng_net_read_weights (EngNet *self, float *values);
void eng_net_write_weights (EngNet *self, const float *values);

G_END_DECLS
