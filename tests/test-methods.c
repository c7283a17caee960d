/* What holds for every method in the table, and axioms of single methods on the bundled sample. */
#include "engine.h"
#include "nn/pass.h"
#include "support.h"

#include <math.h>
#include <string.h>

typedef struct
{
  EngModel *model;
  EngImage *image;
} Sample;

static EngImage *
load_scene (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *relative = g_strconcat ("scenes/", name, NULL), *path = test_data (relative);
  EngImage *image = eng_image_load (path, &error);
  g_assert_no_error (error);
  return image;
}

static void
sample_setup (Sample *s, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *relative = g_strdup_printf ("models/%s.onnx", data ? (const char *)data : "scenes-cnn");
  g_autofree char *model = test_data (relative);
  s->model = eng_model_open (model, NULL, &error);
  g_assert_no_error (error);
  s->image = load_scene ("harbour-01.png");
}

static void
sample_teardown (Sample *s, gconstpointer data)
{
  g_object_unref (s->model);
  eng_image_unref (s->image);
}

static EngHeatmap *
run (Sample *s, const EngMethod *method, int class_index, EngValues *values)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngJob) job = eng_job_new (s->model, s->image, method, class_index, -1, NULL, values, 0);
  eng_job_run (job, &error);
  g_assert_no_error (error);
  g_assert_cmpint (eng_job_state (job), ==, ENG_JOB_DONE);
  return eng_heatmap_ref (eng_job_heatmap (job));
}

static void
check_params (const EngMethod *m)
{
  const EngParam *p;
  for (guint i = 0; (p = eng_method_param (m, i)); i++)
    {
      g_assert_true (p->label && p->unit && p->help && *p->label && *p->help);
      g_assert_cmpfloat (p->minimum, <=, p->otherwise);
      g_assert_cmpfloat (p->otherwise, <=, p->maximum);
      g_assert_true ((p->type == ENG_PARAM_CHOICE) == (p->choices != NULL));
      if (p->choices)
        g_assert_cmpint (g_strv_length ((char **)p->choices), ==, (int)p->maximum + 1);
    }
}

static void
test_declarations (void)
{
  const EngMethod *m;
  for (guint i = 0; (m = eng_method_nth (i)); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_true (eng_method_find (m->id, &error) == m);
      g_assert_true (m->name && m->about && m->reference && m->cost && m->explain);
      for (const char *c = m->id; *c; c++)
        g_assert_true (g_ascii_islower (*c) || g_ascii_isdigit (*c) || *c == '-');
      check_params (m);
    }
  g_autoptr (GError) error = NULL;
  g_assert_null (eng_method_find ("no-such-method", &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "ltx"));
}

static void
test_values (void)
{
  const EngMethod *ltx = eng_method_find ("ltx", NULL);
  g_autoptr (EngValues) v = eng_values_new (ltx, NULL);
  static const char *const bad[] = { "steps=0",    "steps=2.5", "steps=",         "steps=nan",  "steps",
                                     "lambda=1e9", "nothing=1", "selection=best", "mask-loss=2" };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (eng_values_set_pair (v, bad[i], &error));
      g_assert_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT);
    }
  g_assert_cmpfloat (eng_values_get (v, "steps"), ==, 25);
  g_assert_cmpfloat (eng_values_get (v, "lambda"), ==, 50);
  g_assert_true (eng_values_set_pair (v, "selection=neg", NULL));
  g_assert_true (eng_values_set_pair (v, "start=/a=b.onnx", NULL));
  g_assert_cmpstr (eng_values_get_text (v, "selection"), ==, "neg");
  g_assert_cmpstr (eng_values_get_text (v, "start"), ==, "/a=b.onnx");
  g_autoptr (EngValues) copy = eng_values_copy (v);
  g_autofree char *a = eng_values_to_json (v), *b = eng_values_to_json (copy), *summary = eng_values_summary (v);
  g_assert_cmpstr (a, ==, b);
  g_assert_cmpstr (summary, ==, "selection neg · start from a=b.onnx");
}

/* Few steps: what is tested here does not need more. */
static EngValues *
quick_values (const EngMethod *method, EngModel *model)
{
  static const char *const counts[] = { "steps", "samples", "masks", NULL };
  EngValues *values = eng_values_new (method, model);
  const EngParam *p;
  for (guint i = 0; (p = eng_method_param (method, i)); i++)
    if (p->type == ENG_PARAM_INT && g_strv_contains (counts, p->id))
      eng_values_set (values, p->id, 3);
  return values;
}

