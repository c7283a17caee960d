/* Protocols against golden values: POS, NEG, DEL, INS, average drop, increase in confidence and RISE of given maps,
 * computed by independent PyTorch scripts; and the blur kernel of RISE. Of the large nets' RISE curves some points
 * are run; with SIGHTLINE_ALL_POINTS set all of them, and their areas, in some minutes. */
#include "engine.h"
#include "metrics/fill.h"
#include "metrics/protocol.h"
#include "support.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

typedef struct
{
  const char *model, *image, *map; /* file of the map without folder and image */
  int class_index;
  int stride; /* of the golden curves' points that are run: 225 passes of a large net take too long for a test */
} Case;

static const Case cases[] = {
  { "resnet20_cifar10", "chelsea", "gradcam.c3.Relu_175", 3, 1 },
  { "resnet20_cifar10", "coffee", "gradcam.c3.Relu_175", 3, 1 },
  { "vit_tiny_patch16_224", "chelsea", "gae.c285", 285, 32 },
  { "vit_tiny_patch16_224", "coffee", "gae.c967", 967, 32 },
  { "mobilenet_v2_224", "chelsea", "gradcam.c282.Clip_203", 282, 32 },
  { "mobilenet_v2_224", "coffee", "gradcam.c967.Clip_203", 967, 32 },
  { "squeezenet1.0_227", "chelsea", "gradcam.c285.Concat_111", 285, 32 },
  { "squeezenet1.0_227", "coffee", "gradcam.c967.Concat_111", 967, 32 },
};

static EngTensor *
load_golden (const char *relative)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *below = g_strdup_printf ("golden/%s", relative), *path = test_shared (below);
  EngTensor *t = path ? eng_npy_load (path, &error) : NULL;
  g_assert_no_error (error);
  return t;
}

/* (transfer full): the values that the manifest states for a case */
static JsonObject *
golden_values (const Case *c)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *path = test_shared ("golden/manifest.json");
  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  JsonArray *all = json_object_get_array_member (json_node_get_object (json_parser_get_root (parser)), "metrics");
  for (guint i = 0; i < json_array_get_length (all); i++)
    {
      JsonObject *o = json_array_get_object_element (all, i);
      if (strcmp (json_object_get_string_member (o, "model"), c->model) == 0
          && strcmp (json_object_get_string_member (o, "image"), c->image) == 0)
        return json_object_ref (json_object_get_object_member (o, "values"));
    }
  g_assert_not_reached ();
}

static EngSubject *
open_subject (const Case *c)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *m = g_strdup_printf ("models/%s.onnx", c->model), *i = g_strdup_printf ("images/%s.png", c->image);
  g_autofree char *model_path = test_shared (m), *image_path = model_path ? test_shared (i) : NULL;
  if (!image_path)
    return NULL;
  g_autoptr (EngModel) model = eng_model_open (model_path, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (EngImage) image = eng_image_load (image_path, &error);
  g_assert_no_error (error);
  EngSubject *subject = eng_subject_new (model, image, c->class_index, &error);
  g_assert_no_error (error);
  return subject;
}

static EngHeatmap *
open_map (const Case *c, EngSubject *subject)
{
  g_autofree char *file = g_strdup_printf ("%s/%s.%s.upsampled.npy", c->model, c->image, c->map);
  g_autoptr (EngTensor) t = load_golden (file);
  const EngGeometry *g = eng_subject_geometry (subject);
  EngProvenance provenance = { 0 };
  g_assert_cmpint (eng_tensor_count (t), ==, eng_subject_n (subject));
  return eng_heatmap_new (t->f, 1, g->input_height, g->input_width, ENG_SIGN_UNSIGNED, ENG_UPSAMPLE_NEAREST, g,
                          &provenance);
}

static void
test_values (gconstpointer data)
{
  /* DEL and INS: their promise (golden README allows 0.2 for tie order, which is the same here). POS, NEG: in steps
   * of 5. Average drop: 1e-3 relative, but where p differs from 1 by 1e-9 and 100 (p - q) / p is 2e-6 that is the
   * float32 logits' own rounding, 1e-6 of some 20, hence the absolute 1e-9. */
  static const struct
  {
    const char *id, *golden;
    double absolute, relative;
  } rows[] = {
    { "ltx-pos", "POS", 1e-3, 0 }, { "ltx-neg", "NEG", 1e-3, 0 },         { "ltx-del", "DEL", 1e-3, 0 },
    { "ltx-ins", "INS", 1e-3, 0 }, { "average-drop", "ADP", 1e-9, 1e-3 }, { "increase-in-confidence", "PIC", 0, 0 },
  };
  const Case *c = data;
  g_autoptr (EngSubject) subject = open_subject (c);
  if (!subject)
    return;
  g_autoptr (EngHeatmap) map = open_map (c, subject);
  g_autoptr (JsonObject) golden = golden_values (c);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (EngMeasurement) m =
          eng_protocol_evaluate (eng_protocol_find (rows[i].id, NULL), subject, map, NULL, NULL, NULL, NULL, &error);
      g_assert_no_error (error);
      double expected = json_object_get_double_member (golden, rows[i].golden);
      g_test_message ("%s %s %s: %.9g, golden %.9g, difference %.2g", c->model, c->image, rows[i].golden, m->value,
                      expected, m->value - expected);
      g_assert_cmpfloat (fabs (m->value - expected), <=, rows[i].absolute + rows[i].relative * fabs (expected));
    }
  g_assert_cmpfloat_with_epsilon (eng_subject_untouched (subject)->probability,
                                  json_object_get_double_member (golden, "p"), 1e-4);
}

