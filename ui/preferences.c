/* See preferences.h. A row each: what it is called, what it means, and the control that changes it at once. */
#include "ui/preferences.h"

#include <math.h>
#include <string.h>

#include "engine/engine.h"
#include "ui/appearance.h"
#include "ui/bare-spin.h"
#include "ui/draw/colormap.h"
#include "ui/figure-pane.h"
#include "ui/preference-methods.h"
#include "ui/protocol.h"
#include "ui/ramp-drop-down.h"
#include "ui/results.h"
#include "ui/settings.h"
#include "ui/tip.h"

#define AUTOMATIC "Automatic"

void
ui_preferences_apply (void)
{
  eng_set_memory_budget ((gsize)ui_settings_get_int ("memory-megabytes") << 20);
  eng_set_threads (ui_settings_get_int ("threads"));
  g_autofree char *kernels = ui_settings_get ("kernels"), *precision = ui_settings_get ("precision");
  gboolean bf16 = g_strcmp0 (precision, "bf16") == 0;
  /* What this machine cannot do any more is passed over. */
  if (!eng_kernels_select (g_strcmp0 (kernels, "automatic") == 0 ? NULL : kernels, NULL))
    eng_kernels_select (NULL, NULL);
  if (!eng_set_precision (bf16 ? ENG_PRECISION_BF16 : ENG_PRECISION_FLOAT32, NULL))
    eng_set_precision (ENG_PRECISION_FLOAT32, NULL);
  ui_results_set_limit ((guint)ui_settings_get_int ("results-megabytes"));
  ui_results_set_keeps (ui_settings_get_bool ("keep-results"));
}

/* ---- numbers and switches ---- */

static void
on_number (GtkSpinButton *spin, const char *key)
{
  ui_settings_set_int (key, gtk_spin_button_get_value_as_int (spin));
  ui_preferences_apply ();
}

/* @most: 0: the key's own end. */
static GtkWidget *
make_number (const char *key, int step, int most)
{
  int least, last;
  ui_settings_range (key, &least, &last);
  GtkWidget *spin = gtk_spin_button_new_with_range (least, most ? MIN (most, last) : last, step);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (spin), ui_settings_get_int (key));
  ui_spin_ignore_wheel (GTK_SPIN_BUTTON (spin));
  g_signal_connect (spin, "value-changed", G_CALLBACK (on_number), (gpointer)key);
  return spin;
}

static GtkWidget *
with_unit (GtkWidget *spin, const char *unit)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6), *label = gtk_label_new (unit);
  gtk_widget_add_css_class (label, "sl-dim");
  gtk_widget_set_hexpand (spin, TRUE);
  gtk_box_append (GTK_BOX (box), spin);
  gtk_box_append (GTK_BOX (box), label);
  return box;
}

static void
on_switched (GtkSwitch *control, GParamSpec *spec, const char *key)
{
  ui_settings_set_bool (key, gtk_switch_get_active (control));
  ui_preferences_apply ();
}

/* ---- choices ---- */

/* The ids of a drop-down's rows, in order, NULL-ended, belong to it. */
static void
on_chosen (GtkDropDown *control, GParamSpec *spec, const char *key)
{
  const char **ids = g_object_get_data (G_OBJECT (control), "ids"), *id = ids[gtk_drop_down_get_selected (control)];
  ui_settings_set (key, id);
  if (g_str_equal (key, "appearance"))
    ui_appearance_set (id);
  ui_preferences_apply ();
}

/* @names, @ids: NULL-ended, of equal length; @ids: (transfer container), of static texts. */
static GtkWidget *
make_choice (const char *key, const char *const *names, const char **ids)
{
  GtkWidget *control = gtk_drop_down_new_from_strings (names);
  g_autofree char *now = ui_settings_get (key);
  for (guint i = 0; ids[i]; i++)
    if (g_strcmp0 (ids[i], now) == 0)
      gtk_drop_down_set_selected (GTK_DROP_DOWN (control), i);
  g_object_set_data_full (G_OBJECT (control), "ids", ids, g_free);
  g_signal_connect (control, "notify::selected", G_CALLBACK (on_chosen), (gpointer)key);
  return control;
}

static void
on_colormap (GtkDropDown *control, GParamSpec *spec, const char *key)
{
  ui_settings_set (key, ui_ramp_drop_down_get (control)->id);
}

