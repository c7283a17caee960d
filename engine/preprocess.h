/* What happens to a picture before the model sees it, and back.
 *
 * Order: resize (antialiased as Pillow does), crop or pad to the input size, scale, channel order,
 * (v - mean) / std. Immutable after birth, reference-counted. */
#pragma once

#include "image.h"

G_BEGIN_DECLS

typedef enum
{
  ENG_FIT_CROP,     /* shorter side to resize_short, centre crop */
  ENG_FIT_STRETCH,  /* both sides to the input size */
  ENG_FIT_LETTERBOX /* longer side to the input size, centred, padded with grey 114 */
} EngFit;

typedef enum
{
  ENG_FILTER_NEAREST,
  ENG_FILTER_BILINEAR,
  ENG_FILTER_BICUBIC,
  ENG_FILTER_LANCZOS
} EngFilter;

typedef struct _EngPreprocess EngPreprocess;

struct _EngPreprocess
{
  gatomicrefcount ref;
  int channels, height, width; /* of the model input; channels 1 or 3 */
  EngFit fit;
  int resize_short; /* CROP: the shorter side; STRETCH: both sides, centre-cropped after, 0: straight to the
                     * input size; LETTERBOX: 0 */
  EngFilter filter;
  double mean[3], std[3]; /* in @bgr order and after scaling */
  gboolean range_255;     /* pixels are 0-255 before mean/std, else 0-1 */
  gboolean bgr;
  char *origin;             /* where it came from, in words: "vit.json", "ONNX metadata", "assumed: ImageNet ..." */
  gboolean assumed;         /* a guess: say so wherever numbers are shown */
  double ltx_lambda;        /* sidecar's sparsity for LTX; NaN: none */
  double ltx_learning_rate; /* NaN: none */
  char *name;               /* display name from the sidecar; NULL: none */
  char *output;             /* the model's output to explain, from the sidecar; NULL: none named */
  char *labels_path;        /* labels file named by the sidecar, resolved; NULL: none */
  char **labels;            /* labels given inline (id2label, label_names); NULL: none */
};

extern const double eng_luma[3]; /* grey = their product with RGB: ITU-R BT.601 */

/* How the model input lies on the original picture: original = input * scale + offset, in pixels,
 * measured at pixel edges (pixel i covers i .. i+1). */
typedef struct
{
  int image_width, image_height; /* the original */
  int input_width, input_height; /* the model's view */
  double scale_x, scale_y, offset_x, offset_y;
  /* part of the input that shows picture (letterbox: less than all), input pixels, edges */
  double view_x0, view_y0, view_x1, view_y1;
} EngGeometry;

/**
 * eng_preprocess_find:
 * @model_path: NAME.onnx
 * @metadata: (nullable): key -> value of the ONNX file's metadata_props
 * @channels, @height, @width: of the model's image input; height, width <= 0: free
 *
 * Sidecar NAME.json, else config.json (timm) or preprocessor_config.json (Hugging Face) beside it,
 * else metadata, else a stated guess. A sidecar with wrong types is an error that names the key.
 */
EngPreprocess *eng_preprocess_find (const char *model_path, GHashTable *metadata, int channels, int height, int width,
                                    GError **error);
/* @json: text of a sidecar; @origin: its file name for messages. */
EngPreprocess *eng_preprocess_parse (const char *json, gssize length, const char *origin, const char *folder,
                                     int channels, int height, int width, GError **error);
EngPreprocess *eng_preprocess_guess (int channels, int height, int width);
EngPreprocess *eng_preprocess_ref (EngPreprocess *self);
void eng_preprocess_unref (EngPreprocess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngPreprocess, eng_preprocess_unref)

/* One line: "bicubic, short side 248, centre crop 224 x 224, RGB 0-1, mean 0.5 0.5 0.5, std 0.5 0.5 0.5". */
char *eng_preprocess_describe (const EngPreprocess *self);
void eng_preprocess_geometry (const EngPreprocess *self, int image_width, int image_height, EngGeometry *out);
/* Resized and cropped 8-bit RGB, height x width x 3 (transfer full, g_free). Fails only for lack of memory. */
guint8 *eng_preprocess_view (const EngPreprocess *self, EngImage *image, GError **error);
/* @view: height x width x 3 bytes -> @pixels: 3 x height x width in [0, 1], RGB. */
void eng_preprocess_pixels (const EngPreprocess *self, const guint8 *view, float *pixels);
/* @pixels 3 x h x w in [0,1], RGB -> network input channels x h x w. Linear in pixels (channels 1: ITU-R 601 grey).
 */
void eng_preprocess_normalise (const EngPreprocess *self, const float *pixels, float *input);
/* Coefficients so that input[c] = sum_r matrix[c][r] * rgb[r] + offset[c], for graphs that contain the step. */
void eng_preprocess_coefficients (const EngPreprocess *self, float matrix[3][3], float offset[3]);
/* Its transpose: gradient with respect to the network input, channels x h x w -> to the pixels in [0,1], 3 x h x w.
 */
void eng_preprocess_pixel_gradient (const EngPreprocess *self, const float *input_gradient, float *pixel_gradient);

/* Pillow's resize (Image.resize with antialias), 8-bit RGB. @dst: dst_h x dst_w x 3. FALSE: no memory. */
gboolean eng_resize_rgb (const guint8 *src, int src_w, int src_h, guint8 *dst, int dst_w, int dst_h,
                         EngFilter filter);

G_END_DECLS
