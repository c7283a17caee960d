/* How a method is drawn in plots, tables and tile headers: a colour for light and for dark ground, and a dash, so
 * that lines differ without colour too. A method has its style wherever it stands on the screen. */
#pragma once

#include <cairo.h>
#include <glib.h>

G_BEGIN_DECLS

#define UI_MOST_DASHES 4

typedef struct
{
  double light[3], dark[3]; /* sRGB, 0 .. 1 */
  double dash[UI_MOST_DASHES];
  int n_dash; /* 0: solid */
  double width;
} UiLineStyle;

/**
 * ui_line_style_find:
 * @method_id: of the method
 * @row: number of the method in the engine's table: methods without a row here take the colours and dashes in turn
 * @copy: 0, or the number of the duplicate of that method: same colour, another dash
 */
void ui_line_style_find (const char *method_id, guint row, guint copy, UiLineStyle *out);
/* Colour, dash and width, ready for cairo_stroke(). */
void ui_line_style_set (const UiLineStyle *self, cairo_t *cr, gboolean dark);
/* A short sample in a box. */
void ui_line_style_swatch (const UiLineStyle *self, cairo_t *cr, gboolean dark, double width, double height);
/* The grey of what random orders give. @rgba: 4 values. */
void ui_line_style_band (gboolean dark, double *rgba);

G_END_DECLS
