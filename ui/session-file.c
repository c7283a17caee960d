/* The part of the session that becomes a file and comes back from one. Reading, checking, encoding and writing are
 * done by the loader's threads; see session-private.h. */
#include "engine/json-read.h"
#include "ui/loader.h"
#include "ui/own-map.h"
#include "ui/session-private.h"
#include "ui/session-state.h"
#include "ui/trainings.h"

#include <math.h>
#include <string.h>

#define LEAST_PROBABILITY 1e-38f /* its logarithm is a number */

/* ---- what a file holds ---- */

static void
add_logits (EngSessionPicture *out, UiPicture *picture)
{
  int n;
  const float *probabilities = ui_picture_probabilities (picture, &n);
  if (!probabilities)
    return;
  out->n_logits = n;
  out->logits = g_new (float, n);
  for (int i = 0; i < n; i++)
    out->logits[i] = logf (MAX (probabilities[i], LEAST_PROBABILITY));
}

static void
add_pictures (UiSession *self, EngSession *out)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->pictures));
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), i);
      EngSessionPicture *entry = eng_session_picture_new (ui_picture_path (picture), ui_picture_sha256 (picture));
      if (picture == self->picture || ui_picture_explained (picture) || ui_picture_lost (picture))
        add_logits (entry, picture);
      g_ptr_array_add (out->pictures, entry);
    }
  out->current = self->picture ? (int)self->position : -1;
}

/* First what cannot be made anew, then what is on screen, finished or not, then the others, newest first. */
static void
add_maps (UiSession *self, EngSession *out)
{
  ui_session_write_own (self, out);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      UiSlot *slot = ui_session_nth_slot (self, i);
      EngSessionMap *recipe = ui_slot_shown (slot) && ui_slot_applies (slot) ? ui_session_recipe (self, slot) : NULL;
      if (!recipe)
        continue;
      /* One that is out of date is not what is asked for. */
      EngHeatmap *map = ui_slot_state (slot) == UI_SLOT_OLD ? NULL : ui_slot_map (slot);
      gboolean done = ui_slot_state (slot) == UI_SLOT_DONE;
      recipe->shown = TRUE;
      recipe->map = map ? eng_heatmap_ref (map) : NULL;
      recipe->progress = done ? 1 : recipe->map ? MIN (ui_slot_progress (slot), 0.999) : 0;
      g_ptr_array_add (out->maps, recipe);
    }
  guint shown = out->maps->len;
  for (guint i = self->kept->len; i-- > 0;)
    {
      const EngSessionMap *kept = self->kept->pdata[i];
      gboolean known = FALSE;
      for (guint k = 0; k < shown && !known; k++)
        known = eng_session_map_equal (out->maps->pdata[k], kept);
      if (!known)
        g_ptr_array_add (out->maps, eng_session_map_copy (kept));
    }
}

EngSession *
ui_session_snapshot (UiSession *self)
{
  EngSession *out = eng_session_new ();
  g_autoptr (JsonNode) state = ui_session_state_save (self);
  out->model = g_strdup (self->model ? eng_model_path (self->model) : self->lost_model);
  out->model_sha256 = g_strdup (self->model ? eng_model_sha256 (self->model) : self->lost_sha256);
  out->model_output = g_strdup (self->model ? eng_model_output (self->model) : self->lost_output);
  /* What was said of a model that is not there has to wait for it. */
  out->state = self->lost_state ? g_strdup (self->lost_state) : json_to_string (state, FALSE);
  out->saved_as = g_strdup (self->path);
  add_pictures (self, out);
  add_maps (self, out);
  return out;
}

/* ---- saving ---- */

typedef struct
{
  UiSession *session;
  EngSession *snapshot;
  char *path;
  guint64 mark;
  char *expected; /* stamp of what may be overwritten; NULL: anything */
  char *stamp;    /* of what was written */
  gboolean taken; /* by somebody else's, which stays */
  void (*done) (gboolean ok, gpointer data);
  gpointer data;
  GError *error;
} Save;

