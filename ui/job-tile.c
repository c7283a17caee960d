/* See job-tile.h. Its menu stands in job-tile-menu.c. What each state shows stands in one table; update() only reads
 * it. */
#include "ui/job-tile-private.h"

#include <math.h>
#include <string.h>

#include "ui/comparison.h"
#include "ui/draw/words.h"
#include "ui/tip.h"

#define CHIP_DELAY_MS 200 /* quick methods show no progress at all */

G_DEFINE_FINAL_TYPE (UiJobTile, ui_job_tile, GTK_TYPE_WIDGET)

typedef struct
{
  const char *label, *action;
} Button;

/* One row per state of the slot. */
static const struct
{
  const char *page, *badge, *footer;
  Button first, second;
  gboolean dim, legend;
} states[UI_N_SLOT_STATES] = {
  [UI_SLOT_EMPTY] = { "view", NULL, "Not computed yet", { "Run", "tile.run" }, .dim = TRUE },
  [UI_SLOT_PENDING] = { "view", NULL, "" },
  [UI_SLOT_QUEUED] = { "view", NULL, "Queued", { "Remove", "tile.stop" } },
  [UI_SLOT_RUNNING] = { "view", NULL, "Running", { "Stop", "tile.stop" } },
  [UI_SLOT_DONE] = { "view", NULL, "", .legend = TRUE },
  [UI_SLOT_STOPPED] = { "view", "partial", "", { "Run Again", "tile.run" }, { "Keep as It Is", "tile.keep" } },
  [UI_SLOT_FAILED] = { "message", "failed", "", { "Try Again", "tile.run" } },
  [UI_SLOT_OLD] = { "view", "old", "", { "Run Again", "tile.run" }, { "Undo Change", "tile.undo-change" } },
  [UI_SLOT_IMPOSSIBLE] = { "message", "n/a", "" },
};

static void
set_button (GtkButton *button, const Button *row)
{
  gtk_widget_set_visible (GTK_WIDGET (button), row->label != NULL);
  if (!row->label)
    return;
  gtk_button_set_label (button, row->label);
  /* One after the other, lest a name meets another's target. */
  g_autofree char *name = NULL;
  g_autoptr (GVariant) target = NULL;
  g_action_parse_detailed_name (row->action, &name, &target, NULL);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), NULL);
  gtk_actionable_set_action_target_value (GTK_ACTIONABLE (button), target);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), name);
}

/* ---- the parts ---- */

/* "partial", "flat · pinned"; "" where nothing is unusual. (transfer full) */
static char *
describe_badge (UiJobTile *self, UiSlotState state)
{
  UiScale scale;
  gboolean flat =
      state == UI_SLOT_DONE && ui_session_scale (self->session, self->slot, &scale) && (scale.flat || scale.empty);
  const char *words[] = { ui_slot_partial (self->slot) ? "partial"
                          : flat                       ? "flat"
                                                       : states[state].badge,
                          ui_slot_pinned (self->slot) ? "pinned" : NULL };
  if (words[0] && words[1])
    return g_strdup_printf ("%s · %s", words[0], words[1]);
  return g_strdup (words[0] ? words[0] : words[1] ? words[1] : "");
}

static void
update_header (UiJobTile *self, UiSlotState state)
{
  g_autofree char *badge = describe_badge (self, state);
  g_autofree char *summary = ui_slot_summary (self->slot);
  gtk_label_set_label (self->name, ui_slot_name (self->slot));
  gtk_label_set_label (self->summary, summary);
  ui_tip_set (GTK_WIDGET (self->summary), *summary ? summary : NULL);
  gtk_label_set_label (self->badge, badge);
  gtk_widget_set_visible (GTK_WIDGET (self->badge), *badge != 0);
  if (state == UI_SLOT_FAILED)
    gtk_widget_add_css_class (GTK_WIDGET (self->badge), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->badge), "error");
}

