/* Convolutions on oneDNN, in two dimensions (or one, as a flat image). An operand that lies channels-last is read and
 * written as it lies; a row-major one may be brought into the form that the primitive likes best. */
#include "conv-private.h"
#include "onednn-private.h"

#include <omp.h>
#include <string.h>

/* Below so many products per output element of a group our own loops over few channels win. */
#define LEAST_WORK 8
#define FEW_CHANNELS 8
#define MOST_DEPTHWISE_TAPS 25
#define MANY_TAPS 64
#define MOST_ANSWERS 4096 /* then all are found anew */
#define LEAST_REUSE 60    /* products per value that is read or written, for bfloat16 */

typedef enum
{
  FORWARD = 2, /* 1: products */
  TO_DATA,
  TO_WEIGHTS
} Direction;

typedef struct
{
  const EngConv *p;
  Direction direction;
  gboolean bias;
} Problem;

typedef struct
{
  dnnl_dims_t stride, dilation, before, after;
  dnnl_memory_desc_t x, w, bias, y;          /* as given */
  dnnl_memory_desc_t want_x, want_w, want_y; /* as asked for */
} Forms;

static int64_t
taps (const EngConv *p)
{
  return p->kernel[1] * p->kernel[2];
}

static gboolean
is_depthwise (const EngConv *p)
{
  return p->groups > 1 && p->cin == 1 && p->cout == 1;
}

/* Not where bfloat16 gains nothing: what uses each value that it reads or writes a few times is bound by memory, and
 * rounding in a net's first layers is felt by all that follow (without these, MobileNetV2's predicted class is that
 * of float32 on 99.3 % of 600 pictures instead of 97.8 %). The gradients of patches cut from a colour image take a
 * hundred times as long (oneDNN 2.6: 0.6 against 190 GFLOP/s for 16 x 16). */
static gboolean
rounds (const EngConv *p)
{
  return p->bf16 && !is_depthwise (p) && p->cin * taps (p) * p->cout >= LEAST_REUSE * (p->cin + p->cout)
         && !(p->cin < FEW_CHANNELS && taps (p) > MANY_TAPS);
}

static dnnl_data_type_t
type_of (gboolean bf16)
{
  return bf16 ? dnnl_bf16 : dnnl_f32;
}

static void
form (dnnl_memory_desc_t *given, dnnl_memory_desc_t *want, int64_t n, int64_t channels, const int64_t *size,
      gboolean last, gboolean want_last, gboolean given_bf16, gboolean want_bf16)
{
  dnnl_dims_t dims = { n, channels, size[1], size[2] };
  dnnl_memory_desc_init_by_tag (given, 4, dims, type_of (given_bf16), last ? dnnl_nhwc : dnnl_nchw);
  dnnl_memory_desc_init_by_tag (want, 4, dims, type_of (want_bf16), want_last ? dnnl_nhwc : dnnl_format_tag_any);
}

static void
forms_init (Forms *f, const Problem *s)
{
  const EngConv *p = s->p;
  memset (f, 0, sizeof *f);
  gboolean want_last = p->x_last || p->y_last; /* what suits() has asked for */
  gboolean x_short = p->x_short && s->direction != TO_DATA, y_short = p->y_short && s->direction == FORWARD;
  form (&f->x, &f->want_x, p->n, p->groups * p->cin, p->in, p->x_last, want_last, x_short,
        rounds (p) && s->direction != TO_DATA);
  form (&f->y, &f->want_y, p->n, p->groups * p->cout, p->out, p->y_last, want_last, y_short,
        y_short || (rounds (p) && s->direction != FORWARD));
  int skip = p->groups == 1;
  dnnl_dims_t dims = { p->groups, p->cout, p->cin, p->kernel[1], p->kernel[2] };
  dnnl_memory_desc_init_by_tag (&f->w, 5 - skip, dims + skip, dnnl_f32,
                                p->w_tiled ? dnnl_ABcd16b16a
                                : skip     ? dnnl_oihw
                                           : dnnl_goihw);
  dnnl_memory_desc_init_by_tag (&f->want_w, 5 - skip, dims + skip, type_of (rounds (p) && s->direction != TO_WEIGHTS),
                                dnnl_format_tag_any);
  dnnl_memory_desc_init_by_tag (&f->bias, 1, (dnnl_dims_t){ p->groups * p->cout }, dnnl_f32, dnnl_a);
  for (int i = 0; i < 2; i++)
    {
      int a = i + 1;
      f->stride[i] = p->stride[a];
      f->dilation[i] = p->dilation[a] - 1;
      f->before[i] = p->pad[a];
      int64_t reach = (p->out[a] - 1) * p->stride[a] + (p->kernel[a] - 1) * p->dilation[a] + 1;
      f->after[i] = MAX (0, reach - p->in[a] - p->pad[a]);
    }
}

