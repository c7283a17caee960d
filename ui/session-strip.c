/* The part of the session that knows what pictures are said to show, which of them the strip lists, and what is
 * kept of each. See session-private.h. */
#include "ui/session-private.h"

#include "ui/loader.h"

#define UNSURE 0.5         /* below this probability of the top class */
#define FILTER_REST_MS 200 /* lists of thousands are not gone through for each of as many predictions */

/* ---- truth ---- */

/* The folder's name is a label when a class is called so; a table's label is one in any case. */
static void
label_picture (UiSession *self, UiPicture *picture, GHashTable *names)
{
  const char *label = self->truth ? eng_truth_find (self->truth, ui_picture_name (picture)) : NULL;
  g_autofree char *folder = label ? NULL : ui_picture_folder (picture);
  gboolean numbers = label || (self->model && !eng_model_has_labels (self->model));
  int class_index = names ? eng_class_names_find (names, self->model, label ? label : folder, numbers) : -1;
  ui_picture_set_truth (picture, class_index, label ? label : class_index >= 0 ? folder : NULL);
}

void
ui_session_label_pictures (UiSession *self)
{
  g_autoptr (GHashTable) names = self->model ? eng_class_names (self->model) : NULL;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->pictures)); i++)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), i);
      label_picture (self, picture, names);
    }
  ui_session_filter_changed (self);
}

void
ui_session_set_truth (UiSession *self, EngTruth *truth)
{
  g_clear_pointer (&self->truth, eng_truth_unref);
  self->truth = truth ? eng_truth_ref (truth) : NULL;
}

typedef struct
{
  UiSession *session;
  char *path;
  EngTruth *truth;
  GError *error;
} LoadTruth;

static void
load_truth_work (gpointer data)
{
  LoadTruth *load = data;
  load->truth = eng_truth_load (load->path, &load->error);
}

static void
load_truth_done (gpointer data)
{
  LoadTruth *load = data;
  UiSession *self = load->session;
  if (!self->closed && load->truth)
    {
      ui_session_set_truth (self, load->truth);
      ui_session_label_pictures (self);
    }
  else if (!self->closed)
    ui_session_report (self, load->error->message, "win.load-truth");
  g_clear_pointer (&load->truth, eng_truth_unref);
  g_clear_error (&load->error);
  g_object_unref (load->session);
  g_free (load->path);
  g_free (load);
}

void
ui_session_load_truth (UiSession *self, const char *path)
{
  LoadTruth *load = g_new0 (LoadTruth, 1);
  load->session = g_object_ref (self);
  load->path = g_strdup (path);
  ui_loader_push (UI_LOADER_NOW, load_truth_work, load_truth_done, load);
}

/* ---- filter ---- */

static gboolean
pass_all (UiSession *self, UiPicture *picture)
{
  return TRUE;
}

static gboolean
pass_wrong (UiSession *self, UiPicture *picture)
{
  return ui_picture_wrong (picture);
}

static gboolean
pass_unsure (UiSession *self, UiPicture *picture)
{
  const float *p = ui_picture_probabilities (picture, NULL);
  return p && p[ui_picture_top (picture)] < UNSURE;
}

static gboolean
pass_class (UiSession *self, UiPicture *picture)
{
  return ui_picture_top (picture) == self->filter_class || ui_picture_truth (picture) == self->filter_class;
}

gboolean
ui_session_passes (UiSession *self, UiPicture *picture)
{
  static gboolean (*const filters[]) (UiSession *, UiPicture *) = {
    [UI_FILTER_ALL] = pass_all,
    [UI_FILTER_WRONG] = pass_wrong,
    [UI_FILTER_UNSURE] = pass_unsure,
    [UI_FILTER_CLASS] = pass_class,
  };
  return filters[self->filter](self, picture);
}

static gboolean
passes (gpointer item, gpointer data)
{
  return ui_session_passes (data, item);
}

static gboolean
on_filter_rest (gpointer data)
{
  UiSession *self = data;
  self->filter_timer = 0;
  gtk_filter_changed (gtk_filter_list_model_get_filter (self->filtered), GTK_FILTER_CHANGE_DIFFERENT);
  return G_SOURCE_REMOVE;
}

