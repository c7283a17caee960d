/* See session.h. This file opens, holds the class and ends; session-explain.c decides what is
 * computed, session-pictures.c walks, session-display.c says how it is shown. */
#include "ui/session-private.h"

#include "ui/loader.h"
#include "ui/opener.h"
#include "ui/preference-methods.h"
#include "ui/trainings.h"

#define CACHE_BYTES ((gsize)128 << 20) /* finished maps; the disk has the others */

GParamSpec *ui_session_props[N_PROPS];
guint ui_session_signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (UiSession, ui_session, G_TYPE_OBJECT)

void
ui_session_notify (UiSession *self, guint property)
{
  g_object_notify_by_pspec (G_OBJECT (self), ui_session_props[property]);
}

void
ui_session_report (UiSession *self, const char *message, const char *action)
{
  g_signal_emit (self, ui_session_signals[PROBLEM], 0, message, action);
}

/* ---- opening ---- */

void
ui_session_set_model (UiSession *self, EngModel *model)
{
  gboolean fresh = !self->path && ui_history_mark (self->history) == self->saved_mark;
  g_set_object (&self->model, model);
  ui_session_model_free (self);
  if (model)
    {
      ui_session_clear_lost (self);
      ui_session_drop_old (self);
    }
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->pictures)); i++)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), i);
      ui_picture_set_logits (picture, NULL, NULL);
    }
  self->follow_top = TRUE;
  self->chosen = self->contrast = -1;
  self->predicting = NULL;
  g_clear_pointer (&self->prediction_problem, g_free);
  g_hash_table_remove_all (self->ranges);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    ui_slot_set_model (ui_session_nth_slot (self, i), model);
  ui_batch_stop (self->batch);
  ui_session_label_pictures (self);
  ui_session_set_filter (self, UI_FILTER_ALL, -1); /* classes are others now */
  ui_session_notify (self, PROP_MODEL);
  ui_session_notify (self, PROP_PREDICTIONS);
  ui_session_notify (self, PROP_TARGET);
  ui_session_refresh (self, 0);
  ui_history_reset (self->history);
  /* What opening set is nobody's work. */
  if (fresh)
    self->saved_mark = ui_history_mark (self->history);
}

typedef struct
{
  UiSession *session;
  char *path, *output; /* @output: chosen by a person, to be remembered; NULL: as the model says */
  GCancellable *cancellable;
  EngModel *model;
  GError *error;
} OpenModel;

static void
open_model_work (gpointer data)
{
  OpenModel *open = data;
  if (!g_cancellable_set_error_if_cancelled (open->cancellable, &open->error))
    open->model = eng_model_open_output (open->path, open->output, open->cancellable, &open->error);
  if (open->model && open->output)
    eng_model_remember_output (open->model, &open->error);
  if (open->model)
    ui_trainings_look_for (open->model);
}

static void
open_model_done (gpointer data)
{
  OpenModel *open = data;
  UiSession *self = open->session;
  if (!self->closed && open->cancellable == self->open_cancel)
    {
      g_clear_object (&self->open_cancel);
      g_clear_pointer (&self->opening, g_free);
      ui_session_notify (self, PROP_OPENING);
      if (open->model)
        {
          EngPreprocess *view = eng_model_preprocess (open->model);
          g_autofree char *detail = g_strdup_printf ("%d classes · %d × %d × %d", eng_model_n_classes (open->model),
                                                     view->channels, view->height, view->width);
          ui_session_set_model (self, open->model);
          g_signal_emit (self, ui_session_signals[OPENED], 0, open->path, "model", detail);
          if (open->error)
            {
              g_autofree char *text = g_strdup_printf (
                  "The choice of the output holds until another model is opened, but could not be noted beside the "
                  "model: %s",
                  open->error->message);
              ui_session_report (self, text, "");
            }
        }
      else
        {
          ui_session_report (self, open->error->message, "win.open-model");
          ui_session_pump_own (self); /* a map that came with it has nothing to be about */
        }
    }
  g_clear_object (&open->model);
  g_clear_error (&open->error);
  g_object_unref (open->cancellable);
  g_object_unref (open->session);
  g_free (open->path);
  g_free (open->output);
  g_free (open);
}

