/* bench-pass [OPTION...] MODEL.onnx: medians of one forward pass, and of forward and input gradient. */
#include "engine.h"
#include "nn/pass.h"

#include <stdio.h>
#include <stdlib.h>

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double
median_of (EngPass *pass, gboolean gradient, int repeats)
{
  g_autofree double *seconds = g_new (double, repeats);
  for (int i = -2; i < repeats; i++) /* two to warm up */
    {
      gint64 start = g_get_monotonic_time ();
      eng_pass_forward (pass);
      if (gradient)
        eng_pass_backward (pass, NULL);
      if (i >= 0)
        seconds[i] = (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC;
    }
  qsort (seconds, repeats, sizeof *seconds, compare);
  return seconds[repeats / 2];
}

int
main (int argc, char **argv)
{
  int repeats = 30, batch = 1;
  g_autofree char *kernels = NULL, *precision = NULL;
  const GOptionEntry entries[] = {
    { "repeats", 0, 0, G_OPTION_ARG_INT, &repeats, "Passes of each kind (30)", "N" },
    { "batch", 0, 0, G_OPTION_ARG_INT, &batch, "Pictures in a pass (1)", "N" },
    { "kernels", 0, 0, G_OPTION_ARG_STRING, &kernels, "Kernel set (the fastest)", "NAME" },
    { "precision", 0, 0, G_OPTION_ARG_STRING, &precision, "float32 or bf16 (float32)", "NAME" },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new ("MODEL.onnx");
  g_option_context_add_main_entries (context, entries, NULL);
  if (g_option_context_parse (context, &argc, &argv, &error) && argc < 2)
    {
      fprintf (stderr, "bench-pass: name a model\n");
      return 77; /* nothing to measure: skipped */
    }
  if (error || (kernels && !eng_kernels_select (kernels, &error))
      || (g_strcmp0 (precision, "bf16") == 0 && !eng_set_precision (ENG_PRECISION_BF16, &error)))
    {
      fprintf (stderr, "bench-pass: %s\n", error->message);
      return 1;
    }
  gint64 start = g_get_monotonic_time ();
  g_autoptr (EngModel) model = eng_model_open (argv[1], NULL, &error);
  double opened = (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  for (int gradient = 0; model && gradient < 2; gradient++)
    {
      g_autoptr (EngGraph) graph = eng_model_graph (model, batch, &error);
      g_autoptr (EngPass) pass = eng_pass_new (graph);
      EngValue *image = eng_graph_image (graph);
      g_autofree float *x = g_new (float, eng_shape_count (&image->shape));
      for (int64_t i = 0; i < eng_shape_count (&image->shape); i++)
        x[i] = (float)((i * 7919) % 1000) / 500 - 1;
      if (gradient)
        eng_pass_want_grad (pass, image);
      eng_pass_set_root (pass, eng_graph_logits (graph));
      if (!eng_pass_prepare (pass, &error))
        break;
      eng_pass_write (pass, image, x);
      printf ("%s %.2f ms, %.0f MB\n", gradient ? "forward and gradient" : "forward",
              1e3 * median_of (pass, gradient, repeats), eng_pass_memory (pass) / 1e6);
    }
  if (error)
    fprintf (stderr, "%s\n", error->message);
  else
    printf ("open %.0f ms\n", 1e3 * opened);
  return error != NULL;
}
