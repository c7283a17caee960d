/* See foresight.h. A picture is read by the loader and predicted by the engine, each at the lowest priority; a
 * picture that could not be read or predicted is not tried again before the model is another one. */
#include "ui/foresight.h"

#include "ui/loader.h"
#include "ui/session-private.h"

#define PRIORITY 950 /* after what a person waits for, before "Explain All" and scores */

struct _UiForesight
{
  GObject parent_instance;
  UiSession *session; /* not owned: it owns this; NULL once it ends */
  GPtrArray *wanted;  /* UiPicture*, owned, in the order in which they came into sight */
  GHashTable *failed; /* UiPicture*, owned: with @model */
  EngModel *model;    /* of @failed; owned */
  gboolean under_way; /* some picture is being read or predicted */
  guint idle;
};

G_DEFINE_FINAL_TYPE (UiForesight, ui_foresight, G_TYPE_OBJECT)

static void wake (UiForesight *self);

/* ---- one picture ---- */

typedef struct
{
  UiForesight *foresight; /* owned, like the rest */
  UiPicture *picture;
  char *path;
  EngModel *model;
  EngImage *image;
  float *logits;
} Look;

static void
look_end (Look *look)
{
  UiForesight *self = look->foresight;
  self->under_way = FALSE;
  if (self->session && ui_session_model (self->session) == look->model)
    {
      if (look->logits)
        ui_session_take_logits (self->session, look->picture, look->logits);
      else
        g_hash_table_add (self->failed, g_object_ref (look->picture));
    }
  wake (self);
  g_object_unref (look->picture);
  g_object_unref (look->model);
  g_clear_pointer (&look->image, eng_image_unref);
  g_free (look->path);
  g_free (look->logits);
  g_free (look);
  g_object_unref (self);
}

static void
read_work (gpointer data)
{
  Look *look = data;
  look->image = eng_image_load (look->path, NULL);
}

static void
predict_work (gpointer data)
{
  Look *look = data;
  look->logits = ui_session_predict (look->model, look->image, NULL);
}

static void
predict_done (gpointer data)
{
  look_end (data);
}

static void
read_done (gpointer data)
{
  Look *look = data;
  if (look->image && look->foresight->session)
    eng_engine_push (PRIORITY, predict_work, predict_done, look);
  else
    look_end (look);
}

static void
start (UiForesight *self, UiPicture *picture)
{
  Look *look = g_new0 (Look, 1);
  look->foresight = g_object_ref (self);
  look->picture = g_object_ref (picture);
  look->path = g_strdup (ui_picture_path (picture));
  look->model = g_object_ref (ui_session_model (self->session));
  look->image = ui_picture_image (picture) ? eng_image_ref (ui_picture_image (picture)) : NULL;
  self->under_way = TRUE;
  if (look->image)
    eng_engine_push (PRIORITY, predict_work, predict_done, look);
  else
    ui_loader_push (UI_LOADER_WHEN_IDLE, read_work, read_done, look);
}

/* ---- which ---- */

static gboolean
is_missing (UiForesight *self, UiPicture *picture)
{
  return !ui_picture_problem (picture) && !ui_picture_lost (picture) && !ui_picture_probabilities (picture, NULL)
         && !g_hash_table_contains (self->failed, picture);
}

/* The line of pictures that is worked off predicts its own. */
static gboolean
may_start (UiForesight *self)
{
  return self->session && !self->under_way && ui_session_model (self->session) && !ui_session_is_busy (self->session)
         && ui_batch_state (ui_session_batch (self->session)) != UI_BATCH_RUNNING;
}

static gboolean
on_idle (gpointer data)
{
  UiForesight *self = data;
  self->idle = 0;
  if (!may_start (self))
    return G_SOURCE_REMOVE;
  if (g_set_object (&self->model, ui_session_model (self->session)))
    g_hash_table_remove_all (self->failed);
  for (guint i = 0; i < self->wanted->len; i++)
    if (is_missing (self, self->wanted->pdata[i]))
      {
        start (self, self->wanted->pdata[i]);
        break;
      }
  return G_SOURCE_REMOVE;
}

/* After the frame: hands that scroll come first. */
static void
wake (UiForesight *self)
{
  if (!self->idle && self->session)
    self->idle = g_idle_add_full (G_PRIORITY_LOW, on_idle, self, NULL);
}

void
ui_foresight_want (UiForesight *self, UiPicture *picture, gboolean wanted)
{
  if (wanted)
    g_ptr_array_add (self->wanted, g_object_ref (picture));
  else
    g_ptr_array_remove (self->wanted, picture);
  if (wanted)
    wake (self);
}

/* ---- birth and end ---- */

UiForesight *
ui_foresight_new (UiSession *session)
{
  UiForesight *self = g_object_new (UI_TYPE_FORESIGHT, NULL);
  self->session = session;
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (wake), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::predictions", G_CALLBACK (wake), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (wake), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_batch (session), "changed", G_CALLBACK (wake), self, G_CONNECT_SWAPPED);
  return self;
}

void
ui_foresight_close (UiForesight *self)
{
  self->session = NULL;
  g_clear_handle_id (&self->idle, g_source_remove);
}

static void
ui_foresight_finalize (GObject *object)
{
  UiForesight *self = UI_FORESIGHT (object);
  g_clear_handle_id (&self->idle, g_source_remove);
  g_ptr_array_unref (self->wanted);
  g_hash_table_unref (self->failed);
  g_clear_object (&self->model);
  G_OBJECT_CLASS (ui_foresight_parent_class)->finalize (object);
}

static void
ui_foresight_class_init (UiForesightClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ui_foresight_finalize;
}

static void
ui_foresight_init (UiForesight *self)
{
  self->wanted = g_ptr_array_new_with_free_func (g_object_unref);
  self->failed = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
}
