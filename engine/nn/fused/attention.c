/* Attention (Vaswani et al., NeurIPS 2017, equation 1): y = softmax (a q k') v for every image and head, with the
 * steps that split and join heads. q, k, v and y are read and written where they lie, as rows of longer rows, so
 * nothing is transposed.
 *
 * Without gradients the probabilities p of a block of rows live in a buffer of one thread; with gradients, or where
 * they are wanted, they are the second output. With g = dy v', row by row: ds = p (g - sum (g p)), then
 * dq = a ds k, dk = a ds' q, dv = p' dy. */
#include "../../kernels/kernels.h"
#include "../../kernels/vecmath.h"
#include "../../kernels/vector.h"
#include "layout.h"

#include <string.h>

/* Rows of one task at most. Blocks depend on the shape alone, not on threads or the size of a batch. */
#define BLOCK 128

/* A matrix per image and head in a longer array: rows of consecutive elements. */
typedef struct
{
  int input;             /* of the node; -1: its output */
  int64_t step, *offset; /* from row to row; where each matrix begins */
} Part;

typedef struct
{
  int64_t batch, rows, columns, depth, width; /* y: rows x width, q: rows x depth, k: columns x depth */
  float alpha, beta;                          /* scores, y: times this */
  gboolean covers;                            /* q, k and v together are every element of their inputs, once */
  Part q, k, v, y;
  EngShape shape[2]; /* of the outputs */
  EngDtype dtype;
} Attention;

static gboolean
attention_shape (EngNode *node, GError **error)
{
  const Attention *s = node->priv;
  int64_t buffer = s->rows * s->columns * s->batch;
  if (node->n_outputs == 1)
    buffer = MIN (s->rows, BLOCK) * s->columns * eng_max_threads ();
  buffer += MIN (s->rows, BLOCK) * s->width * eng_max_threads ();
  node->scratch = sizeof (float) * (gsize)buffer;
  return eng_node_set_output (node, 0, s->dtype, &s->shape[0], error)
         && eng_node_set_output (node, 1, s->dtype, &s->shape[1], error);
}

/* ---- tasks: a block of rows or columns of one head ---- */

typedef struct _Job Job;
struct _Job
{
  const Attention *s;
  const float *q, *k, *v, *dy;
  float *y, *p, *ds; /* @p, @ds: batch x rows x columns, or as many blocks as threads */
  guint16 *y_short;  /* instead of @y: bfloat16; then @y: a block of rows per thread */
  float *dq, *dk, *dv;
  gboolean bf16;
  float keep[3];  /* what dq, dk, dv are multiplied with before: 0 or 1 */
  int64_t length; /* that is cut into blocks: rows or columns */
  int workers;
  void (*task) (const Job *job, int64_t head, int64_t from, int64_t n, int worker);
};

static void
work (int64_t begin, int64_t end, gpointer data)
{
  const Job *job = data;
  int64_t blocks = (job->length + BLOCK - 1) / BLOCK, tasks = job->s->batch * blocks;
  for (int64_t worker = begin; worker < end; worker++)
    for (int64_t t = tasks * worker / job->workers; t < tasks * (worker + 1) / job->workers; t++)
      {
        int64_t from = job->length * (t % blocks) / blocks, to = job->length * (t % blocks + 1) / blocks;
        job->task (job, t / blocks, from, to - from, (int)worker);
      }
}

static void
run (Job *job, int64_t length, void (*task) (const Job *, int64_t, int64_t, int64_t, int))
{
  const Attention *s = job->s;
  job->length = length;
  job->task = task;
  job->workers = eng_get_threads ();
  eng_parallel (job->workers, 0.1 * (double)(s->batch * s->rows * s->columns * s->depth) / job->workers, work, job);
}

static void
product (gboolean bf16, gboolean trans_a, gboolean trans_b, int64_t m, int64_t n, int64_t k, float alpha, float beta,
         const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc)
{
  const EngGemm p = { .trans_a = trans_a,
                      .trans_b = trans_b,
                      .m = m,
                      .n = n,
                      .k = k,
                      .alpha = alpha,
                      .beta = beta,
                      .lda = lda,
                      .ldb = ldb,
                      .ldc = ldc,
                      .batch = 1,
                      .rows_alone = TRUE,
                      .bf16 = bf16 };
  eng_kernels ()->gemm (&p, a, b, c);
}

