/* See train-progress.h. */
#include "ui/train-progress.h"

#include <math.h>
#include <string.h>

#include "ui/draw/training-plot.h"
#include "ui/draw/words.h"
#include "ui/ink.h"
#include "ui/train-previews.h"
#include "ui/trainings.h"

#define PLOT_HEIGHT 210
#define LIST_HEIGHT 110
#define LARGE_ICON 48
#define MOST_LISTED 200 /* names of pictures that were left out */

struct _UiTrainProgress
{
  GtkWidget parent_instance;
  const EngExplainerKind *kind;
  EngTrainingStatus *status; /* as shown; (nullable) */
  GtkWidget *head;           /* icon, then words */
  GtkImage *icon;
  GtkLabel *sentence, *problem, *about, *terms, *preview_title, *skipped;
  GtkProgressBar *bar;
  GtkDrawingArea *plot;
  UiTrainPreviews *previews;
  GtkExpander *left_out;
};

G_DEFINE_FINAL_TYPE (UiTrainProgress, ui_train_progress, GTK_TYPE_WIDGET)

/* ---- the curves ---- */

static void
draw_plot (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  UiTrainProgress *self = data;
  GtkStyleContext *style = gtk_widget_get_style_context (GTK_WIDGET (area));
  GdkRGBA ink, ground = { 1, 1, 1, 1 };
  if (!self->status)
    return;
  gtk_style_context_get_color (style, &ink);
  gtk_style_context_lookup_color (style, "theme_base_color", &ground);
  UiPlot look = { .foreground = { ink.red, ink.green, ink.blue },
                  .background = { ground.red, ground.green, ground.blue },
                  .dark = ui_ink_is_dark (GTK_WIDGET (area)) };
  look.font = pango_context_get_font_description (gtk_widget_get_pango_context (GTK_WIDGET (area)));
  ui_training_plot_draw (self->status, self->kind, &look, cr, width, height);
}

/* ---- words ---- */

/* "Best on held-out pictures: 12.9 of 90 at step 100 (POS AUC)." (transfer full); NULL: nothing was judged. */
static char *
best_words (const EngTrainingStatus *s, const EngExplainerKind *kind)
{
  if (s->best < 0)
    return NULL;
  const EngTrainingMark *best = &g_array_index (s->marks, EngTrainingMark, s->best);
  g_autofree char *score = ui_training_score (kind, best->score);
  return g_strdup_printf ("Best on held-out pictures: %s at step %d (%s).", score, best->step, kind->score_name);
}

/* (transfer full) */
static char *
sentence_of (const UiTrainNews *news)
{
  const EngTrainingStatus *s = news->status;
  g_autofree char *left = s->eta >= 0 ? ui_words_time_left (s->eta) : NULL;
  g_autofree char *prepared = ui_words_count (s->prepared), *all = ui_words_count (s->pictures);
  switch (s->state)
    {
    case ENG_TRAINING_QUEUED:
      return g_strdup ("Waiting for the computer to be free…");
    case ENG_TRAINING_PREPARING:
      if (s->pictures && s->prepared == s->pictures)
        return g_strdup ("Judging the untrained explainer on held-out pictures…");
      return s->pictures ? g_strdup_printf ("Reading pictures: %s of %s", prepared, all)
                         : g_strdup ("Looking for pictures…");
    case ENG_TRAINING_RUNNING:
      return g_strdup_printf ("Step %d of %d%s%s", s->step, s->steps, left ? ", " : "", left ? left : "");
    case ENG_TRAINING_PAUSED:
      return g_strdup_printf ("Paused at step %d of %d.", s->step, s->steps);
    case ENG_TRAINING_DONE:
      return g_strdup_printf ("%s is now a method of %s.", ui_trainings_method_name (news->kind), news->model);
    case ENG_TRAINING_CANCELLED:
      return s->marks->len ? g_strdup_printf ("Cancelled at step %d of %d.", s->step, s->steps)
                           : g_strdup ("Cancelled before the first step.");
    case ENG_TRAINING_FAILED:
      return s->marks->len ? g_strdup_printf ("The training failed after step %d of %d.", s->step, s->steps)
                           : g_strdup ("The training could not begin.");
    }
  g_return_val_if_reached (NULL);
}

