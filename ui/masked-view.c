/* See masked-view.h. The fill is one texture over the visible part of the photo, at the screen's resolution, so that
 * its pixels have sharp edges at any zoom. It is made when a frame needs it: however often a slider moves between two
 * frames, that is once. */
#include "ui/masked-view.h"

#include "ui/fitted.h"

#include <math.h>

#include "ui/draw/hatch.h"
#include "ui/draw/masked.h"
#include "ui/draw/outline.h"

#define LEAST 100
#define MOST_HEIGHT 128

struct _UiMaskedView
{
  GtkWidget parent_instance;
  UiSession *session;
  UiSeries *series;

  /* What the texture was made from. */
  EngSubject *subject;
  EngRanking *ranking;
  const guint8 *fill;
  EngMaskMode mode;
  int k, width, height;
  graphene_rect_t part; /* of the picture */
  GdkTexture *texture;

  /* The object's outline, and what it was made from. */
  EngImage *truth;
  graphene_rect_t outline_part;
  GdkTexture *outline;
};

G_DEFINE_FINAL_TYPE (UiMaskedView, ui_masked_view, GTK_TYPE_WIDGET)

static gint64 texture_time;
static guint n_textures;

double
ui_masked_view_seconds (guint *textures)
{
  *textures = n_textures;
  return (double)texture_time / G_USEC_PER_SEC;
}

static UiPicture *
picture_of (UiMaskedView *self)
{
  return self->session ? ui_session_picture (self->session) : NULL;
}

static gboolean
frame_of (UiMaskedView *self, UiFrame *out)
{
  UiPicture *picture = picture_of (self);
  if (!picture || ui_picture_width (picture) == 0)
    return FALSE;
  *out = (UiFrame){ ui_picture_width (picture), ui_picture_height (picture), gtk_widget_get_width (GTK_WIDGET (self)),
                    gtk_widget_get_height (GTK_WIDGET (self)) };
  return out->width > 0 && out->height > 0;
}

/* What is to be drawn; FALSE: nothing is known yet. */
static gboolean
masked_of (UiMaskedView *self, UiMasked *out)
{
  UiThreshold *threshold = ui_session_threshold (self->session);
  EngSubject *subject = ui_threshold_subject (threshold);
  EngRanking *ranking = ui_threshold_ranking (threshold, self->series);
  const guint8 *fill = ui_threshold_fill (threshold);
  EngMasking masking = ui_protocol_masking (ui_threshold_protocol (threshold), ui_threshold_direction (threshold));
  int k = ui_threshold_k (threshold);
  if (!fill && self->series->picture && eng_masking_equal (&masking, &self->series->masking))
    {
      fill = g_bytes_get_data (self->series->picture, NULL); /* made with the score, for that share */
      k = self->series->k;
    }
  if (!subject || !ranking || !fill || self->series->flat)
    return FALSE;
  *out = (UiMasked){ eng_subject_geometry (subject), ranking, masking.mode, k, fill };
  return out->geometry->image_width == ui_picture_width (picture_of (self))
         && out->geometry->image_height == ui_picture_height (picture_of (self));
}

static void
make_texture (UiMaskedView *self, const UiMasked *masked, int width, int height)
{
  gint64 start = g_get_monotonic_time ();
  guint32 *argb = g_try_new (guint32, (gsize)width * height);
  g_clear_object (&self->texture);
  if (!argb)
    return;
  ui_masked_overlay (masked, self->part.origin.x, self->part.origin.y, self->part.origin.x + self->part.size.width,
                     self->part.origin.y + self->part.size.height, width, height, argb);
  self->texture = ui_fitted_new (argb, width, height);
  texture_time += g_get_monotonic_time () - start;
  n_textures++;
}

/* @place: of the whole picture; @visible: the part of it on screen. */
static void
ensure_texture (UiMaskedView *self, const UiMasked *masked, const graphene_rect_t *place,
                const graphene_rect_t *visible)
{
  int factor = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  int width = MAX (1, (int)lroundf (visible->size.width) * factor);
  int height = MAX (1, (int)lroundf (visible->size.height) * factor);
  float scale = (float)masked->geometry->image_width / place->size.width;
  graphene_rect_t part;
  graphene_rect_init (&part, (visible->origin.x - place->origin.x) * scale,
                      (visible->origin.y - place->origin.y) * scale, visible->size.width * scale,
                      visible->size.height * scale);
  if (self->texture && self->ranking == masked->ranking && self->fill == masked->fill && self->mode == masked->mode
      && self->k == masked->k && self->width == width && self->height == height
      && graphene_rect_equal (&part, &self->part))
    return;
  EngSubject *subject = eng_subject_ref (ui_threshold_subject (ui_session_threshold (self->session)));
  g_clear_pointer (&self->subject, eng_subject_unref);
  self->subject = subject;
  eng_ranking_ref ((EngRanking *)masked->ranking);
  g_clear_pointer (&self->ranking, eng_ranking_unref);
  self->ranking = (EngRanking *)masked->ranking;
  self->fill = masked->fill;
  self->mode = masked->mode;
  self->k = masked->k;
  self->width = width;
  self->height = height;
  self->part = part;
  make_texture (self, masked, width, height);
}

