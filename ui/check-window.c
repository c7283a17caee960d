/* See check-window.h. */
#include "ui/check-window.h"

#include <math.h>
#include <string.h>

#include "ui/check-map.h"
#include "ui/draw/plot.h"
#include "ui/ink.h"

#define PLOT_HEIGHT 190

struct _UiCheckWindow
{
  GtkWindow parent_instance;
  UiSession *session;
  EngCheck *check;
  EngCheckSettings settings;
  EngCheckResult *result; /* as shown; (nullable) */
  EngImage *image;
  GtkLabel *about, *sentence, *details;
  GtkImage *icon;
  GtkProgressBar *progress;
  UiCheckMap *maps[2];
  GtkDrawingArea *plot;
  GtkSpinButton *runs;
  GtkDropDown *vary; /* stability only */
  GtkButton *button; /* Stop, then Run Again */
};

G_DEFINE_FINAL_TYPE (UiCheckWindow, ui_check_window, GTK_TYPE_WINDOW)

static gboolean
is_sanity (UiCheckWindow *self)
{
  return self->settings.kind == ENG_CHECK_SANITY;
}

static gboolean
is_running (UiCheckWindow *self)
{
  EngJobState state = eng_check_state (self->check);
  return state == ENG_JOB_QUEUED || state == ENG_JOB_RUNNING;
}

static const EngCheckRun *
nth (const EngCheckResult *result, guint i)
{
  return result->runs->pdata[i];
}

/* ---- the plot ---- */

/* Name, and the method whose colour and dash the line borrows: no methods are compared here. */
static const struct
{
  const char *name, *style;
} lines[] = { { "Spearman", "ltx" }, { "Spearman of magnitudes", "grad-cam" }, { "SSIM", "rise" } };

static double
value_of (const EngCheckRun *run, guint line)
{
  return line == 0 ? run->rank : line == 1 ? run->rank_absolute : run->ssim;
}

static void
get_colors (GtkWidget *widget, UiPlot *plot)
{
  GdkRGBA ink, ground = { 1, 1, 1, 1 };
  GtkStyleContext *style = gtk_widget_get_style_context (widget);
  gtk_style_context_get_color (style, &ink);
  gtk_style_context_lookup_color (style, "theme_base_color", &ground);
  memcpy (plot->foreground, (double[]){ ink.red, ink.green, ink.blue }, sizeof plot->foreground);
  memcpy (plot->background, (double[]){ ground.red, ground.green, ground.blue }, sizeof plot->background);
  plot->dark = ui_ink_is_dark (widget);
}

static void
draw_plot (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  UiCheckWindow *self = data;
  const EngCheckResult *r = self->result;
  UiLineStyle styles[G_N_ELEMENTS (lines)];
  UiPlotLine drawn[G_N_ELEMENTS (lines)];
  guint n = r ? r->runs->len : 0;
  g_autofree double *values = g_new (double, 2 * G_N_ELEMENTS (lines) * (n + 1));
  const double ends[] = { 0, 1 }, low[] = { 0, 0 }, high[] = { r ? r->chance : 0, r ? r->chance : 0 };
  for (guint k = 0; k < G_N_ELEMENTS (lines); k++)
    {
      double *x = values + 2 * k * (n + 1), *y = x + n + 1;
      int count = 0;
      for (guint i = 0; i < n; i++)
        if (!isnan (value_of (nth (r, i), k)))
          {
            x[count] = (double)nth (r, i)->layers / nth (r, i)->of;
            y[count++] = fmax (0, value_of (nth (r, i), k));
          }
      ui_line_style_find (lines[k].style, 0, 0, &styles[k]);
      drawn[k] = (UiPlotLine){ &styles[k], x, y, count, FALSE, k == 0, NAN };
    }
  UiPlot plot = { .lines = drawn,
                  .n_lines = G_N_ELEMENTS (lines),
                  .band_x = ends,
                  .band_low = low,
                  .band_high = high,
                  .band_n = r && isfinite (r->chance) ? 2 : 0,
                  .x_label = "layers with random weights, from the logits down",
                  .y_label = "similarity",
                  .y_most = 1,
                  .cursor = NAN };
  get_colors (GTK_WIDGET (area), &plot);
  plot.font = pango_context_get_font_description (gtk_widget_get_pango_context (GTK_WIDGET (area)));
  ui_plot_draw (&plot, cr, width, height);
}

