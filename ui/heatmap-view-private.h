/* What the view's files share. */
#pragma once

#include "ui/heatmap-view.h"

struct _UiHeatmapView
{
  GtkWidget parent_instance;
  UiSession *session;
  UiSlot *slot;
  UiViewport *viewport; /* the session's while views are linked */
  gboolean dim;

  /* Made from @map; stale when they do not belong to the slot's map or the display any more. */
  EngHeatmap *map;
  UiSmoothing smoothing;
  UiDisplay display;
  gboolean opaque;
  float *values; /* raster_height x raster_width */
  int raster_width, raster_height;
  UiScale scale;
  GdkTexture *heat;

  double drag_x, drag_y;
};

/* heatmap-view-input.c */
void ui_heatmap_view_add_controllers (UiHeatmapView *self);
