/* See picture.h. Pixels are decoded by the loader's threads, textures are made there too: nothing
 * larger than a thumbnail is touched on the main thread. */
#include "ui/picture.h"

#include "ui/loader.h"

#define THUMB_WIDTH 208 /* twice the strip's cell, for dense screens */
#define THUMB_HEIGHT 128
#define PROXY_SIDE 2048

struct _UiPicture
{
  GObject parent_instance;
  char *path, *name, *problem, *caption;
  int width, height;
  GdkTexture *thumbnail, *texture, *proxy;
  EngImage *image;
  float *probabilities;
  int n_classes, top;
  gboolean explained;
  gboolean wants_image, wants_thumbnail;
  struct _Decode *decode; /* under way; not owned */
};

/* One trip to a loader thread. The thread writes the results, the main thread the wishes. */
typedef struct _Decode
{
  UiPicture *picture; /* (owned), touched on the main thread only */
  char *path;
  gint wants_image, wants_thumbnail; /* atomic */
  EngImage *image;
  GdkTexture *thumbnail, *texture, *proxy;
  GError *error;
} Decode;

G_DEFINE_FINAL_TYPE (UiPicture, ui_picture, G_TYPE_OBJECT)

static guint changed_signal;

static void
changed (UiPicture *self)
{
  g_signal_emit (self, changed_signal, 0);
}

static GdkTexture *
texture_of (EngImage *image)
{
  g_autoptr (GBytes) bytes = eng_image_bytes (image);
  int width = eng_image_width (image);
  return gdk_memory_texture_new (width, eng_image_height (image), GDK_MEMORY_R8G8B8, bytes, (gsize)width * 3);
}

/* Scaled by @factor <= 1; NULL when there is no memory. */
static GdkTexture *
scaled_texture (EngImage *image, double factor)
{
  int width = MAX (1, (int)(eng_image_width (image) * factor + 0.5));
  int height = MAX (1, (int)(eng_image_height (image) * factor + 0.5));
  guint8 *rgb = g_try_malloc ((gsize)width * height * 3);
  if (!rgb
      || !eng_resize_rgb (eng_image_rgb (image), eng_image_width (image), eng_image_height (image), rgb, width,
                          height, ENG_FILTER_BILINEAR))
    {
      g_free (rgb);
      return NULL;
    }
  g_autoptr (GBytes) bytes = g_bytes_new_take (rgb, (gsize)width * height * 3);
  return gdk_memory_texture_new (width, height, GDK_MEMORY_R8G8B8, bytes, (gsize)width * 3);
}

static GdkTexture *
make_thumbnail (EngImage *image)
{
  double factor =
      MAX (THUMB_WIDTH / (double)eng_image_width (image), THUMB_HEIGHT / (double)eng_image_height (image));
  return scaled_texture (image, MIN (1, factor));
}

static GdkTexture *
make_proxy (EngImage *image, GdkTexture *texture)
{
  int side = MAX (eng_image_width (image), eng_image_height (image));
  GdkTexture *proxy = side > PROXY_SIDE * 3 / 2 ? scaled_texture (image, PROXY_SIDE / (double)side) : NULL;
  return proxy ? proxy : g_object_ref (texture);
}

static void
decode_work (gpointer data)
{
  Decode *decode = data;
  if (!g_atomic_int_get (&decode->wants_image) && !g_atomic_int_get (&decode->wants_thumbnail))
    return;
  decode->image = eng_image_load (decode->path, &decode->error);
  if (!decode->image)
    return;
  decode->thumbnail = make_thumbnail (decode->image);
  if (!g_atomic_int_get (&decode->wants_image))
    return;
  decode->texture = texture_of (decode->image);
  decode->proxy = make_proxy (decode->image, decode->texture);
}

static void start_decode (UiPicture *self, int priority);

static void
take_image (UiPicture *self, Decode *decode)
{
  g_set_object (&self->texture, decode->texture);
  g_set_object (&self->proxy, decode->proxy);
  g_clear_pointer (&self->image, eng_image_unref);
  self->image = eng_image_ref (decode->image);
}

static void
decode_done (gpointer data)
{
  Decode *decode = data;
  UiPicture *self = decode->picture;
  self->decode = NULL;
  if (decode->image)
    {
      self->width = eng_image_width (decode->image);
      self->height = eng_image_height (decode->image);
      g_set_object (&self->thumbnail, decode->thumbnail);
      if (decode->texture && self->wants_image)
        take_image (self, decode);
      self->wants_thumbnail = FALSE;
    }
  else if (decode->error)
    {
      g_free (self->problem);
      self->problem = g_strdup (decode->error->message);
      self->wants_image = self->wants_thumbnail = FALSE;
    }
  if (decode->image || decode->error)
    changed (self);
  /* Asked for while the thread was busy with less. */
  if (self->wants_image && !self->image && !self->problem)
    start_decode (self, UI_LOADER_NOW);
  else if (self->wants_thumbnail && !self->thumbnail && !self->problem)
    start_decode (self, UI_LOADER_WHEN_IDLE);
  g_clear_pointer (&decode->image, eng_image_unref);
  g_clear_object (&decode->thumbnail);
  g_clear_object (&decode->texture);
  g_clear_object (&decode->proxy);
  g_clear_error (&decode->error);
  g_free (decode->path);
  g_object_unref (decode->picture);
  g_free (decode);
}

