/* The maps that belong to a session and are written with it: each with how it was made, so that a file that was
 * opened shows them without computing, even where its model or a picture is gone. See session-private.h. */
#include <string.h>

#include "ui/session-private.h"

#define MOST_BYTES ((gsize)30 << 20) /* what a file has room for; the caches hold more */
#define MOST_MAPS 4000               /* of coarse ones: a file with too many is not opened again */

EngSessionMap *
ui_session_recipe (UiSession *self, UiSlot *slot)
{
  const EngMethod *method = ui_slot_method (slot);
  const EngValues *values = ui_slot_values (slot);
  if (!self->picture || !values)
    return NULL;
  EngSessionMap *recipe = eng_session_map_new ();
  recipe->picture = g_strdup (ui_picture_path (self->picture));
  recipe->method = g_strdup (method->id);
  recipe->values = eng_values_to_json (values);
  recipe->layer = g_strdup (ui_slot_layer (slot));
  if (method->class_dependent)
    {
      recipe->class_index = ui_session_target_of (self, slot);
      recipe->contrast = method->allows & ENG_ALLOWS_CONTRAST ? ui_session_contrast_of (self, slot) : -1;
    }
  return recipe;
}

/* Of what a stopped run can go on from, which no file keeps. */
static gsize
state_of (const EngSessionMap *map)
{
  GBytes *state = map->map ? eng_heatmap_state (map->map) : NULL;
  return state ? g_bytes_get_size (state) : 0;
}

static gsize
bytes_of (const EngSessionMap *map)
{
  return map->map ? ui_map_cache_bytes_of (map->map) - state_of (map) : 0;
}

static EngSessionMap *
nth (UiSession *self, guint i)
{
  return self->kept->pdata[i];
}

/* The oldest go first. */
static void
trim (UiSession *self)
{
  gsize bytes = 0;
  guint first = self->kept->len;
  while (first > 0 && self->kept->len - first < MOST_MAPS
         && (bytes += bytes_of (nth (self, first - 1))) <= MOST_BYTES)
    first--;
  if (first > 0)
    g_ptr_array_remove_range (self->kept, 0, first);
  gsize states = 0;
  for (guint i = self->kept->len; i-- > 0;)
    if ((states += state_of (nth (self, i))) > eng_memory_budget () && state_of (nth (self, i)) > 0)
      {
        states -= state_of (nth (self, i));
        g_ptr_array_remove_index (self->kept, i);
      }
}

void
ui_session_note_kept (UiSession *self, UiSlot *slot)
{
  EngSessionMap *made = ui_slot_map (slot) ? ui_session_recipe (self, slot) : NULL;
  if (!made)
    return;
  for (guint i = self->kept->len; i-- > 0;)
    if (eng_session_map_equal (nth (self, i), made))
      g_ptr_array_remove_index (self->kept, i);
  made->map = eng_heatmap_ref (ui_slot_map (slot));
  made->progress = ui_slot_state (slot) == UI_SLOT_DONE ? 1 : MIN (ui_slot_progress (slot), 0.999);
  g_ptr_array_add (self->kept, made);
  trim (self);
}

/* ---- finding ---- */

/* A map of other places than the open files say would be drawn beside what it is about. */
gboolean
ui_session_fits (UiSession *self, const EngHeatmap *map)
{
  const EngGeometry *made = eng_heatmap_geometry (map);
  EngGeometry now;
  if (made->image_width != ui_picture_width (self->picture)
      || made->image_height != ui_picture_height (self->picture))
    return FALSE;
  if (!self->model)
    return TRUE;
  eng_preprocess_geometry (eng_model_preprocess (self->model), made->image_width, made->image_height, &now);
  return made->input_width == now.input_width && made->input_height == now.input_height
         && made->scale_x == now.scale_x && made->scale_y == now.scale_y && made->offset_x == now.offset_x
         && made->offset_y == now.offset_y;
}

static gboolean
is_own_model (UiSession *self, const EngHeatmap *map)
{
  return self->model && g_strcmp0 (eng_heatmap_provenance (map)->model_sha256, eng_model_sha256 (self->model)) == 0;
}

static gboolean
is_own (UiSession *self, const EngHeatmap *map)
{
  return is_own_model (self, map)
         && g_strcmp0 (eng_heatmap_provenance (map)->image_sha256, ui_picture_sha256 (self->picture)) == 0;
}

/* The same network that sees pictures in another way is another model, by a person's choice: no file changed. */
static gboolean
is_prepared_otherwise (UiSession *self, const EngHeatmap *map)
{
  g_autofree char *now = self->model ? eng_preprocess_describe (eng_model_preprocess (self->model)) : NULL;
  return is_own_model (self, map) && g_strcmp0 (eng_heatmap_provenance (map)->preprocessing, now) != 0;
}

/* The explainer that would answer now is the one that did. */
static gboolean
is_same_explainer (UiSession *self, UiSlot *slot, const EngHeatmap *map)
{
  const EngMethod *method = ui_slot_method (slot);
  const char *made = eng_heatmap_provenance (map)->explainer;
  if (!method->depends_on || !self->model || !ui_slot_values (slot))
    return TRUE;
  g_autofree char *now = method->depends_on (self->model, ui_slot_values (slot));
  return g_strcmp0 (now, made && *made ? made : NULL) == 0;
}

/* Without the model, values have no meaning: the method and the picture must do. */
static gboolean
matches (UiSession *self, const EngSessionMap *kept, UiSlot *slot, const EngSessionMap *recipe)
{
  if (recipe)
    return eng_session_map_equal (kept, recipe);
  return !self->model && g_strcmp0 (kept->method, ui_slot_method (slot)->id) == 0
         && g_strcmp0 (kept->picture, ui_picture_path (self->picture)) == 0;
}

EngSessionMap *
ui_session_find_kept (UiSession *self, UiSlot *slot, gboolean *own)
{
  EngSessionMap *recipe = self->picture ? ui_session_recipe (self, slot) : NULL, *found = NULL;
  for (guint i = self->kept->len; i-- > 0 && self->picture && !found;)
    {
      EngSessionMap *kept = nth (self, i);
      if (!kept->map || !matches (self, kept, slot, recipe) || !ui_session_fits (self, kept->map)
          || is_prepared_otherwise (self, kept->map))
        continue;
      *own = is_own (self, kept->map) && is_same_explainer (self, slot, kept->map);
      if (*own || self->keeps_old)
        found = kept;
    }
  if (recipe)
    eng_session_map_free (recipe);
  return found;
}

/* ---- forgetting ---- */

void
ui_session_drop_old (UiSession *self)
{
  for (guint i = self->kept->len; i-- > 0;)
    {
      const EngHeatmap *map = nth (self, i)->map;
      if (!map || !self->model || strcmp (eng_heatmap_provenance (map)->model_sha256, eng_model_sha256 (self->model)))
        g_ptr_array_remove_index (self->kept, i);
    }
}

void
ui_session_drop_kept (UiSession *self)
{
  g_ptr_array_set_size (self->kept, 0);
}