/* What is left of its work, once it is over. (transfer full) */
static char *
kept_words (const EngTrainingStatus *s)
{
  g_autofree char *file = s->output ? g_filename_display_name (s->output) : NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  if (file && s->state == ENG_TRAINING_DONE)
    g_string_append_printf (text, "Written to %s.", file);
  else if (file)
    g_string_append_printf (text, "The best explainer until then was written to %s.", file);
  if (s->kept_step >= 0)
    g_string_append_printf (text, "%sWhat it was after step %d is kept, to go on from there now or another time.",
                            text->len ? " " : "", s->kept_step);
  return g_strdup (text->len ? text->str : "Nothing was written. The settings are as they were.");
}

static void
append_line (GString *text, const char *line)
{
  if (line && *line)
    g_string_append_printf (text, "%s%s", text->len ? "\n" : "", line);
}

/* (transfer full) */
static char *
about_of (const UiTrainNews *news)
{
  const EngTrainingStatus *s = news->status;
  GString *text = g_string_new (NULL);
  gboolean over = s->state > ENG_TRAINING_PAUSED;
  g_autofree char *best = over ? best_words (s, news->kind) : NULL;
  g_autofree char *what = g_strdup_printf ("%s for %s", news->kind->name, news->model);
  g_autofree char *first = g_strdup_printf ("%s%s%s", what, *s->data_summary ? " · " : "", s->data_summary);
  g_autofree char *kept = over ? kept_words (s) : NULL;
  append_line (text, first);
  append_line (text, best);
  append_line (text, kept);
  append_line (text, s->note);
  return g_string_free (text, FALSE);
}

/* "prediction 0.32 · sparsity 0.11" of the last step. (transfer full) */
static char *
terms_of (const EngTrainingStatus *s)
{
  GString *text = g_string_new (NULL);
  if (s->points->len == 0)
    return g_string_free (text, FALSE);
  const EngTrainingPoint *last = &g_array_index (s->points, EngTrainingPoint, s->points->len - 1);
  g_string_append_printf (text, "Loss %.3g", last->loss);
  for (int i = 0; i < ENG_NET_MAX_TERMS && s->term_names[i]; i++)
    g_string_append_printf (text, " · %s %.3g", s->term_names[i], last->terms[i]);
  g_string_append_printf (text, " · learning rate %.2g", last->rate);
  return g_string_free (text, FALSE);
}

static void
show_icon (UiTrainProgress *self, EngTrainingState state)
{
  gboolean good = state == ENG_TRAINING_DONE, bad = state == ENG_TRAINING_FAILED;
  gtk_image_set_from_icon_name (self->icon, good  ? "sl-check-symbolic"
                                            : bad ? "sl-error-symbolic"
                                                  : "sl-info-symbolic");
  gtk_widget_set_css_classes (GTK_WIDGET (self->icon), (const char *[]){ good  ? "sl-ok"
                                                                         : bad ? "sl-err"
                                                                               : "sl-dim",
                                                                         NULL });
}

/* What has nothing to show but words stands in the middle. */
static void
show_alone (UiTrainProgress *self, gboolean alone)
{
  GtkLabel *const labels[] = { self->sentence, self->problem, self->about };
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self->head),
                                  alone ? GTK_ORIENTATION_VERTICAL : GTK_ORIENTATION_HORIZONTAL);
  gtk_image_set_pixel_size (self->icon, alone ? LARGE_ICON : -1);
  gtk_widget_set_halign (self->head, alone ? GTK_ALIGN_CENTER : GTK_ALIGN_FILL);
  gtk_widget_set_valign (self->head, alone ? GTK_ALIGN_CENTER : GTK_ALIGN_FILL);
  gtk_widget_set_vexpand (self->head, alone);
  for (guint i = 0; i < G_N_ELEMENTS (labels); i++)
    {
      gtk_label_set_xalign (labels[i], alone ? 0.5f : 0);
      gtk_label_set_justify (labels[i], alone ? GTK_JUSTIFY_CENTER : GTK_JUSTIFY_LEFT);
    }
}

/* NULL before the pictures are read. */
static guint
count (char **skipped)
{
  return skipped ? g_strv_length (skipped) : 0;
}