static void
draw_sample (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  UiLineStyle style;
  ui_line_style_find (lines[GPOINTER_TO_UINT (data)].style, 0, 0, &style);
  ui_line_style_swatch (&style, cr, ui_ink_is_dark (GTK_WIDGET (area)), width, height);
}

/* ---- what is known ---- */

static char *
number (double v)
{
  return isnan (v) ? g_strdup ("—") : g_strdup_printf ("%s%.2f", v < -0.005 ? "−" : "", fabs (v));
}

/* Below the facts a line for each run. (transfer full) */
static char *
details_of (const EngCheckResult *r)
{
  g_autofree char *facts = eng_check_result_details (r);
  GString *s = g_string_new (facts);
  for (guint i = 1; i < r->runs->len; i++)
    {
      const EngCheckRun *run = nth (r, i);
      g_autofree char *name = eng_check_run_name (r, i), *rank = number (run->rank);
      g_autofree char *absolute = number (run->rank_absolute), *overlap = number (run->overlap);
      g_autofree char *ssim = number (run->ssim);
      if (run->map && isnan (run->rank))
        g_string_append_printf (s, "\n%s: one value everywhere.", name);
      else if (run->map)
        g_string_append_printf (s, "\n%s: Spearman %s (magnitudes %s), overlap %s, SSIM %s; p %.3f.", name, rank,
                                absolute, overlap, ssim, run->probability);
    }
  return g_string_free (s, FALSE);
}

/* What the second of a sanity check's maps is. (transfer full) */
static char *
random_title (const EngCheckRun *run)
{
  return run->layers == run->of ? g_strdup ("All weights random")
                                : g_strdup_printf ("%u of %u layers random", run->layers, run->of);
}

static void
show_maps (UiCheckWindow *self)
{
  const EngCheckResult *r = self->result;
  const UiDisplay *display = ui_session_display (self->session);
  if (!r || r->runs->len == 0)
    return;
  const EngCheckRun *last = nth (r, r->runs->len - 1);
  if (is_sanity (self))
    {
      g_autofree char *title = r->runs->len > 1 ? random_title (last) : g_strdup ("Weights at random");
      ui_check_map_set (self->maps[0], self->image, nth (r, 0)->map, display, "The model’s own");
      ui_check_map_set (self->maps[1], self->image, r->runs->len > 1 ? last->map : NULL, display, title);
      return;
    }
  g_autofree char *mean = g_strdup_printf ("Mean of %u runs", r->runs->len);
  ui_check_map_set (self->maps[0], self->image, r->mean, display, r->mean ? mean : "Mean");
  ui_check_map_set (self->maps[1], self->image, r->spread, display, "Spread (standard deviation)");
}

static void
show_verdict (UiCheckWindow *self, EngVerdict verdict)
{
  static const struct
  {
    const char *icon, *css;
  } rows[] = { [ENG_VERDICT_NONE] = { "sl-info-symbolic", "sl-dim" },
               [ENG_VERDICT_GOOD] = { "sl-check-symbolic", "sl-ok" },
               [ENG_VERDICT_FAIR] = { "sl-info-symbolic", "sl-warn" },
               [ENG_VERDICT_POOR] = { "sl-warning-symbolic", "sl-warn" } };
  gtk_image_set_from_icon_name (self->icon, rows[verdict].icon);
  gtk_widget_set_css_classes (GTK_WIDGET (self->icon), (const char *[]){ rows[verdict].css, NULL });
}

