/* Pictures to train on: what is found and what is left out and why, labels from folders, lists and tables, views and
 * answers against the model's own, the kept file used again and never believed, stopping, and a full disk. */
#include "engine.h"

#include "support.h"
#include "train/data.h"

#include <glib/gstdio.h>
#include <png.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static EngModel *model; /* scenes-cnn */

typedef struct
{
  char *folder;
  EngTrainSource source;
} Fixture;

static void
set_up (Fixture *f, gconstpointer unused)
{
  f->folder = test_tmpdir ();
  f->source = (EngTrainSource){ .path = f->folder };
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  test_remove_tree (f->folder);
  g_free (f->folder);
}

/* ---- files ---- */

/* (transfer full); its folder is made */
static char *
below (const Fixture *f, const char *name)
{
  char *path = g_build_filename (f->folder, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  return path;
}

/* Stripes that differ with @kind. */
static void
write_picture (const Fixture *f, const char *name, int width, int height, int kind)
{
  g_autofree char *path = below (f, name);
  g_autofree guint8 *rgb = g_new (guint8, (gsize)3 * width * height);
  for (int i = 0; i < 3 * width * height; i++)
    rgb[i] = (guint8)((i / 3 % width * (kind + 2) + i / 3 / width * 5 + i % 3 * 60 * kind) * 3);
  png_image image = { .version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB };
  image.width = (png_uint_32)width;
  image.height = (png_uint_32)height;
  g_assert_true (png_image_write_to_file (&image, path, 0, rgb, 0, NULL));
}

/* A picture that is large in its header and has no pixels. */
static void
write_header (const Fixture *f, const char *name, png_uint_32 side)
{
  g_autofree char *path = below (f, name);
  FILE *file = g_fopen (path, "wb");
  png_structp png = png_create_write_struct (PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct (png);
  g_assert_false (setjmp (png_jmpbuf (png)));
  png_init_io (png, file);
  png_set_IHDR (png, info, side, side, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                PNG_FILTER_TYPE_DEFAULT);
  png_write_info (png, info);
  png_destroy_write_struct (&png, &info);
  g_assert_cmpint (fclose (file), ==, 0);
}

static void
write_text (const Fixture *f, const char *name, const char *text, gssize length)
{
  g_autofree char *path = below (f, name);
  g_assert_true (g_file_set_contents (path, text, length, NULL));
}

static void
write_some (const Fixture *f, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("p%02u.png", i);
      write_picture (f, name, 90 + 7 * (int)i, 60, (int)i);
    }
}

static EngTrainData *
prepare (const Fixture *f, const char *cache)
{
  g_autoptr (GError) error = NULL;
  EngTrainData *data = eng_train_data_new (model, &f->source, cache, NULL, NULL, &error);
  g_assert_no_error (error);
  return data;
}

static void
assert_refused (const Fixture *f, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngTrainData) data = eng_train_data_new (model, &f->source, NULL, NULL, NULL, &error);
  g_assert_null (data);
  g_assert_nonnull (error);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("“%s” is not like “%s”", error->message, pattern);
}

static void
assert_skipped (const EngTrainData *data, const char *const *patterns)
{
  const GPtrArray *skipped = eng_train_data_skipped (data);
  for (guint i = 0; i < skipped->len && patterns[i]; i++)
    if (!g_pattern_match_simple (patterns[i], skipped->pdata[i]))
      g_error ("“%s” is not like “%s”", (char *)skipped->pdata[i], patterns[i]);
  g_assert_cmpuint (skipped->len, ==, g_strv_length ((char **)patterns));
}

static void
assert_summary (const EngTrainData *data, const char *expected)
{
  g_autofree char *text = eng_train_data_summary (data);
  g_assert_cmpstr (text, ==, expected);
}

/* @classes: labels of the model between semicolons. */
static void
assert_classes (const EngTrainData *data, guint i, const char *name, const char *classes)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (const int *c = eng_train_data_classes (data, i); *c >= 0; c++)
    g_string_append_printf (text, "%s%s", text->len ? ";" : "", eng_model_label (model, *c));
  g_assert_cmpstr (eng_train_data_name (data, i), ==, name);
  g_assert_cmpstr (text->str, ==, classes);
}

