/* See ranking.h. */
#include "ranking.h"

#include "perturbation.h"
#include "../random.h"

#include <math.h>

struct _EngRanking
{
  gatomicrefcount ref;
  guint64 serial;
  int n;
  gboolean flat;
  guint32 *order, *ranks;
};

static EngRanking *
allocate (int n)
{
  static guint64 serial; /* rankings are made by any thread */
  EngRanking *self = g_new0 (EngRanking, 1);
  g_atomic_ref_count_init (&self->ref);
  self->serial = __atomic_add_fetch (&serial, 1, __ATOMIC_RELAXED);
  self->n = n;
  self->order = g_new0 (guint32, n);
  self->ranks = g_new (guint32, n);
  return self;
}

static void
invert (EngRanking *self)
{
  for (int i = 0; i < self->n; i++)
    self->ranks[self->order[i]] = (guint32)i;
}

EngRanking *
eng_ranking_new (const float *map, int n, EngRankBy by, EngRankOrder order)
{
  EngRanking *self = allocate (n);
  g_autofree float *keys = g_new (float, n);
  self->flat = TRUE;
  for (int i = 0; i < n; i++)
    {
      float v = by == ENG_RANK_ABSOLUTE ? fabsf (map[i]) : map[i];
      keys[i] = order == ENG_ORDER_LEAST_FIRST ? -v : v;
      self->flat = self->flat && keys[i] == keys[0];
    }
  eng_rank_descending (keys, n, self->order);
  invert (self);
  return self;
}

EngRanking *
eng_ranking_new_heatmap (const EngHeatmap *map, EngRankBy by, EngRankOrder order)
{
  const EngGeometry *g = eng_heatmap_geometry (map);
  g_autofree float *values = eng_heatmap_at_input (map);
  return eng_ranking_new (values, g->input_width * g->input_height, by, order);
}

EngRanking *
eng_ranking_new_random (int n, guint64 seed, guint32 stream)
{
  EngRanking *self = allocate (n);
  g_autoptr (GRand) random = eng_random_new (seed, stream);
  for (int i = 0; i < n; i++)
    {
      int j = g_rand_int_range (random, 0, i + 1); /* Fisher and Yates, inside out */
      self->order[i] = self->order[j];
      self->order[j] = (guint32)i;
    }
  invert (self);
  return self;
}

EngRanking *
eng_ranking_ref (EngRanking *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
eng_ranking_unref (EngRanking *self)
{
  if (!g_atomic_ref_count_dec (&self->ref))
    return;
  g_free (self->order);
  g_free (self->ranks);
  g_free (self);
}

int
eng_ranking_n (const EngRanking *self)
{
  return self->n;
}

const guint32 *
eng_ranking_order (const EngRanking *self)
{
  return self->order;
}

const guint32 *
eng_ranking_ranks (const EngRanking *self)
{
  return self->ranks;
}

gboolean
eng_ranking_flat (const EngRanking *self)
{
  return self->flat;
}

guint64
eng_ranking_serial (const EngRanking *self)
{
  return self->serial;
}

int
eng_share_pixels (double share, int n)
{
  return (int)floor (CLAMP (share, 0, 1) * n + 1e-6);
}
