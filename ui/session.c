/* See session.h. Everything that can change what a tile should show ends in refresh(): it compares,
 * per slot, what is wanted with what is there, takes finished maps from the cache and starts the rest
 * once the keys rest. */
#include "ui/session.h"

#include <math.h>

#include "ui/map-cache.h"
#include "ui/opener.h"
#include "ui/loader.h"

#define REST_MS 250                      /* after the last key before jobs start */
#define CACHE_BYTES ((gsize)256 << 20)   /* finished maps */
#define DECODED_BYTES ((gsize)512 << 20) /* pixels of the last pictures shown */
#define DECODED_MOST 8
#define ADOPT_MOST 3000 /* longer side of a picture that is shown as the opener decoded it */

struct _UiSession
{
  GObject parent_instance;
  gboolean closed;

  EngModel *model;
  char *opening;
  GCancellable *open_cancel;

  GListStore *pictures;
  UiPicture *picture;
  gboolean has_pixels; /* of @picture, as last notified */
  guint position;
  int direction;  /* of the last step through the strip */
  GQueue decoded; /* UiPicture*, owned, last shown first */

  gboolean follow_top;
  int chosen; /* class picked by the user */
  UiPicture *predicting;
  char *prediction_problem;

  GListStore *slots;
  GtkFilterListModel *tiles;
  UiMapCache *cache;
  guint timer;

  UiDisplay display;
  UiMode mode;
  gboolean peek, links_views, crosshair;
  UiViewport *viewport;
  gboolean pointer_inside;
  double pointer_x, pointer_y;
};

enum
{
  PROP_MODEL = 1,
  PROP_OPENING,
  PROP_PICTURE,
  PROP_PREDICTIONS,
  PROP_TARGET,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

enum
{
  DISPLAY_CHANGED,
  POINTER_CHANGED,
  JOBS_CHANGED,
  PROBLEM,
  OPENED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (UiSession, ui_session, G_TYPE_OBJECT)

static void
notify (UiSession *self, guint property)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[property]);
}

static void
report (UiSession *self, const char *message, const char *action)
{
  g_signal_emit (self, signals[PROBLEM], 0, message, action);
}

static UiSlot *
nth_slot (UiSession *self, guint i)
{
  g_autoptr (UiSlot) slot = g_list_model_get_item (G_LIST_MODEL (self->slots), i);
  return slot; /* the list holds it */
}

/* ---- explaining ---- */

static gboolean on_timer (gpointer data);

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
  for (const EngParam *param = method->params; param && param->id; param++)
    if (param->type == ENG_PARAM_INT && param->otherwise > 1)
      return TRUE;
  return FALSE;
}

static char *
key_for (UiSession *self, UiSlot *slot)
{
  int target = ui_session_target (self);
  EngImage *image = self->picture ? ui_picture_image (self->picture) : NULL;
  const EngMethod *method = ui_slot_method (slot);
  if (!self->model || !image || (target < 0 && method->class_dependent))
    return NULL;
  return ui_map_cache_key (self->model, image, method, target, ui_slot_values (slot));
}

/* TRUE when the slot waits to be started. */
static gboolean
refresh_slot (UiSession *self, UiSlot *slot)
{
  if (!ui_slot_shown (slot) || !self->model || !self->picture)
    {
      if (ui_slot_key (slot) || ui_slot_state (slot) == UI_SLOT_PENDING)
        ui_slot_clear (slot);
      return FALSE;
    }
  if (ui_slot_state (slot) == UI_SLOT_IMPOSSIBLE)
    return FALSE;
  g_autofree char *key = key_for (self, slot);
  if (key && g_strcmp0 (key, ui_slot_key (slot)) == 0)
    return ui_slot_state (slot) == UI_SLOT_PENDING;
  EngHeatmap *map = key ? ui_map_cache_find (self->cache, key) : NULL;
  if (map)
    ui_slot_show_map (slot, key, map);
  else if (ui_slot_state (slot) != UI_SLOT_PENDING || g_strcmp0 (key, ui_slot_key (slot)) != 0)
    ui_slot_wait (slot, key);
  return map == NULL;
}

