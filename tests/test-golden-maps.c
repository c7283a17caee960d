/* Every attribution map of the shared golden data (independent PyTorch implementations) against the method of the
 * same name, from the picture's file on: preprocessing, layer, method. One table of Pearson correlation and relative
 * L2 is printed; one test case per model. A method's row is one line of @rows. */
#include "engine.h"
#include "json-read.h"
#include "npy.h"
#include "support.h"

#include <math.h>
#include <string.h>

typedef struct
{
  const char *golden, *grid; /* name and grid in the manifest */
  const char *method;        /* id; NULL: not compared, for the reason given */
  const char *values;        /* "PARAM=VALUE ..."; "@n" is the value of that name in the manifest's params */
  /* Where less than Pearson 0.999 and relative L2 1e-2 can be reached: why, and what is reached. */
  const char *reason;
  double pearson, relative_l2; /* 0: as everywhere */
} Row;

static const Row rows[] = {
  { "gradient", "native", "gradient" },
  { "gradient_x_input", "native", "gradient-x-input" },
  { "integrated_gradients", "native", "integrated-gradients", "steps=@steps baseline=zero" },
  { "occlusion", "native", "occlusion", "window=@window stride=@stride baseline=zero map=windows" },
  { "occlusion", "per_pixel", "occlusion", "window=@window stride=@stride baseline=zero map=per-pixel" },
  { "gradcam", "native", "grad-cam" },
  { "gradcam++", "native", "grad-cam-pp" },
  { "xgradcam", "native", "xgrad-cam" },
  { "hirescam", "native", "hires-cam" },
  { "layercam", "native", "layer-cam" },
  { "eigencam", "native", "eigen-cam" },
  { "ablationcam", "native", "ablation-cam" },
  { "scorecam_probability", "native", "score-cam", "variant=probability" },
  { "scorecam_softmax_over_channels", "native", "score-cam", "variant=softmax-over-channels" },
  { "liftcam", "native", "lift-cam" },
  { "fullgrad", "native", "full-grad" },
  { "raw_attention", "native", "raw-attention" },
  { "rollout", "native", "rollout", "start=0" },
  { "rollout_start1", "native", "rollout", "start=1" },
  { "attention_gradcam", "native", "attention-grad-cam" },
  { "gae", "native", "gae" },
  { "t_attr", "native", "t-attr", "start=0" },
  { "t_attr_start1", "native", "t-attr", "start=1" },
  { "iia2_released", "native", "iia2", "variant=released steps=@n" },
  { "iia2_described", "native", "iia2", "variant=described steps=@n" },
  { "iia3_released", "native", "iia3", "variant=released steps=@n" },
  { "dix2_released", "native", "dix2", "variant=released steps=@n" },
  { "dix3_released", "native", "dix3", "variant=released steps=@n" },
  { "iia_released", "native", "iia2", "variant=released steps=@n" },
  { "dix_released", "native", "dix2", "variant=released steps=@n" },
};

/* Golden data that are no attribution maps, or LTX's, which test-ltx compares. */
static const char *const others[] = { "pixels",           "input", "logits", "rise_del_curve", "rise_ins_curve",
                                      "rise_blur_kernel", "ltx_",  NULL };

typedef struct
{
  const char *name;
  EngModel *model;
  GHashTable *images, *maps; /* by name; by what was asked for */
  int compared, failed, skipped;
} Walk;

static gboolean
is_other (const char *method)
{
  for (guint i = 0; others[i]; i++)
    if (g_str_has_prefix (method, others[i]))
      return TRUE;
  return FALSE;
}

/* An upsampled map is the native one's, enlarged. */
static const Row *
find_row (const char *method, const char *grid)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strcmp (rows[i].golden, method) == 0
        && strcmp (rows[i].grid, strcmp (grid, "upsampled") ? grid : "native") == 0)
      return &rows[i];
  return NULL;
}

/* "steps=@n" with n from the manifest */
static EngValues *
make_values (const Row *row, const EngMethod *method, EngModel *model, JsonObject *params, GError **error)
{
  g_autoptr (EngValues) values = eng_values_new (method, model);
  g_auto (GStrv) pairs = g_strsplit (row->values ? row->values : "", " ", -1);
  for (char **pair = pairs; *pair && **pair; pair++)
    {
      char *at = strstr (*pair, "=@");
      g_autofree char *text = at ? g_strdup_printf ("%.*s=%" G_GINT64_FORMAT, (int)(at - *pair), *pair,
                                                    json_object_get_int_member (params, at + 2))
                                 : g_strdup (*pair);
      if (!eng_values_set_pair (values, text, error))
        return NULL;
    }
  return g_steal_pointer (&values);
}