void
ui_session_filter_changed (UiSession *self)
{
  if (self->filter != UI_FILTER_ALL && !self->filter_timer && !self->closed)
    self->filter_timer = g_timeout_add (FILTER_REST_MS, on_filter_rest, self);
}

GListModel *
ui_session_filtered (UiSession *self)
{
  return G_LIST_MODEL (self->filtered);
}

UiFilter
ui_session_filter (UiSession *self, int *class_index)
{
  if (class_index)
    *class_index = self->filter_class;
  return self->filter;
}

/* A filter by predictions needs them all. */
static void
predict_all (UiSession *self)
{
  g_autoptr (GPtrArray) pictures = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->pictures)), missing = 0;
  for (guint i = 0; i < n; i++)
    {
      UiPicture *picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), i);
      g_ptr_array_add (pictures, picture);
      missing += !ui_picture_problem (picture) && !ui_picture_probabilities (picture, NULL);
    }
  if (missing && ui_batch_state (self->batch) == UI_BATCH_IDLE)
    ui_batch_start (self->batch, pictures, none);
}

void
ui_session_set_filter (UiSession *self, UiFilter filter, int class_index)
{
  if (self->filter == filter && self->filter_class == class_index)
    return;
  self->filter = filter;
  self->filter_class = class_index;
  g_clear_handle_id (&self->filter_timer, g_source_remove);
  gtk_filter_changed (gtk_filter_list_model_get_filter (self->filtered), GTK_FILTER_CHANGE_DIFFERENT);
  if (filter != UI_FILTER_ALL)
    predict_all (self);
  else if (!ui_batch_explains (self->batch))
    ui_batch_stop (self->batch);
  ui_session_notify (self, PROP_FILTER);
  g_autoptr (UiPicture) first = g_list_model_get_item (G_LIST_MODEL (self->filtered), 0);
  if (first && self->picture && !ui_session_passes (self, self->picture))
    ui_session_show_picture (self, first);
}

void
ui_session_show_picture (UiSession *self, UiPicture *picture)
{
  guint position;
  if (g_list_store_find (self->pictures, picture, &position))
    ui_session_show (self, position);
}

/* ---- what is kept of a picture ---- */

void
ui_session_take_logits (UiSession *self, UiPicture *picture, const float *logits)
{
  ui_picture_set_logits (picture, self->model, logits);
  ui_session_filter_changed (self);
  if (picture == self->picture)
    {
      ui_session_notify (self, PROP_PREDICTIONS);
      ui_session_notify (self, PROP_TARGET);
      ui_session_refresh (self, 0);
    }
}

void
ui_session_take_heat (UiSession *self, UiPicture *picture, EngHeatmap *map)
{
  const EngMethod *method = eng_method_find (eng_heatmap_provenance (map)->method_id, NULL);
  if (picture && method && method->family == ENG_FAMILY_LEARNED)
    ui_picture_set_heat (picture, map, &self->display);
}

void
ui_session_look_at (UiSession *self, UiPicture *picture, gboolean looked_at)
{
  ui_picture_want_thumbnail (picture, looked_at);
  ui_foresight_want (self->foresight, picture, looked_at);
}

UiBatch *
ui_session_batch (UiSession *self)
{
  return self->batch;
}

gboolean
ui_session_is_busy (UiSession *self)
{
  if (self->predicting || self->timer)
    return TRUE;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      UiSlotState state = ui_slot_state (ui_session_nth_slot (self, i));
      if (state == UI_SLOT_QUEUED || state == UI_SLOT_RUNNING)
        return TRUE;
    }
  return FALSE;
}

/* ---- birth and end ---- */

void
ui_session_strip_init (UiSession *self)
{
  self->filter_class = -1;
  self->batch = ui_batch_new (self);
  self->foresight = ui_foresight_new (self);
  self->filtered = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (self->pictures)),
                                              GTK_FILTER (gtk_custom_filter_new (passes, self, NULL)));
}

void
ui_session_strip_close (UiSession *self)
{
  g_clear_handle_id (&self->filter_timer, g_source_remove);
  ui_batch_stop (self->batch);
  ui_foresight_close (self->foresight);
}

void
ui_session_strip_free (UiSession *self)
{
  g_clear_object (&self->foresight);
  g_clear_object (&self->batch);
  g_clear_object (&self->filtered);
  g_clear_pointer (&self->truth, eng_truth_unref);
}
