/* Explainers as files: what is written is read again and answers the same; what is not an explainer of this model is
 * refused in words; where files are found. Every kind of the table that can train on a small net. */
#include "engine.h"
#include "onnx.pb-c.h"
#include "onnx/onnx.h"
#include "support.h"
#include "train/explainer-file.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  char *folder;
  EngModel *model;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  f->folder = test_tmpdir ();
  static const char *const names[] = { "scenes-cnn.onnx", "scenes-cnn.json", "scenes.txt" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *from = g_build_filename ("models", names[i], NULL), *source = test_data (from);
      g_autofree char *to = g_build_filename (f->folder, names[i], NULL), *bytes = NULL;
      gsize n;
      g_assert_true (g_file_get_contents (source, &bytes, &n, NULL)
                     && g_file_set_contents (to, bytes, (gssize)n, NULL));
    }
  g_autofree char *path = g_build_filename (f->folder, names[0], NULL);
  f->model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->model);
  test_remove_tree (f->folder);
  g_free (f->folder);
}

/* ---- making files ---- */

typedef struct
{
  const EngExplainerKind *kind;
  EngValues *values;
  EngNet *net;
  float *weights;
} Made;

static void
made_clear (Made *self)
{
  g_clear_pointer (&self->net, eng_net_free);
  g_clear_pointer (&self->values, eng_values_free);
  g_clear_pointer (&self->weights, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Made, made_clear)

/* A net whose weights are moved a little, as training does. */
static void
make_net (Made *made, EngModel *model, const EngExplainerKind *kind)
{
  g_autoptr (GError) error = NULL;
  const EngTarget *target = eng_kind_default_target (kind, model);
  made->kind = kind;
  made->values = eng_kind_values (kind, model);
  made->net = eng_net_new (model, target, made->values, 7, 1, TRUE, kind->build, &error);
  g_assert_no_error (error);
  gint64 n = eng_net_count (made->net);
  made->weights = g_new (float, n);
  eng_net_read_weights (made->net, made->weights);
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  for (gint64 i = 0; i < n; i++)
    made->weights[i] *= (float)g_rand_double_range (random, 0.9, 1.1);
  eng_net_write_weights (made->net, made->weights);
}

static GHashTable *
some_facts (void)
{
  GHashTable *facts = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (facts, "data.sha256", "00ff");
  g_hash_table_insert (facts, "data.summary", "1,200 pictures, 3 left out; 1,197 with labels of 12 classes");
  g_hash_table_insert (facts, "steps", "600");
  g_hash_table_insert (facts, "best-step", "400");
  g_hash_table_insert (facts, "score", "0.98");
  g_hash_table_insert (facts, "curve", "[[0,1.5],[400,0.2]]");
  return facts;
}

static GBytes *
read_bytes (const char *path)
{
  char *data;
  gsize n;
  g_assert_true (g_file_get_contents (path, &data, &n, NULL));
  return g_bytes_new_take (data, n);
}

/* (transfer full) */
static char *
write_named (Fixture *f, const Made *made, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) facts = some_facts ();
  char *path = g_build_filename (f->folder, name, NULL);
  g_assert_true (eng_explainer_write (made->net, made->kind, made->weights, facts, path, &error));
  g_assert_no_error (error);
  return path;
}

static const EngExplainerKind *
first_kind (EngModel *model)
{
  const EngExplainerKind *kind;
  for (guint i = 0; (kind = eng_kind_nth (i)); i++)
    if (eng_kind_can_train (kind, model, NULL, NULL))
      return kind;
  g_assert_not_reached ();
}

/* ---- what is written is read again ---- */

