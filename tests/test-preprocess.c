/* Preprocessing against Pillow's pixels (the shared golden data), against its own definition where that
 * can be computed by hand, and every way in which a sidecar can be wrong. */
#include "preprocess.h"

#include "error.h"
#include "npy.h"
#include "support.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* A resizer other than Pillow's own may differ by rounding: see golden/README.md. */
#define MAX_DIFFERENCE 2
#define MEAN_DIFFERENCE 0.25

static const struct
{
  const char *model, *image, *file;
  gboolean exact; /* nothing is resized, or every pixel is the same */
} goldens[] = {
  { "vit_tiny_patch16_224", "chelsea", "chelsea.png", FALSE },
  { "vit_tiny_patch16_224", "coffee", "coffee.png", FALSE },
  { "mobilenet_v2_224", "chelsea", "chelsea.png", FALSE },
  { "mobilenet_v2_224", "coffee", "coffee.png", FALSE },
  { "squeezenet1.0_227", "chelsea", "chelsea.png", FALSE },
  { "squeezenet1.0_227", "coffee", "coffee.png", FALSE },
  { "resnet20_cifar10", "chelsea", "chelsea.png", FALSE },
  { "resnet20_cifar10", "coffee", "coffee.png", FALSE },
  { "resnet20_cifar10", "edge_1x1", "edge_1x1.png", TRUE },
  { "resnet20_cifar10", "edge_3000x40", "edge_3000x40.png", FALSE },
  { "resnet20_cifar10", "edge_exif6", "edge_exif6.jpg", FALSE },
  { "resnet20_cifar10", "edge_grey8", "edge_grey8.png", FALSE },
  { "resnet20_cifar10", "edge_rgb16", "edge_rgb16.png", FALSE },
};

static EngPreprocess *
find_shared (const char *model, int size)
{
  g_autofree char *relative = g_strdup_printf ("models/%s.onnx", model), *path = test_shared (relative);
  g_autoptr (GError) error = NULL;
  if (!path)
    return NULL;
  EngPreprocess *self = eng_preprocess_find (path, NULL, 3, size, size, &error);
  g_assert_no_error (error);
  return self;
}

/* @view: h x w x 3; @golden: uint8 3 x h x w */
static void
compare_pixels (const guint8 *view, const EngTensor *golden, int *max, double *mean)
{
  gint64 n = golden->shape.dim[1] * golden->shape.dim[2];
  gint64 sum = 0;
  *max = 0;
  for (int c = 0; c < 3; c++)
    for (gint64 i = 0; i < n; i++)
      {
        int d = ABS ((int)golden->i[c * n + i] - view[i * 3 + c]);
        *max = MAX (*max, d);
        sum += d;
      }
  *mean = (double)sum / (3 * n);
}

static void
test_golden_pixels (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autofree char *relative = g_strdup_printf ("golden/%s/%s.pixels.npy", goldens[row].model, goldens[row].image);
  g_autofree char *picture = g_strdup_printf ("images/%s", goldens[row].file);
  g_autofree char *golden_path = test_shared (relative), *picture_path = test_shared (picture);
  g_autoptr (GError) error = NULL;
  if (!golden_path || !picture_path)
    return;
  g_autoptr (EngTensor) golden = eng_npy_load (golden_path, &error);
  g_assert_no_error (error);
  g_autoptr (EngPreprocess) self = find_shared (goldens[row].model, (int)golden->shape.dim[1]);
  g_autoptr (EngImage) image = eng_image_load (picture_path, &error);
  g_assert_no_error (error);
  g_autofree guint8 *view = eng_preprocess_view (self, image, &error);
  g_assert_no_error (error);
  int max;
  double mean;
  compare_pixels (view, golden, &max, &mean);
  g_test_message ("%s %s: max %d, mean %.4f", goldens[row].model, goldens[row].image, max, mean);
  g_assert_cmpint (max, <=, goldens[row].exact ? 0 : MAX_DIFFERENCE);
  g_assert_cmpfloat (mean, <=, MEAN_DIFFERENCE);
}

