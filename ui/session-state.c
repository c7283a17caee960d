/* See session-state.h. A section stands beside the others here, or in the file of what it describes. */
#include "ui/session-state.h"

#include "engine/values-json.h"
#include "ui/draw/display-json.h"
#include "ui/session-private.h"

#define MOST_COPIES 99 /* of one method; a file that asks for more is not ours */

/* ---- the class ---- */

static void
save_target (UiSession *self, JsonObject *out)
{
  int target = self->follow_top ? -1 : self->chosen;
  json_object_set_boolean_member (out, "follow", self->follow_top);
  json_object_set_int_member (out, "class", target);
  json_object_set_int_member (out, "contrast", self->contrast);
}

static gboolean
load_target (UiSession *self, const EngJson *in, GError **error)
{
  gboolean follow = self->follow_top;
  int chosen = self->chosen, contrast = self->contrast;
  int most = self->model ? eng_model_n_classes (self->model) - 1 : G_MAXINT;
  if (!eng_json_bool (in, "follow", &follow, error) || !eng_json_int (in, "class", -1, most, &chosen, error)
      || !eng_json_int (in, "contrast", -1, most, &contrast, error))
    return FALSE;
  self->follow_top = follow || chosen < 0;
  self->chosen = chosen;
  self->contrast = contrast;
  return TRUE;
}

static const UiStateWord target_words[] = {
  { "contrast", "contrast" },
  { "follow", "class" },
  { "class", "class" },
  { NULL, NULL },
};

/* ---- the methods ---- */

/* What most slots have not got. */
static void
save_copy (UiSlot *slot, JsonObject *row)
{
  if (ui_slot_number (slot) > 1)
    json_object_set_int_member (row, "copy", ui_slot_number (slot));
  if (ui_slot_layer (slot))
    json_object_set_string_member (row, "layer", ui_slot_layer (slot));
  if (ui_slot_pinned (slot))
    {
      json_object_set_int_member (row, "pinned-class", ui_slot_pinned_class (slot));
      json_object_set_int_member (row, "pinned-contrast", ui_slot_pinned_contrast (slot));
    }
}

/* What is not shown is worth a word only where a person changed its values. */
static void
save_tiles (UiSession *self, JsonObject *out)
{
  JsonArray *methods = json_array_new ();
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      UiSlot *slot = ui_session_nth_slot (self, i);
      const EngValues *values = ui_slot_values (slot);
      g_autofree char *changed = values ? eng_values_summary (values) : g_strdup ("");
      if (!ui_slot_shown (slot) && !*changed && !ui_slot_layer (slot))
        continue;
      JsonObject *row = json_object_new ();
      json_object_set_string_member (row, "method", ui_slot_method (slot)->id);
      save_copy (slot, row);
      json_object_set_boolean_member (row, "shown", ui_slot_shown (slot));
      if (values)
        {
          g_autofree char *text = eng_values_to_json (values);
          json_object_set_member (row, "values", json_from_string (text, NULL));
        }
      json_array_add_object_element (methods, row);
    }
  json_object_set_array_member (out, "methods", methods);
}

/* The row about @slot; NULL: none. */
static JsonObject *
find_row (JsonArray *methods, UiSlot *slot)
{
  for (guint i = 0; i < json_array_get_length (methods); i++)
    {
      JsonNode *node = json_array_get_element (methods, i);
      JsonObject *row = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      const char *id = row ? json_object_get_string_member_with_default (row, "method", "") : "";
      gint64 number = row ? json_object_get_int_member_with_default (row, "copy", 1) : 0;
      if (g_strcmp0 (id, ui_slot_method (slot)->id) == 0 && number == ui_slot_number (slot))
        return row;
    }
  return NULL;
}

/* What save_copy() wrote. */
static gboolean
load_copy (UiSession *self, UiSlot *slot, const EngJson *row, GError **error)
{
  int most = self->model ? eng_model_n_classes (self->model) - 1 : G_MAXINT, class_index = -1, contrast = -1;
  g_autofree char *layer = NULL;
  if (row->object
      && (!eng_json_string (row, "layer", &layer, error)
          || !eng_json_int (row, "pinned-class", -1, most, &class_index, error)
          || !eng_json_int (row, "pinned-contrast", -1, most, &contrast, error)))
    return FALSE;
  if (layer && self->model && !eng_model_find_target (self->model, layer, error))
    return FALSE;
  if (g_strcmp0 (layer, ui_slot_layer (slot)) != 0)
    ui_slot_set_layer (slot, layer);
  if (class_index != ui_slot_pinned_class (slot) || contrast != ui_slot_pinned_contrast (slot))
    ui_slot_pin (slot, class_index, contrast);
  return TRUE;
}

