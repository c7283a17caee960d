/* See figure-view.h. The drawing is rendered away from the main thread into one texture per page; until a new one is
 * there the old one is shown, scaled. */
#include "ui/figure-view.h"

#include <math.h>

#include "ui/loader.h"
#include "ui/session.h"

#define LEAST_ZOOM 0.25
#define MOST_ZOOM 8.0
#define MOST_PIXELS 6000.0 /* a side of a rendered page; larger ones are shown a little soft */
#define MOST_PAGES 12      /* rendered; a contact sheet has more than one looks at */
#define RULER 22           /* px above the page */
#define MARGIN 24
#define ASSUMED_DPI 96.0

typedef struct
{
  double width, height; /* mm */
  GdkTexture *texture;  /* NULL: not rendered */
} Page;

struct _UiFigureView
{
  GtkWidget parent_instance;
  UiSession *session;
  UiComposer *composer; /* of the session */
  double zoom;
  GArray *pages;          /* Page, as last rendered */
  UiFigureDrawing *shown; /* what @pages show */
  gboolean rendering, stale;
};

enum
{
  PROP_ZOOM = 1,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (UiFigureView, ui_figure_view, GTK_TYPE_WIDGET)

/* ---- sizes ---- */

static double
dots_per_mm (UiFigureView *self, gboolean *known)
{
  GtkNative *native = gtk_widget_get_native (GTK_WIDGET (self));
  GdkSurface *surface = native ? gtk_native_get_surface (native) : NULL;
  GdkMonitor *monitor =
      surface ? gdk_display_get_monitor_at_surface (gtk_widget_get_display (GTK_WIDGET (self)), surface) : NULL;
  GdkRectangle area = { 0 };
  int mm = monitor ? gdk_monitor_get_width_mm (monitor) : 0;
  if (monitor)
    gdk_monitor_get_geometry (monitor, &area);
  /* Projectors and virtual displays tell sizes that no screen has. */
  double dots = mm > 0 ? (double)area.width / mm : 0;
  gboolean good = dots > 1.5 && dots < 16;
  if (known)
    *known = good;
  return good ? dots : ASSUMED_DPI / 25.4;
}

gboolean
ui_figure_view_knows_size (UiFigureView *self)
{
  gboolean known;
  dots_per_mm (self, &known);
  return known;
}

static double
scale_of (UiFigureView *self)
{
  return dots_per_mm (self, NULL) * self->zoom;
}

double
ui_figure_view_zoom (UiFigureView *self)
{
  return self->zoom;
}

/* ---- rendering ---- */

typedef struct
{
  UiFigureView *view; /* owned */
  UiFigureDrawing *drawing;
  double scale; /* device pixels per mm */
  GArray *pages;
} Render;

static void
page_clear (gpointer page)
{
  g_clear_object (&((Page *)page)->texture);
}

static GArray *
pages_new (void)
{
  GArray *pages = g_array_new (FALSE, TRUE, sizeof (Page));
  g_array_set_clear_func (pages, page_clear);
  return pages;
}

static GdkTexture *
texture_of (cairo_surface_t *surface)
{
  gsize stride = (gsize)cairo_image_surface_get_stride (surface);
  int width = cairo_image_surface_get_width (surface), height = cairo_image_surface_get_height (surface);
  g_autoptr (GBytes) bytes =
      g_bytes_new_with_free_func (cairo_image_surface_get_data (surface), stride * (gsize)height,
                                  (GDestroyNotify)cairo_surface_destroy, cairo_surface_reference (surface));
  return gdk_memory_texture_new (width, height, GDK_MEMORY_DEFAULT, bytes, stride);
}

static void
render_page (Render *render, guint at, Page *page)
{
  double scale = MIN (render->scale, MOST_PIXELS / MAX (MAX (page->width, page->height), 1));
  cairo_surface_t *surface = cairo_image_surface_create (
      CAIRO_FORMAT_ARGB32, MAX (1, (int)ceil (page->width * scale)), MAX (1, (int)ceil (page->height * scale)));
  cairo_t *cr = cairo_create (surface);
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_paint (cr);
  cairo_scale (cr, scale * UI_MM_PER_PT, scale * UI_MM_PER_PT);
  ui_figure_drawing_draw (render->drawing, cr, at);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  if (cairo_surface_status (surface) == CAIRO_STATUS_SUCCESS)
    page->texture = texture_of (surface);
  cairo_surface_destroy (surface);
}

static void
render_work (gpointer data)
{
  Render *render = data;
  render->pages = pages_new ();
  g_array_set_size (render->pages, ui_figure_drawing_n_pages (render->drawing));
  for (guint i = 0; i < render->pages->len; i++)
    {
      Page *page = &g_array_index (render->pages, Page, i);
      ui_figure_drawing_size (render->drawing, i, &page->width, &page->height);
      if (i < MOST_PAGES)
        render_page (render, i, page);
    }
}

static void render (UiFigureView *self);

static void
render_done (gpointer data)
{
  Render *job = data;
  UiFigureView *self = job->view;
  self->rendering = FALSE;
  g_array_unref (self->pages);
  self->pages = job->pages;
  g_clear_pointer (&self->shown, ui_figure_drawing_unref);
  self->shown = job->drawing;
  if (self->composer)
    {
      gtk_widget_queue_resize (GTK_WIDGET (self));
      if (self->stale)
        render (self);
    }
  g_object_unref (self);
  g_free (job);
}

static void
render (UiFigureView *self)
{
  UiFigureDrawing *drawing = self->composer ? ui_composer_drawing (self->composer) : NULL;
  self->stale = self->rendering;
  if (self->rendering || !drawing)
    return;
  Render *job = g_new0 (Render, 1);
  job->view = g_object_ref (self);
  job->drawing = ui_figure_drawing_ref (drawing);
  job->scale = scale_of (self) * gtk_widget_get_scale_factor (GTK_WIDGET (self));
  self->rendering = TRUE;
  ui_loader_push (UI_LOADER_NOW, render_work, render_done, job);
}

void
ui_figure_view_set_zoom (UiFigureView *self, double zoom)
{
  zoom = CLAMP (zoom, LEAST_ZOOM, MOST_ZOOM);
  if (self->zoom == zoom)
    return;
  self->zoom = zoom;
  render (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ZOOM]);
}