static void
refresh (UiSession *self, guint delay)
{
  gboolean waits = FALSE;
  if (self->closed)
    return;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    waits |= refresh_slot (self, nth_slot (self, i));
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

static void
predict_work (gpointer data)
{
  Predict *predict = data;
  predict->logits = eng_model_predict_image (predict->model, predict->image, &predict->error);
  for (int i = 0; predict->logits && i < eng_model_n_classes (predict->model); i++)
    if (isnan (predict->logits[i]))
      {
        g_clear_pointer (&predict->logits, g_free);
        eng_fail (
            &predict->error, ENG_ERROR_INVALID,
            "The model returned NaN for this picture. Check the normalisation in the JSON file beside the model.");
      }
}

static void
fail_pending (UiSession *self, const char *reason)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    if (ui_slot_state (nth_slot (self, i)) == UI_SLOT_PENDING)
      {
        g_autofree char *key = key_for (self, nth_slot (self, i));
        ui_slot_fail (nth_slot (self, i), key, reason);
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
        ui_picture_set_logits (predict->picture, predict->model, predict->logits);
      if (predict->picture == self->picture)
        {
          g_free (self->prediction_problem);
          self->prediction_problem = predict->error ? g_strdup (predict->error->message) : NULL;
          notify (self, PROP_PREDICTIONS);
          notify (self, PROP_TARGET);
          if (predict->error)
            fail_pending (self, predict->error->message);
          else
            refresh (self, 0);
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
  if (self->predicting == self->picture || self->prediction_problem)
    return;
  Predict *predict = g_new0 (Predict, 1);
  predict->session = g_object_ref (self);
  predict->picture = self->predicting = g_object_ref (self->picture);
  predict->model = g_object_ref (self->model);
  predict->image = eng_image_ref (ui_picture_image (self->picture));
  eng_engine_push (0, predict_work, predict_done, predict);
}

static void
start_slot (UiSession *self, UiSlot *slot, guint row)
{
  const EngMethod *method = ui_slot_method (slot);
  g_autofree char *key = key_for (self, slot);
  EngValues *values = eng_values_copy (ui_slot_values (slot));
  EngJob *job =
      eng_job_new (self->model, ui_picture_image (self->picture), method, ui_session_target (self), NULL, values, 0);
  ui_slot_start (slot, key, job, (iterates (method) ? 100 : 10) + (int)row);
}

/* Quick methods are queued first: the engine begins with whatever reaches it first. */
static void
start_pending (UiSession *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->slots));
  for (int quick = 1; quick >= 0; quick--)
    for (guint i = 0; i < n; i++)
      if (ui_slot_state (nth_slot (self, i)) == UI_SLOT_PENDING
          && iterates (ui_slot_method (nth_slot (self, i))) != quick)
        start_slot (self, nth_slot (self, i), i);
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
mark_explained (UiSession *self)
{
  gboolean all = TRUE;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      UiSlotState state = ui_slot_state (nth_slot (self, i));
      if (ui_slot_shown (nth_slot (self, i)) && state != UI_SLOT_IMPOSSIBLE)
        all = all && state == UI_SLOT_DONE;
    }
  if (all && self->picture)
    ui_picture_set_explained (self->picture, TRUE);
}

static void
on_slot_finished (UiSlot *slot, UiSession *self)
{
  /* The key was fixed when the job started; the slot still holds it, or the job would have no listener. */
  ui_map_cache_insert (self->cache, ui_slot_key (slot), ui_slot_map (slot));
  mark_explained (self);
}

static void
on_slot_changed (UiSlot *slot, UiSession *self)
{
  g_signal_emit (self, signals[JOBS_CHANGED], 0);
}

