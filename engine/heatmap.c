/* A result that travels: values at the method's own grid, their place on the picture and their
 * history. Enlarging is bilinear with half-pixel centres; nothing here knows a method or a colour. */
#include "heatmap.h"

#include <math.h>
#include <string.h>

struct _EngHeatmap
{
  gatomicrefcount ref;
  int channels, rows, cols;
  float *values; /* channels x rows x cols */
  EngSign sign;
  EngUpsample upsample;
  EngGeometry geometry;
  EngProvenance provenance;
  EngTrajectoryStep *steps;
  int n_steps;
  GBytes *state; /* where a stopped run goes on; NULL: nowhere */
};

static void
free_note (gpointer data)
{
  EngNote *note = data;
  g_free (note->id);
  g_free (note->text);
  g_free (note);
}

GPtrArray *
eng_notes_new (void)
{
  return g_ptr_array_new_with_free_func (free_note);
}

EngHeatmap *
eng_heatmap_new (const float *values, int channels, int rows, int cols, EngSign sign, EngUpsample upsample,
                 const EngGeometry *geometry, EngProvenance *provenance)
{
  g_return_val_if_fail (channels > 0 && rows > 0 && cols > 0, NULL);
  EngHeatmap *self = g_new0 (EngHeatmap, 1);
  g_atomic_ref_count_init (&self->ref);
  self->channels = channels;
  self->rows = rows;
  self->cols = cols;
  self->values = g_memdup2 (values, sizeof *values * channels * rows * cols);
  self->sign = sign;
  self->upsample = upsample;
  self->geometry = *geometry;
  self->provenance = *provenance;
  *provenance = (EngProvenance){ 0 };
  if (!self->provenance.notes)
    self->provenance.notes = eng_notes_new ();
  return self;
}

EngHeatmap *
eng_heatmap_ref (EngHeatmap *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

static void
clear_trajectory (EngHeatmap *self)
{
  for (int i = 0; i < self->n_steps; i++)
    g_free (self->steps[i].mask);
  g_clear_pointer (&self->steps, g_free);
  self->n_steps = 0;
}

/* Every text that a provenance owns. */
#define TEXTS(p)                                                                                                     \
  {                                                                                                                  \
    &(p)->model_sha256, &(p)->image_sha256, &(p)->model_name, &(p)->image_name, &(p)->preprocessing,                 \
        &(p)->preprocessing_origin, &(p)->class_name, &(p)->method_id, &(p)->method_name, &(p)->values, &(p)->layer, \
        &(p)->version, &(p)->kernels, &(p)->selected, &(p)->contrast_name, &(p)->unit, &(p)->explainer               \
  }

void
eng_provenance_clear (EngProvenance *p)
{
  char **texts[] = TEXTS (p);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*texts[i]);
  g_clear_pointer (&p->notes, g_ptr_array_unref);
  *p = (EngProvenance){ 0 };
}

static void
copy_provenance (const EngProvenance *from, EngProvenance *to)
{
  *to = *from;
  char **texts[] = TEXTS (to);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    *texts[i] = g_strdup (*texts[i]);
  to->notes = eng_notes_new ();
  for (guint i = 0; i < from->notes->len; i++)
    {
      const EngNote *note = from->notes->pdata[i];
      EngNote *copy = g_new (EngNote, 1);
      *copy = (EngNote){ g_strdup (note->id), note->value, g_strdup (note->text) };
      g_ptr_array_add (to->notes, copy);
    }
}

EngHeatmap *
eng_heatmap_with_values (const EngHeatmap *self, const float *values, int rows, int cols, EngSign sign,
                         const char *name)
{
  EngProvenance provenance; /* the heatmap takes its fields over */
  copy_provenance (&self->provenance, &provenance);
  g_free (provenance.method_name);
  provenance.method_name = g_strdup (name);
  return eng_heatmap_new (values, 1, rows, cols, sign, self->upsample, &self->geometry, &provenance);
}

