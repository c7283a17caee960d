/* See live-pane.h. */
#include "ui/live-pane.h"

#include <math.h>

#include "ui/threshold-words.h"
#include "ui/tip.h"

#define SHOWN 5
#define LEAST_LINES 4 /* of the reading */

/* Class, score and change of one class, and their bar. */
typedef struct
{
  GtkWidget *row, *name, *value, *change, *bar;
  double now, before;
  gboolean is_target;
} Row;

struct _UiLivePane
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkLabel *hint;
  GtkInscription *what, *reading;
  GtkListBox *list;
  Row rows[SHOWN + 1]; /* the last: the target where it is not among the first */
  GtkGrid *flips;
  char **flip_texts; /* what they say */
  GtkButton *copy;
};

G_DEFINE_FINAL_TYPE (UiLivePane, ui_live_pane, GTK_TYPE_WIDGET)

static UiThreshold *
threshold_of (UiLivePane *self)
{
  return ui_session_threshold (self->session);
}

/* ---- live prediction ---- */

/* A bar up to the score now, and a tick at the score of the untouched picture. */
static void
draw_bar (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  const Row *score = data;
  GdkRGBA ink, accent;
  GtkStyleContext *style = gtk_widget_get_style_context (GTK_WIDGET (area));
  gtk_style_context_get_color (style, &ink);
  accent = ink;
  gtk_style_context_lookup_color (style, "sl_accent", &accent);
  cairo_set_source_rgba (cr, ink.red, ink.green, ink.blue, 0.14);
  cairo_rectangle (cr, 0, 3, width, height - 6);
  cairo_fill (cr);
  if (score->is_target)
    cairo_set_source_rgb (cr, accent.red, accent.green, accent.blue);
  else
    cairo_set_source_rgba (cr, ink.red, ink.green, ink.blue, 0.5);
  cairo_rectangle (cr, 0, 3, CLAMP (score->now, 0, 1) * width, height - 6);
  cairo_fill (cr);
  cairo_set_source_rgb (cr, ink.red, ink.green, ink.blue);
  cairo_rectangle (cr, floor (CLAMP (score->before, 0, 1) * (width - 2)), 0, 2, height);
  cairo_fill (cr);
}

static GtkWidget *
add_text (GtkWidget *grid, int column, const char *css_class)
{
  GtkWidget *text = gtk_inscription_new (NULL);
  gtk_widget_add_css_class (text, css_class);
  gtk_inscription_set_text_overflow (GTK_INSCRIPTION (text), GTK_INSCRIPTION_OVERFLOW_ELLIPSIZE_END);
  gtk_grid_attach (GTK_GRID (grid), text, column, 0, 1, 1);
  return text;
}

/* They are made once, and of inscriptions: scores change many times a second, and a label asks for a new layout of
 * the window each time. */
static void
make_row (UiLivePane *self, Row *row)
{
  GtkWidget *grid = gtk_grid_new ();
  gtk_grid_set_column_spacing (GTK_GRID (grid), 8);
  row->row = gtk_list_box_row_new ();
  row->name = add_text (grid, 0, "name");
  row->value = add_text (grid, 1, "sl-num");
  row->change = add_text (grid, 2, "sl-num");
  gtk_widget_add_css_class (row->change, "sl-dim");
  gtk_widget_set_hexpand (row->name, TRUE);
  gtk_inscription_set_min_chars (GTK_INSCRIPTION (row->value), 5);
  gtk_inscription_set_min_chars (GTK_INSCRIPTION (row->change), 6);
  gtk_inscription_set_xalign (GTK_INSCRIPTION (row->value), 1);
  gtk_inscription_set_xalign (GTK_INSCRIPTION (row->change), 1);
  row->bar = gtk_drawing_area_new ();
  gtk_drawing_area_set_content_height (GTK_DRAWING_AREA (row->bar), 12);
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (row->bar), draw_bar, row, NULL);
  gtk_grid_attach (GTK_GRID (grid), row->bar, 0, 1, 3, 1);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row->row), grid);
  gtk_widget_set_focusable (row->row, FALSE);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row->row), FALSE);
  gtk_list_box_append (self->list, row->row);
}

