/* See class-list.h. A class to contrast with is chosen by Ctrl+click, the context menu, or R on a row. */
#include "ui/class-list-private.h"

#include <string.h>

#include "ui/tip.h"

#define SHOWN 5
#define GREY_AFTER_MS 300 /* placeholder rows appear only if the scores take longer */

G_DEFINE_FINAL_TYPE (UiClassList, ui_class_list, GTK_TYPE_WIDGET)

/* ---- rows ---- */

static GtkWidget *
make_bar (double value, const char *spoken)
{
  GtkWidget *bar = gtk_level_bar_new_for_interval (0, 1);
  /* The theme's colours for "low" and "full" would judge the score. */
  gtk_level_bar_remove_offset_value (GTK_LEVEL_BAR (bar), GTK_LEVEL_BAR_OFFSET_LOW);
  gtk_level_bar_remove_offset_value (GTK_LEVEL_BAR (bar), GTK_LEVEL_BAR_OFFSET_HIGH);
  gtk_level_bar_remove_offset_value (GTK_LEVEL_BAR (bar), GTK_LEVEL_BAR_OFFSET_FULL);
  gtk_level_bar_set_value (GTK_LEVEL_BAR (bar), value);
  gtk_widget_set_size_request (bar, 36, -1);
  gtk_widget_set_valign (bar, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (bar, "score");
  gtk_accessible_update_property (GTK_ACCESSIBLE (bar), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, spoken, -1);
  return bar;
}

static GtkWidget *
make_row (UiClassList *self, int class_index, double probability, gboolean is_target)
{
  gboolean is_contrast = !is_target && class_index == ui_session_contrast (self->session);
  const char *name = eng_model_label (ui_session_model (self->session), class_index);
  g_autofree char *score = g_strdup_printf ("%.3f", probability);
  g_autofree char *spoken = g_strdup_printf ("%s, %s%s", name, score,
                                             is_target     ? ", explained"
                                             : is_contrast ? ", contrast"
                                                           : "");
  GtkWidget *row = gtk_list_box_row_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *radio = gtk_check_button_new (), *label = gtk_label_new (name), *number = gtk_label_new (score);
  GtkWidget *group = gtk_check_button_new (); /* a check mark is round only in a group */
  gtk_check_button_set_group (GTK_CHECK_BUTTON (radio), GTK_CHECK_BUTTON (g_object_ref_sink (group)));
  g_object_set_data_full (G_OBJECT (radio), "group", group, g_object_unref);
  gtk_check_button_set_active (GTK_CHECK_BUTTON (radio), is_target);
  /* The row is what one focuses and clicks. */
  gtk_widget_set_focusable (radio, FALSE);
  gtk_widget_set_can_target (radio, FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (radio), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_hexpand (label, TRUE);
  g_autofree char *tip = g_strdup_printf ("%s\nCtrl+click: explain rather than this class", name);
  ui_tip_set (label, is_target ? name : tip);
  gtk_widget_add_css_class (label, "name");
  gtk_widget_add_css_class (number, "sl-num");
  gtk_box_append (GTK_BOX (box), radio);
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), make_bar (probability, spoken));
  gtk_box_append (GTK_BOX (box), number);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  if (is_target)
    gtk_widget_add_css_class (row, "target");
  if (is_contrast)
    gtk_widget_add_css_class (row, "contrast");
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  g_object_set_data (G_OBJECT (row), "class", GINT_TO_POINTER (class_index));
  return row;
}

static void
clear_rows (UiClassList *self)
{
  for (GtkWidget *row; (row = gtk_widget_get_first_child (GTK_WIDGET (self->list)));)
    gtk_list_box_remove (self->list, row);
}

/* Indices of the @n most probable classes, best first. */
static int
find_top (const float *probabilities, int n_classes, int *top, int n)
{
  int found = 0;
  for (int i = 0; i < n_classes; i++)
    {
      int at = found;
      while (at > 0 && probabilities[top[at - 1]] < probabilities[i])
        at--;
      if (at >= n)
        continue;
      found = MIN (found + 1, n);
      for (int j = found - 1; j > at; j--)
        top[j] = top[j - 1];
      top[at] = i;
    }
  return found;
}

