/* One picture of the strip: its file, a thumbnail while somebody looks, its pixels while it is among
 * the last ones shown, what it is said to show, and what the open model says. Main thread only. */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"
#include "ui/draw/overlay.h"

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

/* From the user's cache of thumbnails, or made. A picture that scrolls away before its turn is passed over; of those
 * that nobody looks at any more the last few hundred keep theirs. */
void ui_picture_want_thumbnail (UiPicture *self, gboolean wanted);

/* Pixels: NULL unless loaded. */
EngImage *ui_picture_image (UiPicture *self);
GdkTexture *ui_picture_texture (UiPicture *self); /* at full size */
GdkTexture *
ui_picture_proxy (UiPicture *self); /* at most 2048 a side, for views that show it smaller; may be the texture */
/* Decodes in the background; "changed" follows, with an image or a problem. */
void ui_picture_load (UiPicture *self);
/* The same, after everything that somebody waits for. */
void ui_picture_prefetch (UiPicture *self);
/* Not wanted any more: a decode that has not begun is dropped. */
void ui_picture_unload (UiPicture *self);
/* Takes an image that is decoded already. */
void ui_picture_adopt (UiPicture *self, EngImage *image);

/* Digest of the file as it was last read, or as a session noted it; (nullable). */
const char *ui_picture_sha256 (UiPicture *self);
void ui_picture_note_sha256 (UiPicture *self, const char *sha256);
/* Its file is gone, but its maps are not: a grey picture of that size stands in. */
void ui_picture_set_lost (UiPicture *self, int width, int height);
gboolean ui_picture_lost (UiPicture *self);

/* Softmax of the open model: @n values, NULL when not known. */
const float *ui_picture_probabilities (UiPicture *self, int *n);
/* @logits: n values, copied; NULL: forget. @model: names the classes. */
void ui_picture_set_logits (UiPicture *self, EngModel *model, const float *logits);
int ui_picture_top (UiPicture *self); /* most probable class; -1: not known */
/* What it is said to show: class of the open model, -1 for none; @label as it was written, (nullable). */
int ui_picture_truth (UiPicture *self);
const char *ui_picture_truth_label (UiPicture *self);
void ui_picture_set_truth (UiPicture *self, int class_index, const char *label);
gboolean ui_picture_wrong (UiPicture *self); /* both are known and differ */
/* Under the thumbnail: the top class, or the file name. */
const char *ui_picture_caption (UiPicture *self);
gboolean ui_picture_explained (UiPicture *self);
void ui_picture_set_explained (UiPicture *self, gboolean explained);
/* Why a method has no map of it; NULL: nothing known. */
const char *ui_picture_failure (UiPicture *self);
void ui_picture_set_failure (UiPicture *self, const char *reason);
/* LTX's map to lie over the thumbnail; (nullable). Small: ten thousand of them fit. */
GdkTexture *ui_picture_heat (UiPicture *self);
void ui_picture_set_heat (UiPicture *self, EngHeatmap *map, const UiDisplay *display);

G_END_DECLS
