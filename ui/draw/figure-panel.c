/* The picture of a panel: photo, heat and outline blended at the photo's own size by overlay.c, then cropped. */
#include <math.h>
#include <string.h>

#include "ui/draw/figure-private.h"
#include "ui/draw/masked.h"

#define MOST_DPI 1200.0 /* finer pixels are averaged */

void
ui_figure_panel_unref (UiFigurePanel *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->ref))
    return;
  g_clear_pointer (&self->surface, cairo_surface_destroy);
  g_clear_pointer (&self->inset, cairo_surface_destroy);
  g_free (self);
}

/* The mean of @shrink x @shrink pixels, fewer at the border. */
static guint32
mean_pixel (const guint8 *rgb, int width, const int part[4], int x, int y, int shrink)
{
  guint sum[3] = { 0 }, n = 0;
  int x1 = MIN (x + shrink, part[2]), y1 = MIN (y + shrink, part[3]);
  for (int v = y; v < y1; v++)
    for (int u = x; u < x1; u++, n++)
      for (int c = 0; c < 3; c++)
        sum[c] += rgb[((gsize)v * width + u) * 3 + c];
  return (sum[0] + n / 2) / n << 16 | (sum[1] + n / 2) / n << 8 | (sum[2] + n / 2) / n;
}

/* A part of height x width x 3 bytes; @part: left, top, right, bottom. */
static cairo_surface_t *
surface_from (const guint8 *rgb, int width, const int part[4], int shrink)
{
  int columns = (part[2] - part[0] + shrink - 1) / shrink, rows = (part[3] - part[1] + shrink - 1) / shrink;
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, columns, rows);
  guint8 *data = cairo_image_surface_get_data (surface);
  int stride = cairo_image_surface_get_stride (surface);
  for (int y = 0; data && y < rows; y++)
    {
      guint32 *to = (guint32 *)(void *)(data + (gsize)y * stride);
      const guint8 *from = rgb + ((gsize)(part[1] + y * shrink) * width + part[0]) * 3;
      for (int x = 0; x < columns; x++, from += 3)
        to[x] = shrink == 1 ? (guint32)(from[0] << 16 | from[1] << 8 | from[2])
                            : mean_pixel (rgb, width, part, part[0] + x * shrink, part[1] + y * shrink, shrink);
    }
  cairo_surface_mark_dirty (surface);
  return surface;
}

/* At least one pixel, inside of 0 .. @n. */
static void
to_pixels (double low, double high, int n, int *first, int *end)
{
  *first = CLAMP ((int)floor (low + 1e-6), 0, n - 1);
  *end = CLAMP ((int)ceil (high - 1e-6), *first + 1, n);
}

static void
find_part (const UiFigureRow *row, const UiFigureCell *cell, UiFigurePanel *self)
{
  int width = eng_image_width (cell->image), height = eng_image_height (cell->image);
  int box[4];
  to_pixels (row->x0 * width, row->x1 * width, width, &box[0], &box[2]);
  to_pixels (row->y0 * height, row->y1 * height, height, &box[1], &box[3]);
  self->x1 = width;
  self->y1 = height;
  if (row->crop == UI_CROP_INSET)
    memcpy (self->box, box, sizeof box);
  if (row->crop == UI_CROP_FREE)
    {
      self->x0 = box[0];
      self->y0 = box[1];
      self->x1 = box[2];
      self->y1 = box[3];
    }
  if (row->crop == UI_CROP_VIEW && cell->has_geometry && cell->geometry.image_width == width
      && cell->geometry.image_height == height)
    {
      UiSeen seen;
      ui_seen_from_geometry (&cell->geometry, &seen);
      to_pixels (seen.x0, seen.x1, width, &self->x0, &self->x1);
      to_pixels (seen.y0, seen.y1, height, &self->y0, &self->y1);
    }
}

static gboolean
display_equal (const UiDisplay *a, const UiDisplay *b)
{
  return a->unsigned_map == b->unsigned_map && a->signed_map == b->signed_map && a->mode == b->mode
         && a->opacity == b->opacity && a->fade == b->fade && a->threshold == b->threshold
         && a->smoothing == b->smoothing && a->photo == b->photo;
}

/* The range is not compared: what it leads to is, the scale. */
gboolean
ui_figure_panel_equal (const UiFigurePanel *a, const UiFigurePanel *b)
{
  return a->shown == b->shown && a->image == b->image && a->map == b->map && a->fill == b->fill && a->k == b->k
         && a->outlined == b->outlined && a->shrink == b->shrink && a->x0 == b->x0 && a->y0 == b->y0 && a->x1 == b->x1
         && a->y1 == b->y1 && memcmp (a->box, b->box, sizeof a->box) == 0 && a->has_scale == b->has_scale
         && (!a->has_scale || (ui_scale_equal (&a->scale, &b->scale) && display_equal (&a->display, &b->display)));
}

