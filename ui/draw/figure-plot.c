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
#define SAMPLES 60 /* of a curve, to see what a legend would hide */

typedef struct
{
  double x, y, width, height;
  int line;        /* of one entry */
  gboolean banded; /* the last entry is the band */
} Legend;

static PangoLayout *
legend_layout (cairo_t *cr, const UiPlot *plot, const char *text)
{
  PangoLayout *layout = pango_layout_new (plot->context);
  pango_cairo_update_layout (cr, layout);
  pango_layout_set_font_description (layout, plot->font);
  pango_layout_set_text (layout, text, -1);
  return layout;
}

static const char *
entry_name (const UiFigureCell *cell, guint i)
{
  return i < cell->curves->len ? ((UiCellCurve *)cell->curves->pdata[i])->name : "random";
}

static void
measure_legend (const UiPlot *plot, const UiFigureCell *cell, cairo_t *cr, Legend *out)
{
  int most = 0;
  *out = (Legend){ .banded = cell->band != NULL };
  for (guint i = 0; i < cell->curves->len + out->banded; i++)
    {
      int width, height;
      PangoLayout *layout = legend_layout (cr, plot, entry_name (cell, i));
      pango_layout_get_pixel_size (layout, &width, &height);
      g_object_unref (layout);
      most = MAX (most, width);
      out->line = MAX (out->line, height);
    }
  out->width = most + SWATCH + 3 * GAP;
  out->height = (double)out->line * (cell->curves->len + out->banded);
}

/* How much of the curves a legend at that place would hide. */
static int
count_hidden (const UiPlot *plot, const UiPlotArea *a, const Legend *legend)
{
  int hidden = 0;
  for (int i = 0; i < plot->n_lines; i++)
    for (int k = 0; k <= SAMPLES; k++)
      {
        double t = (double)k / SAMPLES, v = ui_plot_at (plot->lines[i].x, plot->lines[i].y, plot->lines[i].n, t);
        double x = a->x + t * a->width, y = a->y + (1 - v / plot->y_most) * a->height;
        hidden +=
            x >= legend->x && x <= legend->x + legend->width && y >= legend->y && y <= legend->y + legend->height;
      }
  return hidden;
}

/* @width: of the whole panel. Into the corner, or half way between two, where it hides least; the upper right where
 * that is all the same. */
static void
place_legend (const UiPlot *plot, const UiPlotArea *a, double width, Legend *legend)
{
  static const double places[][2] = { { 1, 0 }, { 1, 1 }, { 0, 1 }, { 0, 0 }, { 1, 0.5 }, { 0, 0.5 } };
  Legend best = *legend;
  int least = G_MAXINT;
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      legend->x = a->x + GAP + places[i][0] * (a->width - legend->width - 2 * GAP);
      legend->x = CLAMP (legend->x, 0, MAX (0, width - legend->width)); /* wider than the curves */
      legend->y = a->y + GAP + places[i][1] * (a->height - legend->height - 2 * GAP);
      int hidden = count_hidden (plot, a, legend);
      if (hidden >= least)
        continue;
      least = hidden;
      best = *legend;
    }
  *legend = best;
}

static void
draw_swatch (const UiPlot *plot, const Legend *legend, guint i, double y, cairo_t *cr)
{
  double x = legend->x + GAP, rgba[4];
  if ((int)i < plot->n_lines)
    {
      ui_line_style_set (plot->lines[i].style, cr, FALSE);
      cairo_move_to (cr, x, y + legend->line / 2.0);
      cairo_line_to (cr, x + SWATCH, y + legend->line / 2.0);
      ui_pen_stroke (cr);
      return;
    }
  ui_line_style_band (FALSE, rgba);
  cairo_set_source_rgba (cr, rgba[0], rgba[1], rgba[2], rgba[3]);
  cairo_rectangle (cr, x, y + legend->line * 0.2, SWATCH, legend->line * 0.6);
  ui_pen_fill (cr);
}

static void
draw_legend (const UiPlot *plot, const UiFigureCell *cell, cairo_t *cr, const UiPlotArea *a, double width)
{
  Legend legend;
  measure_legend (plot, cell, cr, &legend);
  place_legend (plot, a, width, &legend);
  cairo_set_source_rgba (cr, 1, 1, 1, 0.8);
  cairo_rectangle (cr, legend.x, legend.y, legend.width, legend.height);
  ui_pen_fill (cr);
  for (guint i = 0; i < cell->curves->len + legend.banded; i++)
    {
      double y = legend.y + (double)i * legend.line;
      PangoLayout *layout = legend_layout (cr, plot, entry_name (cell, i));
      draw_swatch (plot, &legend, i, y, cr);
      cairo_set_source_rgb (cr, 0, 0, 0);
      cairo_move_to (cr, legend.x + SWATCH + 2 * GAP, y);
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
    }
  UiPlotArea area;
  cairo_save (cr);
  cairo_translate (cr, box->x, box->y);
  cairo_scale (cr, UNIT, UNIT);
  ui_plot_draw (&plot, cr, width, height);
  ui_plot_area (&plot, cr, width, height, &area);
  draw_legend (&plot, cell, cr, &area, width);
  cairo_restore (cr);
  g_object_unref (plot.context);
  pango_font_description_free (font);
}
