/* The work of a check: what differs from run to run, and how each map compares. See check-private.h. */
#include <math.h>
#include <string.h>

#include "../error.h"
#include "../metrics/rank-correlation.h"
#include "../model-private.h"
#include "../preset.h"
#include "../random.h"
#include "check-private.h"
#include "redraw.h"
#include "similarity.h"

const char *const eng_vary_ids[] = { "automatic", "seed", "noise", "shift", NULL };

/* Two maps count as one where they differ by rounding alone: threads may add up in another order. */
#define SAME 1e-5f

/* From the untouched picture outwards. */
static const int shifts[ENG_CHECK_MOST_SHIFTS][2] = { { 0, 0 }, { 1, 0 },   { 0, 1 },  { -1, 0 }, { 0, -1 },
                                                      { 1, 1 }, { -1, -1 }, { 1, -1 }, { -1, 1 } };

void
eng_check_settings_init (EngCheckSettings *self, EngCheckKind kind)
{
  /* Two levels of 256 are below what an eye sees on a photo. */
  *self = (EngCheckSettings){ kind, kind == ENG_CHECK_SANITY ? 8 : 5, ENG_VARY_AUTOMATIC, 2 };
}

/* ---- runs ---- */

static EngCheckRun *
run_new (guint64 seed)
{
  EngCheckRun *self = g_atomic_rc_box_new0 (EngCheckRun);
  self->seed = seed;
  self->layer = g_strdup ("");
  self->probability = self->rank = self->rank_absolute = self->overlap = self->ssim = self->entropy = NAN;
  return self;
}

/* ---- life ---- */

/* A run must not write the files that the method writes: it would do so each time. */
static void
forget_outputs (const EngMethod *method, EngValues *values)
{
  const EngParam *p;
  for (guint i = 0; (p = eng_method_param (method, i)); i++)
    if (p->type == ENG_PARAM_OUTPUT_PATH)
      eng_values_set_text (values, p->id, "", NULL);
}

EngCheckWork *
eng_check_work_new (EngModel *model, EngImage *image, const EngMethod *method, int class_index, int contrast,
                    const char *layer, EngValues *values, guint64 seed, const EngCheckSettings *settings)
{
  EngCheckWork *self = g_new0 (EngCheckWork, 1);
  EngPreprocess *p = eng_model_preprocess (model);
  self->model = g_object_ref (model);
  self->image = eng_image_ref (image);
  self->method = method;
  self->class_index = class_index;
  self->contrast = contrast;
  self->layer = g_strdup (layer);
  self->values = values ? values : eng_values_new (method, model);
  self->seed = seed;
  self->settings = *settings;
  self->settings.runs =
      CLAMP (settings->runs, settings->kind == ENG_CHECK_SANITY ? 1 : ENG_CHECK_LEAST_RUNS,
             settings->vary == ENG_VARY_SHIFT && settings->kind == ENG_CHECK_STABILITY ? ENG_CHECK_MOST_SHIFTS
                                                                                       : ENG_CHECK_MOST_RUNS);
  self->width = p->width;
  self->height = p->height;
  self->runs = g_ptr_array_new_with_free_func (eng_check_run_unref);
  self->at_input = g_ptr_array_new_with_free_func (g_free);
  self->lowest = INFINITY;
  forget_outputs (method, self->values);
  return self;
}

void
eng_check_work_free (EngCheckWork *self)
{
  g_object_unref (self->model);
  eng_image_unref (self->image);
  g_free (self->layer);
  eng_values_free (self->values);
  g_ptr_array_unref (self->runs);
  g_ptr_array_unref (self->at_input);
  g_clear_pointer (&self->next, eng_check_run_unref);
  g_clear_object (&self->view_model);
  g_free (self->view);
  g_clear_pointer (&self->layers, g_ptr_array_unref);
  g_clear_pointer (&self->table, g_hash_table_unref);
  g_free (self);
}

/* ---- what differs ---- */

/* The model behind no resizing, and what it sees: so noise and shifts are those of the model's own pixels, however
 * large the picture is. */
static gboolean
prepare_view (EngCheckWork *self, GError **error)
{
  if (self->view_model)
    return TRUE;
  g_autoptr (EngPreprocess) p = eng_preprocess_copy (eng_model_preprocess (self->model));
  self->view = eng_preprocess_view (p, self->image, error);
  if (!self->view)
    return FALSE;
  p->fit = ENG_FIT_STRETCH;
  p->resize_short = 0;
  self->view_model = eng_model_derive (self->model, p, self->model->labels, TRUE, error);
  return self->view_model != NULL;
}

static void
add_noise (guint8 *rgb, gsize n, double sigma, guint64 seed, guint32 stream)
{
  g_autoptr (GRand) random = eng_random_new (seed, stream);
  for (gsize i = 0; i < n; i++)
    rgb[i] = (guint8)CLAMP (lrint (rgb[i] + sigma * eng_random_normal (random)), 0, 255);
}

