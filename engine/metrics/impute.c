/* Noisy linear imputation without its noise (Rong, Leemann, Borisov, Kasneci and Kasneci, ICML 2022, section 4.3):
 * each missing pixel is the weighted mean of its neighbours inside the picture, 1/6 for the four beside it, 1/12 for
 * the four diagonal ones, missing neighbours being unknowns too:
 *
 *   sum_j w_j x_i - sum_(j missing) w_j x_j = sum_(j known) w_j x_j
 *
 * That matrix is symmetric and, as soon as one pixel is known, positive definite: conjugate gradients, preconditioned
 * by one forward and one backward Gauss-Seidel sweep, which halves the work. */
#include "fill.h"

#include <math.h>
#include <string.h>

#define NEIGHBOURS 8
#define TOLERANCE 1e-6
#define MOST_ROUNDS 2000 /* a hole of 1000 pixels across needs half of it */

static const struct
{
  int dx, dy;
  float weight;
} neighbours[NEIGHBOURS] = {
  /* Those that come earlier in the picture stand first: the lower triangle. */
  { -1, -1, 1 / 12.0f }, { 0, -1, 1 / 6.0f },  { 1, -1, 1 / 12.0f }, { -1, 0, 1 / 6.0f },
  { 1, 0, 1 / 6.0f },    { -1, 1, 1 / 12.0f }, { 0, 1, 1 / 6.0f },   { 1, 1, 1 / 12.0f },
};

/* Unknowns in the order of the picture. Number 0 is no unknown: it is always 0, and stands for neighbours that are
 * known or outside. */
typedef struct
{
  int n;                         /* with number 0 */
  guint32 *pixel;                /* n */
  guint32 (*beside)[NEIGHBOURS]; /* n */
  double *diagonal, *known;      /* n: sum of weights; right hand side */
  double *r, *z, *p, *q;         /* n each */
} System;

static void
system_clear (System *s)
{
  g_free (s->pixel);
  g_free (s->beside);
  g_free (s->diagonal);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (System, system_clear)

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
  s->diagonal = g_new0 (double, 6 * (gsize)n);
  s->known = s->diagonal + n;
  s->r = s->known + n;
  s->z = s->r + n;
  s->p = s->z + n;
  s->q = s->p + n;
  s->diagonal[0] = 1;
  for (int i = 0; i < rows * cols; i++)
    for (int k = 0; number[i] && k < NEIGHBOURS; k++)
      {
        int x = i % cols + neighbours[k].dx, y = i / cols + neighbours[k].dy;
        s->pixel[number[i]] = (guint32)i;
        if (x < 0 || y < 0 || x >= cols || y >= rows)
          continue;
        s->diagonal[number[i]] += neighbours[k].weight;
        s->beside[number[i]][k] = number[y * cols + x];
      }
}

static void
set_known (System *s, const float *plane, const guint8 *missing, int rows, int cols)
{
  for (int i = 1; i < s->n; i++)
    {
      int px = (int)s->pixel[i] % cols, py = (int)s->pixel[i] / cols;
      s->known[i] = 0;
      for (int k = 0; k < NEIGHBOURS; k++)
        {
          int x = px + neighbours[k].dx, y = py + neighbours[k].dy;
          if (x >= 0 && y >= 0 && x < cols && y < rows && !missing[y * cols + x])
            s->known[i] += neighbours[k].weight * plane[y * cols + x];
        }
    }
}

static double
neighbour_sum (const System *s, const double *x, int i, int from, int to)
{
  double sum = 0;
  for (int k = from; k < to; k++)
    sum += neighbours[k].weight * x[s->beside[i][k]];
  return sum;
}

/* q = A p; returns p . q */
static double
multiply (System *s)
{
  double sum = 0;
  for (int i = 1; i < s->n; i++)
    {
      s->q[i] = s->diagonal[i] * s->p[i] - neighbour_sum (s, s->p, i, 0, NEIGHBOURS);
      sum += s->p[i] * s->q[i];
    }
  return sum;
}

/* z = M^-1 r with M = (D + L) D^-1 (D + L'); returns r . z */
static double
precondition (System *s)
{
  double sum = 0;
  for (int i = 1; i < s->n; i++)
    s->z[i] = (s->r[i] + neighbour_sum (s, s->z, i, 0, NEIGHBOURS / 2)) / s->diagonal[i];
  for (int i = s->n - 1; i >= 1; i--)
    {
      s->z[i] += neighbour_sum (s, s->z, i, NEIGHBOURS / 2, NEIGHBOURS) / s->diagonal[i];
      sum += s->r[i] * s->z[i];
    }
  return sum;
}

/* @x: the start and the result. */
static void
solve (System *s, double *x)
{
  double known = 0, left = 0;
  x[0] = 0;
  for (int i = 1; i < s->n; i++)
    {
      s->r[i] = s->known[i] - (s->diagonal[i] * x[i] - neighbour_sum (s, x, i, 0, NEIGHBOURS));
      known += s->known[i] * s->known[i];
      left += s->r[i] * s->r[i];
    }
  double enough = TOLERANCE * TOLERANCE * fmax (known, 1e-12 * s->n); /* a black surrounding has no size of its own */
  double rz = precondition (s);
  memcpy (s->p, s->z, sizeof *s->p * s->n);
  for (int round = 0; round < MOST_ROUNDS && left > enough; round++)
    {
      double step = rz / multiply (s), before = rz;
      left = 0;
      for (int i = 1; i < s->n; i++)
        {
          x[i] += step * s->p[i];
          s->r[i] -= step * s->q[i];
          left += s->r[i] * s->r[i];
        }
      rz = precondition (s);
      for (int i = 1; i < s->n; i++)
        s->p[i] = s->z[i] + rz / before * s->p[i];
    }
}

void
eng_impute (const float *input, const guint8 *missing, int channels, int rows, int cols, float *out)
{
  gsize plane = (gsize)rows * cols;
  g_auto (System) s = { 0 };
  system_init (&s, missing, rows, cols);
  g_autofree double *x = g_new (double, s.n);
  memcpy (out, input, sizeof *out * plane * channels);
  for (int c = 0; c < channels; c++)
    {
      const float *from = input + c * plane;
      double sum = 0;
      gsize seen = 0;
      for (gsize i = 0; i < plane; i++)
        if (!missing[i] || s.n > (int)plane) /* everything is missing: the mean of what was there */
          {
            sum += from[i];
            seen++;
          }
      for (int i = 0; i < s.n; i++)
        x[i] = sum / (double)seen;
      if (s.n <= (int)plane)
        {
          set_known (&s, from, missing, rows, cols);
          solve (&s, x);
        }
      for (int i = 1; i < s.n; i++)
        out[c * plane + s.pixel[i]] = (float)x[i];
    }
}
