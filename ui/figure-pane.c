/* See figure-pane.h. Controls are filled from the document while @updating, so that showing a value is not taken for
 * changing it. How the file is written is the program's, not the document's: kept in the settings. */
#include "ui/figure-pane.h"

#include <math.h>
#include <string.h>

#include "ui/bare-spin.h"
#include "ui/composer.h"
#include "ui/draw/figure-words.h"

#define N_SHOW 6

struct _UiFigurePane
{
  GtkWidget parent_instance;
  UiSession *session;
  gboolean updating;
  GtkAdjustment *width, *text_size, *gap;
  GtkDropDown *preset, *font, *scores, *pixels, *dpi;
  GtkCheckButton *show[N_SHOW];
  GtkTextBuffer *caption;
  GtkTextView *caption_view;
  GtkButton *reset_caption, *export;
  GtkLabel *latex;
  GtkToggleButton *formats[UI_N_FORMATS];
  GtkWidget *dpi_row;
  GtkCheckButton *transparent, *beside_json, *beside_latex, *beside_csv, *beside_maps;
  char **families;
};

G_DEFINE_FINAL_TYPE (UiFigurePane, ui_figure_pane, GTK_TYPE_WIDGET)

static const struct
{
  const char *id;
  UiFigureShow flag;
} shows[N_SHOW] = {
  { "show_headings", UI_SHOW_HEADINGS }, { "show_labels", UI_SHOW_LABELS },   { "show_bars", UI_SHOW_BARS },
  { "show_scores", UI_SHOW_SCORES },     { "show_letters", UI_SHOW_LETTERS }, { "show_outline", UI_SHOW_OUTLINE },
};

static const double dpis[] = { 300, 600 };

static UiComposer *
composer_of (UiFigurePane *self)
{
  return ui_session_composer (self->session);
}

static UiFigure *
figure_of (UiFigurePane *self)
{
  return ui_composer_figure (composer_of (self));
}

/* ---- showing ---- */

static guint
n_widths (void)
{
  guint n = 0;
  while (ui_figure_widths[n].id)
    n++;
  return n;
}

/* Custom is the last one. */
static guint
find_width (double mm)
{
  guint i = 0;
  while (ui_figure_widths[i].id && fabs (ui_figure_widths[i].mm - mm) > 0.05)
    i++;
  return i;
}

static guint
find_font (UiFigurePane *self, const char *family)
{
  for (guint i = 0; self->families[i]; i++)
    if (g_ascii_strcasecmp (self->families[i], family) == 0)
      return i;
  return GTK_INVALID_LIST_POSITION;
}

/* The preset whose two protocols stand under the panels. */
static guint
find_scores (const UiFigure *figure)
{
  for (guint i = 0; ui_preset_nth (i); i++)
    if (figure->scores->len == UI_N_DIRECTIONS
        && g_str_equal (figure->scores->pdata[0], ui_preset_nth (i)->curve_ids[UI_DELETION])
        && g_str_equal (figure->scores->pdata[1], ui_preset_nth (i)->curve_ids[UI_INSERTION]))
      return i;
  return GTK_INVALID_LIST_POSITION;
}

static void
update_page (UiFigurePane *self)
{
  const UiFigure *figure = figure_of (self);
  gtk_drop_down_set_selected (self->preset, find_width (figure->width));
  gtk_adjustment_set_value (self->width, figure->width);
  gtk_drop_down_set_selected (self->font, find_font (self, figure->font));
  gtk_adjustment_set_value (self->text_size, figure->text_size);
  gtk_adjustment_set_value (self->gap, figure->gap);
  for (guint i = 0; i < N_SHOW; i++)
    gtk_check_button_set_active (self->show[i], (figure->show & shows[i].flag) != 0);
  gtk_drop_down_set_selected (self->scores, find_scores (figure));
  gtk_widget_set_sensitive (GTK_WIDGET (self->scores), (figure->show & UI_SHOW_SCORES) != 0);
  gtk_drop_down_set_selected (self->pixels, (guint)figure->pixels);
  g_autofree char *outline = g_strdup_printf ("Outline at the threshold, %.0f %%", 100 * figure->display.threshold);
  gtk_check_button_set_label (self->show[N_SHOW - 1], outline);
}

