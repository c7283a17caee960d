/* See method-list.h. */
#include "ui/method-list.h"

#include "ui/method-form.h"
#include "ui/tip.h"

struct _UiMethodList
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkListBox *list;
};

G_DEFINE_FINAL_TYPE (UiMethodList, ui_method_list, GTK_TYPE_WIDGET)

/* What a row consists of; lives as long as the row. */
typedef struct
{
  UiSession *session; /* borrowed */
  UiSlot *slot;
  GtkWidget *check, *status, *gear;
  GtkWidget *train; /* (nullable) */
} Row;

static GtkWidget *
make_train (UiSlot *slot, const EngExplainerKind *kind)
{
  GtkWidget *button = gtk_button_new_with_label ("Train…");
  g_autofree char *spoken = g_strdup_printf ("Train an explainer for %s", ui_slot_name (slot));
  g_autofree char *action = g_strdup_printf ("win.train('%s')", kind->id);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  gtk_actionable_set_detailed_action_name (GTK_ACTIONABLE (button), action);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "link"); /* a frame would leave no room for the name */
  gtk_widget_add_css_class (button, "tight");
  ui_tip_set (button, spoken);
  return button;
}

/* A method that waits for its explainer leads to where it is trained (its gear to where a file is named). Few do: the
 * button is made when it is wanted. */
static void
update_train (Row *parts)
{
  const EngExplainerKind *kind = ui_session_kind_for (parts->session, parts->slot);
  gtk_widget_set_visible (parts->status, kind == NULL);
  if (!kind && !parts->train)
    return;
  if (!parts->train)
    {
      parts->train = make_train (parts->slot, kind);
      gtk_box_insert_child_after (GTK_BOX (gtk_widget_get_parent (parts->status)), parts->train, parts->status);
    }
  if (!kind && gtk_widget_is_focus (parts->train)) /* else the list scrolls to the next such button */
    gtk_widget_grab_focus (parts->check);
  gtk_widget_set_visible (parts->train, kind != NULL);
}

static void
update_row (GtkWidget *row)
{
  Row *parts = g_object_get_data (G_OBJECT (row), "parts");
  UiSlot *slot = parts->slot;
  UiSlotState state = ui_slot_state (slot);
  g_autofree char *status = ui_slot_status (slot);
  gboolean possible = ui_slot_applies (slot);
  gtk_label_set_label (GTK_LABEL (parts->status), status);
  gtk_widget_set_sensitive (parts->check, possible);
  gtk_widget_set_sensitive (parts->gear, possible || ui_session_kind_for (parts->session, slot));
  update_train (parts);
  gtk_widget_set_visible (row, !ui_slot_away (slot));
  ui_tip_set (row, possible ? ui_slot_method (slot)->about : ui_slot_reason (slot));
  gtk_accessible_update_property (GTK_ACCESSIBLE (parts->check), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  possible ? status : ui_slot_reason (slot), -1);
  if (state == UI_SLOT_FAILED)
    gtk_widget_add_css_class (parts->status, "sl-err");
  else
    gtk_widget_remove_css_class (parts->status, "sl-err");
  if (state == UI_SLOT_RUNNING)
    gtk_widget_add_css_class (parts->status, "accent");
  else
    gtk_widget_remove_css_class (parts->status, "accent");
}

/* A form has a dozen widgets: it is made when it is wanted. */
static void
make_form (GtkMenuButton *gear, gpointer data)
{
  UiMethodList *self = data;
  if (!gtk_menu_button_get_popover (gear))
    gtk_menu_button_set_popover (gear,
                                 ui_method_form_popover (self->session, g_object_get_data (G_OBJECT (gear), "slot")));
}

static GtkWidget *
make_gear (UiMethodList *self, UiSlot *slot)
{
  GtkWidget *gear = gtk_menu_button_new ();
  g_autofree char *label = g_strdup_printf ("Parameters of %s", ui_slot_name (slot));
  g_object_set_data (G_OBJECT (gear), "slot", slot);
  gtk_menu_button_set_create_popup_func (GTK_MENU_BUTTON (gear), make_form, self, NULL);
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (gear), "sl-gear-symbolic");
  ui_tip_set (gear, label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (gear), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_menu_button_set_has_frame (GTK_MENU_BUTTON (gear), FALSE);
  gtk_widget_add_css_class (gear, "tight");
  return gear;
}

static const char *
section_of (UiSlot *slot)
{
  return ui_slot_kind (slot) == UI_SLOT_OWN ? "Made elsewhere" : eng_family_name (ui_slot_method (slot)->family);
}

/* The family's name above the first of its methods. */
static void
update_section (GtkListBoxRow *row, GtkListBoxRow *before, gpointer unused)
{
  Row *parts = g_object_get_data (G_OBJECT (row), "parts");
  Row *last = before ? g_object_get_data (G_OBJECT (before), "parts") : NULL;
  if (!parts)
    return; /* the photo */
  const char *family = section_of (parts->slot);
  if (last && g_str_equal (section_of (last->slot), family))
    {
      gtk_list_box_row_set_header (row, NULL);
      return;
    }
  GtkWidget *label = gtk_label_new (family);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "family");
  gtk_list_box_row_set_header (row, label);
}