static void
test_golden_input (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autofree char *pixels_name = g_strdup_printf ("golden/%s/%s.pixels.npy", goldens[row].model, goldens[row].image);
  g_autofree char *input_name = g_strdup_printf ("golden/%s/%s.input.npy", goldens[row].model, goldens[row].image);
  g_autofree char *pixels_path = test_shared (pixels_name),
                  *input_path = pixels_path ? test_shared (input_name) : NULL;
  g_autoptr (GError) error = NULL;
  if (!input_path)
    return;
  g_autoptr (EngTensor) golden = eng_npy_load (pixels_path, &error);
  g_autoptr (EngTensor) expected = eng_npy_load (input_path, &error);
  g_assert_no_error (error);
  g_autoptr (EngPreprocess) self = find_shared (goldens[row].model, (int)golden->shape.dim[1]);
  gint64 n = (gint64)self->height * self->width;
  g_autofree guint8 *view = g_malloc (3 * n);
  for (gint64 i = 0; i < 3 * n; i++)
    view[i] = golden->i[i % 3 * n + i / 3];
  g_autofree float *pixels = g_new (float, 3 * n), *input = g_new (float, 3 * n);
  eng_preprocess_pixels (self, view, pixels);
  eng_preprocess_normalise (self, pixels, input);
  float matrix[3][3], offset[3];
  eng_preprocess_coefficients (self, matrix, offset);
  for (gint64 i = 0; i < 3 * n; i++)
    {
      int c = i / n;
      gint64 at = i % n;
      float linear = offset[c];
      for (int k = 0; k < 3; k++)
        linear += matrix[c][k] * pixels[k * n + at];
      /* golden/README.md; the 255 range has a spacing of 1.5e-5 at its end, and sums of it are rounded twice */
      g_assert_cmpfloat (fabsf (input[i] - expected->f[i]), <=, 1e-5);
      g_assert_cmpfloat (fabsf (linear - expected->f[i]), <=, self->range_255 ? 5e-5 : 1e-5);
    }
}

/* The shared reference drops alpha; here transparency lies over white, so the golden pixels cannot serve.
 * The picture's own pixels must be those of the composited file, and that only where it is transparent. */
static void
test_transparency (void)
{
  g_autofree char *path = test_shared ("images/edge_rgba.png");
  g_autofree char *golden_path = path ? test_shared ("golden/resnet20_cifar10/edge_rgba.pixels.npy") : NULL;
  g_autoptr (GError) error = NULL;
  if (!golden_path)
    return;
  g_autoptr (EngTensor) golden = eng_npy_load (golden_path, &error);
  g_autoptr (EngImage) image = eng_image_load (path, &error);
  g_assert_no_error (error);
  g_autoptr (EngPreprocess) self = find_shared ("resnet20_cifar10", 32);
  g_autofree guint8 *view = eng_preprocess_view (self, image, &error);
  for (int i = 0; i < 32 * 32 * 3; i++) /* white only brightens; 2 for the rounding of two resizers */
    g_assert_cmpint (view[i], >=, (int)golden->i[i % 3 * 1024 + i / 3] - MAX_DIFFERENCE);
  int max;
  double mean;
  compare_pixels (view, golden, &max, &mean);
  g_test_message ("against dropped alpha: max %d, mean %.2f", max, mean);
  g_assert_cmpint (max, >, 50);
}

static guint8 *
make_noise (int width, int height)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  guint8 *rgb = g_malloc ((gsize)width * height * 3);
  for (int i = 0; i < width * height * 3; i++)
    rgb[i] = g_rand_int_range (random, 0, 256);
  return rgb;
}

static void
test_resize_identity (void)
{
  g_autofree guint8 *rgb = make_noise (23, 17), *same = g_malloc (23 * 17 * 3), *half = g_malloc (23 * 9 * 3);
  for (int f = ENG_FILTER_NEAREST; f <= ENG_FILTER_LANCZOS; f++)
    {
      g_assert_true (eng_resize_rgb (rgb, 23, 17, same, 23, 17, f));
      g_assert_cmpmem (rgb, 23 * 17 * 3, same, 23 * 17 * 3);
      memset (rgb, 77, 23 * 17 * 3); /* a flat picture stays flat to the bit */
      g_assert_true (eng_resize_rgb (rgb, 23, 17, half, 23, 9, f));
      for (int i = 0; i < 23 * 9 * 3; i++)
        g_assert_cmpint (half[i], ==, 77);
      g_free (rgb);
      rgb = make_noise (23, 17);
    }
}

/* Pillow 11: Image.frombytes("RGB", (5, 1), 0, 15, .. 210 with byte 6 set to 255).resize ((n, 1), filter),
 * first channel. */
static const struct
{
  EngFilter filter;
  int n;
  guint8 expected[8];
} rows[] = {
  { ENG_FILTER_NEAREST, 2, { 45, 135 } },
  { ENG_FILTER_NEAREST, 3, { 0, 255, 180 } },
  { ENG_FILTER_NEAREST, 8, { 0, 0, 45, 255, 255, 135, 180, 180 } },
  { ENG_FILTER_BILINEAR, 2, { 83, 173 } },
  { ENG_FILTER_BILINEAR, 3, { 19, 182, 161 } },
  { ENG_FILTER_BILINEAR, 8, { 0, 20, 58, 189, 218, 143, 160, 180 } },
  { ENG_FILTER_BICUBIC, 2, { 78, 181 } },
  { ENG_FILTER_BICUBIC, 3, { 16, 186, 164 } },
  { ENG_FILTER_BICUBIC, 8, { 0, 7, 54, 208, 236, 139, 156, 183 } },
  { ENG_FILTER_LANCZOS, 2, { 78, 186 } },
  { ENG_FILTER_LANCZOS, 3, { 14, 187, 166 } },
  { ENG_FILTER_LANCZOS, 8, { 2, 0, 58, 218, 241, 141, 148, 188 } },
};