/* What is missing before anything can be computed. */
static gboolean
update_invitation (UiJobTile *self)
{
  static const struct
  {
    const char *title, *text;
    Button first, second;
  } rows[] = {
    { "No picture yet",
      "Drop pictures here, or open some.",
      { "Open Images…", "win.open-images" },
      { "Use Sample Scenes", "win.sample-scenes" } },
    { "No model yet",
      "Open an ONNX image classifier to explain this picture.",
      { "Open Model…", "win.open-model" },
      { "Use Sample Model", "win.sample-model" } },
  };
  gboolean no_picture = !ui_session_picture (self->session);
  gboolean no_model = !ui_session_model (self->session) && !ui_session_opening (self->session);
  gboolean needed = no_picture || no_model;
  gtk_widget_set_visible (self->invitation, needed);
  if (!needed)
    return FALSE;
  gtk_label_set_label (self->invitation_title, rows[no_picture ? 0 : 1].title);
  gtk_label_set_label (self->invitation_text, rows[no_picture ? 0 : 1].text);
  set_button (self->invitation_first, &rows[no_picture ? 0 : 1].first);
  set_button (self->invitation_second, &rows[no_picture ? 0 : 1].second);
  /* Over a picture the words need ground of their own. */
  if (no_picture)
    gtk_widget_remove_css_class (self->invitation, "card");
  else
    gtk_widget_add_css_class (self->invitation, "card");
  return TRUE;
}

static void
update_chip (UiJobTile *self, UiSlotState state)
{
  g_autofree char *text = NULL;
  UiSlot *running = ui_session_running (self->session);
  if (state == UI_SLOT_QUEUED && self->chip_ready)
    text = running ? g_strdup_printf ("Waiting for %s to finish", ui_slot_name (running))
                   : g_strdup ("Waiting to start");
  else if (ui_slot_is_cut_short (self->slot))
    text = g_strdup_printf ("Stopped at %.0f %%. This is a preview.", floor (100 * ui_slot_progress (self->slot)));
  else if (state == UI_SLOT_OLD)
    text = g_strdup ("Settings changed");
  gtk_widget_set_visible (GTK_WIDGET (self->chip), text != NULL);
  gtk_label_set_label (self->chip, text ? text : "");
}

static void
update_progress (UiJobTile *self, UiSlotState state)
{
  gboolean visible = state == UI_SLOT_RUNNING && self->chip_ready && ui_slot_job (self->slot);
  gtk_widget_set_visible (self->progress_chip, visible);
  if (!visible)
    return;
  guint done, total;
  double eta, fraction = eng_job_progress (ui_slot_job (self->slot), &done, &total, &eta);
  double elapsed = (double)(g_get_monotonic_time () - self->waiting_since) / G_USEC_PER_SEC;
  const char *unit = eng_job_unit (ui_slot_job (self->slot));
  g_autofree char *count = ui_words_count (done), *of = ui_words_count (total);
  gboolean counts = total > 1; /* one pass is no progress */
  g_autofree char *settled = ui_words_settled (eng_job_convergence (ui_slot_job (self->slot)));
  g_autofree char *text = counts ? g_strdup_printf ("%s of %s %s%s%s", count, of, unit ? unit : "steps",
                                                    settled ? " · " : "", settled ? settled : "")
                          : done ? g_strdup ("Finishing")
                                 : g_strdup ("Preparing");
  g_autofree char *left = elapsed < 1 ? g_strdup ("")
                          : !counts   ? g_strdup_printf ("%.0f s", elapsed)
                          : eta >= 0  ? ui_words_time_left (eta)
                                      : g_strdup ("");
  gtk_label_set_label (self->progress_count, text);
  gtk_label_set_label (self->progress_left, left);
  if (counts)
    gtk_progress_bar_set_fraction (self->progress_bar, fraction);
  else
    gtk_progress_bar_pulse (self->progress_bar);
  g_autofree char *spoken = g_strdup_printf ("%s, %s", ui_slot_name (self->slot), text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->progress_bar), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, spoken,
                                  -1);
}

