/* Pictures to train on: found, checked, prepared for the model and kept, each with what the frozen classifier makes
 * of it. Made once per folder and model; later trainings find the file again.
 *
 * Sources: a folder (subfolders too; where all pictures lie in subfolders, these name the classes), a single list
 * (CSV: path,label; paths relative to the list), or a folder and a list of labels (CSV: name,label). A label may name
 * several classes with semicolons between. Files that are no pictures, broken or hold fewer pixels than one cell are
 * left out, counted and listed; so are masks of objects beside the pictures of a folder (masks.h). */
#pragma once

#include "../model.h"

G_BEGIN_DECLS

typedef struct _EngTrainData EngTrainData;

typedef struct
{
  const char *path;   /* folder or list */
  const char *labels; /* (nullable): list of labels for the pictures of a folder */
  const char *frozen; /* (nullable): value of the classifier to keep for each picture */
  int most;           /* pictures taken, chosen by @seed; 0: all */
  guint64 seed;
} EngTrainSource;

/* Called between batches, with how many of how many pictures are ready. FALSE with an error: stop. */
typedef gboolean (*EngTrainDataStep) (guint done, guint total, gpointer data, GError **error);

/**
 * eng_train_data_new:
 * @folder: (nullable): where prepared pictures are kept for the next time; NULL: a temporary file
 *
 * Decodes and resizes on other threads while the classifier runs on this one. Memory: a few batches; the prepared
 * pictures lie in a mapped file. Fails when fewer than two pictures are left, labels name no class of the model, or
 * the disk is full. Engine thread, or the command line's.
 */
EngTrainData *eng_train_data_new (EngModel *model, const EngTrainSource *source, const char *folder,
                                  EngTrainDataStep step, gpointer data, GError **error);
EngTrainData *eng_train_data_ref (EngTrainData *self);
void eng_train_data_unref (EngTrainData *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngTrainData, eng_train_data_unref)

guint eng_train_data_count (const EngTrainData *self);                 /* prepared pictures */
const char *eng_train_data_name (const EngTrainData *self, guint i);   /* path below the source */
const guint8 *eng_train_data_view (const EngTrainData *self, guint i); /* H x W x 3 */
const float *eng_train_data_logits (const EngTrainData *self, guint i);
const float *eng_train_data_frozen (const EngTrainData *self, guint i); /* NULL: nothing kept */
gsize eng_train_data_frozen_size (const EngTrainData *self);            /* numbers of each */
int eng_train_data_predicted (const EngTrainData *self, guint i);
/* Classes that the label of picture @i names, ended by -1; only -1: no label. */
const int *eng_train_data_classes (const EngTrainData *self, guint i);
guint eng_train_data_labelled (const EngTrainData *self);
/* Of names, contents and labels of all pictures, whatever the folder is called. */
const char *eng_train_data_sha256 (const EngTrainData *self);

/* What was left out, and why: "NAME: reason". (transfer none) char* */
const GPtrArray *eng_train_data_skipped (const EngTrainData *self);
/* "412 pictures, 3 left out; 380 with labels of 12 classes". (transfer full) */
char *eng_train_data_summary (const EngTrainData *self);

G_END_DECLS
