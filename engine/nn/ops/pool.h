/* What the pools share: the windows of MaxPool, AveragePool and LpPool, worked out once. */
#pragma once

#include "window.h"

typedef struct
{
  EngWindow w;
  int64_t planes, in_plane, out_plane;
  /* By axis and output position: first input index, number of taps inside, and what AveragePool counts. */
  int64_t *first[3], *taps[3], *counted[3];
  int64_t low, high; /* along the last axis: windows that lie inside as a whole */
  int p;             /* of LpPool */
  gboolean column_major;
} EngPool;

/* The same on channels-last images of @n x in[1] x in[2] x @channels, where a window is added up or searched a row of
 * channels at a time. The gradients add into @dx. */
void eng_pool_max_last (const EngPool *s, int64_t n, int64_t channels, const float *x, float *y);
void eng_pool_max_last_back (const EngPool *s, int64_t n, int64_t channels, const float *x, const float *dy,
                             float *dx);
void eng_pool_average_last (const EngPool *s, int64_t n, int64_t channels, const float *x, float *y);
void eng_pool_average_last_back (const EngPool *s, int64_t n, int64_t channels, const float *dy, float *dx);