static void
update_message (UiJobTile *self, UiSlotState state)
{
  const char *reason = ui_slot_reason (self->slot);
  const EngMethod *method = ui_slot_method (self->slot);
  if (!reason)
    return;
  g_autofree char *rest = NULL, *title = ui_words_first_sentence (reason, &rest);
  gtk_image_set_from_icon_name (self->message_icon,
                                state == UI_SLOT_FAILED ? "sl-error-symbolic" : "sl-info-symbolic");
  if (state == UI_SLOT_FAILED)
    gtk_widget_add_css_class (GTK_WIDGET (self->message_icon), "sl-err");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->message_icon), "sl-err");
  gtk_label_set_label (self->message_title, title);
  gtk_label_set_label (self->message_text, rest);
  gtk_widget_set_visible (GTK_WIDGET (self->message_text), *rest != 0);
  gtk_widget_set_visible (GTK_WIDGET (self->details), state == UI_SLOT_FAILED);
  if (state == UI_SLOT_FAILED && ui_slot_values (self->slot))
    {
      EngModel *model = ui_session_model (self->session);
      g_autofree char *json = eng_values_to_json (ui_slot_values (self->slot));
      g_autofree char *text =
          g_strdup_printf ("%s\nMethod: %s\nValues: %s\nModel: %s\nSightline %s", reason, method->name, json,
                           model ? eng_model_path (model) : "none", ENG_VERSION);
      gtk_label_set_label (self->details_text, text);
    }
}

/* Which side of zero is whose. @text: taken over. Markup. */
static char *
describe_difference (UiSlot *slot, GString *text)
{
  UiSlot *a = ui_comparison_first (slot), *b = ui_comparison_second (slot);
  if (a && b)
    {
      g_autofree char *first = g_markup_escape_text (ui_slot_name (a), -1);
      g_autofree char *second = g_markup_escape_text (ui_slot_name (b), -1);
      g_string_append_printf (text, "+ more in %s, − more in %s", first, second);
    }
  return g_string_free (text, FALSE);
}

/* "for lighthouse 0.957": which class a map is for and how probable that is. Markup. */
static char *
describe_result (UiJobTile *self)
{
  EngHeatmap *map = ui_slot_map (self->slot);
  const EngProvenance *provenance = map ? eng_heatmap_provenance (map) : NULL;
  GString *text = g_string_new (NULL);
  if (!provenance)
    return g_string_free (text, FALSE);
  if (ui_slot_kind (self->slot) == UI_SLOT_DIFFERENCE)
    return describe_difference (self->slot, text);
  gboolean of_class = ui_slot_method (self->slot)->class_dependent && eng_heatmap_is_of_class (map);
  g_autofree char *name = g_markup_escape_text (provenance->class_name ? provenance->class_name : "", -1);
  g_autofree char *rather = g_markup_escape_text (provenance->contrast_name ? provenance->contrast_name : "", -1);
  if (provenance->contrast_index >= 0)
    g_string_append_printf (text, "for %s rather than %s", name, rather);
  else if (of_class && isnan (provenance->probability))
    g_string_append_printf (text, "for %s", name);
  else if (of_class)
    g_string_append_printf (text, "for %s <b>%.3f</b>", name, provenance->probability);
  else
    g_string_append (text, "the same for all classes");
  return g_string_free (text, FALSE);
}

/* "Deletion <b>0.11</b> ↓": @name is the protocol's or short. "…": not measured yet; "—": it cannot be. */
static void
append_score (GString *text, const char *name, const UiScore *score, EngDirection direction)
{
  const char *arrow = direction == ENG_LOWER_IS_BETTER ? "↓" : "↑";
  g_string_append_printf (text, "%s%s%s", text->len ? " " : "", name, *name ? " " : "");
  if (!score->known)
    g_string_append_printf (text, "… %s", arrow);
  else if (isnan (score->value))
    g_string_append (text, "—");
  else
    g_string_append_printf (text, "<b>%.2f</b> %s", score->value, arrow);
}

