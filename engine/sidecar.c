/* Where preprocessing is written down: NAME.json beside NAME.onnx in Sightline's own keys, timm's
 * config.json, Hugging Face's preprocessor_config.json, the ONNX file's metadata, or nowhere. */
#include "sidecar.h"

#include "error.h"
#include "file.h"

#include <math.h>
#include <string.h>

#define METADATA_ORIGIN "ONNX metadata"

const char *const eng_sidecar_filters[] = { "nearest", "bilinear", "bicubic", "lanczos", NULL };
static const char *const fits[] = { "crop", "stretch", "letterbox", NULL }; /* in the order of EngFit */
static const char *const crops[] = { "center", "none", NULL };
static const char *const scales[] = { "0-1", "0-255", NULL };
static const char *const orders[] = { "RGB", "BGR", NULL };

enum
{
  CROP_CENTER,
  CROP_NONE
};

gboolean
eng_sidecar_set_size (EngSidecar *self, const char *key, int height, int width, GError **error)
{
  if ((self->height > 0 && self->height != height) || (self->width > 0 && self->width != width))
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s: \"%s%s\" says %d × %d (height × width), but the model's input is %d × %d. Correct it or "
                     "remove the key.",
                     self->json.origin, self->json.prefix, key, height, width, self->into->height, self->into->width);
  self->into->height = height;
  self->into->width = width;
  return TRUE;
}

gboolean
eng_sidecar_read_mean_std (EngSidecar *self, const char *mean, const char *std, gboolean *found, GError **error)
{
  gboolean has_mean, has_std;
  int n = self->into->channels;
  if (!eng_json_numbers (&self->json, mean, n, -ENG_SIDECAR_MAX_VALUE, ENG_SIDECAR_MAX_VALUE, self->into->mean,
                         &has_mean, error)
      || !eng_json_numbers (&self->json, std, n, ENG_SIDECAR_MIN_STD, ENG_SIDECAR_MAX_VALUE, self->into->std,
                            &has_std, error))
    return FALSE;
  *found = has_mean && has_std;
  if (has_mean != has_std)
    {
      g_autofree char *expected = g_strdup_printf ("given together with \"%s\"", has_mean ? mean : std);
      return eng_json_fail (&self->json, has_mean ? std : mean, expected, error);
    }
  return TRUE;
}

static gboolean
read_input_size (EngSidecar *self, GError **error)
{
  double size[3];
  gboolean found;
  if (!eng_json_numbers (&self->json, "input_size", 3, 1, ENG_SIDECAR_MAX_SIDE, size, &found, error))
    return FALSE;
  if (!found)
    return TRUE;
  if (!eng_json_is_array (&self->json, "input_size") || size[1] != floor (size[1]) || size[2] != floor (size[2]))
    return eng_json_fail (&self->json, "input_size", "[channels, height, width] in whole numbers", error);
  if (size[0] != self->into->channels)
    return eng_fail (
        error, ENG_ERROR_INVALID,
        "%s: \"input_size\" says %g channels, but the model's input has %d. Correct it or remove the key.",
        self->json.origin, size[0], self->into->channels);
  return eng_sidecar_set_size (self, "input_size", (int)size[1], (int)size[2], error);
}

/* "fit", "crop" and "resize_short" together: each pair that contradicts itself is refused. */
static gboolean
read_fit (EngSidecar *self, GError **error)
{
  EngPreprocess *p = self->into;
  int fit = -1, crop = -1, resize_short = 0;
  if (!eng_json_choice (&self->json, "fit", fits, &fit, error)
      || !eng_json_choice (&self->json, "crop", crops, &crop, error)
      || !eng_json_int (&self->json, "resize_short", 1, ENG_SIDECAR_MAX_SIDE, &resize_short, error))
    return FALSE;
  if (crop == CROP_NONE && (fit == ENG_FIT_CROP || resize_short > 0))
    return eng_fail (
        error, ENG_ERROR_INVALID,
        "%s: \"crop\" is \"none\", but \"%s\" asks for a crop. Set \"crop\" to \"center\" or remove \"%s\".",
        self->json.origin, resize_short > 0 ? "resize_short" : "fit", resize_short > 0 ? "resize_short" : "fit");
  if (fit == ENG_FIT_LETTERBOX && resize_short > 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s: \"resize_short\" has no meaning where \"fit\" is \"letterbox\". Remove one of them.",
                     self->json.origin);
  p->fit = fit >= 0 ? (EngFit)fit : resize_short > 0 ? ENG_FIT_CROP : ENG_FIT_STRETCH;
  p->resize_short = p->fit == ENG_FIT_CROP && resize_short == 0 ? MAX (p->height, p->width) : resize_short;
  return TRUE;
}

