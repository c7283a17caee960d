/* The part of the composer that knows what is there for every panel, and has it drawn by the loader's threads. What
 * can be had without computing (pictures, kept maps) is asked for as it is found missing. See composer-private.h. */
#include "ui/composer-private.h"

#include "ui/loader.h"
#include "ui/results.h"

#include <math.h>

#define QUIET_MS 60      /* after the last change before it is drawn */
#define MOST_ASKED 20000 /* keys remembered */
#define MOST_FACTS 4000  /* measured panels remembered */

/* ---- what was measured ---- */

UiFacts *
ui_facts_new (UiFigureCells *cells, guint row, guint column)
{
  UiFacts *self = g_rc_box_new (UiFacts);
  *self = (UiFacts){ ui_figure_cells_ref (cells), row, column };
  return self;
}

UiFacts *
ui_facts_ref (UiFacts *self)
{
  return g_rc_box_acquire (self);
}

static void
facts_clear (gpointer data)
{
  ui_figure_cells_unref (((UiFacts *)data)->cells);
}

void
ui_facts_unref (UiFacts *self)
{
  g_rc_box_release_full (self, facts_clear);
}

void
ui_panel_clear (UiPanel *self)
{
  g_clear_pointer (&self->why, g_free);
  g_clear_pointer (&self->image, eng_image_unref);
  g_clear_pointer (&self->class_name, g_free);
  g_clear_pointer (&self->map, eng_heatmap_unref);
  g_clear_pointer (&self->map_key, g_free);
  g_clear_pointer (&self->key, g_free);
  g_clear_pointer (&self->facts, ui_facts_unref);
}

/* ---- pictures ---- */

typedef struct
{
  UiComposer *composer; /* owned */
  char *path;
  EngImage *image;
  GError *error;
} Read;

static void
read_work (gpointer data)
{
  Read *read = data;
  read->image = eng_image_load (read->path, &read->error);
}

static void
read_done (gpointer data)
{
  Read *read = data;
  UiComposer *self = read->composer;
  if (read->image)
    {
      g_hash_table_remove (self->unread, read->path);
      g_hash_table_insert (self->images, g_steal_pointer (&read->path), g_steal_pointer (&read->image));
    }
  else
    g_hash_table_insert (self->unread, g_steal_pointer (&read->path), g_strdup (read->error->message));
  ui_composer_refresh (self);
  g_object_unref (self);
  g_free (read->path);
  g_clear_error (&read->error);
  g_free (read);
}

/* The picture of @path: from the session where it is open there, else read once. (transfer none) (nullable) */
static EngImage *
find_image (UiComposer *self, const char *path, const char **why)
{
  UiPicture *shown = ui_session_picture (self->session);
  *why = NULL;
  if (shown && ui_picture_image (shown) && g_str_equal (ui_picture_path (shown), path))
    return ui_picture_image (shown);
  EngImage *image = g_hash_table_lookup (self->images, path);
  if (image)
    return image;
  const char *state = g_hash_table_lookup (self->unread, path);
  if (state)
    *why = *state ? state : NULL;
  else
    {
      Read *read = g_new0 (Read, 1);
      read->composer = g_object_ref (self);
      read->path = g_strdup (path);
      g_hash_table_insert (self->unread, g_strdup (path), g_strdup (""));
      ui_loader_push (UI_LOADER_SOON, read_work, read_done, read);
    }
  return NULL;
}

static gboolean
is_used (gpointer path, gpointer value, gpointer data)
{
  const UiFigure *figure = data;
  for (guint i = 0; i < figure->rows->len; i++)
    if (g_str_equal (ui_figure_row (figure, i)->picture.path, path))
      return FALSE;
  return TRUE; /* to be removed */
}

/* ---- maps ---- */

typedef struct
{
  GWeakRef composer;
} Asked;

static void
on_looked_up (const char *key, EngHeatmap *map, gpointer data)
{
  Asked *asked = data;
  g_autoptr (UiComposer) self = g_weak_ref_get (&asked->composer);
  g_weak_ref_clear (&asked->composer);
  g_free (asked);
  if (!self || !self->session)
    return;
  g_hash_table_insert (self->asked, g_strdup (key), GINT_TO_POINTER (UI_ASKED_ABSENT));
  if (map)
    g_hash_table_insert (self->maps, g_strdup (key), eng_heatmap_ref (map));
  ui_composer_refresh (self);
}

EngHeatmap *
ui_composer_find_map (UiComposer *self, const char *key)
{
  EngHeatmap *map = ui_map_cache_find (self->session->cache, key);
  if (map && map != g_hash_table_lookup (self->maps, key))
    g_hash_table_insert (self->maps, g_strdup (key), eng_heatmap_ref (map)); /* as long as the figure is there */
  return g_hash_table_lookup (self->maps, key);
}