/* The object's edge in the visible @part of the picture. */
static GdkTexture *
make_outline (EngImage *truth, const graphene_rect_t *part, int width, int height)
{
  int w = eng_image_width (truth), h = eng_image_height (truth);
  g_autofree guint8 *inside = g_try_malloc ((gsize)width * height);
  guint32 *argb = g_try_new (guint32, (gsize)width * height);
  for (int y = 0; inside && argb && y < height; y++)
    for (int x = 0; x < width; x++)
      {
        int i = (int)(part->origin.x + (x + 0.5f) * part->size.width / width);
        int j = (int)(part->origin.y + (y + 0.5f) * part->size.height / height);
        gsize at = (gsize)CLAMP (j, 0, h - 1) * w + CLAMP (i, 0, w - 1);
        inside[(gsize)y * width + x] = eng_image_rgb (truth)[3 * at] > ENG_TRUTH_INSIDE;
      }
  if (!inside || !argb)
    {
      g_free (argb);
      return NULL;
    }
  ui_outline_lay (inside, width, height, argb);
  return ui_fitted_new (argb, width, height);
}

static void
draw_outline (UiMaskedView *self, GtkSnapshot *snapshot, const graphene_rect_t *place, const graphene_rect_t *visible)
{
  UiThreshold *threshold = ui_session_threshold (self->session);
  EngImage *truth = ui_threshold_shows_outline (threshold) ? ui_threshold_truth (threshold) : NULL;
  if (!truth)
    return;
  int factor = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  int width = MAX (1, (int)lroundf (visible->size.width) * factor);
  int height = MAX (1, (int)lroundf (visible->size.height) * factor);
  float scale = (float)eng_image_width (truth) / place->size.width;
  graphene_rect_t part;
  graphene_rect_init (&part, (visible->origin.x - place->origin.x) * scale,
                      (visible->origin.y - place->origin.y) * scale, visible->size.width * scale,
                      visible->size.height * scale);
  if (!self->outline || truth != self->truth || !graphene_rect_equal (&part, &self->outline_part)
      || gdk_texture_get_width (self->outline) != width || gdk_texture_get_height (self->outline) != height)
    {
      eng_image_ref (truth);
      g_clear_pointer (&self->truth, eng_image_unref);
      self->truth = truth;
      self->outline_part = part;
      g_clear_object (&self->outline);
      self->outline = make_outline (truth, &part, width, height);
    }
  if (self->outline)
    ui_fitted_append (GTK_WIDGET (self), snapshot, self->outline, visible, 1);
}

static void
draw_photo (UiMaskedView *self, GtkSnapshot *snapshot, const graphene_rect_t *place, gboolean dim)
{
  UiPicture *picture = picture_of (self);
  GdkTexture *texture = ui_picture_texture (picture), *proxy = ui_picture_proxy (picture);
  if (proxy && place->size.width <= (float)gdk_texture_get_width (proxy))
    texture = proxy;
  if (!texture)
    texture = ui_picture_thumbnail (picture);
  if (!texture)
    return;
  if (ui_viewport_fits (ui_session_viewport (self->session)))
    {
      int factor = gtk_widget_get_scale_factor (GTK_WIDGET (self));
      texture = ui_fitted_texture (texture, (int)place->size.width * factor, (int)place->size.height * factor);
    }
  ui_fitted_append (GTK_WIDGET (self), snapshot, texture, place, dim ? 0.45 : 1);
}

static void
draw_hatch (UiMaskedView *self, GtkSnapshot *snapshot, const EngGeometry *geometry, const graphene_rect_t *place,
            const graphene_rect_t *visible)
{
  UiSeen seen;
  ui_seen_from_geometry (geometry, &seen);
  if (ui_seen_is_all (&seen, geometry))
    return;
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, visible);
  ui_hatch_draw (cr, &seen, place->origin.x, place->origin.y, place->size.width, place->size.height,
                 place->size.width / geometry->image_width);
  cairo_destroy (cr);
}

/* A map that changes many times a second, as one that is painted does, would make the picture flash: the last one
 * stays until the new one is ranked. */
