/* Figures in the window: adding to the figure, exporting and copying it, opening one again. Everything that touches a
 * file or encodes is done by the loader's threads. See window-private.h. */
#include "ui/composer.h"
#include "ui/draw/figure-export.h"
#include "ui/draw/figure-open.h"
#include "ui/draw/figure-words.h"
#include "ui/loader.h"
#include "ui/settings.h"
#include "ui/window-private.h"

#define COPY_DPI 300.0

static UiComposer *
composer_of (UiWindow *self)
{
  return ui_session_composer (self->session);
}

/* ---- adding ---- */

static void
tell_added (UiWindow *self, const char *what)
{
  const UiFigure *figure = ui_composer_figure (composer_of (self));
  g_autofree char *text =
      g_strdup_printf ("%s: in the figure, %u × %u panels", what, figure->rows->len, figure->columns->len);
  ui_toast_show (self->toast, text, "Show Figure", "win.page::figure");
}

/* F: the selected tile; on the Threshold page what stands there. */
void
ui_window_add_to_figure (UiWindow *self, GVariant *unused)
{
  const char *page = ui_window_page (self);
  g_autofree char *why = NULL;
  if (g_strcmp0 (page, "threshold") == 0)
    {
      GtkWidget *focus = gtk_root_get_focus (GTK_ROOT (self));
      gboolean plot = focus && g_str_equal (gtk_widget_get_css_name (focus), "curveplot");
      if (plot)
        ui_composer_add_plot (composer_of (self));
      else
        ui_composer_add_masked (composer_of (self), NULL);
      tell_added (self, plot ? "Curves" : "Masked pictures");
      return;
    }
  UiJobTile *tile = ui_tile_grid_selected (self->grid);
  UiSlot *slot = tile ? ui_job_tile_slot (tile) : NULL;
  if (ui_composer_add_slot (composer_of (self), slot, &why))
    tell_added (self, slot ? ui_slot_name (slot) : "Photo");
  else
    ui_toast_show (self->toast, why, NULL, NULL);
}

void
ui_window_add_masked (UiWindow *self, GVariant *place)
{
  GListModel *list = ui_threshold_series (ui_session_threshold (self->session));
  g_autoptr (UiSeries) series = g_list_model_get_item (list, g_variant_get_uint32 (place));
  if (!series || !series->slot)
    return;
  ui_composer_add_masked (composer_of (self), series->slot);
  tell_added (self, ui_series_name (series));
}

/* The rectangle of the selected row becomes what the selected tile of Inspect shows; its middle where that is all. */
void
ui_window_figure_zoom (UiWindow *self, GVariant *unused)
{
  UiHeatmapView *view = ui_tile_grid_selected_view (self->grid);
  UiFigureRow *row =
      ui_figure_row (ui_composer_figure (composer_of (self)), ui_composer_selected (composer_of (self)));
  UiFrame frame;
  graphene_rect_t place;
  if (!row)
    return;
  row->x0 = row->y0 = 0.25;
  row->x1 = row->y1 = 0.75;
  if (!view || !ui_heatmap_view_frame (view, &frame) || ui_viewport_fits (ui_heatmap_view_viewport (view)))
    return;
  ui_viewport_place (ui_heatmap_view_viewport (view), &frame, &place);
  double x0 = -place.origin.x / place.size.width, y0 = -place.origin.y / place.size.height;
  double x1 = x0 + frame.width / place.size.width, y1 = y0 + frame.height / place.size.height;
  x0 = CLAMP (x0, 0, 0.99);
  y0 = CLAMP (y0, 0, 0.99);
  row->x0 = x0;
  row->y0 = y0;
  row->x1 = CLAMP (x1, x0 + 0.01, 1);
  row->y1 = CLAMP (y1, y0 + 0.01, 1);
}

/* ---- exporting ---- */

typedef struct
{
  UiWindow *window; /* owned */
  UiFigureDrawing *drawing;
  UiFigureExport options;
  char *path;
  char **written;
  GError *error;
} Export;

static void
export_free (Export *export)
{
  g_object_unref (export->window);
  ui_figure_drawing_unref (export->drawing);
  g_free (export->path);
  g_strfreev (export->written);
  g_clear_error (&export->error);
  g_free (export);
}

static void
export_work (gpointer data)
{
  Export *export = data;
  export->written = ui_figure_export (export->drawing, &export->options, export->path, &export->error);
}

static void run_export (Export *export);

static void
on_replace (GtkDialog *dialog, int response, Export *export)
{
  gtk_window_destroy (GTK_WINDOW (dialog));
  export->options.force = TRUE;
  if (response == GTK_RESPONSE_ACCEPT)
    run_export (export);
  else
    export_free (export);
}

