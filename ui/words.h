/* Numbers and durations as people read them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* "1,240". (transfer full) */
char *ui_words_count (guint n);
/* "about 3 s left": 1 s steps below 10 s, 5 s below a minute, then minutes. (transfer full) */
char *ui_words_time_left (double seconds);
/* First sentence of @text, without its full stop; the rest goes to @rest ("" when there is none). Both (transfer
 * full). */
char *ui_words_first_sentence (const char *text, char **rest);

G_END_DECLS
