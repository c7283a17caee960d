/* What must hold of every method in the table on every kind of network: a finite map of the declared sign; zero where
 * the logits do not depend on the picture; as many passes as declared; the same bytes twice and whatever memory the
 * passes may take; clear refusals instead of crashes. Nets are made on the spot (toy-nets.h). */
#include "engine.h"
#include "support.h"
#include "toy-nets.h"

#include <math.h>
#include <string.h>

/* Enough for several items in a batch of every toy; and one item at a time. */
#define PLENTY ((gsize)2 << 30)
#define SCARCE ((gsize)1 << 20)

typedef struct
{
  const char *name;
  Toy toy;
} Case;

static const Case cases[] = {
  { "cnn", { TOY_CNN, 3, 32 } },
  { "cnn-grey", { TOY_CNN, 1, 32 } },
  { "cnn-384", { TOY_CNN, 3, 384 } },
  { "cnn-last-map-1x1", { TOY_CNN_POINT, 3, 32 } },
  { "cnn-only-map-1x1", { TOY_POINT, 3, 32 } },
  { "linear", { TOY_LINEAR, 3, 32 } },
  { "linear-grey-384", { TOY_LINEAR, 1, 384 } },
  { "pools", { TOY_POOLS, 3, 32 } },
  { "transformer", { TOY_TRANSFORMER, 3, 32 } },
  { "transformer-grey", { TOY_TRANSFORMER, 1, 32 } },
  { "transformer-384", { TOY_TRANSFORMER, 3, 384 } },
};

static const Case constants[] = {
  { "cnn", { TOY_CNN, 3, 32, TRUE } },
  { "transformer", { TOY_TRANSFORMER, 3, 32, TRUE } },
  { "linear", { TOY_LINEAR, 3, 32, TRUE } },
};

static const Case combined[] = {
  { "cnn", { TOY_CNN, 3, 32 } },
  { "transformer", { TOY_TRANSFORMER, 3, 32 } },
};

/* Maps that are not zero where logits are constant, and why they may be so. */
static const struct
{
  const char *id, *reason;
} not_zero[] = {
  { "eigen-cam", "shows activations, whatever the class" },
  { "raw-attention", "shows attention, whatever the class" },
  { "rollout", "shows attention, whatever the class" },
  { "ltx", "a mask that is being trained, near one half at the start" },
  { "pixel-rde", "a mask: what is kept, from everything at the start" },
  { "cartoonx", "a mask: what is kept, from everything at the start" },
  { "extremal-perturbation", "a mask of a given area" },
  { "rise", "mean of masks weighted by a constant score: flat but for sampling" },
  { "score-cam", "activations weighted by a constant probability" },
  { "vit-cx", "mean of masks weighted by a constant probability" },
};

static gboolean
may_be_not_zero (const EngMethod *m)
{
  for (guint i = 0; i < G_N_ELEMENTS (not_zero); i++)
    if (strcmp (not_zero[i].id, m->id) == 0)
      return TRUE;
  return FALSE;
}

/* Whatever is counted in steps, samples and masks: three of them are enough to be tested. */
static EngValues *
few (const EngMethod *method, EngModel *model)
{
  static const char *const counts[] = { "steps", "samples", "masks", "draws", NULL };
  EngValues *values = eng_values_new (method, model);
  const EngParam *p;
  for (guint i = 0; (p = eng_method_param (method, i)); i++)
    if (p->type == ENG_PARAM_INT && g_strv_contains (counts, p->id))
      eng_values_set (values, p->id, 3);
  return values;
}

static EngHeatmap *
explain (EngModel *model, const EngMethod *method, int class_index, GError **error)
{
  g_autoptr (EngImage) image = toy_picture (48);
  g_autoptr (EngJob) job = eng_job_new (model, image, method, class_index, -1, NULL, few (method, model), 5);
  return eng_job_run (job, error) ? eng_heatmap_ref (eng_job_heatmap (job)) : NULL;
}

static gsize
count (const EngHeatmap *map)
{
  return (gsize)eng_heatmap_channels (map) * eng_heatmap_rows (map) * eng_heatmap_cols (map);
}

/* A refusal names the method and is a sentence. */
static void
check_refusal (const EngMethod *m, const GError *error, int code)
{
  g_assert_error (error, ENG_ERROR, code);
  if (!strstr (error->message, m->name) && code == ENG_ERROR_UNSUPPORTED)
    g_test_message ("%s does not name itself: %s", m->id, error->message);
  g_assert_true (g_str_has_suffix (error->message, "."));
}

/* The map, or NULL where the method does not apply. */
static EngHeatmap *
try_method (EngModel *model, const EngMethod *m, const char *where)
{
  g_autoptr (GError) error = NULL;
  if (!eng_method_can_explain (m, model, NULL, &error))
    {
      g_autoptr (GError) again = NULL;
      check_refusal (m, error, ENG_ERROR_UNSUPPORTED);
      g_assert_null (explain (model, m, 1, &again)); /* a job says the same */
      check_refusal (m, again, ENG_ERROR_UNSUPPORTED);
      return NULL;
    }
  EngHeatmap *map = explain (model, m, 1, &error);
  if (!map)
    g_error ("%s, %s: %s", where, m->id, error->message);
  return map;
}

