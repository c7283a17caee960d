/* See method-form.h. One row per declared parameter. */
#include "ui/method-form.h"

#include <math.h>
#include <string.h>

#include "ui/param-row.h"
#include "ui/tip.h"

struct _UiMethodForm
{
  GtkWidget parent_instance;
  UiSession *session;
  UiSlot *slot;
  GtkWidget *run, *reset, *problem;
  GPtrArray *controls;         /* GtkWidget*, one per parameter; owned by the grid */
  GtkWidget *setup;            /* grid of what is not a parameter */
  GtkDropDown *preset, *layer; /* NULL: the method has none */
  GtkWidget *preset_label, *layer_label;
  GStrv layers;     /* those of the drop-down after its first row */
  char *opened;     /* what the form said when it was opened, see settings_text() */
  gboolean showing; /* controls are being filled */
};

G_DEFINE_FINAL_TYPE (UiMethodForm, ui_method_form, GTK_TYPE_WIDGET)

static guint done_signal;

/* ---- presets ---- */

enum
{
  PRESET_PUBLISHED,
  PRESET_QUICK,
  PRESET_CUSTOM,
  N_PRESETS
};

/* What a quick look is content with: shares of the published counts. */
static const struct
{
  const char *id;
  double share;
} quick[] = { { "steps", 0.3 }, { "masks", 0.125 }, { "samples", 0.3 }, { "draws", 0.5 } };

/* (transfer full) */
static EngValues *
preset_values (UiMethodForm *self, int preset)
{
  const EngMethod *method = ui_slot_method (self->slot);
  EngValues *values = eng_values_new (method, ui_session_model (self->session));
  const EngParam *param;
  for (guint i = 0; preset == PRESET_QUICK && (param = eng_method_param (method, i)); i++)
    for (guint k = 0; k < G_N_ELEMENTS (quick); k++)
      if (param->type == ENG_PARAM_INT && g_str_equal (param->id, quick[k].id))
        eng_values_set (values, param->id, round (eng_values_get (values, param->id) * quick[k].share));
  return values;
}

/* Where nothing is counted there is nothing to be quicker by. */
static gboolean
has_presets (UiMethodForm *self)
{
  g_autoptr (EngValues) published = preset_values (self, PRESET_PUBLISHED);
  g_autoptr (EngValues) fast = preset_values (self, PRESET_QUICK);
  g_autofree char *a = eng_values_to_json (published), *b = eng_values_to_json (fast);
  return !g_str_equal (a, b);
}

/* ---- reading and showing ---- */

/* NULL with an error that names the parameter. (transfer full) */
static EngValues *
read_values (UiMethodForm *self, GError **error)
{
  g_autoptr (EngValues) values = eng_values_new (ui_slot_method (self->slot), ui_session_model (self->session));
  for (guint i = 0; i < self->controls->len; i++)
    {
      const EngParam *param = eng_method_param (ui_slot_method (self->slot), i);
      if (!ui_param_row_read (self->controls->pdata[i], param, values, error))
        return NULL;
    }
  return g_steal_pointer (&values);
}

/* Everything that is chosen, as text; NULL: something cannot be read. (transfer full) */
static char *
settings_text (UiMethodForm *self)
{
  g_autoptr (EngValues) values = read_values (self, NULL);
  g_autofree char *json = values ? eng_values_to_json (values) : NULL;
  const char *layer = ui_layer_row_chosen (self->layer, self->layers);
  return json ? g_strdup_printf ("%s\n%s", layer ? layer : "", json) : NULL;
}

static void
update_preset (UiMethodForm *self)
{
  g_autoptr (EngValues) values = read_values (self, NULL);
  g_autofree char *now = values ? eng_values_to_json (values) : NULL;
  guint found = PRESET_CUSTOM;
  for (int preset = PRESET_PUBLISHED; preset < PRESET_CUSTOM && now; preset++)
    {
      g_autoptr (EngValues) wanted = preset_values (self, preset);
      g_autofree char *json = eng_values_to_json (wanted);
      if (g_str_equal (json, now))
        found = (guint)preset;
    }
  self->showing = TRUE;
  gtk_drop_down_set_selected (self->preset, found);
  self->showing = FALSE;
}

