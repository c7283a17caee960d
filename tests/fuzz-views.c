/* Fuzz target: any bytes as a kept file of prepared pictures. Their digest is put right, so that what lies behind it
 * is reached. What is accepted can be read to the end. */
#include "digest.h"
#include "support.h"
#include "train/store.h"

#include <stdlib.h>
#include <string.h>

#define KEY "fuzz"
#define DIGEST_AT 16 /* in the file's header */
#define DIGEST_OVER 80

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static const EngTrainLayout layout = { .view = 12, .logits = 2, .frozen = 5, .pictures = 3 };

static void
read_all (const EngTrainStore *store)
{
  guint in = 0;
  double sum = 0;
  for (guint i = 0; i < layout.pictures; i++)
    {
      const char *text;
      in += eng_train_store_get_note (store, i, &text);
      g_assert_true (g_utf8_validate (text, -1, NULL));
    }
  g_assert_cmpuint (in, ==, eng_train_store_count (store));
  for (guint i = 0; i < in; i++)
    {
      for (gsize k = 0; k < layout.view; k++)
        sum += eng_train_store_view (store, i)[k];
      for (gsize k = 0; k < layout.logits; k++)
        sum += eng_train_store_logits (store, i)[k];
      for (gsize k = 0; k < layout.frozen; k++)
        sum += eng_train_store_frozen (store, i)[k];
    }
  volatile double kept = sum;
  (void)kept;
}

static char *folder, *path;

static void
clean_up (void)
{
  test_remove_tree (folder);
  g_free (folder);
  g_free (path);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (!folder)
    {
      g_autofree char *key = eng_digest_data (KEY, strlen (KEY)), *name = g_strconcat (key, ".views", NULL);
      folder = test_tmpdir ();
      path = g_build_filename (folder, name, NULL);
      atexit (clean_up);
    }
  g_autofree guint8 *file = g_memdup2 (data, size);
  if (size > DIGEST_OVER)
    {
      g_autofree char *digest = eng_digest_data (file + DIGEST_OVER, size - DIGEST_OVER);
      memcpy (file + DIGEST_AT, digest, DIGEST_OVER - DIGEST_AT);
    }
  g_assert_true (
      g_file_set_contents_full (path, (const char *)file, (gssize)size, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  g_autoptr (EngTrainStore) store = eng_train_store_open (folder, KEY, &layout);
  if (store)
    read_all (store);
  return 0;
}
