/* See svg.h. Units of the file are points, as those of the drawing; numbers have three digits after the point, a
 * thousandth of which nobody prints. */
#include "ui/draw/svg.h"

#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "ui/draw/pen.h"
#include "ui/draw/png-file.h"

struct _UiSvg
{
  double width, height; /* mm */
  GString *body;
  cairo_surface_t *surface;
  cairo_t *cr;
  GError *error; /* the first */
};

/* "12.5", never "-0" and never an exponent. */
static void
add_number (GString *out, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (text, sizeof text, "%.3f", value);
  char *end = text + strlen (text) - 1;
  while (*end == '0')
    *end-- = 0;
  if (*end == '.')
    *end = 0;
  g_string_append (out, g_str_equal (text, "-0") ? "0" : text);
}

static void
add_attribute (GString *out, const char *name, double value)
{
  g_string_append_printf (out, " %s=\"", name);
  add_number (out, value);
  g_string_append_c (out, '"');
}

/* XML 1.0 forbids most control characters and two others, escaped or not. */
static void
add_escaped (GString *out, const char *text, gssize length)
{
  const char *end = text + (length < 0 ? strlen (text) : (gsize)length);
  GString *clean = g_string_new (NULL);
  for (const char *at = text; at < end; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      gboolean bad = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xfffe || c == 0xffff;
      g_string_append_unichar (clean, bad ? ' ' : c);
    }
  g_autofree char *escaped = g_markup_escape_text (clean->str, (gssize)clean->len);
  g_string_append (out, escaped);
  g_string_free (clean, TRUE);
}

/* Position and turning; nothing where there is none. */
static void
add_matrix (GString *out, cairo_t *cr)
{
  cairo_matrix_t m;
  cairo_get_matrix (cr, &m);
  const double values[] = { m.xx, m.yx, m.xy, m.yy, m.x0, m.y0 };
  if (m.xx == 1 && m.yy == 1 && m.xy == 0 && m.yx == 0 && m.x0 == 0 && m.y0 == 0)
    return;
  g_string_append (out, " transform=\"matrix(");
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_string_append (out, i == 0 ? "" : " ");
      add_number (out, values[i]);
    }
  g_string_append (out, ")\"");
}

/* @what: "fill" or "stroke" */
static void
add_colour (GString *out, cairo_t *cr, const char *what)
{
  double r = 0, g = 0, b = 0, a = 1;
  cairo_pattern_get_rgba (cairo_get_source (cr), &r, &g, &b, &a);
  g_string_append_printf (out, " %s=\"#%02x%02x%02x\"", what, (guint)lround (255 * r), (guint)lround (255 * g),
                          (guint)lround (255 * b));
  if (a < 1)
    {
      g_string_append_printf (out, " %s-opacity=\"", what);
      add_number (out, a);
      g_string_append_c (out, '"');
    }
}

static void
add_path (GString *out, cairo_t *cr)
{
  static const char letters[] = {
    [CAIRO_PATH_MOVE_TO] = 'M', [CAIRO_PATH_LINE_TO] = 'L', [CAIRO_PATH_CURVE_TO] = 'C', [CAIRO_PATH_CLOSE_PATH] = 'Z'
  };
  cairo_path_t *path = cairo_copy_path (cr);
  g_string_append (out, " d=\"");
  for (int i = 0; i < path->num_data; i += path->data[i].header.length)
    {
      const cairo_path_data_t *data = &path->data[i];
      gboolean last_move = data->header.type == CAIRO_PATH_MOVE_TO && i + data->header.length >= path->num_data;
      if (last_move) /* Cairo begins a new piece after every closed one */
        break;
      g_string_append_c (out, letters[data->header.type]);
      for (int k = 1; k < data->header.length; k++)
        {
          g_string_append (out, k == 1 ? "" : " ");
          add_number (out, data[k].point.x);
          g_string_append_c (out, ' ');
          add_number (out, data[k].point.y);
        }
    }
  g_string_append_c (out, '"');
  cairo_path_destroy (path);
}

static void
svg_fill (gpointer data, cairo_t *cr)
{
  UiSvg *self = data;
  g_string_append (self->body, "<path");
  add_matrix (self->body, cr);
  add_path (self->body, cr);
  add_colour (self->body, cr, "fill");
  g_string_append (self->body, "/>\n");
}

