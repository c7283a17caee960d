/* The part of the session that walks through the pictures. See session-private.h. */
#include "ui/session-private.h"

#define DECODED_BYTES ((gsize)512 << 20) /* pixels of the last pictures shown */
#define DECODED_MOST 8
#define ADOPT_MOST 3000 /* longer side of a picture that is shown as the opener decoded it */

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

/* The one that a walk would come to next is decoded after all that somebody waits for. */
static void
prefetch (UiSession *self)
{
  gint64 n = g_list_model_get_n_items (G_LIST_MODEL (self->pictures));
  for (gint64 at = (gint64)self->position + self->direction; at >= 0 && at < n; at += self->direction)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), (guint)at);
      if (ui_picture_problem (picture) || !ui_session_passes (self, picture))
        continue;
      keep_decoded (self, picture);
      keep_decoded (self, self->picture);
      ui_picture_prefetch (picture);
      return;
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
        ui_session_report (self, ui_picture_problem (picture), "win.open-images");
    }
  else if (!self->has_pixels && ui_picture_image (picture))
    {
      self->has_pixels = TRUE;
      ui_session_notify (self, PROP_PICTURE);
      ui_session_refresh (self, self->timer ? UI_SESSION_REST_MS : 0);
      prefetch (self);
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
      if (self->has_pixels)
        prefetch (self);
    }
  ui_session_notify (self, PROP_PICTURE);
  ui_session_notify (self, PROP_PREDICTIONS);
  ui_session_notify (self, PROP_TARGET);
  ui_session_refresh (self, delay);
}

GListModel *
ui_session_pictures (UiSession *self)
{
  return G_LIST_MODEL (self->pictures);
}

/* (transfer full) */
static char *
folder_of (UiSession *self, guint i)
{
  g_autoptr (UiPicture) picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), i);
  return g_path_get_dirname (ui_picture_path (picture));
}

char *
ui_session_folder (UiSession *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->pictures));
  g_autofree char *first = n > 1 ? folder_of (self, 0) : NULL, *above = first ? g_path_get_dirname (first) : NULL;
  gboolean all_there = TRUE, all_below = TRUE;
  for (guint i = 0; i < n && first; i++)
    {
      g_autofree char *folder = folder_of (self, i), *outer = g_path_get_dirname (folder);
      all_there = all_there && g_str_equal (folder, first);
      all_below = all_below && g_str_equal (outer, above);
    }
  return !first ? NULL : all_there ? g_steal_pointer (&first) : all_below ? g_steal_pointer (&above) : NULL;
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
  set_picture (self, picture, position, UI_SESSION_REST_MS);
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
      if (!ui_picture_problem (picture) && ui_session_passes (self, picture))
        {
          ui_session_show (self, (guint)at);
          return;
        }
    }
}

void
ui_session_put_pictures (UiSession *self, GPtrArray *items, guint first, EngTruth *truth)
{
  ui_batch_stop (self->batch);
  ui_session_set_filter (self, UI_FILTER_ALL, -1);
  ui_session_set_truth (self, truth);
  set_picture (self, NULL, 0, 0);
  drop_decoded (self);
  ui_session_drop_kept (self);
  ui_viewport_fit (self->viewport);
  self->direction = 1;
  g_list_store_splice (self->pictures, 0, g_list_model_get_n_items (G_LIST_MODEL (self->pictures)), items->pdata,
                       items->len);
  ui_session_label_pictures (self);
  if (items->len > 0)
    set_picture (self, items->pdata[first], first, 0);
}

void
ui_session_replace_pictures (UiSession *self, GPtrArray *paths, guint first, EngImage *image, EngTruth *truth)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < paths->len; i++)
    g_ptr_array_add (items, ui_picture_new (paths->pdata[i]));
  /* A large picture goes the usual way: its smaller copy for the screen is made off the main thread. */
  if (MAX (eng_image_width (image), eng_image_height (image)) <= ADOPT_MOST)
    ui_picture_adopt (items->pdata[first], image);
  ui_session_put_pictures (self, items, first, truth);
}

void
ui_session_drop_pictures (UiSession *self)
{
  if (self->picture)
    g_signal_handlers_disconnect_by_func (self->picture, on_picture_changed, self);
  drop_decoded (self);
}
