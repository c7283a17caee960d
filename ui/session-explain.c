/* The part of the session that decides what has to be computed, and when. See session-private.h.
 *
 * A slot's key names everything its map depends on. A refresh compares the wanted key with the one
 * there, takes finished maps from the cache and starts the rest once the keys rest; scores of the
 * picture come first, since they say which class is explained. */
#include <math.h>

#include "ui/results.h"
#include "ui/session-private.h"

#define MOST_ASKED 20000 /* keys remembered */

UiSlot *
ui_session_nth_slot (UiSession *self, guint i)
{
  g_autoptr (UiSlot) slot = g_list_model_get_item (G_LIST_MODEL (self->slots), i);
  return slot; /* the list holds it */
}

static gboolean on_timer (gpointer data);
static void start_pending (UiSession *self);

static void
arm (UiSession *self, guint delay)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add (delay, on_timer, self);
}

/* Methods that count steps, masks or samples come after those that take one pass, so that a first
 * result is there at once. */
static gboolean
iterates (const EngMethod *method)
{
  const EngParam *param;
  for (guint i = 0; (param = eng_method_param (method, i)); i++)
    if (param->type == ENG_PARAM_INT && param->otherwise > 1)
      return TRUE;
  return FALSE;
}

/* What is explained away from on this picture. */
static int
effective_contrast (UiSession *self)
{
  return self->contrast == ui_session_target (self) ? -1 : self->contrast;
}

int
ui_session_target_of (UiSession *self, UiSlot *slot)
{
  return ui_slot_pinned (slot) ? ui_slot_pinned_class (slot) : ui_session_target (self);
}

int
ui_session_contrast_of (UiSession *self, UiSlot *slot)
{
  return ui_slot_pinned (slot) ? ui_slot_pinned_contrast (slot) : effective_contrast (self);
}

char *
ui_session_key_for (UiSession *self, UiSlot *slot)
{
  int target = ui_session_target_of (self, slot);
  EngImage *image = self->picture ? ui_picture_image (self->picture) : NULL;
  const char *digest = image ? eng_image_sha256 (image) : self->picture ? ui_picture_sha256 (self->picture) : NULL;
  const EngMethod *method = ui_slot_method (slot);
  if (!self->model || !digest || (target < 0 && method->class_dependent))
    return NULL;
  return eng_result_key_of_digest (self->model, digest, method, target, ui_session_contrast_of (self, slot),
                                   ui_slot_layer (slot), ui_slot_values (slot), 0);
}

/* Maps that are the same for all classes stay; others that know no contrast would show something else. */
static void
update_objection (UiSession *self, UiSlot *slot)
{
  const EngMethod *method = ui_slot_method (slot);
  gboolean objects =
      ui_session_contrast_of (self, slot) >= 0 && method->class_dependent && !(method->allows & ENG_ALLOWS_CONTRAST);
  gboolean own;
  g_autofree char *text = NULL;
  if (objects)
    text = g_strdup_printf ("%s cannot explain one class rather than another. Clear the contrast below the "
                            "predictions to see its map.",
                            method->name);
  else if (ui_picture_lost (self->picture) && !ui_session_find_kept (self, slot, &own))
    text = g_strdup_printf ("%s is not where it was, so nothing new can be computed for it. Locate it to go on.",
                            ui_picture_name (self->picture));
  ui_slot_set_objection (slot, text);
}

static void
mark_explained (UiSession *self)
{
  gboolean all = TRUE;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      UiSlotState state = ui_slot_state (ui_session_nth_slot (self, i));
      if (ui_slot_shown (ui_session_nth_slot (self, i)) && state != UI_SLOT_IMPOSSIBLE)
        all = all && state == UI_SLOT_DONE;
    }
  if (all && self->picture)
    ui_picture_set_explained (self->picture, TRUE);
}

/* The disk may answer after the session is gone. */
static GWeakRef *
weak_new (UiSession *self)
{
  GWeakRef *ref = g_new (GWeakRef, 1);
  g_weak_ref_init (ref, self);
  return ref;
}