static void
check_answers (const Made *made, EngExplainerFile *file)
{
  g_autoptr (GError) error = NULL;
  gsize n = (gsize)eng_shape_count (&made->net->given->shape);
  g_autofree float *given = g_new (float, n);
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  for (gsize i = 0; i < n; i++)
    given[i] = (float)g_rand_double_range (random, 0, 1);
  const float *const *answer = eng_explainer_file_run (file, given, &error);
  g_assert_no_error (error);
  /* The same weights in the graph that trains, of which only what leads to the outputs is evaluated. */
  EngNet *net = made->net;
  g_autoptr (EngPass) pass = eng_pass_new (net->graph);
  for (guint i = 0; i < net->trained->len; i++)
    eng_pass_train (pass, net->trained->pdata[i]);
  for (int i = 0; i < net->n_outputs; i++)
    eng_pass_want (pass, net->outputs[i].value);
  if (net->given->kind != ENG_VALUE_INPUT)
    eng_pass_cut (pass, net->given);
  g_assert_true (eng_pass_prepare (pass, &error));
  const float *weights = made->weights;
  for (guint i = 0; i < net->trained->len; i++)
    {
      EngValue *v = net->trained->pdata[i];
      eng_pass_write (pass, v, weights);
      weights += eng_shape_count (&v->shape);
    }
  eng_pass_write (pass, net->given, given);
  eng_pass_forward (pass);
  for (int i = 0; i < net->n_outputs; i++)
    {
      const EngShape *shape = eng_explainer_file_shape (file, i);
      gsize m = (gsize)eng_shape_count (shape);
      g_autofree float *own = g_new (float, m);
      g_assert_cmpstr (eng_explainer_file_output_name (file, i), ==, net->outputs[i].name);
      eng_pass_read (pass, net->outputs[i].value, own);
      for (gsize k = 0; k < m; k++)
        g_assert_cmpfloat_with_epsilon (answer[i][k], own[k], 1e-5 * MAX (1, ABS (own[k])));
    }
}

static void
test_kinds (Fixture *f, gconstpointer data)
{
  const EngExplainerKind *kind;
  guint n = 0;
  for (guint i = 0; (kind = eng_kind_nth (i)); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Made) made = { NULL };
      if (!eng_kind_can_train (kind, f->model, NULL, NULL))
        continue;
      n++;
      g_test_message ("%s", kind->id);
      make_net (&made, f->model, kind);
      g_autofree char *path = write_named (f, &made, "a.explainer.onnx"),
                      *again = write_named (f, &made, "b.explainer.onnx");
      g_autoptr (GBytes) first = read_bytes (path), second = read_bytes (again);
      g_assert_true (g_bytes_equal (first, second));

      g_autoptr (EngExplainerFile) file = eng_explainer_file_open (path, &error);
      g_assert_no_error (error);
      g_assert_true (eng_explainer_file_kind (file) == kind);
      g_assert_cmpstr (eng_explainer_file_get (file, "steps"), ==, "600");
      g_assert_cmpstr (eng_explainer_file_get (file, "seed"), ==, "7");
      g_assert_cmpstr (eng_explainer_file_get (file, "nothing"), ==, NULL);
      g_assert_cmpstr (eng_explainer_file_setting (file, "batch"), !=, NULL);
      g_autofree char *about = eng_explainer_file_describe (file);
      g_assert_nonnull (strstr (about, "trained on 1,200 pictures, "));
      g_assert_nonnull (strstr (about, " at step 400"));
      g_autoptr (EngValues) values = eng_explainer_file_values (file, f->model, &error);
      g_autofree char *settings = eng_values_to_json (values), *wanted = eng_values_to_json (made.values);
      g_assert_cmpstr (settings, ==, wanted);

      g_assert_true (eng_explainer_file_belongs (file, f->model, &error));
      g_assert_true (eng_explainer_file_fits (file, f->model, &error));
      g_assert_no_error (error);
      g_assert_true (eng_explainer_file_target (file, f->model) == made.net->target);
      check_answers (&made, file);
    }
  g_assert_cmpuint (n, >, 0);
}

/* More files than stay in memory: those whose network went away answer again. */
static void
test_memory (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify)eng_explainer_file_unref);
  g_auto (Made) made = { NULL };
  make_net (&made, f->model, first_kind (f->model));
  for (int i = 0; i < 6; i++)
    {
      g_autofree char *name = g_strdup_printf ("%d.explainer.onnx", i), *path = write_named (f, &made, name);
      g_ptr_array_add (files, eng_explainer_file_open (path, NULL));
      check_answers (&made, files->pdata[i]);
    }
  for (guint i = 0; i < files->len; i++)
    check_answers (&made, files->pdata[i]);
}

