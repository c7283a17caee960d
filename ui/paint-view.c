/* See paint-view.h. The mask is drawn anew for each frame, at the screen's resolution and only where it is in sight,
 * so that its pixels have sharp edges: one look-up per screen pixel. */
#include "ui/paint-view.h"

#include <math.h>

#include "ui/draw/hatch.h"
#include "ui/fitted.h"

#define LEAST_WIDTH 240
#define LEAST_HEIGHT 260
#define FAR 10 /* input pixels that the arrow keys move with Shift */

struct _UiPaintView
{
  GtkWidget parent_instance;
  UiSession *session;
  double radius;
  gboolean erases, inside, keyed; /* @keyed: the cursor was moved by keys */
  double x, y;                    /* cursor, in picture pixels */
  gboolean strokes, stroke_erases;
};

G_DEFINE_FINAL_TYPE (UiPaintView, ui_paint_view, GTK_TYPE_WIDGET)

static guint brush_changed_signal;
static gint64 draw_time;
static guint n_frames;

double
ui_paint_view_seconds (guint *frames)
{
  *frames = n_frames;
  return (double)draw_time / G_USEC_PER_SEC;
}

/* ---- places ---- */

static gboolean
frame_of (UiPaintView *self, UiFrame *out)
{
  UiPicture *picture = ui_session_picture (self->session);
  if (!picture || ui_picture_width (picture) == 0)
    return FALSE;
  *out = (UiFrame){ ui_picture_width (picture), ui_picture_height (picture), gtk_widget_get_width (GTK_WIDGET (self)),
                    gtk_widget_get_height (GTK_WIDGET (self)) };
  return out->width > 0 && out->height > 0;
}

static gboolean
place_of (UiPaintView *self, graphene_rect_t *place)
{
  UiFrame frame;
  if (!frame_of (self, &frame))
    return FALSE;
  ui_viewport_place (ui_session_viewport (self->session), &frame, place);
  return TRUE;
}

static gboolean
geometry_of (UiPaintView *self, EngGeometry *out)
{
  EngModel *model = ui_session_model (self->session);
  UiPicture *picture = ui_session_picture (self->session);
  if (!model || !picture || ui_picture_width (picture) == 0)
    return FALSE;
  eng_preprocess_geometry (eng_model_preprocess (model), ui_picture_width (picture), ui_picture_height (picture),
                           out);
  return TRUE;
}

static gboolean
to_picture (UiPaintView *self, double x, double y, double *px, double *py)
{
  graphene_rect_t place;
  if (!place_of (self, &place))
    return FALSE;
  *px = (x - place.origin.x) / place.size.width * ui_picture_width (ui_session_picture (self->session));
  *py = (y - place.origin.y) / place.size.height * ui_picture_height (ui_session_picture (self->session));
  return TRUE;
}

void
ui_paint_view_cursor (UiPaintView *self, double *x, double *y)
{
  *x = self->x;
  *y = self->y;
}

/* ---- drawing ---- */

static void
draw_photo (UiPaintView *self, GtkSnapshot *snapshot, const graphene_rect_t *place)
{
  UiPicture *picture = ui_session_picture (self->session);
  GdkTexture *texture = ui_picture_texture (picture), *proxy = ui_picture_proxy (picture);
  if (proxy && place->size.width <= (float)gdk_texture_get_width (proxy))
    texture = proxy;
  if (!texture)
    texture = ui_picture_thumbnail (picture);
  if (texture)
    gtk_snapshot_append_texture (snapshot, texture, place);
}

/* Input pixel under the middle of each of @n screen pixels; -1: none. */
static int *
look_up (double first, double step, int n, double scale, double offset, int size)
{
  int *out = g_new (int, n);
  for (int i = 0; i < n; i++)
    {
      double at = floor ((first + (i + 0.5) * step - offset) / scale);
      out[i] = at >= 0 && at < size ? (int)at : -1;
    }
  return out;
}

