/* A figure as a file: PDF, SVG, PNG. Same drawing, same settings: same bytes; there is no date in any of them, and
 * nothing about the disk that it was made on.
 *
 * PDF and SVG hold text as text (embedded fonts; SVG names the family) and pictures at their own pixels. How it came
 * to be (the document, digests, methods, values, layers, seeds, scales) stands in the PDF's keywords, the SVG's
 * metadata, the PNG's text chunk "sightline-figure", and in a file of its own beside it. */
#pragma once

#include "ui/draw/figure-drawing.h"

G_BEGIN_DECLS

typedef enum
{
  UI_FORMAT_PDF,
  UI_FORMAT_SVG,
  UI_FORMAT_PNG,
  UI_N_FORMATS
} UiFigureFormat;

typedef struct
{
  const char *id, *name, *suffix; /* "pdf", "PDF", ".pdf" */
  gboolean has_pages;             /* FALSE: a file per page */
  gboolean has_pixels;            /* dpi matters */
} UiFigureFormatInfo;

const UiFigureFormatInfo *ui_figure_format_info (UiFigureFormat format);
/* By the file name's suffix or by an id. FALSE: neither. */
gboolean ui_figure_format_find (const char *name, UiFigureFormat *out);

/* What to write beside the figure. */
typedef enum
{
  UI_BESIDE_NOTHING = 0,
  UI_BESIDE_JSON = 1 << 0,  /* NAME.json: document and provenance; opens again */
  UI_BESIDE_LATEX = 1 << 1, /* NAME.tex: figure environment, caption, table */
  UI_BESIDE_CSV = 1 << 2,   /* NAME.csv: scores, long format */
  UI_BESIDE_MAPS = 1 << 3   /* NAME-rRR-cCC-METHOD.npy: maps on their own grids, float32 */
} UiFigureBeside;

typedef struct
{
  UiFigureFormat format;
  double dpi;           /* PNG: 300 or 600 as a rule, 36 .. 2400 */
  gboolean transparent; /* no white page below; PNG and SVG */
  gboolean force;       /* write over files that exist */
  UiFigureBeside beside;
} UiFigureExport;

/* PDF, 300 dpi, white, not over what exists, with its JSON. */
void ui_figure_export_init (UiFigureExport *self);

/* What is put into a file: pages and words about them. */
typedef struct
{
  gconstpointer data; /* of the two calls */
  guint n_pages;
  void (*size) (gconstpointer data, guint page, double *width, double *height); /* mm */
  void (*draw) (gconstpointer data, cairo_t *cr, guint page);                   /* points, through pen.h */
  const char *caption, *record;                                                 /* @record: JSON, how it came to be */
} UiPaper;

/* As ui_figure_encode(). */
GBytes *ui_paper_encode (const UiPaper *paper, const UiFigureExport *options, guint page, GError **error);

/**
 * ui_figure_encode:
 * @page: of formats without pages; others hold all
 *
 * Any thread. Returns: (transfer full): the file's bytes; NULL with ENG_ERROR_MEMORY.
 */
GBytes *ui_figure_encode (const UiFigureDrawing *drawing, const UiFigureExport *options, guint page, GError **error);

/**
 * ui_figure_export:
 * @path: of the figure; "-2", "-3" … before its suffix for further pages of formats without pages
 *
 * Encodes everything first, then writes every file whole or not at all; when one cannot be written, those that this
 * call made are taken away again. Any thread.
 * Returns: (transfer full) (array zero-terminated=1): paths written, the figure first; NULL with an error that names
 *   the file and the remedy: it exists (G_IO_ERROR_EXISTS, so that the window can ask), it cannot be written, the
 * disk is full.
 */
char **ui_figure_export (const UiFigureDrawing *drawing, const UiFigureExport *options, const char *path,
                         GError **error);

/* The document with a member "provenance": what the sidecar holds. (transfer full) */
char *ui_figure_provenance (const UiFigureDrawing *drawing, gboolean names_only);

G_END_DECLS
