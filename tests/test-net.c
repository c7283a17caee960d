#include "test-net.h"

#include "nn/pass.h"
#include "support.h"

#include <math.h>
#include <string.h>

void
test_net_take (TestNet *self, EngModel *model, EngImage *image)
{
  *self = (TestNet){ model, eng_model_graph (model, 1, NULL), image, toy_input (model, image) };
}

void
test_net_toy (TestNet *self, const Toy *toy)
{
  test_net_take (self, toy_open (toy), toy_picture (toy->size));
}

void
test_net_scene (TestNet *self, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *relative = g_strdup_printf ("models/%s.onnx", name), *path = test_data (relative),
                  *picture = test_data ("scenes/harbour-01.png");
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  test_net_take (self, model, eng_image_load (picture, &error));
  g_assert_no_error (error);
}

void
test_net_clear (TestNet *self)
{
  g_clear_object (&self->model);
  g_clear_pointer (&self->graph, eng_graph_unref);
  g_clear_pointer (&self->image, eng_image_unref);
  g_clear_pointer (&self->x, g_free);
}

EngHeatmap *
test_net_try (TestNet *self, const char *id, const char *pairs, const char *layer, int contrast, GError **error)
{
  const EngMethod *method = eng_method_find (id, NULL);
  EngValues *values = eng_values_new (method, self->model);
  g_auto (GStrv) list = g_strsplit (pairs ? pairs : "", " ", -1);
  for (char **pair = list; *pair && **pair; pair++)
    g_assert_true (eng_values_set_pair (values, *pair, NULL));
  g_autoptr (EngJob) job = eng_job_new (self->model, self->image, method, TEST_CLASS, contrast, layer, values, 0);
  return eng_job_run (job, error) ? eng_heatmap_ref (eng_job_heatmap (job)) : NULL;
}

EngHeatmap *
test_net_run (TestNet *self, const char *id, const char *pairs, const char *layer)
{
  g_autoptr (GError) error = NULL;
  EngHeatmap *map = test_net_try (self, id, pairs, layer, -1, &error);
  g_assert_no_error (error);
  return map;
}

void
test_assert_close (const char *what, const float *map, const double *expected, gsize n, double tolerance)
{
  g_autofree float *e = g_new (float, n);
  gboolean zero = TRUE;
  for (gsize i = 0; i < n; i++)
    zero = (e[i] = (float)expected[i]) == 0 && zero;
  for (gsize i = 0; zero && i < n; i++)
    g_assert_cmpfloat (map[i], ==, 0);
  if (zero)
    return;
  double l2 = test_relative_l2 (map, e, n);
  g_test_message ("%s: relative L2 %.1e", what, l2);
  g_assert_cmpfloat (l2, <=, tolerance);
}

double
test_note (const EngHeatmap *map, const char *id)
{
  GPtrArray *notes = eng_heatmap_provenance (map)->notes;
  for (guint i = 0; i < notes->len; i++)
    if (strcmp (((EngNote *)notes->pdata[i])->id, id) == 0)
      return ((EngNote *)notes->pdata[i])->value;
  g_assert_not_reached ();
}

double
test_net_evaluate (TestNet *self, const float *x, const char *name, const float *given, const char *wanted,
                   float *value, float *grad)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngPass) pass = eng_pass_new (self->graph);
  g_autofree float *seed = g_new0 (float, (gsize)eng_model_n_classes (self->model));
  g_autofree float *logits = g_new (float, (gsize)eng_model_n_classes (self->model));
  EngValue *read = wanted ? eng_graph_find (self->graph, wanted) : NULL;
  if (name)
    eng_pass_cut (pass, eng_graph_find (self->graph, name));
  if (read)
    eng_pass_want (pass, read);
  if (grad)
    eng_pass_want_grad (pass, read);
  eng_pass_set_root (pass, eng_graph_logits (self->graph));
  g_assert_true (eng_pass_prepare (pass, &error));
  eng_pass_write (pass, eng_graph_image (self->graph), x ? x : self->x);
  if (name)
    eng_pass_write (pass, eng_graph_find (self->graph, name), given);
  eng_pass_forward (pass);
  if (read)
    eng_pass_read (pass, read, value);
  seed[TEST_CLASS] = 1;
  if (grad)
    {
      eng_pass_backward (pass, seed);
      eng_pass_read_grad (pass, read, grad);
    }
  eng_pass_read (pass, eng_graph_logits (self->graph), logits);
  return logits[TEST_CLASS];
}
