/* See report.h: pages of A4, in millimetre-free points. Text is text, pictures keep their pixels, light always. */
#include <cairo-pdf.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

#include "engine/error.h"
#include "ui/draw/plot.h"
#include "ui/draw/report.h"

#define WIDTH 595.28
#define HEIGHT 841.89
#define MARGIN 51 /* 18 mm */
#define INNER (WIDTH - 2 * MARGIN)
#define FAMILY "Cantarell, Noto Sans, sans"
#define PLOT_WIDTH 300
#define PLOT_HEIGHT 150
#define TILE 90
#define GAP 9

typedef struct
{
  cairo_t *cr;
  double y; /* of what comes next, from the top */
  int page;
} Page;

static const double black[3] = { 0.07, 0.07, 0.08 }, soft[3] = { 0.35, 0.36, 0.38 }, grey[3] = { 0.8, 0.8, 0.82 };

static PangoLayout *
new_layout (Page *self, const char *text, double size, gboolean bold, double width)
{
  PangoLayout *layout = pango_cairo_create_layout (self->cr);
  PangoFontDescription *font = pango_font_description_from_string (FAMILY);
  pango_font_description_set_absolute_size (font, size * PANGO_SCALE);
  pango_font_description_set_weight (font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_text (layout, text, -1);
  if (width > 0)
    {
      pango_layout_set_width (layout, (int)(width * PANGO_SCALE));
      pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
    }
  return layout;
}

static void
end_page (Page *self)
{
  g_autofree char *number = g_strdup_printf ("%d", ++self->page);
  PangoLayout *layout = new_layout (self, number, 8, FALSE, 0);
  cairo_set_source_rgb (self->cr, soft[0], soft[1], soft[2]);
  cairo_move_to (self->cr, WIDTH - MARGIN - 8, HEIGHT - MARGIN / 2.0 - 8);
  pango_cairo_show_layout (self->cr, layout);
  g_object_unref (layout);
  cairo_show_page (self->cr);
  self->y = MARGIN;
}

/* A new page unless @height fits on this one. */
static void
need (Page *self, double height)
{
  if (self->y + height > HEIGHT - MARGIN && self->y > MARGIN)
    end_page (self);
}

/* Lines of @layout at @x from self->y on, over pages where they do not fit. */
static void
flow (Page *self, PangoLayout *layout, double x, const double colour[3])
{
  int n = pango_layout_get_line_count (layout);
  for (int i = 0; i < n; i++)
    {
      PangoLayoutLine *line = pango_layout_get_line_readonly (layout, i);
      PangoRectangle logical;
      pango_layout_line_get_extents (line, NULL, &logical);
      double height = (double)logical.height / PANGO_SCALE;
      need (self, height);
      cairo_set_source_rgb (self->cr, colour[0], colour[1], colour[2]);
      cairo_move_to (self->cr, x, self->y - (double)logical.y / PANGO_SCALE);
      pango_cairo_show_layout_line (self->cr, line);
      self->y += height;
    }
}

static void
paragraph (Page *self, const char *text, double size, gboolean bold, const double colour[3], double after)
{
  PangoLayout *layout = new_layout (self, text, size, bold, INNER);
  flow (self, layout, MARGIN, colour);
  g_object_unref (layout);
  self->y += after;
}

/* With room for something below it. */
static void
heading (Page *self, const char *text, double size, double room)
{
  self->y += self->y > MARGIN ? size * 0.8 : 0;
  need (self, size * 1.5 + room);
  paragraph (self, text, size, TRUE, black, 3);
}

/* One line of text in a cell: @right aligned at the end. */
static void
cell (Page *self, const char *text, double x, double width, gboolean right, gboolean bold)
{
  PangoLayout *layout = new_layout (self, text, 8.5, bold, 0);
  int w, h;
  pango_layout_get_pixel_size (layout, &w, &h);
  if (w > width) /* a long name gives way */
    {
      pango_layout_set_width (layout, (int)(width * PANGO_SCALE));
      pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
      w = (int)width;
    }
  cairo_set_source_rgb (self->cr, black[0], black[1], black[2]);
  cairo_move_to (self->cr, right ? x + width - w : x, self->y);
  pango_cairo_show_layout (self->cr, layout);
  g_object_unref (layout);
}

#define N_CELLS 8
static const double widths[N_CELLS] = { 92, 38, 82, 28, 56, 98, 46, 0 };

static void
table_row (Page *self, const char *const texts[N_CELLS], gboolean bold)
{
  double x = MARGIN + 24;
  need (self, 15);
  for (int i = 0; i < N_CELLS; i++)
    {
      double width = i < N_CELLS - 1 ? widths[i] - 6 : WIDTH - MARGIN - x;
      if (texts[i])
        cell (self, texts[i], i == N_CELLS - 1 ? x + 4 : x, width, i > 0 && i < N_CELLS - 1, bold);
      x += widths[i];
    }
  self->y += 13;
  cairo_set_source_rgb (self->cr, grey[0], grey[1], grey[2]);
  cairo_set_line_width (self->cr, 0.5);
  cairo_move_to (self->cr, MARGIN, self->y);
  cairo_line_to (self->cr, WIDTH - MARGIN, self->y);
  cairo_stroke (self->cr);
  self->y += 2;
}

static void
method_row (Page *self, const UiReport *report, const UiReportProtocol *protocol, const UiReportRow *row)
{
  gboolean compared = *report->against && row->compared;
  g_autofree char *mean = ui_report_number (row->mean, FALSE), *n = g_strdup_printf ("%u", row->n);
  g_autofree char *range = ui_report_interval (row->low, row->high, FALSE);
  g_autofree char *difference = compared ? ui_report_number (row->difference, TRUE) : NULL;
  g_autofree char *around = compared ? ui_report_interval (row->difference_low, row->difference_high, TRUE) : NULL;
  g_autofree char *p = compared ? ui_report_p (row->p) : NULL;
  const char *texts[N_CELLS] = {
    row->name, mean, range, n, difference, around, p, ui_report_verdict (protocol, row)
  };
  need (self, 15);
  cairo_save (self->cr);
  cairo_translate (self->cr, MARGIN, self->y);
  ui_line_style_swatch (&row->style, self->cr, FALSE, 18, 11);
  cairo_restore (self->cr);
  table_row (self, texts, FALSE);
}

static void
plot (Page *self, const UiReportProtocol *protocol)
{
  double most;
  if (!ui_report_has_curves (protocol, &most))
    return;
  g_autofree UiPlotLine *lines = g_new0 (UiPlotLine, protocol->rows->len);
  PangoFontDescription *font = pango_font_description_from_string (FAMILY);
  pango_font_description_set_absolute_size (font, 8 * PANGO_SCALE);
  UiPlot drawn = { .lines = lines, .x_label = protocol->x_label, .y_label = protocol->y_label, .y_most = most };
  drawn.cursor = NAN;
  drawn.font = font;
  memcpy (drawn.foreground, black, sizeof black);
  drawn.background[0] = drawn.background[1] = drawn.background[2] = 1;
  for (guint i = 0; i < protocol->rows->len; i++)
    {
      const UiReportRow *row = protocol->rows->pdata[i];
      if (row->n_points > 1)
        lines[drawn.n_lines++] =
            (UiPlotLine){ .style = &row->style, .x = row->x, .y = row->y, .n = row->n_points, .dot = NAN };
    }
  need (self, PLOT_HEIGHT + 6);
  cairo_save (self->cr);
  cairo_translate (self->cr, MARGIN, self->y);
  ui_plot_draw (&drawn, self->cr, PLOT_WIDTH, PLOT_HEIGHT);
  cairo_restore (self->cr);
  pango_font_description_free (font);
  self->y += PLOT_HEIGHT + 6;
}

static void
protocol_section (Page *self, const UiReport *report, const UiReportProtocol *protocol)
{
  double most;
  g_autofree char *about =
      g_strdup_printf ("%s, %s is better. %s", protocol->key, protocol->direction, protocol->definition);
  const char *titles[N_CELLS] = { "Method", "Mean", "95 % interval", "n" };
  if (*report->against)
    {
      titles[4] = "Difference";
      titles[5] = "95 % interval";
      titles[6] = "p";
    }
  heading (self, protocol->name, 11, ui_report_has_curves (protocol, &most) ? PLOT_HEIGHT + 60 : 60);
  paragraph (self, about, 8.5, FALSE, soft, 4);
  plot (self, protocol);
  table_row (self, titles, TRUE);
  for (guint i = 0; i < protocol->rows->len; i++)
    method_row (self, report, protocol, protocol->rows->pdata[i]);
}

/* ---- pictures ---- */

static cairo_surface_t *
surface_of (const UiReportTile *tile)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, tile->width, tile->height);
  if (cairo_surface_status (surface) != CAIRO_STATUS_SUCCESS)
    return surface;
  int stride = cairo_image_surface_get_stride (surface);
  guint8 *data = cairo_image_surface_get_data (surface);
  cairo_surface_flush (surface);
  for (int y = 0; y < tile->height; y++)
    {
      guint32 *row = (guint32 *)(data + (gsize)y * stride);
      const guint8 *rgb = tile->rgb + (gsize)3 * y * tile->width;
      for (int x = 0; x < tile->width; x++, rgb += 3)
        row[x] = (guint32)rgb[0] << 16 | (guint32)rgb[1] << 8 | rgb[2];
    }
  cairo_surface_mark_dirty (surface);
  return surface;
}

