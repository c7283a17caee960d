/* Noisy linear imputation without its noise (Rong, Leemann, Borisov, Kasneci and Kasneci, ICML 2022, section 4.3):
 * each missing pixel is the weighted mean of its neighbours inside the picture, 1/6 for the four beside it, 1/12 for
 * the four diagonal ones, missing neighbours being unknowns too:
 *
 *   sum_j w_j x_i - sum_(j missing) w_j x_j = sum_(j known) w_j x_j
 *
 * That matrix is symmetric and, as soon as one pixel is known, positive definite: conjugate gradients, preconditioned
 * by one forward and one backward Gauss-Seidel sweep. Channels are solved side by side, in the lanes of a vector: the
 * sweeps wait for memory, not for arithmetic. */
#include "fill.h"

#include <math.h>
#include <string.h>

#define NEIGHBOURS 8
#define TOLERANCE 1e-5   /* errors of a hundredth of the noise that is added */
#define MOST_ROUNDS 2000 /* a hole of 1000 pixels across needs half of it */
#define LANES 4          /* of which a picture uses 1 or 3; the others stay 0 */

typedef double Lanes __attribute__ ((vector_size (LANES * sizeof (double))));

static const struct
{
  int dx, dy;
  double weight;
} neighbours[NEIGHBOURS] = {
  /* Those that come earlier in the picture stand first: the lower triangle. */
  { -1, -1, 1 / 12.0 }, { 0, -1, 1 / 6.0 },  { 1, -1, 1 / 12.0 }, { -1, 0, 1 / 6.0 },
  { 1, 0, 1 / 6.0 },    { -1, 1, 1 / 12.0 }, { 0, 1, 1 / 6.0 },   { 1, 1, 1 / 12.0 },
};

/* Unknowns in the order of the picture. Number 0 is no unknown: it is always 0, and stands for neighbours that are
 * known or outside. */
typedef struct
{
  int n;                            /* with number 0 */
  guint32 *pixel;                   /* n */
  guint32 (*beside)[NEIGHBOURS];    /* n */
  double *diagonal;                 /* n: sum of weights */
  Lanes *x, *known, *r, *z, *p, *q; /* n each; known: the right hand side */
} System;

