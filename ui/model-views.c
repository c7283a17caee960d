/* See model-views.h. A channel is drawn over -2.5 to 2.5, which holds every usual normalisation; one that goes far
 * beyond (0 to 255 less a mean) over as much as it needs, so that a wrong range looks wrong and not just grey. */
#include "ui/model-views.h"

#include <math.h>

#include "ui/loader.h"

#define USUAL 2.5
#define FAR 5

typedef struct
{
  EngModel *model;
  EngImage *image;
  UiModelViews views;
  GError *error;
  void (*done) (const UiModelViews *views, const GError *error, gpointer data);
  gpointer data;
} Make;

void
ui_model_views_clear (UiModelViews *self)
{
  g_clear_object (&self->resized);
  g_clear_object (&self->seen);
  for (int c = 0; c < 3; c++)
    g_clear_object (&self->planes[c]);
}

/* @rgb: taken over */
static GdkTexture *
texture_of (guint8 *rgb, int width, int height)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (rgb, (gsize)width * height * 3);
  return gdk_memory_texture_new (width, height, GDK_MEMORY_R8G8B8, bytes, (gsize)width * 3);
}

static guint8
level (float value, double reach)
{
  return (guint8)CLAMP (lrint ((value / reach + 1) * 127.5), 0, 255);
}

static void
draw_input (UiModelViews *views, const float *input, const EngPreprocess *p)
{
  gsize n = (gsize)p->width * p->height;
  double largest = 0;
  for (int c = 0; c < p->channels; c++)
    {
      views->lo[c] = INFINITY;
      views->hi[c] = -INFINITY;
      for (gsize i = 0; i < n; i++)
        {
          views->lo[c] = fmin (views->lo[c], input[c * n + i]);
          views->hi[c] = fmax (views->hi[c], input[c * n + i]);
        }
      largest = fmax (largest, fmax (-views->lo[c], views->hi[c]));
    }
  double reach = largest > FAR ? largest : USUAL;
  guint8 *seen = g_malloc (n * 3);
  for (int c = 0; c < 3; c++)
    {
      const float *plane = input + (p->channels == 3 ? c : 0) * n;
      guint8 *grey = c < p->channels ? g_malloc (n * 3) : NULL;
      for (gsize i = 0; i < n; i++)
        {
          seen[i * 3 + c] = level (plane[i], reach);
          if (grey)
            grey[i * 3] = grey[i * 3 + 1] = grey[i * 3 + 2] = seen[i * 3 + c];
        }
      if (grey)
        views->planes[c] = texture_of (grey, p->width, p->height);
    }
  views->seen = texture_of (seen, p->width, p->height);
}

static void
make_work (gpointer data)
{
  Make *make = data;
  const EngPreprocess *p = eng_model_preprocess (make->model);
  guint8 *view = eng_preprocess_view (p, make->image, &make->error);
  g_autofree float *input = view ? eng_model_input (make->model, make->image, &make->error) : NULL;
  if (input)
    draw_input (&make->views, input, p);
  if (view)
    make->views.resized = texture_of (view, p->width, p->height);
}

static void
make_done (gpointer data)
{
  Make *make = data;
  make->done (make->error ? NULL : &make->views, make->error, make->data);
  g_object_unref (make->model);
  eng_image_unref (make->image);
  ui_model_views_clear (&make->views);
  g_clear_error (&make->error);
  g_free (make);
}

void
ui_model_views_make (EngModel *model, EngImage *image,
                     void (*done) (const UiModelViews *views, const GError *error, gpointer data), gpointer data)
{
  Make *make = g_new0 (Make, 1);
  make->model = g_object_ref (model);
  make->image = eng_image_ref (image);
  make->done = done;
  make->data = data;
  ui_loader_push (UI_LOADER_NOW, make_work, make_done, make);
}