/* Asks the disk once. TRUE: it has not answered yet. */
static gboolean
look_up (UiComposer *self, const char *key)
{
  UiAsked state = (UiAsked)GPOINTER_TO_INT (g_hash_table_lookup (self->asked, key));
  if (state != UI_ASKED_NOT)
    return state == UI_ASKED_WAITING;
  if (g_hash_table_size (self->asked) > MOST_ASKED)
    g_hash_table_remove_all (self->asked);
  Asked *asked = g_new (Asked, 1);
  g_weak_ref_init (&asked->composer, self);
  g_hash_table_insert (self->asked, g_strdup (key), GINT_TO_POINTER (UI_ASKED_WAITING));
  ui_results_find (key, on_looked_up, asked);
  return TRUE;
}

/* ---- one panel ---- */

char *
ui_composer_choice_key (const char *image_sha256, EngModel *model)
{
  g_autofree char *view = eng_preprocess_describe (eng_model_preprocess (model));
  return g_strdup_printf ("%s\n%s\n%s\n%s", image_sha256, eng_model_sha256 (model), eng_model_output (model), view);
}

/* The first choice of the model, where somebody asked it. */
static int
find_choice (UiComposer *self, const char *path, EngImage *image, EngModel *model)
{
  UiPicture *shown = ui_session_picture (self->session);
  if (shown && g_str_equal (ui_picture_path (shown), path))
    return ui_picture_top (shown);
  g_autofree char *key = ui_composer_choice_key (eng_image_sha256 (image), model);
  return GPOINTER_TO_INT (g_hash_table_lookup (self->choices, key)) - 1;
}

/* NULL: another model than the open one. */
static EngModel *
find_model (UiComposer *self, guint row, guint column)
{
  const UiFigureModel *wanted = ui_figure_model (self->figure, ui_figure_panel_model (self->figure, row, column));
  EngModel *model = ui_session_model (self->session);
  if (!model || !wanted)
    return NULL;
  gboolean same = wanted->file.sha256 ? g_str_equal (wanted->file.sha256, eng_model_sha256 (model))
                                      : g_strcmp0 (wanted->file.path, eng_model_path (model)) == 0;
  return same && (!wanted->output || g_strcmp0 (wanted->output, eng_model_output (model)) == 0) ? model : NULL;
}

/* Keys of all maps that a plot draws; a map that is not there yet makes it wait. FALSE: it waits. */
static gboolean
append_lines (UiComposer *self, guint row, guint column, EngModel *model, UiPanel *panel, GString *key)
{
  guint place = ui_figure_panel_model (self->figure, row, column);
  for (guint c = 0; c < self->figure->columns->len; c++)
    {
      const UiFigureColumn *other = ui_figure_column (self->figure, c);
      if (other->kind != UI_COLUMN_MAP || ui_figure_panel_model (self->figure, row, c) != place)
        continue;
      g_autofree char *map_key = ui_figure_map_key (other, model, panel->image, panel->class_index, NULL);
      if (map_key && !ui_composer_find_map (self, map_key) && !g_hash_table_contains (self->failures, map_key))
        return FALSE;
      g_string_append_printf (key, "\n%s\n%s", map_key ? map_key : "", other->heading ? other->heading : "");
    }
  return TRUE;
}

/* Everything that a panel's measurements depend on. */
static void
make_key (UiComposer *self, guint row, guint column, EngModel *model, UiPanel *panel)
{
  const UiFigureColumn *c = ui_figure_column (self->figure, column);
  g_autofree char *picture = ui_composer_choice_key (eng_image_sha256 (panel->image), model);
  GString *key = g_string_new (NULL);
  g_string_printf (key, "%d\n%d\n%s\n%s\n%d\n%" G_GUINT64_FORMAT "\n%.17g", (int)c->kind, panel->class_index, picture,
                   panel->map_key ? panel->map_key : "", (int)self->figure->rank_by, self->figure->seed,
                   self->figure->display.threshold);
  for (guint i = 0; c->kind == UI_COLUMN_MAP && i < self->figure->scores->len; i++)
    g_string_append_printf (key, "\n%s", (const char *)self->figure->scores->pdata[i]);
  if (c->kind == UI_COLUMN_MASKED)
    g_string_append_printf (key, "\n%.17g %d %d %d %" G_GUINT64_FORMAT, c->share, (int)c->mode, (int)c->order,
                            (int)c->fill, c->seed);
  if (c->kind == UI_COLUMN_PLOT)
    {
      g_string_append_printf (key, "\n%s %d", c->protocol, c->band);
      if (!append_lines (self, row, column, model, panel, key))
        panel->state = UI_PANEL_WAITS;
    }
  panel->key = g_string_free (key, FALSE);
}