/* Premultiplied @argb over @rgb. */
static void
lay_over (const guint32 *argb, gsize n, guint8 *rgb)
{
  for (gsize i = 0; i < n; i++, argb++, rgb += 3)
    for (int c = 0; c < 3; c++)
      rgb[c] = (guint8)MIN (255, (*argb >> (16 - 8 * c) & 255) + ((255 - (*argb >> 24)) * rgb[c] + 127) / 255);
}

static void
outline (const EngHeatmap *map, const UiScale *scale, const UiDisplay *display, int width, int height, guint8 *rgb)
{
  gsize n = (gsize)width * height;
  UiDisplay line = *display;
  line.mode = UI_MODE_OUTLINE;
  g_autofree float *values = ui_overlay_sample (map, display->smoothing, width, height);
  g_autofree guint32 *layer = g_try_new (guint32, n);
  g_autoptr (UiSpread) spread = ui_spread_new_at_input (map);
  if (!values || !layer)
    return;
  ui_overlay_layer (values, width, height, scale, ui_overlay_level (spread, scale, display->threshold), &line, layer);
  lay_over (layer, n, rgb);
}

static void
mask (const UiFigureColumn *column, const UiFigureCell *cell, int width, int height, guint8 *rgb)
{
  gsize n = (gsize)width * height;
  const UiMasked masked = { &cell->geometry, cell->ranking, column->mode, cell->k, cell->fill };
  g_autofree guint32 *layer = g_try_new (guint32, n);
  if (!layer)
    return;
  ui_masked_overlay (&masked, 0, 0, width, height, width, height, layer);
  lay_over (layer, n, rgb);
}

/* height x width x 3 (transfer full); NULL: no memory, or the map is of another picture. */
static guint8 *
blend (const UiFigurePanel *self, const UiFigureColumn *column, const UiFigureCell *cell)
{
  int width = eng_image_width (cell->image), height = eng_image_height (cell->image);
  gsize size = (gsize)width * height * 3;
  guint8 *rgb;
  if (column->kind == UI_COLUMN_MAP)
    {
      rgb = ui_overlay_render_with (cell->image, cell->map, &self->display, &self->scale, NULL);
      if (rgb && self->outlined)
        outline (cell->map, &self->scale, &self->display, width, height, rgb);
      return rgb;
    }
  rgb = g_try_malloc (size);
  if (!rgb)
    return NULL;
  memcpy (rgb, eng_image_rgb (cell->image), size);
  if (column->kind == UI_COLUMN_MASKED)
    mask (column, cell, width, height, rgb);
  return rgb;
}

/* TRUE when the cell holds what a panel of this kind shows. */
static gboolean
can_show (const UiFigureColumn *column, const UiFigureCell *cell, const UiScale *scale)
{
  gboolean held = cell->state == UI_CELL_READY || cell->state == UI_CELL_OLD;
  if (!held || !cell->image)
    return FALSE;
  gboolean fits = cell->has_geometry && cell->geometry.image_width == eng_image_width (cell->image)
                  && cell->geometry.image_height == eng_image_height (cell->image);
  switch (column->kind)
    {
    case UI_COLUMN_MAP:
      return cell->map && scale && fits;
    case UI_COLUMN_MASKED:
      return cell->ranking && cell->fill && fits;
    case UI_COLUMN_PHOTO:
      return TRUE;
    default:
      return FALSE;
    }
}

UiFigurePanel *
ui_figure_panel_new (const UiFigure *figure, guint row, const UiFigureColumn *column, const UiFigureCell *cell,
                     const UiScale *scale)
{
  UiFigurePanel *self = g_new0 (UiFigurePanel, 1);
  g_atomic_ref_count_init (&self->ref);
  self->display = figure->display;
  self->shrink = 1;
  if (cell->image)
    find_part (ui_figure_row (figure, row), cell, self);
  self->aspect = cell->image ? (double)(self->x1 - self->x0) / (self->y1 - self->y0) : NAN;
  self->shown = can_show (column, cell, scale);
  if (!self->shown)
    return self;
  self->image = cell->image;
  self->map = column->kind == UI_COLUMN_MAP ? cell->map : NULL;
  self->fill = column->kind == UI_COLUMN_MASKED ? cell->fill : NULL;
  self->k = column->kind == UI_COLUMN_MASKED ? cell->k : 0;
  self->has_scale = self->map != NULL;
  self->outlined = self->map && (figure->show & UI_SHOW_OUTLINE) != 0;
  if (self->has_scale)
    self->scale = *scale;
  return self;
}

void
ui_figure_panel_set_width (UiFigurePanel *self, double width)
{
  self->shrink = MAX (1, (int)((self->x1 - self->x0) / fmax (1, width / 72 * MOST_DPI)));
}

void
ui_figure_panel_blend (UiFigurePanel *self, const UiFigureColumn *column, const UiFigureCell *cell)
{
  const int part[4] = { self->x0, self->y0, self->x1, self->y1 };
  g_autofree guint8 *rgb = self->shown ? blend (self, column, cell) : NULL;
  if (!rgb)
    return;
  self->surface = surface_from (rgb, eng_image_width (cell->image), part, self->shrink);
  if (self->box[2] > self->box[0])
    self->inset = surface_from (rgb, eng_image_width (cell->image), self->box, 1);
}
