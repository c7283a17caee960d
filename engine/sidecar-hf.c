/* Hugging Face's preprocessor_config.json (image processors of transformers) and the class names in
 * its config.json. What cannot be expressed is refused by name rather than approximated. */
#include "sidecar.h"

#include "error.h"
#include "labels.h"

#include <math.h>
#include <string.h>

gboolean
eng_sidecar_is_hf (const EngJson *json)
{
  static const char *const keys[] = { "image_mean", "do_normalize", "do_resize", "image_processor_type",
                                      "feature_extractor_type" };
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (eng_json_has (json, keys[i]))
      return TRUE;
  return FALSE;
}

/* A size: one number, {height, width}, or {shortest_edge}; 0 for what is not said. */
typedef struct
{
  int height, width, shortest;
} Size;

static gboolean
read_size (const EngJson *json, const char *key, const char *prefix, Size *out, GError **error)
{
  EngJson inner;
  *out = (Size){ 0 };
  if (!eng_json_is_object (json, key))
    return eng_json_int (json, key, 1, ENG_SIDECAR_MAX_SIDE, &out->shortest, error);
  if (!eng_json_object (json, key, prefix, &inner, error)
      || !eng_json_int (&inner, "height", 1, ENG_SIDECAR_MAX_SIDE, &out->height, error)
      || !eng_json_int (&inner, "width", 1, ENG_SIDECAR_MAX_SIDE, &out->width, error)
      || !eng_json_int (&inner, "shortest_edge", 1, ENG_SIDECAR_MAX_SIDE, &out->shortest, error))
    return FALSE;
  if (out->shortest == 0 && (out->height == 0 || out->width == 0))
    return eng_json_fail (json, key, "a number, \"height\" and \"width\", or \"shortest_edge\"", error);
  return TRUE;
}

/* ConvNeXT: below 384 the shorter side becomes size / crop_pct and the centre is cut, else both are stretched. */
static gboolean
fit_by_share (EngSidecar *self, int side, double share, GError **error)
{
  EngPreprocess *p = self->into;
  p->fit = side < 384 ? ENG_FIT_CROP : ENG_FIT_STRETCH;
  p->resize_short = side < 384 ? (int)(side / share) : 0;
  return eng_sidecar_set_size (self, "size", side, side, error);
}

/* Resize, then cut the centre of @crop. */
static gboolean
fit_by_crop (EngSidecar *self, const Size *size, const Size *crop, GError **error)
{
  EngPreprocess *p = self->into;
  int height = crop->height ? crop->height : crop->shortest, width = crop->width ? crop->width : crop->shortest;
  if (size->shortest > 0)
    {
      p->fit = ENG_FIT_CROP;
      p->resize_short = size->shortest;
    }
  else
    {
      p->fit = ENG_FIT_STRETCH;
      p->resize_short = size->height == height && size->width == width ? 0 : size->height;
      if (p->resize_short > 0 && size->height != size->width)
        return eng_json_fail (&self->json, "size", "square where \"do_center_crop\" is true", error);
    }
  return eng_sidecar_set_size (self, "crop_size", height, width, error);
}

static gboolean
read_fit (EngSidecar *self, GError **error)
{
  EngPreprocess *p = self->into;
  gboolean resize = TRUE, center = FALSE, by_share = eng_json_has (&self->json, "crop_pct");
  double share = 0.875;
  Size size, crop;
  if (!eng_json_bool (&self->json, "do_resize", &resize, error)
      || !eng_json_bool (&self->json, "do_center_crop", &center, error)
      || !eng_json_double (&self->json, "crop_pct", 0.1, 1, &share, error)
      || !read_size (&self->json, "size", "size.", &size, error)
      || !read_size (&self->json, "crop_size", "crop_size.", &crop, error))
    return FALSE;
  gboolean has_crop = crop.height || crop.shortest, has_size = size.height || size.shortest;
  p->fit = ENG_FIT_STRETCH;
  p->resize_short = 0;
  if (!resize || !has_size)
    return TRUE; /* pictures are to come in the right size: stretching brings them there */
  if (by_share && size.shortest > 0)
    return fit_by_share (self, size.shortest, share, error);
  if (center)
    return fit_by_crop (self, &size, has_crop ? &crop : &size, error);
  if (size.height > 0)
    return eng_sidecar_set_size (self, "size", size.height, size.width, error);
  if (!eng_json_is_object (&self->json, "size"))
    return eng_sidecar_set_size (self, "size", size.shortest, size.shortest, error);
  p->fit = ENG_FIT_CROP; /* the shorter side only: the model's own input decides what is cut */
  p->resize_short = size.shortest;
  return TRUE;
}

