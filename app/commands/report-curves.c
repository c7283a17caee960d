/* See report.h: the mean curve of each method by each protocol, read from the points that evaluate --curves keeps,
 * one curve at a time. */
#include <math.h>
#include <string.h>

#include "app/commands/report.h"

/* Mean over pictures at the points of the first one; curves with other points are read between theirs. */
typedef struct
{
  GArray *x, *sum, *n; /* double */
} Mean;

typedef struct
{
  const AppScores *scores;
  GHashTable *index; /* "method\nprotocol" -> column + 1 */
  Mean *means;       /* one per column */
  GArray *x, *y;     /* of the curve being read */
  guint column;      /* its column + 1; 0: none of the table's */
} Reader;

static void
mean_clear (Mean *self)
{
  g_clear_pointer (&self->x, g_array_unref);
  g_clear_pointer (&self->sum, g_array_unref);
  g_clear_pointer (&self->n, g_array_unref);
}

static void
mean_add (Mean *self, GArray *x, GArray *y)
{
  const double zero = 0;
  if (!self->x)
    {
      self->x = g_array_copy (x);
      self->sum = g_array_new (FALSE, FALSE, sizeof (double));
      self->n = g_array_new (FALSE, FALSE, sizeof (double));
      for (guint i = 0; i < x->len; i++)
        {
          g_array_append_val (self->sum, zero);
          g_array_append_val (self->n, zero);
        }
    }
  for (guint i = 0; i < self->x->len; i++)
    {
      double value =
          ui_plot_at ((double *)x->data, (double *)y->data, (int)x->len, g_array_index (self->x, double, i));
      if (!isfinite (value))
        continue;
      g_array_index (self->sum, double, i) += value;
      g_array_index (self->n, double, i) += 1;
    }
}

static void
end_curve (Reader *self)
{
  if (self->column > 0 && self->x->len > 1)
    mean_add (&self->means[self->column - 1], self->x, self->y);
  g_array_set_size (self->x, 0);
  g_array_set_size (self->y, 0);
}

/* The whole table; rows of one curve stand together. */
static void
read_all (Reader *self, EngCsv *csv)
{
  g_autofree char *current = g_strdup ("");
  while (eng_csv_next (csv, NULL))
    {
      g_autofree char *curve = g_strjoin ("\n", eng_csv_field (csv, 0), eng_csv_field (csv, 1),
                                          eng_csv_field (csv, 2), eng_csv_field (csv, 3), NULL);
      if (!g_str_equal (curve, current))
        {
          end_curve (self);
          g_free (current);
          current = g_steal_pointer (&curve);
          g_autofree char *key = g_strjoin ("\n", eng_csv_field (csv, 2), eng_csv_field (csv, 3), NULL);
          self->column = GPOINTER_TO_UINT (g_hash_table_lookup (self->index, key));
        }
      double x = g_ascii_strtod (eng_csv_field (csv, 4), NULL), y = g_ascii_strtod (eng_csv_field (csv, 5), NULL);
      /* Points in order are what a curve is made of; a file that was changed by hand may have others. */
      if (isfinite (x) && isfinite (y)
          && (self->x->len == 0 || x >= g_array_index (self->x, double, self->x->len - 1)))
        {
          g_array_append_val (self->x, x);
          g_array_append_val (self->y, y);
        }
    }
  end_curve (self);
}

static void
take (UiReportRow *row, const Mean *mean)
{
  if (!mean->x)
    return;
  row->n_points = (int)mean->x->len;
  row->x = g_memdup2 (mean->x->data, mean->x->len * sizeof (double));
  row->y = g_new (double, mean->x->len);
  for (int i = 0; i < row->n_points; i++)
    row->y[i] = g_array_index (mean->sum, double, i) / g_array_index (mean->n, double, i);
}

void
app_report_add_curves (UiReport *report, const AppScores *scores)
{
  g_auto (EngCsv) csv = { 0 };
  g_autofree Mean *means = g_new0 (Mean, scores->n_columns);
  guint n_protocols = scores->evaluation->protocols->len;
  if (!scores->curves_text
      || !eng_csv_init (&csv, g_mapped_file_get_contents (scores->curves_text), scores->curves_sound, "", NULL))
    return;
  Reader reader = { .scores = scores, .means = means };
  reader.index = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  reader.x = g_array_new (FALSE, FALSE, sizeof (double));
  reader.y = g_array_new (FALSE, FALSE, sizeof (double));
  csv.longest = 65536;
  for (guint i = 0; i < scores->n_columns; i++)
    g_hash_table_insert (reader.index, g_strjoin ("\n", scores->columns[i].method, scores->columns[i].protocol, NULL),
                         GUINT_TO_POINTER (i + 1));
  eng_csv_next (&csv, NULL); /* the titles */
  read_all (&reader, &csv);
  for (guint i = 0; i < scores->n_columns; i++)
    {
      const UiReportProtocol *protocol = report->protocols->pdata[i % n_protocols];
      take (protocol->rows->pdata[i / n_protocols], &means[i]);
      mean_clear (&means[i]);
    }
  g_hash_table_unref (reader.index);
  g_array_unref (reader.x);
  g_array_unref (reader.y);
}
