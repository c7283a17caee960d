/* The pictures of the stages of preprocessing, made by the loader's threads. */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

G_BEGIN_DECLS

typedef struct
{
  GdkTexture *resized;   /* as it is cut out for the model */
  GdkTexture *planes[3]; /* channels of the input in its own order; NULL past the last */
  GdkTexture *seen;      /* the input drawn back as a picture, first channel as red */
  double lo[3], hi[3];   /* of each channel of the input */
} UiModelViews;

void ui_model_views_clear (UiModelViews *self);
/* @done: on the main context; @views is NULL with an error. What it wants to keep it takes a reference of. */
void ui_model_views_make (EngModel *model, EngImage *image,
                          void (*done) (const UiModelViews *views, const GError *error, gpointer data),
                          gpointer data);

G_END_DECLS
