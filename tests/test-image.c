/* Pictures: every kind of PNG against pixels worked out by hand, the other formats against the seeds'
 * formula, orientation, limits, and files that are damaged, cut or no picture at all. */
#include "image.h"

#include "decode.h"
#include "error.h"
#include "labels.h"
#include "support.h"

#include <glib/gstdio.h>
#include <png.h>
#include <string.h>

/* ---- writing PNG files of any kind, through libpng ---- */

typedef struct
{
  int width, height, depth, colour;
  gboolean interlaced;
  const guint8 *rows; /* packed as PNG packs them */
  gsize stride;
  const png_color *palette;
  int n_palette;
  const guint8 *alpha; /* tRNS of the palette */
  int n_alpha;
  const png_color_16 *transparent; /* tRNS of grey and RGB */
  int orientation;
} Form;

static void
on_write (png_structp png, png_bytep data, size_t n)
{
  g_byte_array_append (png_get_io_ptr (png), data, n);
}

static void
on_flush (png_structp png)
{
}

static GBytes *
write_png (const Form *form)
{
  GByteArray *out = g_byte_array_new ();
  png_structp png = png_create_write_struct (PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct (png);
  g_assert_false (setjmp (png_jmpbuf (png)));
  png_set_write_fn (png, out, on_write, on_flush);
  png_set_IHDR (png, info, form->width, form->height, form->depth, form->colour,
                form->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                PNG_FILTER_TYPE_DEFAULT);
  if (form->palette)
    png_set_PLTE (png, info, form->palette, form->n_palette);
  if (form->alpha || form->transparent)
    png_set_tRNS (png, info, form->alpha, form->n_alpha, form->transparent);
  guint8 exif[] = { 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, form->orientation,
                    0,   0,   0, 0,  0, 0 };
  if (form->orientation)
    png_set_eXIf_1 (png, info, sizeof exif, exif);
  png_write_info (png, info);
  for (int pass = png_set_interlace_handling (png); pass > 0; pass--)
    for (int y = 0; y < form->height; y++)
      png_write_row (png, form->rows + y * form->stride);
  png_write_end (png, NULL);
  png_destroy_write_struct (&png, &info);
  return g_byte_array_free_to_bytes (out);
}

static EngImage *
load (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  EngImage *image = eng_image_load_bytes (bytes, "picture", &error);
  g_assert_no_error (error);
  return image;
}

static void
assert_png (const Form *form, const guint8 *expected)
{
  g_autoptr (GBytes) bytes = write_png (form);
  g_autoptr (EngImage) image = load (bytes);
  gsize n = (gsize)form->width * form->height * 3;
  g_assert_cmpint (eng_image_width (image), ==, form->width);
  g_assert_cmpint (eng_image_height (image), ==, form->height);
  g_assert_cmpmem (eng_image_rgb (image), n, expected, n);
}

/* ---- the kinds of PNG ---- */

static void
test_png_rgb (void)
{
  const guint8 rgb[] = { 1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255 };
  assert_png (&(Form){ 2, 2, 8, PNG_COLOR_TYPE_RGB, FALSE, rgb, 6 }, rgb);
  const png_color_16 transparent = { .red = 4, .green = 5, .blue = 6 };
  const guint8 with_hole[] = { 1, 2, 3, 255, 255, 255, 250, 251, 252, 253, 254, 255 };
  assert_png (&(Form){ 2, 2, 8, PNG_COLOR_TYPE_RGB, FALSE, rgb, 6, .transparent = &transparent }, with_hole);
}

static void
test_png_depths (void)
{
  const guint8 one[] = { 0xa0 }, two[] = { 0x1b }, four[] = { 0x0f, 0x70 }; /* 1 0 1; 0 1 2 3; 0 15 7 */
  assert_png (&(Form){ 3, 1, 1, PNG_COLOR_TYPE_GRAY, FALSE, one, 1 },
              (guint8[]){ 255, 255, 255, 0, 0, 0, 255, 255, 255 });
  assert_png (&(Form){ 4, 1, 2, PNG_COLOR_TYPE_GRAY, FALSE, two, 1 },
              (guint8[]){ 0, 0, 0, 85, 85, 85, 170, 170, 170, 255, 255, 255 });
  assert_png (&(Form){ 3, 1, 4, PNG_COLOR_TYPE_GRAY, FALSE, four, 2 },
              (guint8[]){ 0, 0, 0, 255, 255, 255, 119, 119, 119 });
  /* 16 bits keep the high byte, also where rounding would go up */
  const guint8 grey16[] = { 0x12, 0xff, 0xfe, 0xff }, rgb16[] = { 1, 0xff, 2, 0x80, 3, 0x7f };
  assert_png (&(Form){ 2, 1, 16, PNG_COLOR_TYPE_GRAY, FALSE, grey16, 4 },
              (guint8[]){ 0x12, 0x12, 0x12, 0xfe, 0xfe, 0xfe });
  assert_png (&(Form){ 1, 1, 16, PNG_COLOR_TYPE_RGB, FALSE, rgb16, 6 }, (guint8[]){ 1, 2, 3 });
}

static void
test_png_palette (void)
{
  const png_color palette[] = { { 10, 20, 30 }, { 200, 100, 0 }, { 0, 0, 0 } };
  const guint8 index[] = { 0x18 }, alpha[] = { 255, 51 }; /* 0 1 2 */
  assert_png (&(Form){ 3, 1, 2, PNG_COLOR_TYPE_PALETTE, FALSE, index, 1, palette, 3 },
              (guint8[]){ 10, 20, 30, 200, 100, 0, 0, 0, 0 });
  /* 51 / 255 = 0.2: 0.2 * 200 + 0.8 * 255 = 244, 0.2 * 100 + 204 = 224, 204 */
  assert_png (&(Form){ 3, 1, 2, PNG_COLOR_TYPE_PALETTE, FALSE, index, 1, palette, 3, alpha, 2 },
              (guint8[]){ 10, 20, 30, 244, 224, 204, 0, 0, 0 });
}

static void
test_png_alpha (void)
{
  const guint8 rgba[] = { 200, 100, 0, 51, 9, 9, 9, 0, 1, 2, 3, 255 }, grey[] = { 100, 51, 7, 255 };
  assert_png (&(Form){ 3, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, FALSE, rgba, 12 },
              (guint8[]){ 244, 224, 204, 255, 255, 255, 1, 2, 3 });
  assert_png (&(Form){ 2, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, FALSE, grey, 4 }, (guint8[]){ 224, 224, 224, 7, 7, 7 });
  for (int a = 0; a < 256; a++)
    for (int v = 0; v < 256; v += 5)
      {
        double exact = (v * a + 255.0 * (255 - a)) / 255;
        g_assert_cmpfloat (ABS (eng_decode_over_white (v, a) - exact), <=, 0.5); /* rounded to nearest */
      }
}

static void
test_png_interlaced (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  guint8 rgba[13 * 11 * 4];
  for (guint i = 0; i < sizeof rgba; i++)
    rgba[i] = g_rand_int_range (random, 0, 256);
  Form form = { 13, 11, 8, PNG_COLOR_TYPE_RGB_ALPHA, FALSE, rgba, 13 * 4 };
  g_autoptr (GBytes) plain = write_png (&form);
  form.interlaced = TRUE;
  g_autoptr (EngImage) image = load (plain);
  assert_png (&form, eng_image_rgb (image));
}

/* ---- orientation ---- */

/* EXIF says on which side of the upright picture the stored row 0 and column 0 lie. */
static const struct
{
  char row0, column0; /* Top, Bottom, Left, Right */
} exif_sides[8] = {
  { 'T', 'L' }, { 'T', 'R' }, { 'B', 'R' }, { 'B', 'L' }, { 'L', 'T' }, { 'R', 'T' }, { 'R', 'B' }, { 'L', 'B' },
};

/* Position on the upright axis that runs to the other side from @side, @i steps away from it, of @n. */
static int
away_from (char side, int i, int n)
{
  return side == 'T' || side == 'L' ? i : n - 1 - i;
}

static void
test_orientation (void)
{
  guint8 stored[2 * 3 * 3];
  for (guint i = 0; i < sizeof stored; i++)
    stored[i] = i;
  for (int o = 1; o <= 8; o++)
    {
      char row0 = exif_sides[o - 1].row0, column0 = exif_sides[o - 1].column0;
      gboolean swap = row0 == 'L' || row0 == 'R';
      g_autoptr (GBytes) bytes =
          write_png (&(Form){ 3, 2, 8, PNG_COLOR_TYPE_RGB, FALSE, stored, 9, .orientation = o });
      g_autoptr (EngImage) image = load (bytes);
      int width = eng_image_width (image), height = eng_image_height (image);
      g_assert_cmpint (width, ==, swap ? 2 : 3);
      g_assert_cmpint (height, ==, swap ? 3 : 2);
      for (int r = 0; r < 2; r++)
        for (int c = 0; c < 3; c++)
          {
            int x = swap ? away_from (row0, r, width) : away_from (column0, c, width);
            int y = swap ? away_from (column0, c, height) : away_from (row0, r, height);
            g_assert_cmpint (eng_image_rgb (image)[(y * width + x) * 3], ==, stored[(r * 3 + c) * 3]);
          }
    }
}

static void
test_exif_broken (void)
{
  static const guint8 block[] = { 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0 };
  g_assert_cmpint (eng_exif_orientation (block, sizeof block), ==, 6);
  for (gsize n = 0; n < sizeof block; n++)
    {
      g_autofree guint8 *part = g_memdup2 (block, n);
      g_assert_cmpint (eng_exif_orientation (part, n), ==, 1);
    }
  for (gsize i = 0; i < sizeof block; i++)
    {
      guint8 wrong[sizeof block];
      memcpy (wrong, block, sizeof block);
      wrong[i] = 0xff;
      int o = eng_exif_orientation (wrong, sizeof wrong);
      g_assert_cmpint (o, >=, 1);
      g_assert_cmpint (o, <=, 8);
    }
}

/* ---- the seeds: one file of every format ---- */

static char *
seed_path (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "tests", "seeds", "image", name, NULL);
}