static void
test_changed (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_auto (Made) made = { NULL };
  make_net (&made, f->model, first_kind (f->model));
  g_autofree char *path = write_named (f, &made, "a.explainer.onnx");
  g_autoptr (EngExplainerFile) file = eng_explainer_file_open (path, NULL);
  g_autofree char *digest = g_strdup (eng_explainer_file_sha256 (file));
  made.weights[0] += 1;
  g_free (write_named (f, &made, "a.explainer.onnx"));
  g_autofree float *given = g_new0 (float, eng_shape_count (&made.net->given->shape));
  g_assert_null (eng_explainer_file_run (file, given, &error));
  g_assert_nonnull (strstr (error->message, "has changed since it was opened"));
  g_autoptr (EngExplainerFile) now = eng_explainers_open (path, NULL);
  g_assert_cmpstr (eng_explainer_file_sha256 (now), !=, digest);
  g_assert_nonnull (eng_explainer_file_run (now, given, NULL));
}

/* ---- what is not an explainer of this model ---- */

/* @bytes with the metadata @key = @value; NULL: without it. */
static GBytes *
with_metadata (GBytes *bytes, const char *key, const char *value)
{
  gsize n, size;
  const guint8 *data = g_bytes_get_data (bytes, &n);
  Onnx__ModelProto *model = onnx__model_proto__unpack (NULL, n, data);
  for (gsize i = 0; i < model->n_metadata_props; i++)
    if (strcmp (model->metadata_props[i]->key, key) == 0 && value)
      {
        free (model->metadata_props[i]->value);
        model->metadata_props[i]->value = strdup (value);
      }
    else if (strcmp (model->metadata_props[i]->key, key) == 0)
      model->metadata_props[i]->key[0] = '-';
  size = onnx__model_proto__get_packed_size (model);
  guint8 *packed = g_malloc (size);
  onnx__model_proto__pack (model, packed);
  onnx__model_proto__free_unpacked (model, NULL);
  return g_bytes_new_take (packed, size);
}

/* With another name for the first output. */
static GBytes *
with_output (GBytes *bytes, const char *name)
{
  gsize n, size;
  const guint8 *data = g_bytes_get_data (bytes, &n);
  Onnx__ModelProto *model = onnx__model_proto__unpack (NULL, n, data);
  char *old = model->graph->output[0]->name;
  for (gsize i = 0; i < model->graph->n_node; i++)
    for (gsize k = 0; k < model->graph->node[i]->n_output; k++)
      if (strcmp (model->graph->node[i]->output[k], old) == 0)
        {
          free (model->graph->node[i]->output[k]);
          model->graph->node[i]->output[k] = strdup (name);
        }
  free (old);
  model->graph->output[0]->name = strdup (name);
  size = onnx__model_proto__get_packed_size (model);
  guint8 *packed = g_malloc (size);
  onnx__model_proto__pack (model, packed);
  onnx__model_proto__free_unpacked (model, NULL);
  return g_bytes_new_take (packed, size);
}