static void
save_work (gpointer data)
{
  Save *save = data;
  g_autofree char *now = save->expected ? eng_session_stamp (save->path) : NULL;
  save->taken = now && strcmp (now, save->expected) != 0;
  if (!save->taken && eng_session_write (save->snapshot, save->path, &save->error))
    save->stamp = eng_session_stamp (save->path);
}

static void
set_path (UiSession *self, const char *path)
{
  char *copy = g_strdup (path);
  g_free (self->path);
  self->path = copy;
  ui_session_notify (self, PROP_PATH);
}

static void
tell_opened (UiSession *self, const char *path)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->pictures));
  g_autofree char *detail = g_strdup_printf (
      "%s · %u picture%s", self->model ? eng_model_name (self->model) : "Session", n, n == 1 ? "" : "s");
  g_signal_emit (self, ui_session_signals[OPENED], 0, path, "session", detail);
}

/* Another window, another program or another person's saved since: neither is thrown away unasked. */
static void
tell_taken (UiSession *self, const char *path)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autofree char *text =
      g_strdup_printf ("%s was saved elsewhere since it was opened here. Saving it here would undo "
                       "what was saved there.",
                       name);
  g_signal_emit (self, ui_session_signals[ADVICE], 0, text, "taken");
}

static void
save_done (gpointer data)
{
  Save *save = data;
  UiSession *self = save->session;
  gboolean ok = !save->error && !save->taken;
  self->saving--;
  if (!self->closed && ok)
    {
      self->saved_mark = save->mark;
      set_path (self, save->path);
      g_free (self->stamp);
      self->stamp = g_steal_pointer (&save->stamp);
      tell_opened (self, save->path);
    }
  else if (!self->closed && save->taken)
    tell_taken (self, save->path);
  else if (!self->closed)
    ui_session_report (self, save->error->message, "win.save-as");
  if (save->done)
    save->done (ok, save->data);
  g_clear_error (&save->error);
  eng_session_free (save->snapshot);
  g_object_unref (self);
  g_free (save->expected);
  g_free (save->stamp);
  g_free (save->path);
  g_free (save);
}

void
ui_session_save (UiSession *self, const char *path, void (*done) (gboolean ok, gpointer data), gpointer data)
{
  Save *save = g_new0 (Save, 1);
  save->session = g_object_ref (self);
  save->snapshot = ui_session_snapshot (self);
  g_clear_pointer (&save->snapshot->saved_as, g_free);
  save->path = g_canonicalize_filename (path, NULL);
  save->mark = ui_history_mark (self->history);
  /* What is being saved is ours, too. */
  if (self->saving == 0 && g_strcmp0 (save->path, self->path) == 0)
    save->expected = g_strdup (self->stamp);
  self->saving++;
  save->done = done;
  save->data = data;
  ui_loader_push (UI_LOADER_NOW, save_work, save_done, save);
}

void
ui_session_may_overwrite (UiSession *self)
{
  g_clear_pointer (&self->stamp, g_free);
}

const char *
ui_session_path (UiSession *self)
{
  return self->path;
}

gboolean
ui_session_unsaved (UiSession *self)
{
  return ui_session_in_use (self) && ui_history_mark (self->history) != self->saved_mark;
}

/* ---- opening ---- */

typedef struct
{
  gboolean missing, changed;
  int width, height; /* of a missing one, from its maps */
} Found;

typedef struct
{
  UiSession *session;
  char *path;
  char *stamp;      /* of the file at @path; NULL: that is not the session's own */
  gboolean unsaved; /* it differs from the file at @path */
  GCancellable *cancellable;
  EngSession *file; /* NULL: to be read from @path */
  EngModel *model;
  gboolean model_changed;
  Found *found; /* per picture */
  guint n_missing;
  GPtrArray *spreads; /* UiSpread*, of each map, NULL for those that are not finished */
  GError *error, *model_error;
} Open;

