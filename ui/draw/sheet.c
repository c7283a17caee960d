/* See sheet.h. Everything is laid out in pixels: a sheet is looked at on a screen. */
#include "ui/draw/sheet.h"

#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "ui/draw/legend.h"
#include "ui/draw/png-file.h"
#include "ui/draw/words.h"

#define TILE 200       /* longest side of a picture */
#define GAP 12         /* between tiles, and round the sheet */
#define TEXT 34        /* two lines below a tile */
#define LINE 17        /* of the head and the foot */
#define MOST_COLUMNS 8 /* of maps; the photo has a column of its own */
#define LEAST_WIDTH 760
#define FONT "sans 9"
#define FONT_BOLD "sans bold 9"
#define FONT_TITLE "sans bold 13"

typedef struct
{
  cairo_surface_t *surface;
  char *title, *caption;
} Tile;

/* One picture: tile 0 is the photo. */
typedef struct
{
  int width, height; /* of its tiles */
  guint8 *rgb;       /* the photo at that size */
  GArray *tiles;
} Block;

struct _UiSheet
{
  char *title, *subtitle;
  int columns;
  GPtrArray *blocks, *footnotes;
  gboolean has_sign[2]; /* by EngSign: which scales the foot explains */
  UiDisplay display;
};

static void
tile_clear (gpointer data)
{
  Tile *self = data;
  cairo_surface_destroy (self->surface);
  g_free (self->title);
  g_free (self->caption);
}

static void
block_free (gpointer data)
{
  Block *self = data;
  g_array_unref (self->tiles);
  g_free (self->rgb);
  g_free (self);
}

UiSheet *
ui_sheet_new (const char *title, const char *subtitle, guint n_methods)
{
  UiSheet *self = g_new0 (UiSheet, 1);
  int n = MAX (1, (int)n_methods), rows = (n + MOST_COLUMNS - 1) / MOST_COLUMNS;
  self->title = g_strdup (title);
  self->subtitle = g_strdup (subtitle);
  self->columns = (n + rows - 1) / rows;
  self->blocks = g_ptr_array_new_with_free_func (block_free);
  self->footnotes = g_ptr_array_new_with_free_func (g_free);
  ui_display_init (&self->display);
  return self;
}

void
ui_sheet_free (UiSheet *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->blocks);
  g_ptr_array_unref (self->footnotes);
  g_free (self->title);
  g_free (self->subtitle);
  g_free (self);
}

/* ---- tiles ---- */

/* @rgb: height x width x 3 bytes. */
static cairo_surface_t *
surface_from_rgb (const guint8 *rgb, int width, int height)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  guint8 *data = cairo_image_surface_get_data (surface);
  int stride = cairo_image_surface_get_stride (surface);
  for (int y = 0; data && y < height; y++)
    {
      guint32 *row = (guint32 *)(void *)(data + (gsize)y * stride);
      for (int x = 0; x < width; x++, rgb += 3)
        row[x] = (guint32)rgb[0] << 16 | (guint32)rgb[1] << 8 | rgb[2];
    }
  cairo_surface_mark_dirty (surface);
  return surface;
}

static void
rgb_from_surface (cairo_surface_t *surface, guint8 *rgb)
{
  int width = cairo_image_surface_get_width (surface), height = cairo_image_surface_get_height (surface);
  int stride = cairo_image_surface_get_stride (surface);
  cairo_surface_flush (surface);
  const guint8 *data = cairo_image_surface_get_data (surface);
  for (int y = 0; data && y < height; y++)
    {
      const guint32 *row = (const guint32 *)(const void *)(data + (gsize)y * stride);
      for (int x = 0; x < width; x++, rgb += 3)
        {
          rgb[0] = (guint8)(row[x] >> 16);
          rgb[1] = (guint8)(row[x] >> 8);
          rgb[2] = (guint8)row[x];
        }
    }
}

/* The picture fitted into TILE x TILE. */
static cairo_surface_t *
shrink (EngImage *image, int width, int height)
{
  int w = eng_image_width (image), h = eng_image_height (image);
  cairo_surface_t *large = surface_from_rgb (eng_image_rgb (image), w, h);
  cairo_surface_t *small = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  cairo_t *cr = cairo_create (small);
  cairo_scale (cr, (double)width / w, (double)height / h);
  cairo_set_source_surface (cr, large, 0, 0);
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_paint (cr);
  cairo_destroy (cr);
  cairo_surface_destroy (large);
  return small;
}

