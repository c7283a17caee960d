/* See picture.h. Pixels are decoded by the loader's threads, textures are made there too: nothing
 * larger than a thumbnail is touched on the main thread. */
#include "ui/picture.h"

#include <string.h>

#include "ui/fitted.h"
#include "ui/loader.h"

#define PROXY_SIDE 2048
#define STAND_IN_GREY 128
#define KEPT_THUMBNAILS 400
#define HEAT_SIDE 40 /* of the longer side: the map's shape, not its detail */

struct _UiPicture
{
  GObject parent_instance;
  char *path, *sha256, *name, *problem, *caption, *failure, *truth_label;
  int width, height;
  GdkTexture *thumbnail, *texture, *proxy, *heat;
  EngImage *image;
  float *probabilities;
  int n_classes, top, truth;
  gboolean explained, lost;
  gboolean wants_image, wants_thumbnail;
  struct _Decode *decode; /* under way; not owned */
  struct _Thumb *thumb;   /* likewise */
  GList *kept;            /* place among the thumbnails that nobody looks at; NULL: not there */
};

/* Pictures whose thumbnail nobody looks at, the longest unseen first. */
static GQueue kept_thumbnails = G_QUEUE_INIT;

/* One trip to a loader thread. The thread writes the results, the main thread the wishes. */
typedef struct _Decode
{
  UiPicture *picture; /* (owned), touched on the main thread only */
  char *path;
  gint wants_image; /* atomic */
  int lost_width, lost_height;
  EngImage *image;
  GdkTexture *texture, *proxy;
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
make_proxy (EngImage *image, GdkTexture *texture)
{
  int side = MAX (eng_image_width (image), eng_image_height (image));
  GdkTexture *proxy = side > PROXY_SIDE * 3 / 2 ? scaled_texture (image, PROXY_SIDE / (double)side) : NULL;
  return proxy ? proxy : g_object_ref (texture);
}

static EngImage *
make_stand_in (const Decode *decode)
{
  g_autofree char *name = g_filename_display_basename (decode->path);
  gsize n = (gsize)decode->lost_width * decode->lost_height * 3;
  g_autofree guint8 *grey = g_malloc (n);
  memset (grey, STAND_IN_GREY, n);
  return eng_image_new (decode->lost_width, decode->lost_height, grey, name);
}

static void
decode_work (gpointer data)
{
  Decode *decode = data;
  if (!g_atomic_int_get (&decode->wants_image))
    return;
  decode->image = decode->lost_width > 0 ? make_stand_in (decode) : eng_image_load (decode->path, &decode->error);
  if (!decode->image || !g_atomic_int_get (&decode->wants_image))
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
set_problem (UiPicture *self, const GError *error)
{
  g_free (self->problem);
  self->problem = g_strdup (error->message);
  self->wants_image = self->wants_thumbnail = FALSE;
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
      if (!self->lost)
        ui_picture_note_sha256 (self, eng_image_sha256 (decode->image));
      if (decode->texture && self->wants_image)
        take_image (self, decode);
    }
  else if (decode->error)
    set_problem (self, decode->error);
  if (decode->image || decode->error)
    changed (self);
  /* Asked for again after the thread had passed it over. */
  if (self->wants_image && !self->image && !self->problem)
    start_decode (self, UI_LOADER_NOW);
  g_clear_pointer (&decode->image, eng_image_unref);
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
  decode->lost_width = self->lost ? self->width : 0;
  decode->lost_height = self->height;
  self->decode = decode;
  ui_loader_push (priority, decode_work, decode_done, decode);
}

/* ---- thumbnails ---- */

/* As a Decode, for the thumbnail alone: hundreds wait in a line that a picture must not stand in. */
typedef struct _Thumb
{
  UiPicture *picture; /* (owned), touched on the main thread only */
  char *path;
  gint wanted; /* atomic */
  EngThumbnail found;
  GdkTexture *texture;
  GError *error;
} Thumb;

static void
thumb_work (gpointer data)
{
  Thumb *thumb = data;
  if (g_atomic_int_get (&thumb->wanted) && eng_thumbnail_load (thumb->path, NULL, &thumb->found, &thumb->error))
    thumb->texture = texture_of (thumb->found.image);
}

static void
forget_kept (UiPicture *self)
{
  if (self->kept)
    g_queue_delete_link (&kept_thumbnails, g_steal_pointer (&self->kept));
}

static void
keep_thumbnail (UiPicture *self)
{
  if (self->kept || !self->thumbnail)
    return;
  g_queue_push_tail (&kept_thumbnails, self);
  self->kept = kept_thumbnails.tail;
  if (kept_thumbnails.length <= KEPT_THUMBNAILS)
    return;
  UiPicture *oldest = kept_thumbnails.head->data;
  forget_kept (oldest);
  g_clear_object (&oldest->thumbnail);
}

static void start_thumb (UiPicture *self);

static void
thumb_done (gpointer data)
{
  Thumb *thumb = data;
  UiPicture *self = thumb->picture;
  self->thumb = NULL;
  if (thumb->texture)
    {
      g_set_object (&self->thumbnail, thumb->texture);
      if (!self->width)
        {
          self->width = thumb->found.width;
          self->height = thumb->found.height;
        }
      if (!self->wants_thumbnail)
        keep_thumbnail (self);
    }
  else if (thumb->error)
    set_problem (self, thumb->error);
  if (thumb->texture || thumb->error)
    changed (self);
  else if (self->wants_thumbnail)
    start_thumb (self);
  eng_thumbnail_clear (&thumb->found);
  g_clear_object (&thumb->texture);
  g_clear_error (&thumb->error);
  g_free (thumb->path);
  g_object_unref (thumb->picture);
  g_free (thumb);
}

static void
start_thumb (UiPicture *self)
{
  Thumb *thumb = g_new0 (Thumb, 1);
  thumb->picture = g_object_ref (self);
  thumb->path = g_strdup (self->path);
  thumb->wanted = TRUE;
  self->thumb = thumb;
  ui_loader_push (UI_LOADER_WHEN_IDLE, thumb_work, thumb_done, thumb);
}

void
ui_picture_want_thumbnail (UiPicture *self, gboolean wanted)
{
  self->wants_thumbnail = wanted && !self->problem && !self->lost;
  if (wanted)
    forget_kept (self);
  else
    keep_thumbnail (self);
  if (self->thumb)
    g_atomic_int_set (&self->thumb->wanted, self->wants_thumbnail);
  else if (self->wants_thumbnail && !self->thumbnail)
    start_thumb (self);
}

/* ---- birth and end ---- */

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
  g_free (self->sha256);
  g_free (self->name);
  g_free (self->problem);
  g_free (self->caption);
  g_free (self->failure);
  g_free (self->truth_label);
  g_free (self->probabilities);
  forget_kept (self);
  g_clear_object (&self->thumbnail);
  g_clear_object (&self->heat);
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
  self->top = self->truth = -1;
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

static void
load (UiPicture *self, int priority)
{
  if (self->image || self->problem)
    return;
  self->wants_image = TRUE;
  if (self->decode)
    g_atomic_int_set (&self->decode->wants_image, TRUE);
  else
    start_decode (self, priority);
}

void
ui_picture_load (UiPicture *self)
{
  load (self, UI_LOADER_NOW);
}

void
ui_picture_prefetch (UiPicture *self)
{
  load (self, UI_LOADER_SOON);
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
  ui_picture_note_sha256 (self, eng_image_sha256 (image));
  changed (self);
}

const char *
ui_picture_sha256 (UiPicture *self)
{
  return self->sha256;
}

void
ui_picture_note_sha256 (UiPicture *self, const char *sha256)
{
  if (g_strcmp0 (self->sha256, sha256) == 0)
    return;
  g_free (self->sha256);
  self->sha256 = g_strdup (sha256);
}

void
ui_picture_set_lost (UiPicture *self, int width, int height)
{
  self->lost = TRUE;
  self->width = width;
  self->height = height;
}

gboolean
ui_picture_lost (UiPicture *self)
{
  return self->lost;
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
  g_clear_pointer (&self->failure, g_free);
  g_clear_object (&self->heat);
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

int
ui_picture_truth (UiPicture *self)
{
  return self->truth;
}

const char *
ui_picture_truth_label (UiPicture *self)
{
  return self->truth_label;
}

void
ui_picture_set_truth (UiPicture *self, int class_index, const char *label)
{
  if (self->truth == class_index && g_strcmp0 (self->truth_label, label) == 0)
    return;
  self->truth = class_index;
  g_free (self->truth_label);
  self->truth_label = g_strdup (label);
  changed (self);
}

gboolean
ui_picture_wrong (UiPicture *self)
{
  return self->truth >= 0 && self->top >= 0 && self->truth != self->top;
}

const char *
ui_picture_failure (UiPicture *self)
{
  return self->failure;
}

void
ui_picture_set_failure (UiPicture *self, const char *reason)
{
  if (g_strcmp0 (self->failure, reason) == 0)
    return;
  g_free (self->failure);
  self->failure = g_strdup (reason);
  changed (self);
}

GdkTexture *
ui_picture_heat (UiPicture *self)
{
  return self->heat;
}

void
ui_picture_set_heat (UiPicture *self, EngHeatmap *map, const UiDisplay *display)
{
  const EngGeometry *g = eng_heatmap_geometry (map);
  double factor = (double)HEAT_SIDE / MAX (g->image_width, g->image_height);
  int width = MAX (1, (int)(g->image_width * factor + 0.5)), height = MAX (1, (int)(g->image_height * factor + 0.5));
  g_autofree float *values = ui_overlay_sample (map, UI_SMOOTHING_SMOOTH, width, height);
  if (!values)
    return;
  UiScale scale;
  guint32 *argb = g_new (guint32, (gsize)width * height);
  ui_display_scale (display, map, &scale);
  ui_overlay_heat (values, (gsize)width * height, &scale, display, argb);
  g_clear_object (&self->heat);
  self->heat = ui_fitted_new (argb, width, height);
  changed (self);
}
