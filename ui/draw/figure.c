/* See figure.h. What a document consists of; figure-json.c reads and writes it. */
#include "ui/draw/figure.h"

#include <pango/pangocairo.h>
#include <string.h>

#include "engine/method.h"
#include "engine/metrics/protocol.h"
#include "ui/draw/figure-drawing.h"

const UiFigureWidth ui_figure_widths[] = {
  { "one-column", "One column", 85 }, { "two-columns", "Two columns", 174 },
  { "icml", "ICML", 82.6 },           { "neurips", "NeurIPS", 139.7 },
  { "slide", "Slide", 254 },          { NULL, NULL, 0 },
};

/* The first that is installed; all look like the text of a paper set in Times. The last one always is. */
static const char *const fonts[] = { "Liberation Serif", "Times New Roman", "TeX Gyre Termes", "Nimbus Roman",
                                     "Serif" };

static const char *const default_scores[] = { "rise-deletion", "rise-insertion" };

/* ---- fonts ---- */

gboolean
ui_font_is_installed (const char *family)
{
  PangoFontFamily **families;
  int n;
  gboolean found = FALSE;
  pango_font_map_list_families (pango_cairo_font_map_get_default (), &families, &n);
  for (int i = 0; i < n && !found; i++)
    found = g_ascii_strcasecmp (pango_font_family_get_name (families[i]), family) == 0;
  g_free (families);
  return found;
}

static const char *
default_font (void)
{
  guint i = 0;
  while (i + 1 < G_N_ELEMENTS (fonts) && !ui_font_is_installed (fonts[i]))
    i++;
  return fonts[i];
}

/* ---- birth and death ---- */

static void
file_clear (UiFigureFile *self)
{
  g_free (self->path);
  g_free (self->sha256);
}

static void
file_copy (UiFigureFile *self)
{
  self->path = g_strdup (self->path);
  self->sha256 = g_strdup (self->sha256);
}

static void
model_free (gpointer data)
{
  UiFigureModel *self = data;
  file_clear (&self->file);
  g_free (self->name);
  g_free (self->output);
  g_free (self);
}

void
ui_figure_row_free (UiFigureRow *self)
{
  file_clear (&self->picture);
  g_free (self->class_name);
  g_free (self->label);
  g_free (self);
}

void
ui_figure_column_free (UiFigureColumn *self)
{
  g_free (self->heading);
  g_free (self->method);
  g_free (self->values);
  g_free (self->layer);
  g_free (self->protocol);
  g_free (self);
}

static UiFigure *
new_empty (void)
{
  UiFigure *self = g_new0 (UiFigure, 1);
  self->models = g_ptr_array_new_with_free_func (model_free);
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify)ui_figure_row_free);
  self->columns = g_ptr_array_new_with_free_func ((GDestroyNotify)ui_figure_column_free);
  self->scores = g_ptr_array_new_with_free_func (g_free);
  return self;
}

UiFigure *
ui_figure_new (void)
{
  UiFigure *self = new_empty ();
  self->width = ui_figure_widths[0].mm;
  self->gap = 1.2;
  self->font = g_strdup (default_font ());
  self->text_size = 8;
  self->score_size = 7;
  self->show = UI_SHOW_HEADINGS | UI_SHOW_LABELS | UI_SHOW_BARS | UI_SHOW_SCORES;
  ui_display_init (&self->display);
  for (guint i = 0; i < G_N_ELEMENTS (default_scores); i++)
    g_ptr_array_add (self->scores, g_strdup (default_scores[i]));
  return self;
}

void
ui_figure_free (UiFigure *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->models);
  g_ptr_array_unref (self->rows);
  g_ptr_array_unref (self->columns);
  g_ptr_array_unref (self->scores);
  g_free (self->font);
  g_free (self->caption);
  g_free (self);
}

UiFigureRow *
ui_figure_row_copy (const UiFigureRow *self)
{
  UiFigureRow *copy = g_new (UiFigureRow, 1);
  *copy = *self;
  file_copy (&copy->picture);
  copy->class_name = g_strdup (self->class_name);
  copy->label = g_strdup (self->label);
  return copy;
}

UiFigureColumn *
ui_figure_column_copy (const UiFigureColumn *self)
{
  UiFigureColumn *copy = g_new (UiFigureColumn, 1);
  *copy = *self;
  copy->heading = g_strdup (self->heading);
  copy->method = g_strdup (self->method);
  copy->values = g_strdup (self->values);
  copy->layer = g_strdup (self->layer);
  copy->protocol = g_strdup (self->protocol);
  return copy;
}