/* @wording: 0: in full; more: shorter. (transfer full): NULL: nothing is scored. */
static char *
describe_scores (UiJobTile *self, int wording)
{
  static const char *const short_names[UI_SQUEEZER_WORDINGS][UI_N_SCORES] = { { NULL },
                                                                              { "Del", "Ins" },
                                                                              { "", "" } };
  const UiScore *scores = ui_scores_find (ui_session_scores (self->session), self->slot);
  GString *text = g_string_new (NULL);
  for (int kind = 0; scores && kind < UI_N_SCORES; kind++)
    {
      const EngProtocol *protocol = ui_scores_protocol ((UiScoreKind)kind);
      const char *name = short_names[wording][kind] ? short_names[wording][kind] : protocol->name;
      append_score (text, name, &scores[kind], protocol->direction);
    }
  /* What is not the usual order is said beside the numbers. */
  if (scores && ui_scores_rank_by (ui_session_scores (self->session), self->slot) == ENG_RANK_ABSOLUTE)
    g_string_append (text, wording ? " |v|" : " by magnitude");
  return g_string_free (text, !scores);
}

/* How the scores are measured, or how far that is. */
static void
append_protocols (UiJobTile *self, GString *text)
{
  const UiScore *scores = ui_scores_find (ui_session_scores (self->session), self->slot);
  for (int kind = 0; scores && kind < UI_N_SCORES; kind++)
    {
      const EngProtocol *protocol = ui_scores_protocol ((UiScoreKind)kind);
      g_autofree char *group = g_markup_escape_text (protocol->group, -1);
      if (scores[kind].known && !isnan (scores[kind].value))
        g_string_append_printf (text, "\n%s %.3f, %s protocol: %s", protocol->name, scores[kind].value, group,
                                protocol->direction == ENG_LOWER_IS_BETTER ? "lower is better" : "higher is better");
      else if (!scores[kind].known && scores[kind].total > 0)
        g_string_append_printf (text, "\n%s: scoring, %d of %d steps", protocol->name, scores[kind].done,
                                scores[kind].total);
      else if (!scores[kind].known)
        g_string_append_printf (text, "\n%s: not scored yet", protocol->name);
    }
  if (scores && ui_slot_map (self->slot) && eng_heatmap_sign (ui_slot_map (self->slot)) == ENG_SIGN_SIGNED)
    g_string_append_printf (text, "\nRanked by %s",
                            ui_rank_ids[ui_scores_rank_by (ui_session_scores (self->session), self->slot)]);
}

/* The footer in full, with what the method measured and what it cost. NULL: nothing to say. (transfer full) */
static char *
describe_details (UiJobTile *self)
{
  EngHeatmap *map = ui_slot_map (self->slot);
  const EngProvenance *provenance = map ? eng_heatmap_provenance (map) : NULL;
  if (!provenance)
    return NULL;
  g_autofree char *result = describe_result (self);
  g_autofree char *forward = ui_words_count ((guint)provenance->passes_forward);
  g_autofree char *backward = ui_words_count ((guint)provenance->passes_backward);
  g_autofree char *partial = ui_words_partial (map), *settled = ui_words_settled (provenance->convergence);
  GString *text = g_string_new (result);
  if (partial)
    g_string_append_printf (text, "\nStopped after %s", partial);
  if (settled)
    g_string_append_printf (text, "\n%s: rank correlation of two halves of the work; 1 is final", settled);
  for (guint i = 0; i < provenance->notes->len; i++)
    {
      g_autofree char *note = g_markup_escape_text (((EngNote *)provenance->notes->pdata[i])->text, -1);
      g_string_append_printf (text, "\n%s", note);
    }
  append_protocols (self, text);
  if (ui_slot_kind (self->slot) == UI_SLOT_OF_METHOD)
    g_string_append_printf (text, "\n%s forward, %s backward passes", forward, backward);
  return g_string_free (text, FALSE);
}

/* What helps where trying again does not. */
static const Button *
find_remedy (UiJobTile *self, UiSlotState state)
{
  static const Button layers = { "Show Layers", "win.page::model" }, model = { "Show Model", "win.page::model" },
                      rise = { "Use RISE", "tile.use-rise" };
  const EngMethod *method = ui_slot_method (self->slot);
  const char *reason = ui_slot_reason (self->slot);
  if (state == UI_SLOT_FAILED)
    return strstr (reason, "normalisation") ? &model : NULL;
  if (state != UI_SLOT_IMPOSSIBLE || ui_slot_applies (self->slot))
    return NULL;
  const EngExplainerKind *kind = ui_session_kind_for (self->session, self->slot);
  if (kind)
    {
      static Button train = { "Train an Explainer…", NULL };
      g_autofree char *action = g_strdup_printf ("win.train('%s')", kind->id);
      train.action = g_intern_string (action);
      return &train;
    }
  return method->needs & ENG_NEEDS_GRID ? &layers : method->needs & ENG_NEEDS_GRADIENT ? &rise : NULL;
}

