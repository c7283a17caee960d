/* A figure as a document: which pictures and which methods stand where, and how it is laid out. Plain data, the same
 * for the window's composer, the command line and "open figure again"; it holds no pictures and no maps, those come
 * through figure-cells.h. The JSON form is described in sightline-figure(5).
 *
 *   UiFigure  ->  figure-cells.h    what is known of every row and column
 *             ->  figure-drawing.h  laid out in mm, drawn on any cairo_t
 *             ->  figure-export.h   PDF, SVG, PNG, JSON; figure-open.h reads all four
 *             ->  figure-verdict.h  what would look wrong on paper
 *             ->  figure-words.h    caption, LaTeX, tables
 *
 * Main thread or any one thread at a time; copy it to hand it to another. */
#pragma once

#include "engine/metrics/masking.h"
#include "engine/metrics/ranking.h"
#include "ui/draw/overlay.h"

G_BEGIN_DECLS

#define UI_FIGURE_VERSION 1
#define UI_FIGURE_MAX_ROWS 2000 /* contact sheets; a file that asks for more is refused */
#define UI_FIGURE_MAX_COLUMNS 64
#define UI_FIGURE_MAX_PANELS 16000
#define UI_FIGURE_MAX_MODELS 16

/* A file as the document names it. */
typedef struct
{
  char *path;   /* absolute, or relative to the document's folder; UTF-8 or bytes of a file name */
  char *sha256; /* of its bytes; NULL: not known */
} UiFigureFile;

/* A classifier. Rows and columns name it by its place in the list. */
typedef struct
{
  UiFigureFile file;
  char *name;   /* for captions and labels; NULL: the file's name without its suffix */
  char *output; /* the output that is explained; NULL: the model's own choice */
} UiFigureModel;

/* Which part of a picture a panel shows. */
typedef enum
{
  UI_CROP_WHOLE,
  UI_CROP_VIEW, /* what the model sees of it */
  UI_CROP_FREE, /* the rectangle */
  UI_CROP_INSET /* the whole, the rectangle boxed in it and enlarged in a corner; the same box in every column */
} UiFigureCrop;

/* One picture and one class. */
typedef struct
{
  UiFigureFile picture;
  int model;        /* place in the list of models; a column may name another */
  int class_index;  /* >= 0: that class; -1: the one named @class_name */
  char *class_name; /* with @class_index -1: looked up, NULL: the model's first choice. Else for people */
  char *label;      /* beside the row, Pango text without markup, may have line breaks; NULL: the class's name */
  UiFigureCrop crop;
  double x0, y0, x1, y1; /* the rectangle, shares of the picture's width and height, 0 <= x0 < x1 <= 1 */
} UiFigureRow;

typedef enum
{
  UI_COLUMN_PHOTO,
  UI_COLUMN_MAP,
  UI_COLUMN_MASKED, /* the picture with the share that the method ranks first removed, or kept */
  UI_COLUMN_PLOT    /* curves of all maps of the row under one protocol */
} UiFigureKind;

typedef struct
{
  UiFigureKind kind;
  char *heading; /* above the column; NULL: made from what it is ("LTX", "Image") */
  int model;     /* -1: the row's */
  /* UI_COLUMN_MAP, UI_COLUMN_MASKED: how the map is made */
  char *method; /* id */
  char *values; /* JSON object text as eng_values_to_json() writes it; NULL: defaults */
  char *layer;  /* NULL: the method's choice */
  int contrast; /* explain the class rather than this one; -1: none */
  guint64 seed;
  /* UI_COLUMN_MASKED */
  double share;     /* 0 .. 1 of the model's pixels */
  EngMaskMode mode; /* the first share removed, or all but it */
  EngRankOrder order;
  EngFill fill; /* seeded fills use @seed */
  /* UI_COLUMN_PLOT */
  char *protocol; /* id of a protocol that is a curve */
  gboolean band;  /* what random orders give, behind the curves */
} UiFigureColumn;

/* Flags of what is drawn beside the panels. */
typedef enum
{
  UI_SHOW_HEADINGS = 1 << 0,
  UI_SHOW_LABELS = 1 << 1, /* of the rows */
  UI_SHOW_BARS = 1 << 2,   /* colour bars, one per kind of scale */
  UI_SHOW_SCORES = 1 << 3, /* under every panel, with arrows */
  UI_SHOW_LETTERS = 1 << 4,
  UI_SHOW_OUTLINE = 1 << 5, /* round the most relevant share, display.threshold */
  UI_SHOW_ALL = (1 << 6) - 1
} UiFigureShow;

