/* Kernels on oneDNN: its matrix products here, its convolutions in onednn-conv.c. What it has no compiled code for,
 * and products of vectors, go to OpenBLAS, as do calls from within parallel regions. */
#include "conv-private.h"
#include "onednn-private.h"
#include "packed.h"
#include "vector.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PLANS 4096 /* then all are made anew: models come and go */

extern const EngKernels eng_kernels_openblas;

static GMutex lock;
static dnnl_engine_t engine;
static dnnl_stream_t stream;
static GHashTable *plans; /* OnednnKey -> OnednnPlan */
static struct
{
  char *memory;
  gsize size, used;
} workspace;

void
eng_onednn_lock (void)
{
  g_mutex_lock (&lock);
}

void
eng_onednn_unlock (void)
{
  g_mutex_unlock (&lock);
}

dnnl_engine_t
eng_onednn_engine (void)
{
  static gsize once = 0;
  if (g_once_init_enter (&once))
    {
      if (dnnl_engine_create (&engine, dnnl_cpu, 0) != dnnl_success
          || dnnl_stream_create (&stream, engine, dnnl_stream_default_flags) != dnnl_success)
        engine = NULL;
      g_once_init_leave (&once, 1);
    }
  return engine;
}

/* ---- plans ---- */

guint
eng_onednn_key_hash (gconstpointer key)
{
  const OnednnKey *k = key;
  guint64 h = 0;
  for (guint i = 0; i < G_N_ELEMENTS (k->v); i++)
    h = (h ^ (guint64)k->v[i]) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  return (guint)(h >> 32);
}

gboolean
eng_onednn_key_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (OnednnKey)) == 0;
}

static void
plan_free (gpointer data)
{
  OnednnPlan *plan = data;
  for (int i = 0; i < ONEDNN_OPERANDS; i++)
    if (plan->operand[i].bring)
      dnnl_primitive_destroy (plan->operand[i].bring);
  if (plan->primitive)
    dnnl_primitive_destroy (plan->primitive);
  g_free (plan);
}

const OnednnPlan *
eng_onednn_plan (const OnednnKey *key, OnednnMake make, gconstpointer problem)
{
  if (!plans)
    plans = g_hash_table_new_full (eng_onednn_key_hash, eng_onednn_key_equal, g_free, plan_free);
  OnednnPlan *plan = g_hash_table_lookup (plans, key);
  if (plan)
    return plan;
  if (g_hash_table_size (plans) >= MOST_PLANS)
    g_hash_table_remove_all (plans);
  plan = g_new0 (OnednnPlan, 1);
  make (plan, problem);
  g_hash_table_insert (plans, g_memdup2 (key, sizeof *key), plan);
  return plan;
}

static dnnl_primitive_t
reorder (const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to)
{
  dnnl_primitive_desc_t descriptor;
  dnnl_primitive_t primitive = NULL;
  if (dnnl_reorder_primitive_desc_create (&descriptor, from, engine, to, engine, NULL) != dnnl_success)
    return NULL;
  if (dnnl_primitive_create (&primitive, descriptor) != dnnl_success)
    primitive = NULL;
  dnnl_primitive_desc_destroy (descriptor);
  return primitive;
}

/* Implementations that are loops in C++ lose to OpenBLAS by orders of magnitude. */
gboolean
eng_onednn_is_compiled (dnnl_primitive_desc_t descriptor)
{
  const char *name = NULL;
  return descriptor && dnnl_primitive_desc_query (descriptor, dnnl_query_impl_info_str, 0, &name) == dnnl_success
         && name && !strstr (name, "ref");
}

