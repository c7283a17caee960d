/* ui/draw: colour maps at known points, the blend by its formula, warping by hand-computed values. */
#include <math.h>
#include <string.h>

#include "engine/engine.h"
#include "ui/draw/legend.h"
#include "ui/draw/overlay.h"
#include "ui/draw/png-file.h"
#include "ui/draw/spread.h"

/* A picture whose pixels all differ from their neighbours. */
static EngImage *
make_image (int width, int height)
{
  g_autofree guint8 *rgb = g_malloc ((gsize)width * height * 3);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      for (int c = 0; c < 3; c++)
        rgb[(y * width + x) * 3 + c] = (guint8)(x * 7 + y * 13 + c * 50);
  return eng_image_new (width, height, rgb, "made.png");
}

/* The model sees all of the picture, stretched to @input x @input. */
static EngGeometry
stretch (int width, int height, int input)
{
  return (EngGeometry){ .image_width = width,
                        .image_height = height,
                        .input_width = input,
                        .input_height = input,
                        .scale_x = (double)width / input,
                        .scale_y = (double)height / input,
                        .view_x1 = input,
                        .view_y1 = input };
}

static EngHeatmap *
make_map (const float *values, int rows, int cols, EngSign sign, EngUpsample upsample, EngGeometry geometry)
{
  EngProvenance provenance = { 0 };
  return eng_heatmap_new (values, 1, rows, cols, sign, upsample, &geometry, &provenance);
}

static int
compare_floats (const void *a, const void *b)
{
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* Values of every size and sign, all bits used, in the order that comparing gives; what is no number is left out. */
static void
test_spread_order (void)
{
  enum
  {
    N = 4096
  };
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  g_autofree float *values = g_new (float, N), *expected = g_new (float, N);
  gsize n = 0;
  for (int i = 0; i < N; i++)
    {
      guint32 bits = g_rand_int (random);
      memcpy (&values[i], &bits, sizeof bits);
      if (i % 16 == 0)
        values[i] = i % 32 ? 0.0f : -0.0f;
      if (isfinite (values[i]))
        expected[n++] = values[i];
    }
  qsort (expected, n, sizeof *expected, compare_floats);
  EngGeometry geometry = { 64, 64, 64, 64, 1, 1, 0, 0, 0, 0, 64, 64 };
  g_autoptr (EngHeatmap) map = make_map (values, 64, 64, ENG_SIGN_SIGNED, ENG_UPSAMPLE_NEAREST, geometry);
  g_autoptr (UiSpread) spread = ui_spread_new (map);
  g_assert_cmpuint (spread->n, ==, n);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat (spread->sorted[i], ==, expected[i]);
}

/* A thinned spread has a quantile for each tenth of a percent here, and there it ends where the whole one does. */
static void
test_spread_thin (void)
{
  enum
  {
    N = 96 * 96
  };
  g_autoptr (GRand) random = g_rand_new_with_seed (6);
  g_autofree float *values = g_new (float, N);
  for (int i = 0; i < N; i++)
    values[i] = (float)pow (g_rand_double_range (random, -1, 1), 5);
  EngGeometry geometry = { 96, 96, 96, 96, 1, 1, 0, 0, 0, 0, 96, 96 };
  g_autoptr (EngHeatmap) map = make_map (values, 96, 96, ENG_SIGN_SIGNED, ENG_UPSAMPLE_NEAREST, geometry);
  g_autoptr (UiSpread) whole = ui_spread_new (map), thin = ui_spread_thin (whole, 1001);
  g_assert_cmpuint (thin->n, ==, 1001);
  for (int i = 500; i <= 1000; i++)
    for (int values_of = 0; values_of <= UI_VALUES_ABSOLUTE; values_of++)
      {
        UiRange range = { .values = (UiValues)values_of, .percentile = i / 10.0 };
        UiScale a, b;
        ui_scale_of (whole, &range, &a);
        ui_scale_of (thin, &range, &b);
        g_assert_true (ui_scale_equal (&a, &b));
      }
}

static void
test_known_colours (void)
{
  static const struct
  {
    const char *id;
    guint8 first[3], last[3];
  } known[] = {
    { "viridis", { 68, 1, 84 }, { 253, 231, 36 } }, { "inferno", { 0, 0, 3 }, { 252, 254, 164 } },
    { "grey", { 0, 0, 0 }, { 255, 255, 255 } },     { "jet", { 0, 0, 127 }, { 127, 0, 0 } },
    { "rdbu", { 5, 48, 97 }, { 103, 0, 31 } },
  };
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      const UiColormap *map = ui_colormap_find (known[i].id);
      g_assert_nonnull (map);
      double low[3], high[3];
      ui_colormap_evaluate (map, -1, low);
      ui_colormap_evaluate (map, 1, high);
      for (int c = 0; c < 3; c++)
        {
          /* Tables in circulation round the last bit differently. */
          g_assert_cmpfloat_with_epsilon (low[c], known[i].first[c], 1);
          g_assert_cmpfloat_with_epsilon (high[c], known[i].last[c], 1);
        }
    }
  g_assert_null (ui_colormap_find ("nothing"));
  g_assert_cmpstr (ui_colormap_default (ENG_SIGN_UNSIGNED)->id, ==, "viridis");
  g_assert_cmpstr (ui_colormap_default (ENG_SIGN_SIGNED)->id, ==, "rdbu");
}

