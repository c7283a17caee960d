/* A drawing as bytes of a file: PDF through Cairo, SVG through svg.c, PNG through libpng. See figure-export.h. */
#include <cairo-pdf.h>
#include <math.h>
#include <string.h>

#include "engine/engine.h"
#include "ui/draw/figure-export.h"
#include "ui/draw/figure-private.h"
#include "ui/draw/figure-words.h"
#include "ui/draw/png-file.h"
#include "ui/draw/svg.h"

#define PT(mm) ((mm) / UI_MM_PER_PT)
#define MOST_PIXELS 400e6 /* of a page as PNG: 174 mm x 1.4 m at 600 dpi is 135 million */
#define TEXT_KEY "sightline-figure"

static const UiFigureFormatInfo formats[UI_N_FORMATS] = {
  [UI_FORMAT_PDF] = { "pdf", "PDF", ".pdf", TRUE, FALSE },
  [UI_FORMAT_SVG] = { "svg", "SVG", ".svg", FALSE, FALSE },
  [UI_FORMAT_PNG] = { "png", "PNG", ".png", FALSE, TRUE },
};

const UiFigureFormatInfo *
ui_figure_format_info (UiFigureFormat format)
{
  return &formats[format];
}

gboolean
ui_figure_format_find (const char *name, UiFigureFormat *out)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);
  for (int i = 0; i < UI_N_FORMATS; i++)
    if (g_str_equal (lower, formats[i].id) || g_str_has_suffix (lower, formats[i].suffix))
      {
        *out = (UiFigureFormat)i;
        return TRUE;
      }
  return FALSE;
}

static cairo_status_t
append (void *data, const unsigned char *bytes, unsigned length)
{
  g_byte_array_append (data, bytes, length);
  return CAIRO_STATUS_SUCCESS;
}

static void
draw_page (const UiPaper *paper, cairo_t *cr, guint page, gboolean white)
{
  if (white)
    {
      cairo_set_source_rgb (cr, 1, 1, 1);
      cairo_paint (cr);
    }
  paper->draw (paper->data, cr, page);
}

/* ---- PDF ---- */

static void
describe_pdf (const UiPaper *paper, cairo_surface_t *surface)
{
  g_autofree char *record = ui_figure_json_ascii (paper->record);
  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_TITLE, "Figure");
  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_SUBJECT, paper->caption);
  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_KEYWORDS, record);
  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_CREATOR, "Sightline " ENG_VERSION);
  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_CREATE_DATE, NULL); /* else it is now */
}

