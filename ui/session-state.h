/* What a session looks like, without its results, as one JSON object and back: for undo, for session files, for
 * restoring after a crash. Each section is a row of a table and knows its own keys; keys that are absent keep what is
 * there, so that older files open. Main thread only. */
#pragma once

#include "engine/json-read.h"
#include "ui/session.h"

G_BEGIN_DECLS

/* A key of a section and what changing it is called: "Undone: opacity". Keys that belong together share the words. */
typedef struct
{
  const char *key, *words;
  gboolean smooth; /* a slider's: changes in quick succession are one */
} UiStateWord;

typedef struct
{
  const char *name;  /* key of the section's object; stable */
  gboolean undoable; /* FALSE: moving about, which is remembered but not undone */
  void (*save) (UiSession *session, JsonObject *out);
  /* Takes over what is valid; the rest stays as it was, with an error about the first value that will not do. The
   * model is open. What depends on it is told once, afterwards, by ui_session_state_load(). */
  gboolean (*load) (UiSession *session, const EngJson *in, GError **error);
  const UiStateWord *words; /* ended by a row of NULL; undoable sections only */
} UiStateSection;

/* Row @i of the table; NULL past the end. */
const UiStateSection *ui_state_section (guint i);

/* (transfer full): an object of sections. */
JsonNode *ui_session_state_save (UiSession *session);
/* The object of one section alone. (transfer full) */
JsonObject *ui_session_state_save_section (UiSession *session, const UiStateSection *section);
/**
 * ui_session_state_load:
 * @state: an object of sections; those that it does not name stay as they are
 *
 * Maps that are kept appear at once, the others are computed.
 * Returns: FALSE with an error about the first value that will not do; everything else was taken over.
 */
gboolean ui_session_state_load (UiSession *session, const EngJson *state, GError **error);

/* threshold-state.c */
void ui_threshold_save_state (UiSession *session, JsonObject *out);
gboolean ui_threshold_load_state (UiSession *session, const EngJson *in, GError **error);
extern const UiStateWord ui_threshold_words[];
void ui_truth_save_state (UiSession *session, JsonObject *out);
gboolean ui_truth_load_state (UiSession *session, const EngJson *in, GError **error);
extern const UiStateWord ui_truth_words[];
void ui_measures_save_state (UiSession *session, JsonObject *out);
gboolean ui_measures_load_state (UiSession *session, const EngJson *in, GError **error);

/* session-own.c */
void ui_session_save_own (UiSession *session, JsonObject *out);
gboolean ui_session_load_own (UiSession *session, const EngJson *in, GError **error);
extern const UiStateWord ui_session_own_words[];

/* For sections: a choice by its stable id. */
void ui_state_set_choice (JsonObject *out, const char *key, const char *const *ids, int index);

G_END_DECLS
