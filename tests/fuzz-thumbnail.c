/* Fuzz target: any bytes as a cached thumbnail. What is accepted is small and says that it is the picture's own. */
#include "thumbnail.h"

#define URI "file:///pictures/a.png"
#define TIME 1700000000

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  EngThumbnail found = { 0 };
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  if (!eng_thumbnail_decode (bytes, URI, TIME, &found))
    {
      g_assert_null (found.image);
      return 0;
    }
  g_assert_cmpint (eng_image_width (found.image), <=, 256);
  g_assert_cmpint (eng_image_height (found.image), <=, 256);
  g_assert_cmpint (found.width, >=, 0);
  eng_thumbnail_clear (&found);
  return 0;
}