/* The map, where the column has one. FALSE: it is not there, @panel says why. */
static gboolean
look_for_map (UiComposer *self, const UiFigureColumn *column, EngModel *model, UiPanel *panel)
{
  g_autoptr (GError) error = NULL;
  if (column->kind != UI_COLUMN_MAP && column->kind != UI_COLUMN_MASKED)
    return TRUE;
  panel->map_key = ui_figure_map_key (column, model, panel->image, panel->class_index, &error);
  const char *failure = panel->map_key ? g_hash_table_lookup (self->failures, panel->map_key) : error->message;
  EngHeatmap *map = panel->map_key ? ui_composer_find_map (self, panel->map_key) : NULL;
  if (map)
    {
      panel->map = eng_heatmap_ref (map);
      return TRUE;
    }
  panel->state = failure ? UI_PANEL_FAILED : look_up (self, panel->map_key) ? UI_PANEL_WAITS : UI_PANEL_MISSING;
  panel->why = g_strdup (failure ? failure : "Not computed yet");
  return FALSE;
}

static void
look_at_model (UiComposer *self, guint row, guint column, UiPanel *out)
{
  const UiFigureRow *r = ui_figure_row (self->figure, row);
  EngModel *model = find_model (self, row, column);
  g_autoptr (GError) error = NULL;
  out->state = UI_PANEL_FAILED;
  if (!model)
    {
      const UiFigureModel *wanted = ui_figure_model (self->figure, ui_figure_panel_model (self->figure, row, column));
      g_autofree char *name = wanted ? ui_figure_model_name (wanted) : g_strdup ("a model");
      out->why = g_strdup_printf ("Made with %s, which is not the open model", name);
      return;
    }
  if (!ui_figure_row_class (r, model, &out->class_index, &error))
    {
      out->why = g_strdup (error->message);
      return;
    }
  if (out->class_index < 0)
    out->class_index = find_choice (self, r->picture.path, out->image, model);
  if (out->class_index < 0)
    {
      out->state = UI_PANEL_MISSING;
      out->why = g_strdup ("The model has not seen it yet");
      return;
    }
  out->class_name = g_strdup (eng_model_label (model, out->class_index));
  if (!look_for_map (self, ui_figure_column (self->figure, column), model, out))
    return;
  out->state = UI_PANEL_UNKNOWN;
  make_key (self, row, column, model, out);
  UiFacts *facts = g_hash_table_lookup (self->facts, out->key);
  if (facts)
    {
      out->state = UI_PANEL_DONE;
      out->facts = ui_facts_ref (facts);
    }
}

void
ui_composer_look (UiComposer *self, guint row, guint column, UiPanel *out)
{
  const UiFigureRow *r = ui_figure_row (self->figure, row);
  const char *why;
  *out = (UiPanel){ .state = UI_PANEL_WAITS, .class_index = -1, .probability = NAN };
  if (!self->session)
    return;
  EngImage *image = find_image (self, r->picture.path, &why);
  if (!image)
    {
      out->state = why ? UI_PANEL_FAILED : UI_PANEL_WAITS;
      out->why = g_strdup (why);
      return;
    }
  out->image = eng_image_ref (image);
  out->old = r->picture.sha256 && !g_str_equal (r->picture.sha256, eng_image_sha256 (image));
  look_at_model (self, row, column, out);
}

/* ---- drawing ---- */

typedef struct
{
  UiComposer *composer; /* owned */
  guint serial;
  UiFigure *figure;
  UiPanel *panels; /* rows x columns */
  char *model_names[UI_FIGURE_MAX_MODELS], *model_sha256[UI_FIGURE_MAX_MODELS];
  UiFigureDrawing *old, *drawing;
} Draw;

static void
fill_cell (UiFigureCell *cell, const UiFigureColumn *column, const UiPanel *panel)
{
  if (panel->facts)
    ui_figure_cell_copy (cell, ui_figure_cells_at (panel->facts->cells, panel->facts->row, panel->facts->column));
  else if (panel->image && column->kind == UI_COLUMN_PHOTO)
    {
      ui_figure_cell_set_image (cell, panel->image);
      ui_figure_cell_set_class (cell, panel->class_index, panel->class_name, panel->probability);
    }
  else if (panel->map && column->kind == UI_COLUMN_MAP)
    {
      ui_figure_cell_set_image (cell, panel->image);
      ui_figure_cell_set_map (cell, panel->map);
    }
  else if (panel->state == UI_PANEL_FAILED)
    ui_figure_cell_set_impossible (cell, panel->why);
  else
    cell->why = g_strdup (panel->why);
  if (panel->old && cell->state == UI_CELL_READY)
    cell->state = UI_CELL_OLD;
}

