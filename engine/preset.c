/* See preset.h. */
#include "preset.h"

#include "error.h"
#include "file.h"
#include "model-private.h"
#include "npy.h"
#include "sidecar.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

/* Caffe's means are those of the images in BGR, 0 to 255 (Simonyan and Zisserman's networks and what followed). */
static const EngPreset presets[] = {
  { "imagenet", "ImageNet", FALSE, FALSE, { 0.485, 0.456, 0.406 }, { 0.229, 0.224, 0.225 }, 0.449, 0.226 },
  { "0-1", "0–1", FALSE, FALSE, { 0, 0, 0 }, { 1, 1, 1 }, 0, 1 },
  { "-1-1", "−1–1", FALSE, FALSE, { 0.5, 0.5, 0.5 }, { 0.5, 0.5, 0.5 }, 0.5, 0.5 },
  { "caffe", "Caffe BGR", TRUE, TRUE, { 103.939, 116.779, 123.68 }, { 1, 1, 1 }, 117.379, 1 },
};

const EngPreset *
eng_preset_nth (guint i)
{
  return i < G_N_ELEMENTS (presets) ? &presets[i] : NULL;
}

void
eng_preset_apply (const EngPreset *self, EngPreprocess *p)
{
  gboolean grey = p->channels == 1;
  p->range_255 = self->range_255;
  p->bgr = self->bgr && !grey;
  for (int c = 0; c < p->channels; c++)
    {
      p->mean[c] = grey ? self->grey_mean : self->mean[c];
      p->std[c] = grey ? self->grey_std : self->std[c];
    }
}

static gboolean
same_numbers (const double *a, const double *b, int n)
{
  for (int i = 0; i < n; i++)
    if (fabs (a[i] - b[i]) > 1e-6 * fmax (1, fabs (b[i])))
      return FALSE;
  return TRUE;
}

static gboolean
same_values (const EngPreprocess *a, const EngPreprocess *b)
{
  return a->range_255 == b->range_255 && a->bgr == b->bgr && same_numbers (a->mean, b->mean, a->channels)
         && same_numbers (a->std, b->std, a->channels);
}

const EngPreset *
eng_preset_of (const EngPreprocess *p)
{
  g_autoptr (EngPreprocess) other = eng_preprocess_copy (p);
  for (guint i = 0; i < G_N_ELEMENTS (presets); i++)
    {
      eng_preset_apply (&presets[i], other);
      if (same_values (p, other))
        return &presets[i];
    }
  return NULL;
}

gboolean
eng_preprocess_same (const EngPreprocess *a, const EngPreprocess *b)
{
  return a->channels == b->channels && a->height == b->height && a->width == b->width && a->fit == b->fit
         && a->resize_short == b->resize_short && a->filter == b->filter && same_values (a, b);
}

EngPreprocess *
eng_preprocess_copy (const EngPreprocess *self)
{
  EngPreprocess *copy = g_memdup2 (self, sizeof *self);
  g_atomic_ref_count_init (&copy->ref);
  copy->origin = g_strdup ("chosen here");
  copy->assumed = FALSE;
  copy->name = g_strdup (self->name);
  copy->output = g_strdup (self->output);
  copy->labels_path = g_strdup (self->labels_path);
  copy->labels = g_strdupv (self->labels);
  return copy;
}

/* ---- as JSON ---- */

static void
set_numbers (JsonObject *object, const char *key, const double *values, int n)
{
  JsonArray *array = json_array_new ();
  for (int i = 0; i < n; i++)
    json_array_add_double_element (array, values[i]);
  json_object_set_array_member (object, key, array);
}

/* The order of eng_sidecar_filters and of EngFit. */
static void
set_pixels (JsonObject *object, const EngPreprocess *p)
{
  static const char *const fits[] = { "crop", "stretch", "letterbox" };
  JsonArray *size = json_array_new ();
  json_array_add_int_element (size, p->channels);
  json_array_add_int_element (size, p->height);
  json_array_add_int_element (size, p->width);
  json_object_set_array_member (object, "input_size", size);
  json_object_set_string_member (object, "interpolation", eng_sidecar_filters[p->filter]);
  json_object_set_string_member (object, "fit", fits[p->fit]);
  if (json_object_has_member (object, "crop"))
    json_object_remove_member (object, "crop"); /* "fit" says it all */
  if (json_object_has_member (object, "resize_short"))
    json_object_remove_member (object, "resize_short");
  if (p->resize_short > 0 && p->fit != ENG_FIT_LETTERBOX)
    json_object_set_int_member (object, "resize_short", p->resize_short);
  set_numbers (object, "mean", p->mean, p->channels);
  set_numbers (object, "std", p->std, p->channels);
  json_object_set_string_member (object, "scale", p->range_255 ? "0-255" : "0-1");
  json_object_set_string_member (object, "channel_order", p->bgr ? "BGR" : "RGB");
}

static char *
to_text (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);
  json_object_unref (object);
  g_autofree char *json = json_to_string (node, TRUE);
  return g_strconcat (json, "\n", NULL);
}

char *
eng_preprocess_to_json (const EngPreprocess *self)
{
  JsonObject *object = json_object_new ();
  set_pixels (object, self);
  return to_text (object);
}

/* ---- the same network behind it ---- */

EngPreprocess *
eng_model_opened_preprocess (EngModel *self)
{
  return (self->base ? self->base : self)->preprocess;
}

