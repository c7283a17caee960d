/* See session.h. How a map is made stands beside it in the file; only the model's preprocessing is part of the
 * session's state. See sightline-session(5). */
#include "app/commands/session.h"

#include "app/commands/progress.h"
#include "app/commands/result.h"
#include "engine/values-json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of the largest value: what kernels, thread counts and compilers make of the same sums in float32. */
#define ROUNDING 1e-4

typedef struct
{
  EngSession *session;
  char *name; /* of its file, for messages */
  EngModel *model;
  const char *folder;
  GHashTable *stems;  /* path of a picture -> char* */
  GHashTable *names;  /* char* "STEM.METHOD" that were written */
  GHashTable *images; /* path of a picture -> EngImage*, NULL: it cannot be used, which was said */
  AppStatus status;
} Run;

/* ---- pictures ---- */

static EngImage *
load_picture (Run *run, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *shown = g_filename_display_name (path);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      app_complain ("%s is not there any more; put it back, or open %s in the window, choose Locate… and save it",
                    shown, run->name);
      return NULL;
    }
  EngImage *image = eng_image_load (path, &error);
  if (!image)
    app_complain ("%s", error->message);
  return image;
}

/* Decoded once for all its maps, which follow each other; (nullable). Borrowed. */
static EngImage *
find_picture (Run *run, const char *path)
{
  gpointer image = NULL;
  if (!g_hash_table_lookup_extended (run->images, path, NULL, &image))
    {
      g_hash_table_remove_all (run->images);
      image = load_picture (run, path);
      g_hash_table_insert (run->images, (gpointer)path, image);
    }
  return image;
}

static void
unref_picture (gpointer image)
{
  if (image)
    eng_image_unref (image);
}

static void
name_stems (Run *run)
{
  GPtrArray *pictures = run->session->pictures;
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  run->stems = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  for (guint i = 0; i < pictures->len; i++)
    {
      char *path = ((EngSessionPicture *)pictures->pdata[i])->path;
      if (g_hash_table_insert (run->stems, path, NULL))
        g_ptr_array_add (paths, path);
    }
  g_auto (GStrv) stems = app_result_stems ((char **)paths->pdata, paths->len);
  for (guint i = 0; i < paths->len; i++)
    g_hash_table_insert (run->stems, paths->pdata[i], g_strdup (stems[i]));
}

/* "harbour-01.ltx", then "harbour-01.ltx-2" for a copy with other parameters or another class. (transfer none) */
static const char *
take_name (Run *run, const EngSessionMap *map)
{
  const char *stem = g_hash_table_lookup (run->stems, map->picture);
  char *name = g_strdup_printf ("%s.%s", stem, map->method);
  for (int k = 2; g_hash_table_contains (run->names, name); k++)
    {
      g_free (name);
      name = g_strdup_printf ("%s.%s-%d", stem, map->method, k);
    }
  g_hash_table_add (run->names, name);
  return name;
}

/* ---- one map ---- */

/* NULL with an error when the model cannot be asked for it. (transfer full) */
static EngJob *
make_job (Run *run, const EngSessionMap *map, EngImage *image, GError **error)
{
  int n = eng_model_n_classes (run->model);
  const EngMethod *method = eng_method_find (map->method, error);
  g_autoptr (JsonNode) node = method ? eng_json_parse (map->values, -1, run->name, error) : NULL;
  if (!node)
    return NULL;
  EngJson json = { json_node_get_object (node), run->name, "maps.values." };
  g_autoptr (EngValues) values = eng_values_new (method, run->model);
  if (!eng_values_read (values, &json, error))
    return NULL;
  g_autoptr (GPtrArray) layers = eng_method_find_layers (method, run->model, map->layer, values, error);
  if (!layers)
    return NULL;
  if (map->class_index >= n || map->contrast >= n || (map->contrast >= 0 && map->contrast == map->class_index)
      || (map->contrast >= 0 && !(method->allows & ENG_ALLOWS_CONTRAST)))
    {
      eng_fail (error, ENG_ERROR_ARGUMENT,
                "%s: %s is asked for class %d rather than %d, which this model (%d classes) "
                "cannot answer. Open the session in its window and save it again.",
                run->name, method->name, map->class_index, map->contrast, n);
      return NULL;
    }
  return eng_job_new (run->model, image, method, map->class_index, map->contrast, map->layer,
                      g_steal_pointer (&values), map->seed);
}

