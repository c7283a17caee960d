/* The part of the session that says which values the colours of a tile stand for. See session-private.h.
 *
 * Every finished map leaves its quantiles behind, a few kilobytes, so that a range can be shared by a method's maps
 * of all pictures without keeping those. After some hundreds the oldest are folded into one pair per method: the
 * least and the largest that any of them had at each quantile, which is all that a range of theirs can ask for. */
#include <math.h>

#include "ui/session-private.h"

/* Of a map that is remembered: one for each tenth of a percent, the steps of the pane's percentile, so that what is
 * remembered ends exactly where the map itself does. */
#define QUANTILES 1001
#define MOST_RANGES 500 /* of single maps */

typedef struct
{
  const EngMethod *method;
  UiSpread *spread; /* of a map; of folded ones: the least */
  UiSpread *most;   /* of folded ones; NULL: this is of a map */
  guint64 number;   /* higher ones are newer */
} Range;

static void
range_free (gpointer data)
{
  Range *range = data;
  ui_spread_free (range->spread);
  g_clear_pointer (&range->most, ui_spread_free);
  g_free (range);
}

GHashTable *
ui_session_ranges_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, range_free);
}

/* Exactly QUANTILES of @sorted. (transfer full) */
static float *
stretch (const float *sorted, gsize n)
{
  float *out = g_new (float, QUANTILES);
  for (gsize i = 0; i < QUANTILES; i++)
    out[i] = ui_spread_percentile (sorted, n, 100.0 * (double)i / (QUANTILES - 1));
  return out;
}

static UiSpread *
stretch_spread (const UiSpread *spread)
{
  UiSpread *out = g_new0 (UiSpread, 1);
  out->sign = spread->sign;
  out->n = QUANTILES;
  out->sorted = stretch (spread->sorted, spread->n);
  out->magnitudes = spread->magnitudes ? stretch (spread->magnitudes, spread->n) : NULL;
  return out;
}

static void
fold_values (float *least, float *most, const float *sorted, gsize n)
{
  g_autofree float *values = stretch (sorted, n);
  for (gsize i = 0; i < QUANTILES; i++)
    {
      least[i] = fminf (least[i], values[i]);
      most[i] = fmaxf (most[i], values[i]);
    }
}

/* Into the pair of its method, or it begins one. A flat map widens no range. */
static void
fold (UiSession *self, const Range *old)
{
  UiScale scale;
  ui_scale_of (old->spread, &(UiRange){ .clip = UI_CLIP_MINMAX }, &scale);
  if (scale.flat || scale.empty)
    return;
  g_autofree char *name =
      g_strdup_printf ("folded %s %d", old->method ? old->method->id : "", (int)old->spread->sign);
  Range *pair = g_hash_table_lookup (self->ranges, name);
  if (!pair)
    {
      pair = g_new (Range, 1);
      *pair = (Range){ old->method, stretch_spread (old->spread), stretch_spread (old->spread), G_MAXUINT64 };
      g_hash_table_insert (self->ranges, g_steal_pointer (&name), pair);
      return;
    }
  fold_values (pair->spread->sorted, pair->most->sorted, old->spread->sorted, old->spread->n);
  if (old->spread->magnitudes)
    fold_values (pair->spread->magnitudes, pair->most->magnitudes, old->spread->magnitudes, old->spread->n);
}

static void
fold_oldest (UiSession *self)
{
  GHashTableIter iter;
  gpointer key, value, oldest_key = NULL;
  const Range *oldest = NULL;
  g_hash_table_iter_init (&iter, self->ranges);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (!((Range *)value)->most && (!oldest || ((Range *)value)->number < oldest->number))
      {
        oldest_key = key;
        oldest = value;
      }
  if (!oldest)
    return;
  fold (self, oldest);
  g_hash_table_remove (self->ranges, oldest_key);
}

static void
take (UiSession *self, const char *name, const EngMethod *method, UiSpread *spread)
{
  static guint64 numbers;
  Range *range = g_new (Range, 1);
  *range = (Range){ method, spread, NULL, ++numbers };
  g_hash_table_insert (self->ranges, g_strdup (name), range);
  if (g_hash_table_size (self->ranges) > MOST_RANGES)
    fold_oldest (self);
}

void
ui_session_note_range (UiSession *self, UiSlot *slot)
{
  if (!g_hash_table_contains (self->ranges, ui_slot_key (slot)))
    take (self, ui_slot_key (slot), ui_slot_method (slot), ui_spread_thin (ui_slot_spread (slot), QUANTILES));
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
  take (self, name, method, spread);
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
      if (!other->most)
        continue;
      ui_scale_of (other->most, range, &scale);
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