static double
tile_scale (const UiReportTile *tile)
{
  return TILE / (double)MAX (tile->width, tile->height);
}

/* @height: of the row's highest picture, below which the texts stand. */
static void
draw_tile (Page *self, const UiReportTile *tile, double x, double height)
{
  double scale = tile_scale (tile);
  cairo_surface_t *surface = surface_of (tile);
  cairo_save (self->cr);
  cairo_translate (self->cr, x, self->y);
  cairo_scale (self->cr, scale, scale);
  cairo_set_source_surface (self->cr, surface, 0, 0);
  cairo_paint (self->cr);
  cairo_restore (self->cr);
  cairo_surface_destroy (surface);
  const char *const texts[] = { tile->title, tile->caption };
  for (int i = 0; i < 2; i++)
    {
      PangoLayout *layout = new_layout (self, texts[i], 7.5, FALSE, TILE);
      const double *colour = i ? soft : black;
      pango_layout_set_height (layout, i ? -2 : -1);
      pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
      cairo_set_source_rgb (self->cr, colour[0], colour[1], colour[2]);
      cairo_move_to (self->cr, x, self->y + height + 3 + 10 * i);
      pango_cairo_show_layout (self->cr, layout);
      g_object_unref (layout);
    }
}

static void
case_section (Page *self, const UiReportCase *shown)
{
  const double texts = 34; /* below a picture */
  double highest = 0;
  int columns = (int)((INNER + GAP) / (TILE + GAP));
  for (guint i = 0; i < shown->tiles->len; i++)
    {
      const UiReportTile *tile = shown->tiles->pdata[i];
      highest = MAX (highest, tile->height * tile_scale (tile));
    }
  heading (self, shown->title, 9.5, highest + texts + 14);
  paragraph (self, shown->caption, 8.5, FALSE, soft, 3);
  for (guint i = 0; i < shown->tiles->len; i++)
    {
      if (i % columns == 0)
        need (self, highest + texts);
      draw_tile (self, shown->tiles->pdata[i], MARGIN + (i % columns) * (TILE + GAP), highest);
      if ((i + 1) % columns == 0 || i + 1 == shown->tiles->len)
        self->y += highest + texts;
    }
}

