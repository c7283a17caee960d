/* See heatmap-view.h. Layers, from below: background (CSS), photo, heat under the display's opacity,
 * hatch where the model never looked, veil of a stopped preview, crosshair and value.
 *
 * The heat is one texture that covers the picture. It is made when a frame needs it and kept until
 * map, colours or range change: opacity, zoom, pan and crosshair cost no new texture. */
#include "ui/heatmap-view-private.h"

#include <math.h>

#define RASTER_LEAST 384 /* longer side of the heat texture, pixels */
#define RASTER_MOST 768
#define PROGRESS_HEIGHT 46 /* of the bar that the tile lays over a running view */
#define GAP 7              /* of the crosshair round the pointer */

G_DEFINE_FINAL_TYPE (UiHeatmapView, ui_heatmap_view, GTK_TYPE_WIDGET)

static guint scale_changed_signal;

/* ---- what to draw ---- */

static UiPicture *
picture_of (UiHeatmapView *self)
{
  return self->session ? ui_session_picture (self->session) : NULL;
}

gboolean
ui_heatmap_view_frame (UiHeatmapView *self, UiFrame *out)
{
  UiPicture *picture = picture_of (self);
  if (!picture || ui_picture_width (picture) == 0)
    return FALSE;
  *out = (UiFrame){ ui_picture_width (picture), ui_picture_height (picture), gtk_widget_get_width (GTK_WIDGET (self)),
                    gtk_widget_get_height (GTK_WIDGET (self)) };
  return out->width > 0 && out->height > 0;
}

static UiMode
mode_of (UiHeatmapView *self)
{
  return ui_session_peeks (self->session) ? UI_MODE_PHOTO : ui_session_mode (self->session);
}

/* The slot's map when it belongs to the picture on screen. */
static EngHeatmap *
map_of (UiHeatmapView *self)
{
  EngHeatmap *map = self->slot ? ui_slot_map (self->slot) : NULL;
  UiPicture *picture = picture_of (self);
  if (!map || !picture || eng_heatmap_geometry (map)->image_width != ui_picture_width (picture)
      || eng_heatmap_geometry (map)->image_height != ui_picture_height (picture))
    return NULL;
  return map;
}

static void
raster_size (int width, int height, int *raster_width, int *raster_height)
{
  int side = MAX (width, height);
  double factor = side < RASTER_LEAST ? ceil (RASTER_LEAST / (double)side) : MIN (1, RASTER_MOST / (double)side);
  *raster_width = MAX (1, (int)lround (width * factor));
  *raster_height = MAX (1, (int)lround (height * factor));
}

/* Display without what costs no new texture. */
static gboolean
same_colours (const UiDisplay *a, const UiDisplay *b)
{
  return a->unsigned_map == b->unsigned_map && a->signed_map == b->signed_map && a->fade == b->fade;
}

static gboolean
same_range (const UiDisplay *a, const UiDisplay *b)
{
  return a->clip == b->clip && a->percentile == b->percentile && a->lo == b->lo && a->hi == b->hi;
}

static void
forget_heat (UiHeatmapView *self)
{
  g_clear_pointer (&self->map, eng_heatmap_unref);
  g_clear_pointer (&self->values, g_free);
  g_clear_object (&self->heat);
}

/* In the Map mode coarse grids show their cells: that is what was computed. */
static UiSmoothing
smoothing_of (const UiDisplay *display, UiMode mode)
{
  return display->smoothing == UI_SMOOTHING_AUTOMATIC && mode == UI_MODE_MAP ? UI_SMOOTHING_CELLS
                                                                             : display->smoothing;
}

static void
sample (UiHeatmapView *self, EngHeatmap *map, UiSmoothing smoothing)
{
  const EngGeometry *geometry = eng_heatmap_geometry (map);
  forget_heat (self);
  raster_size (geometry->image_width, geometry->image_height, &self->raster_width, &self->raster_height);
  self->values = ui_overlay_sample (map, smoothing, self->raster_width, self->raster_height);
  self->map = eng_heatmap_ref (map);
  self->smoothing = smoothing;
}

