/* See heatmap-view.h. This file says what is shown and for which values its colours stand; heatmap-view-draw.c
 * draws it, heatmap-view-input.c hears the pointer.
 *
 * The layer over the photo is one texture that covers the picture. It is made when a frame needs it and kept until
 * map, colours, range, threshold or the size of the whole picture on screen change: opacity, zoom, pan and crosshair
 * cost no new texture. */
#include "ui/fitted.h"
#include "ui/heatmap-view-private.h"

#include <math.h>
#include <string.h>

#define RASTER_LEAST 384 /* longer side of a layer that is zoomed, pixels */
#define RASTER_MOST 768
#define FITTED_MOST (2 << 20) /* pixels of one that is not */

G_DEFINE_FINAL_TYPE (UiHeatmapView, ui_heatmap_view, GTK_TYPE_WIDGET)

static guint scale_changed_signal;

/* ---- what to draw ---- */

UiPicture *
ui_heatmap_view_picture (UiHeatmapView *self)
{
  return self->session ? ui_session_picture (self->session) : NULL;
}

gboolean
ui_heatmap_view_frame (UiHeatmapView *self, UiFrame *out)
{
  UiPicture *picture = ui_heatmap_view_picture (self);
  if (!picture || ui_picture_width (picture) == 0)
    return FALSE;
  *out = (UiFrame){ ui_picture_width (picture), ui_picture_height (picture), gtk_widget_get_width (GTK_WIDGET (self)),
                    gtk_widget_get_height (GTK_WIDGET (self)) };
  return out->width > 0 && out->height > 0;
}

UiMode
ui_heatmap_view_mode (UiHeatmapView *self)
{
  return ui_session_peeks (self->session) || !self->slot ? UI_MODE_PHOTO : ui_session_mode (self->session);
}

/* The slot's map when it belongs to the picture on screen. */
static EngHeatmap *
map_of (UiHeatmapView *self)
{
  EngHeatmap *map = self->slot ? ui_slot_map (self->slot) : NULL;
  UiPicture *picture = ui_heatmap_view_picture (self);
  if (!map || !picture || eng_heatmap_geometry (map)->image_width != ui_picture_width (picture)
      || eng_heatmap_geometry (map)->image_height != ui_picture_height (picture))
    return NULL;
  return map;
}

/* The screen's own pixels while the whole picture is in sight. A layer that is zoomed stays as it is. */
static void
raster_size (UiHeatmapView *self, int width, int height, int *raster_width, int *raster_height)
{
  UiFrame frame;
  graphene_rect_t place;
  int side = MAX (width, height), pixel = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  if (ui_viewport_fits (self->viewport) && ui_heatmap_view_frame (self, &frame))
    {
      ui_viewport_place (self->viewport, &frame, &place);
      *raster_width = (int)place.size.width * pixel;
      *raster_height = (int)place.size.height * pixel;
      if ((gint64)*raster_width * *raster_height <= FITTED_MOST)
        return;
    }
  double factor = side < RASTER_LEAST ? ceil (RASTER_LEAST / (double)side) : MIN (1, RASTER_MOST / (double)side);
  *raster_width = MAX (1, (int)lround (width * factor));
  *raster_height = MAX (1, (int)lround (height * factor));
}

/* What a new texture is needed for. */
static gboolean
same_layer (const UiDisplay *a, const UiDisplay *b)
{
  return a->unsigned_map == b->unsigned_map && a->signed_map == b->signed_map && a->fade == b->fade
         && a->mode == b->mode && (!ui_display_uses_threshold (a) || a->threshold == b->threshold);
}

static void
forget_heat (UiHeatmapView *self)
{
  g_clear_pointer (&self->map, eng_heatmap_unref);
  g_clear_pointer (&self->values, g_free);
  g_clear_object (&self->heat);
  g_clear_pointer (&self->described, g_free);
}

/* In the Map mode coarse grids show their cells: that is what was computed. */
static UiSmoothing
smoothing_of (const UiDisplay *display, UiMode mode)
{
  return display->smoothing == UI_SMOOTHING_AUTOMATIC && mode == UI_MODE_MAP ? UI_SMOOTHING_CELLS
                                                                             : display->smoothing;
}

