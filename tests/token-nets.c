#include "token-nets.h"

#include "onnx-maker.h"
#include "support.h"

#include <math.h>

typedef struct
{
  const TokenNet *net;
  OnnxMaker *m;
  GRand *random;
  int width, tokens;
} Maker;

#define NAME(var, ...) g_autofree char *var = g_strdup_printf (__VA_ARGS__)
#define DIMS(...)                                                                                                    \
  G_N_ELEMENTS (((int64_t[]){ __VA_ARGS__ })), (int64_t[]) { __VA_ARGS__ }

/* Random numbers between shift - scale and shift + scale. */
static void
weights (Maker *k, const char *name, double scale, double shift, int rank, const int64_t *dims)
{
  EngShape shape = eng_shape_from_array (dims, rank);
  int64_t count = eng_shape_count (&shape);
  g_autofree float *w = g_new (float, count);
  for (int64_t i = 0; i < count; i++)
    w[i] = (float)(shift + scale * g_rand_double_range (k->random, -1, 1));
  onnx_maker_floats (k->m, name, rank, dims, w);
}

static void
linear (Maker *k, const char *from, const char *to, int in, int out, double scale)
{
  NAME (w, "%s-w", to);
  NAME (b, "%s-b", to);
  NAME (raw, "%s-raw", to);
  NAME (product, "%s %s", from, w);
  NAME (sum, "%s %s", raw, b);
  weights (k, w, scale * 1.7 / sqrt (in), 0, DIMS (in, out));
  weights (k, b, scale * 0.1, 0, DIMS (out));
  onnx_maker_node (k->m, "MatMul", product, raw);
  onnx_maker_node (k->m, "Add", sum, to);
}

static void
normalise (Maker *k, const char *from, const char *to)
{
  NAME (w, "%s-w", to);
  NAME (b, "%s-b", to);
  NAME (inputs, "%s %s %s", from, w, b);
  weights (k, w, 0.2, 1, DIMS (k->width));
  weights (k, b, 0.2, 0, DIMS (k->width));
  onnx_maker_int (onnx_maker_node (k->m, "LayerNormalization", inputs, to), "axis", -1);
}

/* Queries, keys or values of all heads: 1 x heads x N x 4, keys 1 x heads x 4 x N. */
static void
part (Maker *k, const char *from, char letter, int b)
{
  NAME (flat, "%c-flat%d", letter, b);
  NAME (shape, "%s heads", flat);
  NAME (apart, "%c-apart%d", letter, b);
  NAME (to, "%c%d", letter, b);
  linear (k, from, flat, k->width, k->width, letter == 'q' && k->net->uniform ? 0 : 1.5);
  onnx_maker_node (k->m, "Reshape", shape, apart);
  onnx_maker_attr_ints (onnx_maker_node (k->m, "Transpose", apart, to), "perm", 4,
                        letter == 'k' ? (int64_t[]){ 0, 2, 3, 1 } : (int64_t[]){ 0, 2, 1, 3 });
}

static void
attend (Maker *k, int b)
{
  NAME (stream, "stream%d", b);
  NAME (norm, "norm%d", b);
  NAME (qk, "q%d k%d", b, b);
  NAME (scores, "scores%d", b);
  NAME (attention, "attention%d", b);
  NAME (av, "attention%d v%d", b, b);
  NAME (mixed, "mixed%d", b);
  NAME (moved, "moved%d", b);
  NAME (moved_flat, "moved%d flat", b);
  NAME (joined, "joined%d", b);
  NAME (out, "out%d", b);
  NAME (sum, "stream%d out%d", b, b);
  NAME (middle, "middle%d", b);
  normalise (k, stream, norm);
  for (const char *letter = "qkv"; *letter; letter++)
    part (k, norm, *letter, b);
  onnx_maker_node (k->m, "MatMul", qk, scores);
  onnx_maker_int (onnx_maker_node (k->m, "Softmax", scores, attention), "axis", -1);
  onnx_maker_node (k->m, "MatMul", av, mixed);
  onnx_maker_attr_ints (onnx_maker_node (k->m, "Transpose", mixed, moved), "perm", 4, (int64_t[]){ 0, 2, 1, 3 });
  onnx_maker_node (k->m, "Reshape", moved_flat, joined);
  linear (k, joined, out, k->width, k->width, 1);
  onnx_maker_node (k->m, "Add", sum, middle);
}

static void
think (Maker *k, int b)
{
  NAME (middle, "middle%d", b);
  NAME (norm, "mlp-norm%d", b);
  NAME (wide, "wide%d", b);
  NAME (gate, "gate%d", b);
  NAME (gated, "wide%d %s%d", b, k->net->gated ? "gate" : "sigmoid", b);
  NAME (sigmoid, "sigmoid%d", b);
  NAME (active, "active%d", b);
  NAME (narrow, "narrow%d", b);
  NAME (sum, "middle%d narrow%d", b, b);
  NAME (stream, "stream%d", b + 1);
  normalise (k, middle, norm);
  linear (k, norm, wide, k->width, 2 * k->width, 1);
  /* x sigmoid (x), or a product of two linear layers */
  if (k->net->gated)
    linear (k, norm, gate, k->width, 2 * k->width, 1);
  else
    onnx_maker_node (k->m, "Sigmoid", wide, sigmoid);
  onnx_maker_node (k->m, "Mul", gated, active);
  linear (k, active, narrow, 2 * k->width, k->width, 1);
  onnx_maker_node (k->m, "Add", sum, stream);
}

