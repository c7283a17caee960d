/* See figure-fill.h. */
#include "ui/draw/figure-fill.h"

#include "engine/error.h"
#include "engine/result-cache.h"
#include "engine/values-json.h"

#define BAND_ORDERS 20

typedef struct
{
  UiFigureCell *cell;
  const UiFigure *figure;
  guint row, at;
  const UiFigureColumn *column;
  EngSubject *subject;
  UiFigureMapFunc find_map;
  gpointer data;
  GCancellable *cancellable;
} Fill;

gboolean
ui_figure_row_class (const UiFigureRow *row, EngModel *model, int *index, GError **error)
{
  *index = row->class_index;
  if (row->class_index >= eng_model_n_classes (model))
    return eng_fail (error, ENG_ERROR_ARGUMENT, "There is no class %d, %s has %d.", row->class_index,
                     eng_model_name (model), eng_model_n_classes (model));
  if (row->class_index < 0 && row->class_name)
    *index = eng_model_find_class (model, row->class_name, error);
  return row->class_index >= 0 || !row->class_name || *index >= 0;
}

EngValues *
ui_figure_column_values (const UiFigureColumn *column, const EngMethod *method, EngModel *model, GError **error)
{
  g_autoptr (EngValues) values = eng_values_new (method, model);
  g_autoptr (JsonNode) node = column->values ? json_from_string (column->values, NULL) : NULL;
  EngJson json = { node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL, "figure", "values." };
  return json.object && !eng_values_read (values, &json, error) ? NULL : g_steal_pointer (&values);
}

/* What a job takes for a contrast: none where the method knows no classes or the class is the same. */
static int
contrast_of (const UiFigureColumn *column, const EngMethod *method, int class_index)
{
  return method->class_dependent && column->contrast != class_index ? column->contrast : -1;
}

char *
ui_figure_map_key (const UiFigureColumn *column, EngModel *model, EngImage *image, int class_index, GError **error)
{
  const EngMethod *method = eng_method_find (column->method, error);
  g_autoptr (EngValues) values = method ? ui_figure_column_values (column, method, model, error) : NULL;
  return values ? eng_result_key (model, image, method, class_index, contrast_of (column, method, class_index),
                                  column->layer, values, column->seed)
                : NULL;
}

EngJob *
ui_figure_map_job (const UiFigureColumn *column, EngModel *model, EngImage *image, int class_index, GError **error)
{
  const EngMethod *method = eng_method_find (column->method, error);
  g_autoptr (EngValues) values = method ? ui_figure_column_values (column, method, model, error) : NULL;
  g_autoptr (GPtrArray) layers = values ? eng_method_find_layers (method, model, column->layer, values, error) : NULL;
  if (!layers)
    return NULL;
  return eng_job_new (model, image, method, class_index, contrast_of (column, method, class_index), column->layer,
                      g_steal_pointer (&values), column->seed);
}

/* ---- kinds of columns ---- */

static EngProtocolOptions
options_of (const Fill *fill)
{
  return (EngProtocolOptions){ .seed = fill->figure->seed,
                               .threshold = fill->figure->display.threshold,
                               .rank_by = fill->figure->rank_by };
}

static gboolean
fill_photo (Fill *fill, GError **error)
{
  return TRUE;
}

static gboolean
fill_map (Fill *fill, GError **error)
{
  const EngProtocolOptions options = options_of (fill);
  EngHeatmap *map = fill->find_map (fill->at, fill->data, error);
  if (!map)
    return FALSE;
  ui_figure_cell_set_map (fill->cell, map);
  for (guint i = 0; i < fill->figure->scores->len; i++)
    {
      const EngProtocol *protocol = eng_protocol_find (fill->figure->scores->pdata[i], error);
      if (!protocol)
        return FALSE;
      if (protocol->needs_truth)
        continue; /* a figure has no masks of objects */
      g_autoptr (EngMeasurement) m =
          eng_protocol_evaluate (protocol, fill->subject, map, &options, NULL, NULL, fill->cancellable, error);
      if (!m)
        return FALSE;
      ui_figure_cell_add_score (fill->cell, protocol, &options, m->value);
    }
  return TRUE;
}

