/* See result.h. Everything is encoded before the first file is written. */
#include "app/commands/result.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "app/commands/command.h"
#include "ui/draw/overlay.h"
#include "ui/draw/png-file.h"

enum
{
  MAP,
  INPUT,
  PICTURE,
  RECORD,
  N_FILES
};

static const char *const suffixes[N_FILES] = { "npy", "input.npy", "png", "json" };

gboolean
app_result_prepare_folder (const char *folder, GError **error)
{
  g_autofree char *shown = g_filename_display_name (folder);
  if (g_mkdir_with_parents (folder, 0777) != 0)
    return eng_fail (error, ENG_ERROR_IO, "%s: the folder cannot be made (%s); name another with --output", shown,
                     g_strerror (errno));
  if (g_access (folder, W_OK | X_OK) != 0)
    return eng_fail (error, ENG_ERROR_IO, "%s: the folder cannot be written to (%s); name another with --output",
                     shown, g_strerror (errno));
  return TRUE;
}

char **
app_result_stems (char **paths, guint n)
{
  g_autoptr (GHashTable) taken = g_hash_table_new (g_str_hash, g_str_equal);
  char **stems = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *base = g_path_get_basename (paths[i]);
      char *dot = strrchr (base, '.');
      if (dot && dot > base)
        *dot = 0;
      stems[i] = g_strdup (base);
      for (int k = 2; g_hash_table_contains (taken, stems[i]); k++)
        {
          g_free (stems[i]);
          stems[i] = g_strdup_printf ("%s-%d", base, k);
        }
      g_hash_table_add (taken, stems[i]);
    }
  return stems;
}

static void
add_head (JsonBuilder *b, EngJob *job, const EngProvenance *p)
{
  EngModel *model = eng_job_model (job);
  EngImage *image = eng_job_image (job);
  json_builder_set_member_name (b, "model");
  json_builder_begin_object (b);
  app_json_string (b, "sha256", p->model_sha256);
  app_json_string (b, "name", p->model_name);
  app_json_string (b, "path", eng_model_path (model));
  app_json_string (b, "output", eng_model_output (model));
  json_builder_end_object (b);

  json_builder_set_member_name (b, "image");
  json_builder_begin_object (b);
  app_json_string (b, "sha256", p->image_sha256);
  app_json_string (b, "name", p->image_name);
  app_json_string (b, "path", eng_image_path (image));
  app_json_integer (b, "width", eng_image_width (image));
  app_json_integer (b, "height", eng_image_height (image));
  json_builder_end_object (b);

  app_json_string (b, "preprocessing", p->preprocessing);
  app_json_string (b, "preprocessing_origin", p->preprocessing_origin);
  json_builder_set_member_name (b, "class");
  json_builder_begin_object (b);
  app_json_integer (b, "index", p->class_index);
  app_json_string (b, "name", p->class_name);
  json_builder_end_object (b);
  app_json_number (b, "probability", p->probability);
}

/* The class that was explained away from, or null. */
static void
add_contrast (JsonBuilder *b, const EngProvenance *p)
{
  json_builder_set_member_name (b, "contrast");
  if (p->contrast_index < 0)
    {
      json_builder_add_null_value (b);
      return;
    }
  json_builder_begin_object (b);
  app_json_integer (b, "index", p->contrast_index);
  app_json_string (b, "name", p->contrast_name);
  json_builder_end_object (b);
}

/* How much was done when a person stopped it, how settled the map is, what the method measured about it. */
static void
add_quality (JsonBuilder *b, const EngProvenance *p)
{
  json_builder_set_member_name (b, "partial");
  if (p->partial)
    {
      json_builder_begin_object (b);
      app_json_integer (b, "done", p->done);
      app_json_integer (b, "total", p->total);
      app_json_string (b, "unit", p->unit);
      json_builder_end_object (b);
    }
  else
    json_builder_add_null_value (b);
  app_json_number (b, "convergence", p->convergence);
  json_builder_set_member_name (b, "notes");
  json_builder_begin_array (b);
  for (guint i = 0; i < p->notes->len; i++)
    {
      const EngNote *note = p->notes->pdata[i];
      json_builder_begin_object (b);
      app_json_string (b, "id", note->id);
      app_json_number (b, "value", note->value);
      app_json_string (b, "text", note->text);
      json_builder_end_object (b);
    }
  json_builder_end_array (b);
}

static void
add_method (JsonBuilder *b, const EngProvenance *p)
{
  JsonNode *values = p->values ? json_from_string (p->values, NULL) : NULL;
  json_builder_set_member_name (b, "method");
  json_builder_begin_object (b);
  app_json_string (b, "id", p->method_id);
  app_json_string (b, "name", p->method_name);
  json_builder_set_member_name (b, "values");
  json_builder_add_value (b, values ? values : json_node_new (JSON_NODE_NULL));
  json_builder_end_object (b);
  app_json_string (b, "layer", p->layer);
  app_json_integer (b, "seed", (gint64)p->seed);
  app_json_number (b, "seconds", p->seconds);
  json_builder_set_member_name (b, "passes");
  json_builder_begin_object (b);
  app_json_integer (b, "forward", (gint64)p->passes_forward);
  app_json_integer (b, "backward", (gint64)p->passes_backward);
  json_builder_end_object (b);
  app_json_string (b, "version", p->version);
  app_json_string (b, "kernels", p->kernels);
  if (p->explainer && *p->explainer)
    app_json_string (b, "explainer_sha256", p->explainer);
}

