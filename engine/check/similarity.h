/* How alike two maps are, and how much one of them holds: numbers between arrays of one size. Finite values.
 * Spearman's rank correlation is in ../metrics/rank-correlation.h. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * eng_overlap:
 * @a, @b: n values
 * @share: 0 .. 1, of the values; ties break by index
 *
 * Returns: intersection over union of the greatest @share of both, 0 .. 1; NAN when that is less than one value.
 */
double eng_overlap (const float *a, const float *b, int n, double share);

/**
 * eng_ssim:
 * @a, @b: rows x cols
 * @range: L, the distance between the smallest and the largest possible value
 *
 * Mean structural similarity (Wang, Bovik, Sheikh, Simoncelli: Image Quality Assessment, IEEE Transactions on Image
 * Processing 2004, equations 13 to 17): Gaussian window of 11 x 11 and sigma 1.5, K1 = 0.01, K2 = 0.03, means over
 * the places where the whole window fits; maps smaller than that get the largest odd window that fits. Returns: -1 ..
 * 1; 1 only for equal maps.
 */
double eng_ssim (const float *a, const float *b, int rows, int cols, double range);

/**
 * eng_histogram_entropy:
 *
 * Entropy in nats of the histogram of @values over 100 bins of equal width between the smallest and the largest: 0
 * for a constant map, log 100 when every bin holds as many. A smooth or flat map holds little, noise much. It is the
 * complexity of Hedström, Weber, Lapuschkin, Höhne: Sanity Checks Revisited, arXiv 2401.06465, 2024, section 4.
 */
double eng_histogram_entropy (const float *values, int n);

/* TRUE when all values are one number. */
gboolean eng_is_constant (const float *values, int n);

G_END_DECLS