static void
set_row (UiLivePane *self, Row *row, int class_index, double now, double before)
{
  const char *name = eng_model_label (ui_session_model (self->session), class_index);
  g_autofree char *value = g_strdup_printf ("%.3f", now);
  g_autofree char *change = g_strdup_printf ("%s%.3f", now < before ? "−" : "+", fabs (now - before));
  g_autofree char *spoken = g_strdup_printf ("%s, %s, %s", name, value, change);
  row->now = now;
  row->before = before;
  row->is_target = class_index == ui_session_target (self->session);
  gtk_inscription_set_text (GTK_INSCRIPTION (row->name), name);
  ui_tip_set (row->name, name);
  gtk_inscription_set_text (GTK_INSCRIPTION (row->value), value);
  gtk_inscription_set_text (GTK_INSCRIPTION (row->change), change);
  if (row->is_target)
    gtk_widget_add_css_class (row->row, "target");
  else
    gtk_widget_remove_css_class (row->row, "target");
  gtk_widget_queue_draw (row->bar);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row->row), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

/* The most probable class that is not among the @n in @taken. */
static int
next_best (const float *probabilities, int n_classes, const int *taken, int n)
{
  int best = -1;
  for (int c = 0; c < n_classes; c++)
    {
      gboolean is_taken = FALSE;
      for (int i = 0; i < n; i++)
        is_taken = is_taken || taken[i] == c;
      if (!is_taken && (best < 0 || probabilities[c] > probabilities[best]))
        best = c;
    }
  return best;
}

static void
fill_list (UiLivePane *self, const float *now, const float *before, int n)
{
  int target = ui_session_target (self->session), top[SHOWN], shown = MIN (SHOWN, n);
  gboolean has_target = FALSE;
  for (int i = 0; i < shown; i++)
    {
      top[i] = next_best (now, n, top, i);
      has_target = has_target || top[i] == target;
      set_row (self, &self->rows[i], top[i], now[top[i]], before[top[i]]);
    }
  for (int i = 0; i < SHOWN; i++)
    gtk_widget_set_visible (self->rows[i].row, i < shown);
  gtk_widget_set_visible (self->rows[SHOWN].row, !has_target && target >= 0);
  if (!has_target && target >= 0)
    set_row (self, &self->rows[SHOWN], target, now[target], before[target]);
}

/* The sentences, and the lines that they need: only another number of these is another layout. */
static void
set_reading (UiLivePane *self, const char *markup)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self->reading));
  gtk_inscription_set_markup (self->reading, markup);
  if (width <= 0)
    return;
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self->reading), NULL);
  pango_layout_set_markup (layout, markup, -1);
  pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_set_width (layout, width * PANGO_SCALE);
  gtk_inscription_set_min_lines (self->reading, (guint)MAX (LEAST_LINES, pango_layout_get_line_count (layout)));
}

/* Between two scores the last ones stay: a list that comes and goes cannot be read. */
static void
update_scores (UiLivePane *self)
{
  UiThreshold *threshold = threshold_of (self);
  UiSeries *series = ui_threshold_selected (threshold);
  int n;
  const float *now = ui_threshold_probabilities (threshold), *before = ui_session_probabilities (self->session, &n);
  const char *problem = ui_threshold_problem (threshold);
  EngMaskMode mode = ui_protocol_masking (ui_threshold_protocol (threshold), ui_threshold_direction (threshold)).mode;
  g_autofree char *percent = ui_threshold_percent (ui_threshold_share (threshold));
  g_autofree char *what = series ? g_strdup_printf ("%s, %s %s", ui_series_name (series), percent,
                                                    mode == ENG_MASK_KEEP ? "kept" : "removed")
                                 : g_strdup ("");
  g_autofree char *reading = ui_threshold_reading (threshold);
  gtk_inscription_set_text (self->what, what);
  ui_tip_set (GTK_WIDGET (self->what), what);
  if (now && before)
    fill_list (self, now, before, n);
  gtk_widget_set_visible (GTK_WIDGET (self->list), series && before);
  gtk_label_set_label (self->hint, problem  ? problem
                                   : series ? "▎score on the untouched photo"
                                            : "Scores appear here once a method has finished.");
  set_reading (self, reading);
}