static gboolean
answers_with_file (const EngMethod *method)
{
  const EngParam *p;
  for (guint i = 0; (p = eng_method_param (method, i)); i++)
    if (strcmp (p->id, "explainer") == 0)
      return TRUE;
  return FALSE;
}

/* Every method: a finite map, the sign it declares, the geometry, a full provenance; twice the same. */
static void
test_every_method (Sample *s, gconstpointer data)
{
  const EngMethod *m;
  for (guint i = 0; (m = eng_method_nth (i)); i++)
    {
      if (!eng_method_can_explain (m, s->model, NULL, NULL))
        continue;
      EngValues *values = quick_values (m, s->model);
      g_autoptr (EngHeatmap) a = run (s, m, -1, eng_values_copy (values)), b = run (s, m, -1, values);
      gsize n = (gsize)eng_heatmap_channels (a) * eng_heatmap_rows (a) * eng_heatmap_cols (a);
      g_assert_cmpmem (eng_heatmap_values (a), n * sizeof (float), eng_heatmap_values (b), n * sizeof (float));
      for (gsize k = 0; k < n; k++)
        {
          float v = eng_heatmap_values (a)[k];
          g_assert_true (isfinite (v) && (m->sign == ENG_SIGN_SIGNED || v >= 0));
        }
      const EngProvenance *p = eng_heatmap_provenance (a);
      g_assert_cmpstr (p->method_id, ==, m->id);
      g_assert_cmpstr (p->class_name, ==, eng_model_label (s->model, p->class_index));
      g_assert_cmpstr (p->model_sha256, ==, eng_model_sha256 (s->model));
      g_assert_cmpstr (p->image_sha256, ==, eng_image_sha256 (s->image));
      /* A trained explainer may look at a layer that the method does not choose. */
      if (!answers_with_file (m))
        /* A trained explainer knows where it looks, whatever the method needs. */
        if (!m->depends_on)
          g_assert_true ((*p->layer != '\0') == ((m->needs & ENG_NEEDS_GRID) != 0));
      g_assert_cmpint (p->passes_forward, >, 0);
      g_assert_cmpfloat (p->probability, >, 0);
    }
}

/* The gradient of the probability's logit along a random direction, by central differences. */
static void
test_gradient (Sample *s, gconstpointer data)
{
  g_autoptr (EngHeatmap) map = run (s, eng_method_find ("gradient", NULL), 2, NULL);
  g_autoptr (GError) error = NULL;
  EngPreprocess *p = eng_model_preprocess (s->model);
  gsize plane = (gsize)p->width * p->height, n = 3 * plane;
  g_autofree guint8 *view = eng_preprocess_view (p, s->image, &error);
  g_autofree float *pixels = g_new (float, n), *x = g_new (float, n), *moved = g_new (float, 2 * n);
  g_autofree float *logits = g_new (float, 2 * eng_model_n_classes (s->model)), *direction = g_new (float, n);
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  double expected = 0, length = 0;
  const double h = 1e-2;
  eng_preprocess_pixels (p, view, pixels);
  eng_preprocess_normalise (p, pixels, x);
  /* Along the gradient itself the change is largest and rounding matters least. */
  for (gsize i = 0; i < n; i++)
    {
      direction[i] = eng_heatmap_values (map)[i];
      length += (double)direction[i] * direction[i];
    }
  for (gsize i = 0; i < n; i++)
    {
      direction[i] /= (float)sqrt (length);
      expected += (double)direction[i] * eng_heatmap_values (map)[i];
      moved[i] = x[i] + (float)h * direction[i];
      moved[n + i] = x[i] - (float)h * direction[i];
    }
  g_assert_true (eng_model_predict (s->model, moved, 2, logits, &error));
  double numeric = (logits[2] - logits[eng_model_n_classes (s->model) + 2]) / (2 * h);
  /* A few of the net's ReLU units switch within the step. */
  g_assert_cmpfloat (fabs (numeric - expected), <=, 0.02 * fabs (expected));
}

static gboolean
is_zero (const EngHeatmap *map)
{
  double lo, hi;
  return eng_heatmap_range (map, &lo, &hi) && lo == 0 && hi == 0;
}

