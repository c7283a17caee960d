/* The figure document as JSON; see sightline-figure(5). This file writes, member by member in fixed order, and
 * holds the words; figure-read.c reads. File names are bytes and JSON is UTF-8: a name that is not UTF-8 travels
 * as a file: URI. */
#include "ui/draw/figure-json.h"

#include <string.h>

#include "ui/draw/display-json.h"
#include "ui/draw/figure-private.h"

const char *const ui_figure_crop_ids[] = { "whole", "view", "free", "inset", NULL };
const char *const ui_figure_kind_ids[] = { "photo", "map", "masked", "plot", NULL };
const char *const ui_figure_mode_ids[] = { "remove", "keep", NULL };
const char *const ui_figure_order_ids[] = { "most-relevant-first", "least-relevant-first", NULL };
const char *const ui_figure_pixels_ids[] = { "smooth", "nearest", NULL };
const char *const ui_figure_rank_ids[] = { "value", "absolute", NULL };

const UiFigureShowKey ui_figure_show_keys[] = {
  { UI_SHOW_HEADINGS, "headings" },
  { UI_SHOW_LABELS, "labels" },
  { UI_SHOW_BARS, "bars" },
  { UI_SHOW_SCORES, "scores" },
  { UI_SHOW_LETTERS, "letters" },
  { UI_SHOW_OUTLINE, "outline" },
  { 0, NULL },
};

/* ---- writing ---- */

static void
put_text (JsonObject *out, const char *key, const char *text)
{
  if (text)
    json_object_set_string_member (out, key, text);
}

static void
put_seed (JsonObject *out, guint64 seed)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, seed); /* JSON's numbers end at 2^53 */
  json_object_set_string_member (out, "seed", text);
}

static void
put_file (JsonObject *out, const UiFigureFile *file, gboolean names_only)
{
  g_autofree char *name = names_only ? g_path_get_basename (file->path) : g_strdup (file->path);
  if (g_utf8_validate (name, -1, NULL))
    json_object_set_string_member (out, "path", name);
  else
    {
      g_autofree char *escaped = g_uri_escape_string (name, "/", FALSE), *uri = g_strconcat ("file:", escaped, NULL);
      json_object_set_string_member (out, "path", uri);
    }
  put_text (out, "sha256", file->sha256);
}

static JsonArray *
write_models (const UiFigure *self, gboolean names_only)
{
  JsonArray *list = json_array_new ();
  for (guint i = 0; i < self->models->len; i++)
    {
      const UiFigureModel *model = ui_figure_model (self, i);
      JsonObject *out = json_object_new ();
      put_file (out, &model->file, names_only);
      put_text (out, "name", model->name);
      put_text (out, "output", model->output);
      json_array_add_object_element (list, out);
    }
  return list;
}

static JsonArray *
write_rows (const UiFigure *self, gboolean names_only)
{
  JsonArray *list = json_array_new ();
  for (guint i = 0; i < self->rows->len; i++)
    {
      const UiFigureRow *row = ui_figure_row (self, i);
      JsonObject *out = json_object_new ();
      put_file (out, &row->picture, names_only);
      json_object_set_int_member (out, "model", row->model);
      if (row->class_index >= 0)
        json_object_set_int_member (out, "class", row->class_index);
      put_text (out, "class-name", row->class_name);
      put_text (out, "label", row->label);
      json_object_set_string_member (out, "crop", ui_figure_crop_ids[row->crop]);
      if (row->crop == UI_CROP_FREE || row->crop == UI_CROP_INSET)
        {
          JsonArray *box = json_array_new ();
          const double corners[] = { row->x0, row->y0, row->x1, row->y1 };
          for (guint k = 0; k < G_N_ELEMENTS (corners); k++)
            json_array_add_double_element (box, corners[k]);
          json_object_set_array_member (out, "box", box);
        }
      json_array_add_object_element (list, out);
    }
  return list;
}