/* ---- where it flips ---- */

static void
put_label (UiLivePane *self, const char *text, int column, int row, gboolean dim)
{
  GtkWidget *label = gtk_label_new (text);
  gtk_label_set_xalign (GTK_LABEL (label), column ? 1 : 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (label, column == 0);
  gtk_widget_add_css_class (label, dim ? "sl-dim" : "sl-num");
  ui_tip_set (label, column ? NULL : text);
  gtk_grid_attach (self->flips, label, column, row, 1, 1);
}

/* Two texts for each row. (transfer full) */
static char **
describe_flips (UiThreshold *threshold)
{
  UiDirection direction = ui_threshold_direction (threshold);
  GListModel *series = ui_threshold_series (threshold);
  gboolean keeps = ui_protocol_curve (ui_threshold_protocol (threshold), direction).mode == ENG_MASK_KEEP;
  g_autofree char *from = g_strdup_printf ("Top-1 is %s from", ui_threshold_class_name (threshold));
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();
  g_strv_builder_add_many (texts, keeps ? from : "Top-1 changes at", "pixels", NULL);
  for (guint i = 0; i < g_list_model_get_n_items (series); i++)
    {
      g_autoptr (UiSeries) item = g_list_model_get_item (series, i);
      gboolean known;
      double flip = ui_threshold_flip (threshold, item, direction, &known);
      g_autofree char *percent = g_strdup_printf ("%.1f %%", 100 * flip);
      if (item->slot)
        g_strv_builder_add_many (texts, ui_series_name (item),
                                 item->flat     ? "—"
                                 : !known       ? "…"
                                 : isnan (flip) ? "never"
                                                : percent,
                                 NULL);
    }
  return g_strv_builder_end (texts);
}

/* A threshold that moves changes nothing here. */
static void
update_flips (UiLivePane *self)
{
  g_auto (GStrv) texts = describe_flips (threshold_of (self));
  if (self->flip_texts && g_strv_equal ((const char *const *)texts, (const char *const *)self->flip_texts))
    return;
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self->flips)));)
    gtk_grid_remove (self->flips, child);
  for (int i = 0; texts[i]; i++)
    put_label (self, texts[i], i % 2, i / 2, i < 2);
  g_strfreev (self->flip_texts);
  self->flip_texts = g_steal_pointer (&texts);
}

/* ---- connections ---- */

static void
on_copy (UiLivePane *self)
{
  g_autofree char *text = ui_threshold_numbers (threshold_of (self));
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
}

static void
update (UiLivePane *self)
{
  update_scores (self);
  update_flips (self);
  gtk_widget_set_sensitive (GTK_WIDGET (self->copy), ui_threshold_subject (threshold_of (self)) != NULL);
}

void
ui_live_pane_set_session (UiLivePane *self, UiSession *session)
{
  UiThreshold *threshold = ui_session_threshold (session);
  self->session = g_object_ref (session);
  g_signal_connect_object (threshold, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold, "curves", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold, "scored", G_CALLBACK (update_scores), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
ui_live_pane_dispose (GObject *object)
{
  UiLivePane *self = UI_LIVE_PANE (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->session);
  g_clear_pointer (&self->flip_texts, g_strfreev);
  G_OBJECT_CLASS (ui_live_pane_parent_class)->dispose (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiLivePane, member)

static void
ui_live_pane_class_init (UiLivePaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_live_pane_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/live-pane.ui");
  BIND (what);
  BIND (hint);
  BIND (reading);
  BIND (list);
  BIND (flips);
  BIND (copy);
}

static void
ui_live_pane_init (UiLivePane *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  for (guint i = 0; i < G_N_ELEMENTS (self->rows); i++)
    make_row (self, &self->rows[i]);
  g_signal_connect_swapped (self->copy, "clicked", G_CALLBACK (on_copy), self);
}
