/* Which part of a picture is on screen: fitted, or a zoom and a centre. Linked tiles share one. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define UI_TYPE_VIEWPORT (ui_viewport_get_type ())
G_DECLARE_FINAL_TYPE (UiViewport, ui_viewport, UI, VIEWPORT, GObject)

/* A picture of some size in a widget of some size; all in pixels. */
typedef struct
{
  double image_width, image_height, width, height;
} UiFrame;

/* Signal "changed". */
UiViewport *ui_viewport_new (void);
UiViewport *ui_viewport_copy (UiViewport *self);
gboolean ui_viewport_fits (UiViewport *self);
/* Widget pixels per picture pixel, and the picture's point in the middle; only told while it does not fit. */
void ui_viewport_get (UiViewport *self, double *zoom, double *x, double *y);
void ui_viewport_set (UiViewport *self, double zoom, double x, double y);
/* Widget pixels per picture pixel in @frame. */
double ui_viewport_scale (UiViewport *self, const UiFrame *frame);
/* Where the whole picture lies in the widget; on whole pixels while it fits. */
void ui_viewport_place (UiViewport *self, const UiFrame *frame, graphene_rect_t *out);
void ui_viewport_fit (UiViewport *self);
/* Multiplies the zoom by @factor and keeps the picture's point under @x, @y (widget) where it is. */
void ui_viewport_zoom_by (UiViewport *self, const UiFrame *frame, double factor, double x, double y);
/* Zooms to @scale about the widget's middle. */
void ui_viewport_zoom_to (UiViewport *self, const UiFrame *frame, double scale);
/* Moves the picture by @dx, @dy widget pixels. */
void ui_viewport_pan (UiViewport *self, const UiFrame *frame, double dx, double dy);

G_END_DECLS