/* ---- folders ---- */

static void
test_mixed_folder (Fixture *f, gconstpointer unused)
{
  g_autofree char *whole = NULL;
  gsize length;
  write_some (f, 20);
  write_picture (f, "sub/deep/q.png", 40, 40, 3);
  write_picture (f, "tiny.png", 3, 3, 1);
  write_picture (f, ".hidden/r.png", 40, 40, 3);
  write_text (f, "notes.txt", "no picture", -1);
  write_text (f, "empty.png", "", 0);
  write_text (f, "text.jpg", "no picture either", -1);
  g_autofree char *first = below (f, "p00.png");
  g_assert_true (g_file_get_contents (first, &whole, &length, NULL));
  write_text (f, "cut.png", whole, (gssize)length / 2);
  write_header (f, "huge.png", 30000);
  g_autofree char *pipe = below (f, "pipe.png"), *circle = below (f, "sub/circle");
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_cmpint (symlink (f->folder, circle), ==, 0);

  g_autoptr (EngTrainData) data = prepare (f, NULL);
  g_assert_cmpuint (eng_train_data_count (data), ==, 21);
  assert_skipped (data, (const char *[]){ "cut.png: *", "empty.png: it is empty*", "huge.png: *",
                                          "notes.txt: not named like a picture", "pipe.png: a device or a pipe",
                                          "text.jpg: it is not a picture*", "tiny.png: 3 × 3: fewer pixels*", NULL });
  assert_summary (data, "21 pictures, 7 left out");
  g_assert_cmpuint (eng_train_data_labelled (data), ==, 0);
  assert_classes (data, 0, "p00.png", "");
  assert_classes (data, 20, "sub/deep/q.png", "");
}

static void
test_values (Fixture *f, gconstpointer unused)
{
  write_some (f, 19); /* two batches and a rest */
  EngPreprocess *p = eng_model_preprocess (model);
  int k = eng_model_n_classes (model);
  f->source.frozen = eng_model_default_target (model)->name;
  gsize view_size = (gsize)3 * p->height * p->width;
  g_autoptr (EngProbe) probe = eng_probe_new_alone (model, 0);
  eng_probe_want (probe, f->source.frozen);
  gsize size = eng_probe_size (probe, f->source.frozen);
  g_autofree float *pixels = g_new (float, view_size), *input = g_new (float, view_size);

  g_autoptr (EngTrainData) data = prepare (f, NULL);
  g_assert_cmpuint (eng_train_data_count (data), ==, 19);
  g_assert_cmpuint (eng_train_data_frozen_size (data), ==, size);
  for (guint i = 0; i < 19; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = below (f, eng_train_data_name (data, i));
      g_autoptr (EngImage) image = eng_image_load (path, &error);
      g_autofree guint8 *view = eng_preprocess_view (p, image, &error);
      g_assert_cmpmem (eng_train_data_view (data, i), view_size, view, view_size);
      eng_preprocess_pixels (p, view, pixels);
      eng_preprocess_normalise (p, pixels, input);
      const float *const inputs[] = { input };
      const EngProbeItem *item = eng_probe_one (probe, inputs, &error);
      g_assert_no_error (error);
      g_assert_cmpfloat (test_max_rel (eng_train_data_logits (data, i), item->logits, (gsize)k), <, 1e-5);
      g_assert_cmpfloat (test_max_rel (eng_train_data_frozen (data, i), item->values[0], size), <, 1e-5);
      int predicted = eng_train_data_predicted (data, i);
      for (int c = 0; c < k; c++)
        g_assert_cmpfloat (item->logits[c], <=, item->logits[predicted] + 1e-4);
    }
}

static void
test_no_such_value (Fixture *f, gconstpointer unused)
{
  write_some (f, 2);
  f->source.frozen = "no/such/value";
  assert_refused (f, "* has no value called no/such/value*");
}