static void
weak_free (gpointer ref)
{
  g_weak_ref_clear (ref);
  g_free (ref);
}

static void
on_looked_up (const char *key, EngHeatmap *map, gpointer data)
{
  g_autoptr (UiSession) self = g_weak_ref_get (data);
  weak_free (data);
  if (!self || self->closed)
    return;
  if (map)
    {
      g_hash_table_remove (self->asked, key);
      ui_map_cache_insert (self->cache, key, map);
    }
  else
    g_hash_table_insert (self->asked, g_strdup (key), GINT_TO_POINTER (UI_ASKED_ABSENT));
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      UiSlot *slot = ui_session_nth_slot (self, i);
      gboolean wants = ui_slot_state (slot) == UI_SLOT_PENDING || ui_slot_state (slot) == UI_SLOT_OLD;
      if (map && wants && g_strcmp0 (ui_slot_key (slot), key) == 0)
        {
          ui_slot_show_map (slot, key, map);
          ui_session_note_range (self, slot);
          ui_session_take_heat (self, self->picture, map);
        }
    }
  if (map)
    mark_explained (self);
  else if (!self->timer)
    start_pending (self);
}

/* Before anything is computed the cache on disk is asked, once per key. FALSE: there is nothing to wait for. */
static gboolean
look_up (UiSession *self, const char *key)
{
  UiAsked asked = (UiAsked)GPOINTER_TO_INT (g_hash_table_lookup (self->asked, key));
  if (asked != UI_ASKED_NOT)
    return asked == UI_ASKED_WAITING;
  if (g_hash_table_size (self->asked) > MOST_ASKED)
    g_hash_table_remove_all (self->asked);
  g_hash_table_insert (self->asked, g_strdup (key), GINT_TO_POINTER (UI_ASKED_WAITING));
  ui_results_find (key, on_looked_up, weak_new (self));
  return TRUE;
}

/* What the session's file brought along. TRUE: there is nothing to compute. */
static gboolean
show_kept (UiSession *self, UiSlot *slot, const char *key)
{
  gboolean own;
  const EngSessionMap *kept = ui_session_find_kept (self, slot, &own);
  if (!kept)
    return FALSE;
  /* Showing it notes it anew, in place of this one. */
  g_autoptr (EngHeatmap) map = eng_heatmap_ref (kept->map);
  double progress = kept->progress;
  if (progress < 1)
    ui_slot_show_stopped (slot, key, map, progress);
  else
    ui_slot_show_map (slot, key, map);
  if (progress >= 1 && own)
    ui_map_cache_insert (self->cache, key, map);
  return TRUE;
}

/* TRUE when what it shows is this picture's, made behind another preprocessing: it stays until it is run. */
static gboolean
stays_old (UiSession *self, UiSlot *slot)
{
  return ui_slot_state (slot) == UI_SLOT_OLD && !ui_slot_key (slot)
         && g_strcmp0 (eng_heatmap_provenance (ui_slot_map (slot))->image_sha256, ui_picture_sha256 (self->picture))
                == 0;
}

