/* The bundled world: scenes with exact masks, so that an explanation can be right or wrong. */
#include "engine.h"
#include "metrics/perturbation.h"
#include "support.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* How many pixels are in the mask, in the highest tenth of the map at the picture's own size, in both. */
static void
count (EngHeatmap *map, EngImage *mask, int *in_mask, int *in_tenth, int *in_both)
{
  const EngGeometry *g = eng_heatmap_geometry (map);
  int w = g->image_width, h = g->image_height, n = w * h;
  g_autofree float *plane = eng_heatmap_plane (map), *full = g_new (float, n);
  g_autofree guint32 *order = g_new (guint32, n);
  g_assert_cmpint (eng_image_width (mask), ==, w);
  g_assert_cmpint (eng_image_height (mask), ==, h);
  /* The sample is stretched to the input: the map covers the whole picture. */
  eng_upsample_bilinear (plane, eng_heatmap_rows (map), eng_heatmap_cols (map), full, h, w);
  eng_rank_descending (full, n, order);
  *in_mask = *in_both = 0;
  *in_tenth = n / 10;
  for (int i = 0; i < n; i++)
    *in_mask += eng_image_rgb (mask)[3 * i] > 127;
  for (int i = 0; i < n / 10; i++)
    *in_both += eng_image_rgb (mask)[3 * order[i]] > 127;
}

/* Share of the highest tenth that lies in the mask. */
static double
share_in_mask (EngHeatmap *map, EngImage *mask)
{
  int in_mask, in_tenth, in_both;
  count (map, mask, &in_mask, &in_tenth, &in_both);
  return (double)in_both / in_tenth;
}

/* Share of the mask that lies in the highest tenth. */
static double
mask_in_map (EngHeatmap *map, EngImage *mask)
{
  int in_mask, in_tenth, in_both;
  count (map, mask, &in_mask, &in_tenth, &in_both);
  return (double)in_both / in_mask;
}

static EngModel *
open_model (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *relative = g_strconcat ("models/", name, NULL), *path = test_data (relative);
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  return model;
}

static EngImage *
load (const char *file)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *relative = g_strconcat ("scenes/", file, NULL), *path = test_data (relative);
  EngImage *image = eng_image_load (path, &error);
  g_assert_no_error (error);
  return image;
}

/* A thousand masks are enough for RISE to see what the tests ask about. */
static EngValues *
values_for (const EngMethod *method, EngModel *model)
{
  EngValues *values = eng_values_new (method, model);
  const EngParam *p;
  for (guint i = 0; (p = eng_method_param (method, i)); i++)
    if (strcmp (p->id, "masks") == 0)
      eng_values_set (values, "masks", 1000);
  return values;
}

static EngHeatmap *
explain (EngModel *model, EngImage *image, const char *id, int class_index)
{
  g_autoptr (GError) error = NULL;
  const EngMethod *method = eng_method_find (id, NULL);
  g_autoptr (EngJob) job = eng_job_new (model, image, method, class_index, -1, NULL, values_for (method, model), 0);
  eng_job_run (job, &error);
  g_assert_no_error (error);
  return eng_heatmap_ref (eng_job_heatmap (job));
}

static JsonArray *
load_scenes (JsonParser *parser)
{
  g_autofree char *path = test_data ("scenes/scenes.json");
  g_autoptr (GError) error = NULL;
  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_node_get_array (json_parser_get_root (parser));
}

/* (transfer full): the mask of the scene's object of a class; NULL: no such object */
static EngImage *
mask_of (JsonObject *scene, const char *label)
{
  JsonArray *objects = json_object_get_array_member (scene, "objects");
  for (guint i = 0; i < json_array_get_length (objects); i++)
    {
      JsonObject *o = json_array_get_object_element (objects, i);
      if (strcmp (json_object_get_string_member (o, "class"), label) == 0)
        return load (json_object_get_string_member (o, "mask"));
    }
  return NULL;
}

/* A sanitizer makes arithmetic twenty times slower: every sixth scene is enough there. */
#ifdef __SANITIZE_ADDRESS__
#define STRIDE 6
#else
#define STRIDE 1
#endif

/* Mean over the scenes, for the class the net predicts; a wrong prediction counts as 0. */
static double
mean_share (const char *model_name, const char *method, guint first)
{
  g_autoptr (EngModel) model = open_model (model_name);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonArray *scenes = load_scenes (parser);
  double sum = 0;
  int n = 0;
  for (guint i = first; i < json_array_get_length (scenes); i += STRIDE, n++)
    {
      JsonObject *scene = json_array_get_object_element (scenes, i);
      g_autoptr (EngImage) image = load (json_object_get_string_member (scene, "file"));
      g_autoptr (EngHeatmap) map = explain (model, image, method, -1);
      const EngProvenance *p = eng_heatmap_provenance (map);
      g_autoptr (EngImage) mask = mask_of (scene, p->class_name);
      double share = mask ? share_in_mask (map, mask) : 0;
      g_test_message ("%s %s %s: %.2f of the highest tenth in the %s, %.2f s, %s", model_name, eng_image_name (image),
                      method, share, p->class_name, p->seconds, p->selected);
      sum += share;
    }
  g_test_message ("%s %s: mean %.3f over %d scenes", model_name, method, sum / n, n);
  return sum / n;
}

/* The project's promise for the sample; a random map scores the objects' mean area, about 0.2. */
static void
test_cnn (void)
{
  g_assert_cmpfloat (mean_share ("scenes-cnn.onnx", "ltx", 0), >=, 0.6);
}

static void
test_vit (void)
{
  g_assert_cmpfloat (mean_share ("scenes-vit.onnx", "ltx", 0), >=, 0.6);
}