static void
test_few (Fixture *f, gconstpointer unused)
{
  assert_refused (f, "*has no picture that can be used, and training needs at least two.");
  write_text (f, "text.png", "no picture", -1);
  assert_refused (f, "*has no picture that can be used*One was left out. text.png: it is not a picture*");
  write_picture (f, "one.png", 50, 50, 1);
  assert_refused (f, "*has one picture that can be used*One was left out. text.png: *");
  write_text (f, "more.png", "no picture", -1);
  assert_refused (f, "*has one picture that can be used*2 were left out; the first: more.png: *");
  write_picture (f, "two.png", 50, 50, 2);
  f->source.most = 1;
  assert_refused (f, "*training needs at least two*");
  f->source = (EngTrainSource){ .path = "/no/such/folder" };
  assert_refused (f, "folder cannot be opened*");
}

/* ---- labels ---- */

static void
test_class_folders (Fixture *f, gconstpointer unused)
{
  write_picture (f, "train/Lighthouse/near/a.png", 50, 50, 1);
  write_picture (f, "train/sailboat/b.png", 50, 50, 2);
  write_picture (f, "train/sailboat/c.png", 50, 50, 3);
  write_picture (f, "train/zebra/d.png", 50, 50, 4);
  g_autoptr (EngTrainData) data = prepare (f, NULL);
  assert_classes (data, 0, "train/Lighthouse/near/a.png", "lighthouse");
  assert_classes (data, 1, "train/sailboat/b.png", "sailboat");
  assert_classes (data, 3, "train/zebra/d.png", "");
  assert_summary (data,
                  "4 pictures; 3 with labels of 2 classes; 1 in a folder that is called after no class, such as "
                  "“train/zebra”");
  /* One picture outside: folders are just folders. */
  write_picture (f, "e.png", 50, 50, 4);
  g_autoptr (EngTrainData) loose = prepare (f, NULL);
  g_assert_cmpuint (eng_train_data_labelled (loose), ==, 0);
  assert_summary (loose, "5 pictures");
}

/* Masks of objects lie beside the pictures that they are of; another folder of that name is one of pictures. */
static void
test_masks (Fixture *f, gconstpointer unused)
{
  write_some (f, 2);
  write_picture (f, "more/p00.v2.png", 60, 60, 3);
  write_picture (f, "masks/p00.png", 90, 60, 4);
  write_picture (f, "masks/p01.kettle.png", 97, 60, 5);
  write_picture (f, "masks/other.png", 60, 60, 6);
  write_picture (f, "more/masks/p00.v2.2.png", 60, 60, 7);
  write_picture (f, "cats/masks/p00.png", 60, 60, 8);
  g_autoptr (EngTrainData) data = prepare (f, NULL);
  assert_skipped (data,
                  (const char *const[]){ "masks/p00.png: the mask of an object in p00",
                                         "masks/p01.kettle.png: the mask of an object in p01",
                                         "more/masks/p00.v2.2.png: the mask of an object in more/p00.v2", NULL });
  assert_summary (data, "5 pictures, 3 left out");
  g_assert_cmpstr (eng_train_data_name (data, 0), ==, "cats/masks/p00.png");
  g_assert_cmpstr (eng_train_data_name (data, 1), ==, "masks/other.png");
}

static void
test_one_class (Fixture *f, gconstpointer unused)
{
  write_picture (f, "fish/a.png", 50, 50, 1);
  write_picture (f, "fish/b.png", 50, 50, 2);
  g_autoptr (EngTrainData) data = prepare (f, NULL);
  assert_summary (data, "2 pictures; 2 with labels of 1 class");
}