/* Every row: found by its id, ends of the LUT are ends of the table, signed ones light in the middle. */
static void
test_table (void)
{
  const UiColormap *map;
  guint n = 0;
  for (; (map = ui_colormap_nth (n)); n++)
    {
      guint8 lut[UI_LUT_SIZE][3];
      double middle[3];
      g_assert_true (ui_colormap_find (map->id) == map);
      ui_colormap_lut (map, lut);
      g_assert_cmpmem (lut[0], 3, map->rgb[0], 3);
      g_assert_cmpmem (lut[UI_LUT_SIZE - 1], 3, map->rgb[255], 3);
      ui_colormap_evaluate (map, 0.5, middle);
      if (map->sign == ENG_SIGN_SIGNED)
        g_assert_cmpfloat (MIN (middle[0], MIN (middle[1], middle[2])), >, 215);
    }
  g_assert_cmpuint (n, ==, 10);
}

static void
assert_scale (const float *values, int n, EngSign sign, UiClip clip, double lo, double hi)
{
  g_autoptr (EngHeatmap) map = make_map (values, 1, n, sign, ENG_UPSAMPLE_NEAREST, stretch (n, 1, n));
  UiScale scale;
  ui_scale_find (map, &(UiRange){ clip, 99.5, lo, hi, UI_VALUES_ALL }, &scale);
  g_assert_cmpfloat_with_epsilon (scale.lo, lo, 1e-6);
  g_assert_cmpfloat_with_epsilon (scale.hi, hi, 1e-6);
  g_assert_false (scale.flat || scale.empty);
}

static void
test_scale (void)
{
  const float mask[] = { 0.01f, 0.4f, 0.99f }, cam[] = { 0, 0.1f, 0.2f }, far[] = { 5, 6, 9 };
  const float both[] = { -2, 0.5f, 1 };
  assert_scale (mask, 3, ENG_SIGN_UNSIGNED, UI_CLIP_MINMAX, 0, 1);
  assert_scale (cam, 3, ENG_SIGN_UNSIGNED, UI_CLIP_MINMAX, 0, 0.2f);
  assert_scale (far, 3, ENG_SIGN_UNSIGNED, UI_CLIP_MINMAX, 5, 9);
  assert_scale (both, 3, ENG_SIGN_SIGNED, UI_CLIP_MINMAX, -2, 2);
  assert_scale (far, 3, ENG_SIGN_UNSIGNED, UI_CLIP_MANUAL, 2, 7);
  assert_scale (far, 3, ENG_SIGN_SIGNED, UI_CLIP_MINMAX, 5, 9); /* zero is far away */
  assert_scale (cam, 3, ENG_SIGN_SIGNED, UI_CLIP_MINMAX, -0.2, 0.2);
  /* 1001 values 0 .. 1000: percentiles 0.5 and 99.5 are 5 and 995; 5 lies within 5 % of 0. */
  g_autofree float *ramp = g_new (float, 1001);
  for (int i = 0; i < 1001; i++)
    ramp[i] = i;
  assert_scale (ramp, 1001, ENG_SIGN_UNSIGNED, UI_CLIP_PERCENTILE, 0, 995);
  /* One hot cell among a thousand: both percentiles are 0, so the largest value is the end. */
  memset (ramp, 0, 1001 * sizeof *ramp);
  ramp[500] = 3;
  assert_scale (ramp, 1001, ENG_SIGN_UNSIGNED, UI_CLIP_PERCENTILE, 0, 3);
}

