/* The part of the threshold that knows where the object is: finds and reads the mask of the picture and class in
 * sight, off the main thread. See threshold-private.h. */
#include "ui/loader.h"
#include "ui/threshold-private.h"

enum
{
  CHOSEN,
  BESIDE_PICTURE,
  N_PLACES
};

typedef struct
{
  UiThreshold *self;
  guint epoch;
  char *folders[N_PLACES]; /* NULL: no such */
  EngMasks *listed[N_PLACES];
  EngModel *model;
  char *picture;
  int class_index, width, height;
  EngImage *mask;
  GError *error;
} Look;

/* TRUE: the search ends here, with a mask or with an error. */
static gboolean
look_in (Look *look, int place)
{
  const char *folder = look->folders[place];
  if (!folder || (place == BESIDE_PICTURE && !g_file_test (folder, G_FILE_TEST_IS_DIR)))
    return FALSE;
  if (!look->listed[place])
    look->listed[place] = eng_masks_open (folder, &look->error);
  if (!look->listed[place])
    return TRUE;
  g_autofree char *path =
      eng_masks_find (look->listed[place], look->model, look->picture, look->class_index, &look->error);
  if (path)
    look->mask = eng_masks_load (path, look->width, look->height, &look->error);
  return path || look->error;
}

static void
look_work (gpointer data)
{
  Look *look = data;
  for (int place = 0; place < N_PLACES; place++)
    if (look_in (look, place))
      return;
}

/* Why there is none, where nothing went wrong. (transfer full) */
static char *
explain_absence (UiThreshold *self, const Look *look)
{
  const EngMasks *masks = look->listed[CHOSEN] ? look->listed[CHOSEN] : look->listed[BESIDE_PICTURE];
  if (!masks)
    return g_strdup (
        "No masks of objects are open. They lie in a folder “masks” beside the pictures or in any other, "
        "and are named after them: NAME.CLASS.png, or NAME.png for every class.");
  g_autofree char *folder = g_filename_display_basename (eng_masks_folder (masks));
  g_autofree char *picture = g_filename_display_basename (look->picture);
  return g_strdup_printf ("No mask of “%s” for %s in the folder %s.", ui_threshold_class_name (self), picture,
                          folder);
}

static void
take_truth (UiThreshold *self, Look *look)
{
  self->looking = FALSE;
  for (int place = 0; place < N_PLACES; place++)
    if (look->listed[place] && !self->listed[place])
      self->listed[place] = eng_masks_ref (look->listed[place]);
  if (look->mask)
    self->truth = eng_image_ref (look->mask);
  else
    self->truth_problem = look->error ? g_strdup (look->error->message) : explain_absence (self, look);
  g_signal_emit (self, ui_threshold_signals[UI_THRESHOLD_TRUTH], 0);
  g_signal_emit (self, ui_threshold_signals[UI_THRESHOLD_MEASURED], 0);
  ui_threshold_pump (self);
}

static void
look_done (gpointer data)
{
  Look *look = data;
  if (look->self->session && look->epoch == look->self->truth_epoch)
    take_truth (look->self, look);
  for (int place = 0; place < N_PLACES; place++)
    {
      g_free (look->folders[place]);
      g_clear_pointer (&look->listed[place], eng_masks_unref);
    }
  g_clear_pointer (&look->mask, eng_image_unref);
  g_clear_error (&look->error);
  g_object_unref (look->model);
  g_free (look->picture);
  g_object_unref (look->self);
  g_free (look);
}

static void
start_looking (UiThreshold *self)
{
  UiPicture *picture = ui_session_picture (self->session);
  Look *look = g_new0 (Look, 1);
  g_autofree char *folder = g_path_get_dirname (ui_picture_path (picture));
  look->self = g_object_ref (self);
  look->epoch = self->truth_epoch;
  look->folders[CHOSEN] = g_strdup (self->masks);
  look->folders[BESIDE_PICTURE] = g_build_filename (folder, ENG_MASKS_BESIDE, NULL);
  for (int place = 0; place < N_PLACES; place++)
    {
      if (self->listed[place] && g_strcmp0 (eng_masks_folder (self->listed[place]), look->folders[place]) != 0)
        g_clear_pointer (&self->listed[place], eng_masks_unref);
      look->listed[place] = self->listed[place] ? eng_masks_ref (self->listed[place]) : NULL;
    }
  look->model = g_object_ref (ui_session_model (self->session));
  look->picture = g_strdup (ui_picture_path (picture));
  look->class_index = ui_session_target (self->session);
  look->width = ui_picture_width (picture);
  look->height = ui_picture_height (picture);
  self->looking = TRUE;
  ui_loader_push (UI_LOADER_NOW, look_work, look_done, look);
}