/* TRUE when the slot waits to be started. */
static gboolean
refresh_slot (UiSession *self, UiSlot *slot)
{
  if (ui_slot_shown (slot) && self->lost_model && self->picture)
    {
      if (!show_kept (self, slot, ui_picture_path (self->picture)))
        ui_slot_clear (slot);
      return FALSE;
    }
  if (!ui_slot_shown (slot) || !self->model || !self->picture)
    {
      if (ui_slot_key (slot) || ui_slot_state (slot) == UI_SLOT_PENDING)
        ui_slot_clear (slot);
      return FALSE;
    }
  update_objection (self, slot);
  if (ui_slot_state (slot) == UI_SLOT_IMPOSSIBLE)
    return FALSE;
  g_autofree char *key = ui_session_key_for (self, slot);
  if (key && g_strcmp0 (key, ui_slot_key (slot)) == 0)
    return ui_slot_state (slot) == UI_SLOT_PENDING;
  EngHeatmap *map = key ? ui_map_cache_find (self->cache, key) : NULL;
  /* Before it is decoded a picture is what it was the last time, so its maps are there at once; anything else waits
   * until it is known that the file is still the same. */
  if (!map && !ui_picture_image (self->picture))
    g_clear_pointer (&key, g_free);
  if (map)
    {
      ui_slot_show_map (slot, key, map);
      ui_session_note_range (self, slot);
    }
  else if (key && show_kept (self, slot, key))
    return FALSE;
  else if (stays_old (self, slot))
    {
      if (key)
        {
          ui_slot_show_old (slot, key, ui_slot_map (slot));
          look_up (self, key);
        }
      return FALSE;
    }
  else if (ui_slot_state (slot) != UI_SLOT_PENDING || g_strcmp0 (key, ui_slot_key (slot)) != 0)
    ui_slot_wait (slot, key);
  if (key && !map)
    look_up (self, key);
  return map == NULL;
}

void
ui_session_refresh (UiSession *self, guint delay)
{
  gboolean waits = FALSE;
  if (self->closed || self->loading)
    return;
  ui_session_refresh_own (self);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    waits |= refresh_slot (self, ui_session_nth_slot (self, i));
  /* Scores are wanted even when every map is there or no method is ticked. */
  if (waits || (self->picture && !ui_session_probabilities (self, NULL)))
    arm (self, delay);
  else
    g_clear_handle_id (&self->timer, g_source_remove);
}

typedef struct
{
  UiSession *session;
  UiPicture *picture;
  EngModel *model;
  EngImage *image;
  float *logits;
  GError *error;
} Predict;

float *
ui_session_predict (EngModel *model, EngImage *image, GError **error)
{
  g_autofree float *logits = eng_model_predict_image (model, image, error);
  for (int i = 0; logits && i < eng_model_n_classes (model); i++)
    if (isnan (logits[i]))
      {
        eng_fail (error, ENG_ERROR_INVALID,
                  "The model returned NaN for this picture. Check the normalisation on the Model page.");
        return NULL;
      }
  return g_steal_pointer (&logits);
}

static void
predict_work (gpointer data)
{
  Predict *predict = data;
  predict->logits = ui_session_predict (predict->model, predict->image, &predict->error);
}

static void
fail_pending (UiSession *self, const char *reason)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    if (ui_slot_state (ui_session_nth_slot (self, i)) == UI_SLOT_PENDING)
      {
        g_autofree char *key = ui_session_key_for (self, ui_session_nth_slot (self, i));
        ui_slot_fail (ui_session_nth_slot (self, i), key, reason);
      }
}

static void
predict_done (gpointer data)
{
  Predict *predict = data;
  UiSession *self = predict->session;
  if (self->predicting == predict->picture)
    self->predicting = NULL;
  if (!self->closed && predict->model == self->model)
    {
      if (predict->logits)
        {
          ui_picture_set_logits (predict->picture, predict->model, predict->logits);
          ui_session_filter_changed (self);
        }
      if (predict->picture == self->picture)
        {
          g_free (self->prediction_problem);
          self->prediction_problem = predict->error ? g_strdup (predict->error->message) : NULL;
          ui_session_notify (self, PROP_PREDICTIONS);
          ui_session_notify (self, PROP_TARGET);
          if (predict->error)
            fail_pending (self, predict->error->message);
          else
            ui_session_refresh (self, 0);
        }
    }
  g_object_unref (predict->session);
  g_object_unref (predict->picture);
  g_object_unref (predict->model);
  eng_image_unref (predict->image);
  g_free (predict->logits);
  g_clear_error (&predict->error);
  g_free (predict);
}

