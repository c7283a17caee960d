/* See history.h. The sections are written down anew when the session tells of a change and compared with what was
 * written before: nothing that changes a session has to know of undo. */
#include "ui/history.h"

#include "ui/session-state.h"

#include <string.h>

#define MOST 200
#define MOST_SECTIONS 16
#define TOGETHER ((gint64)700 * 1000) /* microseconds between changes that are one */

/* One section's change; texts are NULL for sections that did not change. */
typedef struct
{
  char *before[MOST_SECTIONS], *after[MOST_SECTIONS];
  char *kind; /* the words of all that changed */
  const char *words;
  gboolean smooth;
  guint64 mark_before, mark_after;
} Entry;

struct _UiHistory
{
  UiSession *session; /* not owned: it owns this */
  char *now[MOST_SECTIONS];
  GPtrArray *entries; /* Entry*, oldest first */
  guint at;           /* entries before this can be undone, the others redone */
  guint64 mark, last_mark;
  guint idle;
  gboolean held, joins; /* the next change of the same kind joins the last entry */
  gint64 last;
  void (*changed) (gpointer data);
  gpointer data;
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;
  for (guint i = 0; i < MOST_SECTIONS; i++)
    {
      g_free (entry->before[i]);
      g_free (entry->after[i]);
    }
  g_free (entry->kind);
  g_free (entry);
}

static char *
text_of (UiHistory *self, const UiStateSection *section)
{
  g_autoptr (JsonNode) node = json_node_alloc ();
  json_node_take_object (json_node_init (node, JSON_NODE_OBJECT),
                         ui_session_state_save_section (self->session, section));
  return json_to_string (node, FALSE);
}

static void
tell (UiHistory *self)
{
  if (self->changed)
    self->changed (self->data);
}

/* ---- noticing ---- */

/* Appends what differs to @kind and names @entry after the first of it. */
static void
name_difference (const UiStateSection *section, const char *before, const char *after, GString *kind, Entry *entry)
{
  g_autoptr (JsonNode) a = json_from_string (before, NULL), b = json_from_string (after, NULL);
  for (const UiStateWord *word = section->words; word->key; word++)
    {
      JsonNode *x = json_object_get_member (json_node_get_object (a), word->key);
      JsonNode *y = json_object_get_member (json_node_get_object (b), word->key);
      if (x == y || (x && y && json_node_equal (x, y)))
        continue;
      g_string_append_printf (kind, "%s.%s ", section->name, word->words);
      entry->words = entry->words ? entry->words : word->words;
      entry->smooth = entry->smooth && word->smooth;
    }
  entry->words = entry->words ? entry->words : section->name;
}

/* What changed since the last time; NULL: nothing. */
static Entry *
compare (UiHistory *self)
{
  const UiStateSection *section;
  Entry *entry = NULL;
  g_autoptr (GString) kind = g_string_new (NULL);
  for (guint i = 0; i < MOST_SECTIONS && (section = ui_state_section (i)); i++)
    {
      if (!section->undoable)
        continue;
      char *text = text_of (self, section);
      if (g_strcmp0 (text, self->now[i]) == 0)
        {
          g_free (text);
          continue;
        }
      if (!entry)
        {
          entry = g_new0 (Entry, 1);
          entry->smooth = TRUE;
        }
      name_difference (section, self->now[i], text, kind, entry);
      entry->before[i] = g_steal_pointer (&self->now[i]);
      entry->after[i] = g_strdup (text);
      self->now[i] = text;
    }
  if (entry)
    entry->kind = g_string_free (g_steal_pointer (&kind), FALSE);
  return entry;
}

/* TRUE when @entry only continues the last one. */
static gboolean
join (UiHistory *self, Entry *entry, gint64 now)
{
  Entry *last = self->at > 0 ? self->entries->pdata[self->at - 1] : NULL;
  if (!last || self->at < self->entries->len || !self->joins || g_strcmp0 (last->kind, entry->kind) != 0
      || (!self->held && (!entry->smooth || now - self->last > TOGETHER)))
    return FALSE;
  for (guint i = 0; i < MOST_SECTIONS; i++)
    if (entry->after[i])
      {
        if (!last->before[i])
          last->before[i] = g_steal_pointer (&entry->before[i]);
        g_free (last->after[i]);
        last->after[i] = g_steal_pointer (&entry->after[i]);
      }
  entry_free (entry);
  last->mark_after = self->mark = ++self->last_mark;
  return TRUE;
}

static void
notice (UiHistory *self)
{
  g_clear_handle_id (&self->idle, g_source_remove);
  Entry *entry = compare (self);
  gint64 now = g_get_monotonic_time ();
  if (!entry)
    return;
  if (!join (self, entry, now))
    {
      g_ptr_array_set_size (self->entries, (int)self->at);
      entry->mark_before = self->mark;
      entry->mark_after = self->mark = ++self->last_mark;
      g_ptr_array_add (self->entries, entry);
      if (self->entries->len > MOST)
        g_ptr_array_remove_index (self->entries, 0);
      self->at = self->entries->len;
    }
  self->last = now;
  self->joins = TRUE;
  tell (self);
}

