/* Speed of products and convolutions: GFLOP/s of the best of several runs, beside the rate of one large
 * product on this machine at this moment. Run on an idle machine. */
#include "kernels/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Square images and kernels; padded by half the kernel unless it steps by its own size. */
static const struct
{
  const char *name;
  int n, groups, cin, cout, in, kernel, stride;
} layers[] = {
  { "ResNet-50 7x7/2 3>64", 1, 1, 3, 64, 224, 7, 2 },
  { "ResNet-50 1x1 64>256 56", 1, 1, 64, 256, 56, 1, 1 },
  { "ResNet-50 3x3 64>64 56", 1, 1, 64, 64, 56, 3, 1 },
  { "ResNet-50 1x1 256>64 56", 1, 1, 256, 64, 56, 1, 1 },
  { "ResNet-50 3x3/2 128>128 56", 1, 1, 128, 128, 56, 3, 2 },
  { "ResNet-50 3x3 128>128 28", 1, 1, 128, 128, 28, 3, 1 },
  { "ResNet-50 1x1/2 512>1024 28", 1, 1, 512, 1024, 28, 1, 2 },
  { "ResNet-50 3x3 256>256 14", 1, 1, 256, 256, 14, 3, 1 },
  { "ResNet-50 1x1 256>1024 14", 1, 1, 256, 1024, 14, 1, 1 },
  { "ResNet-50 3x3 512>512 7", 1, 1, 512, 512, 7, 3, 1 },
  { "ResNet-50 1x1 512>2048 7", 1, 1, 512, 2048, 7, 1, 1 },
  { "  the same, 8 images", 8, 1, 512, 2048, 7, 1, 1 },
  { "ResNeXt 3x3 32 groups of 4", 1, 32, 4, 4, 56, 3, 1 },
  { "MobileNetV2 3x3/2 3>32", 1, 1, 3, 32, 224, 3, 2 },
  { "MobileNetV2 1x1 16>96 112", 1, 1, 16, 96, 112, 1, 1 },
  { "MobileNetV2 1x1 96>24 56", 1, 1, 96, 24, 56, 1, 1 },
  { "MobileNetV2 1x1 320>1280 7", 1, 1, 320, 1280, 7, 1, 1 },
  { "MobileNetV2 3x3 depthwise 32 112", 1, 32, 1, 1, 112, 3, 1 },
  { "MobileNetV2 3x3/2 depthwise 96 112", 1, 96, 1, 1, 112, 3, 2 },
  { "MobileNetV2 3x3 depthwise 384 14", 1, 384, 1, 1, 14, 3, 1 },
  { "ConvNeXt 7x7 depthwise 96 56", 1, 96, 1, 1, 56, 7, 1 },
  { "ConvNeXt 7x7 depthwise 768 7", 1, 768, 1, 1, 7, 7, 1 },
  { "ViT 16x16/16 3>768", 1, 1, 3, 768, 224, 16, 16 },
};

static const struct
{
  const char *name;
  EngGemm p;
} products[] = {
  { "large product", { .m = 1024, .n = 1024, .k = 1024, .batch = 1 } },
  { "ViT qkv", { .m = 197, .n = 2304, .k = 768, .batch = 1 } },
  { "ViT scores", { .trans_b = TRUE, .m = 197, .n = 197, .k = 64, .batch = 12 } },
  { "ViT weighted values", { .m = 197, .n = 64, .k = 197, .batch = 12 } },
  { "classifier, one row", { .trans_b = TRUE, .m = 1, .n = 1000, .k = 2048, .batch = 1 } },
};

static float *
floats (gsize n)
{
  float *x = g_new (float, n + 16);
  for (gsize i = 0; i < n; i++)
    x[i] = (float)(i % 17) * 0.1f - 0.8f;
  return x;
}

/* Runs one of the directions and returns microseconds. */
static gint64
run_layer (const EngConv *p, int direction, float *const *a, void *scratch)
{
  const EngKernels *k = eng_kernels ();
  gint64 start = g_get_monotonic_time ();
  if (direction == 0)
    k->conv_forward (p, a[0], a[1], NULL, a[2], scratch);
  else if (direction == 1)
    k->conv_backward_data (p, a[2], a[1], a[0], FALSE, scratch);
  else
    k->conv_backward_weights (p, a[0], a[2], a[1], FALSE, scratch);
  return g_get_monotonic_time () - start;
}

static gsize
span (const int64_t *v)
{
  return (gsize)(v[0] * v[1] * v[2]);
}