static GtkWidget *
make_colormap (const char *key, EngSign sign)
{
  GtkWidget *control = ui_ramp_drop_down_new (sign);
  g_autofree char *id = ui_settings_get (key);
  const UiColormap *now = id ? ui_colormap_find (id) : NULL;
  ui_ramp_drop_down_set (GTK_DROP_DOWN (control), now && now->sign == sign ? now : ui_colormap_default (sign));
  g_signal_connect (control, "notify::selected", G_CALLBACK (on_colormap), (gpointer)key);
  return control;
}

/* ---- what is kept on disk ---- */

static void
on_counted (guint64 bytes, gpointer data)
{
  g_autoptr (GtkLabel) label = data;
  g_autofree char *size = g_format_size (bytes), *text = g_strdup_printf ("%s on disk", size);
  gtk_label_set_label (label, bytes ? text : "Nothing on disk");
}

static void
on_clear (GtkButton *button, GtkLabel *label)
{
  gtk_label_set_label (label, "Clearing…");
  ui_results_clear (on_counted, g_object_ref (label));
}

static GtkWidget *
make_usage (void)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 10), *button = gtk_button_new_with_label ("Clear");
  GtkWidget *label = gtk_label_new ("Counting…");
  gtk_widget_set_hexpand (label, TRUE);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_clear), label, 0);
  gtk_box_append (GTK_BOX (box), button);
  gtk_box_append (GTK_BOX (box), label);
  ui_results_size (on_counted, g_object_ref (label));
  return box;
}

/* ---- the rows ---- */

static GtkWidget *
make_appearance (void)
{
  static const char *const names[] = { "System", "Light", "Dark", NULL };
  static const char *const ids[] = { "system", "light", "dark", NULL };
  return make_choice ("appearance", names, g_memdup2 (ids, sizeof ids));
}

static GtkWidget *
make_unsigned (void)
{
  return make_colormap ("unsigned-colormap", ENG_SIGN_UNSIGNED);
}

static GtkWidget *
make_signed (void)
{
  return make_colormap ("signed-colormap", ENG_SIGN_SIGNED);
}

static GtkWidget *
make_protocol (void)
{
  GPtrArray *ids = g_ptr_array_new ();
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint i = 0; ui_preset_nth (i); i++)
    {
      g_ptr_array_add (ids, (gpointer)ui_preset_nth (i)->id);
      g_ptr_array_add (names, (gpointer)ui_preset_nth (i)->name);
    }
  g_ptr_array_add (ids, NULL);
  g_ptr_array_add (names, NULL);
  return make_choice ("protocol", (const char *const *)names->pdata, (const char **)g_ptr_array_free (ids, FALSE));
}

static GtkWidget *
make_figure_width (void)
{
  GPtrArray *ids = g_ptr_array_new ();
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (const UiFigureWidth *width = ui_figure_widths; width->id; width++)
    {
      g_ptr_array_add (ids, (gpointer)width->id);
      g_ptr_array_add (names, g_strdup_printf ("%s, %g mm", width->name, width->mm));
    }
  g_ptr_array_add (ids, NULL);
  g_ptr_array_add (names, NULL);
  return make_choice ("figure-width", (const char *const *)names->pdata,
                      (const char **)g_ptr_array_free (ids, FALSE));
}

static GtkWidget *
make_figure_font (void)
{
  GPtrArray *ids = g_ptr_array_new ();
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  char **families = ui_figure_families ();
  g_ptr_array_add (ids, (gpointer) "");
  g_ptr_array_add (names, (gpointer)AUTOMATIC);
  for (guint i = 0; families[i]; i++)
    {
      g_ptr_array_add (ids, families[i]);
      g_ptr_array_add (names, families[i]);
    }
  g_ptr_array_add (ids, NULL);
  g_ptr_array_add (names, NULL);
  GtkWidget *control =
      make_choice ("figure-font", (const char *const *)names->pdata, (const char **)g_ptr_array_free (ids, FALSE));
  g_object_set_data_full (G_OBJECT (control), "families", families, (GDestroyNotify)g_strfreev);
  return control;
}

static GtkWidget *
make_memory (void)
{
  return with_unit (make_number ("memory-megabytes", 64, 0), "MB");
}

