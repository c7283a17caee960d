/* A figure document from JSON, with the limits of json-read.h and with words that say what to do. See figure-
 * json.c. */
#include "ui/draw/figure-json.h"

#include <string.h>

#include "engine/error.h"
#include "engine/method.h"
#include "engine/metrics/protocol.h"
#include "engine/values-json.h"
#include "ui/draw/display-json.h"

#define MOST_TEXT 8192 /* bytes of a caption, a label, a path */
#define MOST_SCORES 16

/* Text of up to MOST_TEXT bytes, which may be empty. */
static gboolean
read_text (const EngJson *in, const char *key, char **out, GError **error)
{
  if (!eng_json_has (in, key))
    return TRUE;
  JsonNode *node = json_object_get_member (in->object, key);
  const char *text = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
  if (!text || strlen (text) > MOST_TEXT || !g_utf8_validate (text, -1, NULL))
    return eng_json_fail (in, key, "a text of sensible length", error);
  g_free (*out);
  *out = g_strdup (text);
  return TRUE;
}

static gboolean
read_seed (const EngJson *in, guint64 *out, GError **error)
{
  g_autofree char *text = NULL;
  if (!read_text (in, "seed", &text, error))
    return FALSE;
  return !text || g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, out, NULL)
         || eng_json_fail (in, "seed", "a whole number in a text", error);
}

static gboolean
is_digest (const char *text)
{
  return strlen (text) == 64 && strspn (text, "0123456789abcdef") == 64;
}

static gboolean
read_file (const EngJson *in, UiFigureFile *file, GError **error)
{
  g_autofree char *path = NULL;
  if (!read_text (in, "path", &path, error) || !read_text (in, "sha256", &file->sha256, error))
    return FALSE;
  if (file->sha256 && !is_digest (file->sha256))
    return eng_json_fail (in, "sha256", "64 hexadecimal digits", error);
  if (path && g_str_has_prefix (path, "file:"))
    file->path = g_uri_unescape_string (path + strlen ("file:"), NULL);
  else
    file->path = g_steal_pointer (&path);
  return (file->path && *file->path) || eng_json_fail (in, "path", "the path of a file", error);
}

