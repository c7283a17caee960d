/* The part of the composer that runs the model: measurements of panels whose map is there, at the lowest priority and
 * only while somebody looks; and, when a person asks, the maps that are missing. One thing at a time; what a person
 * waits for elsewhere goes first. See composer-private.h. */
#include "ui/composer-private.h"

#define MAP_PRIORITY 500      /* asked for, after what the tiles want */
#define MEASURE_PRIORITY 1002 /* after everything */

/* The first panel in that state. FALSE: none. */
static gboolean
find_panel (UiComposer *self, UiPanelState state, guint *row, guint *column, UiPanel *out)
{
  for (*row = 0; *row < self->figure->rows->len; ++*row)
    for (*column = 0; *column < self->figure->columns->len; ++*column)
      {
        ui_composer_look (self, *row, *column, out);
        if (out->state == state)
          return TRUE;
        ui_panel_clear (out);
      }
  return FALSE;
}

static guint
count (UiComposer *self, UiPanelState state)
{
  guint n = 0;
  for (guint r = 0; r < self->figure->rows->len; r++)
    for (guint c = 0; c < self->figure->columns->len; c++)
      {
        g_auto (UiPanel) panel = { 0 };
        ui_composer_look (self, r, c, &panel);
        n += panel.state == state;
      }
  return n;
}

static void
tell (UiComposer *self)
{
  g_signal_emit (self, ui_composer_signals[UI_COMPOSER_DRAWN], 0);
}

/* ---- measuring ---- */

typedef struct
{
  UiComposer *composer; /* owned, touched on the main thread only */
  char *key;
  UiFigure *figure;
  guint row, column;
  EngModel *model;
  EngImage *image;
  int class_index;
  GPtrArray *maps; /* EngHeatmap* by column; NULL: none */
  EngSubject *subject;
  UiFigureCells *cells;
  GCancellable *cancellable;
  GError *error;
} Measure;

static EngHeatmap *
give_map (guint column, gpointer data, GError **error)
{
  Measure *measure = data;
  if (!measure->maps->pdata[column])
    eng_fail (error, ENG_ERROR_INVALID, "The map is not there");
  return measure->maps->pdata[column];
}

static void
measure_work (gpointer data)
{
  Measure *m = data;
  if (g_cancellable_is_cancelled (m->cancellable))
    return;
  if (!m->subject)
    m->subject = eng_subject_new (m->model, m->image, m->class_index, &m->error);
  if (m->subject)
    ui_figure_fill_cell (ui_figure_cells_at (m->cells, m->row, m->column), m->figure, m->row, m->column, m->subject,
                         give_map, m, m->cancellable, &m->error);
}

static void
free_map (gpointer map)
{
  if (map)
    eng_heatmap_unref (map);
}

static void
measure_done (gpointer data)
{
  Measure *m = data;
  UiComposer *self = m->composer;
  gboolean stopped = g_cancellable_is_cancelled (m->cancellable);
  if (self->measuring == m->cancellable)
    g_clear_object (&self->measuring);
  if (self->session && m->subject && m->subject != self->subject)
    {
      g_clear_pointer (&self->subject, eng_subject_unref);
      self->subject = eng_subject_ref (m->subject);
    }
  if (self->session && !stopped)
    {
      UiFigureCell *cell = ui_figure_cells_at (m->cells, m->row, m->column);
      if (m->error && cell->state == UI_CELL_MISSING)
        ui_figure_cell_set_impossible (cell, m->error->message);
      g_hash_table_insert (self->facts, g_strdup (m->key), ui_facts_new (m->cells, m->row, m->column));
      ui_composer_refresh (self);
    }
  ui_composer_pump (self);
  g_object_unref (self);
  g_free (m->key);
  ui_figure_free (m->figure);
  g_object_unref (m->model);
  eng_image_unref (m->image);
  g_ptr_array_unref (m->maps);
  g_clear_pointer (&m->subject, eng_subject_unref);
  ui_figure_cells_unref (m->cells);
  g_object_unref (m->cancellable);
  g_clear_error (&m->error);
  g_free (m);
}

