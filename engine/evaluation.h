/* An evaluation as files: what was asked for and with which model (JSON, beside the table), and the table of scores
 * itself, read back record by record. A record is all rows of one picture and class, and counts only as a whole: so a
 * run that was killed goes on where it was. */
#pragma once

#include "scores.h"

G_BEGIN_DECLS

#define ENG_EVALUATION_VERSION 1
#define ENG_EVALUATION_MAX_FILE (4LL << 30) /* bytes of a table */

typedef struct
{
  char *id, *layer; /* @layer: "" for the method's own choice */
  char *values;     /* JSON object text */
} EngEvaluationMethod;

typedef struct
{
  char *id, *key, *name, *direction; /* as EngScoreColumn; @name for people */
} EngEvaluationProtocol;

typedef struct
{
  char *image, *class_name; /* @class_name: "" where the model chooses */
  char *reason;
} EngEvaluationFailure;

typedef struct
{
  /* Settings: two tables may be joined, and a run may go on, only where all of these agree. */
  char *version, *model_sha256, *model_output, *preprocessing;
  GPtrArray *methods;   /* EngEvaluationMethod* */
  GPtrArray *protocols; /* EngEvaluationProtocol* */
  char *class_text;     /* "top", "label", or the class of all pictures */
  char *contrast;       /* class that is explained away from; "" for none */
  gint64 seed;
  double threshold;
  gboolean masks, curves;
  /* How it went. */
  char *model_name, *model_path, *kernels;
  int pictures;        /* asked for, in all shards together */
  int shard, shards;   /* 1 of 1: everything */
  GPtrArray *failures; /* EngEvaluationFailure* */
} EngEvaluation;

EngEvaluation *eng_evaluation_new (void);
void eng_evaluation_free (EngEvaluation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngEvaluation, eng_evaluation_free)
void eng_evaluation_add_method (EngEvaluation *self, const char *id, const char *layer, const char *values);
void eng_evaluation_add_protocol (EngEvaluation *self, const char *id, const char *key, const char *name,
                                  const char *direction);
void eng_evaluation_add_failure (EngEvaluation *self, const char *image, const char *class_name, const char *reason);
/* By picture and class. */
void eng_evaluation_sort_failures (EngEvaluation *self);

/* The columns of a record, methods outermost: borrowed texts. (transfer container): g_free */
EngScoreColumn *eng_evaluation_columns (const EngEvaluation *self, guint *n);
/* "the seed (0 there, 1 now)"; NULL: both have the same settings. (transfer full) */
char *eng_evaluation_difference (const EngEvaluation *there, const EngEvaluation *now);

char *eng_evaluation_encode (const EngEvaluation *self); /* (transfer full): JSON text */
/* @origin: file name, for messages. NULL with an error: no evaluation, damaged, or of a newer version. */
EngEvaluation *eng_evaluation_decode (const char *text, gsize length, const char *origin, GError **error);
EngEvaluation *eng_evaluation_load (const char *path, GError **error);

/* ---- the table ---- */
typedef struct
{
  char *image, *class_name;
  gsize start, end; /* bytes of its rows in the text */
} EngScoreRecord;

typedef struct
{
  GPtrArray *records; /* EngScoreRecord* */
  GArray *values;     /* double: records x columns; NAN: not measured */
  gsize sound; /* bytes up to the end of the last whole record; what follows was cut off while it was written */
} EngScoreTable;

void eng_score_table_free (EngScoreTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngScoreTable, eng_score_table_free)
/* TRUE when @text begins with the titles of such a table, or is the beginning of them. */
gboolean eng_score_table_is_one (const char *text, gsize length);
/**
 * eng_score_table_parse:
 * @columns: @n: each record has these rows in this order
 *
 * Returns: (transfer full): NULL with an error that names the line that evaluate did not write.
 */
EngScoreTable *eng_score_table_parse (const char *text, gsize length, const char *name, const EngScoreColumn *columns,
                                      guint n, GError **error);
/* Value of column @column in record @record. */
double eng_score_table_value (const EngScoreTable *self, guint record, guint column);

G_END_DECLS