static void
test_resize_rows (void)
{
  guint8 rgb[15], out[24];
  for (int i = 0; i < 15; i++)
    rgb[i] = i * 15;
  rgb[6] = 255; /* an edge, so that lobes and clipping show */
  for (guint r = 0; r < G_N_ELEMENTS (rows); r++)
    {
      g_assert_true (eng_resize_rgb (rgb, 5, 1, out, rows[r].n, 1, rows[r].filter));
      for (int i = 0; i < rows[r].n; i++)
        g_assert_cmpint (out[i * 3], ==, rows[r].expected[i]);
    }
}

static EngPreprocess *
parse (const char *json, int channels, int height, int width, GError **error)
{
  return eng_preprocess_parse (json, -1, "net.json", "/models", channels, height, width, error);
}

static EngPreprocess *
parse_good (const char *json, int channels, int height, int width)
{
  g_autoptr (GError) error = NULL;
  EngPreprocess *self = parse (json, channels, height, width, &error);
  g_assert_no_error (error);
  return self;
}

/* Whatever the shape, the view is what cutting the window out of the fully resized picture gives. */
static void
test_window (void)
{
  static const int sizes[][2] = { { 300, 40 }, { 40, 300 }, { 31, 31 }, { 7, 90 } };
  g_autoptr (EngPreprocess) self =
      parse_good ("{\"resize_short\": 36, \"interpolation\": \"bicubic\", \"mean\": 0, \"std\": 1}", 3, 32, 24);
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
    {
      int w = sizes[s][0], h = sizes[s][1];
      g_autofree guint8 *rgb = make_noise (w, h);
      g_autoptr (EngImage) image = eng_image_new (w, h, rgb, "noise");
      g_autofree guint8 *view = eng_preprocess_view (self, image, NULL);
      int full_w = (int)rint (w * (36.0 / MIN (w, h))), full_h = (int)rint (h * (36.0 / MIN (w, h)));
      g_autofree guint8 *full = g_malloc ((gsize)full_w * full_h * 3);
      g_assert_true (eng_resize_rgb (rgb, w, h, full, full_w, full_h, ENG_FILTER_BICUBIC));
      int left = (full_w - 24) / 2, top = (full_h - 32) / 2;
      for (int y = 0; y < 32; y++)
        g_assert_cmpmem (view + y * 24 * 3, 24 * 3, full + ((gsize)(top + y) * full_w + left) * 3, 24 * 3);
    }
}

/* The resized picture would have 51,200,000 x 256 pixels; the window is all that is made. */
static void
test_extreme_shape (void)
{
  g_autofree guint8 *rgb = g_malloc0 (200000 * 3);
  g_autoptr (EngImage) flat = eng_image_new (200000, 1, rgb, "flat"), tall = eng_image_new (1, 200000, rgb, "tall");
  g_autoptr (EngPreprocess) crop = eng_preprocess_guess (3, 224, 224);
  g_autoptr (EngPreprocess) stretch = parse_good ("{\"mean\": 0, \"std\": 1}", 3, 224, 224);
  EngPreprocess *const all[] = { crop, stretch };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      g_autofree guint8 *a = eng_preprocess_view (all[i], flat, NULL), *b = eng_preprocess_view (all[i], tall, NULL);
      g_assert_nonnull (a);
      g_assert_nonnull (b);
    }
}

static void
test_padding (void)
{
  g_autoptr (EngPreprocess) self = parse_good ("{\"resize_short\": 5, \"mean\": 0, \"std\": 1}", 3, 8, 8);
  guint8 white[5 * 5 * 3];
  memset (white, 255, sizeof white);
  g_autoptr (EngImage) image = eng_image_new (5, 5, white, "white");
  g_autofree guint8 *view = eng_preprocess_view (self, image, NULL);
  /* 3 are missing: torchvision puts (8 - 5) // 2 = 1 before and 2 after */
  for (int y = 0; y < 8; y++)
    for (int x = 0; x < 8; x++)
      g_assert_cmpint (view[(y * 8 + x) * 3], ==, x >= 1 && x < 6 && y >= 1 && y < 6 ? 255 : 0);
  EngGeometry g;
  eng_preprocess_geometry (self, 5, 5, &g);
  g_assert_cmpfloat (g.view_x0, ==, 1);
  g_assert_cmpfloat (g.view_x1, ==, 6);
  g_assert_cmpfloat (g.scale_x, ==, 1);
  g_assert_cmpfloat (g.offset_x, ==, -1);
}