static void
on_slot_shown (UiSession *self)
{
  gtk_filter_changed (gtk_filter_list_model_get_filter (self->tiles), GTK_FILTER_CHANGE_DIFFERENT);
  refresh (self, 0);
}

static gboolean
is_shown (gpointer item, gpointer unused)
{
  return ui_slot_shown (item);
}

void
ui_session_run (UiSession *self, UiSlot *slot)
{
  if (!self->model || !self->picture || ui_slot_state (slot) == UI_SLOT_IMPOSSIBLE)
    return;
  g_clear_pointer (&self->prediction_problem, g_free);
  g_autofree char *key = key_for (self, slot);
  ui_slot_wait (slot, key);
  arm (self, 0);
}

void
ui_session_run_with (UiSession *self, UiSlot *slot, const EngValues *values)
{
  ui_slot_set_values (slot, values);
  ui_slot_set_shown (slot, TRUE);
  refresh (self, 0);
  UiSlotState state = ui_slot_state (slot);
  if (state == UI_SLOT_EMPTY || state == UI_SLOT_STOPPED || state == UI_SLOT_FAILED)
    ui_session_run (self, slot);
}

void
ui_session_stop_all (UiSession *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    ui_slot_stop (nth_slot (self, i));
}

UiSlot *
ui_session_running (UiSession *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    if (ui_slot_state (nth_slot (self, i)) == UI_SLOT_RUNNING)
      return nth_slot (self, i);
  return NULL;
}

guint
ui_session_n_busy (UiSession *self)
{
  guint n = 0;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      UiSlotState state = ui_slot_state (nth_slot (self, i));
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

/* ---- pictures ---- */

/* Keeps the last few decoded, within the limit, so that stepping back needs no disk. */
static void
keep_decoded (UiSession *self, UiPicture *picture)
{
  GList *link = g_queue_find (&self->decoded, picture);
  if (link)
    g_queue_unlink (&self->decoded, link);
  else
    link = g_list_alloc ();
  if (!link->data)
    link->data = g_object_ref (picture);
  g_queue_push_head_link (&self->decoded, link);
  gsize bytes = 0;
  guint n = 0;
  for (GList *next, *l = self->decoded.head; l; l = next)
    {
      UiPicture *item = l->data;
      next = l->next;
      bytes += (gsize)ui_picture_width (item) * ui_picture_height (item) * 3;
      if (n++ > 0 && (n > DECODED_MOST || bytes > DECODED_BYTES))
        {
          ui_picture_unload (item);
          g_object_unref (item);
          g_queue_delete_link (&self->decoded, l);
        }
    }
}

static void
drop_decoded (UiSession *self)
{
  for (UiPicture *picture; (picture = g_queue_pop_head (&self->decoded));)
    {
      ui_picture_unload (picture);
      g_object_unref (picture);
    }
}

/* The current picture was decoded, or turned out to be broken: then the walk goes on. */
static void
on_picture_changed (UiPicture *picture, UiSession *self)
{
  if (ui_picture_problem (picture))
    {
      guint before = self->position;
      ui_session_walk (self, self->direction);
      if (self->position == before)
        report (self, ui_picture_problem (picture), "win.open-images");
    }
  else if (!self->has_pixels && ui_picture_image (picture))
    {
      self->has_pixels = TRUE;
      notify (self, PROP_PICTURE);
      refresh (self, self->timer ? REST_MS : 0);
    }
}

static void
set_picture (UiSession *self, UiPicture *picture, guint position, guint delay)
{
  if (self->picture)
    g_signal_handlers_disconnect_by_func (self->picture, on_picture_changed, self);
  if (self->picture && !ui_picture_image (self->picture))
    ui_picture_unload (self->picture);
  g_set_object (&self->picture, picture);
  self->position = position;
  self->pointer_inside = FALSE;
  self->has_pixels = picture && ui_picture_image (picture);
  g_clear_pointer (&self->prediction_problem, g_free);
  if (picture)
    {
      g_signal_connect (picture, "changed", G_CALLBACK (on_picture_changed), self);
      keep_decoded (self, picture);
      ui_picture_load (picture);
    }
  notify (self, PROP_PICTURE);
  notify (self, PROP_PREDICTIONS);
  notify (self, PROP_TARGET);
  refresh (self, delay);
}

GListModel *
ui_session_pictures (UiSession *self)
{
  return G_LIST_MODEL (self->pictures);
}

UiPicture *
ui_session_picture (UiSession *self)
{
  return self->picture;
}

guint
ui_session_position (UiSession *self)
{
  return self->position;
}

void
ui_session_show (UiSession *self, guint position)
{
  g_autoptr (UiPicture) picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), position);
  if (!picture || picture == self->picture)
    return;
  self->direction = position < self->position ? -1 : 1;
  set_picture (self, picture, position, REST_MS);
}

