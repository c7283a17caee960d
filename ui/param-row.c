/* See param-row.h. */
#include "ui/param-row.h"

#include <math.h>

#include "ui/bare-spin.h"
#include "ui/path-chooser.h"
#include "ui/tip.h"

#define LABEL_CHARS 18 /* a longer name takes two lines */

static double
step_of (const EngParam *param)
{
  if (param->type == ENG_PARAM_INT)
    return 1;
  /* A tenth of the default's magnitude moves by a sensible amount on any scale. */
  double size = param->otherwise != 0 ? fabs (param->otherwise) : (param->maximum - param->minimum) / 100;
  return pow (10, floor (log10 (fmax (size, 1e-12))) - (param->logarithmic ? 0 : 1));
}

/* Enter does what the form is for. */
static void
activate_default (GtkWidget *control)
{
  GtkEditable *text = gtk_editable_get_delegate (GTK_EDITABLE (control));
  gtk_text_set_activates_default (GTK_TEXT (text), TRUE);
}

static GtkWidget *
make_spin (const EngParam *param)
{
  double step = step_of (param);
  int digits = param->type == ENG_PARAM_INT ? 0 : CLAMP ((int)ceil (1 - log10 (step)), 1, 8);
  GtkWidget *spin = gtk_spin_button_new_with_range (param->minimum, param->maximum, step);
  gtk_spin_button_set_digits (GTK_SPIN_BUTTON (spin), (guint)digits);
  gtk_spin_button_set_increments (GTK_SPIN_BUTTON (spin), step, 10 * step);
  gtk_spin_button_set_numeric (GTK_SPIN_BUTTON (spin), TRUE);
  gtk_editable_set_width_chars (GTK_EDITABLE (spin), MAX (6, digits + 2));
  activate_default (spin);
  ui_spin_ignore_wheel (GTK_SPIN_BUTTON (spin));
  return spin;
}

static GtkWidget *
make_choice (const EngParam *param)
{
  return gtk_drop_down_new_from_strings (param->choices);
}

static GtkWidget *
make_check (const EngParam *param)
{
  return gtk_check_button_new ();
}

static GtkWidget *
make_entry (const EngParam *param)
{
  GtkWidget *entry = gtk_entry_new ();
  gtk_entry_set_placeholder_text (GTK_ENTRY (entry), "None");
  gtk_editable_set_width_chars (GTK_EDITABLE (entry), 16);
  activate_default (entry);
  return entry;
}

static void
show_spin (GtkWidget *control, const EngValues *values, const char *id)
{
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (control), eng_values_get (values, id));
}

static void
show_choice (GtkWidget *control, const EngValues *values, const char *id)
{
  gtk_drop_down_set_selected (GTK_DROP_DOWN (control), (guint)eng_values_get (values, id));
}

static void
show_check (GtkWidget *control, const EngValues *values, const char *id)
{
  gtk_check_button_set_active (GTK_CHECK_BUTTON (control), eng_values_get (values, id) != 0);
}

static void
show_entry (GtkWidget *control, const EngValues *values, const char *id)
{
  const char *text = eng_values_get_text (values, id);
  gtk_editable_set_text (GTK_EDITABLE (control), text ? text : "");
}

static gboolean
read_spin (GtkWidget *control, EngValues *values, const char *id, GError **error)
{
  gtk_spin_button_update (GTK_SPIN_BUTTON (control));
  eng_values_set (values, id, gtk_spin_button_get_value (GTK_SPIN_BUTTON (control)));
  return TRUE;
}

static gboolean
read_choice (GtkWidget *control, EngValues *values, const char *id, GError **error)
{
  eng_values_set (values, id, gtk_drop_down_get_selected (GTK_DROP_DOWN (control)));
  return TRUE;
}

static gboolean
read_check (GtkWidget *control, EngValues *values, const char *id, GError **error)
{
  eng_values_set (values, id, gtk_check_button_get_active (GTK_CHECK_BUTTON (control)));
  return TRUE;
}

static gboolean
read_entry (GtkWidget *control, EngValues *values, const char *id, GError **error)
{
  return eng_values_set_text (values, id, gtk_editable_get_text (GTK_EDITABLE (control)), error);
}

/* One row per EngParamType. @signal: a person changed it. */
static const struct
{
  const char *signal;
  GtkWidget *(*make) (const EngParam *param);
  void (*show) (GtkWidget *control, const EngValues *values, const char *id);
  gboolean (*read) (GtkWidget *control, EngValues *values, const char *id, GError **error);
} kinds[] = {
  [ENG_PARAM_INT] = { "value-changed", make_spin, show_spin, read_spin },
  [ENG_PARAM_FLOAT] = { "value-changed", make_spin, show_spin, read_spin },
  [ENG_PARAM_CHOICE] = { "notify::selected", make_choice, show_choice, read_choice },
  [ENG_PARAM_BOOL] = { "toggled", make_check, show_check, read_check },
  [ENG_PARAM_PATH] = { "changed", make_entry, show_entry, read_entry },
  [ENG_PARAM_OUTPUT_PATH] = { "changed", make_entry, show_entry, read_entry },
};

