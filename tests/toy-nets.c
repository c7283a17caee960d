#include "toy-nets.h"

#include "onnx-maker.h"
#include "support.h"

#include <math.h>

typedef struct
{
  OnnxMaker *m;
  GRand *random;
} Net;

/* A weight of random numbers of deviation about @scale, shifted by @shift. */
static void
weights (Net *n, const char *name, double scale, double shift, int rank, const int64_t *dims)
{
  EngShape shape = eng_shape_from_array (dims, rank);
  int64_t count = eng_shape_count (&shape);
  g_autofree float *w = g_new (float, count);
  for (int64_t i = 0; i < count; i++)
    w[i] = (float)(shift + scale * g_rand_double_range (n->random, -1.7, 1.7));
  onnx_maker_floats (n->m, name, rank, dims, w);
}

#define DIMS(...)                                                                                                    \
  G_N_ELEMENTS (((int64_t[]){ __VA_ARGS__ })), (int64_t[]) { __VA_ARGS__ }

/* @to = Relu (Conv (@from)), k x k, @pad cells of zeros around */
static void
convolve (Net *n, const char *from, const char *to, int in, int out, int k, int stride, int pad)
{
  g_autofree char *w = g_strconcat (to, "-w", NULL), *b = g_strconcat (to, "-b", NULL),
                  *raw = g_strconcat (to, "-raw", NULL);
  g_autofree char *inputs = g_strdup_printf ("%s %s %s", from, w, b);
  weights (n, w, 1.4 / sqrt (in * k * k), 0, DIMS (out, in, k, k));
  weights (n, b, 0.1, 0.2, DIMS (out));
  Onnx__NodeProto *conv = onnx_maker_node (n->m, "Conv", inputs, raw);
  onnx_maker_attr_ints (conv, "strides", 2, (int64_t[]){ stride, stride });
  onnx_maker_attr_ints (conv, "pads", 4, (int64_t[]){ pad, pad, pad, pad });
  onnx_maker_node (n->m, "Relu", raw, to);
}

static void
finish (Net *n, const Toy *toy, const char *features, int count)
{
  const char *end = toy->end ? toy->end : "";
  gboolean root = g_str_equal (end, "Sqrt"), softmax = g_str_equal (end, "Softmax");
  if (root)
    {
      onnx_maker_floats (n->m, "nothing", 1, (int64_t[]){ 1 }, (float[]){ 0 });
      g_autofree char *inputs = g_strconcat (features, " nothing", NULL);
      onnx_maker_node (n->m, "Mul", inputs, "zero");
      onnx_maker_node (n->m, "Sqrt", "zero", "root");
      features = "root";
    }
  g_autofree char *inputs = g_strconcat (features, " head-w head-b", NULL);
  weights (n, "head-w", toy->constant ? 0 : 1 / sqrt (count), 0, DIMS (count, 3));
  onnx_maker_floats (n->m, "head-b", 1, (int64_t[]){ 3 }, (float[]){ 0.3f, -0.1f, 0.2f });
  onnx_maker_node (n->m, "Gemm", inputs, softmax ? "raw-logits" : "logits");
  if (softmax)
    onnx_maker_node (n->m, "Softmax", "raw-logits", "logits");
  onnx_maker_output (n->m, "logits");
}

static void
pool_and_finish (Net *n, const Toy *toy, const char *map, int channels)
{
  onnx_maker_node (n->m, "GlobalAveragePool", map, "pooled");
  onnx_maker_node (n->m, "Flatten", "pooled", "flat");
  finish (n, toy, "flat", channels);
}

static void
make_cnn (Net *n, const Toy *toy)
{
  int stride = MAX (toy->size / 32, 1), cells = toy->size / stride;
  convolve (n, "x", "first", toy->channels, 5, 3, stride, 1);
  convolve (n, "first", "second", 5, 6, 3, 2, 1);
  convolve (n, "second", "third", 6, 8, 3, 2, 1);
  if (toy->kind == TOY_CNN_POINT)
    convolve (n, "third", "point", 8, 8, (cells + 3) / 4, 1, 0);
  pool_and_finish (n, toy, toy->kind == TOY_CNN_POINT ? "point" : "third", 8);
}

static void
halve (Net *n, const char *from, const char *to)
{
  Onnx__NodeProto *pool = onnx_maker_node (n->m, "AveragePool", from, to);
  onnx_maker_attr_ints (pool, "kernel_shape", 2, (int64_t[]){ 2, 2 });
  onnx_maker_attr_ints (pool, "strides", 2, (int64_t[]){ 2, 2 });
}

