/* See curve-thumbs.h. The pictures are what the model sees, so they are made for fills of any kind, by a loader's
 * thread; the photo stands around them where the model sees a part of it. */
#include "ui/curve-thumbs.h"

#include <math.h>

#include "ui/loader.h"
#include "ui/tip.h"

#define HEIGHT 36
#define MOST_WIDTH 48 /* of a wide picture: it is lower then, so that the table still has room beside the plot */

static const double shares[] = { 0.10, 0.25, 0.50, 0.75 };
#define N G_N_ELEMENTS (shares)

struct _UiCurveThumbs
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkWidget *buttons[N], *views[N];

  /* What the pictures show. */
  EngRanking *ranking;
  EngMasking masking;
  gboolean none; /* there is nothing to rank */
  guint epoch;   /* what comes back from an earlier one finds no listener */
};

G_DEFINE_FINAL_TYPE (UiCurveThumbs, ui_curve_thumbs, GTK_TYPE_WIDGET)

typedef struct
{
  UiCurveThumbs *self;
  guint epoch;
  EngSubject *subject;
  EngRanking *ranking;
  EngMasking masking;
  GBytes *rgb[N]; /* H x W x 3 */
} Make;

static UiThreshold *
threshold_of (UiCurveThumbs *self)
{
  return ui_session_threshold (self->session);
}

/* ---- pictures ---- */

static void
make_work (gpointer data)
{
  Make *make = data;
  gsize n = (gsize)eng_subject_n (make->subject);
  for (guint i = 0; i < N; i++)
    {
      guint8 *rgb = g_malloc (3 * n);
      eng_subject_mask_view (make->subject, make->ranking, &make->masking, eng_share_pixels (shares[i], (int)n), rgb);
      make->rgb[i] = g_bytes_new_take (rgb, 3 * n);
    }
}

/* @rgb: what the model sees, laid over the photo where it lies. (transfer full) (nullable) */
static GdkPaintable *
paint (UiCurveThumbs *self, const EngGeometry *g, GBytes *rgb)
{
  UiPicture *picture = ui_session_picture (self->session);
  GdkTexture *photo = ui_picture_thumbnail (picture) ? ui_picture_thumbnail (picture) : ui_picture_texture (picture);
  float scale = MIN (HEIGHT / (float)g->image_height, MOST_WIDTH / (float)g->image_width);
  float width = (float)g->image_width * scale, height = (float)g->image_height * scale;
  graphene_rect_t all = GRAPHENE_RECT_INIT (0, 0, width, height);
  graphene_rect_t seen = GRAPHENE_RECT_INIT ((float)g->offset_x * scale, (float)g->offset_y * scale,
                                             (float)(g->input_width * g->scale_x) * scale,
                                             (float)(g->input_height * g->scale_y) * scale);
  g_autoptr (GdkTexture) view =
      gdk_memory_texture_new (g->input_width, g->input_height, GDK_MEMORY_R8G8B8, rgb, (gsize)g->input_width * 3);
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  gtk_snapshot_push_clip (snapshot, &all);
  if (photo)
    gtk_snapshot_append_texture (snapshot, photo, &all);
  gtk_snapshot_append_texture (snapshot, view, &seen);
  gtk_snapshot_pop (snapshot);
  return gtk_snapshot_free_to_paintable (snapshot, &all.size);
}

static void
make_done (gpointer data)
{
  Make *make = data;
  UiCurveThumbs *self = make->self;
  const EngGeometry *geometry = eng_subject_geometry (make->subject);
  UiPicture *picture = self->session ? ui_session_picture (self->session) : NULL;
  gboolean fits = picture && make->epoch == self->epoch && geometry->image_width == ui_picture_width (picture);
  for (guint i = 0; i < N; i++)
    {
      g_autoptr (GdkPaintable) paintable = fits ? paint (self, geometry, make->rgb[i]) : NULL;
      if (paintable)
        gtk_picture_set_paintable (GTK_PICTURE (self->views[i]), paintable);
      g_bytes_unref (make->rgb[i]);
    }
  eng_subject_unref (make->subject);
  eng_ranking_unref (make->ranking);
  g_object_unref (self);
  g_free (make);
}

/* ---- in step with the threshold ---- */