static void
facts_section (Page *self, const char *title, GPtrArray *facts)
{
  heading (self, title, 13, 30);
  for (guint i = 0; i < facts->len; i++)
    {
      const UiReportFact *fact = facts->pdata[i];
      PangoLayout *value = new_layout (self, fact->value, 8.5, FALSE, INNER - 130);
      need (self, 12);
      double top = self->y;
      int page = self->page;
      cell (self, fact->label, MARGIN, 124, FALSE, FALSE);
      flow (self, value, MARGIN + 130, black);
      self->y = MAX (self->y, page == self->page ? top + 11 : self->y) + 3;
      g_object_unref (value);
    }
}

static cairo_status_t
take (void *closure, const unsigned char *data, unsigned int length)
{
  g_byte_array_append (closure, data, length);
  return CAIRO_STATUS_SUCCESS;
}

static void
draw_all (Page *page, const UiReport *self)
{
  paragraph (page, self->title, 18, TRUE, black, 3);
  paragraph (page, self->subtitle, 9.5, FALSE, soft, 6);
  heading (page, "Scores", 13, 60);
  paragraph (page, self->statistics, 8.5, FALSE, soft, 2);
  for (guint i = 0; i < self->protocols->len; i++)
    protocol_section (page, self, self->protocols->pdata[i]);
  if (self->cases->len > 0)
    {
      heading (page, "Pictures", 13, TILE + 80);
      paragraph (page, self->cases_about, 8.5, FALSE, soft, 2);
    }
  for (guint i = 0; i < self->cases->len; i++)
    case_section (page, self->cases->pdata[i]);
  g_autofree char *left_out = g_strdup_printf ("Left out: %u", self->n_failures);
  if (self->n_failures > 0)
    facts_section (page, left_out, self->failures);
  facts_section (page, "How it was made", self->facts);
  end_page (page);
}

GBytes *
ui_report_pdf (const UiReport *self, GError **error)
{
  GByteArray *bytes = g_byte_array_new ();
  cairo_surface_t *surface = cairo_pdf_surface_create_for_stream (take, bytes, WIDTH, HEIGHT);
  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_TITLE, self->title);
  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_CREATOR, "Sightline");
  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_CREATE_DATE, "1970-01-01T00:00:00Z"); /* repeatable */
  Page page = { cairo_create (surface), MARGIN, 0 };
  draw_all (&page, self);
  cairo_status_t status = cairo_status (page.cr);
  cairo_destroy (page.cr);
  cairo_surface_finish (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_status (surface);
  cairo_surface_destroy (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    return g_byte_array_free_to_bytes (bytes);
  g_byte_array_unref (bytes);
  eng_fail (error, ENG_ERROR_MEMORY, "The report cannot be drawn: %s.", cairo_status_to_string (status));
  return NULL;
}
