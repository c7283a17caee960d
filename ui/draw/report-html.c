/* See report.h: one page, everything in it. No script, nothing is fetched; light and dark as the reader has it, light
 * on paper. */
#include <math.h>

#include "ui/draw/png-file.h"
#include "ui/draw/report.h"

#define PLOT_WIDTH 560
#define PLOT_HEIGHT 260
#define LEFT 52
#define BOTTOM 42
#define TOP 10
#define RIGHT 14

static const char style[] =
    ":root{color-scheme:light dark;--ground:#fff;--text:#1d1d1f;--soft:#5f6368;--line:#dcdde0;--band:#f4f5f7;"
    "--better:#1a6f3c;--worse:#a51d2d}"
    "@media(prefers-color-scheme:dark){:root{--ground:#1e1e20;--text:#ececec;--soft:#a8abb0;--line:#3c3d41;"
    "--band:#29292c;--better:#7fd6a0;--worse:#ff9a9a}}"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:62rem;padding:2rem 1.25rem 4rem;background:var(--ground);"
    "color:var(--text);font:1rem/1.5 system-ui,\"Cantarell\",\"Noto Sans\",sans-serif}"
    "h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem}h2{font-size:1.25rem;margin:2.5rem 0 .5rem}"
    "h3{font-size:1.05rem;margin:1.75rem 0 .25rem}p{margin:.25rem 0 .75rem;max-width:46rem}"
    ".soft{color:var(--soft)}.scroll{overflow-x:auto}"
    "table{border-collapse:collapse;margin:.5rem 0 1rem;font-variant-numeric:tabular-nums}"
    "th,td{text-align:right;padding:.3rem .75rem;border-bottom:1px solid var(--line);white-space:nowrap;"
    "vertical-align:top}th{font-weight:600}th:first-child,td:first-child{text-align:left;padding-left:0}"
    "table.facts th,table.facts td{text-align:left;white-space:normal;overflow-wrap:anywhere}"
    "table.facts th{width:12rem;color:var(--soft);font-weight:400;padding-left:0}"
    ".better{color:var(--better)}.worse{color:var(--worse)}"
    "svg{display:block;max-width:100%;height:auto;margin:.5rem 0}svg text{fill:var(--soft);font-size:12px}"
    "svg .grid{stroke:var(--line);stroke-width:1}svg .curve{fill:none}"
    ".tiles{display:flex;flex-wrap:wrap;gap:.75rem;margin:.5rem 0 1.5rem}figure{margin:0;width:10rem}"
    "figure img{width:100%;height:auto;display:block;background:var(--band);border-radius:4px}"
    "figcaption{font-size:.875rem;line-height:1.35;margin-top:.25rem;overflow-wrap:anywhere}"
    "@media print{:root{color-scheme:light;--ground:#fff;--text:#000;--soft:#444;--line:#bbb;--band:#f4f5f7;"
    "--better:#1a6f3c;--worse:#a51d2d}body{max-width:none;padding:0;font-size:10pt}h2,h3{break-after:avoid}"
    ".case,svg,tr{break-inside:avoid}@page{margin:18mm}}";

static void G_GNUC_PRINTF (2, 3) put (GString *out, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_markup_vprintf_escaped (format, args);
  va_end (args);
  g_string_append (out, text);
}

/* ---- curves ---- */

/* The colour of each method in either scheme, as classes m0, m1 ... */
static void
put_colours (GString *out, const UiReport *self, gboolean dark)
{
  const UiReportProtocol *first = self->protocols->len > 0 ? self->protocols->pdata[0] : NULL;
  for (guint i = 0; first && i < first->rows->len; i++)
    {
      const UiReportRow *row = first->rows->pdata[i];
      const double *c = dark ? row->style.dark : row->style.light;
      g_string_append_printf (out, ".m%u{stroke:#%02x%02x%02x}", i, (int)lrint (c[0] * 255), (int)lrint (c[1] * 255),
                              (int)lrint (c[2] * 255));
    }
}

static void
put_number (GString *out, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append (out, g_ascii_formatd (text, sizeof text, "%.2f", value));
}

static void
put_stroke (GString *out, const UiReportRow *row, guint i)
{
  g_string_append_printf (out, "class=\"curve m%u\" stroke-width=\"", i);
  put_number (out, row->style.width);
  g_string_append (out, "\"");
  for (int k = 0; k < row->style.n_dash; k++)
    {
      g_string_append (out, k ? " " : " stroke-dasharray=\"");
      put_number (out, row->style.dash[k]);
    }
  g_string_append (out, row->style.n_dash ? "\"" : "");
}

