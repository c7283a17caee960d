/* See training-plot.h. A step's loss jumps with its batch: it stands faintly behind its running mean. */
#include "ui/draw/training-plot.h"

#include <math.h>
#include <string.h>

#include "ui/draw/pen.h"
#include "ui/draw/words.h"

#define MOST_DRAWN 600 /* points of a line; more cannot be told apart */
#define GAP 10
#define SWATCH 26
#define BESIDE 520        /* panels stand beside each other from this width on */
#define MEMORY (1.0 / 25) /* of the running mean, of all steps */

enum
{
  STEPS, /* running mean of the loss of batches */
  RAW,   /* that loss itself */
  HELD,  /* loss of held-out pictures */
  SCORE,
  N_LINES
};

/* The method whose colour and dash the line borrows: no methods are compared here. */
static const char *const borrowed[N_LINES] = { "ltx", "ltx", "grad-cam", "integrated-gradients" };

typedef struct
{
  UiLineStyle style[N_LINES];
  UiPlotLine line[N_LINES];
  double *x[N_LINES], *y[N_LINES];
  int n[N_LINES];
} Lines;

static const EngTrainingPoint *
nth_point (const EngTrainingStatus *s, guint i)
{
  return &g_array_index (s->points, EngTrainingPoint, i);
}

static const EngTrainingMark *
nth_mark (const EngTrainingStatus *s, guint i)
{
  return &g_array_index (s->marks, EngTrainingMark, i);
}

/* Steps that are shown, at least one. */
static double
last_step (const EngTrainingStatus *s)
{
  return MAX (1, s->steps);
}

static void
add (Lines *l, int k, double x, double y)
{
  if (!isfinite (y))
    return;
  l->x[k][l->n[k]] = x;
  l->y[k][l->n[k]++] = y;
}

/* Where there are too many steps, the lowest and the highest loss of a few stand for these. */
static void
add_steps (Lines *l, const EngTrainingStatus *s)
{
  guint n = s->points->len, each = MAX (1, 2 * n / MOST_DRAWN);
  double keep = exp (-1 / fmax (1, MEMORY * last_step (s))), mean = 0, weight = 0;
  for (guint i = 0; i < n; i += each)
    {
      double low = INFINITY, high = -INFINITY, x = nth_point (s, i)->step / last_step (s);
      for (guint j = i; j < MIN (n, i + each); j++)
        {
          double loss = nth_point (s, j)->loss;
          if (!isfinite (loss))
            continue;
          low = fmin (low, loss);
          high = fmax (high, loss);
          mean = keep * mean + (1 - keep) * loss;
          weight = keep * weight + 1 - keep;
        }
      add (l, RAW, x, low);
      if (each > 1)
        add (l, RAW, x, high);
      add (l, STEPS, x, weight > 0 ? mean / weight : NAN);
    }
}

static void
lines_init (Lines *l, const EngTrainingStatus *s)
{
  memset (l, 0, sizeof *l);
  for (int k = 0; k < N_LINES; k++)
    {
      gsize most = k == HELD || k == SCORE ? s->marks->len + 1 : 2 * (gsize)s->points->len + 2;
      l->x[k] = g_new (double, most);
      l->y[k] = g_new (double, most);
      ui_line_style_find (borrowed[k], 0, 0, &l->style[k]);
    }
  l->style[RAW].width = 1;
  add_steps (l, s);
  for (guint i = 0; i < s->marks->len; i++)
    {
      add (l, HELD, nth_mark (s, i)->step / last_step (s), nth_mark (s, i)->loss);
      add (l, SCORE, nth_mark (s, i)->step / last_step (s), nth_mark (s, i)->score);
    }
  for (int k = 0; k < N_LINES; k++)
    l->line[k] =
        (UiPlotLine){ &l->style[k], l->x[k], l->y[k], l->n[k], k == RAW, FALSE, NAN, k == HELD || k == SCORE };
}

static void
lines_clear (Lines *l)
{
  for (int k = 0; k < N_LINES; k++)
    {
      g_free (l->x[k]);
      g_free (l->y[k]);
    }
}

/* What @n lines from @first on take; the raw loss may leave it. */
static void
get_range (const Lines *l, const int *which, int n, double *begin, double *end)
{
  double least = INFINITY, most = -INFINITY;
  for (int i = 0; i < n; i++)
    for (int k = 0; k < l->n[which[i]] && which[i] != RAW; k++)
      {
        least = fmin (least, l->y[which[i]][k]);
        most = fmax (most, l->y[which[i]][k]);
      }
  if (least > most)
    least = 0, most = 1;
  ui_plot_round (least, most, begin, end);
}

/* (transfer full) */
static PangoLayout *
layout_of (const UiPlot *look, cairo_t *cr, const char *words, int *width, int *height)
{
  PangoLayout *layout = look->context ? pango_layout_new (look->context) : pango_cairo_create_layout (cr);
  pango_layout_set_font_description (layout, look->font);
  pango_layout_set_text (layout, words, -1);
  pango_layout_get_pixel_size (layout, width, height);
  return layout;
}

static int
put_words (const UiPlot *look, cairo_t *cr, const char *words, double x, double y)
{
  int width, height;
  g_autoptr (PangoLayout) layout = layout_of (look, cr, words, &width, &height);
  cairo_set_source_rgba (cr, look->foreground[0], look->foreground[1], look->foreground[2], 0.85);
  cairo_move_to (cr, x, y - height / 2.0);
  ui_pen_text (cr, layout);
  return width;
}