void
eng_onednn_plan_finish (OnednnPlan *plan, dnnl_primitive_desc_t descriptor)
{
  gboolean ok = eng_onednn_is_compiled (descriptor);
  for (int i = 0; ok && i < ONEDNN_OPERANDS; i++)
    {
      OnednnOperand *o = &plan->operand[i];
      if (!plan->arg[i])
        continue;
      const dnnl_memory_desc_t *wanted =
          dnnl_primitive_desc_query_md (descriptor, dnnl_query_exec_arg_md, plan->arg[i]);
      ok = wanted != NULL;
      if (!ok)
        break;
      o->wanted = *wanted;
      o->bytes = dnnl_memory_desc_get_size (wanted);
      if (!dnnl_memory_desc_equal (&o->given, wanted))
        ok = (o->bring = i == ONEDNN_C ? reorder (wanted, &o->given) : reorder (&o->given, wanted)) != NULL;
    }
  if (ok)
    plan->scratch =
        dnnl_memory_desc_get_size (dnnl_primitive_desc_query_md (descriptor, dnnl_query_scratchpad_md, 0));
  if (ok && dnnl_primitive_create (&plan->primitive, descriptor) != dnnl_success)
    plan->primitive = NULL;
  if (descriptor)
    dnnl_primitive_desc_destroy (descriptor);
}

/* ---- running ---- */

/* The workspace never moves while a call runs: its whole need is asked for first. */
static gboolean
workspace_ready (gsize bytes)
{
  workspace.used = 0;
  if (bytes <= workspace.size)
    return TRUE;
  free (workspace.memory);
  workspace.memory = NULL;
  workspace.size = 0;
  void *memory;
  if (posix_memalign (&memory, 4096, bytes) != 0)
    return FALSE;
  workspace.memory = memory;
  workspace.size = bytes;
  return TRUE;
}

static gsize
rounded (gsize bytes)
{
  return (bytes + 4095) & ~(gsize)4095;
}

static void *
workspace_take (gsize bytes)
{
  char *memory = workspace.memory + workspace.used;
  workspace.used += rounded (bytes);
  return memory;
}

static void
execute (dnnl_primitive_t primitive, const int *args, const dnnl_memory_desc_t *const *forms, void *const *data,
         int n)
{
  dnnl_exec_arg_t a[ONEDNN_OPERANDS + 1];
  for (int i = 0; i < n; i++)
    {
      a[i].arg = args[i];
      dnnl_memory_create (&a[i].memory, forms[i], engine, data[i]);
    }
  dnnl_primitive_execute (primitive, stream, n, a);
  for (int i = 0; i < n; i++)
    dnnl_memory_destroy (a[i].memory);
}

static void
bring (const OnednnOperand *o, void *from, void *to, gboolean back)
{
  execute (o->bring, (const int[]){ DNNL_ARG_FROM, DNNL_ARG_TO },
           (const dnnl_memory_desc_t *const[]){ back ? &o->wanted : &o->given, back ? &o->given : &o->wanted },
           (void *const[]){ from, to }, 2);
}

/* Operand @i as the primitive reads it. */
static void *
brought (const OnednnPlan *plan, int i, void *given, gboolean frozen)
{
  const OnednnOperand *o = &plan->operand[i];
  if (!o->bring)
    return given;
  /* Both: a square matrix and its transpose, which lie in the same memory, are wanted in the same form. */
  const dnnl_memory_desc_t form[] = { o->given, o->wanted };
  void *data = frozen ? eng_packed_find (given, form, sizeof form) : NULL;
  if (data)
    return data;
  if (frozen)
    data = eng_packed_add (given, form, sizeof form, o->bytes);
  if (!data)
    data = workspace_take (o->bytes);
  bring (o, given, data, FALSE);
  return data;
}

typedef struct
{
  float *to;
  const float *from;
} Addition;

static void
add_piece (int64_t begin, int64_t end, gpointer data)
{
  const Addition *a = data;
  eng_vec_accumulate (a->to + begin, a->from + begin, end - begin);
}