/* Explaining the second object moves the map there. */
static void
test_second_object (void)
{
  g_autoptr (EngModel) model = open_model ("scenes-cnn.onnx");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonArray *scenes = load_scenes (parser);
  double before = 0, after = 0;
  int n = 0;
  for (guint i = 0; i < json_array_get_length (scenes); i++)
    {
      JsonObject *scene = json_array_get_object_element (scenes, i);
      JsonArray *objects = json_object_get_array_member (scene, "objects");
      if (json_array_get_length (objects) < 2 || n++ % STRIDE)
        continue;
      const char *second = json_object_get_string_member (json_array_get_object_element (objects, 1), "class");
      g_autoptr (EngImage) image = load (json_object_get_string_member (scene, "file")),
                           mask = mask_of (scene, second);
      g_autoptr (EngHeatmap) main_map = explain (model, image, "ltx", -1);
      g_autoptr (EngHeatmap) map = explain (model, image, "ltx", eng_model_find_class (model, second, NULL));
      double b = share_in_mask (main_map, mask), a = share_in_mask (map, mask);
      g_test_message ("%s: %.2f of the highest tenth in the %s when it is explained, %.2f before",
                      eng_image_name (image), a, second, b);
      before += b;
      after += a;
    }
  /* at least eight scenes have two objects; second objects cover a twelfth of the picture on average */
  g_assert_cmpint (n, >=, 8);
  g_assert_cmpfloat (after, >=, 2 * before);
}

/* A net with a planted shortcut decides by the mark in the corner, and the maps say so. */
static void
test_shortcut (void)
{
  static const char *const methods[] = { "ltx", "grad-cam" };
  g_autoptr (EngModel) model = open_model ("scenes-shortcut.onnx"), honest = open_model ("scenes-cnn.onnx");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonArray *scenes = load_scenes (parser);
  int n = 0;
  for (guint i = 0; i < json_array_get_length (scenes); i++)
    {
      JsonObject *scene = json_array_get_object_element (scenes, i);
      if (!json_object_has_member (scene, "mark"))
        continue;
      g_autoptr (EngImage) image = load (json_object_get_string_member (scene, "file"));
      g_autoptr (EngImage) mark = load (json_object_get_string_member (scene, "mark"));
      g_autoptr (EngHeatmap) fair = explain (honest, image, "grad-cam", -1);
      g_autoptr (EngImage) object = mask_of (scene, eng_heatmap_provenance (fair)->class_name);
      g_assert_nonnull (object); /* the honest net sees what is there */
      for (guint k = 0; k < G_N_ELEMENTS (methods); k++)
        {
          g_autoptr (EngHeatmap) map = explain (model, image, methods[k], -1);
          g_autoptr (EngImage) claimed = mask_of (scene, eng_heatmap_provenance (map)->class_name);
          g_assert_null (claimed);
          double found = mask_in_map (map, mark);
          g_test_message ("%s %s: decided %s; %.2f of the mark in the highest tenth", eng_image_name (image),
                          methods[k], eng_heatmap_provenance (map)->class_name, found);
          g_assert_cmpfloat (found, >=, 0.8);
        }
      n++;
    }
  g_assert_cmpint (n, >=, 2);
}

/* Mean of the map's evidence for the class over the pixels of a mask. */
static double
weight_in (EngHeatmap *map, EngImage *mask)
{
  int w = eng_image_width (mask), h = eng_image_height (mask), n = 0;
  double sum = 0;
  g_autofree float *plane = eng_heatmap_plane (map), *values = g_new (float, (gsize)w *h);
  eng_upsample_bilinear (plane, eng_heatmap_rows (map), eng_heatmap_cols (map), values, h, w);
  for (int i = 0; i < w * h; i++)
    if (eng_image_rgb (mask)[3 * i] > 127)
      {
        sum += MAX (values[i], 0);
        n++;
      }
  return sum / MAX (n, 1);
}

/* Methods of four families see it: the mark weighs more than the object that the scene is of. */
static void
test_shortcut_families (void)
{
  static const char *const methods[] = { "ltx", "grad-cam", "integrated-gradients", "rise" };
  g_autoptr (EngModel) model = open_model ("scenes-shortcut.onnx"), honest = open_model ("scenes-cnn.onnx");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonArray *scenes = load_scenes (parser);
  for (guint i = 0; i < json_array_get_length (scenes); i++)
    {
      JsonObject *scene = json_array_get_object_element (scenes, i);
      if (!json_object_has_member (scene, "mark"))
        continue;
      g_autoptr (EngImage) image = load (json_object_get_string_member (scene, "file"));
      g_autoptr (EngImage) mark = load (json_object_get_string_member (scene, "mark"));
      g_autoptr (EngHeatmap) fair = explain (honest, image, "grad-cam", -1);
      g_autoptr (EngImage) object = mask_of (scene, eng_heatmap_provenance (fair)->class_name);
      for (guint k = 0; k < G_N_ELEMENTS (methods); k++)
        {
          g_autoptr (EngHeatmap) map = explain (model, image, methods[k], -1);
          double on_mark = weight_in (map, mark), on_object = weight_in (map, object);
          g_test_message ("%s %s: mean weight on the mark %.3g, on the object %.3g, ratio %.2f",
                          eng_image_name (image), methods[k], on_mark, on_object, on_mark / on_object);
          g_assert_cmpfloat (on_mark, >, on_object);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sample/cnn", test_cnn);
  g_test_add_func ("/sample/vit", test_vit);
  g_test_add_func ("/sample/second-object", test_second_object);
  g_test_add_func ("/sample/shortcut", test_shortcut);
  g_test_add_func ("/sample/shortcut-families", test_shortcut_families);
  return g_test_run ();
}