void
eng_heatmap_unref (EngHeatmap *self)
{
  if (!g_atomic_ref_count_dec (&self->ref))
    return;
  clear_trajectory (self);
  eng_provenance_clear (&self->provenance);
  g_clear_pointer (&self->state, g_bytes_unref);
  g_free (self->values);
  g_free (self);
}

gboolean
eng_heatmap_can_continue (const EngHeatmap *self)
{
  return self->state != NULL;
}

void
eng_heatmap_take_state (EngHeatmap *self, GBytes *state)
{
  g_clear_pointer (&self->state, g_bytes_unref);
  self->state = state;
}

GBytes *
eng_heatmap_state (const EngHeatmap *self)
{
  return self->state;
}

int
eng_heatmap_channels (const EngHeatmap *self)
{
  return self->channels;
}

int
eng_heatmap_rows (const EngHeatmap *self)
{
  return self->rows;
}

int
eng_heatmap_cols (const EngHeatmap *self)
{
  return self->cols;
}

const float *
eng_heatmap_values (const EngHeatmap *self)
{
  return self->values;
}

EngSign
eng_heatmap_sign (const EngHeatmap *self)
{
  return self->sign;
}

EngUpsample
eng_heatmap_upsample_kind (const EngHeatmap *self)
{
  return self->upsample;
}

const EngGeometry *
eng_heatmap_geometry (const EngHeatmap *self)
{
  return &self->geometry;
}

const EngProvenance *
eng_heatmap_provenance (const EngHeatmap *self)
{
  return &self->provenance;
}

gboolean
eng_heatmap_is_of_class (const EngHeatmap *self)
{
  const GPtrArray *notes = self->provenance.notes;
  for (guint i = 0; i < notes->len; i++)
    if (strcmp (((const EngNote *)notes->pdata[i])->id, ENG_NOTE_ONE_MAP) == 0)
      return FALSE;
  return TRUE;
}

float *
eng_heatmap_plane (const EngHeatmap *self)
{
  gsize n = (gsize)self->rows * self->cols;
  float *plane = g_memdup2 (self->values, n * sizeof *plane);
  for (int c = 1; c < self->channels; c++)
    for (gsize i = 0; i < n; i++)
      plane[i] += self->values[c * n + i];
  return plane;
}

static void
upsample_nearest (const float *src, int rows, int cols, float *dst, int dst_rows, int dst_cols)
{
  for (int y = 0; y < dst_rows; y++)
    {
      const float *row = src + (gsize)((gint64)y * rows / dst_rows) * cols;
      for (int x = 0; x < dst_cols; x++)
        *dst++ = row[(gint64)x * cols / dst_cols];
    }
}

float *
eng_heatmap_at_input (const EngHeatmap *self)
{
  int height = self->geometry.input_height, width = self->geometry.input_width;
  g_autofree float *plane = eng_heatmap_plane (self);
  if (height == self->rows && width == self->cols)
    return g_steal_pointer (&plane);
  float *large = g_new (float, (gsize)height *width);
  if (self->upsample == ENG_UPSAMPLE_NEAREST)
    upsample_nearest (plane, self->rows, self->cols, large, height, width);
  else
    eng_upsample_bilinear (plane, self->rows, self->cols, large, height, width);
  return large;
}

gboolean
eng_heatmap_range (const EngHeatmap *self, double *lo, double *hi)
{
  g_autofree float *plane = eng_heatmap_plane (self);
  double low = INFINITY, high = -INFINITY;
  for (gsize i = 0; i < (gsize)self->rows * self->cols; i++)
    if (isfinite (plane[i]))
      {
        low = fmin (low, plane[i]);
        high = fmax (high, plane[i]);
      }
  *lo = low;
  *hi = high;
  return low <= high;
}

const EngTrajectoryStep *
eng_heatmap_trajectory (const EngHeatmap *self, int *n)
{
  *n = self->n_steps;
  return self->steps;
}