static void
test_list (Fixture *f, gconstpointer unused)
{
  write_some (f, 3);
  write_picture (f, "sub/q.png", 40, 40, 3);
  write_text (
      f, "sub/list.csv",
      "path,label\n../p02.png,fish;sailboat;fish\n\nq.png,zebra\n../p00.png,3\ngone.png,fish\n../p02.png,car\n"
      "../p01.png\n",
      -1);
  g_autofree char *list = below (f, "sub/list.csv");
  f->source.path = list;
  g_autoptr (EngTrainData) data = prepare (f, NULL);
  assert_classes (data, 0, "../p00.png", eng_model_label (model, 3));
  assert_classes (data, 1, "../p01.png", "");
  assert_classes (data, 2, "../p02.png", "fish;sailboat");
  assert_classes (data, 3, "q.png", "");
  assert_skipped (data, (const char *[]){ "../p02.png: listed twice", "gone.png: No such file*", NULL });
  assert_summary (data,
                  "4 pictures, 2 left out; 2 with labels of 3 classes; 1 with a label that is no class, such as "
                  "“zebra”");
  f->source.labels = list;
  assert_refused (f, "list.csv is a list, which has its labels*");
}

static void
test_labels (Fixture *f, gconstpointer unused)
{
  g_autofree char *labels = below (f, "labels.csv");
  write_some (f, 2);
  write_picture (f, "a/q.png", 40, 40, 3);
  write_picture (f, "b/q.png", 40, 40, 4);
  f->source.labels = labels;
  assert_refused (f, "labels.csv cannot be opened*");
  write_text (f, "labels.csv", "name,label\np00.png,fish\na/q.png,car;fish\nelsewhere/p01.png,cactus\n", -1);
  g_autoptr (EngTrainData) data = prepare (f, NULL);
  g_assert_cmpuint (eng_train_data_skipped (data)->len, ==, 0);
  assert_classes (data, 0, "a/q.png", "car;fish");
  assert_classes (data, 1, "b/q.png", "car;fish"); /* the only q.png that has a label */
  assert_classes (data, 2, "p00.png", "fish");
  assert_classes (data, 3, "p01.png", "cactus");
  write_text (f, "labels.csv", "a/q.png,car\nx/q.png,fish\n", -1);
  g_autoptr (EngTrainData) shared = prepare (f, NULL);
  assert_classes (shared, 0, "a/q.png", "car");
  assert_classes (shared, 1, "b/q.png", "");

  write_text (f, "labels.csv", "p00.png,zebra\np01.png,gnu\n", -1);
  assert_refused (f, "labels.csv: no label is a class of *. The first is “zebra”; a class is called “lighthouse”.");
  write_text (f, "labels.csv", "other.png,fish\n", -1);
  assert_refused (f, "labels.csv names none of the pictures.*such as a/q.png.");
  write_text (f, "labels.csv", "name,label\n,fish\n", -1);
  assert_refused (f, "labels.csv: line 2 has no name*");
  write_text (f, "labels.csv", "\xff\xfe\x01", -1);
  assert_refused (f, "labels.csv*");
}

/* ---- the same again ---- */

static void
assert_same (const EngTrainData *a, const EngTrainData *b)
{
  EngPreprocess *p = eng_model_preprocess (model);
  gsize view = (gsize)3 * p->height * p->width, k = sizeof (float) * (gsize)eng_model_n_classes (model);
  gsize frozen = sizeof (float) * eng_train_data_frozen_size (a);
  g_assert_cmpuint (eng_train_data_count (a), ==, eng_train_data_count (b));
  g_assert_cmpuint (frozen, ==, sizeof (float) * eng_train_data_frozen_size (b));
  for (guint i = 0; i < eng_train_data_count (a); i++)
    {
      g_assert_cmpstr (eng_train_data_name (a, i), ==, eng_train_data_name (b, i));
      g_assert_cmpmem (eng_train_data_view (a, i), view, eng_train_data_view (b, i), view);
      g_assert_cmpmem (eng_train_data_logits (a, i), k, eng_train_data_logits (b, i), k);
      if (frozen)
        g_assert_cmpmem (eng_train_data_frozen (a, i), frozen, eng_train_data_frozen (b, i), frozen);
      g_assert_cmpint (eng_train_data_predicted (a, i), ==, eng_train_data_predicted (b, i));
    }
  g_assert_cmpstr (eng_train_data_sha256 (a), ==, eng_train_data_sha256 (b));
}

