/* See figure-compute.h. Row by row: a picture is read once, and what one model says of one class of it (fills,
 * scores) is kept while its row is worked on. */
#include "app/commands/figure-compute.h"

#include <math.h>

#include "app/commands/command.h"
#include "app/commands/progress.h"
#include "engine/values-json.h"

#define BAND_ORDERS 20

typedef struct
{
  const UiFigure *figure;
  UiFigureCells *cells;
  GPtrArray *models;    /* EngModel* */
  GHashTable *maps;     /* of the row: eng_result_key() -> EngHeatmap* */
  GHashTable *subjects; /* of the row: "MODEL CLASS" -> EngSubject* */
  EngImage *image;      /* of the row */
  guint row;
} Work;

/* What a column asks of the panel in work. */
typedef struct
{
  EngModel *model;
  EngSubject *subject; /* borrowed from the row */
} Panel;

static EngProtocolOptions
protocol_options (const UiFigure *figure)
{
  return (
      EngProtocolOptions){ .seed = figure->seed, .threshold = figure->display.threshold, .rank_by = figure->rank_by };
}

/* -1: the model's own choice. */
static gboolean
find_class (const UiFigureRow *row, EngModel *model, int *index, GError **error)
{
  *index = row->class_index;
  if (row->class_index >= eng_model_n_classes (model))
    return eng_fail (error, ENG_ERROR_ARGUMENT, "There is no class %d, %s has %d.", row->class_index,
                     eng_model_name (model), eng_model_n_classes (model));
  if (row->class_index < 0 && row->class_name)
    *index = eng_model_find_class (model, row->class_name, error);
  return row->class_index >= 0 || !row->class_name || *index >= 0;
}

static gboolean
prepare (Work *work, guint column, Panel *panel, GError **error)
{
  guint m = ui_figure_panel_model (work->figure, work->row, column);
  int index;
  if (work->models->len == 0)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "The figure names no classifier.");
  panel->model = work->models->pdata[m];
  if (!find_class (ui_figure_row (work->figure, work->row), panel->model, &index, error))
    return FALSE;
  g_autofree char *key = g_strdup_printf ("%u %d", m, index);
  panel->subject = g_hash_table_lookup (work->subjects, key);
  if (panel->subject)
    return TRUE;
  panel->subject = eng_subject_new (panel->model, work->image, index, error);
  if (panel->subject)
    g_hash_table_insert (work->subjects, g_steal_pointer (&key), panel->subject);
  return panel->subject != NULL;
}

static EngValues *
values_of (const UiFigureColumn *column, const EngMethod *method, EngModel *model, GError **error)
{
  g_autoptr (EngValues) values = eng_values_new (method, model);
  g_autoptr (JsonNode) node = column->values ? json_from_string (column->values, NULL) : NULL;
  EngJson json = { node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL, "figure", "values." };
  return json.object && !eng_values_read (values, method, &json, error) ? NULL : g_steal_pointer (&values);
}

static EngHeatmap *
run_job (Work *work, EngJob *job, GError **error)
{
  g_autofree char *label = g_strdup_printf ("%u/%u %s %s", work->row + 1, work->figure->rows->len,
                                            eng_image_name (work->image), eng_job_method (job)->id);
  app_progress_begin (job, label);
  app_interrupt_watch (job);
  gboolean done = eng_job_run (job, error);
  app_interrupt_watch (NULL);
  app_progress_end (job);
  return done ? eng_heatmap_ref (eng_job_heatmap (job)) : NULL;
}

