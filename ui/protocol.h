/* What is measured on the Threshold page: a preset of two curves from the engine's table of protocols, one that takes
 * pixels away and one that brings them back, and whether a person put another fill in its place. Plain data. */
#pragma once

#include "engine/engine.h"

G_BEGIN_DECLS

typedef enum
{
  UI_DELETION, /* lower is better */
  UI_INSERTION,
  UI_N_DIRECTIONS
} UiDirection;

/* One row per pair of protocols that are curves. */
typedef struct
{
  const char *id, *name;                  /* "rise", "RISE" */
  const char *curve_ids[UI_N_DIRECTIONS]; /* of EngProtocol */
  const char *columns[UI_N_DIRECTIONS];   /* "Deletion ↓" */
} UiPreset;

const UiPreset *ui_preset_nth (guint i); /* NULL at the end */
const UiPreset *ui_preset_find (const char *id);

typedef struct
{
  const UiPreset *preset; /* steps, order and score, also of a custom one */
  gboolean custom;        /* @fill stands in place of the preset's */
  EngFill fill;
  guint64 seed; /* of fills and of imputation */
  EngRankBy by; /* of signed maps; others have one order only */
} UiProtocol;

extern const char *const ui_rank_ids[]; /* by EngRankBy, NULL-ended: "value", "magnitude" */

void ui_protocol_init (UiProtocol *self); /* RISE */
const EngProtocol *ui_protocol_row (const UiProtocol *self, UiDirection direction);
/* The row's curve with the fill that is really used. */
EngProtocolCurve ui_protocol_curve (const UiProtocol *self, UiDirection direction);
EngMasking ui_protocol_masking (const UiProtocol *self, UiDirection direction);
/* Its points for a model input of that size; @xs: (transfer full), where they stand on the axis. */
void ui_protocol_points (const UiProtocol *self, UiDirection direction, EngModel *model, EngCurve *curve,
                         double **xs);
/* Values may be compared only where this text is equal. (transfer full) */
char *ui_protocol_key (const UiProtocol *self, UiDirection direction);
/* How @map is ranked. @map: (nullable): random order */
EngRankBy ui_protocol_rank_by (const UiProtocol *self, const EngHeatmap *map);
/* The protocol's value of a whole curve, as its table row defines it. */
double ui_protocol_value (const UiProtocol *self, UiDirection direction, const EngPoint *points, int n);
/* What is plotted of a reading. */
double ui_protocol_score (const UiProtocol *self, UiDirection direction, const EngReading *reading, int class_index);
/* "RISE", "Custom". */
const char *ui_protocol_name (const UiProtocol *self);
/* Sentences under the table: steps, fills, unit. (transfer full) */
char *ui_protocol_words (const UiProtocol *self, EngModel *model, const char *class_name);

G_END_DECLS