static void
forward_block (const Job *job, int64_t head, int64_t from, int64_t n, int worker)
{
  const Attention *s = job->s;
  float *p =
      job->p ? job->p + (head * s->rows + from) * s->columns : job->ds + worker * MIN (s->rows, BLOCK) * s->columns;
  product (job->bf16, FALSE, TRUE, n, s->columns, s->depth, s->alpha, 0,
           job->q + s->q.offset[head] + from * s->q.step, s->q.step, job->k + s->k.offset[head], s->k.step, p,
           s->columns);
  for (int64_t i = 0; i < n; i++)
    eng_vec_softmax (p + i * s->columns, p + i * s->columns, s->columns);
  int64_t at = s->y.offset[head] + from * s->y.step;
  float *y = job->y_short ? job->y + worker * MIN (s->rows, BLOCK) * s->width : job->y + at;
  product (job->bf16, FALSE, FALSE, n, s->width, s->columns, s->beta, 0, p, s->columns, job->v + s->v.offset[head],
           s->v.step, y, job->y_short ? s->width : s->y.step);
  for (int64_t i = 0; job->y_short && i < n; i++)
    eng_vec_round (job->y_short + at + i * s->y.step, y + i * s->width, s->width);
}

static void
attention_forward (const EngNode *node, EngPass *pass)
{
  const Attention *s = node->priv;
  Job job = { .s = s,
              .q = eng_in_f (pass, node, s->q.input),
              .k = eng_in_f (pass, node, s->k.input),
              .v = eng_in_f (pass, node, s->v.input),
              .p = eng_out_f (pass, node, 1),
              .ds = eng_pass_scratch (pass),
              .bf16 = eng_pass_bf16 (pass) };
  gboolean is_short = eng_is_short (pass, node->outputs[0]);
  job.y = is_short ? job.ds + MIN (s->rows, BLOCK) * s->columns * eng_max_threads () : eng_out_f (pass, node, 0);
  job.y_short = is_short ? eng_out (pass, node, 0) : NULL;
  run (&job, s->rows, forward_block);
}

/* g becomes p (g - sum (g p)) */
ENG_CLONES static void
softmax_back (float *g, const float *p, int64_t n)
{
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++)
    sum += g[i] * p[i];
  ENG_SIMD_LOOP (n) g[i] = p[i] * (g[i] - sum);
}

static void
backward_rows (const Job *job, int64_t head, int64_t from, int64_t n, int worker)
{
  const Attention *s = job->s;
  float *g = job->ds + (head * s->rows + from) * s->columns;
  const float *p = job->p + (head * s->rows + from) * s->columns;
  product (job->bf16, FALSE, TRUE, n, s->columns, s->width, s->beta, 0,
           job->dy + s->y.offset[head] + from * s->y.step, s->y.step, job->v + s->v.offset[head], s->v.step, g,
           s->columns);
  for (int64_t i = 0; i < n; i++)
    softmax_back (g + i * s->columns, p + i * s->columns, s->columns);
  if (job->dq)
    product (job->bf16, FALSE, FALSE, n, s->depth, s->columns, s->alpha, job->keep[0], g, s->columns,
             job->k + s->k.offset[head], s->k.step, job->dq + s->q.offset[head] + from * s->q.step, s->q.step);
}

static void
backward_columns (const Job *job, int64_t head, int64_t from, int64_t n, int worker)
{
  const Attention *s = job->s;
  int64_t at = head * s->rows * s->columns + from;
  if (job->dk)
    product (job->bf16, TRUE, FALSE, n, s->depth, s->rows, s->alpha, job->keep[1], job->ds + at, s->columns,
             job->q + s->q.offset[head], s->q.step, job->dk + s->k.offset[head] + from * s->k.step, s->k.step);
  if (job->dv)
    product (job->bf16, TRUE, FALSE, n, s->width, s->rows, s->beta, job->keep[2], job->p + at, s->columns,
             job->dy + s->y.offset[head], s->y.step, job->dv + s->v.offset[head] + from * s->v.step, s->v.step);
}

/* In float32 also where products are in bfloat16: its five small products with other shapes each would take a third
 * longer (LTX on ViT-Tiny: 0.69 s against 0.52 s in all, medians of three pairs). */
