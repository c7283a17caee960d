/* The part of the session that says which tiles there are: copies, differences, the photo. See session-private.h. */
#include "ui/comparison.h"
#include "ui/session-private.h"

GListModel *
ui_session_differences (UiSession *self)
{
  return G_LIST_MODEL (self->differences);
}

gboolean
ui_session_shows_photo (UiSession *self)
{
  return self->shows_photo;
}

void
ui_session_set_shows_photo (UiSession *self, gboolean shows)
{
  if (self->shows_photo == !!shows)
    return;
  self->shows_photo = !!shows;
  ui_session_display_changed (self);
}

/* Copies stand behind the method's own slot, by number. */
UiSlot *
ui_session_add_copy (UiSession *self, const EngMethod *method, int number)
{
  UiSlot *before = NULL;
  guint at = 0;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      UiSlot *slot = ui_session_nth_slot (self, i);
      if (ui_slot_method (slot) != method || ui_slot_number (slot) > number)
        continue;
      if (ui_slot_number (slot) == number)
        return slot;
      before = slot;
      at = i + 1;
    }
  g_autoptr (UiSlot) copy = ui_slot_new_copy (before, number);
  ui_session_watch_slot (self, copy);
  g_list_store_insert (self->slots, at, copy);
  return copy; /* the list holds it */
}

UiSlot *
ui_session_duplicate (UiSession *self, UiSlot *slot)
{
  g_return_val_if_fail (ui_slot_kind (slot) == UI_SLOT_OF_METHOD, NULL);
  int number = 1;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    if (ui_slot_method (ui_session_nth_slot (self, i)) == ui_slot_method (slot))
      number = MAX (number, ui_slot_number (ui_session_nth_slot (self, i)));
  UiSlot *copy = ui_session_add_copy (self, ui_slot_method (slot), number + 1);
  ui_slot_copy_settings (copy, slot);
  ui_session_refresh (self, 0);
  return copy;
}

static void
drop_difference (UiSession *self, guint i)
{
  g_autoptr (UiSlot) slot = g_list_model_get_item (G_LIST_MODEL (self->differences), i);
  ui_comparison_end (slot);
  g_list_store_remove (self->differences, i);
}

void
ui_session_drop_differences (UiSession *self)
{
  while (g_list_model_get_n_items (G_LIST_MODEL (self->differences)) > 0)
    drop_difference (self, 0);
}

/* Differences of a slot that goes have nothing to show any more. @of: or the difference itself. */
static void
remove_differences (UiSession *self, UiSlot *of)
{
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->differences)); i-- > 0;)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (G_LIST_MODEL (self->differences), i);
      if (slot == of || ui_comparison_involves (slot, of))
        drop_difference (self, i);
    }
}

void
ui_session_remove (UiSession *self, UiSlot *slot)
{
  guint position;
  g_autoptr (UiSlot) hold = g_object_ref (slot);
  remove_differences (self, slot);
  if (ui_slot_kind (slot) == UI_SLOT_DIFFERENCE)
    return;
  if (ui_slot_kind (slot) == UI_SLOT_OWN)
    ui_session_drop_own (self, slot);
  else if (ui_slot_number (slot) == 1)
    ui_slot_set_shown (slot, FALSE);
  else if (g_list_store_find (self->slots, slot, &position))
    {
      g_signal_handlers_disconnect_by_data (slot, self);
      ui_slot_clear (slot);
      g_list_store_remove (self->slots, position);
      g_signal_emit (self, ui_session_signals[JOBS_CHANGED], 0);
    }
}

UiSlot *
ui_session_compare (UiSession *self, UiSlot *a, UiSlot *b)
{
  if (a == b || ui_slot_kind (a) == UI_SLOT_DIFFERENCE || ui_slot_kind (b) == UI_SLOT_DIFFERENCE)
    return NULL;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->differences)); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (G_LIST_MODEL (self->differences), i);
      if (ui_comparison_involves (slot, a) && ui_comparison_involves (slot, b))
        return slot;
    }
  g_autoptr (UiSlot) slot = ui_comparison_new (a, b);
  g_list_store_append (self->differences, slot);
  return slot;
}

void
ui_session_pin (UiSession *self, UiSlot *slot, gboolean pin)
{
  int target = ui_session_target (self), contrast = ui_session_contrast (self);
  ui_slot_pin (slot, pin ? target : -1, contrast == target ? -1 : contrast);
  ui_session_refresh (self, 0);
}

/* What was asked for before lies in the slot until it is run or taken back. */
typedef struct
{
  EngValues *values;
  char *layer;
  EngPreprocess *preprocess;
} Settings;

static void
settings_free (gpointer data)
{
  Settings *settings = data;
  eng_values_free (settings->values);
  g_free (settings->layer);
  eng_preprocess_unref (settings->preprocess);
  g_free (settings);
}

void
ui_session_note_settings (UiSession *self, UiSlot *slot)
{
  if (ui_slot_state (slot) != UI_SLOT_DONE && ui_slot_state (slot) != UI_SLOT_STOPPED)
    return; /* one that is out of date goes back to the settings of its map */
  Settings *before = g_new (Settings, 1);
  *before = (Settings){ eng_values_copy (ui_slot_values (slot)), g_strdup (ui_slot_layer (slot)),
                        eng_preprocess_ref (eng_model_preprocess (self->model)) };
  g_object_set_data_full (G_OBJECT (slot), "settings-before", before, settings_free);
}

void
ui_session_set_values (UiSession *self, UiSlot *slot, const EngValues *values, const char *layer)
{
  g_return_if_fail (ui_slot_values (slot));
  UiSlotState state = ui_slot_state (slot);
  ui_session_note_settings (self, slot);
  ui_slot_set_layer (slot, layer);
  ui_slot_set_values (slot, values);
  g_autofree char *key = ui_session_key_for (self, slot);
  if ((state == UI_SLOT_DONE || state == UI_SLOT_OLD) && g_strcmp0 (key, ui_slot_key (slot)) != 0)
    ui_slot_show_old (slot, key, ui_slot_map (slot));
  else if (state != UI_SLOT_DONE)
    ui_session_refresh (self, 0);
}

void
ui_session_undo_values (UiSession *self, UiSlot *slot)
{
  Settings *before = g_object_get_data (G_OBJECT (slot), "settings-before");
  if (!before || ui_slot_state (slot) != UI_SLOT_OLD)
    return;
  ui_slot_set_layer (slot, before->layer);
  ui_slot_set_values (slot, before->values);
  if (eng_preprocess_same (ui_session_preprocess (self), before->preprocess))
    ui_session_refresh (self, 0);
  else
    ui_session_set_preprocess (self, before->preprocess);
}

gboolean
ui_session_has_old (UiSession *self)
{
  gboolean any = FALSE;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      UiSlot *slot = ui_session_nth_slot (self, i);
      any |= ui_slot_shown (slot) && ui_slot_state (slot) == UI_SLOT_OLD;
    }
  return any;
}

void
ui_session_run_old (UiSession *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      UiSlot *slot = ui_session_nth_slot (self, i);
      if (ui_slot_shown (slot) && ui_slot_state (slot) == UI_SLOT_OLD)
        ui_session_run (self, slot);
    }
}