void
ui_session_walk (UiSession *self, int by)
{
  gint64 n = g_list_model_get_n_items (G_LIST_MODEL (self->pictures)), at = self->position;
  int step = by < 0 ? -1 : 1;
  at = by == G_MININT ? 0 : by == G_MAXINT ? n - 1 : at + by;
  /* The first and the last are looked for inwards. */
  if (by == G_MININT || by == G_MAXINT)
    step = -step;
  for (; at >= 0 && at < n; at += step)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), (guint)at);
      if (!ui_picture_problem (picture))
        {
          ui_session_show (self, (guint)at);
          return;
        }
    }
}

static void
replace_pictures (UiSession *self, const UiFound *found)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < found->pictures->len; i++)
    g_ptr_array_add (items, ui_picture_new (found->pictures->pdata[i]));
  set_picture (self, NULL, 0, 0);
  drop_decoded (self);
  ui_viewport_fit (self->viewport);
  self->direction = 1;
  /* A large picture goes the usual way: its smaller copy for the screen is made off the main thread. */
  if (MAX (eng_image_width (found->image), eng_image_height (found->image)) <= ADOPT_MOST)
    ui_picture_adopt (items->pdata[found->first], found->image);
  g_list_store_splice (self->pictures, 0, g_list_model_get_n_items (G_LIST_MODEL (self->pictures)), items->pdata,
                       items->len);
  set_picture (self, items->pdata[found->first], found->first, 0);
}

/* ---- opening ---- */

static void
set_model (UiSession *self, EngModel *model)
{
  g_set_object (&self->model, model);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->pictures)); i++)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), i);
      ui_picture_set_logits (picture, NULL, NULL);
    }
  self->follow_top = TRUE;
  self->chosen = -1;
  self->predicting = NULL;
  g_clear_pointer (&self->prediction_problem, g_free);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    ui_slot_set_model (nth_slot (self, i), model);
  notify (self, PROP_MODEL);
  notify (self, PROP_PREDICTIONS);
  notify (self, PROP_TARGET);
  refresh (self, 0);
}

typedef struct
{
  UiSession *session;
  char *path;
  GCancellable *cancellable;
  EngModel *model;
  GError *error;
} OpenModel;

static void
open_model_work (gpointer data)
{
  OpenModel *open = data;
  if (!g_cancellable_set_error_if_cancelled (open->cancellable, &open->error))
    open->model = eng_model_open (open->path, open->cancellable, &open->error);
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
      notify (self, PROP_OPENING);
      if (open->model)
        {
          EngPreprocess *view = eng_model_preprocess (open->model);
          g_autofree char *detail = g_strdup_printf ("%d classes · %d × %d × %d", eng_model_n_classes (open->model),
                                                     view->channels, view->height, view->width);
          set_model (self, open->model);
          g_signal_emit (self, signals[OPENED], 0, open->path, "model", detail);
        }
      else
        report (self, open->error->message, "win.open-model");
    }
  g_clear_object (&open->model);
  g_clear_error (&open->error);
  g_object_unref (open->cancellable);
  g_object_unref (open->session);
  g_free (open->path);
  g_free (open);
}