void
eng_onednn_run (const OnednnPlan *plan, void *const *data, gboolean frozen, gboolean accumulate)
{
  const OnednnOperand *c = &plan->operand[ONEDNN_C];
  gsize given_bytes = dnnl_memory_desc_get_size (&c->given), need = rounded (plan->scratch);
  gboolean apart = accumulate && !plan->adds; /* computed beside C, then added */
  for (int i = 0; i < ONEDNN_OPERANDS; i++)
    need += rounded (plan->operand[i].bytes);
  if (!workspace_ready (need + (apart ? rounded (given_bytes) : 0)))
    g_error ("not enough memory for the workspace of the kernels (%" G_GSIZE_FORMAT " bytes)", need);
  int args[ONEDNN_OPERANDS + 1], n = 0;
  const dnnl_memory_desc_t *forms[ONEDNN_OPERANDS + 1];
  void *memory[ONEDNN_OPERANDS + 1], *result = data[ONEDNN_C];
  dnnl_memory_desc_t scratch;
  for (int i = 0; i < ONEDNN_OPERANDS; i++)
    if (plan->arg[i])
      {
        args[n] = plan->arg[i];
        forms[n] = &plan->operand[i].wanted;
        if (i == ONEDNN_C)
          result = memory[n] = c->bring || apart ? workspace_take (c->bytes) : data[i];
        else
          memory[n] = brought (plan, i, data[i], frozen && i == ONEDNN_B);
        n++;
      }
  if (plan->scratch)
    {
      dnnl_memory_desc_init_by_tag (&scratch, 1, (dnnl_dims_t){ (dnnl_dim_t)plan->scratch }, dnnl_u8, dnnl_a);
      args[n] = DNNL_ARG_SCRATCHPAD;
      forms[n] = &scratch;
      memory[n++] = workspace_take (plan->scratch);
    }
  execute (plan->primitive, args, forms, memory, n);
  if (c->bring)
    {
      void *from = result;
      result = apart ? workspace_take (given_bytes) : data[ONEDNN_C];
      bring (c, from, result, TRUE);
    }
  if (apart)
    {
      Addition a = { data[ONEDNN_C], result };
      eng_parallel ((int64_t)(given_bytes / sizeof (float)), 0.3, add_piece, &a);
    }
}

/* ---- products ---- */

typedef struct
{
  const EngGemm *p;
  int rank; /* 2, or 3 with a batch */
} Problem;

static void
matrix (dnnl_memory_desc_t *form, const Problem *s, dnnl_data_type_t type, int64_t rows, int64_t columns,
        gboolean trans, int64_t ld, int64_t stride)
{
  dnnl_dims_t dims = { stride == 0 ? 1 : s->p->batch, rows, columns };
  dnnl_dims_t strides = { stride == 0 ? rows * columns : stride, trans ? 1 : ld, trans ? ld : 1 };
  int skip = 3 - s->rank;
  dnnl_memory_desc_init_by_strides (form, s->rank, dims + skip, type, strides + skip);
}

static void
dense (dnnl_memory_desc_t *form, const Problem *s, dnnl_data_type_t type, int64_t rows, int64_t columns,
       gboolean trans, int64_t stride)
{
  matrix (form, s, type, rows, columns, trans, trans ? rows : columns, stride == 0 ? 0 : rows * columns);
}

static void
any (dnnl_memory_desc_t *form, const dnnl_memory_desc_t *like, dnnl_data_type_t type)
{
  dnnl_memory_desc_init_by_tag (form, like->ndims, like->dims, type, dnnl_format_tag_any);
}

/* Whether B is kept in the primitive's own order. In float32 that gains a tenth, but takes as much memory as the
 * weights: for the way forward only. */
static gboolean
keeps (const EngGemm *p)
{
  return p->frozen_b && p->batch == 1 && (p->bf16 || !p->trans_b);
}

