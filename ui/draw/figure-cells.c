/* See figure-cells.h. */
#include "ui/draw/figure-cells.h"

#include <math.h>
#include <string.h>

typedef struct
{
  char *name, *sha256;
} Model;

struct _UiFigureCells
{
  gatomicrefcount ref;
  guint rows, columns, n_models;
  UiFigureCell *cells; /* rows x columns */
  Model *models;       /* n_models */
};

static void
score_clear (gpointer data)
{
  g_free (((UiCellScore *)data)->key);
}

static void
curve_free (gpointer data)
{
  UiCellCurve *self = data;
  g_free (self->method);
  g_free (self->name);
  g_free (self->x);
  g_free (self->y);
  g_free (self);
}

static void
cell_init (UiFigureCell *self)
{
  *self = (UiFigureCell){ .class_index = -1, .probability = NAN, .masked_score = NAN };
  self->scores = g_array_new (FALSE, FALSE, sizeof (UiCellScore));
  g_array_set_clear_func (self->scores, score_clear);
  self->curves = g_ptr_array_new_with_free_func (curve_free);
}

static void
cell_clear (UiFigureCell *self)
{
  g_free (self->why);
  g_clear_pointer (&self->image, eng_image_unref);
  g_clear_pointer (&self->map, eng_heatmap_unref);
  g_free (self->class_name);
  g_free (self->preprocessing);
  g_array_unref (self->scores);
  g_clear_pointer (&self->ranking, eng_ranking_unref);
  g_free (self->fill);
  g_ptr_array_unref (self->curves);
  g_clear_pointer (&self->band, eng_band_unref);
}

UiFigureCells *
ui_figure_cells_new (const UiFigure *figure)
{
  UiFigureCells *self = g_new0 (UiFigureCells, 1);
  g_atomic_ref_count_init (&self->ref);
  self->rows = figure->rows->len;
  self->columns = figure->columns->len;
  self->n_models = figure->models->len;
  self->cells = g_new (UiFigureCell, (gsize)self->rows * self->columns);
  self->models = g_new0 (Model, self->n_models);
  for (gsize i = 0; i < (gsize)self->rows * self->columns; i++)
    cell_init (&self->cells[i]);
  return self;
}

UiFigureCells *
ui_figure_cells_ref (UiFigureCells *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
ui_figure_cells_unref (UiFigureCells *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->ref))
    return;
  for (gsize i = 0; i < (gsize)self->rows * self->columns; i++)
    cell_clear (&self->cells[i]);
  for (guint i = 0; i < self->n_models; i++)
    {
      g_free (self->models[i].name);
      g_free (self->models[i].sha256);
    }
  g_free (self->cells);
  g_free (self->models);
  g_free (self);
}

UiFigureCell *
ui_figure_cells_at (const UiFigureCells *self, guint row, guint column)
{
  return row < self->rows && column < self->columns ? &self->cells[(gsize)row * self->columns + column] : NULL;
}

void
ui_figure_cells_set_model (UiFigureCells *self, guint model, const char *name, const char *sha256)
{
  g_return_if_fail (model < self->n_models);
  Model *entry = &self->models[model];
  g_free (entry->name);
  g_free (entry->sha256);
  *entry = (Model){ g_strdup (name), g_strdup (sha256) };
}

const char *
ui_figure_cells_model_name (const UiFigureCells *self, guint model)
{
  return model < self->n_models ? self->models[model].name : NULL;
}

const char *
ui_figure_cells_model_sha256 (const UiFigureCells *self, guint model)
{
  return model < self->n_models ? self->models[model].sha256 : NULL;
}

char *
ui_figure_cells_model_label (const UiFigureCells *self, const UiFigure *figure, guint model)
{
  const UiFigureModel *named = ui_figure_model (figure, model);
  const char *known = ui_figure_cells_model_name (self, model);
  if (known && !(named && named->name))
    return g_str_has_suffix (known, ".onnx") ? g_strndup (known, strlen (known) - strlen (".onnx"))
                                             : g_strdup (known);
  return named ? ui_figure_model_name (named) : g_strdup ("");
}

/* ---- one cell ---- */

void
ui_figure_cell_set_image (UiFigureCell *self, EngImage *image)
{
  eng_image_ref (image);
  g_clear_pointer (&self->image, eng_image_unref);
  self->image = image;
  self->state = UI_CELL_READY;
}

void
ui_figure_cell_set_geometry (UiFigureCell *self, const EngGeometry *geometry)
{
  self->has_geometry = geometry != NULL;
  if (geometry)
    self->geometry = *geometry;
}

void
ui_figure_cell_set_class (UiFigureCell *self, int class_index, const char *name, double probability)
{
  self->class_index = class_index;
  g_free (self->class_name);
  self->class_name = g_strdup (name);
  self->probability = probability;
}