/* TRUE when there are other values than before. */
static gboolean
sample (UiHeatmapView *self, EngHeatmap *map, UiSmoothing smoothing)
{
  const EngGeometry *geometry = eng_heatmap_geometry (map);
  int width, height;
  raster_size (self, geometry->image_width, geometry->image_height, &width, &height);
  if (map == self->map && smoothing == self->smoothing && width == self->raster_width
      && height == self->raster_height)
    return FALSE;
  eng_heatmap_ref (map);
  forget_heat (self);
  self->values = ui_overlay_sample (map, smoothing, width, height);
  self->raster_width = width;
  self->raster_height = height;
  self->map = map;
  self->smoothing = smoothing;
  return TRUE;
}

static void
colour (UiHeatmapView *self, const UiDisplay *display)
{
  gsize n = (gsize)self->raster_width * self->raster_height;
  guint32 *argb = self->values ? g_try_new (guint32, n) : NULL;
  g_clear_object (&self->heat);
  if (!argb)
    return;
  double level = NAN;
  if (ui_display_uses_threshold (display))
    level = ui_overlay_level (ui_slot_spread_at_input (self->slot), &self->scale, display->threshold);
  ui_overlay_layer (self->values, self->raster_width, self->raster_height, &self->scale, level, display, argb);
  self->heat = ui_fitted_new (argb, self->raster_width, self->raster_height);
}

/* TRUE when the colours stand for other values than before. */
static gboolean
ensure_scale (UiHeatmapView *self)
{
  EngHeatmap *map = map_of (self);
  UiSmoothing smoothing = smoothing_of (ui_session_display (self->session), ui_heatmap_view_mode (self));
  UiScale scale;
  if (!map || !ui_session_scale (self->session, self->slot, &scale))
    {
      gboolean had = self->map != NULL;
      forget_heat (self);
      return had;
    }
  gboolean resampled = sample (self, map, smoothing);
  gboolean other = !ui_scale_equal (&scale, &self->scale);
  if (other)
    {
      g_clear_object (&self->heat);
      g_clear_pointer (&self->described, g_free);
    }
  self->scale = scale;
  return resampled || other;
}

void
ui_heatmap_view_ensure (UiHeatmapView *self)
{
  UiDisplay display = *ui_session_display (self->session);
  display.mode = ui_heatmap_view_mode (self);
  ensure_scale (self);
  if (self->map && display.mode != UI_MODE_PHOTO && (!self->heat || !same_layer (&display, &self->display)))
    {
      colour (self, &display);
      self->display = display;
    }
  self->display.opacity = display.opacity;
  self->display.photo = display.photo;
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
  float most = 0;
  for (gsize i = 0; self->values && i < n; i++)
    {
      float value = ui_scale_shown (&self->scale, self->values[i]);
      if (isnan (value))
        continue;
      seen++;
      above += fabsf (ui_scale_normalise (&self->scale, self->values[i])) > 0.5f;
      if (best == n || value > most)
        {
          best = i;
          most = value;
        }
    }
  if (best == n || self->scale.flat)
    return g_strdup ("The same value everywhere.");
  gsize column = best % self->raster_width * 3 / self->raster_width;
  gsize row = best / self->raster_width * 3 / self->raster_height;
  return g_strdup_printf ("Highest at %s, %.0f %% of the picture above half of the scale.", places[row][column],
                          100.0 * (double)above / (double)seen);
}

/* The file's name without its ending, which nobody wants to hear. (transfer full) */
static char *
picture_stem (UiPicture *picture)
{
  const char *name = picture ? ui_picture_name (picture) : "no picture", *dot = strrchr (name, '.');
  return g_strndup (name, dot && dot > name ? (gsize)(dot - name) : strlen (name));
}

static void
describe_photo (UiHeatmapView *self)
{
  UiPicture *picture = ui_heatmap_view_picture (self);
  g_autofree char *stem = picture_stem (picture), *label = g_strdup_printf ("Photo, %s", stem);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, "As it was opened, without a map.", -1);
}

/* " Deletion 0.11, lower is better." (transfer full) */
static char *
describe_scores (UiHeatmapView *self)
{
  static const char *const words[UI_N_SCORES][2] = { { "Deletion", "lower" }, { "Insertion", "higher" } };
  const UiScore *scores = ui_scores_find (ui_session_scores (self->session), self->slot);
  GString *text = g_string_new (NULL);
  for (guint i = 0; scores && i < UI_N_SCORES; i++)
    if (scores[i].known && !isnan (scores[i].value))
      g_string_append_printf (text, " %s %.2f, %s is better.", words[i][0], scores[i].value, words[i][1]);
  return g_string_free (text, FALSE);
}

