/* See figure-compute.h. Row by row: a picture is read once, and what one model says of one class of it (fills,
 * scores) is kept while its row is worked on. */
#include "app/commands/figure-compute.h"

#include "app/commands/command.h"
#include "app/commands/progress.h"
#include "ui/draw/figure-fill.h"

typedef struct
{
  const UiFigure *figure;
  UiFigureCells *cells;
  GPtrArray *models;    /* EngModel* */
  GHashTable *maps;     /* of the row: eng_result_key() -> EngHeatmap* */
  GHashTable *subjects; /* of the row: "MODEL CLASS" -> EngSubject* */
  EngImage *image;      /* of the row */
  guint row;
  EngSubject *subject; /* of the panel in work, borrowed from the row */
} Work;

/* What the panel's model says of its class. */
static gboolean
prepare (Work *work, guint column, GError **error)
{
  guint m = ui_figure_panel_model (work->figure, work->row, column);
  int index;
  if (work->models->len == 0)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "The figure names no classifier.");
  if (!ui_figure_row_class (ui_figure_row (work->figure, work->row), work->models->pdata[m], &index, error))
    return FALSE;
  g_autofree char *key = g_strdup_printf ("%u %d", m, index);
  work->subject = g_hash_table_lookup (work->subjects, key);
  if (work->subject)
    return TRUE;
  work->subject = eng_subject_new (work->models->pdata[m], work->image, index, error);
  if (work->subject)
    g_hash_table_insert (work->subjects, g_steal_pointer (&key), work->subject);
  return work->subject != NULL;
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

/* Kept until the row is done. */
static EngHeatmap *
find_map (guint column, gpointer data, GError **error)
{
  Work *work = data;
  const UiFigureColumn *c = ui_figure_column (work->figure, column);
  EngModel *model = eng_subject_model (work->subject);
  int index = eng_subject_class_index (work->subject);
  g_autofree char *key = ui_figure_map_key (c, model, work->image, index, error);
  EngHeatmap *map = key ? g_hash_table_lookup (work->maps, key) : NULL;
  if (map || !key)
    return map;
  g_autoptr (EngJob) job = ui_figure_map_job (c, model, work->image, index, error);
  map = job ? run_job (work, job, error) : NULL;
  if (map)
    g_hash_table_insert (work->maps, g_steal_pointer (&key), map);
  return map;
}

static gboolean
fill_cell (Work *work, guint column, UiFigureCell *cell, GError **error)
{
  return prepare (work, column, error)
         && ui_figure_fill_cell (cell, work->figure, work->row, column, work->subject, find_map, work,
                                 app_interrupt_cancellable (), error);
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

/* FALSE after a message when no row's class exists: a name that is mistyped is said once, not for every picture. */
static gboolean
any_class (const Work *work)
{
  g_autoptr (GError) first = NULL;
  for (guint r = 0; r < work->figure->rows->len && work->models->len > 0; r++)
    {
      const UiFigureRow *row = ui_figure_row (work->figure, r);
      int index;
      if (ui_figure_row_class (row, work->models->pdata[row->model], &index, first ? NULL : &first))
        return TRUE;
    }
  if (first)
    app_complain ("%s", first->message);
  return !first;
}

UiFigureCells *
app_figure_compute (const UiFigure *figure, gboolean *failed)
{
  Work work = { .figure = figure, .cells = ui_figure_cells_new (figure) };
  work.models = g_ptr_array_new_with_free_func (g_object_unref);
  work.maps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)eng_heatmap_unref);
  work.subjects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)eng_subject_unref);
  gboolean opened = open_models (&work) && any_class (&work);
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
