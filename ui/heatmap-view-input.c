/* Pointer and keys of a view: crosshair, zoom, pan. They change the session's pointer and the
 * viewport, nothing else. See heatmap-view-private.h. */
#include "ui/heatmap-view-private.h"

#include <math.h>

gboolean
ui_heatmap_view_to_picture (UiHeatmapView *self, double widget_x, double widget_y, double *x, double *y)
{
  UiFrame frame;
  graphene_rect_t place;
  if (!ui_heatmap_view_frame (self, &frame))
    return FALSE;
  ui_viewport_place (self->viewport, &frame, &place);
  double scale = ui_viewport_scale (self->viewport, &frame);
  *x = (widget_x - place.origin.x) / scale;
  *y = (widget_y - place.origin.y) / scale;
  return *x >= 0 && *y >= 0 && *x < frame.image_width && *y < frame.image_height;
}

static void
on_motion (GtkEventControllerMotion *controller, double widget_x, double widget_y, UiHeatmapView *self)
{
  double x = 0, y = 0;
  gboolean inside = ui_heatmap_view_to_picture (self, widget_x, widget_y, &x, &y);
  if (self->session)
    ui_session_set_pointer (self->session, inside, x, y);
}

static void
on_leave (GtkEventControllerMotion *controller, UiHeatmapView *self)
{
  if (self->session)
    ui_session_set_pointer (self->session, FALSE, 0, 0);
}

static gboolean
on_scroll (GtkEventControllerScroll *controller, double dx, double dy, UiHeatmapView *self)
{
  GdkEvent *event = gtk_event_controller_get_current_event (GTK_EVENT_CONTROLLER (controller));
  UiFrame frame;
  double x = 0, y = 0;
  if (!ui_heatmap_view_frame (self, &frame))
    return GDK_EVENT_PROPAGATE;
  graphene_point_t point;
  GtkNative *native = gtk_widget_get_native (GTK_WIDGET (self));
  double native_x, native_y;
  gtk_native_get_surface_transform (native, &native_x, &native_y);
  if (!gdk_event_get_position (event, &x, &y)
      || !gtk_widget_compute_point (GTK_WIDGET (native), GTK_WIDGET (self),
                                    &GRAPHENE_POINT_INIT ((float)(x - native_x), (float)(y - native_y)), &point))
    graphene_point_init (&point, (float)frame.width / 2, (float)frame.height / 2);
  ui_viewport_zoom_by (self->viewport, &frame, pow (1.2, -dy), point.x, point.y);
  return GDK_EVENT_STOP;
}

static void
on_pinch_begin (GtkGesture *gesture, GdkEventSequence *sequence, UiHeatmapView *self)
{
  self->drag_x = 1; /* the scale that was applied so far */
  gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
}

static void
on_pinch (GtkGestureZoom *gesture, double scale, UiHeatmapView *self)
{
  UiFrame frame;
  double x, y;
  if (!ui_heatmap_view_frame (self, &frame) || !gtk_gesture_get_bounding_box_center (GTK_GESTURE (gesture), &x, &y))
    return;
  ui_viewport_zoom_by (self->viewport, &frame, scale / self->drag_x, x, y);
  self->drag_x = scale;
}

static void
on_drag_begin (GtkGestureDrag *gesture, double x, double y, UiHeatmapView *self)
{
  self->drag_x = self->drag_y = 0;
}

static void
on_drag (GtkGestureDrag *gesture, double x, double y, UiHeatmapView *self)
{
  UiFrame frame;
  if (!ui_heatmap_view_frame (self, &frame))
    return;
  ui_viewport_pan (self->viewport, &frame, x - self->drag_x, y - self->drag_y);
  self->drag_x = x;
  self->drag_y = y;
}

static void
on_pressed (GtkGestureClick *gesture, int n_press, double x, double y, UiHeatmapView *self)
{
  if (n_press == 2)
    ui_viewport_fit (self->viewport);
}

/* One map cell, or ten pixels of the picture with Shift. */
static void
crosshair_step (UiHeatmapView *self, gboolean by_pixels, double *step_x, double *step_y)
{
  const EngGeometry *geometry = self->map ? eng_heatmap_geometry (self->map) : NULL;
  *step_x = by_pixels || !geometry ? 10 : geometry->input_width * geometry->scale_x / eng_heatmap_cols (self->map);
  *step_y = by_pixels || !geometry ? 10 : geometry->input_height * geometry->scale_y / eng_heatmap_rows (self->map);
}

static gboolean
on_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, UiHeatmapView *self)
{
  static const struct
  {
    guint key;
    int dx, dy;
  } arrows[] = { { GDK_KEY_Left, -1, 0 }, { GDK_KEY_Right, 1, 0 }, { GDK_KEY_Up, 0, -1 }, { GDK_KEY_Down, 0, 1 } };
  UiFrame frame;
  double x, y, step_x, step_y;
  if (state & (GDK_CONTROL_MASK | GDK_ALT_MASK) || !ui_heatmap_view_frame (self, &frame))
    return GDK_EVENT_PROPAGATE;
  for (guint i = 0; i < G_N_ELEMENTS (arrows); i++)
    if (arrows[i].key == key)
      {
        crosshair_step (self, state & GDK_SHIFT_MASK, &step_x, &step_y);
        if (!ui_session_pointer (self->session, &x, &y))
          {
            x = frame.image_width / 2 - arrows[i].dx * step_x;
            y = frame.image_height / 2 - arrows[i].dy * step_y;
          }
        ui_session_set_pointer (self->session, TRUE, CLAMP (x + arrows[i].dx * step_x, 0, frame.image_width - 0.5),
                                CLAMP (y + arrows[i].dy * step_y, 0, frame.image_height - 0.5));
        return GDK_EVENT_STOP;
      }
  return GDK_EVENT_PROPAGATE;
}

void
ui_heatmap_view_add_controllers (UiHeatmapView *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);

  GtkEventController *motion = gtk_event_controller_motion_new ();
  g_signal_connect (motion, "enter", G_CALLBACK (on_motion), self);
  g_signal_connect (motion, "motion", G_CALLBACK (on_motion), self);
  g_signal_connect (motion, "leave", G_CALLBACK (on_leave), self);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);

  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
  g_signal_connect (scroll, "scroll", G_CALLBACK (on_scroll), self);
  gtk_widget_add_controller (GTK_WIDGET (self), scroll);

  GtkGesture *pinch = gtk_gesture_zoom_new ();
  g_signal_connect (pinch, "begin", G_CALLBACK (on_pinch_begin), self);
  g_signal_connect (pinch, "scale-changed", G_CALLBACK (on_pinch), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (pinch));

  GtkGesture *drag = gtk_gesture_drag_new ();
  g_signal_connect (drag, "drag-begin", G_CALLBACK (on_drag_begin), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (on_drag), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));

  GtkGesture *click = gtk_gesture_click_new ();
  g_signal_connect (click, "pressed", G_CALLBACK (on_pressed), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
}
