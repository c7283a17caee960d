/* Fuzz target: any bytes as the row of a session file that holds a painted mask. What is accepted says the same of
 * itself again. */
#include "ui/mask.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = eng_json_parse ((const char *)data, (gssize)size, "fuzz.sightline", NULL);
  if (!node)
    return 0;
  EngJson json = { json_node_get_object (node), "fuzz.sightline", "own-maps." };
  g_autoptr (UiMask) mask = ui_mask_load (&json, &error);
  g_assert_true ((mask != NULL) != (error != NULL));
  if (!mask)
    return 0;
  g_autoptr (JsonObject) object = json_object_new ();
  ui_mask_save (mask, object);
  EngJson again = { object, "fuzz.sightline", "own-maps." };
  g_autoptr (UiMask) copy = ui_mask_load (&again, &error);
  g_assert_no_error (error);
  g_assert_cmpint (ui_mask_painted (copy), ==, ui_mask_painted (mask));
  g_assert_cmpint (memcmp (ui_mask_pixels (copy), ui_mask_pixels (mask), (gsize)ui_mask_n (mask)), ==, 0);
  ui_mask_stroke (copy, 1, 1, 9, 9, 3, FALSE);
  return 0;
}
