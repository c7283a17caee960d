/* The part of the session that changes how the open model sees pictures, without opening it again. See
 * session-private.h. */
#include "ui/session-private.h"

#include "engine/preprocess-json.h"
#include "ui/loader.h"
#include "ui/trainings.h"

typedef struct
{
  UiSession *session;
  EngModel *from;
  EngPreprocess *preprocess; /* NULL: only labels change */
  char *labels_path;         /* NULL: only the preprocessing changes */
  gboolean outdates;         /* a person changed it; what a file or undo brings back is made at once */
  EngModel *model;
  GError *error;
} Derive;

/* The same network takes the place of the one that @slot was for: settings stay, and so does the map, until it is run
 * again, if @outdates. */
static void
replace_model_of (UiSession *self, UiSlot *slot, EngModel *model, gboolean outdates)
{
  UiSlotState state = ui_slot_state (slot);
  gboolean shows = state == UI_SLOT_DONE || state == UI_SLOT_STOPPED || state == UI_SLOT_OLD;
  g_autoptr (EngHeatmap) map = outdates && shows ? eng_heatmap_ref (ui_slot_map (slot)) : NULL;
  g_autoptr (EngValues) values = eng_values_copy (ui_slot_values (slot));
  g_autofree char *layer = g_strdup (ui_slot_layer (slot));
  int pinned = ui_slot_pinned_class (slot), contrast = ui_slot_pinned_contrast (slot);
  ui_slot_set_model (slot, model);
  ui_slot_set_values (slot, values);
  ui_slot_set_layer (slot, layer);
  ui_slot_pin (slot, pinned, contrast);
  if (map)
    ui_slot_show_old (slot, NULL, map);
}

/* Class, values of the methods and the pictures stay. @outdates: so do maps, marked as out of date; else they are
 * made again. */
static void
replace_model (UiSession *self, EngModel *model, gboolean outdates)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)) && outdates; i++)
    ui_session_note_settings (self, ui_session_nth_slot (self, i));
  g_set_object (&self->model, model);
  ui_batch_stop (self->batch);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->pictures)); i++)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), i);
      ui_picture_set_logits (picture, NULL, NULL);
    }
  self->predicting = NULL;
  g_clear_pointer (&self->remembered, g_free);
  g_clear_pointer (&self->prediction_problem, g_free);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    replace_model_of (self, ui_session_nth_slot (self, i), model, outdates);
  ui_session_label_pictures (self);
  ui_session_notify (self, PROP_MODEL);
  ui_session_notify (self, PROP_PREDICTIONS);
  ui_session_notify (self, PROP_TARGET);
  ui_session_refresh (self, 0);
}

static void
derive_work (gpointer data)
{
  Derive *derive = data;
  g_auto (GStrv) labels = derive->labels_path ? eng_labels_load (derive->labels_path, &derive->error) : NULL;
  if (derive->preprocess)
    derive->model = eng_model_with_preprocess (derive->from, derive->preprocess, &derive->error);
  else if (labels)
    derive->model = eng_model_with_labels (derive->from, (const char *const *)labels, &derive->error);
  if (derive->model)
    ui_trainings_look_for (derive->model);
}

static void
derive_done (gpointer data)
{
  Derive *derive = data;
  UiSession *self = derive->session;
  gboolean newest = !derive->preprocess || derive->preprocess == self->wanted;
  if (!self->closed && newest && derive->from == self->model)
    {
      if (derive->preprocess)
        g_clear_pointer (&self->wanted, eng_preprocess_unref);
      if (derive->model)
        replace_model (self, derive->model, derive->outdates);
      else
        ui_session_report (self, derive->error->message, derive->labels_path ? "win.load-labels" : "");
    }
  g_object_unref (derive->session);
  g_object_unref (derive->from);
  g_clear_pointer (&derive->preprocess, eng_preprocess_unref);
  g_clear_object (&derive->model);
  g_clear_error (&derive->error);
  g_free (derive->labels_path);
  g_free (derive);
}

static void
start_derive (UiSession *self, EngPreprocess *preprocess, const char *labels_path)
{
  Derive *derive = g_new0 (Derive, 1);
  derive->session = g_object_ref (self);
  derive->from = g_object_ref (self->model);
  derive->preprocess = preprocess ? eng_preprocess_ref (preprocess) : NULL;
  derive->labels_path = g_strdup (labels_path);
  derive->outdates = preprocess && !self->loading;
  ui_loader_push (UI_LOADER_NOW, derive_work, derive_done, derive);
}

EngPreprocess *
ui_session_preprocess (UiSession *self)
{
  return self->wanted ? self->wanted : self->model ? eng_model_preprocess (self->model) : NULL;
}

void
ui_session_set_preprocess (UiSession *self, EngPreprocess *preprocess)
{
  EngPreprocess *now = ui_session_preprocess (self);
  if (!now || now->channels != preprocess->channels || eng_preprocess_same (now, preprocess))
    return;
  g_clear_pointer (&self->wanted, eng_preprocess_unref);
  self->wanted = eng_preprocess_ref (preprocess);
  start_derive (self, preprocess, NULL);
  if (!self->loading)
    ui_session_display_changed (self); /* the history looks */
}

void
ui_session_load_labels (UiSession *self, const char *path)
{
  if (self->model)
    start_derive (self, NULL, path);
}

/* ---- noting it ---- */

typedef struct
{
  UiSession *session;
  EngModel *model;
  char *where;
  GError *error;
} Remember;

static void
remember_work (gpointer data)
{
  Remember *remember = data;
  eng_model_remember (remember->model, &remember->where, &remember->error);
}

static void
remember_done (gpointer data)
{
  Remember *remember = data;
  UiSession *self = remember->session;
  if (!self->closed && remember->model == self->model)
    {
      g_free (self->remembered);
      self->remembered = g_strdup (remember->where);
      if (remember->error)
        ui_session_report (self, remember->error->message, "");
      ui_session_notify (self, PROP_REMEMBERED);
    }
  g_object_unref (remember->session);
  g_object_unref (remember->model);
  g_clear_error (&remember->error);
  g_free (remember->where);
  g_free (remember);
}

void
ui_session_remember_model (UiSession *self)
{
  g_return_if_fail (self->model);
  Remember *remember = g_new0 (Remember, 1);
  remember->session = g_object_ref (self);
  remember->model = g_object_ref (self->model);
  ui_loader_push (UI_LOADER_NOW, remember_work, remember_done, remember);
}

const char *
ui_session_remembered (UiSession *self)
{
  return self->remembered;
}

void
ui_session_model_free (UiSession *self)
{
  g_clear_pointer (&self->wanted, eng_preprocess_unref);
  g_clear_pointer (&self->remembered, g_free);
}

/* ---- the section of the session's state ---- */

void
ui_session_save_preprocess (UiSession *self, JsonObject *out)
{
  EngPreprocess *p = ui_session_preprocess (self);
  g_autofree char *text = p ? eng_preprocess_to_json (p) : NULL;
  g_autoptr (JsonNode) node = text ? json_from_string (text, NULL) : NULL;
  if (!node)
    return;
  JsonObjectIter iter;
  const char *key;
  JsonNode *value;
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &key, &value))
    json_object_set_member (out, key, json_node_copy (value));
}

gboolean
ui_session_load_preprocess (UiSession *self, const EngJson *in, GError **error)
{
  EngPreprocess *now = ui_session_preprocess (self);
  if (!now)
    return TRUE;
  g_autoptr (EngPreprocess) read = eng_preprocess_read (self->model, now, in, error);
  if (!read)
    return FALSE;
  ui_session_set_preprocess (self, read);
  return TRUE;
}