static void
make_product (OnednnPlan *plan, gconstpointer problem)
{
  const Problem *s = problem;
  const EngGemm *p = s->p;
  dnnl_memory_desc_t a, b, *given_a = &plan->operand[ONEDNN_A].given, *given_b = &plan->operand[ONEDNN_B].given,
                           *given_c = &plan->operand[ONEDNN_C].given;
  gboolean batched = s->rank == 3;
  matrix (given_a, s, p->a_short ? dnnl_bf16 : dnnl_f32, p->m, p->k, p->trans_a, p->lda, batched ? p->stride_a : 0);
  matrix (given_b, s, dnnl_f32, p->k, p->n, p->trans_b, p->ldb, batched ? p->stride_b : 0);
  matrix (given_c, s, dnnl_f32, p->m, p->n, FALSE, p->ldc, batched ? p->stride_c : 0);
  a = *given_a;
  b = *given_b;
  if (p->bf16)
    dense (&a, s, dnnl_bf16, p->m, p->k, FALSE, batched ? p->stride_a : 0);
  if (keeps (p))
    any (&b, given_b, p->bf16 ? dnnl_bf16 : dnnl_f32);
  else if (p->bf16)
    dense (&b, s, dnnl_bf16, p->k, p->n, p->trans_b, batched ? p->stride_b : 0);
  dnnl_matmul_desc_t description;
  dnnl_primitive_attr_t attr;
  dnnl_post_ops_t post;
  dnnl_primitive_desc_t descriptor = NULL;
  dnnl_memory_desc_t *bias = &plan->operand[ONEDNN_BIAS].given;
  if (p->bias)
    matrix (bias, s, dnnl_f32, 1, p->n, FALSE, p->n, 0);
  if (dnnl_matmul_desc_init (&description, &a, &b, p->bias ? bias : NULL, given_c) != dnnl_success
      || dnnl_primitive_attr_create (&attr) != dnnl_success)
    return;
  dnnl_primitive_attr_set_scratchpad_mode (attr, dnnl_scratchpad_mode_user);
  if (p->alpha != 1)
    dnnl_primitive_attr_set_output_scales (attr, 1, 0, &p->alpha);
  if (p->beta != 0 && dnnl_post_ops_create (&post) == dnnl_success)
    {
      dnnl_post_ops_append_sum (post, p->beta);
      dnnl_primitive_attr_set_post_ops (attr, post);
      dnnl_post_ops_destroy (post);
    }
  if (dnnl_primitive_desc_create (&descriptor, &description, attr, engine, NULL) != dnnl_success)
    descriptor = NULL;
  dnnl_primitive_attr_destroy (attr);
  plan->arg[ONEDNN_A] = DNNL_ARG_SRC;
  plan->arg[ONEDNN_B] = DNNL_ARG_WEIGHTS;
  plan->arg[ONEDNN_BIAS] = p->bias ? DNNL_ARG_BIAS : 0;
  plan->arg[ONEDNN_C] = DNNL_ARG_DST;
  plan->adds = TRUE;
  eng_onednn_plan_finish (plan, descriptor);
}

static OnednnKey
product_key (const EngGemm *p)
{
  OnednnKey key = { 0 };
  union
  {
    float f;
    int32_t i;
  } alpha = { p->alpha }, beta = { p->beta };
  const int64_t v[] = { 1,      p->trans_a, p->trans_b, p->m,    p->n,     p->k,      alpha.i,        beta.i,
                        p->lda, p->ldb,     p->ldc,     p->bf16, p->batch, keeps (p), p->bias != NULL };
  memcpy (key.v, v, sizeof v);
  if (p->batch > 1)
    {
      key.v[G_N_ELEMENTS (v)] = p->stride_a;
      key.v[G_N_ELEMENTS (v) + 1] = p->stride_b;
      key.v[G_N_ELEMENTS (v) + 2] = p->stride_c;
    }
  key.v[G_N_ELEMENTS (v) + 3] = eng_get_threads ();
  key.v[G_N_ELEMENTS (v) + 4] = p->a_short;
  return key;
}

/* Vectors, and images one by one, are bound by memory; see eng_kernels_openblas. */
static gboolean
suits (const EngGemm *p)
{
  return p->m > (p->rows_alone ? ENG_FEW_ROWS : 1) && p->n > 1 && p->k > 0 && p->batch > 0
         && !(p->bias && p->alpha != 1); /* which would scale the bias, too */
}

/* A thread's own product: primitives are planned for all threads, this function asks. */
static void
product_alone (const EngGemm *p, const float *a, const float *b, float *c)
{
  if (p->bf16 && eng_onednn_alone (p, a, b, c))
    return;
  for (int64_t i = 0; i < p->batch; i++)
    dnnl_sgemm (p->trans_a ? 'T' : 'N', p->trans_b ? 'T' : 'N', p->m, p->n, p->k, p->alpha, a + i * p->stride_a,
                p->lda, b + i * p->stride_b, p->ldb, p->beta, c + i * p->stride_c, p->ldc);
}

