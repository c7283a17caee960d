/* Figures: the document as JSON, layout in mm, what panels show, files and their bytes, verdict, words. Pictures and
 * maps are made here, so that every number is known. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "engine/engine.h"
#include "support.h"
#include "ui/draw/figure-export.h"
#include "ui/draw/figure-open.h"
#include "ui/draw/figure-verdict.h"
#include "ui/draw/figure-words.h"
#include "ui/draw/latex.h"

#define INPUT 8 /* of the model that the maps are of */

static EngImage *
make_image (int width, int height, int shade)
{
  g_autofree guint8 *rgb = g_malloc ((gsize)width * height * 3);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      for (int c = 0; c < 3; c++)
        rgb[(y * width + x) * 3 + c] = (guint8)(x * 7 + y * 13 + c * 50 + shade);
  return eng_image_new (width, height, rgb, "made.png");
}

static EngGeometry
stretch (EngImage *image)
{
  int width = eng_image_width (image), height = eng_image_height (image);
  return (EngGeometry){ .image_width = width,
                        .image_height = height,
                        .input_width = INPUT,
                        .input_height = INPUT,
                        .scale_x = (double)width / INPUT,
                        .scale_y = (double)height / INPUT,
                        .view_x1 = INPUT,
                        .view_y1 = INPUT };
}

/* Rises to the right from @lo to @hi. */
static EngHeatmap *
make_map (EngImage *image, const char *method, EngSign sign, float lo, float hi)
{
  float values[INPUT * INPUT];
  EngGeometry geometry = stretch (image);
  EngProvenance p = { .method_id = g_strdup (method),
                      .method_name = g_strdup (method),
                      .class_name = g_strdup ("light_house & 5 %"),
                      .preprocessing = g_strdup ("as it is"),
                      .layer = g_strdup ("features.7"),
                      .values = g_strdup ("{}"),
                      .version = g_strdup ("0"),
                      .probability = 0.957,
                      .contrast_index = -1 };
  for (int i = 0; i < INPUT * INPUT; i++)
    values[i] = lo + (hi - lo) * (float)(i % INPUT) / (INPUT - 1);
  return eng_heatmap_new (values, 1, INPUT, INPUT, sign, ENG_UPSAMPLE_BILINEAR, &geometry, &p);
}

/* Image, LTX, a signed method; two rows; scores. */
typedef struct
{
  UiFigure *figure;
  UiFigureCells *cells;
  char *folder;
} Fixture;

static void
fill_row (Fixture *f, guint row, int width, int height)
{
  static const struct
  {
    const char *method;
    EngSign sign;
    float lo;
  } made[] = { { "ltx", ENG_SIGN_UNSIGNED, 0 }, { "gradient", ENG_SIGN_SIGNED, -0.4f } };
  g_autoptr (EngImage) image = make_image (width, height, (int)row * 31);
  EngGeometry geometry = stretch (image);
  ui_figure_cell_set_image (ui_figure_cells_at (f->cells, row, 0), image);
  ui_figure_cell_set_class (ui_figure_cells_at (f->cells, row, 0), 3, "lighthouse", 0.957);
  ui_figure_cell_set_geometry (ui_figure_cells_at (f->cells, row, 0), &geometry);
  for (guint c = 1; c <= G_N_ELEMENTS (made); c++)
    {
      UiFigureCell *cell = ui_figure_cells_at (f->cells, row, c);
      g_autoptr (EngHeatmap) map = make_map (image, made[c - 1].method, made[c - 1].sign, made[c - 1].lo, 1.0f + row);
      ui_figure_cell_set_image (cell, image);
      ui_figure_cell_set_map (cell, map);
      ui_figure_cell_add_score (cell, eng_protocol_find ("rise-deletion", NULL), NULL, 0.125 + row);
      ui_figure_cell_add_score (cell, eng_protocol_find ("rise-insertion", NULL), NULL, 1.0 / 3);
    }
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = test_tmpdir ();
  f->figure = ui_figure_new ();
  f->figure->width = 174;
  g_free (f->figure->font);
  f->figure->font = g_strdup ("DejaVu Serif");
  ui_figure_add_model (f->figure, "/somewhere/net.onnx", NULL)->name = g_strdup ("net");
  ui_figure_add_row (f->figure, "/somewhere/harbour.png", NULL)->label = g_strdup ("lighthouse");
  ui_figure_add_row (f->figure, "/somewhere/valley.png", NULL)->label = g_strdup ("Zürich מגדלור");
  ui_figure_add_column (f->figure, UI_COLUMN_PHOTO, NULL);
  ui_figure_add_column (f->figure, UI_COLUMN_MAP, "ltx")->heading = g_strdup ("LTX (ours)");
  ui_figure_add_column (f->figure, UI_COLUMN_MAP, "gradient");
  f->cells = ui_figure_cells_new (f->figure);
  ui_figure_cells_set_model (f->cells, 0, "net", "ab");
  fill_row (f, 0, 48, 36);
  fill_row (f, 1, 40, 40);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  ui_figure_free (f->figure);
  ui_figure_cells_unref (f->cells);
  test_remove_tree (f->folder);
  g_free (f->folder);
}

static UiFigureDrawing *
draw (Fixture *f)
{
  return ui_figure_drawing_new (f->figure, f->cells, NULL);
}

/* ---- the document ---- */