static void
start_predict (UiSession *self)
{
  if (self->predicting == self->picture || self->prediction_problem || ui_picture_lost (self->picture))
    return;
  Predict *predict = g_new0 (Predict, 1);
  predict->session = g_object_ref (self);
  predict->picture = self->predicting = g_object_ref (self->picture);
  predict->model = g_object_ref (self->model);
  predict->image = eng_image_ref (ui_picture_image (self->picture));
  eng_engine_push (0, predict_work, predict_done, predict);
}

static EngJob *
make_job (UiSession *self, UiSlot *slot)
{
  const EngMethod *method = ui_slot_method (slot);
  return eng_job_new (self->model, ui_picture_image (self->picture), method, ui_session_target_of (self, slot),
                      method->class_dependent ? ui_session_contrast_of (self, slot) : -1, ui_slot_layer (slot),
                      eng_values_copy (ui_slot_values (slot)), 0);
}

EngCheck *
ui_session_check (UiSession *self, UiSlot *slot, const EngCheckSettings *settings)
{
  const EngMethod *method = ui_slot_method (slot);
  EngImage *image = self->picture ? ui_picture_image (self->picture) : NULL;
  if (!self->model || !image || !ui_slot_values (slot))
    return NULL;
  return eng_check_new (self->model, image, method, ui_session_target_of (self, slot),
                        method->class_dependent ? ui_session_contrast_of (self, slot) : -1, ui_slot_layer (slot),
                        eng_values_copy (ui_slot_values (slot)), 0, settings);
}

static void
start_slot (UiSession *self, UiSlot *slot, guint row)
{
  g_autofree char *key = ui_session_key_for (self, slot);
  if (key && look_up (self, key))
    return; /* on_looked_up() starts it, or finds it done */
  ui_slot_start (slot, key, make_job (self, slot), (iterates (ui_slot_method (slot)) ? 100 : 10) + (int)row);
}

/* Quick methods are queued first: the engine begins with whatever reaches it first. */
static void
start_pending (UiSession *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->slots));
  /* An answer about the last picture may come before the next one is decoded, which starts them. */
  if (!self->model || !self->picture || !ui_picture_image (self->picture))
    return;
  for (int quick = 1; quick >= 0; quick--)
    for (guint i = 0; i < n; i++)
      if (ui_slot_state (ui_session_nth_slot (self, i)) == UI_SLOT_PENDING
          && iterates (ui_slot_method (ui_session_nth_slot (self, i))) != quick)
        start_slot (self, ui_session_nth_slot (self, i), i);
}

static gboolean
on_timer (gpointer data)
{
  UiSession *self = data;
  self->timer = 0;
  if (!self->model || !self->picture || !ui_picture_image (self->picture))
    return G_SOURCE_REMOVE;
  if (!ui_session_probabilities (self, NULL))
    {
      start_predict (self);
      return G_SOURCE_REMOVE;
    }
  start_pending (self);
  return G_SOURCE_REMOVE;
}

static void
on_not_kept (const char *message, gpointer data)
{
  g_autoptr (UiSession) self = g_weak_ref_get (data);
  g_autofree char *text = g_strdup_printf ("Finished maps are not kept for the next time: %s", message);
  if (self && !self->closed)
    ui_session_report (self, text, "");
}

void
ui_session_keep_map (UiSession *self, const char *key, EngHeatmap *map, gboolean whole)
{
  ui_map_cache_insert (self->cache, key, map);
  /* One that was cut short is only this session's: the next wants it whole. */
  if (!whole)
    return;
  /* When there is no room for it in memory any more the disk has it. */
  g_hash_table_remove (self->asked, key);
  ui_results_insert (key, map, on_not_kept, weak_new (self), weak_free);
}

static void
on_slot_finished (UiSlot *slot, UiSession *self)
{
  /* The key was fixed when the job started; the slot still holds it, or the job would have no listener. */
  if (ui_slot_key (slot))
    {
      ui_session_keep_map (self, ui_slot_key (slot), ui_slot_map (slot), !ui_slot_partial (slot));
      ui_session_note_range (self, slot);
      ui_session_take_heat (self, self->picture, ui_slot_map (slot));
      ui_session_note_kept (self, slot);
    }
  mark_explained (self);
}