void
ui_threshold_look_for_truth (UiThreshold *self)
{
  UiPicture *picture = self->session ? ui_session_picture (self->session) : NULL;
  g_autofree char *key = self->subject_key
                             ? g_strdup_printf ("%s\n%s\n%s", self->subject_key, ui_picture_path (picture),
                                                self->masks ? self->masks : "")
                             : NULL;
  if (!self->session || !self->watchers || g_strcmp0 (key, self->truth_key) == 0)
    return;
  g_free (self->truth_key);
  self->truth_key = g_steal_pointer (&key);
  self->truth_epoch++;
  self->looking = FALSE;
  g_clear_pointer (&self->truth, eng_image_unref);
  g_clear_pointer (&self->truth_problem, g_free);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->series)); i++)
    {
      g_autoptr (UiSeries) series = g_list_model_get_item (G_LIST_MODEL (self->series), i);
      g_clear_pointer (&series->overlap, eng_overlap_free);
    }
  if (self->subject_key)
    start_looking (self);
  g_signal_emit (self, ui_threshold_signals[UI_THRESHOLD_TRUTH], 0);
}

void
ui_threshold_set_masks (UiThreshold *self, const char *folder)
{
  g_autofree char *copy = folder ? g_canonicalize_filename (folder, NULL) : NULL;
  /* Chosen again: what lies in it may be different now. */
  g_clear_pointer (&self->listed[CHOSEN], eng_masks_unref);
  g_clear_pointer (&self->truth_key, g_free);
  g_free (self->masks);
  self->masks = g_steal_pointer (&copy);
  ui_threshold_look_for_truth (self);
  g_signal_emit (self, ui_threshold_signals[UI_THRESHOLD_CHANGED], 0);
}

const char *
ui_threshold_masks (UiThreshold *self)
{
  return self->masks;
}

EngImage *
ui_threshold_truth (UiThreshold *self)
{
  return self->truth;
}

char *
ui_threshold_truth_words (UiThreshold *self)
{
  const EngOverlap *overlap = NULL;
  if (self->truth_problem)
    return g_strdup (self->truth_problem);
  if (!self->truth)
    return g_strdup (self->looking ? "Looking for the mask…" : "");
  for (guint i = 0; !overlap && i < g_list_model_get_n_items (G_LIST_MODEL (self->series)); i++)
    {
      g_autoptr (UiSeries) series = g_list_model_get_item (G_LIST_MODEL (self->series), i);
      overlap = series->overlap;
    }
  if (!overlap)
    return g_strdup (eng_image_name (self->truth));
  return g_strdup_printf ("%s: the object covers %.1f %% of what the model sees.", eng_image_name (self->truth),
                          100.0 * overlap->object / overlap->n);
}

gboolean
ui_threshold_shows_outline (UiThreshold *self)
{
  return self->shows_outline;
}

void
ui_threshold_set_shows_outline (UiThreshold *self, gboolean shows)
{
  if (self->shows_outline == !!shows)
    return;
  self->shows_outline = shows;
  g_signal_emit (self, ui_threshold_signals[UI_THRESHOLD_TRUTH], 0);
  g_signal_emit (self, ui_threshold_signals[UI_THRESHOLD_CHANGED], 0);
}

void
ui_threshold_truth_free (UiThreshold *self)
{
  for (int place = 0; place < N_PLACES; place++)
    g_clear_pointer (&self->listed[place], eng_masks_unref);
  g_clear_pointer (&self->truth, eng_image_unref);
  g_free (self->masks);
  g_free (self->truth_key);
  g_free (self->truth_problem);
}