/* Of each picture whether it is there, and whether it is the one that its maps were made of. */
static void
look_for_pictures (Open *open)
{
  GPtrArray *pictures = open->file->pictures;
  g_autoptr (GHashTable) places = g_hash_table_new (g_str_hash, g_str_equal);
  open->found = g_new0 (Found, pictures->len + 1);
  for (guint i = 0; i < pictures->len; i++)
    {
      const char *path = ((EngSessionPicture *)pictures->pdata[i])->path;
      g_hash_table_insert (places, (gpointer)path, &open->found[i]);
      open->found[i].missing = !g_file_test (path, G_FILE_TEST_EXISTS);
      open->n_missing += open->found[i].missing;
    }
  for (guint i = 0; i < open->file->maps->len && !g_cancellable_is_cancelled (open->cancellable); i++)
    {
      const EngSessionMap *map = open->file->maps->pdata[i];
      Found *found = g_hash_table_lookup (places, map->picture);
      if (!map->map || !found)
        continue;
      const EngGeometry *geometry = eng_heatmap_geometry (map->map);
      const EngProvenance *made = eng_heatmap_provenance (map->map);
      gboolean computed = eng_method_find (map->method, NULL) != NULL;
      g_autofree char *digest = found->missing || found->changed ? NULL : eng_session_digest (map->picture);
      found->changed |= digest && strcmp (digest, made->image_sha256) != 0;
      /* A map of another program may be about a model that was open before this one. */
      open->model_changed |=
          computed && open->model && strcmp (made->model_sha256, eng_model_sha256 (open->model)) != 0;
      /* A stand-in of the size that a hostile file asks for must be one that pictures may have. */
      if ((gint64)geometry->image_width * geometry->image_height <= ENG_IMAGE_MAX_PIXELS)
        {
          found->width = geometry->image_width;
          found->height = geometry->image_height;
        }
    }
}

/* So that the session's maps and scores are of this model from the start. What will not do is told with the rest of
 * the state. */
static void
prepare_model (Open *open)
{
  EngModel *model = open->model ? eng_session_prepare_model (open->file, open->model, open->path, NULL) : NULL;
  if (model)
    {
      g_object_unref (open->model);
      open->model = model;
    }
}

static void
open_work (gpointer data)
{
  Open *open = data;
  open->stamp = open->unsaved ? NULL : eng_session_stamp (open->path);
  if (!open->file && !(open->file = eng_session_load (open->path, &open->error)))
    return;
  if (open->file->model)
    open->model =
        eng_model_open_output (open->file->model, open->file->model_output, open->cancellable, &open->model_error);
  prepare_model (open);
  if (open->model)
    ui_trainings_look_for (open->model);
  look_for_pictures (open);
  open->spreads = g_ptr_array_new ();
  for (guint i = 0; i < open->file->maps->len; i++)
    {
      EngSessionMap *map = open->file->maps->pdata[i];
      if (map->map && ui_own_map_is_imported (map->method))
        {
          g_free (map->layer); /* whatever the file calls it */
          map->layer = ui_own_map_digest_of (map->map);
        }
      g_ptr_array_add (open->spreads, map->map && map->progress >= 1 ? ui_session_spread_of (map->map) : NULL);
    }
  g_cancellable_set_error_if_cancelled (open->cancellable, &open->error);
}

static void
put_pictures (UiSession *self, Open *open)
{
  GPtrArray *entries = open->file->pictures;
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < entries->len; i++)
    {
      const EngSessionPicture *entry = entries->pdata[i];
      UiPicture *picture = ui_picture_new (entry->path);
      ui_picture_note_sha256 (picture, entry->sha256);
      if (open->found[i].missing && open->found[i].width > 0)
        ui_picture_set_lost (picture, open->found[i].width, open->found[i].height);
      if (self->model && entry->logits && entry->n_logits == eng_model_n_classes (self->model) && !open->model_changed
          && !open->found[i].changed)
        ui_picture_set_logits (picture, self->model, entry->logits);
      g_ptr_array_add (items, picture);
    }
  ui_session_put_pictures (self, items, (guint)MAX (open->file->current, 0), NULL);
}

/* One picture that is lost (or changed): its name; several: how many. (transfer full) */
static char *
name_pictures (Open *open, gboolean missing)
{
  guint n = 0, at = 0;
  for (guint i = 0; i < open->file->pictures->len; i++)
    if (missing ? open->found[i].missing : open->found[i].changed)
      {
        n++;
        at = i;
      }
  if (n != 1)
    return n ? g_strdup_printf ("%u pictures", n) : NULL;
  return g_filename_display_basename (((EngSessionPicture *)open->file->pictures->pdata[at])->path);
}

