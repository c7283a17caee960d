/* Fuzz target: any bytes as the description of an evaluation, and as its table. What is accepted is whole, and is
 * read again as it was. */
#include <string.h>

#include "engine.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
read_table (const char *text, gsize size)
{
  static const EngScoreColumn columns[] = { { "grad-cam", "ltx-pos", "ltx-pos", "lower" },
                                            { "grad-cam", "iou", "iou at 150 per mille", "higher" } };
  g_autoptr (GError) error = NULL;
  g_autoptr (EngScoreTable) table = eng_score_table_parse (text, size, "fuzz.csv", columns, 2, &error);
  g_assert_true ((table != NULL) != (error != NULL));
  if (!table)
    return;
  g_assert_cmpuint (table->values->len, ==, 2 * table->records->len);
  gsize end = 0;
  for (guint i = 0; i < table->records->len; i++)
    {
      const EngScoreRecord *record = table->records->pdata[i];
      g_assert_true (record->image && record->class_name && record->start >= end && record->end > record->start);
      end = record->end;
    }
  g_assert_true (end <= table->sound && table->sound <= size);
  /* What is sound stays so when the rest is cut away. */
  g_autoptr (EngScoreTable) again = eng_score_table_parse (text, table->sound, "fuzz.csv", columns, 2, NULL);
  g_assert_true (again && again->sound == table->sound && again->records->len == table->records->len);
}

static void
read_description (const char *text, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngEvaluation) evaluation = eng_evaluation_decode (text, size, "fuzz.json", &error);
  g_assert_true ((evaluation != NULL) != (error != NULL));
  if (!evaluation)
    return;
  g_autofree char *encoded = eng_evaluation_encode (evaluation);
  g_autoptr (EngEvaluation) again = eng_evaluation_decode (encoded, strlen (encoded), "again.json", &error);
  g_assert_no_error (error);
  g_autofree char *difference = eng_evaluation_difference (evaluation, again);
  g_assert_null (difference);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  read_table ((const char *)data, size);
  read_description ((const char *)data, size);
  return 0;
}