static gboolean
is_inside (const char *path, const char *folder)
{
  g_autofree char *slash = g_str_has_suffix (folder, "/") ? g_strdup (folder) : g_strconcat (folder, "/", NULL);
  return g_str_has_prefix (path, slash);
}

static gboolean
read_labels (EngSidecar *self, GError **error)
{
  EngPreprocess *p = self->into;
  g_autofree char *name = NULL;
  if (eng_json_is_array (&self->json, "labels"))
    return eng_json_strings (&self->json, "labels", &p->labels, error);
  if (!eng_json_string (&self->json, "labels", &name, error))
    return FALSE;
  if (!name)
    return TRUE;
  g_autofree char *folder = self->folder ? g_canonicalize_filename (self->folder, NULL) : NULL;
  g_autofree char *path = folder ? g_canonicalize_filename (name, folder) : NULL;
  if (!path || g_path_is_absolute (name) || !is_inside (path, folder))
    return eng_json_fail (&self->json, "labels", "the name of a file in the same folder, or a list of texts", error);
  p->labels_path = g_steal_pointer (&path);
  return TRUE;
}

static gboolean
read_ltx (EngSidecar *self, GError **error)
{
  EngJson ltx;
  return eng_json_object (&self->json, "ltx", "ltx.", &ltx, error)
         && eng_json_double (&ltx, "lambda", 0, 1e6, &self->into->ltx_lambda, error)
         && eng_json_double (&ltx, "learning_rate", 1e-9, 10, &self->into->ltx_learning_rate, error);
}

/* A sidecar that only names labels says nothing about pixels: the guess stays. */
static gboolean
says_geometry (const EngJson *json)
{
  static const char *const keys[] = { "input_size", "interpolation", "resize_short", "fit", "crop", "mean", "std" };
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (eng_json_has (json, keys[i]))
      return TRUE;
  return FALSE;
}

static gboolean
read_own (EngSidecar *self, GError **error)
{
  EngPreprocess *p = self->into;
  gboolean found;
  int filter = p->filter, scale = 0, order = 0;
  if (!read_input_size (self, error)
      || !eng_json_choice (&self->json, "interpolation", eng_sidecar_filters, &filter, error)
      || !eng_json_choice (&self->json, "scale", scales, &scale, error)
      || !eng_json_choice (&self->json, "channel_order", orders, &order, error)
      || !eng_sidecar_read_mean_std (self, "mean", "std", &found, error)
      || !eng_json_string (&self->json, "name", &p->name, error)
      || !eng_json_string (&self->json, "output", &p->output, error) || !read_labels (self, error)
      || !read_ltx (self, error) || (says_geometry (&self->json) && !read_fit (self, error)))
    return FALSE;
  if (!found && scale == 1)
    return eng_json_fail (&self->json, "mean", "given where \"scale\" is \"0-255\" (0 for none)", error);
  p->filter = (EngFilter)filter;
  p->range_255 = scale == 1;
  p->bgr = order == 1;
  p->assumed = !found;
  return TRUE;
}

static gboolean
always (const EngJson *json)
{
  return TRUE;
}

static const EngSidecarForm forms[] = {
  { eng_sidecar_is_timm, eng_sidecar_read_timm },
  { eng_sidecar_is_hf, eng_sidecar_read_hf },
  { always, read_own },
};

static gboolean
check_input (int channels, int height, int width, const char *origin, GError **error)
{
  if (channels != 1 && channels != 3)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s: the model's input has %d channels. Sightline shows models grey (1) or colour (3) pictures.",
                     origin, channels);
  if (height > ENG_SIDECAR_MAX_SIDE || width > ENG_SIDECAR_MAX_SIDE)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s: the model's input is %d × %d. Sightline runs models of up to %d pixels a side.", origin,
                     height, width, ENG_SIDECAR_MAX_SIDE);
  return TRUE;
}

