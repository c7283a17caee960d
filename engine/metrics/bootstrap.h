/* How sure a mean over pictures is: its 95 % interval by the bias-corrected and accelerated bootstrap (BCa; Efron,
 * Better Bootstrap Confidence Intervals, JASA 1987; Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
 * section 14.3). Scores lie between bounds and are skewed, which a normal interval does not know. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ENG_BOOTSTRAP_RESAMPLES 9999
#define ENG_BOOTSTRAP_NAME "BCa bootstrap, 9,999 resamples (Efron 1987)"

typedef struct
{
  guint n;          /* values that are numbers */
  double mean;      /* NAN: none */
  double low, high; /* 95 %; NAN with fewer than two values */
} EngInterval;

/* @values: n; those that are not finite do not count. Same seed, same interval: samples of equal size are drawn
 * alike, so that intervals stand side by side. Costs n * 9,999 additions. Any thread. */
void eng_bootstrap_mean (const double *values, guint n, guint64 seed, EngInterval *out);

G_END_DECLS
