/* A result: values at the method's own grid, where it lies, and how it came to be. Immutable,
 * reference-counted, may cross threads. */
#pragma once

#include "preprocess.h"

G_BEGIN_DECLS

typedef enum
{
  ENG_SIGN_UNSIGNED, /* >= 0: evidence for the class only */
  ENG_SIGN_SIGNED    /* negative values speak against the class */
} EngSign;

/* How a map is enlarged to the model's input size. */
typedef enum
{
  ENG_UPSAMPLE_BILINEAR, /* half-pixel centres, borders clamped (align_corners=False) */
  ENG_UPSAMPLE_NEAREST
} EngUpsample;

typedef struct
{
  int step;
  double loss, prediction_loss, mask_loss, inverse_loss;
  double auc;          /* POS or NEG AUC in 0 .. 90; NaN when it was not evaluated to the end */
  double target_score; /* softmax probability of the class on the masked picture */
  double mask_mean;
  float *mask; /* rows x cols, owned */
} EngTrajectoryStep;

/* Something a method measured about its own result: "completeness-gap", 0.004, "Completeness gap 0.4 % ...". */
typedef struct
{
  char *id;
  double value;
  char *text; /* a sentence without its full stop, for people */
} EngNote;

typedef struct
{
  char *model_sha256, *image_sha256, *model_name, *image_name;
  char *preprocessing; /* eng_preprocess_describe() */
  char *preprocessing_origin;
  int class_index;
  char *class_name;
  double probability;  /* softmax of the class on the untouched picture */
  int contrast_index;  /* "rather than" this class; -1: none */
  char *contrast_name; /* "" when there is none */
  char *method_id, *method_name;
  char *values; /* parameters as JSON object text, keys sorted as declared */
  char *layer;  /* "" when the method has none */
  guint64 seed;
  double seconds;
  guint64 passes_forward, passes_backward; /* counted in single images */
  char *version;
  char *kernels;
  char *explainer;    /* digest of the trained explainer that answered; "" or NULL: none */
  char *selected;     /* what was selected and why, for people; "" if nothing */
  guint done, total;  /* of @unit */
  gboolean partial;   /* a person stopped it before all was done, and kept it */
  char *unit;         /* "masks"; "" when nothing is counted */
  double convergence; /* split-half rank correlation, NaN: not measured. See eng_job_report_convergence() */
  GPtrArray *notes;   /* EngNote*, owned; never NULL in a heatmap */
} EngProvenance;

/* The id of a note: a method that has a map for each class had but one for this result. */
#define ENG_NOTE_ONE_MAP "one-map"

GPtrArray *eng_notes_new (void); /* of EngNote*, which it frees; for provenances */

void eng_provenance_clear (EngProvenance *self); /* frees what it holds; empty afterwards */

typedef struct _EngHeatmap EngHeatmap;

/**
 * eng_heatmap_new:
 * @values: channels x rows x cols, copied
 * @geometry: how the model input lies on the picture
 * @provenance: (transfer full): fields are taken over
 */
EngHeatmap *eng_heatmap_new (const float *values, int channels, int rows, int cols, EngSign sign,
                             EngUpsample upsample, const EngGeometry *geometry, EngProvenance *provenance);
/**
 * eng_heatmap_with_values:
 * @values: rows x cols, copied
 * @name: of what the values are: "Mean of 5 runs"; becomes the method's name
 *
 * Something computed from @self and maps like it, on the same picture. (transfer full)
 */
EngHeatmap *eng_heatmap_with_values (const EngHeatmap *self, const float *values, int rows, int cols, EngSign sign,
                                     const char *name);
EngHeatmap *eng_heatmap_ref (EngHeatmap *self);
void eng_heatmap_unref (EngHeatmap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngHeatmap, eng_heatmap_unref)

int eng_heatmap_channels (const EngHeatmap *self); /* 1, or the input's channels for input gradients */
int eng_heatmap_rows (const EngHeatmap *self);
int eng_heatmap_cols (const EngHeatmap *self);
const float *eng_heatmap_values (const EngHeatmap *self); /* channels x rows x cols, raw */
EngSign eng_heatmap_sign (const EngHeatmap *self);
EngUpsample eng_heatmap_upsample_kind (const EngHeatmap *self);
const EngGeometry *eng_heatmap_geometry (const EngHeatmap *self);
const EngProvenance *eng_heatmap_provenance (const EngHeatmap *self);
/* Whether it is for the provenance's class alone, if its method has maps of classes: no note says otherwise. */
gboolean eng_heatmap_is_of_class (const EngHeatmap *self);
/* Summed over channels: rows x cols (transfer full, g_free). */
float *eng_heatmap_plane (const EngHeatmap *self);
/* At the model's input size: input_height x input_width (transfer full, g_free), channels summed. */
float *eng_heatmap_at_input (const EngHeatmap *self);
/* Smallest and largest finite value of the plane. FALSE when there is none. */
gboolean eng_heatmap_range (const EngHeatmap *self, double *lo, double *hi);
/* LTX: one entry per step, in order; owned by the heatmap. NULL, n = 0 for others. */
const EngTrajectoryStep *eng_heatmap_trajectory (const EngHeatmap *self, int *n);
/* Before the heatmap travels: hands over @steps (transfer full) of masks rows x cols. */
void eng_heatmap_take_trajectory (EngHeatmap *self, EngTrajectoryStep *steps, int n);
/* Index of the step whose mask the map is; -1: there is none. */
int eng_heatmap_kept_step (const EngHeatmap *self);
#define ENG_CHOSEN_BY_HAND ": chosen by hand"
/* The map as it was at that step of its trajectory, which it keeps. (transfer full) */
EngHeatmap *eng_heatmap_at_step (const EngHeatmap *self, int index);

/* A run that was stopped can go on from here: see eng_job_continue_from(). Not kept in files. */
gboolean eng_heatmap_can_continue (const EngHeatmap *self);
/* Before the heatmap travels: hands over what the run had summed up. (transfer full) */
void eng_heatmap_take_state (EngHeatmap *self, GBytes *state);
GBytes *eng_heatmap_state (const EngHeatmap *self); /* (transfer none) (nullable) */

/* Bilinear, half-pixel centres, borders clamped, the arithmetic of PyTorch's interpolate
 * (align_corners=False, no antialias). */
void eng_upsample_bilinear (const float *src, int rows, int cols, float *dst, int dst_rows, int dst_cols);
/* The same with corner cells on corner pixels (align_corners=True), for methods that are defined so. */
void eng_upsample_bilinear_corners (const float *src, int rows, int cols, float *dst, int dst_rows, int dst_cols);

G_END_DECLS
