/* See scores.h. */
#include "scores.h"

#include "csv.h"

const char *const eng_scores_titles[] = {
  "image", "class", "method", "metric", "protocol", "direction", "value", NULL
};

const char *
eng_scores_direction (const EngProtocol *protocol)
{
  return protocol->direction == ENG_HIGHER_IS_BETTER ? "higher" : "lower";
}

void
eng_scores_add (GString *out, const char *image, const char *class_name, const EngScoreColumn *column, double value)
{
  eng_csv_add (out, TRUE, image);
  eng_csv_add (out, FALSE, class_name);
  eng_csv_add (out, FALSE, column->method);
  eng_csv_add (out, FALSE, column->metric);
  eng_csv_add (out, FALSE, column->protocol);
  eng_csv_add (out, FALSE, column->direction);
  eng_csv_add_number (out, FALSE, value);
  g_string_append_c (out, '\n');
}