static void
svg_stroke (gpointer data, cairo_t *cr)
{
  UiSvg *self = data;
  int n = cairo_get_dash_count (cr);
  g_string_append (self->body, "<path");
  add_matrix (self->body, cr);
  add_path (self->body, cr);
  g_string_append (self->body, " fill=\"none\"");
  add_colour (self->body, cr, "stroke");
  add_attribute (self->body, "stroke-width", cairo_get_line_width (cr));
  if (cairo_get_line_join (cr) == CAIRO_LINE_JOIN_ROUND)
    g_string_append (self->body, " stroke-linejoin=\"round\"");
  if (n > 0)
    {
      double offset;
      g_autofree double *dashes = g_new (double, n);
      cairo_get_dash (cr, dashes, &offset);
      g_string_append (self->body, " stroke-dasharray=\"");
      for (int i = 0; i < n; i++)
        {
          g_string_append (self->body, i == 0 ? "" : " ");
          add_number (self->body, dashes[i]);
        }
      g_string_append_c (self->body, '"');
    }
  g_string_append (self->body, "/>\n");
}

/* RGB24 surfaces alone: figures have no others. */
static void
svg_image (gpointer data, cairo_t *cr, cairo_surface_t *surface, double x, double y, double width, double height,
           gboolean smooth)
{
  UiSvg *self = data;
  int columns = cairo_image_surface_get_width (surface), rows = cairo_image_surface_get_height (surface);
  int stride = cairo_image_surface_get_stride (surface);
  const guint8 *from = cairo_image_surface_get_data (surface);
  g_autofree guint8 *rgb = g_try_malloc ((gsize)columns * rows * 3);
  g_autoptr (GBytes) png = NULL;
  for (int r = 0; rgb && from && r < rows; r++)
    for (int c = 0; c < columns; c++)
      {
        guint32 pixel = ((const guint32 *)(const void *)(from + (gsize)r * stride))[c];
        guint8 *to = rgb + ((gsize)r * columns + c) * 3;
        to[0] = (guint8)(pixel >> 16);
        to[1] = (guint8)(pixel >> 8);
        to[2] = (guint8)pixel;
      }
  if (rgb && from)
    png = ui_png_encode (rgb, columns, rows, self->error ? NULL : &self->error);
  else if (!self->error)
    eng_fail (&self->error, ENG_ERROR_MEMORY, "There is no memory for a picture of %d × %d pixels.", columns, rows);
  if (!png)
    return;
  g_autofree char *text = g_base64_encode (g_bytes_get_data (png, NULL), g_bytes_get_size (png));
  g_string_append (self->body, "<image");
  add_matrix (self->body, cr);
  add_attribute (self->body, "x", x);
  add_attribute (self->body, "y", y);
  add_attribute (self->body, "width", width);
  add_attribute (self->body, "height", height);
  g_string_append_printf (self->body, " preserveAspectRatio=\"none\"%s xlink:href=\"data:image/png;base64,",
                          smooth ? "" : " style=\"image-rendering:pixelated\"");
  g_string_append (self->body, text);
  g_string_append (self->body, "\"/>\n");
}

/* ---- text ---- */

static int
compare_runs (gconstpointer a, gconstpointer b)
{
  const PangoGlyphItem *x = *(PangoGlyphItem *const *)a, *y = *(PangoGlyphItem *const *)b;
  return x->item->offset - y->item->offset;
}

/* What a run has that the line has not: a slant, a weight. */
static void
add_run (GString *out, const PangoGlyphItem *run, const char *text, const PangoFontDescription *line)
{
  PangoFontDescription *font = pango_font_describe (run->item->analysis.font);
  gboolean italic = pango_font_description_get_style (font) != PANGO_STYLE_NORMAL
                    && pango_font_description_get_style (line) == PANGO_STYLE_NORMAL;
  if (italic)
    g_string_append (out, "<tspan font-style=\"italic\">");
  if (run->item->analysis.flags & PANGO_ANALYSIS_FLAG_IS_ELLIPSIS)
    g_string_append (out, "…");
  else
    add_escaped (out, text + run->item->offset, run->item->length);
  if (italic)
    g_string_append (out, "</tspan>");
  pango_font_description_free (font);
}

/* Anchored in its middle, so that a viewer with another font keeps it where it belongs, but for what begins at a left
 * edge. Runs in the order of reading: the viewer turns them as their script asks. */
