/* See composer.h and composer-private.h. This file holds the document: what is added, selected, saved and opened. */
#include "ui/composer-private.h"
#include "ui/settings.h"

#include <math.h>
#include <string.h>

guint ui_composer_signals[UI_COMPOSER_N_SIGNALS];

G_DEFINE_FINAL_TYPE (UiComposer, ui_composer, G_TYPE_OBJECT)

UiFigure *
ui_composer_figure (UiComposer *self)
{
  return self->figure;
}

gboolean
ui_composer_is_empty (UiComposer *self)
{
  return self->figure->rows->len == 0 || self->figure->columns->len == 0;
}

void
ui_composer_changed (UiComposer *self)
{
  if (self->session)
    self->figure->display = *ui_session_display (self->session);
  if (self->selected >= self->figure->rows->len)
    self->selected = self->figure->rows->len ? self->figure->rows->len - 1 : G_MAXUINT;
  ui_composer_refresh (self);
  g_signal_emit (self, ui_composer_signals[UI_COMPOSER_CHANGED], 0);
}

guint
ui_composer_selected (UiComposer *self)
{
  return self->selected;
}

void
ui_composer_select (UiComposer *self, guint row)
{
  if (self->selected == row || row >= self->figure->rows->len)
    return;
  self->selected = row;
  g_signal_emit (self, ui_composer_signals[UI_COMPOSER_CHANGED], 0);
}

int
ui_composer_class (UiComposer *self, guint row)
{
  g_auto (UiPanel) panel = { 0 };
  if (row >= self->figure->rows->len || self->figure->columns->len == 0)
    return -1;
  ui_composer_look (self, row, 0, &panel);
  return panel.class_index;
}

/* Width and font as preferred. */
static UiFigure *
new_figure (void)
{
  UiFigure *figure = ui_figure_new ();
  g_autofree char *width = ui_settings_get ("figure-width"), *font = ui_settings_get ("figure-font");
  for (guint i = 0; ui_figure_widths[i].id; i++)
    if (g_strcmp0 (ui_figure_widths[i].id, width) == 0)
      figure->width = ui_figure_widths[i].mm;
  if (font && ui_font_is_installed (font))
    {
      g_free (figure->font);
      figure->font = g_steal_pointer (&font);
    }
  return figure;
}

/* ---- adding ---- */

/* The open model's place in the document. */
static int
model_place (UiComposer *self)
{
  EngModel *model = ui_session_model (self->session);
  const char *sha256 = eng_model_sha256 (model);
  for (guint i = 0; i < self->figure->models->len; i++)
    {
      const UiFigureModel *entry = ui_figure_model (self->figure, i);
      if (g_strcmp0 (entry->file.sha256, sha256) == 0 && g_strcmp0 (entry->output, eng_model_output (model)) == 0)
        return (int)i;
    }
  UiFigureModel *entry = ui_figure_add_model (self->figure, eng_model_path (model), sha256);
  entry->output = g_strdup (eng_model_output (model));
  return (int)self->figure->models->len - 1;
}

/* The row of that picture and class, added where there is none. */
static guint
row_for (UiComposer *self, UiPicture *picture, int class_index)
{
  int model = model_place (self);
  for (guint i = 0; i < self->figure->rows->len; i++)
    {
      const UiFigureRow *row = ui_figure_row (self->figure, i);
      if (g_str_equal (row->picture.path, ui_picture_path (picture)) && row->class_index == class_index
          && row->model == model)
        return i;
    }
  UiFigureRow *row = ui_figure_add_row (self->figure, ui_picture_path (picture), ui_picture_sha256 (picture));
  row->model = model;
  row->class_index = class_index;
  if (class_index >= 0)
    row->class_name = g_strdup (eng_model_label (ui_session_model (self->session), class_index));
  return self->figure->rows->len - 1;
}

static gboolean
is_same (const UiFigureColumn *a, const UiFigureColumn *b)
{
  return a->kind == b->kind && g_strcmp0 (a->method, b->method) == 0 && g_strcmp0 (a->values, b->values) == 0
         && g_strcmp0 (a->layer, b->layer) == 0 && a->contrast == b->contrast && a->seed == b->seed
         && a->share == b->share && a->mode == b->mode && a->order == b->order && a->fill == b->fill
         && g_strcmp0 (a->protocol, b->protocol) == 0;
}

/* The last column goes where it is there already. */
static void
drop_double (UiComposer *self)
{
  guint last = self->figure->columns->len - 1;
  for (guint i = 0; i < last; i++)
    if (is_same (ui_figure_column (self->figure, i), ui_figure_column (self->figure, last)))
      {
        g_ptr_array_remove_index (self->figure->columns, last);
        return;
      }
}