static void
draw_work (gpointer data)
{
  Draw *draw = data;
  g_autoptr (UiFigureCells) cells = ui_figure_cells_new (draw->figure);
  guint columns = draw->figure->columns->len;
  for (guint i = 0; i < draw->figure->models->len; i++)
    ui_figure_cells_set_model (cells, i, draw->model_names[i], draw->model_sha256[i]);
  for (guint r = 0; r < draw->figure->rows->len; r++)
    for (guint c = 0; c < columns; c++)
      fill_cell (ui_figure_cells_at (cells, r, c), ui_figure_column (draw->figure, c),
                 &draw->panels[r * columns + c]);
  draw->drawing = ui_figure_drawing_new (draw->figure, cells, draw->old);
}

static void draw (UiComposer *self);

static void
draw_done (gpointer data)
{
  Draw *job = data;
  UiComposer *self = job->composer;
  self->drawing_now = FALSE;
  for (guint i = 0; i < job->figure->rows->len * job->figure->columns->len; i++)
    ui_panel_clear (&job->panels[i]);
  for (guint i = 0; i < UI_FIGURE_MAX_MODELS; i++)
    {
      g_free (job->model_names[i]);
      g_free (job->model_sha256[i]);
    }
  g_free (job->panels);
  ui_figure_free (job->figure);
  g_clear_pointer (&job->old, ui_figure_drawing_unref);
  if (self->session)
    {
      g_clear_pointer (&self->drawing, ui_figure_drawing_unref);
      self->drawing = g_steal_pointer (&job->drawing);
      self->drawn_serial = job->serial;
      g_signal_emit (self, ui_composer_signals[UI_COMPOSER_DRAWN], 0);
      if (self->serial != job->serial && !self->quiet)
        draw (self);
      ui_composer_pump (self);
    }
  g_clear_pointer (&job->drawing, ui_figure_drawing_unref);
  g_free (job);
  g_object_unref (self);
}

/* What is known of a model: its digest stands in the document, its name comes with it where it is open. */
static void
note_models (UiComposer *self, Draw *job)
{
  EngModel *model = ui_session_model (self->session);
  for (guint i = 0; i < self->figure->models->len && i < UI_FIGURE_MAX_MODELS; i++)
    {
      const UiFigureModel *entry = ui_figure_model (self->figure, i);
      gboolean open = model && g_strcmp0 (entry->file.sha256, eng_model_sha256 (model)) == 0;
      job->model_names[i] = entry->name ? g_strdup (entry->name)
                            : open      ? g_strdup (eng_model_name (model))
                                        : ui_figure_model_name (entry);
      job->model_sha256[i] = g_strdup (entry->file.sha256);
    }
}

static void
draw (UiComposer *self)
{
  guint columns = self->figure->columns->len;
  if (self->drawing_now || !self->session || self->watchers == 0)
    return;
  Draw *job = g_new0 (Draw, 1);
  job->composer = g_object_ref (self);
  job->serial = self->serial;
  job->panels = g_new0 (UiPanel, (gsize)self->figure->rows->len * columns);
  for (guint r = 0; r < self->figure->rows->len; r++)
    for (guint c = 0; c < columns; c++)
      ui_composer_look (self, r, c, &job->panels[r * columns + c]);
  job->figure = ui_figure_copy (self->figure);
  note_models (self, job);
  job->old = self->drawing ? ui_figure_drawing_ref (self->drawing) : NULL;
  self->drawing_now = TRUE;
  ui_loader_push (UI_LOADER_NOW, draw_work, draw_done, job);
}

static gboolean
on_quiet (gpointer data)
{
  UiComposer *self = data;
  self->quiet = 0;
  g_hash_table_foreach_remove (self->images, is_used, self->figure);
  if (g_hash_table_size (self->facts) > MOST_FACTS)
    g_hash_table_remove_all (self->facts);
  draw (self);
  ui_composer_pump (self);
  return G_SOURCE_REMOVE;
}

void
ui_composer_refresh (UiComposer *self)
{
  self->serial++;
  if (self->session && !self->quiet && (self->watchers > 0 || self->computing))
    self->quiet = g_timeout_add (QUIET_MS, on_quiet, self);
}

UiFigureDrawing *
ui_composer_drawing (UiComposer *self)
{
  return self->drawing;
}

gboolean
ui_composer_behind (UiComposer *self)
{
  return self->drawn_serial != self->serial;
}