/* Everything that differs from what a new one has. */
static UiFigure *
make_full (void)
{
  UiFigure *figure = ui_figure_new ();
  UiFigureModel *model = ui_figure_add_model (figure, "/home/me/net.onnx", NULL);
  model->file.sha256 = g_strnfill (64, 'a');
  model->output = g_strdup ("logits");
  ui_figure_add_model (figure, "b.onnx", NULL);
  UiFigureRow *row = ui_figure_add_row (figure, "/home/me/\xff\xfe.png", NULL);
  row->label = g_strdup ("مئذنة \"x\"\n2");
  row->class_index = 7;
  row->class_name = g_strdup ("seven");
  row->model = 1;
  row->crop = UI_CROP_INSET;
  row->x0 = 0.1;
  row->y0 = 1.0 / 3;
  row->x1 = 0.7;
  ui_figure_add_row (figure, "a.png", NULL)->crop = UI_CROP_VIEW;
  UiFigureColumn *map = ui_figure_add_column (figure, UI_COLUMN_MAP, "ltx");
  map->seed = G_MAXUINT64;
  map->layer = g_strdup ("features.7");
  map->model = 0;
  g_autoptr (EngValues) values = eng_values_new (eng_method_find ("ltx", NULL), NULL);
  g_assert_true (eng_values_set_pair (values, "steps=7", NULL));
  map->values = eng_values_to_json (values);
  UiFigureColumn *masked = ui_figure_add_column (figure, UI_COLUMN_MASKED, "grad-cam");
  masked->share = 0.3;
  masked->mode = ENG_MASK_KEEP;
  masked->order = ENG_ORDER_LEAST_FIRST;
  masked->fill = ENG_FILL_NOISE;
  masked->contrast = 2;
  UiFigureColumn *plot = ui_figure_add_column (figure, UI_COLUMN_PLOT, NULL);
  plot->band = TRUE;
  plot->heading = g_strdup ("");
  figure->swapped = TRUE;
  figure->width = 82.6;
  figure->page_height = 245;
  figure->gap = 0.7;
  figure->text_size = 9.5;
  figure->show = UI_SHOW_LETTERS | UI_SHOW_OUTLINE;
  figure->pixels = UI_PIXELS_NEAREST;
  figure->display.opacity = 0.1;
  figure->display.threshold = 0.33;
  figure->display.same = UI_SAME_ALL;
  figure->caption = g_strdup ("Was zählt");
  g_ptr_array_add (figure->scores, g_strdup ("ltx-pos"));
  figure->rank_by = ENG_RANK_ABSOLUTE;
  figure->seed = 9;
  return figure;
}

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UiFigure) figure = make_full (), copy = ui_figure_copy (figure);
  g_autofree char *text = ui_figure_to_json (figure, FALSE);
  g_autoptr (UiFigure) again = ui_figure_from_json (text, -1, "a.json", &error);
  g_assert_no_error (error);
  g_assert_true (ui_figure_equal (figure, copy));
  g_assert_true (ui_figure_equal (figure, again));
  g_assert_cmpstr (ui_figure_row (again, 0)->picture.path, ==, "/home/me/\xff\xfe.png");
  g_assert_cmpfloat (ui_figure_row (again, 0)->y0, ==, 1.0 / 3);
  g_assert_true (ui_figure_column (again, 0)->seed == G_MAXUINT64);
  g_assert_cmpstr (ui_figure_column (again, 2)->heading, ==, "");
  g_assert_true (again->display.threshold == 0.33 && again->display.opacity == 0.1);
  for (const char *at = text; *at; at++)
    g_assert_true ((guchar)*at < 0x80);
  g_autofree char *names = ui_figure_to_json (figure, TRUE);
  g_assert_null (strstr (names, "/home"));
  ui_figure_row (copy, 0)->x0 = 0.2;
  g_assert_false (ui_figure_equal (figure, copy));
}