/* What is said above: progress, what went wrong, or the verdict. */
static void
show_words (UiCheckWindow *self)
{
  const EngCheckResult *r = self->result;
  g_autoptr (GError) error = eng_check_error (self->check);
  gboolean running = is_running (self);
  if (running)
    gtk_label_set_text (self->sentence, is_sanity (self) ? "Comparing maps of the model with random weights…"
                                                         : "Comparing maps of repeated runs…");
  else if (g_error_matches (error, ENG_ERROR, ENG_ERROR_CANCELLED))
    gtk_label_set_text (self->sentence, "Stopped before there was a result.");
  else
    gtk_label_set_text (self->sentence, error ? error->message : r ? r->sentence : "");
  show_verdict (self, !running && !error && r ? r->verdict : ENG_VERDICT_NONE);
  gtk_widget_set_visible (GTK_WIDGET (self->progress), running);
  gtk_progress_bar_set_fraction (self->progress, eng_check_progress (self->check));
  gtk_button_set_label (self->button, running ? "_Stop" : "_Run Again");
}

static void
on_changed (UiCheckWindow *self)
{
  g_autoptr (EngCheckResult) result = eng_check_result (self->check);
  if (result && result != self->result)
    {
      g_clear_pointer (&self->result, eng_check_result_unref);
      self->result = eng_check_result_ref (result);
      g_autofree char *details = details_of (result);
      g_autofree char *about = g_strdup_printf ("%s · %s", eng_image_name (self->image), result->class_name);
      gtk_label_set_text (self->details, details);
      gtk_label_set_text (self->about, about);
      show_maps (self);
      gtk_widget_queue_draw (GTK_WIDGET (self->plot));
    }
  show_words (self);
}

/* ---- running ---- */

/* @check: (transfer full) */
static void
start (UiCheckWindow *self, EngCheck *check)
{
  if (self->check)
    g_signal_handlers_disconnect_by_data (self->check, self);
  g_clear_object (&self->check);
  g_clear_pointer (&self->result, eng_check_result_unref);
  self->check = check;
  g_signal_connect_object (check, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  eng_check_start (check, ENG_PRIORITY_BACKGROUND);
  show_words (self);
}

static void
on_button (UiCheckWindow *self)
{
  if (is_running (self))
    {
      eng_check_cancel (self->check);
      return;
    }
  self->settings.runs = gtk_spin_button_get_value_as_int (self->runs);
  if (self->vary)
    self->settings.vary = (EngVary)gtk_drop_down_get_selected (self->vary);
  start (self, eng_check_again (self->check, &self->settings));
}

EngCheck *
ui_check_window_check (UiCheckWindow *self)
{
  return self->check;
}

const char *
ui_check_window_text (UiCheckWindow *self)
{
  return gtk_label_get_text (self->sentence);
}

gboolean
ui_check_window_settled (UiCheckWindow *self)
{
  return eng_check_state (self->check) == ENG_JOB_DONE && self->result && self->result->finished
         && ui_check_map_is_drawn (self->maps[0]) && ui_check_map_is_drawn (self->maps[1]);
}

/* ---- life ---- */

static void
ui_check_window_dispose (GObject *object)
{
  UiCheckWindow *self = UI_CHECK_WINDOW (object);
  if (self->check)
    eng_check_cancel (self->check);
  g_clear_object (&self->check);
  g_clear_object (&self->session);
  g_clear_pointer (&self->result, eng_check_result_unref);
  g_clear_pointer (&self->image, eng_image_unref);
  G_OBJECT_CLASS (ui_check_window_parent_class)->dispose (object);
}

static void
ui_check_window_class_init (UiCheckWindowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_check_window_dispose;
  gtk_widget_class_add_binding_action (GTK_WIDGET_CLASS (klass), GDK_KEY_Escape, 0, "window.close", NULL);
}

static GtkLabel *
make_label (const char *css)
{
  GtkWidget *label = gtk_label_new ("");
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 60);
  if (css)
    gtk_widget_add_css_class (label, css);
  return GTK_LABEL (label);
}