static void
append_sum (dnnl_primitive_attr_t attr)
{
  dnnl_post_ops_t post;
  if (dnnl_post_ops_create (&post) != dnnl_success)
    return;
  dnnl_post_ops_append_sum (post, 1);
  dnnl_primitive_attr_set_post_ops (attr, post);
  dnnl_post_ops_destroy (post);
}

static dnnl_primitive_desc_t
describe (Forms *f, const Problem *s, Direction direction, const_dnnl_primitive_desc_t hint)
{
  dnnl_convolution_desc_t d;
  dnnl_primitive_desc_t descriptor = NULL;
  dnnl_primitive_attr_t attr;
  dnnl_status_t status;
  if (direction == FORWARD)
    status = dnnl_dilated_convolution_forward_desc_init (&d, dnnl_forward_training, dnnl_convolution_direct,
                                                         &f->want_x, &f->want_w, s->bias ? &f->bias : NULL,
                                                         &f->want_y, f->stride, f->dilation, f->before, f->after);
  else if (direction == TO_DATA)
    status = dnnl_dilated_convolution_backward_data_desc_init (
        &d, dnnl_convolution_direct, &f->want_x, &f->want_w, &f->want_y, f->stride, f->dilation, f->before, f->after);
  else
    status = dnnl_dilated_convolution_backward_weights_desc_init (&d, dnnl_convolution_direct, &f->want_x, &f->want_w,
                                                                  NULL, &f->want_y, f->stride, f->dilation, f->before,
                                                                  f->after);
  if (status != dnnl_success || dnnl_primitive_attr_create (&attr) != dnnl_success)
    return NULL;
  dnnl_primitive_attr_set_scratchpad_mode (attr, dnnl_scratchpad_mode_user);
  if (direction == FORWARD && s->direction == FORWARD && s->p->adds)
    append_sum (attr);
  if (dnnl_primitive_desc_create (&descriptor, &d, attr, eng_onednn_engine (), hint) != dnnl_success)
    descriptor = NULL;
  dnnl_primitive_attr_destroy (attr);
  return descriptor;
}

/* The descriptor of @s; the backward ones take the forward one, in their own types, as a hint. */
static dnnl_primitive_desc_t
describe_with_hint (Forms *f, const Problem *s)
{
  if (s->direction == FORWARD)
    return describe (f, s, FORWARD, NULL);
  EngConv p = *s->p;
  Problem forward = { &p, FORWARD, FALSE };
  Forms forms;
  forms_init (&forms, &forward);
  dnnl_primitive_desc_t hint = describe (&forms, &forward, FORWARD, NULL), descriptor;
  descriptor = hint ? describe (f, s, s->direction, hint) : NULL;
  if (hint)
    dnnl_primitive_desc_destroy (hint);
  return descriptor;
}