/* Calls @each on every object of the list at @key. */
static gboolean
read_list (const EngJson *root, const char *key, const char *prefix, guint most,
           gboolean (*each) (const EngJson *in, UiFigure *self, GError **error), UiFigure *self, GError **error)
{
  if (!eng_json_has (root, key))
    return TRUE;
  if (!eng_json_is_array (root, key))
    return eng_json_fail (root, key, "a list", error);
  JsonArray *list = json_object_get_array_member (root->object, key);
  guint n = json_array_get_length (list);
  if (n > most)
    {
      g_autofree char *expected = g_strdup_printf ("a list of at most %u", most);
      return eng_json_fail (root, key, expected, error);
    }
  for (guint i = 0; i < n; i++)
    {
      JsonNode *node = json_array_get_element (list, i);
      if (!JSON_NODE_HOLDS_OBJECT (node))
        return eng_json_fail (root, key, "a list of objects", error);
      EngJson in = { json_node_get_object (node), root->origin, prefix };
      if (!each (&in, self, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_model (const EngJson *in, UiFigure *self, GError **error)
{
  UiFigureModel *model = ui_figure_add_model (self, NULL, NULL);
  return read_file (in, &model->file, error) && read_text (in, "name", &model->name, error)
         && read_text (in, "output", &model->output, error);
}

static gboolean
read_box (const EngJson *in, UiFigureRow *row, GError **error)
{
  double box[4] = { 0, 0, 1, 1 };
  gboolean found = FALSE;
  if (!eng_json_numbers (in, "box", 4, 0, 1, box, &found, error))
    return FALSE;
  if (box[0] >= box[2] || box[1] >= box[3])
    return eng_json_fail (in, "box", "left, top, right, bottom as shares of the picture, in that order", error);
  row->x0 = box[0];
  row->y0 = box[1];
  row->x1 = box[2];
  row->y1 = box[3];
  return TRUE;
}

static gboolean
read_row (const EngJson *in, UiFigure *self, GError **error)
{
  UiFigureRow *row = ui_figure_add_row (self, NULL, NULL);
  int crop = 0, most = MAX (0, (int)self->models->len - 1);
  if (!read_file (in, &row->picture, error) || !eng_json_int (in, "model", 0, most, &row->model, error)
      || !eng_json_int (in, "class", -1, G_MAXINT, &row->class_index, error)
      || !read_text (in, "class-name", &row->class_name, error) || !read_text (in, "label", &row->label, error)
      || !eng_json_choice (in, "crop", ui_figure_crop_ids, &crop, error) || !read_box (in, row, error))
    return FALSE;
  row->crop = (UiFigureCrop)crop;
  return TRUE;
}

/* Values go through the method's own table, so that what is kept is what the method would take. */
static gboolean
read_method (const EngJson *in, UiFigureColumn *column, GError **error)
{
  g_autoptr (GError) inner = NULL;
  EngJson json = { 0 };
  if (!read_text (in, "method", &column->method, error) || !read_text (in, "layer", &column->layer, error)
      || !eng_json_int (in, "contrast", -1, G_MAXINT, &column->contrast, error)
      || !read_seed (in, &column->seed, error) || !eng_json_object (in, "values", "columns.values.", &json, error))
    return FALSE;
  const EngMethod *method = eng_method_find (column->method ? column->method : "", &inner);
  if (!method)
    return eng_json_fail (in, "method",
                          "the id of a method that this version has; “sightline-cli methods” lists them", error);
  if (!json.object)
    return TRUE;
  g_autoptr (EngValues) values = eng_values_new (method, NULL);
  if (!eng_values_read (values, &json, error))
    return FALSE;
  column->values = eng_values_to_json (values);
  return TRUE;
}

static gboolean
read_masked (const EngJson *in, UiFigureColumn *column, GError **error)
{
  int mode = (int)column->mode, order = (int)column->order;
  g_autofree char *fill = NULL;
  if (!eng_json_double (in, "share", 0, 1, &column->share, error)
      || !eng_json_choice (in, "mode", ui_figure_mode_ids, &mode, error)
      || !eng_json_choice (in, "order", ui_figure_order_ids, &order, error) || !read_text (in, "fill", &fill, error))
    return FALSE;
  int found = fill ? eng_fill_find (fill) : (int)column->fill;
  if (found < 0)
    return eng_json_fail (in, "fill", "black, mean, blur, noise or another fill of this version", error);
  column->mode = (EngMaskMode)mode;
  column->order = (EngRankOrder)order;
  column->fill = (EngFill)found;
  return TRUE;
}

static gboolean
read_plot (const EngJson *in, UiFigureColumn *column, GError **error)
{
  if (!read_text (in, "protocol", &column->protocol, error) || !eng_json_bool (in, "band", &column->band, error))
    return FALSE;
  const EngProtocol *protocol = eng_protocol_find (column->protocol, NULL);
  return (protocol && protocol->x_label)
         || eng_json_fail (in, "protocol", "the id of a protocol that is a curve, such as rise-deletion", error);
}

static gboolean
read_column (const EngJson *in, UiFigure *self, GError **error)
{
  int kind = UI_COLUMN_PHOTO, most = MAX (0, (int)self->models->len - 1);
  if (!eng_json_choice (in, "kind", ui_figure_kind_ids, &kind, error))
    return FALSE;
  UiFigureColumn *column = ui_figure_add_column (self, (UiFigureKind)kind, NULL);
  if (!read_text (in, "heading", &column->heading, error)
      || !eng_json_int (in, "model", -1, most, &column->model, error))
    return FALSE;
  if ((kind == UI_COLUMN_MAP || kind == UI_COLUMN_MASKED) && !read_method (in, column, error))
    return FALSE;
  if (kind == UI_COLUMN_MASKED)
    return read_masked (in, column, error);
  return kind != UI_COLUMN_PLOT || read_plot (in, column, error);
}

static gboolean
read_show (const EngJson *root, UiFigure *self, GError **error)
{
  EngJson in;
  if (!eng_json_object (root, "show", "show.", &in, error))
    return FALSE;
  for (guint i = 0; ui_figure_show_keys[i].key; i++)
    {
      gboolean shown = (self->show & ui_figure_show_keys[i].flag) != 0;
      if (!eng_json_bool (&in, ui_figure_show_keys[i].key, &shown, error))
        return FALSE;
      self->show = shown ? self->show | ui_figure_show_keys[i].flag : self->show & ~ui_figure_show_keys[i].flag;
    }
  return TRUE;
}

static gboolean
read_display (const EngJson *root, UiFigure *self, GError **error)
{
  EngJson in;
  return eng_json_object (root, "display", "display.", &in, error) && ui_display_load (&self->display, &in, error)
         && eng_json_double (&in, "threshold", 0, 1, &self->display.threshold, error);
}

static gboolean
read_scores (const EngJson *root, UiFigure *self, GError **error)
{
  if (!eng_json_has (root, "scores"))
    return TRUE;
  if (!eng_json_is_array (root, "scores"))
    return eng_json_fail (root, "scores", "a list of protocols", error);
  JsonArray *list = json_object_get_array_member (root->object, "scores");
  guint n = json_array_get_length (list);
  if (n > MOST_SCORES)
    return eng_json_fail (root, "scores", "a list of at most 16 protocols", error);
  g_ptr_array_set_size (self->scores, 0);
  for (guint i = 0; i < n; i++)
    {
      JsonNode *node = json_array_get_element (list, i);
      const char *id = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
      if (!id || !eng_protocol_find (id, NULL))
        return eng_json_fail (root, "scores", "a list of ids of protocols, such as rise-deletion", error);
      g_ptr_array_add (self->scores, g_strdup (id));
    }
  return TRUE;
}

static gboolean
read_layout (const EngJson *in, UiFigure *self, GError **error)
{
  int pixels = (int)self->pixels, rank_by = (int)self->rank_by;
  if (!eng_json_bool (in, "swapped", &self->swapped, error)
      || !eng_json_double (in, "width", UI_FIGURE_LEAST_WIDTH, UI_FIGURE_MOST_WIDTH, &self->width, error)
      || !eng_json_double (in, "page-height", 0, UI_FIGURE_MOST_WIDTH, &self->page_height, error)
      || !eng_json_double (in, "gap", 0, 50, &self->gap, error) || !read_text (in, "font", &self->font, error)
      || !eng_json_double (in, "text-size", 1, 100, &self->text_size, error)
      || !eng_json_double (in, "score-size", 1, 100, &self->score_size, error)
      || !eng_json_choice (in, "pixels", ui_figure_pixels_ids, &pixels, error)
      || !eng_json_choice (in, "rank-by", ui_figure_rank_ids, &rank_by, error) || !read_seed (in, &self->seed, error))
    return FALSE;
  self->pixels = (UiFigurePixels)pixels;
  self->rank_by = (EngRankBy)rank_by;
  return *self->font || eng_json_fail (in, "font", "the family of a font", error);
}

static gboolean
read_version (const EngJson *root, GError **error)
{
  g_autofree char *format = NULL;
  int version = 0;
  if (!read_text (root, "format", &format, error) || !eng_json_int (root, "version", 1, G_MAXINT, &version, error))
    return FALSE;
  if (g_strcmp0 (format, UI_FIGURE_FORMAT) != 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s is not a figure of Sightline. Its \"format\" is not \"" UI_FIGURE_FORMAT "\".",
                     root->origin);
  if (version > UI_FIGURE_VERSION)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s was written by a newer version of Sightline (format %d, this one reads up to %d). Update "
                     "Sightline.",
                     root->origin, version, UI_FIGURE_VERSION);
  return version > 0 || eng_json_fail (root, "version", "a whole number", error);
}

UiFigure *
ui_figure_from_json (const char *text, gssize length, const char *origin, GError **error)
{
  g_autoptr (JsonNode) node = eng_json_parse (text, length, origin, error);
  if (!node)
    return NULL;
  g_autoptr (UiFigure) self = ui_figure_new ();
  EngJson root = { json_node_get_object (node), origin, "" };
  if (!read_version (&root, error)
      || !read_list (&root, "models", "models.", UI_FIGURE_MAX_MODELS, read_model, self, error)
      || !read_list (&root, "rows", "rows.", UI_FIGURE_MAX_ROWS, read_row, self, error)
      || !read_list (&root, "columns", "columns.", UI_FIGURE_MAX_COLUMNS, read_column, self, error)
      || !read_layout (&root, self, error) || !read_show (&root, self, error) || !read_display (&root, self, error)
      || !read_text (&root, "caption", &self->caption, error) || !read_scores (&root, self, error))
    return NULL;
  if (self->rows->len * self->columns->len > UI_FIGURE_MAX_PANELS)
    {
      eng_fail (error, ENG_ERROR_INVALID,
                "%s has %u panels, a figure has at most %d. Take rows or columns out of it.", origin,
                self->rows->len * self->columns->len, UI_FIGURE_MAX_PANELS);
      return NULL;
    }
  return g_steal_pointer (&self);
}
