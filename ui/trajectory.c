/* See trajectory.h. The small pictures are made anew only when another map or other colours come. */
#include "ui/trajectory.h"

#include <math.h>

#include "ui/fitted.h"
#include "ui/ink.h"
#include "ui/tip.h"

#define THUMBS 6
#define THUMB_HEIGHT 60
#define PLAY_SECONDS 2.5 /* from the first step to the last */

struct _UiTrajectory
{
  GtkWidget parent_instance;
  UiSession *session;
  UiSeries *series;   /* whose steps are shown; NULL: none */
  EngHeatmap *result; /* its slot's map, as filled in */
  gboolean updating, stale;
  guint play_timer;
  GtkAdjustment *step;
  GtkLabel *title, *place, *facts, *kept;
  GtkToggleButton *play;
  GtkDrawingArea *lines;
  GtkBox *thumbs;
  GtkScale *scale;
  GtkButton *keep;
};

G_DEFINE_FINAL_TYPE (UiTrajectory, ui_trajectory, GTK_TYPE_WIDGET)

static UiThreshold *
threshold_of (UiTrajectory *self)
{
  return ui_session_threshold (self->session);
}

static gboolean
has_steps (UiSeries *series)
{
  int n = 0;
  if (series && series->slot && ui_slot_map (series->slot))
    eng_heatmap_trajectory (ui_slot_map (series->slot), &n);
  return n > 1;
}

/* The selected method's, or the first that has one. */
static UiSeries *
find_series (UiTrajectory *self)
{
  UiSeries *selected = ui_threshold_selected (threshold_of (self));
  GListModel *series = ui_threshold_series (threshold_of (self));
  if (has_steps (selected))
    return selected;
  for (guint i = 0; i < g_list_model_get_n_items (series); i++)
    {
      g_autoptr (UiSeries) item = g_list_model_get_item (series, i);
      if (has_steps (item))
        return item; /* the list holds it */
    }
  return NULL;
}

static int
shown_step (UiTrajectory *self)
{
  return self->series->step >= 0 ? self->series->step : MAX (0, eng_heatmap_kept_step (self->result));
}

/* ---- lines ---- */

static void
draw_quantity (cairo_t *cr, const EngTrajectoryStep *steps, int n, gboolean area, int width, int height)
{
  double most = 1e-9;
  for (int i = 0; i < n; i++)
    most = fmax (most, area ? steps[i].mask_mean : steps[i].loss);
  for (int i = 0; i < n; i++)
    {
      double v = (area ? steps[i].mask_mean : steps[i].loss) / most;
      cairo_line_to (cr, 2 + (width - 4.0) * i / (n - 1), 3 + (1 - CLAMP (v, 0, 1)) * (height - 6));
    }
  cairo_stroke (cr);
}

static void
draw_lines (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  UiTrajectory *self = data;
  UiLineStyle loss, mask;
  GdkRGBA ink;
  int n;
  if (!self->result)
    return;
  const EngTrajectoryStep *steps = eng_heatmap_trajectory (self->result, &n);
  gboolean dark = ui_ink_is_dark (GTK_WIDGET (area));
  gtk_style_context_get_color (gtk_widget_get_style_context (GTK_WIDGET (area)), &ink);
  ui_line_style_find ("ltx", 0, 0, &loss);
  ui_line_style_find ("rise", 0, 0, &mask);
  loss.width = mask.width = 1.6;
  ui_line_style_set (&loss, cr, dark);
  draw_quantity (cr, steps, n, FALSE, width, height);
  ui_line_style_set (&mask, cr, dark);
  draw_quantity (cr, steps, n, TRUE, width, height);
  double x = floor (2 + (width - 4.0) * shown_step (self) / (n - 1)) + 0.5;
  cairo_set_source_rgba (cr, ink.red, ink.green, ink.blue, 0.8);
  cairo_set_dash (cr, NULL, 0, 0);
  cairo_set_line_width (cr, 1.5);
  cairo_move_to (cr, x, 0);
  cairo_line_to (cr, x, height);
  cairo_stroke (cr);
}

/* ---- small pictures ---- */

static GdkTexture *
make_heat (UiTrajectory *self, EngHeatmap *map, int width, int height)
{
  UiScale scale;
  const UiDisplay *display = ui_session_display (self->session);
  g_autofree float *values = ui_overlay_sample (map, display->smoothing, width, height);
  if (!values)
    return NULL;
  guint32 *argb = g_new (guint32, (gsize)width * height);
  ui_display_scale (display, map, &scale);
  ui_overlay_heat (values, (gsize)width * height, &scale, display, argb);
  return ui_fitted_new (argb, width, height);
}