static char *
text_of (UiFigurePane *self)
{
  GtkTextIter start, end;
  gtk_text_buffer_get_bounds (self->caption, &start, &end);
  return gtk_text_buffer_get_text (self->caption, &start, &end, FALSE);
}

/* A caption that nobody touched follows the figure. */
static void
update_caption (UiFigurePane *self)
{
  UiFigureDrawing *drawing = ui_composer_drawing (composer_of (self));
  const UiFigure *figure = figure_of (self);
  g_autofree char *now = text_of (self);
  g_autofree char *wanted = figure->caption ? g_strdup (figure->caption)
                            : drawing       ? ui_figure_caption_generated (drawing)
                                            : g_strdup ("");
  g_autofree char *latex = drawing ? ui_figure_latex_graphics (drawing, "sightline-fig1.pdf") : g_strdup ("");
  if (!g_str_equal (now, wanted) && !gtk_widget_has_focus (GTK_WIDGET (self->caption_view)))
    gtk_text_buffer_set_text (self->caption, wanted, -1);
  gtk_widget_set_visible (GTK_WIDGET (self->reset_caption), figure->caption != NULL);
  gtk_label_set_label (self->latex, latex);
}

static void
update (UiFigurePane *self)
{
  self->updating = TRUE;
  update_page (self);
  update_caption (self);
  self->updating = FALSE;
}

/* ---- changing ---- */

static void
on_preset (UiFigurePane *self)
{
  guint at = gtk_drop_down_get_selected (self->preset);
  if (self->updating || at >= n_widths ())
    return;
  figure_of (self)->width = ui_figure_widths[at].mm;
  ui_composer_changed (composer_of (self));
}

static void
on_measure (UiFigurePane *self)
{
  UiFigure *figure = figure_of (self);
  if (self->updating)
    return;
  double text = gtk_adjustment_get_value (self->text_size);
  figure->width = gtk_adjustment_get_value (self->width);
  figure->gap = gtk_adjustment_get_value (self->gap);
  /* Scores are a point smaller than the text. */
  if (fabs (text - figure->text_size) > 1e-6)
    figure->score_size = MAX (text - 1, 4);
  figure->text_size = text;
  ui_composer_changed (composer_of (self));
}

static void
on_font (UiFigurePane *self)
{
  guint at = gtk_drop_down_get_selected (self->font);
  if (self->updating || at == GTK_INVALID_LIST_POSITION)
    return;
  g_free (figure_of (self)->font);
  figure_of (self)->font = g_strdup (self->families[at]);
  ui_composer_changed (composer_of (self));
}

static void
on_show (UiFigurePane *self)
{
  guint flags = 0;
  if (self->updating)
    return;
  for (guint i = 0; i < N_SHOW; i++)
    flags |= gtk_check_button_get_active (self->show[i]) ? shows[i].flag : 0;
  figure_of (self)->show = (UiFigureShow)flags;
  ui_composer_changed (composer_of (self));
}

static void
on_scores (UiFigurePane *self)
{
  guint at = gtk_drop_down_get_selected (self->scores);
  UiFigure *figure = figure_of (self);
  if (self->updating || at == GTK_INVALID_LIST_POSITION || !ui_preset_nth (at))
    return;
  g_ptr_array_set_size (figure->scores, 0);
  for (int i = 0; i < UI_N_DIRECTIONS; i++)
    g_ptr_array_add (figure->scores, g_strdup (ui_preset_nth (at)->curve_ids[i]));
  ui_composer_changed (composer_of (self));
}

