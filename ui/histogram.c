/* See histogram.h. Bars are as high as the square root of their count, or a few full bins would hide all others. */
#include "ui/histogram.h"

#include <math.h>

#include "ui/draw/legend.h"
#include "ui/tip.h"

#define BINS 58
#define HEIGHT 58
#define RAMP 10 /* below the bars */
#define STEP 0.01

struct _UiHistogram
{
  GtkWidget parent_instance;
  const UiColormap *colormap; /* NULL: nothing to show */
  UiScale scale;
  double lo, hi; /* of all values */
  guint counts[BINS], most;
  int end; /* that keys and the drag move */
};

G_DEFINE_FINAL_TYPE (UiHistogram, ui_histogram, GTK_TYPE_WIDGET)

static guint range_signal;

static void
describe (UiHistogram *self)
{
  g_autofree char *lo = ui_scale_format (self->scale.lo), *hi = ui_scale_format (self->scale.hi);
  g_autofree char *text = !self->colormap
                              ? g_strdup ("No map")
                              : g_strdup_printf ("%s end %s", self->end ? "High" : "Low", self->end ? hi : lo);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, "Range of the colours",
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, text, -1);
}

/* The values as the scale shows them. */
static void
count (UiHistogram *self, const UiSpread *spread)
{
  g_autofree float *shown = g_new (float, MAX (spread->n, 1));
  self->lo = INFINITY;
  self->hi = -INFINITY;
  for (gsize i = 0; i < spread->n; i++)
    {
      shown[i] = ui_scale_shown (&self->scale, spread->sorted[i]);
      self->lo = fmin (self->lo, shown[i]);
      self->hi = fmax (self->hi, shown[i]);
    }
  /* The ends stay in sight where a range is shared or set by hand. */
  self->lo = fmin (self->lo, self->scale.lo);
  self->hi = fmax (self->hi, self->scale.hi);
  if (self->scale.sign == ENG_SIGN_SIGNED)
    self->lo = -(self->hi = fmax (-self->lo, self->hi));
  ui_spread_histogram (shown, spread->n, self->lo, self->hi, self->counts, BINS);
  self->most = 1;
  for (int i = 0; i < BINS; i++)
    self->most = MAX (self->most, self->counts[i]);
}

void
ui_histogram_set (UiHistogram *self, const UiSpread *spread, const UiScale *scale, const UiColormap *colormap)
{
  gboolean shows = spread && spread->n > 0 && !scale->flat && !scale->empty;
  self->colormap = shows ? colormap : NULL;
  if (shows)
    {
      self->scale = *scale;
      count (self, spread);
    }
  describe (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
ui_histogram_move (UiHistogram *self, int end, double value)
{
  double lo = self->scale.lo, hi = self->scale.hi, least = (self->hi - self->lo) * STEP / 2;
  gboolean is_signed = self->scale.sign == ENG_SIGN_SIGNED;
  if (!self->colormap)
    return;
  self->end = end;
  value = CLAMP (value, self->lo, self->hi);
  if (is_signed)
    {
      hi = fmax (end ? value : -value, least);
      lo = -hi;
    }
  else if (end)
    hi = fmax (value, lo + least);
  else
    lo = fmin (value, hi - least);
  g_signal_emit (self, range_signal, 0, lo, hi);
}

/* ---- pointer and keys ---- */

static double
value_at (UiHistogram *self, double x)
{
  return self->lo + x / MAX (1, gtk_widget_get_width (GTK_WIDGET (self))) * (self->hi - self->lo);
}

static void
on_drag_begin (GtkGestureDrag *gesture, double x, double y, UiHistogram *self)
{
  double value = value_at (self, x);
  gtk_widget_grab_focus (GTK_WIDGET (self));
  ui_histogram_move (self, fabs (value - self->scale.hi) <= fabs (value - self->scale.lo), value);
}

static void
on_drag (GtkGestureDrag *gesture, double dx, double dy, UiHistogram *self)
{
  double x, y;
  if (gtk_gesture_drag_get_start_point (gesture, &x, &y))
    ui_histogram_move (self, self->end, value_at (self, x + dx));
}

static gboolean
on_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, UiHistogram *self)
{
  static const struct
  {
    guint key;
    int end, steps; /* @end: < 0: the one that moved last */
  } keys[] = { { GDK_KEY_Left, -1, -1 }, { GDK_KEY_Right, -1, 1 },       { GDK_KEY_Down, 0, 0 },
               { GDK_KEY_Up, 1, 0 },     { GDK_KEY_Page_Down, -1, -10 }, { GDK_KEY_Page_Up, -1, 10 } };
  if (!self->colormap || state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK))
    return GDK_EVENT_PROPAGATE;
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (keys[i].key == key)
      {
        self->end = keys[i].end < 0 ? self->end : keys[i].end;
        double from = self->end ? self->scale.hi : self->scale.lo;
        if (keys[i].steps)
          ui_histogram_move (self, self->end, from + keys[i].steps * STEP * (self->hi - self->lo));
        describe (self);
        gtk_widget_queue_draw (GTK_WIDGET (self));
        return GDK_EVENT_STOP;
      }
  return GDK_EVENT_PROPAGATE;
}

