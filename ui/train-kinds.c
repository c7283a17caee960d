/* See train-kinds.h. */
#include "ui/train-kinds.h"

struct _UiTrainKinds
{
  GtkWidget parent_instance;
  GtkListBox *list;
  GPtrArray *checks; /* GtkCheckButton*, in the order of the kinds; owned by the list */
  const EngExplainerKind *chosen;
};

G_DEFINE_FINAL_TYPE (UiTrainKinds, ui_train_kinds, GTK_TYPE_WIDGET)

static guint changed_signal;

static GtkWidget *
make_words (const EngExplainerKind *kind, const char *refusal)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 1), *name = gtk_label_new (kind->name);
  GtkWidget *about = gtk_label_new (refusal ? refusal : kind->about);
  gtk_label_set_xalign (GTK_LABEL (name), 0);
  gtk_label_set_xalign (GTK_LABEL (about), 0);
  gtk_label_set_wrap (GTK_LABEL (about), TRUE);
  gtk_widget_set_hexpand (box, TRUE);
  gtk_widget_add_css_class (name, "heading");
  gtk_widget_add_css_class (about, "caption");
  gtk_widget_add_css_class (about, "sl-dim");
  gtk_box_append (GTK_BOX (box), name);
  gtk_box_append (GTK_BOX (box), about);
  return box;
}

static void
on_toggled (GtkCheckButton *check, UiTrainKinds *self)
{
  const EngExplainerKind *kind = g_object_get_data (G_OBJECT (check), "kind");
  if (!gtk_check_button_get_active (check) || kind == self->chosen)
    return;
  self->chosen = kind;
  g_signal_emit (self, changed_signal, 0);
}

static void
add (UiTrainKinds *self, const EngExplainerKind *kind, EngModel *model)
{
  g_autoptr (GError) error = NULL;
  gboolean can = eng_kind_can_train (kind, model, NULL, &error);
  GtkWidget *row = gtk_list_box_row_new (), *check = gtk_check_button_new ();
  if (self->checks->len > 0)
    gtk_check_button_set_group (GTK_CHECK_BUTTON (check), self->checks->pdata[0]);
  gtk_check_button_set_child (GTK_CHECK_BUTTON (check), make_words (kind, can ? NULL : error->message));
  gtk_widget_set_sensitive (check, can);
  gtk_widget_set_margin_top (check, 3);
  gtk_widget_set_margin_bottom (check, 3);
  gtk_accessible_update_property (GTK_ACCESSIBLE (check), GTK_ACCESSIBLE_PROPERTY_LABEL, kind->name,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, can ? kind->about : error->message, -1);
  g_object_set_data (G_OBJECT (check), "kind", (gpointer)kind);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), check);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_set_focusable (row, FALSE);
  gtk_list_box_append (self->list, row);
  g_ptr_array_add (self->checks, check);
  g_signal_connect (check, "toggled", G_CALLBACK (on_toggled), self);
}

void
ui_train_kinds_set_model (UiTrainKinds *self, EngModel *model)
{
  const EngExplainerKind *kind, *before = self->chosen;
  for (GtkWidget *row; (row = gtk_widget_get_first_child (GTK_WIDGET (self->list)));)
    gtk_list_box_remove (self->list, row);
  g_ptr_array_set_size (self->checks, 0);
  self->chosen = NULL;
  for (guint i = 0; (kind = eng_kind_nth (i)); i++)
    add (self, kind, model);
  ui_train_kinds_set (self, before);
  for (guint i = 0; !self->chosen && i < self->checks->len; i++)
    ui_train_kinds_set (self, eng_kind_nth (i));
}

const EngExplainerKind *
ui_train_kinds_get (UiTrainKinds *self)
{
  return self->chosen;
}

void
ui_train_kinds_set (UiTrainKinds *self, const EngExplainerKind *kind)
{
  for (guint i = 0; i < self->checks->len; i++)
    if (eng_kind_nth (i) == kind && gtk_widget_get_sensitive (self->checks->pdata[i]))
      gtk_check_button_set_active (self->checks->pdata[i], TRUE);
}

void
ui_train_kinds_focus (UiTrainKinds *self)
{
  for (guint i = 0; i < self->checks->len; i++)
    if (gtk_check_button_get_active (self->checks->pdata[i]))
      gtk_widget_grab_focus (self->checks->pdata[i]);
}

/* ---- keys ---- */

/* The next kind in that direction that can be chosen; -1: none. */
static int
next_kind (UiTrainKinds *self, int step)
{
  int n = (int)self->checks->len, at = 0;
  while (at < n && eng_kind_nth ((guint)at) != self->chosen)
    at++;
  for (at += step; at >= 0 && at < n; at += step)
    if (gtk_widget_get_sensitive (self->checks->pdata[at]))
      return at;
  return -1;
}

/* One of several: the arrows choose, as among radio buttons. A list would take them for its rows, which have no
 * focus.
 */
static gboolean
on_key (UiTrainKinds *self, guint key, guint code, GdkModifierType modifiers)
{
  int step = key == GDK_KEY_Down || key == GDK_KEY_KP_Down ? 1 : key == GDK_KEY_Up || key == GDK_KEY_KP_Up ? -1 : 0;
  int at = step ? next_kind (self, step) : -1;
  if (at >= 0)
    {
      gtk_check_button_set_active (self->checks->pdata[at], TRUE);
      gtk_widget_grab_focus (self->checks->pdata[at]);
    }
  return step != 0;
}

/* ---- life ---- */

static void
ui_train_kinds_dispose (GObject *object)
{
  UiTrainKinds *self = UI_TRAIN_KINDS (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->checks, g_ptr_array_unref);
  G_OBJECT_CLASS (ui_train_kinds_parent_class)->dispose (object);
}

static void
ui_train_kinds_class_init (UiTrainKindsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_train_kinds_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  changed_signal =
      g_signal_new ("changed", UI_TYPE_TRAIN_KINDS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ui_train_kinds_init (UiTrainKinds *self)
{
  self->checks = g_ptr_array_new ();
  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_list_box_set_selection_mode (self->list, GTK_SELECTION_NONE);
  gtk_widget_add_css_class (GTK_WIDGET (self->list), "sl-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL, "Kind of explainer",
                                  -1);
  gtk_widget_set_parent (GTK_WIDGET (self->list), GTK_WIDGET (self));
  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (keys, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self->list), keys);
}

GtkWidget *
ui_train_kinds_new (void)
{
  return g_object_new (UI_TYPE_TRAIN_KINDS, NULL);
}