static void
test_chosen (Fixture *f, gconstpointer unused)
{
  write_some (f, 30);
  f->source.most = 10;
  g_autoptr (EngTrainData) one = prepare (f, NULL), again = prepare (f, NULL);
  f->source.seed = 1;
  g_autoptr (EngTrainData) other = prepare (f, NULL);
  g_assert_cmpuint (eng_train_data_count (one), ==, 10);
  assert_same (one, again);
  g_assert_cmpstr (eng_train_data_sha256 (one), !=, eng_train_data_sha256 (other));
  for (guint i = 1; i < 10; i++)
    g_assert_cmpstr (eng_train_data_name (one, i - 1), <, eng_train_data_name (one, i));
}

/* The digest is that of the pictures and their labels, not of where they lie. */
static void
test_digest (Fixture *f, gconstpointer unused)
{
  Fixture other = { test_tmpdir (), { 0 } };
  other.source.path = other.folder;
  write_some (f, 3);
  write_some (&other, 3);
  g_autoptr (EngTrainData) here = prepare (f, NULL), there = prepare (&other, NULL);
  assert_same (here, there);
  write_text (&other, "labels.csv", "p01.png,fish\n", -1);
  g_autofree char *labels = below (&other, "labels.csv");
  other.source.labels = labels;
  g_autoptr (EngTrainData) labelled = prepare (&other, NULL);
  g_assert_cmpstr (eng_train_data_sha256 (here), !=, eng_train_data_sha256 (labelled));
  other.source.labels = NULL;
  write_picture (&other, "p01.png", 97, 60, 9);
  g_autoptr (EngTrainData) changed = prepare (&other, NULL);
  g_assert_cmpstr (eng_train_data_sha256 (here), !=, eng_train_data_sha256 (changed));
  tear_down (&other, NULL);
}

typedef struct
{
  guint calls, done, total, stop_after;
} Steps;

static gboolean
count_step (guint done, guint total, gpointer data, GError **error)
{
  Steps *steps = data;
  g_assert_cmpuint (done, >, steps->done);
  steps->calls++;
  steps->done = done;
  steps->total = total;
  if (steps->calls == steps->stop_after)
    g_set_error_literal (error, ENG_ERROR, ENG_ERROR_CANCELLED, "enough");
  return steps->calls != steps->stop_after;
}

static guint
count_files (const char *folder)
{
  guint n = 0;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  while (dir && g_dir_read_name (dir))
    n++;
  return n;
}

