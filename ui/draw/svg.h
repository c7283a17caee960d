/* SVG with text as text. Cairo's own SVG turns letters into outlines, which nobody can select, search or correct, and
 * numbers its parts by what the program drew before. This writes the four calls of pen.h instead: paths, filled
 * paths, pictures as PNG inside of the file, and text elements that name their family.
 *
 *   UiSvg *svg = ui_svg_new (width, height);
 *   draw (ui_svg_cairo (svg));
 *   bytes = ui_svg_finish (svg, ...); */
#pragma once

#include <pango/pangocairo.h>

G_BEGIN_DECLS

typedef struct _UiSvg UiSvg;

/* mm on paper. Freed by ui_svg_finish(). */
UiSvg *ui_svg_new (double width, double height);
/* User units are points; only what goes through pen.h arrives. Owned by @self. */
cairo_t *ui_svg_cairo (UiSvg *self);
/**
 * ui_svg_finish:
 * @title: what the picture shows, for those who do not see it
 * @metadata: (nullable): text of a <metadata> element
 * @white: a white page below all
 *
 * Frees @self. Returns: (transfer full): the file's bytes; NULL with an error.
 */
GBytes *ui_svg_finish (UiSvg *self, const char *title, const char *metadata, gboolean white, GError **error);

G_END_DECLS