void
ui_sheet_add_picture (UiSheet *self, EngImage *image, const char *caption)
{
  int w = eng_image_width (image), h = eng_image_height (image), longest = MAX (w, h);
  Block *block = g_new0 (Block, 1);
  block->width = MAX (1, (int)lround ((double)TILE * w / longest));
  block->height = MAX (1, (int)lround ((double)TILE * h / longest));
  block->tiles = g_array_new (FALSE, FALSE, sizeof (Tile));
  g_array_set_clear_func (block->tiles, tile_clear);
  Tile photo = { shrink (image, block->width, block->height), g_strdup (eng_image_name (image)), g_strdup (caption) };
  block->rgb = g_malloc0 ((gsize)3 * block->width * block->height);
  rgb_from_surface (photo.surface, block->rgb);
  g_array_append_val (block->tiles, photo);
  g_ptr_array_add (self->blocks, block);
}

/* The heat at the tile's size over the photo, hatched where the model never looked. */
static cairo_surface_t *
draw_overlay (UiSheet *self, const Block *block, const EngHeatmap *map, const UiScale *scale)
{
  const EngGeometry *geometry = eng_heatmap_geometry (map);
  gsize n = (gsize)block->width * block->height;
  UiSeen seen;
  g_autofree guint8 *photo = g_memdup2 (block->rgb, 3 * n);
  g_autofree guint32 *heat = g_new0 (guint32, n);
  g_autofree float *values = ui_overlay_sample (map, self->display.smoothing, block->width, block->height);
  if (ui_overlay_wants_grey (&self->display, scale->sign))
    ui_overlay_grey (photo, n, photo);
  if (values)
    ui_overlay_heat (values, n, scale, &self->display, heat);
  cairo_surface_t *tile = surface_from_rgb (photo, block->width, block->height);
  cairo_surface_t *layer = cairo_image_surface_create_for_data ((guchar *)heat, CAIRO_FORMAT_ARGB32, block->width,
                                                                block->height, block->width * 4);
  cairo_t *cr = cairo_create (tile);
  cairo_set_source_surface (cr, layer, 0, 0);
  cairo_paint_with_alpha (cr, self->display.opacity);
  ui_seen_from_geometry (geometry, &seen);
  if (!ui_seen_is_all (&seen, geometry))
    ui_hatch_draw (cr, &seen, 0, 0, block->width, block->height, (double)block->width / geometry->image_width);
  cairo_destroy (cr);
  cairo_surface_destroy (layer);
  return tile;
}

void
ui_sheet_add_map (UiSheet *self, const EngHeatmap *map)
{
  g_return_if_fail (self->blocks->len > 0);
  Block *block = self->blocks->pdata[self->blocks->len - 1];
  const EngProvenance *p = eng_heatmap_provenance (map);
  UiScale scale;
  ui_display_scale (&self->display, map, &scale);
  Tile tile = { draw_overlay (self, block, map, &scale), g_strdup (p->method_name), ui_words_partial (map) };
  if (!tile.caption)
    tile.caption = scale.flat ? g_strdup ("constant: nothing to rank") : ui_words_explained (map);
  self->has_sign[eng_heatmap_sign (map)] = TRUE;
  g_array_append_val (block->tiles, tile);
}

gboolean
ui_sheet_is_empty (const UiSheet *self)
{
  return self->blocks->len == 0;
}

void
ui_sheet_add_footnote (UiSheet *self, const char *text)
{
  g_ptr_array_add (self->footnotes, g_strdup (text));
}

/* ---- the sheet ---- */

/* @width: < 0: one line, as long as it is; else lines are cut (@wrap FALSE) or wrapped. Returns the height. */
static double
put_text (cairo_t *cr, const char *font, double grey, const char *text, double x, double y, double width,
          gboolean wrap)
{
  PangoLayout *layout = pango_cairo_create_layout (cr);
  PangoFontDescription *description = pango_font_description_from_string (font);
  int height;
  pango_layout_set_font_description (layout, description);
  pango_layout_set_text (layout, text, -1);
  if (width >= 0)
    pango_layout_set_width (layout, (int)(width * PANGO_SCALE));
  if (wrap)
    pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
  else
    pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  pango_layout_get_pixel_size (layout, NULL, &height);
  cairo_set_source_rgb (cr, grey, grey, grey);
  cairo_move_to (cr, x, y);
  pango_cairo_show_layout (cr, layout);
  pango_font_description_free (description);
  g_object_unref (layout);
  return height;
}

