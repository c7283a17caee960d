/* What the view's files share. */
#pragma once

#include "ui/heatmap-view.h"

struct _UiHeatmapView
{
  GtkWidget parent_instance;
  UiSession *session;
  UiSlot *slot;         /* NULL: the photo alone */
  UiViewport *viewport; /* the session's while views are linked */
  gboolean dim;

  /* Made from @map; stale when they do not belong to the slot's map or the display any more. */
  EngHeatmap *map;
  UiSmoothing smoothing;
  UiDisplay display;
  float *values; /* raster_height x raster_width */
  int raster_width, raster_height;
  UiScale scale;
  GdkTexture *heat;
  char *described;  /* @map in words at @scale; NULL: not yet */
  guint describing; /* idle */

  /* The part of the photo in sight with its pixels as squares; see heatmap-view-draw.c. */
  GdkTexture *close_up;
  EngImage *close_up_of; /* only compared */
  int close_up_factor;
  cairo_rectangle_int_t close_up_part;

  double drag_x, drag_y;
};

/* heatmap-view.c */
UiPicture *ui_heatmap_view_picture (UiHeatmapView *self); /* (nullable) */
UiMode ui_heatmap_view_mode (UiHeatmapView *self);
void ui_heatmap_view_ensure (UiHeatmapView *self); /* makes the layer that the next frame needs */

/* heatmap-view-draw.c */
void ui_heatmap_view_draw (GtkWidget *widget, GtkSnapshot *snapshot);

/* heatmap-view-input.c */
void ui_heatmap_view_add_controllers (UiHeatmapView *self);