static void
test_normalise (void)
{
  UiScale signed_scale = { .sign = ENG_SIGN_SIGNED, .lo = -4, .hi = 4 };
  UiScale plain = { .sign = ENG_SIGN_UNSIGNED, .lo = 1, .hi = 3 };
  g_assert_cmpfloat (ui_scale_normalise (&signed_scale, 0), ==, 0);
  g_assert_cmpfloat (ui_scale_normalise (&signed_scale, -2), ==, -0.5f);
  g_assert_cmpfloat (ui_scale_normalise (&signed_scale, 9), ==, 1);
  g_assert_cmpfloat (ui_scale_normalise (&plain, 2), ==, 0.5f);
  g_assert_cmpfloat (ui_scale_normalise (&plain, 0), ==, 0);
  g_assert_true (isnan (ui_scale_normalise (&plain, NAN)));
  g_autofree char *text = ui_scale_format (-0.12345), *zero = ui_scale_format (-0.0);
  g_assert_cmpstr (text, ==, "−0.123");
  g_assert_cmpstr (zero, ==, "0");
}

/* out = (1 - a) photo + a colour, a = opacity * min (1, 1.25 v), at every pixel of a cell map. */
static void
test_blend (void)
{
  const float values[] = { 0, 0.25f, 0.5f, 1 };
  g_autoptr (EngImage) image = make_image (4, 1);
  g_autoptr (EngHeatmap) map = make_map (values, 1, 4, ENG_SIGN_UNSIGNED, ENG_UPSAMPLE_NEAREST, stretch (4, 1, 4));
  for (int fade = 0; fade < 2; fade++)
    {
      UiDisplay display;
      ui_display_init (&display);
      display.range.clip = UI_CLIP_MINMAX;
      display.fade = fade;
      g_autofree guint8 *out = ui_overlay_render (image, map, &display, NULL, NULL);
      for (int x = 0; x < 4; x++)
        {
          double colour[3], a = display.opacity * (fade ? fmin (1, 1.25 * values[x]) : 1);
          ui_colormap_evaluate (display.unsigned_map, values[x], colour);
          for (int c = 0; c < 3; c++)
            /* The table of 1,024 colours and the rounding to 8 bits are worth one level. */
            g_assert_cmpfloat_with_epsilon (out[x * 3 + c],
                                            (1 - a) * eng_image_rgb (image)[x * 3 + c] + a * colour[c], 1.01);
        }
    }
}

/* Signed: 0 is transparent over the greyed photo, both ends are the ends of the colour map. */
static void
test_signed (void)
{
  const float values[] = { -2, 0, 1, 2 };
  g_autoptr (EngImage) image = make_image (4, 1);
  g_autoptr (EngHeatmap) map = make_map (values, 1, 4, ENG_SIGN_SIGNED, ENG_UPSAMPLE_NEAREST, stretch (4, 1, 4));
  UiDisplay display;
  UiScale scale;
  ui_display_init (&display);
  display.opacity = 1;
  g_autofree guint8 *out = ui_overlay_render (image, map, &display, &scale, NULL);
  g_assert_cmpfloat (scale.lo, ==, -scale.hi);
  g_assert_cmpmem (out, 3, display.signed_map->rgb[0], 3);
  g_assert_cmpmem (out + 9, 3, display.signed_map->rgb[255], 3);
  guint8 grey[3];
  ui_overlay_grey (eng_image_rgb (image) + 3, 1, grey);
  g_assert_cmpmem (out + 3, 3, grey, 3);
  g_assert_cmpint (grey[0], ==, grey[2]);
  g_assert_cmpint (grey[0], >=, 147); /* lifted: black becomes 255 * 0.58 */
}