static double
sheet_width (const UiSheet *self)
{
  return MAX (LEAST_WIDTH, GAP + (self->columns + 1) * (TILE + GAP));
}

static void
draw_tile (cairo_t *cr, const Block *block, const Tile *tile, double x, double y)
{
  cairo_set_source_surface (cr, tile->surface, x, y);
  cairo_paint (cr);
  put_text (cr, FONT_BOLD, 0.1, tile->title, x, y + block->height + 3, TILE, FALSE);
  put_text (cr, FONT, 0.35, tile->caption, x, y + block->height + 3 + LINE, TILE, FALSE);
}

/* Returns where the next block begins. Maps keep out of the photo's column. */
static double
draw_block (const UiSheet *self, cairo_t *cr, const Block *block, double y)
{
  double step = block->height + TEXT + GAP;
  guint maps = block->tiles->len - 1, rows = MAX (1, (maps + self->columns - 1) / self->columns);
  draw_tile (cr, block, &g_array_index (block->tiles, Tile, 0), GAP, y);
  for (guint i = 0; i < maps; i++)
    draw_tile (cr, block, &g_array_index (block->tiles, Tile, i + 1), GAP + (1 + i % self->columns) * (TILE + GAP),
               y + (i / self->columns) * step);
  return y + rows * step;
}

/* What the colours stand for; each map has a scale of its own, so the ends are words. */
static double
draw_scales (const UiSheet *self, cairo_t *cr, double y)
{
  static const char *const words[] = {
    [ENG_SIGN_UNSIGNED] = "from none to most evidence",
    [ENG_SIGN_SIGNED] = "from against to for the class",
  };
  double x = GAP;
  for (guint sign = 0; sign < G_N_ELEMENTS (words); sign++)
    {
      if (!self->has_sign[sign])
        continue;
      ui_legend_ramp (cr, ui_display_colormap (&self->display, (EngSign)sign), x, y + 3, 120, 10);
      put_text (cr, FONT, 0.35, words[sign], x + 128, y, -1, FALSE);
      x += 420;
    }
  return y + LINE + 6;
}

/* On a recording surface or on the sheet itself; returns the height it takes. */
static double
draw (const UiSheet *self, cairo_t *cr)
{
  double width = sheet_width (self), y = GAP;
  y += put_text (cr, FONT_TITLE, 0.1, self->title, GAP, y, width - 2 * GAP, FALSE) + 2;
  y += put_text (cr, FONT, 0.35, self->subtitle, GAP, y, width - 2 * GAP, TRUE) + GAP;
  for (guint i = 0; i < self->blocks->len; i++)
    y = draw_block (self, cr, self->blocks->pdata[i], y);
  y = draw_scales (self, cr, y);
  for (guint i = 0; i < self->footnotes->len; i++)
    y += put_text (cr, FONT, 0.35, self->footnotes->pdata[i], GAP, y, width - 2 * GAP, TRUE) + 3;
  return y + GAP;
}

static double
measure (const UiSheet *self)
{
  cairo_surface_t *surface = cairo_recording_surface_create (CAIRO_CONTENT_COLOR, NULL);
  cairo_t *cr = cairo_create (surface);
  double height = draw (self, cr);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
  return height;
}

GBytes *
ui_sheet_encode (UiSheet *self, GError **error)
{
  int width = (int)sheet_width (self), height = (int)ceil (measure (self));
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  g_autofree guint8 *rgb = g_try_malloc ((gsize)3 * width * height);
  GBytes *bytes = NULL;
  if (rgb && cairo_surface_status (surface) == CAIRO_STATUS_SUCCESS)
    {
      cairo_t *cr = cairo_create (surface);
      cairo_set_source_rgb (cr, 1, 1, 1);
      cairo_paint (cr);
      draw (self, cr);
      cairo_destroy (cr);
      rgb_from_surface (surface, rgb);
      bytes = ui_png_encode (rgb, width, height, error);
    }
  else
    eng_fail (error, ENG_ERROR_MEMORY,
              "A sheet of %d × %d pixels cannot be drawn. Give fewer pictures or methods at a time.", width, height);
  cairo_surface_destroy (surface);
  return bytes;
}