static void
start_measuring (UiComposer *self, guint row, guint column, const UiPanel *panel)
{
  EngModel *model = ui_session_model (self->session);
  Measure *m = g_new0 (Measure, 1);
  m->composer = g_object_ref (self);
  m->key = g_strdup (panel->key);
  m->figure = ui_figure_copy (self->figure);
  m->row = row;
  m->column = column;
  m->model = g_object_ref (model);
  m->image = eng_image_ref (panel->image);
  m->class_index = panel->class_index;
  m->maps = g_ptr_array_new_with_free_func (free_map);
  for (guint c = 0; c < self->figure->columns->len; c++)
    {
      const UiFigureColumn *other = ui_figure_column (self->figure, c);
      gboolean has_map = other->kind == UI_COLUMN_MAP || other->kind == UI_COLUMN_MASKED;
      g_autofree char *key =
          has_map ? ui_figure_map_key (other, model, panel->image, panel->class_index, NULL) : NULL;
      EngHeatmap *map = key ? ui_composer_find_map (self, key) : NULL;
      g_ptr_array_add (m->maps, map ? eng_heatmap_ref (map) : NULL);
    }
  m->cells = ui_figure_cells_new (self->figure);
  m->cancellable = g_cancellable_new ();
  if (self->subject && eng_subject_model (self->subject) == model && eng_subject_image (self->subject) == panel->image
      && eng_subject_class_index (self->subject) == panel->class_index)
    m->subject = eng_subject_ref (self->subject);
  self->measuring = g_object_ref (m->cancellable);
  eng_engine_push (MEASURE_PRIORITY, measure_work, measure_done, m);
}

/* ---- the first choice ---- */

typedef struct
{
  UiComposer *composer; /* owned */
  char *key;
  EngModel *model;
  EngImage *image;
  float *logits;
} Predict;

static void
predict_work (gpointer data)
{
  Predict *predict = data;
  predict->logits = ui_session_predict (predict->model, predict->image, NULL);
}

static void
predict_done (gpointer data)
{
  Predict *predict = data;
  UiComposer *self = predict->composer;
  self->predicting = FALSE;
  if (self->session && predict->logits)
    {
      int top = eng_softmax (predict->logits, eng_model_n_classes (predict->model), predict->logits);
      g_hash_table_insert (self->choices, g_steal_pointer (&predict->key), GINT_TO_POINTER (top + 1));
      ui_composer_refresh (self);
      ui_composer_pump (self);
    }
  else if (self->session)
    ui_composer_stop (self);
  g_object_unref (self);
  g_free (predict->key);
  g_object_unref (predict->model);
  eng_image_unref (predict->image);
  g_free (predict->logits);
  g_free (predict);
}

static void
start_predicting (UiComposer *self, const UiPanel *panel)
{
  Predict *predict = g_new0 (Predict, 1);
  predict->composer = g_object_ref (self);
  predict->model = g_object_ref (ui_session_model (self->session));
  predict->image = eng_image_ref (panel->image);
  predict->key = ui_composer_choice_key (eng_image_sha256 (panel->image), predict->model);
  self->predicting = TRUE;
  eng_engine_push (MAP_PRIORITY, predict_work, predict_done, predict);
}

/* ---- maps ---- */

static void
fail (UiComposer *self, const char *key, const char *message)
{
  g_hash_table_insert (self->failures, g_strdup (key), g_strdup (message));
  self->done++;
  ui_composer_refresh (self);
}

static void
on_job (EngJob *job, UiComposer *self)
{
  EngJobState state = eng_job_state (job);
  if (state == ENG_JOB_QUEUED || state == ENG_JOB_RUNNING)
    {
      tell (self);
      return;
    }
  g_autoptr (EngJob) hold = g_object_ref (job);
  g_autoptr (UiComposer) self_hold = g_object_ref (self);
  g_signal_handlers_disconnect_by_data (job, self);
  g_clear_object (&self->job);
  if (state == ENG_JOB_DONE)
    {
      ui_session_keep_map (self->session, self->job_key, eng_job_heatmap (job), TRUE);
      self->done++;
      ui_composer_refresh (self);
    }
  else if (eng_job_error (job))
    fail (self, self->job_key, eng_job_error (job)->message);
  ui_composer_pump (self);
}