static EngGemm
flat (const EngGemm *given)
{
  EngGemm p = *given;
  if (eng_gemm_is_tall (&p))
    {
      p.m *= p.batch;
      p.batch = 1;
    }
  return p;
}

/* Under the lock. */
static const OnednnPlan *
plan_of (const EngGemm *p)
{
  Problem problem = { p, p->batch > 1 ? 3 : 2 };
  OnednnKey key = product_key (p);
  return eng_onednn_plan (&key, make_product, &problem);
}

static gboolean
onednn_gemm_takes_short (const EngGemm *given)
{
  EngGemm p = flat (given);
  p.a_short = TRUE;
  if (!p.bf16 || !suits (&p))
    return FALSE;
  eng_onednn_lock ();
  gboolean takes = plan_of (&p)->primitive != NULL;
  eng_onednn_unlock ();
  return takes;
}

static void
onednn_gemm (const EngGemm *given, const void *a, const float *b, float *c)
{
  EngGemm p = flat (given);
  const OnednnPlan *plan = NULL;
  if (suits (&p) && omp_in_parallel ())
    {
      product_alone (given, a, b, c);
      return;
    }
  if (suits (&p))
    {
      eng_onednn_lock ();
      plan = plan_of (&p);
      if (plan->primitive)
        eng_onednn_run (plan, (void *const[]){ (void *)a, (void *)b, (void *)p.bias, c }, keeps (&p), FALSE);
      else
        plan = NULL;
      eng_onednn_unlock ();
    }
  g_assert (plan || !p.a_short); /* gemm_takes_short() said that there is one */
  if (!plan)
    eng_kernels_openblas.gemm (given, a, b, c);
}

static gboolean
has_isa (dnnl_cpu_isa_t isa)
{
  return ((int)dnnl_get_effective_cpu_isa () & (int)isa) == (int)isa;
}

static gboolean
onednn_available (void)
{
  return has_isa (dnnl_cpu_isa_avx2) && eng_onednn_engine ();
}

static gboolean
onednn_has_bf16 (void)
{
  return onednn_available () && has_isa (dnnl_cpu_isa_avx512_core_bf16);
}

static void
conv_forward (const EngConv *p, const void *x, const float *w, const float *bias, void *y, void *scratch)
{
  if (!eng_onednn_conv_forward (p, x, w, bias, y))
    eng_kernels_openblas.conv_forward (p, x, w, bias, y, scratch);
}

static void
conv_backward_data (const EngConv *p, const float *dy, const float *w, float *dx, gboolean accumulate, void *scratch)
{
  if (!eng_onednn_conv_backward_data (p, dy, w, dx, accumulate))
    eng_kernels_openblas.conv_backward_data (p, dy, w, dx, accumulate, scratch);
}

static void
conv_backward_weights (const EngConv *p, const void *x, const float *dy, float *dw, gboolean accumulate,
                       void *scratch)
{
  if (!eng_onednn_conv_backward_weights (p, x, dy, dw, accumulate))
    eng_kernels_openblas.conv_backward_weights (p, x, dy, dw, accumulate, scratch);
}

static gsize
conv_scratch (const EngConv *p)
{
  return eng_kernels_openblas.conv_scratch (p);
}

const EngKernels eng_kernels_onednn = {
  .name = "onednn",
  .available = onednn_available,
  .has_bf16 = onednn_has_bf16,
  .channels_last = eng_onednn_conv_suits,
  .gemm_takes_short = onednn_gemm_takes_short,
  .conv_takes_short = eng_onednn_conv_takes_short,
  .conv_adds = eng_onednn_conv_adds,
  .takes_tiles = eng_onednn_conv_takes_tiles,
  .gemm = onednn_gemm,
  .conv_scratch = conv_scratch,
  .conv_forward = conv_forward,
  .conv_backward_data = conv_backward_data,
  .conv_backward_weights = conv_backward_weights,
};