/* @to[y][x] = @from[y - dy][x - dx], the border repeated; @n bytes a pixel. */
static void
move (const void *from, void *to, int width, int height, int dx, int dy, gsize n)
{
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      memcpy ((guint8 *)to + n * ((gsize)y * width + x),
              (const guint8 *)from
                  + n * ((gsize)CLAMP (y - dy, 0, height - 1) * width + CLAMP (x - dx, 0, width - 1)),
              n);
}

static EngJob *
changed_picture (EngCheckWork *self, GError **error)
{
  if (!prepare_view (self, error))
    return NULL;
  gsize n = 3 * (gsize)self->width * self->height;
  g_autofree guint8 *rgb = g_malloc (n);
  move (self->view, rgb, self->width, self->height, self->next->shift_x, self->next->shift_y, 3);
  if (self->settings.vary == ENG_VARY_NOISE)
    add_noise (rgb, n, self->settings.sigma, self->seed, self->runs->len);
  g_autoptr (EngImage) image = eng_image_new (self->width, self->height, rgb, eng_image_name (self->image));
  return eng_job_new (self->view_model, image, self->method, self->class_index, self->contrast, self->layer,
                      eng_values_copy (self->values), self->seed);
}

static EngJob *
changed_seed (EngCheckWork *self)
{
  return eng_job_new (self->model, self->image, self->method, self->class_index, self->contrast, self->layer,
                      eng_values_copy (self->values), self->next->seed);
}

/* How many layers stage @i of @stages re-draws: the first the logits' own, the last all. */
static guint
layers_of_stage (guint i, guint stages, guint layers)
{
  if (stages >= layers)
    return i;
  return stages == 1 ? layers : 1 + (guint)lrint ((double)(layers - 1) * (i - 1) / (stages - 1));
}

static gboolean
prepare_layers (EngCheckWork *self, GError **error)
{
  if (!(self->layers = eng_redraw_layers (self->model, error)))
    return FALSE;
  self->table = eng_redraw_table ();
  self->settings.runs = MIN (self->settings.runs, (int)self->layers->len);
  return self->layers->len > 0
         || eng_fail (error, ENG_ERROR_UNSUPPORTED,
                      "%s holds no weights between picture and logits, so there is nothing to draw at random.",
                      eng_model_name (self->model));
}

static EngJob *
random_weights (EngCheckWork *self, GError **error)
{
  guint n = layers_of_stage (self->runs->len, (guint)self->settings.runs, self->layers->len);
  const EngRedrawLayer *lowest = self->layers->pdata[n - 1];
  g_autoptr (EngModel) model = eng_redraw_model (self->model, self->layers, n, self->table, self->seed, error);
  self->next->layers = n;
  g_free (self->next->layer);
  self->next->layer = g_strdup (lowest->name);
  return model ? eng_job_new (model, self->image, self->method, self->class_index, self->contrast, self->layer,
                              eng_values_copy (self->values), self->seed)
               : NULL;
}

EngJob *
eng_check_work_next (EngCheckWork *self, GError **error)
{
  guint i = self->runs->len;
  gboolean sanity = self->settings.kind == ENG_CHECK_SANITY;
  if (sanity && !self->layers && !prepare_layers (self, error))
    return NULL;
  if (i >= eng_check_work_maps (self))
    return NULL;
  g_clear_pointer (&self->next, eng_check_run_unref);
  self->next = run_new (self->seed);
  self->next->of = self->layers ? self->layers->len : 0;
  if (i == 0)
    return changed_seed (self);
  if (sanity)
    return random_weights (self, error);
  if (self->settings.vary == ENG_VARY_AUTOMATIC || self->settings.vary == ENG_VARY_SEED)
    {
      self->next->seed = self->seed + i;
      return changed_seed (self);
    }
  if (self->settings.vary == ENG_VARY_SHIFT)
    {
      self->next->shift_x = shifts[i][0];
      self->next->shift_y = shifts[i][1];
    }
  return changed_picture (self, error);
}

guint
eng_check_work_done (EngCheckWork *self)
{
  return self->runs->len + self->drew_nothing;
}

guint
eng_check_work_total (EngCheckWork *self)
{
  return eng_check_work_maps (self) + self->drew_nothing;
}

/* ---- comparing ---- */

static float *
magnitudes (const float *v, int n)
{
  float *out = g_new (float, n);
  for (int i = 0; i < n; i++)
    out[i] = fabsf (v[i]);
  return out;
}

/* Unsigned: from smallest to largest, 0 .. 1; signed: by the largest magnitude, -1 .. 1. */
static float *
normalised (const float *v, int n, EngSign sign)
{
  float lo = INFINITY, hi = -INFINITY, *out = g_new (float, n);
  for (int i = 0; i < n; i++)
    {
      lo = fminf (lo, v[i]);
      hi = fmaxf (hi, v[i]);
    }
  float zero = sign == ENG_SIGN_SIGNED ? 0 : lo, span = sign == ENG_SIGN_SIGNED ? fmaxf (-lo, hi) : hi - lo;
  for (int i = 0; i < n; i++)
    out[i] = span > 0 ? (v[i] - zero) / span : 0;
  return out;
}