static void
attention_backward (const EngNode *node, EngPass *pass)
{
  const Attention *s = node->priv;
  float *d[3] = { NULL };
  gboolean fresh[3] = { FALSE };
  Job job = { .s = s,
              .q = eng_in_f (pass, node, s->q.input),
              .k = eng_in_f (pass, node, s->k.input),
              .v = eng_in_f (pass, node, s->v.input),
              .dy = eng_grad_out (pass, node, 0),
              .p = eng_out_f (pass, node, 1),
              .ds = eng_pass_scratch (pass) };
  if (!job.dy)
    return;
  for (int i = 0; i < node->n_inputs; i++)
    d[i] = s->covers ? eng_grad_in_fresh (pass, node, i, &fresh[i]) : eng_grad_in (pass, node, i);
  job.dq = d[s->q.input];
  job.dk = d[s->k.input];
  job.dv = d[s->v.input];
  job.keep[0] = fresh[s->q.input] ? 0 : 1;
  job.keep[1] = fresh[s->k.input] ? 0 : 1;
  job.keep[2] = fresh[s->v.input] ? 0 : 1;
  if (job.dq || job.dk)
    run (&job, s->rows, backward_rows);
  if (job.dk || job.dv)
    run (&job, s->columns, backward_columns);
}

static gboolean
attention_takes_short (const EngNode *node, const EngPass *pass, int i)
{
  return i < 0;
}

static const EngOp attention_op = {
  "Attention",
  1,
  ENG_OPSET_MAX,
  attention_shape,
  attention_forward,
  attention_backward,
  ENG_KEEP_INS | ENG_KEEP_OUT_1,
  ENG_OP_PLAIN,
  NULL,
  NULL,
  attention_takes_short,
};

/* ---- recognising it ---- */

/* Rows of @layout along axis @axis, their elements along axis @along. */
static gboolean
read_part (const EngLayout *layout, int axis, int along, EngGroup *group, int64_t **store, Part *part)
{
  int64_t unit;
  int64_t elements = 1;
  for (int k = layout->first[along]; k < layout->first[along + 1]; k++)
    elements *= layout->size[k];
  if (!eng_layout_stride (layout, along, &unit) || !eng_layout_stride (layout, axis, &part->step)
      || (elements > 1 && unit != 1))
    return FALSE;
  part->step = MAX (part->step, elements); /* of a single row there is no step */
  part->offset = *store;
  int64_t n = 1;
  for (int k = 0; k < layout->first[layout->rank - 2]; k++)
    n *= layout->size[k];
  eng_layout_offsets (layout, layout->rank - 2, part->offset);
  *store += n;
  if (!group)
    {
      part->input = -1;
      return TRUE;
    }
  for (part->input = 0; part->input < group->n_inputs && group->input[part->input] != layout->base; part->input++)
    ;
  group->input[part->input] = layout->base;
  group->n_inputs = MAX (group->n_inputs, part->input + 1);
  return TRUE;
}

/* Softmax along the last axis. */
static gboolean
is_by_row (const EngNode *node)
{
  int rank = node->inputs[0]->shape.rank;
  int64_t axis = eng_attrs_get_int (node->attrs, "axis", node->opset < 13 ? 1 : -1);
  return axis == -1 || axis == rank - 1;
}

/* Whether rows of all parts tile their inputs: each begins at a multiple of its length, and no two at the same. */
static gboolean
covers_inputs (const Attention *s, const EngGroup *group)
{
  const Part *const parts[] = { &s->q, &s->k, &s->v };
  const int64_t rows[] = { s->rows, s->columns, s->columns };
  if (s->depth != s->width)
    return FALSE;
  for (int input = 0; input < group->n_inputs; input++)
    {
      int64_t all = eng_shape_count (&group->input[input]->shape) / s->depth, seen = 0;
      g_autofree guint8 *marks = g_new0 (guint8, all + 1);
      for (int i = 0; i < 3; i++)
        for (int64_t b = 0; parts[i]->input == input && b < s->batch; b++)
          for (int64_t r = 0; r < rows[i]; r++)
            {
              int64_t at = parts[i]->offset[b] + r * parts[i]->step;
              if (at % s->depth || marks[at / s->depth])
                return FALSE;
              marks[at / s->depth] = 1;
              seen++;
            }
      if (seen * s->depth != eng_shape_count (&group->input[input]->shape))
        return FALSE;
    }
  return TRUE;
}