/* (transfer none): kept until the row is done. */
static EngHeatmap *
find_map (Work *work, const UiFigureColumn *column, const Panel *panel, GError **error)
{
  const EngMethod *method = eng_method_find (column->method, error);
  g_autoptr (EngValues) values = method ? values_of (column, method, panel->model, error) : NULL;
  if (!values)
    return NULL;
  g_autoptr (GPtrArray) layers = eng_method_find_layers (method, panel->model, column->layer, error);
  if (!layers)
    return NULL;
  int index = eng_subject_class_index (panel->subject);
  g_autofree char *key = eng_result_key (panel->model, work->image, method, index, column->contrast, column->layer,
                                         values, column->seed);
  EngHeatmap *map = g_hash_table_lookup (work->maps, key);
  if (map)
    return map;
  g_autoptr (EngJob) job = eng_job_new (panel->model, work->image, method, index, column->contrast, column->layer,
                                        g_steal_pointer (&values), column->seed);
  map = run_job (work, job, error);
  if (map)
    g_hash_table_insert (work->maps, g_steal_pointer (&key), map);
  return map;
}

static gboolean
measure (Work *work, const Panel *panel, EngHeatmap *map, UiFigureCell *cell, GError **error)
{
  const EngProtocolOptions options = protocol_options (work->figure);
  for (guint i = 0; i < work->figure->scores->len && !app_interrupted (); i++)
    {
      const EngProtocol *protocol = eng_protocol_find (work->figure->scores->pdata[i], error);
      if (!protocol)
        return FALSE;
      if (protocol->needs_truth)
        continue; /* a figure has no masks of objects */
      g_autoptr (EngMeasurement) m =
          eng_protocol_evaluate (protocol, panel->subject, map, &options, NULL, NULL, NULL, error);
      if (!m)
        return FALSE;
      ui_figure_cell_add_score (cell, protocol, &options, m->value);
    }
  return TRUE;
}

/* Lines of all maps of the row that explain the panel's classifier. */
static gboolean
trace (Work *work, const UiFigureColumn *column, guint at, const Panel *panel, UiFigureCell *cell, GError **error)
{
  const EngProtocolOptions options = protocol_options (work->figure);
  const EngProtocol *protocol = eng_protocol_find (column->protocol, error);
  guint model = ui_figure_panel_model (work->figure, work->row, at);
  const EngPreprocess *p = eng_model_preprocess (panel->model);
  for (guint c = 0; protocol && c < work->figure->columns->len && !app_interrupted (); c++)
    {
      const UiFigureColumn *other = ui_figure_column (work->figure, c);
      if (other->kind != UI_COLUMN_MAP || ui_figure_panel_model (work->figure, work->row, c) != model)
        continue;
      EngHeatmap *map = find_map (work, other, panel, NULL); /* its own panel says what is wrong */
      g_autofree char *name = ui_figure_heading (other);
      g_autoptr (EngMeasurement) m =
          map ? eng_protocol_evaluate (protocol, panel->subject, map, &options, NULL, NULL, NULL, error) : NULL;
      if (map && !m)
        return FALSE;
      if (m && m->points)
        ui_figure_cell_add_curve (cell, other->method, name, m->points, m->n_points);
    }
  g_auto (EngCurve) curve = { 0 };
  if (!protocol || !column->band || !eng_protocol_curve (protocol, &options, p->width, p->height, &curve))
    return protocol != NULL;
  g_autoptr (EngBand) band =
      eng_curve_band (panel->subject, &curve, BAND_ORDERS, work->figure->seed, NULL, NULL, NULL, error);
  if (band)
    ui_figure_cell_set_band (cell, band);
  return band != NULL;
}

static gboolean
fill_masked (Work *work, const UiFigureColumn *column, const Panel *panel, UiFigureCell *cell, GError **error)
{
  const EngMasking masking = { column->mode, column->fill, column->seed };
  EngReading reading;
  EngHeatmap *map = find_map (work, column, panel, error);
  if (!map)
    return FALSE;
  ui_figure_cell_set_masked (cell, column, work->figure->rank_by, panel->subject, map);
  if (!eng_subject_score (panel->subject, cell->ranking, &masking, cell->k, &reading, NULL, NULL, error))
    return FALSE;
  cell->masked_score = reading.probability;
  return TRUE;
}