static GtkWidget *
make_head (UiCheckWindow *self)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *words = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);
  self->icon = GTK_IMAGE (gtk_image_new ());
  self->sentence = make_label ("heading");
  self->about = make_label ("sl-dim");
  self->progress = GTK_PROGRESS_BAR (gtk_progress_bar_new ());
  gtk_widget_set_valign (GTK_WIDGET (self->icon), GTK_ALIGN_START);
  gtk_widget_set_hexpand (words, TRUE);
  gtk_label_set_selectable (self->sentence, TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->progress), GTK_ACCESSIBLE_PROPERTY_LABEL, "Progress", -1);
  gtk_box_append (GTK_BOX (words), GTK_WIDGET (self->sentence));
  gtk_box_append (GTK_BOX (words), GTK_WIDGET (self->about));
  gtk_box_append (GTK_BOX (words), GTK_WIDGET (self->progress));
  gtk_box_append (GTK_BOX (row), GTK_WIDGET (self->icon));
  gtk_box_append (GTK_BOX (row), words);
  return row;
}

static GtkWidget *
make_maps (UiCheckWindow *self)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  for (guint i = 0; i < G_N_ELEMENTS (self->maps); i++)
    {
      self->maps[i] = UI_CHECK_MAP (ui_check_map_new (""));
      gtk_box_append (GTK_BOX (row), GTK_WIDGET (self->maps[i]));
    }
  gtk_box_set_homogeneous (GTK_BOX (row), TRUE);
  gtk_widget_set_vexpand (row, TRUE);
  return row;
}

static GtkWidget *
make_plot (UiCheckWindow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4), *legend = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  self->plot = GTK_DRAWING_AREA (gtk_drawing_area_new ());
  gtk_drawing_area_set_content_height (self->plot, PLOT_HEIGHT);
  gtk_drawing_area_set_draw_func (self->plot, draw_plot, self, NULL);
  gtk_widget_add_css_class (GTK_WIDGET (self->plot), "caption");
  gtk_accessible_update_property (
      GTK_ACCESSIBLE (self->plot), GTK_ACCESSIBLE_PROPERTY_LABEL,
      "Similarity to the model’s own map by layers with random weights; the numbers are in "
      "the details",
      -1);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->plot));
  for (guint k = 0; k < G_N_ELEMENTS (lines); k++)
    {
      GtkWidget *sample = ui_swatch_new (), *name = gtk_label_new (lines[k].name);
      gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (sample), draw_sample, GUINT_TO_POINTER (k), NULL);
      gtk_widget_add_css_class (name, "caption");
      gtk_widget_set_margin_end (name, 10);
      gtk_box_append (GTK_BOX (legend), sample);
      gtk_box_append (GTK_BOX (legend), name);
    }
  GtkWidget *band = gtk_label_new ("grey: by chance; below 0: drawn at 0");
  gtk_widget_add_css_class (band, "caption");
  gtk_widget_add_css_class (band, "sl-dim");
  gtk_box_append (GTK_BOX (legend), band);
  gtk_box_append (GTK_BOX (box), legend);
  return box;
}

static void
append_field (GtkWidget *row, const char *text, GtkWidget *field)
{
  GtkWidget *label = gtk_label_new_with_mnemonic (text);
  gtk_label_set_mnemonic_widget (GTK_LABEL (label), field);
  gtk_accessible_update_relation (GTK_ACCESSIBLE (field), GTK_ACCESSIBLE_RELATION_LABELLED_BY, label, NULL, -1);
  gtk_box_append (GTK_BOX (row), label);
  gtk_box_append (GTK_BOX (row), field);
}