static gboolean
read_filter (EngSidecar *self, GError **error)
{
  static const EngFilter codes[] = { ENG_FILTER_NEAREST, ENG_FILTER_LANCZOS, ENG_FILTER_BILINEAR,
                                     ENG_FILTER_BICUBIC };
  int code = 2; /* PIL's number for bilinear, the default of most processors */
  if (!eng_json_int (&self->json, "resample", 0, (int)G_N_ELEMENTS (codes) - 1, &code, error))
    return FALSE;
  self->into->filter = codes[code];
  return TRUE;
}

/* Their order: (v * rescale_factor - offset - mean) / std with v from 0 to 255. Ours: pixels of 0-1 or 0-255,
 * then mean and std, so a factor that is neither goes into mean and std. */
static gboolean
read_values (EngSidecar *self, GError **error)
{
  EngPreprocess *p = self->into;
  gboolean rescale = TRUE, normalize = TRUE, minus_one = FALSE, flip = FALSE, found = FALSE;
  double factor = 1 / 255.0;
  if (!eng_json_bool (&self->json, "do_rescale", &rescale, error)
      || !eng_json_bool (&self->json, "do_normalize", &normalize, error)
      || !eng_json_bool (&self->json, "rescale_offset", &minus_one, error)
      || !eng_json_bool (&self->json, "do_flip_channel_order", &flip, error)
      || !eng_json_double (&self->json, "rescale_factor", 1e-6, 1e6, &factor, error)
      || (normalize && !eng_sidecar_read_mean_std (self, "image_mean", "image_std", &found, error)))
    return FALSE;
  if (normalize && !found)
    return eng_json_fail (&self->json, "image_mean", "given, or \"do_normalize\" false", error);
  p->bgr = flip;
  p->range_255 = !rescale || fabs (factor - 1) < 1e-9;
  double unit = p->range_255 || fabs (factor * 255 - 1) < 1e-6 ? 1 : factor * 255, shift = rescale && minus_one;
  for (int c = 0; c < p->channels; c++)
    {
      p->mean[c] = ((normalize ? p->mean[c] : 0) + shift) / unit;
      p->std[c] = (normalize ? p->std[c] : 1) / unit;
    }
  return TRUE;
}

gboolean
eng_sidecar_read_hf (EngSidecar *self, GError **error)
{
  return read_fit (self, error) && read_filter (self, error) && read_values (self, error)
         && eng_sidecar_read_id2label (&self->json, self->into, error);
}

gboolean
eng_sidecar_read_id2label (const EngJson *json, EngPreprocess *into, GError **error)
{
  EngJson map;
  if (!eng_json_object (json, "id2label", "id2label.", &map, error))
    return FALSE;
  guint n = map.object ? json_object_get_size (map.object) : 0;
  if (n == 0 || into->labels || into->labels_path)
    return TRUE;
  if (n > ENG_LABELS_MAX_COUNT)
    return eng_json_fail (json, "id2label", "an object of at most a million names", error);
  g_auto (GStrv) names = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    {
      char key[16];
      g_snprintf (key, sizeof key, "%u", i);
      if (!eng_json_string (&map, key, &names[i], error))
        return FALSE;
      if (!names[i])
        return eng_json_fail (&map, key, "a class name, as every class from 0 has", error);
    }
  if (strcmp (names[0], "LABEL_0") != 0) /* transformers' filling where nobody gave names */
    into->labels = g_steal_pointer (&names);
  return TRUE;
}