/* ---- drawing ---- */

static void
extent (UiFigureView *self, double *width, double *height)
{
  double scale = scale_of (self);
  *width = *height = 0;
  for (guint i = 0; i < self->pages->len; i++)
    {
      const Page *page = &g_array_index (self->pages, Page, i);
      *width = MAX (*width, page->width * scale);
      *height += page->height * scale + (i > 0 ? MARGIN : 0);
    }
}

static void
ui_figure_view_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                        int *minimum_baseline, int *natural_baseline)
{
  double width, height;
  extent (UI_FIGURE_VIEW (widget), &width, &height);
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? (int)ceil (width) + 2 * MARGIN
                                                                  : (int)ceil (height) + 2 * MARGIN + RULER;
}

/* Where page @at lies in the widget. */
static void
place_of (UiFigureView *self, guint at, graphene_rect_t *out)
{
  double width, height, scale = scale_of (self);
  extent (self, &width, &height);
  double x = MAX (MARGIN, (gtk_widget_get_width (GTK_WIDGET (self)) - width) / 2), y = MARGIN + RULER;
  for (guint i = 0; i < at; i++)
    y += g_array_index (self->pages, Page, i).height * scale + MARGIN;
  const Page *page = &g_array_index (self->pages, Page, at);
  graphene_rect_init (out, (float)round (x), (float)round (y), (float)(page->width * scale),
                      (float)(page->height * scale));
}