/* Long names are cut: the sidebar keeps its width. */
static GtkWidget *
make_check (const char *name)
{
  GtkWidget *check = gtk_check_button_new (), *label = gtk_label_new (name);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_check_button_set_child (GTK_CHECK_BUTTON (check), label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (check), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_widget_set_hexpand (check, TRUE);
  return check;
}

static void
on_photo_toggled (GtkCheckButton *check, UiSession *session)
{
  ui_session_set_shows_photo (session, gtk_check_button_get_active (check));
}

static void
update_photo (GtkCheckButton *check, UiSession *session)
{
  gtk_check_button_set_active (check, ui_session_shows_photo (session));
}

/* The first row: no method, but a tile. */
static GtkWidget *
make_photo_row (UiMethodList *self)
{
  GtkWidget *row = gtk_list_box_row_new (), *check = make_check ("Photo");
  update_photo (GTK_CHECK_BUTTON (check), self->session);
  g_signal_connect_object (check, "toggled", G_CALLBACK (on_photo_toggled), self->session, 0);
  g_signal_connect_object (self->session, "display-changed", G_CALLBACK (update_photo), check, G_CONNECT_SWAPPED);
  ui_tip_set (row, "The photo as it was opened, as the first tile (P)");
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), check);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_set_focusable (row, FALSE);
  return row;
}

/* A copy, or a map that was brought along, lasts as long as it is shown. */
static void
on_copy_unticked (UiSlot *slot, GParamSpec *spec, UiMethodList *self)
{
  if (!ui_slot_shown (slot))
    ui_session_remove (self->session, slot);
}

static GtkWidget *
make_row (gpointer item, gpointer data)
{
  UiMethodList *self = data;
  if (!UI_IS_SLOT (item))
    return make_photo_row (self);
  UiSlot *slot = item;
  GtkWidget *row = gtk_list_box_row_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 3);
  Row *parts = g_new (Row, 1);
  *parts = (Row){ self->session,          slot, make_check (ui_slot_name (slot)), gtk_label_new (""),
                  make_gear (self, slot), NULL };
  g_object_set_data_full (G_OBJECT (row), "parts", parts, g_free);
  gtk_widget_add_css_class (parts->status, "sl-dim");
  gtk_widget_add_css_class (parts->status, "sl-num");
  gtk_box_append (GTK_BOX (box), parts->check);
  gtk_box_append (GTK_BOX (box), parts->status);
  gtk_box_append (GTK_BOX (box), parts->gear);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_set_focusable (row, FALSE);
  g_object_bind_property (slot, "shown", parts->check, "active", G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_signal_connect_object (slot, "changed", G_CALLBACK (update_row), row, G_CONNECT_SWAPPED);
  g_signal_connect_object (slot, "notify::shown", G_CALLBACK (update_row), row, G_CONNECT_SWAPPED);
  gtk_widget_set_visible (parts->gear, ui_slot_kind (slot) == UI_SLOT_OF_METHOD);
  if (ui_slot_number (slot) > 1)
    gtk_widget_set_margin_start (parts->check, 16);
  if (ui_slot_number (slot) > 1 || ui_slot_kind (slot) == UI_SLOT_OWN)
    {
      g_signal_connect_object (slot, "notify::shown", G_CALLBACK (on_copy_unticked), self, G_CONNECT_AFTER);
    }
  update_row (row);
  return row;
}

void
ui_method_list_set_session (UiMethodList *self, UiSession *session)
{
  self->session = g_object_ref (session);
  gtk_list_box_set_header_func (self->list, update_section, NULL, NULL);
  GListStore *photo = g_list_store_new (G_TYPE_OBJECT), *lists = g_list_store_new (G_TYPE_LIST_MODEL);
  g_autoptr (GtkStringObject) name = gtk_string_object_new ("Photo");
  g_list_store_append (photo, name);
  g_list_store_append (lists, photo);
  g_list_store_append (lists, ui_session_slots (session));
  g_list_store_append (lists, ui_session_own_maps (session));
  g_object_unref (photo);
  g_autoptr (GListModel) rows = G_LIST_MODEL (gtk_flatten_list_model_new (G_LIST_MODEL (lists)));
  gtk_list_box_bind_model (self->list, rows, make_row, self, NULL);
}

static void
ui_method_list_dispose (GObject *object)
{
  UiMethodList *self = UI_METHOD_LIST (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_method_list_parent_class)->dispose (object);
}

static void
ui_method_list_class_init (UiMethodListClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_method_list_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
ui_method_list_init (UiMethodList *self)
{
  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_list_box_set_selection_mode (self->list, GTK_SELECTION_NONE);
  gtk_widget_add_css_class (GTK_WIDGET (self->list), "sl-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL, "Methods", -1);
  gtk_widget_set_parent (GTK_WIDGET (self->list), GTK_WIDGET (self));
}