static void
test_stopped (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *cache = test_tmpdir ();
  Steps steps = { .stop_after = 2 };
  write_some (f, 60);
  g_assert_null (eng_train_data_new (model, &f->source, cache, count_step, &steps, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_CANCELLED);
  g_assert_cmpuint (steps.done, ==, 16);
  g_assert_cmpuint (steps.total, ==, 60);
  g_assert_cmpuint (count_files (cache), ==, 0);
  test_remove_tree (cache);
}

/* (transfer full) the one file */
static char *
kept_file (const char *cache)
{
  g_autoptr (GDir) dir = g_dir_open (cache, 0, NULL);
  char *path = g_build_filename (cache, g_dir_read_name (dir), NULL);
  g_assert_null (g_dir_read_name (dir));
  return path;
}

/* How many pictures had to be prepared. */
static guint
prepare_again (const Fixture *f, const char *cache, const EngTrainData *expected)
{
  g_autoptr (GError) error = NULL;
  Steps steps = { 0 };
  g_autoptr (EngTrainData) data = eng_train_data_new (model, &f->source, cache, count_step, &steps, &error);
  g_assert_no_error (error);
  assert_same (data, expected);
  g_assert_cmpuint (eng_train_data_skipped (data)->len, ==, 1);
  return steps.done;
}

static void
test_kept (Fixture *f, gconstpointer unused)
{
  g_autofree char *outer = test_tmpdir (), *cache = g_build_filename (outer, "a", "b", NULL);
  write_some (f, 10);
  write_text (f, "text.png", "no picture", -1);
  f->source.frozen = eng_model_default_target (model)->name;
  g_autoptr (EngTrainData) data = prepare (f, cache), plain = prepare (f, NULL);
  assert_same (data, plain);
  g_assert_cmpuint (prepare_again (f, cache, data), ==, 0);

  g_autofree char *path = kept_file (cache), *whole = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (path, &whole, &size, NULL));
  /* Cut, grown, or with one bit changed: in the header, a picture, the notes. Made anew, the same bytes. */
  for (int i = 0; i < 9; i++)
    {
      const gsize places[] = { 3, 20, 100, 150, 190, 5000, size - 5 };
      g_autofree char *broken = g_malloc0 (size + 1);
      memcpy (broken, whole, size);
      if (i < 7)
        broken[places[i]] ^= 4;
      g_assert_true (g_file_set_contents (path, broken,
                                          (gssize)(i == 7   ? size / 2
                                                   : i == 8 ? size + 1
                                                            : size),
                                          NULL));
      g_assert_cmpuint (prepare_again (f, cache, data), ==, 11);
      g_autofree char *now = NULL;
      gsize length;
      g_assert_true (g_file_get_contents (path, &now, &length, NULL));
      g_assert_cmpmem (now, length, whole, size);
    }
  /* A picture that has changed, and another value that is kept, are other files. */
  f->source.frozen = NULL;
  g_autoptr (EngTrainData) bare = prepare (f, cache);
  g_assert_cmpuint (count_files (cache), ==, 2);
  write_picture (f, "p03.png", 30, 30, 5);
  g_autoptr (EngTrainData) changed = prepare (f, cache);
  g_assert_cmpuint (count_files (cache), ==, 3);
  g_assert_cmpstr (eng_train_data_sha256 (bare), !=, eng_train_data_sha256 (changed));
  test_remove_tree (outer);
}

/* A folder is in the way of the kept file; the cache is a file. */
static void
test_cannot_keep (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  write_some (f, 2);
  write_text (f, "cache", "", 0);
  g_autofree char *cache = below (f, "cache");
  g_assert_null (eng_train_data_new (model, &f->source, cache, NULL, NULL, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_IO);
  g_assert_nonnull (strstr (error->message, cache));
}

/* In a process of its own: no file may be larger than 100 kB. */
static void
test_full_disk (Fixture *f, gconstpointer unused)
{
  if (g_test_subprocess ())
    {
      const struct rlimit limit = { 100000, 100000 };
      g_autoptr (GError) error = NULL;
      g_autofree char *cache = test_tmpdir ();
      write_some (f, 10);
      signal (SIGXFSZ, SIG_IGN);
      g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
      g_assert_null (eng_train_data_new (model, &f->source, cache, NULL, NULL, &error));
      g_assert_error (error, ENG_ERROR, ENG_ERROR_IO);
      g_assert_cmpuint (count_files (cache), ==, 0);
      g_print ("%s\n", error->message);
      test_remove_tree (cache);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stdout ("*10 prepared pictures take * Make room there, or take fewer pictures.*");
}

static void
add (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_test_init (&argc, &argv, NULL);
  g_autofree char *path = test_data ("models/scenes-cnn.onnx");
  model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  add ("/train-data/mixed-folder", test_mixed_folder);
  add ("/train-data/values", test_values);
  add ("/train-data/no-such-value", test_no_such_value);
  add ("/train-data/few", test_few);
  add ("/train-data/class-folders", test_class_folders);
  add ("/train-data/masks", test_masks);
  add ("/train-data/one-class", test_one_class);
  add ("/train-data/list", test_list);
  add ("/train-data/labels", test_labels);
  add ("/train-data/chosen", test_chosen);
  add ("/train-data/digest", test_digest);
  add ("/train-data/stopped", test_stopped);
  add ("/train-data/kept", test_kept);
  add ("/train-data/cannot-keep", test_cannot_keep);
  add ("/train-data/full-disk", test_full_disk);
  int status = g_test_run ();
  g_object_unref (model);
  return status;
}