static void
embed (Maker *k)
{
  int cells = k->net->rows * k->net->cols;
  onnx_maker_input (k->m, "x", ENG_DTYPE_FLOAT, 4, 1, 3, 4 * k->net->rows, 4 * k->net->cols);
  weights (k, "patch-w", 0.4, 0, DIMS (k->width, 3, 4, 4));
  weights (k, "positions", 0.5, 0, DIMS (1, k->tokens, k->width));
  onnx_maker_ints (k->m, "cells", 3, (int64_t[]){ 1, k->width, cells });
  onnx_maker_ints (k->m, "heads", 4, (int64_t[]){ 1, k->tokens, k->net->heads, 4 });
  onnx_maker_ints (k->m, "flat", 3, (int64_t[]){ 1, k->tokens, k->width });
  onnx_maker_attr_ints (onnx_maker_node (k->m, "Conv", "x patch-w", "patches"), "strides", 2, (int64_t[]){ 4, 4 });
  onnx_maker_node (k->m, "Reshape", "patches cells", "planes");
  onnx_maker_attr_ints (onnx_maker_node (k->m, "Transpose", "planes", "tokens"), "perm", 3, (int64_t[]){ 0, 2, 1 });
  if (k->net->prefix)
    {
      weights (k, "first", 1, 0, DIMS (1, k->net->prefix, k->width));
      onnx_maker_int (onnx_maker_node (k->m, "Concat", "first tokens", "sequence"), "axis", 1);
    }
  onnx_maker_node (k->m, "Add", k->net->prefix ? "sequence positions" : "tokens positions", "stream0");
}

static void
decide (Maker *k)
{
  NAME (last, "stream%d", k->net->blocks);
  normalise (k, last, "last-norm");
  if (k->net->prefix)
    {
      onnx_maker_ints (k->m, "zero", 1, (int64_t[]){ 0 });
      onnx_maker_int (onnx_maker_node (k->m, "Gather", "last-norm zero", "token"), "axis", 1);
      onnx_maker_node (k->m, "Flatten", "token", "read");
    }
  else
    {
      Onnx__NodeProto *mean = onnx_maker_node (k->m, "ReduceMean", "last-norm", "read");
      onnx_maker_attr_ints (mean, "axes", 1, (int64_t[]){ 1 });
      onnx_maker_int (mean, "keepdims", 0);
    }
  weights (k, "head-w", k->net->constant ? 0 : 0.6, 0, DIMS (k->width, TOKEN_CLASSES));
  onnx_maker_floats (k->m, "head-b", 1, (int64_t[]){ TOKEN_CLASSES }, (float[]){ 0.3f, -0.1f, 0.2f });
  onnx_maker_node (k->m, "Gemm", "read head-w head-b", "logits");
  onnx_maker_output (k->m, "logits");
}

EngModel *
token_net_open (const TokenNet *net)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "net.onnx", NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (23);
  Maker k = { net, onnx_maker_new (17), random, 4 * net->heads, net->prefix + net->rows * net->cols };
  embed (&k);
  for (int b = 0; b < net->blocks; b++)
    {
      attend (&k, b);
      think (&k, b);
    }
  decide (&k);
  g_autoptr (GBytes) bytes = onnx_maker_finish (k.m);
  g_assert_true (eng_write_atomically (path, bytes, NULL));
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  test_remove_tree (folder);
  return model;
}

/* ---- running methods ---- */

EngImage *
token_picture (void)
{
  g_autofree guint8 *rgb = g_new (guint8, 3 * 40 * 40);
  for (int i = 0; i < 40 * 40; i++)
    for (int c = 0; c < 3; c++)
      rgb[3 * i + c] = (guint8)(60 + 100 * ((i / 40 / 9 + i % 40 / 7) % 2) + (i * 7 + c * 31) % 61);
  return eng_image_new (40, 40, rgb, "picture");
}

EngValues *
token_values (const EngMethod *method, EngModel *model, const char *pairs)
{
  EngValues *values = eng_values_new (method, model);
  g_auto (GStrv) parts = g_strsplit (pairs ? pairs : "", " ", -1);
  for (char **part = parts; *part && **part; part++)
    g_assert_true (eng_values_set_pair (values, *part, NULL));
  return values;
}

EngHeatmap *
token_run (EngModel *model, const char *id, const char *pairs, guint64 seed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngImage) image = token_picture ();
  const EngMethod *method = eng_method_find (id, NULL);
  g_autoptr (EngJob) job =
      eng_job_new (model, image, method, TOKEN_CLASS, -1, NULL, token_values (method, model, pairs), seed);
  eng_job_run (job, &error);
  g_assert_no_error (error);
  return eng_heatmap_ref (eng_job_heatmap (job));
}

int
token_cells (const EngHeatmap *map)
{
  return eng_heatmap_rows (map) * eng_heatmap_cols (map);
}

float *
token_input (EngModel *model)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngImage) image = token_picture ();
  EngPreprocess *p = eng_model_preprocess (model);
  gsize n = 3 * (gsize)p->width * p->height;
  g_autofree guint8 *view = eng_preprocess_view (p, image, &error);
  g_autofree float *pixels = g_new (float, n);
  float *x = g_new (float, n);
  eng_preprocess_pixels (p, view, pixels);
  eng_preprocess_normalise (p, pixels, x);
  return x;
}

EngModel *
token_scenes (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *relative = g_strdup_printf ("models/%s.onnx", name), *path = test_data (relative);
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  return model;
}