static void
draw_mask (UiPaintView *self, GtkSnapshot *snapshot, const UiMask *mask, const graphene_rect_t *place,
           const graphene_rect_t *visible)
{
  const guint32 tint = 0x8c61003c; /* premultiplied: the colour of the mask's line, half seen through */
  const EngGeometry *g = ui_mask_geometry (mask);
  const guint8 *pixels = ui_mask_pixels (mask);
  int factor = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  int width = MAX (1, (int)lroundf (visible->size.width) * factor);
  int height = MAX (1, (int)lroundf (visible->size.height) * factor);
  double scale = g->image_width / (double)place->size.width;
  g_autofree int *xs = look_up ((visible->origin.x - place->origin.x) * scale, visible->size.width * scale / width,
                                width, g->scale_x, g->offset_x, g->input_width);
  g_autofree int *ys = look_up ((visible->origin.y - place->origin.y) * scale, visible->size.height * scale / height,
                                height, g->scale_y, g->offset_y, g->input_height);
  guint32 *argb = g_try_new0 (guint32, (gsize)width * height);
  if (!argb)
    return;
  for (int y = 0; y < height; y++)
    for (int x = 0; ys[y] >= 0 && x < width; x++)
      if (xs[x] >= 0 && pixels[(gsize)ys[y] * g->input_width + xs[x]])
        argb[(gsize)y * width + x] = tint;
  g_autoptr (GdkTexture) texture = ui_fitted_new (argb, width, height);
  ui_fitted_append (GTK_WIDGET (self), snapshot, texture, visible, 1);
}

/* Twice, dark and light: it is seen on any ground. A cross where the keys move it. */
static void
draw_brush (UiPaintView *self, cairo_t *cr, const EngGeometry *g, const graphene_rect_t *place)
{
  double scale = place->size.width / g->image_width;
  double rx = MAX (self->radius * g->scale_x * scale, 2), ry = MAX (self->radius * g->scale_y * scale, 2);
  cairo_translate (cr, place->origin.x + self->x * scale, place->origin.y + self->y * scale);
  for (int pass = 0; pass < 2; pass++)
    {
      cairo_save (cr);
      cairo_scale (cr, rx, ry);
      cairo_arc (cr, 0, 0, 1, 0, 2 * G_PI);
      cairo_restore (cr);
      if (self->keyed)
        for (int side = -1; side <= 1; side += 2)
          {
            cairo_move_to (cr, side * 3, 0);
            cairo_line_to (cr, side * 9, 0);
            cairo_move_to (cr, 0, side * 3);
            cairo_line_to (cr, 0, side * 9);
          }
      cairo_set_source_rgba (cr, pass, pass, pass, pass ? 1 : 0.7);
      cairo_set_line_width (cr, pass ? 1 : 3);
      cairo_stroke (cr);
    }
}

static void
ui_paint_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  UiPaintView *self = UI_PAINT_VIEW (widget);
  gint64 start = g_get_monotonic_time ();
  graphene_rect_t place, visible, bounds;
  EngGeometry geometry;
  UiSeen seen;
  graphene_rect_init (&bounds, 0, 0, (float)gtk_widget_get_width (widget), (float)gtk_widget_get_height (widget));
  if (!place_of (self, &place) || !graphene_rect_intersection (&place, &bounds, &visible))
    return;
  gtk_snapshot_push_clip (snapshot, &bounds);
  draw_photo (self, snapshot, &place);
  const UiMask *mask = ui_session_mask (self->session);
  if (mask && !ui_session_peeks (self->session))
    draw_mask (self, snapshot, mask, &place, &visible);
  if (geometry_of (self, &geometry))
    {
      cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &visible);
      ui_seen_from_geometry (&geometry, &seen);
      if (!ui_seen_is_all (&seen, &geometry))
        ui_hatch_draw (cr, &seen, place.origin.x, place.origin.y, place.size.width, place.size.height,
                       place.size.width / geometry.image_width);
      if (self->inside || gtk_widget_has_focus (widget))
        draw_brush (self, cr, &geometry, &place);
      cairo_destroy (cr);
    }
  gtk_snapshot_pop (snapshot);
  draw_time += g_get_monotonic_time () - start;
  n_frames++;
}