static double
x_of (double x)
{
  return LEFT + x * (PLOT_WIDTH - LEFT - RIGHT);
}

static double
y_of (double y, double most)
{
  return TOP + (1 - y / most) * (PLOT_HEIGHT - TOP - BOTTOM);
}

static void
put_grid (GString *out, const UiReportProtocol *protocol, double most)
{
  for (int i = 0; i <= 4; i++)
    {
      double part = i / 4.0;
      g_autofree char *y = ui_report_number (part * most, FALSE), *x = ui_report_number (part, FALSE);
      g_string_append_printf (out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"", LEFT, PLOT_WIDTH - RIGHT);
      put_number (out, y_of (part * most, most));
      g_string_append (out, "\" y2=\"");
      put_number (out, y_of (part * most, most));
      put (out, "\"/><text text-anchor=\"end\" x=\"%d\" y=\"%d\">%s</text>", LEFT - 6,
           (int)y_of (part * most, most) + 4, y);
      put (out, "<text text-anchor=\"middle\" x=\"%d\" y=\"%d\">%s</text>", (int)x_of (part),
           PLOT_HEIGHT - BOTTOM + 16, x);
    }
  put (out, "<text text-anchor=\"middle\" x=\"%d\" y=\"%d\">%s</text>", (int)x_of (0.5), PLOT_HEIGHT - 6,
       protocol->x_label);
  put (out, "<text text-anchor=\"middle\" transform=\"translate(13 %d) rotate(-90)\">%s</text>",
       (PLOT_HEIGHT - BOTTOM + TOP) / 2, protocol->y_label);
}

static void
put_curve (GString *out, const UiReportRow *row, guint i, double most)
{
  gboolean pen = FALSE;
  g_string_append (out, "<path ");
  put_stroke (out, row, i);
  g_string_append (out, " d=\"");
  for (int k = 0; k < row->n_points; k++)
    {
      if (!isfinite (row->y[k]))
        {
          pen = FALSE;
          continue;
        }
      g_string_append_c (out, pen ? 'L' : 'M');
      put_number (out, x_of (CLAMP (row->x[k], 0, 1)));
      g_string_append_c (out, ' ');
      put_number (out, y_of (row->y[k], most));
      pen = TRUE;
    }
  put (out, "\"><title>%s</title></path>", row->name);
}

static void
put_plot (GString *out, const UiReportProtocol *protocol)
{
  double most;
  if (!ui_report_has_curves (protocol, &most))
    return;
  put (out, "<svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\" aria-label=\"Mean curves of %s: %s against %s\">",
       PLOT_WIDTH, PLOT_HEIGHT, PLOT_WIDTH, protocol->name, protocol->y_label, protocol->x_label);
  put_grid (out, protocol, most);
  for (guint i = 0; i < protocol->rows->len; i++)
    put_curve (out, protocol->rows->pdata[i], i, most);
  g_string_append (out, "</svg>\n");
}

/* ---- tables ---- */

static void
put_row (GString *out, const UiReport *self, const UiReportProtocol *protocol, guint i)
{
  const UiReportRow *row = protocol->rows->pdata[i];
  const char *verdict = ui_report_verdict (protocol, row);
  g_autofree char *mean = ui_report_number (row->mean, FALSE),
                  *range = ui_report_interval (row->low, row->high, FALSE);
  g_string_append (out,
                   "<tr><td><svg style=\"display:inline-block;vertical-align:middle;margin:0 .4rem 0 0\" "
                   "width=\"26\" height=\"10\" aria-hidden=\"true\"><line x1=\"0\" x2=\"26\" y1=\"5\" y2=\"5\" ");
  put_stroke (out, row, i);
  put (out, "/></svg>%s</td><td>%s</td><td>%s</td><td>%u</td>", row->name, mean, range, row->n);
  if (*self->against && !row->compared)
    g_string_append (out, "<td></td><td></td><td></td><td></td>");
  else if (*self->against)
    {
      g_autofree char *difference = ui_report_number (row->difference, TRUE), *p = ui_report_p (row->p);
      g_autofree char *around = ui_report_interval (row->difference_low, row->difference_high, TRUE);
      put (out, "<td>%s</td><td>%s</td><td>%s</td><td class=\"%s\">%s</td>", difference, around, p, verdict, verdict);
    }
  g_string_append (out, "</tr>\n");
}