static gboolean
write_threads (GtkSpinButton *spin)
{
  int n = gtk_spin_button_get_value_as_int (spin);
  g_autofree char *text = n ? g_strdup_printf ("%d", n) : g_strdup (AUTOMATIC);
  if (g_strcmp0 (text, gtk_editable_get_text (GTK_EDITABLE (spin))) != 0)
    gtk_editable_set_text (GTK_EDITABLE (spin), text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (spin), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, text, -1);
  return TRUE;
}

/* Words are the automatic choice. */
static int
read_threads (GtkSpinButton *spin, double *value)
{
  *value = floor (g_ascii_strtod (gtk_editable_get_text (GTK_EDITABLE (spin)), NULL));
  return TRUE;
}

static GtkWidget *
make_threads (void)
{
  GtkWidget *spin = make_number ("threads", 1, eng_max_threads ());
  gtk_spin_button_set_numeric (GTK_SPIN_BUTTON (spin), FALSE);
  g_signal_connect (spin, "output", G_CALLBACK (write_threads), NULL);
  g_signal_connect (spin, "input", G_CALLBACK (read_threads), NULL);
  write_threads (GTK_SPIN_BUTTON (spin));
  return spin;
}

static GtkWidget *
make_kernels (void)
{
  const char *names[] = { AUTOMATIC, NULL, NULL, NULL, NULL }, *ids[] = { "automatic", NULL, NULL, NULL, NULL };
  gboolean available;
  const char *name;
  guint n = 1;
  for (guint i = 0; n + 1 < G_N_ELEMENTS (names) && (name = eng_kernels_nth (i, &available)); i++)
    if (available)
      {
        names[n] = strcmp (name, "onednn") == 0 ? "oneDNN" : strcmp (name, "openblas") == 0 ? "OpenBLAS" : name;
        ids[n++] = name;
      }
  return make_choice ("kernels", names, g_memdup2 (ids, sizeof ids));
}

/* Only what the processor has is offered. */
static GtkWidget *
make_precision (void)
{
  const EngKernels *k = eng_kernels ();
  gboolean has = k->has_bf16 && k->has_bf16 ();
  const char *names[] = { "float32", has ? "bfloat16" : NULL, NULL };
  const char *ids[] = { "float32", has ? "bf16" : NULL, NULL };
  GtkWidget *control = make_choice ("precision", names, g_memdup2 (ids, sizeof ids));
  gtk_widget_set_sensitive (control, has);
  if (!has)
    ui_tip_describe (control, k->has_bf16 ? "This processor does not multiply bfloat16 numbers."
                                          : "The chosen kernels compute in float32 only.");
  return control;
}

static GtkWidget *
make_keep (void)
{
  GtkWidget *control = gtk_switch_new ();
  gtk_widget_set_halign (control, GTK_ALIGN_START);
  gtk_switch_set_active (GTK_SWITCH (control), ui_settings_get_bool ("keep-results"));
  g_signal_connect (control, "notify::active", G_CALLBACK (on_switched), (gpointer) "keep-results");
  return control;
}

static GtkWidget *
make_limit (void)
{
  return with_unit (make_number ("results-megabytes", 100, 0), "MB");
}

/* A new heading begins a group. */
static const struct
{
  const char *heading, *label, *help;
  GtkWidget *(*make) (void);
} rows[] = {
  { "Look", "Appearance", "System follows the desktop.", make_appearance },
  { "New windows", "Methods", "Ticked from the start. What a model does not allow is passed over.",
    ui_preference_methods_new },
  { NULL, "Colour map, unsigned", "For maps that show only what speaks for the class; also what Reset Display sets.",
    make_unsigned },
  { NULL, "Colour map, signed", "For maps that also show what speaks against it.", make_signed },
  { NULL, "Protocol",
    "How curves on the Threshold page are measured. Values of different protocols cannot be compared.",
    make_protocol },
  { NULL, "Figure width", "Of a new figure, on paper.", make_figure_width },
  { NULL, "Figure font", "Of a new figure. Automatic looks like the text of a paper.", make_figure_font },
  { "Computing", "Memory for a method",
    "Methods run the model on many pictures at a time, as many as fit. More memory can be faster; maps are the same. "
    "The model and its pictures come on top. Holds from the next run on.",
    make_memory },
  { NULL, "Threads", "Automatic uses all processors that this program may use.", make_threads },
  { NULL, "Kernels",
    "The library that multiplies. Automatic takes the fastest that is there. Holds for models opened from now on.",
    make_kernels },
  { NULL, "Arithmetic",
    "bfloat16 rounds the factors of products to 8 bits and adds in float32: several times faster on some processors, "
    "and maps differ a little. Stands with every result. Holds from the next run on.",
    make_precision },
  { "Results", "Keep finished maps",
    "So that coming back to a picture shows its maps at once, also tomorrow. When off, nothing more is written, and "
    "what is there stays until it is cleared.",
    make_keep },
  { NULL, "Space for maps", "The longest unused ones go first.", make_limit },
  { NULL, "Kept now", "Clearing costs time, not work: maps are computed again. Saved sessions keep theirs.",
    make_usage },
};