static void
test_refused (void)
{
  static const struct
  {
    const char *members, *expected;
  } bad[] = {
    { "\"version\":2", "newer version" },
    { "\"version\":0", "version" },
    { "\"version\":1,\"width\":1e9", "width" },
    { "\"version\":1,\"rows\":{}", "rows" },
    { "\"version\":1,\"rows\":[{\"path\":\"\"}]", "path" },
    { "\"version\":1,\"rows\":[{\"path\":\"a\",\"sha256\":\"xyz\"}]", "sha256" },
    { "\"version\":1,\"rows\":[{\"path\":\"a\",\"model\":3}]", "model" },
    { "\"version\":1,\"rows\":[{\"path\":\"a\",\"box\":[0.5,0,0.5,1]}]", "box" },
    { "\"version\":1,\"columns\":[{\"kind\":\"map\",\"method\":\"gone\"}]", "method" },
    { "\"version\":1,\"columns\":[{\"kind\":\"map\"}]", "method" },
    { "\"version\":1,\"columns\":[{\"kind\":\"plot\",\"protocol\":\"pointing-game\"}]", "protocol" },
    { "\"version\":1,\"columns\":[{\"kind\":\"masked\",\"method\":\"ltx\",\"fill\":\"jam\"}]", "fill" },
    { "\"version\":1,\"columns\":[{\"kind\":\"map\",\"method\":\"ltx\",\"values\":{\"steps\":-3}}]", "steps" },
    { "\"version\":1,\"scores\":[\"gone\"]", "scores" },
    { "\"version\":1,\"display\":{\"unsigned-map\":\"rdbu\"}", "unsigned-map" },
    { "\"version\":1,\"font\":\"\"", "font" },
    { "\"version\":1,\"caption\":7", "caption" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text = g_strdup_printf ("{\"format\":\"sightline-figure\",%s}", bad[i].members);
      g_assert_null (ui_figure_from_json (text, -1, "bad.json", &error));
      g_assert_nonnull (error);
      if (!strstr (error->message, bad[i].expected) || !strstr (error->message, "bad.json"))
        g_error ("%s gives: %s", text, error->message);
    }
  GString *many = g_string_new ("{\"format\":\"sightline-figure\",\"version\":1,\"rows\":[");
  for (int i = 0; i <= UI_FIGURE_MAX_ROWS; i++)
    g_string_append (many, i == 0 ? "{\"path\":\"a\"}" : ",{\"path\":\"a\"}");
  g_string_append (many, "]}");
  g_autoptr (GError) error = NULL;
  g_assert_null (ui_figure_from_json (many->str, -1, "many.json", &error));
  g_assert_nonnull (strstr (error->message, "at most 2000"));
  g_string_free (many, TRUE);
  g_autoptr (GError) panels = NULL;
  GString *wide = g_string_new ("{\"format\":\"sightline-figure\",\"version\":1,\"rows\":[");
  for (int i = 0; i < UI_FIGURE_MAX_ROWS; i++)
    g_string_append (wide, i == 0 ? "{\"path\":\"a\"}" : ",{\"path\":\"a\"}");
  g_string_append (wide, "],\"columns\":[");
  for (int i = 0; i < UI_FIGURE_MAX_COLUMNS; i++)
    g_string_append (wide, i == 0 ? "{}" : ",{}");
  g_string_append (wide, "]}");
  g_assert_null (ui_figure_from_json (wide->str, -1, "wide.json", &panels));
  g_assert_nonnull (strstr (panels->message, "128000 panels"));
  g_string_free (wide, TRUE);
}

/* ---- layout ---- */

static UiFigureBox
box_of (const UiFigureDrawing *drawing, guint row, guint column, guint *page)
{
  UiFigureBox box;
  guint at;
  g_assert_true (ui_figure_drawing_panel (drawing, row, column, page ? page : &at, &box));
  return box;
}

/* Equal widths, gaps as asked for, pictures in their shape, everything on the page. */
static void
test_layout (Fixture *f, gconstpointer data)
{
  g_autoptr (UiFigureDrawing) drawing = draw (f);
  double width, height;
  guint row, column;
  ui_figure_drawing_size (drawing, 0, &width, &height);
  g_assert_cmpfloat (width, ==, 174);
  g_assert_cmpuint (ui_figure_drawing_n_pages (drawing), ==, 1);
  UiFigureBox first = box_of (drawing, 0, 0, NULL), next = box_of (drawing, 0, 1, NULL),
              below = box_of (drawing, 1, 0, NULL);
  g_assert_cmpfloat_with_epsilon (first.width / first.height, 48.0 / 36, 1e-9);
  g_assert_cmpfloat_with_epsilon (below.width, below.height, 1e-9);
  g_assert_cmpfloat_with_epsilon (first.width, next.width, 1e-9);
  g_assert_cmpfloat_with_epsilon (next.x - first.x - first.width, f->figure->gap, 1e-9);
  g_assert_cmpfloat (below.y, >, first.y + first.height + 2); /* the scores between */
  g_assert_cmpfloat (below.y + below.height, <, height);
  g_assert_true (ui_figure_drawing_pick (drawing, 0, next.x + 1, next.y + 1, &row, &column));
  g_assert_cmpuint (row, ==, 0);
  g_assert_cmpuint (column, ==, 1);
  g_assert_false (ui_figure_drawing_pick (drawing, 0, 0.1, next.y + 1, &row, &column));
}

static void
test_swapped (Fixture *f, gconstpointer data)
{
  f->figure->swapped = TRUE;
  g_autoptr (UiFigureDrawing) drawing = draw (f);
  UiFigureBox first = box_of (drawing, 0, 0, NULL), beside = box_of (drawing, 1, 0, NULL),
              below = box_of (drawing, 0, 1, NULL);
  g_assert_cmpfloat_with_epsilon (first.y, beside.y, 1e-9);
  g_assert_cmpfloat_with_epsilon (first.height, beside.height, 1e-9);
  g_assert_cmpfloat_with_epsilon (first.width / first.height, 48.0 / 36, 1e-9);
  g_assert_cmpfloat_with_epsilon (beside.width, beside.height, 1e-9);
  g_assert_cmpfloat (below.y, >, first.y + first.height);
}

/* How many letters a word above the LTX column may have before it breaks, at @size pt. */
static guint
longest_heading (Fixture *f, double size)
{
  double one_line = 0;
  f->figure->text_size = size;
  for (guint n = 1;; n++)
    {
      char **heading = &ui_figure_column (f->figure, 1)->heading;
      g_free (*heading);
      *heading = g_strnfill (n, 'n');
      g_autoptr (UiFigureDrawing) drawing = draw (f);
      double top = box_of (drawing, 0, 0, NULL).y;
      if (n == 1)
        one_line = top;
      else if (top > 1.5 * one_line)
        return n - 1;
    }
}

/* Headings get smaller rather than break a word, as far as they can be read. */
static void
test_whole_words (Fixture *f, gconstpointer data)
{
  f->figure->width = 60;
  f->figure->show = UI_SHOW_HEADINGS;
  guint smallest = longest_heading (f, 6), larger = longest_heading (f, 9);
  g_assert_cmpuint (smallest, >=, 6);
  g_assert_cmpuint (larger, ==, smallest);
}

static void
test_pages (Fixture *f, gconstpointer data)
{
  double width, height;
  guint page;
  f->figure->page_height = 80;
  g_autoptr (UiFigureDrawing) drawing = draw (f);
  g_assert_cmpuint (ui_figure_drawing_n_pages (drawing), ==, 2);
  box_of (drawing, 1, 2, &page);
  g_assert_cmpuint (page, ==, 1);
  for (page = 0; page < 2; page++)
    {
      ui_figure_drawing_size (drawing, page, &width, &height);
      g_assert_cmpfloat (height, <=, 80);
    }
}

/* No ink outside of the page, whatever is shown; very narrow and very long words too. */
static void
test_inside (Fixture *f, gconstpointer data)
{
  for (int show = 0; show <= UI_SHOW_ALL; show += 7)
    {
      f->figure->show = (UiFigureShow)show;
      f->figure->width = show % 2 ? 40 : 174;
      g_autoptr (UiFigureDrawing) drawing = draw (f);
      double width, height, x, y, w, h;
      ui_figure_drawing_size (drawing, 0, &width, &height);
      cairo_surface_t *surface = cairo_recording_surface_create (CAIRO_CONTENT_COLOR_ALPHA, NULL);
      cairo_t *cr = cairo_create (surface);
      ui_figure_drawing_draw (drawing, cr, 0);
      g_assert_cmpint (cairo_status (cr), ==, CAIRO_STATUS_SUCCESS);
      cairo_destroy (cr);
      cairo_recording_surface_ink_extents (surface, &x, &y, &w, &h);
      cairo_surface_destroy (surface);
      /* A point of slack: glyphs reach over their advance, lines stand half outside. */
      g_assert_cmpfloat (x, >=, -1);
      g_assert_cmpfloat (y, >=, -1);
      g_assert_cmpfloat (x + w, <=, width / UI_MM_PER_PT + 1);
      g_assert_cmpfloat (y + h, <=, height / UI_MM_PER_PT + 1);
    }
}

/* ---- panels ---- */

/* What a tile of the window shows: photo, then the layer under the opacity, by Cairo. */
static cairo_surface_t *
draw_tile (EngImage *image, const EngHeatmap *map, const UiScale *scale, const UiDisplay *display)
{
  int width = eng_image_width (image), height = eng_image_height (image);
  gsize n = (gsize)width * height;
  g_autofree guint8 *photo = g_memdup2 (eng_image_rgb (image), n * 3);
  g_autofree guint32 *layer = g_new (guint32, n);
  g_autofree float *values = ui_overlay_sample (map, display->smoothing, width, height);
  cairo_surface_t *tile = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  cairo_surface_t *heat = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  if (ui_overlay_wants_grey (display, scale->sign))
    ui_overlay_grey (photo, n, photo);
  ui_overlay_layer (values, width, height, scale, NAN, display, layer);
  guint32 *to = (guint32 *)(void *)cairo_image_surface_get_data (tile);
  guint32 *over = (guint32 *)(void *)cairo_image_surface_get_data (heat);
  g_assert_cmpint (cairo_image_surface_get_stride (tile), ==, 4 * width);
  for (gsize i = 0; i < n; i++)
    {
      to[i] = (guint32)photo[3 * i] << 16 | (guint32)photo[3 * i + 1] << 8 | photo[3 * i + 2];
      over[i] = layer[i];
    }
  cairo_surface_mark_dirty (tile);
  cairo_surface_mark_dirty (heat);
  cairo_t *cr = cairo_create (tile);
  cairo_set_source_surface (cr, heat, 0, 0);
  cairo_paint_with_alpha (cr, ui_display_opacity (display));
  cairo_destroy (cr);
  cairo_surface_destroy (heat);
  cairo_surface_flush (tile);
  return tile;
}

/* Cairo rounds the layer, its product with the opacity and the sum to 8 bits, the export rounds once. */
static void
test_tile (Fixture *f, gconstpointer data)
{
  static const double opacities[] = { 0.3, 0.85, 1 };
  for (guint k = 0; k < G_N_ELEMENTS (opacities); k++)
    for (guint c = 1; c <= 2; c++)
      {
        f->figure->display.opacity = opacities[k];
        g_autoptr (UiFigureDrawing) drawing = draw (f);
        const UiFigureCell *cell = ui_figure_cells_at (f->cells, 0, c);
        cairo_surface_t *panel = ui_figure_drawing_surface (drawing, 0, c);
        UiScale scale;
        int most = 0;
        g_assert_true (ui_figure_drawing_scale (drawing, 0, c, &scale));
        cairo_surface_t *tile = draw_tile (cell->image, cell->map, &scale, &f->figure->display);
        const guint8 *a = cairo_image_surface_get_data (panel), *b = cairo_image_surface_get_data (tile);
        for (int i = 0; i < 48 * 36 * 4; i++)
          if (i % 4 != 3)
            most = MAX (most, abs (a[i] - b[i]));
        cairo_surface_destroy (tile);
        g_assert_cmpint (most, <=, 1);
      }
}

/* One range per method over both rows: the wider one; each its own where that is asked for. */
static void
test_scales (Fixture *f, gconstpointer data)
{
  UiScale a, b;
  f->figure->display.range.clip = UI_CLIP_MINMAX;
  g_autoptr (UiFigureDrawing) shared = draw (f);
  ui_figure_drawing_scale (shared, 0, 1, &a);
  ui_figure_drawing_scale (shared, 1, 1, &b);
  g_assert_true (ui_scale_equal (&a, &b));
  g_assert_cmpfloat_with_epsilon (a.hi, 2, 1e-6);
  f->figure->display.same = UI_SAME_TILE;
  g_autoptr (UiFigureDrawing) own = draw (f);
  ui_figure_drawing_scale (own, 0, 1, &a);
  ui_figure_drawing_scale (own, 1, 1, &b);
  g_assert_cmpfloat_with_epsilon (a.hi, 1, 1e-6);
  g_assert_cmpfloat_with_epsilon (b.hi, 2, 1e-6);
  g_assert_false (ui_figure_drawing_scale (own, 0, 0, &a));
}

static void
test_crops (Fixture *f, gconstpointer data)
{
  UiFigureRow *row = ui_figure_row (f->figure, 0);
  row->crop = UI_CROP_FREE;
  row->x0 = 0.25;
  row->x1 = 0.75;
  row->y0 = 0.5;
  g_autoptr (UiFigureDrawing) free_crop = draw (f);
  cairo_surface_t *surface = ui_figure_drawing_surface (free_crop, 0, 0);
  g_assert_cmpint (cairo_image_surface_get_width (surface), ==, 24);
  g_assert_cmpint (cairo_image_surface_get_height (surface), ==, 18);
  const UiFigureCell *cell = ui_figure_cells_at (f->cells, 0, 0);
  const guint8 *rgb = eng_image_rgb (cell->image) + (18 * 48 + 12) * 3;
  guint32 pixel = *(const guint32 *)(const void *)cairo_image_surface_get_data (surface);
  g_assert_cmpuint (pixel & 0xffffff, ==, (guint32)rgb[0] << 16 | (guint32)rgb[1] << 8 | rgb[2]);
  row->crop = UI_CROP_INSET;
  g_autoptr (UiFigureDrawing) inset = draw (f);
  g_assert_cmpint (cairo_image_surface_get_width (ui_figure_drawing_surface (inset, 0, 0)), ==, 48);
}

/* A photo of more pixels than paper shows is averaged, and keeps its shape. */
static void
test_fine_pixels (Fixture *f, gconstpointer data)
{
  f->figure->width = UI_FIGURE_LEAST_WIDTH;
  g_autoptr (EngImage) image = make_image (3000, 60, 0);
  ui_figure_cell_set_image (ui_figure_cells_at (f->cells, 0, 0), image);
  g_autoptr (UiFigureDrawing) drawing = draw (f);
  UiFigureBox box = box_of (drawing, 0, 0, NULL);
  int width = cairo_image_surface_get_width (ui_figure_drawing_surface (drawing, 0, 0));
  g_assert_cmpint (width, <, 3000);
  g_assert_cmpfloat (width / (box.width / 25.4), >, 600);
}

static void
test_taken_over (Fixture *f, gconstpointer data)
{
  g_autoptr (UiFigureDrawing) first = draw (f);
  g_free (ui_figure_row (f->figure, 0)->label);
  ui_figure_row (f->figure, 0)->label = g_strdup ("other");
  f->figure->gap = 2;
  g_autoptr (UiFigureDrawing) second = ui_figure_drawing_new (f->figure, f->cells, first);
  g_assert_true (ui_figure_drawing_surface (first, 1, 2) == ui_figure_drawing_surface (second, 1, 2));
  f->figure->display.opacity = 0.5;
  g_autoptr (UiFigureDrawing) third = ui_figure_drawing_new (f->figure, f->cells, second);
  g_assert_true (ui_figure_drawing_surface (second, 1, 2) != ui_figure_drawing_surface (third, 1, 2));
  g_assert_true (ui_figure_drawing_surface (second, 1, 0) == ui_figure_drawing_surface (third, 1, 0));
}

/* Pixels that the map ranks first are black, the others the photo's. */
static void
test_masked (Fixture *f, gconstpointer data)
{
  UiFigureColumn *column = ui_figure_column (f->figure, 2);
  UiFigureCell *cell = ui_figure_cells_at (f->cells, 0, 2);
  column->kind = UI_COLUMN_MASKED;
  cell->ranking = eng_ranking_new_heatmap (cell->map, ENG_RANK_VALUE, ENG_ORDER_MOST_FIRST);
  cell->k = INPUT * INPUT / 2;
  cell->fill = g_malloc0 ((gsize)INPUT * INPUT * 3);
  g_autoptr (UiFigureDrawing) drawing = draw (f);
  cairo_surface_t *surface = ui_figure_drawing_surface (drawing, 0, 2);
  const guint32 *pixels = (const guint32 *)(const void *)cairo_image_surface_get_data (surface);
  const guint8 *rgb = eng_image_rgb (cell->image);
  g_assert_cmpuint (pixels[47] & 0xffffff, ==, 0); /* the map rises to the right */
  g_assert_cmpuint (pixels[0] & 0xffffff, ==, (guint32)rgb[0] << 16 | (guint32)rgb[1] << 8 | rgb[2]);
}

/* ---- files ---- */

static GBytes *
encode (const UiFigureDrawing *drawing, UiFigureFormat format)
{
  g_autoptr (GError) error = NULL;
  UiFigureExport options;
  ui_figure_export_init (&options);
  options.format = format;
  GBytes *bytes = ui_figure_encode (drawing, &options, 0, &error);
  g_assert_no_error (error);
  return bytes;
}

static gboolean
holds (GBytes *bytes, const char *text)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  for (gsize i = 0; i + strlen (text) <= size; i++)
    if (memcmp (data + i, text, strlen (text)) == 0)
      return TRUE;
  return FALSE;
}

