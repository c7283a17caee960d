/* One picture of the strip: its file, a thumbnail once somebody looks, its pixels while it is among
 * the last ones shown, and what the open model says about it. Main thread only. */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

G_BEGIN_DECLS

#define UI_TYPE_PICTURE (ui_picture_get_type ())
G_DECLARE_FINAL_TYPE (UiPicture, ui_picture, UI, PICTURE, GObject)

/* Signal "changed": anything below is different. */
UiPicture *ui_picture_new (const char *path);
const char *ui_picture_path (UiPicture *self);
const char *ui_picture_name (UiPicture *self); /* file name without folder */
char *ui_picture_folder (UiPicture *self);     /* name of its folder; (transfer full) */
int ui_picture_width (UiPicture *self);        /* 0 until it was decoded once */
int ui_picture_height (UiPicture *self);
const char *ui_picture_problem (UiPicture *self);   /* why it cannot be shown; NULL: nothing known */
GdkTexture *ui_picture_thumbnail (UiPicture *self); /* (nullable) */

/* Decodes when no thumbnail is there yet. A picture that scrolls away before its turn is passed over. */
void ui_picture_want_thumbnail (UiPicture *self, gboolean wanted);

/* Pixels: NULL unless loaded. */
EngImage *ui_picture_image (UiPicture *self);
GdkTexture *ui_picture_texture (UiPicture *self); /* at full size */
GdkTexture *
ui_picture_proxy (UiPicture *self); /* at most 2048 a side, for views that show it smaller; may be the texture */
/* Decodes in the background; "changed" follows, with an image or a problem. */
void ui_picture_load (UiPicture *self);
/* Not wanted any more: a decode that has not begun is dropped, one under way only makes the thumbnail. */
void ui_picture_unload (UiPicture *self);
/* Takes an image that is decoded already. */
void ui_picture_adopt (UiPicture *self, EngImage *image);

/* Softmax of the open model: @n values, NULL when not known. */
const float *ui_picture_probabilities (UiPicture *self, int *n);
/* @logits: n values, copied; NULL: forget. @model: names the classes. */
void ui_picture_set_logits (UiPicture *self, EngModel *model, const float *logits);
int ui_picture_top (UiPicture *self); /* most probable class; -1: not known */
/* Under the thumbnail: the top class, or the file name. */
const char *ui_picture_caption (UiPicture *self);
gboolean ui_picture_explained (UiPicture *self);
void ui_picture_set_explained (UiPicture *self, gboolean explained);

G_END_DECLS