static void
test_opacity_zero (void)
{
  const float values[] = { 0.1f, 0.9f, 0.4f, 0.7f };
  g_autoptr (EngImage) image = make_image (30, 20);
  g_autoptr (EngHeatmap) map = make_map (values, 2, 2, ENG_SIGN_UNSIGNED, ENG_UPSAMPLE_BILINEAR, stretch (30, 20, 8));
  UiDisplay display;
  ui_display_init (&display);
  display.opacity = 0;
  g_autofree guint8 *out = ui_overlay_render (image, map, &display, NULL, NULL);
  g_assert_cmpmem (out, 30 * 20 * 3, eng_image_rgb (image), 30 * 20 * 3);
}

/* A constant map and one without numbers show the photo, whatever the fade says. */
static void
test_flat (void)
{
  const float flat[] = { 0.3f, 0.3f, 0.3f, 0.3f }, broken[] = { NAN, NAN, NAN, INFINITY };
  g_autoptr (EngImage) image = make_image (6, 6);
  for (int k = 0; k < 2; k++)
    {
      g_autoptr (EngHeatmap) map =
          make_map (k ? broken : flat, 2, 2, ENG_SIGN_UNSIGNED, ENG_UPSAMPLE_BILINEAR, stretch (6, 6, 6));
      UiDisplay display;
      UiScale scale;
      ui_display_init (&display);
      display.fade = FALSE;
      g_autofree guint8 *out = ui_overlay_render (image, map, &display, &scale, NULL);
      g_assert_cmpmem (out, 108, eng_image_rgb (image), 108);
      g_assert_true (k ? scale.empty : scale.flat);
      g_assert_cmpfloat (scale.lo, ==, k ? 0 : 0.3f);
    }
}

/* One hole: its pixels keep the photo, the others are coloured and nothing becomes a wild colour. */
static void
test_nan_cell (void)
{
  const float values[] = { 1, NAN, 0.5f, 0 };
  g_autoptr (EngHeatmap) map = make_map (values, 1, 4, ENG_SIGN_UNSIGNED, ENG_UPSAMPLE_NEAREST, stretch (4, 1, 4));
  g_autofree float *sample = ui_overlay_sample (map, UI_SMOOTHING_AUTOMATIC, 4, 1);
  UiDisplay display;
  UiScale scale;
  guint32 argb[4];
  ui_display_init (&display);
  ui_display_scale (&display, map, &scale);
  ui_overlay_heat (sample, 4, &scale, &display, argb);
  g_assert_cmpint (argb[0] >> 24, ==, 255);
  g_assert_cmpint (argb[1], ==, 0);
  g_assert_cmpint (argb[2] >> 24, >, 100);
}

/* Bilinear at half-pixel centres: a 1 x 2 map [0, 1] over eight pixels, cell centres at 2 and 6. */
static void
test_stretch_values (void)
{
  const float values[] = { 0, 1 };
  const float expected[] = { 0, 0, 0.125f, 0.375f, 0.625f, 0.875f, 1, 1 };
  g_autoptr (EngHeatmap) map = make_map (values, 1, 2, ENG_SIGN_UNSIGNED, ENG_UPSAMPLE_BILINEAR, stretch (8, 4, 16));
  g_autofree float *sample = ui_overlay_sample (map, UI_SMOOTHING_AUTOMATIC, 8, 4);
  g_autofree float *cells = ui_overlay_sample (map, UI_SMOOTHING_CELLS, 8, 4);
  for (int y = 0; y < 4; y++)
    for (int x = 0; x < 8; x++)
      {
        g_assert_cmpfloat_with_epsilon (sample[y * 8 + x], expected[x], 1e-6);
        g_assert_cmpfloat (cells[y * 8 + x], ==, x / 4);
      }
}

