/* The part of the session about explainers that are trained: which methods wait for one, and what happens when one
 * has come. See session-private.h. */
#include <string.h>

#include "ui/loader.h"
#include "ui/session-private.h"
#include "ui/trainings.h"

const EngExplainerKind *
ui_session_kind_for (UiSession *self, UiSlot *slot)
{
  const EngExplainerKind *kind = eng_kind_of_method (ui_slot_method (slot)->id);
  gboolean waits = kind && self->model && !ui_slot_applies (slot) && ui_slot_kind (slot) == UI_SLOT_OF_METHOD;
  return waits && eng_kind_can_train (kind, self->model, NULL, NULL) ? kind : NULL;
}

static void
ask_again (UiSession *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    ui_slot_ask_again (ui_session_nth_slot (self, i), self->model);
}

static void
on_trained (UiSession *self, EngModel *model)
{
  if (self->closed || !self->model || g_strcmp0 (eng_model_sha256 (self->model), eng_model_sha256 (model)) != 0)
    return;
  ask_again (self);
  ui_session_refresh (self, 0);
}

void
ui_session_watch_trainings (UiSession *self)
{
  g_signal_connect_object (ui_trainings_get (), "trained", G_CALLBACK (on_trained), self, G_CONNECT_SWAPPED);
}

/* ---- a file that is named ---- */

typedef struct
{
  UiSession *session;
  UiSlot *slot;
  EngModel *model;
  EngValues *values;
  UiAdopted told;
  GObject *owner;
  GError *error;
} Adopt;

static void
adopt_work (gpointer data)
{
  Adopt *adopt = data;
  const EngMethod *method = ui_slot_method (adopt->slot);
  if (eng_method_adopt (method, adopt->model, adopt->values, &adopt->error)
      && eng_method_can_explain (method, adopt->model, NULL, &adopt->error))
    g_free (method->depends_on (adopt->model, adopt->values)); /* its digest, a part of every map's key, is known */
}

static void
adopt_done (gpointer data)
{
  Adopt *adopt = data;
  UiSession *self = adopt->session;
  if (!self->closed && self->model == adopt->model)
    {
      ask_again (self);
      adopt->told (adopt->owner, adopt->values, adopt->error);
    }
  g_clear_error (&adopt->error);
  eng_values_free (adopt->values);
  g_object_unref (adopt->owner);
  g_object_unref (adopt->model);
  g_object_unref (adopt->slot);
  g_object_unref (self);
  g_free (adopt);
}

void
ui_session_adopt (UiSession *self, UiSlot *slot, const EngValues *values, UiAdopted told, gpointer owner)
{
  if (!self->model || !eng_kind_of_method (ui_slot_method (slot)->id))
    {
      told (owner, values, NULL);
      return;
    }
  Adopt *adopt = g_new (Adopt, 1);
  *adopt = (Adopt){ g_object_ref (self),
                    g_object_ref (slot),
                    g_object_ref (self->model),
                    eng_values_copy (values),
                    told,
                    g_object_ref (owner),
                    NULL };
  ui_loader_push (UI_LOADER_NOW, adopt_work, adopt_done, adopt);
}

/* Where none is named, the first that is found is taken: then a name would only be in the way. */
static gboolean
is_found_first (UiSession *self, const EngExplainerKind *kind, const char *path)
{
  g_autoptr (GPtrArray) files = eng_explainers_find (self->model, kind);
  gboolean first = files->len > 0 && g_str_equal (eng_explainer_file_path (files->pdata[0]), path);
  return first;
}

UiSlot *
ui_session_use_explainer (UiSession *self, const EngExplainerKind *kind, const char *path)
{
  UiSlot *slot = NULL;
  for (guint i = 0; !slot && i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    if (g_str_equal (ui_slot_method (ui_session_nth_slot (self, i))->id, kind->method))
      slot = ui_session_nth_slot (self, i);
  if (!slot || !self->model || !ui_slot_applies (slot))
    return NULL;
  g_autoptr (EngValues) values = eng_values_new (ui_slot_method (slot), self->model);
  if (!is_found_first (self, kind, path))
    eng_values_set_text (values, "explainer", path, NULL);
  if (ui_slot_shown (slot)
      && strcmp (eng_values_get_text (ui_slot_values (slot), "explainer"), eng_values_get_text (values, "explainer"))
             != 0)
    slot = ui_session_duplicate (self, slot);
  ui_session_run_with (self, slot, values);
  return slot;
}