static void
update_names (UiCurveThumbs *self, gboolean keeps)
{
  for (guint i = 0; i < N; i++)
    {
      g_autofree char *name =
          g_strdup_printf ("Threshold %.0f %%: that share %s", 100 * shares[i], keeps ? "kept" : "removed");
      ui_tip_set (self->buttons[i], name);
      gtk_accessible_update_property (GTK_ACCESSIBLE (self->buttons[i]), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    }
}

static void
update (UiCurveThumbs *self)
{
  UiThreshold *threshold = threshold_of (self);
  UiSeries *series = ui_threshold_selected (threshold);
  EngSubject *subject = ui_threshold_subject (threshold);
  EngRanking *ranking = series && subject && !series->flat ? ui_threshold_ranking (threshold, series) : NULL;
  EngMasking masking = ui_protocol_masking (ui_threshold_protocol (threshold), ui_threshold_direction (threshold));
  /* The last ones stay until there are others, unless there will be none. */
  gboolean none = !series || series->flat || ui_threshold_problem (threshold);
  if (ranking == self->ranking && none == self->none && eng_masking_equal (&masking, &self->masking))
    return;
  self->none = none;
  g_clear_pointer (&self->ranking, eng_ranking_unref);
  self->ranking = ranking ? eng_ranking_ref (ranking) : NULL;
  self->masking = masking;
  self->epoch++;
  update_names (self, masking.mode == ENG_MASK_KEEP);
  for (guint i = 0; none && i < N; i++)
    gtk_picture_set_paintable (GTK_PICTURE (self->views[i]), NULL);
  if (!ranking)
    return;
  Make *make = g_new0 (Make, 1);
  make->self = g_object_ref (self);
  make->epoch = self->epoch;
  make->subject = eng_subject_ref (subject);
  make->ranking = eng_ranking_ref (ranking);
  make->masking = masking;
  ui_loader_push (UI_LOADER_SOON, make_work, make_done, make);
}

static void
on_clicked (GtkButton *button, UiCurveThumbs *self)
{
  for (guint i = 0; i < N; i++)
    if (GTK_WIDGET (button) == self->buttons[i])
      ui_threshold_set_share (threshold_of (self), shares[i]);
}

/* ---- birth and end ---- */

void
ui_curve_thumbs_set_session (UiCurveThumbs *self, UiSession *session)
{
  UiThreshold *threshold = ui_session_threshold (session);
  self->session = g_object_ref (session);
  g_signal_connect_object (threshold, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold, "scored", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
ui_curve_thumbs_dispose (GObject *object)
{
  UiCurveThumbs *self = UI_CURVE_THUMBS (object);
  self->epoch++;
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->ranking, eng_ranking_unref);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_curve_thumbs_parent_class)->dispose (object);
}

static void
ui_curve_thumbs_class_init (UiCurveThumbsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_curve_thumbs_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "curvethumbs");
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
ui_curve_thumbs_init (UiCurveThumbs *self)
{
  GtkBoxLayout *layout = GTK_BOX_LAYOUT (gtk_widget_get_layout_manager (GTK_WIDGET (self)));
  gtk_box_layout_set_homogeneous (layout, TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, "Points of the curve", -1);
  for (guint i = 0; i < N; i++)
    {
      g_autofree char *percent = g_strdup_printf ("%.0f %%", 100 * shares[i]);
      GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4), *label = gtk_label_new (percent);
      self->views[i] = gtk_picture_new ();
      gtk_widget_set_size_request (self->views[i], HEIGHT, HEIGHT);
      gtk_widget_add_css_class (label, "caption");
      gtk_widget_add_css_class (label, "sl-num");
      gtk_widget_set_halign (box, GTK_ALIGN_CENTER);
      gtk_box_append (GTK_BOX (box), self->views[i]);
      gtk_box_append (GTK_BOX (box), label);
      self->buttons[i] = gtk_button_new ();
      gtk_button_set_has_frame (GTK_BUTTON (self->buttons[i]), FALSE);
      gtk_button_set_child (GTK_BUTTON (self->buttons[i]), box);
      g_signal_connect (self->buttons[i], "clicked", G_CALLBACK (on_clicked), self);
      gtk_widget_set_parent (self->buttons[i], GTK_WIDGET (self));
    }
  update_names (self, FALSE);
}
