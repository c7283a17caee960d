/* Fuzz target: any bytes as a session. What is accepted writes itself back and reads the same again. */
#include "session-file.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (EngSession) session = eng_session_decode (bytes, "/nowhere/fuzz.sightline", &error);
  g_assert_true ((session != NULL) != (error != NULL));
  if (!session)
    return 0;
  g_assert_cmpint (session->current, <, (int)session->pictures->len);
  for (guint i = 0; i < session->pictures->len; i++)
    g_assert_true (g_path_is_absolute (((EngSessionPicture *)session->pictures->pdata[i])->path));
  g_autoptr (GBytes) first = eng_session_encode (session, "/nowhere");
  g_autoptr (EngSession) again = eng_session_decode (first, "/nowhere/again.sightline", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (again->maps->len, ==, session->maps->len);
  g_autoptr (GBytes) second = eng_session_encode (again, "/nowhere");
  g_assert_true (g_bytes_equal (first, second));
  return 0;
}