static void
test_letterbox (void)
{
  g_autoptr (EngPreprocess) self = parse_good ("{\"fit\": \"letterbox\", \"mean\": 0, \"std\": 1}", 3, 8, 8);
  guint8 white[16 * 8 * 3];
  memset (white, 255, sizeof white);
  g_autoptr (EngImage) image = eng_image_new (16, 8, white, "white");
  g_autofree guint8 *view = eng_preprocess_view (self, image, NULL);
  for (int i = 0; i < 8 * 8; i++)
    g_assert_cmpint (view[i * 3 + 1], ==, i / 8 >= 2 && i / 8 < 6 ? 255 : 114);
  EngGeometry g;
  eng_preprocess_geometry (self, 16, 8, &g);
  g_assert_cmpfloat (g.scale_x, ==, 2);
  g_assert_cmpfloat (g.offset_y, ==, -4);
  g_assert_cmpfloat (g.view_y0, ==, 2);
  g_assert_cmpfloat (g.view_y1, ==, 6);
  g_assert_cmpfloat (g.view_x1, ==, 8);
}

static void
test_geometry_crop (void)
{
  g_autoptr (EngPreprocess) self = parse_good ("{\"resize_short\": 248, \"mean\": 0, \"std\": 1}", 3, 224, 224);
  EngGeometry g;
  eng_preprocess_geometry (self, 451, 300, &g);
  /* 451 * 248 / 300 = 372.8 -> 373 columns, of which 74 (floor of 74.5) are cut off on the left */
  g_assert_cmpfloat (g.scale_x, ==, 451.0 / 373);
  g_assert_cmpfloat (g.offset_x, ==, 74 * (451.0 / 373));
  g_assert_cmpfloat (g.offset_y, ==, 12 * (300.0 / 248));
  g_assert_cmpfloat (g.view_x0, ==, 0);
  g_assert_cmpfloat (g.view_x1, ==, 224);
}

static void
test_grey (void)
{
  g_autoptr (EngPreprocess) self = eng_preprocess_guess (1, 28, 28);
  g_assert_true (self->assumed);
  g_autofree float *pixels = g_new0 (float, 3 * 28 * 28), *input = g_new (float, 28 * 28);
  pixels[0] = pixels[28 * 28] = pixels[2 * 28 * 28] = 1;
  pixels[1] = 1;
  eng_preprocess_normalise (self, pixels, input);
  g_assert_cmpfloat_with_epsilon (input[0], 1, 1e-6); /* float32 */
  g_assert_cmpfloat_with_epsilon (input[1], 0.299, 1e-6);
}