static gboolean
load_slot (UiSession *self, UiSlot *slot, const EngJson *row, GError **error)
{
  gboolean shown = FALSE, ok = TRUE;
  EngJson values = { 0 };
  if (row->object)
    ok = eng_json_bool (row, "shown", &shown, error) && eng_json_object (row, "values", "values.", &values, error);
  ok = ok && load_copy (self, slot, row, error);
  if (self->model)
    {
      g_autoptr (EngValues) wanted = eng_values_new (ui_slot_method (slot), self->model);
      ok = ok && (!values.object || eng_values_read (wanted, &values, error));
      /* A trained explainer that lies elsewhere is known from now on. */
      if (ok && eng_method_adopt (ui_slot_method (slot), self->model, wanted, NULL) && !ui_slot_applies (slot))
        ui_slot_ask_again (slot, self->model);
      if (ok)
        ui_slot_set_values (slot, wanted);
    }
  if (ok)
    ui_slot_set_shown (slot, shown);
  return ok;
}

/* Copies come and go with their rows. */
static void
load_copies (UiSession *self, JsonArray *methods)
{
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i-- > 0;)
    if (ui_slot_number (ui_session_nth_slot (self, i)) > 1 && !find_row (methods, ui_session_nth_slot (self, i)))
      ui_session_remove (self, ui_session_nth_slot (self, i));
  for (guint i = 0; i < json_array_get_length (methods); i++)
    {
      JsonNode *node = json_array_get_element (methods, i);
      JsonObject *row = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      gint64 number = row ? json_object_get_int_member_with_default (row, "copy", 1) : 1;
      const char *id = row ? json_object_get_string_member_with_default (row, "method", "") : "";
      const EngMethod *method = id ? eng_method_find (id, NULL) : NULL;
      if (method && number > 1 && number <= MOST_COPIES)
        ui_session_add_copy (self, method, (int)number);
    }
}

static gboolean
load_tiles (UiSession *self, const EngJson *in, GError **error)
{
  gboolean ok = TRUE;
  if (!eng_json_is_array (in, "methods"))
    return eng_json_has (in, "methods") ? eng_json_fail (in, "methods", "a list", error) : TRUE;
  JsonArray *methods = json_object_get_array_member (in->object, "methods");
  load_copies (self, methods);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      UiSlot *slot = ui_session_nth_slot (self, i);
      EngJson row = { find_row (methods, slot), in->origin, "methods." };
      ok = load_slot (self, slot, &row, ok ? error : NULL) && ok;
    }
  return ok;
}

static const UiStateWord tiles_words[] = {
  { "methods", "tiles" },
  { NULL, NULL },
};

/* ---- how it is shown ---- */

void
ui_state_set_choice (JsonObject *out, const char *key, const char *const *ids, int index)
{
  json_object_set_string_member (out, key, ids[index]);
}

static void
save_display (UiSession *self, JsonObject *out)
{
  ui_display_save (&self->display, out);
  json_object_set_boolean_member (out, "shows-photo", self->shows_photo);
}

static gboolean
load_display (UiSession *self, const EngJson *in, GError **error)
{
  gboolean shows_photo = self->shows_photo;
  if (!eng_json_bool (in, "shows-photo", &shows_photo, error) || !ui_display_load (&self->display, in, error))
    return FALSE;
  self->shows_photo = shows_photo;
  return TRUE;
}

static const UiStateWord display_words[] = {
  { "mode", "view" },
  { "unsigned-map", "colour map" },
  { "signed-map", "colour map" },
  { "opacity", "opacity", TRUE },
  { "fade", "fading" },
  { "clip", "range" },
  { "values", "values" },
  { "same-scale", "same scale" },
  { "shows-photo", "photo" },
  { "percentile", "range", TRUE },
  { "lo", "range", TRUE },
  { "hi", "range", TRUE },
  { "smoothing", "cells" },
  { "photo", "photo" },
  { NULL, NULL },
};

/* ---- the figure ---- */

static void
save_figure (UiSession *self, JsonObject *out)
{
  g_autofree char *text = ui_composer_save (self->composer);
  if (!ui_composer_is_empty (self->composer))
    json_object_set_member (out, "document", json_from_string (text, NULL));
}

static gboolean
load_figure (UiSession *self, const EngJson *in, GError **error)
{
  EngJson document = { 0 };
  if (!eng_json_object (in, "document", "document.", &document, error))
    return FALSE;
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  if (document.object)
    json_node_set_object (node, document.object);
  g_autofree char *text = document.object ? json_to_string (node, FALSE) : g_strdup ("");
  return ui_composer_load (self->composer, text, error);
}

