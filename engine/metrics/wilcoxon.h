/* Whether two methods differ on the same pictures: the signed-rank test (Wilcoxon, Individual Comparisons by Ranking
 * Methods, Biometrics Bulletin 1945). Asks nothing of how the scores are distributed but that differences are
 * symmetric where there is no effect. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ENG_WILCOXON_NAME "Wilcoxon signed-rank test (1945), two-sided, equal pairs left out"

typedef struct
{
  guint n;          /* pairs that differ */
  double statistic; /* the smaller of the two rank sums; NAN: no pair differs */
  double p;         /* two-sided */
  gboolean exact;   /* of all signs of the ranks; else by the normal approximation, corrected for ties */
} EngWilcoxon;

/* @differences: n; zeros are left out as Wilcoxon did, and what is not finite. Exact up to 50 pairs without ties. */
void eng_wilcoxon (const double *differences, guint n, EngWilcoxon *out);

G_END_DECLS
