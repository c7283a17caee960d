/* What tests of sessions share. */
#pragma once

#include "ui-support.h"

/* The sample with these methods, all computed. */
UiSession *test_session_open_quick (const char *methods);
/* The state as text. (transfer full) */
char *test_session_state (UiSession *session);
/* Loads such a text and says whether that has to go well. */
void test_session_load (UiSession *session, const char *text, gboolean good);
/* Class, contrast, display, view, parameters, tiles; "smooth-grad" and "gradient" are among the methods. */
void test_session_change_everything (UiSession *session);
/* Of a file of that name in the test's own folder. (transfer full) */
char *test_session_path (const char *name);
/* FALSE: it was refused. */
gboolean test_session_try_save (UiSession *session, const char *path);
void test_session_save (UiSession *session, const char *path);
UiSession *test_session_open (const char *path);
/* With the seconds it took: it was not made again. */
void test_session_assert_same_map (UiSlot *a, UiSlot *b);
void test_session_copy_file (const char *from, const char *to);
/* A model and three pictures in a folder of their own, as a project has them. (transfer full) */
char *test_session_make_project (const char *name);
UiSession *test_session_open_project (const char *folder, const char *methods);
/* Opens and notes "kind|message" of what the session asks in @told. */
UiSession *test_session_open_with_advice (const char *path, char **told);
/* Handlers of the session's signals that note what was said last in @told. */
void test_session_on_advice (UiSession *session, const char *message, const char *kind, char **told);
void test_session_on_problem (UiSession *session, const char *message, const char *action, char **told);
