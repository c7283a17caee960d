/* See bars.h. */
#include "ui/draw/bars.h"

#include <math.h>
#include <string.h>

#include "ui/draw/figure-private.h"
#include "ui/draw/latex.h"
#include "ui/draw/pen.h"

#define PT(mm) ((mm) / UI_MM_PER_PT)
#define LEAST PT (26)  /* width of a plot's axis */
#define BETWEEN PT (5) /* plots beside each other */
#define AIR PT (1.2)   /* between names and axis, and below a title */
#define ROW 1.7        /* from bar to bar, in heights of the text */
#define BAR 1.0
#define CAP 0.3 /* half the width of an interval's end */
#define TICK PT (0.8)
#define HAIR 0.4
#define TINT 0.45 /* of the colour is left where a bar is filled */
#define DASH 0.5  /* of the dash on screen, whose unit is a pixel */

typedef struct
{
  const UiBars *self;
  PangoContext *context;
  guint n, rows; /* protocols, methods */
  guint columns; /* plots beside each other */
  double line;   /* pt: height of a line of numbers */
  double row;    /* from bar to bar */
  double names;  /* width of the methods' names */
  double panel;  /* width of an axis */
  double title;  /* height of the highest title */
} Plan;

/* Round ends round all means and intervals, and 0: bars begin there. */
typedef struct
{
  double low, high, step;
} Axis;