static void
compare (EngCheckWork *self, const float *first, const float *map, EngSign sign, EngCheckRun *run)
{
  int n = self->width * self->height;
  run->entropy = eng_histogram_entropy (map, n);
  if (memcmp (first, map, sizeof *map * (gsize)n) == 0)
    {
      run->rank = run->rank_absolute = run->overlap = run->ssim = 1;
      return;
    }
  g_autofree float *a = magnitudes (first, n), *b = magnitudes (map, n);
  g_autofree float *p = normalised (first, n, sign), *q = normalised (map, n, sign);
  run->ssim = eng_ssim (p, q, self->height, self->width, sign == ENG_SIGN_SIGNED ? 2 : 1);
  if (eng_is_constant (first, n) || eng_is_constant (map, n))
    return; /* there is no order to compare */
  run->rank = eng_rank_correlation (first, map, n);
  run->rank_absolute = eng_rank_correlation (a, b, n);
  run->overlap = eng_overlap (first, map, n, ENG_CHECK_SHARE);
}

static void
compare_with_all (EngCheckWork *self, const float *map)
{
  int n = self->width * self->height;
  for (guint i = 0; i < self->at_input->len; i++)
    {
      const float *other = self->at_input->pdata[i];
      gboolean same = memcmp (other, map, sizeof *map * (gsize)n) == 0;
      double rank = same ? 1 : eng_rank_correlation (other, map, n);
      if (isnan (rank)) /* a constant map and one that is not have no order in common */
        rank = 0;
      self->rank_sum += rank;
      self->lowest = fmin (self->lowest, rank);
      self->overlap_sum += same ? 1 : eng_overlap (other, map, n, ENG_CHECK_SHARE);
      self->pairs++;
    }
}

static gboolean
nearly_same (const float *a, const float *b, int n)
{
  float most = 0, off = 0;
  for (int i = 0; i < n; i++)
    {
      most = fmaxf (most, fabsf (a[i]));
      off = fmaxf (off, fabsf (a[i] - b[i]));
    }
  return off <= SAME * most;
}

/* The map of @job as it lies on the picture that was asked about; shifted ones are moved back. */
static EngHeatmap *
map_of (EngCheckWork *self, EngJob *job)
{
  EngHeatmap *map = eng_job_heatmap (job);
  const EngHeatmap *place = self->runs->len ? ((EngCheckRun *)self->runs->pdata[0])->map : map;
  const char *name = self->method->name;
  if (self->settings.kind == ENG_CHECK_STABILITY && self->settings.vary == ENG_VARY_SHIFT)
    {
      g_autofree float *there = eng_heatmap_at_input (map);
      g_autofree float *back = g_new (float, (gsize)self->width * self->height);
      move (there, back, self->width, self->height, -self->next->shift_x, -self->next->shift_y, sizeof *back);
      return eng_heatmap_with_values (place, back, self->height, self->width, eng_heatmap_sign (map), name);
    }
  g_autofree float *plane = eng_heatmap_plane (map);
  return eng_heatmap_with_values (place, plane, eng_heatmap_rows (map), eng_heatmap_cols (map),
                                  eng_heatmap_sign (map), name);
}

static double
probability_of (EngJob *job)
{
  return eng_heatmap_provenance (eng_job_heatmap (job))->probability;
}

gboolean
eng_check_work_take (EngCheckWork *self, EngJob *job, const GError *failure, GError **error)
{
  EngCheckRun *run = self->next;
  gboolean sanity = self->settings.kind == ENG_CHECK_SANITY, first = self->runs->len == 0;
  g_autofree float *map = NULL;
  if (failure && (first || !sanity))
    {
      g_propagate_error (error, g_error_copy (failure));
      return FALSE;
    }
  if (failure) /* a network at random may break down; that is a result */
    run->failure = g_strdup (failure->message);
  else
    {
      run->map = map_of (self, job);
      run->probability = probability_of (job);
      map = eng_heatmap_at_input (run->map);
      if (first)
        self->class_index = eng_job_class_index (job);
      else if (self->settings.vary == ENG_VARY_AUTOMATIC && !sanity)
        {
          self->drew_nothing = nearly_same (self->at_input->pdata[0], map, self->width * self->height);
          self->settings.vary = self->drew_nothing ? ENG_VARY_NOISE : ENG_VARY_SEED;
          if (self->drew_nothing)
            return TRUE;
        }
      compare (self, first ? map : self->at_input->pdata[0], map, eng_heatmap_sign (run->map), run);
      if (!sanity)
        compare_with_all (self, map);
    }
  g_ptr_array_add (self->runs, g_steal_pointer (&self->next));
  g_ptr_array_add (self->at_input, g_steal_pointer (&map));
  return TRUE;
}