/* The same values as enlarging to the input and reading there, where picture and input coincide. */
static void
test_agrees_with_engine (void)
{
  g_autofree float *values = g_new (float, 49);
  for (int i = 0; i < 49; i++)
    values[i] = (float)((i * 37) % 49) / 48;
  EngGeometry geometry = stretch (96, 96, 96);
  g_autoptr (EngHeatmap) map = make_map (values, 7, 7, ENG_SIGN_UNSIGNED, ENG_UPSAMPLE_BILINEAR, geometry);
  g_autofree float *engine = eng_heatmap_at_input (map);
  g_autofree float *sample = ui_overlay_sample (map, UI_SMOOTHING_AUTOMATIC, 96, 96);
  for (int i = 0; i < 96 * 96; i++)
    g_assert_cmpfloat_with_epsilon (sample[i], engine[i], 1e-5); /* float32 weights */
}

/* A raster coarser than the map takes means: a chequerboard becomes its mean, not one of its cells. */
static void
test_shrink (void)
{
  g_autofree float *values = g_new (float, 64 * 64);
  for (int i = 0; i < 64 * 64; i++)
    values[i] = (i + i / 64) % 2;
  g_autoptr (EngHeatmap) map =
      make_map (values, 64, 64, ENG_SIGN_UNSIGNED, ENG_UPSAMPLE_NEAREST, stretch (64, 64, 64));
  g_autofree float *sample = ui_overlay_sample (map, UI_SMOOTHING_AUTOMATIC, 8, 8);
  for (int i = 0; i < 64; i++)
    g_assert_cmpfloat_with_epsilon (sample[i], 0.5, 1e-5);
}

/* Centre crop of 8 x 4 to the middle 4 x 4: left and right quarter unseen and hatched. */
static void
test_crop_hatch (void)
{
  const float values[] = { 1, 1, 0, 0.5f };
  EngGeometry geometry = stretch (8, 4, 4);
  geometry.scale_x = geometry.scale_y = 1;
  geometry.offset_x = 2;
  g_autoptr (EngImage) image = make_image (8, 4);
  g_autoptr (EngHeatmap) map = make_map (values, 2, 2, ENG_SIGN_UNSIGNED, ENG_UPSAMPLE_NEAREST, geometry);
  g_autofree float *sample = ui_overlay_sample (map, UI_SMOOTHING_AUTOMATIC, 8, 4);
  UiDisplay display;
  ui_display_init (&display);
  display.opacity = 0;
  g_autofree guint8 *out = ui_overlay_render (image, map, &display, NULL, NULL);
  for (int y = 0; y < 4; y++)
    for (int x = 0; x < 8; x++)
      {
        gboolean seen = x >= 2 && x < 6;
        gsize at = (gsize)(y * 8 + x) * 3;
        guint8 hatched[3];
        memcpy (hatched, eng_image_rgb (image) + at, 3);
        ui_hatch_pixel (x, y, ui_hatch_period (8, 4), hatched);
        g_assert_cmpint (isnan (sample[y * 8 + x]), ==, !seen);
        g_assert_cmpmem (out + at, 3, seen ? eng_image_rgb (image) + at : hatched, 3);
      }
  g_assert_cmpfloat (sample[2], ==, 1);
  g_assert_cmpfloat (sample[3 * 8 + 2], ==, 0);
  g_assert_cmpfloat (sample[3 * 8 + 5], ==, 0.5f);
}