static void
system_clear (System *s)
{
  g_free (s->pixel);
  g_free (s->beside);
  g_free (s->diagonal);
  g_aligned_free (s->x);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (System, system_clear)

/* Calls for each neighbour of pixel @i inside the picture. */
#define for_each_neighbour(i, k, at)                                                                                 \
  for (int k = 0, at; k < NEIGHBOURS; k++)                                                                           \
    if ((at = neighbour_of (i, k, rows, cols)) >= 0)

static inline int
neighbour_of (int i, int k, int rows, int cols)
{
  int x = i % cols + neighbours[k].dx, y = i / cols + neighbours[k].dy;
  return x < 0 || y < 0 || x >= cols || y >= rows ? -1 : y * cols + x;
}

static void
system_init (System *s, const guint8 *missing, int rows, int cols)
{
  g_autofree guint32 *number = g_new0 (guint32, (gsize)rows * cols);
  guint32 n = 1;
  for (int i = 0; i < rows * cols; i++)
    if (missing[i])
      number[i] = n++;
  s->n = (int)n;
  s->pixel = g_new0 (guint32, n);
  s->beside = g_malloc0_n (n, sizeof *s->beside);
  s->diagonal = g_new0 (double, n);
  s->x = g_aligned_alloc0 (6 * (gsize)n, sizeof (Lanes), sizeof (Lanes));
  s->known = s->x + n;
  s->r = s->known + n;
  s->z = s->r + n;
  s->p = s->z + n;
  s->q = s->p + n;
  s->diagonal[0] = 1;
  for (int i = 0; i < rows * cols; i++)
    if (number[i])
      {
        s->pixel[number[i]] = (guint32)i;
        for_each_neighbour (i, k, at)
        {
          s->diagonal[number[i]] += neighbours[k].weight;
          s->beside[number[i]][k] = number[at];
        }
      }
}

/* Right hand side and start of one channel. */
static void
set_channel (System *s, int lane, const float *plane, const guint8 *missing, int rows, int cols)
{
  double sum = 0;
  for (int i = 0; i < rows * cols; i++)
    sum += missing[i] ? 0 : plane[i];
  for (int i = 1; i < s->n; i++)
    {
      s->x[i][lane] = sum / (rows * cols - s->n + 1);
      for_each_neighbour ((int)s->pixel[i], k, at) if (!missing[at]) s->known[i][lane] +=
          neighbours[k].weight * plane[at];
    }
}

/* @sum += the neighbours numbered @from to @to - 1 of unknown @i, weighted */
static inline void
add_neighbours (const System *s, const Lanes *x, int i, int from, int to, Lanes *sum)
{
  for (int k = from; k < to; k++)
    *sum += neighbours[k].weight * x[s->beside[i][k]];
}

/* out = A x */
static void
multiply (const System *s, const Lanes *x, Lanes *out)
{
  for (int i = 1; i < s->n; i++)
    {
      Lanes sum = { 0 };
      add_neighbours (s, x, i, 0, NEIGHBOURS, &sum);
      out[i] = s->diagonal[i] * x[i] - sum;
    }
}

/* z = M^-1 r with M = (D + L) D^-1 (D + L') */
static void
precondition (System *s)
{
  for (int i = 1; i < s->n; i++)
    {
      Lanes sum = s->r[i];
      add_neighbours (s, s->z, i, 0, NEIGHBOURS / 2, &sum);
      s->z[i] = sum / s->diagonal[i];
    }
  for (int i = s->n - 1; i >= 1; i--)
    {
      Lanes sum = { 0 };
      add_neighbours (s, s->z, i, NEIGHBOURS / 2, NEIGHBOURS, &sum);
      s->z[i] += sum / s->diagonal[i];
    }
}

static void
product (const System *s, const Lanes *a, const Lanes *b, Lanes *out)
{
  Lanes sum = { 0 };
  for (int i = 1; i < s->n; i++)
    sum += a[i] * b[i];
  *out = sum;
}

/* @a / @b; 0 where nothing is left to do */
static void
ratio (const Lanes *a, const Lanes *b, Lanes *out)
{
  Lanes quotient = { 0 };
  for (int c = 0; c < LANES; c++)
    quotient[c] = (*b)[c] > 0 ? (*a)[c] / (*b)[c] : 0;
  *out = quotient;
}

static gboolean
is_enough (const System *s, const Lanes *left, const Lanes *known)
{
  for (int c = 0; c < LANES; c++) /* a black surrounding has no size of its own */
    if ((*left)[c] > TOLERANCE * TOLERANCE * fmax ((*known)[c], 1e-6 * s->n))
      return FALSE;
  return TRUE;
}

/* From the start in x. */
static void
solve (System *s)
{
  Lanes known, left, rz, before, pq, step;
  product (s, s->known, s->known, &known);
  multiply (s, s->x, s->r);
  for (int i = 1; i < s->n; i++)
    s->r[i] = s->known[i] - s->r[i];
  product (s, s->r, s->r, &left);
  precondition (s);
  product (s, s->r, s->z, &rz);
  memcpy (s->p, s->z, sizeof *s->p * s->n);
  for (int round = 0; round < MOST_ROUNDS && !is_enough (s, &left, &known); round++)
    {
      multiply (s, s->p, s->q);
      product (s, s->p, s->q, &pq);
      ratio (&rz, &pq, &step);
      for (int i = 1; i < s->n; i++)
        {
          s->x[i] += step * s->p[i];
          s->r[i] -= step * s->q[i];
        }
      product (s, s->r, s->r, &left);
      precondition (s);
      before = rz;
      product (s, s->r, s->z, &rz);
      ratio (&rz, &before, &step);
      for (int i = 1; i < s->n; i++)
        s->p[i] = s->z[i] + step * s->p[i];
    }
}

static void
fill_mean (const float *input, int channels, gsize plane, float *out)
{
  for (int c = 0; c < channels; c++)
    {
      double sum = 0;
      for (gsize i = 0; i < plane; i++)
        sum += input[c * plane + i];
      for (gsize i = 0; i < plane; i++)
        out[c * plane + i] = (float)(sum / (double)plane);
    }
}

void
eng_impute (const float *input, const guint8 *missing, int channels, int rows, int cols, float *out)
{
  gsize plane = (gsize)rows * cols;
  g_auto (System) s = { 0 };
  system_init (&s, missing, rows, cols);
  if (s.n > (int)plane)
    {
      fill_mean (input, channels, plane, out);
      return;
    }
  g_return_if_fail (channels <= LANES);
  for (int c = 0; c < channels; c++)
    set_channel (&s, c, input + c * plane, missing, rows, cols);
  solve (&s);
  memcpy (out, input, sizeof *out * plane * channels);
  for (int c = 0; c < channels; c++)
    for (int i = 1; i < s.n; i++)
      out[c * plane + s.pixel[i]] = (float)s.x[i][c];
}