/* All files that are named in a form are networks. */
static void
on_choose (GtkWidget *button, GtkEditable *entry)
{
  static const char *const suffixes[] = { "onnx", NULL };
  const char *title = g_object_get_data (G_OBJECT (button), "title");
  ui_path_chooser_show (entry, title, GTK_FILE_CHOOSER_ACTION_OPEN, "ONNX files", suffixes);
}

static GtkWidget *
make_choose (const EngParam *param, GtkWidget *entry)
{
  GtkWidget *button = gtk_button_new_with_label ("Choose…");
  g_autofree char *spoken = g_strdup_printf ("Choose a file for %s", param->label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  g_object_set_data (G_OBJECT (button), "title", (gpointer)param->label);
  g_signal_connect (button, "clicked", G_CALLBACK (on_choose), entry);
  return button;
}

GtkWidget *
ui_param_row_attach (GtkGrid *grid, int row, const EngParam *param)
{
  GtkWidget *label = gtk_label_new (param->label), *control = kinds[param->type].make (param);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_max_width_chars (GTK_LABEL (label), LABEL_CHARS);
  gtk_widget_set_tooltip_text (label, param->help);
  ui_tip_describe (control, param->help);
  gtk_accessible_update_property (GTK_ACCESSIBLE (control), GTK_ACCESSIBLE_PROPERTY_LABEL, param->label, -1);
  gtk_widget_set_halign (control, param->type == ENG_PARAM_BOOL ? GTK_ALIGN_START : GTK_ALIGN_FILL);
  gtk_grid_attach (grid, label, 0, row, 1, 1);
  gtk_grid_attach (grid, control, 1, row, 1, 1);
  if (param->unit && *param->unit)
    {
      GtkWidget *unit = gtk_label_new (param->unit);
      gtk_label_set_xalign (GTK_LABEL (unit), 0);
      gtk_widget_add_css_class (unit, "sl-dim");
      gtk_grid_attach (grid, unit, 2, row, 1, 1);
    }
  if (param->type == ENG_PARAM_PATH)
    gtk_grid_attach (grid, make_choose (param, control), 2, row, 1, 1);
  return control;
}

void
ui_param_row_watch (GtkWidget *control, const EngParam *param, GCallback edited, gpointer data)
{
  g_signal_connect_swapped (control, kinds[param->type].signal, edited, data);
}

void
ui_param_row_show (GtkWidget *control, const EngParam *param, const EngValues *values)
{
  kinds[param->type].show (control, values, param->id);
}

gboolean
ui_param_row_read (GtkWidget *control, const EngParam *param, EngValues *values, GError **error)
{
  return kinds[param->type].read (control, values, param->id, error);
}

/* ---- layers ---- */

/* "block3/relu · 12 × 12" */
static char *
layer_label (const EngTarget *target)
{
  return g_strdup_printf ("%s · %d × %d", target->name, target->rows, target->cols);
}

GStrv
ui_layer_row_fill (GtkDropDown *control, EngModel *model, const EngTarget *usual, const char *now,
                   gboolean (*suits) (EngModel *model, const EngTarget *target, gpointer data), gpointer data)
{
  g_autoptr (GtkStringList) labels = gtk_string_list_new (NULL);
  g_autofree char *automatic = usual ? g_strdup_printf ("Automatic (%s)", usual->name) : g_strdup ("Automatic");
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  guint selected = 0, row = 1;
  int n;
  const EngTarget *targets = eng_model_targets (model, &n);
  gtk_string_list_append (labels, automatic);
  for (int i = n - 1; i >= 0; i--)
    if (suits (model, &targets[i], data))
      {
        g_autofree char *label = layer_label (&targets[i]);
        gtk_string_list_append (labels, label);
        g_strv_builder_add (names, targets[i].name);
        if (g_strcmp0 (now, targets[i].name) == 0)
          selected = row;
        row++;
      }
  gtk_drop_down_set_model (control, G_LIST_MODEL (labels));
  gtk_drop_down_set_selected (control, selected);
  return g_strv_builder_end (names);
}

const char *
ui_layer_row_chosen (GtkDropDown *control, GStrv layers)
{
  guint at = layers ? gtk_drop_down_get_selected (control) : 0;
  return at == 0 || at == GTK_INVALID_LIST_POSITION ? NULL : layers[at - 1];
}

void
ui_param_rows_fold (GtkExpander *expander, GtkWidget *rows)
{
  gtk_expander_set_child (expander, rows);
  /* GTK 4.8 offers the focus to what is folded away, which is in no window. */
  g_object_bind_property (expander, "expanded", rows, "can-focus", G_BINDING_SYNC_CREATE);
}