static gboolean
fill_masked (Fill *fill, GError **error)
{
  const EngMasking masking = { fill->column->mode, fill->column->fill, fill->column->seed };
  EngReading reading;
  EngHeatmap *map = fill->find_map (fill->at, fill->data, error);
  if (!map)
    return FALSE;
  ui_figure_cell_set_masked (fill->cell, fill->column, fill->figure->rank_by, fill->subject, map);
  if (!eng_subject_score (fill->subject, fill->cell->ranking, &masking, fill->cell->k, &reading, NULL,
                          fill->cancellable, error))
    return FALSE;
  fill->cell->masked_score = reading.probability;
  return TRUE;
}

static gboolean
fill_band (Fill *fill, const EngProtocol *protocol, GError **error)
{
  const EngProtocolOptions options = options_of (fill);
  const EngPreprocess *view = eng_model_preprocess (eng_subject_model (fill->subject));
  g_auto (EngCurve) curve = { 0 };
  if (!fill->column->band || !eng_protocol_curve (protocol, &options, view->width, view->height, &curve))
    return TRUE;
  g_autoptr (EngBand) band =
      eng_curve_band (fill->subject, &curve, BAND_ORDERS, fill->figure->seed, NULL, NULL, fill->cancellable, error);
  if (band)
    ui_figure_cell_set_band (fill->cell, band);
  return band != NULL;
}

/* Lines of all maps of the row that explain the panel's classifier. */
static gboolean
fill_plot (Fill *fill, GError **error)
{
  const EngProtocolOptions options = options_of (fill);
  const EngProtocol *protocol = eng_protocol_find (fill->column->protocol, error);
  guint model = ui_figure_panel_model (fill->figure, fill->row, fill->at);
  for (guint c = 0; protocol && c < fill->figure->columns->len; c++)
    {
      const UiFigureColumn *other = ui_figure_column (fill->figure, c);
      if (other->kind != UI_COLUMN_MAP || ui_figure_panel_model (fill->figure, fill->row, c) != model)
        continue;
      EngHeatmap *map = fill->find_map (c, fill->data, NULL); /* its own panel says what is wrong */
      g_autofree char *name = ui_figure_heading (other);
      g_autoptr (EngMeasurement) m =
          map ? eng_protocol_evaluate (protocol, fill->subject, map, &options, NULL, NULL, fill->cancellable, error)
              : NULL;
      if (map && !m)
        return FALSE;
      if (m && m->points)
        ui_figure_cell_add_curve (fill->cell, other->method, name, m->points, m->n_points);
    }
  return protocol && fill_band (fill, protocol, error);
}

gboolean
ui_figure_fill_cell (UiFigureCell *cell, const UiFigure *figure, guint row, guint column, EngSubject *subject,
                     UiFigureMapFunc find_map, gpointer data, GCancellable *cancellable, GError **error)
{
  static gboolean (*const kinds[]) (Fill *, GError **) = {
    [UI_COLUMN_PHOTO] = fill_photo,
    [UI_COLUMN_MAP] = fill_map,
    [UI_COLUMN_MASKED] = fill_masked,
    [UI_COLUMN_PLOT] = fill_plot,
  };
  EngModel *model = eng_subject_model (subject);
  int index = eng_subject_class_index (subject);
  Fill fill = { cell, figure, row, column, ui_figure_column (figure, column), subject, find_map, data, cancellable };
  ui_figure_cell_set_image (cell, eng_subject_image (subject));
  ui_figure_cell_set_geometry (cell, eng_subject_geometry (subject));
  ui_figure_cell_set_class (cell, index, eng_model_label (model, index),
                            eng_subject_untouched (subject)->probability);
  g_free (cell->preprocessing);
  cell->preprocessing = eng_preprocess_describe (eng_model_preprocess (model));
  return kinds[fill.column->kind](&fill, error);
}
