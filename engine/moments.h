/* Many maps become one: their mean, mean square or variance; and how far two halves of them agree, which says
 * whether more of them would still change the picture. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  ENG_MOMENT_MEAN,
  ENG_MOMENT_SQUARED, /* mean of squares */
  ENG_MOMENT_VARIANCE /* mean of squares minus square of the mean */
} EngMoment;

/* For a parameter of type ENG_PARAM_CHOICE; the index is the EngMoment. */
extern const char *const eng_moment_choices[];

typedef struct _EngMoments EngMoments;

EngMoments *eng_moments_new (gsize n);
void eng_moments_free (EngMoments *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngMoments, eng_moments_free)
/* Adds @weight * @map (n values) to one half, the next one to the other. */
void eng_moments_add (EngMoments *self, const float *map, double weight);
/* The sums as 3 n numbers, and back: what is added then gives the same bits as if it had been added at once. */
#define ENG_MOMENTS_STATE(n) (3 * (n))
void eng_moments_save (const EngMoments *self, double *out);
void eng_moments_load (EngMoments *self, const double *in, int count);
int eng_moments_count (const EngMoments *self);
void eng_moments_read (const EngMoments *self, EngMoment kind, float *out); /* zeros when nothing was added */
/* Spearman's rank correlation of the two halves' means; NAN with fewer than four maps. */
double eng_moments_agreement (const EngMoments *self);

G_END_DECLS