/* ---- drawing ---- */

static void
draw_bars (UiHistogram *self, cairo_t *cr, double width, double height)
{
  for (int i = 0; i < BINS; i++)
    {
      double at = self->lo + (i + 0.5) / BINS * (self->hi - self->lo), x = floor (i * width / BINS);
      double bar = sqrt (self->counts[i] / (double)self->most) * (height - 2);
      gboolean inside = at >= self->scale.lo && at <= self->scale.hi;
      GdkRGBA color;
      gtk_style_context_get_color (gtk_widget_get_style_context (GTK_WIDGET (self)), &color);
      cairo_set_source_rgba (cr, color.red, color.green, color.blue, inside ? 0.5 : 0.22);
      cairo_rectangle (cr, x, height - bar, MAX (1, floor ((i + 1) * width / BINS) - x - 1), bar);
      cairo_fill (cr);
    }
}

static void
draw_end (UiHistogram *self, cairo_t *cr, int end, double width, double height)
{
  double value = end ? self->scale.hi : self->scale.lo;
  double x = (value - self->lo) / (self->hi - self->lo) * width;
  GdkRGBA color;
  gtk_style_context_get_color (gtk_widget_get_style_context (GTK_WIDGET (self)), &color);
  gboolean active = gtk_widget_has_focus (GTK_WIDGET (self)) && self->end == end;
  x = CLAMP (floor (x), 1, width - 2) + 0.5;
  cairo_set_source_rgba (cr, color.red, color.green, color.blue, 0.9);
  cairo_set_line_width (cr, active ? 3 : 1);
  cairo_move_to (cr, x, 0);
  cairo_line_to (cr, x, height);
  cairo_stroke (cr);
  cairo_rectangle (cr, x - 3, 0, 6, 5);
  cairo_fill (cr);
}

static void
ui_histogram_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  UiHistogram *self = UI_HISTOGRAM (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  if (!self->colormap || width <= 0)
    return;
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, (float)width, (float)height));
  double x0 = (self->scale.lo - self->lo) / (self->hi - self->lo) * width;
  double x1 = (self->scale.hi - self->lo) / (self->hi - self->lo) * width;
  draw_bars (self, cr, width, height - RAMP);
  ui_legend_ramp (cr, self->colormap, x0, height - RAMP, MAX (1, x1 - x0), RAMP);
  draw_end (self, cr, 0, width, height);
  draw_end (self, cr, 1, width, height);
  cairo_destroy (cr);
}

static void
ui_histogram_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                      int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? BINS * 2 : HEIGHT;
}

static void
ui_histogram_class_init (UiHistogramClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  widget_class->snapshot = ui_histogram_snapshot;
  widget_class->measure = ui_histogram_measure;
  gtk_widget_class_set_css_name (widget_class, "histogram");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_SLIDER);
  range_signal = g_signal_new ("range", UI_TYPE_HISTOGRAM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                               G_TYPE_DOUBLE, G_TYPE_DOUBLE);
}

static void
ui_histogram_init (UiHistogram *self)
{
  GtkGesture *drag = gtk_gesture_drag_new ();
  GtkEventController *keys = gtk_event_controller_key_new (), *focus = gtk_event_controller_focus_new ();
  self->end = 1;
  g_signal_connect (drag, "drag-begin", G_CALLBACK (on_drag_begin), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (on_drag), self);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), self);
  g_signal_connect_swapped (focus, "enter", G_CALLBACK (gtk_widget_queue_draw), self);
  g_signal_connect_swapped (focus, "leave", G_CALLBACK (gtk_widget_queue_draw), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
  gtk_widget_add_controller (GTK_WIDGET (self), focus);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_hexpand (GTK_WIDGET (self), TRUE);
  ui_tip_describe (GTK_WIDGET (self), "Drag an end of the scale. Left and Right move it, Up and Down choose "
                                      "the other one.");
  describe (self);
}
