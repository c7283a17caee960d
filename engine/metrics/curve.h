/* A curve: the score of the class as more and more of the picture is removed or kept. Any steps, any fill, any order;
 * the protocols of the literature are rows of protocol.h and, where they are curves of this kind, run through it. */
#pragma once

#include "subject.h"

G_BEGIN_DECLS

typedef enum
{
  ENG_CURVE_PROBABILITY, /* softmax, 0 .. 1 */
  ENG_CURVE_LOGIT,
  ENG_CURVE_ACCURACY /* 1 while the class is the model's first choice, else 0 */
} EngCurveScore;

typedef struct
{
  double x, y;        /* as the curve or the protocol labels them */
  EngReading reading; /* of the picture at this point; top is -1 where no picture was run */
} EngPoint;

/* Called on the evaluating thread, in order of the points. */
typedef void (*EngPointFunc) (const EngPoint *point, int index, int total, gpointer data);

typedef struct
{
  EngMasking masking;
  EngCurveScore score;
  int *counts; /* pixels removed or kept at each of @n points, ascending */
  int n;
} EngCurve;

/* @shares: 0 .. 1, ascending; @pixels: eng_subject_n(). */
void eng_curve_init_shares (EngCurve *self, EngMasking masking, EngCurveScore score, const double *shares, int n,
                            int pixels);
/* From nothing to all pixels, @step more at each point; the last step may be shorter. */
void eng_curve_init_every (EngCurve *self, EngMasking masking, EngCurveScore score, int step, int pixels);
void eng_curve_clear (EngCurve *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EngCurve, eng_curve_clear)
/* Curves of one key may be compared: same mode, order, fill, score and steps. (transfer full) */
char *eng_curve_key (const EngCurve *self, EngRankOrder order);

/**
 * eng_curve_run:
 * @points: (out caller-allocates): @curve->n; x is the share of pixels removed or kept, 0 .. 1
 * @func: (nullable): hears of each point
 *
 * Points whose score is known (the untouched picture, a picture that another curve of @subject ran) cost no pass.
 * Engine thread. Returns: FALSE with an error, ENG_ERROR_CANCELLED within a batch of @cancellable.
 */
gboolean eng_curve_run (EngSubject *subject, const EngRanking *ranking, const EngCurve *curve, EngPoint *points,
                        EngPointFunc func, gpointer data, GCancellable *cancellable, GError **error);
/* Trapezoid over x. */
double eng_curve_area (const EngPoint *points, int n);
/* Number of the first point where the model's first choice is not @class_index; -1: it never flips. */
int eng_curve_flip (const EngPoint *points, int n, int class_index);

/* ---- what random orders give ---- */
typedef struct
{
  int n, orders;                    /* points; random orders */
  double *x;                        /* n */
  double *mean;                     /* n */
  double *low, *high;               /* n: 5 and 95 % of the orders, linear between them */
  double area, area_low, area_high; /* mean, 5 and 95 % of the areas */
} EngBand;

EngBand *eng_band_ref (EngBand *self);
void eng_band_unref (EngBand *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngBand, eng_band_unref)
/* What @orders curves of @n points say together. @points: orders x n. (transfer full) */
EngBand *eng_band_new (const EngPoint *points, int n, int orders);
/**
 * eng_curve_band:
 * @orders: how many, 20 as a rule
 * @func: (nullable): hears of each point as it is run, its index counted over all orders
 *
 * Does not depend on a map: kept with @subject. Costs up to @orders * @curve->n passes. Engine thread.
 * Returns: (transfer full): NULL with an error.
 */
EngBand *eng_curve_band (EngSubject *subject, const EngCurve *curve, int orders, guint64 seed, EngPointFunc func,
                         gpointer data, GCancellable *cancellable, GError **error);

G_END_DECLS
