/* See windows.h. */
#include "windows.h"

#include "error.h"
#include "probe.h"

#include <string.h>

EngWindows
eng_windows_new (EngModel *model, int side, int radius)
{
  EngPreprocess *p = eng_model_preprocess (model);
  return (EngWindows){ MIN (side, MIN (p->width, p->height)), radius, p->channels, p->height, p->width };
}

/* Whether input pixel @at of @size lies in the window around row or column @centre. */
static gboolean
is_inside (const EngWindows *self, int at, int size, int centre)
{
  return ABS ((int)((gint64)at * self->side / size) - centre) <= self->radius;
}

void
eng_windows_fill (const EngWindows *self, int cell, gboolean keep, const float *input, const float *baseline,
                  float *out)
{
  int row = cell / self->side, col = cell % self->side;
  gsize i = 0;
  for (int c = 0; c < self->channels; c++)
    for (int y = 0; y < self->rows; y++)
      {
        gboolean inside = is_inside (self, y, self->rows, row);
        for (int x = 0; x < self->cols; x++, i++)
          out[i] = (inside && is_inside (self, x, self->cols, col)) == keep ? input[i] : baseline ? baseline[i] : 0;
      }
}

void
eng_windows_pool (const EngWindows *self, const float *map, float *pooled)
{
  for (int i = 0; i < self->side * self->side; i++)
    {
      int row = i / self->side, col = i % self->side, n = 0;
      double sum = 0;
      for (int y = MAX (row - self->radius, 0); y <= MIN (row + self->radius, self->side - 1); y++)
        for (int x = MAX (col - self->radius, 0); x <= MIN (col + self->radius, self->side - 1); x++, n++)
          sum += map[y * self->side + x];
      pooled[i] = (float)(sum / n);
    }
}

typedef struct
{
  int width, cells;
  const float *planes; /* width x cells */
  double weight;
  int class_index, contrast;
  float *map; /* added to */
} Transfer;

static void
fill_embedding (int index, float *const *inputs, gpointer data)
{
  const Transfer *t = data;
  for (int d = 0; d < t->width; d++)
    inputs[0][d] = t->planes[(gsize)d * t->cells + index];
}

static gboolean
take_score (const EngProbeItem *item, gpointer data, GError **error)
{
  Transfer *t = data;
  double score = item->logits[t->class_index] - (t->contrast >= 0 ? (double)item->logits[t->contrast] : 0);
  t->map[item->index] += (float)(t->weight * score);
  return TRUE;
}

gboolean
eng_windows_transfer (EngModel *model, int class_index, int contrast, int width, int cells, const float *plus,
                      double lambda_plus, const float *minus, double lambda_minus, float *map, GError **error)
{
  Transfer kinds[] = { { width, cells, plus, lambda_plus, class_index, contrast, map },
                       { width, cells, minus, -lambda_minus, class_index, contrast, map } };
  g_autoptr (EngProbe) head = eng_probe_new_alone (model, class_index);
  eng_probe_feed (head, eng_model_final_linear (model));
  memset (map, 0, sizeof *map * (gsize)cells);
  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    if (kinds[k].weight != 0 && eng_probe_run (head, cells, fill_embedding, take_score, &kinds[k], error) < 0)
      return FALSE;
  return TRUE;
}

gboolean
eng_windows_check_lambdas (const EngValues *values, GError **error)
{
  return eng_values_get (values, "lambda-plus") != 0 || eng_values_get (values, "lambda-minus") != 0
         || eng_fail (
             error, ENG_ERROR_ARGUMENT,
             "TVE has nothing to compute: the weights of the kept and of the removed window are both 0. Set one.");
}
