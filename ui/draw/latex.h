/* Text for LaTeX. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Appends @text so that LaTeX prints it: what it would take for its own is escaped, signs that its fonts have only in
 * formulae become such. */
void ui_latex_add (GString *out, const char *text);
/* "fig:NAME" of "NAME.pdf": letters and digits, '-' for all else. (transfer full) */
char *ui_latex_label (const char *file);
/* "\includegraphics[width=174mm]{NAME.pdf}", \includesvg for an SVG; @width: mm. A name with % or # stands in a group
 * in which they are letters. (transfer full) */
char *ui_latex_graphics (const char *file, double width);

G_END_DECLS