static void
show_skipped (UiTrainProgress *self, char **skipped)
{
  guint n = count (skipped);
  gtk_widget_set_visible (GTK_WIDGET (self->left_out), n > 0);
  if (n == 0)
    return;
  g_autofree char *count = ui_words_count (n);
  g_autofree char *title =
      n == 1 ? g_strdup ("1 file was left out") : g_strdup_printf ("%s files were left out", count);
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < MIN (n, MOST_LISTED); i++)
    append_line (text, skipped[i]);
  if (n > MOST_LISTED)
    g_string_append (text, "\n…");
  gtk_expander_set_label (self->left_out, title);
  gtk_label_set_text (self->skipped, text->str);
  g_string_free (text, TRUE);
}

/* What is kept is the best, which may be of another step. */
static void
show_previews (UiTrainProgress *self, EngTrainingStatus *s, const UiDisplay *display)
{
  gboolean over = s->state > ENG_TRAINING_PAUSED && s->marks->len;
  int step = over ? g_array_index (s->marks, EngTrainingMark, s->marks->len - 1).step : 0;
  g_autofree char *title = over ? g_strdup_printf ("Held-out pictures with their maps after step %d", step)
                                : g_strdup ("Held-out pictures with their maps now");
  gtk_label_set_text (self->preview_title, title);
  gtk_widget_set_visible (GTK_WIDGET (self->preview_title), s->n_previews > 0);
  gtk_widget_set_visible (GTK_WIDGET (self->previews), s->n_previews > 0);
  ui_train_previews_set (self->previews, s, self->kind, display);
}

static void
show_bar (UiTrainProgress *self, const EngTrainingStatus *s)
{
  gboolean reads = s->state == ENG_TRAINING_PREPARING;
  guint done = reads ? s->prepared : (guint)s->step, all = reads ? s->pictures : (guint)s->steps;
  gtk_widget_set_visible (GTK_WIDGET (self->bar), s->state <= ENG_TRAINING_PAUSED);
  gtk_progress_bar_set_fraction (self->bar, all ? (double)done / all : 0);
}

static void
set_text (GtkLabel *label, const char *text)
{
  gtk_label_set_text (label, text);
  gtk_widget_set_visible (GTK_WIDGET (label), *text != '\0');
}

void
ui_train_progress_show (UiTrainProgress *self, const UiTrainNews *news, const UiDisplay *display)
{
  EngTrainingStatus *s = news->status, *before = self->status;
  g_autofree char *sentence = sentence_of (news), *about = about_of (news), *terms = terms_of (s);
  self->status = eng_training_status_ref (s);
  self->kind = news->kind;
  g_autofree char *curves = ui_training_plot_words (s, news->kind);
  gtk_label_set_text (self->sentence, sentence);
  set_text (self->problem, news->error && s->state == ENG_TRAINING_FAILED ? news->error->message : "");
  set_text (self->about, about);
  gtk_label_set_selectable (self->sentence, TRUE); /* before there are words it would take the focus without a name */
  gtk_label_set_selectable (self->problem, TRUE);
  gtk_label_set_selectable (self->about, TRUE);
  set_text (self->terms, terms);
  show_icon (self, s->state);
  show_alone (self, s->state > ENG_TRAINING_PAUSED && s->points->len + s->marks->len == 0);
  show_bar (self, s);
  if (!before || count (before->skipped) != count (s->skipped))
    show_skipped (self, s->skipped);
  gtk_widget_set_visible (GTK_WIDGET (self->plot), s->points->len + s->marks->len > 0);
  gtk_widget_queue_draw (GTK_WIDGET (self->plot));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->plot), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, curves, -1);
  show_previews (self, s, display);
  g_clear_pointer (&before, eng_training_status_unref);
}

const char *
ui_train_progress_sentence (UiTrainProgress *self)
{
  return gtk_label_get_text (self->sentence);
}

gboolean
ui_train_progress_is_drawn (UiTrainProgress *self)
{
  return ui_train_previews_is_drawn (self->previews);
}

/* ---- life ---- */

static void
ui_train_progress_dispose (GObject *object)
{
  UiTrainProgress *self = UI_TRAIN_PROGRESS (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->status, eng_training_status_unref);
  G_OBJECT_CLASS (ui_train_progress_parent_class)->dispose (object);
}

static void
ui_train_progress_class_init (UiTrainProgressClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_train_progress_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
}

static GtkLabel *
make_label_as (GtkAccessibleRole role, const char *css, const char *text)
{
  GtkWidget *label = g_object_new (GTK_TYPE_LABEL, "accessible-role", role, "label", text, NULL);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 60);
  if (css)
    gtk_widget_add_css_class (label, css);
  return GTK_LABEL (label);
}