static void
colour (UiHeatmapView *self, const UiDisplay *display)
{
  gsize n = (gsize)self->raster_width * self->raster_height;
  guint8 *rgba = self->values ? g_try_malloc (n * 4) : NULL;
  g_clear_object (&self->heat);
  if (!rgba)
    return;
  ui_overlay_heat (self->values, n, &self->scale, display, rgba);
  g_autoptr (GBytes) bytes = g_bytes_new_take (rgba, n * 4);
  self->heat = gdk_memory_texture_new (self->raster_width, self->raster_height, GDK_MEMORY_R8G8B8A8_PREMULTIPLIED,
                                       bytes, (gsize)self->raster_width * 4);
}

static void
ensure_scale (UiHeatmapView *self)
{
  EngHeatmap *map = map_of (self);
  const UiDisplay *display = ui_session_display (self->session);
  UiSmoothing smoothing = smoothing_of (display, mode_of (self));
  gboolean resampled = map && (map != self->map || smoothing != self->smoothing);
  if (!map)
    forget_heat (self);
  else if (resampled)
    sample (self, map, smoothing);
  if (map && (resampled || !same_range (display, &self->display)))
    {
      ui_display_scale (display, map, &self->scale);
      g_clear_object (&self->heat);
    }
}

static void
ensure_heat (UiHeatmapView *self)
{
  UiDisplay display = *ui_session_display (self->session);
  gboolean opaque = mode_of (self) == UI_MODE_MAP;
  ensure_scale (self);
  if (opaque)
    display.fade = FALSE;
  if (self->map && (!self->heat || !same_colours (&display, &self->display)))
    colour (self, &display);
  self->display = display;
}

/* ---- drawing ---- */

static void
draw_photo (UiHeatmapView *self, GtkSnapshot *snapshot, const graphene_rect_t *place, gboolean grey)
{
  UiPicture *picture = picture_of (self);
  GdkTexture *texture = ui_picture_texture (picture), *proxy = ui_picture_proxy (picture);
  int scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  if (proxy && place->size.width * (float)scale <= (float)gdk_texture_get_width (proxy))
    texture = proxy;
  if (!texture)
    texture = ui_picture_thumbnail (picture); /* until the pixels are there */
  if (!texture)
    return;
  if (grey)
    {
      /* Luma, then lifted to white by 1 - 0.42: the arithmetic of ui_overlay_grey(). */
      graphene_matrix_t matrix;
      graphene_vec4_t offset;
      const float lift = 0.42f, r = 0.299f * lift, g = 0.587f * lift, b = 0.114f * lift;
      const float m[16] = { r, r, r, 0, g, g, g, 0, b, b, b, 0, 0, 0, 0, 1 };
      graphene_matrix_init_from_float (&matrix, m);
      graphene_vec4_init (&offset, 1 - lift, 1 - lift, 1 - lift, 0);
      gtk_snapshot_push_color_matrix (snapshot, &matrix, &offset);
    }
  if (self->dim)
    gtk_snapshot_push_opacity (snapshot, 0.45);
  gtk_snapshot_append_texture (snapshot, texture, place);
  if (self->dim)
    gtk_snapshot_pop (snapshot);
  if (grey)
    gtk_snapshot_pop (snapshot);
}

static void
draw_hatch (UiHeatmapView *self, GtkSnapshot *snapshot, const graphene_rect_t *place, const graphene_rect_t *bounds)
{
  EngModel *model = ui_session_model (self->session);
  UiPicture *picture = picture_of (self);
  EngGeometry geometry;
  UiSeen seen;
  graphene_rect_t visible;
  if (!model || !graphene_rect_intersection (place, bounds, &visible))
    return;
  eng_preprocess_geometry (eng_model_preprocess (model), ui_picture_width (picture), ui_picture_height (picture),
                           &geometry);
  ui_seen_from_geometry (&geometry, &seen);
  if (ui_seen_is_all (&seen, &geometry))
    return;
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &visible);
  ui_hatch_draw (cr, &seen, place->origin.x, place->origin.y, place->size.width, place->size.height,
                 place->size.width / ui_picture_width (picture));
  cairo_destroy (cr);
}

