/* Pools of channels-last images. Forward cuts the work into output rows, back into blocks of channels of one image,
 * so that every piece writes memory of its own. */
#include "../../kernels/clones.h"
#include "../../kernels/vector.h"
#include "pool.h"

#include <math.h>
#include <string.h>

#define BLOCK 64 /* channels that one piece of the walk back takes */

typedef struct
{
  const EngPool *s;
  int64_t channels, blocks;
  const float *x, *dy;
  float *y, *dx;
} Job;

/* Calls the statement that follows for each input position @at that output (o1, o2) looks at. */
#define FOR_TAPS(s, o1, o2, at)                                                                                      \
  for (int64_t t1 = 0; t1 < (s)->taps[1][o1]; t1++)                                                                  \
    for (int64_t t2 = 0, at = ((s)->first[1][o1] + t1 * (s)->w.dilation[1]) * (s)->w.in[2] + (s)->first[2][o2];      \
         t2 < (s)->taps[2][o2]; t2++, at += (s)->w.dilation[2])

/* Not-a-number wins, as in PyTorch. */
ENG_CLONES static void
take_larger (float *restrict best, const float *restrict x, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    best[i] = x[i] > best[i] || x[i] != x[i] ? x[i] : best[i];
}

static void
max_rows (int64_t begin, int64_t end, gpointer data)
{
  const Job *j = data;
  const EngPool *s = j->s;
  for (int64_t row = begin; row < end; row++)
    for (int64_t o2 = 0; o2 < s->w.out[2]; o2++)
      {
        const float *x = j->x + row / s->w.out[1] * s->in_plane * j->channels;
        float *y = j->y + (row * s->w.out[2] + o2) * j->channels;
        gboolean first = TRUE;
        FOR_TAPS (s, row % s->w.out[1], o2, at)
        {
          if (first)
            memcpy (y, x + at * j->channels, sizeof *y * j->channels);
          else
            take_larger (y, x + at * j->channels, j->channels);
          first = FALSE;
        }
      }
}

/* The first largest element of the window takes the gradient. */
ENG_CLONES static void
max_block_back (const EngPool *s, int64_t channels, int64_t n, const float *x, const float *dy, float *dx)
{
  float best[BLOCK];
  int32_t which[BLOCK];
  for (int64_t o = 0; o < s->out_plane; o++, dy += channels)
    {
      gboolean first = TRUE;
      FOR_TAPS (s, o / s->w.out[2], o % s->w.out[2], at)
      {
        const float *from = x + at * channels;
        for (int64_t i = 0; i < n; i++)
          {
            int larger = first || from[i] > best[i] || from[i] != from[i];
            which[i] = larger ? (int32_t)at : which[i];
            best[i] = larger ? from[i] : best[i];
          }
        first = FALSE;
      }
      for (int64_t i = 0; i < n; i++)
        dx[which[i] * channels + i] += dy[i];
    }
}

static void
max_blocks_back (int64_t begin, int64_t end, gpointer data)
{
  const Job *j = data;
  const EngPool *s = j->s;
  for (int64_t b = begin; b < end; b++)
    {
      int64_t image = b / j->blocks, c = b % j->blocks * BLOCK, in = image * s->in_plane * j->channels + c;
      max_block_back (s, j->channels, MIN (BLOCK, j->channels - c), j->x + in,
                      j->dy + image * s->out_plane * j->channels + c, j->dx + in);
    }
}

static float
share (const EngPool *s, int64_t o1, int64_t o2)
{
  return 1 / (float)(s->counted[1][o1] * s->counted[2][o2]);
}

static void
average_rows (int64_t begin, int64_t end, gpointer data)
{
  const Job *j = data;
  const EngPool *s = j->s;
  for (int64_t row = begin; row < end; row++)
    for (int64_t o2 = 0; o2 < s->w.out[2]; o2++)
      {
        const float *x = j->x + row / s->w.out[1] * s->in_plane * j->channels;
        float *y = j->y + (row * s->w.out[2] + o2) * j->channels;
        memset (y, 0, sizeof *y * j->channels);
        FOR_TAPS (s, row % s->w.out[1], o2, at)
        eng_vec_accumulate (y, x + at * j->channels, j->channels);
        eng_vec_scale (y, y, share (s, row % s->w.out[1], o2), j->channels);
      }
}

static void
average_blocks_back (int64_t begin, int64_t end, gpointer data)
{
  const Job *j = data;
  const EngPool *s = j->s;
  for (int64_t b = begin; b < end; b++)
    {
      int64_t image = b / j->blocks, c = b % j->blocks * BLOCK, n = MIN (BLOCK, j->channels - c);
      const float *dy = j->dy + image * s->out_plane * j->channels + c;
      float *dx = j->dx + image * s->in_plane * j->channels + c;
      for (int64_t o = 0; o < s->out_plane; o++, dy += j->channels)
        {
          float part = share (s, o / s->w.out[2], o % s->w.out[2]);
          FOR_TAPS (s, o / s->w.out[2], o % s->w.out[2], at)
          eng_vec_accumulate_scaled (dx + at * j->channels, dy, part, n);
        }
    }
}

/* Rough nanoseconds for one output position of @channels channels. */
static double
cost (const EngPool *s, int64_t channels)
{
  return 0.1 * (double)(s->w.kernel[1] * s->w.kernel[2] * channels) + 5;
}

static void
run_rows (const EngPool *s, int64_t n, int64_t channels, const float *x, float *y,
          void (*func) (int64_t, int64_t, gpointer))
{
  Job j = { .s = s, .channels = channels, .x = x, .y = y };
  eng_parallel (n * s->w.out[1], cost (s, channels) * (double)s->w.out[2], func, &j);
}

static void
run_blocks (const EngPool *s, int64_t n, int64_t channels, const float *x, const float *dy, float *dx,
            void (*func) (int64_t, int64_t, gpointer))
{
  Job j = { .s = s, .channels = channels, .blocks = (channels + BLOCK - 1) / BLOCK, .x = x, .dy = dy, .dx = dx };
  eng_parallel (n * j.blocks, 2 * cost (s, BLOCK) * (double)s->out_plane, func, &j);
}

void
eng_pool_max_last (const EngPool *s, int64_t n, int64_t channels, const float *x, float *y)
{
  run_rows (s, n, channels, x, y, max_rows);
}

void
eng_pool_max_last_back (const EngPool *s, int64_t n, int64_t channels, const float *x, const float *dy, float *dx)
{
  run_blocks (s, n, channels, x, dy, dx, max_blocks_back);
}

void
eng_pool_average_last (const EngPool *s, int64_t n, int64_t channels, const float *x, float *y)
{
  run_rows (s, n, channels, x, y, average_rows);
}

void
eng_pool_average_last_back (const EngPool *s, int64_t n, int64_t channels, const float *dy, float *dx)
{
  run_blocks (s, n, channels, NULL, dy, dx, average_blocks_back);
}
