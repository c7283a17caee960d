/* See check-map.h. */
#include "ui/check-map.h"

#include <math.h>

#include "ui/loader.h"

#define LONG_SIDE 288 /* twice what the window shows at first, for screens of two pixels to one */

struct _UiCheckMap
{
  GtkWidget parent_instance;
  GtkLabel *title, *ends;
  GtkPicture *picture;
  EngHeatmap *shown; /* what was set last */
  guint wanted;      /* number of the drawing that is waited for; 0: none */
};

G_DEFINE_FINAL_TYPE (UiCheckMap, ui_check_map, GTK_TYPE_WIDGET)

typedef struct
{
  EngImage *image;
  EngHeatmap *map;
  UiDisplay display;
  UiScale scale;
  guint8 *rgb; /* height x width x 3; NULL: no memory */
  int width, height;
  guint number;
  UiCheckMap *view; /* weak */
} Draw;

/* ---- drawing: on a loader thread ---- */

static void
blend (guint8 *rgb, const guint32 *argb, gsize n, double opacity)
{
  for (gsize i = 0; i < n; i++)
    for (int c = 0; c < 3; c++)
      rgb[3 * i + c] = (guint8)lrint (rgb[3 * i + c] * (1 - opacity * (argb[i] >> 24) / 255.0)
                                      + opacity * (argb[i] >> (16 - 8 * c) & 255));
}

static void
draw (gpointer data)
{
  Draw *d = data;
  int w = eng_image_width (d->image), h = eng_image_height (d->image);
  double shrink = fmin (1, (double)LONG_SIDE / MAX (w, h));
  d->width = MAX (1, (int)lround (w * shrink));
  d->height = MAX (1, (int)lround (h * shrink));
  gsize n = (gsize)d->width * d->height;
  g_autofree float *values = ui_overlay_sample (d->map, d->display.smoothing, d->width, d->height);
  g_autofree guint8 *rgb = g_malloc (3 * n);
  g_autofree guint32 *argb = g_new (guint32, n);
  ui_display_scale (&d->display, d->map, &d->scale);
  if (!values || !eng_resize_rgb (eng_image_rgb (d->image), w, h, rgb, d->width, d->height, ENG_FILTER_BILINEAR))
    return;
  if (ui_overlay_wants_grey (&d->display, d->scale.sign))
    ui_overlay_grey (rgb, n, rgb);
  ui_overlay_heat (values, n, &d->scale, &d->display, argb);
  blend (rgb, argb, n, ui_display_opacity (&d->display));
  d->rgb = g_steal_pointer (&rgb);
}

static void
show (UiCheckMap *self, const Draw *d)
{
  gsize n = (gsize)d->width * d->height;
  g_autoptr (GBytes) bytes = d->rgb ? g_bytes_new (d->rgb, 3 * n) : NULL;
  g_autoptr (GdkTexture) texture =
      bytes ? gdk_memory_texture_new (d->width, d->height, GDK_MEMORY_R8G8B8, bytes, 3 * (gsize)d->width) : NULL;
  g_autofree char *lo = ui_scale_format (d->scale.lo), *hi = ui_scale_format (d->scale.hi);
  g_autofree char *ends = d->scale.flat ? g_strdup_printf ("%s everywhere", lo) : g_strdup_printf ("%s … %s", lo, hi);
  gtk_picture_set_paintable (self->picture, GDK_PAINTABLE (texture));
  gtk_label_set_text (self->ends, texture ? ends : "There is not enough memory to draw it.");
}

static void
drawn (gpointer data)
{
  Draw *d = data;
  if (d->view && d->view->wanted == d->number)
    {
      d->view->wanted = 0;
      show (d->view, d);
    }
  g_clear_weak_pointer (&d->view);
  eng_image_unref (d->image);
  eng_heatmap_unref (d->map);
  g_free (d->rgb);
  g_free (d);
}

void
ui_check_map_set (UiCheckMap *self, EngImage *image, EngHeatmap *map, const UiDisplay *display, const char *title)
{
  static guint number;
  gtk_label_set_text (self->title, title);
  gtk_picture_set_alternative_text (self->picture, title);
  g_clear_pointer (&self->shown, eng_heatmap_unref);
  self->wanted = 0;
  if (!map)
    {
      gtk_picture_set_paintable (self->picture, NULL);
      gtk_label_set_text (self->ends, "");
      return;
    }
  Draw *d = g_new0 (Draw, 1);
  self->shown = eng_heatmap_ref (map);
  self->wanted = d->number = ++number;
  d->image = eng_image_ref (image);
  d->map = eng_heatmap_ref (map);
  d->display = *display;
  d->display.mode = UI_MODE_OVERLAY;
  g_set_weak_pointer (&d->view, self);
  ui_loader_push (UI_LOADER_NOW, draw, drawn, d);
}

gboolean
ui_check_map_is_drawn (UiCheckMap *self)
{
  return self->shown && self->wanted == 0 && gtk_picture_get_paintable (self->picture);
}

/* ---- life ---- */

static void
ui_check_map_dispose (GObject *object)
{
  UiCheckMap *self = UI_CHECK_MAP (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->shown, eng_heatmap_unref);
  G_OBJECT_CLASS (ui_check_map_parent_class)->dispose (object);
}

static void
ui_check_map_class_init (UiCheckMapClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_check_map_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
}

static GtkLabel *
add_label (UiCheckMap *self, const char *css)
{
  GtkWidget *label = gtk_label_new ("");
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (label, "caption");
  if (css)
    gtk_widget_add_css_class (label, css);
  gtk_widget_set_parent (label, GTK_WIDGET (self));
  return GTK_LABEL (label);
}

static void
ui_check_map_init (UiCheckMap *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));
  gtk_orientable_set_orientation (GTK_ORIENTABLE (layout), GTK_ORIENTATION_VERTICAL);
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 4);
  self->title = add_label (self, NULL);
  self->picture = GTK_PICTURE (gtk_picture_new ());
  gtk_widget_set_size_request (GTK_WIDGET (self->picture), 180, 144);
  gtk_widget_set_vexpand (GTK_WIDGET (self->picture), TRUE);
  gtk_widget_set_valign (GTK_WIDGET (self->picture), GTK_ALIGN_START);
  gtk_widget_set_parent (GTK_WIDGET (self->picture), GTK_WIDGET (self));
  self->ends = add_label (self, "sl-dim");
  gtk_widget_set_hexpand (GTK_WIDGET (self), TRUE);
}

GtkWidget *
ui_check_map_new (const char *title)
{
  UiCheckMap *self = g_object_new (UI_TYPE_CHECK_MAP, NULL);
  gtk_label_set_text (self->title, title);
  return GTK_WIDGET (self);
}
