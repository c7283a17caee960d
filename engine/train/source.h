/* Which pictures a source names, and what their labels say; none is opened yet. See data.h for the sources. */
#pragma once

#include "data.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;           /* path below the source, UTF-8 */
  char *path;           /* to open it */
  char *label;          /* (nullable): as written; of a folder's picture the folders above it, with slashes between */
  gint64 size, changed; /* bytes; nanoseconds */
} EngTrainPicture;

typedef struct
{
  GPtrArray *pictures; /* EngTrainPicture*, by path; at most source->most */
  GPtrArray *skipped;  /* char*: "NAME: reason" */
  char *labels_name;   /* file that the labels come from, for messages; NULL: names of folders, or none */
} EngTrainFound;

/**
 * eng_train_find:
 *
 * Hidden files and folders are passed over. Returns: (transfer full): NULL with an error when the source or its
 * labels cannot be read, or there are too many files.
 */
EngTrainFound *eng_train_find (const EngTrainSource *source, GError **error);
void eng_train_found_free (EngTrainFound *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngTrainFound, eng_train_found_free)

/**
 * eng_train_found_classes:
 * @names: eng_class_names()
 *
 * Returns: (transfer full): classes that the label of @picture names, each once, ended by -1. A folder's picture has
 * the class of the innermost folder that is called after one.
 */
int *eng_train_found_classes (const EngTrainFound *self, const EngTrainPicture *picture, GHashTable *names,
                              EngModel *model);

#define ENG_TRAIN_MAX_FILES 1000000
#define ENG_TRAIN_MAX_DEPTH 16 /* folders in folders */

G_END_DECLS