static EngConv
layer (guint i)
{
  int in = layers[i].in, k = layers[i].kernel, s = layers[i].stride, pad = k == s ? 0 : k / 2;
  int out = (in + 2 * pad - k) / s + 1;
  EngConv p = { layers[i].n, layers[i].groups, layers[i].cin, layers[i].cout };
  p.bf16 = eng_get_precision () == ENG_PRECISION_BF16;
  for (int a = 0; a < 3; a++)
    {
      p.in[a] = a ? in : 1;
      p.out[a] = a ? out : 1;
      p.kernel[a] = a ? k : 1;
      p.stride[a] = a ? s : 1;
      p.dilation[a] = 1;
      p.pad[a] = a ? pad : 0;
    }
  return p;
}

static void
bench_layer (guint i, int repetitions)
{
  EngConv conv = layer (i), *p = &conv;
  gsize weights = p->groups * p->cout * p->cin * span (p->kernel);
  double operations = 2.0 * p->n * weights * span (p->out);
  g_autofree float *x = floats (p->n * p->groups * p->cin * span (p->in)), *w = floats (weights);
  g_autofree float *y = floats (p->n * p->groups * p->cout * span (p->out));
  g_autofree char *scratch = g_malloc (eng_kernels ()->conv_scratch (p) + 64);
  float *arrays[] = { x, w, y };
  printf ("%-36s", layers[i].name);
  for (int direction = 0; direction < 3; direction++)
    {
      gint64 best = G_MAXINT64;
      for (int r = 0; r < repetitions; r++)
        best = MIN (best, run_layer (p, direction, arrays, scratch));
      printf (" %8.1f", operations / (1e3 * MAX (best, 1)));
    }
  printf ("\n");
}

static void
bench_product (guint i, int repetitions)
{
  EngGemm p = products[i].p;
  p.bf16 = eng_get_precision () == ENG_PRECISION_BF16;
  p.alpha = 1;
  p.lda = p.k;
  p.ldb = p.trans_b ? p.k : p.n;
  p.ldc = p.n;
  p.stride_a = p.m * p.k;
  p.stride_b = p.n * p.k;
  p.stride_c = p.m * p.n;
  g_autofree float *a = floats (p.stride_a * p.batch), *b = floats (p.stride_b * p.batch);
  g_autofree float *c = floats (p.stride_c * p.batch);
  gint64 best = G_MAXINT64;
  for (int r = 0; r < repetitions; r++)
    {
      gint64 start = g_get_monotonic_time ();
      eng_kernels ()->gemm (&p, a, b, c);
      best = MIN (best, g_get_monotonic_time () - start);
    }
  printf ("%-36s %8.1f\n", products[i].name, 2.0 * p.m * p.n * p.k * p.batch / (1e3 * MAX (best, 1)));
}

int
main (int argc, char **argv)
{
  int repetitions = 20, threads = 0;
  gboolean only_products = FALSE;
  g_autofree char *kernels = NULL, *precision = NULL;
  const GOptionEntry entries[] = {
    { "repetitions", 0, 0, G_OPTION_ARG_INT, &repetitions, "Runs, of which the best counts (20)", "N" },
    { "threads", 0, 0, G_OPTION_ARG_INT, &threads, "Threads (0: all cores)", "N" },
    { "kernels", 0, 0, G_OPTION_ARG_STRING, &kernels, "Kernel set (the fastest)", "NAME" },
    { "precision", 0, 0, G_OPTION_ARG_STRING, &precision, "float32 or bf16 (float32)", "NAME" },
    { "products", 0, 0, G_OPTION_ARG_NONE, &only_products, "No convolutions", NULL },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || (kernels && !eng_kernels_select (kernels, &error))
      || (g_strcmp0 (precision, "bf16") == 0 && !eng_set_precision (ENG_PRECISION_BF16, &error)))
    {
      fprintf (stderr, "bench-kernels: %s\n", error->message);
      return 1;
    }
  eng_set_threads (threads);
  printf ("%d threads, kernels %s\n%-36s %8s\n", eng_get_threads (), eng_kernels ()->name, "GFLOP/s", "");
  for (guint i = 0; i < G_N_ELEMENTS (products); i++)
    bench_product (i, repetitions);
  if (only_products)
    return 0;
  printf ("%-36s %8s %8s %8s\n", "", "forward", "to x", "to w");
  for (guint i = 0; i < G_N_ELEMENTS (layers); i++)
    bench_layer (i, repetitions);
  return 0;
}