static void
add_line (UiSvg *self, cairo_t *cr, PangoLayout *layout, PangoLayoutIter *iter, double x, double y)
{
  const PangoLayoutLine *line = pango_layout_iter_get_line_readonly (iter);
  const PangoFontDescription *font = pango_layout_get_font_description (layout);
  gboolean middle = pango_layout_get_alignment (layout) == PANGO_ALIGN_CENTER,
           rtl = line->resolved_dir == PANGO_DIRECTION_RTL;
  g_autoptr (GPtrArray) runs = g_ptr_array_new ();
  PangoRectangle logical;
  for (GSList *at = line->runs; at; at = at->next)
    g_ptr_array_add (runs, at->data);
  if (runs->len == 0)
    return;
  g_ptr_array_sort (runs, compare_runs);
  pango_layout_iter_get_line_extents (iter, NULL, &logical);
  x += (double)(logical.x + (middle ? logical.width / 2 : 0)) / PANGO_SCALE;
  y += (double)pango_layout_iter_get_baseline (iter) / PANGO_SCALE;
  g_string_append (self->body, "<text");
  add_matrix (self->body, cr);
  add_attribute (self->body, "x", x);
  add_attribute (self->body, "y", y);
  g_string_append (self->body, " font-family=\"'");
  add_escaped (self->body, pango_font_description_get_family (font), -1);
  g_string_append (self->body, "', serif\"");
  add_attribute (self->body, "font-size", (double)pango_font_description_get_size (font) / PANGO_SCALE);
  if (pango_font_description_get_weight (font) >= PANGO_WEIGHT_BOLD)
    g_string_append (self->body, " font-weight=\"bold\"");
  if (middle)
    g_string_append (self->body, " text-anchor=\"middle\"");
  if (rtl)
    g_string_append (self->body, middle ? " direction=\"rtl\"" : " direction=\"rtl\" text-anchor=\"end\"");
  add_colour (self->body, cr, "fill");
  g_string_append (self->body, " xml:space=\"preserve\">");
  for (guint i = 0; i < runs->len; i++)
    add_run (self->body, runs->pdata[i], pango_layout_get_text (layout), font);
  g_string_append (self->body, "</text>\n");
}

static void
svg_text (gpointer data, cairo_t *cr, PangoLayout *layout)
{
  UiSvg *self = data;
  double x, y;
  cairo_get_current_point (cr, &x, &y);
  PangoLayoutIter *iter = pango_layout_get_iter (layout);
  do
    add_line (self, cr, layout, iter, x, y);
  while (pango_layout_iter_next_line (iter));
  pango_layout_iter_free (iter);
}

static const UiPenSink sink = { svg_text, svg_stroke, svg_fill, svg_image };

/* ---- the file ---- */

UiSvg *
ui_svg_new (double width, double height)
{
  UiSvg *self = g_new0 (UiSvg, 1);
  self->width = width;
  self->height = height;
  self->body = g_string_new (NULL);
  self->surface = cairo_image_surface_create (CAIRO_FORMAT_A8, 1, 1); /* for its state; nothing is drawn there */
  self->cr = cairo_create (self->surface);
  ui_pen_divert (self->cr, &sink, self);
  return self;
}

cairo_t *
ui_svg_cairo (UiSvg *self)
{
  return self->cr;
}

GBytes *
ui_svg_finish (UiSvg *self, const char *title, const char *metadata, gboolean white, GError **error)
{
  GString *out =
      g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
                    "xmlns:xlink=\"http://www.w3.org/1999/xlink\" version=\"1.1\" width=\"");
  add_number (out, self->width);
  g_string_append (out, "mm\" height=\"");
  add_number (out, self->height);
  g_string_append (out, "mm\" viewBox=\"0 0 ");
  add_number (out, self->width * 72 / 25.4);
  g_string_append_c (out, ' ');
  add_number (out, self->height * 72 / 25.4);
  g_string_append (out, "\">\n<title>");
  add_escaped (out, title, -1);
  g_string_append (out, "</title>\n");
  if (metadata)
    {
      g_string_append (out, "<metadata>");
      add_escaped (out, metadata, -1);
      g_string_append (out, "</metadata>\n");
    }
  if (white)
    g_string_append (out, "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
  g_string_append_len (out, self->body->str, (gssize)self->body->len);
  g_string_append (out, "</svg>\n");
  g_string_free (self->body, TRUE);
  cairo_destroy (self->cr);
  cairo_surface_destroy (self->surface);
  gsize length = out->len;
  char *text = g_string_free (out, FALSE);
  GError *failed = self->error;
  g_free (self);
  if (!failed)
    return g_bytes_new_take (text, length);
  g_free (text);
  g_propagate_error (error, failed);
  return NULL;
}