static const struct
{
  const char *json, *described;
} good[] = {
  { "{\"input_size\": [3, 224, 224], \"interpolation\": \"bicubic\", \"resize_short\": 248, \"crop\": \"center\","
    "\"mean\": [0.5, 0.5, 0.5], \"std\": [0.5, 0.5, 0.5], \"scale\": \"0-1\", \"channel_order\": \"RGB\"}",
    "bicubic, short side 248, centre crop 224 x 224, RGB 0-1, mean 0.5 0.5 0.5, std 0.5 0.5 0.5" },
  { "{\"mean\": [104, 117, 123], \"std\": 1, \"scale\": \"0-255\", \"channel_order\": \"BGR\", \"fit\": \"stretch\"}",
    "bilinear, stretched to 224 x 224, BGR 0-255, mean 104 117 123, std 1 1 1" },
  { "{\"fit\": \"letterbox\", \"interpolation\": \"nearest\", \"mean\": 0, \"std\": 1}",
    "nearest, letterboxed to 224 x 224, RGB 0-1, mean 0 0 0, std 1 1 1" },
  { "{\"fit\": \"crop\", \"interpolation\": \"lanczos\", \"mean\": 0, \"std\": 1}",
    "lanczos, short side 224, centre crop 224 x 224, RGB 0-1, mean 0 0 0, std 1 1 1" },
  { "{\"fit\": \"stretch\", \"resize_short\": 256, \"mean\": 0, \"std\": 1}",
    "bilinear, stretched to 256 x 256, centre crop 224 x 224, RGB 0-1, mean 0 0 0, std 1 1 1" },
  /* a sidecar that says nothing about pixels leaves the guess */
  { "{\"name\": \"x\"}", "bilinear, short side 256, centre crop 224 x 224, RGB 0-1, mean 0.485 0.456 0.406, "
                         "std 0.229 0.224 0.225" },
  /* timm: floor (224 / 0.9) = 248 */
  { "{\"architecture\": \"vit\", \"pretrained_cfg\": {\"input_size\": [3, 224, 224], \"crop_pct\": 0.9, "
    "\"interpolation\": "
    "\"bicubic\", \"mean\": [0.5, 0.5, 0.5], \"std\": [0.5, 0.5, 0.5], \"crop_mode\": \"center\"}}",
    "bicubic, short side 248, centre crop 224 x 224, RGB 0-1, mean 0.5 0.5 0.5, std 0.5 0.5 0.5" },
  { "{\"crop_pct\": 1.0, \"mean\": [0.5, 0.5, 0.5], \"std\": [0.5, 0.5, 0.5], \"crop_mode\": \"squash\"}",
    "bicubic, stretched to 224 x 224, centre crop 224 x 224, RGB 0-1, mean 0.5 0.5 0.5, std 0.5 0.5 0.5" },
  /* Hugging Face: ViT, MobileNetV2, ConvNeXT, one that scales to -1 .. 1 itself, one without rescaling */
  { "{\"size\": {\"height\": 224, \"width\": 224}, \"resample\": 2, \"image_mean\": [0.5, 0.5, 0.5], \"image_std\": "
    "[0.5, 0.5, 0.5], \"do_normalize\": true, \"do_rescale\": true, \"rescale_factor\": 0.00392156862745098}",
    "bilinear, stretched to 224 x 224, RGB 0-1, mean 0.5 0.5 0.5, std 0.5 0.5 0.5" },
  { "{\"size\": {\"shortest_edge\": 256}, \"crop_size\": {\"height\": 224, \"width\": 224}, \"do_center_crop\": "
    "true, "
    "\"resample\": 3, \"image_mean\": [0.5, 0.5, 0.5], \"image_std\": [0.5, 0.5, 0.5]}",
    "bicubic, short side 256, centre crop 224 x 224, RGB 0-1, mean 0.5 0.5 0.5, std 0.5 0.5 0.5" },
  { "{\"size\": {\"shortest_edge\": 224}, \"crop_pct\": 0.875, \"resample\": 1, \"image_mean\": [0.5, 0.5, 0.5], "
    "\"image_std\": [0.5, 0.5, 0.5]}",
    "lanczos, short side 256, centre crop 224 x 224, RGB 0-1, mean 0.5 0.5 0.5, std 0.5 0.5 0.5" },
  { "{\"size\": 224, \"resample\": 0, \"rescale_factor\": 0.00784313725490196, \"rescale_offset\": true, "
    "\"do_normalize\": false}",
    "nearest, stretched to 224 x 224, RGB 0-1, mean 0.5 0.5 0.5, std 0.5 0.5 0.5" },
  { "{\"size\": 224, \"do_rescale\": false, \"do_flip_channel_order\": true, \"image_mean\": [104, 117, 123], "
    "\"image_std\": [1, 1, 1]}",
    "bilinear, stretched to 224 x 224, BGR 0-255, mean 104 117 123, std 1 1 1" },
  { "{\"size\": {\"height\": 256, \"width\": 256}, \"do_center_crop\": true, \"crop_size\": 224, \"image_mean\": [0, "
    "0, 0], "
    "\"image_std\": [1, 1, 1]}",
    "bilinear, stretched to 256 x 256, centre crop 224 x 224, RGB 0-1, mean 0 0 0, std 1 1 1" },
};

static void
test_good_sidecars (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (EngPreprocess) self = parse_good (good[i].json, 3, 224, 224);
      g_autofree char *text = eng_preprocess_describe (self);
      g_assert_cmpstr (text, ==, good[i].described);
      /* free in height and width: the form itself says, or 224 is assumed */
      g_autoptr (EngPreprocess) open = parse_good (good[i].json, 3, 0, 0);
      g_assert_cmpint (open->height, ==, 224);
      g_assert_cmpint (open->width, ==, 224);
    }
}

