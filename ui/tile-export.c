/* See tile-export.h. Pictures are drawn by the code that draws the command line's overlays. */
#include "ui/tile-export.h"

#include <math.h>
#include <string.h>

#include "ui/draw/png-file.h"
#include "ui/loader.h"

/* One file on its way out. */
typedef struct
{
  UiSession *session;
  EngImage *image;
  EngHeatmap *map;
  UiDisplay display;
  UiScale scale;
  gboolean as_picture;
  char *path;
  GError *error;
} Export;

static void
export_free (Export *self)
{
  g_object_unref (self->session);
  eng_image_unref (self->image);
  eng_heatmap_unref (self->map);
  g_clear_error (&self->error);
  g_free (self->path);
  g_free (self);
}

static Export *
export_new (UiSession *session, UiSlot *slot)
{
  EngImage *image = ui_session_picture (session) ? ui_picture_image (ui_session_picture (session)) : NULL;
  if (!image || !ui_slot_map (slot))
    return NULL;
  Export *self = g_new0 (Export, 1);
  self->session = g_object_ref (session);
  self->image = eng_image_ref (image);
  self->map = eng_heatmap_ref (ui_slot_map (slot));
  self->display = *ui_session_display (session);
  ui_session_scale (session, slot, &self->scale);
  return self;
}

static GBytes *
encode_picture (Export *self, GError **error)
{
  g_autofree guint8 *rgb = ui_overlay_render_with (self->image, self->map, &self->display, &self->scale, error);
  return rgb ? ui_png_encode (rgb, eng_image_width (self->image), eng_image_height (self->image), error) : NULL;
}

static GBytes *
encode_map (Export *self)
{
  EngShape shape = {
    3, { eng_heatmap_channels (self->map), eng_heatmap_rows (self->map), eng_heatmap_cols (self->map) }
  };
  return eng_npy_encode (eng_heatmap_values (self->map), &shape);
}

static void
export_work (gpointer data)
{
  Export *self = data;
  g_autoptr (GBytes) bytes = self->as_picture ? encode_picture (self, &self->error) : encode_map (self);
  if (bytes)
    eng_write_atomically (self->path, bytes, &self->error);
}

static void
export_done (gpointer data)
{
  Export *self = data;
  if (self->error)
    g_signal_emit_by_name (self->session, "problem", self->error->message, "");
  export_free (self);
}

static void
on_chosen (GtkNativeDialog *dialog, int response, Export *self)
{
  g_autoptr (GFile) file =
      response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  self->path = file ? g_file_get_path (file) : NULL;
  if (self->path)
    ui_loader_push (UI_LOADER_NOW, export_work, export_done, self);
  else
    export_free (self);
  g_object_unref (dialog);
}

/* "harbour-01.ltx.png", as the command line names its files. */
static void
ask (GtkWidget *tile, Export *self, UiSlot *slot, const char *title, const char *extension)
{
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (title, GTK_WINDOW (gtk_widget_get_root (tile)),
                                                              GTK_FILE_CHOOSER_ACTION_SAVE, "_Save", "_Cancel");
  const char *picture = eng_image_name (self->image), *dot = strrchr (picture, '.');
  g_autofree char *name = g_strdup_printf ("%.*s.%s.%s", (int)(dot ? dot - picture : (gssize)strlen (picture)),
                                           picture, ui_slot_method (slot)->id, extension);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect (dialog, "response", G_CALLBACK (on_chosen), self);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

void
ui_tile_save_picture (GtkWidget *tile, UiSession *session, UiSlot *slot)
{
  Export *self = export_new (session, slot);
  if (!self)
    return;
  self->as_picture = TRUE;
  ask (tile, self, slot, "Save Picture", "png");
}

void
ui_tile_save_map (GtkWidget *tile, UiSession *session, UiSlot *slot)
{
  Export *self = export_new (session, slot);
  if (self)
    ask (tile, self, slot, "Save Map", "npy");
}

void
ui_tile_copy_picture (GtkWidget *tile, UiSession *session, UiSlot *slot)
{
  Export *self = export_new (session, slot);
  if (!self)
    return;
  g_autoptr (GError) error = NULL;
  guint8 *rgb = ui_overlay_render_with (self->image, self->map, &self->display, &self->scale, &error);
  if (rgb)
    {
      int width = eng_image_width (self->image), height = eng_image_height (self->image);
      g_autoptr (GBytes) bytes = g_bytes_new_take (rgb, (gsize)width * height * 3);
      g_autoptr (GdkTexture) texture =
          gdk_memory_texture_new (width, height, GDK_MEMORY_R8G8B8, bytes, (gsize)width * 3);
      gdk_clipboard_set_texture (gtk_widget_get_clipboard (tile), texture);
    }
  else
    g_signal_emit_by_name (session, "problem", error->message, "");
  export_free (self);
}

static void
append_line (GString *text, const char *name, const char *value)
{
  if (value && *value)
    g_string_append_printf (text, "%s: %s\n", name, value);
}

void
ui_tile_copy_provenance (GtkWidget *tile, UiSlot *slot)
{
  if (!ui_slot_map (slot))
    return;
  const EngProvenance *p = eng_heatmap_provenance (ui_slot_map (slot));
  GString *text = g_string_new (NULL);
  const struct
  {
    const char *name, *value;
  } lines[] = {
    { "Method", p->method_name },
    { "Values", p->values },
    { "Layer", p->layer },
    { "Selected", p->selected },
    { "Class", p->class_name },
    { "Rather than", p->contrast_name },
    { "Model", p->model_name },
    { "Model SHA-256", p->model_sha256 },
    { "Picture", p->image_name },
    { "Picture SHA-256", p->image_sha256 },
    { "Preprocessing", p->preprocessing },
    { "Kernels", p->kernels },
    { "Sightline", p->version },
  };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    append_line (text, lines[i].name, lines[i].value);
  if (!isnan (p->probability)) /* of a map that another program made it is not known */
    g_string_append_printf (text, "Probability: %.6f\nSeed: %" G_GUINT64_FORMAT "\n", p->probability, p->seed);
  gdk_clipboard_set_text (gtk_widget_get_clipboard (tile), text->str);
  g_string_free (text, TRUE);
}