static void
advise (UiSession *self, Open *open)
{
  g_autofree char *model = open->file->model ? g_filename_display_basename (open->file->model) : NULL;
  g_autofree char *moved = name_pictures (open, TRUE), *changed = name_pictures (open, FALSE), *text = NULL;
  const char *kind = "moved";
  gboolean model_missing = open->file->model && !g_file_test (open->file->model, G_FILE_TEST_EXISTS);
  if (open->file->model && !self->model && !model_missing)
    text = g_strdup_printf ("%s Maps are kept but cannot be recomputed.", open->model_error->message);
  else if (model_missing)
    text = g_strdup_printf ("%s moved. Its maps are kept but cannot be recomputed.", model);
  else if (moved)
    text = g_strdup_printf (open->n_missing == 1 ? "%s moved. Its maps are kept but cannot be recomputed."
                                                 : "%s moved. Their maps are kept but cannot be recomputed.",
                            moved);
  else if (open->model_changed || changed)
    {
      text = g_strdup_printf ("%s changed since these maps were made.", open->model_changed ? model : changed);
      kind = "changed";
    }
  if (text)
    g_signal_emit (self, ui_session_signals[ADVICE], 0, text, kind);
}

static void
take_state (UiSession *self, Open *open)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_filename_display_basename (open->path);
  g_autoptr (JsonNode) node = open->file->state ? eng_json_parse (open->file->state, -1, name, NULL) : NULL;
  EngJson state = { node ? json_node_get_object (node) : NULL, name, "" };
  if (state.object && !ui_session_state_load (self, &state, &error))
    ui_session_report (self, error->message, "");
}

/* Colours stand for what they stood for: the ranges of all these maps take part in it. */
static void
take_maps (UiSession *self, Open *open)
{
  EngSession *file = open->file;
  /* The first in the file are the ones on screen: they stay longest. */
  for (guint i = file->maps->len; i-- > 0;)
    {
      const EngSessionMap *map = file->maps->pdata[i];
      const EngMethod *method = eng_method_find (map->method, NULL);
      g_autofree char *name = g_strdup_printf ("file %u", i);
      if (ui_session_read_own (self, map))
        continue;
      g_ptr_array_add (self->kept, eng_session_map_copy (map));
      if (method && open->spreads->pdata[i])
        ui_session_take_range (self, name, method, g_steal_pointer (&open->spreads->pdata[i]));
    }
}

void
ui_session_clear_lost (UiSession *self)
{
  g_clear_pointer (&self->lost_model, g_free);
  g_clear_pointer (&self->lost_sha256, g_free);
  g_clear_pointer (&self->lost_output, g_free);
  g_clear_pointer (&self->lost_state, g_free);
}

static void
become (UiSession *self, Open *open)
{
  self->loading++;
  self->keeps_old = TRUE;
  ui_session_clear_own (self);
  ui_session_set_model (self, open->model);
  ui_session_clear_lost (self);
  if (!open->model)
    {
      self->lost_model = g_strdup (open->file->model);
      self->lost_sha256 = g_strdup (open->file->model_sha256);
      self->lost_output = g_strdup (open->file->model_output);
      self->lost_state = g_strdup (open->file->state);
    }
  put_pictures (self, open);
  g_hash_table_remove_all (self->ranges);
  take_maps (self, open);
  take_state (self, open);
  self->loading--;
  ui_session_refresh (self, 0);
  ui_history_reset (self->history);
  self->saved_mark = open->unsaved ? G_MAXUINT64 : ui_history_mark (self->history);
  if (!open->unsaved || g_strcmp0 (self->path, open->file->saved_as) != 0)
    {
      g_free (self->stamp);
      self->stamp = g_steal_pointer (&open->stamp);
    }
  set_path (self, open->unsaved ? open->file->saved_as : open->path);
  if (!open->unsaved)
    tell_opened (self, open->path);
  advise (self, open);
}