static void
add_plot (Fixture *f)
{
  static const EngPoint points[] = { { .x = 0, .y = 0.957 }, { .x = 0.5, .y = 0.3 }, { .x = 1, .y = 0.01 } };
  UiFigureCells *cells;
  ui_figure_add_column (f->figure, UI_COLUMN_PLOT, NULL);
  cells = ui_figure_cells_new (f->figure);
  ui_figure_cells_unref (f->cells);
  f->cells = cells;
  fill_row (f, 0, 48, 36);
  fill_row (f, 1, 40, 40);
  for (guint r = 0; r < 2; r++)
    {
      ui_figure_cell_add_curve (ui_figure_cells_at (cells, r, 3), "ltx", "LTX (ours)", points, 3);
      ui_figure_cell_add_curve (ui_figure_cells_at (cells, r, 3), "gradient", "Gradient", points, 3);
    }
}

/* Twice, and on one and on two threads. */
static void
test_bytes (Fixture *f, gconstpointer data)
{
  add_plot (f);
  f->figure->show = UI_SHOW_ALL;
  for (int format = 0; format < UI_N_FORMATS; format++)
    {
      eng_set_threads (1);
      g_autoptr (UiFigureDrawing) one = draw (f);
      g_autoptr (GBytes) a = encode (one, (UiFigureFormat)format), again = encode (one, (UiFigureFormat)format);
      eng_set_threads (2);
      g_autoptr (UiFigureDrawing) two = draw (f);
      g_autoptr (GBytes) b = encode (two, (UiFigureFormat)format);
      g_assert_true (g_bytes_equal (a, again));
      g_assert_true (g_bytes_equal (a, b));
      g_assert_false (holds (a, "CreationDate"));
      g_assert_false (holds (a, "somewhere"));
    }
}

