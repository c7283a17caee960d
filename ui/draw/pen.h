/* The four ways in which drawings of figures put something on paper. On a common cairo_t they are Cairo's own; a file
 * format that Cairo cannot write as it should be (SVG with text as text) takes the calls over and reads path, colour,
 * line and matrix from the same cairo_t. So there is one drawing for all. */
#pragma once

#include <pango/pangocairo.h>

G_BEGIN_DECLS

/* Who takes calls over. Colour, line width, dash and matrix are those of @cr; for text the current point is the
 * layout's upper left corner. */
typedef struct
{
  void (*text) (gpointer data, cairo_t *cr, PangoLayout *layout);
  void (*stroke) (gpointer data, cairo_t *cr); /* the current path; the pen clears it */
  void (*fill) (gpointer data, cairo_t *cr);
  void (*image) (gpointer data, cairo_t *cr, cairo_surface_t *surface, double x, double y, double width,
                 double height, gboolean smooth);
} UiPenSink;

/* Both have to outlive @cr. */
void ui_pen_divert (cairo_t *cr, const UiPenSink *sink, gpointer data);

/* At the current point, as pango_cairo_show_layout(). */
void ui_pen_text (cairo_t *cr, PangoLayout *layout);
void ui_pen_stroke (cairo_t *cr);
void ui_pen_fill (cairo_t *cr);
/* An image surface stretched over a box, its edge pixels whole: nothing of what lies below shines through at the
 * border. @smooth FALSE: pixels stay squares. */
void ui_pen_image (cairo_t *cr, cairo_surface_t *surface, double x, double y, double width, double height,
                   gboolean smooth);

G_END_DECLS