/* Wide light stripes over a map that is only a preview. */
static void
draw_stopped (GtkSnapshot *snapshot, const graphene_rect_t *place, const graphene_rect_t *bounds)
{
  graphene_rect_t visible;
  if (!graphene_rect_intersection (place, bounds, &visible))
    return;
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &visible);
  cairo_set_source_rgba (cr, 1, 1, 1, 0.35);
  cairo_set_line_width (cr, 3);
  double x0 = visible.origin.x, y0 = visible.origin.y, w = visible.size.width, h = visible.size.height;
  for (double t = fmod (-x0 - y0, 18); t < w + h; t += 18)
    {
      cairo_move_to (cr, x0 + t, y0);
      cairo_line_to (cr, x0 + t - h, y0 + h);
    }
  cairo_stroke (cr);
  cairo_destroy (cr);
}

static void
draw_bar (GtkSnapshot *snapshot, float x, float y, float width, float height)
{
  const GdkRGBA dark = { 0.08f, 0.08f, 0.08f, 0.75f }, light = { 1, 1, 1, 1 };
  if (width <= 0 || height <= 0)
    return;
  float pad_x = width > height ? 0 : 1, pad_y = width > height ? 1 : 0;
  gtk_snapshot_append_color (snapshot, &dark,
                             &GRAPHENE_RECT_INIT (x - pad_x, y - pad_y, width + 2 * pad_x, height + 2 * pad_y));
  gtk_snapshot_append_color (snapshot, &light, &GRAPHENE_RECT_INIT (x, y, width, height));
}

static void
draw_crosshair (GtkSnapshot *snapshot, float x, float y, const graphene_rect_t *visible)
{
  float left = visible->origin.x, top = visible->origin.y, right = left + visible->size.width,
        bottom = top + visible->size.height;
  x = floorf (x);
  y = floorf (y);
  draw_bar (snapshot, left, y, x - GAP - left, 1);
  draw_bar (snapshot, x + GAP, y, right - x - GAP, 1);
  draw_bar (snapshot, x, top, 1, y - GAP - top);
  draw_bar (snapshot, x, y + GAP, 1, bottom - y - GAP);
}

static void
draw_value (UiHeatmapView *self, GtkSnapshot *snapshot, const char *text, const graphene_rect_t *visible)
{
  GtkWidget *widget = GTK_WIDGET (self);
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (widget, text);
  const GdkRGBA back = { 20 / 255.f, 20 / 255.f, 20 / 255.f, 0.78f }, white = { 1, 1, 1, 1 };
  GskRoundedRect round;
  int width, height;
  pango_layout_get_pixel_size (layout, &width, &height);
  graphene_rect_t box;
  float right = visible->origin.x + visible->size.width, bottom = visible->origin.y + visible->size.height;
  /* The tile lays the progress over the foot of a running view. */
  if (ui_slot_state (self->slot) == UI_SLOT_RUNNING)
    bottom = MIN (bottom, (float)gtk_widget_get_height (widget) - PROGRESS_HEIGHT);
  graphene_rect_init (&box, right - (float)width - 20, bottom - (float)height - 12, (float)width + 12,
                      (float)height + 4);
  gsk_rounded_rect_init_from_rect (&round, &box, 4);
  gtk_snapshot_push_rounded_clip (snapshot, &round);
  gtk_snapshot_append_color (snapshot, &back, &box);
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (box.origin.x + 6, box.origin.y + 2));
  gtk_snapshot_append_layout (snapshot, layout, &white);
  gtk_snapshot_restore (snapshot);
}

