/* Products in bfloat16 on one thread, for loops that share out whole products among threads (attention: each head is
 * too small for two). oneDNN's function for a single thread knows float32 alone, so each thread has primitives of its
 * own, made for one thread, and the memory they need. */
#include "onednn-private.h"

#include "vector.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PLANS 512
/* Smaller products than this many multiplications are as fast in float32: rounding the factors costs more than it
 * saves. Measured at 72 x 145 x 24 (slower by a third) and 98 x 64 x 197 (faster by a half). */
#define LEAST_WORK 500000

typedef struct
{
  dnnl_primitive_t primitive; /* NULL: oneDNN has nothing good for this */
  dnnl_memory_t operand[4];   /* A, B, C, scratch; their data is set at each call */
  gsize scratch;
} Plan;

typedef struct
{
  GHashTable *plans; /* OnednnKey -> Plan */
  dnnl_stream_t stream;
  char *memory;
  gsize size;
} Alone;

static void
plan_free (gpointer data)
{
  Plan *plan = data;
  for (guint i = 0; i < G_N_ELEMENTS (plan->operand); i++)
    if (plan->operand[i])
      dnnl_memory_destroy (plan->operand[i]);
  if (plan->primitive)
    dnnl_primitive_destroy (plan->primitive);
  g_free (plan);
}

static void
alone_free (gpointer data)
{
  Alone *self = data;
  g_hash_table_unref (self->plans);
  dnnl_stream_destroy (self->stream);
  free (self->memory);
  g_free (self);
}

static GPrivate threads_own = G_PRIVATE_INIT (alone_free);

/* NULL: no stream. */
static Alone *
get_alone (void)
{
  Alone *self = g_private_get (&threads_own);
  dnnl_stream_t stream;
  if (self || dnnl_stream_create (&stream, eng_onednn_engine (), dnnl_stream_default_flags) != dnnl_success)
    return self;
  self = g_new0 (Alone, 1);
  self->stream = stream;
  self->plans = g_hash_table_new_full (eng_onednn_key_hash, eng_onednn_key_equal, g_free, plan_free);
  g_private_set (&threads_own, self);
  return self;
}

/* ---- plans ---- */

static void
form_of (dnnl_memory_desc_t *form, dnnl_data_type_t type, int64_t rows, int64_t columns, gboolean trans, int64_t ld)
{
  dnnl_dims_t dims = { rows, columns }, strides = { trans ? 1 : ld, trans ? ld : 1 };
  dnnl_memory_desc_init_by_strides (form, 2, dims, type, strides);
}

static dnnl_primitive_desc_t
describe (const EngGemm *p, const dnnl_memory_desc_t *form)
{
  dnnl_matmul_desc_t description;
  dnnl_primitive_attr_t attr;
  dnnl_post_ops_t post;
  dnnl_primitive_desc_t descriptor = NULL;
  if (dnnl_matmul_desc_init (&description, &form[0], &form[1], NULL, &form[2]) != dnnl_success
      || dnnl_primitive_attr_create (&attr) != dnnl_success)
    return NULL;
  dnnl_primitive_attr_set_scratchpad_mode (attr, dnnl_scratchpad_mode_user);
  if (p->alpha != 1)
    dnnl_primitive_attr_set_output_scales (attr, 1, 0, &p->alpha);
  if (p->beta != 0 && dnnl_post_ops_create (&post) == dnnl_success)
    {
      dnnl_post_ops_append_sum (post, p->beta);
      dnnl_primitive_attr_set_post_ops (attr, post);
      dnnl_post_ops_destroy (post);
    }
  if (dnnl_primitive_desc_create (&descriptor, &description, attr, eng_onednn_engine (), NULL) != dnnl_success)
    descriptor = NULL;
  dnnl_primitive_attr_destroy (attr);
  return descriptor;
}