static void
open_model (UiSession *self, const char *path, const char *output)
{
  if (self->open_cancel)
    g_cancellable_cancel (self->open_cancel);
  g_clear_object (&self->open_cancel);
  self->open_cancel = g_cancellable_new ();
  g_free (self->opening);
  self->opening = g_filename_display_basename (path);
  OpenModel *open = g_new0 (OpenModel, 1);
  open->session = g_object_ref (self);
  open->path = g_strdup (path);
  open->output = g_strdup (output);
  open->cancellable = g_object_ref (self->open_cancel);
  ui_session_notify (self, PROP_OPENING);
  ui_loader_push (UI_LOADER_NOW, open_model_work, open_model_done, open);
}

static void
on_found (const UiFound *found, gpointer data)
{
  g_autoptr (UiSession) self = data;
  if (self->closed)
    return;
  if (found->session)
    g_signal_emit (self, ui_session_signals[FOUND_SESSION], 0, found->session);
  if (found->model)
    open_model (self, found->model, NULL);
  if (found->image)
    {
      guint n = found->pictures->len;
      g_autofree char *detail = found->folder ? g_strdup_printf ("%u picture%s", n, n == 1 ? "" : "s")
                                              : g_strdup_printf ("%d × %d", eng_image_width (found->image),
                                                                 eng_image_height (found->image));
      const char *path = found->folder ? found->folder : found->pictures->pdata[found->first];
      ui_session_replace_pictures (self, found->pictures, found->first, found->image, found->truth);
      g_signal_emit (self, ui_session_signals[OPENED], 0, path, found->folder ? "folder" : "picture", detail);
    }
  for (guint i = 0; i < found->maps->len; i++)
    ui_session_import_map (self, found->maps->pdata[i]);
  if (found->masks)
    ui_threshold_set_masks (self->threshold, found->masks);
  if (found->error)
    ui_session_report (self, found->error->message, "win.open-images");
}

void
ui_session_open (UiSession *self, const char *const *paths, UiOpenHint hint)
{
  if (!self->closed)
    ui_opener_look (paths, hint, on_found, g_object_ref (self));
}

void
ui_session_choose_output (UiSession *self, const char *output)
{
  g_return_if_fail (self->model);
  if (g_strcmp0 (output, eng_model_output (self->model)) != 0)
    open_model (self, eng_model_path (self->model), output);
}

const char *
ui_session_opening (UiSession *self)
{
  return self->opening;
}

EngModel *
ui_session_model (UiSession *self)
{
  return self->model;
}

gboolean
ui_session_in_use (UiSession *self)
{
  return self->model || self->picture || self->opening || self->lost_model;
}

/* ---- the class ---- */

const float *
ui_session_probabilities (UiSession *self, int *n)
{
  if (n)
    *n = 0;
  return self->picture ? ui_picture_probabilities (self->picture, n) : NULL;
}

const char *
ui_session_prediction_problem (UiSession *self)
{
  return self->prediction_problem;
}

gboolean
ui_session_follows_top (UiSession *self)
{
  return self->follow_top;
}

void
ui_session_set_follow_top (UiSession *self, gboolean follow)
{
  if (self->follow_top == !!follow)
    return;
  if (!follow)
    self->chosen = ui_session_target (self);
  self->follow_top = follow;
  ui_session_notify (self, PROP_TARGET);
  ui_session_refresh (self, 0);
}

int
ui_session_target (UiSession *self)
{
  if (!self->follow_top)
    return self->chosen;
  return self->picture ? ui_picture_top (self->picture) : -1;
}

void
ui_session_set_target (UiSession *self, int class_index)
{
  g_return_if_fail (self->model && class_index >= 0 && class_index < eng_model_n_classes (self->model));
  self->follow_top = FALSE;
  self->chosen = class_index;
  if (self->contrast == class_index)
    self->contrast = -1;
  ui_session_notify (self, PROP_TARGET);
  ui_session_refresh (self, 0);
}

