/* The part of the session that says which values the colours of a tile stand for. See session-private.h.
 *
 * Every finished map leaves its quantiles behind, a few kilobytes, so that a range can be shared by a method's maps
 * of all pictures without keeping those. */
#include "ui/session-private.h"

#define QUANTILES 1025 /* of a map that is remembered */

typedef struct
{
  const EngMethod *method;
  UiSpread *spread;
} Range;

static void
range_free (gpointer data)
{
  Range *range = data;
  ui_spread_free (range->spread);
  g_free (range);
}

GHashTable *
ui_session_ranges_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, range_free);
}

void
ui_session_note_range (UiSession *self, UiSlot *slot)
{
  if (g_hash_table_contains (self->ranges, ui_slot_key (slot)))
    return;
  Range *range = g_new (Range, 1);
  *range = (Range){ ui_slot_method (slot), ui_spread_thin (ui_slot_spread (slot), QUANTILES) };
  g_hash_table_insert (self->ranges, g_strdup (ui_slot_key (slot)), range);
}

UiSpread *
ui_session_spread_of (const EngHeatmap *map)
{
  g_autoptr (UiSpread) whole = ui_spread_new (map);
  return ui_spread_thin (whole, QUANTILES);
}

void
ui_session_take_range (UiSession *self, const char *name, const EngMethod *method, UiSpread *spread)
{
  Range *range = g_new (Range, 1);
  *range = (Range){ method, spread };
  g_hash_table_insert (self->ranges, g_strdup (name), range);
}

/* Maps on screen; a preview counts, so that its colours do not jump when it is done. */
static void
widen_by_tiles (UiSession *self, const UiRange *range, const EngMethod *method, UiScale *out)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->tiles)); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (G_LIST_MODEL (self->tiles), i);
      UiScale other;
      if (!ui_slot_map (slot) || (method && ui_slot_method (slot) != method))
        continue;
      ui_scale_of (ui_slot_spread (slot), range, &other);
      ui_scale_widen (out, &other);
    }
}

static void
widen_by_memory (UiSession *self, const UiRange *range, const EngMethod *method, UiScale *out)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, self->ranges);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Range *other = value;
      UiScale scale;
      if (method && other->method != method)
        continue;
      ui_scale_of (other->spread, range, &scale);
      ui_scale_widen (out, &scale);
    }
}

gboolean
ui_session_scale (UiSession *self, UiSlot *slot, UiScale *out)
{
  const UiSpread *spread = ui_slot_spread (slot);
  const UiRange *range = &self->display.range;
  const EngMethod *method = self->display.same == UI_SAME_METHOD ? ui_slot_method (slot) : NULL;
  if (!spread)
    return FALSE;
  ui_scale_of (spread, range, out);
  /* A range set by hand is the same for all; a difference has a range of its own, and so has each map of another
   * program: that two of them have no method here is nothing in common. */
  if (self->display.same == UI_SAME_TILE || range->clip == UI_CLIP_MANUAL || ui_slot_kind (slot) == UI_SLOT_DIFFERENCE
      || (method && ui_slot_kind (slot) == UI_SLOT_OWN))
    return TRUE;
  widen_by_tiles (self, range, method, out);
  if (self->display.same != UI_SAME_IMAGE)
    widen_by_memory (self, range, method, out);
  return TRUE;
}

void
ui_session_reset_scale (UiSession *self)
{
  UiDisplay fresh;
  ui_display_init (&fresh);
  g_hash_table_remove_all (self->ranges);
  self->display.range = fresh.range;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    if (ui_slot_state (ui_session_nth_slot (self, i)) == UI_SLOT_DONE)
      ui_session_note_range (self, ui_session_nth_slot (self, i));
  ui_session_display_changed (self);
}

gboolean
ui_session_scales_differ (UiSession *self)
{
  UiScale first[2];
  gboolean known[2] = { FALSE, FALSE };
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->tiles)); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (G_LIST_MODEL (self->tiles), i);
      UiScale scale;
      if (!ui_session_scale (self, slot, &scale) || scale.flat || scale.empty)
        continue;
      if (known[scale.sign] && !ui_scale_equal (&scale, &first[scale.sign]))
        return TRUE;
      first[scale.sign] = scale;
      known[scale.sign] = TRUE;
    }
  return FALSE;
}