static void
test_svg_text (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  add_plot (f);
  g_free (ui_figure_row (f->figure, 0)->label);
  ui_figure_row (f->figure, 0)->label = g_strdup ("a < b & \"c\"\x01");
  g_autoptr (UiFigureDrawing) drawing = draw (f);
  g_autoptr (GBytes) svg = encode (drawing, UI_FORMAT_SVG);
  gsize size;
  const char *text = g_bytes_get_data (svg, &size);
  GMarkupParser nothing = { 0 };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&nothing, 0, NULL, NULL);
  g_assert_true (g_markup_parse_context_parse (context, text, (gssize)size, &error));
  g_assert_true (g_markup_parse_context_end_parse (context, &error));
  g_assert_no_error (error);
  static const char *const expected[] = { ">LTX (ours)</text>",
                                          ">Zürich ",
                                          "מגדלור",
                                          "a &lt; b &amp; &quot;c&quot;",
                                          "del 0.12\u2009↓",
                                          "<tspan font-style=\"italic\">p</tspan> = 0.957",
                                          ">Gradient</text>",
                                          "font-family=\"'DejaVu Serif', serif\"",
                                          "width=\"174mm\"" };
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    if (!holds (svg, expected[i]))
      g_error ("the SVG has no %s", expected[i]);
}