static gboolean
on_idle (gpointer data)
{
  UiHistory *self = data;
  self->idle = 0;
  notice (self);
  return G_SOURCE_REMOVE;
}

static void
on_change (UiHistory *self)
{
  if (!self->idle)
    self->idle = g_idle_add_full (G_PRIORITY_HIGH_IDLE, on_idle, self, NULL);
}

/* ---- going back and forth ---- */

static void
restore (UiHistory *self, char *const *texts)
{
  const UiStateSection *section;
  JsonObject *state = json_object_new ();
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < MOST_SECTIONS && (section = ui_state_section (i)); i++)
    if (texts[i])
      json_object_set_member (state, section->name, json_from_string (texts[i], NULL));
  EngJson json = { state, "undo", "" };
  if (!ui_session_state_load (self->session, &json, &error))
    g_warning ("%s", error->message);
  json_object_unref (state);
  /* As it is now, which is not noticed as a change. */
  for (guint i = 0; i < MOST_SECTIONS && (section = ui_state_section (i)); i++)
    if (section->undoable)
      {
        g_free (self->now[i]);
        self->now[i] = text_of (self, section);
      }
  self->joins = FALSE;
  g_clear_handle_id (&self->idle, g_source_remove);
  tell (self);
}

gboolean
ui_history_undo (UiHistory *self)
{
  notice (self);
  if (self->at == 0)
    return FALSE;
  Entry *entry = self->entries->pdata[--self->at];
  self->mark = entry->mark_before;
  restore (self, entry->before);
  return TRUE;
}

gboolean
ui_history_redo (UiHistory *self)
{
  notice (self);
  if (self->at == self->entries->len)
    return FALSE;
  Entry *entry = self->entries->pdata[self->at++];
  self->mark = entry->mark_after;
  restore (self, entry->after);
  return TRUE;
}

const char *
ui_history_undo_words (UiHistory *self)
{
  notice (self);
  return self->at > 0 ? ((Entry *)self->entries->pdata[self->at - 1])->words : NULL;
}

const char *
ui_history_redo_words (UiHistory *self)
{
  notice (self);
  return self->at < self->entries->len ? ((Entry *)self->entries->pdata[self->at])->words : NULL;
}

guint64
ui_history_mark (UiHistory *self)
{
  notice (self);
  return self->mark;
}

void
ui_history_hold (UiHistory *self, gboolean held)
{
  /* What was changed before the button went down is another change, and so is what comes after. */
  notice (self);
  self->held = held;
  self->joins = FALSE;
}

void
ui_history_connect (UiHistory *self, void (*changed) (gpointer data), gpointer data)
{
  self->changed = changed;
  self->data = data;
}

/* ---- birth and end ---- */

void
ui_history_reset (UiHistory *self)
{
  const UiStateSection *section;
  g_ptr_array_set_size (self->entries, 0);
  self->at = 0;
  self->joins = FALSE;
  for (guint i = 0; i < MOST_SECTIONS && (section = ui_state_section (i)); i++)
    if (section->undoable)
      {
        g_free (self->now[i]);
        self->now[i] = text_of (self, section);
      }
  tell (self);
}

UiHistory *
ui_history_new (UiSession *session)
{
  static const char *const signals[] = { "display-changed", "notify::target", "jobs-changed" };
  UiHistory *self = g_new0 (UiHistory, 1);
  g_assert (ui_state_section (MOST_SECTIONS) == NULL);
  self->session = session;
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_connect_swapped (session, signals[i], G_CALLBACK (on_change), self);
  g_signal_connect_swapped (ui_session_threshold (session), "changed", G_CALLBACK (on_change), self);
  g_signal_connect_swapped (ui_session_composer (session), "changed", G_CALLBACK (on_change), self);
  g_signal_connect_swapped (ui_session_tiles (session), "items-changed", G_CALLBACK (on_change), self);
  ui_history_reset (self);
  return self;
}

void
ui_history_free (UiHistory *self)
{
  g_signal_handlers_disconnect_by_data (self->session, self);
  g_signal_handlers_disconnect_by_data (ui_session_threshold (self->session), self);
  g_signal_handlers_disconnect_by_data (ui_session_composer (self->session), self);
  g_signal_handlers_disconnect_by_data (ui_session_tiles (self->session), self);
  g_clear_handle_id (&self->idle, g_source_remove);
  g_ptr_array_unref (self->entries);
  for (guint i = 0; i < MOST_SECTIONS; i++)
    g_free (self->now[i]);
  g_free (self);
}