static void
open_model (UiSession *self, const char *path)
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
  open->cancellable = g_object_ref (self->open_cancel);
  notify (self, PROP_OPENING);
  ui_loader_push (UI_LOADER_NOW, open_model_work, open_model_done, open);
}

static void
on_found (const UiFound *found, gpointer data)
{
  g_autoptr (UiSession) self = data;
  if (self->closed)
    return;
  if (found->model)
    open_model (self, found->model);
  if (found->image)
    {
      guint n = found->pictures->len;
      g_autofree char *detail = found->folder ? g_strdup_printf ("%u picture%s", n, n == 1 ? "" : "s")
                                              : g_strdup_printf ("%d × %d", eng_image_width (found->image),
                                                                 eng_image_height (found->image));
      const char *path = found->folder ? found->folder : found->pictures->pdata[found->first];
      replace_pictures (self, found);
      g_signal_emit (self, signals[OPENED], 0, path, found->folder ? "folder" : "picture", detail);
    }
  if (found->error)
    report (self, found->error->message, "win.open-images");
}

void
ui_session_open (UiSession *self, const char *const *paths, UiOpenHint hint)
{
  if (!self->closed)
    ui_opener_look (paths, hint, on_found, g_object_ref (self));
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
  return self->model || self->picture || self->opening;
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
  notify (self, PROP_TARGET);
  refresh (self, 0);
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
  notify (self, PROP_TARGET);
  refresh (self, 0);
}

/* ---- how it is shown ---- */

UiDisplay *
ui_session_display (UiSession *self)
{
  return &self->display;
}

void
ui_session_display_changed (UiSession *self)
{
  g_signal_emit (self, signals[DISPLAY_CHANGED], 0);
}

void
ui_session_reset_display (UiSession *self)
{
  ui_display_init (&self->display);
  self->mode = UI_MODE_OVERLAY;
  ui_session_display_changed (self);
}

UiMode
ui_session_mode (UiSession *self)
{
  return self->mode;
}

void
ui_session_set_mode (UiSession *self, UiMode mode)
{
  self->mode = mode;
  ui_session_display_changed (self);
}

gboolean
ui_session_peeks (UiSession *self)
{
  return self->peek;
}

void
ui_session_set_peek (UiSession *self, gboolean peek)
{
  if (self->peek == peek)
    return;
  self->peek = peek;
  ui_session_display_changed (self);
}

UiViewport *
ui_session_viewport (UiSession *self)
{
  return self->viewport;
}

gboolean
ui_session_links_views (UiSession *self)
{
  return self->links_views;
}

void
ui_session_set_links_views (UiSession *self, gboolean links)
{
  self->links_views = links;
  ui_session_display_changed (self);
}

gboolean
ui_session_shows_crosshair (UiSession *self)
{
  return self->crosshair;
}

void
ui_session_set_shows_crosshair (UiSession *self, gboolean shows)
{
  self->crosshair = shows;
  g_signal_emit (self, signals[POINTER_CHANGED], 0);
}

gboolean
ui_session_pointer (UiSession *self, double *x, double *y)
{
  *x = self->pointer_x;
  *y = self->pointer_y;
  return self->pointer_inside;
}

void
ui_session_set_pointer (UiSession *self, gboolean inside, double x, double y)
{
  if (!inside && !self->pointer_inside)
    return;
  self->pointer_inside = inside;
  self->pointer_x = x;
  self->pointer_y = y;
  g_signal_emit (self, signals[POINTER_CHANGED], 0);
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
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->open_cancel)
    g_cancellable_cancel (self->open_cancel);
  if (self->picture)
    g_signal_handlers_disconnect_by_func (self->picture, on_picture_changed, self);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      g_signal_handlers_disconnect_by_data (nth_slot (self, i), self);
      ui_slot_clear (nth_slot (self, i));
    }
}

