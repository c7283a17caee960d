/* See start-page.h. */
#include "ui/start-page.h"

#include "ui/draw/words.h"
#include "ui/recents.h"
#include "ui/sample.h"

struct _UiStartPage
{
  GtkWidget parent_instance;
  GtkWidget *sample, *pictures, *recent;
  GtkLabel *sample_text;
  GtkButton *open_sample, *clear;
  GtkListBox *recent_list;
};

G_DEFINE_FINAL_TYPE (UiStartPage, ui_start_page, GTK_TYPE_WIDGET)

static guint open_signal;

/* ---- the sample ---- */

/* Pictures that are not there are left out: the overlays are drawn by the program itself, with the
 * sample's model (ninja readme-pictures). */
static void
add_picture (UiStartPage *self, const char *file, const char *caption)
{
  g_autofree char *path = ui_sample_path (file);
  g_autoptr (GdkTexture) texture = gdk_texture_new_from_filename (path, NULL);
  if (!texture)
    return;
  GtkWidget *overlay = gtk_overlay_new (), *picture = gtk_picture_new_for_paintable (GDK_PAINTABLE (texture));
  GtkWidget *chip = gtk_label_new (caption);
  gtk_picture_set_content_fit (GTK_PICTURE (picture), GTK_CONTENT_FIT_COVER);
  gtk_picture_set_alternative_text (GTK_PICTURE (picture), caption);
  gtk_widget_set_size_request (overlay, 196, 148);
  gtk_widget_set_overflow (overlay, GTK_OVERFLOW_HIDDEN);
  gtk_widget_add_css_class (overlay, "thumb");
  gtk_widget_add_css_class (chip, "chip");
  gtk_label_set_ellipsize (GTK_LABEL (chip), PANGO_ELLIPSIZE_END);
  gtk_widget_set_tooltip_text (overlay, caption);
  gtk_widget_set_halign (chip, GTK_ALIGN_START);
  gtk_widget_set_valign (chip, GTK_ALIGN_END);
  /* Not the child: the picture's own size must not widen the card. */
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), picture);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), chip);
  gtk_box_append (GTK_BOX (self->pictures), overlay);
}

static void
fill_sample (UiStartPage *self)
{
  g_autofree char *model = ui_sample_model (), *scenes = ui_sample_scenes ();
  gtk_widget_set_visible (self->sample, model && scenes);
  if (!model || !scenes)
    return;
  g_autofree char *classes = g_strdup_printf ("%u", ui_sample_count_classes ());
  g_autofree char *count = ui_sample_number_word (ui_sample_count_scenes ());
  g_autofree char *text =
      g_strdup_printf ("A small classifier with %s classes and %s drawn scenes, ready to explain. "
                       "The first LTX heatmap takes a few seconds.",
                       classes, count);
  gtk_label_set_label (self->sample_text, text);
  add_picture (self, "scenes/harbour-01.png", "Photo");
  add_picture (self, "readme-lighthouse.png", "LTX · lighthouse");
  add_picture (self, "readme-sailboat.png", "LTX · sailboat");
}

/* ---- recent files ---- */

static const char *
icon_for (const char *kind)
{
  static const char *const rows[][2] = { { "model", "sl-model-symbolic" },
                                         { "folder", "sl-folder-symbolic" },
                                         { "picture", "sl-picture-symbolic" } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i][0], kind))
      return rows[i][1];
  return "sl-picture-symbolic";
}

static GtkWidget *
make_label (const char *text, const char *css_class)
{
  GtkWidget *label = gtk_label_new (text);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
  if (css_class)
    gtk_widget_add_css_class (label, css_class);
  return label;
}

static GtkWidget *
make_row (gpointer item, gpointer unused)
{
  UiRecent *recent = item;
  GtkWidget *row = gtk_list_box_row_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 10);
  GtkWidget *text = gtk_box_new (GTK_ORIENTATION_VERTICAL, 1);
  g_autofree char *name = g_filename_display_basename (ui_recent_path (recent)), *when = ui_recent_when (recent);
  g_autofree char *kind = ui_words_capital (ui_recent_kind (recent));
  g_autofree char *detail = g_strdup_printf ("%s · %s", kind, ui_recent_detail (recent));
  gtk_box_append (GTK_BOX (text), make_label (name, NULL));
  gtk_box_append (GTK_BOX (text), make_label (detail, "sl-dim"));
  gtk_widget_set_hexpand (text, TRUE);
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name (icon_for (ui_recent_kind (recent))));
  gtk_box_append (GTK_BOX (box), text);
  gtk_box_append (GTK_BOX (box), make_label (when, "sl-dim"));
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_widget_set_tooltip_text (row, ui_recent_path (recent));
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, detail, -1);
  g_object_set_data_full (G_OBJECT (row), "path", g_strdup (ui_recent_path (recent)), g_free);
  return row;
}

static void
on_recents_changed (UiStartPage *self)
{
  gtk_widget_set_visible (self->recent, g_list_model_get_n_items (ui_recents ()) > 0);
}

static void
on_row_activated (UiStartPage *self, GtkListBoxRow *row)
{
  g_signal_emit (self, open_signal, 0, g_object_get_data (G_OBJECT (row), "path"));
}

/* ---- birth and end ---- */

GtkWidget *
ui_start_page_default (UiStartPage *self)
{
  return GTK_WIDGET (self->open_sample);
}

static void
ui_start_page_dispose (GObject *object)
{
  UiStartPage *self = UI_START_PAGE (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (ui_start_page_parent_class)->dispose (object);
}

static void
ui_start_page_class_init (UiStartPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_start_page_dispose;
  open_signal = g_signal_new ("open", UI_TYPE_START_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                              G_TYPE_STRING);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/start-page.ui");
  gtk_widget_class_bind_template_child (widget_class, UiStartPage, sample);
  gtk_widget_class_bind_template_child (widget_class, UiStartPage, pictures);
  gtk_widget_class_bind_template_child (widget_class, UiStartPage, sample_text);
  gtk_widget_class_bind_template_child (widget_class, UiStartPage, open_sample);
  gtk_widget_class_bind_template_child (widget_class, UiStartPage, recent);
  gtk_widget_class_bind_template_child (widget_class, UiStartPage, recent_list);
  gtk_widget_class_bind_template_child (widget_class, UiStartPage, clear);
}

static void
ui_start_page_init (UiStartPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  fill_sample (self);
  gtk_list_box_bind_model (self->recent_list, ui_recents (), make_row, NULL, NULL);
  g_signal_connect_object (ui_recents (), "items-changed", G_CALLBACK (on_recents_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_swapped (self->recent_list, "row-activated", G_CALLBACK (on_row_activated), self);
  g_signal_connect (self->clear, "clicked", G_CALLBACK (ui_recents_clear), NULL);
  on_recents_changed (self);
}
