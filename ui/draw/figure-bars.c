/* Colour bars: one per kind of scale, beside the panels or, where those are too low for the bar's words, below
 * them. */
#include <math.h>

#include "ui/draw/figure-layout.h"

#define AWAY UI_PT (1.8) /* from the panels */
#define THICK UI_PT (2.4)
#define TICK UI_PT (UI_FIGURE_TICK)
#define NUMBER_AWAY UI_PT (0.6) /* from its tick */
#define MOST UI_PT (60)
#define GAP UI_PT (5)

/* (transfer full) */
static char *
bar_label (const UiFigureDrawing *self, EngSign sign, gboolean agree, const UiScale *one)
{
  static const char *const shared[] = { [UI_SAME_TILE] = ", per panel",
                                        [UI_SAME_METHOD] = ", per method",
                                        [UI_SAME_IMAGE] = ", per picture",
                                        [UI_SAME_ALL] = "" };
  static const char *const sides[] = { [UI_VALUES_ALL] = "relevance",
                                       [UI_VALUES_POSITIVE] = "for the class",
                                       [UI_VALUES_NEGATIVE] = "against the class",
                                       [UI_VALUES_ABSOLUTE] = "magnitude" };
  const char *words = sign == ENG_SIGN_SIGNED ? "against / for the class" : sides[one->values];
  return g_strconcat (words, agree ? "" : shared[self->figure->display.same], NULL);
}

/* Where all panels have one range its ends are its values; else each panel's own range runs from 0 to 1. */
static UiFigureBar
make_bar (const UiFigurePlan *plan, EngSign sign, char **label)
{
  UiScale one = { 0 };
  gboolean any, agree = ui_figure_scales_agree (plan->self, sign, &any, &one), is_signed = sign == ENG_SIGN_SIGNED;
  UiFigureBar bar = { .sign = sign, .places = { 0, 0.5, 1 } };
  *label = bar_label (plan->self, sign, agree, &one);
  bar.ticks[0] = agree ? ui_scale_format (one.lo) : g_strdup (is_signed ? "−1" : "0");
  bar.ticks[1] = is_signed ? g_strdup ("0") : agree ? ui_scale_format ((one.lo + one.hi) / 2) : g_strdup ("0.5");
  bar.ticks[2] = agree ? ui_scale_format (one.hi) : g_strdup ("1");
  if (is_signed)
    {
      char *plus = g_strconcat ("+", bar.ticks[2], NULL);
      g_free (bar.ticks[2]);
      bar.ticks[2] = plus;
    }
  return bar;
}

static void
bar_free_ticks (UiFigureBar *bar)
{
  for (guint i = 0; i < G_N_ELEMENTS (bar->ticks); i++)
    g_free (bar->ticks[i]);
}

static guint
n_bars (const UiFigurePlan *plan)
{
  return (guint)plan->bars[0] + (guint)plan->bars[1];
}

void
ui_figure_bars_measure (const UiFigurePlan *plan, double *thick, double *longest)
{
  double ticks = 0;
  *longest = 0;
  for (guint sign = 0; sign < 2; sign++)
    {
      g_autofree char *label = NULL;
      if (!plan->bars[sign])
        continue;
      UiFigureBar bar = make_bar (plan, (EngSign)sign, &label);
      for (guint i = 0; i < G_N_ELEMENTS (bar.ticks); i++)
        ticks = MAX (ticks, ui_figure_plan_width (plan, bar.ticks[i], plan->figure->score_size, FALSE));
      *longest = MAX (*longest, ui_figure_plan_width (plan, label, plan->figure->score_size, FALSE));
      bar_free_ticks (&bar);
    }
  *thick = n_bars (plan) == 0 ? 0 : AWAY + THICK + TICK + NUMBER_AWAY + ticks + UI_FIGURE_AIR / 2 + plan->score_line;
}

double
ui_figure_bars_length (const UiFigurePlan *plan, double room)
{
  guint n = n_bars (plan);
  return n == 0 ? 0 : fmin (MOST, (room - (n - 1) * GAP) / n);
}

double
ui_figure_bars_foot (const UiFigurePlan *plan)
{
  return plan->bars_lie && n_bars (plan) > 0 ? AWAY / 2 + THICK + TICK + 2 * plan->score_line : 0;
}

