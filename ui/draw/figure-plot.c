/* Curves in a panel: plot.c at half its size, so that its pixels are half points, with a legend in the free corner.
 */
#include <math.h>

#include "engine/method.h"
#include "ui/draw/figure-private.h"
#include "ui/draw/pen.h"
#include "ui/draw/plot.h"

#define UNIT 0.5 /* pt that a pixel of plot.c takes */
#define SWATCH 22
#define GAP 5

static PangoLayout *
legend_layout (cairo_t *cr, const UiPlot *plot, const char *text)
{
  PangoLayout *layout = pango_layout_new (plot->context);
  pango_cairo_update_layout (cr, layout);
  pango_layout_set_font_description (layout, plot->font);
  pango_layout_set_text (layout, text, -1);
  return layout;
}

/* Where curves fall the upper right is free, where they rise the lower right. */
static void
draw_legend (const UiPlot *plot, const UiFigureCell *cell, cairo_t *cr, const UiPlotArea *a, gboolean falls)
{
  int most = 0, line = 0;
  for (guint i = 0; i < cell->curves->len; i++)
    {
      int width, height;
      PangoLayout *layout = legend_layout (cr, plot, ((UiCellCurve *)cell->curves->pdata[i])->name);
      pango_layout_get_pixel_size (layout, &width, &height);
      g_object_unref (layout);
      most = MAX (most, width);
      line = MAX (line, height);
    }
  double x = a->x + a->width - most - SWATCH - 2 * GAP;
  double y = falls ? a->y + GAP : a->y + a->height - GAP - (double)line * cell->curves->len;
  for (guint i = 0; i < cell->curves->len; i++, y += line)
    {
      PangoLayout *layout = legend_layout (cr, plot, ((UiCellCurve *)cell->curves->pdata[i])->name);
      ui_line_style_set (plot->lines[i].style, cr, FALSE);
      cairo_move_to (cr, x, y + line / 2.0);
      cairo_line_to (cr, x + SWATCH, y + line / 2.0);
      ui_pen_stroke (cr);
      cairo_set_source_rgb (cr, 0, 0, 0);
      cairo_move_to (cr, x + SWATCH + GAP, y);
      ui_pen_text (cr, layout);
      g_object_unref (layout);
    }
}

/* Row of a method in the table of all: its line keeps its colour from figure to figure. */
static guint
method_row (const char *id)
{
  const EngMethod *method;
  for (guint i = 0; (method = eng_method_nth (i)); i++)
    if (g_str_equal (method->id, id))
      return i;
  return 0;
}

void
ui_figure_plot_draw (const UiFigureDrawing *self, const UiFigureColumn *column, const UiFigureCell *cell, cairo_t *cr,
                     const UiFigureBox *box)
{
  const EngProtocol *protocol = eng_protocol_find (column->protocol, NULL);
  guint n = cell->curves->len;
  g_autofree UiLineStyle *styles = g_new0 (UiLineStyle, n);
  g_autofree UiPlotLine *lines = g_new0 (UiPlotLine, n);
  PangoFontDescription *font = pango_font_description_new ();
  double most = 0, width = box->width / UNIT, height = box->height / UNIT;
  pango_font_description_set_family (font, self->font);
  pango_font_description_set_absolute_size (font, self->figure->score_size / UNIT * PANGO_SCALE);
  for (guint i = 0; i < n; i++)
    {
      const UiCellCurve *curve = cell->curves->pdata[i];
      guint copies = 0;
      for (guint k = 0; k < i; k++)
        copies += g_str_equal (((UiCellCurve *)cell->curves->pdata[k])->method, curve->method);
      ui_line_style_find (curve->method, method_row (curve->method), copies, &styles[i]);
      lines[i] = (UiPlotLine){ .style = &styles[i], .x = curve->x, .y = curve->y, .n = curve->n, .dot = NAN };
      for (int k = 0; k < curve->n; k++)
        most = fmax (most, curve->y[k]);
    }
  UiPlot plot = { .lines = lines,
                  .n_lines = (int)n,
                  .x_label = protocol->x_label,
                  .y_label = protocol->y_label,
                  .y_most = most <= 1 ? 1 : most,
                  .cursor = NAN,
                  .background = { 1, 1, 1 },
                  .font = font,
                  .context = ui_figure_text_context () };
  if (cell->band)
    {
      plot.band_x = cell->band->x;
      plot.band_low = cell->band->low;
      plot.band_high = cell->band->high;
      plot.band_n = cell->band->n;
      plot.band_label = "random";
    }
  UiPlotArea area;
  cairo_save (cr);
  cairo_translate (cr, box->x, box->y);
  cairo_scale (cr, UNIT, UNIT);
  ui_plot_draw (&plot, cr, width, height);
  ui_plot_area (&plot, cr, width, height, &area);
  draw_legend (&plot, cell, cr, &area, protocol->direction == ENG_LOWER_IS_BETTER);
  cairo_restore (cr);
  g_object_unref (plot.context);
  pango_font_description_free (font);
}
