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
  { "<", "\\textless{}" }, /* OT1 fonts have other signs at their places */
  { ">", "\\textgreater{}" },
  { "|", "\\textbar{}" },
  { "[", "{[}" }, /* first in a row it would be the argument of the line break before it */
  { "]", "{]}" },
  { "*", "{*}" },
  { "\r", "" },
  { "\n", " " }, /* a caption is one paragraph */
  { "\t", " " },
  { "↓", "$\\downarrow$" },
  { "↑", "$\\uparrow$" },
  { "−", "$-$" },
  { "×", "$\\times$" },
  { "\u2009", "\\," },
  { "\u00a0", "~" },
  { "≥", "$\\geq$" },
  { "≤", "$\\leq$" },
  { "≈", "$\\approx$" },
  { "∞", "$\\infty$" },
  { "→", "$\\rightarrow$" },
  { "←", "$\\leftarrow$" },
  { "α", "$\\alpha$" },
  { "β", "$\\beta$" },
  { "γ", "$\\gamma$" },
  { "δ", "$\\delta$" },
  { "ε", "$\\varepsilon$" },
  { "λ", "$\\lambda$" },
  { "μ", "$\\mu$" },
  { "σ", "$\\sigma$" },
  { "τ", "$\\tau$" },
  { "Δ", "$\\Delta$" },
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

char *
ui_latex_graphics (const char *file, double width)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  gboolean special = strpbrk (file, "%#") != NULL;
  g_ascii_formatd (number, sizeof number, "%.4g", width);
  /* LaTeX itself reads PDF and PNG; the package svg reads the rest. */
  return g_strdup_printf ("%s%s\\%s[width=%smm]{%s}%s",
                          strpbrk (file, "{}\\") ? "% LaTeX cannot read a name with braces: rename the file\n" : "",
                          special ? "{\\catcode37=12 \\catcode35=12 " : "",
                          g_str_has_suffix (file, ".svg") ? "includesvg" : "includegraphics", number, file,
                          special ? "}" : "");
}
