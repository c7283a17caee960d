/* A session's file as an enemy writes it: cut anywhere, too large, too deep, numbers that are none. The engine alone.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>

#include "engine/engine.h"
#include "support.h"

#define HEAD "{\"format\": \"sightline-session\", \"version\": 1"

static EngSession *
decode (const char *text, gsize length, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, length);
  return eng_session_decode (bytes, "/nowhere/test.sightline", error);
}

/* Resident bytes at most so far. */
static gsize
peak (void)
{
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return (gsize)usage.ru_maxrss * 1024;
}

/* A whole one of every kind of entry, as it is written. (transfer full) */
static char *
whole (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "tests", "seeds", "session", "whole.sightline", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (EngSession) session = eng_session_load (path, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) bytes = eng_session_encode (session, "/nowhere");
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* Every length but the whole is refused with one and the same sentence. */
static void
test_cut (void)
{
  g_autofree char *text = whole ();
  gsize n = strlen (text);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (EngSession) session = decode (text, i, &error);
      g_assert_null (session);
      g_assert_cmpstr (error->message, ==,
                       "test.sightline is no session, or it is cut short. Open another copy of it.");
    }
  g_autoptr (GError) error = NULL;
  g_autoptr (EngSession) session = decode (text, n, &error);
  g_assert_no_error (error);
}

static const struct
{
  const char *text, *says; /* NULL: it is taken */
} rows[] = {
  { HEAD ", \"version\": 2}", "newer Sightline" }, /* of keys that are there twice the last one counts */
  { HEAD ", \"version\": 1e308}", "version" },
  { HEAD ", \"version\": NaN}", "cut short" },
  { HEAD ", \"version\": Infinity}", "cut short" },
  { HEAD ", \"current\": 1e308}", "current" },
  { HEAD ", \"current\": 0}", "current" },
  { HEAD ", \"pictures\": [{\"path\": 7}]}", "path" },
  { HEAD ", \"pictures\": [{}]}", "path" },
  { HEAD ", \"pictures\": [{\"path\": \"/a\", \"sha256\": \"ab\"}]}", "sha256" },
  { HEAD ", \"pictures\": [{\"path\": \"/a\"}], \"maps\": [{\"picture\": 1, \"method\": \"ltx\"}]}", "picture" },
  { HEAD ", \"pictures\": [{\"path\": \"/a\"}], \"maps\": [{\"picture\": 0}]}", "method" },
  { HEAD
    ", \"pictures\": [{\"path\": \"/a\"}], \"maps\": [{\"picture\": 0, \"method\": \"ltx\", \"progress\": 1e308}]}",
    "progress" },
  { HEAD ", \"pictures\": [{\"path\": \"/a\"}], \"maps\": [{\"picture\": 0, \"method\": \"ltx\", \"seed\": \"-1\"}]}",
    "seed" },
  { HEAD ", \"pictures\": [{\"path\": \"/a\"}], \"maps\": [{\"picture\": 0, \"method\": \"ltx\", \"shown\": 1}]}",
    "shown" },
  { HEAD ", \"state\": [1]}", "state" },
  { HEAD ", \"files\": [1]}", "files" },
  { HEAD ", \"files\": [{}]}", "path" },
  { HEAD ", \"files\": [{\"path\": \"/a\", \"relative\": 7}]}", "relative" },
  { HEAD ", \"pictures\": [{\"path\": \"../../../../../../etc/passwd\"}]}", NULL },
  { HEAD ", \"pictures\": [{\"path\": \"file:///a/../../etc/%70asswd\"}]}", NULL },
  { HEAD
    ", \"pictures\": [{\"path\": \"/a\"}], \"maps\": [{\"picture\": 0, \"method\": \"ltx\", \"map\": \"////\"}]}",
    NULL },
  { HEAD ", \"pictures\": [{\"path\": \"/a\", \"logits\": \"AADAfw==\"}]}", NULL }, /* NaN */
};

static void
test_values (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (EngSession) session = decode (rows[i].text, strlen (rows[i].text), &error);
      if (!rows[i].says)
        {
          g_assert_no_error (error);
          const EngSessionPicture *picture = session->pictures->pdata[0];
          g_assert_true (g_path_is_absolute (picture->path));
          g_assert_null (strstr (picture->path, ".."));
          g_assert_null (picture->logits);
          g_assert_true (session->maps->len == 0 || !((EngSessionMap *)session->maps->pdata[0])->map);
          continue;
        }
      g_assert_null (session);
      if (!strstr (error->message, rows[i].says) || !strstr (error->message, "test.sightline"))
        g_error ("%s: %s", rows[i].text, error->message);
    }
}

/* @n times @entry in the list @key. (transfer full) */
static GString *
repeat (const char *key, const char *entry, guint n)
{
  GString *text = g_string_new (HEAD);
  g_string_append_printf (text, ", \"%s\": [", key);
  for (guint i = 0; i < n; i++)
    {
      g_string_append (text, i ? "," : "");
      g_string_append (text, entry);
    }
  g_string_append (text, "]}");
  return text;
}

#define MANY 100000

/* Pictures by the hundred thousand are read, within memory that grows as they do; one more than a million is not,
 * whatever they are, nor is a file of more than 64 MB. */
