/* Products and convolutions against plain loops in double precision, over a table of shapes.
 *
 * Tolerance: 1e-5 of the sum of the magnitudes of the terms. Rounding in float32 grows about with the
 * square root of the number of terms, 4e-6 for the 4608 of the longest sum here; a wrong index is off by
 * the size of a term. */
#include "kernels/kernels.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#define TOLERANCE 1e-5

static float *
random_floats (gsize n, GRand *r)
{
  float *x = g_new (float, n + 1);
  for (gsize i = 0; i < n; i++)
    x[i] = (float)(g_rand_double (r) * 2 - 1);
  return x;
}

/* Expected values and sums of magnitudes, to which terms are added one by one. */
typedef struct
{
  gsize n;
  double *value, *size;
} Sums;

static Sums
sums_new (const float *start, gsize n, double scale)
{
  Sums s = { n, g_new0 (double, n + 1), g_new0 (double, n + 1) };
  for (gsize i = 0; start && i < n; i++)
    {
      s.value[i] = scale * start[i];
      s.size[i] = fabs (s.value[i]);
    }
  return s;
}

static void
sums_add (Sums *s, gsize i, double term)
{
  s->value[i] += term;
  s->size[i] += fabs (term);
}

static void
sums_check (Sums *s, const float *got, const char *what, guint row)
{
  for (gsize i = 0; i < s->n; i++)
    if (!(fabs (got[i] - s->value[i]) <= TOLERANCE * s->size[i] + 1e-12))
      {
        g_test_message ("row %u, %s: element %" G_GSIZE_FORMAT " is %g, not %g", row, what, i, got[i], s->value[i]);
        g_test_fail ();
        break;
      }
  g_free (s->value);
  g_free (s->size);
}

static const struct
{
  int trans_a, trans_b, m, n, k, batch;
  float alpha, beta;
  int share_a, share_b, gap; /* gap: floats between rows and between entries */
} products[] = {
  { 0, 0, 5, 7, 3, 1, 1, 0, 0, 0, 0 },       { 1, 0, 5, 7, 3, 1, 1, 1, 0, 0, 2 },
  { 0, 1, 64, 65, 66, 1, 0.5f, 0, 0, 0, 3 }, { 1, 1, 33, 17, 129, 1, -1, 0.5f, 0, 0, 0 },
  { 0, 0, 1, 100, 50, 1, 1, 0, 0, 0, 0 },    { 0, 0, 100, 1, 50, 1, 1, 0, 0, 0, 1 },
  { 1, 0, 1, 40, 30, 1, 2, 1, 0, 0, 2 },     { 1, 1, 40, 1, 30, 1, 1, 0.5f, 0, 0, 2 },
  { 0, 1, 1, 31, 30, 1, 1, 0, 0, 0, 1 },     { 0, 0, 1, 1, 9, 1, 1, 0, 0, 0, 0 },
  { 0, 0, 4, 5, 0, 2, 1, 0, 0, 0, 0 },       { 0, 0, 4, 5, 0, 1, 1, 0.5f, 0, 0, 0 },
  { 0, 0, 0, 5, 3, 2, 1, 0, 0, 0, 0 },       { 0, 0, 4, 0, 3, 2, 1, 0, 0, 0, 0 },
  { 0, 0, 6, 7, 8, 5, 1, 0, 0, 0, 0 },       { 0, 1, 50, 50, 16, 12, 1, 0, 0, 0, 0 },
  { 0, 0, 6, 7, 8, 5, 1, 1, 0, 1, 0 },       { 0, 0, 6, 7, 8, 5, 1, 0, 0, 1, 2 },
  { 1, 0, 6, 7, 8, 3, 1, 0, 0, 1, 0 },       { 0, 0, 16, 30, 8, 3, 1, 0, 1, 0, 0 },
  { 0, 0, 9, 1, 8, 4, 1, 0, 0, 0, 1 },       { 0, 0, 300, 310, 320, 3, 1, 0, 0, 0, 0 },
};