/* How @slot makes its map; @kind: the map, or the picture masked by it. */
static UiFigureColumn *
add_column (UiComposer *self, UiSlot *slot, UiFigureKind kind)
{
  const EngMethod *method = ui_slot_method (slot);
  UiFigureColumn *column = ui_figure_add_column (self->figure, kind, method->id);
  column->values = eng_values_to_json (ui_slot_values (slot));
  column->layer = g_strdup (ui_slot_layer (slot));
  column->contrast = method->class_dependent ? ui_session_contrast_of (self->session, slot) : -1;
  if (ui_slot_number (slot) > 1)
    column->heading = g_strdup (ui_slot_name (slot));
  return column;
}

static gboolean
is_ready (UiComposer *self, char **why)
{
  UiSession *session = self->session;
  const char *missing = !session || !ui_session_model (session) ? "Open a model first: a figure shows its maps."
                        : !ui_session_picture (session)         ? "Open a picture first."
                        : ui_session_target (session) < 0       ? "The model has not said yet what it sees."
                                                                : NULL;
  if (missing && why)
    *why = g_strdup (missing);
  return !missing;
}

static gboolean
may_add (UiSlot *slot, char **why)
{
  if (ui_slot_kind (slot) == UI_SLOT_OF_METHOD && ui_slot_values (slot))
    return TRUE;
  if (why)
    *why = g_strdup_printf ("%s cannot stand in a figure: a figure holds maps that can be made again from the model "
                            "and the picture.",
                            ui_slot_name (slot));
  return FALSE;
}

/* The figure's numbers and masked pictures are those of the tiles. */
static void
take_ranking (UiComposer *self)
{
  self->figure->rank_by = ui_threshold_protocol (ui_session_threshold (self->session))->by;
}

/* A first figure begins as the window is. */
static void
begin (UiComposer *self)
{
  if (self->figure->rows->len > 0 || self->figure->columns->len > 0)
    return;
  take_ranking (self);
  ui_figure_add_column (self->figure, UI_COLUMN_PHOTO, NULL);
}

gboolean
ui_composer_add_slot (UiComposer *self, UiSlot *slot, char **why)
{
  if (!is_ready (self, why) || (slot && !may_add (slot, why)))
    return FALSE;
  int class_index = slot ? ui_session_target_of (self->session, slot) : ui_session_target (self->session);
  begin (self);
  if (slot)
    add_column (self, slot, UI_COLUMN_MAP);
  else
    ui_figure_add_column (self->figure, UI_COLUMN_PHOTO, NULL);
  drop_double (self);
  self->selected = row_for (self, ui_session_picture (self->session), class_index);
  ui_composer_changed (self);
  return TRUE;
}

void
ui_composer_start (UiComposer *self)
{
  if (self->figure->rows->len > 0 || self->figure->columns->len > 0 || !is_ready (self, NULL))
    return;
  GListModel *tiles = ui_session_tiles (self->session);
  take_ranking (self);
  if (ui_session_shows_photo (self->session))
    ui_figure_add_column (self->figure, UI_COLUMN_PHOTO, NULL);
  for (guint i = 0; i < g_list_model_get_n_items (tiles); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (tiles, i);
      if (may_add (slot, NULL) && ui_slot_state (slot) != UI_SLOT_IMPOSSIBLE)
        add_column (self, slot, UI_COLUMN_MAP);
    }
  self->selected = row_for (self, ui_session_picture (self->session), ui_session_target (self->session));
  ui_composer_changed (self);
}

void
ui_composer_add_masked (UiComposer *self, UiSlot *only)
{
  if (!is_ready (self, NULL))
    return;
  UiThreshold *threshold = ui_session_threshold (self->session);
  const UiProtocol *protocol = ui_threshold_protocol (threshold);
  UiDirection direction = ui_threshold_direction (threshold);
  EngMasking masking = ui_protocol_masking (protocol, direction);
  EngProtocolCurve curve = ui_protocol_curve (protocol, direction);
  GListModel *tiles = ui_session_tiles (self->session);
  begin (self);
  take_ranking (self);
  for (guint i = 0; i < g_list_model_get_n_items (tiles); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (tiles, i);
      if (!may_add (slot, NULL) || !ui_slot_map (slot) || (only && slot != only))
        continue;
      UiFigureColumn *column = add_column (self, slot, UI_COLUMN_MASKED);
      column->share = ui_threshold_share (threshold);
      column->mode = masking.mode;
      column->fill = masking.fill;
      column->order = curve.order;
      column->seed = protocol->seed;
      drop_double (self);
    }
  self->selected = row_for (self, ui_session_picture (self->session), ui_session_target (self->session));
  ui_composer_changed (self);
}

