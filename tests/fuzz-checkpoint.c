/* Fuzz target: any bytes as a checkpoint of a training. The digest is put right, so that what lies behind it is
 * reached. What is accepted has the sizes it says. */
#include "support.h"
#include "train/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#define DIGEST 32
#define COUNT 3
#define STATE 32
#define STEPS 10

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static char *folder, *path;

static void
clean_up (void)
{
  test_remove_tree (folder);
  g_free (folder);
  g_free (path);
}

static void
read_all (const EngCheckpoint *c)
{
  double sum = 0;
  g_assert_cmpint (c->step, <=, STEPS);
  g_assert_cmpint (c->best, <, (int)c->marks->len);
  for (int i = 0; i < COUNT; i++)
    sum += c->weights[i] + (c->best >= 0 ? c->best_weights[i] : 0);
  for (int i = 0; i < STATE; i++)
    sum += c->state[i];
  for (guint i = 0; i < c->points->len; i++)
    sum += g_array_index (c->points, EngTrainingPoint, i).loss;
  for (guint i = 0; i < c->marks->len; i++)
    sum += g_array_index (c->marks, EngTrainingMark, i).score;
  volatile double kept = sum;
  (void)kept;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const char key[] = "0000000000000000000000000000000000000000000000000000000000000000";
  g_auto (EngCheckpoint) c = { .count = COUNT, .state_size = STATE };
  g_autofree guint8 *file = g_memdup2 (data, size);
  if (!folder)
    {
      folder = test_tmpdir ();
      path = g_build_filename (folder, "checkpoint", NULL);
      atexit (clean_up);
    }
  if (size > DIGEST)
    {
      g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
      gsize length = DIGEST;
      g_checksum_update (sum, file, (gssize)(size - DIGEST));
      g_checksum_get_digest (sum, file + size - DIGEST, &length);
    }
  g_assert_true (
      g_file_set_contents_full (path, (const char *)file, (gssize)size, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  if (eng_checkpoint_read (&c, key, STEPS, path, NULL))
    read_all (&c);
  return 0;
}
