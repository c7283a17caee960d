/* See curve-plot.h. The drawing is ui/draw/plot.h's; this file fills it from the threshold and reads the pointer.
 * While the cursor is dragged, axes and band stay as they are: they are a texture. */
#include "ui/curve-plot.h"

#include "ui/area-table.h"
#include <math.h>

#include "ui/draw/plot.h"
#include "ui/ink.h"

#define NEAR 7 /* pixels from a line or the cursor that still mean it */

struct _UiCurvePlot
{
  GtkWidget parent_instance;
  UiSession *session;
  GArray *lines;     /* UiPlotLine */
  GPtrArray *values; /* the arrays behind them */
  GPtrArray *owners; /* UiSeries of each line */
  UiPlotArea area;   /* as last drawn */
  double drag_start; /* share; NAN: the press chose a line */

  /* Axes and band, and what they were drawn from. */
  GdkTexture *ground;
  char *ground_key;
  EngBand *band;
};

G_DEFINE_FINAL_TYPE (UiCurvePlot, ui_curve_plot, GTK_TYPE_WIDGET)

static UiThreshold *
threshold_of (UiCurvePlot *self)
{
  return ui_session_threshold (self->session);
}

/* ---- lines ---- */

static double
score_of (UiThreshold *threshold, const EngReading *reading)
{
  return ui_protocol_score (ui_threshold_protocol (threshold), ui_threshold_direction (threshold), reading,
                            eng_subject_class_index (ui_threshold_subject (threshold)));
}

double
ui_curve_plot_dot (UiCurvePlot *self, UiSeries *series)
{
  UiThreshold *threshold = threshold_of (self);
  EngReading reading;
  gboolean exact;
  if (!ui_threshold_subject (threshold) || !ui_threshold_score (threshold, series, &reading, &exact))
    return NAN;
  return score_of (threshold, &reading);
}

/* The curve's points and, between them, the dot: the line goes through what was measured. */
static void
add_line (UiCurvePlot *self, UiSeries *series, const UiCurve *curve, gboolean faded)
{
  UiThreshold *threshold = threshold_of (self);
  double share = ui_threshold_share (threshold), dot = faded ? NAN : ui_curve_plot_dot (self, series);
  double *x = g_new (double, 2 * (curve->done + 1)), *y = x + curve->done + 1;
  int n = 0;
  gboolean inside = !isnan (dot) && curve->done > 0 && share > curve->xs[0] && share < curve->xs[curve->done - 1];
  for (int i = 0; i < curve->done; i++)
    {
      if (inside && share < curve->xs[i])
        {
          x[n] = share;
          y[n++] = dot;
          inside = FALSE;
        }
      x[n] = curve->xs[i];
      y[n++] = curve->points[i].y;
      inside = inside && share != curve->xs[i];
    }
  UiPlotLine line = { &series->style, x, y, n, faded, series == ui_threshold_selected (threshold), dot };
  g_array_append_val (self->lines, line);
  g_ptr_array_add (self->values, x);
  g_ptr_array_add (self->owners, g_object_ref (series));
}

static void
add_series (UiCurvePlot *self, UiSeries *series)
{
  UiDirection direction = ui_threshold_direction (threshold_of (self));
  UiCurve *shown = series->shown[direction], *wanted = series->wanted[direction];
  if (!series->slot || !ui_threshold_subject (threshold_of (self)))
    return;
  if (wanted)
    add_line (self, series, wanted, FALSE);
  if (shown && shown != wanted)
    add_line (self, series, shown, TRUE);
}

static void
collect_lines (UiCurvePlot *self)
{
  UiThreshold *threshold = threshold_of (self);
  GListModel *series = ui_threshold_series (threshold);
  UiSeries *selected = ui_threshold_selected (threshold);
  g_array_set_size (self->lines, 0);
  g_ptr_array_set_size (self->values, 0);
  g_ptr_array_set_size (self->owners, 0);
  if (selected)
    add_series (self, selected);
  for (guint i = 0; i < g_list_model_get_n_items (series); i++)
    {
      g_autoptr (UiSeries) item = g_list_model_get_item (series, i);
      if (item != selected)
        add_series (self, item);
    }
}