/* What a test runs with; bf16: factors are numbers that bfloat16 holds, so that the same tolerances serve. */
typedef struct
{
  const char *set;
  int threads;
  gboolean bf16;
} Setting;

static gboolean
begin (const Setting *s)
{
  g_autoptr (GError) error = NULL;
  if (!eng_kernels_select (s->set, &error))
    {
      g_test_skip (error->message);
      return FALSE;
    }
  const EngKernels *k = eng_kernels ();
  if (s->bf16 && !(k->has_bf16 && k->has_bf16 ()))
    {
      g_test_skip ("this processor does not multiply bfloat16");
      return FALSE;
    }
  eng_set_threads (s->threads);
  return TRUE;
}

static void
end (void)
{
  eng_set_threads (0);
  eng_kernels_select (NULL, NULL);
}

/* Cuts off what bfloat16 does not hold. */
static float *
factors (gsize n, GRand *r, const Setting *s)
{
  float *x = random_floats (n, r);
  for (gsize i = 0; s->bf16 && i < n; i++)
    {
      guint32 bits;
      memcpy (&bits, x + i, sizeof bits);
      bits &= 0xffff0000;
      memcpy (x + i, &bits, sizeof bits);
    }
  return x;
}

static void
test_gemm (gconstpointer data)
{
  const Setting *setting = data;
  if (!begin (setting))
    return;
  const EngKernels *kernels = eng_kernels ();
  for (guint row = 0; row < G_N_ELEMENTS (products); row++)
    {
      g_autoptr (GRand) r = g_rand_new_with_seed (row);
      EngGemm p = { .trans_a = products[row].trans_a, .trans_b = products[row].trans_b, .bf16 = setting->bf16 };
      int gap = products[row].gap;
      p.m = products[row].m;
      p.n = products[row].n;
      p.k = products[row].k;
      p.alpha = products[row].alpha;
      p.beta = products[row].beta;
      p.batch = products[row].batch;
      int64_t a_rows = p.trans_a ? p.k : p.m, b_rows = p.trans_b ? p.n : p.k;
      p.lda = (p.trans_a ? p.m : p.k) + gap;
      p.ldb = (p.trans_b ? p.k : p.n) + gap;
      p.ldc = p.n + gap;
      p.lda = MAX (p.lda, 1);
      p.ldb = MAX (p.ldb, 1);
      p.ldc = MAX (p.ldc, 1);
      p.stride_a = products[row].share_a ? 0 : a_rows * p.lda;
      p.stride_b = products[row].share_b ? 0 : b_rows * p.ldb;
      p.stride_c = p.m * p.ldc;
      g_autofree float *a = factors (a_rows * p.lda * p.batch, r, setting);
      g_autofree float *b = factors (b_rows * p.ldb * p.batch, r, setting);
      g_autofree float *c = random_floats (p.stride_c * p.batch, r), *given = NULL;
      given = g_memdup2 (c, sizeof *c * (p.stride_c * p.batch + 1));
      Sums sums = sums_new (c, p.stride_c * p.batch, 1);
      for (int64_t e = 0; e < p.batch; e++)
        for (int64_t i = 0; i < p.m; i++)
          for (int64_t j = 0; j < p.n; j++)
            {
              gsize at = e * p.stride_c + i * p.ldc + j;
              sums.value[at] = p.beta * given[at];
              for (int64_t k = 0; k < p.k; k++)
                sums_add (&sums, at,
                          (double)p.alpha * a[e * p.stride_a + (p.trans_a ? k * p.lda + i : i * p.lda + k)]
                              * b[e * p.stride_b + (p.trans_b ? j * p.ldb + k : k * p.ldb + j)]);
              /* beta = 0 must not read what was there */
              if (p.beta == 0)
                c[at] = NAN;
            }
      g_autofree float *bias = random_floats (p.n, r);
      if (p.beta == 0 && p.batch == 1)
        p.bias = bias;
      for (int64_t i = 0; p.bias && i < p.m * p.n; i++)
        sums_add (&sums, i / p.n * p.ldc + i % p.n, bias[i % p.n]);
      g_autofree float *again = g_memdup2 (c, sizeof *c * (p.stride_c * p.batch + 1));
      kernels->gemm (&p, a, b, c);
      p.frozen_b = TRUE;
      kernels->gemm (&p, a, b, again);
      eng_kernels_forget (b);
      for (gsize i = 0; i < (gsize)(p.stride_c * p.batch); i++)
        g_assert_cmpfloat_with_epsilon (c[i], again[i], 1e-4 * MAX (1, fabsf (c[i])));
      sums_check (&sums, c, "product", row);
    }
  end ();
}