/* Where a person chose another step of a trajectory than the method, that one. (transfer full) */
static EngHeatmap *
result_of (EngJob *job, const EngHeatmap *own)
{
  EngHeatmap *map = eng_job_heatmap (job);
  const char *selected = own ? eng_heatmap_provenance (own)->selected : NULL;
  int steps = 0, step = own ? eng_heatmap_kept_step (own) : -1;
  eng_heatmap_trajectory (map, &steps);
  if (selected && g_str_has_suffix (selected, ENG_CHOSEN_BY_HAND) && step >= 0 && step < steps)
    return eng_heatmap_at_step (map, step);
  return eng_heatmap_ref (map);
}

/* Largest difference, in shares of the largest value of @own; infinite where it has no such value. */
static double
difference (const EngHeatmap *map, const EngHeatmap *own)
{
  gsize n = (gsize)eng_heatmap_channels (own) * (gsize)eng_heatmap_rows (own) * (gsize)eng_heatmap_cols (own);
  const float *a = eng_heatmap_values (map), *b = eng_heatmap_values (own);
  double most = 0, largest = 0;
  for (gsize i = 0; i < n; i++)
    {
      gboolean same = memcmp (&a[i], &b[i], sizeof *a) == 0;
      double d = same ? 0 : fabs ((double)a[i] - b[i]);
      most = isnan (d) ? INFINITY : MAX (most, d);
      largest = isfinite (b[i]) ? MAX (largest, fabs (b[i])) : largest;
    }
  return most == 0 ? 0 : largest > 0 ? most / largest : INFINITY;
}

/* How @map stands to what the session holds. (transfer full) */
static char *
compare (Run *run, const EngHeatmap *map, const EngSessionMap *recipe)
{
  const EngHeatmap *own = recipe->map;
  if (!own)
    return g_strdup ("made; the session does not hold its values");
  const EngProvenance *made = eng_heatmap_provenance (own);
  if (recipe->progress < 1 || made->partial)
    return g_strdup ("made whole; the session holds what there was when it was stopped");
  if (eng_heatmap_channels (map) != eng_heatmap_channels (own) || eng_heatmap_rows (map) != eng_heatmap_rows (own)
      || eng_heatmap_cols (map) != eng_heatmap_cols (own))
    {
      run->status = APP_FAILED;
      return g_strdup_printf ("DIFFERS from the session's: %d × %d instead of %d × %d cells", eng_heatmap_cols (map),
                              eng_heatmap_rows (map), eng_heatmap_cols (own), eng_heatmap_rows (own));
    }
  double most = difference (map, own);
  if (most == 0)
    return g_strdup ("identical to the session's");
  if (most <= ROUNDING)
    return g_strdup_printf ("equal to the session's up to rounding: at most %.1g of its largest value", most);
  run->status = APP_FAILED;
  return g_strdup_printf ("DIFFERS from the session's by up to %.3g of its largest value%s%s", most,
                          g_strcmp0 (made->version, ENG_VERSION) ? "; made by version " : "",
                          g_strcmp0 (made->version, ENG_VERSION) ? made->version : "");
}

static gboolean
explain (Run *run, const EngSessionMap *recipe, EngImage *image, const char *label, GError **error)
{
  g_autoptr (EngJob) job = make_job (run, recipe, image, error);
  if (!job || !app_progress_run (job, label, error))
    return FALSE;
  g_autoptr (EngHeatmap) map = result_of (job, recipe->map);
  const char *name = take_name (run, recipe);
  if (!app_result_write (job, map, run->folder, name, NULL, error))
    return FALSE;
  g_autofree char *words = eng_heatmap_provenance (map)->partial
                               ? g_strdup ("stopped before its end; what was done is kept")
                               : compare (run, map, recipe);
  printf ("%s: %s\n", name, words);
  fflush (stdout);
  return TRUE;
}

/* ---- all ---- */

/* The one that the session's maps were made with has the digest @was; @what: "model", "picture". */
static void
check_digest (Run *run, const char *path, const char *was, const char *now)
{
  if (!was || !*was || strcmp (was, now) == 0)
    return;
  g_autofree char *shown = g_filename_display_name (path);
  app_complain (
      "%s changed since %s was saved (SHA-256 %.12s…, then %.12s…); its maps are made of what is there now: "
      "put the old file back for the same maps",
      shown, run->name, now, was);
  run->status = APP_FAILED;
}

/* What the file says about a picture; the map's own record is the closer witness. */
static const char *
digest_of (Run *run, const EngSessionMap *map)
{
  if (map->map)
    return eng_heatmap_provenance (map->map)->image_sha256;
  for (guint i = 0; i < run->session->pictures->len; i++)
    {
      const EngSessionPicture *picture = run->session->pictures->pdata[i];
      if (g_str_equal (picture->path, map->picture))
        return picture->sha256;
    }
  return NULL;
}