/* The file dialog asked about the figure itself, not about what is written beside it. */
static void
ask_replace (Export *export)
{
  GtkWidget *dialog = gtk_message_dialog_new (GTK_WINDOW (export->window), GTK_DIALOG_MODAL, GTK_MESSAGE_QUESTION,
                                              GTK_BUTTONS_NONE, "Replace what is there?");
  gtk_message_dialog_format_secondary_text (GTK_MESSAGE_DIALOG (dialog), "%s", export->error->message);
  gtk_dialog_add_buttons (GTK_DIALOG (dialog), "_Cancel", GTK_RESPONSE_CANCEL, "_Replace", GTK_RESPONSE_ACCEPT, NULL);
  gtk_dialog_set_default_response (GTK_DIALOG (dialog), GTK_RESPONSE_CANCEL);
  g_clear_error (&export->error);
  g_signal_connect (dialog, "response", G_CALLBACK (on_replace), export);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
export_done (gpointer data)
{
  Export *export = data;
  UiWindow *self = export->window;
  if (!self->session) /* closed meanwhile; the file is there all the same */
    ;
  else if (export->written)
    {
      g_autofree char *name = g_filename_display_basename (export->path);
      g_autofree char *text = g_strdup_printf ("Exported %s", name);
      g_free (self->exported);
      self->exported = g_strdup (export->path);
      ui_toast_show (self->toast, text, "Show in Folder", "win.show-export");
      ui_window_update_status (self);
    }
  else if (g_error_matches (export->error, G_IO_ERROR, G_IO_ERROR_EXISTS) && !export->options.force)
    {
      ask_replace (export);
      return;
    }
  else
    ui_window_tell_problem (self, export->error->message, "win.export-figure");
  export_free (export);
}

static void
run_export (Export *export)
{
  ui_loader_push (UI_LOADER_NOW, export_work, export_done, export);
}

static void
on_export_chosen (GtkNativeDialog *dialog, int response, Export *export)
{
  g_autoptr (GFile) file =
      response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  export->path = file ? g_file_get_path (file) : NULL;
  UiFigureFormat format;
  if (export->path && ui_figure_format_find (export->path, &format))
    export->options.format = format; /* the name says it */
  if (export->path)
    run_export (export);
  else
    export_free (export);
  g_object_unref (dialog);
}

static gboolean
has_figure (UiWindow *self)
{
  gboolean has = ui_composer_drawing (composer_of (self)) && !ui_composer_is_empty (composer_of (self));
  if (!has)
    ui_toast_show (self->toast, "There is no figure yet. Press F on a tile to begin one.", NULL, NULL);
  return has;
}

void
ui_window_export_to (UiWindow *self, const char *path)
{
  Export *export = g_new0 (Export, 1);
  export->window = g_object_ref (self);
  export->drawing = ui_figure_drawing_ref (ui_composer_drawing (composer_of (self)));
  ui_figure_pane_options (self->figure_pane, &export->options);
  export->path = g_strdup (path);
  run_export (export);
}

void
ui_window_export_figure (UiWindow *self, GVariant *unused)
{
  if (!has_figure (self))
    return;
  Export *export = g_new0 (Export, 1);
  export->window = g_object_ref (self);
  export->drawing = ui_figure_drawing_ref (ui_composer_drawing (composer_of (self)));
  ui_figure_pane_options (self->figure_pane, &export->options);
  export->options.force = FALSE;
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new ("Export Figure", GTK_WINDOW (self),
                                                              GTK_FILE_CHOOSER_ACTION_SAVE, "_Export", "_Cancel");
  g_autofree char *name =
      g_strconcat ("sightline-fig1", ui_figure_format_info (export->options.format)->suffix, NULL);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect (dialog, "response", G_CALLBACK (on_export_chosen), export);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

void
ui_window_show_export (UiWindow *self, GVariant *unused)
{
  if (!self->exported)
    return;
  g_autofree char *folder = g_path_get_dirname (self->exported);
  g_autofree char *uri = g_filename_to_uri (folder, NULL, NULL);
  gtk_show_uri (GTK_WINDOW (self), uri, GDK_CURRENT_TIME);
}

/* ---- copying ---- */

typedef struct
{
  UiWindow *window; /* owned */
  UiFigureDrawing *drawing;
  GBytes *bytes[UI_N_FORMATS]; /* NULL: could not be made */
} Copy;

static const char *const types[UI_N_FORMATS] = {
  [UI_FORMAT_PDF] = "application/pdf",
  [UI_FORMAT_SVG] = "image/svg+xml",
  [UI_FORMAT_PNG] = "image/png",
};

static void
copy_work (gpointer data)
{
  Copy *copy = data;
  for (int i = 0; i < UI_N_FORMATS; i++)
    {
      UiFigureExport options;
      ui_figure_export_init (&options);
      options.format = (UiFigureFormat)i;
      options.dpi = COPY_DPI;
      copy->bytes[i] = ui_figure_encode (copy->drawing, &options, 0, NULL);
    }
}

static void
copy_done (gpointer data)
{
  Copy *copy = data;
  g_autoptr (GPtrArray) providers = g_ptr_array_new ();
  for (int i = 0; i < UI_N_FORMATS; i++)
    if (copy->bytes[i])
      g_ptr_array_add (providers, gdk_content_provider_new_for_bytes (types[i], copy->bytes[i]));
  if (copy->window->session && providers->len > 0)
    {
      g_autoptr (GdkContentProvider) all =
          gdk_content_provider_new_union ((GdkContentProvider **)providers->pdata, providers->len);
      gdk_clipboard_set_content (gtk_widget_get_clipboard (GTK_WIDGET (copy->window)), all);
      ui_toast_show (copy->window->toast, "Copied the figure", NULL, NULL);
    }
  for (int i = 0; i < UI_N_FORMATS; i++)
    g_clear_pointer (&copy->bytes[i], g_bytes_unref);
  g_object_unref (copy->window);
  ui_figure_drawing_unref (copy->drawing);
  g_free (copy);
}

static void
copy_figure (UiWindow *self)
{
  Copy *copy = g_new0 (Copy, 1);
  copy->window = g_object_ref (self);
  copy->drawing = ui_figure_drawing_ref (ui_composer_drawing (composer_of (self)));
  ui_loader_push (UI_LOADER_NOW, copy_work, copy_done, copy);
}

static char *
latex_of (const UiFigureDrawing *drawing)
{
  return ui_figure_latex (drawing, "sightline-fig1.pdf");
}

/* @what: "figure", or one of the texts. */
void
ui_window_copy_figure (UiWindow *self, GVariant *what)
{
  static const struct
  {
    const char *id, *done;
    char *(*text) (const UiFigureDrawing *drawing);
  } texts[] = { { "caption", "Copied the caption", ui_figure_caption },
                { "latex", "Copied the LaTeX", latex_of },
                { "table", "Copied the table", ui_figure_latex_table } };
  const char *id = g_variant_get_string (what, NULL);
  if (!has_figure (self))
    return;
  if (g_str_equal (id, "figure"))
    copy_figure (self);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (g_str_equal (id, texts[i].id))
      {
        g_autofree char *text = texts[i].text (ui_composer_drawing (composer_of (self)));
        if (text)
          gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
        ui_toast_show (self->toast, text ? texts[i].done : "The figure has no scores to put into a table", NULL,
                       NULL);
      }
}

/* ---- opening again ---- */

typedef struct
{
  UiWindow *window; /* owned */
  char *path;
  UiFigure *figure;
  guint lost;
  GError *error;
} Open;

static void
open_work (gpointer data)
{
  Open *open = data;
  open->figure = ui_figure_open (open->path, &open->error);
  if (open->figure)
    open->lost = ui_figure_locate (open->figure, open->path, NULL);
}

static void
open_done (gpointer data)
{
  Open *open = data;
  UiWindow *self = open->window;
  if (self->session && open->figure)
    {
      ui_composer_take (composer_of (self), g_steal_pointer (&open->figure));
      ui_window_show_page (self, "figure");
      if (open->lost)
        {
          g_autofree char *text = g_strdup_printf (
              "%u file%s of this figure %s not where %s. Put them beside it and open it again.", open->lost,
              open->lost == 1 ? "" : "s", open->lost == 1 ? "is" : "are", open->lost == 1 ? "it was" : "they were");
          ui_window_tell_problem (self, text, "");
        }
    }
  else if (self->session)
    ui_window_tell_problem (self, open->error->message, "win.open-figure");
  g_clear_pointer (&open->figure, ui_figure_free);
  g_clear_error (&open->error);
  g_object_unref (self);
  g_free (open->path);
  g_free (open);
}

void
ui_window_open_figure_file (UiWindow *self, const char *path)
{
  Open *open = g_new0 (Open, 1);
  open->window = g_object_ref (self);
  open->path = g_strdup (path);
  ui_loader_push (UI_LOADER_NOW, open_work, open_done, open);
}

static void
on_open_chosen (GtkNativeDialog *dialog, int response, UiWindow *self)
{
  g_autoptr (GFile) file =
      response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  g_autofree char *path = file ? g_file_get_path (file) : NULL;
  if (path)
    ui_window_open_figure_file (self, path);
  g_object_unref (dialog);
}

void
ui_window_open_figure (UiWindow *self, GVariant *unused)
{
  static const char *const suffixes[] = { "json", "pdf", "svg", "png" };
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new ("Open Figure", GTK_WINDOW (self),
                                                              GTK_FILE_CHOOSER_ACTION_OPEN, "_Open", "_Cancel");
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  gtk_file_filter_set_name (filter, "Figures of Sightline");
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    gtk_file_filter_add_suffix (filter, suffixes[i]);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (dialog), filter);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_open_chosen), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}