static EngImage *
load_seed (const char *name)
{
  g_autofree char *path = seed_path (name);
  g_autoptr (GError) error = NULL;
  EngImage *image = eng_image_load (path, &error);
  if (g_error_matches (error, ENG_ERROR, ENG_ERROR_UNSUPPORTED))
    g_test_skip (error->message); /* the WebP loader is a package of its own */
  else
    g_assert_no_error (error);
  return image;
}

/* make_seeds.py: 9 x 7, (20 x, 30 y, 255 - 20 x). */
static const struct
{
  const char *file;
  int tolerance; /* 0: lossless; JPEG and WebP: 8 x 8 blocks of steep gradients, 4:2:0; GIF and palette: 4 colours */
  gboolean turned; /* orientation 6 */
} seeds[] = {
  { "rgb.bmp", 0, FALSE },          { "rgb.tif", 0, FALSE },          { "palette.bmp", 100, FALSE },
  { "two-frames.gif", 100, FALSE }, { "progressive.jpg", 60, FALSE }, { "baseline.jpg", 60, TRUE },
  { "lossy.webp", 60, TRUE },
};

static void
test_formats (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (seeds); i++)
    {
      g_autoptr (EngImage) image = load_seed (seeds[i].file);
      if (!image)
        continue;
      int width = seeds[i].turned ? 7 : 9;
      g_assert_cmpint (eng_image_width (image), ==, width);
      g_assert_cmpint (eng_image_height (image), ==, 16 - width);
      for (int y = 0; y < 7; y++)
        for (int x = 0; x < 9; x++)
          {
            /* 6: the stored row 0 is the right side, the stored column 0 the top */
            const guint8 *p = eng_image_rgb (image) + (seeds[i].turned ? x * 7 + 6 - y : y * 9 + x) * 3;
            g_assert_cmpint (ABS (p[0] - 20 * x), <=, seeds[i].tolerance);
            g_assert_cmpint (ABS (p[1] - 30 * y), <=, seeds[i].tolerance);
            g_assert_cmpint (ABS (p[2] - (255 - 20 * x)), <=, seeds[i].tolerance);
          }
    }
}

