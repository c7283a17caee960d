/* timm's config.json: pretrained_cfg, or its keys at the top level. */
#include "sidecar.h"

#include "error.h"

#include <math.h>
#include <string.h>

#define TIMM_CROP_PCT 0.875 /* timm's default */

static const char *const cfg_keys[] = { "pretrained_cfg", "default_cfg" };

gboolean
eng_sidecar_is_timm (const EngJson *json)
{
  for (guint i = 0; i < G_N_ELEMENTS (cfg_keys); i++)
    if (eng_json_is_object (json, cfg_keys[i]))
      return TRUE;
  return eng_json_has (json, "crop_pct") && eng_json_has (json, "mean") && !eng_json_has (json, "image_mean");
}

/* timm resizes to floor (size / crop_pct), then crops: "center" the shorter side, "squash" both sides. */
static gboolean
read_crop (EngSidecar *self, GError **error)
{
  static const char *const modes[] = { "center", "squash", NULL };
  EngPreprocess *p = self->into;
  double share = TIMM_CROP_PCT;
  int mode = 0;
  if (!eng_json_double (&self->json, "crop_pct", 0.1, 1, &share, error)
      || !eng_json_choice (&self->json, "crop_mode", modes, &mode, error))
    return FALSE;
  p->fit = mode == 0 ? ENG_FIT_CROP : ENG_FIT_STRETCH;
  p->resize_short = (int)floor (MAX (p->height, p->width) / share);
  if (p->fit == ENG_FIT_STRETCH && p->height != p->width)
    return eng_fail (
        error, ENG_ERROR_UNSUPPORTED,
        "%s: \"crop_mode\" \"squash\" is read for square inputs only. Write a sidecar with \"fit\" instead.",
        self->json.origin);
  return TRUE;
}

static gboolean
read_input_size (EngSidecar *self, GError **error)
{
  double size[3] = { self->into->channels, self->into->height, self->into->width };
  gboolean found;
  if (!eng_json_numbers (&self->json, "input_size", 3, 1, ENG_SIDECAR_MAX_SIDE, size, &found, error))
    return FALSE;
  if (size[0] != self->into->channels || size[1] != floor (size[1]) || size[2] != floor (size[2]))
    return eng_json_fail (&self->json, "input_size", "[channels, height, width] of the model's input", error);
  /* An export at another resolution than the pretrained one is common, and all that follows is relative. */
  if (self->height <= 0)
    self->into->height = (int)size[1];
  if (self->width <= 0)
    self->into->width = (int)size[2];
  return TRUE;
}

gboolean
eng_sidecar_read_timm (EngSidecar *self, GError **error)
{
  static const char *const prefixes[] = { "pretrained_cfg.", "default_cfg." };
  EngJson root = self->json;
  gboolean found;
  int filter = ENG_FILTER_BICUBIC; /* timm's default */
  for (guint i = 0; i < G_N_ELEMENTS (cfg_keys) && self->json.object == root.object; i++)
    if (eng_json_is_object (&root, cfg_keys[i])
        && !eng_json_object (&root, cfg_keys[i], prefixes[i], &self->json, error))
      return FALSE;
  if (!read_input_size (self, error) || !read_crop (self, error)
      || !eng_json_choice (&self->json, "interpolation", eng_sidecar_filters, &filter, error)
      || !eng_sidecar_read_mean_std (self, "mean", "std", &found, error)
      || !eng_json_strings (&self->json, "label_names", &self->into->labels, error)
      || (!self->into->labels && !eng_json_strings (&root, "label_names", &self->into->labels, error)))
    return FALSE;
  self->into->filter = (EngFilter)filter;
  self->into->assumed = !found;
  return TRUE;
}
