/* See figure-batch.h. */
#include "app/commands/figure-batch.h"

#include "app/commands/command.h"

#define SHEET_WIDTH 174.0  /* mm: two columns */
#define SHEET_HEIGHT 245.0 /* mm: what the margins of A4 and Letter leave */

static gboolean
add_methods (UiFigure *figure, const char *list, guint64 seed, GError **error)
{
  g_auto (GStrv) ids = g_strsplit (list, ",", -1);
  ui_figure_add_column (figure, UI_COLUMN_PHOTO, NULL);
  for (char **id = ids; *id; id++)
    {
      if (!eng_method_find (g_strstrip (*id), error))
        return FALSE;
      ui_figure_add_column (figure, UI_COLUMN_MAP, *id)->seed = seed;
    }
  return TRUE;
}

static gboolean
add_scores (UiFigure *figure, const char *list, GError **error)
{
  g_auto (GStrv) ids = g_strsplit (list ? list : "", ",", -1);
  g_ptr_array_set_size (figure->scores, 0);
  for (char **id = ids; *id; id++)
    {
      const EngProtocol *protocol = eng_protocol_find (g_strstrip (*id), error);
      if (!protocol)
        return FALSE;
      if (protocol->needs_truth)
        return eng_fail (error, ENG_ERROR_ARGUMENT, "%s needs masks of the objects, which a figure has not.", *id);
      g_ptr_array_add (figure->scores, g_strdup (*id));
    }
  return TRUE;
}

/* All models of a picture below each other. */
static void
add_rows (UiFigure *figure, const char *path, const char *class_text)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  for (guint m = 0; m < figure->models->len; m++)
    {
      UiFigureRow *row = ui_figure_add_row (figure, absolute, NULL);
      row->model = (int)m;
      row->class_name = g_strdup (class_text);
    }
}

UiFigure *
app_figure_batch (const AppFigureBatch *o, gboolean *failed, GError **error)
{
  g_autoptr (UiFigure) figure = ui_figure_new ();
  g_autoptr (GPtrArray) paths = app_expand_inputs (o->images, failed);
  const char *class_text = o->class_text && !g_str_equal (o->class_text, "top") ? o->class_text : NULL;
  figure->width = SHEET_WIDTH;
  figure->page_height = SHEET_HEIGHT;
  figure->seed = (guint64)o->seed;
  for (char **path = o->models; *path; path++)
    {
      g_autofree char *absolute = g_canonicalize_filename (*path, NULL);
      ui_figure_add_model (figure, absolute, NULL);
    }
  if (figure->models->len > UI_FIGURE_MAX_MODELS || (guint64)paths->len * figure->models->len > UI_FIGURE_MAX_ROWS)
    {
      eng_fail (
          error, ENG_ERROR_ARGUMENT,
          "A figure has at most %d rows of %d classifiers, these would be %u rows. Give fewer pictures at a time.",
          UI_FIGURE_MAX_ROWS, UI_FIGURE_MAX_MODELS, paths->len * figure->models->len);
      return NULL;
    }
  if (!add_methods (figure, o->methods, figure->seed, error) || !add_scores (figure, o->scores, error))
    return NULL;
  if (paths->len * figure->models->len * figure->columns->len > UI_FIGURE_MAX_PANELS
      || figure->columns->len > UI_FIGURE_MAX_COLUMNS)
    {
      eng_fail (error, ENG_ERROR_ARGUMENT,
                "A figure has at most %d panels in %d columns. Give fewer pictures or methods.", UI_FIGURE_MAX_PANELS,
                UI_FIGURE_MAX_COLUMNS);
      return NULL;
    }
  for (guint i = 0; i < paths->len; i++)
    add_rows (figure, paths->pdata[i], class_text);
  return g_steal_pointer (&figure);
}