/* Above a panel: what its lines are. */
static void
draw_legend (const Lines *l, const int *which, const char *const *names, int n, const UiPlot *look, cairo_t *cr,
             double height)
{
  double x = 0;
  for (int i = 0; i < n; i++)
    {
      cairo_save (cr);
      cairo_translate (cr, x, 0);
      ui_line_style_swatch (&l->style[which[i]], cr, look->dark, SWATCH, height);
      cairo_restore (cr);
      x += SWATCH + GAP / 2.0;
      x += put_words (look, cr, names[i], x, height / 2) + 2 * GAP;
    }
}

/* @first: number of the panel's line whose point at the best step is marked. */
static void
draw_panel (const EngTrainingStatus *s, const Lines *l, const int *which, int n, int marked, const char *y_label,
            const UiPlot *look, cairo_t *cr, double width, double height)
{
  UiPlotLine lines[N_LINES];
  UiPlot plot = *look;
  for (int i = 0; i < n; i++)
    lines[i] = l->line[which[i]];
  plot.lines = lines;
  plot.n_lines = n;
  plot.band_n = 0;
  plot.x_label = "step";
  plot.y_label = y_label;
  plot.x_most = last_step (s);
  plot.marks = TRUE;
  plot.cursor = NAN;
  get_range (l, which, n, &plot.y_least, &plot.y_most);
  if (s->best >= 0)
    {
      const UiPlotLine *line = &lines[marked];
      plot.cursor = nth_mark (s, (guint)s->best)->step / last_step (s);
      lines[marked].dot = ui_plot_at (line->x, line->y, line->n, plot.cursor);
    }
  ui_plot_draw (&plot, cr, width, height);
}

char *
ui_training_score (const EngExplainerKind *kind, double score)
{
  const char *unit = kind->score_unit ? kind->score_unit : "";
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (text, sizeof text, fabs (score) >= 10 ? "%.1f" : "%.3f", fabs (score));
  return g_strdup_printf ("%s%s%s%s", score < 0 ? "−" : "", text, *unit ? " " : "", unit);
}

/* "POS AUC ↓, best: 12.9 of 90 at step 100", as much of it as @width has room for. (transfer full) */
static char *
score_title (const EngTrainingStatus *s, const EngExplainerKind *kind, const UiPlot *look, cairo_t *cr, double width)
{
  const EngTrainingMark *best = s->best >= 0 ? nth_mark (s, (guint)s->best) : NULL;
  g_autofree char *name = ui_words_capital (kind->score_name);
  g_autofree char *score = best ? ui_training_score (kind, best->score) : NULL;
  g_autofree char *where = best ? g_strdup_printf (", best: %s at step %d", score, best->step) : NULL;
  g_autofree char *what = best ? g_strdup_printf (", best: %s", score) : NULL;
  const char *more[] = { best ? where : " on held-out pictures", best ? what : "", "" };
  for (guint i = 0;; i++)
    {
      char *title = g_strdup_printf ("%s %s%s", name, kind->higher_is_better ? "↑" : "↓", more[i]);
      int needed;
      g_autoptr (PangoLayout) layout = layout_of (look, cr, title, &needed, NULL);
      if (i == G_N_ELEMENTS (more) - 1 || needed <= width)
        return title;
      g_free (title);
    }
}

void
ui_training_plot_draw (const EngTrainingStatus *status, const EngExplainerKind *kind, const UiPlot *look, cairo_t *cr,
                       double width, double height)
{
  static const int of_loss[] = { STEPS, HELD, RAW }, of_score[] = { SCORE };
  static const char *const names[] = { "training", "held-out pictures" };
  gboolean beside = width >= BESIDE;
  double w = beside ? (width - 2 * GAP) / 2 : width, h = beside ? height : (height - GAP) / 2;
  int line;
  g_autoptr (PangoLayout) layout = layout_of (look, cr, "0", NULL, &line);
  double head = line + GAP;
  g_autofree char *title = score_title (status, kind, look, cr, w - SWATCH - GAP);
  Lines l;
  lines_init (&l, status);
  cairo_save (cr);
  draw_legend (&l, of_loss, names, 2, look, cr, head);
  cairo_translate (cr, 0, head);
  draw_panel (status, &l, of_loss, 3, 1, "loss", look, cr, w, h - head);
  cairo_translate (cr, beside ? w + 2 * GAP : 0, beside ? -head : h - head + GAP);
  draw_legend (&l, of_score, (const char *const *)&title, 1, look, cr, head);
  cairo_translate (cr, 0, head);
  draw_panel (status, &l, of_score, 1, 0, "score", look, cr, w,
              h - head); /* its name stands above: most are too long */
  cairo_restore (cr);
  lines_clear (&l);
}

char *
ui_training_plot_words (const EngTrainingStatus *status, const EngExplainerKind *kind)
{
  GString *text = g_string_new (NULL);
  if (status->points->len == 0)
    g_string_append (text, "No step is done yet.");
  else
    {
      const EngTrainingPoint *last = nth_point (status, status->points->len - 1);
      g_string_append_printf (text, "Loss %.3g after %d of %d steps.", last->loss, last->step, status->steps);
    }
  if (status->marks->len > 0 && status->best >= 0)
    {
      const EngTrainingMark *best = nth_mark (status, (guint)status->best);
      g_autofree char *last = ui_training_score (kind, nth_mark (status, status->marks->len - 1)->score);
      g_autofree char *score = ui_training_score (kind, best->score);
      g_string_append_printf (text, " On held-out pictures: %s %s, best %s after %d steps; %s is better.",
                              kind->score_name, last, score, best->step, kind->higher_is_better ? "higher" : "lower");
    }
  return g_string_free (text, FALSE);
}
