/* Private to kernels/: how a primitive of oneDNN is fed. A call gives its operands as they lie in memory; a primitive
 * wants them as it computes fastest, perhaps in bfloat16. What differs is brought over: frozen weights once,
 * everything else on each call through the workspace. */
#pragma once

#include <dnnl.h>

#include "kernels.h"

typedef struct
{
  dnnl_memory_desc_t given, wanted;
  dnnl_primitive_t bring; /* between the two; NULL: they are the same */
  gsize bytes;            /* in the wanted form */
} OnednnOperand;

enum
{
  ONEDNN_A, /* source */
  ONEDNN_B, /* weights */
  ONEDNN_BIAS,
  ONEDNN_C, /* result */
  ONEDNN_OPERANDS
};

/* A primitive, its operands by role, and how many bytes of scratch it wants. */
typedef struct
{
  dnnl_primitive_t primitive; /* NULL: oneDNN has nothing good for this: use OpenBLAS */
  OnednnOperand operand[ONEDNN_OPERANDS];
  int arg[ONEDNN_OPERANDS]; /* DNNL_ARG_...; 0: no such operand */
  gboolean adds;            /* the primitive itself adds to C */
  gsize scratch;
} OnednnPlan;

/* What tells one plan from another: a call's numbers, zeroed before they are filled in. */
typedef struct
{
  int64_t v[48];
} OnednnKey;

guint eng_onednn_key_hash (gconstpointer key);
gboolean eng_onednn_key_equal (gconstpointer a, gconstpointer b);

typedef void (*OnednnMake) (OnednnPlan *plan, gconstpointer problem);

dnnl_engine_t eng_onednn_engine (void);
/* The plan of @key, made by @make at the first call. Owned by the cache, valid until the next call. */
const OnednnPlan *eng_onednn_plan (const OnednnKey *key, OnednnMake make, gconstpointer problem);
/* Fills @plan from a created descriptor, which it frees; plan->arg and operand[].given are set by the caller.
 * NULL, or an implementation that is not compiled for this processor, leaves plan->primitive NULL. */
void eng_onednn_plan_finish (OnednnPlan *plan, dnnl_primitive_desc_t descriptor);
/* Runs @plan; @data by role. @frozen: B is never written while its memory lives. @accumulate: adds to C. */
void eng_onednn_run (const OnednnPlan *plan, void *const *data, gboolean frozen, gboolean accumulate);
/* Plans and the workspace are shared: held around eng_onednn_plan() and eng_onednn_run(). */
void eng_onednn_lock (void);
void eng_onednn_unlock (void);

/* Whether oneDNN has code for it that was compiled for this processor; NULL: no. */
gboolean eng_onednn_is_compiled (dnnl_primitive_desc_t descriptor);

/* Each returns FALSE, having done nothing, where oneDNN has nothing good for @p. */
gboolean eng_onednn_conv_forward (const EngConv *p, const void *x, const float *w, const float *bias, void *y);
gboolean eng_onednn_conv_backward_data (const EngConv *p, const float *dy, const float *w, float *dx,
                                        gboolean accumulate);
gboolean eng_onednn_conv_backward_weights (const EngConv *p, const void *x, const float *dy, float *dw,
                                           gboolean accumulate);
/* A product of bfloat16 on the calling thread, without a lock. FALSE, having done nothing: not worth it, or no code.
 */
gboolean eng_onednn_alone (const EngGemm *p, const float *a, const float *b, float *c);
/* Whether all three directions run with both sides channels-last. */
gboolean eng_onednn_conv_suits (const EngConv *p);
/* Whether forward can add to y in any storage. */
gboolean eng_onednn_conv_adds (const EngConv *p);
/* Whether all that read x round it to bfloat16, and y can be written rounded. */
gboolean eng_onednn_conv_takes_short (const EngConv *p);
/* Whether all three directions run on tiles; the gradient of weights is computed in tiles anyway. */
gboolean eng_onednn_conv_takes_tiles (const EngConv *p);