void
ui_composer_add_plot (UiComposer *self)
{
  if (!is_ready (self, NULL))
    return;
  UiThreshold *threshold = ui_session_threshold (self->session);
  ui_composer_start (self);
  take_ranking (self);
  UiFigureColumn *column = ui_figure_add_column (self->figure, UI_COLUMN_PLOT, NULL);
  column->protocol =
      g_strdup (ui_protocol_row (ui_threshold_protocol (threshold), ui_threshold_direction (threshold))->id);
  column->band = TRUE;
  drop_double (self);
  self->selected = row_for (self, ui_session_picture (self->session), ui_session_target (self->session));
  ui_composer_changed (self);
}

void
ui_composer_add_picture (UiComposer *self, UiPicture *picture, int class_index)
{
  if (!is_ready (self, NULL))
    return;
  begin (self);
  self->selected = row_for (self, picture, class_index >= 0 ? class_index : ui_picture_top (picture));
  ui_composer_changed (self);
}

/* ---- as a whole ---- */

void
ui_composer_take (UiComposer *self, UiFigure *figure)
{
  if (self->session)
    {
      double threshold = ui_session_display (self->session)->threshold;
      *ui_session_display (self->session) = figure->display;
      ui_session_display (self->session)->threshold = threshold; /* of the Threshold page */
      ui_session_display_changed (self->session);
    }
  ui_figure_free (self->figure);
  self->figure = figure;
  self->selected = figure->rows->len ? 0 : G_MAXUINT;
  ui_composer_changed (self);
}

char *
ui_composer_save (UiComposer *self)
{
  g_autoptr (UiFigure) copy = ui_figure_copy (self->figure);
  ui_display_init (&copy->display);
  return ui_figure_to_json (copy, FALSE);
}

gboolean
ui_composer_load (UiComposer *self, const char *json, GError **error)
{
  UiFigure *figure = *json ? ui_figure_from_json (json, (gssize)strlen (json), "figure", error) : new_figure ();
  if (!figure)
    return FALSE;
  if (self->session)
    figure->display = *ui_session_display (self->session);
  if (ui_figure_equal (figure, self->figure))
    {
      ui_figure_free (figure);
      return TRUE;
    }
  ui_figure_free (self->figure);
  self->figure = figure;
  ui_composer_changed (self);
  return TRUE;
}

/* ---- birth and end ---- */

/* Colours and ranges are those of the tiles. */
static void
on_display (UiComposer *self)
{
  self->figure->display = *ui_session_display (self->session);
  ui_composer_refresh (self);
}

static void
on_jobs (UiComposer *self)
{
  if (self->watchers > 0)
    ui_composer_refresh (self);
  ui_composer_pump (self);
}

static void
on_model (UiComposer *self)
{
  ui_composer_give_up (self);
  ui_composer_refresh (self);
}

void
ui_composer_watch (UiComposer *self, gboolean watch)
{
  self->watchers += watch ? 1 : -1;
  if (watch)
    ui_composer_refresh (self);
}

UiComposer *
ui_composer_new (UiSession *session)
{
  UiComposer *self = g_object_new (UI_TYPE_COMPOSER, NULL);
  self->session = session;
  self->figure->display = *ui_session_display (session);
  g_signal_connect_object (session, "display-changed", G_CALLBACK (on_display), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (on_jobs), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::predictions", G_CALLBACK (on_jobs), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (on_model), self, G_CONNECT_SWAPPED);
  return self;
}

void
ui_composer_close (UiComposer *self)
{
  ui_composer_give_up (self);
  g_clear_handle_id (&self->quiet, g_source_remove);
  self->session = NULL;
}

static void
ui_composer_finalize (GObject *object)
{
  UiComposer *self = UI_COMPOSER (object);
  g_clear_handle_id (&self->quiet, g_source_remove);
  g_clear_pointer (&self->drawing, ui_figure_drawing_unref);
  g_clear_pointer (&self->subject, eng_subject_unref);
  g_hash_table_unref (self->images);
  g_hash_table_unref (self->unread);
  g_hash_table_unref (self->facts);
  g_hash_table_unref (self->maps);
  g_hash_table_unref (self->asked);
  g_hash_table_unref (self->choices);
  g_hash_table_unref (self->failures);
  g_free (self->job_key);
  g_free (self->job_words);
  ui_figure_free (self->figure);
  G_OBJECT_CLASS (ui_composer_parent_class)->finalize (object);
}

static void
ui_composer_class_init (UiComposerClass *klass)
{
  static const char *const names[] = { "changed", "drawn" };
  G_OBJECT_CLASS (klass)->finalize = ui_composer_finalize;
  for (guint i = 0; i < UI_COMPOSER_N_SIGNALS; i++)
    ui_composer_signals[i] =
        g_signal_new (names[i], UI_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ui_composer_init (UiComposer *self)
{
  self->figure = new_figure ();
  self->selected = G_MAXUINT;
  self->images = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)eng_image_unref);
  self->unread = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->facts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)ui_facts_unref);
  self->maps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)eng_heatmap_unref);
  self->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->choices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->failures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}