void
eng_heatmap_take_trajectory (EngHeatmap *self, EngTrajectoryStep *steps, int n)
{
  clear_trajectory (self);
  self->steps = steps;
  self->n_steps = n;
}

/* Where one output cell reads: two neighbours and the weight of the second. */
typedef struct
{
  int first, second;
  float weight;
} Tap;

/* @corners: corner cells lie on corner pixels; else edges on edges. In float, as PyTorch does. */
static Tap *
make_taps (int from, int to, gboolean corners)
{
  Tap *taps = g_new (Tap, to);
  float scale = !corners ? (float)from / (float)to : to > 1 ? (float)(from - 1) / (float)(to - 1) : 0;
  for (int i = 0; i < to; i++)
    {
      float at = corners ? i * scale : fmaxf ((i + 0.5f) * scale - 0.5f, 0);
      int first = MIN ((int)at, from - 1);
      taps[i] = (Tap){ first, MIN (first + 1, from - 1), at - first };
    }
  return taps;
}

static void
upsample (const float *src, int rows, int cols, float *dst, int dst_rows, int dst_cols, gboolean corners)
{
  g_autofree Tap *ys = make_taps (rows, dst_rows, corners), *xs = make_taps (cols, dst_cols, corners);
  for (int y = 0; y < dst_rows; y++)
    {
      const float *upper = src + (gsize)ys[y].first * cols, *lower = src + (gsize)ys[y].second * cols;
      float v = ys[y].weight;
      for (int x = 0; x < dst_cols; x++)
        {
          int a = xs[x].first, b = xs[x].second;
          float u = xs[x].weight;
          *dst++ = (1 - v) * ((1 - u) * upper[a] + u * upper[b]) + v * ((1 - u) * lower[a] + u * lower[b]);
        }
    }
}

void
eng_upsample_bilinear (const float *src, int rows, int cols, float *dst, int dst_rows, int dst_cols)
{
  upsample (src, rows, cols, dst, dst_rows, dst_cols, FALSE);
}

void
eng_upsample_bilinear_corners (const float *src, int rows, int cols, float *dst, int dst_rows, int dst_cols)
{
  upsample (src, rows, cols, dst, dst_rows, dst_cols, TRUE);
}

/* ---- steps ---- */

/* Steps that were asked for: a method may end early. */
static guint
provenance_total (const EngHeatmap *self)
{
  return MAX (self->provenance.total, (guint)self->n_steps);
}

int
eng_heatmap_kept_step (const EngHeatmap *self)
{
  gsize bytes = sizeof (float) * (gsize)self->rows * self->cols;
  for (int i = 0; i < self->n_steps; i++)
    if (self->channels == 1 && memcmp (self->steps[i].mask, self->values, bytes) == 0)
      return i;
  return -1;
}

EngHeatmap *
eng_heatmap_at_step (const EngHeatmap *self, int index)
{
  g_return_val_if_fail (index >= 0 && index < self->n_steps, NULL);
  EngProvenance provenance;
  gsize cells = (gsize)self->rows * self->cols;
  guint total = provenance_total (self);
  copy_provenance (&self->provenance, &provenance);
  g_free (provenance.selected);
  provenance.selected = g_strdup_printf ("step %d of %u" ENG_CHOSEN_BY_HAND, self->steps[index].step, total);
  EngHeatmap *map = eng_heatmap_new (self->steps[index].mask, 1, self->rows, self->cols, self->sign, self->upsample,
                                     &self->geometry, &provenance);
  EngTrajectoryStep *steps = g_memdup2 (self->steps, sizeof *steps * self->n_steps);
  for (int i = 0; i < self->n_steps; i++)
    steps[i].mask = g_memdup2 (steps[i].mask, sizeof (float) * cells);
  eng_heatmap_take_trajectory (map, steps, self->n_steps);
  return map;
}
