/* Everything that a figure shows, computed: classifiers opened, pictures read, maps, scores and curves run. */
#pragma once

#include "ui/draw/figure-cells.h"

G_BEGIN_DECLS

/**
 * app_figure_compute:
 * @figure: its paths lead to files
 * @failed: (out): set to TRUE when a panel stays empty (after a message)
 *
 * A panel that fails is left empty, the others are computed. Ctrl+C ends the work: app_interrupted().
 * Returns: (transfer full): NULL after a message when a classifier cannot be opened, or has no class that is asked
 * for.
 */
UiFigureCells *app_figure_compute (const UiFigure *figure, gboolean *failed);

G_END_DECLS
