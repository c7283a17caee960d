/* What a figure shows, apart from how it is laid out: for every row and column the picture, the map, the scores, the
 * curves, or why there is nothing. The window fills it from its session, the command line computes it.
 *
 *   g_autoptr (UiFigureCells) cells = ui_figure_cells_new (figure);
 *   for every row and column:
 *     UiFigureCell *cell = ui_figure_cells_at (cells, row, column);
 *     ui_figure_cell_set_image (cell, image);
 *     ui_figure_cell_set_map (cell, map);
 *
 * Filled by one thread; afterwards it is only read, by any thread. Reference-counted. */
#pragma once

#include "engine/metrics/protocol.h"
#include "ui/draw/figure.h"

G_BEGIN_DECLS

typedef enum
{
  UI_CELL_MISSING, /* not computed yet: an empty frame */
  UI_CELL_READY,
  UI_CELL_OLD,       /* what it holds was made with other settings; drawn, and the verdict says so */
  UI_CELL_IMPOSSIBLE /* the method cannot explain this model, or the file is lost: a frame with a dash */
} UiCellState;

/* A protocol's value of a map; NAN: cannot be measured. */
typedef struct
{
  const EngProtocol *protocol;
  double value;
  char *key; /* eng_protocol_key(): values of unlike keys are not compared */
} UiCellScore;

typedef struct
{
  char *method, *name; /* id, and what the legend says */
  double *x, *y;       /* n */
  int n;
} UiCellCurve;

typedef struct
{
  UiCellState state;
  char *why;             /* UI_CELL_IMPOSSIBLE, UI_CELL_MISSING: a sentence; (nullable) */
  EngImage *image;       /* (nullable) */
  EngHeatmap *map;       /* (nullable) */
  gboolean has_geometry; /* of the picture before the panel's model; taken from the map where there is one */
  EngGeometry geometry;
  char *class_name;    /* that is explained; NULL: not known */
  int class_index;     /* -1: not known */
  double probability;  /* of the class on the untouched picture; NAN: not known */
  char *preprocessing; /* eng_preprocess_describe(); NULL: not known */
  GArray *scores;      /* UiCellScore, in the order of the figure's list */
  /* UI_COLUMN_MASKED */
  EngRanking *ranking; /* most or least relevant first, as the column asks */
  guint8 *fill;        /* input_height x input_width x 3: stands where pixels are removed */
  int k;               /* pixels removed, or kept */
  double masked_score; /* probability of the class on the masked picture; NAN: not known */
  /* UI_COLUMN_PLOT */
  GPtrArray *curves; /* UiCellCurve* */
  EngBand *band;     /* (nullable) */
} UiFigureCell;

typedef struct _UiFigureCells UiFigureCells;

/* As many rows and columns as @figure has now, all UI_CELL_MISSING. */
UiFigureCells *ui_figure_cells_new (const UiFigure *figure);
UiFigureCells *ui_figure_cells_ref (UiFigureCells *self);
void ui_figure_cells_unref (UiFigureCells *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UiFigureCells, ui_figure_cells_unref)

/* Owned by @self; NULL outside of the grid. Row and column as in the document, swapped or not. */
UiFigureCell *ui_figure_cells_at (const UiFigureCells *self, guint row, guint column);
/* Digest of the file of a model, once it is known: @sha256 NULL is not known. */
void ui_figure_cells_set_model (UiFigureCells *self, guint model, const char *name, const char *sha256);
const char *ui_figure_cells_model_name (const UiFigureCells *self, guint model);   /* (nullable) */
const char *ui_figure_cells_model_sha256 (const UiFigureCells *self, guint model); /* (nullable) */

/* For people: as the document or the model itself says. (transfer full) */
char *ui_figure_cells_model_label (const UiFigureCells *self, const UiFigure *figure, guint model);

/* A photo panel is ready with this alone. References are taken. */
void ui_figure_cell_set_image (UiFigureCell *self, EngImage *image);
/* Makes the cell ready; geometry, class, probability and preprocessing come from the map. */
void ui_figure_cell_set_map (UiFigureCell *self, EngHeatmap *map);
/* The class and its probability, where there is no map; @geometry: (nullable). */
void ui_figure_cell_set_class (UiFigureCell *self, int class_index, const char *name, double probability);
void ui_figure_cell_set_geometry (UiFigureCell *self, const EngGeometry *geometry);
void ui_figure_cell_add_score (UiFigureCell *self, const EngProtocol *protocol, const EngProtocolOptions *options,
                               double value);
/**
 * ui_figure_cell_set_masked:
 * @column: of UI_COLUMN_MASKED
 * @subject: the panel's picture, model and class
 * @map: of the column's method
 *
 * Ranks, fills, and makes the cell ready. @masked_score stays unknown: eng_subject_score() with @ranking and @k gives
 * it on the engine thread. Any thread; imputed fills take a tenth of a second.
 */
void ui_figure_cell_set_masked (UiFigureCell *self, const UiFigureColumn *column, EngRankBy by, EngSubject *subject,
                                EngHeatmap *map);
/* Adds a line to a plot and makes the cell ready. @points: copied. */
void ui_figure_cell_add_curve (UiFigureCell *self, const char *method, const char *name, const EngPoint *points,
                               int n);
void ui_figure_cell_set_band (UiFigureCell *self, EngBand *band);
void ui_figure_cell_set_impossible (UiFigureCell *self, const char *why);
/* Everything that @from, a cell of another grid, holds; what @self held goes. Pictures and maps are shared. */
void ui_figure_cell_copy (UiFigureCell *self, const UiFigureCell *from);
const UiCellScore *ui_figure_cell_score (const UiFigureCell *self, const char *protocol_id); /* (nullable) */

G_END_DECLS