static EngImage *
image_named (Walk *w, const char *name)
{
  EngImage *image = g_hash_table_lookup (w->images, name);
  if (!image)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *relative = g_strdup_printf ("images/%s.png", name), *path = test_shared (relative);
      image = eng_image_load (path, &error);
      g_assert_no_error (error);
      g_hash_table_insert (w->images, g_strdup (name), image);
    }
  return image;
}

/* (transfer none): computed once for all grids that are compared. NULL with an error. */
static EngHeatmap *
map_for (Walk *w, const Row *row, const EngMethod *method, JsonObject *item, GError **error)
{
  const char *picture = json_object_get_string_member (item, "image");
  const char *layer = json_object_get_string_member_with_default (item, "layer", NULL);
  int c = (int)json_object_get_int_member_with_default (item, "class", -1);
  g_autoptr (EngValues) values =
      make_values (row, method, w->model, json_object_get_object_member (item, "params"), error);
  if (!values)
    return NULL;
  g_autofree char *text = eng_values_to_json (values);
  g_autofree char *key = g_strdup_printf ("%s %s %d %s %s", picture, method->id, c, layer ? layer : "", text);
  EngHeatmap *map = g_hash_table_lookup (w->maps, key);
  if (map)
    return map;
  g_autoptr (EngJob) job =
      eng_job_new (w->model, image_named (w, picture), method, c, -1, layer, g_steal_pointer (&values), 0);
  if (!eng_job_run (job, error))
    return NULL;
  map = eng_heatmap_ref (eng_job_heatmap (job));
  g_hash_table_insert (w->maps, g_steal_pointer (&key), map);
  return map;
}

static void
report (JsonObject *item, const char *text)
{
  gboolean any = json_object_get_int_member_with_default (item, "class", -1) < 0;
  const char *layer = json_object_get_string_member_with_default (item, "layer", NULL);
  g_autofree char *c =
      any ? g_strdup ("any") : g_strdup_printf ("%d", (int)json_object_get_int_member (item, "class"));
  g_test_message ("%-21s %-8s %4s  %-31s %-10s %-10s %s", json_object_get_string_member (item, "model"),
                  json_object_get_string_member (item, "image"), c, json_object_get_string_member (item, "method"),
                  layer ? layer : "", json_object_get_string_member (item, "grid"), text);
}

/* @values: ours, n of them, as the golden file lies */
static void
compare (Walk *w, const Row *row, JsonObject *item, const float *values, const EngTensor *golden)
{
  gsize n = (gsize)eng_tensor_count (golden);
  double pearson = test_pearson (values, golden->f, n), l2 = test_relative_l2 (values, golden->f, n);
  double least = row->pearson ? row->pearson : 0.999, most = row->relative_l2 ? row->relative_l2 : 1e-2;
  gboolean good = pearson >= least && l2 <= most;
  g_autofree char *text = g_strdup_printf ("%10.7f %9.2e %s%s%s", pearson, l2, good ? "" : "FAILED ",
                                           row->reason ? "- " : "", row->reason ? row->reason : "");
  report (item, text);
  w->compared++;
  w->failed += !good;
}

/* Why this golden map is not compared with @map; NULL: it is. */
static const char *
other_grid (JsonObject *item, EngHeatmap *map)
{
  JsonObject *params = json_object_get_object_member (item, "params");
  const char *how = json_object_get_string_member_with_default (params, "upsampling", NULL);
  if (how
      && (strcmp (how, "bilinear, align_corners=False") || eng_heatmap_upsample_kind (map) != ENG_UPSAMPLE_BILINEAR))
    return "enlarged in another way than ours";
  return NULL;
}