gboolean
eng_model_size_is_free (EngModel *self)
{
  int n;
  const EngOnnxIO *input = eng_onnx_inputs (self->onnx, &n);
  const int64_t *d = input->shape.dim;
  return self->channels_last ? d[1] < 0 && d[2] < 0 : d[2] < 0 && d[3] < 0;
}

EngModel *
eng_model_with_preprocess (EngModel *self, EngPreprocess *preprocess, GError **error)
{
  const EngPreprocess *now = self->preprocess;
  gboolean same_size = preprocess->width == now->width && preprocess->height == now->height;
  g_return_val_if_fail (preprocess->channels == now->channels, NULL);
  if (!same_size && !eng_model_size_is_free (self))
    {
      eng_fail (error, ENG_ERROR_ARGUMENT, "The input of %s is %d × %d, whatever the picture; it cannot be %d × %d.",
                self->name, now->width, now->height, preprocess->width, preprocess->height);
      return NULL;
    }
  return eng_model_derive (self, preprocess, self->labels, same_size, error);
}

EngModel *
eng_model_with_labels (EngModel *self, const char *const *labels, GError **error)
{
  guint n = g_strv_length ((char **)labels);
  if (n != (guint)self->n_classes)
    {
      eng_fail (error, ENG_ERROR_INVALID, "The file has %u labels, the model %d classes.", n, self->n_classes);
      return NULL;
    }
  g_autoptr (EngPreprocess) p = eng_preprocess_copy (self->preprocess);
  g_free (p->origin);
  p->origin = g_strdup (self->preprocess->origin);
  p->assumed = self->preprocess->assumed;
  g_clear_pointer (&p->labels_path, g_free);
  g_strfreev (p->labels);
  p->labels = g_strdupv ((char **)labels);
  return eng_model_derive (self, p, (char **)labels, TRUE, error);
}

/* ---- noting it ---- */

char *
eng_model_own_sidecar (const char *sha256)
{
  g_autofree char *name = g_strconcat (sha256, ".json", NULL);
  return g_build_filename (g_get_user_data_dir (), "sightline", "models", name, NULL);
}

static void
set_labels (JsonObject *object, const EngPreprocess *p)
{
  if (!p->labels)
    return;
  JsonArray *labels = json_array_new ();
  for (char **label = p->labels; *label; label++)
    json_array_add_string_element (labels, *label);
  json_object_set_array_member (object, "labels", labels);
}

/* What lay elsewhere and is hidden by a NAME.json that is new: a name, the output, LTX's values. */
static void
set_rest (JsonObject *object, const EngPreprocess *p, const char *model_path)
{
  JsonObject *ltx = json_object_new ();
  g_autofree char *folder = g_path_get_dirname (model_path), *whole = g_canonicalize_filename (folder, NULL);
  gboolean inside = p->labels_path && g_str_has_prefix (p->labels_path, whole);
  if (p->name)
    json_object_set_string_member (object, "name", p->name);
  if (p->output)
    json_object_set_string_member (object, "output", p->output);
  if (inside) /* as the reader asks: without the slash between */
    json_object_set_string_member (object, "labels", p->labels_path + strlen (whole) + 1);
  if (!isnan (p->ltx_lambda))
    json_object_set_double_member (ltx, "lambda", p->ltx_lambda);
  if (!isnan (p->ltx_learning_rate))
    json_object_set_double_member (ltx, "learning_rate", p->ltx_learning_rate);
  if (json_object_get_size (ltx) > 0)
    json_object_set_object_member (object, "ltx", json_object_ref (ltx));
  json_object_unref (ltx);
}

/* (transfer full): the object in @path; a new one when there is none; NULL when it is of another form, or broken. */
static JsonObject *
read_object (const char *path)
{
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return json_object_new ();
  g_autoptr (GBytes) bytes = eng_file_read (path, ENG_JSON_MAX_FILE, NULL);
  gsize length;
  const char *text = bytes ? g_bytes_get_data (bytes, &length) : NULL;
  g_autoptr (JsonNode) root = text ? eng_json_parse (text, (gssize)length, "", NULL) : NULL;
  EngJson json = { root ? json_node_get_object (root) : NULL, "", "" };
  if (!json.object || eng_sidecar_is_timm (&json) || eng_sidecar_is_hf (&json))
    return NULL;
  return json_object_ref (json.object);
}

static gboolean
write_object (EngModel *self, const char *path, GError **error)
{
  JsonObject *object = read_object (path);
  if (!object)
    return eng_fail (error, ENG_ERROR_INVALID, "%s has another form.", path);
  if (json_object_get_size (object) == 0)
    set_rest (object, self->preprocess, self->path);
  set_pixels (object, self->preprocess);
  set_labels (object, self->preprocess);
  char *text = to_text (object);
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));
  return eng_write_atomically (path, bytes, error);
}

gboolean
eng_model_remember (EngModel *self, char **where, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->path), *name = eng_sidecar_name (self->path);
  g_autofree char *beside = g_build_filename (folder, name, NULL), *own = eng_model_own_sidecar (self->sha256);
  g_autofree char *own_folder = g_path_get_dirname (own);
  if (write_object (self, beside, NULL))
    {
      g_unlink (own); /* an older note would win */
      *where = g_steal_pointer (&beside);
      return TRUE;
    }
  g_mkdir_with_parents (own_folder, 0700);
  if (!write_object (self, own, error))
    return FALSE;
  *where = g_steal_pointer (&own);
  return TRUE;
}