static void
write_method (const UiFigureColumn *column, JsonObject *out)
{
  JsonNode *values = column->values ? json_from_string (column->values, NULL) : NULL;
  put_text (out, "method", column->method);
  if (values)
    json_object_set_member (out, "values", values);
  put_text (out, "layer", column->layer);
  if (column->contrast >= 0)
    json_object_set_int_member (out, "contrast", column->contrast);
  put_seed (out, column->seed);
}

static JsonArray *
write_columns (const UiFigure *self)
{
  JsonArray *list = json_array_new ();
  for (guint i = 0; i < self->columns->len; i++)
    {
      const UiFigureColumn *column = ui_figure_column (self, i);
      JsonObject *out = json_object_new ();
      json_object_set_string_member (out, "kind", ui_figure_kind_ids[column->kind]);
      put_text (out, "heading", column->heading);
      if (column->model >= 0)
        json_object_set_int_member (out, "model", column->model);
      if (column->kind == UI_COLUMN_MAP || column->kind == UI_COLUMN_MASKED)
        write_method (column, out);
      if (column->kind == UI_COLUMN_MASKED)
        {
          json_object_set_double_member (out, "share", column->share);
          json_object_set_string_member (out, "mode", ui_figure_mode_ids[column->mode]);
          json_object_set_string_member (out, "order", ui_figure_order_ids[column->order]);
          json_object_set_string_member (out, "fill", eng_fill_info (column->fill)->id);
        }
      if (column->kind == UI_COLUMN_PLOT)
        {
          put_text (out, "protocol", column->protocol);
          json_object_set_boolean_member (out, "band", column->band);
        }
      json_array_add_object_element (list, out);
    }
  return list;
}

static JsonObject *
write_show (const UiFigure *self)
{
  JsonObject *out = json_object_new ();
  for (guint i = 0; ui_figure_show_keys[i].key; i++)
    json_object_set_boolean_member (out, ui_figure_show_keys[i].key, (self->show & ui_figure_show_keys[i].flag) != 0);
  return out;
}

static JsonObject *
write_display (const UiFigure *self)
{
  JsonObject *out = json_object_new ();
  ui_display_save (&self->display, out);
  json_object_set_double_member (out, "threshold", self->display.threshold);
  return out;
}

static JsonArray *
write_scores (const UiFigure *self)
{
  JsonArray *list = json_array_new ();
  for (guint i = 0; i < self->scores->len; i++)
    json_array_add_string_element (list, self->scores->pdata[i]);
  return list;
}

char *
ui_figure_json_ascii (const char *text)
{
  GString *out = g_string_new (NULL);
  for (const char *at = text; *at; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      if (c < 0x80)
        g_string_append_c (out, (char)c);
      else if (c < 0x10000)
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_printf (out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
    }
  return g_string_free (out, FALSE);
}

char *
ui_figure_to_json (const UiFigure *self, gboolean names_only)
{
  JsonObject *out = json_object_new ();
  json_object_set_string_member (out, "format", UI_FIGURE_FORMAT);
  json_object_set_int_member (out, "version", UI_FIGURE_VERSION);
  json_object_set_array_member (out, "models", write_models (self, names_only));
  json_object_set_array_member (out, "rows", write_rows (self, names_only));
  json_object_set_array_member (out, "columns", write_columns (self));
  json_object_set_boolean_member (out, "swapped", self->swapped);
  json_object_set_double_member (out, "width", self->width);
  json_object_set_double_member (out, "page-height", self->page_height);
  json_object_set_double_member (out, "gap", self->gap);
  put_text (out, "font", self->font);
  json_object_set_double_member (out, "text-size", self->text_size);
  json_object_set_double_member (out, "score-size", self->score_size);
  json_object_set_object_member (out, "show", write_show (self));
  json_object_set_string_member (out, "pixels", ui_figure_pixels_ids[self->pixels]);
  json_object_set_object_member (out, "display", write_display (self));
  put_text (out, "caption", self->caption);
  json_object_set_array_member (out, "scores", write_scores (self));
  json_object_set_string_member (out, "rank-by", ui_figure_rank_ids[self->rank_by]);
  put_seed (out, self->seed);
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (root, out);
  g_autofree char *text = json_to_string (root, TRUE);
  return ui_figure_json_ascii (text);
}