static void
explain_maps (Run *run, GPtrArray *maps)
{
  const char *last = NULL;
  for (guint i = 0; i < maps->len && !app_interrupted (); i++)
    {
      const EngSessionMap *map = maps->pdata[i];
      g_autoptr (GError) error = NULL;
      EngImage *image = find_picture (run, map->picture);
      g_autofree char *label = g_strdup_printf ("%u/%u %s", i + 1, maps->len, map->method);
      if (image && g_strcmp0 (last, map->picture))
        check_digest (run, map->picture, digest_of (run, map), eng_image_sha256 (image));
      last = map->picture;
      if (image && (explain (run, map, image, label, &error) || app_interrupted ()))
        continue;
      if (error)
        app_complain ("%s", error->message);
      run->status = APP_FAILED;
    }
}

static int
compare_pictures (gconstpointer a, gconstpointer b, gpointer places)
{
  const EngSessionMap *x = *(EngSessionMap *const *)a, *y = *(EngSessionMap *const *)b;
  guint i = GPOINTER_TO_UINT (g_hash_table_lookup (places, x->picture));
  guint k = GPOINTER_TO_UINT (g_hash_table_lookup (places, y->picture));
  return i < k ? -1 : i > k;
}

/* Maps of other programs came into the session from outside: nothing here makes them. */
static gboolean
is_wanted (const EngSessionMap *map, gboolean all)
{
  return (all || map->shown) && g_strcmp0 (map->method, ENG_IMPORTED_METHOD) != 0;
}

/* (transfer container): EngSessionMap*, picture by picture. Files that do not say what was shown: all. */
static GPtrArray *
choose_maps (const EngSession *session, gboolean all)
{
  GPtrArray *maps = g_ptr_array_new ();
  g_autoptr (GHashTable) places = g_hash_table_new (g_str_hash, g_str_equal);
  gboolean says = FALSE;
  for (guint i = 0; i < session->pictures->len; i++)
    g_hash_table_insert (places, ((EngSessionPicture *)session->pictures->pdata[i])->path, GUINT_TO_POINTER (i));
  for (guint i = 0; i < session->maps->len; i++)
    says |= ((EngSessionMap *)session->maps->pdata[i])->shown;
  for (guint i = 0; i < session->maps->len; i++)
    if (is_wanted (session->maps->pdata[i], all || !says))
      g_ptr_array_add (maps, session->maps->pdata[i]);
  g_ptr_array_sort_with_data (maps, compare_pictures, places); /* GLib's keeps the order of equals */
  return maps;
}

static gboolean
open_model (Run *run, GError **error)
{
  const EngSession *session = run->session;
  if (!session->model)
    return eng_fail (error, ENG_ERROR_ARGUMENT,
                     "%s was saved without a model; open one in its window and save it again", run->name);
  g_autofree char *shown = g_filename_display_name (session->model);
  if (!g_file_test (session->model, G_FILE_TEST_EXISTS))
    return eng_fail (error, ENG_ERROR_IO,
                     "%s is not there any more; put it back, or open %s in the window, choose Locate… and save it",
                     shown, run->name);
  g_autoptr (EngModel) model = app_open_model (session->model, session->model_output);
  if (!model)
    return FALSE;
  check_digest (run, session->model, session->model_sha256, eng_model_sha256 (model));
  run->model = eng_session_prepare_model (session, model, run->name, error);
  return run->model != NULL;
}

AppStatus
app_session_explain (const char *path, const char *folder, gboolean all_maps)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngSession) session = eng_session_load (path, &error);
  g_autofree char *name = g_filename_display_basename (path);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) images = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, unref_picture);
  Run run = { session, name, NULL, folder, NULL, names, images, APP_OK };
  if (session && open_model (&run, &error) && app_result_prepare_folder (folder, &error))
    {
      g_autoptr (GPtrArray) maps = choose_maps (session, all_maps);
      name_stems (&run);
      if (maps->len == 0)
        eng_fail (&error, ENG_ERROR_ARGUMENT, "%s shows no maps; tick a method in its window and save it again",
                  name);
      explain_maps (&run, maps);
    }
  else
    run.status = APP_FAILED;
  if (error)
    {
      app_complain ("%s", error->message);
      run.status = APP_FAILED;
    }
  g_clear_pointer (&run.stems, g_hash_table_unref);
  g_clear_object (&run.model);
  return run.status;
}