/* Threads that each compute a product of their own: as attention does, head by head. */
static void
test_alone (gconstpointer data)
{
  static const struct
  {
    int trans_a, trans_b, m, n, k;
    float alpha, beta;
  } cases[] = { { 0, 1, 128, 197, 64, 0.125f, 0 },
                { 0, 0, 99, 64, 197, 1, 1 },
                { 1, 0, 98, 64, 197, 2, 0 },
                { 1, 1, 70, 90, 110, 1, 0.5f },
                { 0, 1, 72, 145, 24, 1, 0 } };
  const Setting *setting = data;
  if (!begin (setting))
    return;
  for (guint row = 0; row < G_N_ELEMENTS (cases); row++)
    {
      g_autoptr (GRand) r = g_rand_new_with_seed (row);
      int64_t m = cases[row].m, n = cases[row].n, k = cases[row].k, gap = 3;
      gboolean trans_a = cases[row].trans_a, trans_b = cases[row].trans_b;
      EngGemm p = { .trans_a = trans_a,
                    .trans_b = trans_b,
                    .m = m,
                    .n = n,
                    .k = k,
                    .alpha = cases[row].alpha,
                    .beta = cases[row].beta,
                    .lda = (trans_a ? m : k) + gap,
                    .ldb = (trans_b ? k : n) + gap,
                    .ldc = n + gap,
                    .batch = 1,
                    .rows_alone = TRUE,
                    .bf16 = setting->bf16 };
      g_autofree float *a = factors ((trans_a ? k : m) * p.lda, r, setting);
      g_autofree float *b = factors ((trans_b ? n : k) * p.ldb, r, setting);
      g_autofree float *c = random_floats (m * p.ldc, r), *other = g_memdup2 (c, sizeof *c * (gsize)(m * p.ldc));
      Sums sums = sums_new (c, m * p.ldc, 1);
      for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
          {
            sums.value[i * p.ldc + j] = (double)p.beta * c[i * p.ldc + j];
            for (int64_t x = 0; x < k; x++)
              sums_add (&sums, i * p.ldc + j,
                        (double)p.alpha * a[trans_a ? x * p.lda + i : i * p.lda + x]
                            * b[trans_b ? j * p.ldb + x : x * p.ldb + j]);
          }
#pragma omp parallel num_threads(2)
      eng_kernels ()->gemm (&p, a, b, omp_get_thread_num () == 0 ? c : other);
      for (int64_t i = 0; i < m * p.ldc && omp_get_max_threads () > 1; i++)
        g_assert_cmpfloat (c[i], ==, other[i]);
      sums_check (&sums, c, "product of one thread", row);
    }
  end ();
}

/* Kept weights of a square matrix are not those of its transpose, though both lie in the same memory. */
static void
test_square (gconstpointer data)
{
  const Setting *setting = data;
  if (!begin (setting))
    return;
  g_autoptr (GRand) r = g_rand_new_with_seed (5);
  int64_t n = 48;
  g_autofree float *a = factors (n * n, r, setting), *b = factors (n * n, r, setting), *c = g_new (float, n *n);
  for (int round = 0; round < 2; round++)
    for (int trans = 0; trans < 2; trans++)
      {
        EngGemm p = {
          .trans_b = trans, .m = n, .n = n, .k = n, .alpha = 1, .lda = n, .ldb = n, .ldc = n, .batch = 1
        };
        p.frozen_b = TRUE;
        p.bf16 = setting->bf16;
        Sums sums = sums_new (NULL, n * n, 0);
        for (int64_t i = 0; i < n * n * n; i++)
          {
            int64_t row = i / n / n, column = i / n % n, k = i % n;
            sums_add (&sums, row * n + column, (double)a[row * n + k] * b[trans ? column * n + k : k * n + column]);
          }
        eng_kernels ()->gemm (&p, a, b, c);
        sums_check (&sums, c, trans ? "square, transposed" : "square", round);
      }
  eng_kernels_forget (b);
  end ();
}

