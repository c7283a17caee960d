/* See viewport.h. The centre is kept in picture pixels, so that tiles of different sizes show the
 * same place. */
#include "ui/viewport.h"

#include <math.h>

#define LARGEST 64.0

struct _UiViewport
{
  GObject parent_instance;
  gboolean fit;
  double zoom, x, y; /* widget pixels per picture pixel; the picture's point in the middle */
};

G_DEFINE_FINAL_TYPE (UiViewport, ui_viewport, G_TYPE_OBJECT)

static guint changed_signal;

static void
ui_viewport_class_init (UiViewportClass *klass)
{
  changed_signal = g_signal_new ("changed", UI_TYPE_VIEWPORT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ui_viewport_init (UiViewport *self)
{
  self->fit = TRUE;
  self->zoom = 1;
}

UiViewport *
ui_viewport_new (void)
{
  return g_object_new (UI_TYPE_VIEWPORT, NULL);
}

UiViewport *
ui_viewport_copy (UiViewport *self)
{
  UiViewport *copy = ui_viewport_new ();
  copy->fit = self->fit;
  copy->zoom = self->zoom;
  copy->x = self->x;
  copy->y = self->y;
  return copy;
}

void
ui_viewport_get (UiViewport *self, double *zoom, double *x, double *y)
{
  *zoom = self->fit ? 1 : self->zoom;
  *x = self->fit ? 0 : self->x;
  *y = self->fit ? 0 : self->y;
}

void
ui_viewport_set (UiViewport *self, double zoom, double x, double y)
{
  self->fit = FALSE;
  self->zoom = CLAMP (zoom, 1 / LARGEST, LARGEST);
  self->x = x;
  self->y = y;
  g_signal_emit (self, changed_signal, 0);
}

gboolean
ui_viewport_fits (UiViewport *self)
{
  return self->fit;
}

static double
fitting_scale (const UiFrame *frame)
{
  return MIN (frame->width / frame->image_width, frame->height / frame->image_height);
}

double
ui_viewport_scale (UiViewport *self, const UiFrame *frame)
{
  return self->fit ? fitting_scale (frame) : self->zoom;
}

void
ui_viewport_place (UiViewport *self, const UiFrame *frame, graphene_rect_t *out)
{
  double scale = ui_viewport_scale (self, frame);
  double width = frame->image_width * scale, height = frame->image_height * scale;
  if (self->fit)
    {
      /* On whole pixels, so that nothing has to be smoothed once more. */
      width = MAX (1, round (width));
      height = MAX (1, round (height));
      graphene_rect_init (out, (float)floor ((frame->width - width) / 2), (float)floor ((frame->height - height) / 2),
                          (float)width, (float)height);
      return;
    }
  graphene_rect_init (out, (float)(frame->width / 2 - self->x * scale), (float)(frame->height / 2 - self->y * scale),
                      (float)width, (float)height);
}

void
ui_viewport_fit (UiViewport *self)
{
  self->fit = TRUE;
  g_signal_emit (self, changed_signal, 0);
}

/* Along an axis where the picture is smaller than the widget it is centred; elsewhere no empty strip. */
static double
limit_centre (double centre, double image, double widget, double zoom)
{
  double half = widget / 2 / zoom;
  return 2 * half >= image ? image / 2 : CLAMP (centre, half, image - half);
}

static void
set_zoom (UiViewport *self, const UiFrame *frame, double zoom, double x, double y)
{
  double fitting = fitting_scale (frame);
  self->zoom = CLAMP (zoom, MIN (fitting, 1), MAX (LARGEST, fitting));
  self->fit = ABS (self->zoom - fitting) < 1e-3 * fitting;
  self->x = limit_centre (x, frame->image_width, frame->width, self->zoom);
  self->y = limit_centre (y, frame->image_height, frame->height, self->zoom);
  g_signal_emit (self, changed_signal, 0);
}

void
ui_viewport_zoom_by (UiViewport *self, const UiFrame *frame, double factor, double x, double y)
{
  graphene_rect_t place;
  double old = ui_viewport_scale (self, frame), zoom = CLAMP (old * factor, MIN (fitting_scale (frame), 1), LARGEST);
  ui_viewport_place (self, frame, &place);
  double image_x = (x - place.origin.x) / old, image_y = (y - place.origin.y) / old;
  set_zoom (self, frame, zoom, image_x + (frame->width / 2 - x) / zoom, image_y + (frame->height / 2 - y) / zoom);
}

void
ui_viewport_zoom_to (UiViewport *self, const UiFrame *frame, double scale)
{
  double x = self->fit ? frame->image_width / 2 : self->x, y = self->fit ? frame->image_height / 2 : self->y;
  set_zoom (self, frame, scale, x, y);
}

void
ui_viewport_pan (UiViewport *self, const UiFrame *frame, double dx, double dy)
{
  if (!self->fit)
    set_zoom (self, frame, self->zoom, self->x - dx / self->zoom, self->y - dy / self->zoom);
}