static void
assert_refused (GBytes *bytes, EngModel *model, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngExplainerFile) file = eng_explainer_file_open_bytes (bytes, "x.explainer.onnx", &error);
  if (file)
    g_assert_false (eng_explainer_file_fits (file, model, &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "x.explainer.onnx"));
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  g_auto (Made) made = { NULL };
  make_net (&made, f->model, first_kind (f->model));
  g_autofree char *path = write_named (f, &made, "a.explainer.onnx");
  g_autoptr (GBytes) sound = read_bytes (path);
  g_autofree char *deep = g_strnfill (5000, '['), *long_text = g_strnfill (2 << 20, 'a');
  const struct
  {
    const char *key, *value, *words;
  } cases[] = {
    { "sightline.kind", NULL, "is no explainer that Sightline trained" },
    { "sightline.kind", "ltx-explainer", "There is no kind of explainer “ltx-explainer”. Kinds are: " },
    { "sightline.version", NULL, "does not say of which version" },
    { "sightline.version", "-1", "does not say of which version" },
    { "sightline.version", "2", "Update Sightline" },
    { "sightline.model.sha256", NULL, "does not say to which model it belongs" },
    { "sightline.model.sha256", "00", "with other weights, not for scenes-cnn.onnx. Train one" },
    { "sightline.model.output", "other", "was trained for the output “other”" },
    { "sightline.target", "/no/such/layer", "was trained for the layer “/no/such/layer”" },
    { "sightline.target", NULL, "was trained for the layer" },
    { "sightline.settings", "{", "" },
    { "sightline.settings", "[]", "" },
    { "sightline.settings", deep, "" },
    { "sightline.settings", "{\"batch\": -4}", "batch" },
    { "sightline.settings", "{\"steps\": [1]}", "steps" },
    { "sightline.curve", long_text, "more metadata than any explainer" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) changed = with_metadata (sound, cases[i].key, cases[i].value);
      assert_refused (changed, f->model, cases[i].words);
    }
  g_autoptr (GBytes) renamed = with_output (sound, "other");
  assert_refused (renamed, f->model, "is given or answers something else");
  /* What they all were made of is taken. */
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) same = with_metadata (sound, "", NULL);
  g_autoptr (EngExplainerFile) file = eng_explainer_file_open_bytes (same, "x", &error);
  g_assert_true (file && eng_explainer_file_fits (file, f->model, &error));
  g_assert_no_error (error);
}

static void
test_cut (Fixture *f, gconstpointer data)
{
  g_auto (Made) made = { NULL };
  make_net (&made, f->model, first_kind (f->model));
  g_autofree char *path = write_named (f, &made, "a.explainer.onnx");
  g_autoptr (GBytes) sound = read_bytes (path);
  gsize n = g_bytes_get_size (sound);
  for (gsize i = 0; i < n; i = i < 64 || i + 4096 > n ? i + 1 : i + n / 50)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) part = g_bytes_new_from_bytes (sound, 0, i);
      g_autoptr (EngExplainerFile) file = eng_explainer_file_open_bytes (part, "cut.onnx", &error);
      if (file)
        g_assert_false (eng_explainer_file_fits (file, f->model, &error));
      g_assert_nonnull (error);
    }
}

static void
test_other_files (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngExplainerFile) file = eng_explainer_file_open (f->folder, &error);
  g_assert_nonnull (strstr (error->message, "is a folder"));
  g_clear_error (&error);
  file = eng_explainer_file_open (eng_model_path (f->model), &error);
  g_assert_nonnull (strstr (error->message, "is no explainer that Sightline trained"));
  g_clear_error (&error);
  g_autofree char *labels = g_build_filename (f->folder, "scenes.txt", NULL);
  file = eng_explainer_file_open (labels, &error);
  g_assert_nonnull (strstr (error->message, "is not an ONNX model"));
}

/* Sees more pixels than it was trained on. */
static void
test_other_size (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_auto (Made) made = { NULL };
  if (!eng_model_size_is_free (f->model))
    {
      g_autofree char *path = test_data ("models/scenes-vit.onnx");
      g_autoptr (EngModel) other = eng_model_open (path, NULL, &error);
      make_net (&made, f->model, first_kind (f->model));
      g_autofree char *written = write_named (f, &made, "a.explainer.onnx");
      g_autoptr (EngExplainerFile) file = eng_explainer_file_open (written, NULL);
      g_assert_false (eng_explainer_file_belongs (file, other, &error));
      g_assert_nonnull (strstr (error->message, "was trained for Sample scenes"));
      return;
    }
  g_autoptr (EngPreprocess) larger = eng_preprocess_copy (eng_model_preprocess (f->model));
  larger->width = larger->height = 2 * larger->width;
  g_autoptr (EngModel) other = eng_model_with_preprocess (f->model, larger, &error);
  g_assert_no_error (error);
  make_net (&made, f->model, first_kind (f->model));
  g_autofree char *path = write_named (f, &made, "a.explainer.onnx");
  g_autoptr (EngExplainerFile) file = eng_explainer_file_open (path, NULL);
  g_assert_false (eng_explainer_file_fits (file, other, &error));
  g_assert_nonnull (strstr (error->message, "another input size"));
  g_clear_error (&error);
  g_assert_true (eng_explainer_file_fits (file, f->model, &error));
}