static gboolean
waits (UiMaskedView *self)
{
  UiThreshold *threshold = ui_session_threshold (self->session);
  return self->texture && self->subject == ui_threshold_subject (threshold) && self->series->map
         && !self->series->flat && !ui_threshold_ranking (threshold, self->series);
}

static void
ui_masked_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  UiMaskedView *self = UI_MASKED_VIEW (widget);
  UiFrame frame;
  UiMasked masked;
  graphene_rect_t place, bounds, visible;
  if (!frame_of (self, &frame))
    return;
  gboolean peeks = ui_session_peeks (self->session), known = masked_of (self, &masked), last = !known && waits (self);
  ui_viewport_place (ui_session_viewport (self->session), &frame, &place);
  graphene_rect_init (&bounds, 0, 0, (float)frame.width, (float)frame.height);
  if (!graphene_rect_intersection (&place, &bounds, &visible))
    return;
  gtk_snapshot_push_clip (snapshot, &bounds);
  draw_photo (self, snapshot, &place, !known && !last && !peeks);
  if (known && !peeks)
    {
      ensure_texture (self, &masked, &place, &visible);
      if (self->texture)
        ui_fitted_append (widget, snapshot, self->texture, &visible, 1);
      draw_hatch (self, snapshot, masked.geometry, &place, &visible);
    }
  else if (last && !peeks)
    ui_fitted_append (widget, snapshot, self->texture, &visible, 1);
  if (!peeks)
    draw_outline (self, snapshot, &place, &visible);
  gtk_snapshot_pop (snapshot);
}

static GtkSizeRequestMode
ui_masked_view_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
ui_masked_view_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                        int *minimum_baseline, int *natural_baseline)
{
  UiPicture *picture = picture_of (UI_MASKED_VIEW (widget));
  double aspect = picture && ui_picture_height (picture) > 0
                      ? (double)ui_picture_width (picture) / ui_picture_height (picture)
                      : 4 / 3.0;
  *minimum = *natural = LEAST;
  if (orientation == GTK_ORIENTATION_VERTICAL && for_size > 0)
    *minimum = *natural = CLAMP ((int)lround (for_size / aspect), LEAST, MOST_HEIGHT);
}

/* ---- connections ---- */

void
ui_masked_view_set (UiMaskedView *self, UiSession *session, UiSeries *series)
{
  UiThreshold *threshold = ui_session_threshold (session);
  self->session = g_object_ref (session);
  self->series = g_object_ref (series);
  g_signal_connect_object (threshold, "changed", G_CALLBACK (gtk_widget_queue_draw), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold, "scored", G_CALLBACK (gtk_widget_queue_draw), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold, "truth", G_CALLBACK (gtk_widget_queue_draw), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (gtk_widget_queue_resize), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "display-changed", G_CALLBACK (gtk_widget_queue_draw), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_viewport (session), "changed", G_CALLBACK (gtk_widget_queue_draw), self,
                           G_CONNECT_SWAPPED);
}

static void
ui_masked_view_dispose (GObject *object)
{
  UiMaskedView *self = UI_MASKED_VIEW (object);
  g_clear_object (&self->texture);
  g_clear_pointer (&self->subject, eng_subject_unref);
  g_clear_object (&self->outline);
  g_clear_pointer (&self->truth, eng_image_unref);
  g_clear_pointer (&self->ranking, eng_ranking_unref);
  g_clear_object (&self->series);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_masked_view_parent_class)->dispose (object);
}

/* The wheel zooms as it does on the other page, for all views. */
static gboolean
on_scroll (GtkEventControllerScroll *controller, double dx, double dy, UiMaskedView *self)
{
  UiFrame frame;
  if (!(gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (controller)) & GDK_CONTROL_MASK)
      || !frame_of (self, &frame))
    return GDK_EVENT_PROPAGATE;
  ui_viewport_zoom_by (ui_session_viewport (self->session), &frame, pow (1.2, -dy), frame.width / 2,
                       frame.height / 2);
  return GDK_EVENT_STOP;
}

static void
ui_masked_view_class_init (UiMaskedViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_masked_view_dispose;
  widget_class->snapshot = ui_masked_view_snapshot;
  widget_class->measure = ui_masked_view_measure;
  widget_class->get_request_mode = ui_masked_view_get_request_mode;
  gtk_widget_class_set_css_name (widget_class, "maskedview");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
ui_masked_view_init (UiMaskedView *self)
{
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
  g_signal_connect (scroll, "scroll", G_CALLBACK (on_scroll), self);
  gtk_widget_add_controller (GTK_WIDGET (self), scroll);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_hexpand (GTK_WIDGET (self), TRUE);
}