static void
start_decode (UiPicture *self, int priority)
{
  if (self->decode)
    return;
  Decode *decode = g_new0 (Decode, 1);
  decode->picture = g_object_ref (self);
  decode->path = g_strdup (self->path);
  decode->wants_image = self->wants_image;
  decode->wants_thumbnail = self->wants_thumbnail;
  self->decode = decode;
  ui_loader_push (priority, decode_work, decode_done, decode);
}

UiPicture *
ui_picture_new (const char *path)
{
  UiPicture *self = g_object_new (UI_TYPE_PICTURE, NULL);
  self->path = g_strdup (path);
  self->name = g_filename_display_basename (path);
  return self;
}

static void
ui_picture_finalize (GObject *object)
{
  UiPicture *self = UI_PICTURE (object);
  g_free (self->path);
  g_free (self->name);
  g_free (self->problem);
  g_free (self->caption);
  g_free (self->probabilities);
  g_clear_object (&self->thumbnail);
  g_clear_object (&self->texture);
  g_clear_object (&self->proxy);
  g_clear_pointer (&self->image, eng_image_unref);
  G_OBJECT_CLASS (ui_picture_parent_class)->finalize (object);
}

static void
ui_picture_class_init (UiPictureClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ui_picture_finalize;
  changed_signal = g_signal_new ("changed", UI_TYPE_PICTURE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ui_picture_init (UiPicture *self)
{
  self->top = -1;
}

const char *
ui_picture_path (UiPicture *self)
{
  return self->path;
}

const char *
ui_picture_name (UiPicture *self)
{
  return self->name;
}

char *
ui_picture_folder (UiPicture *self)
{
  g_autofree char *folder = g_path_get_dirname (self->path);
  return g_filename_display_basename (folder);
}

int
ui_picture_width (UiPicture *self)
{
  return self->width;
}

int
ui_picture_height (UiPicture *self)
{
  return self->height;
}

const char *
ui_picture_problem (UiPicture *self)
{
  return self->problem;
}

GdkTexture *
ui_picture_thumbnail (UiPicture *self)
{
  return self->thumbnail;
}

void
ui_picture_want_thumbnail (UiPicture *self, gboolean wanted)
{
  self->wants_thumbnail = wanted && !self->thumbnail && !self->problem;
  if (self->decode)
    g_atomic_int_set (&self->decode->wants_thumbnail, self->wants_thumbnail);
  else if (self->wants_thumbnail)
    start_decode (self, UI_LOADER_WHEN_IDLE);
}

EngImage *
ui_picture_image (UiPicture *self)
{
  return self->image;
}

GdkTexture *
ui_picture_texture (UiPicture *self)
{
  return self->texture;
}

GdkTexture *
ui_picture_proxy (UiPicture *self)
{
  return self->proxy;
}

void
ui_picture_load (UiPicture *self)
{
  if (self->image || self->problem)
    return;
  self->wants_image = TRUE;
  if (self->decode)
    g_atomic_int_set (&self->decode->wants_image, TRUE);
  else
    start_decode (self, UI_LOADER_NOW);
}

void
ui_picture_unload (UiPicture *self)
{
  self->wants_image = FALSE;
  if (self->decode)
    g_atomic_int_set (&self->decode->wants_image, FALSE);
  g_clear_pointer (&self->image, eng_image_unref);
  g_clear_object (&self->texture);
  g_clear_object (&self->proxy);
}

void
ui_picture_adopt (UiPicture *self, EngImage *image)
{
  g_clear_pointer (&self->image, eng_image_unref);
  self->image = eng_image_ref (image);
  self->width = eng_image_width (image);
  self->height = eng_image_height (image);
  g_clear_object (&self->texture);
  g_clear_object (&self->proxy);
  self->texture = texture_of (image);
  self->proxy = g_object_ref (self->texture);
  changed (self);
}

const float *
ui_picture_probabilities (UiPicture *self, int *n)
{
  if (n)
    *n = self->n_classes;
  return self->probabilities;
}

void
ui_picture_set_logits (UiPicture *self, EngModel *model, const float *logits)
{
  g_clear_pointer (&self->probabilities, g_free);
  g_clear_pointer (&self->caption, g_free);
  self->n_classes = logits ? eng_model_n_classes (model) : 0;
  self->top = -1;
  self->explained = FALSE;
  if (logits)
    {
      self->probabilities = g_new (float, self->n_classes);
      self->top = eng_softmax (logits, self->n_classes, self->probabilities);
      self->caption = g_strdup (eng_model_label (model, self->top));
    }
  changed (self);
}

int
ui_picture_top (UiPicture *self)
{
  return self->top;
}

const char *
ui_picture_caption (UiPicture *self)
{
  return self->caption ? self->caption : self->name;
}

gboolean
ui_picture_explained (UiPicture *self)
{
  return self->explained;
}

void
ui_picture_set_explained (UiPicture *self, gboolean explained)
{
  if (self->explained == explained)
    return;
  self->explained = explained;
  changed (self);
}