static void
put_protocol (GString *out, const UiReport *self, const UiReportProtocol *protocol)
{
  put (out, "<h3>%s <span class=\"soft\">%s, %s is better</span></h3>\n", protocol->name, protocol->key,
       protocol->direction);
  if (*protocol->definition)
    put (out, "<p class=\"soft\">%s</p>\n", protocol->definition);
  put_plot (out, protocol);
  g_string_append (out, "<div class=\"scroll\"><table><thead><tr><th>Method</th><th>Mean</th><th>95 % interval</th>"
                        "<th>Pictures</th>");
  if (*self->against)
    g_string_append (out, "<th>Difference</th><th>95 % interval</th><th>p</th><th></th>");
  g_string_append (out, "</tr></thead><tbody>\n");
  for (guint i = 0; i < protocol->rows->len; i++)
    put_row (out, self, protocol, i);
  g_string_append (out, "</tbody></table></div>\n");
}

static void
put_facts (GString *out, GPtrArray *facts)
{
  g_string_append (out, "<table class=\"facts\"><tbody>\n");
  for (guint i = 0; i < facts->len; i++)
    {
      const UiReportFact *fact = facts->pdata[i];
      put (out, "<tr><th>%s</th><td>%s</td></tr>\n", fact->label, fact->value);
    }
  g_string_append (out, "</tbody></table>\n");
}

/* ---- pictures ---- */

static gboolean
put_tile (GString *out, const UiReportTile *tile, const char *of, GError **error)
{
  g_autoptr (GBytes) png = ui_png_encode (tile->rgb, tile->width, tile->height, error);
  if (!png)
    return FALSE;
  gsize length;
  const guchar *bytes = g_bytes_get_data (png, &length);
  g_autofree char *text = g_base64_encode (bytes, length);
  put (out, "<figure><img alt=\"%s of %s\" width=\"%d\" height=\"%d\" src=\"data:image/png;base64,", tile->title, of,
       tile->width, tile->height);
  g_string_append (out, text);
  put (out, "\"><figcaption>%s<br><span class=\"soft\">%s</span></figcaption></figure>\n", tile->title,
       tile->caption);
  return TRUE;
}

static gboolean
put_cases (GString *out, const UiReport *self, GError **error)
{
  if (self->cases->len == 0)
    return TRUE;
  put (out, "<h2>Pictures</h2>\n<p class=\"soft\">%s</p>\n", self->cases_about);
  for (guint i = 0; i < self->cases->len; i++)
    {
      const UiReportCase *shown = self->cases->pdata[i];
      put (out, "<div class=\"case\"><h3>%s</h3><p class=\"soft\">%s</p><div class=\"tiles\">\n", shown->title,
           shown->caption);
      for (guint k = 0; k < shown->tiles->len; k++)
        if (!put_tile (out, shown->tiles->pdata[k], shown->caption, error))
          return FALSE;
      g_string_append (out, "</div></div>\n");
    }
  return TRUE;
}

GBytes *
ui_report_html (const UiReport *self, GError **error)
{
  GString *out = g_string_new ("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                               "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n");
  put (out, "<title>%s</title>\n<style>", self->title);
  g_string_append (out, style);
  put_colours (out, self, FALSE);
  g_string_append (out, "@media(prefers-color-scheme:dark){");
  put_colours (out, self, TRUE);
  g_string_append (out, "}@media print{");
  put_colours (out, self, FALSE);
  g_string_append (out, "}</style></head><body>\n");
  put (out, "<h1>%s</h1>\n<p class=\"soft\">%s</p>\n<h2>Scores</h2>\n<p class=\"soft\">%s</p>\n", self->title,
       self->subtitle, self->statistics);
  for (guint i = 0; i < self->protocols->len; i++)
    put_protocol (out, self, self->protocols->pdata[i]);
  gboolean fine = put_cases (out, self, error);
  if (self->n_failures > 0)
    {
      put (out, "<h2>Left out: %u</h2>\n", self->n_failures);
      put_facts (out, self->failures);
    }
  g_string_append (out, "<h2>How it was made</h2>\n");
  put_facts (out, self->facts);
  g_string_append (out, "</body></html>\n");
  if (fine)
    return g_string_free_to_bytes (out);
  g_string_free (out, TRUE);
  return NULL;
}