/* ---- drawing ---- */

static const char *
x_label_of (UiThreshold *threshold)
{
  EngProtocolCurve curve = ui_protocol_curve (ui_threshold_protocol (threshold), ui_threshold_direction (threshold));
  if (curve.mode == ENG_MASK_KEEP)
    return "most relevant pixels kept";
  return curve.order == ENG_ORDER_MOST_FIRST ? "most relevant pixels removed" : "least relevant pixels removed";
}

static void
get_colors (GtkWidget *widget, UiPlot *plot)
{
  GdkRGBA ink, ground = { 1, 1, 1, 1 };
  GtkStyleContext *style = gtk_widget_get_style_context (widget);
  gtk_style_context_get_color (style, &ink);
  gtk_style_context_lookup_color (style, "theme_base_color", &ground);
  plot->foreground[0] = ink.red;
  plot->foreground[1] = ink.green;
  plot->foreground[2] = ink.blue;
  plot->background[0] = ground.red;
  plot->background[1] = ground.green;
  plot->background[2] = ground.blue;
  plot->dark = ui_ink_is_dark (widget);
}

static GdkTexture *
make_ground (const UiPlot *plot, int width, int height, int factor)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width * factor, height * factor);
  cairo_surface_set_device_scale (surface, factor, factor);
  cairo_t *cr = cairo_create (surface);
  ui_plot_draw_ground (plot, cr, width, height);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  gsize stride = (gsize)cairo_image_surface_get_stride (surface);
  g_autoptr (GBytes) bytes =
      g_bytes_new_with_free_func (cairo_image_surface_get_data (surface), stride * (gsize)height * (gsize)factor,
                                  (GDestroyNotify)cairo_surface_destroy, surface);
  return gdk_memory_texture_new (width * factor, height * factor, GDK_MEMORY_DEFAULT, bytes, stride);
}

static void
ensure_ground (UiCurvePlot *self, const UiPlot *plot, const EngBand *band, int width, int height)
{
  const double *ink = plot->foreground;
  int factor = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  g_autofree char *font = pango_font_description_to_string (plot->font);
  g_autofree char *key = g_strdup_printf ("%d %d %d %d %g %g %g %s\n%s\n%s", width, height, factor, plot->dark,
                                          ink[0], ink[1], ink[2], font, plot->x_label, plot->y_label);
  if (self->ground && self->band == band && g_str_equal (key, self->ground_key))
    return;
  EngBand *held = band ? eng_band_ref ((EngBand *)band) : NULL;
  g_clear_pointer (&self->band, eng_band_unref);
  self->band = held;
  g_free (self->ground_key);
  self->ground_key = g_steal_pointer (&key);
  g_clear_object (&self->ground);
  self->ground = make_ground (plot, width, height, factor);
}

static void
ui_curve_plot_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  UiCurvePlot *self = UI_CURVE_PLOT (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  if (!self->session || width <= 0 || height <= 0)
    return;
  UiThreshold *threshold = threshold_of (self);
  UiDirection direction = ui_threshold_direction (threshold);
  const EngProtocol *row = ui_protocol_row (ui_threshold_protocol (threshold), direction);
  const EngBand *band = ui_threshold_band (threshold, direction);
  g_autofree char *y_label = row->curve->score == ENG_CURVE_ACCURACY
                                 ? g_strdup_printf ("%s is first", ui_threshold_class_name (threshold))
                                 : g_strdup_printf ("p(%s)", ui_threshold_class_name (threshold));
  collect_lines (self);
  UiPlot plot = { .lines = (const UiPlotLine *)(void *)self->lines->data,
                  .n_lines = (int)self->lines->len,
                  .band_label = "random order, 5–95 %",
                  .x_label = x_label_of (threshold),
                  .y_label = y_label,
                  .y_most = 1,
                  .cursor = ui_threshold_share (threshold) };
  if (band)
    {
      plot.band_x = band->x;
      plot.band_low = band->low;
      plot.band_high = band->high;
      plot.band_n = band->n;
    }
  /* A texture's text is to look like a widget's; and of its own, since drawing changes it. */
  PangoContext *context = gtk_widget_create_pango_context (widget);
  get_colors (widget, &plot);
  plot.context = context;
  plot.font = pango_context_get_font_description (context);
  graphene_rect_t bounds = GRAPHENE_RECT_INIT (0, 0, (float)width, (float)height);
  ensure_ground (self, &plot, band, width, height);
  gtk_snapshot_append_texture (snapshot, self->ground, &bounds);
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &bounds);
  ui_plot_area (&plot, cr, width, height, &self->area);
  ui_plot_draw_lines (&plot, cr, width, height);
  cairo_destroy (cr);
  g_object_unref (context);
}