static GdkPaintable *
make_thumb (UiTrajectory *self, int step)
{
  UiPicture *picture = ui_session_picture (self->session);
  double aspect = (double)ui_picture_width (picture) / ui_picture_height (picture);
  int height = THUMB_HEIGHT, width = MAX (1, (int)lround (height * aspect));
  g_autoptr (EngHeatmap) map = eng_heatmap_at_step (self->result, step);
  g_autoptr (GdkTexture) heat = make_heat (self, map, width, height);
  GdkTexture *photo = ui_picture_thumbnail (picture) ? ui_picture_thumbnail (picture) : ui_picture_texture (picture);
  graphene_rect_t all = GRAPHENE_RECT_INIT (0, 0, (float)width, (float)height);
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  if (photo)
    gtk_snapshot_append_texture (snapshot, photo, &all);
  gtk_snapshot_push_opacity (snapshot, ui_session_display (self->session)->opacity);
  if (heat)
    gtk_snapshot_append_texture (snapshot, heat, &all);
  gtk_snapshot_pop (snapshot);
  return gtk_snapshot_free_to_paintable (snapshot, &GRAPHENE_SIZE_INIT ((float)width, (float)height));
}

static void
on_thumb (GtkButton *button, UiTrajectory *self)
{
  gtk_toggle_button_set_active (self->play, FALSE);
  gtk_adjustment_set_value (self->step, GPOINTER_TO_INT (g_object_get_data (G_OBJECT (button), "step")));
}

static void
fill_thumbs (UiTrajectory *self)
{
  int n;
  UiPicture *picture = ui_session_picture (self->session);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self->thumbs)));)
    gtk_box_remove (self->thumbs, child);
  if (!self->result || !picture || ui_picture_height (picture) == 0)
    return;
  const EngTrajectoryStep *steps = eng_heatmap_trajectory (self->result, &n);
  for (int i = 0, count = MIN (n, THUMBS); i < count; i++)
    {
      int step = (int)lround ((double)i * (n - 1) / (count - 1));
      g_autoptr (GdkPaintable) paintable = make_thumb (self, step);
      g_autofree char *number = g_strdup_printf ("%d", steps[step].step);
      g_autofree char *name = g_strdup_printf ("Step %d", steps[step].step);
      GtkWidget *button = gtk_button_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
      GtkWidget *view = gtk_picture_new_for_paintable (paintable), *label = gtk_label_new (number);
      gtk_widget_set_size_request (view, 40, THUMB_HEIGHT);
      gtk_widget_add_css_class (label, "sl-num");
      gtk_widget_add_css_class (label, "caption");
      gtk_box_append (GTK_BOX (box), view);
      gtk_box_append (GTK_BOX (box), label);
      gtk_button_set_child (GTK_BUTTON (button), box);
      gtk_button_set_has_frame (GTK_BUTTON (button), FALSE);
      ui_tip_set (button, name);
      gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
      g_object_set_data (G_OBJECT (button), "step", GINT_TO_POINTER (step));
      g_signal_connect (button, "clicked", G_CALLBACK (on_thumb), self);
      gtk_box_append (self->thumbs, button);
    }
}

/* ---- words ---- */

static void
update_words (UiTrajectory *self)
{
  int n, kept = eng_heatmap_kept_step (self->result), shown = shown_step (self);
  const EngTrajectoryStep *steps = eng_heatmap_trajectory (self->result, &n), *s = &steps[shown];
  guint total = MAX (eng_heatmap_provenance (self->result)->total, (guint)n);
  g_autofree char *title = g_strdup_printf ("%s trajectory", ui_series_name (self->series));
  g_autofree char *place = g_strdup_printf ("step %d of %u", s->step, total);
  g_autofree char *auc = isnan (s->auc) ? g_strdup ("") : g_strdup_printf ("   AUC %.1f", s->auc);
  g_autofree char *facts = g_strdup_printf ("━ loss %.2f   ╌ mask area %.0f %%%s", s->loss, 100 * s->mask_mean, auc);
  g_autofree char *tip = g_strdup_printf ("Loss %.3f = prediction %.3f, mask %.3f, inverse %.3f\nMask area %.1f %%\n"
                                          "Score of the class on the masked picture %.3f",
                                          s->loss, s->prediction_loss, s->mask_loss, s->inverse_loss,
                                          100 * s->mask_mean, s->target_score);
  g_autofree char *kept_text = kept >= 0 ? g_strdup_printf ("kept: %d", steps[kept].step) : g_strdup ("");
  g_autofree char *spoken = g_strdup_printf ("%s, %s", place, facts);
  gtk_label_set_label (self->title, title);
  gtk_label_set_label (self->place, place);
  gtk_label_set_label (self->facts, facts);
  ui_tip_set (GTK_WIDGET (self->facts), tip);
  gtk_label_set_label (self->kept, kept_text);
  ui_tip_set (GTK_WIDGET (self->kept), eng_heatmap_provenance (self->result)->selected);
  gtk_widget_set_sensitive (GTK_WIDGET (self->keep), shown != kept);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->scale), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, place, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->lines), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  gtk_widget_queue_draw (GTK_WIDGET (self->lines));
}

/* ---- in step with the session ---- */

static void
update_result (UiTrajectory *self, EngHeatmap *result)
{
  int n = 0, kept = -1;
  g_clear_pointer (&self->result, eng_heatmap_unref);
  self->result = result ? eng_heatmap_ref (result) : NULL;
  if (result)
    {
      eng_heatmap_trajectory (result, &n);
      kept = eng_heatmap_kept_step (result);
    }
  gtk_scale_clear_marks (self->scale);
  if (kept >= 0)
    gtk_scale_add_mark (self->scale, kept, GTK_POS_BOTTOM, NULL);
  gtk_adjustment_set_upper (self->step, MAX (n - 1, 1));
  fill_thumbs (self);
}

