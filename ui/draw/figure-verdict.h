/* What would look wrong on paper, before it is there. One table of codes; the window shows the first one with its
 * button, the command line prints them all. */
#pragma once

#include "ui/draw/figure-drawing.h"

G_BEGIN_DECLS

typedef enum
{
  UI_REMEDY_NONE,
  UI_REMEDY_COMPUTE,     /* compute what is missing */
  UI_REMEDY_RECOMPUTE,   /* compute what is old */
  UI_REMEDY_TWO_COLUMNS, /* width 174 mm */
  UI_REMEDY_SHARE_SCALE, /* display.same = UI_SAME_METHOD */
  UI_REMEDY_TEXT_SIZE,   /* raise sizes to 6 pt */
  UI_N_REMEDIES
} UiFigureRemedy;

/* Ordered: the most pressing first. */
typedef enum
{
  UI_PROBLEM_EMPTY, /* no rows or no columns */
  UI_PROBLEM_MISSING,
  UI_PROBLEM_OLD,
  UI_PROBLEM_IMPOSSIBLE,
  UI_PROBLEM_PROTOCOL,      /* scores that cannot be compared */
  UI_PROBLEM_PREPROCESSING, /* one model, prepared in two ways */
  UI_PROBLEM_SCALE,         /* one method, two ranges */
  UI_PROBLEM_FLAT,          /* a constant map */
  UI_PROBLEM_SMALL_TEXT,
  UI_PROBLEM_SMALL_PANELS,
  UI_PROBLEM_FONT,   /* not installed; another one is used */
  UI_PROBLEM_MODELS, /* says that there are several: no fault, but to be known */
  UI_N_PROBLEMS
} UiFigureProblem;

typedef struct
{
  UiFigureProblem problem;
  const char *code; /* stable: "missing" */
  char *sentence;   /* "3 maps are missing" */
  UiFigureRemedy remedy;
  const char *button; /* "Compute"; NULL: there is none */
  gboolean warning;   /* FALSE: only to be known */
} UiFigureFinding;

#define UI_FIGURE_LEAST_TEXT 6.0   /* pt */
#define UI_FIGURE_LEAST_PANEL 15.0 /* mm, the shorter side */

/* (transfer full) (element-type UiFigureFinding): in order; empty when all is well. */
GPtrArray *ui_figure_verdict (const UiFigureDrawing *drawing);
/* "All nine maps share model, protocol and preprocessing. Text at print size: 7 pt and larger." (transfer full) */
char *ui_figure_verdict_good (const UiFigureDrawing *drawing);
/* Does to @figure what the remedy's button says, where that is a setting. FALSE: maps have to be computed. */
gboolean ui_figure_apply_remedy (UiFigure *figure, UiFigureRemedy remedy);

G_END_DECLS
