/* Private to figure-layout.c and figure-bars.c: a layout under way. */
#pragma once

#include "ui/draw/figure-private.h"

G_BEGIN_DECLS

#define UI_PT(mm) ((mm) / UI_MM_PER_PT)
#define UI_FIGURE_AIR UI_PT (0.7) /* between text and what it belongs to */

typedef struct
{
  UiFigureDrawing *self;
  const UiFigure *figure;
  PangoContext *context;
  guint rows, columns;             /* as drawn */
  double left, right;              /* pt beside the panels */
  double gap, score_line;          /* pt */
  double label_size, heading_size; /* pt: the figure's text size, or what keeps words whole */
  double *widths;                  /* pt, of columns */
  double *heights;                 /* pt, of rows, panels alone */
  GPtrArray **words;               /* per panel, as in the document: lines below it */
  guint *lines;                    /* per row: score lines below it */
  gboolean bars[2];                /* by EngSign: there is one */
  gboolean bars_lie;
} UiFigurePlan;

/* In points; either may be NULL. */
void ui_figure_plan_measure (const UiFigurePlan *plan, const UiFigureText *text, double *width, double *height);
double ui_figure_plan_width (const UiFigurePlan *plan, const char *words, double size, gboolean markup);
/* @text.text is copied. */
void ui_figure_plan_add_text (UiFigurePlan *plan, UiFigureText text);

/* ---- figure-bars.c ---- */
void ui_figure_bars_find (UiFigurePlan *plan);
/* What standing bars take beside the panels, and the length of the longest of their labels. */
void ui_figure_bars_measure (const UiFigurePlan *plan, double *thick, double *longest);
/* What a bar gets of @room; 0: there is none. */
double ui_figure_bars_length (const UiFigurePlan *plan, double room);
/* What lying bars take below the panels; 0: they stand, or there are none. */
double ui_figure_bars_foot (const UiFigurePlan *plan);
/* Beside the panels between @top and @bottom, or below @foot; returns where the
 * page ends. */
double ui_figure_bars_put (UiFigurePlan *plan, guint page, double top, double bottom, double foot);

G_END_DECLS
