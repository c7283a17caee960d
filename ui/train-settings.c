/* See train-settings.h. */
#include "ui/train-settings.h"

#include "ui/param-row.h"

struct _UiTrainSettings
{
  GtkWidget parent_instance;
  const EngExplainerKind *kind;
  EngModel *model;
  GtkGrid *grid, *more;
  GtkWidget *expander;
  GPtrArray *controls; /* GtkWidget*, one per parameter; owned by the grids */
  GtkDropDown *layer;  /* NULL: the kind needs none */
  GStrv layers;        /* those of the drop-down after its first row */
  gboolean showing;
};

G_DEFINE_FINAL_TYPE (UiTrainSettings, ui_train_settings, GTK_TYPE_WIDGET)

static guint edited_signal;

static void
on_edited (UiTrainSettings *self)
{
  if (!self->showing)
    g_signal_emit (self, edited_signal, 0);
}

/* What it means, beside it: a training takes long enough to be begun knowingly. */
static void
attach_help (GtkGrid *grid, int row, const char *help)
{
  GtkWidget *label = gtk_label_new (help);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_width_chars (GTK_LABEL (label), 24);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 44);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_add_css_class (label, "caption");
  gtk_widget_add_css_class (label, "sl-dim");
  gtk_grid_attach (grid, label, 3, row, 1, 1);
}

static gboolean
suits (EngModel *model, const EngTarget *target, gpointer kind)
{
  return eng_kind_can_train (kind, model, target, NULL);
}

static void
add_layer (UiTrainSettings *self, int row)
{
  static const char help[] = "Where the explainer looks. Its cells are the map’s.";
  GtkWidget *label = gtk_label_new ("Layer"), *control = gtk_drop_down_new (NULL, NULL);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_accessible_update_property (GTK_ACCESSIBLE (control), GTK_ACCESSIBLE_PROPERTY_LABEL, "Layer",
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, help, -1);
  self->layer = GTK_DROP_DOWN (control);
  self->layers = ui_layer_row_fill (self->layer, self->model, eng_kind_default_target (self->kind, self->model), NULL,
                                    suits, (gpointer)self->kind);
  gtk_grid_attach (self->grid, label, 0, row, 1, 1);
  gtk_grid_attach (self->grid, control, 1, row, 1, 1);
  attach_help (self->grid, row, help);
  g_signal_connect_swapped (control, "notify::selected", G_CALLBACK (on_edited), self);
}

static void
empty (GtkGrid *grid)
{
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (grid)));)
    gtk_grid_remove (grid, child);
}

/* The kind's own, and how long it learns; the rest is right for most. */
static gboolean
is_first (UiTrainSettings *self, guint i)
{
  guint own = 0;
  while (self->kind->params && self->kind->params[own].id)
    own++;
  return i <= own;
}

void
ui_train_settings_set_kind (UiTrainSettings *self, const EngExplainerKind *kind, EngModel *model)
{
  const EngParam *param;
  int row = 0, more = 0;
  empty (self->grid);
  empty (self->more);
  g_ptr_array_set_size (self->controls, 0);
  g_clear_pointer (&self->layers, g_strfreev);
  self->layer = NULL;
  self->kind = kind;
  g_set_object (&self->model, model);
  if (kind->needs & ENG_NEEDS_GRID)
    add_layer (self, row++);
  for (guint i = 0; (param = eng_kind_param (kind, i)); i++)
    {
      GtkGrid *grid = is_first (self, i) ? self->grid : self->more;
      int at = grid == self->grid ? row++ : more++;
      GtkWidget *control = ui_param_row_attach (grid, at, param);
      gtk_widget_set_valign (control, GTK_ALIGN_CENTER);
      attach_help (grid, at, param->help);
      g_ptr_array_add (self->controls, control);
      ui_param_row_watch (control, param, G_CALLBACK (on_edited), self);
    }
  gtk_widget_set_visible (self->expander, more > 0);
  g_autoptr (EngValues) values = eng_kind_values (kind, model);
  ui_train_settings_show (self, values, NULL);
}

void
ui_train_settings_show (UiTrainSettings *self, const EngValues *values, const char *layer)
{
  self->showing = TRUE;
  for (guint i = 0; i < self->controls->len; i++)
    ui_param_row_show (self->controls->pdata[i], eng_kind_param (self->kind, i), values);
  for (guint i = 0; layer && self->layers && self->layers[i]; i++)
    if (g_str_equal (self->layers[i], layer))
      gtk_drop_down_set_selected (self->layer, i + 1);
  self->showing = FALSE;
}

EngValues *
ui_train_settings_read (UiTrainSettings *self, GError **error)
{
  g_autoptr (EngValues) values = eng_kind_values (self->kind, self->model);
  self->showing = TRUE; /* a spin button takes in what was typed */
  for (guint i = 0; values && i < self->controls->len; i++)
    if (!ui_param_row_read (self->controls->pdata[i], eng_kind_param (self->kind, i), values, error))
      g_clear_pointer (&values, eng_values_free);
  self->showing = FALSE;
  return g_steal_pointer (&values);
}

const char *
ui_train_settings_layer (UiTrainSettings *self)
{
  return self->layer ? ui_layer_row_chosen (self->layer, self->layers) : NULL;
}

/* ---- life ---- */

static void
ui_train_settings_dispose (GObject *object)
{
  UiTrainSettings *self = UI_TRAIN_SETTINGS (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->controls, g_ptr_array_unref);
  g_clear_pointer (&self->layers, g_strfreev);
  g_clear_object (&self->model);
  G_OBJECT_CLASS (ui_train_settings_parent_class)->dispose (object);
}

static void
ui_train_settings_class_init (UiTrainSettingsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_train_settings_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
  edited_signal =
      g_signal_new ("edited", UI_TYPE_TRAIN_SETTINGS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static GtkGrid *
make_grid (void)
{
  GtkWidget *grid = gtk_grid_new ();
  gtk_grid_set_row_spacing (GTK_GRID (grid), 8);
  gtk_grid_set_column_spacing (GTK_GRID (grid), 10);
  return GTK_GRID (grid);
}

static void
ui_train_settings_init (UiTrainSettings *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));
  gtk_orientable_set_orientation (GTK_ORIENTABLE (layout), GTK_ORIENTATION_VERTICAL);
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 8);
  self->controls = g_ptr_array_new ();
  self->grid = make_grid ();
  self->more = make_grid ();
  self->expander = gtk_expander_new_with_mnemonic ("_More Settings");
  gtk_widget_set_margin_top (GTK_WIDGET (self->more), 8);
  ui_param_rows_fold (GTK_EXPANDER (self->expander), GTK_WIDGET (self->more));
  gtk_widget_set_parent (GTK_WIDGET (self->grid), GTK_WIDGET (self));
  gtk_widget_set_parent (self->expander, GTK_WIDGET (self));
}

GtkWidget *
ui_train_settings_new (void)
{
  return g_object_new (UI_TYPE_TRAIN_SETTINGS, NULL);
}