static void
make_conv (OnednnPlan *plan, gconstpointer problem)
{
  const Problem *s = problem;
  Forms f;
  forms_init (&f, s);
  gboolean forward = s->direction == FORWARD, data = s->direction == TO_DATA;
  plan->operand[ONEDNN_A].given = data ? f.y : f.x;
  plan->operand[ONEDNN_B].given = s->direction == TO_WEIGHTS ? f.y : f.w;
  plan->operand[ONEDNN_BIAS].given = f.bias;
  plan->operand[ONEDNN_C].given = forward ? f.y : data ? f.x : f.w;
  plan->arg[ONEDNN_A] = data ? DNNL_ARG_DIFF_DST : DNNL_ARG_SRC;
  plan->arg[ONEDNN_B] = s->direction == TO_WEIGHTS ? DNNL_ARG_DIFF_DST : DNNL_ARG_WEIGHTS;
  plan->arg[ONEDNN_BIAS] = forward && s->bias ? DNNL_ARG_BIAS : 0;
  plan->arg[ONEDNN_C] = forward ? DNNL_ARG_DST : data ? DNNL_ARG_DIFF_SRC : DNNL_ARG_DIFF_WEIGHTS;
  plan->adds = forward && s->p->adds;
  eng_onednn_plan_finish (plan, describe_with_hint (&f, s));
}

static OnednnKey
conv_key (const Problem *s)
{
  const EngConv *p = s->p;
  OnednnKey key = { 0 };
  gboolean forward = s->direction == FORWARD;
  const int64_t v[] = { s->direction,
                        s->bias,
                        p->n,
                        p->groups,
                        p->cin,
                        p->cout,
                        p->x_last,
                        p->y_last,
                        rounds (p),
                        eng_get_threads (),
                        p->w_tiled,
                        p->x_short,
                        forward && p->y_short,
                        forward && p->adds };
  memcpy (key.v, v, sizeof v);
  int at = G_N_ELEMENTS (v);
  const int64_t *const triples[] = { p->in, p->out, p->kernel, p->stride, p->dilation, p->pad };
  for (guint i = 0; i < G_N_ELEMENTS (triples); i++, at += 3)
    memcpy (key.v + at, triples[i], 3 * sizeof (int64_t));
  return key;
}

/* Images in up to two dimensions, with something in them, and no windows that leave gaps, whose gradient oneDNN 2.6
 * gets wrong in bfloat16 (memory that it does not write). Groups of few channels are left to our own loops, which are
 * faster, but for one channel each among images that lie channels-last anyway. */
static gboolean
suits (const EngConv *p)
{
  for (int a = 1; a < 3; a++)
    if (p->kernel[a] > 1 && p->stride[a] > p->kernel[a])
      return FALSE;
  if (p->groups > 1 && p->cin < FEW_CHANNELS
      && !(is_depthwise (p) && (p->x_last || p->y_last) && taps (p) <= MOST_DEPTHWISE_TAPS))
    return FALSE;
  return p->in[0] == 1 && p->out[0] == 1 && p->kernel[0] == 1 && p->pad[0] == 0 && p->n > 0 && p->groups > 0
         && p->cout > 0 && p->cin > 0 && p->out[1] > 0 && p->out[2] > 0 && p->cin * taps (p) >= LEAST_WORK;
}

static gboolean
try_describe (const Problem *s)
{
  Forms f;
  forms_init (&f, s);
  dnnl_primitive_desc_t descriptor = describe_with_hint (&f, s);
  gboolean ok = eng_onednn_is_compiled (descriptor);
  if (descriptor)
    dnnl_primitive_desc_destroy (descriptor);
  return ok;
}

/* Answers are kept: every pass asks several times for each of its convolutions, and a descriptor takes a tenth of a
 * millisecond. */
static gboolean
is_compiled (const EngConv *p, Direction direction)
{
  static GHashTable *known; /* OnednnKey -> 1 + answer; under the lock */
  Problem s = { p, direction, TRUE };
  OnednnKey key = conv_key (&s);
  eng_onednn_lock ();
  if (!known)
    known = g_hash_table_new_full (eng_onednn_key_hash, eng_onednn_key_equal, g_free, NULL);
  int answer = GPOINTER_TO_INT (g_hash_table_lookup (known, &key));
  if (!answer)
    {
      answer = 1 + try_describe (&s);
      if (g_hash_table_size (known) >= MOST_ANSWERS)
        g_hash_table_remove_all (known);
      g_hash_table_insert (known, g_memdup2 (&key, sizeof key), GINT_TO_POINTER (answer));
    }
  eng_onednn_unlock ();
  return answer - 1;
}

