/* Means over pictures as a figure: a plot for each protocol, since unlike protocols share no axis, with a bar for
 * each method and its 95 % interval. The names of the methods stand once, at the left; plots that do not fit beside
 * each other go on below. Drawn through pen.h, in points. */
#pragma once

#include "ui/draw/figure-export.h"
#include "ui/draw/report.h"

G_BEGIN_DECLS

/* Member "kind" of the record. */
#define UI_BARS_KIND "bars of a table of scores"

typedef struct
{
  const UiReport *report; /* its protocols and their rows; all have the same methods in the same order */
  double width;           /* mm */
  const char *font;       /* family that is installed */
  double size;            /* pt: names of methods and protocols; numbers are a point smaller */
} UiBars;

double ui_bars_height (const UiBars *self); /* mm */
void ui_bars_draw (const UiBars *self, cairo_t *cr);
/* What the bars are, in one paragraph. (transfer full) */
char *ui_bars_caption (const UiReport *report);
/* The same numbers as a booktabs table, the best mean of each protocol bold. (transfer full) */
char *ui_bars_latex_table (const UiReport *report);
/**
 * ui_bars_encode:
 * @record: JSON: how the numbers came to be; kept in the file's metadata
 *
 * Returns: (transfer full): the file's bytes; NULL with an error. The same arguments give the same bytes.
 */
GBytes *ui_bars_encode (const UiBars *self, const char *record, const UiFigureExport *options, GError **error);

G_END_DECLS