static PangoLayout *
set_text (const Plan *plan, const char *text, double size, gboolean bold, double width)
{
  PangoLayout *layout = pango_layout_new (plan->context);
  PangoFontDescription *font = pango_font_description_new ();
  pango_font_description_set_family (font, plan->self->font);
  pango_font_description_set_absolute_size (font, size * PANGO_SCALE);
  pango_font_description_set_weight (font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_text (layout, text, -1);
  if (width > 0)
    {
      pango_layout_set_width (layout, (int)(width * PANGO_SCALE));
      pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
    }
  return layout;
}

static void
measure (const Plan *plan, const char *text, double size, gboolean bold, double room, double *width, double *height)
{
  PangoRectangle logical;
  PangoLayout *layout = set_text (plan, text, size, bold, room);
  pango_layout_get_extents (layout, NULL, &logical);
  *width = (double)logical.width / PANGO_SCALE;
  *height = (double)logical.height / PANGO_SCALE;
  g_object_unref (layout);
}

static double
small (const Plan *plan)
{
  return fmax (1, plan->self->size - 1);
}

static const UiReportProtocol *
protocol_at (const UiReport *report, guint i)
{
  return report->protocols->pdata[i];
}

static char *
title_of (const UiReportProtocol *protocol)
{
  return g_strconcat (protocol->name, g_str_equal (protocol->direction, "lower") ? " ↓" : " ↑", NULL);
}

/* "0 to 1, n = 24", "n = 20 to 24" where methods have values for more or fewer pictures. (transfer full) */
static char *
below_of (const UiReportProtocol *protocol)
{
  guint least = G_MAXUINT, most = 0;
  for (guint i = 0; i < protocol->rows->len; i++)
    {
      const UiReportRow *row = protocol->rows->pdata[i];
      least = MIN (least, row->n);
      most = MAX (most, row->n);
    }
  g_autofree char *n =
      least < most ? g_strdup_printf ("n = %u to %u", least, most) : g_strdup_printf ("n = %u", most);
  return *protocol->unit ? g_strconcat (protocol->unit, ", ", n, NULL) : g_steal_pointer (&n);
}

/* The widest name has its room, up to two fifths of the width. */
static void
plan_init (Plan *plan, const UiBars *self)
{
  double width, height, all = PT (self->width);
  *plan = (Plan){ .self = self, .context = ui_figure_text_context (), .n = self->report->protocols->len };
  const UiReportProtocol *first = protocol_at (self->report, 0);
  plan->rows = first->rows->len;
  for (guint i = 0; i < plan->rows; i++)
    {
      measure (plan, ((UiReportRow *)first->rows->pdata[i])->name, self->size, FALSE, -1, &width, &height);
      plan->names = fmin (fmax (plan->names, width), 0.4 * all);
      plan->row = fmax (plan->row, ROW * height);
    }
  plan->names += 1; /* letters may stand out a little */
  measure (plan, "0", small (plan), FALSE, -1, &width, &plan->line);
  double room = all - plan->names - AIR - plan->line; /* the last number stands half outside */
  plan->columns = CLAMP ((guint)((room + BETWEEN) / (LEAST + BETWEEN)), 1, plan->n);
  plan->panel = (room - (plan->columns - 1) * BETWEEN) / plan->columns;
  for (guint i = 0; i < plan->n; i++)
    {
      g_autofree char *title = title_of (protocol_at (self->report, i));
      measure (plan, title, self->size, TRUE, plan->panel + BETWEEN / 2, &width, &height);
      plan->title = fmax (plan->title, height);
    }
}

/* Title, bars, numbers, what stands below them. */
static double
block_height (const Plan *plan)
{
  return plan->title + AIR + plan->rows * plan->row + TICK + 2 * plan->line;
}

double
ui_bars_height (const UiBars *self)
{
  Plan plan;
  plan_init (&plan, self);
  guint blocks = (plan.n + plan.columns - 1) / plan.columns;
  double height = blocks * block_height (&plan) + (blocks - 1) * plan.line;
  g_object_unref (plan.context);
  return height * UI_MM_PER_PT;
}

static void
widen (Axis *axis, double value)
{
  if (!isfinite (value))
    return;
  axis->low = fmin (axis->low, value);
  axis->high = fmax (axis->high, value);
}

static void
axis_init (Axis *axis, const UiReportProtocol *protocol)
{
  static const double steps[] = { 1, 2, 3, 5, 10 };
  *axis = (Axis){ 0 };
  for (guint i = 0; i < protocol->rows->len; i++)
    {
      const UiReportRow *row = protocol->rows->pdata[i];
      widen (axis, row->mean);
      widen (axis, row->low);
      widen (axis, row->high);
    }
  if (axis->high - axis->low <= 0)
    axis->high = 1;
  double rough = (axis->high - axis->low) / 4, unit = pow (10, floor (log10 (rough)));
  guint i = 0;
  while (i + 1 < G_N_ELEMENTS (steps) && steps[i] * unit < rough * (1 - 1e-9))
    i++;
  axis->step = steps[i] * unit;
  axis->low = floor (axis->low / axis->step + 1e-9) * axis->step;
  axis->high = ceil (axis->high / axis->step - 1e-9) * axis->step;
}

static double
place (const Plan *plan, const Axis *axis, double x, double value)
{
  return x + (value - axis->low) / (axis->high - axis->low) * plan->panel;
}

/* @at: 0 text begins at @x, 0.5 its middle lies there, 1 it ends there. */
static void
put_text (const Plan *plan, cairo_t *cr, const char *text, double size, double x, double y, double at)
{
  PangoRectangle logical;
  PangoLayout *layout = set_text (plan, text, size, FALSE, -1);
  pango_layout_get_extents (layout, NULL, &logical);
  cairo_set_source_rgb (cr, 0, 0, 0);
  cairo_move_to (cr, x - at * logical.width / PANGO_SCALE, y);
  ui_pen_text (cr, layout);
  g_object_unref (layout);
}

static void
put_line (cairo_t *cr, double x0, double y0, double x1, double y1, double grey, double width)
{
  cairo_set_source_rgb (cr, grey, grey, grey);
  cairo_set_line_width (cr, width);
  cairo_set_dash (cr, NULL, 0, 0);
  cairo_new_path (cr);
  cairo_move_to (cr, x0, y0);
  cairo_line_to (cr, x1, y1);
  ui_pen_stroke (cr);
}

/* The colour of the method, lighter inside; its dash round it, so that bars differ without colour too. */
static void
draw_bar (const Plan *plan, const UiReportRow *row, const Axis *axis, double x, double middle, cairo_t *cr)
{
  const double *c = row->style.light;
  double height = plan->row / ROW * BAR, from = place (plan, axis, x, 0), to = place (plan, axis, x, row->mean);
  double dash[UI_MOST_DASHES];
  if (!isfinite (row->mean))
    {
      put_text (plan, cr, "–", small (plan), from + TICK, middle - plan->line / 2, 0);
      return;
    }
  cairo_new_path (cr);
  cairo_rectangle (cr, fmin (from, to), middle - height / 2, fabs (to - from), height);
  cairo_set_source_rgb (cr, 1 - TINT * (1 - c[0]), 1 - TINT * (1 - c[1]), 1 - TINT * (1 - c[2]));
  ui_pen_fill (cr);
  for (int i = 0; i < row->style.n_dash; i++)
    dash[i] = row->style.dash[i] * DASH;
  cairo_new_path (cr);
  cairo_rectangle (cr, fmin (from, to), middle - height / 2, fabs (to - from), height);
  cairo_set_source_rgb (cr, c[0], c[1], c[2]);
  cairo_set_line_width (cr, 0.8);
  cairo_set_dash (cr, dash, row->style.n_dash, 0);
  ui_pen_stroke (cr);
  if (!isfinite (row->low) || !isfinite (row->high))
    return;
  double low = place (plan, axis, x, row->low), high = place (plan, axis, x, row->high), cap = CAP * height;
  put_line (cr, low, middle, high, middle, 0, 0.7);
  put_line (cr, low, middle - cap, low, middle + cap, 0, 0.7);
  put_line (cr, high, middle - cap, high, middle + cap, 0, 0.7);
}

/* Numbers that would touch are left out, every second one. */
static int
tick_stride (const Plan *plan, const Axis *axis, int n)
{
  double widest = 0, width, height;
  for (int i = 0; i <= n; i++)
    {
      g_autofree char *text = ui_report_number (axis->low + i * axis->step, FALSE);
      measure (plan, text, small (plan), FALSE, -1, &width, &height);
      widest = fmax (widest, width);
    }
  int stride = 1;
  while (stride < n && plan->panel / n * stride < widest + plan->line / 2)
    stride++;
  return stride;
}

static void
draw_axis (const Plan *plan, const Axis *axis, double x, double top, double bottom, cairo_t *cr)
{
  int n = (int)lround ((axis->high - axis->low) / axis->step), stride = tick_stride (plan, axis, n);
  for (int i = 0; i <= n; i++)
    {
      double value = axis->low + i * axis->step, at = place (plan, axis, x, value);
      g_autofree char *text = ui_report_number (fabs (value) < axis->step / 2 ? 0 : value, FALSE);
      put_line (cr, at, top, at, bottom, 0.85, HAIR);
      put_line (cr, at, bottom, at, bottom + TICK, 0, HAIR);
      if (i % stride == 0)
        put_text (plan, cr, text, small (plan), at, bottom + TICK, 0.5);
    }
  put_line (cr, x, bottom, x + plan->panel, bottom, 0, HAIR);
}

static void
draw_plot (const Plan *plan, const UiReportProtocol *protocol, double x, double y, cairo_t *cr)
{
  Axis axis;
  g_autofree char *title = title_of (protocol), *below = below_of (protocol);
  double top = y + plan->title + AIR, bottom = top + plan->rows * plan->row;
  PangoLayout *layout = set_text (plan, title, plan->self->size, TRUE, plan->panel + BETWEEN / 2);
  cairo_set_source_rgb (cr, 0, 0, 0);
  cairo_move_to (cr, x, y);
  ui_pen_text (cr, layout);
  g_object_unref (layout);
  axis_init (&axis, protocol);
  draw_axis (plan, &axis, x, top, bottom, cr);
  for (guint i = 0; i < protocol->rows->len; i++)
    draw_bar (plan, protocol->rows->pdata[i], &axis, x, top + (i + 0.5) * plan->row, cr);
  double zero = place (plan, &axis, x, 0);
  put_line (cr, zero, top, zero, bottom, 0, HAIR);
  put_text (plan, cr, below, small (plan), x + plan->panel / 2, bottom + TICK + plan->line, 0.5);
}

static void
draw_names (const Plan *plan, double y, cairo_t *cr)
{
  const UiReportProtocol *first = protocol_at (plan->self->report, 0);
  for (guint i = 0; i < plan->rows; i++)
    {
      PangoRectangle logical;
      PangoLayout *layout =
          set_text (plan, ((UiReportRow *)first->rows->pdata[i])->name, plan->self->size, FALSE, plan->names);
      pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_MIDDLE);
      pango_layout_set_alignment (layout, PANGO_ALIGN_RIGHT);
      pango_layout_get_extents (layout, NULL, &logical);
      cairo_set_source_rgb (cr, 0, 0, 0);
      cairo_move_to (cr, 0, y + (i + 0.5) * plan->row - 0.5 * logical.height / PANGO_SCALE);
      ui_pen_text (cr, layout);
      g_object_unref (layout);
    }
}

