/* Faithfulness protocols: one row each, of one table. What the window lists, the command line prints and figures
 * caption comes from the row. Two values of unlike protocols are never ranked against each other: their rows say so
 * by eng_protocol_key().
 *
 *   g_autoptr (EngSubject) subject = eng_subject_new (model, image, class_index, &error);
 *   g_autoptr (EngMeasurement) m = eng_protocol_evaluate (eng_protocol_find ("rise-deletion", NULL), subject, map,
 *                                                         NULL, NULL, NULL, NULL, &error);
 */
#pragma once

#include "curve.h"
#include "truth.h"

G_BEGIN_DECLS

typedef enum
{
  ENG_LOWER_IS_BETTER,
  ENG_HIGHER_IS_BETTER
} EngDirection;

/* How a protocol removes or keeps pixels; then a threshold on screen can show the pictures it scores. */
typedef struct
{
  EngRankOrder order;
  EngMaskMode mode;
  EngFill fill;
  EngCurveScore score;
  int first_tenth, last_tenth; /* points at these tenths of the pixels and between; 0, 0: a row of pixels per step */
  gboolean mean;               /* the value is the mean of the points, not the area under them */
} EngProtocolCurve;

typedef struct _EngProtocol EngProtocol;
typedef struct _EngTrial EngTrial; /* protocol-private.h */

struct _EngProtocol
{
  const char *id;         /* stable: "ltx-pos" */
  const char *name;       /* "POS" */
  const char *title;      /* of a column, as papers abbreviate it: "AD"; NULL: the name is short */
  const char *group;      /* heading of lists: "LTX paper" */
  const char *definition; /* exactly what is computed, sentences for people */
  const char *reference;
  const char *unit; /* "0 to 90" */
  double minimum, maximum;
  EngDirection direction;
  const char *x_label, *y_label;                     /* NULL: no curve */
  double scale;                                      /* of the area or mean: 100 where a protocol counts in percent */
  const EngProtocolCurve *curve;                     /* NULL: not of that kind */
  gboolean needs_truth;                              /* EngProtocolOptions.truth has to be given */
  gboolean seeded;                                   /* depends on EngProtocolOptions.seed */
  gboolean thresholded;                              /* depends on EngProtocolOptions.threshold */
  int passes;                                        /* at most, without @curve; see eng_protocol_passes() */
  gboolean (*run) (EngTrial *trial, GError **error); /* without @curve */
};

typedef struct
{
  guint64 seed;
  double threshold; /* share of the pixels, 0 .. 1 */
  EngRankBy rank_by;
  EngImage *truth; /* (nullable): mask of the object, of the picture's size; inside is above 127. Borrowed */
} EngProtocolOptions;

#define ENG_PROTOCOL_THRESHOLD 0.15 /* unless a person chooses another */

typedef struct
{
  const EngProtocol *protocol;
  double value;     /* NAN when this picture or map cannot be measured: @why_not says why */
  char *why_not;    /* a sentence; NULL: there is a value */
  EngPoint *points; /* n_points, x ascending; NULL when there is no curve */
  int n_points;
  guint64 passes; /* forward passes run for it; what was known already is not counted */
} EngMeasurement;

void eng_measurement_free (EngMeasurement *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngMeasurement, eng_measurement_free)

const EngProtocol *eng_protocol_nth (guint i);                         /* NULL at the end; rows of a group together */
const EngProtocol *eng_protocol_find (const char *id, GError **error); /* the error lists the ids */
/* "lower is better" */
const char *eng_direction_name (EngDirection direction);
/* Values may be ranked against each other only where this text is equal. @options: (nullable). (transfer full) */
char *eng_protocol_key (const EngProtocol *self, const EngProtocolOptions *options);
/* Most forward passes of one evaluation. */
int eng_protocol_passes (const EngProtocol *self, EngModel *model);
/* Where the points lie: (transfer full) @n values; NULL: there is no curve, or x depends on the map. */
double *eng_protocol_xs (const EngProtocol *self, EngModel *model, int *n);
/* The free-form curve that gives the same points, for eng_curve_run() and for drawing. FALSE: it is no such curve. */
gboolean eng_protocol_curve (const EngProtocol *self, const EngProtocolOptions *options, int width, int height,
                             EngCurve *curve);

/**
 * eng_protocol_evaluate:
 * @map: of the model's input size; enlarged as eng_heatmap_at_input() does
 * @options: (nullable): seed 0, threshold 15 %, rank by value, no truth
 * @func: (nullable): hears of each point as it is measured. May call eng_subject_score(), so that a person who
 *   moves a slider is answered between two points
 * @cancellable: (nullable)
 *
 * Engine thread. Same subject, map and seed: same value, whatever ran before.
 * Returns: (transfer full): NULL with an error that says what to do.
 */
EngMeasurement *eng_protocol_evaluate (const EngProtocol *self, EngSubject *subject, EngHeatmap *map,
                                       const EngProtocolOptions *options, EngPointFunc func, gpointer data,
                                       GCancellable *cancellable, GError **error);

/**
 * eng_protocol_overlap:
 * @mask: of the picture's size
 *
 * What the row "iou" computes at one threshold, for all of them: for sliders. Engine thread.
 * Returns: (transfer full): NULL with an error.
 */
EngOverlap *eng_protocol_overlap (EngSubject *subject, EngHeatmap *map, EngImage *mask, EngRankBy by, GError **error);

G_END_DECLS