/* The golden file against @map, at the grid that the item names. */
static void
compare_item (Walk *w, const Row *row, JsonObject *item, EngHeatmap *map)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *relative = g_strdup_printf ("golden/%s", json_object_get_string_member (item, "file"));
  g_autofree char *path = test_shared (relative);
  g_autoptr (EngTensor) golden = eng_npy_load (path, &error);
  g_assert_no_error (error);
  gboolean enlarged = strcmp (json_object_get_string_member (item, "grid"), "upsampled") == 0;
  int channels = golden->shape.rank == 3 ? (int)golden->shape.dim[0] : 1;
  g_autofree float *own = enlarged ? eng_heatmap_at_input (map) : channels == 1 ? eng_heatmap_plane (map) : NULL;
  gint64 cells = (gint64)eng_heatmap_rows (map) * eng_heatmap_cols (map) * channels;
  if (!enlarged && (cells != eng_tensor_count (golden) || (!own && channels != eng_heatmap_channels (map))))
    {
      report (item, "FAILED: another grid");
      w->failed++;
      return;
    }
  compare (w, row, item, own ? own : eng_heatmap_values (map), golden);
}

/* The sanitizer's run is about memory, and six times slower: maps of many passes are left to the other one. */
static gboolean
too_slow (Walk *w, const Row *row, const EngMethod *method, JsonObject *item)
{
#ifdef __SANITIZE_ADDRESS__
  g_autoptr (EngValues) values =
      make_values (row, method, w->model, json_object_get_object_member (item, "params"), NULL);
  EngCost cost;
  return !values || !eng_method_passes (method, w->model, NULL, values, &cost) || cost.forward > 60;
#else
  return FALSE;
#endif
}

static void
walk_item (Walk *w, JsonObject *item)
{
  const char *name = json_object_get_string_member (item, "method"), *skipped = NULL;
  g_autoptr (GError) error = NULL;
  if (is_other (name) || strcmp (json_object_get_string_member (item, "model"), w->name))
    return;
  const Row *row = find_row (name, json_object_get_string_member (item, "grid"));
  g_assert_nonnull (row); /* every golden map has a row, even if only with the reason why it is not compared */
  const EngMethod *method = row->method ? eng_method_find (row->method, &error) : NULL;
  if (method && too_slow (w, row, method, item))
    return;
  EngHeatmap *map = method ? map_for (w, row, method, item, &error) : NULL;
  if (error)
    {
      g_autofree char *text = g_strdup_printf ("FAILED: %s", error->message);
      report (item, text);
      w->failed++;
    }
  else if ((skipped = map ? other_grid (item, map) : row->reason))
    {
      g_autofree char *text = g_strdup_printf ("skipped: %s", skipped);
      report (item, text);
      w->skipped++;
    }
  else
    compare_item (w, row, item, map);
}

static void
test_model (gconstpointer data)
{
  g_autofree char *manifest = test_shared ("golden/manifest.json"), *text = NULL;
  g_autoptr (GError) error = NULL;
  if (!manifest)
    return;
  g_autofree char *relative = g_strdup_printf ("models/%s.onnx", (const char *)data), *path = test_shared (relative);
  g_autoptr (EngModel) model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (manifest, &text, NULL, &error));
  g_autoptr (JsonNode) root = eng_json_parse (text, -1, "manifest.json", &error);
  g_assert_no_error (error);
  g_autoptr (GHashTable) images =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)eng_image_unref);
  g_autoptr (GHashTable) maps =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)eng_heatmap_unref);
  Walk w = { .name = data, .model = model, .images = images, .maps = maps };
  JsonArray *items = json_object_get_array_member (json_node_get_object (root), "items");
  g_test_message ("%-21s %-8s %4s  %-31s %-10s %-10s %10s %9s", "model", "image", "class", "golden map", "layer",
                  "grid", "Pearson", "rel. L2");
  for (guint i = 0; i < json_array_get_length (items); i++)
    walk_item (&w, json_array_get_object_element (items, i));
  g_test_message ("%s: %d compared, %d failed, %d skipped with a reason", w.name, w.compared, w.failed, w.skipped);
  g_assert_cmpint (w.compared, >, 0);
  g_assert_cmpint (w.failed, ==, 0);
}

int
main (int argc, char **argv)
{
  static const char *const models[] = { "resnet20_cifar10", "mobilenet_v2_224", "squeezenet1.0_227",
                                        "vit_tiny_patch16_224" };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (models); i++)
    {
      g_autofree char *name = g_strdup_printf ("/golden-maps/%s", models[i]);
      g_test_add_data_func (name, models[i], test_model);
    }
  return g_test_run ();
}