/* The same picture with alpha, once straight (WebP), once multiplied by libtiff: 1 for that rounding. */
static void
test_alpha_formats (void)
{
  g_autoptr (EngImage) webp = load_seed ("lossless.webp"), tiff = load_seed ("rgba.tif");
  if (webp)
    for (int i = 0; i < 9 * 7 * 3; i++)
      g_assert_cmpint (ABS (eng_image_rgb (webp)[i] - eng_image_rgb (tiff)[i]), <=, 1);
}

/* Any file that lacks its end must be refused: an explanation of half a picture would mislead. */
static void
test_every_prefix (void)
{
  g_autofree char *folder = seed_path ("");
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_assert_nonnull (dir);
  for (const char *name; (name = g_dir_read_name (dir));)
    {
      g_autofree char *path = seed_path (name), *data = NULL;
      gsize n;
      g_assert_true (g_file_get_contents (path, &data, &n, NULL));
      for (gsize k = 0; k < n; k++)
        {
          g_autoptr (GError) error = NULL;
          g_autoptr (GBytes) bytes = g_bytes_new (data, k);
          g_autoptr (EngImage) image = eng_image_load_bytes (bytes, name, &error);
          if (image)
            g_error ("%s is accepted when cut to %zu of %zu bytes", name, k, n);
          g_assert_true (g_str_has_prefix (error->message, name));
        }
    }
}

