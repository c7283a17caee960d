/* Open a figure again: from its JSON, or from the PDF, SVG or PNG that was exported. Files are read with limits;
 * whatever they hold, nothing is run and nothing but the document is taken from them. */
#pragma once

#include "ui/draw/figure.h"

G_BEGIN_DECLS

#define UI_FIGURE_MAX_FILE ((guint64)256 << 20)

/**
 * ui_figure_open:
 * @path: PDF, SVG, PNG or JSON; told apart by its first bytes
 *
 * Returns: (transfer full): NULL with an error that names the file and the remedy: no figure of Sightline inside,
 *   truncated, hostile, of a newer version. Paths are as they stand in it: see ui_figure_locate().
 */
UiFigure *ui_figure_open (const char *path, GError **error);
/* The same from bytes; @name: for messages. */
UiFigure *ui_figure_open_bytes (GBytes *bytes, const char *name, GError **error);

/**
 * ui_figure_locate:
 * @document: path of the figure file; relative names are looked for in its folder. (nullable)
 * @folders: (nullable) (array zero-terminated=1): further folders to look in
 *
 * Makes the paths of models and pictures absolute where the files are found: as written, then beside the document,
 * then by its name in @folders. Where a digest is known, a file of that digest is preferred.
 * Returns: number of files that were not found; their paths stay as they are. May read whole files: not on the main
 * thread.
 */
guint ui_figure_locate (UiFigure *figure, const char *document, const char *const *folders);

G_END_DECLS