static void
make_pools (Net *n, const Toy *toy)
{
  weights (n, "mix", 1, 0, DIMS (2, toy->channels, 1, 1));
  weights (n, "mix-b", 0.1, 0.5, DIMS (2));
  onnx_maker_node (n->m, "Conv", "x mix mix-b", "first");
  halve (n, "first", "second");
  halve (n, "second", "third");
  pool_and_finish (n, toy, "third", 2);
}

/* One linear layer on tokens of width @in. */
static void
project (Net *n, const char *from, const char *to, int in, int out)
{
  g_autofree char *w = g_strconcat (to, "-w", NULL), *inputs = g_strdup_printf ("%s %s", from, w);
  weights (n, w, 1 / sqrt (in), 0, DIMS (in, out));
  onnx_maker_node (n->m, "MatMul", inputs, to);
}

static void
normalise (Net *n, const char *from, const char *to)
{
  g_autofree char *w = g_strconcat (to, "-w", NULL), *b = g_strconcat (to, "-b", NULL);
  g_autofree char *inputs = g_strdup_printf ("%s %s %s", from, w, b);
  weights (n, w, 0.1, 1, DIMS (8));
  weights (n, b, 0.1, 0, DIMS (8));
  onnx_maker_int (onnx_maker_node (n->m, "LayerNormalization", inputs, to), "axis", -1);
}

/* Queries, keys or values of two heads: B x 2 x N x 4, or with @perm of keys B x 2 x 4 x N. */
static void
split_heads (Net *n, const char *from, const char *to, const int64_t *perm)
{
  g_autofree char *apart = g_strconcat (to, "-apart", NULL), *inputs = g_strconcat (from, " heads", NULL);
  onnx_maker_node (n->m, "Reshape", inputs, apart);
  onnx_maker_attr_ints (onnx_maker_node (n->m, "Transpose", apart, to), "perm", 4, perm);
}

#define NAME(var, ...) g_autofree char *var = g_strdup_printf (__VA_ARGS__)

static void
add_block (Net *n, const char *from, const char *to, int b)
{
  static const char letters[] = "qkv";
  NAME (norm, "norm%d", b);
  normalise (n, from, norm);
  for (int i = 0; i < 3; i++)
    {
      NAME (flat, "%c-flat%d", letters[i], b);
      NAME (name, "%c%d", letters[i], b);
      project (n, norm, flat, 8, 8);
      split_heads (n, flat, name, i == 1 ? (int64_t[]){ 0, 2, 3, 1 } : (int64_t[]){ 0, 2, 1, 3 });
    }
  NAME (qk, "q%d k%d", b, b);
  NAME (scores, "scores%d", b);
  NAME (attention, "attention%d", b);
  NAME (av, "attention%d v%d", b, b);
  NAME (mixed, "mixed%d", b);
  NAME (moved, "moved%d", b);
  NAME (joined, "joined%d", b);
  NAME (moved_flat, "moved%d flat-shape", b);
  NAME (out, "out%d", b);
  NAME (first_sum, "%s out%d", from, b);
  NAME (stream, "stream%d", b);
  onnx_maker_node (n->m, "MatMul", qk, scores);
  onnx_maker_int (onnx_maker_node (n->m, "Softmax", scores, attention), "axis", -1);
  onnx_maker_node (n->m, "MatMul", av, mixed);
  onnx_maker_attr_ints (onnx_maker_node (n->m, "Transpose", mixed, moved), "perm", 4, (int64_t[]){ 0, 2, 1, 3 });
  onnx_maker_node (n->m, "Reshape", moved_flat, joined);
  project (n, joined, out, 8, 8);
  onnx_maker_node (n->m, "Add", first_sum, stream);
  NAME (norm2, "norm-mlp%d", b);
  NAME (wide, "wide%d", b);
  NAME (active, "active%d", b);
  NAME (narrow, "narrow%d", b);
  NAME (second_sum, "stream%d narrow%d", b, b);
  normalise (n, stream, norm2);
  project (n, norm2, wide, 8, 16);
  onnx_maker_node (n->m, "Relu", wide, active);
  project (n, active, narrow, 16, 8);
  onnx_maker_node (n->m, "Add", second_sum, to);
}