static void
open_done (gpointer data)
{
  Open *open = data;
  UiSession *self = open->session;
  if (!self->closed && open->cancellable == self->open_cancel)
    {
      g_clear_object (&self->open_cancel);
      g_clear_pointer (&self->opening, g_free);
      if (open->error)
        ui_session_report (self, open->error->message, "win.open-session");
      else
        become (self, open);
      ui_session_notify (self, PROP_OPENING);
    }
  for (guint i = 0; open->spreads && i < open->spreads->len; i++)
    g_clear_pointer (&open->spreads->pdata[i], ui_spread_free);
  g_clear_pointer (&open->spreads, g_ptr_array_unref);
  g_clear_pointer (&open->file, eng_session_free);
  g_clear_object (&open->model);
  g_clear_error (&open->error);
  g_clear_error (&open->model_error);
  g_object_unref (open->cancellable);
  g_object_unref (self);
  g_free (open->found);
  g_free (open->stamp);
  g_free (open->path);
  g_free (open);
}

/* @file: (transfer full) (nullable) */
static void
start_open (UiSession *self, const char *path, EngSession *file, gboolean unsaved)
{
  if (self->open_cancel)
    g_cancellable_cancel (self->open_cancel);
  g_clear_object (&self->open_cancel);
  self->open_cancel = g_cancellable_new ();
  g_free (self->opening);
  self->opening = g_filename_display_basename (path);
  Open *open = g_new0 (Open, 1);
  open->session = g_object_ref (self);
  open->path = g_canonicalize_filename (path, NULL);
  open->file = file;
  open->unsaved = unsaved;
  open->cancellable = g_object_ref (self->open_cancel);
  ui_session_notify (self, PROP_OPENING);
  ui_loader_push (UI_LOADER_NOW, open_work, open_done, open);
}

void
ui_session_open_file (UiSession *self, const char *path, gboolean autosaved)
{
  if (!self->closed)
    start_open (self, path, NULL, autosaved);
}

/* ---- answers ---- */

gboolean
ui_session_model_lost (UiSession *self)
{
  return self->lost_model != NULL;
}

void
ui_session_recompute (UiSession *self)
{
  self->keeps_old = FALSE;
  ui_session_drop_old (self);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    ui_slot_clear (ui_session_nth_slot (self, i));
  ui_session_refresh (self, 0);
}

/* Those that are in @folder by name take the place of the lost ones, and their maps with them. */
static guint
find_pictures (UiSession *self, const char *folder)
{
  guint found = 0;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->pictures)); i++)
    {
      g_autoptr (UiPicture) old = g_list_model_get_item (G_LIST_MODEL (self->pictures), i);
      g_autofree char *name = g_path_get_basename (ui_picture_path (old)),
                      *path = g_build_filename (folder, name, NULL);
      if (g_file_test (ui_picture_path (old), G_FILE_TEST_EXISTS) || !g_file_test (path, G_FILE_TEST_IS_REGULAR))
        continue;
      g_autoptr (UiPicture) picture = ui_picture_new (path);
      for (guint k = 0; k < self->kept->len; k++)
        {
          EngSessionMap *map = self->kept->pdata[k];
          if (!g_str_equal (map->picture, ui_picture_path (old)))
            continue;
          g_free (map->picture);
          map->picture = g_strdup (path);
        }
      ui_session_move_own (self, ui_picture_path (old), path);
      g_list_store_splice (self->pictures, i, 1, (gpointer *)&picture, 1);
      found++;
    }
  return found;
}

void
ui_session_locate (UiSession *self, const char *path)
{
  if (self->lost_model)
    {
      EngSession *file = ui_session_snapshot (self);
      g_free (file->model);
      file->model = g_strdup (path);
      start_open (self, path, file, TRUE);
      return;
    }
  guint position = self->position, found = find_pictures (self, path);
  g_autofree char *name = g_filename_display_basename (path);
  g_autofree char *text = g_strdup_printf ("None of the pictures is in %s. Choose the folder that holds them.", name);
  if (found == 0)
    g_signal_emit (self, ui_session_signals[ADVICE], 0, text, "moved");
  else
    ui_session_show (self, position);
}
