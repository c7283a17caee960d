/* SHA-256: the standard's own examples, GLib's digest at every length around a block, files. */
#include "digest.h"
#include "support.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

/* FIPS 180-4's examples, as NIST publishes them:
 * https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines */
static void
test_known (void)
{
  static const struct
  {
    const char *text, *digest;
  } known[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autofree char *digest = eng_digest_data (known[i].text, strlen (known[i].text));
      g_assert_cmpstr (digest, ==, known[i].digest);
    }
  g_autofree char *million = g_malloc (1000000);
  memset (million, 'a', 1000000);
  g_autofree char *digest = eng_digest_data (million, 1000000);
  g_assert_cmpstr (digest, ==, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static guint8 *
noise (gsize n)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  guint8 *bytes = g_malloc (n);
  for (gsize i = 0; i < n; i++)
    bytes[i] = (guint8)g_rand_int (random);
  return bytes;
}

static void
test_lengths (void)
{
  g_autofree guint8 *bytes = noise (300);
  for (gsize n = 0; n <= 300; n++)
    {
      g_autofree guint8 *exact = g_memdup2 (bytes, n);
      g_autofree char *digest = eng_digest_data (exact, n);
      g_autofree char *expected = g_compute_checksum_for_data (G_CHECKSUM_SHA256, bytes, n);
      g_assert_cmpstr (digest, ==, expected);
    }
}

/* Files are read in parts, of a quarter of a megabyte. */
static void
test_files (void)
{
  g_autofree char *folder = g_dir_make_tmp ("digest-XXXXXX", NULL), *path = g_build_filename (folder, "f", NULL);
  static const gsize sizes[] = { 0, 1, 1 << 18, (1 << 18) + 1, 700001 };
  g_autofree guint8 *bytes = noise (700001);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_true (g_file_set_contents (path, (const char *)bytes, (gssize)sizes[i], NULL));
      g_autofree char *digest = eng_digest_file (path, NULL, &error);
      g_autofree char *expected = g_compute_checksum_for_data (G_CHECKSUM_SHA256, bytes, sizes[i]);
      g_assert_no_error (error);
      g_assert_cmpstr (digest, ==, expected);
    }
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_cancellable_cancel (cancelled);
  g_assert_null (eng_digest_file (path, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_unlink (path);
  g_assert_null (eng_digest_file (path, NULL, &error));
  g_assert_cmpstr (error->message, ==, "f cannot be read: No such file or directory");
  g_clear_error (&error);
  /* A pipe must not be waited for. */
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  g_assert_null (eng_digest_file (path, NULL, &error));
  g_assert_cmpstr (error->message, ==, "f cannot be read: not a file");
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/digest/known", test_known);
  g_test_add_func ("/digest/lengths", test_lengths);
  g_test_add_func ("/digest/files", test_files);
  return g_test_run ();
}