static void
make_transformer (Net *n, const Toy *toy)
{
  int patch = toy->size / 4;
  weights (n, "patch-w", 1.5 / sqrt (toy->channels * patch * patch), 0, DIMS (8, toy->channels, patch, patch));
  weights (n, "patch-b", 0.1, 0, DIMS (8));
  weights (n, "class-token", 1, 0, DIMS (1, 1, 8));
  weights (n, "positions", 0.5, 0, DIMS (1, 17, 8));
  onnx_maker_floats (n->m, "no-token", 3, (int64_t[]){ 1, 1, 1 }, (float[]){ 0 });
  onnx_maker_ints (n->m, "zero-index", 1, (int64_t[]){ 0 });
  onnx_maker_ints (n->m, "cells-shape", 3, (int64_t[]){ 0, 8, 16 });
  onnx_maker_ints (n->m, "heads", 4, (int64_t[]){ 0, 17, 2, 4 });
  onnx_maker_ints (n->m, "flat-shape", 3, (int64_t[]){ 0, 17, 8 });
  onnx_maker_attr_ints (onnx_maker_node (n->m, "Conv", "x patch-w patch-b", "patches"), "strides", 2,
                        (int64_t[]){ patch, patch });
  onnx_maker_node (n->m, "Reshape", "patches cells-shape", "cells");
  onnx_maker_attr_ints (onnx_maker_node (n->m, "Transpose", "cells", "tokens"), "perm", 3, (int64_t[]){ 0, 2, 1 });
  /* A class token for each picture of the batch. */
  onnx_maker_int (onnx_maker_node (n->m, "Gather", "tokens zero-index", "one-token"), "axis", 1);
  onnx_maker_node (n->m, "Mul", "one-token no-token", "empty-token");
  onnx_maker_node (n->m, "Add", "empty-token class-token", "first-token");
  onnx_maker_int (onnx_maker_node (n->m, "Concat", "first-token tokens", "sequence"), "axis", 1);
  onnx_maker_node (n->m, "Add", "sequence positions", "block0");
  add_block (n, "block0", "block1", 0);
  add_block (n, "block1", "block2", 1);
  normalise (n, "block2", "last-norm");
  onnx_maker_int (onnx_maker_node (n->m, "Gather", "last-norm zero-index", "read"), "axis", 1);
  onnx_maker_node (n->m, "Flatten", "read", "read-flat");
  finish (n, toy, "read-flat", 8);
}

static void
make (Net *n, const Toy *toy)
{
  onnx_maker_input (n->m, "x", ENG_DTYPE_FLOAT, 4, -1, toy->channels, toy->size, toy->size);
  switch (toy->kind)
    {
    case TOY_CNN:
    case TOY_CNN_POINT:
      make_cnn (n, toy);
      break;
    case TOY_POINT:
      convolve (n, "x", "point", toy->channels, 8, toy->size, 1, 0);
      pool_and_finish (n, toy, "point", 8);
      break;
    case TOY_LINEAR:
      onnx_maker_node (n->m, "Flatten", "x", "flat");
      finish (n, toy, "flat", toy->channels * toy->size * toy->size);
      break;
    case TOY_POOLS:
      make_pools (n, toy);
      break;
    case TOY_TRANSFORMER:
      make_transformer (n, toy);
      break;
    }
}

EngModel *
toy_open (const Toy *toy)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "toy.onnx", NULL),
                  *sidecar = g_build_filename (folder, "toy.json", NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  Net n = { onnx_maker_new (17), random };
  make (&n, toy);
  g_autoptr (GBytes) bytes = onnx_maker_finish (n.m);
  g_autofree char *json = g_strdup_printf ("{ \"input_size\": [%d, %d, %d], \"mean\": 0.5, \"std\": 0.25 }",
                                           toy->channels, toy->size, toy->size);
  g_assert_true (eng_write_atomically (path, bytes, NULL));
  g_assert_true (g_file_set_contents (sidecar, json, -1, NULL));
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  test_remove_tree (folder);
  return model;
}

float *
toy_input (EngModel *model, EngImage *image)
{
  g_autoptr (GError) error = NULL;
  EngPreprocess *p = eng_model_preprocess (model);
  g_autofree guint8 *view = eng_preprocess_view (p, image, &error);
  g_assert_no_error (error);
  gsize plane = (gsize)p->width * p->height;
  g_autofree float *pixels = g_new (float, 3 * plane);
  float *x = g_new (float, p->channels *plane);
  eng_preprocess_pixels (p, view, pixels);
  eng_preprocess_normalise (p, pixels, x);
  return x;
}

EngImage *
toy_picture (int size)
{
  g_autofree guint8 *rgb = g_new (guint8, 3 * size * size);
  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++)
      for (int c = 0; c < 3; c++)
        {
          double u = (double)x / size, v = (double)y / size;
          double blob = exp (-20 * ((u - 0.3 - 0.2 * c) * (u - 0.3 - 0.2 * c) + (v - 0.4) * (v - 0.4)));
          rgb[3 * (y * size + x) + c] = (guint8)(40 + 150 * blob + 30 * v + (x * 7 + y * 13 + c * 5) % 11);
        }
  return eng_image_new (size, size, rgb, "toy");
}