/* The message names the file and, where one is to blame, the key, and says what to do. */
static const struct
{
  const char *json, *key;
} bad[] = {
  { "", NULL },
  { "not json", NULL },
  { "[1, 2]", NULL },
  { "\"text\"", NULL },
  { "{\"mean\": [1, 2", NULL },
  { "{\"mean\": /* c */ 1}", NULL },
  { "{\"name\": \"\xff\"}", NULL },
  { "{\"mean\": \"a\", \"std\": 1}", "\"mean\"" },
  { "{\"mean\": [1, 2], \"std\": 1}", "\"mean\"" },
  { "{\"mean\": [1, 2, \"3\"], \"std\": 1}", "\"mean\"" },
  { "{\"mean\": [1, 2, 1e999], \"std\": 1}", "\"mean\"" },
  { "{\"mean\": [1, 2, 1e300], \"std\": 1}", "\"mean\"" },
  { "{\"mean\": true, \"std\": 1}", "\"mean\"" },
  { "{\"mean\": [0, 0, 0]}", "\"std\"" },
  { "{\"std\": [1, 1, 1]}", "\"mean\"" },
  { "{\"mean\": 0, \"std\": 0}", "\"std\"" },
  { "{\"mean\": 0, \"std\": [1, 1, -1]}", "\"std\"" },
  { "{\"mean\": 0, \"std\": {}}", "\"std\"" },
  { "{\"scale\": \"0-255\"}", "\"mean\"" },
  { "{\"scale\": \"0-2\"}", "\"scale\"" },
  { "{\"scale\": 1}", "\"scale\"" },
  { "{\"channel_order\": \"GBR\"}", "\"channel_order\"" },
  { "{\"interpolation\": \"magic\"}", "\"interpolation\"" },
  { "{\"interpolation\": 3}", "\"interpolation\"" },
  { "{\"input_size\": 224}", "\"input_size\"" },
  { "{\"input_size\": [3, 224]}", "\"input_size\"" },
  { "{\"input_size\": [3, 0, 224]}", "\"input_size\"" },
  { "{\"input_size\": [3, 224.5, 224]}", "\"input_size\"" },
  { "{\"input_size\": [3, 1000000, 224]}", "\"input_size\"" },
  { "{\"input_size\": [1, 224, 224]}", "\"input_size\"" },
  { "{\"input_size\": [3, 256, 256]}", "\"input_size\"" },
  { "{\"resize_short\": 0}", "\"resize_short\"" },
  { "{\"resize_short\": -5}", "\"resize_short\"" },
  { "{\"resize_short\": 2.5}", "\"resize_short\"" },
  { "{\"resize_short\": 99999999999999}", "\"resize_short\"" },
  { "{\"resize_short\": \"256\"}", "\"resize_short\"" },
  { "{\"fit\": \"cover\"}", "\"fit\"" },
  { "{\"fit\": [\"crop\"]}", "\"fit\"" },
  { "{\"fit\": \"letterbox\", \"resize_short\": 256}", "\"resize_short\"" },
  { "{\"fit\": \"crop\", \"crop\": \"none\"}", "\"crop\"" },
  { "{\"crop\": \"none\", \"resize_short\": 256}", "\"resize_short\"" },
  { "{\"crop\": \"top\"}", "\"crop\"" },
  { "{\"name\": 7}", "\"name\"" },
  { "{\"name\": \"\"}", "\"name\"" },
  { "{\"labels\": 7}", "\"labels\"" },
  { "{\"labels\": []}", "\"labels\"" },
  { "{\"labels\": [\"a\", 1]}", "\"labels\"" },
  { "{\"labels\": \"/etc/passwd\"}", "\"labels\"" },
  { "{\"labels\": \"../x.txt\"}", "\"labels\"" },
  { "{\"labels\": \"a/../../x.txt\"}", "\"labels\"" },
  { "{\"labels\": \".\"}", "\"labels\"" },
  { "{\"ltx\": 5}", "\"ltx\"" },
  { "{\"ltx\": {\"lambda\": -1}}", "\"ltx.lambda\"" },
  { "{\"ltx\": {\"lambda\": \"x\"}}", "\"ltx.lambda\"" },
  { "{\"ltx\": {\"learning_rate\": 0}}", "\"ltx.learning_rate\"" },
  /* timm */
  { "{\"pretrained_cfg\": {\"crop_pct\": 0, \"mean\": 0, \"std\": 1}}", "\"pretrained_cfg.crop_pct\"" },
  { "{\"pretrained_cfg\": {\"crop_mode\": \"border\", \"mean\": 0, \"std\": 1}}", "\"pretrained_cfg.crop_mode\"" },
  { "{\"pretrained_cfg\": {\"interpolation\": \"random\"}}", "\"pretrained_cfg.interpolation\"" },
  { "{\"pretrained_cfg\": {\"input_size\": [1, 224, 224]}}", "\"pretrained_cfg.input_size\"" },
  { "{\"pretrained_cfg\": {}, \"label_names\": \"a\"}", "\"label_names\"" },
  /* Hugging Face */
  { "{\"do_normalize\": true}", "\"image_mean\"" },
  { "{\"do_normalize\": \"yes\"}", "\"do_normalize\"" },
  { "{\"image_mean\": [0, 0, 0], \"image_std\": [0, 0, 0]}", "\"image_std\"" },
  { "{\"do_normalize\": false, \"size\": {\"longest_edge\": 5}}", "\"size\"" },
  { "{\"do_normalize\": false, \"size\": {\"height\": -1, \"width\": 5}}", "\"size.height\"" },
  { "{\"do_normalize\": false, \"size\": 256}", "\"size\"" },
  { "{\"do_normalize\": false, \"size\": {\"height\": 256, \"width\": 300}, \"crop_size\": 224, \"do_center_crop\": "
    "true}",
    "\"size\"" },
  { "{\"do_normalize\": false, \"size\": 224, \"resample\": 4}", "\"resample\"" },
  { "{\"do_normalize\": false, \"size\": 224, \"rescale_factor\": 0}", "\"rescale_factor\"" },
  { "{\"do_normalize\": false, \"size\": 224, \"id2label\": []}", "\"id2label\"" },
  { "{\"do_normalize\": false, \"size\": 224, \"id2label\": {\"1\": \"cat\"}}", "\"id2label.0\"" },
  { "{\"do_normalize\": false, \"size\": 224, \"id2label\": {\"0\": 5}}", "\"id2label.0\"" },
};

