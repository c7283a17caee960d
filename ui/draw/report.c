/* See report.h: what both forms share. */
#include "ui/draw/report.h"

#include <math.h>

static void
row_free (gpointer data)
{
  UiReportRow *self = data;
  g_free (self->id);
  g_free (self->name);
  g_free (self->x);
  g_free (self->y);
  g_free (self);
}

static void
protocol_free (gpointer data)
{
  UiReportProtocol *self = data;
  g_free (self->name);
  g_free (self->key);
  g_free (self->direction);
  g_free (self->definition);
  g_free (self->unit);
  g_free (self->x_label);
  g_free (self->y_label);
  g_ptr_array_unref (self->rows);
  g_free (self);
}

static void
tile_free (gpointer data)
{
  UiReportTile *self = data;
  g_free (self->title);
  g_free (self->caption);
  g_free (self->rgb);
  g_free (self);
}

static void
case_free (gpointer data)
{
  UiReportCase *self = data;
  g_free (self->title);
  g_free (self->caption);
  g_ptr_array_unref (self->tiles);
  g_free (self);
}

static void
fact_free (gpointer data)
{
  UiReportFact *self = data;
  g_free (self->label);
  g_free (self->value);
  g_free (self);
}

UiReport *
ui_report_new (void)
{
  UiReport *self = g_new0 (UiReport, 1);
  self->protocols = g_ptr_array_new_with_free_func (protocol_free);
  self->cases = g_ptr_array_new_with_free_func (case_free);
  self->facts = g_ptr_array_new_with_free_func (fact_free);
  self->failures = g_ptr_array_new_with_free_func (fact_free);
  return self;
}

void
ui_report_free (UiReport *self)
{
  if (!self)
    return;
  g_free (self->title);
  g_free (self->subtitle);
  g_free (self->against);
  g_free (self->statistics);
  g_free (self->cases_about);
  g_ptr_array_unref (self->protocols);
  g_ptr_array_unref (self->cases);
  g_ptr_array_unref (self->facts);
  g_ptr_array_unref (self->failures);
  g_free (self);
}

void
ui_report_add_fact (GPtrArray *facts, const char *label, const char *value)
{
  UiReportFact *fact = g_new0 (UiReportFact, 1);
  *fact = (UiReportFact){ g_strdup (label), g_strdup (value) };
  g_ptr_array_add (facts, fact);
}

UiReportProtocol *
ui_report_add_protocol (UiReport *self)
{
  UiReportProtocol *protocol = g_new0 (UiReportProtocol, 1);
  protocol->rows = g_ptr_array_new_with_free_func (row_free);
  g_ptr_array_add (self->protocols, protocol);
  return protocol;
}

UiReportRow *
ui_report_add_row (UiReportProtocol *self)
{
  UiReportRow *row = g_new0 (UiReportRow, 1);
  g_ptr_array_add (self->rows, row);
  return row;
}

UiReportCase *
ui_report_add_case (UiReport *self)
{
  UiReportCase *made = g_new0 (UiReportCase, 1);
  made->tiles = g_ptr_array_new_with_free_func (tile_free);
  g_ptr_array_add (self->cases, made);
  return made;
}

void
ui_report_add_tile (UiReportCase *self, const char *title, const char *caption, guint8 *rgb, int width, int height)
{
  UiReportTile *tile = g_new0 (UiReportTile, 1);
  *tile = (UiReportTile){ g_strdup (title), g_strdup (caption), rgb, width, height };
  g_ptr_array_add (self->tiles, tile);
}

char *
ui_report_number (double value, gboolean sign)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  if (!isfinite (value))
    return g_strdup ("–");
  g_ascii_formatd (digits, sizeof digits, fabs (value) >= 1000 ? "%.0f" : "%.3g", fabs (value));
  return g_strconcat (value < 0 ? "−" : sign && value > 0 ? "+" : "", digits, NULL);
}

char *
ui_report_interval (double low, double high, gboolean sign)
{
  if (!isfinite (low) || !isfinite (high))
    return g_strdup ("");
  g_autofree char *a = ui_report_number (low, sign), *b = ui_report_number (high, sign);
  return g_strdup_printf ("%s to %s", a, b);
}

char *
ui_report_p (double p)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  if (isfinite (p) && p < 0.001)
    return g_strdup ("< 0.001");
  return g_strdup (g_ascii_formatd (digits, sizeof digits, "%.3f", isfinite (p) ? p : 1));
}

const char *
ui_report_verdict (const UiReportProtocol *protocol, const UiReportRow *row)
{
  gboolean more = row->compared && row->difference_low > 0, less = row->compared && row->difference_high < 0;
  if (!more && !less)
    return "";
  return more == g_str_equal (protocol->direction, "higher") ? "better" : "worse";
}

/* The next value up whose quarters are short numbers. */
static double
round_up (double value)
{
  static const double steps[] = { 1, 1.2, 2, 4, 6, 8, 10 };
  double unit = pow (10, floor (log10 (value)));
  guint i = 0;
  while (i + 1 < G_N_ELEMENTS (steps) && steps[i] * unit < value * (1 - 1e-9))
    i++;
  return steps[i] * unit;
}

gboolean
ui_report_has_curves (const UiReportProtocol *protocol, double *most)
{
  gboolean found = FALSE;
  *most = 1e-9;
  for (guint i = 0; i < protocol->rows->len; i++)
    {
      const UiReportRow *row = protocol->rows->pdata[i];
      for (int k = 0; k < row->n_points; k++)
        *most = isfinite (row->y[k]) ? MAX (*most, row->y[k]) : *most;
      found = found || row->n_points > 1;
    }
  *most = round_up (*most);
  return found;
}