static void
draw_pointer (UiHeatmapView *self, GtkSnapshot *snapshot, const graphene_rect_t *place, const graphene_rect_t *bounds)
{
  double x, y, value;
  graphene_rect_t visible;
  if (!ui_session_pointer (self->session, &x, &y) || !graphene_rect_intersection (place, bounds, &visible))
    return;
  float scale = place->size.width / (float)ui_picture_width (picture_of (self));
  if (ui_session_shows_crosshair (self->session))
    draw_crosshair (snapshot, place->origin.x + (float)x * scale, place->origin.y + (float)y * scale, &visible);
  if (mode_of (self) != UI_MODE_PHOTO && ui_heatmap_view_value (self, x, y, &value))
    {
      g_autofree char *text = ui_scale_format (value);
      draw_value (self, snapshot, text, &visible);
    }
}

static void
ui_heatmap_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  UiHeatmapView *self = UI_HEATMAP_VIEW (widget);
  UiFrame frame;
  graphene_rect_t place, bounds;
  if (!ui_heatmap_view_frame (self, &frame))
    return;
  UiMode mode = mode_of (self);
  ensure_heat (self);
  ui_viewport_place (self->viewport, &frame, &place);
  graphene_rect_init (&bounds, 0, 0, (float)frame.width, (float)frame.height);
  gtk_snapshot_push_clip (snapshot, &bounds);
  if (mode != UI_MODE_MAP || !self->heat)
    draw_photo (self, snapshot, &place,
                mode == UI_MODE_OVERLAY && self->map && ui_overlay_wants_grey (&self->display, self->scale.sign));
  if (mode != UI_MODE_PHOTO && self->heat)
    {
      gtk_snapshot_push_opacity (snapshot, mode == UI_MODE_MAP ? 1 : self->display.opacity);
      gtk_snapshot_append_texture (snapshot, self->heat, &place);
      gtk_snapshot_pop (snapshot);
    }
  if (mode != UI_MODE_PHOTO)
    draw_hatch (self, snapshot, &place, &bounds);
  if (mode != UI_MODE_PHOTO && self->heat && ui_slot_state (self->slot) == UI_SLOT_STOPPED)
    draw_stopped (snapshot, &place, &bounds);
  draw_pointer (self, snapshot, &place, &bounds);
  gtk_snapshot_pop (snapshot);
}

static void
ui_heatmap_view_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                         int *minimum_baseline, int *natural_baseline)
{
  *minimum = 80;
  *natural = 320;
}

/* ---- connections ---- */

/* Where the highest value lies and how much of what the model saw is above half the scale. */
static char *
describe_map (UiHeatmapView *self)
{
  static const char *const places[3][3] = { { "upper left", "top", "upper right" },
                                            { "left", "centre", "right" },
                                            { "lower left", "bottom", "lower right" } };
  gsize n = (gsize)self->raster_width * self->raster_height, best = n, seen = 0, above = 0;
  for (gsize i = 0; self->values && i < n; i++)
    if (!isnan (self->values[i]))
      {
        seen++;
        above += fabsf (ui_scale_normalise (&self->scale, self->values[i])) > 0.5f;
        if (best == n || self->values[i] > self->values[best])
          best = i;
      }
  if (best == n || self->scale.flat)
    return g_strdup ("The same value everywhere.");
  gsize column = best % self->raster_width * 3 / self->raster_width;
  gsize row = best / self->raster_width * 3 / self->raster_height;
  return g_strdup_printf ("Highest at %s, %.0f %% of the picture above half of the scale.", places[row][column],
                          100.0 * (double)above / (double)seen);
}

static void
update_description (UiHeatmapView *self)
{
  const EngMethod *method = ui_slot_method (self->slot);
  UiPicture *picture = picture_of (self);
  EngModel *model = ui_session_model (self->session);
  int target = ui_session_target (self->session);
  g_autofree char *label = g_strdup_printf ("%s map for %s, %s", method->name,
                                            model && target >= 0 ? eng_model_label (model, target) : "no class yet",
                                            picture ? ui_picture_name (picture) : "no picture");
  static const char *const states[UI_N_SLOT_STATES] = { "Not computed yet.",
                                                        "About to start.",
                                                        "Queued.",
                                                        "Running.",
                                                        "",
                                                        "Stopped: a preview.",
                                                        "Failed.",
                                                        "Does not apply to this model." };
  UiSlotState state = ui_slot_state (self->slot);
  g_autofree char *map = state == UI_SLOT_DONE ? describe_map (self) : g_strdup (states[state]);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, map, -1);
}