static GBytes *
encode_pdf (const UiPaper *paper, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  double width, height;
  paper->size (paper->data, 0, &width, &height);
  cairo_surface_t *surface = cairo_pdf_surface_create_for_stream (append, bytes, PT (width), PT (height));
  cairo_pdf_surface_restrict_to_version (surface, CAIRO_PDF_VERSION_1_4);
  describe_pdf (paper, surface);
  cairo_t *cr = cairo_create (surface);
  for (guint page = 0; page < paper->n_pages; page++)
    {
      paper->size (paper->data, page, &width, &height);
      cairo_pdf_surface_set_size (surface, PT (width), PT (height));
      draw_page (paper, cr, page, FALSE); /* paper is white */
      cairo_show_page (cr);
    }
  cairo_status_t drawn = cairo_status (cr);
  cairo_destroy (cr);
  cairo_surface_finish (surface);
  cairo_status_t status = drawn ? drawn : cairo_surface_status (surface);
  cairo_surface_destroy (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
  eng_fail (error, ENG_ERROR_MEMORY, "The figure cannot be drawn as PDF (%s). Give it fewer rows.",
            cairo_status_to_string (status));
  return NULL;
}

/* ---- PNG ---- */

/* From Cairo's premultiplied words to bytes. */
static guint8 *
bytes_of (cairo_surface_t *surface, gboolean alpha)
{
  int width = cairo_image_surface_get_width (surface), height = cairo_image_surface_get_height (surface);
  int stride = cairo_image_surface_get_stride (surface), n = alpha ? 4 : 3;
  cairo_surface_flush (surface);
  const guint8 *data = cairo_image_surface_get_data (surface);
  guint8 *out = g_try_malloc ((gsize)width * height * n), *to = out;
  for (int y = 0; out && y < height; y++)
    {
      const guint32 *row = (const guint32 *)(const void *)(data + (gsize)y * stride);
      for (int x = 0; x < width; x++, to += n)
        {
          guint32 a = alpha ? row[x] >> 24 : 255;
          for (int c = 0; c < 3; c++)
            {
              guint32 v = row[x] >> (16 - 8 * c) & 255;
              to[c] = (guint8)(a == 0 ? 0 : a == 255 ? v : MIN (255, (v * 255 + a / 2) / a));
            }
          if (alpha)
            to[3] = (guint8)a;
        }
    }
  return out;
}

static GBytes *
encode_png (const UiPaper *paper, const UiFigureExport *options, guint page, GError **error)
{
  double width, height, zoom = options->dpi / 72;
  paper->size (paper->data, page, &width, &height);
  double columns = fmax (1, round (PT (width) * zoom)), rows = fmax (1, ceil (PT (height) * zoom - 1e-6));
  if (columns * rows > MOST_PIXELS)
    {
      eng_fail (error, ENG_ERROR_ARGUMENT,
                "The picture would have %.0f × %.0f pixels. Choose fewer dots per inch, or pages that are less high.",
                columns, rows);
      return NULL;
    }
  cairo_surface_t *surface = cairo_image_surface_create (
      options->transparent ? CAIRO_FORMAT_ARGB32 : CAIRO_FORMAT_RGB24, (int)columns, (int)rows);
  cairo_t *cr = cairo_create (surface);
  cairo_scale (cr, zoom, zoom);
  draw_page (paper, cr, page, !options->transparent);
  gboolean drawn = cairo_status (cr) == CAIRO_STATUS_SUCCESS;
  cairo_destroy (cr);
  g_autofree guint8 *pixels = drawn ? bytes_of (surface, options->transparent) : NULL;
  cairo_surface_destroy (surface);
  if (!pixels)
    {
      eng_fail (error, ENG_ERROR_MEMORY,
                "There is no memory for a picture of %.0f × %.0f pixels. Choose fewer dots per "
                "inch.",
                columns, rows);
      return NULL;
    }
  g_autofree char *record = ui_figure_json_ascii (paper->record);
  const UiPng png = { (int)columns, (int)rows, options->transparent, pixels, options->dpi, TEXT_KEY, record };
  return ui_png_encode_full (&png, error);
}

/* ---- SVG ---- */

static GBytes *
encode_svg (const UiPaper *paper, const UiFigureExport *options, guint page, GError **error)
{
  double width, height;
  g_autofree char *record = ui_figure_json_ascii (paper->record);
  paper->size (paper->data, page, &width, &height);
  UiSvg *svg = ui_svg_new (width, height);
  draw_page (paper, ui_svg_cairo (svg), page, FALSE);
  return ui_svg_finish (svg, paper->caption, record, !options->transparent, error);
}

GBytes *
ui_paper_encode (const UiPaper *paper, const UiFigureExport *options, guint page, GError **error)
{
  switch (options->format)
    {
    case UI_FORMAT_SVG:
      return encode_svg (paper, options, page, error);
    case UI_FORMAT_PNG:
      return encode_png (paper, options, page, error);
    default:
      return encode_pdf (paper, error);
    }
}

static void
drawing_size (gconstpointer data, guint page, double *width, double *height)
{
  ui_figure_drawing_size (data, page, width, height);
}

static void
drawing_draw (gconstpointer data, cairo_t *cr, guint page)
{
  ui_figure_drawing_draw (data, cr, page);
}

GBytes *
ui_figure_encode (const UiFigureDrawing *drawing, const UiFigureExport *options, guint page, GError **error)
{
  g_autofree char *record = ui_figure_provenance (drawing, TRUE), *caption = ui_figure_caption (drawing);
  const UiPaper paper = { drawing, ui_figure_drawing_n_pages (drawing), drawing_size, drawing_draw, caption, record };
  return ui_paper_encode (&paper, options, page, error);
}
