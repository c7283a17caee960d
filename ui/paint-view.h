/* The picture with a person's own mask on it, and a brush: by the pointer, or by a cursor that the arrow keys move.
 */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_PAINT_VIEW (ui_paint_view_get_type ())
G_DECLARE_FINAL_TYPE (UiPaintView, ui_paint_view, UI, PAINT_VIEW, GtkWidget)

#define UI_MOST_BRUSH 64

/* Signal "brush-changed": a key asked for another size. */
GtkWidget *ui_paint_view_new (UiSession *session);
/* @radius: in pixels of the model's input, 0.5 .. UI_MOST_BRUSH */
void ui_paint_view_set_radius (UiPaintView *self, double radius);
double ui_paint_view_radius (UiPaintView *self);
void ui_paint_view_set_erases (UiPaintView *self, gboolean erases);
/* Where the brush is, in picture pixels. */
void ui_paint_view_cursor (UiPaintView *self, double *x, double *y);
/* Seconds spent drawing masks, and how often. For measurements. */
double ui_paint_view_seconds (guint *frames);

G_END_DECLS
