/* Spearman's rank correlation: Pearson's correlation of ranks, equal values share their mean rank. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* -1 .. 1; NAN when one of the maps is constant. Finite values. */
double eng_rank_correlation (const float *a, const float *b, int n);

G_END_DECLS