/* Letterbox of 8 x 4 in 8 x 8: rows 2 to 6 of the input show the picture, all of it is seen. */
static void
test_letterbox (void)
{
  float values[8];
  for (int i = 0; i < 8; i++)
    values[i] = i;
  EngGeometry geometry = stretch (8, 4, 8);
  geometry.scale_y = 1;
  geometry.offset_y = -2;
  geometry.view_y0 = 2;
  geometry.view_y1 = 6;
  g_autoptr (EngHeatmap) map = make_map (values, 8, 1, ENG_SIGN_UNSIGNED, ENG_UPSAMPLE_NEAREST, geometry);
  g_autofree float *sample = ui_overlay_sample (map, UI_SMOOTHING_AUTOMATIC, 8, 4);
  UiSeen seen;
  ui_seen_from_geometry (&geometry, &seen);
  g_assert_true (ui_seen_is_all (&seen, &geometry));
  for (int y = 0; y < 4; y++)
    for (int x = 0; x < 8; x++)
      g_assert_cmpfloat (sample[y * 8 + x], ==, y + 2);
}

/* What the window draws (heat layer with opacity over the photo) is what the export draws. */
static void
test_screen_equals_export (void)
{
  float values[12];
  for (int i = 0; i < 12; i++)
    values[i] = (float)((i * 5) % 12) / 11;
  g_autoptr (EngImage) image = make_image (40, 30);
  g_autoptr (EngHeatmap) map =
      make_map (values, 3, 4, ENG_SIGN_UNSIGNED, ENG_UPSAMPLE_BILINEAR, stretch (40, 30, 16));
  UiDisplay display;
  UiScale scale;
  ui_display_init (&display);
  g_autofree guint8 *export = ui_overlay_render (image, map, &display, &scale, NULL);
  g_autofree float *sample = ui_overlay_sample (map, display.smoothing, 40, 30);
  g_autofree guint32 *heat = g_new (guint32, 40 * 30);
  ui_overlay_heat (sample, 40 * 30, &scale, &display, heat);
  for (int i = 0; i < 40 * 30; i++)
    for (int c = 0; c < 3; c++)
      {
        double screen = display.opacity * (heat[i] >> (16 - 8 * c) & 255)
                        + (1 - display.opacity * (heat[i] >> 24) / 255) * eng_image_rgb (image)[i * 3 + c];
        /* The layer is rounded to 8 bits in colour and alpha, then the sum is. */
        g_assert_cmpfloat_with_epsilon (screen, export[i * 3 + c], 1.5);
      }
}

/* Black covers what lies below the level as the scale shows it, and nothing else: for each choice of values, also
 * where no share or all of it is asked for, and never where there is no value. */
static void
test_masked_layer (void)
{
  const float values[] = { -INFINITY, -2, -1, -0.5f, -0.0f, 0, NAN, 0.5f, 1, 2, INFINITY };
  const double levels[] = { -INFINITY, -1, 0, 0.5, 1, 2, INFINITY, NAN };
  enum
  {
    N = G_N_ELEMENTS (values)
  };
  UiDisplay display;
  ui_display_init (&display);
  display.mode = UI_MODE_MASKED;
  for (guint v = 0; v <= UI_VALUES_ABSOLUTE; v++)
    for (guint l = 0; l < G_N_ELEMENTS (levels); l++)
      {
        UiScale scale = { .sign = ENG_SIGN_SIGNED, .values = (UiValues)v, .lo = -2, .hi = 2 };
        guint32 argb[N];
        ui_overlay_layer (values, N, 1, &scale, levels[l], &display, argb);
        for (guint i = 0; i < N; i++)
          {
            gboolean hidden = !isnan (values[i]) && !(ui_scale_shown (&scale, values[i]) >= levels[l]);
            g_assert_cmphex (argb[i], ==, hidden ? 0xff000000u : 0);
          }
        scale.flat = TRUE;
        ui_overlay_layer (values, N, 1, &scale, levels[l], &display, argb);
        for (guint i = 0; i < N; i++)
          g_assert_cmphex (argb[i], ==, 0);
      }
}

