/* A session as a file: which model and pictures, how everything is shown, and finished maps, so that it opens at
 * once. Here for the window and for the command line, so without GTK; the state is the window's and is passed on
 * untouched.
 *
 * The file is one JSON object, described in sightline-session(5). Paths are written twice, as they are and as they
 * look from the file's folder: a project that moves as a whole finds itself again. That goes for what the state and
 * the parameters of methods name, too. */
#pragma once

#include "heatmap.h"
#include "model.h"

G_BEGIN_DECLS

#define ENG_SESSION_SUFFIX ".sightline"
#define ENG_SESSION_VERSION 1
#define ENG_SESSION_MOST_PATH 4096 /* bytes */

typedef struct
{
  char *path;    /* absolute */
  char *sha256;  /* of the file; NULL: not known */
  float *logits; /* what the model said of it; NULL: not known */
  int n_logits;
} EngSessionPicture;

/* What was asked for and what came out. */
typedef struct
{
  char *picture; /* path, as in the list of pictures */
  char *method;  /* id */
  char *values;  /* JSON object text, as eng_values_to_json() writes it */
  char *layer;   /* NULL: the method's own choice */
  int class_index, contrast;
  guint64 seed;
  double progress; /* < 1: it was stopped there, or the window was closed in the middle */
  gboolean shown;  /* its tile was on screen */
  EngHeatmap *map; /* (nullable): result, or the preview so far */
} EngSessionMap;

typedef struct
{
  char *model, *model_sha256, *model_output; /* path absolute; NULL: no model was open */
  GPtrArray *pictures;                       /* EngSessionPicture*, in the order of the strip */
  int current;                               /* index of the one shown; -1: none */
  GPtrArray *maps;                           /* EngSessionMap* */
  char *state;                               /* JSON object text; NULL: none */
  char *saved_as;                            /* autosaved work: the file that it belongs to; NULL: none yet */
} EngSession;

EngSession *eng_session_new (void);
void eng_session_free (EngSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngSession, eng_session_free)
EngSessionPicture *eng_session_picture_new (const char *path, const char *sha256);
EngSessionMap *eng_session_map_new (void);
EngSessionMap *eng_session_map_copy (const EngSessionMap *self); /* shares the heatmap */
void eng_session_map_free (EngSessionMap *self);
/* TRUE when both say how the same map is made, whether it is shown or not. */
gboolean eng_session_map_equal (const EngSessionMap *a, const EngSessionMap *b);

/**
 * eng_session_encode:
 * @folder: where the file will lie
 *
 * Maps come first to first: those for which there is no room (40 MB) are written without their values; logits
 * likewise (8 MB). Any thread.
 */
GBytes *eng_session_encode (const EngSession *self, const char *folder);
/* Whole or not at all. FALSE with an error, also when it would be too large to be opened again. Any thread. */
gboolean eng_session_write (const EngSession *self, const char *path, GError **error);
/**
 * eng_session_decode:
 * @path: of the file: for messages, and for what lies near it
 *
 * Looks at which of the two paths exists, and writes that one wherever the state and the parameters of methods say
 * the other. A map whose values are damaged loses them, and is made anew.
 * Returns: NULL with an error that says what is wrong: not a session, cut short, of a newer version.
 */
EngSession *eng_session_decode (GBytes *bytes, const char *path, GError **error);
EngSession *eng_session_load (const char *path, GError **error);
/**
 * eng_session_prepare_model:
 * @model: the session's, as its file says
 * @name: of the session's file, for messages
 *
 * Returns: (transfer full): @model behind the preprocessing that the state notes, which may be another than the
 * file's own; NULL with an error that names the key that will not do. Any thread; may take seconds.
 */
EngModel *eng_session_prepare_model (const EngSession *self, EngModel *model, const char *name, GError **error);

/* Tells a file from another that took its place, without reading it; NULL: there is none. (transfer full) */
char *eng_session_stamp (const char *path);
/* The file's digest as eng_image_sha256() and eng_model_sha256() tell it; NULL: it cannot be read. (transfer full) */
char *eng_session_digest (const char *path);

G_END_DECLS