static void
on_slot_changed (UiSlot *slot, UiSession *self)
{
  if (ui_slot_state (slot) == UI_SLOT_STOPPED)
    ui_session_note_kept (self, slot);
  g_signal_emit (self, ui_session_signals[JOBS_CHANGED], 0);
}

static void
on_slot_shown (UiSession *self)
{
  gtk_filter_changed (gtk_filter_list_model_get_filter (self->tiles), GTK_FILTER_CHANGE_DIFFERENT);
  ui_session_refresh (self, 0);
}

void
ui_session_run (UiSession *self, UiSlot *slot)
{
  if (!self->model || !self->picture || ui_slot_state (slot) == UI_SLOT_IMPOSSIBLE)
    return;
  g_clear_pointer (&self->prediction_problem, g_free);
  g_autofree char *key = ui_session_key_for (self, slot);
  if (ui_picture_lost (self->picture))
    return;
  if (key) /* asked for again: not taken from where it was kept */
    g_hash_table_insert (self->asked, g_strdup (key), GINT_TO_POINTER (UI_ASKED_ABSENT));
  ui_slot_wait (slot, key);
  arm (self, 0);
}

void
ui_session_continue (UiSession *self, UiSlot *slot)
{
  if (!self->model || !self->picture || !ui_picture_image (self->picture) || !ui_slot_can_continue (slot))
    return;
  g_autofree char *key = ui_session_key_for (self, slot);
  g_autoptr (EngJob) job = make_job (self, slot);
  if (eng_job_continue_from (job, ui_slot_map (slot)))
    ui_slot_start (slot, key, g_steal_pointer (&job), 100);
  else
    ui_session_run (self, slot);
}

void
ui_session_run_with (UiSession *self, UiSlot *slot, const EngValues *values)
{
  ui_slot_set_values (slot, values);
  ui_slot_set_shown (slot, TRUE);
  ui_session_refresh (self, 0);
  UiSlotState state = ui_slot_state (slot);
  if (state == UI_SLOT_EMPTY || state == UI_SLOT_STOPPED || state == UI_SLOT_FAILED || state == UI_SLOT_OLD)
    ui_session_run (self, slot);
}

void
ui_session_replace_map (UiSession *self, UiSlot *slot, EngHeatmap *map)
{
  g_autofree char *key = g_strdup (ui_slot_key (slot));
  ui_map_cache_insert (self->cache, key, map);
  ui_slot_show_map (slot, key, map);
}

void
ui_session_stop_all (UiSession *self)
{
  ui_batch_stop (self->batch);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    ui_slot_stop (ui_session_nth_slot (self, i));
}

UiSlot *
ui_session_running (UiSession *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    if (ui_slot_state (ui_session_nth_slot (self, i)) == UI_SLOT_RUNNING)
      return ui_session_nth_slot (self, i);
  return NULL;
}

guint
ui_session_n_busy (UiSession *self)
{
  guint n = 0;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      UiSlotState state = ui_slot_state (ui_session_nth_slot (self, i));
      n += state == UI_SLOT_PENDING || state == UI_SLOT_QUEUED || state == UI_SLOT_RUNNING;
    }
  return n;
}

GListModel *
ui_session_slots (UiSession *self)
{
  return G_LIST_MODEL (self->slots);
}

GListModel *
ui_session_tiles (UiSession *self)
{
  return G_LIST_MODEL (self->tiles);
}

void
ui_session_watch_slot (UiSession *self, UiSlot *slot)
{
  g_signal_connect (slot, "changed", G_CALLBACK (on_slot_changed), self);
  g_signal_connect (slot, "finished", G_CALLBACK (on_slot_finished), self);
  g_signal_connect_object (slot, "notify::shown", G_CALLBACK (on_slot_shown), self, G_CONNECT_SWAPPED);
}