static void
test_wrong_size (void)
{
  const float values[] = { 0, 1 };
  g_autoptr (GError) error = NULL;
  g_autoptr (EngImage) image = make_image (5, 5);
  g_autoptr (EngHeatmap) map = make_map (values, 1, 2, ENG_SIGN_UNSIGNED, ENG_UPSAMPLE_NEAREST, stretch (4, 4, 4));
  UiDisplay display;
  ui_display_init (&display);
  g_assert_null (ui_overlay_render (image, map, &display, NULL, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT);
}

/* Same pixels, same bytes; and they decode to the same pixels. */
static void
test_png (void)
{
  g_autoptr (EngImage) image = make_image (33, 17);
  g_autoptr (GBytes) first = ui_png_encode (eng_image_rgb (image), 33, 17, NULL);
  g_autoptr (GBytes) second = ui_png_encode (eng_image_rgb (image), 33, 17, NULL);
  g_assert_true (g_bytes_equal (first, second));
  g_autoptr (EngImage) back = eng_image_load_bytes (first, "back.png", NULL);
  g_assert_cmpmem (eng_image_rgb (back), 33 * 17 * 3, eng_image_rgb (image), 33 * 17 * 3);
}

/* The legend's bar runs from the first to the last colour; the Cairo hatch leaves the seen part alone. */
static void
test_cairo (void)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, 200, 40);
  cairo_t *cr = cairo_create (surface);
  PangoFontDescription *font = pango_font_description_from_string ("Sans 8");
  const double white[4] = { 1, 1, 1, 1 };
  const UiColormap *map = ui_colormap_find ("viridis");
  UiScale scale = { .sign = ENG_SIGN_UNSIGNED, .hi = 1 };
  ui_legend_draw (cr, font, white, map, &scale, 0, 20, 200, 20);
  ui_legend_ramp (cr, map, 0, 0, 200, 10);
  cairo_surface_flush (surface);
  const guint32 *row = (const guint32 *)(const void *)cairo_image_surface_get_data (surface);
  g_assert_cmphex (row[0] & 0xffffff, ==, 0x440154);
  g_assert_cmphex (row[199] >> 16 & 0xff, >, 0xf0);

  UiSeen seen = { 50, 0, 150, 40 };
  guint32 before = row[100], outside = row[20];
  ui_hatch_draw (cr, &seen, 0, 0, 200, 40, 1);
  cairo_surface_flush (surface);
  g_assert_cmphex (row[100], ==, before);
  g_assert_cmphex (row[20], !=, outside);
  pango_font_description_free (font);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/draw/spread-order", test_spread_order);
  g_test_add_func ("/draw/spread-thin", test_spread_thin);
  g_test_add_func ("/draw/colormap/known", test_known_colours);
  g_test_add_func ("/draw/colormap/table", test_table);
  g_test_add_func ("/draw/scale/ends", test_scale);
  g_test_add_func ("/draw/scale/normalise", test_normalise);
  g_test_add_func ("/draw/overlay/blend", test_blend);
  g_test_add_func ("/draw/overlay/signed", test_signed);
  g_test_add_func ("/draw/overlay/opacity-zero", test_opacity_zero);
  g_test_add_func ("/draw/overlay/flat", test_flat);
  g_test_add_func ("/draw/overlay/nan", test_nan_cell);
  g_test_add_func ("/draw/overlay/stretch", test_stretch_values);
  g_test_add_func ("/draw/overlay/as-engine", test_agrees_with_engine);
  g_test_add_func ("/draw/overlay/shrink", test_shrink);
  g_test_add_func ("/draw/overlay/crop", test_crop_hatch);
  g_test_add_func ("/draw/overlay/letterbox", test_letterbox);
  g_test_add_func ("/draw/overlay/screen-equals-export", test_screen_equals_export);
  g_test_add_func ("/draw/overlay/masked-layer", test_masked_layer);
  g_test_add_func ("/draw/overlay/wrong-size", test_wrong_size);
  g_test_add_func ("/draw/png", test_png);
  g_test_add_func ("/draw/cairo", test_cairo);
  return g_test_run ();
}
