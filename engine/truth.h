/* What pictures are said to show: a table of file names and labels, and which class of a model a label
 * means. So predictions can be told right from wrong. */
#pragma once

#include "model.h"

G_BEGIN_DECLS

/* Immutable, reference-counted. */
typedef struct _EngTruth EngTruth;

/**
 * eng_truth_parse:
 * @text: CSV (RFC 4180), UTF-8: name,label in each row; further columns are passed over, so are empty rows and a
 * first row of titles. A semicolon or a tab may stand for the comma
 * @name: for messages
 *
 * Returns: (transfer full): NULL with an error that names the line.
 */
EngTruth *eng_truth_parse (const char *text, gsize length, const char *name, GError **error);
EngTruth *eng_truth_load (const char *path, GError **error);
EngTruth *eng_truth_ref (EngTruth *self);
void eng_truth_unref (EngTruth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngTruth, eng_truth_unref)

/* TRUE for what heads a column of file names: "image", "path". */
gboolean eng_truth_is_title (const char *field);
guint eng_truth_count (const EngTruth *self);
/* Label of the picture @file_name (without its folder); (nullable). */
const char *eng_truth_find (const EngTruth *self, const char *file_name);

/* Classes of @model by everything a label may call them: whole name, or one of several between commas, whatever
 * the case, with _ and - as spaces. Names that two classes share mean neither. (transfer full): g_hash_table_unref */
GHashTable *eng_class_names (EngModel *model);
/* The class, -1: none. @numbers: an index will do as well. */
int eng_class_names_find (GHashTable *names, EngModel *model, const char *label, gboolean numbers);

/* Far above any real table, far below what hurts. */
#define ENG_TRUTH_MAX_FILE (64 * 1024 * 1024)
#define ENG_TRUTH_MAX_FIELD 1000 /* bytes */
#define ENG_TRUTH_MAX_ROWS 2000000

G_END_DECLS