/* ---- errors ---- */

static void
assert_refused (GBytes *bytes, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (eng_image_load_bytes (bytes, "scan_04.png", &error));
  g_assert_cmpstr (error->message, ==, message);
}

static void
assert_text_refused (const char *text, const char *message)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  assert_refused (bytes, message);
}

static void
test_not_a_picture (void)
{
  assert_text_refused ("", "scan_04.png is empty. Copy or download it again.");
  assert_text_refused (
      "hello, world",
      "scan_04.png is not a picture that Sightline opens. Its first bytes are not those of a PNG, JPEG, "
      "TIFF, WebP, BMP or GIF file.");
  assert_text_refused ("version https://git-lfs.github.com/spec/v1\noid",
                       "scan_04.png is a Git LFS pointer, not the picture. Run git lfs pull in its repository.");
  assert_text_refused ("\x89PNG\r\n\x1a\n", "scan_04.png: the PNG data ends early. Copy or download the file again.");
}

static void
test_png_damaged (void)
{
  guint8 rgb[40 * 30 * 3];
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  for (guint i = 0; i < sizeof rgb; i++)
    rgb[i] = g_rand_int_range (random, 0, 256);
  g_autoptr (GBytes) good = write_png (&(Form){ 40, 30, 8, PNG_COLOR_TYPE_RGB, FALSE, rgb, 120 });
  gsize n;
  const guint8 *data = g_bytes_get_data (good, &n);
  g_autofree guint8 *wrong = g_memdup2 (data, n);
  wrong[n / 2] ^= 0x40;
  g_autoptr (GBytes) flipped = g_bytes_new (wrong, n);
  assert_refused (flipped, "scan_04.png: the PNG data is damaged (chunk IDAT). Copy or export the file again.");
  g_autoptr (GBytes) cut = g_bytes_new (data, n / 3);
  assert_refused (cut, "scan_04.png: the PNG data ends early (chunk IDAT). Copy or download the file again.");
  g_autoptr (GBytes) no_end = g_bytes_new (data, n - 12);
  g_autoptr (GError) error = NULL;
  g_assert_null (eng_image_load_bytes (no_end, "a.png", &error));
  memcpy (wrong, data, n);
  wrong[17] ^= 1; /* the width: its checksum is wrong now */
  g_autoptr (GBytes) header = g_bytes_new (wrong, n);
  assert_refused (header, "scan_04.png: the PNG data is damaged (chunk IHDR). Copy or export the file again.");
}