static const UiStateWord figure_words[] = {
  { "document", "figure", TRUE },
  { NULL, NULL },
};

/* ---- where one looks ---- */

static void
save_view (UiSession *self, JsonObject *out)
{
  double zoom, x, y;
  json_object_set_boolean_member (out, "linked", self->links_views);
  json_object_set_boolean_member (out, "crosshair", self->crosshair);
  if (self->page)
    json_object_set_string_member (out, "page", self->page);
  json_object_set_int_member (out, "columns", self->columns);
  json_object_set_boolean_member (out, "fit", ui_viewport_fits (self->viewport));
  ui_viewport_get (self->viewport, &zoom, &x, &y);
  json_object_set_double_member (out, "zoom", zoom);
  json_object_set_double_member (out, "x", x);
  json_object_set_double_member (out, "y", y);
}

static gboolean
load_view (UiSession *self, const EngJson *in, GError **error)
{
  gboolean fit = TRUE, links = self->links_views, crosshair = self->crosshair;
  int columns = (int)self->columns;
  double zoom = 1, x = 0, y = 0;
  g_autofree char *page = NULL;
  if (!eng_json_bool (in, "linked", &links, error) || !eng_json_bool (in, "crosshair", &crosshair, error)
      || !eng_json_string (in, "page", &page, error)
      || !eng_json_int (in, "columns", 0, UI_SESSION_MOST_COLUMNS, &columns, error)
      || !eng_json_bool (in, "fit", &fit, error) || !eng_json_double (in, "zoom", 1e-4, 1e3, &zoom, error)
      || !eng_json_double (in, "x", -1e6, 1e6, &x, error) || !eng_json_double (in, "y", -1e6, 1e6, &y, error))
    return FALSE;
  self->links_views = links;
  self->crosshair = crosshair;
  self->columns = (guint)columns;
  if (page)
    ui_session_set_page (self, page);
  if (fit)
    ui_viewport_fit (self->viewport);
  else
    ui_viewport_set (self->viewport, zoom, x, y);
  return TRUE;
}

/* ---- the table ---- */

static const UiStateWord preprocess_words[] = {
  { "mean", "normalisation" },          { "std", "normalisation" },      { "scale", "normalisation" },
  { "channel_order", "normalisation" }, { "interpolation", "resizing" }, { "fit", "resizing" },
  { "resize_short", "resizing" },       { "input_size", "resizing" },    { NULL, NULL },
};

static const UiStateSection sections[] = {
  { "preprocess", TRUE, ui_session_save_preprocess, ui_session_load_preprocess, preprocess_words },
  { "target", TRUE, save_target, load_target, target_words },
  { "tiles", TRUE, save_tiles, load_tiles, tiles_words },
  { "own-maps", TRUE, ui_session_save_own, ui_session_load_own, ui_session_own_words },
  { "display", TRUE, save_display, load_display, display_words },
  { "figure", TRUE, save_figure, load_figure, figure_words },
  { "threshold", TRUE, ui_threshold_save_state, ui_threshold_load_state, ui_threshold_words },
  { "object", TRUE, ui_truth_save_state, ui_truth_load_state, ui_truth_words },
  { "measures", FALSE, ui_measures_save_state, ui_measures_load_state, NULL },
  { "view", FALSE, save_view, load_view, NULL },
};

const UiStateSection *
ui_state_section (guint i)
{
  return i < G_N_ELEMENTS (sections) ? &sections[i] : NULL;
}

JsonObject *
ui_session_state_save_section (UiSession *self, const UiStateSection *section)
{
  JsonObject *object = json_object_new ();
  section->save (self, object);
  return object;
}

JsonNode *
ui_session_state_save (UiSession *self)
{
  JsonObject *state = json_object_new ();
  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    json_object_set_object_member (state, sections[i].name, ui_session_state_save_section (self, &sections[i]));
  JsonNode *node = json_node_init (json_node_alloc (), JSON_NODE_OBJECT);
  json_node_take_object (node, state);
  return node;
}

gboolean
ui_session_state_load (UiSession *self, const EngJson *state, GError **error)
{
  gboolean ok = TRUE;
  self->loading++;
  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    {
      EngJson in;
      GError **where = ok ? error : NULL;
      g_autofree char *prefix = g_strconcat (sections[i].name, ".", NULL);
      gboolean good = eng_json_object (state, sections[i].name, prefix, &in, where);
      if (good && in.object)
        good = sections[i].load (self, &in, where);
      ok = good && ok;
    }
  self->loading--;
  ui_session_notify (self, PROP_TARGET);
  ui_session_display_changed (self);
  ui_session_refresh (self, 0);
  return ok;
}