void
ui_figure_cell_set_map (UiFigureCell *self, EngHeatmap *map)
{
  const EngProvenance *p = eng_heatmap_provenance (map);
  eng_heatmap_ref (map);
  g_clear_pointer (&self->map, eng_heatmap_unref);
  self->map = map;
  self->state = UI_CELL_READY;
  ui_figure_cell_set_geometry (self, eng_heatmap_geometry (map));
  ui_figure_cell_set_class (self, p->class_index, p->class_name, p->probability);
  g_free (self->preprocessing);
  self->preprocessing = g_strdup (p->preprocessing);
}

void
ui_figure_cell_add_score (UiFigureCell *self, const EngProtocol *protocol, const EngProtocolOptions *options,
                          double value)
{
  UiCellScore score = { protocol, value, eng_protocol_key (protocol, options) };
  g_array_append_val (self->scores, score);
}

void
ui_figure_cell_set_masked (UiFigureCell *self, const UiFigureColumn *column, EngRankBy by, EngSubject *subject,
                           EngHeatmap *map)
{
  const EngMasking masking = { column->mode, column->fill, column->seed };
  int n = eng_subject_n (subject);
  ui_figure_cell_set_map (self, map);
  g_clear_pointer (&self->ranking, eng_ranking_unref);
  g_free (self->fill);
  self->ranking = eng_subject_ranking (subject, map, by, column->order);
  self->k = eng_share_pixels (column->share, n);
  self->fill = g_malloc ((gsize)n * 3);
  eng_subject_mask_view (subject, self->ranking, &masking, self->k, self->fill);
}

void
ui_figure_cell_add_curve (UiFigureCell *self, const char *method, const char *name, const EngPoint *points, int n)
{
  UiCellCurve *curve = g_new (UiCellCurve, 1);
  *curve = (UiCellCurve){ g_strdup (method), g_strdup (name), g_new (double, n), g_new (double, n), n };
  for (int i = 0; i < n; i++)
    {
      curve->x[i] = points[i].x;
      curve->y[i] = points[i].y;
    }
  g_ptr_array_add (self->curves, curve);
  self->state = UI_CELL_READY;
}

void
ui_figure_cell_set_band (UiFigureCell *self, EngBand *band)
{
  eng_band_ref (band);
  g_clear_pointer (&self->band, eng_band_unref);
  self->band = band;
}

void
ui_figure_cell_set_impossible (UiFigureCell *self, const char *why)
{
  self->state = UI_CELL_IMPOSSIBLE;
  g_free (self->why);
  self->why = g_strdup (why);
}

static UiCellCurve *
curve_copy (const UiCellCurve *from)
{
  UiCellCurve *self = g_new (UiCellCurve, 1);
  *self = (UiCellCurve){ g_strdup (from->method), g_strdup (from->name),
                         g_memdup2 (from->x, sizeof (double) * (gsize)from->n),
                         g_memdup2 (from->y, sizeof (double) * (gsize)from->n), from->n };
  return self;
}

void
ui_figure_cell_copy (UiFigureCell *self, const UiFigureCell *from)
{
  cell_clear (self);
  cell_init (self);
  GArray *scores = self->scores;
  GPtrArray *curves = self->curves;
  *self = *from;
  self->scores = scores;
  self->curves = curves;
  self->why = g_strdup (from->why);
  self->image = from->image ? eng_image_ref (from->image) : NULL;
  self->map = from->map ? eng_heatmap_ref (from->map) : NULL;
  self->class_name = g_strdup (from->class_name);
  self->preprocessing = g_strdup (from->preprocessing);
  self->ranking = from->ranking ? eng_ranking_ref (from->ranking) : NULL;
  self->band = from->band ? eng_band_ref (from->band) : NULL;
  if (from->fill)
    self->fill = g_memdup2 (from->fill, (gsize)from->geometry.input_width * (gsize)from->geometry.input_height * 3);
  for (guint i = 0; i < from->scores->len; i++)
    {
      UiCellScore score = g_array_index (from->scores, UiCellScore, i);
      score.key = g_strdup (score.key);
      g_array_append_val (scores, score);
    }
  for (guint i = 0; i < from->curves->len; i++)
    g_ptr_array_add (curves, curve_copy (from->curves->pdata[i]));
}

const UiCellScore *
ui_figure_cell_score (const UiFigureCell *self, const char *protocol_id)
{
  for (guint i = 0; i < self->scores->len; i++)
    {
      const UiCellScore *score = &g_array_index (self->scores, UiCellScore, i);
      if (g_str_equal (score->protocol->id, protocol_id))
        return score;
    }
  return NULL;
}