/* What was changed and not run is not lost: the map is out of date until it is. */
static void
keep (UiMethodForm *self)
{
  g_autofree char *now = self->opened && ui_session_model (self->session) ? settings_text (self) : NULL;
  if (!now || g_str_equal (now, self->opened) || !ui_slot_values (self->slot))
    return;
  g_autoptr (EngValues) values = read_values (self, NULL);
  ui_session_set_values (self->session, self->slot, values, ui_layer_row_chosen (self->layer, self->layers));
}

static void
on_edited (UiMethodForm *self)
{
  if (self->showing || !ui_session_model (self->session))
    return;
  update_preset (self);
  if (!gtk_widget_get_mapped (GTK_WIDGET (self))) /* a dialog that took its place has answered */
    keep (self);
}

static void
show_values (UiMethodForm *self, const EngValues *values)
{
  self->showing = TRUE;
  for (guint i = 0; values && i < self->controls->len; i++)
    {
      const EngParam *param = eng_method_param (ui_slot_method (self->slot), i);
      ui_param_row_show (self->controls->pdata[i], param, values);
    }
  self->showing = FALSE;
  if (values)
    update_preset (self);
}

static void
on_preset (UiMethodForm *self)
{
  guint preset = gtk_drop_down_get_selected (self->preset);
  if (self->showing || preset >= PRESET_CUSTOM || !ui_session_model (self->session))
    return;
  g_autoptr (EngValues) values = preset_values (self, (int)preset);
  show_values (self, values);
}

/* ---- layers ---- */

static gboolean
suits (EngModel *model, const EngTarget *target, gpointer method)
{
  return eng_method_can_explain (method, model, target, NULL);
}

static void
fill_layers (UiMethodForm *self, EngModel *model)
{
  const EngMethod *method = ui_slot_method (self->slot);
  g_strfreev (self->layers);
  self->layers = ui_layer_row_fill (self->layer, model, eng_method_default_target (method, model),
                                    ui_slot_layer (self->slot), suits, (gpointer)method);
}

/* ---- the form ---- */

/* @text: NULL: there is none. */
static void
show_problem (UiMethodForm *self, const char *text)
{
  gtk_widget_set_visible (self->problem, text != NULL);
  gtk_label_set_label (GTK_LABEL (self->problem), text ? text : "");
}

static void
on_map (UiMethodForm *self)
{
  EngModel *model = ui_session_model (self->session);
  /* The file that it waits for can be named here. */
  gboolean ready =
      model && (ui_slot_state (self->slot) != UI_SLOT_IMPOSSIBLE || ui_session_kind_for (self->session, self->slot));
  gboolean layered = model && ui_slot_method (self->slot)->needs & ENG_NEEDS_GRID;
  gboolean presets = model && has_presets (self);
  gtk_widget_set_visible (GTK_WIDGET (self->preset), presets);
  gtk_widget_set_visible (self->preset_label, presets);
  gtk_widget_set_visible (GTK_WIDGET (self->layer), layered);
  gtk_widget_set_visible (self->layer_label, layered);
  gtk_widget_set_visible (self->setup, presets || layered);
  if (layered)
    fill_layers (self, model);
  show_values (self, model ? ui_slot_values (self->slot) : NULL);
  show_problem (self, model && !ui_slot_applies (self->slot) ? ui_slot_reason (self->slot) : NULL);
  g_free (self->opened);
  self->opened = model ? settings_text (self) : NULL;
  gtk_widget_set_sensitive (self->run, ready);
  gtk_widget_set_sensitive (self->reset, ready);
}

static void
on_adopted (gpointer owner, const EngValues *values, const GError *error)
{
  UiMethodForm *self = owner;
  show_problem (self, error ? error->message : NULL);
  gtk_widget_set_sensitive (self->run, TRUE);
  if (error)
    return;
  g_clear_pointer (&self->opened, g_free);
  ui_slot_set_layer (self->slot, ui_layer_row_chosen (self->layer, self->layers));
  ui_session_run_with (self->session, self->slot, values);
  g_signal_emit (self, done_signal, 0);
}