static void
start_map (UiComposer *self, guint column, const UiPanel *panel)
{
  const UiFigureColumn *c = ui_figure_column (self->figure, column);
  g_autoptr (GError) error = NULL;
  EngJob *job = ui_figure_map_job (c, ui_session_model (self->session), panel->image, panel->class_index, &error);
  if (!job)
    {
      fail (self, panel->map_key, error->message);
      ui_composer_pump (self);
      return;
    }
  g_free (self->job_key);
  g_free (self->job_words);
  self->job = job;
  self->job_key = g_strdup (panel->map_key);
  self->job_words = g_strdup_printf ("%s for %s", eng_job_method (job)->name, panel->class_name);
  g_signal_connect (job, "changed", G_CALLBACK (on_job), self);
  eng_job_start (job, MAP_PRIORITY);
}

/* FALSE: nothing is missing any more, or all of it waits for something else. */
static gboolean
compute_next (UiComposer *self)
{
  g_auto (UiPanel) panel = { 0 };
  guint row, column;
  if (!find_panel (self, UI_PANEL_MISSING, &row, &column, &panel))
    {
      self->computing = count (self, UI_PANEL_WAITS) > 0; /* pictures and the disk */
      if (!self->computing)
        tell (self);
      return FALSE;
    }
  if (panel.class_index < 0)
    start_predicting (self, &panel);
  else
    start_map (self, column, &panel);
  tell (self);
  return TRUE;
}

void
ui_composer_pump (UiComposer *self)
{
  if (!self->session || self->job || self->predicting)
    return;
  gboolean busy = ui_session_is_busy (self->session);
  if (self->computing && !busy && ui_session_model (self->session))
    {
      if (self->measuring)
        g_cancellable_cancel (self->measuring);
      if (compute_next (self))
        return;
    }
  if (self->measuring)
    {
      if (busy)
        g_cancellable_cancel (self->measuring);
      return;
    }
  g_auto (UiPanel) panel = { 0 };
  guint row, column;
  if (!busy && self->watchers > 0 && find_panel (self, UI_PANEL_UNKNOWN, &row, &column, &panel))
    start_measuring (self, row, column, &panel);
}

void
ui_composer_compute (UiComposer *self)
{
  if (!self->session || self->computing)
    return;
  /* A picture that changed is taken as it is now; what failed is tried again. */
  for (guint i = 0; i < self->figure->rows->len; i++)
    {
      UiFigureRow *row = ui_figure_row (self->figure, i);
      g_auto (UiPanel) panel = { 0 };
      if (self->figure->columns->len > 0)
        ui_composer_look (self, i, 0, &panel);
      if (panel.old)
        {
          g_free (row->picture.sha256);
          row->picture.sha256 = g_strdup (eng_image_sha256 (panel.image));
        }
    }
  g_hash_table_remove_all (self->failures);
  self->computing = TRUE;
  self->done = 0;
  self->total = count (self, UI_PANEL_MISSING);
  ui_composer_changed (self);
  ui_composer_pump (self);
}

/* Nothing that is under way has a listener any more. */
void
ui_composer_give_up (UiComposer *self)
{
  self->computing = FALSE;
  if (self->measuring)
    g_cancellable_cancel (self->measuring);
  if (!self->job)
    return;
  g_signal_handlers_disconnect_by_data (self->job, self);
  eng_job_cancel (self->job);
  g_clear_object (&self->job);
}

void
ui_composer_stop (UiComposer *self)
{
  ui_composer_give_up (self);
  ui_composer_refresh (self);
  tell (self);
}

gboolean
ui_composer_computing (UiComposer *self)
{
  return self->computing;
}

char *
ui_composer_status (UiComposer *self, double *fraction)
{
  *fraction = -1;
  if (self->computing)
    {
      double part = self->job ? eng_job_progress (self->job, NULL, NULL, NULL) : 0;
      *fraction = self->total ? MIN ((self->done + part) / self->total, 1) : -1;
      return self->job && self->total ? g_strdup_printf ("Computing %s, %u of %u", self->job_words,
                                                         MIN (self->done + 1, self->total), self->total)
                                      : g_strdup ("Computing what is missing");
    }
  guint unknown = self->session && self->watchers > 0 ? count (self, UI_PANEL_UNKNOWN) : 0;
  if (unknown == 0)
    return NULL;
  guint known = count (self, UI_PANEL_DONE);
  *fraction = (double)known / (known + unknown);
  return g_strdup_printf ("Measuring, %u of %u panels", known + 1, known + unknown);
}