int
ui_session_contrast (UiSession *self)
{
  return self->contrast;
}

void
ui_session_set_contrast (UiSession *self, int class_index)
{
  g_return_if_fail (class_index < 0 || (self->model && class_index < eng_model_n_classes (self->model)));
  if (self->contrast == class_index)
    return;
  self->contrast = class_index;
  ui_session_notify (self, PROP_TARGET);
  ui_session_refresh (self, 0);
}

UiHistory *
ui_session_history (UiSession *self)
{
  return self->history;
}

/* ---- birth and end ---- */

UiSession *
ui_session_new (void)
{
  return g_object_new (UI_TYPE_SESSION, NULL);
}

void
ui_session_close (UiSession *self)
{
  if (self->closed)
    return;
  self->closed = TRUE;
  ui_threshold_close (self->threshold);
  ui_scores_close (self->scores);
  ui_composer_close (self->composer);
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->open_cancel)
    g_cancellable_cancel (self->open_cancel);
  ui_session_strip_close (self);
  ui_session_drop_pictures (self);
  ui_session_drop_differences (self);
  ui_session_clear_own (self);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      g_signal_handlers_disconnect_by_data (ui_session_nth_slot (self, i), self);
      ui_slot_clear (ui_session_nth_slot (self, i));
    }
}

static void
ui_session_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  UiSession *self = UI_SESSION (object);
  if (id == PROP_MODEL)
    g_value_set_object (value, self->model);
  else if (id == PROP_PATH)
    g_value_set_string (value, self->path);
  else if (id == PROP_OPENING)
    g_value_set_string (value, self->opening);
  else if (id == PROP_PICTURE)
    g_value_set_object (value, self->picture);
  else if (id == PROP_PREDICTIONS)
    g_value_set_pointer (value, (gpointer)ui_session_probabilities (self, NULL));
  else if (id == PROP_REMEMBERED)
    g_value_set_string (value, self->remembered);
  else if (id == PROP_FILTER)
    g_value_set_int (value, self->filter);
  else
    g_value_set_int (value, ui_session_target (self));
}

static void
ui_session_dispose (GObject *object)
{
  ui_session_close (UI_SESSION (object));
  g_clear_pointer (&UI_SESSION (object)->history, ui_history_free);
  G_OBJECT_CLASS (ui_session_parent_class)->dispose (object);
}

static void
ui_session_finalize (GObject *object)
{
  UiSession *self = UI_SESSION (object);
  ui_session_strip_free (self);
  ui_session_model_free (self);
  g_clear_object (&self->picture);
  g_clear_object (&self->pictures);
  g_clear_object (&self->threshold);
  g_clear_object (&self->scores);
  g_clear_object (&self->composer);
  g_clear_object (&self->tiles);
  g_clear_object (&self->differences);
  g_hash_table_unref (self->ranges);
  ui_session_own_free (self);
  g_clear_object (&self->slots);
  g_clear_object (&self->model);
  g_clear_object (&self->open_cancel);
  g_clear_object (&self->viewport);
  ui_map_cache_free (self->cache);
  g_free (self->page);
  g_free (self->path);
  g_free (self->stamp);
  ui_session_clear_lost (self);
  g_ptr_array_unref (self->kept);
  g_hash_table_unref (self->asked);
  g_free (self->opening);
  g_free (self->prediction_problem);
  G_OBJECT_CLASS (ui_session_parent_class)->finalize (object);
}

