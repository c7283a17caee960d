/* See markdown.h. Lines are gathered to blocks, a block's text is split into spans. No colours: the text keeps those
 * of the theme. */
#include "ui/markdown.h"

#include <string.h>

typedef struct
{
  GtkTextBuffer *buffer;
  GString *block;   /* lines of the paragraph or list item so far, joined by spaces */
  const char *kind; /* its tag: "p" or "item" */
  gboolean fenced;
  GPtrArray *rows; /* char**: cells of the table so far */
} Writer;

char *
ui_markdown_anchor (const char *heading)
{
  g_autofree char *text = g_strdup (heading);
  return g_utf8_strdown (g_strstrip (text), -1);
}

static void
make_tags (GtkTextBuffer *buffer)
{
  if (gtk_text_tag_table_lookup (gtk_text_buffer_get_tag_table (buffer), "p"))
    return;
  gtk_text_buffer_create_tag (buffer, "h1", "weight", PANGO_WEIGHT_BOLD, "scale", 1.6, "pixels-below-lines", 10,
                              NULL);
  gtk_text_buffer_create_tag (buffer, "h2", "weight", PANGO_WEIGHT_BOLD, "scale", 1.2, "pixels-above-lines", 18,
                              "pixels-below-lines", 6, NULL);
  gtk_text_buffer_create_tag (buffer, "h3", "weight", PANGO_WEIGHT_BOLD, "pixels-above-lines", 10,
                              "pixels-below-lines", 4, NULL);
  gtk_text_buffer_create_tag (buffer, "p", "pixels-above-lines", 4, "pixels-below-lines", 8, NULL);
  gtk_text_buffer_create_tag (buffer, "item", "left-margin", 54, "indent", -14, "pixels-below-lines", 4, NULL);
  gtk_text_buffer_create_tag (buffer, "block", "family", "monospace", "left-margin", 54, NULL);
  gtk_text_buffer_create_tag (buffer, "code", "family", "monospace", NULL);
  gtk_text_buffer_create_tag (buffer, "bold", "weight", PANGO_WEIGHT_BOLD, NULL);
  gtk_text_buffer_create_tag (buffer, "emphasis", "style", PANGO_STYLE_ITALIC, NULL);
}

static void
put (Writer *w, const char *text, gssize length, const char *tag, const char *span)
{
  GtkTextIter end;
  gtk_text_buffer_get_end_iter (w->buffer, &end);
  if (span)
    gtk_text_buffer_insert_with_tags_by_name (w->buffer, &end, text, (int)length, tag, span, NULL);
  else
    gtk_text_buffer_insert_with_tags_by_name (w->buffer, &end, text, (int)length, tag, NULL);
}

/* A lone star is a product sign or the like: an emphasis begins and ends beside a letter. */
static const char *
closes (const char *start, const char *mark)
{
  gsize length = strlen (mark);
  if (strncmp (start, mark, length) != 0 || start[length] == ' ' || start[length] == '\0')
    return NULL;
  const char *end = strstr (start + length, mark);
  return end && end > start + length && (mark[0] == '`' || end[-1] != ' ') ? end : NULL;
}

/* "[text](address)": the text, then the address in brackets unless it is the same. Returns what follows, or NULL. */
static const char *
put_link (Writer *w, const char *text, const char *tag)
{
  const char *middle = *text == '[' ? strstr (text, "](") : NULL, *end = middle ? strchr (middle, ')') : NULL;
  if (!end)
    return NULL;
  put (w, text + 1, middle - text - 1, tag, NULL);
  if (strncmp (text + 1, middle + 2, (gsize)(end - middle - 2)) != 0)
    {
      put (w, " (", -1, tag, NULL);
      put (w, middle + 2, end - middle - 2, tag, NULL);
      put (w, ")", -1, tag, NULL);
    }
  return end + 1;
}

static void
put_spans (Writer *w, const char *text, const char *tag)
{
  static const struct
  {
    const char *mark, *span;
  } spans[] = { { "`", "code" }, { "**", "bold" }, { "*", "emphasis" } };
  const char *plain = text;
  while (*text)
    {
      const char *end = NULL, *after;
      guint i = 0;
      while (i < G_N_ELEMENTS (spans) && !(end = closes (text, spans[i].mark)))
        i++;
      if (!end && *text != '[')
        {
          text = g_utf8_next_char (text);
          continue;
        }
      put (w, plain, text - plain, tag, NULL);
      plain = text;
      if (end)
        {
          gsize mark = strlen (spans[i].mark);
          put (w, text + mark, end - text - (gssize)mark, tag, spans[i].span);
          plain = text = end + mark;
        }
      else if ((after = put_link (w, text, tag)))
        plain = text = after;
      else
        text++;
    }
  put (w, plain, -1, tag, NULL);
}

/* ---- tables: monospace columns ---- */