static void
ui_paint_view_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                       int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? LEAST_WIDTH : LEAST_HEIGHT;
}

/* What a screen reader says of it. */
static void
describe (UiPaintView *self)
{
  const UiMask *mask = ui_session_mask (self->session);
  UiPicture *picture = ui_session_picture (self->session);
  g_autofree char *label = g_strdup_printf ("Own mask of %s", picture ? ui_picture_name (picture) : "no picture");
  g_autofree char *text = g_strdup_printf ("Brush at x %d, y %d. %d model pixels painted.", (int)floor (self->x),
                                           (int)floor (self->y), mask ? ui_mask_painted (mask) : 0);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
}

static void
refresh (UiPaintView *self)
{
  gtk_widget_queue_draw (GTK_WIDGET (self));
  describe (self);
}

/* ---- the pointer ---- */

static void
on_motion (UiPaintView *self, double x, double y)
{
  self->inside = to_picture (self, x, y, &self->x, &self->y);
  self->keyed = FALSE;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
on_leave (UiPaintView *self)
{
  self->inside = FALSE;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
stroke_to (UiPaintView *self, double x, double y)
{
  double x0 = self->x, y0 = self->y;
  if (!to_picture (self, x, y, &self->x, &self->y))
    return;
  if (!self->strokes)
    {
      x0 = self->x;
      y0 = self->y;
    }
  self->strokes = TRUE;
  ui_session_paint (self->session, x0, y0, self->x, self->y, self->radius, self->stroke_erases);
  refresh (self);
}

static void
on_drag_begin (GtkGestureDrag *drag, double x, double y, UiPaintView *self)
{
  guint button = gtk_gesture_single_get_current_button (GTK_GESTURE_SINGLE (drag));
  if (button == GDK_BUTTON_MIDDLE)
    {
      gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  gtk_widget_grab_focus (GTK_WIDGET (self));
  gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_CLAIMED);
  self->stroke_erases = self->erases != (button == GDK_BUTTON_SECONDARY);
  self->strokes = self->keyed = FALSE;
  stroke_to (self, x, y);
}

static void
on_drag_update (GtkGestureDrag *drag, double dx, double dy, UiPaintView *self)
{
  double x, y;
  if (self->strokes && gtk_gesture_drag_get_start_point (drag, &x, &y))
    stroke_to (self, x + dx, y + dy);
}

static void
on_drag_end (UiPaintView *self)
{
  self->strokes = FALSE;
  ui_session_end_stroke (self->session);
}

static gboolean
on_scroll (GtkEventControllerScroll *controller, double dx, double dy, UiPaintView *self)
{
  UiFrame frame;
  if (!(gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (controller)) & GDK_CONTROL_MASK)
      || !frame_of (self, &frame))
    return GDK_EVENT_PROPAGATE;
  ui_viewport_zoom_by (ui_session_viewport (self->session), &frame, pow (1.2, -dy), frame.width / 2,
                       frame.height / 2);
  return GDK_EVENT_STOP;
}

/* ---- keys ---- */

static void
move (UiPaintView *self, int dx, int dy, gboolean far)
{
  EngGeometry g;
  if (!geometry_of (self, &g))
    return;
  double step = far ? FAR : 1;
  self->x = CLAMP (self->x + dx * step * g.scale_x, 0, g.image_width - 1e-6);
  self->y = CLAMP (self->y + dy * step * g.scale_y, 0, g.image_height - 1e-6);
  self->keyed = TRUE;
  refresh (self);
}

static void
dot (UiPaintView *self, gboolean erase)
{
  self->keyed = TRUE;
  ui_session_paint (self->session, self->x, self->y, self->x, self->y, self->radius, erase);
  ui_session_end_stroke (self->session);
  refresh (self);
}

static void
resize (UiPaintView *self, double by)
{
  ui_paint_view_set_radius (self, self->radius * by);
  g_signal_emit (self, brush_changed_signal, 0);
}

static gboolean
on_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, UiPaintView *self)
{
  gboolean far = (state & GDK_SHIFT_MASK) != 0;
  if (state & (GDK_CONTROL_MASK | GDK_ALT_MASK))
    return GDK_EVENT_PROPAGATE;
  if (key == GDK_KEY_Left || key == GDK_KEY_Right)
    move (self, key == GDK_KEY_Left ? -1 : 1, 0, far);
  else if (key == GDK_KEY_Up || key == GDK_KEY_Down)
    move (self, 0, key == GDK_KEY_Up ? -1 : 1, far);
  else if (key == GDK_KEY_Return || key == GDK_KEY_KP_Enter)
    dot (self, self->erases);
  else if (key == GDK_KEY_BackSpace || key == GDK_KEY_Delete)
    dot (self, TRUE);
  else if (key == GDK_KEY_Page_Up || key == GDK_KEY_Page_Down)
    resize (self, key == GDK_KEY_Page_Up ? 1.25 : 0.8);
  else
    return GDK_EVENT_PROPAGATE;
  return GDK_EVENT_STOP;
}