static void
install_signals (void)
{
  GType type = UI_TYPE_SESSION;
  ui_session_signals[DISPLAY_CHANGED] =
      g_signal_new ("display-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  ui_session_signals[POINTER_CHANGED] =
      g_signal_new ("pointer-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  ui_session_signals[JOBS_CHANGED] =
      g_signal_new ("jobs-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  ui_session_signals[PROBLEM] = g_signal_new ("problem", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                              G_TYPE_STRING, G_TYPE_STRING);
  ui_session_signals[FOUND_SESSION] =
      g_signal_new ("found-session", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  ui_session_signals[ADVICE] = g_signal_new ("advice", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                             G_TYPE_STRING, G_TYPE_STRING);
  ui_session_signals[OPENED] = g_signal_new ("opened", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                                             G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
}

static void
ui_session_class_init (UiSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  object_class->get_property = ui_session_get_property;
  object_class->dispose = ui_session_dispose;
  object_class->finalize = ui_session_finalize;
  ui_session_props[PROP_MODEL] = g_param_spec_object ("model", NULL, NULL, ENG_TYPE_MODEL, flags);
  ui_session_props[PROP_PATH] = g_param_spec_string ("path", NULL, NULL, NULL, flags);
  ui_session_props[PROP_OPENING] = g_param_spec_string ("opening", NULL, NULL, NULL, flags);
  ui_session_props[PROP_PICTURE] = g_param_spec_object ("picture", NULL, NULL, UI_TYPE_PICTURE, flags);
  ui_session_props[PROP_PREDICTIONS] = g_param_spec_pointer ("predictions", NULL, NULL, flags);
  ui_session_props[PROP_TARGET] = g_param_spec_int ("target", NULL, NULL, -1, G_MAXINT, -1, flags);
  ui_session_props[PROP_REMEMBERED] = g_param_spec_string ("remembered", NULL, NULL, NULL, flags);
  ui_session_props[PROP_FILTER] =
      g_param_spec_int ("filter", NULL, NULL, UI_FILTER_ALL, UI_FILTER_CLASS, UI_FILTER_ALL, flags);
  g_object_class_install_properties (object_class, N_PROPS, ui_session_props);
  install_signals ();
}

/* Methods whose tiles are there from the start; the others wait to be ticked. */
static gboolean
starts_shown (const EngMethod *method)
{
  return ui_preference_methods_has (method->id);
}

static gboolean
is_shown (gpointer item, gpointer unused)
{
  return ui_slot_shown (item) && !ui_slot_away (item);
}

/* Outlines and masks follow the threshold of the session. */
static void
on_threshold (UiSession *self)
{
  double share = ui_threshold_share (self->threshold);
  if (self->display.threshold == share)
    return;
  self->display.threshold = share;
  if (ui_display_uses_threshold (&self->display))
    ui_session_display_changed (self);
}

static void
ui_session_init (UiSession *self)
{
  self->pictures = g_list_store_new (UI_TYPE_PICTURE);
  self->slots = g_list_store_new (UI_TYPE_SLOT);
  self->cache = ui_map_cache_new (CACHE_BYTES);
  self->kept = g_ptr_array_new_with_free_func ((GDestroyNotify)eng_session_map_free);
  self->keeps_old = TRUE;
  self->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->viewport = ui_viewport_new ();
  self->differences = g_list_store_new (UI_TYPE_SLOT);
  self->ranges = ui_session_ranges_new ();
  self->shows_photo = TRUE;
  self->follow_top = self->links_views = self->crosshair = TRUE;
  self->chosen = self->contrast = -1;
  self->direction = 1;
  g_queue_init (&self->decoded);
  ui_session_init_display (self);
  ui_session_strip_init (self);
  for (guint i = 0; eng_method_nth (i); i++)
    {
      g_autoptr (UiSlot) slot = ui_slot_new (eng_method_nth (i), starts_shown (eng_method_nth (i)));
      ui_session_watch_slot (self, slot);
      g_list_store_append (self->slots, slot);
    }
  self->tiles = gtk_filter_list_model_new (ui_session_own_init (self),
                                           GTK_FILTER (gtk_custom_filter_new (is_shown, NULL, NULL)));
  self->threshold = ui_threshold_new (self);
  self->scores = ui_scores_new (self);
  self->composer = ui_composer_new (self);
  g_signal_connect_object (self->threshold, "changed", G_CALLBACK (on_threshold), self, G_CONNECT_SWAPPED);
  ui_session_watch_trainings (self);
  self->history = ui_history_new (self);
}
