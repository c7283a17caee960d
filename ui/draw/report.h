/* An evaluation to read: how the methods did by each protocol, with curves, a few pictures with their maps, and how
 * all of it came to be. One description, two forms: a page for a browser that needs nothing else, and a PDF.
 *
 * Bounded by its maker: a report of ten thousand pictures shows a few of them. */
#pragma once

#include <glib.h>

#include "ui/draw/line-style.h"

G_BEGIN_DECLS

typedef struct
{
  char *id, *name; /* of the method */
  UiLineStyle style;
  double mean, low, high; /* NAN: none */
  guint n, missing;       /* pictures with and without a value */
  gboolean compared;      /* with UiReport.against */
  double difference, difference_low, difference_high, p;
  double *x, *y; /* mean curve, @n_points; NULL: none. NAN: no curve reaches there */
  int n_points;
} UiReportRow;

typedef struct
{
  char *name, *key, *direction; /* "higher" or "lower" is better */
  char *definition, *unit;      /* "" when they are not known */
  char *x_label, *y_label;
  GPtrArray *rows; /* UiReportRow* */
} UiReportProtocol;

typedef struct
{
  char *title, *caption;
  guint8 *rgb; /* height x width x 3 */
  int width, height;
} UiReportTile;

typedef struct
{
  char *title, *caption; /* "Best for Grad-CAM; median for LTX"; "reef-01.png, fish" */
  GPtrArray *tiles;      /* UiReportTile*; may be empty, then @caption says why */
} UiReportCase;

typedef struct
{
  char *label, *value;
} UiReportFact;

typedef struct
{
  char *title, *subtitle;
  char *against;        /* name of the method that others are compared with; "" */
  char *statistics;     /* how intervals and p were found */
  GPtrArray *protocols; /* UiReportProtocol* */
  char *cases_about;    /* how the pictures shown were chosen */
  GPtrArray *cases;     /* UiReportCase* */
  GPtrArray *facts;     /* UiReportFact*: provenance */
  GPtrArray *failures;  /* UiReportFact*: picture and reason; not necessarily all */
  guint n_failures;
} UiReport;

UiReport *ui_report_new (void);
void ui_report_free (UiReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UiReport, ui_report_free)
void ui_report_add_fact (GPtrArray *facts, const char *label, const char *value);
UiReportProtocol *ui_report_add_protocol (UiReport *self);
UiReportRow *ui_report_add_row (UiReportProtocol *self);
UiReportCase *ui_report_add_case (UiReport *self);
/* @rgb: (transfer full) */
void ui_report_add_tile (UiReportCase *self, const char *title, const char *caption, guint8 *rgb, int width,
                         int height);

/* "12.3"; an en dash for what is no number. (transfer full) */
char *ui_report_number (double value, gboolean sign);
/* "12.3 to 14.1"; "" when there is none. (transfer full) */
char *ui_report_interval (double low, double high, gboolean sign);
/* "0.043", "< 0.001"; 1 where no pair differs. (transfer full) */
char *ui_report_p (double p);
/* "better", "worse" where the interval of the difference does not hold 0; else "". */
const char *ui_report_verdict (const UiReportProtocol *protocol, const UiReportRow *row);
/* @most: where the axis ends, not far above the largest y of the curves. FALSE: there is no curve. */
gboolean ui_report_has_curves (const UiReportProtocol *protocol, double *most);

/* Both (transfer full): NULL with an error. The same report gives the same bytes. */
GBytes *ui_report_html (const UiReport *self, GError **error);
GBytes *ui_report_pdf (const UiReport *self, GError **error);

G_END_DECLS