/* Millimetres above the first page; a number every @step of them. */
static void
draw_ruler (UiFigureView *self, GtkSnapshot *snapshot, const graphene_rect_t *page)
{
  GdkRGBA ink;
  double scale = scale_of (self), mm = g_array_index (self->pages, Page, 0).width;
  int step = scale * 20 >= 50 ? 20 : 50, tick = scale >= 2.5 ? 1 : scale >= 1 ? 5 : 10;
  gtk_style_context_get_color (gtk_widget_get_style_context (GTK_WIDGET (self)), &ink);
  ink.alpha = 0.6F;
  for (int i = 0; i <= (int)mm; i += tick)
    {
      float height = i % step == 0 ? 7 : i % 10 == 0 ? 5 : 3;
      gtk_snapshot_append_color (
          snapshot, &ink,
          &GRAPHENE_RECT_INIT (page->origin.x + (float)(i * scale), page->origin.y - 4 - height, 1, height));
    }
  for (int i = 0; i <= (int)mm; i += step)
    {
      g_autofree char *text = i + step > (int)mm ? g_strdup_printf ("%d mm", i) : g_strdup_printf ("%d", i);
      g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
      int width;
      pango_layout_get_pixel_size (layout, &width, NULL);
      gtk_snapshot_save (snapshot);
      gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (page->origin.x + (float)(i * scale) - (float)width / 2,
                                                              page->origin.y - RULER - 6));
      gtk_snapshot_append_layout (snapshot, layout, &ink);
      gtk_snapshot_restore (snapshot);
    }
}

/* A frame round the panels of the selected row; on screen only. */
static void
draw_selection (UiFigureView *self, GtkSnapshot *snapshot, guint at, const graphene_rect_t *page)
{
  guint row = ui_composer_selected (self->composer), where;
  GdkRGBA accent = { 0.11F, 0.44F, 0.85F, 1 };
  double scale = scale_of (self);
  UiFigureBox box;
  for (guint c = 0; self->shown && row != G_MAXUINT && ui_figure_drawing_panel (self->shown, row, c, &where, &box);
       c++)
    {
      if (where != at)
        continue;
      GskRoundedRect outline;
      gsk_rounded_rect_init_from_rect (&outline,
                                       &GRAPHENE_RECT_INIT (page->origin.x + (float)(box.x * scale) - 2,
                                                            page->origin.y + (float)(box.y * scale) - 2,
                                                            (float)(box.width * scale) + 4,
                                                            (float)(box.height * scale) + 4),
                                       2);
      gtk_snapshot_append_border (snapshot, &outline, (float[4]){ 2, 2, 2, 2 },
                                  (GdkRGBA[4]){ accent, accent, accent, accent });
    }
}

static void
ui_figure_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  UiFigureView *self = UI_FIGURE_VIEW (widget);
  GskRoundedRect outline;
  for (guint i = 0; i < self->pages->len; i++)
    {
      const Page *page = &g_array_index (self->pages, Page, i);
      graphene_rect_t place;
      place_of (self, i, &place);
      gsk_rounded_rect_init_from_rect (&outline, &place, 0);
      gtk_snapshot_append_outset_shadow (snapshot, &outline, &(GdkRGBA){ 0, 0, 0, 0.25F }, 0, 1, 1, 5);
      gtk_snapshot_append_color (snapshot, &(GdkRGBA){ 1, 1, 1, 1 }, &place);
      if (page->texture)
        gtk_snapshot_append_texture (snapshot, page->texture, &place);
      if (i == 0)
        draw_ruler (self, snapshot, &place);
      if (gtk_widget_has_focus (widget))
        draw_selection (self, snapshot, i, &place);
    }
}

/* ---- input ---- */

static void
on_pressed (GtkGestureClick *gesture, int n_press, double x, double y, UiFigureView *self)
{
  double scale = scale_of (self);
  guint row, column;
  gtk_widget_grab_focus (GTK_WIDGET (self));
  for (guint i = 0; i < self->pages->len && self->shown; i++)
    {
      graphene_rect_t place;
      place_of (self, i, &place);
      if (ui_figure_drawing_pick (self->shown, i, (x - place.origin.x) / scale, (y - place.origin.y) / scale, &row,
                                  &column))
        ui_composer_select (self->composer, row);
    }
}