static GtkWidget *
make_controls (UiCheckWindow *self)
{
  static const char *const varies[] = { "Automatically", "Random seed", "Noise on the picture", "Shift by one pixel",
                                        NULL };
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *space = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  self->runs = GTK_SPIN_BUTTON (
      gtk_spin_button_new_with_range (is_sanity (self) ? 1 : ENG_CHECK_LEAST_RUNS, ENG_CHECK_MOST_RUNS, 1));
  gtk_spin_button_set_value (self->runs, self->settings.runs);
  if (!is_sanity (self))
    {
      self->vary = GTK_DROP_DOWN (gtk_drop_down_new_from_strings (varies));
      append_field (row, "_Vary", GTK_WIDGET (self->vary));
    }
  append_field (row, is_sanity (self) ? "Sta_ges" : "R_uns", GTK_WIDGET (self->runs));
  self->button = GTK_BUTTON (gtk_button_new_with_mnemonic ("_Stop"));
  g_signal_connect_swapped (self->button, "clicked", G_CALLBACK (on_button), self);
  gtk_widget_set_hexpand (space, TRUE);
  gtk_box_append (GTK_BOX (row), space);
  gtk_box_append (GTK_BOX (row), GTK_WIDGET (self->button));
  return row;
}

static void
fill (UiCheckWindow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 14),
            *expander = gtk_expander_new_with_mnemonic ("_Details");
  GtkWidget *scrolled = gtk_scrolled_window_new (), *plot = make_plot (self);
  self->details = make_label ("caption");
  gtk_label_set_selectable (self->details, TRUE);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), GTK_WIDGET (self->details));
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scrolled), 150);
  gtk_expander_set_child (GTK_EXPANDER (expander), scrolled);
  gtk_widget_set_visible (plot, is_sanity (self));
  gtk_box_append (GTK_BOX (box), make_head (self));
  gtk_box_append (GTK_BOX (box), make_maps (self));
  gtk_box_append (GTK_BOX (box), plot);
  gtk_box_append (GTK_BOX (box), expander);
  gtk_box_append (GTK_BOX (box), make_controls (self));
  gtk_widget_set_margin_top (box, 16);
  gtk_widget_set_margin_bottom (box, 16);
  gtk_widget_set_margin_start (box, 16);
  gtk_widget_set_margin_end (box, 16);
  gtk_window_set_child (GTK_WINDOW (self), box);
  gtk_window_set_default_widget (GTK_WINDOW (self), GTK_WIDGET (self->button));
  gtk_window_set_focus (GTK_WINDOW (self), GTK_WIDGET (self->button));
}

static void
ui_check_window_init (UiCheckWindow *self)
{
  gtk_widget_add_css_class (GTK_WIDGET (self), "sightline");
}

UiCheckWindow *
ui_check_window_show (GtkWindow *parent, UiSession *session, UiSlot *slot, EngCheckKind kind)
{
  EngCheckSettings settings;
  eng_check_settings_init (&settings, kind);
  EngCheck *check = ui_session_check (session, slot, &settings);
  if (!check)
    return NULL;
  UiCheckWindow *self = g_object_new (UI_TYPE_CHECK_WINDOW, NULL);
  g_autofree char *title =
      g_strdup_printf (kind == ENG_CHECK_SANITY ? "Sanity of %s" : "Stability of %s", ui_slot_name (slot));
  self->session = g_object_ref (session);
  self->settings = settings;
  self->image = eng_image_ref (eng_check_image (check));
  fill (self);
  gtk_label_set_text (self->about, eng_image_name (self->image));
  gtk_window_set_title (GTK_WINDOW (self), title);
  gtk_window_set_default_size (GTK_WINDOW (self), 560, kind == ENG_CHECK_SANITY ? 660 : 460);
  gtk_window_set_transient_for (GTK_WINDOW (self), parent);
  gtk_window_set_destroy_with_parent (GTK_WINDOW (self), TRUE);
  g_signal_connect_object (session, "display-changed", G_CALLBACK (show_maps), self, G_CONNECT_SWAPPED);
  start (self, check);
  gtk_window_present (GTK_WINDOW (self));
  return self;
}