/* "| *steps* | 300 |": the cells without their marks. */
static void
add_row (Writer *w, const char *line)
{
  g_autofree char *text = g_strstrip (g_strdup (line + 1));
  gsize length = strlen (text);
  if (strspn (text, "-:| ") == length) /* the rule below the head */
    return;
  if (length && text[length - 1] == '|')
    text[length - 1] = '\0';
  char **cells = g_strsplit (text, "|", -1);
  for (char **cell = cells; *cell; cell++)
    {
      char *to = *cell;
      for (const char *from = *cell; *from; from++)
        if (*from != '*' && *from != '`')
          *to++ = *from;
      *to = '\0';
      g_strstrip (*cell);
    }
  g_ptr_array_add (w->rows, cells);
}

static glong
column_width (const Writer *w, guint column)
{
  glong width = 0;
  for (guint i = 0; i < w->rows->len; i++)
    {
      char **cells = w->rows->pdata[i];
      width = MAX (width, column < g_strv_length (cells) ? g_utf8_strlen (cells[column], -1) : 0);
    }
  return width;
}

static void
end_table (Writer *w)
{
  for (guint i = 0; i < w->rows->len; i++)
    {
      g_autoptr (GString) line = g_string_new (NULL);
      char **cells = w->rows->pdata[i];
      for (guint k = 0; cells[k]; k++)
        {
          g_string_append (line, cells[k]);
          for (glong pad = column_width (w, k) + 3 - g_utf8_strlen (cells[k], -1); cells[k + 1] && pad > 0; pad--)
            g_string_append_c (line, ' ');
        }
      g_string_append_c (line, '\n');
      put (w, line->str, -1, "block", i == 0 ? "bold" : NULL);
    }
  g_ptr_array_set_size (w->rows, 0);
}

static void
end_block (Writer *w)
{
  end_table (w);
  if (w->block->len)
    {
      put_spans (w, w->block->str, w->kind);
      put (w, "\n", -1, w->kind, NULL);
    }
  g_string_truncate (w->block, 0);
  w->kind = "p";
}

static void
put_heading (Writer *w, const char *line)
{
  static const char *const tags[] = { "h1", "h2", "h3" };
  int level = (int)strspn (line, "#");
  g_autofree char *text = g_strstrip (g_strdup (line + level)), *anchor = ui_markdown_anchor (text);
  GtkTextIter end;
  end_block (w);
  gtk_text_buffer_get_end_iter (w->buffer, &end);
  if (!gtk_text_buffer_get_mark (w->buffer, anchor))
    gtk_text_buffer_create_mark (w->buffer, anchor, &end, TRUE);
  put_spans (w, text, tags[MIN (level, 3) - 1]);
  put (w, "\n", -1, tags[MIN (level, 3) - 1], NULL);
}

/* Length of "- ", "* " or "12. " at the beginning of @line; 0: no list item. */
static gsize
item_length (const char *line)
{
  gsize digits = strspn (line, "0123456789");
  if ((line[0] == '-' || line[0] == '*') && line[1] == ' ')
    return 2;
  return digits && digits < 3 && line[digits] == '.' && line[digits + 1] == ' ' ? digits + 2 : 0;
}

static void
put_line (Writer *w, const char *line)
{
  const char *text = line + strspn (line, " ");
  gsize indent = (gsize)(text - line), item = item_length (text);
  if (w->rows->len && *text != '|')
    end_table (w);
  if (g_str_has_prefix (text, "```"))
    {
      end_block (w);
      w->fenced = !w->fenced;
      if (!w->fenced)
        put (w, "\n", -1, "p", NULL);
    }
  else if (w->fenced || (indent >= 4 && w->block->len == 0))
    {
      put (w, w->fenced ? line : line + 4, -1, "block", NULL);
      put (w, "\n", -1, "block", NULL);
    }
  else if (*text == '|' && w->block->len == 0)
    add_row (w, text);
  else if (*text == '\0')
    end_block (w);
  else if (*text == '#' && strspn (text, "#") <= 3 && text[strspn (text, "#")] == ' ')
    put_heading (w, text);
  else
    {
      if (item)
        {
          end_block (w);
          w->kind = "item";
          g_string_append (w->block, g_ascii_isdigit (*text) ? "" : "•  ");
          text += g_ascii_isdigit (*text) ? 0 : item;
        }
      g_string_append_printf (w->block, "%s%s", w->block->len && !item ? " " : "", text);
    }
}

void
ui_markdown_show (GtkTextBuffer *buffer, const char *text)
{
  Writer w = { buffer, g_string_new (NULL), "p", FALSE, g_ptr_array_new_with_free_func ((GDestroyNotify)g_strfreev) };
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  make_tags (buffer);
  gtk_text_buffer_set_text (buffer, "", 0);
  for (char **line = lines; *line; line++)
    put_line (&w, *line);
  end_block (&w);
  g_string_free (w.block, TRUE);
  g_ptr_array_unref (w.rows);
}
