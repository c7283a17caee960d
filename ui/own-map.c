/* See own-map.h. */
#include "ui/own-map.h"

#include <string.h>

/* What a slot has to know of a method. They explain nothing and stand in no list. */
static const EngMethod imported = {
  .id = ENG_IMPORTED_METHOD,
  .name = "Imported map",
  .about = "A map that another program made. It belongs to one picture and one class.",
  .reference = "",
  .class_dependent = TRUE,
  .cost = "none",
};
static const EngMethod painted = {
  .id = UI_MASK_METHOD,
  .name = "Own mask",
  .about = "Painted by hand on the Threshold page. Painted pixels rank first; equal ones from the upper left, row by "
           "row.",
  .reference = "",
  .cost = "none",
};

typedef struct
{
  char *picture, *digest, *image_sha256;
  EngHeatmap *map;
  UiMask *mask;
} Own;

static Own *
own_of (UiSlot *slot)
{
  return g_object_get_data (G_OBJECT (slot), "own-map");
}

static void
own_free (gpointer data)
{
  Own *self = data;
  g_free (self->picture);
  g_free (self->digest);
  g_free (self->image_sha256);
  g_clear_pointer (&self->map, eng_heatmap_unref);
  ui_mask_free (self->mask);
  g_free (self);
}

char *
ui_own_map_digest_of (const EngHeatmap *map)
{
  const EngProvenance *made = eng_heatmap_provenance (map);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  int shape[] = { eng_heatmap_channels (map), eng_heatmap_rows (map), eng_heatmap_cols (map), made->class_index };
  const char *words[] = { made->method_name, made->image_sha256, made->model_sha256 };
  g_checksum_update (sum, (const guchar *)shape, sizeof shape);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    g_checksum_update (sum, (const guchar *)(words[i] ? words[i] : ""), words[i] ? (gssize)strlen (words[i]) + 1 : 1);
  g_checksum_update (sum, (const guchar *)eng_heatmap_values (map),
                     (gssize)sizeof (float) * shape[0] * shape[1] * shape[2]);
  return g_strdup (g_checksum_get_string (sum));
}

gboolean
ui_own_map_is_imported (const char *method_id)
{
  return g_strcmp0 (method_id, imported.id) == 0;
}

UiSlot *
ui_own_map_new (EngHeatmap *map, const char *digest, const char *picture)
{
  const EngProvenance *made = eng_heatmap_provenance (map);
  UiSlot *slot = ui_slot_new_special (&imported, UI_SLOT_OWN);
  Own *self = g_new0 (Own, 1);
  *self = (Own){ g_strdup (picture), g_strdup (digest), g_strdup (made->image_sha256), eng_heatmap_ref (map), NULL };
  g_object_set_data_full (G_OBJECT (slot), "own-map", self, own_free);
  ui_slot_set_title (slot, made->method_name);
  ui_slot_pin (slot, made->class_index, -1);
  return slot;
}

UiSlot *
ui_own_map_new_painted (UiMask *mask, const char *picture, const char *image_sha256)
{
  UiSlot *slot = ui_slot_new_special (&painted, UI_SLOT_OWN);
  Own *self = g_new0 (Own, 1);
  *self = (Own){ g_strdup (picture), NULL, g_strdup (image_sha256), NULL, mask };
  g_object_set_data_full (G_OBJECT (slot), "own-map", self, own_free);
  ui_own_map_repaint (slot);
  return slot;
}

void
ui_own_map_repaint (UiSlot *slot)
{
  Own *self = own_of (slot);
  g_autofree char *name = g_filename_display_basename (self->picture);
  g_clear_pointer (&self->map, eng_heatmap_unref);
  g_free (self->digest);
  self->map = ui_mask_to_map (self->mask, self->image_sha256, name);
  self->digest =
      g_compute_checksum_for_data (G_CHECKSUM_SHA256, ui_mask_pixels (self->mask), (gsize)ui_mask_n (self->mask));
}

void
ui_own_map_set_mask (UiSlot *slot, UiMask *mask)
{
  Own *self = own_of (slot);
  ui_mask_free (self->mask);
  self->mask = mask;
  ui_own_map_repaint (slot);
}

EngHeatmap *
ui_own_map_get (UiSlot *slot)
{
  return own_of (slot)->map;
}

const char *
ui_own_map_digest (UiSlot *slot)
{
  return own_of (slot)->digest;
}

const char *
ui_own_map_picture (UiSlot *slot)
{
  return own_of (slot)->picture;
}

const char *
ui_own_map_image_sha256 (UiSlot *slot)
{
  return own_of (slot)->image_sha256;
}

void
ui_own_map_set_picture (UiSlot *slot, const char *picture)
{
  char *copy = g_strdup (picture);
  g_free (own_of (slot)->picture);
  own_of (slot)->picture = copy;
}

UiMask *
ui_own_map_mask (UiSlot *slot)
{
  return own_of (slot)->mask;
}