void
ui_bars_draw (const UiBars *self, cairo_t *cr)
{
  Plan plan;
  plan_init (&plan, self);
  cairo_save (cr);
  pango_cairo_update_context (cr, plan.context);
  for (guint i = 0; i < plan.n; i++)
    {
      double x = plan.names + AIR + (i % plan.columns) * (plan.panel + BETWEEN);
      double y = (i / plan.columns) * (block_height (&plan) + plan.line);
      if (i % plan.columns == 0)
        draw_names (&plan, y + plan.title + AIR, cr);
      draw_plot (&plan, protocol_at (self->report, i), x, y, cr);
    }
  cairo_restore (cr);
  g_object_unref (plan.context);
}

/* ---- as a file ---- */

static void
paper_size (gconstpointer data, guint page, double *width, double *height)
{
  const UiBars *self = data;
  *width = self->width;
  *height = ui_bars_height (self);
}

static void
paper_draw (gconstpointer data, cairo_t *cr, guint page)
{
  ui_bars_draw (data, cr);
}

GBytes *
ui_bars_encode (const UiBars *self, const char *record, const UiFigureExport *options, GError **error)
{
  g_autofree char *caption = ui_bars_caption (self->report);
  const UiPaper paper = { self, 1, paper_size, paper_draw, caption, record };
  return ui_paper_encode (&paper, options, 0, error);
}