static void
on_run (UiMethodForm *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngValues) values = read_values (self, &error);
  show_problem (self, error ? error->message : NULL);
  if (error)
    return;
  gtk_widget_set_sensitive (self->run, FALSE);
  ui_session_adopt (self->session, self->slot, values, on_adopted, self);
}

static void
on_reset (UiMethodForm *self)
{
  g_autoptr (EngValues) values = eng_values_new (ui_slot_method (self->slot), ui_session_model (self->session));
  show_values (self, values);
  if (self->layers)
    gtk_drop_down_set_selected (self->layer, 0);
}

static GtkWidget *
make_label (const char *text, const char *css_class)
{
  GtkWidget *label = gtk_label_new (text);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 40);
  if (css_class)
    gtk_widget_add_css_class (label, css_class);
  return label;
}

static GtkWidget *
make_grid (void)
{
  GtkWidget *grid = gtk_grid_new ();
  gtk_grid_set_row_spacing (GTK_GRID (grid), 6);
  gtk_grid_set_column_spacing (GTK_GRID (grid), 10);
  return grid;
}

static void
add_row (UiMethodForm *self, GtkGrid *grid, const EngParam *param, int row)
{
  GtkWidget *control = ui_param_row_attach (grid, row, param);
  g_ptr_array_add (self->controls, control);
  ui_param_row_watch (control, param, G_CALLBACK (on_edited), self);
}

static GtkDropDown *
add_choice (UiMethodForm *self, int row, const char *text, const char *help, GtkWidget **label)
{
  GtkWidget *control = gtk_drop_down_new (NULL, NULL);
  *label = gtk_label_new (text);
  gtk_label_set_xalign (GTK_LABEL (*label), 0);
  gtk_widget_set_tooltip_text (*label, help);
  ui_tip_describe (control, help);
  gtk_widget_set_hexpand (control, TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (control), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  gtk_grid_attach (GTK_GRID (self->setup), *label, 0, row, 1, 1);
  gtk_grid_attach (GTK_GRID (self->setup), control, 1, row, 1, 1);
  return GTK_DROP_DOWN (control);
}

static void
make_setup (UiMethodForm *self)
{
  static const char *const presets[N_PRESETS + 1] = { "Published", "Quick", "Custom", NULL };
  g_autoptr (GtkStringList) names = gtk_string_list_new (presets);
  self->setup = make_grid ();
  self->preset = add_choice (self, 0, "Preset", "Published: as in the paper. Quick: fewer steps, for a first look.",
                             &self->preset_label);
  self->layer =
      add_choice (self, 1, "Layer", "Where the method looks. Automatic: the last one with a grid that suits it.",
                  &self->layer_label);
  gtk_drop_down_set_model (self->preset, G_LIST_MODEL (names));
  g_signal_connect_swapped (self->preset, "notify::selected", G_CALLBACK (on_preset), self);
}

/* Parameters of combinations, which few runs need, folded away. */
static GtkWidget *
make_combinations (UiMethodForm *self, guint first)
{
  const EngMethod *method = ui_slot_method (self->slot);
  GtkWidget *expander = gtk_expander_new ("Average over noisy copies"), *grid = make_grid ();
  const EngParam *param;
  for (guint i = first; (param = eng_method_param (method, i)); i++)
    add_row (self, GTK_GRID (grid), param, (int)(i - first));
  gtk_widget_set_margin_top (grid, 6);
  ui_param_rows_fold (GTK_EXPANDER (expander), grid);
  return expander;
}

static void
emit_done (UiMethodForm *self)
{
  g_signal_emit (self, done_signal, 0);
}

static GtkWidget *
make_help_link (UiMethodForm *self, const EngMethod *method)
{
  GtkWidget *link = gtk_button_new_with_label ("What does this show?");
  gtk_widget_add_css_class (link, "flat");
  gtk_widget_add_css_class (link, "link");
  gtk_widget_set_halign (link, GTK_ALIGN_START);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (link), "win.help");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (link), "s", method->id);
  g_signal_connect_swapped (link, "clicked", G_CALLBACK (emit_done), self);
  return link;
}