/* Another class gives another map; the class is honoured by index. Maps of which a ReLU leaves nothing are alike. */
static void
test_classes (Sample *s, gconstpointer data)
{
  const EngMethod *m;
  for (guint i = 0; (m = eng_method_nth (i)); i++)
    {
      if (!eng_method_can_explain (m, s->model, NULL, NULL))
        continue;
      EngValues *values = quick_values (m, s->model);
      if (strcmp (m->id, "ltx") == 0)
        eng_values_set (values, "selection", 2); /* the last mask: the best one may be the first, before training */
      g_autoptr (EngHeatmap) a = run (s, m, 0, eng_values_copy (values)), b = run (s, m, 1, values);
      gsize n = (gsize)eng_heatmap_channels (a) * eng_heatmap_rows (a) * eng_heatmap_cols (a);
      g_assert_cmpint (eng_heatmap_provenance (b)->class_index, ==, 1);
      gboolean same = memcmp (eng_heatmap_values (a), eng_heatmap_values (b), n * sizeof (float)) == 0;
      if (same == (m->class_dependent && eng_heatmap_is_of_class (a)) && !(is_zero (a) && is_zero (b)))
        g_error ("%s: the maps of two classes are %s", m->id, same ? "the same" : "different");
    }
}

static void
test_refusals (Sample *s, gconstpointer data)
{
  const EngMethod *cam = eng_method_find ("grad-cam", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (EngJob) layer = eng_job_new (s->model, s->image, cam, -1, -1, "no-such-layer", NULL, 0);
  g_assert_false (eng_job_run (layer, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT);
  g_assert_cmpint (eng_job_state (layer), ==, ENG_JOB_FAILED);
  g_clear_error (&error);
  g_autoptr (EngJob) class = eng_job_new (s->model, s->image, cam, 12, -1, NULL, NULL, 0);
  g_assert_false (eng_job_run (class, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT);
  g_clear_error (&error);
  g_assert_cmpint (eng_model_find_class (s->model, "SAILBOAT", &error), >=, 0);
  g_assert_cmpint (eng_model_find_class (s->model, "no such thing", &error), ==, -1);
  g_assert_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT);
  g_clear_error (&error);
  g_assert_cmpint (eng_model_find_class (s->model, "99", &error), ==, -1);
  g_clear_error (&error);
  g_assert_cmpint (eng_model_find_class (s->model, "", &error), ==, -1);
}

#ifndef __SANITIZE_ADDRESS__ /* the sanitizer keeps freed memory for a while */
static gint64
resident_kilobytes (void)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    return -1;
  g_auto (GStrv) fields = g_strsplit (text, " ", 3);
  return g_ascii_strtoll (fields[1], NULL, 10) * 4;
}

/* 200 pictures explained one after another: memory is flat after the tenth. */
static void
test_memory (Sample *s, gconstpointer data)
{
  static const char *const scenes[] = { "harbour-01.png", "harbour-02.png", "meadow-01.png", "kitchen-01.png" };
  const EngMethod *cam = eng_method_find ("grad-cam", NULL);
  gint64 tenth = 0, most = 0;
  for (int i = 0; i < 200; i++)
    {
      eng_image_unref (s->image);
      s->image = load_scene (scenes[i % G_N_ELEMENTS (scenes)]);
      g_autoptr (EngHeatmap) map = run (s, cam, i % 12, NULL);
      gint64 now = resident_kilobytes ();
      if (i == 9)
        tenth = now;
      if (i > 9)
        most = MAX (most, now - tenth);
    }
  g_test_message ("resident %" G_GINT64_FORMAT " kB after ten pictures, at most %" G_GINT64_FORMAT " kB more later",
                  tenth, most);
  /* One leaked picture of 480 x 360 would add 100 MB, one leaked map of 12 x 12 cells 120 kB. The allocator's own
   * unrest stays below a megabyte. */
  g_assert_cmpint (most, <=, 1024);
}
#endif

#define ADD_FOR(name, model, func) g_test_add ("/methods/" name, Sample, model, sample_setup, func, sample_teardown)
#define ADD(name, func) ADD_FOR (name, NULL, func)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/methods/declarations", test_declarations);
  g_test_add_func ("/methods/values", test_values);
  ADD ("every/cnn", test_every_method);
  ADD_FOR ("every/vit", "scenes-vit", test_every_method);
  ADD ("gradient", test_gradient);
  ADD ("classes/cnn", test_classes);
  ADD_FOR ("classes/vit", "scenes-vit", test_classes);
  ADD ("refusals", test_refusals);
#ifndef __SANITIZE_ADDRESS__
  ADD ("memory", test_memory);
#endif
  return g_test_run ();
}