static int
focused_class (UiClassList *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root ? gtk_root_get_focus (root) : NULL;
  if (!focus || !gtk_widget_is_ancestor (focus, GTK_WIDGET (self->list)))
    return -1;
  return GPOINTER_TO_INT (g_object_get_data (G_OBJECT (focus), "class"));
}

static void
fill_rows (UiClassList *self, const float *probabilities, int n_classes)
{
  int top[SHOWN], found = find_top (probabilities, n_classes, top, SHOWN), target = ui_session_target (self->session);
  int focused = focused_class (self);
  gboolean target_listed = target < 0;
  clear_rows (self);
  for (int i = 0; i < found; i++)
    {
      target_listed = target_listed || top[i] == target;
      gtk_list_box_append (self->list, make_row (self, top[i], probabilities[top[i]], top[i] == target));
    }
  if (!target_listed)
    gtk_list_box_append (self->list, make_row (self, target, probabilities[target], TRUE));
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->list)); row && focused >= 0;
       row = gtk_widget_get_next_sibling (row))
    if (GPOINTER_TO_INT (g_object_get_data (G_OBJECT (row), "class")) == focused)
      gtk_widget_grab_focus (row);
}

/* The list keeps its height while scores are on their way: nothing below it jumps. */
static void
fill_placeholders (UiClassList *self)
{
  clear_rows (self);
  for (int i = 0; i < SHOWN; i++)
    {
      GtkWidget *row = gtk_list_box_row_new (), *bar = gtk_label_new (" ");
      gtk_widget_add_css_class (bar, "placeholder");
      gtk_widget_set_halign (bar, GTK_ALIGN_START);
      gtk_widget_set_size_request (bar, 150 - 18 * i, -1);
      gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), bar);
      gtk_widget_set_focusable (row, FALSE);
      gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
      gtk_list_box_append (self->list, row);
    }
}

static gboolean
on_grey_timer (gpointer data)
{
  UiClassList *self = data;
  self->grey_timer = 0;
  fill_placeholders (self);
  gtk_widget_set_sensitive (GTK_WIDGET (self->list), TRUE);
  return G_SOURCE_REMOVE;
}

static void
update_contrast (UiClassList *self)
{
  EngModel *model = ui_session_model (self->session);
  int contrast = ui_session_contrast (self->session), target = ui_session_target (self->session);
  gboolean shown = model && contrast >= 0;
  gtk_widget_set_visible (self->contrast, shown);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "class.clear-contrast", shown);
  if (!shown)
    return;
  const char *other = eng_model_label (model, contrast);
  g_autofree char *text = target < 0 ? g_strdup_printf ("rather than %s", other)
                          : target == contrast
                              ? g_strdup_printf ("%s is explained itself: no contrast here", other)
                              : g_strdup_printf ("%s rather than %s", eng_model_label (model, target), other);
  gtk_label_set_label (self->contrast_text, text);
}

static void
update (UiClassList *self)
{
  int n = 0;
  EngModel *model = ui_session_model (self->session);
  const float *probabilities = ui_session_probabilities (self->session, &n);
  const char *problem = ui_session_prediction_problem (self->session);
  gboolean expected = model && ui_session_picture (self->session) && !problem;
  self->updating = TRUE;
  g_clear_handle_id (&self->grey_timer, g_source_remove);
  if (probabilities)
    fill_rows (self, probabilities, n);
  else if (!expected)
    clear_rows (self);
  else if (gtk_widget_get_first_child (GTK_WIDGET (self->list)))
    self->grey_timer = g_timeout_add (GREY_AFTER_MS, on_grey_timer, self);
  else
    fill_placeholders (self);
  /* Scores of the picture before must not be taken for this one's. */
  gtk_widget_set_sensitive (GTK_WIDGET (self->list), probabilities != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->list), expected);
  gtk_widget_set_visible (GTK_WIDGET (self->unit), expected);
  gtk_widget_set_visible (GTK_WIDGET (self->hint), !expected);
  gtk_label_set_label (self->hint, problem ? problem
                                   : model ? "Scores appear here once a picture is open."
                                           : "Scores appear here once a model is open.");
  gtk_widget_set_sensitive (GTK_WIDGET (self->search), model != NULL);
  gtk_widget_set_sensitive (GTK_WIDGET (self->follow), model != NULL);
  gtk_check_button_set_active (self->follow, ui_session_follows_top (self->session));
  update_contrast (self);
  self->updating = FALSE;
}