/* A look at every value, so after the frame, and once for all that changed. */
static gboolean
describe (gpointer data)
{
  UiHeatmapView *self = data;
  static const char *const states[UI_N_SLOT_STATES] = { "Not computed yet.",
                                                        "About to start.",
                                                        "Queued.",
                                                        "Running.",
                                                        "",
                                                        "Stopped: a preview.",
                                                        "Failed.",
                                                        "Of other settings than those asked for now.",
                                                        "Does not apply to this model." };
  UiSlotState state = ui_slot_state (self->slot);
  self->describing = 0;
  /* The display changes with each step of a slider. */
  if (state == UI_SLOT_DONE && !self->described)
    self->described = describe_map (self);
  const char *map = state == UI_SLOT_DONE ? self->described : states[state];
  g_autofree char *scores = describe_scores (self), *text = g_strconcat (map, scores, NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
  return G_SOURCE_REMOVE;
}

static void
update_description (UiHeatmapView *self)
{
  if (!self->describing)
    self->describing = g_idle_add_full (G_PRIORITY_LOW, describe, self, NULL);
}

static void
update_label (UiHeatmapView *self)
{
  UiPicture *picture = ui_heatmap_view_picture (self);
  EngModel *model = ui_session_model (self->session);
  gboolean pinned = ui_slot_pinned (self->slot);
  int target = pinned ? ui_slot_pinned_class (self->slot) : ui_session_target (self->session);
  target = model && target < eng_model_n_classes (model) ? target : -1;
  g_autofree char *stem = picture_stem (picture);
  g_autofree char *label =
      g_strdup_printf ("%s map for %s, %s", ui_slot_name (self->slot),
                       model && target >= 0 ? eng_model_label (model, target) : "no class yet", stem);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
on_content_changed (UiHeatmapView *self)
{
  if (self->slot)
    {
      ensure_scale (self);
      update_label (self);
      update_description (self);
    }
  else
    describe_photo (self);
  g_clear_object (&self->close_up);
  g_signal_emit (self, scale_changed_signal, 0);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* A map elsewhere may have widened the range that this one shares. */
static void
on_jobs_changed (UiHeatmapView *self)
{
  if (ensure_scale (self))
    on_content_changed (self);
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
  set_viewport (self, ui_session_viewport (session));
  if (slot)
    {
      self->slot = g_object_ref (slot);
      g_signal_connect_object (slot, "changed", G_CALLBACK (on_content_changed), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (session, "jobs-changed", G_CALLBACK (on_jobs_changed), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (ui_session_scores (session), "changed", G_CALLBACK (update_description), self,
                               G_CONNECT_SWAPPED);
    }
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
  UiPicture *picture = ui_heatmap_view_picture (self);
  if (!picture || !self->values)
    return FALSE;
  int column = (int)(x * self->raster_width / ui_picture_width (picture));
  int row = (int)(y * self->raster_height / ui_picture_height (picture));
  if (column < 0 || row < 0 || column >= self->raster_width || row >= self->raster_height)
    return FALSE;
  *value = ui_scale_shown (&self->scale, self->values[(gsize)row * self->raster_width + column]);
  return !isnan (*value);
}

char *
ui_heatmap_view_colour (UiHeatmapView *self, double x, double y)
{
  UiPicture *picture = ui_heatmap_view_picture (self);
  EngImage *image = picture ? ui_picture_image (picture) : NULL;
  if (!image || x < 0 || y < 0 || x >= eng_image_width (image) || y >= eng_image_height (image))
    return NULL;
  const guint8 *rgb = eng_image_rgb (image) + ((gsize)y * eng_image_width (image) + (gsize)x) * 3;
  return g_strdup_printf ("R %d G %d B %d", rgb[0], rgb[1], rgb[2]);
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
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child); /* an open menu */
  set_viewport (self, NULL);
  g_clear_handle_id (&self->describing, g_source_remove);
  forget_heat (self);
  g_clear_object (&self->close_up);
  g_clear_object (&self->session);
  g_clear_object (&self->slot);
  G_OBJECT_CLASS (ui_heatmap_view_parent_class)->dispose (object);
}

static void
ui_heatmap_view_class_init (UiHeatmapViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_heatmap_view_dispose;
  widget_class->snapshot = ui_heatmap_view_draw;
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