/* ---- in words ---- */

char *
ui_bars_caption (const UiReport *report)
{
  GString *out = g_string_new (NULL);
  g_string_append_printf (out, "%s. %s %s", report->title, report->subtitle, report->statistics);
  for (guint i = 0; i < report->protocols->len; i++)
    {
      const UiReportProtocol *protocol = protocol_at (report, i);
      g_string_append_printf (out, " %s: %s%s%s is better (%s).", protocol->name, protocol->unit,
                              *protocol->unit ? ", " : "", protocol->direction, protocol->key);
    }
  return g_string_free (out, FALSE);
}

static double
best_of (const UiReportProtocol *protocol)
{
  double best = NAN;
  gboolean lower = g_str_equal (protocol->direction, "lower");
  for (guint i = 0; i < protocol->rows->len; i++)
    {
      double mean = ((UiReportRow *)protocol->rows->pdata[i])->mean;
      best = lower ? fmin (best, mean) : fmax (best, mean);
    }
  return best;
}

/* "\textbf{0.431} [0.402, 0.460]" */
static void
add_interval (GString *out, const UiReportRow *row, gboolean best)
{
  g_autofree char *mean = ui_report_number (row->mean, FALSE), *low = ui_report_number (row->low, FALSE),
                  *high = ui_report_number (row->high, FALSE);
  if (best)
    g_string_append (out, "\\textbf{");
  ui_latex_add (out, isfinite (row->mean) ? mean : "--");
  if (best)
    g_string_append_c (out, '}');
  if (!isfinite (row->low) || !isfinite (row->high))
    return;
  g_string_append (out, " [");
  ui_latex_add (out, low);
  g_string_append (out, ", ");
  ui_latex_add (out, high);
  g_string_append_c (out, ']');
}

char *
ui_bars_latex_table (const UiReport *report)
{
  GString *out = g_string_new ("% needs \\usepackage{booktabs}\n\\begin{tabular}{l");
  for (guint p = 0; p < report->protocols->len; p++)
    g_string_append_c (out, 'r');
  g_string_append (out, "}\n\\toprule\nMethod");
  for (guint p = 0; p < report->protocols->len; p++)
    {
      g_autofree char *title = title_of (protocol_at (report, p));
      g_string_append (out, " & ");
      ui_latex_add (out, title);
    }
  g_string_append (out, " \\\\\n\\midrule\n");
  for (guint m = 0; m < protocol_at (report, 0)->rows->len; m++)
    {
      for (guint p = 0; p < report->protocols->len; p++)
        {
          const UiReportProtocol *protocol = protocol_at (report, p);
          const UiReportRow *row = protocol->rows->pdata[m];
          if (p == 0)
            ui_latex_add (out, row->name);
          g_string_append (out, " & ");
          add_interval (out, row, row->mean == best_of (protocol));
        }
      g_string_append (out, " \\\\\n");
    }
  g_string_append (out, "\\bottomrule\n\\end{tabular}\n");
  return g_string_free (out, FALSE);
}