static void
test_bad_sidecars (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (EngPreprocess) self = parse (bad[i].json, 3, 224, 224, &error);
      if (self)
        g_error ("accepted: %s", bad[i].json);
      g_test_message ("%s", error->message);
      g_assert_true (g_str_has_prefix (error->message, "net.json"));
      g_assert_true (g_str_has_suffix (error->message, "."));
      if (bad[i].key)
        g_assert_nonnull (strstr (error->message, bad[i].key));
    }
}

static void
test_depth (void)
{
  g_autofree char *deep = g_strnfill (1000000, '[');
  g_autofree char *json = g_strconcat ("{\"a\": ", deep, NULL), *hidden = g_strconcat ("{\"\\\"]\": ", deep, NULL);
  g_autoptr (GError) error = NULL;
  g_assert_null (parse (json, 3, 224, 224, &error));
  g_clear_error (&error);
  g_assert_null (parse (hidden, 3, 224, 224, &error));
}

static void
test_inputs_refused (void)
{
  static const int shapes[][3] = { { 0, 8, 8 }, { 4, 8, 8 }, { 2, 8, 8 }, { 3, 100000, 8 } };
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (eng_preprocess_find ("/nowhere/a.onnx", NULL, shapes[i][0], shapes[i][1], shapes[i][2], &error));
      g_assert_error (error, ENG_ERROR, ENG_ERROR_UNSUPPORTED);
    }
}

static void
test_values (void)
{
  g_autoptr (EngPreprocess) self =
      parse_good ("{\"name\": \"Net\", \"labels\": \"sub/names.txt\", \"mean\": 0.5, \"std\": 0.25, "
                  "\"ltx\": {\"lambda\": 30, \"learning_rate\": 0.001}}",
                  3, 32, 32);
  g_assert_cmpstr (self->name, ==, "Net");
  g_assert_cmpstr (self->labels_path, ==, "/models/sub/names.txt");
  g_assert_cmpfloat (self->ltx_lambda, ==, 30);
  g_assert_cmpfloat (self->ltx_learning_rate, ==, 0.001);
  g_assert_false (self->assumed);
  g_assert_cmpstr (self->origin, ==, "net.json");
  g_autoptr (EngPreprocess) inline_labels = parse_good ("{\"labels\": [\"a\", \"b\"]}", 3, 32, 32);
  g_assert_cmpstr (inline_labels->labels[1], ==, "b");
  g_assert_null (inline_labels->labels[2]);
  g_assert_true (inline_labels->assumed);
  g_assert_true (isnan (inline_labels->ltx_lambda));
  g_assert_cmpstr (inline_labels->origin, ==, "net.json; assumed: ImageNet mean and std");
}

static void
write_file (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static EngPreprocess *
find_in (const char *folder, GHashTable *metadata)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, "net.onnx", NULL);
  EngPreprocess *self = eng_preprocess_find (path, metadata, 3, 32, 32, &error);
  g_assert_no_error (error);
  return self;
}

#define assert_origin(folder, metadata, expected)                                                                    \
  G_STMT_START                                                                                                       \
  {                                                                                                                  \
    g_autoptr (EngPreprocess) found = find_in (folder, metadata);                                                    \
    g_assert_cmpstr (found->origin, ==, expected);                                                                   \
  }                                                                                                                  \
  G_STMT_END

