/* Prepared pictures on disk: views, logits and kept values in one mapped file, with a note about each picture that
 * was looked at. A kept file is named by a digest of all it depends on and not believed until it is checked. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _EngTrainStore EngTrainStore;

/* What lies in one: @pictures at most, each with @view bytes and @logits and @frozen numbers. */
typedef struct
{
  gsize view, logits, frozen;
  guint pictures;
} EngTrainLayout;

/**
 * eng_train_store_new:
 * @folder: (nullable): where it will be kept, made if need be; NULL: a temporary file that nobody else sees
 * @key: text of all that the content depends on
 *
 * Takes the room at once: a disk that is full is an error here, not a signal later.
 */
EngTrainStore *eng_train_store_new (const char *folder, const char *key, const EngTrainLayout *layout,
                                    GError **error);
/* The one that was kept; NULL: none, or it is not whole. */
EngTrainStore *eng_train_store_open (const char *folder, const char *key, const EngTrainLayout *layout);
void eng_train_store_free (EngTrainStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngTrainStore, eng_train_store_free)

const EngTrainLayout *eng_train_store_layout (const EngTrainStore *self);
/* Of the @i-th picture that is in; to be written until it is finished. */
guint8 *eng_train_store_view (const EngTrainStore *self, guint i);
float *eng_train_store_logits (const EngTrainStore *self, guint i);
float *eng_train_store_frozen (const EngTrainStore *self, guint i);

/* The next picture looked at: it is in, with the digest of its file; or it is not, with the reason. */
void eng_train_store_note (EngTrainStore *self, gboolean in, const char *text);
/* Of the @i-th picture looked at. Returns: whether it is in. */
gboolean eng_train_store_get_note (const EngTrainStore *self, guint i, const char **text);
guint eng_train_store_count (const EngTrainStore *self); /* pictures that are in */

/* All pictures are noted. Gives back the room that was not needed; where there is a folder, keeps the file there and
 * removes the oldest others when they take too much. */
gboolean eng_train_store_finish (EngTrainStore *self, GError **error);

/* What others may take in the folder. */
#define ENG_TRAIN_STORE_MOST ((guint64)8 << 30)

G_END_DECLS