static guint16
rounded (float v)
{
  guint32 bits;
  memcpy (&bits, &v, sizeof bits);
  return (guint16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* A in bfloat16 gives the bits that A in float32, which is rounded, gives. */
static void
test_short (gconstpointer data)
{
  const Setting *setting = data;
  if (!begin (setting))
    return;
  const EngKernels *kernels = eng_kernels ();
  int taken = 0;
  for (guint row = 0; row < G_N_ELEMENTS (products); row++)
    {
      g_autoptr (GRand) r = g_rand_new_with_seed (row);
      int64_t m = products[row].m, n = products[row].n, k = products[row].k, gap = products[row].gap;
      gboolean trans_a = products[row].trans_a, trans_b = products[row].trans_b;
      EngGemm p = { .trans_a = trans_a, .trans_b = trans_b, .m = m, .n = n, .k = k, .alpha = products[row].alpha };
      p.bf16 = setting->bf16;
      p.batch = 1;
      p.lda = (trans_a ? m : k) + gap;
      p.ldb = trans_b ? k : n;
      p.ldc = n;
      if (!kernels->gemm_takes_short (&p))
        continue;
      taken++;
      gsize n_a = (gsize)((trans_a ? k : m) * p.lda), n_c = (gsize)(m * n);
      g_autofree float *a = random_floats (n_a, r), *b = random_floats ((gsize)(k * n), r), *c = g_new (float, n_c);
      g_autofree float *again = g_new (float, n_c);
      g_autofree guint16 *a_short = g_new (guint16, n_a);
      for (gsize i = 0; i < n_a; i++)
        a_short[i] = rounded (a[i]);
      kernels->gemm (&p, a, b, c);
      p.a_short = TRUE;
      kernels->gemm (&p, a_short, b, again);
      g_assert_cmpmem (c, n_c * sizeof *c, again, n_c * sizeof *c);
    }
  g_assert_cmpint (taken, >, 0);
  end ();
}

static const EngConv convolutions[] = {
  /* columns: 3x3, asymmetric padding, stride, dilation, groups */
  { 1, 1, 5, 7, { 1, 9, 8 }, { 1, 9, 8 }, { 1, 3, 3 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 1, 1 } },
  { 2, 1, 5, 7, { 1, 9, 8 }, { 1, 5, 4 }, { 1, 3, 3 }, { 1, 2, 2 }, { 1, 1, 1 }, { 0, 1, 0 } },
  { 3, 2, 5, 6, { 1, 9, 8 }, { 1, 4, 6 }, { 1, 3, 2 }, { 1, 2, 1 }, { 1, 1, 3 }, { 0, 0, 1 } },
  { 1, 1, 3, 64, { 1, 40, 40 }, { 1, 20, 20 }, { 1, 7, 7 }, { 1, 2, 2 }, { 1, 1, 1 }, { 0, 3, 3 } },
  { 1, 1, 64, 64, { 1, 30, 31 }, { 1, 30, 31 }, { 1, 3, 3 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 1, 1 } },
  { 2, 1, 512, 24, { 1, 7, 7 }, { 1, 7, 7 }, { 1, 3, 3 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 1, 1 } },
  { 7, 1, 32, 24, { 1, 7, 7 }, { 1, 7, 7 }, { 1, 3, 3 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 1, 1 } },
  { 5, 4, 8, 24, { 1, 7, 7 }, { 1, 4, 4 }, { 1, 3, 3 }, { 1, 2, 2 }, { 1, 1, 1 }, { 0, 1, 1 } },
  { 1, 1, 3, 40, { 1, 32, 32 }, { 1, 4, 4 }, { 1, 8, 8 }, { 1, 8, 8 }, { 1, 1, 1 }, { 0, 0, 0 } },
  /* one and three dimensions; a row longer than a tile */
  { 2, 1, 17, 5, { 1, 1, 3000 }, { 1, 1, 2999 }, { 1, 1, 4 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 1 } },
  { 2, 1, 6, 5, { 5, 6, 7 }, { 3, 6, 4 }, { 3, 3, 3 }, { 2, 1, 2 }, { 1, 1, 1 }, { 1, 1, 1 } },
  { 1, 2, 6, 5, { 5, 6, 7 }, { 5, 4, 4 }, { 2, 2, 3 }, { 1, 1, 2 }, { 2, 2, 1 }, { 1, 0, 1 } },
  /* 1x1: with and without joined images, with stride, padded */
  { 1, 1, 70, 130, { 1, 14, 14 }, { 1, 14, 14 }, { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 } },
  { 2, 1, 20, 30, { 1, 40, 41 }, { 1, 40, 41 }, { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 } },
  { 5, 2, 20, 30, { 1, 7, 7 }, { 1, 7, 7 }, { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 } },
  { 1, 1, 20, 30, { 1, 7, 7 }, { 1, 4, 4 }, { 1, 1, 1 }, { 1, 2, 2 }, { 1, 1, 1 }, { 0, 0, 0 } },
  { 1, 1, 20, 30, { 1, 5, 5 }, { 1, 7, 7 }, { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 1, 1 } },
  /* dense */
  { 1, 1, 100, 30, { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 } },
  { 3, 2, 10, 30, { 1, 4, 5 }, { 1, 1, 1 }, { 1, 4, 5 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 } },
  /* direct: depthwise 3x3, 5x5, 7x7, strides, dilation, multiplier, few channels per group, 3-D */
  { 2, 9, 1, 1, { 1, 14, 14 }, { 1, 14, 14 }, { 1, 3, 3 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 1, 1 } },
  { 2, 9, 1, 1, { 1, 14, 15 }, { 1, 7, 8 }, { 1, 3, 3 }, { 1, 2, 2 }, { 1, 1, 1 }, { 0, 1, 1 } },
  { 1, 5, 1, 1, { 1, 23, 30 }, { 1, 12, 15 }, { 1, 5, 5 }, { 1, 2, 2 }, { 1, 1, 1 }, { 0, 2, 1 } },
  { 1, 5, 1, 1, { 1, 7, 7 }, { 1, 7, 7 }, { 1, 7, 7 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 3, 3 } },
  { 1, 5, 1, 2, { 1, 17, 16 }, { 1, 6, 12 }, { 1, 3, 3 }, { 1, 3, 1 }, { 1, 2, 3 }, { 0, 2, 1 } },
  { 2, 3, 4, 4, { 1, 12, 11 }, { 1, 6, 6 }, { 1, 3, 3 }, { 1, 2, 2 }, { 1, 1, 1 }, { 0, 1, 1 } },
  { 1, 3, 1, 1, { 5, 6, 7 }, { 5, 3, 7 }, { 3, 3, 3 }, { 1, 2, 1 }, { 1, 1, 1 }, { 1, 1, 1 } },
  { 1, 3, 1, 1, { 1, 1, 50 }, { 1, 1, 24 }, { 1, 1, 3 }, { 1, 1, 2 }, { 1, 1, 1 }, { 0, 0, 0 } },
  { 1, 1, 1, 1, { 1, 6, 6 }, { 1, 1, 1 }, { 1, 3, 3 }, { 1, 17, 17 }, { 1, 1, 1 }, { 0, 1, 1 } },
  /* more padding than kernel */
  { 1, 3, 1, 1, { 1, 4, 4 }, { 1, 10, 6 }, { 1, 3, 3 }, { 1, 1, 2 }, { 1, 1, 1 }, { 0, 4, 5 } },
  { 1, 1, 3, 5, { 1, 4, 4 }, { 1, 10, 6 }, { 1, 3, 3 }, { 1, 1, 2 }, { 1, 1, 1 }, { 0, 4, 5 } },
  { 1, 1, 3, 5, { 1, 4, 4 }, { 1, 9, 4 }, { 1, 3, 9 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 3, 4 } },
  { 1, 3, 1, 1, { 1, 4, 4 }, { 1, 9, 4 }, { 1, 3, 9 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 3, 4 } },
};

typedef struct
{
  const EngConv *p;
  const float *x, *w, *dy;
  Sums y, dx, dw;
} Naive;

/* All that one output element takes part in. */
static void
naive_element (Naive *s, int64_t n, int64_t g, int64_t o, const int64_t *at)
{
  const EngConv *p = s->p;
  int64_t channel = g * p->cout + o;
  gsize out = (((n * p->groups * p->cout + channel) * p->out[0] + at[0]) * p->out[1] + at[1]) * p->out[2] + at[2];
  for (int64_t c = 0; c < p->cin; c++)
    for (int64_t k0 = 0; k0 < p->kernel[0]; k0++)
      for (int64_t k1 = 0; k1 < p->kernel[1]; k1++)
        for (int64_t k2 = 0; k2 < p->kernel[2]; k2++)
          {
            int64_t i0 = at[0] * p->stride[0] + k0 * p->dilation[0] - p->pad[0];
            int64_t i1 = at[1] * p->stride[1] + k1 * p->dilation[1] - p->pad[1];
            int64_t i2 = at[2] * p->stride[2] + k2 * p->dilation[2] - p->pad[2];
            if (i0 < 0 || i1 < 0 || i2 < 0 || i0 >= p->in[0] || i1 >= p->in[1] || i2 >= p->in[2])
              continue;
            gsize in = (((n * p->groups + g) * p->cin + c) * p->in[0] + i0) * p->in[1] + i1;
            gsize k = ((channel * p->cin + c) * p->kernel[0] + k0) * p->kernel[1] + k1;
            in = in * p->in[2] + i2;
            k = k * p->kernel[2] + k2;
            sums_add (&s->y, out, (double)s->x[in] * s->w[k]);
            sums_add (&s->dx, in, (double)s->dy[out] * s->w[k]);
            sums_add (&s->dw, k, (double)s->dy[out] * s->x[in]);
          }
}

static void
naive (Naive *s)
{
  const EngConv *p = s->p;
  int64_t at[3];
  for (int64_t n = 0; n < p->n; n++)
    for (int64_t g = 0; g < p->groups; g++)
      for (int64_t o = 0; o < p->cout; o++)
        for (at[0] = 0; at[0] < p->out[0]; at[0]++)
          for (at[1] = 0; at[1] < p->out[1]; at[1]++)
            for (at[2] = 0; at[2] < p->out[2]; at[2]++)
              naive_element (s, n, g, o, at);
}

static gsize
span (const int64_t *v)
{
  return (gsize)(v[0] * v[1] * v[2]);
}

/* n x channels x points to n x points x channels, or back. */
static float *
turned (const float *from, int64_t n, int64_t rows, int64_t columns)
{
  float *to = g_new (float, n *rows *columns + 1);
  for (int64_t i = 0; i < n; i++)
    for (int64_t r = 0; r < rows; r++)
      for (int64_t c = 0; c < columns; c++)
        to[(i * columns + c) * rows + r] = from[(i * rows + r) * columns + c];
  return to;
}

/* The three directions, with images in the storage that @p says. */
static void
run_convolution (const EngConv *p, const float *x, const float *w, const float *dy, const float *bias, gboolean add,
                 float *y, float *dx, float *dw)
{
  const EngKernels *kernels = eng_kernels ();
  gsize bytes = kernels->conv_scratch (p);
  int64_t cin = p->groups * p->cin, cout = p->groups * p->cout, in = span (p->in), out = span (p->out);
  g_autofree float *scratch = g_malloc (bytes + 64), *x_last = turned (x, p->n, cin, in);
  g_autofree float *dy_last = turned (dy, p->n, cout, out), *dx_last = turned (dx, p->n, cin, in);
  g_autofree float *y_last = g_new (float, p->n *cout *out + 1);
  /* Scratch memory is undefined: fill it with what would show. */
  memset (scratch, 0xff, bytes);
  kernels->conv_forward (p, p->x_last ? x_last : x, w, bias, p->y_last ? y_last : y, scratch);
  kernels->conv_backward_data (p, p->y_last ? dy_last : dy, w, p->x_last ? dx_last : dx, add, scratch);
  kernels->conv_backward_weights (p, p->x_last ? x_last : x, p->y_last ? dy_last : dy, dw, add, scratch);
  if (p->y_last)
    {
      g_autofree float *back = turned (y_last, p->n, out, cout);
      memcpy (y, back, sizeof *y * p->n * cout * out);
    }
  if (p->x_last)
    {
      g_autofree float *back = turned (dx_last, p->n, in, cin);
      memcpy (dx, back, sizeof *dx * p->n * cin * in);
    }
}

/* @more: with a bias, adding to the gradients. */
static void
check_convolution (const EngConv *p, guint row, gboolean more, const Setting *setting)
{
  g_autoptr (GRand) r = g_rand_new_with_seed (row);
  gsize channels = p->groups * p->cout, points = span (p->out), n_y = p->n * channels * points;
  gsize n_x = p->n * p->groups * p->cin * span (p->in), n_w = channels * p->cin * span (p->kernel);
  g_autofree float *x = factors (n_x, r, setting), *w = factors (n_w, r, setting), *dy = factors (n_y, r, setting);
  g_autofree float *bias = random_floats (channels, r), *y = random_floats (n_y, r), *dx = random_floats (n_x, r);
  g_autofree float *dw = random_floats (n_w, r);
  Naive s = {
    p, x, w, dy, sums_new (NULL, n_y, 0), sums_new (more ? dx : NULL, n_x, 1), sums_new (more ? dw : NULL, n_w, 1)
  };
  for (gsize i = 0; more && i < n_y; i++)
    sums_add (&s.y, i, bias[i / points % channels]);
  naive (&s);
  run_convolution (p, x, w, dy, more ? bias : NULL, more, y, dx, dw);
  sums_check (&s.y, y, "forward", row);
  sums_check (&s.dx, dx, "backward to the input", row);
  sums_check (&s.dw, dw, "backward to the weights", row);
}

/* Bounds, and images in bfloat16, give what float32 without bounds gives, bounded and rounded: to the bit. */
static void
check_forms (const EngConv *given, guint row)
{
  static const float between[] = { -0.25f, 0.5f };
  g_autoptr (GRand) r = g_rand_new_with_seed (row);
  const EngKernels *kernels = eng_kernels ();
  EngConv p = *given;
  gsize n_x = p.n * p.groups * p.cin * span (p.in), n_w = p.groups * p.cout * p.cin * span (p.kernel);
  gsize n_y = p.n * p.groups * p.cout * span (p.out), bytes = kernels->conv_scratch (&p);
  g_autofree float *x = random_floats (n_x, r), *w = random_floats (n_w, r), *bias = random_floats (n_y, r);
  g_autofree float *dy = random_floats (n_y, r), *scratch = g_malloc (bytes + 64), *plain = g_new (float, n_y + 1);
  g_autofree float *dw = g_new (float, n_w), *dw_short = g_new (float, n_w), *y = g_new (float, n_y + 1);
  g_autofree guint16 *x_short = g_new (guint16, n_x + 1), *y_short = g_new (guint16, n_y + 1);
  kernels->conv_forward (&p, x, w, bias, plain, scratch);
  kernels->conv_backward_weights (&p, x, dy, dw, FALSE, scratch);
  p.bounds = between;
  kernels->conv_forward (&p, x, w, bias, y, scratch);
  for (gsize i = 0; i < n_y; i++)
    g_assert_cmpfloat (y[i], ==, CLAMP (plain[i], between[0], between[1]));
  float first = x[0];
  x[0] = NAN; /* shows in what it is a part of */
  kernels->conv_forward (&p, x, w, bias, y, scratch);
  p.bounds = NULL;
  kernels->conv_forward (&p, x, w, bias, plain, scratch);
  p.bounds = between;
  for (gsize i = 0; i < n_y; i++)
    g_assert_cmpint (isnan (y[i]) != 0, ==, isnan (plain[i]) != 0);
  x[0] = first;
  kernels->conv_forward (&p, x, w, bias, y, scratch);
  if (!kernels->conv_takes_short || !kernels->conv_takes_short (&p))
    return;
  for (gsize i = 0; i < n_x; i++)
    x_short[i] = rounded (x[i]);
  p.x_short = p.y_short = TRUE;
  kernels->conv_forward (&p, x_short, w, bias, y_short, scratch);
  kernels->conv_backward_weights (&p, x_short, dy, dw_short, FALSE, scratch);
  for (gsize i = 0; i < n_y; i++)
    g_assert_cmphex (y_short[i], ==, rounded (y[i]));
  g_assert_cmpmem (dw, n_w * sizeof *dw, dw_short, n_w * sizeof *dw);
}

static void
test_conv (gconstpointer data)
{
  const Setting *setting = data;
  if (!begin (setting))
    return;
  const EngKernels *kernels = eng_kernels ();
  for (guint row = 0; row < G_N_ELEMENTS (convolutions); row++)
    {
      EngConv p = convolutions[row];
      p.bf16 = setting->bf16;
      int storages = kernels->channels_last && kernels->channels_last (&p) ? 4 : 1;
      for (int storage = 0; storage < storages; storage++)
        for (int more = 0; more < 2; more++)
          {
            p.x_last = storage & 1;
            p.y_last = (storage & 2) != 0;
            check_convolution (&p, row, more, setting);
            check_forms (&p, row);
          }
    }
  end ();
}

static void
test_select (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (eng_kernels_select ("openblas", &error));
  g_assert_no_error (error);
  g_assert_cmpstr (eng_kernels ()->name, ==, "openblas");
  g_assert_false (eng_set_precision (ENG_PRECISION_BF16, &error));
  g_clear_error (&error);
  g_assert_false (eng_kernels_select ("abacus", &error));
  g_assert_nonnull (error);
  eng_set_threads (1);
  g_assert_cmpint (eng_get_threads (), ==, 1);
  eng_set_threads (0);
  g_assert_cmpint (eng_get_threads (), ==, eng_max_threads ());
}

static const Setting settings[] = {
  { "openblas", 1, FALSE }, { "openblas", 0, FALSE }, { "onednn", 1, FALSE },
  { "onednn", 0, FALSE },   { "onednn", 1, TRUE },    { "onednn", 0, TRUE },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kernels/select", test_select);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      const Setting *s = &settings[i];
      g_autofree char *name = g_strdup_printf ("/kernels/%s/%s/%s", s->set, s->bf16 ? "bf16" : "float32",
                                               s->threads == 1 ? "one-thread" : "all-threads");
      g_autofree char *gemm = g_strconcat (name, "/gemm", NULL), *conv = g_strconcat (name, "/conv", NULL);
      g_autofree char *square = g_strconcat (name, "/square", NULL), *alone = g_strconcat (name, "/alone", NULL);
      g_autofree char *bits = g_strconcat (name, "/short", NULL);
      if (s->bf16)
        g_test_add_data_func (bits, s, test_short);
      g_test_add_data_func (alone, s, test_alone);
      g_test_add_data_func (square, s, test_square);
      g_test_add_data_func (gemm, s, test_gemm);
      g_test_add_data_func (conv, s, test_conv);
    }
  return g_test_run ();
}
