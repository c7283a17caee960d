/* See words.h. */
#include "ui/draw/words.h"

#include "engine/method.h"

#include <math.h>
#include <string.h>

char *
ui_words_count (guint n)
{
  GString *text = g_string_new (NULL);
  g_string_printf (text, "%u", n);
  for (gssize at = (gssize)text->len - 3; at > 0; at -= 3)
    g_string_insert_c (text, at, ',');
  return g_string_free (text, FALSE);
}

char *
ui_words_capital (const char *text)
{
  char *copy = g_strdup (text);
  copy[0] = g_ascii_toupper (copy[0]);
  return copy;
}

char *
ui_words_duration (double seconds)
{
  if (seconds < 10)
    return g_strdup_printf ("about %.0f s", fmax (1, ceil (seconds)));
  if (seconds < 57.5)
    return g_strdup_printf ("about %.0f s", 5 * round (seconds / 5));
  return g_strdup_printf ("about %.0f min", fmax (1, round (seconds / 60)));
}

char *
ui_words_time_left (double seconds)
{
  g_autofree char *duration = ui_words_duration (seconds);
  return g_strconcat (duration, " left", NULL);
}

char *
ui_words_partial (const EngHeatmap *map)
{
  const EngProvenance *p = eng_heatmap_provenance (map);
  if (!p->partial)
    return NULL;
  g_autofree char *done = ui_words_count (p->done), *total = ui_words_count (p->total);
  return g_strdup_printf ("%s of %s %s", done, total, p->unit);
}

char *
ui_words_explained (const EngHeatmap *map)
{
  const EngProvenance *p = eng_heatmap_provenance (map);
  const EngMethod *method = eng_method_find (p->method_id, NULL);
  if ((method && !method->class_dependent) || !eng_heatmap_is_of_class (map))
    return g_strdup ("all classes alike");
  if (p->contrast_index >= 0)
    return g_strdup_printf ("%s rather than %s", p->class_name, p->contrast_name);
  return g_strdup_printf ("%s %.3f", p->class_name, p->probability);
}

char *
ui_words_settled (double convergence)
{
  return isnan (convergence) ? NULL : g_strdup_printf ("settled %.2f", fmax (0, convergence));
}

char *
ui_words_first_sentence (const char *text, char **rest)
{
  /* A full stop inside a number, a file name or a path is not followed by a space and a capital. */
  for (const char *dot = strstr (text, ". "); dot; dot = strstr (dot + 2, ". "))
    if (g_unichar_isupper (g_utf8_get_char (dot + 2)))
      {
        *rest = g_strdup (dot + 2);
        return g_strndup (text, (gsize)(dot - text));
      }
  *rest = g_strdup ("");
  return g_str_has_suffix (text, ".") ? g_strndup (text, strlen (text) - 1) : g_strdup (text);
}
