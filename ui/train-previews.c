/* See train-previews.h. */
#include "ui/train-previews.h"

#include "ui/loader.h"

#define SIDE 116 /* of a picture, at least */

struct _UiTrainPreviews
{
  GtkWidget parent_instance;
  GtkWidget *pictures[ENG_TRAINING_PREVIEWS];
  EngTrainingStatus *wanted, *drawn; /* newest; (nullable) */
  const EngExplainerKind *kind;
  UiDisplay display;
  gboolean drawing;
};

G_DEFINE_FINAL_TYPE (UiTrainPreviews, ui_train_previews, GTK_TYPE_WIDGET)

typedef struct
{
  UiTrainPreviews *view; /* weak */
  EngTrainingStatus *status;
  EngSign sign;
  UiDisplay display;
  GBytes *rgb[ENG_TRAINING_PREVIEWS]; /* view_height x view_width x 3; NULL: no memory */
} Draw;

/* ---- on a loader thread ---- */

/* The pictures are as the model sees them, so that a map covers the whole. (transfer full) */
static EngHeatmap *
make_map (const EngTrainingStatus *s, int i, EngSign sign)
{
  int w = s->view_width, h = s->view_height;
  EngGeometry geometry = { w, h, w, h, 1, 1, 0, 0, 0, 0, w, h };
  EngProvenance provenance = { .notes = eng_notes_new () };
  return eng_heatmap_new (s->previews + (gsize)i * s->preview_rows * s->preview_cols, 1, s->preview_rows,
                          s->preview_cols, sign, ENG_UPSAMPLE_BILINEAR, &geometry, &provenance);
}

static void
draw (gpointer data)
{
  Draw *d = data;
  const EngTrainingStatus *s = d->status;
  gsize size = 3 * (gsize)s->view_width * s->view_height;
  for (int i = 0; i < s->n_previews; i++)
    {
      g_autoptr (EngImage) image = eng_image_new (s->view_width, s->view_height, s->views + i * size, "");
      g_autoptr (EngHeatmap) map = make_map (s, i, d->sign);
      guint8 *rgb = ui_overlay_render (image, map, &d->display, NULL, NULL);
      d->rgb[i] = rgb ? g_bytes_new_take (rgb, size) : NULL;
    }
}

/* ---- on the main thread ---- */

static void start (UiTrainPreviews *self);

static void
show (UiTrainPreviews *self, Draw *d)
{
  const EngTrainingStatus *s = d->status;
  for (int i = 0; i < ENG_TRAINING_PREVIEWS; i++)
    {
      g_autoptr (GdkTexture) texture = d->rgb[i]
                                           ? gdk_memory_texture_new (s->view_width, s->view_height, GDK_MEMORY_R8G8B8,
                                                                     d->rgb[i], 3 * (gsize)s->view_width)
                                           : NULL;
      g_autofree char *words = g_strdup_printf ("Held-out picture %d after %d steps", i + 1, s->step);
      gtk_picture_set_paintable (GTK_PICTURE (self->pictures[i]), GDK_PAINTABLE (texture));
      gtk_picture_set_alternative_text (GTK_PICTURE (self->pictures[i]), words);
      gtk_widget_set_visible (self->pictures[i], texture != NULL);
    }
  g_clear_pointer (&self->drawn, eng_training_status_unref);
  self->drawn = eng_training_status_ref (d->status);
}

static void
drawn (gpointer data)
{
  Draw *d = data;
  UiTrainPreviews *self = d->view;
  if (self)
    {
      self->drawing = FALSE;
      show (self, d);
      if (self->wanted != d->status)
        start (self);
    }
  g_clear_weak_pointer (&d->view);
  eng_training_status_unref (d->status);
  for (int i = 0; i < ENG_TRAINING_PREVIEWS; i++)
    g_clear_pointer (&d->rgb[i], g_bytes_unref);
  g_free (d);
}

static void
start (UiTrainPreviews *self)
{
  const EngMethod *method = eng_method_find (self->kind->method, NULL);
  Draw *d = g_new0 (Draw, 1);
  self->drawing = TRUE;
  d->status = eng_training_status_ref (self->wanted);
  d->sign = method ? method->sign : ENG_SIGN_UNSIGNED;
  d->display = self->display;
  d->display.mode = UI_MODE_OVERLAY;
  g_set_weak_pointer (&d->view, self);
  ui_loader_push (UI_LOADER_SOON, draw, drawn, d);
}

/* Maps come with judgements. */
static gboolean
shows_the_same (const EngTrainingStatus *a, const EngTrainingStatus *b)
{
  return a->n_previews == b->n_previews && a->marks->len == b->marks->len;
}

void
ui_train_previews_set (UiTrainPreviews *self, EngTrainingStatus *status, const EngExplainerKind *kind,
                       const UiDisplay *display)
{
  if (self->wanted && shows_the_same (self->wanted, status) && self->kind == kind)
    return;
  g_clear_pointer (&self->wanted, eng_training_status_unref);
  self->wanted = eng_training_status_ref (status);
  self->kind = kind;
  self->display = *display;
  if (!self->drawing)
    start (self);
}

gboolean
ui_train_previews_is_drawn (UiTrainPreviews *self)
{
  return self->wanted && self->drawn && shows_the_same (self->wanted, self->drawn) && self->drawn->n_previews > 0;
}

/* ---- life ---- */

static void
ui_train_previews_dispose (GObject *object)
{
  UiTrainPreviews *self = UI_TRAIN_PREVIEWS (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->wanted, eng_training_status_unref);
  g_clear_pointer (&self->drawn, eng_training_status_unref);
  G_OBJECT_CLASS (ui_train_previews_parent_class)->dispose (object);
}

static void
ui_train_previews_class_init (UiTrainPreviewsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_train_previews_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
ui_train_previews_init (UiTrainPreviews *self)
{
  GtkBoxLayout *layout = GTK_BOX_LAYOUT (gtk_widget_get_layout_manager (GTK_WIDGET (self)));
  gtk_box_layout_set_spacing (layout, 8);
  gtk_box_layout_set_homogeneous (layout, TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, "Held-out pictures", -1);
  for (int i = 0; i < ENG_TRAINING_PREVIEWS; i++)
    {
      self->pictures[i] = gtk_picture_new ();
      gtk_widget_set_size_request (self->pictures[i], SIDE, SIDE);
      gtk_widget_set_hexpand (self->pictures[i], TRUE);
      gtk_widget_set_parent (self->pictures[i], GTK_WIDGET (self));
      gtk_widget_set_visible (self->pictures[i], FALSE);
    }
}

GtkWidget *
ui_train_previews_new (void)
{
  return g_object_new (UI_TYPE_TRAIN_PREVIEWS, NULL);
}
