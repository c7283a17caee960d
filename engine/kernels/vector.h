/* Elementwise and row kernels, serial, compiled for several instruction sets and chosen at run time.
 * Callers split the work over threads. dst may be src (in place). n: elements. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

void eng_vec_exp (float *dst, const float *src, int64_t n);
void eng_vec_log (float *dst, const float *src, int64_t n);
void eng_vec_erf (float *dst, const float *src, int64_t n);
void eng_vec_tanh (float *dst, const float *src, int64_t n);
void eng_vec_sigmoid (float *dst, const float *src, int64_t n);
void eng_vec_softplus (float *dst, const float *src, int64_t n); /* log (1 + exp x), stable */
double eng_vec_sum (const float *x, int64_t n);
double eng_vec_dot (const float *a, const float *b, int64_t n);
float eng_vec_max (const float *x, int64_t n); /* n >= 1; NaN wins */
float eng_vec_min (const float *x, int64_t n); /* as above */
void eng_vec_add (float *dst, const float *a, const float *b, int64_t n);
void eng_vec_mul (float *dst, const float *a, const float *b, int64_t n);
void eng_vec_accumulate (float *dst, const float *src, int64_t n);                       /* dst += src */
void eng_vec_accumulate_scaled (float *dst, const float *src, float s, int64_t n);       /* dst += s * src */
void eng_vec_accumulate_product (float *dst, const float *a, const float *b, int64_t n); /* dst += a * b */
void eng_vec_scale (float *dst, const float *src, float s, int64_t n);                   /* dst = s * src */
void eng_vec_scale_shift (float *dst, const float *src, float a, float b, int64_t n);    /* dst = a * src + b */
void eng_vec_bound (float *dst, const float *src, float low, float high, int64_t n);     /* NaN stays */
/* The same of bfloat16, in place: what bounding before rounding gives. */
void eng_vec_bound_short (guint16 *x, float low, float high, int64_t n);
void eng_vec_softmax (float *dst, const float *src, int64_t n); /* one row, stable */

void eng_vec_round (guint16 *dst, const float *src, int64_t n); /* bfloat16: to nearest, ties to even; NaN stays */
/* So many floats at a time are computed beside, in the cache, where only their rounded form is kept. */
#define ENG_VEC_PIECE 1024

/* Runs func (begin, end, data) over 0 .. n in pieces on all threads when n * cost is worth it.
 * cost: rough nanoseconds per item. */
void eng_parallel (int64_t n, double cost, void (*func) (int64_t begin, int64_t end, gpointer data), gpointer data);

G_END_DECLS