/* Every @stride-th point of the golden curve, and the area where all are run. */
static void
check_rise (const Case *c, EngSubject *subject, EngHeatmap *map, const char *id, const char *mode, double area)
{
  g_autoptr (GError) error = NULL;
  const EngProtocol *protocol = eng_protocol_find (id, NULL);
  const EngGeometry *g = eng_subject_geometry (subject);
  g_autofree char *file = g_strdup_printf ("%s/%s.rise_%s_curve.c%d.npy", c->model, c->image, mode, c->class_index);
  g_autoptr (EngTensor) golden = load_golden (file);
  g_autoptr (EngRanking) ranking = eng_subject_ranking (subject, map, ENG_RANK_VALUE, ENG_ORDER_MOST_FIRST);
  g_auto (EngCurve) curve = { 0 };
  int stride = g_getenv ("SIGHTLINE_ALL_POINTS") ? 1 : c->stride, n = 0;
  double largest = 0;
  g_assert_true (eng_protocol_curve (protocol, NULL, g->input_width, g->input_height, &curve));
  g_assert_cmpint (curve.n, ==, eng_tensor_count (golden));
  for (int i = 0; i < curve.n; i += stride)
    curve.counts[n++] = curve.counts[i];
  curve.n = n;
  g_autofree EngPoint *points = g_new (EngPoint, n);
  eng_curve_run (subject, ranking, &curve, points, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  for (int i = 0; i < n; i++)
    largest = fmax (largest, fabs (points[i].y - golden->f[i * stride]));
  g_test_message ("%s %s RISE %s: largest difference %.2g over %d points", c->model, c->image, mode, largest, n);
  /* The golden README allows 0.02; the same order of ties leaves float32 rounding. */
  g_assert_cmpfloat (largest, <=, 1e-3);
  if (stride > 1)
    return;
  g_autoptr (EngMeasurement) m = eng_protocol_evaluate (protocol, subject, map, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_test_message ("area %.7f, golden %.7f", m->value, area);
  g_assert_cmpint (m->passes, ==, 0); /* the curve above ran them */
  g_assert_cmpfloat_with_epsilon (m->value, area, 1e-3);
}

static void
test_rise (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (EngSubject) subject = open_subject (c);
  if (!subject)
    return;
  g_autoptr (EngHeatmap) map = open_map (c, subject);
  g_autoptr (JsonObject) golden = golden_values (c);
  check_rise (c, subject, map, "rise-deletion", "del", json_object_get_double_member (golden, "RISE_del"));
  check_rise (c, subject, map, "rise-insertion", "ins", json_object_get_double_member (golden, "RISE_ins"));
}

/* The blur of a single bright pixel is the kernel. */
static void
test_kernel (void)
{
  enum
  {
    SIDE = 21
  };
  g_autofree char *path = test_shared ("golden/rise_blur_kernel_11.npy");
  if (!path)
    return;
  g_autoptr (EngTensor) golden = load_golden ("rise_blur_kernel_11.npy");
  g_autoptr (EngPreprocess) p = eng_preprocess_guess (3, SIDE, SIDE);
  float input[3 * SIDE * SIDE] = { 0 }, out[3 * SIDE * SIDE];
  input[SIDE * SIDE / 2] = 1;
  eng_fill_make (p, input, ENG_FILL_RISE_BLUR, 0, out);
  for (int i = 0; i < SIDE * SIDE; i++)
    {
      int x = i % SIDE - 5, y = i / SIDE - 5;
      gboolean inside = x >= 0 && x < 11 && y >= 0 && y < 11;
      g_assert_cmpfloat_with_epsilon (out[i], inside ? golden->f[y * 11 + x] : 0, 1e-8); /* its float32 rounding */
      g_assert_cmpfloat (out[SIDE * SIDE + i], ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *values = g_strdup_printf ("/metrics/golden/%s/%s", cases[i].model, cases[i].image);
      g_autofree char *rise = g_strdup_printf ("/metrics/golden-rise/%s/%s", cases[i].model, cases[i].image);
      g_test_add_data_func (values, &cases[i], test_values);
      g_test_add_data_func (rise, &cases[i], test_rise);
    }
  g_test_add_func ("/metrics/golden/rise-kernel", test_kernel);
  return g_test_run ();
}