static void
on_pixels (UiFigurePane *self)
{
  if (self->updating)
    return;
  figure_of (self)->pixels = (UiFigurePixels)gtk_drop_down_get_selected (self->pixels);
  ui_composer_changed (composer_of (self));
}

static void
on_caption (UiFigurePane *self)
{
  UiFigureDrawing *drawing = ui_composer_drawing (composer_of (self));
  if (self->updating)
    return;
  g_autofree char *text = text_of (self), *own = drawing ? ui_figure_caption_generated (drawing) : g_strdup ("");
  g_free (figure_of (self)->caption);
  figure_of (self)->caption = g_str_equal (text, own) ? NULL : g_steal_pointer (&text);
  ui_composer_changed (composer_of (self));
}

static void
on_reset_caption (UiFigurePane *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->export));
  g_clear_pointer (&figure_of (self)->caption, g_free);
  ui_composer_changed (composer_of (self));
}

/* ---- the file ---- */

static UiFigureFormat
format_of (UiFigurePane *self)
{
  guint at = 0;
  while (at + 1 < UI_N_FORMATS && !gtk_toggle_button_get_active (self->formats[at]))
    at++;
  return (UiFigureFormat)at;
}

static void
on_format (UiFigurePane *self)
{
  UiFigureFormat format = format_of (self);
  gtk_widget_set_visible (self->dpi_row, ui_figure_format_info (format)->has_pixels);
  gtk_widget_set_visible (GTK_WIDGET (self->transparent), format != UI_FORMAT_PDF);
}

void
ui_figure_pane_options (UiFigurePane *self, UiFigureExport *out)
{
  const struct
  {
    GtkCheckButton *button;
    UiFigureBeside flag;
  } besides[] = { { self->beside_json, UI_BESIDE_JSON },
                  { self->beside_latex, UI_BESIDE_LATEX },
                  { self->beside_csv, UI_BESIDE_CSV },
                  { self->beside_maps, UI_BESIDE_MAPS } };
  guint beside = 0;
  ui_figure_export_init (out);
  out->format = format_of (self);
  out->dpi = dpis[MIN (gtk_drop_down_get_selected (self->dpi), G_N_ELEMENTS (dpis) - 1)];
  out->transparent = out->format != UI_FORMAT_PDF && gtk_check_button_get_active (self->transparent);
  for (guint i = 0; i < G_N_ELEMENTS (besides); i++)
    beside |= gtk_check_button_get_active (besides[i].button) ? besides[i].flag : 0;
  out->beside = (UiFigureBeside)beside;
}

/* ---- birth and end ---- */