static GtkLabel *
make_label (const char *css, const char *text)
{
  return make_label_as (GTK_ACCESSIBLE_ROLE_LABEL, css, text);
}

static GtkWidget *
make_head (UiTrainProgress *self)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *words = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);
  self->icon = GTK_IMAGE (gtk_image_new ());
  self->head = row;
  self->sentence = make_label ("heading", "");
  self->problem = make_label_as (GTK_ACCESSIBLE_ROLE_ALERT, NULL, "");
  self->about = make_label ("sl-dim", "");
  self->bar = GTK_PROGRESS_BAR (gtk_progress_bar_new ());
  gtk_widget_set_valign (GTK_WIDGET (self->icon), GTK_ALIGN_START);
  gtk_widget_set_margin_top (GTK_WIDGET (self->icon), 2);
  gtk_widget_set_hexpand (words, TRUE);
  gtk_widget_set_margin_top (GTK_WIDGET (self->bar), 4);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->bar), GTK_ACCESSIBLE_PROPERTY_LABEL, "Progress", -1);
  gtk_box_append (GTK_BOX (words), GTK_WIDGET (self->sentence));
  gtk_box_append (GTK_BOX (words), GTK_WIDGET (self->problem));
  gtk_box_append (GTK_BOX (words), GTK_WIDGET (self->about));
  gtk_box_append (GTK_BOX (words), GTK_WIDGET (self->bar));
  gtk_box_append (GTK_BOX (row), GTK_WIDGET (self->icon));
  gtk_box_append (GTK_BOX (row), words);
  return row;
}

static GtkWidget *
make_plot (UiTrainProgress *self)
{
  self->plot =
      GTK_DRAWING_AREA (g_object_new (GTK_TYPE_DRAWING_AREA, "accessible-role", GTK_ACCESSIBLE_ROLE_IMG, NULL));
  gtk_drawing_area_set_content_height (self->plot, PLOT_HEIGHT);
  gtk_drawing_area_set_draw_func (self->plot, draw_plot, self, NULL);
  gtk_widget_add_css_class (GTK_WIDGET (self->plot), "caption");
  gtk_widget_set_vexpand (GTK_WIDGET (self->plot), TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->plot), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  "Loss and score by steps", -1);
  return GTK_WIDGET (self->plot);
}

static GtkWidget *
make_left_out (UiTrainProgress *self)
{
  GtkWidget *scrolled = gtk_scrolled_window_new ();
  self->left_out = GTK_EXPANDER (gtk_expander_new (""));
  self->skipped = make_label ("caption", "");
  gtk_label_set_selectable (self->skipped, TRUE);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scrolled), LIST_HEIGHT);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), GTK_WIDGET (self->skipped));
  gtk_expander_set_child (self->left_out, scrolled);
  gtk_widget_set_visible (GTK_WIDGET (self->left_out), FALSE);
  return GTK_WIDGET (self->left_out);
}

static void
ui_train_progress_init (UiTrainProgress *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));
  gtk_orientable_set_orientation (GTK_ORIENTABLE (layout), GTK_ORIENTATION_VERTICAL);
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 12);
  self->terms = make_label ("caption", "");
  self->preview_title = make_label ("heading", "");
  self->previews = UI_TRAIN_PREVIEWS (ui_train_previews_new ());
  gtk_widget_add_css_class (GTK_WIDGET (self->terms), "sl-num");
  gtk_widget_add_css_class (GTK_WIDGET (self->terms), "sl-dim");
  gtk_widget_set_parent (make_head (self), GTK_WIDGET (self));
  gtk_widget_set_parent (make_plot (self), GTK_WIDGET (self));
  gtk_widget_set_parent (GTK_WIDGET (self->terms), GTK_WIDGET (self));
  gtk_widget_set_parent (GTK_WIDGET (self->preview_title), GTK_WIDGET (self));
  gtk_widget_set_parent (GTK_WIDGET (self->previews), GTK_WIDGET (self));
  gtk_widget_set_parent (make_left_out (self), GTK_WIDGET (self));
}

GtkWidget *
ui_train_progress_new (void)
{
  return g_object_new (UI_TYPE_TRAIN_PROGRESS, NULL);
}