/* ---- the window ---- */

static void
attach (GtkGrid *grid, int at, guint i)
{
  GtkWidget *control = rows[i].make (), *label = gtk_label_new (rows[i].label), *help = gtk_label_new (rows[i].help);
  GtkWidget *named = GTK_IS_BOX (control) ? gtk_widget_get_first_child (control) : control;
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_xalign (GTK_LABEL (help), 0);
  gtk_label_set_wrap (GTK_LABEL (help), TRUE);
  gtk_label_set_width_chars (GTK_LABEL (help), 36);
  gtk_label_set_max_width_chars (GTK_LABEL (help), 44);
  gtk_widget_add_css_class (help, "sl-dim");
  gtk_widget_add_css_class (help, "caption");
  gtk_widget_set_margin_bottom (help, 10);
  gtk_widget_set_hexpand (control, TRUE);
  gtk_widget_set_valign (control, GTK_ALIGN_CENTER);
  g_autofree char *spoken = GTK_IS_BUTTON (named) ? g_strdup ("Clear kept maps") : g_strdup (rows[i].label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (named), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, rows[i].help, -1);
  gtk_grid_attach (grid, label, 0, at, 1, 1);
  gtk_grid_attach (grid, control, 1, at, 1, 1);
  gtk_grid_attach (grid, help, 1, at + 1, 1, 1);
}

static void
attach_heading (GtkGrid *grid, int at, const char *text)
{
  GtkWidget *label = gtk_label_new (text);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "heading");
  gtk_widget_set_margin_top (label, at > 0 ? 8 : 0);
  gtk_grid_attach (grid, label, 0, at, 2, 1);
}

static GtkWidget *
make_form (void)
{
  GtkWidget *grid = gtk_grid_new (), *scrolled = gtk_scrolled_window_new ();
  int at = 0;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++, at += 2)
    {
      if (rows[i].heading)
        attach_heading (GTK_GRID (grid), at++, rows[i].heading);
      attach (GTK_GRID (grid), at, i);
    }
  gtk_grid_set_row_spacing (GTK_GRID (grid), 4);
  gtk_grid_set_column_spacing (GTK_GRID (grid), 16);
  gtk_widget_add_css_class (grid, "preferences");
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), grid);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scrolled), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scrolled), 640);
  return scrolled;
}

static gboolean
on_escape (GtkWidget *window, GVariant *unused, gpointer data)
{
  gtk_window_close (GTK_WINDOW (window));
  return TRUE;
}

void
ui_preferences_show (GtkWindow *parent)
{
  static GtkWidget *shown; /* one is enough for all windows */
  if (shown)
    {
      gtk_window_set_transient_for (GTK_WINDOW (shown), parent);
      gtk_window_present (GTK_WINDOW (shown));
      return;
    }
  GtkEventController *keys = gtk_shortcut_controller_new ();
  shown = gtk_window_new ();
  g_object_add_weak_pointer (G_OBJECT (shown), (gpointer *)&shown);
  gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (keys),
      gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_Escape, 0), gtk_callback_action_new (on_escape, NULL, NULL)));
  gtk_widget_add_controller (shown, keys);
  gtk_window_set_title (GTK_WINDOW (shown), "Preferences");
  gtk_window_set_transient_for (GTK_WINDOW (shown), parent);
  gtk_window_set_destroy_with_parent (GTK_WINDOW (shown), TRUE);
  gtk_window_set_child (GTK_WINDOW (shown), make_form ());
  gtk_widget_add_css_class (shown, "sightline");
  gtk_window_present (GTK_WINDOW (shown));
}
