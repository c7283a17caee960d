/* See threshold-page.h. Controls are filled from the threshold while @updating, so that showing a value is not taken
 * for changing it. Slider and number are one adjustment. */
#include "ui/threshold-page.h"

#include <math.h>

#include "ui/bare-spin.h"
#include "ui/area-table.h"
#include "ui/curve-plot.h"
#include "ui/curve-thumbs.h"
#include "ui/masked-tile.h"
#include "ui/own-map.h"
#include "ui/paint-pane.h"
#include "ui/measure-table.h"
#include "ui/trajectory.h"

#define MOST_COLUMNS 6

struct _UiThresholdPage
{
  GtkWidget parent_instance;
  UiSession *session;
  gboolean updating;
  GtkAdjustment *share, *seed;
  GtkToggleButton *remove, *keep, *deletion, *insertion;
  GtkLabel *which, *better, *words, *empty;
  GtkScale *scale;
  GtkSpinButton *spin, *seed_spin;
  GtkDropDown *fill, *protocol;
  GtkStack *stack;
  GtkFlowBox *tiles;
  UiCurvePlot *plot;
  UiCurveThumbs *thumbs;
  GtkDropDown *table;
  GtkCheckButton *outline;
  GtkStack *tables;
  UiAreaTable *areas;
  UiMeasureTable *measures;
  UiTrajectory *trajectory;
  UiPaintPane *painting;
  gboolean paints;
  gpointer painted; /* slot of the mask that was selected for it, not owned: only compared */
};

G_DEFINE_FINAL_TYPE (UiThresholdPage, ui_threshold_page, GTK_TYPE_WIDGET)

static UiThreshold *
threshold_of (UiThresholdPage *self)
{
  return ui_session_threshold (self->session);
}

/* ---- controls ---- */

static guint
n_presets (void)
{
  guint n = 0;
  while (ui_preset_nth (n))
    n++;
  return n;
}

/* Custom is the last; it stands in the list only while it is chosen: nobody can choose it by name. */
static void
fill_protocols (UiThresholdPage *self)
{
  const UiProtocol *protocol = ui_threshold_protocol (threshold_of (self));
  GtkStringList *names = GTK_STRING_LIST (gtk_drop_down_get_model (self->protocol));
  guint n = n_presets (), listed = g_list_model_get_n_items (G_LIST_MODEL (names)), at = 0;
  if (protocol->custom && listed == n)
    gtk_string_list_append (names, "Custom");
  while (ui_preset_nth (at) != protocol->preset)
    at++;
  gtk_drop_down_set_selected (self->protocol, protocol->custom ? n : at);
  if (!protocol->custom && listed > n)
    gtk_string_list_remove (names, n);
}

static void
update_controls (UiThresholdPage *self)
{
  UiThreshold *threshold = threshold_of (self);
  const UiProtocol *protocol = ui_threshold_protocol (threshold);
  UiDirection direction = ui_threshold_direction (threshold);
  EngProtocolCurve curve = ui_protocol_curve (protocol, direction);
  gboolean keeps = direction == UI_INSERTION;
  double percent = 100 * ui_threshold_share (threshold);
  if (fabs (gtk_adjustment_get_value (self->share) - percent) > 1e-6)
    gtk_adjustment_set_value (self->share, percent);
  gtk_toggle_button_set_active (keeps ? self->keep : self->remove, TRUE);
  gtk_toggle_button_set_active (keeps ? self->insertion : self->deletion, TRUE);
  gtk_button_set_label (GTK_BUTTON (self->deletion), protocol->preset->columns[UI_DELETION]);
  gtk_button_set_label (GTK_BUTTON (self->insertion), protocol->preset->columns[UI_INSERTION]);
  gtk_label_set_label (self->better, eng_direction_name (ui_protocol_row (protocol, direction)->direction));
  /* The LTX paper keeps by removing the others first. */
  gtk_label_set_label (self->which,
                       curve.order == ENG_ORDER_MOST_FIRST ? "most relevant" : "all but the least relevant");
  gtk_drop_down_set_selected (self->fill, (guint)curve.fill);
  gtk_widget_set_visible (GTK_WIDGET (self->seed_spin), eng_fill_info (curve.fill)->seeded);
  gtk_adjustment_set_value (self->seed, (double)protocol->seed);
  fill_protocols (self);
}

