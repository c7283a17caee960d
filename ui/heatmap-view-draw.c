/* How a view is drawn. Layers, from below: background (CSS), photo, the mode's layer under the display's opacity,
 * hatch where the model never looked, stripes over a stopped preview, crosshair and value. Drawing reads state and
 * changes none but what it keeps for the next frame. See heatmap-view-private.h. */
#include "ui/fitted.h"
#include "ui/heatmap-view-private.h"

#include <math.h>
#include <string.h>

#define PROGRESS_HEIGHT 46 /* of the bar that the tile lays over a running view */
#define GAP 7              /* of the crosshair round the pointer */
#define PIXELS_SHOW 4      /* screen pixels that a picture's pixel covers before its edges are drawn */
#define DIM_OPACITY 0.45
#define GREY_MOST (1024u * 1024u) /* pixels of a photo that is kept grey as well */
#define OLD_OPACITY 0.45

/* The visible pixels of the photo, each as a square of whole screen pixels: this version of GTK only knows how to
 * smooth what it enlarges. @part: (out): where they lie, in picture pixels. */
static GdkTexture *
enlarge_photo (UiHeatmapView *self, EngImage *image, const graphene_rect_t *place, const graphene_rect_t *bounds,
               int factor, cairo_rectangle_int_t *part)
{
  double scale = place->size.width / (double)eng_image_width (image);
  int x0 = MAX (0, (int)floor ((bounds->origin.x - place->origin.x) / scale)),
      y0 = MAX (0, (int)floor ((bounds->origin.y - place->origin.y) / scale));
  int x1 = MIN (eng_image_width (image), (int)ceil ((bounds->size.width - place->origin.x) / scale)),
      y1 = MIN (eng_image_height (image), (int)ceil ((bounds->size.height - place->origin.y) / scale));
  if (x1 <= x0 || y1 <= y0)
    return NULL;
  *part = (cairo_rectangle_int_t){ x0, y0, x1 - x0, y1 - y0 };
  if (self->close_up && self->close_up_of == image && self->close_up_factor == factor
      && gdk_rectangle_equal (part, &self->close_up_part))
    return self->close_up;
  int width = part->width * factor, height = part->height * factor;
  guint8 *rgb = g_malloc ((gsize)width * height * 3), *to = rgb;
  for (int y = 0; y < height; y++)
    {
      const guint8 *from = eng_image_rgb (image) + ((gsize)(y0 + y / factor) * eng_image_width (image) + x0) * 3;
      for (int x = 0; x < width; x++, to += 3)
        memcpy (to, from + x / factor * 3, 3);
    }
  g_autoptr (GBytes) bytes = g_bytes_new_take (rgb, (gsize)width * height * 3);
  g_clear_object (&self->close_up);
  self->close_up = gdk_memory_texture_new (width, height, GDK_MEMORY_R8G8B8, bytes, (gsize)width * 3);
  self->close_up_of = image;
  self->close_up_factor = factor;
  self->close_up_part = *part;
  return self->close_up;
}

/* Luma, then lifted to white by 1 - 0.42: the arithmetic of ui_overlay_grey(). A colour matrix costs a software
 * renderer several milliseconds for each tile and frame, so what is small enough is kept grey. */
static GdkTexture *
grey_of (GdkTexture *texture)
{
  static GQuark kept;
  int width = gdk_texture_get_width (texture), height = gdk_texture_get_height (texture);
  gsize n = (gsize)width * height;
  if (!kept)
    kept = g_quark_from_static_string ("sightline-grey");
  GdkTexture *grey = g_object_get_qdata (G_OBJECT (texture), kept);
  if (grey || n > GREY_MOST)
    return grey;
  guint32 *pixels = g_new (guint32, n);
  gdk_texture_download (texture, (guchar *)pixels, (gsize)width * 4);
  for (gsize i = 0; i < n; i++)
    {
      guint8 rgb[3] = { (guint8)(pixels[i] >> 16), (guint8)(pixels[i] >> 8), (guint8)pixels[i] };
      ui_overlay_grey (rgb, 1, rgb);
      pixels[i] = 0xff000000u | (guint32)rgb[0] << 16 | (guint32)rgb[1] << 8 | rgb[2];
    }
  grey = ui_fitted_new (pixels, width, height);
  g_object_set_qdata_full (G_OBJECT (texture), kept, grey, g_object_unref);
  return grey;
}

static void
push_grey (GtkSnapshot *snapshot)
{
  graphene_matrix_t matrix;
  graphene_vec4_t offset;
  const float lift = 0.42f, r = 0.299f * lift, g = 0.587f * lift, b = 0.114f * lift;
  const float m[16] = { r, r, r, 0, g, g, g, 0, b, b, b, 0, 0, 0, 0, 1 };
  graphene_matrix_init_from_float (&matrix, m);
  graphene_vec4_init (&offset, 1 - lift, 1 - lift, 1 - lift, 0);
  gtk_snapshot_push_color_matrix (snapshot, &matrix, &offset);
}

