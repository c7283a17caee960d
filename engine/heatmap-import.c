/* See heatmap-import.h. */
#include "heatmap-import.h"

#include "decode.h"
#include "engine.h"
#include "file.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define MAX_FILE ((guint64)1 << 30)
#define MOST_CHANNELS 16

/* Values as the file has them: channels x rows x cols. */
typedef struct
{
  float *values;
  int channels, rows, cols;
} Volume;

static gboolean
take_tensor (const EngTensor *t, const char *name, Volume *v, GError **error)
{
  int64_t dims[ENG_MAX_RANK], n = eng_tensor_count (t);
  int rank = 0;
  for (int i = 0; i < t->shape.rank; i++)
    if (t->shape.dim[i] != 1)
      dims[rank++] = t->shape.dim[i];
  if (rank < 2 || rank > 3 || n == 0 || (rank == 3 && dims[0] > MOST_CHANNELS) || n > G_MAXINT32)
    {
      g_autofree char *shape = eng_shape_to_string (&t->shape);
      return eng_fail (error, ENG_ERROR_INVALID,
                       "%s holds an array of %s. A map is height × width, or channels × height × width.", name,
                       shape);
    }
  v->channels = rank == 3 ? (int)dims[0] : 1;
  v->rows = (int)dims[rank - 2];
  v->cols = (int)dims[rank - 1];
  v->values = g_new (float, n);
  for (int64_t i = 0; i < n; i++)
    v->values[i] = eng_dtype_is_float (t->dtype) ? t->f[i] : (float)t->i[i];
  return TRUE;
}

static gboolean
read_volume (const char *path, const char *name, Volume *v, GError **error)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);
  if (g_str_has_suffix (lower, ".npy"))
    {
      GStatBuf info;
      if (g_stat (path, &info) == 0 && (guint64)info.st_size > MAX_FILE)
        return eng_fail (error, ENG_ERROR_INVALID,
                         "%s is larger than any map of a picture can be (1 GB). Save one map as an array of its own.",
                         name);
      g_autoptr (EngTensor) tensor = eng_npy_load (path, error);
      return tensor && take_tensor (tensor, name, v, error);
    }
  g_autoptr (GBytes) bytes = eng_file_read (path, MAX_FILE, error);
  gsize length;
  const guint8 *data = bytes ? g_bytes_get_data (bytes, &length) : NULL;
  v->channels = 1;
  return bytes && (v->values = eng_decode_png_numbers (data, length, name, &v->cols, &v->rows, error));
}

static float
sample_bilinear (const float *plane, int rows, int cols, double x, double y)
{
  x = CLAMP (x - 0.5, 0, cols - 1);
  y = CLAMP (y - 0.5, 0, rows - 1);
  int x0 = MIN ((int)x, MAX (cols - 2, 0)), y0 = MIN ((int)y, MAX (rows - 2, 0));
  int x1 = MIN (x0 + 1, cols - 1), y1 = MIN (y0 + 1, rows - 1);
  double fx = x - x0, fy = y - y0;
  return (float)((1 - fy) * ((1 - fx) * plane[y0 * cols + x0] + fx * plane[y0 * cols + x1])
                 + fy * ((1 - fx) * plane[y1 * cols + x0] + fx * plane[y1 * cols + x1]));
}

/* From the picture's pixels to the model's: the value at the centre of each input pixel. */
static void
view_through (Volume *v, const EngGeometry *g)
{
  gsize plane = (gsize)g->input_width * g->input_height;
  float *view = g_new (float, plane * v->channels);
  for (int c = 0; c < v->channels; c++)
    for (int y = 0; y < g->input_height; y++)
      for (int x = 0; x < g->input_width; x++)
        view[c * plane + (gsize)y * g->input_width + x] =
            sample_bilinear (v->values + (gsize)c * v->rows * v->cols, v->rows, v->cols,
                             (x + 0.5) * g->scale_x + g->offset_x, (y + 0.5) * g->scale_y + g->offset_y);
  g_free (v->values);
  *v = (Volume){ view, v->channels, g->input_height, g->input_width };
}

static gboolean
fit (Volume *v, const EngGeometry *g, const char *name, GError **error)
{
  if (v->rows == g->input_height && v->cols == g->input_width)
    return TRUE;
  if (v->rows != g->image_height || v->cols != g->image_width)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s is %d × %d. It must be as large as the model's input (%d × %d) or as the picture (%d × %d), "
                     "width × height.",
                     name, v->cols, v->rows, g->input_width, g->input_height, g->image_width, g->image_height);
  view_through (v, g);
  return TRUE;
}

static EngHeatmap *
make (const Volume *v, const EngGeometry *g, EngModel *model, EngImage *image, const char *name, int class_index)
{
  EngPreprocess *p = eng_model_preprocess (model);
  gboolean negative = FALSE;
  for (gsize i = 0; i < (gsize)v->channels * v->rows * v->cols; i++)
    negative = negative || v->values[i] < 0;
  EngProvenance from = { .model_sha256 = g_strdup (eng_model_sha256 (model)),
                         .model_name = g_strdup (eng_model_name (model)),
                         .image_sha256 = g_strdup (eng_image_sha256 (image)),
                         .image_name = g_strdup (eng_image_name (image)),
                         .preprocessing = eng_preprocess_describe (p),
                         .preprocessing_origin = g_strdup (p->origin),
                         .class_index = class_index,
                         .class_name = g_strdup (eng_model_label (model, class_index)),
                         .probability = NAN,
                         .contrast_index = -1,
                         .contrast_name = g_strdup (""),
                         .method_id = g_strdup (ENG_IMPORTED_METHOD),
                         .method_name = g_strdup (name),
                         .values = g_strdup ("{}"),
                         .layer = g_strdup (""),
                         .version = g_strdup (ENG_VERSION),
                         .kernels = g_strdup (""),
                         .selected = g_strdup ("made by another program"),
                         .unit = g_strdup (""),
                         .convergence = NAN };
  return eng_heatmap_new (v->values, v->channels, v->rows, v->cols, negative ? ENG_SIGN_SIGNED : ENG_SIGN_UNSIGNED,
                          ENG_UPSAMPLE_BILINEAR, g, &from);
}

EngHeatmap *
eng_heatmap_import (const char *path, EngModel *model, EngImage *image, int class_index, GError **error)
{
  g_return_val_if_fail (class_index >= 0 && class_index < eng_model_n_classes (model), NULL);
  g_autofree char *name = g_filename_display_basename (path);
  EngGeometry geometry;
  Volume v = { 0 };
  EngHeatmap *map = NULL;
  eng_preprocess_geometry (eng_model_preprocess (model), eng_image_width (image), eng_image_height (image),
                           &geometry);
  gboolean ok = read_volume (path, name, &v, error);
  for (gsize i = 0; ok && i < (gsize)v.channels * v.rows * v.cols; i++)
    if (!isfinite (v.values[i]))
      ok = eng_fail (
          error, ENG_ERROR_INVALID,
          "%s holds values that are not numbers (NaN or infinity). Save it without them, for example through "
          "numpy.nan_to_num().",
          name);
  if (ok && fit (&v, &geometry, name, error))
    map = make (&v, &geometry, model, image, name, class_index);
  g_free (v.values);
  return map;
}
