/* Numbers, durations and what is known about a result, as people read them. */
#pragma once

#include "engine/heatmap.h"

G_BEGIN_DECLS

/* "1,240". (transfer full) */
char *ui_words_count (guint n);
/* As it begins a sentence or a title: its first letter in upper case. (transfer full) */
char *ui_words_capital (const char *text);
/* "about 3 s": 1 s steps below 10 s, 5 s below a minute, then minutes. (transfer full) */
char *ui_words_duration (double seconds);
/* "about 3 s left". (transfer full) */
char *ui_words_time_left (double seconds);
/* "412 of 4,000 masks" of a result that was stopped before its end and kept; NULL: it is whole. (transfer full) */
char *ui_words_partial (const EngHeatmap *map);
/* "lighthouse 0.771", "lighthouse rather than sailboat"; "all classes alike" where no class is explained. (transfer
 * full) */
char *ui_words_explained (const EngHeatmap *map);
/* "settled 0.97"; NULL when @convergence is not known (NaN). (transfer full) */
char *ui_words_settled (double convergence);
/* First sentence of @text, without its full stop; the rest goes to @rest ("" when there is none). Both (transfer
 * full). */
char *ui_words_first_sentence (const char *text, char **rest);

G_END_DECLS
