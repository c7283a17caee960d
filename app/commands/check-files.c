/* See check-files.h. Everything is encoded before the first file is written. */
#include "app/commands/check-files.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static const char *const verdicts[] = { "none", "good", "fair", "poor" };

static const EngCheckRun *
nth (const EngCheckResult *r, guint i)
{
  return r->runs->pdata[i];
}

static gboolean
is_sanity (const EngCheckResult *r)
{
  return r->settings.kind == ENG_CHECK_SANITY;
}

/* ---- numbers ---- */

static void
add_run (JsonBuilder *b, const EngCheckResult *r, guint i)
{
  const EngCheckRun *run = nth (r, i);
  json_builder_begin_object (b);
  if (is_sanity (r))
    {
      app_json_integer (b, "layers", run->layers);
      app_json_string (b, "layer", run->layer);
    }
  else if (r->settings.vary == ENG_VARY_SHIFT)
    {
      app_json_integer (b, "shift_x", run->shift_x);
      app_json_integer (b, "shift_y", run->shift_y);
    }
  else
    app_json_integer (b, "seed", (gint64)run->seed);
  app_json_number (b, "probability", run->probability);
  app_json_number (b, "spearman", run->rank);
  app_json_number (b, "spearman_absolute", run->rank_absolute);
  app_json_number (b, "overlap", run->overlap);
  app_json_number (b, "ssim", run->ssim);
  app_json_number (b, "entropy", run->entropy);
  if (run->failure)
    app_json_string (b, "failure", run->failure);
  json_builder_end_object (b);
}

static void
add_stability (JsonBuilder *b, const EngCheckResult *r)
{
  app_json_string (b, "vary", eng_vary_ids[r->settings.vary]);
  if (r->settings.vary == ENG_VARY_NOISE)
    app_json_number (b, "sigma", r->settings.sigma);
  json_builder_set_member_name (b, "seeds_make_no_difference");
  json_builder_add_boolean_value (b, r->drew_nothing);
  app_json_number (b, "spearman_mean", r->rank);
  app_json_number (b, "spearman_lowest", r->lowest_rank);
  app_json_number (b, "overlap_share", ENG_CHECK_SHARE);
  app_json_number (b, "overlap_mean", r->overlap);
  app_json_number (b, "relative_spread", r->relative_spread);
}

static void
add_sanity (JsonBuilder *b, const EngCheckResult *r)
{
  app_json_integer (b, "layers", nth (r, 0)->of);
  app_json_number (b, "similarity", r->similarity);
  app_json_number (b, "chance", r->chance);
  app_json_number (b, "entropy_rise", r->entropy_rise);
}

/* The method's own map says which model, picture, class and parameters. */
static void
add_head (JsonBuilder *b, const EngCheckResult *r)
{
  const EngProvenance *p = eng_heatmap_provenance (nth (r, 0)->map);
  JsonNode *values = p->values ? json_from_string (p->values, NULL) : NULL;
  app_json_string (b, "check", is_sanity (r) ? "sanity" : "stability");
  app_json_string (b, "model", p->model_name);
  app_json_string (b, "model_sha256", p->model_sha256);
  app_json_string (b, "image", p->image_name);
  app_json_string (b, "image_sha256", p->image_sha256);
  app_json_string (b, "preprocessing", p->preprocessing);
  json_builder_set_member_name (b, "class");
  json_builder_begin_object (b);
  app_json_integer (b, "index", p->class_index);
  app_json_string (b, "name", p->class_name);
  json_builder_end_object (b);
  app_json_integer (b, "contrast", p->contrast_index);
  app_json_string (b, "method", p->method_id);
  json_builder_set_member_name (b, "values");
  json_builder_add_value (b, values ? values : json_node_new (JSON_NODE_NULL));
  app_json_string (b, "layer", p->layer);
  app_json_integer (b, "seed", (gint64)r->seed);
  app_json_string (b, "version", p->version);
  app_json_string (b, "verdict", verdicts[r->verdict]);
  app_json_string (b, "sentence", r->sentence);
}

static GBytes *
encode_record (const EngCheckResult *r)
{
  g_autoptr (JsonBuilder) b = json_builder_new ();
  g_autofree char *details = eng_check_result_details (r);
  g_auto (GStrv) lines = g_strsplit (details, "\n", -1);
  json_builder_begin_object (b);
  add_head (b, r);
  if (is_sanity (r))
    add_sanity (b, r);
  else
    add_stability (b, r);
  json_builder_set_member_name (b, "details");
  json_builder_begin_array (b);
  for (char **line = lines; *line; line++)
    json_builder_add_string_value (b, *line);
  json_builder_end_array (b);
  json_builder_set_member_name (b, "runs");
  json_builder_begin_array (b);
  for (guint i = 0; i < r->runs->len; i++)
    add_run (b, r, i);
  json_builder_end_array (b);
  json_builder_end_object (b);
  char *text = app_json_text (b);
  return g_bytes_new_take (text, strlen (text));
}

/* ---- maps ---- */

static GBytes *
encode_map (const EngHeatmap *map)
{
  EngShape grid = { 2, { eng_heatmap_rows (map), eng_heatmap_cols (map) } };
  return eng_npy_encode (eng_heatmap_values (map), &grid);
}

/* maps x rows x cols, the model's own first; NaN where a random network gave none. */
static GBytes *
encode_maps (const EngCheckResult *r)
{
  const EngHeatmap *own = nth (r, 0)->map;
  int rows = eng_heatmap_rows (own), cols = eng_heatmap_cols (own);
  gsize n = (gsize)rows * cols;
  EngShape shape = { 3, { r->runs->len, rows, cols } };
  g_autofree float *all = g_new (float, n * r->runs->len);
  for (guint i = 0; i < r->runs->len; i++)
    for (gsize k = 0; k < n; k++)
      all[i * n + k] = nth (r, i)->map ? eng_heatmap_values (nth (r, i)->map)[k] : NAN;
  return eng_npy_encode (all, &shape);
}

#define MOST_FILES 3

gboolean
app_check_write (const EngCheckResult *result, const char *folder, const char *stem, GError **error)
{
  static const char *const suffixes[][MOST_FILES] = {
    { "stability.json", "stability.mean.npy", "stability.spread.npy" }, { "sanity.json", "sanity.npy" }
  };
  const char *id = eng_heatmap_provenance (nth (result, 0)->map)->method_id;
  GBytes *files[MOST_FILES] = { encode_record (result) };
  char *paths[MOST_FILES] = { NULL };
  gboolean written = TRUE;
  files[1] = is_sanity (result) ? encode_maps (result) : encode_map (result->mean);
  files[2] = is_sanity (result) ? NULL : encode_map (result->spread);
  for (int i = 0; i < MOST_FILES && files[i]; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s.%s.%s", stem, id, suffixes[is_sanity (result)][i]);
      paths[i] = g_build_filename (folder, name, NULL);
    }
  for (int i = 0; written && i < MOST_FILES && files[i]; i++)
    if (!(written = eng_write_atomically (paths[i], files[i], error)))
      while (i-- > 0)
        g_unlink (paths[i]);
  for (int i = 0; i < MOST_FILES; i++)
    {
      g_clear_pointer (&files[i], g_bytes_unref);
      g_free (paths[i]);
    }
  return written;
}