/* Areas first, then the groups of the table of protocols. */
static void
update_table (UiThresholdPage *self)
{
  const char *group = ui_threshold_group (threshold_of (self));
  const EngProtocol *row = group ? ui_measure_nth (group, 0) : NULL;
  guint at = 0;
  for (guint i = 0; group && ui_measure_group_nth (i); i++)
    if (g_str_equal (group, ui_measure_group_nth (i)))
      at = i + 1;
  gtk_drop_down_set_selected (self->table, at);
  gtk_stack_set_visible_child_name (self->tables, group ? "measures" : "areas");
  gtk_widget_set_visible (GTK_WIDGET (self->outline), row && row->needs_truth);
  gtk_check_button_set_active (self->outline, ui_threshold_shows_outline (threshold_of (self)));
}

static void
update_words (UiThresholdPage *self)
{
  UiThreshold *threshold = threshold_of (self);
  EngModel *model = ui_session_model (self->session);
  g_autofree char *words =
      model ? ui_protocol_words (ui_threshold_protocol (threshold), model, ui_threshold_class_name (threshold))
            : g_strdup ("");
  g_autofree char *spoken =
      g_strdup_printf ("%.1f percent, %d pixels", 100 * ui_threshold_share (threshold), ui_threshold_k (threshold));
  gtk_label_set_label (self->words, words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->scale), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, spoken, -1);
}

static void
update_empty (UiThresholdPage *self)
{
  const char *problem = ui_threshold_problem (threshold_of (self));
  gboolean any = g_list_model_get_n_items (ui_threshold_series (threshold_of (self))) > 0;
  /* There may be nothing but what is about to be painted. */
  any = any || (self->paints && ui_session_can_paint (self->session));
  gtk_stack_set_visible_child_name (self->stack, any && !problem ? "work" : "empty");
  gtk_label_set_label (self->empty,
                       problem                             ? problem
                       : !ui_session_model (self->session) ? "Open a model to see what its maps are worth."
                       : !ui_session_picture (self->session)
                           ? "Open a picture to see what is left of the decision without its pixels."
                       : ui_session_n_busy (self->session)
                           ? "Waiting for the first map."
                           : "Tick a method to see its map at work here, or paint a mask of your own (B).");
}

/* What one paints is what one wants to read about: a mask is selected once, when it begins. */
static void
select_painted (UiThresholdPage *self)
{
  GListModel *series = ui_threshold_series (threshold_of (self));
  UiSlot *painted = NULL;
  for (guint i = 0; self->paints && i < g_list_model_get_n_items (series); i++)
    {
      g_autoptr (UiSeries) item = g_list_model_get_item (series, i);
      if (!item->slot || ui_slot_kind (item->slot) != UI_SLOT_OWN || !ui_own_map_mask (item->slot))
        continue;
      painted = item->slot;
      if (painted == self->painted)
        return;
      self->painted = painted;
      ui_threshold_select (threshold_of (self), item);
    }
  self->painted = painted;
}

static void
update (UiThresholdPage *self)
{
  select_painted (self);
  self->updating = TRUE;
  update_controls (self);
  update_table (self);
  self->updating = FALSE;
  update_words (self);
  update_empty (self);
}

static void
on_share (UiThresholdPage *self)
{
  if (!self->updating && self->session)
    ui_threshold_set_share (threshold_of (self), gtk_adjustment_get_value (self->share) / 100);
}

static void
on_direction (UiThresholdPage *self, GtkToggleButton *button)
{
  if (self->updating || !self->session || !gtk_toggle_button_get_active (button))
    return;
  ui_threshold_set_direction (threshold_of (self),
                              button == self->keep || button == self->insertion ? UI_INSERTION : UI_DELETION);
}

static void
on_fill (UiThresholdPage *self)
{
  guint fill = gtk_drop_down_get_selected (self->fill);
  if (!self->updating && self->session && fill < ENG_N_FILLS)
    ui_threshold_set_fill (threshold_of (self), (EngFill)fill);
}

static void
on_seed (UiThresholdPage *self)
{
  if (!self->updating && self->session)
    ui_threshold_set_seed (threshold_of (self), (guint64)gtk_adjustment_get_value (self->seed));
}

static void
on_protocol (UiThresholdPage *self)
{
  guint at = gtk_drop_down_get_selected (self->protocol);
  if (!self->updating && self->session && at < n_presets ())
    ui_threshold_set_preset (threshold_of (self), ui_preset_nth (at));
}