static void
put_standing_bar (UiFigurePlan *plan, UiFigureBar *bar, const char *label)
{
  double size = plan->figure->score_size, x = bar->box.x + bar->box.width + TICK + NUMBER_AWAY;
  gboolean crowded = bar->box.height < 3.2 * plan->score_line;
  if (crowded)
    g_clear_pointer (&bar->ticks[1], g_free);
  for (guint i = 0; i < G_N_ELEMENTS (bar->ticks); i++)
    if (bar->ticks[i])
      {
        double y = bar->box.y + (1 - bar->places[i]) * bar->box.height - plan->score_line / 2;
        ui_figure_plan_add_text (
            plan,
            (UiFigureText){ .page = bar->page, .text = bar->ticks[i], .size = size, .width = -1, .x = x, .y = y });
      }
  ui_figure_plan_add_text (plan, (UiFigureText){ .page = bar->page,
                                                 .text = (char *)label,
                                                 .size = size,
                                                 .angle = -G_PI / 2,
                                                 .align = PANGO_ALIGN_CENTER,
                                                 .width = bar->box.height,
                                                 .x = UI_PT (plan->figure->width) - plan->score_line,
                                                 .y = bar->box.y + bar->box.height });
}

static void
put_lying_bar (UiFigurePlan *plan, UiFigureBar *bar, const char *label)
{
  double size = plan->figure->score_size, y = bar->box.y + bar->box.height + TICK;
  for (guint i = 0; i < G_N_ELEMENTS (bar->ticks); i++)
    {
      double width = ui_figure_plan_width (plan, bar->ticks[i], size, FALSE);
      double x = bar->box.x + bar->places[i] * (bar->box.width - width);
      ui_figure_plan_add_text (
          plan,
          (UiFigureText){ .page = bar->page, .text = bar->ticks[i], .size = size, .width = -1, .x = x, .y = y });
    }
  ui_figure_plan_add_text (plan, (UiFigureText){ .page = bar->page,
                                                 .text = (char *)label,
                                                 .size = size,
                                                 .x = bar->box.x,
                                                 .y = y + plan->score_line,
                                                 .width = bar->box.width,
                                                 .align = PANGO_ALIGN_CENTER });
}

double
ui_figure_bars_put (UiFigurePlan *plan, guint page, double top, double bottom, double foot)
{
  double inset = plan->figure->show & UI_SHOW_HEADINGS ? 0 : plan->score_line / 2;
  double x = UI_PT (plan->figure->width) - plan->right + AWAY, y = top + inset;
  double length =
      ui_figure_bars_length (plan, plan->bars_lie ? UI_PT (plan->figure->width) - plan->left : bottom - y);
  gboolean first = TRUE;
  if (n_bars (plan) == 0 || length < 2 * plan->score_line) /* a last page of little: those before it have bars */
    return foot;
  for (int sign = ENG_SIGN_UNSIGNED; sign <= ENG_SIGN_SIGNED; sign++)
    {
      g_autofree char *label = NULL;
      if (!plan->bars[sign])
        continue;
      UiFigureBar bar = make_bar (plan, (EngSign)sign, &label);
      bar.page = page;
      bar.lies = plan->bars_lie;
      if (bar.lies)
        bar.box = (UiFigureBox){ plan->left + (first ? 0 : length + GAP), foot + AWAY / 2, length, THICK };
      else
        bar.box = (UiFigureBox){ x, first ? y : y + length + GAP, THICK, length };
      if (bar.lies)
        put_lying_bar (plan, &bar, label);
      else
        put_standing_bar (plan, &bar, label);
      g_array_append_val (plan->self->bars, bar);
      first = FALSE;
    }
  return plan->bars_lie ? foot + ui_figure_bars_foot (plan) : fmax (foot, bottom + plan->score_line / 2);
}

void
ui_figure_bars_find (UiFigurePlan *plan)
{
  for (int sign = ENG_SIGN_UNSIGNED; sign <= ENG_SIGN_SIGNED; sign++)
    {
      gboolean any = FALSE;
      UiScale one;
      ui_figure_scales_agree (plan->self, (EngSign)sign, &any, &one);
      plan->bars[sign] = any && (plan->figure->show & UI_SHOW_BARS);
    }
}