/* What poppler makes of the PDF; (transfer full) NULL after g_test_skip(). */
static char *
poppler (Fixture *f, GBytes *pdf, const char *tool, const char *last)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *program = g_find_program_in_path (tool), *path = g_build_filename (f->folder, "a.pdf", NULL);
  char *text = NULL;
  if (!program)
    {
      g_test_skip ("poppler-utils is not installed");
      return NULL;
    }
  g_assert_true (eng_write_atomically (path, pdf, NULL));
  g_autoptr (GSubprocess) process =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, program, path, last, NULL);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &text, NULL, &error));
  g_assert_true (g_subprocess_get_successful (process));
  return text;
}

static void
test_pdf_text (Fixture *f, gconstpointer data)
{
  static const char *const expected[] = { "lighthouse", "Zürich", "LTX (ours)", "Gradient", "del 0.12",
                                          "ins 0.33",   "0.957",  "relevance",  "net" };
  add_plot (f);
  ui_figure_add_model (f->figure, "other.onnx", NULL);
  ui_figure_column (f->figure, 2)->heading = g_strdup ("Gradient (net)");
  g_autoptr (UiFigureDrawing) drawing = draw (f);
  g_autoptr (GBytes) pdf = encode (drawing, UI_FORMAT_PDF);
  g_autofree char *text = poppler (f, pdf, "pdftotext", "-"),
                  *fonts = text ? poppler (f, pdf, "pdffonts", NULL) : NULL;
  if (!fonts)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    if (!strstr (text, expected[i]))
      g_error ("pdftotext does not find %s in: %s", expected[i], text);
  g_auto (GStrv) lines = g_strsplit (fonts, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), >, 3);
  for (char **line = lines + 2; *line && **line; line++)
    if (!strstr (*line, " yes yes ")) /* embedded, subset */
      g_error ("a font is not embedded: %s", *line);
}

/* The document comes back from every file, and nothing but the folders of its files is lost. */
static void
test_open_again (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "fig.pdf", "fig.svg", "fig.png" };
  ui_figure_row (f->figure, 0)->picture.sha256 = g_strnfill (64, 'c');
  ui_figure_row (f->figure, 1)->picture.sha256 = g_strnfill (64, 'd');
  ui_figure_model (f->figure, 0)->file.sha256 = g_strnfill (64, 'e');
  g_autofree char *expected = ui_figure_to_json (f->figure, TRUE), *full = ui_figure_to_json (f->figure, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (UiFigureDrawing) drawing = draw (f);
      g_autofree char *path = g_build_filename (f->folder, names[i], NULL),
                      *sidecar = g_build_filename (f->folder, "fig.json", NULL);
      UiFigureExport options;
      ui_figure_export_init (&options);
      options.force = TRUE;
      g_assert_true (ui_figure_format_find (path, &options.format));
      g_auto (GStrv) written = ui_figure_export (drawing, &options, path, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_strv_length (written), ==, 2);
      g_autoptr (UiFigure) again = ui_figure_open (path, &error), from_json = ui_figure_open (sidecar, &error);
      g_assert_no_error (error);
      g_autofree char *found = ui_figure_to_json (again, FALSE), *kept = ui_figure_to_json (from_json, FALSE);
      g_assert_cmpstr (found, ==, expected);
      g_assert_cmpstr (kept, ==, full);
    }
}

static void
test_locate (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (f->folder, "pictures", NULL),
                  *path = g_build_filename (folder, "harbour.png", NULL),
                  *document = g_build_filename (f->folder, "fig.json", NULL);
  const char *folders[] = { folder, NULL };
  g_mkdir (folder, 0777);
  g_assert_true (g_file_set_contents (path, "x", 1, NULL));
  g_assert_cmpuint (ui_figure_locate (f->figure, document, NULL), ==, 3);
  g_assert_cmpuint (ui_figure_locate (f->figure, document, folders), ==, 2);
  g_assert_cmpstr (ui_figure_row (f->figure, 0)->picture.path, ==, path);
}

