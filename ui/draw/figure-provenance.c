/* How a figure came to be: the document, and for every panel what was computed and how it is shown. */
#include <json-glib/json-glib.h>
#include <math.h>

#include "engine/engine.h"
#include "ui/draw/figure-export.h"
#include "ui/draw/figure-private.h"
#include "ui/draw/figure-words.h"

static void
put_text (JsonObject *out, const char *key, const char *text)
{
  if (text && *text)
    json_object_set_string_member (out, key, text);
}

/* JSON has no NaN: what is not known is not said. */
static void
put_number (JsonObject *out, const char *key, double value)
{
  if (isfinite (value))
    json_object_set_double_member (out, key, value);
}

static JsonObject *
describe_map (const EngHeatmap *map)
{
  const EngProvenance *p = eng_heatmap_provenance (map);
  JsonObject *out = json_object_new ();
  JsonNode *values = p->values ? json_from_string (p->values, NULL) : NULL;
  g_autofree char *seed = g_strdup_printf ("%" G_GUINT64_FORMAT, p->seed);
  put_text (out, "method", p->method_id);
  if (values)
    json_object_set_member (out, "values", values);
  put_text (out, "layer", p->layer);
  json_object_set_string_member (out, "seed", seed);
  put_text (out, "model-sha256", p->model_sha256);
  put_text (out, "picture-sha256", p->image_sha256);
  put_text (out, "preprocessing", p->preprocessing);
  put_text (out, "version", p->version);
  put_text (out, "kernels", p->kernels);
  json_object_set_int_member (out, "rows", eng_heatmap_rows (map));
  json_object_set_int_member (out, "cols", eng_heatmap_cols (map));
  if (p->contrast_index >= 0)
    put_text (out, "contrast", p->contrast_name);
  if (p->partial)
    {
      json_object_set_int_member (out, "done", (gint64)p->done);
      json_object_set_int_member (out, "total", (gint64)p->total);
    }
  return out;
}

static JsonObject *
describe_scores (const UiFigureCell *cell)
{
  JsonObject *out = json_object_new ();
  for (guint i = 0; i < cell->scores->len; i++)
    {
      const UiCellScore *score = &g_array_index (cell->scores, UiCellScore, i);
      put_number (out, score->protocol->id, score->value);
    }
  return out;
}

static JsonObject *
describe_panel (const UiFigureDrawing *self, guint row, guint column)
{
  static const char *const states[] = { "missing", "ready", "old", "impossible" };
  const UiFigureCell *cell = ui_figure_cells_at (self->cells, row, column);
  UiScale scale;
  JsonObject *out = json_object_new ();
  json_object_set_int_member (out, "row", row);
  json_object_set_int_member (out, "column", column);
  json_object_set_string_member (out, "state", states[cell->state]);
  put_text (out, "class", cell->class_name);
  put_number (out, "probability", cell->probability);
  put_number (out, "masked-probability", cell->masked_score);
  if (cell->map)
    json_object_set_object_member (out, "map", describe_map (cell->map));
  if (ui_figure_drawing_scale (self, row, column, &scale))
    {
      put_number (out, "shown-lo", scale.lo);
      put_number (out, "shown-hi", scale.hi);
    }
  if (cell->scores->len > 0)
    json_object_set_object_member (out, "scores", describe_scores (cell));
  return out;
}

static JsonArray *
describe_models (const UiFigureDrawing *self)
{
  JsonArray *list = json_array_new ();
  for (guint i = 0; i < self->figure->models->len; i++)
    {
      JsonObject *out = json_object_new ();
      put_text (out, "name", ui_figure_cells_model_name (self->cells, i));
      put_text (out, "sha256", ui_figure_cells_model_sha256 (self->cells, i));
      json_array_add_object_element (list, out);
    }
  return list;
}

/* Digests that became known while the figure was computed belong into the document: it finds its files by them. */
static UiFigure *
with_digests (const UiFigureDrawing *self)
{
  UiFigure *figure = ui_figure_copy (self->figure);
  for (guint i = 0; i < figure->models->len; i++)
    {
      UiFigureModel *model = ui_figure_model (figure, i);
      if (!model->file.sha256)
        model->file.sha256 = g_strdup (ui_figure_cells_model_sha256 (self->cells, i));
    }
  for (guint r = 0; r < figure->rows->len; r++)
    for (guint c = 0; c < figure->columns->len; c++)
      {
        UiFigureRow *row = ui_figure_row (figure, r);
        const UiFigureCell *cell = ui_figure_cells_at (self->cells, r, c);
        if (!row->picture.sha256 && cell->image)
          row->picture.sha256 = g_strdup (eng_image_sha256 (cell->image));
      }
  return figure;
}

char *
ui_figure_provenance (const UiFigureDrawing *self, gboolean names_only)
{
  g_autoptr (UiFigure) figure = with_digests (self);
  g_autofree char *document = ui_figure_to_json (figure, names_only), *caption = ui_figure_caption (self);
  g_autoptr (JsonNode) root = json_from_string (document, NULL);
  JsonObject *out = json_object_new ();
  JsonArray *panels = json_array_new ();
  json_object_set_string_member (out, "program", "Sightline " ENG_VERSION);
  json_object_set_string_member (out, "caption", caption);
  json_object_set_string_member (out, "font", self->font);
  json_object_set_array_member (out, "models", describe_models (self));
  for (guint r = 0; r < figure->rows->len; r++)
    for (guint c = 0; c < figure->columns->len; c++)
      json_array_add_object_element (panels, describe_panel (self, r, c));
  json_object_set_array_member (out, "panels", panels);
  json_object_set_object_member (json_node_get_object (root), "provenance", out);
  g_autofree char *text = json_to_string (root, !names_only);
  return ui_figure_json_ascii (text);
}
