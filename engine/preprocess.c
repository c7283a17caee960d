/* From the picture to the network input: resize, crop or pad, scale, order, normalise.
 *
 * Sizes round half to even and crop offsets round down, as Pillow based pipelines do. Where a picture
 * is smaller than the crop, black is added evenly around it, as torchvision's CenterCrop does. */
#include "preprocess.h"

#include "error.h"
#include "resize.h"

#include <math.h>
#include <string.h>

#define GREY 114      /* of letterbox borders, as detectors and their classifiers are trained */
#define FREE_SIZE 224 /* when neither the model nor a sidecar says how large the input is */

static const double imagenet_mean[3] = { 0.485, 0.456, 0.406 }, imagenet_std[3] = { 0.229, 0.224, 0.225 };
const double eng_luma[3] = { 0.299, 0.587, 0.114 };

/* ImageNet's values averaged, for models that see grey. */
#define IMAGENET_GREY_MEAN 0.449
#define IMAGENET_GREY_STD 0.226

static void
guess_values (EngPreprocess *self)
{
  gboolean grey = self->channels == 1;
  for (int c = 0; c < self->channels; c++)
    {
      self->mean[c] = grey ? IMAGENET_GREY_MEAN : imagenet_mean[c];
      self->std[c] = grey ? IMAGENET_GREY_STD : imagenet_std[c];
    }
}

EngPreprocess *
eng_preprocess_guess (int channels, int height, int width)
{
  g_return_val_if_fail (channels == 1 || channels == 3, NULL);
  EngPreprocess *self = g_new0 (EngPreprocess, 1);
  g_atomic_ref_count_init (&self->ref);
  self->channels = channels;
  self->height = height > 0 ? height : FREE_SIZE;
  self->width = width > 0 ? width : FREE_SIZE;
  self->filter = ENG_FILTER_BILINEAR;
  self->assumed = TRUE;
  self->ltx_lambda = self->ltx_learning_rate = NAN;
  guess_values (self);
  if (channels == 1 && self->height == 28 && self->width == 28)
    {
      self->fit = ENG_FIT_STRETCH;
      self->mean[0] = 0;
      self->std[0] = 1;
      self->origin = g_strdup ("assumed: grey values 0 to 1, as for MNIST");
      return self;
    }
  self->origin = g_strdup ("assumed: ImageNet mean and std");
  self->fit = self->height == 32 && self->width == 32 ? ENG_FIT_STRETCH : ENG_FIT_CROP; /* CIFAR is shown whole */
  if (self->fit == ENG_FIT_CROP)
    self->resize_short = (int)lrint (MAX (self->height, self->width) / 0.875);
  return self;
}

EngPreprocess *
eng_preprocess_ref (EngPreprocess *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
eng_preprocess_unref (EngPreprocess *self)
{
  if (!g_atomic_ref_count_dec (&self->ref))
    return;
  g_free (self->origin);
  g_free (self->name);
  g_free (self->output);
  g_free (self->labels_path);
  g_strfreev (self->labels);
  g_free (self);
}

static void
append_numbers (GString *text, const char *name, const double *values, int n)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_printf (text, ", %s", name);
  for (int i = 0; i < n; i++)
    g_string_append_printf (text, " %s", g_ascii_formatd (number, sizeof number, "%.6g", values[i]));
}

char *
eng_preprocess_describe (const EngPreprocess *self)
{
  static const char *const filters[] = { "nearest", "bilinear", "bicubic", "lanczos" };
  GString *text = g_string_new (filters[self->filter]);
  if (self->fit == ENG_FIT_CROP)
    g_string_append_printf (text, ", short side %d, centre crop %d x %d", self->resize_short, self->width,
                            self->height);
  else if (self->fit == ENG_FIT_LETTERBOX)
    g_string_append_printf (text, ", letterboxed to %d x %d", self->width, self->height);
  else if (self->resize_short > 0)
    g_string_append_printf (text, ", stretched to %d x %d, centre crop %d x %d", self->resize_short,
                            self->resize_short, self->width, self->height);
  else
    g_string_append_printf (text, ", stretched to %d x %d", self->width, self->height);
  g_string_append_printf (text, ", %s %s",
                          self->channels == 1 ? "grey"
                          : self->bgr         ? "BGR"
                                              : "RGB",
                          self->range_255 ? "0-255" : "0-1");
  append_numbers (text, "mean", self->mean, self->channels);
  append_numbers (text, "std", self->std, self->channels);
  return g_string_free (text, FALSE);
}

/* One axis: @src pixels are resized to @full; input pixel i is pixel @from + i of that, where there is one. */
typedef struct
{
  int src;
  gint64 full, from;
} Span;

static gint64
scaled (int side, double scale)
{
  return MAX ((gint64)rint (side * scale), 1);
}