static void
test_export_refused (Fixture *f, gconstpointer data)
{
  g_autoptr (UiFigureDrawing) drawing = draw (f);
  g_autoptr (GError) exists = NULL, lost = NULL, half = NULL;
  g_autofree char *path = g_build_filename (f->folder, "fig.pdf", NULL),
                  *nowhere = g_build_filename (f->folder, "no", "fig.pdf", NULL),
                  *blocked = g_build_filename (f->folder, "b.pdf", NULL),
                  *obstacle = g_build_filename (f->folder, "b.json", NULL);
  UiFigureExport options;
  ui_figure_export_init (&options);
  g_assert_true (g_file_set_contents (path, "mine", 4, NULL));
  g_assert_null (ui_figure_export (drawing, &options, path, &exists));
  g_assert_error (exists, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_nonnull (strstr (exists->message, "fig.pdf"));
  g_autofree char *kept = NULL;
  g_assert_true (g_file_get_contents (path, &kept, NULL, NULL));
  g_assert_cmpstr (kept, ==, "mine");
  options.force = TRUE;
  g_assert_null (ui_figure_export (drawing, &options, nowhere, &lost));
  g_assert_nonnull (strstr (lost->message, "fig.pdf"));
  /* The second file cannot be written: the first one is gone again. */
  g_mkdir (obstacle, 0777);
  g_autofree char *inside = g_build_filename (obstacle, "x", NULL);
  g_assert_true (g_file_set_contents (inside, "x", 1, NULL));
  g_assert_null (ui_figure_export (drawing, &options, blocked, &half));
  g_assert_nonnull (half);
  g_assert_false (g_file_test (blocked, G_FILE_TEST_EXISTS));
}

/* Pages of formats that have none are files with numbers. */
static void
test_numbered (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  UiFigureExport options;
  ui_figure_export_init (&options);
  options.format = UI_FORMAT_PNG;
  options.dpi = 60;
  options.beside = UI_BESIDE_CSV | UI_BESIDE_LATEX | UI_BESIDE_MAPS;
  f->figure->page_height = 80;
  g_autoptr (UiFigureDrawing) drawing = draw (f);
  g_autofree char *path = g_build_filename (f->folder, "a.b.png", NULL),
                  *second = g_build_filename (f->folder, "a.b-2.png", NULL),
                  *map = g_build_filename (f->folder, "a.b-r02-c02-ltx.npy", NULL);
  g_auto (GStrv) written = ui_figure_export (drawing, &options, path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (written), ==, 2 + 2 + 4);
  g_assert_cmpstr (written[1], ==, second);
  g_autoptr (EngImage) page = eng_image_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (eng_image_width (page), ==, (int)round (174 / 25.4 * 60));
  g_autoptr (EngTensor) values = eng_npy_load (map, &error);
  g_assert_no_error (error);
  const float *expected = eng_heatmap_values (ui_figure_cells_at (f->cells, 1, 1)->map);
  g_assert_cmpmem (values->data, sizeof (float) * INPUT * INPUT, expected, sizeof (float) * INPUT * INPUT);
}

/* ---- verdict ---- */

static gboolean
is_found (Fixture *f, const char *code, UiFigureRemedy remedy)
{
  g_autoptr (UiFigureDrawing) drawing = draw (f);
  g_autoptr (GPtrArray) findings = ui_figure_verdict (drawing);
  for (guint i = 0; i < findings->len; i++)
    {
      const UiFigureFinding *finding = findings->pdata[i];
      if (!g_str_equal (finding->code, code))
        continue;
      g_assert_cmpint (finding->remedy, ==, remedy);
      g_assert_true ((finding->button != NULL) == (remedy != UI_REMEDY_NONE));
      return TRUE;
    }
  return FALSE;
}

static void
test_verdict (Fixture *f, gconstpointer data)
{
  g_autoptr (UiFigureDrawing) drawing = draw (f);
  g_autoptr (GPtrArray) findings = ui_figure_verdict (drawing);
  g_assert_cmpuint (findings->len, ==, 0);
  g_autofree char *good = ui_figure_verdict_good (drawing);
  g_assert_cmpstr (good, ==,
                   "All four maps share model, protocol and preprocessing. Text at print size: 7 pt and larger.");
  f->figure->width = 40;
  g_assert_true (is_found (f, "small-panels", UI_REMEDY_TWO_COLUMNS));
  g_assert_true (ui_figure_apply_remedy (f->figure, UI_REMEDY_TWO_COLUMNS));
  g_assert_false (is_found (f, "small-panels", UI_REMEDY_NONE));
  f->figure->score_size = 5;
  g_assert_true (is_found (f, "small-text", UI_REMEDY_TEXT_SIZE));
  g_assert_true (ui_figure_apply_remedy (f->figure, UI_REMEDY_TEXT_SIZE));
  g_assert_false (is_found (f, "small-text", UI_REMEDY_NONE));
  f->figure->display.same = UI_SAME_TILE;
  g_assert_true (is_found (f, "scale", UI_REMEDY_SHARE_SCALE));
  g_assert_true (ui_figure_apply_remedy (f->figure, UI_REMEDY_SHARE_SCALE));
  g_assert_false (is_found (f, "scale", UI_REMEDY_NONE));
  ui_figure_cells_at (f->cells, 0, 1)->state = UI_CELL_OLD;
  g_assert_true (is_found (f, "old", UI_REMEDY_RECOMPUTE));
  g_free (ui_figure_cells_at (f->cells, 0, 1)->preprocessing);
  ui_figure_cells_at (f->cells, 0, 1)->preprocessing = g_strdup ("another");
  g_assert_true (is_found (f, "preprocessing", UI_REMEDY_RECOMPUTE));
  const EngProtocolOptions other = { .rank_by = ENG_RANK_ABSOLUTE, .threshold = 0.15 };
  g_array_set_size (ui_figure_cells_at (f->cells, 1, 2)->scores, 0);
  ui_figure_cell_add_score (ui_figure_cells_at (f->cells, 1, 2), eng_protocol_find ("rise-deletion", NULL), &other,
                            0);
  g_assert_true (is_found (f, "protocol", UI_REMEDY_RECOMPUTE));
  ui_figure_cell_set_impossible (ui_figure_cells_at (f->cells, 1, 1), "It has no layer.");
  g_assert_true (is_found (f, "impossible", UI_REMEDY_NONE));
  ui_figure_cells_at (f->cells, 0, 0)->state = UI_CELL_MISSING;
  g_assert_true (is_found (f, "missing", UI_REMEDY_COMPUTE));
  g_free (f->figure->font);
  f->figure->font = g_strdup ("No Such Family");
  g_assert_true (is_found (f, "font", UI_REMEDY_NONE));
  g_autoptr (UiFigureDrawing) fallback = draw (f);
  g_assert_true (ui_font_is_installed (ui_figure_drawing_font (fallback)));
}

/* A figure without rows, one of empty cells, and one whose map is of another picture: drawn all the same. */
static void
test_nothing (Fixture *f, gconstpointer data)
{
  g_autoptr (UiFigure) empty = ui_figure_new ();
  g_autoptr (UiFigureCells) none = ui_figure_cells_new (empty);
  g_autoptr (UiFigureDrawing) drawing = ui_figure_drawing_new (empty, none, NULL);
  g_autoptr (GBytes) pdf = encode (drawing, UI_FORMAT_PDF);
  g_autoptr (GPtrArray) findings = ui_figure_verdict (drawing);
  g_assert_cmpstr (((UiFigureFinding *)findings->pdata[0])->code, ==, "empty");
  g_autoptr (UiFigureCells) missing = ui_figure_cells_new (f->figure);
  g_autoptr (UiFigureDrawing) frames = ui_figure_drawing_new (f->figure, missing, NULL);
  for (int format = 0; format < UI_N_FORMATS; format++)
    {
      g_autoptr (GBytes) bytes = encode (frames, (UiFigureFormat)format);
      g_assert_cmpuint (g_bytes_get_size (bytes), >, 0);
    }
  g_autoptr (EngImage) other = make_image (9, 9, 0);
  ui_figure_cell_set_image (ui_figure_cells_at (f->cells, 0, 1), other);
  g_autoptr (UiFigureDrawing) wrong = draw (f);
  g_assert_null (ui_figure_drawing_surface (wrong, 0, 1));
}

/* ---- words ---- */

static void
test_words (Fixture *f, gconstpointer data)
{
  g_autoptr (UiFigureDrawing) drawing = draw (f);
  g_autofree char *caption = ui_figure_caption (drawing), *latex = ui_figure_latex (drawing, "my_fig.pdf"),
                  *table = ui_figure_latex_table (drawing), *csv = ui_figure_csv (drawing);
  g_assert_nonnull (strstr (caption, "Explanations of net for lighthouse"));
  g_assert_nonnull (strstr (caption, "layer features.7"));
  g_assert_nonnull (strstr (caption, "RISE protocol"));
  g_assert_nonnull (strstr (latex, "\\includegraphics[width=174mm]{my_fig.pdf}"));
  g_assert_nonnull (strstr (latex, "light\\_house \\& 5 \\%"));
  g_assert_nonnull (strstr (table, "LTX (ours) & \\textbf{0.625} & \\textbf{0.333} \\\\"));
  g_auto (GStrv) lines = g_strsplit (csv, "\r\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 1 + 2 * 2 * 2 + 1);
  g_assert_cmpstr (lines[0], ==, "image,class,model,method,metric,protocol,direction,value");
  g_assert_cmpstr (lines[2], ==,
                   "harbour.png,light_house & 5 %,net,ltx,Insertion,rise-insertion,higher is better,"
                   "0.33333333333333331");
  f->figure->caption = g_strdup ("By hand");
  g_autoptr (UiFigureDrawing) edited = draw (f);
  g_autofree char *mine = ui_figure_caption (edited);
  g_assert_cmpstr (mine, ==, "By hand");
}

/* What LaTeX would take for its own comes out as it was meant; compiled with pdflatex once, by hand. */
static void
test_latex (void)
{
  static const struct
  {
    const char *text, *latex;
  } cases[] = {
    { "a_b & 50 % of #1", "a\\_b \\& 50 \\% of \\#1" },
    { "~home ^2 {x} $5", "\\textasciitilde{}home \\textasciicircum{}2 \\{x\\} \\$5" },
    { "C:\\new", "C:\\textbackslash{}new" },
    { "a < b > c | d", "a \\textless{} b \\textgreater{} c \\textbar{} d" },
    { "[0.1, 0.2]*", "{[}0.1, 0.2{]}{*}" },
    { "two\n\nparagraphs\r\n", "two  paragraphs " },
    { "−0.5 ↓ ≥ σ", "$-$0.5 $\\downarrow$ $\\geq$ $\\sigma$" },
    { "Häuser “é”", "Häuser “é”" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GString *out = g_string_new (NULL);
      ui_latex_add (out, cases[i].text);
      g_assert_cmpstr (out->str, ==, cases[i].latex);
      g_string_free (out, TRUE);
    }
  g_autofree char *label = ui_latex_label ("my fig_50%.v2.pdf"), *plain = ui_latex_graphics ("a_b c.pdf", 85),
                  *special = ui_latex_graphics ("50%#1.svg", 82.55);
  g_assert_cmpstr (label, ==, "fig:my-fig-50--v2");
  g_assert_cmpstr (plain, ==, "\\includegraphics[width=85mm]{a_b c.pdf}");
  g_assert_cmpstr (special, ==, "{\\catcode37=12 \\catcode35=12 \\includesvg[width=82.55mm]{50%#1.svg}}");
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/figure/layout", test_layout },
    { "/figure/whole-words", test_whole_words },
    { "/figure/layout/swapped", test_swapped },
    { "/figure/layout/pages", test_pages },
    { "/figure/layout/inside", test_inside },
    { "/figure/panel/tile", test_tile },
    { "/figure/panel/scales", test_scales },
    { "/figure/panel/crops", test_crops },
    { "/figure/panel/fine-pixels", test_fine_pixels },
    { "/figure/panel/taken-over", test_taken_over },
    { "/figure/panel/masked", test_masked },
    { "/figure/file/bytes", test_bytes },
    { "/figure/file/svg-text", test_svg_text },
    { "/figure/file/pdf-text", test_pdf_text },
    { "/figure/file/open-again", test_open_again },
    { "/figure/file/locate", test_locate },
    { "/figure/file/refused", test_export_refused },
    { "/figure/file/numbered", test_numbered },
    { "/figure/verdict", test_verdict },
    { "/figure/nothing", test_nothing },
    { "/figure/words", test_words },
  };
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/figure/latex", test_latex);
  g_test_add_func ("/figure/json/round-trip", test_round_trip);
  g_test_add_func ("/figure/json/refused", test_refused);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
  return g_test_run ();
}
