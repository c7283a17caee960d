/* See display-json.h. */
#include "ui/draw/display-json.h"

static const char *const mode_ids[] = { "overlay", "map", "outline", "photo", "masked", "faded", NULL };
static const char *const clip_ids[] = { "percentile", "minmax", "symmetric", "manual", NULL };
static const char *const values_ids[] = { "all", "positive", "negative", "absolute", NULL };
static const char *const same_ids[] = { "tile", "method", "image", "all", NULL };
static const char *const smoothing_ids[] = { "automatic", "cells", "smooth", NULL };
static const char *const photo_ids[] = { "automatic", "colour", "grey", NULL };

void
ui_display_save (const UiDisplay *self, JsonObject *out)
{
  json_object_set_string_member (out, "mode", mode_ids[self->mode]);
  json_object_set_string_member (out, "unsigned-map", self->unsigned_map->id);
  json_object_set_string_member (out, "signed-map", self->signed_map->id);
  json_object_set_double_member (out, "opacity", self->opacity);
  json_object_set_boolean_member (out, "fade", self->fade);
  json_object_set_string_member (out, "clip", clip_ids[self->range.clip]);
  json_object_set_string_member (out, "values", values_ids[self->range.values]);
  json_object_set_string_member (out, "same-scale", same_ids[self->same]);
  json_object_set_double_member (out, "percentile", self->range.percentile);
  json_object_set_double_member (out, "lo", self->range.lo);
  json_object_set_double_member (out, "hi", self->range.hi);
  json_object_set_string_member (out, "smoothing", smoothing_ids[self->smoothing]);
  json_object_set_string_member (out, "photo", photo_ids[self->photo]);
}

static gboolean
load_map (const EngJson *in, const char *key, EngSign sign, const UiColormap **out, GError **error)
{
  g_autofree char *id = NULL;
  if (!eng_json_string (in, key, &id, error))
    return FALSE;
  const UiColormap *map = id ? ui_colormap_find (id) : *out;
  if (!map || map->sign != sign)
    return eng_json_fail (in, key, "a colour map of this program", error);
  *out = map;
  return TRUE;
}

gboolean
ui_display_load (UiDisplay *self, const EngJson *in, GError **error)
{
  UiDisplay d = *self;
  int mode = (int)d.mode, clip = (int)d.range.clip, smoothing = (int)d.smoothing, photo = (int)d.photo;
  int values = (int)d.range.values, same = (int)d.same;
  if (!eng_json_choice (in, "mode", mode_ids, &mode, error)
      || !load_map (in, "unsigned-map", ENG_SIGN_UNSIGNED, &d.unsigned_map, error)
      || !load_map (in, "signed-map", ENG_SIGN_SIGNED, &d.signed_map, error)
      || !eng_json_double (in, "opacity", 0, 1, &d.opacity, error) || !eng_json_bool (in, "fade", &d.fade, error)
      || !eng_json_choice (in, "clip", clip_ids, &clip, error)
      || !eng_json_choice (in, "values", values_ids, &values, error)
      || !eng_json_choice (in, "same-scale", same_ids, &same, error)
      || !eng_json_double (in, "percentile", 50, 100, &d.range.percentile, error)
      || !eng_json_double (in, "lo", -1e30, 1e30, &d.range.lo, error)
      || !eng_json_double (in, "hi", -1e30, 1e30, &d.range.hi, error)
      || !eng_json_choice (in, "smoothing", smoothing_ids, &smoothing, error)
      || !eng_json_choice (in, "photo", photo_ids, &photo, error))
    return FALSE;
  d.mode = (UiMode)mode;
  d.range.clip = (UiClip)clip;
  d.range.values = (UiValues)values;
  d.same = (UiSameScale)same;
  d.smoothing = (UiSmoothing)smoothing;
  d.photo = (UiPhoto)photo;
  *self = d;
  return TRUE;
}
