/* See attention.h. Only one row of the product is wanted, so the product runs from the last block down as a row
 * vector times matrices: N x N work for a block instead of N x N x N, and in double. */
#include "attention.h"

#include "../error.h"

#include <string.h>

gboolean
eng_attention_init (EngAttention *self, EngModel *model, GError **error)
{
  *self = (EngAttention){ 0 };
  self->targets = eng_model_attentions (model, &self->blocks);
  if (self->blocks == 0)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "This model has no attention matrices over the picture's tokens.");
  const EngTarget *first = self->targets[0];
  for (int b = 1; b < self->blocks; b++)
    if (self->targets[b]->rows != first->rows || self->targets[b]->cols != first->cols
        || self->targets[b]->prefix != first->prefix)
      return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                       "The attention blocks of this model see different grids of tokens (%d × %d in the first, "
                       "%d × %d in block %d), so attention cannot be followed through them. Use a class activation "
                       "map instead.",
                       first->rows, first->cols, self->targets[b]->rows, self->targets[b]->cols, b + 1);
  self->prefix = first->prefix;
  self->rows = first->rows;
  self->cols = first->cols;
  self->tokens = self->prefix + self->rows * self->cols;
  self->square = (gsize)self->tokens * self->tokens;
  return TRUE;
}

gboolean
eng_attention_can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  EngAttention self;
  return eng_attention_init (&self, model, error);
}

gboolean
eng_attention_check_start (const EngAttention *self, int start, GError **error)
{
  return start < self->blocks
         || eng_fail (error, ENG_ERROR_ARGUMENT,
                      "The first block is to be %d, but this model's attention blocks are numbered 0 to %d.", start,
                      self->blocks - 1);
}

int
eng_attention_heads (const EngAttention *self, int block)
{
  return (int)(eng_shape_count (&self->targets[block]->shape) / (int64_t)self->square);
}

void
eng_attention_want (const EngAttention *self, EngProbe *probe, gboolean grads)
{
  for (int b = 0; b < self->blocks; b++)
    {
      eng_probe_want (probe, self->targets[b]->name);
      if (grads)
        eng_probe_want_grad (probe, self->targets[b]->name);
    }
}

double *
eng_attention_new_matrices (const EngAttention *self)
{
  return g_new0 (double, self->blocks * self->square);
}

void
eng_attention_add_mean (const EngAttention *self, int block, const float *a, double weight, double *e)
{
  int heads = eng_attention_heads (self, block);
  for (int h = 0; h < heads; h++)
    for (gsize i = 0; i < self->square; i++)
      e[i] += weight / heads * a[h * self->square + i];
}

void
eng_attention_add_positive (const EngAttention *self, int block, const float *a, const float *g, double weight,
                            double *e)
{
  int heads = eng_attention_heads (self, block);
  for (gsize k = 0; k < heads * self->square; k++)
    {
      double product = (double)a[k] * g[k];
      e[k % self->square] += product > 0 || product != product ? weight / heads * product : 0;
    }
}

/* What the decision is made from: weights of the rows. */
static void
reading (const EngAttention *self, double *row)
{
  for (int i = 0; i < self->tokens; i++)
    row[i] = self->prefix > 0 ? i == 0 : 1.0 / self->tokens;
}

/* row <- row (I + E), with rows of I + E divided by their sums if @normalise; @alone: what of it no attention
 * touched; @next: N values of scratch. */
static void
step (const EngAttention *self, const double *e, gboolean normalise, double *row, double *alone, double *next)
{
  int n = self->tokens;
  memset (next, 0, sizeof *next * n);
  for (int i = 0; i < n; i++)
    {
      const double *from = e + (gsize)i * n;
      double sum = 1;
      for (int j = 0; normalise && j < n; j++)
        sum += from[j];
      double weight = row[i] / sum;
      alone[i] /= sum;
      next[i] += weight;
      for (int j = 0; weight != 0 && j < n; j++)
        next[j] += weight * from[j];
    }
  memcpy (row, next, sizeof *row * n);
}

void
eng_attention_rollout (const EngAttention *self, const double *e, int start, gboolean normalise, double *row)
{
  g_autofree double *next = g_new (double, self->tokens), *alone = g_new (double, self->tokens);
  reading (self, row);
  reading (self, alone);
  for (int b = self->blocks - 1; b >= start; b--)
    step (self, e + b * self->square, normalise, row, alone, next);
  for (int i = 0; self->prefix == 0 && i < self->tokens; i++)
    row[i] -= alone[i];
}

void
eng_attention_read_row (const EngAttention *self, const float *matrix, double *row)
{
  g_autofree double *weights = g_new (double, self->tokens);
  reading (self, weights);
  memset (row, 0, sizeof *row * self->tokens);
  for (int i = 0; i < self->tokens; i++)
    for (int j = 0; weights[i] != 0 && j < self->tokens; j++)
      row[j] += weights[i] * matrix[(gsize)i * self->tokens + j];
}

void
eng_attention_grid (const EngAttention *self, const double *row, float *map)
{
  for (int i = 0; i < self->rows * self->cols; i++)
    map[i] = (float)row[self->prefix + i];
}

EngHeatmap *
eng_attention_make_heatmap (const EngAttention *self, EngJob *job, const double *row)
{
  g_autofree float *map = g_new (float, (gsize)self->rows * self->cols);
  eng_attention_grid (self, row, map);
  return eng_job_make_heatmap (job, map, 1, self->rows, self->cols, ENG_UPSAMPLE_BILINEAR, NULL, NULL);
}