static void
append_texture (UiHeatmapView *self, GtkSnapshot *snapshot, GdkTexture *texture, const graphene_rect_t *at,
                gboolean grey)
{
  GdkTexture *made = grey ? grey_of (texture) : NULL;
  if (grey && !made)
    push_grey (snapshot);
  ui_fitted_append (GTK_WIDGET (self), snapshot, made ? made : texture, at, self->dim ? DIM_OPACITY : 1);
  if (grey && !made)
    gtk_snapshot_pop (snapshot);
}

/* As it is drawn while the whole picture is in sight. Zooming would make a copy for every frame. */
static GdkTexture *
fitted (UiHeatmapView *self, GdkTexture *texture, const graphene_rect_t *place)
{
  int factor = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  if (!ui_viewport_fits (ui_heatmap_view_viewport (self)))
    return texture;
  return ui_fitted_texture (texture, (int)place->size.width * factor, (int)place->size.height * factor);
}

static void
draw_photo (UiHeatmapView *self, GtkSnapshot *snapshot, const graphene_rect_t *place, const graphene_rect_t *bounds,
            gboolean grey)
{
  UiPicture *picture = ui_heatmap_view_picture (self);
  GdkTexture *texture = ui_picture_texture (picture), *proxy = ui_picture_proxy (picture);
  EngImage *image = ui_picture_image (picture);
  int factor = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  float scale = place->size.width / (float)ui_picture_width (picture);
  cairo_rectangle_int_t part;
  GdkTexture *close_up = image && scale >= PIXELS_SHOW
                             ? enlarge_photo (self, image, place, bounds, (int)ceilf (scale * (float)factor), &part)
                             : NULL;
  if (close_up)
    {
      append_texture (self, snapshot, close_up,
                      &GRAPHENE_RECT_INIT (place->origin.x + (float)part.x * scale,
                                           place->origin.y + (float)part.y * scale, (float)part.width * scale,
                                           (float)part.height * scale),
                      grey);
      return;
    }
  if (proxy && place->size.width * (float)factor <= (float)gdk_texture_get_width (proxy))
    texture = proxy;
  if (!texture)
    texture = ui_picture_thumbnail (picture); /* until the pixels are there */
  if (texture)
    append_texture (self, snapshot, fitted (self, texture, place), place, grey);
}

static void
draw_hatch (UiHeatmapView *self, GtkSnapshot *snapshot, const graphene_rect_t *place, const graphene_rect_t *bounds)
{
  EngModel *model = ui_session_model (self->session);
  UiPicture *picture = ui_heatmap_view_picture (self);
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
  if (self->slot && ui_slot_state (self->slot) == UI_SLOT_RUNNING)
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
  float scale = place->size.width / (float)ui_picture_width (ui_heatmap_view_picture (self));
  if (ui_session_shows_crosshair (self->session))
    draw_crosshair (snapshot, place->origin.x + (float)x * scale, place->origin.y + (float)y * scale, &visible);
  g_autofree char *text = NULL;
  if (!self->slot)
    text = ui_heatmap_view_colour (self, x, y);
  else if (ui_heatmap_view_mode (self) != UI_MODE_PHOTO && ui_heatmap_view_value (self, x, y, &value))
    text = ui_scale_format (value);
  if (text)
    draw_value (self, snapshot, text, &visible);
}

/* The layer that the mode lays over the photo; what is out of date is pale. */
static void
draw_layer (UiHeatmapView *self, GtkSnapshot *snapshot, const graphene_rect_t *place, const graphene_rect_t *bounds)
{
  double opacity = ui_display_opacity (&self->display);
  if (ui_slot_state (self->slot) == UI_SLOT_OLD)
    opacity *= OLD_OPACITY;
  ui_fitted_append (GTK_WIDGET (self), snapshot, self->heat, place, opacity);
  draw_hatch (self, snapshot, place, bounds);
  if (ui_slot_is_cut_short (self->slot))
    draw_stopped (snapshot, place, bounds);
}

void
ui_heatmap_view_draw (GtkWidget *widget, GtkSnapshot *snapshot)
{
  UiHeatmapView *self = UI_HEATMAP_VIEW (widget);
  UiFrame frame;
  graphene_rect_t place, bounds;
  if (!ui_heatmap_view_frame (self, &frame))
    return;
  UiMode mode = ui_heatmap_view_mode (self);
  if (self->slot)
    ui_heatmap_view_ensure (self);
  ui_viewport_place (self->viewport, &frame, &place);
  graphene_rect_init (&bounds, 0, 0, (float)frame.width, (float)frame.height);
  gtk_snapshot_push_clip (snapshot, &bounds);
  draw_photo (self, snapshot, &place, &bounds,
              mode != UI_MODE_PHOTO && self->map && ui_overlay_wants_grey (&self->display, self->scale.sign));
  if (mode != UI_MODE_PHOTO && self->heat)
    draw_layer (self, snapshot, &place, &bounds);
  else if (mode != UI_MODE_PHOTO)
    draw_hatch (self, snapshot, &place, &bounds);
  draw_pointer (self, snapshot, &place, &bounds);
  gtk_snapshot_pop (snapshot);
}