static void
update (UiTrajectory *self)
{
  UiSeries *series = find_series (self);
  EngHeatmap *result = series ? ui_slot_map (series->slot) : NULL;
  self->updating = TRUE;
  self->series = series;
  if (result != self->result)
    update_result (self, result);
  gtk_widget_set_visible (GTK_WIDGET (self), result != NULL);
  if (result)
    {
      gtk_adjustment_set_value (self->step, shown_step (self));
      update_words (self);
    }
  else
    gtk_toggle_button_set_active (self->play, FALSE);
  self->updating = FALSE;
}

/* Colours are dragged on the other page: there is one set of small pictures to make, when they are in sight again. */
static void
on_display_changed (UiTrajectory *self)
{
  self->stale = !gtk_widget_get_mapped (GTK_WIDGET (self));
  if (!self->stale)
    fill_thumbs (self);
}

static void
ui_trajectory_map (GtkWidget *widget)
{
  UiTrajectory *self = UI_TRAJECTORY (widget);
  GTK_WIDGET_CLASS (ui_trajectory_parent_class)->map (widget);
  if (self->stale)
    on_display_changed (self);
}

static void
on_step (UiTrajectory *self)
{
  int step = (int)lround (gtk_adjustment_get_value (self->step));
  if (!self->updating && self->series)
    ui_threshold_set_step (threshold_of (self), self->series,
                           step == eng_heatmap_kept_step (self->result) ? -1 : step);
}

static void
on_keep (UiTrajectory *self)
{
  if (self->series)
    ui_threshold_keep_step (threshold_of (self), self->series->slot, shown_step (self));
}

void
ui_trajectory_step_by (UiTrajectory *self, int by)
{
  gtk_toggle_button_set_active (self->play, FALSE);
  if (self->series)
    gtk_adjustment_set_value (self->step, shown_step (self) + by);
}

/* ---- playing ---- */

static gboolean
on_play_timer (gpointer data)
{
  UiTrajectory *self = data;
  double upper = gtk_adjustment_get_upper (self->step), value = gtk_adjustment_get_value (self->step);
  if (value >= upper)
    {
      self->play_timer = 0;
      gtk_toggle_button_set_active (self->play, FALSE);
      return G_SOURCE_REMOVE;
    }
  gtk_adjustment_set_value (self->step, value + 1);
  return G_SOURCE_CONTINUE;
}

static void
on_play (UiTrajectory *self)
{
  gboolean plays = gtk_toggle_button_get_active (self->play);
  g_clear_handle_id (&self->play_timer, g_source_remove);
  gtk_button_set_label (GTK_BUTTON (self->play), plays ? "Stop" : "Play");
  if (!plays || !self->series)
    return;
  double upper = gtk_adjustment_get_upper (self->step);
  if (gtk_adjustment_get_value (self->step) >= upper)
    gtk_adjustment_set_value (self->step, 0);
  self->play_timer = g_timeout_add ((guint)MAX (1000 * PLAY_SECONDS / (upper + 1), 30), on_play_timer, self);
}

/* A hand on the slider ends the play. */
static gboolean
on_change_value (UiTrajectory *self)
{
  gtk_toggle_button_set_active (self->play, FALSE);
  return FALSE;
}

/* ---- birth and end ---- */

void
ui_trajectory_set_session (UiTrajectory *self, UiSession *session)
{
  self->session = g_object_ref (session);
  g_signal_connect_object (threshold_of (self), "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "display-changed", G_CALLBACK (on_display_changed), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
ui_trajectory_dispose (GObject *object)
{
  UiTrajectory *self = UI_TRAJECTORY (object);
  g_clear_handle_id (&self->play_timer, g_source_remove);
  self->updating = TRUE;
  self->series = NULL;
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->result, eng_heatmap_unref);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_trajectory_parent_class)->dispose (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiTrajectory, member)

static void
ui_trajectory_class_init (UiTrajectoryClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_trajectory_dispose;
  widget_class->map = ui_trajectory_map;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/trajectory.ui");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  BIND (step);
  BIND (title);
  BIND (place);
  BIND (facts);
  BIND (kept);
  BIND (play);
  BIND (lines);
  BIND (thumbs);
  BIND (scale);
  BIND (keep);
}

static void
ui_trajectory_init (UiTrajectory *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_drawing_area_set_draw_func (self->lines, draw_lines, self, NULL);
  g_signal_connect_swapped (self->step, "value-changed", G_CALLBACK (on_step), self);
  g_signal_connect_swapped (self->scale, "change-value", G_CALLBACK (on_change_value), self);
  g_signal_connect_swapped (self->keep, "clicked", G_CALLBACK (on_keep), self);
  g_signal_connect_swapped (self->play, "toggled", G_CALLBACK (on_play), self);
}