static void
on_row_activated (UiClassList *self, GtkListBoxRow *row)
{
  ui_session_set_target (self->session, GPOINTER_TO_INT (g_object_get_data (G_OBJECT (row), "class")));
}

static void
on_follow (UiClassList *self)
{
  if (!self->updating)
    ui_session_set_follow_top (self->session, gtk_check_button_get_active (self->follow));
}

/* ---- the contrast ---- */

static int
class_of_row (GtkListBoxRow *row)
{
  return GPOINTER_TO_INT (g_object_get_data (G_OBJECT (row), "class"));
}

/* A class cannot be explained rather than itself. */
void
ui_class_list_set_contrast (UiClassList *self, int class_index)
{
  if (ui_session_model (self->session) && class_index != ui_session_target (self->session))
    ui_session_set_contrast (self->session, class_index);
}

static void
on_class_action (GtkWidget *widget, const char *action, GVariant *parameter)
{
  UiClassList *self = UI_CLASS_LIST (widget);
  if (g_str_equal (action, "class.contrast"))
    ui_class_list_set_contrast (self, g_variant_get_int32 (parameter));
  else if (g_str_equal (action, "class.explain"))
    ui_session_set_target (self->session, g_variant_get_int32 (parameter));
  else
    ui_session_set_contrast (self->session, -1);
}

static void
open_menu (UiClassList *self, GtkListBoxRow *row)
{
  graphene_rect_t bounds;
  int index = class_of_row (row);
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autofree char *explain = g_strdup_printf ("class.explain(%d)", index);
  g_autofree char *rather = g_strdup_printf ("class.contrast(%d)", index);
  g_menu_append (menu, "Explain This Class", explain);
  if (index != ui_session_target (self->session))
    g_menu_append (menu, "Explain Rather Than This Class", rather);
  if (ui_session_contrast (self->session) >= 0)
    g_menu_append (menu, "Clear the Contrast", "class.clear-contrast");
  gtk_popover_menu_set_menu_model (GTK_POPOVER_MENU (self->menu), G_MENU_MODEL (menu));
  if (!gtk_widget_compute_bounds (GTK_WIDGET (row), GTK_WIDGET (self), &bounds))
    return;
  gtk_popover_set_pointing_to (self->menu, &(GdkRectangle){ (int)bounds.origin.x, (int)bounds.origin.y,
                                                            (int)bounds.size.width, (int)bounds.size.height });
  gtk_popover_popup (self->menu);
}

static void
on_list_pressed (GtkGestureClick *gesture, int n, double x, double y, UiClassList *self)
{
  guint button = gtk_gesture_single_get_current_button (GTK_GESTURE_SINGLE (gesture));
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (gesture));
  GtkListBoxRow *row = gtk_list_box_get_row_at_y (self->list, (int)y);
  gboolean rather = button == GDK_BUTTON_PRIMARY && state & GDK_CONTROL_MASK;
  if (!row || !gtk_list_box_row_get_activatable (row) || !(rather || button == GDK_BUTTON_SECONDARY))
    return;
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  if (rather)
    ui_class_list_set_contrast (self, class_of_row (row));
  else
    open_menu (self, row);
}