static void
test_too_large (void)
{
  static const struct
  {
    const char *file;
    gsize offset; /* of width and height */
    guint8 bytes[8];
    gsize n;
    const char *size;
  } large[] = {
    { "huge.png", 0, { 0x89 }, 1, "90000 × 90000" },
    { "rgb.bmp", 18, { 0x60, 0xea, 0, 0, 0x60, 0xea, 0, 0 }, 8, "60000 × 60000" },
    { "two-frames.gif", 6, { 0x60, 0xea, 0x60, 0xea }, 4, "60000 × 60000" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (large); i++)
    {
      g_autofree char *path = seed_path (large[i].file), *data = NULL;
      g_autofree char *message = g_strdup_printf (
          "scan_04.png is %s. Sightline opens pictures up to 100 megapixels. Shrink or crop it.", large[i].size);
      gsize n;
      g_assert_true (g_file_get_contents (path, &data, &n, NULL));
      memcpy (data + large[i].offset, large[i].bytes, large[i].n);
      g_autoptr (GBytes) bytes = g_bytes_new (data, n);
      assert_refused (bytes, message);
    }
  g_autoptr (GError) error = NULL;
  g_assert_false (eng_decode_check_size (ENG_DECODE_MAX_SIDE + 1, 1, "a.png", &error));
  g_assert_true (eng_decode_check_size (10000, 10000, "a.png", NULL));
}

static void
test_unreadable (void)
{
  g_autofree char *folder = test_tmpdir (), *missing = g_build_filename (folder, "none.png", NULL);
  g_autofree char *pipe = g_build_filename (folder, "pipe.png", NULL);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  const char *const paths[] = { folder, missing, pipe };
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *name = g_path_get_basename (paths[i]);
      g_assert_null (eng_image_load (paths[i], &error));
      g_assert_error (error, ENG_ERROR, ENG_ERROR_IO);
      g_assert_true (g_str_has_prefix (error->message, name));
    }
  test_remove_tree (folder);
}

/* ---- what an image knows about itself ---- */

static void
test_identity (void)
{
  g_autofree char *path = seed_path ("rgb.bmp");
  g_autoptr (EngImage) image = load_seed ("rgb.bmp");
  g_autofree char *data = NULL;
  gsize n;
  g_assert_true (g_file_get_contents (path, &data, &n, NULL));
  g_autofree char *digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guint8 *)data, n);
  g_assert_cmpstr (eng_image_sha256 (image), ==, digest);
  g_assert_cmpstr (eng_image_path (image), ==, path);
  g_assert_cmpstr (eng_image_name (image), ==, "rgb.bmp");
  g_autoptr (EngImage) again = eng_image_ref (image);
  g_autoptr (GBytes) rgb = eng_image_bytes (again);
  g_assert_true (g_bytes_get_data (rgb, NULL) == (gconstpointer)eng_image_rgb (image));

  static const guint8 pixel[3] = { 200, 30, 40 };
  g_autoptr (EngImage) made = eng_image_new (1, 1, pixel, "made");
  g_autofree char *of_pixels = g_compute_checksum_for_data (G_CHECKSUM_SHA256, pixel, 3);
  g_assert_cmpstr (eng_image_sha256 (made), ==, of_pixels);
  g_assert_null (eng_image_path (made));
  g_assert_true (eng_image_is_candidate ("/a/b/SCAN.JPEG"));
  g_assert_true (eng_image_is_candidate ("x.webp"));
  g_assert_false (eng_image_is_candidate ("x.onnx"));
  g_assert_false (eng_image_is_candidate ("png"));
}

static const struct
{
  const char *file;
  int width, height; /* 0: must be refused */
  const char *message;
} shared[] = {
  { "chelsea.png", 451, 300, NULL },
  { "coffee.png", 600, 400, NULL },
  { "edge_1x1.png", 1, 1, NULL },
  { "edge_3000x40.png", 3000, 40, NULL },
  { "edge_exif6.jpg", 451, 300, NULL },
  { "edge_grey8.png", 225, 150, NULL },
  { "edge_rgb16.png", 225, 150, NULL },
  { "edge_rgba.png", 225, 150, NULL },
  { "edge_truncated.png", 0, 0,
    "edge_truncated.png: the PNG data ends early (chunk IDAT). Copy or download the file again." },
  { "edge_not_an_image.png", 0, 0,
    "edge_not_an_image.png is not a picture that Sightline opens. Its first bytes are not those of a PNG, JPEG, "
    "TIFF, "
    "WebP, BMP or GIF file." },
};

static void
test_shared_images (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (shared); i++)
    {
      g_autofree char *relative = g_strdup_printf ("images/%s", shared[i].file), *path = test_shared (relative);
      g_autoptr (GError) error = NULL;
      if (!path)
        return;
      g_autoptr (EngImage) image = eng_image_load (path, &error);
      g_assert_cmpstr (error ? error->message : NULL, ==, shared[i].message);
      g_assert_cmpint (image ? eng_image_width (image) : 0, ==, shared[i].width);
      g_assert_cmpint (image ? eng_image_height (image) : 0, ==, shared[i].height);
    }
}

