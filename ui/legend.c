/* See legend.h. The drawing is that of exported figures. */
#include "ui/legend.h"

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
  self->colormap = colormap;
  if (scale)
    self->scale = *scale;
  g_autofree char *lo = ui_scale_format (self->scale.lo), *hi = ui_scale_format (self->scale.hi);
  g_autofree char *label =
      colormap ? g_strdup_printf ("Scale from %s to %s, %s", lo, hi, colormap->name) : g_strdup ("No scale");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), colormap ? label : NULL);
  gtk_widget_queue_draw (GTK_WIDGET (self));
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

static void
ui_legend_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                   int *minimum_baseline, int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 60 : 14;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 124 : 14;
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