static gboolean
fill_cell (Work *work, guint c, UiFigureCell *cell, GError **error)
{
  const UiFigureColumn *column = ui_figure_column (work->figure, c);
  Panel panel;
  EngHeatmap *map;
  if (!prepare (work, c, &panel, error))
    return FALSE;
  int index = eng_subject_class_index (panel.subject);
  g_autofree char *preprocessing = eng_preprocess_describe (eng_model_preprocess (panel.model));
  ui_figure_cell_set_geometry (cell, eng_subject_geometry (panel.subject));
  ui_figure_cell_set_class (cell, index, eng_model_label (panel.model, index),
                            eng_subject_untouched (panel.subject)->probability);
  g_free (cell->preprocessing);
  cell->preprocessing = g_steal_pointer (&preprocessing);
  ui_figure_cell_set_image (cell, work->image);
  switch (column->kind)
    {
    case UI_COLUMN_MAP:
      map = find_map (work, column, &panel, error);
      if (map)
        ui_figure_cell_set_map (cell, map);
      return map && measure (work, &panel, map, cell, error);
    case UI_COLUMN_MASKED:
      return fill_masked (work, column, &panel, cell, error);
    case UI_COLUMN_PLOT:
      return trace (work, column, c, &panel, cell, error);
    default:
      return TRUE;
    }
}

/* FALSE when a panel of the row stays empty. */
static gboolean
fill_row (Work *work)
{
  g_autoptr (GError) unread = NULL;
  g_autoptr (EngImage) image = eng_image_load (ui_figure_row (work->figure, work->row)->picture.path, &unread);
  gboolean ok = image != NULL;
  work->image = image;
  g_hash_table_remove_all (work->maps);
  g_hash_table_remove_all (work->subjects);
  if (!image)
    app_complain ("%s", unread->message);
  for (guint c = 0; c < work->figure->columns->len && !app_interrupted (); c++)
    {
      UiFigureCell *cell = ui_figure_cells_at (work->cells, work->row, c);
      g_autoptr (GError) error = NULL;
      if (!image)
        ui_figure_cell_set_impossible (cell, unread->message);
      else if (!fill_cell (work, c, cell, &error) && !app_interrupted ())
        {
          g_autofree char *heading = ui_figure_heading (ui_figure_column (work->figure, c));
          app_complain ("%s, %s: %s", eng_image_name (image), heading, error->message);
          ui_figure_cell_set_impossible (cell, error->message);
          ok = FALSE;
        }
    }
  return ok;
}

static gboolean
open_models (Work *work)
{
  for (guint i = 0; i < work->figure->models->len; i++)
    {
      const UiFigureModel *model = ui_figure_model (work->figure, i);
      EngModel *opened = app_open_model (model->file.path, model->output);
      if (!opened)
        return FALSE;
      g_autofree char *name = model->name ? g_strdup (model->name) : NULL;
      g_ptr_array_add (work->models, opened);
      ui_figure_cells_set_model (work->cells, i, name ? name : eng_model_name (opened), eng_model_sha256 (opened));
      if (model->file.sha256 && !g_str_equal (model->file.sha256, eng_model_sha256 (opened)))
        app_complain ("%s changed since this figure was made; its maps are made anew with what it is now",
                      eng_model_name (opened));
    }
  return TRUE;
}

UiFigureCells *
app_figure_compute (const UiFigure *figure, gboolean *failed)
{
  Work work = { .figure = figure, .cells = ui_figure_cells_new (figure) };
  work.models = g_ptr_array_new_with_free_func (g_object_unref);
  work.maps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)eng_heatmap_unref);
  work.subjects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)eng_subject_unref);
  gboolean opened = open_models (&work);
  for (work.row = 0; opened && work.row < figure->rows->len && !app_interrupted (); work.row++)
    if (!fill_row (&work))
      *failed = TRUE;
  g_hash_table_unref (work.maps);
  g_hash_table_unref (work.subjects);
  g_ptr_array_unref (work.models);
  if (!opened)
    g_clear_pointer (&work.cells, ui_figure_cells_unref);
  return work.cells;
}