static void
ui_curve_plot_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                       int *minimum_baseline, int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 260 : 170;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 320 : 210;
}

/* ---- pointer and keys ---- */

static double
share_at (UiCurvePlot *self, double x)
{
  return CLAMP ((x - self->area.x) / self->area.width, 0, 1);
}

/* The series whose line lies under a point; NULL: none. */
static UiSeries *
series_at (UiCurvePlot *self, double x, double y)
{
  double share = share_at (self, x), least = NEAR;
  UiSeries *found = NULL;
  for (guint i = 0; i < self->lines->len; i++)
    {
      const UiPlotLine *line = &g_array_index (self->lines, UiPlotLine, i);
      double v = ui_plot_at (line->x, line->y, line->n, share);
      double distance = fabs (self->area.y + (1 - v) * self->area.height - y);
      if (!isnan (v) && distance < least)
        {
          least = distance;
          found = self->owners->pdata[i];
        }
    }
  return found;
}

static void
on_drag_begin (GtkGestureDrag *gesture, double x, double y, UiCurvePlot *self)
{
  double cursor = self->area.x + ui_threshold_share (threshold_of (self)) * self->area.width;
  UiSeries *series = fabs (x - cursor) > NEAR ? series_at (self, x, y) : NULL;
  gtk_widget_grab_focus (GTK_WIDGET (self));
  self->drag_start = NAN;
  if (series)
    ui_threshold_select (threshold_of (self), series);
  else
    {
      self->drag_start = x;
      ui_threshold_set_share (threshold_of (self), share_at (self, x));
    }
}

static void
on_drag (GtkGestureDrag *gesture, double dx, double dy, UiCurvePlot *self)
{
  if (!isnan (self->drag_start))
    ui_threshold_set_share (threshold_of (self), share_at (self, self->drag_start + dx));
}

static gboolean
on_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, UiCurvePlot *self)
{
  static const struct
  {
    guint key;
    double by, to;
  } rows[] = { { GDK_KEY_Left, -0.01, NAN }, { GDK_KEY_Right, 0.01, NAN },  { GDK_KEY_Down, -0.001, NAN },
               { GDK_KEY_Up, 0.001, NAN },   { GDK_KEY_Page_Up, 0.1, NAN }, { GDK_KEY_Page_Down, -0.1, NAN },
               { GDK_KEY_Home, 0, 0 },       { GDK_KEY_End, 0, 1 } };
  UiThreshold *threshold = threshold_of (self);
  if (state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK))
    return GDK_EVENT_PROPAGATE;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].key == key)
      {
        ui_threshold_set_share (threshold,
                                isnan (rows[i].to) ? ui_threshold_share (threshold) + rows[i].by : rows[i].to);
        return GDK_EVENT_STOP;
      }
  return GDK_EVENT_PROPAGATE;
}

/* All values under the pointer, read off the lines. */
static gboolean
on_tooltip (UiCurvePlot *self, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
  if (!self->session || keyboard || self->lines->len == 0 || x < self->area.x || x > self->area.x + self->area.width)
    return FALSE;
  double share = share_at (self, x);
  const EngBand *band = ui_threshold_band (threshold_of (self), ui_threshold_direction (threshold_of (self)));
  GString *text = g_string_new (NULL);
  g_string_printf (text, "<b>%.1f %%</b>", 100 * share);
  for (guint i = 0; i < self->lines->len; i++)
    {
      const UiPlotLine *line = &g_array_index (self->lines, UiPlotLine, i);
      double v = ui_plot_at (line->x, line->y, line->n, share);
      g_autofree char *name = g_markup_escape_text (ui_series_name (self->owners->pdata[i]), -1);
      if (!isnan (v))
        g_string_append_printf (text, "\n%s  %.3f%s", name, v, line->faded ? "  old" : "");
    }
  if (band)
    g_string_append_printf (text, "\nRandom order  %.2f–%.2f", ui_plot_at (band->x, band->low, band->n, share),
                            ui_plot_at (band->x, band->high, band->n, share));
  gtk_tooltip_set_markup (tooltip, text->str);
  g_string_free (text, TRUE);
  gtk_tooltip_set_tip_area (tooltip, &(GdkRectangle){ x - 2, y - 2, 4, 4 });
  return TRUE;
}