/* The map's grid and what the ends of the overlay's colours stand for. */
static void
add_map (JsonBuilder *b, const EngHeatmap *map, const UiScale *shown)
{
  json_builder_set_member_name (b, "map");
  json_builder_begin_object (b);
  app_json_integer (b, "channels", eng_heatmap_channels (map));
  app_json_integer (b, "rows", eng_heatmap_rows (map));
  app_json_integer (b, "cols", eng_heatmap_cols (map));
  app_json_string (b, "sign", shown->sign == ENG_SIGN_SIGNED ? "signed" : "unsigned");
  app_json_number (b, "shown_lo", shown->lo);
  app_json_number (b, "shown_hi", shown->hi);
  json_builder_set_member_name (b, "flat");
  json_builder_add_boolean_value (b, shown->flat);
  json_builder_end_object (b);
}

static void
add_trajectory (JsonBuilder *b, const EngTrajectoryStep *steps, int n)
{
  json_builder_set_member_name (b, "trajectory");
  json_builder_begin_array (b);
  for (int i = 0; i < n; i++)
    {
      json_builder_begin_object (b);
      app_json_integer (b, "step", steps[i].step);
      app_json_number (b, "loss", steps[i].loss);
      app_json_number (b, "prediction_loss", steps[i].prediction_loss);
      app_json_number (b, "mask_loss", steps[i].mask_loss);
      app_json_number (b, "inverse_loss", steps[i].inverse_loss);
      app_json_number (b, "auc", steps[i].auc);
      app_json_number (b, "target_score", steps[i].target_score);
      app_json_number (b, "mask_mean", steps[i].mask_mean);
      json_builder_end_object (b);
    }
  json_builder_end_array (b);
}

/* (transfer full) */
static char *
record_text (EngJob *job, const EngHeatmap *map, const UiScale *shown, const AppProfile *profile)
{
  const EngProvenance *p = eng_heatmap_provenance (map);
  int n = 0;
  const EngTrajectoryStep *steps = eng_heatmap_trajectory (map, &n);
  g_autoptr (JsonBuilder) b = json_builder_new ();
  json_builder_begin_object (b);
  add_head (b, job, p);
  add_contrast (b, p);
  add_method (b, p);
  add_quality (b, p);
  add_map (b, map, shown);
  if (n > 0)
    add_trajectory (b, steps, n);
  if (p->selected && *p->selected)
    app_json_string (b, "selected", p->selected);
  if (profile)
    app_profile_add_json (profile, b);
  json_builder_end_object (b);
  return app_json_text (b);
}

static GBytes *
encode_map (const EngHeatmap *map)
{
  EngShape grid = { 2, { eng_heatmap_rows (map), eng_heatmap_cols (map) } };
  EngShape volume = { 3, { eng_heatmap_channels (map), eng_heatmap_rows (map), eng_heatmap_cols (map) } };
  return eng_npy_encode (eng_heatmap_values (map), eng_heatmap_channels (map) == 1 ? &grid : &volume);
}

static gboolean
encode (EngJob *job, EngHeatmap *map, const AppProfile *profile, GBytes *files[N_FILES], GError **error)
{
  const EngGeometry *geometry = eng_heatmap_geometry (map);
  UiDisplay display;
  UiScale shown;
  ui_display_init (&display);
  g_autofree guint8 *rgb = ui_overlay_render (eng_job_image (job), map, &display, &shown, error);
  if (!rgb)
    return FALSE;
  files[PICTURE] = ui_png_encode (rgb, geometry->image_width, geometry->image_height, error);
  if (!files[PICTURE])
    return FALSE;
  g_autofree float *input = eng_heatmap_at_input (map);
  EngShape size = { 2, { geometry->input_height, geometry->input_width } };
  char *record = record_text (job, map, &shown, profile);
  files[MAP] = encode_map (map);
  files[INPUT] = eng_npy_encode (input, &size);
  files[RECORD] = g_bytes_new_take (record, strlen (record));
  return TRUE;
}

gboolean
app_result_write (EngJob *job, EngHeatmap *map, const char *folder, const char *name, const AppProfile *profile,
                  GError **error)
{
  GBytes *files[N_FILES] = { NULL };
  char *paths[N_FILES];
  gboolean written = encode (job, map, profile, files, error);
  for (int i = 0; i < N_FILES; i++)
    {
      g_autofree char *file = g_strdup_printf ("%s.%s", name, suffixes[i]);
      paths[i] = g_build_filename (folder, file, NULL);
    }
  for (int i = 0; written && i < N_FILES; i++)
    if (!eng_write_atomically (paths[i], files[i], error))
      {
        written = FALSE;
        while (i-- > 0)
          g_unlink (paths[i]);
        break;
      }
  for (int i = 0; i < N_FILES; i++)
    {
      g_clear_pointer (&files[i], g_bytes_unref);
      g_free (paths[i]);
    }
  return written;
}