gboolean
eng_onednn_conv_suits (const EngConv *given)
{
  EngConv p = *given;
  p.x_last = p.y_last = TRUE;
  return suits (&p) && is_compiled (&p, FORWARD) && is_compiled (&p, TO_DATA) && is_compiled (&p, TO_WEIGHTS);
}

gboolean
eng_onednn_conv_takes_short (const EngConv *given)
{
  EngConv p = *given, exact = *given;
  p.x_short = p.y_short = TRUE;
  exact.x_short = exact.y_short = FALSE;
  return suits (&p) && rounds (&p) && is_compiled (&p, FORWARD) && is_compiled (&exact, FORWARD)
         && is_compiled (&p, TO_WEIGHTS);
}

gboolean
eng_onednn_conv_adds (const EngConv *given)
{
  EngConv p = *given;
  p.x_last = p.y_last = p.adds = TRUE;
  return suits (&p) && !is_depthwise (&p) && is_compiled (&p, FORWARD);
}

gboolean
eng_onednn_conv_takes_tiles (const EngConv *given)
{
  EngConv p = *given, exact = *given;
  p.w_tiled = exact.w_tiled = TRUE;
  exact.bf16 = FALSE;
  exact.x_short = exact.y_short = FALSE;
  gboolean ok = p.groups == 1 && p.cin % ENG_TILE == 0 && p.cout % ENG_TILE == 0 && suits (&p);
  for (Direction d = FORWARD; ok && d <= TO_WEIGHTS; d++)
    ok = is_compiled (&p, d) || is_compiled (&exact, d);
  return ok;
}

static gboolean
run (const EngConv *p, Direction direction, const void *a, const float *b, const float *bias, void *c,
     gboolean accumulate)
{
  Problem s = { p, direction, bias != NULL };
  EngConv exact = *p;
  if (!suits (p) || omp_in_parallel ())
    return FALSE;
  OnednnKey key = conv_key (&s);
  eng_onednn_lock ();
  const OnednnPlan *plan = eng_onednn_plan (&key, make_conv, &s);
  if (!plan->primitive
      && rounds (p)) /* this processor has code for float32 alone, which is what the storage is asked for */
    {
      exact.bf16 = FALSE;
      s.p = &exact;
      key = conv_key (&s);
      plan = eng_onednn_plan (&key, make_conv, &s);
    }
  gboolean ok = plan->primitive != NULL;
  if (ok)
    eng_onednn_run (plan, (void *const[]){ (void *)a, (void *)b, (void *)bias, c },
                    p->frozen && direction != TO_WEIGHTS, accumulate);
  eng_onednn_unlock ();
  /* eng_onednn_conv_suits(), eng_onednn_conv_takes_short() or eng_onednn_conv_takes_tiles() said that there is one */
  g_assert (ok || !(p->x_last || p->y_last || p->w_tiled || (direction != TO_DATA && (p->x_short || p->y_short))));
  return ok;
}

gboolean
eng_onednn_conv_forward (const EngConv *p, const void *x, const float *w, const float *bias, void *y)
{
  EngConv beside = *p;
  beside.adds =
      p->adds && p->y_last; /* a row-major y is brought over, or of a form that the primitive does not know */
  gboolean ok = run (&beside, FORWARD, x, w, bias, y, p->adds);
  g_assert (ok || !p->adds); /* eng_onednn_conv_adds() said that there is one */
  if (ok)
    eng_conv_bound (p, y); /* the primitive's own bounds would turn NaN into a number */
  return ok;
}

gboolean
eng_onednn_conv_backward_data (const EngConv *p, const float *dy, const float *w, float *dx, gboolean accumulate)
{
  return run (p, TO_DATA, dy, w, NULL, dx, accumulate);
}

gboolean
eng_onednn_conv_backward_weights (const EngConv *p, const void *x, const float *dy, float *dw, gboolean accumulate)
{
  return run (p, TO_WEIGHTS, x, dy, NULL, dw, accumulate);
}