static void
on_table (UiThresholdPage *self)
{
  guint at = gtk_drop_down_get_selected (self->table);
  if (!self->updating && self->session && at != GTK_INVALID_LIST_POSITION)
    ui_threshold_set_group (threshold_of (self), at ? ui_measure_group_nth (at - 1) : NULL);
}

static void
on_outline (UiThresholdPage *self)
{
  if (!self->updating && self->session)
    ui_threshold_set_shows_outline (threshold_of (self), gtk_check_button_get_active (self->outline));
}

static gboolean
on_percent_output (GtkSpinButton *spin, gpointer unused)
{
  g_autofree char *text =
      g_strdup_printf ("%.1f %%", gtk_adjustment_get_value (gtk_spin_button_get_adjustment (spin)));
  if (!g_str_equal (text, gtk_editable_get_text (GTK_EDITABLE (spin))))
    gtk_editable_set_text (GTK_EDITABLE (spin), text);
  return TRUE;
}

static int
on_percent_input (GtkSpinButton *spin, double *value, gpointer unused)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (spin));
  char *end;
  *value = g_strtod (text, &end);
  return end == text ? GTK_INPUT_ERROR : TRUE;
}

/* ---- tiles ---- */

static void
on_series (GListModel *series, guint position, guint removed, guint added, UiThresholdPage *self)
{
  guint n = g_list_model_get_n_items (series);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self->tiles)));)
    gtk_flow_box_remove (self->tiles, child);
  gtk_flow_box_set_max_children_per_line (self->tiles, CLAMP (n, 1, MOST_COLUMNS));
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (UiSeries) item = g_list_model_get_item (series, i);
      gtk_flow_box_append (self->tiles, ui_masked_tile_new (self->session, item));
      /* The tile is what one focuses, not the place it has. */
      gtk_widget_set_focusable (GTK_WIDGET (gtk_flow_box_get_child_at_index (self->tiles, (int)i)), FALSE);
    }
  update_empty (self);
}

void
ui_threshold_page_set_paints (UiThresholdPage *self, gboolean paints)
{
  self->paints = paints;
  update_empty (self);
  gtk_widget_set_visible (GTK_WIDGET (self->painting), paints);
  select_painted (self);
  if (paints)
    gtk_widget_grab_focus (GTK_WIDGET (ui_paint_pane_view (self->painting)));
}

gboolean
ui_threshold_page_paints (UiThresholdPage *self)
{
  return self->paints;
}

void
ui_threshold_page_step_by (UiThresholdPage *self, int by)
{
  ui_trajectory_step_by (self->trajectory, by);
}

void
ui_threshold_page_select_by (UiThresholdPage *self, int by)
{
  GListModel *series = ui_threshold_series (threshold_of (self));
  guint n = g_list_model_get_n_items (series);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (UiSeries) item = g_list_model_get_item (series, i);
      gint64 next = (gint64)i + by;
      if (item != ui_threshold_selected (threshold_of (self)) || next < 0 || next >= n)
        continue;
      g_autoptr (UiSeries) other = g_list_model_get_item (series, (guint)next);
      ui_threshold_select (threshold_of (self), other);
      return;
    }
}

/* ---- birth and end ---- */

static void
ui_threshold_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (ui_threshold_page_parent_class)->map (widget);
  ui_threshold_watch (threshold_of (UI_THRESHOLD_PAGE (widget)), TRUE);
  update (UI_THRESHOLD_PAGE (widget));
}

static void
ui_threshold_page_unmap (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (ui_threshold_page_parent_class)->unmap (widget);
  ui_threshold_watch (threshold_of (UI_THRESHOLD_PAGE (widget)), FALSE);
}