static void
plan (const EngPreprocess *self, int width, int height, Span *x, Span *y)
{
  *x = (Span){ .src = width, .full = self->width };
  *y = (Span){ .src = height, .full = self->height };
  if (self->fit == ENG_FIT_STRETCH && self->resize_short > 0)
    x->full = y->full = self->resize_short;
  else if (self->fit != ENG_FIT_STRETCH)
    {
      double scale = self->fit == ENG_FIT_CROP ? (double)self->resize_short / MIN (width, height)
                                               : fmin ((double)self->width / width, (double)self->height / height);
      x->full = scaled (width, scale);
      y->full = scaled (height, scale);
    }
  /* C divides towards zero: that floors the crop offset and puts the odd row of padding after the picture. */
  x->from = (x->full - self->width) / 2;
  y->from = (y->full - self->height) / 2;
}

void
eng_preprocess_geometry (const EngPreprocess *self, int image_width, int image_height, EngGeometry *out)
{
  Span x, y;
  plan (self, image_width, image_height, &x, &y);
  *out = (EngGeometry){ .image_width = image_width,
                        .image_height = image_height,
                        .input_width = self->width,
                        .input_height = self->height,
                        .scale_x = (double)x.src / x.full,
                        .scale_y = (double)y.src / y.full,
                        .view_x0 = MAX (-x.from, 0),
                        .view_y0 = MAX (-y.from, 0),
                        .view_x1 = MIN (x.full - x.from, self->width),
                        .view_y1 = MIN (y.full - y.from, self->height) };
  out->offset_x = x.from * out->scale_x;
  out->offset_y = y.from * out->scale_y;
}

guint8 *
eng_preprocess_view (const EngPreprocess *self, EngImage *image, GError **error)
{
  EngGeometry g;
  Span x, y;
  plan (self, eng_image_width (image), eng_image_height (image), &x, &y);
  eng_preprocess_geometry (self, x.src, y.src, &g);
  gsize stride = (gsize)self->width * 3, bytes = stride * self->height;
  g_autofree guint8 *view = g_try_malloc (bytes);
  int left = (int)g.view_x0, top = (int)g.view_y0;
  EngResizeAxis across = { x.src, x.full, x.from + left, (int)g.view_x1 - left };
  EngResizeAxis down = { y.src, y.full, y.from + top, (int)g.view_y1 - top };
  if (view)
    memset (view, self->fit == ENG_FIT_LETTERBOX ? GREY : 0, bytes);
  if (!view
      || !eng_resize_window (eng_image_rgb (image), &across, &down, self->filter, view + top * stride + left * 3,
                             stride))
    {
      eng_fail (error, ENG_ERROR_MEMORY, "%s: not enough memory to resize the picture to %d × %d.",
                eng_image_name (image), self->width, self->height);
      return NULL;
    }
  return g_steal_pointer (&view);
}

void
eng_preprocess_pixels (const EngPreprocess *self, const guint8 *view, float *pixels)
{
  gsize n = (gsize)self->height * self->width;
  for (gsize i = 0; i < n; i++)
    for (int c = 0; c < 3; c++)
      pixels[c * n + i] = view[i * 3 + c] / 255.0f;
}

void
eng_preprocess_normalise (const EngPreprocess *self, const float *pixels, float *input)
{
  gsize n = (gsize)self->height * self->width;
  float range = self->range_255 ? 255 : 1;
  for (int c = 0; c < self->channels; c++)
    {
      const float *plane = pixels + (self->bgr ? 2 - c : c) * n;
      float mean = self->mean[c], std = self->std[c];
      for (gsize i = 0; i < n; i++)
        {
          float v = self->channels == 1 ? (float)eng_luma[0] * pixels[i] + (float)eng_luma[1] * pixels[n + i]
                                              + (float)eng_luma[2] * pixels[2 * n + i]
                                        : plane[i];
          input[c * n + i] = (v * range - mean) / std;
        }
    }
}

void
eng_preprocess_coefficients (const EngPreprocess *self, float matrix[3][3], float offset[3])
{
  double range = self->range_255 ? 255 : 1;
  memset (matrix, 0, sizeof (float[3][3]));
  memset (offset, 0, sizeof (float[3]));
  for (int c = 0; c < self->channels; c++)
    {
      for (int k = 0; k < 3; k++)
        {
          double share = self->channels == 1 ? eng_luma[k] : k == (self->bgr ? 2 - c : c);
          matrix[c][k] = (float)(share * range / self->std[c]);
        }
      offset[c] = (float)(-self->mean[c] / self->std[c]);
    }
}

void
eng_preprocess_pixel_gradient (const EngPreprocess *self, const float *input_gradient, float *pixel_gradient)
{
  gsize n = (gsize)self->height * self->width;
  float matrix[3][3], offset[3];
  eng_preprocess_coefficients (self, matrix, offset);
  memset (pixel_gradient, 0, sizeof *pixel_gradient * 3 * n);
  for (int c = 0; c < self->channels; c++)
    for (int k = 0; k < 3; k++)
      for (gsize i = 0; i < n && matrix[c][k] != 0; i++)
        pixel_gradient[k * n + i] += matrix[c][k] * input_gradient[c * n + i];
}