/* ---- where they are found ---- */

static void
assert_found (EngModel *model, const EngExplainerKind *kind, guint n, const char *first)
{
  g_autoptr (GPtrArray) files = eng_explainers_find (model, kind);
  g_assert_cmpuint (files->len, ==, n);
  if (n > 0)
    {
      g_autofree char *name = g_path_get_basename (eng_explainer_file_path (files->pdata[0]));
      g_assert_cmpstr (name, ==, first);
    }
}

static void
set_age (const char *path, int seconds)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  guint64 then = (guint64)(g_get_real_time () / G_USEC_PER_SEC) - (guint64)seconds;
  g_assert_true (g_file_set_attribute_uint64 (file, G_FILE_ATTRIBUTE_TIME_MODIFIED, then, 0, NULL, NULL));
}

static void
test_found (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_auto (Made) made = { NULL };
  const EngExplainerKind *kind = first_kind (f->model);
  make_net (&made, f->model, kind);
  assert_found (f->model, kind, 0, NULL);
  g_autofree char *old = write_named (f, &made, "old.explainer.onnx");
  assert_found (f->model, kind, 1, "old.explainer.onnx");
  g_autofree char *new = write_named (f, &made, "new.explainer.onnx");
  set_age (old, 100);
  eng_explainers_changed ();
  assert_found (f->model, kind, 2, "new.explainer.onnx");
  /* Another name, another kind of file. */
  g_free (write_named (f, &made, "other.onnx"));
  g_autofree char *junk = g_build_filename (f->folder, "junk.explainer.onnx", NULL);
  g_assert_true (g_file_set_contents (junk, "\x08\x07junk", -1, NULL));
  assert_found (f->model, kind, 2, "new.explainer.onnx");
  /* Files that come and go without a word are seen too. */
  g_unlink (new);
  assert_found (f->model, kind, 1, "old.explainer.onnx");

  g_assert_cmpint (g_mkdir_with_parents (eng_explainers_folder (), 0700), ==, 0);
  g_autofree char *kept = g_build_filename (eng_explainers_folder (), "kept.explainer.onnx", NULL);
  g_autoptr (GHashTable) facts = some_facts ();
  g_assert_true (eng_explainer_write (made.net, kind, made.weights, facts, kept, &error));
  assert_found (f->model, kind, 2, "old.explainer.onnx");

  g_autofree char *elsewhere = g_build_filename (f->folder, "sub", NULL);
  g_assert_cmpint (g_mkdir (elsewhere, 0700), ==, 0);
  g_autofree char *named = write_named (f, &made, "sub/named.onnx");
  g_assert_true (eng_explainers_add (named, f->model, &error));
  assert_found (f->model, kind, 3, "named.onnx");
  g_autofree char *vit = test_data ("models/scenes-vit.onnx");
  g_autoptr (EngModel) other = eng_model_open (vit, NULL, NULL);
  g_autoptr (GPtrArray) shipped = eng_explainers_find (other, kind);
  g_assert_false (eng_explainers_add (named, other, &error));
  g_assert_nonnull (strstr (error->message, "was trained for Sample scenes"));
  g_autoptr (GPtrArray) still = eng_explainers_find (other, kind);
  g_assert_cmpuint (still->len, ==, shipped->len);
  for (guint i = 0; i < still->len; i++)
    g_assert_cmpstr (eng_explainer_file_path (still->pdata[i]), !=, named);
  g_unlink (kept);
}

/* ---- as methods ---- */

/* Every kind's method: not before there is an explainer; with one that lies elsewhere once it is named; what it made
 * names the file, and is another result than that of the next file. */
