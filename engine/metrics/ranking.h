/* The order in which pixels are removed or kept: sorted once per map, then every threshold is a prefix of it. */
#pragma once

#include "../heatmap.h"

G_BEGIN_DECLS

typedef enum
{
  ENG_RANK_VALUE,   /* as the map says */
  ENG_RANK_ABSOLUTE /* by |value|: for signed maps, when a person asks for it */
} EngRankBy;

/* Among equal values the smaller pixel index is always first, so one order is not the other one backwards. */
typedef enum
{
  ENG_ORDER_MOST_FIRST, /* the most relevant pixel first */
  ENG_ORDER_LEAST_FIRST /* the map negated, then the same */
} EngRankOrder;

/* Immutable, reference-counted, may cross threads. */
typedef struct _EngRanking EngRanking;

/* @map: @n values at the model's input size, row by row, finite. */
EngRanking *eng_ranking_new (const float *map, int n, EngRankBy by, EngRankOrder order);
EngRanking *eng_ranking_new_heatmap (const EngHeatmap *map, EngRankBy by, EngRankOrder order);
/* A random order: the same for the same @seed and @stream. */
EngRanking *eng_ranking_new_random (int n, guint64 seed, guint32 stream);
EngRanking *eng_ranking_ref (EngRanking *self);
void eng_ranking_unref (EngRanking *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngRanking, eng_ranking_unref)

int eng_ranking_n (const EngRanking *self);
const guint32 *eng_ranking_order (const EngRanking *self); /* n pixel indices, first to be removed or kept first */
const guint32 *
eng_ranking_ranks (const EngRanking *self);          /* n ranks: pixel i is among the first k when ranks[i] < k */
gboolean eng_ranking_flat (const EngRanking *self);  /* all values are equal: there is nothing to rank */
guint64 eng_ranking_serial (const EngRanking *self); /* no two rankings of this run share it */

/* Pixels that a share (0 .. 1) of @n is: floor, but 0.3 of 10 is 3 whatever 0.3 is in binary. */
int eng_share_pixels (double share, int n);

G_END_DECLS