static void
check_values (const EngMethod *m, EngHeatmap *map, const char *where)
{
  for (gsize i = 0; i < count (map); i++)
    {
      float v = eng_heatmap_values (map)[i];
      if (!isfinite (v) || (m->sign == ENG_SIGN_UNSIGNED && v < 0))
        g_error ("%s, %s: a value is %g", where, m->id, v);
    }
}

static void
check_passes (EngModel *model, const EngMethod *m, EngHeatmap *map, const char *where)
{
  EngCost cost;
  const EngProvenance *p = eng_heatmap_provenance (map);
  g_autoptr (EngValues) values = few (m, model);
  if (eng_method_passes (m, model, NULL, values, &cost)
      && (cost.forward != p->passes_forward || cost.backward != p->passes_backward))
    g_error ("%s, %s: %d forward and %d backward passes declared, %d and %d run", where, m->id, (int)cost.forward,
             (int)cost.backward, (int)p->passes_forward, (int)p->passes_backward);
}

static void
test_every (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (EngModel) model = toy_open (&c->toy);
  const EngMethod *m;
  g_autoptr (GString) refused = g_string_new (NULL);
  for (guint i = 0; (m = eng_method_nth (i)); i++)
    {
      eng_set_memory_budget (PLENTY);
      g_autoptr (EngHeatmap) map = try_method (model, m, c->name);
      if (!map)
        {
          g_string_append_printf (refused, " %s", m->id);
          continue;
        }
      check_values (m, map, c->name);
      check_passes (model, m, map, c->name);
      eng_set_memory_budget (SCARCE);
      g_autoptr (EngHeatmap) again = try_method (model, m, c->name);
      eng_set_memory_budget (PLENTY);
      if (count (map) != count (again)
          || memcmp (eng_heatmap_values (map), eng_heatmap_values (again), sizeof (float) * count (map)))
        g_error ("%s, %s: another map with little memory, relative L2 %g", c->name, m->id,
                 test_relative_l2 (eng_heatmap_values (again), eng_heatmap_values (map), count (map)));
    }
  g_test_message ("%s: does not apply:%s", c->name, refused->len ? refused->str : " none");
}

static void
test_constant (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (EngModel) model = toy_open (&c->toy);
  const EngMethod *m;
  for (guint i = 0; (m = eng_method_nth (i)); i++)
    {
      g_autoptr (EngHeatmap) map = try_method (model, m, c->name);
      if (!map || may_be_not_zero (m))
        continue;
      check_values (m, map, c->name);
      for (gsize k = 0; k < count (map); k++)
        if (eng_heatmap_values (map)[k] != 0)
          g_error ("%s, constant logits: %s gives %g", c->name, m->id, eng_heatmap_values (map)[k]);
    }
}

/* What a method needs decides where it applies. */
static void
test_needs (void)
{
  static const Toy nets[] = { { TOY_CNN, 3, 32 }, { TOY_LINEAR, 3, 32 }, { TOY_POINT, 3, 32 } };
  const EngMethod *m;
  for (guint n = 0; n < G_N_ELEMENTS (nets); n++)
    {
      g_autoptr (EngModel) model = toy_open (&nets[n]);
      for (guint i = 0; (m = eng_method_nth (i)); i++)
        {
          gboolean lacks =
              (m->needs & ENG_NEEDS_ATTENTION) || ((m->needs & ENG_NEEDS_GRID) && nets[n].kind != TOY_CNN);
          g_autoptr (GError) error = NULL;
          if (!lacks)
            continue;
          g_assert_false (eng_method_can_explain (m, model, NULL, &error));
          g_assert_nonnull (strstr (error->message, m->name));
        }
    }
}

static void
test_bad_values (void)
{
  const EngMethod *m;
  const EngParam *p;
  for (guint i = 0; (m = eng_method_nth (i)); i++)
    {
      g_autoptr (EngValues) values = eng_values_new (m, NULL);
      for (guint k = 0; (p = eng_method_param (m, k)); k++)
        {
          g_autofree char *above = g_strdup_printf ("%.17g", p->maximum + 1),
                          *below = g_strdup_printf ("%.17g", p->minimum - 1);
          const char *const bad[] = { above, below, "nan", "inf", "", "no-such-choice" };
          gboolean number = p->type == ENG_PARAM_INT || p->type == ENG_PARAM_FLOAT || p->type == ENG_PARAM_CHOICE;
          double before = number ? eng_values_get (values, p->id) : 0;
          for (guint b = 0; number && b < G_N_ELEMENTS (bad); b++)
            {
              g_autoptr (GError) error = NULL;
              g_assert_false (eng_values_set_text (values, p->id, bad[b], &error));
              check_refusal (m, error, ENG_ERROR_ARGUMENT);
              g_assert_nonnull (strstr (error->message, p->id));
              g_assert_cmpfloat (eng_values_get (values, p->id), ==, before);
            }
        }
    }
}