/* From the weakest source to the strongest, each beating those before it. */
static void
test_precedence (void)
{
  g_autofree char *folder = test_tmpdir ();
  g_autoptr (GHashTable) metadata = g_hash_table_new (g_str_hash, g_str_equal);
  assert_origin (folder, NULL, "assumed: ImageNet mean and std");
  assert_origin (folder, metadata, "assumed: ImageNet mean and std");
  g_hash_table_insert (metadata, "Image.NominalPixelRange", "Normalized_1_1");
  g_hash_table_insert (metadata, "Image.BitmapPixelFormat", "Bgr8");
  g_autoptr (EngPreprocess) winml = find_in (folder, metadata);
  g_autofree char *text = eng_preprocess_describe (winml);
  g_assert_cmpstr (text, ==, "bilinear, stretched to 32 x 32, BGR 0-1, mean 0.5 0.5 0.5, std 0.5 0.5 0.5");
  g_hash_table_insert (metadata, "mean", "[0.1, 0.2, 0.3]");
  g_hash_table_insert (metadata, "std", "1");
  g_hash_table_insert (metadata, "name", "Embedded");
  g_autoptr (EngPreprocess) embedded = find_in (folder, metadata);
  g_assert_cmpfloat (embedded->mean[1], ==, 0.2);
  g_assert_cmpstr (embedded->name, ==, "Embedded");
  g_assert_cmpstr (embedded->origin, ==, "ONNX metadata");

  write_file (folder, "config.json", "{\"model_type\": \"vit\", \"id2label\": {\"0\": \"cat\", \"1\": \"dog\"}}");
  g_autoptr (EngPreprocess) named = find_in (folder, NULL);
  g_assert_cmpstr (named->labels[1], ==, "dog");
  g_assert_true (named->assumed);
  g_autoptr (EngPreprocess) both = find_in (folder, metadata);
  g_assert_cmpstr (both->labels[1], ==, "dog");
  g_assert_cmpstr (both->origin, ==, "ONNX metadata");
  write_file (folder, "preprocessor_config.json", "{\"size\": 32, \"do_normalize\": false}");
  assert_origin (folder, metadata, "preprocessor_config.json");
  write_file (folder, "config.json", "{\"pretrained_cfg\": {\"mean\": [0, 0, 0], \"std\": [1, 1, 1]}}");
  assert_origin (folder, metadata, "config.json");
  write_file (folder, "net.json", "{\"mean\": 0, \"std\": 1}");
  assert_origin (folder, metadata, "net.json");
  test_remove_tree (folder);
}

static void
test_guesses (void)
{
  g_autoptr (EngPreprocess) cifar = eng_preprocess_guess (3, 32, 32);
  g_assert_cmpint (cifar->fit, ==, ENG_FIT_STRETCH);
  g_assert_cmpfloat (cifar->mean[0], ==, 0.485);
  g_autoptr (EngPreprocess) imagenet = eng_preprocess_guess (3, -1, -1);
  g_assert_cmpint (imagenet->resize_short, ==, 256);
  g_assert_cmpint (imagenet->width, ==, 224);
  g_assert_cmpstr (imagenet->origin, ==, "assumed: ImageNet mean and std");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (goldens); i++)
    {
      g_autofree char *pixels =
          g_strdup_printf ("/preprocess/golden/%s/%s/pixels", goldens[i].model, goldens[i].image);
      g_autofree char *input = g_strdup_printf ("/preprocess/golden/%s/%s/input", goldens[i].model, goldens[i].image);
      g_test_add_data_func (pixels, GUINT_TO_POINTER (i), test_golden_pixels);
      if (!g_str_has_prefix (goldens[i].image, "edge"))
        g_test_add_data_func (input, GUINT_TO_POINTER (i), test_golden_input);
    }
  g_test_add_func ("/preprocess/transparency", test_transparency);
  g_test_add_func ("/preprocess/resize/identity", test_resize_identity);
  g_test_add_func ("/preprocess/resize/rows", test_resize_rows);
  g_test_add_func ("/preprocess/window", test_window);
  g_test_add_func ("/preprocess/extreme-shape", test_extreme_shape);
  g_test_add_func ("/preprocess/padding", test_padding);
  g_test_add_func ("/preprocess/letterbox", test_letterbox);
  g_test_add_func ("/preprocess/geometry-crop", test_geometry_crop);
  g_test_add_func ("/preprocess/grey", test_grey);
  g_test_add_func ("/preprocess/sidecar/good", test_good_sidecars);
  g_test_add_func ("/preprocess/sidecar/bad", test_bad_sidecars);
  g_test_add_func ("/preprocess/sidecar/depth", test_depth);
  g_test_add_func ("/preprocess/sidecar/inputs-refused", test_inputs_refused);
  g_test_add_func ("/preprocess/sidecar/values", test_values);
  g_test_add_func ("/preprocess/sidecar/precedence", test_precedence);
  g_test_add_func ("/preprocess/sidecar/guesses", test_guesses);
  return g_test_run ();
}