static void
update_footer (UiJobTile *self, UiSlotState state, gboolean invited)
{
  g_autofree char *text = g_strdup (states[state].footer);
  if (state == UI_SLOT_DONE)
    {
      g_free (text);
      text = describe_result (self);
    }
  else if (state == UI_SLOT_FAILED && ui_slot_progress (self->slot) > 0)
    {
      g_free (text);
      text = g_strdup_printf ("Stopped at %.0f %%", floor (100 * ui_slot_progress (self->slot)));
    }
  else if (state == UI_SLOT_RUNNING && ui_slot_map (self->slot))
    {
      g_free (text);
      text = g_strdup ("Preview, sharpens while it runs");
    }
  g_autofree char *scores = state == UI_SLOT_DONE ? describe_scores (self, 0) : NULL;
  g_autofree char *fewer = scores ? describe_scores (self, 1) : NULL,
                  *fewest = scores ? describe_scores (self, 2) : NULL;
  if (scores)
    {
      g_free (text);
      text = g_steal_pointer (&scores);
    }
  g_autofree char *details = state == UI_SLOT_DONE && !invited ? describe_details (self) : NULL;
  ui_squeezer_set (self->footer,
                   (const char *const[]){ invited ? "" : text, invited ? "" : fewer, invited ? "" : fewest });
  ui_tip_set_markup (GTK_WIDGET (self->footer), details);
  /* What was stopped can be run to its end: from there where the method can, else from the start. */
  static const Button go_on = { "Continue", "tile.continue" }, name_file = { "Name Its File…", "tile.parameters" };
  const Button *first = ui_slot_can_continue (self->slot)                       ? &go_on
                        : ui_session_kind_for (self->session, self->slot)       ? &name_file
                        : state == UI_SLOT_DONE && ui_slot_partial (self->slot) ? &states[UI_SLOT_STOPPED].first
                                                                                : &states[state].first;
  if (state == UI_SLOT_DONE)
    gtk_widget_remove_css_class (GTK_WIDGET (self->footer), "sl-dim");
  else
    gtk_widget_add_css_class (GTK_WIDGET (self->footer), "sl-dim");
  set_button (self->first, invited ? &(Button){ NULL } : first);
  const Button *remedy = find_remedy (self, state);
  const Button *second = ui_slot_is_cut_short (self->slot) ? &states[UI_SLOT_STOPPED].second : &states[state].second;
  set_button (self->second, invited ? &(Button){ NULL } : remedy ? remedy : second);
}

static void
update_legend (UiJobTile *self)
{
  UiScale scale;
  UiSlotState state = ui_slot_state (self->slot);
  gboolean shown = states[state].legend && ui_heatmap_view_scale (self->view, &scale);
  gtk_widget_set_visible (GTK_WIDGET (self->legend), shown);
  if (shown)
    ui_legend_set (self->legend, ui_display_colormap (ui_session_display (self->session), scale.sign), &scale);
  if (shown && scale.flat)
    {
      g_autofree char *value = ui_scale_format (scale.lo);
      g_autofree char *text = g_strdup_printf ("The map is constant (%s). There is nothing to rank.", value);
      gtk_label_set_label (self->chip, text);
      gtk_widget_set_visible (GTK_WIDGET (self->chip), TRUE);
    }
}

static gboolean on_chip_timer (gpointer data);