/* Steps back from @last over what joins the heads to the product with v; @y: its layout in the output. */
static EngNode *
read_output (const EngFuse *fuse, EngNode *last, EngGroup *group, EngLayout *y)
{
  EngNode *node = last;
  eng_layout_whole (last->outputs[0], y);
  while (eng_node_is_move (node) && eng_layout_before (node, y))
    node = eng_fuse_take (fuse, group, node->inputs[0], NULL);
  return eng_node_is (node, "MatMul") ? node : NULL;
}

/* Steps back from @softmax over products with numbers to the product of q and k. */
static EngNode *
read_scores (const EngFuse *fuse, EngNode *softmax, EngGroup *group, float *scale)
{
  EngNode *node = softmax;
  int at = 0;
  *scale = 1;
  for (;;)
    {
      EngNode *before = eng_fuse_take (fuse, group, node->inputs[at], NULL);
      if (!before || !eng_shape_equal (&before->outputs[0]->shape, &softmax->inputs[0]->shape))
        return NULL;
      if (eng_node_is (before, "MatMul"))
        return before;
      gboolean divides = eng_node_is (before, "Div");
      float number;
      if (!divides && !eng_node_is (before, "Mul"))
        return NULL;
      at = !divides && eng_fuse_number (fuse, before->inputs[0], &number) ? 1 : 0;
      if (!eng_fuse_number (fuse, before->inputs[1 - at], &number))
        return NULL;
      *scale *= divides ? 1 / number : number;
      node = before;
    }
}

/* Batches are alike in both factors, and there are two axes more. */
static gboolean
same_batches (const EngNode *product)
{
  const EngShape *a = &product->inputs[0]->shape, *b = &product->inputs[1]->shape;
  if (a->rank != b->rank || a->rank < 2)
    return FALSE;
  for (int i = 0; i < a->rank - 2; i++)
    if (a->dim[i] != b->dim[i])
      return FALSE;
  return TRUE;
}

static gboolean
match (const EngFuse *fuse, EngNode *last, EngGroup *group)
{
  EngLayout q, k, v, y;
  float scale;
  EngNode *second = read_output (fuse, last, group, &y);
  EngNode *softmax = second ? eng_fuse_take (fuse, group, second->inputs[0], "Softmax") : NULL;
  EngNode *first = softmax && is_by_row (softmax) ? read_scores (fuse, softmax, group, &scale) : NULL;
  if (!first || !same_batches (first) || !same_batches (second))
    return FALSE;
  const EngShape *p = &softmax->outputs[0]->shape;
  int rank = p->rank;
  int64_t batch = eng_shape_span (p, 0, rank - 2);
  if (eng_shape_count (p) == 0 || eng_shape_count (&second->outputs[0]->shape) == 0)
    return FALSE;
  eng_layout_trace (fuse, first->inputs[0], TRUE, &q);
  eng_layout_trace (fuse, first->inputs[1], TRUE, &k);
  eng_layout_trace (fuse, second->inputs[1], TRUE, &v);
  Attention *s = group->priv = g_malloc0 (sizeof *s + 4 * sizeof (int64_t) * (gsize)batch);
  int64_t *store = (int64_t *)(s + 1);
  s->batch = batch;
  s->rows = p->dim[rank - 2];
  s->columns = p->dim[rank - 1];
  s->depth = first->inputs[0]->shape.dim[rank - 1];
  s->width = second->outputs[0]->shape.dim[rank - 1];
  s->alpha = scale * q.scale * k.scale;
  s->beta = v.scale;
  s->shape[0] = last->outputs[0]->shape;
  s->shape[1] = *p;
  s->dtype = last->outputs[0]->dtype;
  if (s->depth == 0 || !read_part (&q, rank - 2, rank - 1, group, &store, &s->q)
      || !read_part (&k, rank - 1, rank - 2, group, &store, &s->k)
      || !read_part (&v, rank - 2, rank - 1, group, &store, &s->v)
      || !read_part (&y, rank - 2, rank - 1, NULL, &store, &s->y))
    return FALSE;
  s->covers = covers_inputs (s, group);
  group->op = &attention_op;
  gboolean reached = FALSE;
  for (int i = 0; i < group->n_inputs; i++)
    reached |= eng_fuse_is_reached (fuse, group->input[i]);
  if (reached || eng_fuse_is_wanted (fuse, softmax->outputs[0]))
    group->output[group->n_outputs++] = softmax->outputs[0];
  return TRUE;
}

const EngFusion eng_fusion_attention = { "attention", match };