/* ---- birth and end ---- */

void
ui_paint_view_set_radius (UiPaintView *self, double radius)
{
  self->radius = CLAMP (radius, 0.5, UI_MOST_BRUSH);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

double
ui_paint_view_radius (UiPaintView *self)
{
  return self->radius;
}

void
ui_paint_view_set_erases (UiPaintView *self, gboolean erases)
{
  self->erases = erases;
}

/* The cursor starts in the middle. */
static void
on_picture (UiPaintView *self)
{
  UiPicture *picture = ui_session_picture (self->session);
  self->x = picture ? ui_picture_width (picture) / 2.0 : 0;
  self->y = picture ? ui_picture_height (picture) / 2.0 : 0;
  refresh (self);
}

GtkWidget *
ui_paint_view_new (UiSession *session)
{
  UiPaintView *self = g_object_new (UI_TYPE_PAINT_VIEW, NULL);
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (on_picture), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "display-changed", G_CALLBACK (refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_viewport (session), "changed", G_CALLBACK (gtk_widget_queue_draw), self,
                           G_CONNECT_SWAPPED);
  on_picture (self);
  return GTK_WIDGET (self);
}

static void
ui_paint_view_dispose (GObject *object)
{
  g_clear_object (&UI_PAINT_VIEW (object)->session);
  G_OBJECT_CLASS (ui_paint_view_parent_class)->dispose (object);
}

static void
ui_paint_view_class_init (UiPaintViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_paint_view_dispose;
  widget_class->snapshot = ui_paint_view_snapshot;
  widget_class->measure = ui_paint_view_measure;
  gtk_widget_class_set_css_name (widget_class, "paintview");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  brush_changed_signal =
      g_signal_new ("brush-changed", UI_TYPE_PAINT_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ui_paint_view_init (UiPaintView *self)
{
  GtkGesture *drag = gtk_gesture_drag_new ();
  GtkEventController *motion = gtk_event_controller_motion_new (), *keys = gtk_event_controller_key_new ();
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
  self->radius = 4;
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (drag), 0);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (on_drag_begin), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (on_drag_update), self);
  g_signal_connect_swapped (drag, "end", G_CALLBACK (on_drag_end), self);
  g_signal_connect_swapped (motion, "motion", G_CALLBACK (on_motion), self);
  g_signal_connect_swapped (motion, "leave", G_CALLBACK (on_leave), self);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), self);
  g_signal_connect (scroll, "scroll", G_CALLBACK (on_scroll), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
  gtk_widget_add_controller (GTK_WIDGET (self), scroll);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_hexpand (GTK_WIDGET (self), TRUE);
  gtk_widget_set_vexpand (GTK_WIDGET (self), TRUE);
}