static void
update (UiJobTile *self)
{
  UiSlotState state = ui_slot_state (self->slot);
  gboolean waiting = state == UI_SLOT_QUEUED || state == UI_SLOT_RUNNING;
  if (waiting && !self->waiting_since)
    {
      self->waiting_since = g_get_monotonic_time ();
      self->chip_timer = g_timeout_add (CHIP_DELAY_MS, on_chip_timer, self);
    }
  else if (!waiting)
    {
      g_clear_handle_id (&self->chip_timer, g_source_remove);
      self->chip_ready = FALSE;
      self->waiting_since = 0;
    }
  gtk_stack_set_visible_child_name (self->stack, states[state].page);
  gboolean invited = update_invitation (self);
  gboolean result = ui_slot_map (self->slot) != NULL;
  ui_heatmap_view_set_dim (self->view, states[state].dim || (self->chip_ready && !result));
  update_header (self, state);
  update_chip (self, state);
  update_progress (self, state);
  update_message (self, state);
  update_footer (self, state, invited);
  update_legend (self);
  ui_job_tile_update_actions (self);
}

static gboolean
on_chip_timer (gpointer data)
{
  UiJobTile *self = data;
  self->chip_timer = 0;
  self->chip_ready = TRUE;
  update (self);
  return G_SOURCE_REMOVE;
}

/* Another slot's state matters to a queued tile: it names what it waits for. Another scale may be flat. */
static void
on_jobs_changed (UiJobTile *self)
{
  update_chip (self, ui_slot_state (self->slot));
  update_legend (self);
}

static void
on_scores (UiJobTile *self)
{
  if (ui_slot_state (self->slot) == UI_SLOT_DONE)
    update_footer (self, UI_SLOT_DONE, gtk_widget_get_visible (self->invitation));
}

/* ---- birth and end ---- */

GtkWidget *
ui_job_tile_new (UiSession *session, UiSlot *slot)
{
  UiJobTile *self = g_object_new (UI_TYPE_JOB_TILE, NULL);
  const char *name = ui_slot_name (slot);
  self->session = g_object_ref (session);
  self->slot = g_object_ref (slot);
  g_autofree char *menu = g_strdup_printf ("Tile Menu: %s", name);
  ui_tip_set (GTK_WIDGET (self->menu), menu);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->menu), GTK_ACCESSIBLE_PROPERTY_LABEL, menu, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  ui_heatmap_view_set (self->view, session, slot);
  g_signal_connect_object (slot, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_scores (session), "changed", G_CALLBACK (on_scores), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (on_jobs_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::opening", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->view, "scale-changed", G_CALLBACK (on_jobs_changed), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}

UiSlot *
ui_job_tile_slot (UiJobTile *self)
{
  return self->slot;
}

UiHeatmapView *
ui_job_tile_view (UiJobTile *self)
{
  return self->view;
}

static void
ui_job_tile_dispose (GObject *object)
{
  UiJobTile *self = UI_JOB_TILE (object);
  g_clear_handle_id (&self->chip_timer, g_source_remove);
  g_clear_pointer (&self->form, gtk_widget_unparent);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->session);
  g_clear_object (&self->slot);
  G_OBJECT_CLASS (ui_job_tile_parent_class)->dispose (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiJobTile, member)

static void
bind_children (GtkWidgetClass *widget_class)
{
  BIND (name);
  BIND (summary);
  BIND (badge);
  BIND (menu);
  BIND (stack);
  BIND (view);
  BIND (invitation);
  BIND (invitation_title);
  BIND (invitation_text);
  BIND (invitation_first);
  BIND (invitation_second);
  BIND (chip);
  BIND (progress_chip);
  BIND (progress_count);
  BIND (progress_left);
  BIND (progress_bar);
  BIND (message_icon);
  BIND (message_title);
  BIND (message_text);
  BIND (details);
  BIND (details_text);
  BIND (footer);
  BIND (first);
  BIND (second);
  BIND (legend);
}

static void
ui_job_tile_class_init (UiJobTileClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_job_tile_dispose;
  g_type_ensure (UI_TYPE_HEATMAP_VIEW);
  g_type_ensure (UI_TYPE_LEGEND);
  g_type_ensure (UI_TYPE_SQUEEZER);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/job-tile.ui");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  bind_children (widget_class);
  ui_job_tile_install_actions (widget_class);
}

static void
ui_job_tile_init (UiJobTile *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  ui_job_tile_add_menu (self);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
}