static gboolean
on_list_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, UiClassList *self)
{
  GtkWidget *focus = gtk_root_get_focus (gtk_widget_get_root (GTK_WIDGET (self)));
  if (!GTK_IS_LIST_BOX_ROW (focus) || !gtk_list_box_row_get_activatable (GTK_LIST_BOX_ROW (focus)))
    return GDK_EVENT_PROPAGATE;
  if (key == GDK_KEY_Menu || (key == GDK_KEY_F10 && state & GDK_SHIFT_MASK))
    open_menu (self, GTK_LIST_BOX_ROW (focus));
  else if (key == GDK_KEY_r && !(state & (GDK_CONTROL_MASK | GDK_ALT_MASK)))
    ui_class_list_set_contrast (self, class_of_row (GTK_LIST_BOX_ROW (focus)));
  else
    return GDK_EVENT_PROPAGATE;
  return GDK_EVENT_STOP;
}

static void
watch_list (UiClassList *self)
{
  GtkGesture *click = gtk_gesture_click_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), 0);
  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (click), GTK_PHASE_CAPTURE);
  g_signal_connect (click, "pressed", G_CALLBACK (on_list_pressed), self);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_list_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self->list), GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (GTK_WIDGET (self->list), keys);
  self->menu = GTK_POPOVER (gtk_popover_menu_new_from_model (NULL));
  gtk_popover_set_position (self->menu, GTK_POS_BOTTOM);
  gtk_widget_set_parent (GTK_WIDGET (self->menu), GTK_WIDGET (self));
}

/* ---- birth and end ---- */

static void
on_model (UiClassList *self)
{
  EngModel *model = ui_session_model (self->session);
  int n = model ? eng_model_n_classes (model) : 0;
  g_autoptr (GPtrArray) labels = g_ptr_array_new ();
  for (int i = 0; i < n; i++)
    g_ptr_array_add (labels, (gpointer)eng_model_label (model, i));
  g_ptr_array_add (labels, NULL);
  gtk_string_list_splice (self->labels, 0, g_list_model_get_n_items (G_LIST_MODEL (self->labels)),
                          (const char *const *)labels->pdata);
  update (self);
}

void
ui_class_list_set_session (UiClassList *self, UiSession *session)
{
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (on_model), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::predictions", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::target", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  on_model (self);
}

void
ui_class_list_focus_target (UiClassList *self)
{
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->list)); row;
       row = gtk_widget_get_next_sibling (row))
    if (gtk_widget_has_css_class (row, "target"))
      gtk_widget_grab_focus (row);
}

void
ui_class_list_focus_search (UiClassList *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
}

static void
ui_class_list_dispose (GObject *object)
{
  UiClassList *self = UI_CLASS_LIST (object);
  g_clear_handle_id (&self->grey_timer, g_source_remove);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->selection);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_class_list_parent_class)->dispose (object);
}

static void
ui_class_list_class_init (UiClassListClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_class_list_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/class-list.ui");
  gtk_widget_class_bind_template_child (widget_class, UiClassList, list);
  gtk_widget_class_bind_template_child (widget_class, UiClassList, unit);
  gtk_widget_class_bind_template_child (widget_class, UiClassList, hint);
  gtk_widget_class_bind_template_child (widget_class, UiClassList, no_hit);
  gtk_widget_class_bind_template_child (widget_class, UiClassList, contrast);
  gtk_widget_class_bind_template_child (widget_class, UiClassList, contrast_text);
  gtk_widget_class_bind_template_child (widget_class, UiClassList, search);
  gtk_widget_class_bind_template_child (widget_class, UiClassList, popover);
  gtk_widget_class_bind_template_child (widget_class, UiClassList, results);
  gtk_widget_class_bind_template_child (widget_class, UiClassList, hits);
  gtk_widget_class_bind_template_child (widget_class, UiClassList, follow);
  gtk_widget_class_install_action (widget_class, "class.contrast", "i", on_class_action);
  gtk_widget_class_install_action (widget_class, "class.explain", "i", on_class_action);
  gtk_widget_class_install_action (widget_class, "class.clear-contrast", NULL, on_class_action);
}

static void
ui_class_list_init (UiClassList *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  ui_class_list_make_search (self);
  watch_list (self);
  g_signal_connect_swapped (self->list, "row-activated", G_CALLBACK (on_row_activated), self);
  g_signal_connect_swapped (self->follow, "toggled", G_CALLBACK (on_follow), self);
}
