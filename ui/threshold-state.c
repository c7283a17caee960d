/* The threshold as a section of the session's state: for undo and for session files. See session-state.h. */
#include "ui/session-state.h"
#include "ui/threshold-private.h"

#include <string.h>

#define MOST_PATH 1000 /* as eng_json_string() reads */

static const char *const direction_ids[] = { "remove", "keep", NULL };

void
ui_threshold_save_state (UiSession *session, JsonObject *out)
{
  UiThreshold *self = ui_session_threshold (session);
  JsonObject *steps = json_object_new ();
  json_object_set_double_member (out, "share", self->share);
  ui_state_set_choice (out, "direction", direction_ids, (int)self->direction);
  json_object_set_string_member (out, "protocol", self->protocol.preset->id);
  json_object_set_boolean_member (out, "custom", self->protocol.custom);
  json_object_set_string_member (out, "fill", eng_fill_info (self->protocol.fill)->id);
  json_object_set_int_member (out, "seed", (gint64)self->protocol.seed);
  ui_state_set_choice (out, "rank-by", ui_rank_ids, (int)self->protocol.by);
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (self->kept), (GCompareFunc)g_strcmp0);
  for (GList *l = keys; l; l = l->next) /* in order: equal states are equal texts */
    json_object_set_int_member (steps, l->data, GPOINTER_TO_INT (g_hash_table_lookup (self->kept, l->data)));
  json_object_set_object_member (out, "steps", steps);
}

static gboolean
load_protocol (const EngJson *in, UiProtocol *protocol, GError **error)
{
  g_autofree char *preset = NULL, *fill = NULL;
  int seed = (int)protocol->seed, by = (int)protocol->by;
  if (!eng_json_string (in, "protocol", &preset, error) || !eng_json_string (in, "fill", &fill, error)
      || !eng_json_bool (in, "custom", &protocol->custom, error)
      || !eng_json_int (in, "seed", 0, UI_MOST_SEED, &seed, error)
      || !eng_json_choice (in, "rank-by", ui_rank_ids, &by, error))
    return FALSE;
  protocol->seed = (guint64)seed;
  protocol->by = (EngRankBy)by;
  if (preset && !ui_preset_find (preset))
    return eng_json_fail (in, "protocol", "a protocol of this program", error);
  if (preset)
    protocol->preset = ui_preset_find (preset);
  if (fill && eng_fill_find (fill) < 0)
    return eng_json_fail (in, "fill", "a fill of this program", error);
  if (fill)
    protocol->fill = (EngFill)eng_fill_find (fill);
  return TRUE;
}

static gboolean
load_steps (const EngJson *in, GHashTable *kept, GError **error)
{
  EngJson steps = { 0 };
  if (!eng_json_object (in, "steps", "steps.", &steps, error))
    return FALSE;
  g_autoptr (GList) keys = steps.object ? json_object_get_members (steps.object) : NULL;
  for (GList *l = keys; l; l = l->next)
    {
      int step = -1;
      if (!eng_json_int (&steps, l->data, 0, G_MAXINT16, &step, error))
        return FALSE;
      if (step >= 0)
        g_hash_table_insert (kept, g_strdup (l->data), GINT_TO_POINTER (step));
    }
  return TRUE;
}

gboolean
ui_threshold_load_state (UiSession *session, const EngJson *in, GError **error)
{
  UiThreshold *self = ui_session_threshold (session);
  g_autoptr (GHashTable) kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  UiProtocol protocol = self->protocol;
  double share = self->share;
  int direction = (int)self->direction;
  if (!eng_json_double (in, "share", 0, 1, &share, error)
      || !eng_json_choice (in, "direction", direction_ids, &direction, error) || !load_protocol (in, &protocol, error)
      || !load_steps (in, kept, error))
    return FALSE;
  self->direction = (UiDirection)direction;
  if (protocol.by != self->protocol.by)
    ui_threshold_forget_rankings (self);
  self->protocol = protocol;
  if (eng_json_has (in, "steps"))
    {
      g_hash_table_unref (self->kept);
      self->kept = g_steal_pointer (&kept);
    }
  self->share = share;
  ui_threshold_restored (self);
  return TRUE;
}

/* ---- the object ---- */

void
ui_truth_save_state (UiSession *session, JsonObject *out)
{
  UiThreshold *self = ui_session_threshold (session);
  gboolean writable = self->masks && g_utf8_validate (self->masks, -1, NULL) && strlen (self->masks) <= MOST_PATH;
  json_object_set_string_member (out, "masks", writable ? self->masks : "none");
  json_object_set_boolean_member (out, "outline", self->shows_outline);
}

gboolean
ui_truth_load_state (UiSession *session, const EngJson *in, GError **error)
{
  UiThreshold *self = ui_session_threshold (session);
  g_autofree char *masks = NULL;
  gboolean outline = self->shows_outline;
  if (!eng_json_string (in, "masks", &masks, error) || !eng_json_bool (in, "outline", &outline, error))
    return FALSE;
  const char *folder = masks && g_path_is_absolute (masks) ? masks : NULL;
  if (masks && g_strcmp0 (folder, self->masks) != 0)
    ui_threshold_set_masks (self, folder);
  ui_threshold_set_shows_outline (self, outline);
  return TRUE;
}

const UiStateWord ui_truth_words[] = {
  { "masks", "object masks" },
  { "outline", "outline" },
  { NULL, NULL },
};

/* ---- which table is open ---- */

void
ui_measures_save_state (UiSession *session, JsonObject *out)
{
  const char *group = ui_threshold_group (ui_session_threshold (session));
  json_object_set_string_member (out, "group", group ? group : "areas");
}

gboolean
ui_measures_load_state (UiSession *session, const EngJson *in, GError **error)
{
  g_autofree char *group = NULL;
  if (!eng_json_string (in, "group", &group, error))
    return FALSE;
  if (group)
    ui_threshold_set_group (ui_session_threshold (session), ui_measure_nth (group, 0) ? group : NULL);
  return TRUE;
}

const UiStateWord ui_threshold_words[] = {
  { "share", "threshold", TRUE },
  { "direction", "remove or keep" },
  { "protocol", "protocol" },
  { "custom", "protocol" },
  { "fill", "protocol" },
  { "seed", "noise", TRUE },
  { "rank-by", "ranking" },
  { "steps", "kept step" },
  { NULL, NULL },
};
