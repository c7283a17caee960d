/* See latex.h. */
#include "ui/draw/latex.h"

#include <string.h>

/* What LaTeX would take for its own, and signs that its fonts have only in formulae. */
static const struct
{
  const char *from, *to;
} latex_words[] = {
  { "\\", "\\textbackslash{}" },
  { "&", "\\&" },
  { "%", "\\%" },
  { "$", "\\$" },
  { "#", "\\#" },
  { "_", "\\_" },
  { "{", "\\{" },
  { "}", "\\}" },
  { "~", "\\textasciitilde{}" },
  { "^", "\\textasciicircum{}" },
  { "↓", "$\\downarrow$" },
  { "↑", "$\\uparrow$" },
  { "−", "$-$" },
  { "×", "$\\times$" },
  { "\u2009", "\\," },
  { "\u00a0", "~" },
  { "≥", "$\\geq$" },
  { "≤", "$\\leq$" },
};

void
ui_latex_add (GString *out, const char *text)
{
  while (*text)
    {
      guint i = 0;
      while (i < G_N_ELEMENTS (latex_words) && !g_str_has_prefix (text, latex_words[i].from))
        i++;
      if (i < G_N_ELEMENTS (latex_words))
        {
          g_string_append (out, latex_words[i].to);
          text += strlen (latex_words[i].from);
          continue;
        }
      const char *next = g_utf8_next_char (text);
      g_string_append_len (out, text, next - text);
      text = next;
    }
}

char *
ui_latex_label (const char *file)
{
  GString *out = g_string_new ("fig:");
  const char *dot = strrchr (file, '.');
  for (const char *at = file; *at && at != dot; at++)
    g_string_append_c (out, g_ascii_isalnum (*at) ? *at : '-');
  return g_string_free (out, FALSE);
}