static void
make (Plan *plan, const EngGemm *p)
{
  dnnl_memory_desc_t form[4];
  form_of (&form[0], dnnl_bf16, p->m, p->k, p->trans_a, p->trans_a ? p->m : p->k);
  form_of (&form[1], dnnl_bf16, p->k, p->n, p->trans_b, p->trans_b ? p->k : p->n);
  form_of (&form[2], dnnl_f32, p->m, p->n, FALSE, p->ldc);
  dnnl_primitive_desc_t descriptor = describe (p, form);
  gboolean ok = eng_onednn_is_compiled (descriptor);
  if (ok)
    {
      const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md (descriptor, dnnl_query_scratchpad_md, 0);
      plan->scratch = dnnl_memory_desc_get_size (scratch);
      dnnl_memory_desc_init_by_tag (&form[3], 1, (dnnl_dims_t){ (dnnl_dim_t)plan->scratch }, dnnl_u8, dnnl_a);
      for (int i = 0; ok && i < (plan->scratch ? 4 : 3); i++)
        ok = dnnl_memory_create (&plan->operand[i], &form[i], eng_onednn_engine (), DNNL_MEMORY_NONE) == dnnl_success;
    }
  if (ok && dnnl_primitive_create (&plan->primitive, descriptor) != dnnl_success)
    plan->primitive = NULL;
  if (descriptor)
    dnnl_primitive_desc_destroy (descriptor);
}

static const Plan *
plan_of (Alone *self, const EngGemm *p)
{
  OnednnKey key = { 0 };
  union
  {
    float f;
    int32_t i;
  } alpha = { p->alpha }, beta = { p->beta };
  const int64_t v[] = { p->trans_a, p->trans_b, p->m, p->n, p->k, alpha.i, beta.i, p->ldc };
  memcpy (key.v, v, sizeof v);
  Plan *plan = g_hash_table_lookup (self->plans, &key);
  if (plan)
    return plan;
  if (g_hash_table_size (self->plans) >= MOST_PLANS)
    g_hash_table_remove_all (self->plans);
  plan = g_new0 (Plan, 1);
  /* A primitive shares its work out among as many threads as it is made with, whoever runs it. */
  int threads = omp_get_max_threads ();
  omp_set_num_threads (1);
  make (plan, p);
  omp_set_num_threads (threads);
  g_hash_table_insert (self->plans, g_memdup2 (&key, sizeof key), plan);
  return plan;
}

/* ---- running ---- */

static void
round_rows (guint16 *to, const float *from, int64_t rows, int64_t columns, int64_t ld)
{
  for (int64_t r = 0; r < rows; r++)
    eng_vec_round (to + r * columns, from + r * ld, columns);
}

static gsize
rounded (gsize bytes)
{
  return (bytes + 63) & ~(gsize)63;
}

static gboolean
memory_ready (Alone *self, gsize bytes)
{
  void *memory;
  if (bytes <= self->size)
    return TRUE;
  if (posix_memalign (&memory, 4096, bytes) != 0)
    return FALSE;
  free (self->memory);
  self->memory = memory;
  self->size = bytes;
  return TRUE;
}

static gboolean
run (const EngGemm *p, const float *a, const float *b, float *c)
{
  Alone *self = get_alone ();
  const Plan *plan = self ? plan_of (self, p) : NULL;
  gsize size_a = rounded (sizeof (guint16) * (gsize)(p->m * p->k));
  gsize size_b = rounded (sizeof (guint16) * (gsize)(p->k * p->n));
  if (!plan || !plan->primitive || !memory_ready (self, size_a + size_b + plan->scratch))
    return FALSE;
  guint16 *short_a = (guint16 *)(gpointer)self->memory, *short_b = (guint16 *)(gpointer)(self->memory + size_a);
  round_rows (short_a, a, p->trans_a ? p->k : p->m, p->trans_a ? p->m : p->k, p->lda);
  round_rows (short_b, b, p->trans_b ? p->n : p->k, p->trans_b ? p->k : p->n, p->ldb);
  static const int arg[] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD };
  void *data[] = { short_a, short_b, c, self->memory + size_a + size_b };
  dnnl_exec_arg_t args[4];
  int n = plan->scratch ? 4 : 3;
  for (int i = 0; i < n; i++)
    {
      dnnl_memory_set_data_handle (plan->operand[i], data[i]);
      args[i] = (dnnl_exec_arg_t){ arg[i], plan->operand[i] };
    }
  return dnnl_primitive_execute (plan->primitive, self->stream, n, args) == dnnl_success;
}

gboolean
eng_onednn_alone (const EngGemm *p, const float *a, const float *b, float *c)
{
  if (p->m * p->n * p->k < LEAST_WORK)
    return FALSE;
  for (int64_t i = 0; i < p->batch; i++)
    if (!run (p, a + i * p->stride_a, b + i * p->stride_b, c + i * p->stride_c))
      return FALSE; /* at the first one already: there is no code for this form */
  return TRUE;
}