/* How pictures are enlarged by whoever looks at the file. Their pixels are the original ones in any case. */
typedef enum
{
  UI_PIXELS_SMOOTH,
  UI_PIXELS_NEAREST
} UiFigurePixels;

typedef struct
{
  GPtrArray *models;  /* UiFigureModel* */
  GPtrArray *rows;    /* UiFigureRow* */
  GPtrArray *columns; /* UiFigureColumn* */
  gboolean swapped;   /* pictures run across and methods down */

  double width;       /* mm */
  double page_height; /* mm: rows go on on a new page where they would pass it; 0: one page as high as needed */
  double gap;         /* mm between panels */
  char *font;         /* family */
  double text_size;   /* pt at print size: headings and labels */
  double score_size;  /* pt: scores, colour bars, letters, axes */
  UiFigureShow show;
  UiFigurePixels pixels;

  UiDisplay display;
  char *caption;     /* edited by a person; NULL: generated, see figure-words.h */
  GPtrArray *scores; /* char*: ids of the protocols under the panels and in the tables */
  EngRankBy rank_by; /* of scores, curves and masked pictures */
  guint64 seed;      /* of seeded protocols and random orders */
} UiFigure;

/* Presets of the width. Ended by a row with a NULL id. */
typedef struct
{
  const char *id, *name; /* "two-columns", "Two columns" */
  double mm;
} UiFigureWidth;
extern const UiFigureWidth ui_figure_widths[];
#define UI_FIGURE_LEAST_WIDTH 20.0
#define UI_FIGURE_MOST_WIDTH 2000.0

/* One column of 85 mm, 8 and 7 pt of a serif that is installed, gap 1.2 mm, headings, labels, bars and scores, RISE's
 * two areas; no rows, no columns. */
UiFigure *ui_figure_new (void);
UiFigure *ui_figure_copy (const UiFigure *self);
void ui_figure_free (UiFigure *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UiFigure, ui_figure_free)
/* TRUE when they are drawn and computed alike. */
gboolean ui_figure_equal (const UiFigure *a, const UiFigure *b);

/* Appended to the lists, which own them; returned to be filled in. */
UiFigureModel *ui_figure_add_model (UiFigure *self, const char *path, const char *sha256);
UiFigureRow *ui_figure_add_row (UiFigure *self, const char *path, const char *sha256);
UiFigureColumn *ui_figure_add_column (UiFigure *self, UiFigureKind kind, const char *method);
UiFigureRow *ui_figure_row_copy (const UiFigureRow *self);
UiFigureColumn *ui_figure_column_copy (const UiFigureColumn *self);
void ui_figure_row_free (UiFigureRow *self);
void ui_figure_column_free (UiFigureColumn *self);

UiFigureModel *ui_figure_model (const UiFigure *self, guint i);   /* NULL past the end */
UiFigureRow *ui_figure_row (const UiFigure *self, guint i);       /* NULL past the end */
UiFigureColumn *ui_figure_column (const UiFigure *self, guint i); /* NULL past the end */
/* Place of the model of a panel, < models->len unless there is none at all. */
guint ui_figure_panel_model (const UiFigure *self, guint row, guint column);
/* What stands above a column and beside a row where nothing else was written. (transfer full) */
char *ui_figure_heading (const UiFigureColumn *column);
char *ui_figure_model_name (const UiFigureModel *model);

/* ---- JSON ---- */
/**
 * ui_figure_to_json:
 * @names_only: files by their names without folders, as exported files hold them: a paper says nothing about its
 *   author's disk
 *
 * Keys in fixed order, numbers that read back exactly, ASCII. (transfer full)
 */
char *ui_figure_to_json (const UiFigure *self, gboolean names_only);
/**
 * ui_figure_from_json:
 * @origin: name of the file, for messages
 *
 * Keys that are not known are passed over; what is missing is as ui_figure_new() makes it.
 * Returns: (transfer full): NULL with an error that names file, key and remedy: not JSON, of a newer version, a
 * method or protocol that does not exist, numbers out of range, too many rows.
 */
UiFigure *ui_figure_from_json (const char *text, gssize length, const char *origin, GError **error);

G_END_DECLS