static void
test_many (void)
{
  G_GNUC_UNUSED gsize before = peak ();
  g_autoptr (GError) error = NULL, more = NULL, large = NULL;
  GString *text = repeat ("pictures", "{\"path\":\"/a\"}", MANY);
  g_autoptr (EngSession) session = decode (text->str, text->len, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (session->pictures->len, ==, MANY);
  g_string_free (text, TRUE);
#ifndef __SANITIZE_ADDRESS__ /* the sanitizer keeps freed memory for a while */
  g_assert_cmpuint (peak () - before, <, (gsize)2000 * MANY);
#endif
  text = repeat ("pictures", "0", 1000001);
  g_assert_null (decode (text->str, text->len, &more));
  g_assert_nonnull (strstr (more->message, "pictures"));
  g_string_free (text, TRUE);
  text = g_string_new (HEAD "}");
  gsize length = text->len;
  g_string_set_size (text, ((gsize)64 << 20) + 1);
  memset (text->str + length, ' ', text->len - length);
  g_assert_null (decode (text->str, text->len, &large));
  g_assert_nonnull (strstr (large->message, "test.sightline"));
  g_string_free (text, TRUE);
}

/* What would not be opened again is not written, and what was there stays. */
static void
test_too_large (void)
{
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "s.sightline", NULL), *kept = NULL;
  g_autoptr (EngSession) session = eng_session_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_strnfill (4000, 'a'), *picture = g_strconcat ("/", name, NULL);
  g_assert_true (eng_session_write (session, path, &error));
  for (guint i = 0; i < 17000; i++)
    g_ptr_array_add (session->pictures, eng_session_picture_new (picture, NULL));
  g_assert_false (eng_session_write (session, path, &error));
  g_assert_nonnull (strstr (error->message, "s.sightline would be larger than 64 MB"));
  g_assert_true (g_file_get_contents (path, &kept, NULL, NULL));
  g_assert_null (strstr (kept, "aaa"));
  test_remove_tree (folder);
}

/* A folder of masks and an explainer beside the session, and a file far away. */
static EngSession *
other_files (const char *folder)
{
  EngSession *session = eng_session_new ();
  EngSessionMap *map = eng_session_map_new ();
  g_autofree char *picture = g_build_filename (folder, "a.png", NULL);
  session->state =
      g_strdup_printf ("{\"object\":{\"masks\":\"%s/masks\"},\"tiles\":{\"methods\":[{\"values\":{\"explainer\":"
                       "\"%s/mine/e.onnx\",\"far\":\"/far/e.onnx\",\"said\":\"%s is no path\"}}]}}",
                       folder, folder, folder);
  map->picture = g_strdup (picture);
  map->method = g_strdup ("bla");
  map->values = g_strdup_printf ("{\"explainer\":\"%s/mine/e.onnx\",\"lambda\":0.5}", folder);
  g_ptr_array_add (session->pictures, eng_session_picture_new (picture, NULL));
  g_ptr_array_add (session->maps, map);
  return session;
}

/* Of @session, as it would be of the one above. */
static void
assert_lies_in (const EngSession *session, const char *folder)
{
  g_autoptr (EngSession) wanted = other_files (folder);
  const EngSessionMap *map = session->maps->pdata[0], *as = wanted->maps->pdata[0];
  g_assert_cmpstr (session->state, ==, wanted->state);
  g_assert_cmpstr (map->values, ==, as->values);
}

/* What the state and the parameters name moves along, if it is there; else, and in files that older programs wrote,
 * it stays where it was. Texts that only look like it are left alone. */
static void
test_other_files (void)
{
  g_autofree char *root = test_tmpdir (), *before = g_build_filename (root, "before", NULL);
  g_autofree char *after = g_build_filename (root, "after", NULL), *path = g_build_filename (after, "s", NULL);
  g_autofree char *masks = g_build_filename (after, "masks", NULL), *mine = g_build_filename (after, "mine", NULL);
  g_autofree char *file = g_build_filename (mine, "e.onnx", NULL);
  g_autoptr (EngSession) session = other_files (before);
  g_autoptr (GBytes) bytes = eng_session_encode (session, before);
  g_autoptr (GError) error = NULL;
  g_autoptr (EngSession) lost = eng_session_decode (bytes, path, &error);
  g_assert_no_error (error);
  assert_lies_in (lost, before);

  g_assert_cmpint (g_mkdir_with_parents (masks, 0700) | g_mkdir (mine, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_autoptr (EngSession) moved = eng_session_decode (bytes, path, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (moved->state, "/far/e.onnx"));
  g_autofree char *said = g_strconcat (before, " is no path", NULL),
                  *said_after = g_strconcat (after, " is no path", NULL);
  g_assert_nonnull (strstr (moved->state, said));
  g_autoptr (GString) state = g_string_new (moved->state);
  g_string_replace (state, said, said_after, 0);
  g_free (moved->state);
  moved->state = g_string_free (g_steal_pointer (&state), FALSE);
  assert_lies_in (moved, after);

  g_autoptr (GString) old = g_string_new_len (g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes));
  g_assert_cmpuint (g_string_replace (old, "\"files\"", "\"unknown\"", 0), ==, 1);
  g_autoptr (GBytes) without = g_bytes_new (old->str, old->len);
  g_autoptr (EngSession) as_it_was = eng_session_decode (without, path, &error);
  g_assert_no_error (error);
  assert_lies_in (as_it_was, before);
  test_remove_tree (root);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session-limits/cut", test_cut);
  g_test_add_func ("/session-limits/values", test_values);
  g_test_add_func ("/session-limits/other-files", test_other_files);
  g_test_add_func ("/session-limits/many", test_many);
  g_test_add_func ("/session-limits/too-large", test_too_large);
  return g_test_run ();
}
