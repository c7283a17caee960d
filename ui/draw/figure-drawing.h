/* A figure laid out in mm and ready to be drawn: on the screen, into a PDF, an SVG or a PNG, by the same code.
 *
 *   g_autoptr (UiFigureDrawing) drawing = ui_figure_drawing_new (figure, cells, old);
 *   cairo_scale (cr, pixels_per_mm * UI_MM_PER_PT, ...);
 *   ui_figure_drawing_draw (drawing, cr, 0);
 *
 * Making one blends what changed since @old (milliseconds per panel) and may be done by any thread; drawing reads
 * only, so that a finished drawing may be shown on the main thread while the next one is made elsewhere.
 *
 * Layout: without swapping all columns are equally wide and a row is as high as its picture wants at that width; with
 * it all rows are equally high and a column is as wide as its picture wants. Panels that need another shape are
 * centred in their cell. Text is measured without hinting, so that no line breaks differently on another surface. */
#pragma once

#include <pango/pangocairo.h>

#include "ui/draw/figure-cells.h"

G_BEGIN_DECLS

#define UI_MM_PER_PT (25.4 / 72)

typedef struct
{
  double x, y, width, height; /* mm from the page's upper left corner */
} UiFigureBox;

typedef struct _UiFigureDrawing UiFigureDrawing;

/**
 * ui_figure_drawing_new:
 * @figure: copied
 * @cells: of @figure: same numbers of rows and columns; a reference is taken
 * @old: (nullable): a drawing made before, whose pictures are taken over where they are the same
 *
 * Cannot fail: what cannot be drawn is an empty frame. (transfer full)
 */
UiFigureDrawing *ui_figure_drawing_new (const UiFigure *figure, UiFigureCells *cells, const UiFigureDrawing *old);
UiFigureDrawing *ui_figure_drawing_ref (UiFigureDrawing *self);
void ui_figure_drawing_unref (UiFigureDrawing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UiFigureDrawing, ui_figure_drawing_unref)

const UiFigure *ui_figure_drawing_figure (const UiFigureDrawing *self);
UiFigureCells *ui_figure_drawing_cells (const UiFigureDrawing *self); /* (transfer none) */
guint ui_figure_drawing_n_pages (const UiFigureDrawing *self);        /* at least 1 */
/* mm; all pages are equally wide. */
void ui_figure_drawing_size (const UiFigureDrawing *self, guint page, double *width, double *height);
/**
 * ui_figure_drawing_draw:
 * @cr: user units are points (1/72 inch) on paper; the origin is the page's upper left corner
 *
 * Draws no background: the page is white or transparent as the caller made it. Main or any thread.
 */
void ui_figure_drawing_draw (const UiFigureDrawing *self, cairo_t *cr, guint page);

/* Where the panel lies, and on which page. FALSE: there is no such panel. */
gboolean ui_figure_drawing_panel (const UiFigureDrawing *self, guint row, guint column, guint *page,
                                  UiFigureBox *box);
/* The panel at a point of a page, mm. FALSE: none. Row and column as in the document. */
gboolean ui_figure_drawing_pick (const UiFigureDrawing *self, guint page, double x, double y, guint *row,
                                 guint *column);
/* What the panel shows before it is scaled onto the page: the blended picture, cropped, at its own pixels.
 * (transfer none) (nullable): frames and plots have none. */
cairo_surface_t *ui_figure_drawing_surface (const UiFigureDrawing *self, guint row, guint column);
/* The range that the panel's colours stand for. FALSE: it has no map. */
gboolean ui_figure_drawing_scale (const UiFigureDrawing *self, guint row, guint column, UiScale *out);
/* The family that is really used; not the figure's own where that one is not installed. */
const char *ui_figure_drawing_font (const UiFigureDrawing *self);

/* TRUE when a family of that name is installed (generic names count). */
gboolean ui_font_is_installed (const char *family);
/* @family, or the one that Pango takes for one that it has not. (transfer full) */
char *ui_font_find (const char *family);

G_END_DECLS