void
ui_threshold_page_set_session (UiThresholdPage *self, UiSession *session)
{
  self->session = g_object_ref (session);
  ui_curve_plot_set_session (self->plot, session);
  ui_curve_thumbs_set_session (self->thumbs, session);
  ui_area_table_set_session (self->areas, session);
  ui_measure_table_set_session (self->measures, session);
  ui_trajectory_set_session (self->trajectory, session);
  ui_paint_pane_set_session (self->painting, session);
  GListModel *series = ui_threshold_series (threshold_of (self));
  g_signal_connect_object (series, "items-changed", G_CALLBACK (on_series), self, 0);
  g_signal_connect_object (threshold_of (self), "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold_of (self), "scored", G_CALLBACK (update_empty), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (update_empty), self, G_CONNECT_SWAPPED);
  on_series (series, 0, 0, 0, self);
  update (self);
}

static void
ui_threshold_page_dispose (GObject *object)
{
  UiThresholdPage *self = UI_THRESHOLD_PAGE (object);
  self->updating = TRUE; /* controls that go away change nothing */
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_threshold_page_parent_class)->dispose (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiThresholdPage, member)

static void
bind_children (GtkWidgetClass *widget_class)
{
  BIND (share);
  BIND (seed);
  BIND (remove);
  BIND (keep);
  BIND (deletion);
  BIND (insertion);
  BIND (which);
  BIND (better);
  BIND (words);
  BIND (empty);
  BIND (scale);
  BIND (spin);
  BIND (seed_spin);
  BIND (fill);
  BIND (protocol);
  BIND (stack);
  BIND (tiles);
  BIND (plot);
  BIND (thumbs);
  BIND (table);
  BIND (outline);
  BIND (tables);
  BIND (areas);
  BIND (measures);
  BIND (trajectory);
  BIND (painting);
}

static void
ui_threshold_page_class_init (UiThresholdPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_threshold_page_dispose;
  widget_class->map = ui_threshold_page_map;
  widget_class->unmap = ui_threshold_page_unmap;
  g_type_ensure (UI_TYPE_CURVE_PLOT);
  g_type_ensure (UI_TYPE_CURVE_THUMBS);
  g_type_ensure (UI_TYPE_AREA_TABLE);
  g_type_ensure (UI_TYPE_MEASURE_TABLE);
  g_type_ensure (UI_TYPE_TRAJECTORY);
  g_type_ensure (UI_TYPE_PAINT_PANE);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/threshold-page.ui");
  bind_children (widget_class);
}

static void
fill_lists (UiThresholdPage *self)
{
  g_autoptr (GtkStringList) fills = gtk_string_list_new (NULL);
  g_autoptr (GtkStringList) protocols = gtk_string_list_new (NULL);
  for (int i = 0; i < ENG_N_FILLS; i++)
    gtk_string_list_append (fills, eng_fill_info ((EngFill)i)->name);
  for (guint i = 0; ui_preset_nth (i); i++)
    gtk_string_list_append (protocols, ui_preset_nth (i)->name);
  g_autoptr (GtkStringList) tables = gtk_string_list_new ((const char *const[]){ "Area under curve", NULL });
  for (guint i = 0; ui_measure_group_nth (i); i++)
    {
      const char *group = ui_measure_group_nth (i);
      gtk_string_list_append (tables, ui_measure_nth (group, 1) ? group : ui_measure_nth (group, 0)->name);
    }
  gtk_drop_down_set_model (self->table, G_LIST_MODEL (tables));
  gtk_drop_down_set_model (self->fill, G_LIST_MODEL (fills));
  gtk_drop_down_set_model (self->protocol, G_LIST_MODEL (protocols));
}

static void
ui_threshold_page_init (UiThresholdPage *self)
{
  GtkToggleButton *directions[4];
  gtk_widget_init_template (GTK_WIDGET (self));
  fill_lists (self);
  ui_spin_hide_buttons (self->spin);
  ui_spin_hide_buttons (self->seed_spin);
  directions[0] = self->remove;
  directions[1] = self->keep;
  directions[2] = self->deletion;
  directions[3] = self->insertion;
  for (guint i = 0; i < G_N_ELEMENTS (directions); i++)
    g_signal_connect_swapped (directions[i], "toggled", G_CALLBACK (on_direction), self);
  g_signal_connect_swapped (self->share, "value-changed", G_CALLBACK (on_share), self);
  g_signal_connect_swapped (self->seed, "value-changed", G_CALLBACK (on_seed), self);
  g_signal_connect_swapped (self->fill, "notify::selected", G_CALLBACK (on_fill), self);
  g_signal_connect_swapped (self->protocol, "notify::selected", G_CALLBACK (on_protocol), self);
  g_signal_connect_swapped (self->table, "notify::selected", G_CALLBACK (on_table), self);
  g_signal_connect_swapped (self->outline, "toggled", G_CALLBACK (on_outline), self);
  g_signal_connect (self->spin, "output", G_CALLBACK (on_percent_output), NULL);
  g_signal_connect (self->spin, "input", G_CALLBACK (on_percent_input), NULL);
}