static void
test_bad_class (void)
{
  static const Toy nets[] = { { TOY_CNN, 3, 32 }, { TOY_TRANSFORMER, 3, 32 } };
  const EngMethod *m;
  for (guint n = 0; n < G_N_ELEMENTS (nets); n++)
    {
      g_autoptr (EngModel) model = toy_open (&nets[n]);
      for (guint i = 0; (m = eng_method_nth (i)); i++)
        {
          g_autoptr (GError) error = NULL;
          if (!eng_method_can_explain (m, model, NULL, NULL))
            continue;
          g_assert_null (explain (model, m, 3, &error));
          check_refusal (m, error, ENG_ERROR_ARGUMENT);
          g_assert_nonnull (strstr (error->message, "0 to 2"));
        }
    }
}

/* The value before a final Softmax is explained, and the result says so. */
static void
test_softmax (void)
{
  static const Toy plain = { TOY_CNN, 3, 32 }, softmax = { TOY_CNN, 3, 32, FALSE, "Softmax" };
  g_autoptr (EngModel) a = toy_open (&plain), b = toy_open (&softmax);
  const EngMethod *m;
  for (guint i = 0; (m = eng_method_nth (i)); i++)
    {
      g_autoptr (EngHeatmap) one = try_method (a, m, "plain"), two = try_method (b, m, "softmax");
      g_assert_true ((one == NULL) == (two == NULL));
      if (!one)
        continue;
      if (memcmp (eng_heatmap_values (one), eng_heatmap_values (two), sizeof (float) * count (one)))
        g_error ("%s: a Softmax at the end changes the map", m->id);
      gboolean said = FALSE;
      GPtrArray *notes = eng_heatmap_provenance (two)->notes;
      for (guint k = 0; k < notes->len; k++)
        said |= strcmp (((EngNote *)notes->pdata[k])->id, "softmax") == 0;
      g_assert_true (said);
    }
}

/* Scores are numbers, gradients are not (0 times infinity): an error that says so, not a map that hides it. */
static void
test_not_a_number (void)
{
  static const Toy nets[] = { { TOY_CNN, 3, 32, FALSE, "Sqrt" }, { TOY_TRANSFORMER, 3, 32, FALSE, "Sqrt" } };
  const EngMethod *m;
  for (guint n = 0; n < G_N_ELEMENTS (nets); n++)
    {
      g_autoptr (EngModel) model = toy_open (&nets[n]);
      for (guint i = 0; (m = eng_method_nth (i)); i++)
        {
          g_autoptr (GError) error = NULL;
          if (!eng_method_can_explain (m, model, NULL, NULL))
            continue;
          g_autoptr (EngHeatmap) map = explain (model, m, 1, &error);
          if (map && (m->needs & ENG_NEEDS_GRADIENT) && m->class_dependent)
            g_error ("%s: a gradient that is not a number went unnoticed", m->id);
          if (map)
            check_values (m, map, "not a number");
          else
            check_refusal (m, error, ENG_ERROR_INVALID);
        }
    }
}

/* One class rather than another, two noisy copies: the passes that are declared for it. */
static void
test_combined (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (EngModel) model = toy_open (&c->toy);
  g_autoptr (EngImage) image = toy_picture (48);
  const EngMethod *m;
  for (guint i = 0; (m = eng_method_nth (i)); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (EngValues) values = few (m, model);
      EngCost cost;
      if (!eng_method_can_explain (m, model, NULL, NULL))
        continue;
      if (m->allows & ENG_ALLOWS_AVERAGE)
        eng_values_set (values, "average", 2);
      g_autoptr (EngJob) job = eng_job_new (model, image, m, 1, m->allows & ENG_ALLOWS_CONTRAST ? 2 : -1, NULL,
                                            eng_values_copy (values), 5);
      eng_job_run (job, &error);
      g_assert_no_error (error);
      const EngProvenance *p = eng_heatmap_provenance (eng_job_heatmap (job));
      check_values (m, eng_job_heatmap (job), c->name);
      if (eng_method_passes (m, model, NULL, values, &cost)
          && (cost.forward != p->passes_forward || cost.backward != p->passes_backward))
        g_error ("%s, %s combined: declared passes are not those run", c->name, m->id);
    }
}

static void
add_cases (const char *group, const Case *list, guint n, void (*test) (gconstpointer))
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *path = g_strdup_printf ("/axioms/%s/%s", group, list[i].name);
      g_test_add_data_func (path, &list[i], test);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_cases ("every", cases, G_N_ELEMENTS (cases), test_every);
  add_cases ("constant", constants, G_N_ELEMENTS (constants), test_constant);
  add_cases ("combined", combined, G_N_ELEMENTS (combined), test_combined);
  g_test_add_func ("/axioms/needs", test_needs);
  g_test_add_func ("/axioms/bad-values", test_bad_values);
  g_test_add_func ("/axioms/bad-class", test_bad_class);
  g_test_add_func ("/axioms/softmax", test_softmax);
  g_test_add_func ("/axioms/not-a-number", test_not_a_number);
  return g_test_run ();
}
