/* See legend.h. The drawing is that of exported figures. */
#include "ui/legend.h"

#include "ui/tip.h"

#define LEAST_RAMP 26
#define RAMP 40

struct _UiLegend
{
  GtkWidget parent_instance;
  const UiColormap *colormap;
  UiScale scale;
};

G_DEFINE_FINAL_TYPE (UiLegend, ui_legend, GTK_TYPE_WIDGET)

void
ui_legend_set (UiLegend *self, const UiColormap *colormap, const UiScale *scale)
{
  /* A slider that changes neither must not make the window measure its tiles again. */
  if (colormap == self->colormap && (!scale || ui_scale_equal (scale, &self->scale)))
    return;
  self->colormap = colormap;
  if (scale)
    self->scale = *scale;
  g_autofree char *lo = ui_scale_format (self->scale.lo), *hi = ui_scale_format (self->scale.hi);
  g_autofree char *label =
      colormap ? g_strdup_printf ("Scale from %s to %s, %s", lo, hi, colormap->name) : g_strdup ("No scale");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  ui_tip_set (GTK_WIDGET (self), colormap ? label : NULL);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
ui_legend_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  UiLegend *self = UI_LEGEND (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  if (!self->colormap || width <= 0)
    return;
  GdkRGBA color;
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  const double text[4] = { color.red, color.green, color.blue, color.alpha };
  const PangoFontDescription *font = pango_context_get_font_description (gtk_widget_get_pango_context (widget));
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, (float)width, (float)height));
  ui_legend_draw (cr, font, text, self->colormap, &self->scale, 0, 0, width, height);
  cairo_destroy (cr);
}

/* Both ends, and the room beside them. */
static int
text_width (UiLegend *self)
{
  g_autofree char *lo = ui_scale_format (self->scale.lo), *hi = ui_scale_format (self->scale.hi);
  g_autofree char *text = g_strconcat (lo, hi, NULL);
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  int width;
  pango_layout_get_pixel_size (layout, &width, NULL);
  return width + 2 * UI_LEGEND_GAP;
}

static void
ui_legend_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                   int *minimum_baseline, int *natural_baseline)
{
  UiLegend *self = UI_LEGEND (widget);
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? text_width (self) + LEAST_RAMP : 14;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? text_width (self) + RAMP : 14;
}

static void
ui_legend_class_init (UiLegendClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  widget_class->snapshot = ui_legend_snapshot;
  widget_class->measure = ui_legend_measure;
  gtk_widget_class_set_css_name (widget_class, "legend");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
ui_legend_init (UiLegend *self)
{
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
}