void
ui_figure_pane_set_session (UiFigurePane *self, UiSession *session)
{
  self->session = g_object_ref (session);
  g_signal_connect_object (composer_of (self), "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (composer_of (self), "drawn", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "display-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
ui_figure_pane_dispose (GObject *object)
{
  UiFigurePane *self = UI_FIGURE_PANE (object);
  self->updating = TRUE;
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_figure_pane_parent_class)->dispose (object);
}

static void
ui_figure_pane_finalize (GObject *object)
{
  g_strfreev (UI_FIGURE_PANE (object)->families);
  G_OBJECT_CLASS (ui_figure_pane_parent_class)->finalize (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiFigurePane, member)

static void
bind_arrays (GtkWidgetClass *widget_class)
{
  static const char *const formats[UI_N_FORMATS] = { "format_pdf", "format_svg", "format_png" };
  for (gsize i = 0; i < N_SHOW; i++)
    gtk_widget_class_bind_template_child_full (
        widget_class, shows[i].id, FALSE, (gssize)(G_STRUCT_OFFSET (UiFigurePane, show) + i * sizeof (gpointer)));
  for (gsize i = 0; i < UI_N_FORMATS; i++)
    gtk_widget_class_bind_template_child_full (
        widget_class, formats[i], FALSE, (gssize)(G_STRUCT_OFFSET (UiFigurePane, formats) + i * sizeof (gpointer)));
}

static void
ui_figure_pane_class_init (UiFigurePaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_figure_pane_dispose;
  G_OBJECT_CLASS (klass)->finalize = ui_figure_pane_finalize;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/figure-pane.ui");
  BIND (width);
  BIND (text_size);
  BIND (gap);
  BIND (preset);
  BIND (font);
  BIND (scores);
  BIND (pixels);
  BIND (dpi);
  BIND (caption);
  BIND (caption_view);
  BIND (reset_caption);
  BIND (export);
  BIND (latex);
  BIND (dpi_row);
  BIND (transparent);
  BIND (beside_json);
  BIND (beside_latex);
  BIND (beside_csv);
  BIND (beside_maps);
  bind_arrays (widget_class);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (*(const char *const *)a, *(const char *const *)b);
}

char **
ui_figure_families (void)
{
  PangoFontFamily **families;
  int n;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  pango_font_map_list_families (pango_cairo_font_map_get_default (), &families, &n);
  for (int i = 0; i < n; i++)
    g_ptr_array_add (names, g_strdup (pango_font_family_get_name (families[i])));
  g_free (families);
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **)g_ptr_array_steal (names, NULL);
}

static void
list_families (UiFigurePane *self)
{
  self->families = ui_figure_families ();
  g_autoptr (GtkStringList) list = gtk_string_list_new ((const char *const *)self->families);
  gtk_drop_down_set_model (self->font, G_LIST_MODEL (list));
}

static void
fill_choices (UiFigurePane *self)
{
  g_autoptr (GtkStringList) widths = gtk_string_list_new (NULL);
  g_autoptr (GtkStringList) scores = gtk_string_list_new (NULL);
  for (guint i = 0; ui_figure_widths[i].id; i++)
    gtk_string_list_append (widths, ui_figure_widths[i].name);
  gtk_string_list_append (widths, "Custom");
  gtk_drop_down_set_model (self->preset, G_LIST_MODEL (widths));
  for (guint i = 0; ui_preset_nth (i); i++)
    gtk_string_list_append (scores, ui_preset_nth (i)->name);
  gtk_drop_down_set_model (self->scores, G_LIST_MODEL (scores));
}

static void
ui_figure_pane_init (UiFigurePane *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  ui_spin_hide_buttons_below (GTK_WIDGET (self));
  list_families (self);
  fill_choices (self);
  g_autoptr (GtkExpression) words = gtk_property_expression_new (GTK_TYPE_STRING_OBJECT, NULL, "string");
  gtk_drop_down_set_expression (self->font, words);
  gtk_drop_down_set_enable_search (self->font, TRUE);
  g_signal_connect_swapped (self->preset, "notify::selected", G_CALLBACK (on_preset), self);
  g_signal_connect_swapped (self->width, "value-changed", G_CALLBACK (on_measure), self);
  g_signal_connect_swapped (self->text_size, "value-changed", G_CALLBACK (on_measure), self);
  g_signal_connect_swapped (self->gap, "value-changed", G_CALLBACK (on_measure), self);
  g_signal_connect_swapped (self->font, "notify::selected", G_CALLBACK (on_font), self);
  for (guint i = 0; i < N_SHOW; i++)
    g_signal_connect_swapped (self->show[i], "toggled", G_CALLBACK (on_show), self);
  g_signal_connect_swapped (self->scores, "notify::selected", G_CALLBACK (on_scores), self);
  g_signal_connect_swapped (self->pixels, "notify::selected", G_CALLBACK (on_pixels), self);
  g_signal_connect_swapped (self->caption, "changed", G_CALLBACK (on_caption), self);
  g_signal_connect_swapped (self->reset_caption, "clicked", G_CALLBACK (on_reset_caption), self);
  for (guint i = 0; i < UI_N_FORMATS; i++)
    g_signal_connect_swapped (self->formats[i], "toggled", G_CALLBACK (on_format), self);
  on_format (self);
}