/* Half transparent over white, by the definition, from the raw samples that libpng's simple reader gives. */
static void
test_shared_rgba (void)
{
  g_autofree char *path = test_shared ("images/edge_rgba.png");
  g_autoptr (GError) error = NULL;
  if (!path)
    return;
  png_image raw = { .version = PNG_IMAGE_VERSION };
  g_assert_true (png_image_begin_read_from_file (&raw, path));
  raw.format = PNG_FORMAT_RGBA;
  g_autofree guint8 *rgba = g_malloc (PNG_IMAGE_SIZE (raw));
  g_assert_true (png_image_finish_read (&raw, NULL, rgba, 0, NULL));
  g_autoptr (EngImage) image = eng_image_load (path, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < raw.width * raw.height * 3; i++)
    {
      double alpha = rgba[i / 3 * 4 + 3] / 255.0, over = alpha * rgba[i / 3 * 4 + i % 3] + (1 - alpha) * 255;
      g_assert_cmpfloat (ABS (eng_image_rgb (image)[i] - over), <=, 0.5 + 1e-9); /* rounded to nearest */
    }
}

/* ---- class names ---- */

static void
test_labels (void)
{
  const char *const *imagenet = eng_labels_builtin (1000), *const *cifar = eng_labels_builtin (10);
  g_assert_cmpuint (g_strv_length ((char **)imagenet), ==, 1000);
  g_assert_cmpstr (imagenet[0], ==, "tench");
  g_assert_cmpstr (imagenet[282], ==, "tiger cat");
  g_assert_cmpstr (imagenet[999], ==, "toilet tissue");
  g_assert_cmpuint (g_strv_length ((char **)cifar), ==, 10);
  g_assert_cmpstr (cifar[3], ==, "cat");
  g_assert_null (eng_labels_builtin (12));

  g_auto (GStrv) names = eng_labels_parse ("\xef\xbb\xbf"
                                           "a\r\nb c\r\n\r\n",
                                           12, "x", NULL);
  g_assert_cmpuint (g_strv_length (names), ==, 2);
  g_assert_cmpstr (names[0], ==, "a");
  g_assert_cmpstr (names[1], ==, "b c");
}

static void
test_labels_refused (void)
{
  g_autofree char *endless = g_strnfill (2000, 'a');
  const struct
  {
    const char *text, *part;
  } wrong[] = { { "", "no class names" },
                { "\n\n", "no class names" },
                { "a\n\nb", "line 2 is empty" },
                { "a\nb\xff", "line 2 is not UTF-8" },
                { endless, "line 1 is longer" } };
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (eng_labels_parse (wrong[i].text, strlen (wrong[i].text), "names.txt", &error));
      g_assert_true (g_str_has_prefix (error->message, "names.txt"));
      g_assert_nonnull (strstr (error->message, wrong[i].part));
    }
  g_autoptr (GError) error = NULL;
  g_assert_null (eng_labels_load ("/nowhere/names.txt", &error));
  g_assert_nonnull (strstr (error->message, "names.txt"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/image/png/rgb", test_png_rgb);
  g_test_add_func ("/image/png/depths", test_png_depths);
  g_test_add_func ("/image/png/palette", test_png_palette);
  g_test_add_func ("/image/png/alpha", test_png_alpha);
  g_test_add_func ("/image/png/interlaced", test_png_interlaced);
  g_test_add_func ("/image/png/damaged", test_png_damaged);
  g_test_add_func ("/image/orientation", test_orientation);
  g_test_add_func ("/image/exif-broken", test_exif_broken);
  g_test_add_func ("/image/formats", test_formats);
  g_test_add_func ("/image/alpha-formats", test_alpha_formats);
  g_test_add_func ("/image/every-prefix", test_every_prefix);
  g_test_add_func ("/image/not-a-picture", test_not_a_picture);
  g_test_add_func ("/image/too-large", test_too_large);
  g_test_add_func ("/image/unreadable", test_unreadable);
  g_test_add_func ("/image/identity", test_identity);
  g_test_add_func ("/image/shared", test_shared_images);
  g_test_add_func ("/image/shared-rgba", test_shared_rgba);
  g_test_add_func ("/labels/good", test_labels);
  g_test_add_func ("/labels/refused", test_labels_refused);
  return g_test_run ();
}
