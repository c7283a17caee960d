/* The part of Markdown that the pages under data/help use: # and ## headings, paragraphs, bullet and
 * numbered lists, tables, fenced or indented code, `code`, **bold**, *emphasis*, [links](addresses). What it
 * does not know it shows as it is written. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Replaces what @buffer holds. Each heading's beginning has a mark named like the heading, in lower case. */
void ui_markdown_show (GtkTextBuffer *buffer, const char *text);
/* Name of the mark of a heading. (transfer full) */
char *ui_markdown_anchor (const char *heading);

G_END_DECLS