static GtkWidget *
make_buttons (UiMethodForm *self, gboolean has_params)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  self->reset = gtk_button_new_with_label ("Reset");
  self->run = gtk_button_new_with_label (has_params ? "Run with These Values" : "Run");
  gtk_widget_add_css_class (self->run, "suggested-action");
  gtk_widget_set_visible (self->reset, has_params);
  gtk_widget_set_halign (box, GTK_ALIGN_END);
  gtk_box_append (GTK_BOX (box), self->reset);
  gtk_box_append (GTK_BOX (box), self->run);
  g_signal_connect_swapped (self->run, "clicked", G_CALLBACK (on_run), self);
  g_signal_connect_swapped (self->reset, "clicked", G_CALLBACK (on_reset), self);
  return box;
}

GtkWidget *
ui_method_form_new (UiSession *session, UiSlot *slot)
{
  UiMethodForm *self = g_object_new (UI_TYPE_METHOD_FORM, NULL);
  const EngMethod *method = ui_slot_method (slot);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 10), *grid = make_grid ();
  guint own = 0;
  self->session = g_object_ref (session);
  self->slot = g_object_ref (slot);
  make_setup (self);
  gtk_box_append (GTK_BOX (box), make_label (ui_slot_name (slot), "heading"));
  gtk_box_append (GTK_BOX (box), make_label (method->about, "sl-dim"));
  gtk_box_append (GTK_BOX (box), make_help_link (self, method));
  for (; method->params && method->params[own].id; own++)
    add_row (self, GTK_GRID (grid), &method->params[own], (int)own);
  gtk_widget_set_visible (grid, own > 0);
  gtk_box_append (GTK_BOX (box), self->setup);
  gtk_box_append (GTK_BOX (box), grid);
  if (eng_method_param (method, own))
    gtk_box_append (GTK_BOX (box), make_combinations (self, own));
  self->problem = make_label ("", "sl-err");
  gtk_box_append (GTK_BOX (box), self->problem);
  gtk_box_append (GTK_BOX (box), make_buttons (self, self->controls->len > 0));
  gtk_widget_set_parent (box, GTK_WIDGET (self));
  gtk_widget_add_css_class (GTK_WIDGET (self), "form");
  g_signal_connect (self, "map", G_CALLBACK (on_map), NULL);
  g_signal_connect (self, "unmap", G_CALLBACK (keep), NULL);
  return GTK_WIDGET (self);
}

GtkWidget *
ui_method_form_popover (UiSession *session, UiSlot *slot)
{
  GtkWidget *popover = gtk_popover_new (), *scrolled = gtk_scrolled_window_new ();
  GtkWidget *form = ui_method_form_new (session, slot);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scrolled), TRUE);
  gtk_scrolled_window_set_propagate_natural_width (GTK_SCROLLED_WINDOW (scrolled), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scrolled), 520);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), form);
  gtk_popover_set_child (GTK_POPOVER (popover), scrolled);
  gtk_popover_set_default_widget (GTK_POPOVER (popover), UI_METHOD_FORM (form)->run);
  g_signal_connect_object (form, "done", G_CALLBACK (gtk_popover_popdown), popover, G_CONNECT_SWAPPED);
  return popover;
}

static void
ui_method_form_dispose (GObject *object)
{
  UiMethodForm *self = UI_METHOD_FORM (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->controls, g_ptr_array_unref);
  g_clear_pointer (&self->layers, g_strfreev);
  g_clear_pointer (&self->opened, g_free);
  g_clear_object (&self->session);
  g_clear_object (&self->slot);
  G_OBJECT_CLASS (ui_method_form_parent_class)->dispose (object);
}

static void
ui_method_form_class_init (UiMethodFormClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_method_form_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_FORM);
  done_signal = g_signal_new ("done", UI_TYPE_METHOD_FORM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ui_method_form_init (UiMethodForm *self)
{
  self->controls = g_ptr_array_new ();
}