static void
ui_session_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  UiSession *self = UI_SESSION (object);
  if (id == PROP_MODEL)
    g_value_set_object (value, self->model);
  else if (id == PROP_OPENING)
    g_value_set_string (value, self->opening);
  else if (id == PROP_PICTURE)
    g_value_set_object (value, self->picture);
  else if (id == PROP_PREDICTIONS)
    g_value_set_pointer (value, (gpointer)ui_session_probabilities (self, NULL));
  else
    g_value_set_int (value, ui_session_target (self));
}

static void
ui_session_dispose (GObject *object)
{
  ui_session_close (UI_SESSION (object));
  G_OBJECT_CLASS (ui_session_parent_class)->dispose (object);
}

static void
ui_session_finalize (GObject *object)
{
  UiSession *self = UI_SESSION (object);
  drop_decoded (self);
  g_clear_object (&self->picture);
  g_clear_object (&self->pictures);
  g_clear_object (&self->tiles);
  g_clear_object (&self->slots);
  g_clear_object (&self->model);
  g_clear_object (&self->open_cancel);
  g_clear_object (&self->viewport);
  ui_map_cache_free (self->cache);
  g_free (self->opening);
  g_free (self->prediction_problem);
  G_OBJECT_CLASS (ui_session_parent_class)->finalize (object);
}

static void
install_signals (void)
{
  GType type = UI_TYPE_SESSION;
  signals[DISPLAY_CHANGED] =
      g_signal_new ("display-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[POINTER_CHANGED] =
      g_signal_new ("pointer-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[JOBS_CHANGED] = g_signal_new ("jobs-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[PROBLEM] = g_signal_new ("problem", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                   G_TYPE_STRING, G_TYPE_STRING);
  signals[OPENED] = g_signal_new ("opened", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
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
  props[PROP_MODEL] = g_param_spec_object ("model", NULL, NULL, ENG_TYPE_MODEL, flags);
  props[PROP_OPENING] = g_param_spec_string ("opening", NULL, NULL, NULL, flags);
  props[PROP_PICTURE] = g_param_spec_object ("picture", NULL, NULL, UI_TYPE_PICTURE, flags);
  props[PROP_PREDICTIONS] = g_param_spec_pointer ("predictions", NULL, NULL, flags);
  props[PROP_TARGET] = g_param_spec_int ("target", NULL, NULL, -1, G_MAXINT, -1, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
  install_signals ();
}

/* Methods whose tiles are there from the start; the others wait to be ticked. */
static gboolean
starts_shown (const EngMethod *method)
{
  static const char *const ids[] = { "ltx", "grad-cam", NULL };
  return g_strv_contains (ids, method->id);
}

static void
ui_session_init (UiSession *self)
{
  self->pictures = g_list_store_new (UI_TYPE_PICTURE);
  self->slots = g_list_store_new (UI_TYPE_SLOT);
  self->cache = ui_map_cache_new (CACHE_BYTES);
  self->viewport = ui_viewport_new ();
  self->follow_top = self->links_views = self->crosshair = TRUE;
  self->chosen = -1;
  self->direction = 1;
  g_queue_init (&self->decoded);
  ui_display_init (&self->display);
  for (guint i = 0; eng_method_nth (i); i++)
    {
      g_autoptr (UiSlot) slot = ui_slot_new (eng_method_nth (i), starts_shown (eng_method_nth (i)));
      g_signal_connect (slot, "changed", G_CALLBACK (on_slot_changed), self);
      g_signal_connect (slot, "finished", G_CALLBACK (on_slot_finished), self);
      g_signal_connect_object (slot, "notify::shown", G_CALLBACK (on_slot_shown), self, G_CONNECT_SWAPPED);
      g_list_store_append (self->slots, slot);
    }
  self->tiles = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (self->slots)),
                                           GTK_FILTER (gtk_custom_filter_new (is_shown, NULL, NULL)));
}