static void
test_methods (Fixture *f, gconstpointer data)
{
  const EngExplainerKind *kind;
  g_autoptr (GError) error = NULL;
  g_autofree char *scene = test_data ("scenes/harbour-01.png"),
                  *elsewhere = g_build_filename (f->folder, "sub", NULL);
  g_autoptr (EngImage) image = eng_image_load (scene, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_mkdir (elsewhere, 0700), ==, 0);
  guint n = 0;
  for (guint i = 0; (kind = eng_kind_nth (i)); i++)
    {
      const EngMethod *method = eng_method_find (kind->method, NULL);
      if (!method || !eng_kind_can_train (kind, f->model, NULL, NULL))
        continue;
      n++;
      g_test_message ("%s", method->id);
      g_autoptr (EngValues) values = eng_values_new (method, f->model);
      g_assert_false (eng_method_can_explain (method, f->model, NULL, &error));
      g_assert_nonnull (strstr (error->message, "Train one"));
      g_clear_error (&error);

      g_auto (Made) made = { NULL };
      make_net (&made, f->model, kind);
      g_autofree char *path = write_named (f, &made, "sub/named.onnx");
      g_autofree char *before = eng_result_key (f->model, image, method, 0, -1, NULL, values, 0);
      g_assert_true (eng_values_set_text (values, "explainer", path, &error));
      g_autoptr (EngJob) job = eng_job_new (f->model, image, method, 0, -1, NULL, eng_values_copy (values), 0);
      g_assert_true (eng_job_run (job, &error));
      g_assert_no_error (error);
      g_autoptr (EngExplainerFile) file = eng_explainer_file_open (path, NULL);
      const EngProvenance *p = eng_heatmap_provenance (eng_job_heatmap (job));
      g_assert_cmpstr (p->explainer, ==, eng_explainer_file_sha256 (file));
      g_assert_cmpstr (((EngNote *)p->notes->pdata[0])->id, ==, "explainer");
      g_autoptr (GBytes) kept = eng_heatmap_encode (eng_job_heatmap (job));
      g_autoptr (EngHeatmap) read = eng_heatmap_decode (kept, "kept", &error);
      g_assert_cmpstr (eng_heatmap_provenance (read)->explainer, ==, p->explainer);

      g_autofree char *first = eng_result_key (f->model, image, method, 0, -1, NULL, values, 0);
      made.weights[0] += 1;
      g_free (write_named (f, &made, "sub/named.onnx"));
      g_autofree char *second = eng_result_key (f->model, image, method, 0, -1, NULL, values, 0);
      g_assert_cmpstr (first, !=, second);
      g_assert_cmpstr (first, !=, before);
      g_unlink (path);
    }
  g_assert_cmpuint (n, >, 0);
}

/* The weights are there by name, as many as asked for. */
static void
test_weights (Fixture *f, gconstpointer data)
{
  g_auto (Made) made = { NULL };
  make_net (&made, f->model, first_kind (f->model));
  g_autofree char *path = write_named (f, &made, "a.explainer.onnx");
  g_autoptr (EngExplainerFile) file = eng_explainer_file_open (path, NULL);
  const float *weights = made.weights;
  guint present = 0;
  for (guint i = 0; i < made.net->trained->len; i++)
    {
      const EngValue *v = made.net->trained->pdata[i];
      gint64 n = eng_shape_count (&v->shape);
      g_autoptr (GError) error = NULL;
      g_autofree float *values = eng_explainer_file_weight (file, v->name, n, &error);
      if (values)
        {
          present++;
          g_assert_cmpmem (values, sizeof *values * (gsize)n, weights, sizeof *values * (gsize)n);
          g_assert_null (eng_explainer_file_weight (file, v->name, n + 1, NULL));
        }
      weights += n;
    }
  g_assert_cmpuint (present, >, 0);
  g_assert_null (eng_explainer_file_weight (file, "no such weight", 1, NULL));
}

int
main (int argc, char **argv)
{
  g_autofree char *home = test_tmpdir ();
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/explainer-file/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("every kind", test_kinds);
  ADD ("memory", test_memory);
  ADD ("changed", test_changed);
  ADD ("refused", test_refused);
  ADD ("cut", test_cut);
  ADD ("other files", test_other_files);
  ADD ("other size", test_other_size);
  ADD ("found", test_found);
  ADD ("methods", test_methods);
  ADD ("weights", test_weights);
  int status = g_test_run ();
  test_remove_tree (home);
  return status;
}
