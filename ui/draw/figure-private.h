/* Private to figure-*.c: what a drawing consists of between layout and paper. */
#pragma once

#include "ui/draw/figure-drawing.h"

G_BEGIN_DECLS

/* ---- the content of one panel; shared by the drawings that show it. figure-panel.c ---- */
typedef struct
{
  gatomicrefcount ref;
  /* what it is made from, alive as long as the drawing's cells */
  const EngImage *image;
  const EngHeatmap *map;
  const guint8 *fill;
  int k;
  gboolean outlined;
  UiDisplay display;
  int x0, y0, x1, y1; /* part of the picture, pixels */
  int box[4];         /* of an inset, pixels; all 0: none */
  int shrink;         /* so many pixels become one, in both directions; 1 as a rule */
  gboolean shown;     /* there is something to blend */
  gboolean has_scale;
  UiScale scale;
  /* what comes out */
  cairo_surface_t *surface; /* that part; NULL: nothing to show */
  cairo_surface_t *inset;   /* the box's pixels; NULL: none */
  double aspect;            /* width / height; NAN: no picture */
} UiFigurePanel;

void ui_figure_panel_unref (UiFigurePanel *self);
/* What it will show, without pixels. @scale: (nullable): the range of its
 * colours; NULL: no map. */
UiFigurePanel *ui_figure_panel_new (const UiFigure *figure, guint row, const UiFigureColumn *column,
                                    const UiFigureCell *cell, const UiScale *scale);
/* @width: pt on paper. Finer pixels than 1200 dpi are averaged: a photo of 50
 * megapixels in a panel of 2 cm is no sharper for them. */
void ui_figure_panel_set_width (UiFigurePanel *self, double width);
/* TRUE when both come out alike. */
gboolean ui_figure_panel_equal (const UiFigurePanel *a, const UiFigurePanel *b);
/* Makes the pixels. */
void ui_figure_panel_blend (UiFigurePanel *self, const UiFigureColumn *column, const UiFigureCell *cell);

#define UI_FIGURE_TICK 0.8 /* mm: length of a colour bar's ticks */

/* ---- what stands on the pages. figure-layout.c ---- */
typedef struct
{
  guint page;
  char *text;
  gboolean markup, bold, wraps;
  double size;  /* pt */
  double x, y;  /* pt: upper left corner of the layout, which is then turned by @angle round it */
  double angle; /* 0 or a quarter turn to the left */
  double width; /* pt: wrapped or cut there; < 0: as long as it is */
  PangoAlignment align;
} UiFigureText;

typedef struct
{
  guint page;
  EngSign sign;
  gboolean lies;    /* horizontal */
  UiFigureBox box;  /* pt: of the ramp */
  char *ticks[3];   /* low, middle (nullable), high */
  double places[3]; /* 0 low .. 1 high */
} UiFigureBar;

typedef struct
{
  guint page;
  UiFigureBox cell; /* pt: what is left to the panel */
  UiFigureBox box;  /* pt: the picture in it */
} UiFigurePlace;

struct _UiFigureDrawing
{
  gatomicrefcount ref;
  UiFigure *figure;
  UiFigureCells *cells;
  char *font; /* really used */
  guint n_pages;
  double *heights;        /* pt, n_pages */
  UiFigurePanel **panels; /* rows x columns */
  UiFigurePlace *places;  /* rows x columns */
  UiScale *own, *scales;  /* rows x columns: of the map alone, and as it is shown; of panels with has_scale */
  GArray *texts;          /* UiFigureText */
  GArray *bars;           /* UiFigureBar */
};

/* Fills places, texts, bars, pages; the panels are there. */
void ui_figure_layout (UiFigureDrawing *self);
/* Text set as it will be drawn, in points, without hinting. (transfer full) */
PangoLayout *ui_figure_text_layout (PangoContext *context, const UiFigureDrawing *self, const UiFigureText *text);
/* Points are its units. (transfer full) */
PangoContext *ui_figure_text_context (void);

/* What is written under a panel, one string per score. (transfer full) */
GPtrArray *ui_figure_panel_words (const UiFigureDrawing *self, guint row, guint column);
/* "del", "0.11", "↓". (transfer full) */
const char *ui_figure_short_name (const EngProtocol *protocol);
char *ui_figure_format_score (const EngProtocol *protocol, double value);

/* JSON with all but ASCII escaped, so that it fits into any container: texts of PNG and PDF are Latin 1 or worse.
 * (transfer full) */
char *ui_figure_json_ascii (const char *text);

/* ---- figure-plot.c ---- */
/* Curves of a cell in a box of @cr's units, points. */
void ui_figure_plot_draw (const UiFigureDrawing *self, const UiFigureColumn *column, const UiFigureCell *cell,
                          cairo_t *cr, const UiFigureBox *box);

/* ---- scales, figure-scale.c ---- */
/* The range of every panel with a map, shared as the display says, into
 * @self->scales; those of each map alone into
 * @self->own, taken from @old where they are the same. @has: rows x columns
 * flags. */
void ui_figure_scales (UiFigureDrawing *self, const UiFigureDrawing *old, gboolean *has);
/* TRUE when all panels of that sign have one range. FALSE also where there is none: @any. */
gboolean ui_figure_scales_agree (const UiFigureDrawing *self, EngSign sign, gboolean *any, UiScale *one);

G_END_DECLS