static gboolean
on_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, UiFigureView *self)
{
  guint row = ui_composer_selected (self->composer), n = ui_composer_figure (self->composer)->rows->len;
  int by = key == GDK_KEY_Down ? 1 : key == GDK_KEY_Up ? -1 : 0;
  if (!by || n == 0 || state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK))
    return GDK_EVENT_PROPAGATE;
  ui_composer_select (self->composer, row == G_MAXUINT ? 0 : (guint)CLAMP ((int)row + by, 0, (int)n - 1));
  return GDK_EVENT_STOP;
}

static gboolean
on_scroll (GtkEventControllerScroll *controller, double dx, double dy, UiFigureView *self)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (controller));
  if (!(state & GDK_CONTROL_MASK))
    return GDK_EVENT_PROPAGATE;
  ui_figure_view_set_zoom (self, self->zoom * pow (1.1, -dy));
  return GDK_EVENT_STOP;
}

/* ---- birth and end ---- */

static void
on_drawn (UiFigureView *self)
{
  const UiFigure *figure = ui_composer_figure (self->composer);
  g_autofree char *text =
      g_strdup_printf ("Figure: %u row%s, %u column%s", figure->rows->len, figure->rows->len == 1 ? "" : "s",
                       figure->columns->len, figure->columns->len == 1 ? "" : "s");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  if (self->shown != ui_composer_drawing (self->composer))
    render (self);
}

void
ui_figure_view_set_session (UiFigureView *self, UiSession *session)
{
  self->session = g_object_ref (session);
  self->composer = ui_session_composer (session);
  g_signal_connect_object (self->composer, "drawn", G_CALLBACK (on_drawn), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->composer, "changed", G_CALLBACK (gtk_widget_queue_draw), self, G_CONNECT_SWAPPED);
}

static void
ui_figure_view_realize (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (ui_figure_view_parent_class)->realize (widget);
  render (UI_FIGURE_VIEW (widget));
}

static void
ui_figure_view_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  g_value_set_double (value, UI_FIGURE_VIEW (object)->zoom);
}

static void
ui_figure_view_dispose (GObject *object)
{
  UiFigureView *self = UI_FIGURE_VIEW (object);
  self->composer = NULL;
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_figure_view_parent_class)->dispose (object);
}

static void
ui_figure_view_finalize (GObject *object)
{
  UiFigureView *self = UI_FIGURE_VIEW (object);
  g_array_unref (self->pages);
  g_clear_pointer (&self->shown, ui_figure_drawing_unref);
  G_OBJECT_CLASS (ui_figure_view_parent_class)->finalize (object);
}

static void
ui_figure_view_class_init (UiFigureViewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  object_class->get_property = ui_figure_view_get_property;
  object_class->dispose = ui_figure_view_dispose;
  object_class->finalize = ui_figure_view_finalize;
  widget_class->measure = ui_figure_view_measure;
  widget_class->snapshot = ui_figure_view_snapshot;
  widget_class->realize = ui_figure_view_realize;
  props[PROP_ZOOM] = g_param_spec_double ("zoom", NULL, NULL, LEAST_ZOOM, MOST_ZOOM, 1,
                                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  gtk_widget_class_set_css_name (widget_class, "figureview");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
ui_figure_view_init (UiFigureView *self)
{
  GtkGesture *click = gtk_gesture_click_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
  self->zoom = 1;
  self->pages = pages_new ();
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  g_signal_connect (click, "pressed", G_CALLBACK (on_pressed), self);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), self);
  g_signal_connect (scroll, "scroll", G_CALLBACK (on_scroll), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
  gtk_widget_add_controller (GTK_WIDGET (self), scroll);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, "Figure", -1);
}