/* ---- birth and end ---- */

/* What the table beside it says. (transfer full) */
static char *
describe_areas (UiThreshold *threshold)
{
  GString *text = g_string_new ("Area under curve, deletion and insertion");
  for (guint i = 0; i < g_list_model_get_n_items (ui_threshold_series (threshold)); i++)
    {
      g_autoptr (UiSeries) series = g_list_model_get_item (ui_threshold_series (threshold), i);
      gboolean old;
      g_autofree char *deletion = ui_area_text (threshold, series, UI_DELETION, &old);
      g_autofree char *insertion = ui_area_text (threshold, series, UI_INSERTION, &old);
      g_string_append_printf (text, "; %s %s, %s", ui_series_name (series), deletion, insertion);
    }
  return g_string_free (text, FALSE);
}

static void
on_changed (UiCurvePlot *self)
{
  UiThreshold *threshold = threshold_of (self);
  g_autofree char *text = g_strdup_printf ("Curves of %s over the share of %s, cursor at %.1f percent",
                                           ui_threshold_class_name (threshold), x_label_of (threshold),
                                           100 * ui_threshold_share (threshold));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
on_curves (UiCurvePlot *self)
{
  g_autofree char *areas = describe_areas (threshold_of (self));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, areas, -1);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
ui_curve_plot_set_session (UiCurvePlot *self, UiSession *session)
{
  UiThreshold *threshold = ui_session_threshold (session);
  self->session = g_object_ref (session);
  g_signal_connect_object (threshold, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold, "scored", G_CALLBACK (gtk_widget_queue_draw), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold, "curves", G_CALLBACK (on_curves), self, G_CONNECT_SWAPPED);
  on_changed (self);
  on_curves (self);
}

static void
ui_curve_plot_dispose (GObject *object)
{
  UiCurvePlot *self = UI_CURVE_PLOT (object);
  g_clear_object (&self->session);
  g_clear_pointer (&self->lines, g_array_unref);
  g_clear_pointer (&self->values, g_ptr_array_unref);
  g_clear_pointer (&self->owners, g_ptr_array_unref);
  g_clear_object (&self->ground);
  g_clear_pointer (&self->ground_key, g_free);
  g_clear_pointer (&self->band, eng_band_unref);
  G_OBJECT_CLASS (ui_curve_plot_parent_class)->dispose (object);
}

static void
ui_curve_plot_class_init (UiCurvePlotClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_curve_plot_dispose;
  widget_class->snapshot = ui_curve_plot_snapshot;
  widget_class->measure = ui_curve_plot_measure;
  gtk_widget_class_set_css_name (widget_class, "curveplot");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
ui_curve_plot_init (UiCurvePlot *self)
{
  self->lines = g_array_new (FALSE, FALSE, sizeof (UiPlotLine));
  self->values = g_ptr_array_new_with_free_func (g_free);
  self->owners = g_ptr_array_new_with_free_func (g_object_unref);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_hexpand (GTK_WIDGET (self), TRUE);
  gtk_widget_set_vexpand (GTK_WIDGET (self), TRUE);
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
  g_signal_connect (self, "query-tooltip", G_CALLBACK (on_tooltip), NULL);
  GtkGesture *drag = gtk_gesture_drag_new ();
  g_signal_connect (drag, "drag-begin", G_CALLBACK (on_drag_begin), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (on_drag), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));
  GtkEventController *keys = gtk_event_controller_key_new ();
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
}