/* (transfer full); @root: an object */
static EngPreprocess *
read_root (JsonNode *root, const char *origin, const char *folder, int channels, int height, int width,
           GError **error)
{
  g_autoptr (EngPreprocess) p = eng_preprocess_guess (channels, height, width);
  EngSidecar self = {
    .json = { json_node_get_object (root), origin, "" }, .into = p, .height = height, .width = width, .folder = folder
  };
  guint i = 0;
  p->assumed = FALSE;
  while (!forms[i].matches (&self.json))
    i++;
  if (!forms[i].read (&self, error))
    return NULL;
  g_autofree char *guess = g_steal_pointer (&p->origin);
  p->origin = p->assumed ? g_strdup_printf ("%s; %s", origin, guess) : g_strdup (origin);
  return g_steal_pointer (&p);
}

EngPreprocess *
eng_preprocess_parse (const char *json, gssize length, const char *origin, const char *folder, int channels,
                      int height, int width, GError **error)
{
  if (!check_input (channels, height, width, origin, error))
    return NULL;
  g_autoptr (JsonNode) root = eng_json_parse (json, length, origin, error);
  return root ? read_root (root, origin, folder, channels, height, width, error) : NULL;
}

/* The object in FOLDER/NAME. @root stays NULL and TRUE is returned when there is no such file. */
static gboolean
read_json (const char *folder, const char *name, JsonNode **root, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  g_autoptr (GBytes) bytes = eng_file_read (path, ENG_JSON_MAX_FILE, error);
  gsize length;
  const char *text = bytes ? g_bytes_get_data (bytes, &length) : NULL;
  *root = bytes ? eng_json_parse (text ? text : "", length, name, error) : NULL;
  return *root != NULL;
}

char *
eng_sidecar_name (const char *model_path)
{
  g_autofree char *base = g_path_get_basename (model_path);
  char *dot = strrchr (base, '.');
  if (dot && dot != base)
    *dot = '\0';
  return g_strconcat (base, ".json", NULL);
}

/* config.json is timm's, or holds the labels of a Hugging Face model, or is none of our business. */
static EngPreprocess *
find_hub (const char *folder, int channels, int height, int width, GError **error)
{
  g_autoptr (JsonNode) config = NULL, processor = NULL;
  EngJson json = { NULL, "config.json", "" };
  if (!read_json (folder, "config.json", &config, error)
      || !read_json (folder, "preprocessor_config.json", &processor, error))
    return NULL;
  json.object = config ? json_node_get_object (config) : NULL;
  if (config && eng_sidecar_is_timm (&json))
    return read_root (config, "config.json", folder, channels, height, width, error);
  g_autoptr (EngPreprocess) p =
      processor ? read_root (processor, "preprocessor_config.json", folder, channels, height, width, error)
                : eng_preprocess_guess (channels, height, width);
  if (!p || !eng_sidecar_read_id2label (&json, p, error))
    return NULL;
  return g_steal_pointer (&p);
}

/* A sidecar that holds nothing but the choice of an output says nothing about pictures. */
static gboolean
is_only_output (JsonNode *root, char **output, GError **error)
{
  EngJson json = { json_node_get_object (root), "", "" };
  return json_object_get_size (json.object) == 1 && eng_json_has (&json, "output")
         && eng_json_string (&json, "output", output, error);
}

static EngPreprocess *
find_elsewhere (const char *folder, GHashTable *metadata, int channels, int height, int width, GError **error)
{
  g_autoptr (JsonNode) embedded = NULL;
  g_autoptr (EngPreprocess) p = find_hub (folder, channels, height, width, error);
  if (!p || !p->assumed)
    return g_steal_pointer (&p);
  embedded = metadata ? eng_sidecar_from_metadata (metadata) : NULL;
  EngPreprocess *from_file =
      embedded ? read_root (embedded, METADATA_ORIGIN, folder, channels, height, width, error) : g_steal_pointer (&p);
  if (p && from_file && !from_file->labels && !from_file->labels_path)
    from_file->labels = g_steal_pointer (&p->labels);
  return from_file;
}

EngPreprocess *
eng_preprocess_find (const char *model_path, GHashTable *metadata, int channels, int height, int width,
                     GError **error)
{
  g_autofree char *folder = g_path_get_dirname (model_path), *name = eng_sidecar_name (model_path);
  g_autofree char *model_name = g_filename_display_basename (model_path);
  g_autofree char *output = NULL;
  g_autoptr (JsonNode) own = NULL;
  if (!check_input (channels, height, width, model_name, error) || !read_json (folder, name, &own, error))
    return NULL;
  if (own && !is_only_output (own, &output, NULL))
    return read_root (own, name, folder, channels, height, width, error);
  EngPreprocess *p = find_elsewhere (folder, metadata, channels, height, width, error);
  if (p)
    p->output = g_steal_pointer (&output);
  return p;
}