static void
on_content_changed (UiHeatmapView *self)
{
  ensure_scale (self);
  update_description (self);
  g_signal_emit (self, scale_changed_signal, 0);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
set_viewport (UiHeatmapView *self, UiViewport *viewport)
{
  if (self->viewport)
    g_signal_handlers_disconnect_by_data (self->viewport, self);
  g_set_object (&self->viewport, viewport);
  if (viewport)
    g_signal_connect_swapped (viewport, "changed", G_CALLBACK (gtk_widget_queue_draw), self);
}

static void
on_display_changed (UiHeatmapView *self)
{
  UiViewport *shared = ui_session_viewport (self->session);
  gboolean linked = self->viewport == shared;
  if (ui_session_links_views (self->session) && !linked)
    set_viewport (self, shared);
  else if (!ui_session_links_views (self->session) && linked)
    {
      g_autoptr (UiViewport) own = ui_viewport_copy (shared);
      set_viewport (self, own);
    }
  on_content_changed (self);
}

void
ui_heatmap_view_set (UiHeatmapView *self, UiSession *session, UiSlot *slot)
{
  self->session = g_object_ref (session);
  self->slot = g_object_ref (slot);
  set_viewport (self, ui_session_viewport (session));
  g_signal_connect_object (slot, "changed", G_CALLBACK (on_content_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (on_content_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::target", G_CALLBACK (on_content_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (on_content_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "display-changed", G_CALLBACK (on_display_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "pointer-changed", G_CALLBACK (gtk_widget_queue_draw), self, G_CONNECT_SWAPPED);
  on_display_changed (self);
}

gboolean
ui_heatmap_view_scale (UiHeatmapView *self, UiScale *out)
{
  *out = self->scale;
  return self->map != NULL;
}

gboolean
ui_heatmap_view_value (UiHeatmapView *self, double x, double y, double *value)
{
  UiPicture *picture = picture_of (self);
  if (!picture || !self->values)
    return FALSE;
  int column = (int)(x * self->raster_width / ui_picture_width (picture));
  int row = (int)(y * self->raster_height / ui_picture_height (picture));
  if (column < 0 || row < 0 || column >= self->raster_width || row >= self->raster_height)
    return FALSE;
  *value = self->values[(gsize)row * self->raster_width + column];
  return !isnan (*value);
}

void
ui_heatmap_view_set_dim (UiHeatmapView *self, gboolean dim)
{
  if (self->dim == dim)
    return;
  self->dim = dim;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

UiViewport *
ui_heatmap_view_viewport (UiHeatmapView *self)
{
  return self->viewport;
}

static void
ui_heatmap_view_dispose (GObject *object)
{
  UiHeatmapView *self = UI_HEATMAP_VIEW (object);
  set_viewport (self, NULL);
  forget_heat (self);
  g_clear_object (&self->session);
  g_clear_object (&self->slot);
  G_OBJECT_CLASS (ui_heatmap_view_parent_class)->dispose (object);
}

static void
ui_heatmap_view_class_init (UiHeatmapViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_heatmap_view_dispose;
  widget_class->snapshot = ui_heatmap_view_snapshot;
  widget_class->measure = ui_heatmap_view_measure;
  gtk_widget_class_set_css_name (widget_class, "heatmapview");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  scale_changed_signal =
      g_signal_new ("scale-changed", UI_TYPE_HEATMAP_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ui_heatmap_view_init (UiHeatmapView *self)
{
  ui_heatmap_view_add_controllers (self);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_hexpand (GTK_WIDGET (self), TRUE);
  gtk_widget_set_vexpand (GTK_WIDGET (self), TRUE);
}
