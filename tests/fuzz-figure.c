/* Fuzz target: any bytes as a figure, in any of its containers. What is accepted writes itself back and reads the
 * same again. */
#include "ui/draw/figure-open.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (UiFigure) figure = ui_figure_open_bytes (bytes, "fuzz.json", &error);
  g_assert_true ((figure != NULL) != (error != NULL));
  if (!figure)
    return 0;
  for (guint i = 0; i < figure->rows->len; i++)
    for (guint k = 0; k < figure->columns->len && figure->models->len > 0; k++)
      g_assert_cmpuint (ui_figure_panel_model (figure, i, k), <, figure->models->len);
  g_autofree char *first = ui_figure_to_json (figure, FALSE);
  g_autoptr (UiFigure) again = ui_figure_from_json (first, -1, "again.json", &error);
  g_assert_no_error (error);
  g_autofree char *second = ui_figure_to_json (again, FALSE);
  g_assert_cmpstr (first, ==, second);
  return 0;
}