UiFigure *
ui_figure_copy (const UiFigure *self)
{
  UiFigure *copy = new_empty ();
  UiFigure lists = *copy;
  *copy = *self;
  copy->models = lists.models;
  copy->rows = lists.rows;
  copy->columns = lists.columns;
  copy->scores = lists.scores;
  copy->font = g_strdup (self->font);
  copy->caption = g_strdup (self->caption);
  for (guint i = 0; i < self->models->len; i++)
    {
      const UiFigureModel *from = self->models->pdata[i];
      UiFigureModel *model = ui_figure_add_model (copy, from->file.path, from->file.sha256);
      model->name = g_strdup (from->name);
      model->output = g_strdup (from->output);
    }
  for (guint i = 0; i < self->rows->len; i++)
    g_ptr_array_add (copy->rows, ui_figure_row_copy (self->rows->pdata[i]));
  for (guint i = 0; i < self->columns->len; i++)
    g_ptr_array_add (copy->columns, ui_figure_column_copy (self->columns->pdata[i]));
  for (guint i = 0; i < self->scores->len; i++)
    g_ptr_array_add (copy->scores, g_strdup (self->scores->pdata[i]));
  return copy;
}

gboolean
ui_figure_equal (const UiFigure *a, const UiFigure *b)
{
  g_autofree char *x = ui_figure_to_json (a, FALSE), *y = ui_figure_to_json (b, FALSE);
  return strcmp (x, y) == 0;
}

/* ---- its lists ---- */

UiFigureModel *
ui_figure_add_model (UiFigure *self, const char *path, const char *sha256)
{
  UiFigureModel *model = g_new0 (UiFigureModel, 1);
  model->file.path = g_strdup (path);
  model->file.sha256 = g_strdup (sha256);
  g_ptr_array_add (self->models, model);
  return model;
}

UiFigureRow *
ui_figure_add_row (UiFigure *self, const char *path, const char *sha256)
{
  UiFigureRow *row = g_new0 (UiFigureRow, 1);
  row->picture.path = g_strdup (path);
  row->picture.sha256 = g_strdup (sha256);
  row->class_index = -1;
  row->x1 = row->y1 = 1;
  g_ptr_array_add (self->rows, row);
  return row;
}

UiFigureColumn *
ui_figure_add_column (UiFigure *self, UiFigureKind kind, const char *method)
{
  UiFigureColumn *column = g_new0 (UiFigureColumn, 1);
  column->kind = kind;
  column->model = -1;
  column->contrast = -1;
  column->share = ENG_PROTOCOL_THRESHOLD;
  column->fill = ENG_FILL_BLACK;
  if (kind == UI_COLUMN_MAP || kind == UI_COLUMN_MASKED)
    column->method = g_strdup (method);
  if (kind == UI_COLUMN_PLOT)
    column->protocol = g_strdup ("rise-deletion");
  g_ptr_array_add (self->columns, column);
  return column;
}

UiFigureModel *
ui_figure_model (const UiFigure *self, guint i)
{
  return i < self->models->len ? self->models->pdata[i] : NULL;
}

UiFigureRow *
ui_figure_row (const UiFigure *self, guint i)
{
  return i < self->rows->len ? self->rows->pdata[i] : NULL;
}

UiFigureColumn *
ui_figure_column (const UiFigure *self, guint i)
{
  return i < self->columns->len ? self->columns->pdata[i] : NULL;
}

guint
ui_figure_panel_model (const UiFigure *self, guint row, guint column)
{
  const UiFigureColumn *c = ui_figure_column (self, column);
  const UiFigureRow *r = ui_figure_row (self, row);
  int model = c && c->model >= 0 ? c->model : r ? r->model : 0;
  return self->models->len == 0 ? 0 : CLAMP (model, 0, (int)self->models->len - 1);
}

/* ---- words that nobody wrote ---- */

char *
ui_figure_heading (const UiFigureColumn *column)
{
  const EngMethod *method = column->method ? eng_method_find (column->method, NULL) : NULL;
  const char *name = method ? method->name : column->method;
  const EngProtocol *protocol = column->protocol ? eng_protocol_find (column->protocol, NULL) : NULL;
  if (column->heading)
    return g_strdup (column->heading);
  switch (column->kind)
    {
    case UI_COLUMN_MAP:
      return g_strdup (name);
    case UI_COLUMN_MASKED:
      return g_strdup_printf ("%s, %.3g\u2009%% %s", name, 100 * column->share,
                              column->mode == ENG_MASK_REMOVE ? "removed" : "kept");
    case UI_COLUMN_PLOT:
      return g_strdup (protocol ? protocol->name : column->protocol);
    default:
      return g_strdup ("Image");
    }
}

char *
ui_figure_model_name (const UiFigureModel *model)
{
  if (model->name)
    return g_strdup (model->name);
  g_autofree char *base = g_path_get_basename (model->file.path);
  char *dot = strrchr (base, '.');
  if (dot && dot > base)
    *dot = 0;
  return g_filename_display_name (base);
}
