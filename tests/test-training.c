/* The trainer, on a kind of explainer so small that what it should learn is known: a 1x1 convolution whose mean mask
 * is to match a number that the class gives. Resuming, parts, schedules, checkpoints, pausing, bad ends. */
#include "engine.h"
#include "support.h"
#include "toy-nets.h"
#include "train/checkpoint.h"
#include "train/training.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define SIZE 16
#define PICTURES 14

static const Toy cnn = { TOY_CNN, 3, SIZE };

/* ---- the kind ---- */

typedef struct
{
  EngValue *goal, *mask;
} Own;

static gboolean
build (EngNet *net, GError **error)
{
  Own *own = net->own = g_new0 (Own, 1);
  EngShape one = ENG_SHAPE (net->batch, 1, 1, 1);
  net->free_own = g_free;
  own->goal = eng_net_input (net, "goal", &one);
  net->given = eng_net_input (net, "input", &eng_graph_image (net->source)->shape);
  own->mask = eng_net_op (net, error, "Sigmoid", eng_net_conv (net, "head", net->given, 1, 1, 4, 1, error), NULL);
  EngValue *mean = eng_net_reduce (net, "ReduceMean", own->mask, (int64_t[]){ 2, 3 }, 2, TRUE, error);
  EngValue *off = eng_net_op (net, error, "Sub", mean, own->goal);
  net->loss = eng_net_reduce (net, "ReduceMean", eng_net_op (net, error, "Mul", off, off), NULL, 0, FALSE, error);
  eng_net_add_term (net, "distance", net->loss);
  eng_net_add_output (net, "mask", own->mask);
  return TRUE;
}

static gboolean
feed (EngNet *net, const EngTrainBatch *batch, GError **error)
{
  const Own *own = net->own;
  g_autofree float *goal = g_new (float, net->batch);
  for (int i = 0; i < net->batch; i++)
    /* a little chance, so that resuming has to draw the same numbers again */
    goal[i] = 0.2f + 0.1f * (float)batch->classes[i] + 0.01f * (float)g_rand_double (batch->random);
  eng_pass_write (net->pass, net->given, batch->input);
  eng_pass_write (net->pass, own->goal, goal);
  return TRUE;
}

static gboolean
judge (EngNet *net, const EngTrainBatch *batch, double *sum, GError **error)
{
  float loss;
  eng_pass_read (net->pass, net->loss, &loss);
  *sum += loss * batch->n;
  return TRUE;
}

static float *
preview (EngNet *net, const EngTrainBatch *batch, int i, int *rows, int *cols)
{
  const Own *own = net->own;
  gsize n = SIZE / 4 * SIZE / 4;
  g_autofree float *all = g_new (float, (gsize)net->batch *n);
  eng_pass_read (net->pass, own->mask, all);
  *rows = *cols = SIZE / 4;
  return g_memdup2 (all + n * (gsize)i, sizeof *all * n);
}

static const EngTrainDefault defaults[] = { { "steps", 40 },     { "batch", 4 },           { "learning-rate", 0.05 },
                                            { "validation", 4 }, { "validate-every", 10 }, { NULL } };

static const EngExplainerKind toy_kind = {
  .id = "ltx", /* a file has to be of a kind that there is */
  .name = "Toy",
  .about = "",
  .reference = "",
  .method = "",
  .defaults = defaults,
  .labels = ENG_LABELS_OPTIONAL,
  .build = build,
  .feed = feed,
  .score_name = "distance",
  .score_unit = "",
  .judge = judge,
  .preview = preview,
};

/* ---- fixture ---- */

typedef struct
{
  char *folder, *pictures, *output, *checkpoint;
  EngModel *model;
} Fixture;

static void
setup (Fixture *f, gconstpointer data)
{
  f->folder = test_tmpdir ();
  f->pictures = g_build_filename (f->folder, "pictures", NULL);
  f->output = g_build_filename (f->folder, "toy.explainer.onnx", NULL);
  f->checkpoint = g_strconcat (f->output, ".checkpoint", NULL);
  g_assert_cmpint (g_mkdir (f->pictures, 0700), ==, 0);
  for (int i = 0; i < PICTURES; i++)
    {
      g_autofree guint8 *rgb = g_malloc (3 * SIZE * SIZE);
      g_autofree char *name = g_strdup_printf ("%s/%02d.bmp", f->pictures, i);
      for (int k = 0; k < 3 * SIZE * SIZE; k++)
        rgb[k] = (guint8)(i * 17 + k * 7 + (k % 3) * 40 * i);
      test_write_bmp (name, SIZE, SIZE, rgb);
    }
  f->model = toy_open (&cnn);
}

static void
teardown (Fixture *f, gconstpointer data)
{
  g_object_unref (f->model);
  test_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->pictures);
  g_free (f->output);
  g_free (f->checkpoint);
}

static EngTraining *
make (Fixture *f, const char *pairs, EngResume resume)
{
  EngTrainSource source = { .path = f->pictures };
  EngValues *values = eng_kind_values (&toy_kind, f->model);
  g_auto (GStrv) list = g_strsplit (pairs, " ", -1);
  for (char **pair = list; *pair && **pair; pair++)
    g_assert_true (eng_values_set_pair (values, *pair, NULL));
  return eng_training_new (f->model, &toy_kind, NULL, &source, values, 5, f->output, NULL, resume);
}

static GBytes *
bytes_of (const char *path)
{
  char *data;
  gsize n;
  g_assert_true (g_file_get_contents (path, &data, &n, NULL));
  return g_bytes_new_take (data, n);
}

/* Trains with @pairs, whole; the file's bytes. */
static GBytes *
train (Fixture *f, const char *pairs, EngTrainingStatus **status)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngTraining) t = make (f, pairs, ENG_RESUME_NO);
  gboolean ok = eng_training_run (t, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_false (g_file_test (f->checkpoint, G_FILE_TEST_EXISTS));
  if (status)
    *status = eng_training_status (t);
  return bytes_of (f->output);
}

static void
cancel_at (EngTraining *t, gpointer step)
{
  g_autoptr (EngTrainingStatus) s = eng_training_status (t);
  if (s->step == GPOINTER_TO_INT (step))
    eng_training_cancel (t);
}

static void
stop_at (EngTraining *t, gpointer step)
{
  g_autoptr (EngTrainingStatus) s = eng_training_status (t);
  if (s->step == GPOINTER_TO_INT (step))
    eng_training_stop (t);
}

/* ---- tests ---- */

static void
test_learns (Fixture *f, gconstpointer data)
{
  g_autoptr (EngTrainingStatus) s = NULL;
  g_autoptr (GBytes) bytes = train (f, "", &s);
  const EngTrainingMark *marks = (const EngTrainingMark *)s->marks->data;
  g_assert_cmpint (s->state, ==, ENG_TRAINING_DONE);
  g_assert_cmpint (s->step, ==, 40);
  g_assert_cmpuint (s->points->len, ==, 40);
  g_assert_cmpuint (s->marks->len, ==, 5); /* untrained, 10, 20, 30, 40 */
  g_assert_cmpint (marks[0].step, ==, 0);
  g_assert_false (marks[0].best);
  g_assert_cmpfloat (marks[s->best].score, <, 0.2 * marks[0].score);
  for (guint i = 1; i < s->marks->len; i++)
    g_assert_cmpfloat (marks[s->best].score, <=, marks[i].score);
  g_assert_cmpint (s->n_previews, ==, 4);
  g_assert_cmpint (s->preview_rows, ==, SIZE / 4);
  g_assert_nonnull (s->views);
  g_assert_cmpstr (s->output, ==, f->output);
  g_assert_cmpstr (s->term_names[0], ==, "distance");
}

static void
test_repeats (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) one = train (f, "", NULL), two = train (f, "", NULL), other = train (f, "steps=20", NULL);
  g_assert_true (g_bytes_equal (one, two));
  g_assert_false (g_bytes_equal (one, other));
}

/* Cancelled at one step, taken up, cancelled again, taken up: the same bytes as never interrupted. */
static void
test_resume (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) whole = train (f, "", NULL);
  g_assert_cmpint (g_remove (f->output), ==, 0);
  static const int stops[] = { 7, 10, 23 };
  for (guint i = 0; i < G_N_ELEMENTS (stops); i++)
    {
      g_autoptr (EngTraining) t = make (f, "", ENG_RESUME_YES);
      g_signal_connect (t, "changed", G_CALLBACK (cancel_at), GINT_TO_POINTER (stops[i]));
      g_assert_false (eng_training_run (t, &error));
      g_assert_error (error, ENG_ERROR, ENG_ERROR_CANCELLED);
      g_clear_error (&error);
      g_assert_true (g_file_test (f->checkpoint, G_FILE_TEST_EXISTS));
      g_assert_false (g_file_test (f->output, G_FILE_TEST_EXISTS));
    }
  /* Neither by accident nor with other settings. */
  g_autoptr (EngTraining) refused = make (f, "", ENG_RESUME_REFUSE), changed = make (f, "batch=2", ENG_RESUME_YES);
  g_assert_false (eng_training_run (refused, &error));
  g_assert_nonnull (strstr (error->message, "not finished"));
  g_clear_error (&error);
  g_assert_false (eng_training_run (changed, &error));
  g_assert_nonnull (strstr (error->message, "other pictures, settings or another model"));
  g_clear_error (&error);
  g_autoptr (EngTraining) t = make (f, "", ENG_RESUME_YES);
  g_assert_true (eng_training_run (t, &error));
  g_autoptr (GBytes) resumed = bytes_of (f->output);
  g_assert_true (g_bytes_equal (whole, resumed));
}

/* A stopped one writes the best so far and can be gone on with. */
static void
test_stop (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) whole = train (f, "", NULL);
  g_autoptr (EngTraining) t = make (f, "", ENG_RESUME_NO), early = make (f, "", ENG_RESUME_NO);
  g_signal_connect (t, "changed", G_CALLBACK (stop_at), GINT_TO_POINTER (17));
  g_assert_true (eng_training_run (t, &error));
  g_assert_true (g_file_test (f->checkpoint, G_FILE_TEST_EXISTS));
  g_autoptr (GBytes) part = bytes_of (f->output);
  g_assert_false (g_bytes_equal (whole, part));
  g_autoptr (EngTraining) rest = make (f, "", ENG_RESUME_YES);
  g_assert_true (eng_training_run (rest, &error));
  g_autoptr (GBytes) resumed = bytes_of (f->output);
  g_assert_true (g_bytes_equal (whole, resumed));
  /* Before any judgement one is made. */
  g_signal_connect (early, "changed", G_CALLBACK (stop_at), GINT_TO_POINTER (3));
  g_assert_true (eng_training_run (early, &error));
  g_autoptr (EngTrainingStatus) s = eng_training_status (early);
  g_assert_cmpint (s->best, >, 0);
}

/* Weights do not depend on how a batch is cut into parts, but for rounding. */
static void
test_parts (Fixture *f, gconstpointer data)
{
  g_autoptr (EngTrainingStatus) whole = NULL, cut = NULL;
  g_autoptr (GBytes) one = train (f, "batch=8", &whole);
  gsize budget = eng_memory_budget ();
  eng_set_memory_budget (1);
  g_autoptr (GBytes) many = train (f, "batch=8", &cut);
  eng_set_memory_budget (budget);
  /* The kind draws by part: its chance moves a goal by at most 0.01. */
  for (guint i = 0; i < whole->points->len; i++)
    g_assert_cmpfloat_with_epsilon (g_array_index (whole->points, EngTrainingPoint, i).loss,
                                    g_array_index (cut->points, EngTrainingPoint, i).loss, 0.02);
}

static void
test_schedule (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *pairs;
    double first, warm, last;
  } cases[] = {
    { "schedule=constant warm-up=0", 0.05, 0.05, 0.05 },
    { "schedule=constant warm-up=0.5", 0.05 / 20, 0.05, 0.05 },
    { "schedule=linear warm-up=0.5", 0.05 / 20, 0.05, 0.05 / 20 },
    { "schedule=cosine warm-up=0.5", 0.05 / 20, 0.05, 0.05 * 0.5 * (1 + -0.98768834059513777) },
    { "schedule=linear warm-up=1", 0.05 / 40, 0.05 * 20 / 40, 0.05 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EngTrainingStatus) s = NULL;
      g_autoptr (GBytes) bytes = train (f, cases[i].pairs, &s);
      const EngTrainingPoint *p = (const EngTrainingPoint *)s->points->data;
      g_assert_cmpfloat_with_epsilon (p[0].rate, cases[i].first, 1e-12);
      g_assert_cmpfloat_with_epsilon (p[19].rate, cases[i].warm, 1e-12);
      g_assert_cmpfloat_with_epsilon (p[39].rate, cases[i].last, 1e-12);
    }
}

static void
test_patience (Fixture *f, gconstpointer data)
{
  g_autoptr (EngTrainingStatus) high = NULL;
  g_autoptr (GBytes) other =
      train (f, "learning-rate=1 schedule=constant patience=1 validate-every=1 steps=400", &high);
  g_assert_cmpint (high->step, <, 400);
  g_assert_cmpint (high->marks->len - 1 - (guint)high->best, ==, 1);
}

static float
infinite_goal (void)
{
  return INFINITY;
}

static gboolean
feed_bad (EngNet *net, const EngTrainBatch *batch, GError **error)
{
  g_autofree float *goal = g_new (float, net->batch);
  for (int i = 0; i < net->batch; i++)
    goal[i] = !batch->validating && batch->step == 25 ? infinite_goal () : 0.5f;
  eng_pass_write (net->pass, net->given, batch->input);
  eng_pass_write (net->pass, ((Own *)net->own)->goal, goal);
  return TRUE;
}

static void
test_nan (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  EngExplainerKind bad = toy_kind;
  EngTrainSource source = { .path = f->pictures };
  bad.feed = feed_bad;
  g_autoptr (EngTraining) t =
      eng_training_new (f->model, &bad, NULL, &source, NULL, 5, f->output, NULL, ENG_RESUME_NO);
  g_assert_false (eng_training_run (t, &error));
  g_assert_nonnull (strstr (error->message, "not a number at step 26"));
  g_assert_nonnull (strstr (error->message, "Lower the learning rate"));
  g_autoptr (EngTrainingStatus) s = eng_training_status (t);
  g_assert_cmpstr (s->output, ==, f->output);
  g_assert_cmpint (s->kept_step, ==, -1);
  g_assert_false (g_file_test (f->checkpoint, G_FILE_TEST_EXISTS)); /* from there it would come to the same */
  g_assert_true (g_file_test (f->output, G_FILE_TEST_EXISTS));
}

static void
test_unwritable (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_free (f->output);
  f->output = g_build_filename (f->folder, "nowhere", "toy.explainer.onnx", NULL);
  g_autoptr (EngTraining) t = make (f, "", ENG_RESUME_NO);
  g_assert_false (eng_training_run (t, &error));
  g_assert_nonnull (strstr (error->message, "toy.explainer.onnx"));
  g_autoptr (EngTrainingStatus) s = eng_training_status (t);
  g_assert_cmpint (s->step, ==, 0); /* told before the work, not after it */
}

static void
test_few (Fixture *f, gconstpointer data)
{
  g_autoptr (EngTrainingStatus) s = NULL;
  g_autoptr (GBytes) bytes = train (f, "batch=500", &s);
  g_assert_nonnull (strstr (s->note, "A batch is 10 pictures"));
}

/* A checkpoint that cannot be written is noted beside what else should be known, once. */
static void
test_unsaved (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *inside = g_build_filename (f->checkpoint, "in the way", NULL);
  g_assert_cmpint (g_mkdir (f->checkpoint, 0700), ==, 0);
  g_assert_true (g_file_set_contents (inside, "", 0, NULL));
  g_autoptr (EngTraining) t = make (f, "batch=500", ENG_RESUME_NO);
  g_assert_true (eng_training_run (t, &error));
  g_autoptr (EngTrainingStatus) s = eng_training_status (t);
  const char *unsaved = strstr (s->note, "toy.explainer.onnx.checkpoint");
  g_assert_nonnull (strstr (s->note, "A batch is 10 pictures"));
  g_assert_nonnull (unsaved);
  g_assert_null (strstr (unsaved + 1, "toy.explainer.onnx.checkpoint"));
}

/* Takes the place of the file that is to be written. */
static void
block_at (EngTraining *t, gpointer step)
{
  g_autoptr (EngTrainingStatus) s = eng_training_status (t);
  if (s->step == GPOINTER_TO_INT (step))
    g_mkdir (eng_training_output (t), 0700);
}

/* What cannot be written at the end is not lost: with room for it the same comes of it. What an earlier run left does
 * not outlive a whole one. */
static void
test_no_room (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) whole = train (f, "", NULL);
  g_assert_cmpint (g_unlink (f->output), ==, 0);
  g_autoptr (EngTraining) t = make (f, "", ENG_RESUME_NO);
  g_signal_connect (t, "changed", G_CALLBACK (block_at), GINT_TO_POINTER (30));
  g_assert_false (eng_training_run (t, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_IO);
  g_autoptr (EngTrainingStatus) s = eng_training_status (t);
  g_assert_null (s->output);
  g_assert_cmpint (s->kept_step, ==, s->steps);
  g_clear_error (&error);
  g_assert_cmpint (g_rmdir (f->output), ==, 0);
  g_autoptr (EngTraining) again = eng_training_again (t);
  g_assert_true (eng_training_run (again, &error));
  g_autoptr (GBytes) bytes = bytes_of (f->output);
  g_assert_true (g_bytes_equal (bytes, whole));
  g_assert_false (g_file_test (f->checkpoint, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_set_contents (f->checkpoint, "of an earlier run", -1, NULL));
  g_autoptr (GBytes) anew = train (f, "steps=1", NULL); /* looks for it */
}

static void
test_damaged (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngTraining) t = make (f, "", ENG_RESUME_NO);
  g_signal_connect (t, "changed", G_CALLBACK (cancel_at), GINT_TO_POINTER (12));
  g_assert_false (eng_training_run (t, NULL));
  char *data_bytes;
  gsize n;
  g_assert_true (g_file_get_contents (f->checkpoint, &data_bytes, &n, NULL));
  g_autofree char *bytes = data_bytes;
  for (gsize at = 0; at < n; at += at < 200 ? 1 : 97) /* each byte of the head, then here and there */
    {
      g_autofree char *copy = g_memdup2 (bytes, n);
      copy[at] ^= 0x55;
      g_assert_true (g_file_set_contents (f->checkpoint, copy, (gssize)n, NULL));
      g_autoptr (EngTraining) again = make (f, "", ENG_RESUME_YES);
      g_assert_false (eng_training_run (again, &error));
      g_assert_nonnull (strstr (error->message, ".checkpoint"));
      g_clear_error (&error);
    }
  for (gsize size = 0; size < n; size += n / 7 + 1)
    {
      g_assert_true (g_file_set_contents (f->checkpoint, bytes, (gssize)size, NULL));
      g_autoptr (EngTraining) again = make (f, "", ENG_RESUME_YES);
      g_assert_false (eng_training_run (again, &error));
      g_clear_error (&error);
    }
}

/* ---- on the engine thread ---- */

static void
quit_when (EngTraining *t, GMainLoop *loop)
{
  g_autoptr (EngTrainingStatus) s = eng_training_status (t);
  if (s->state >= ENG_TRAINING_PAUSED)
    g_main_loop_quit (loop);
}

static void
pause_at (EngTraining *t, gpointer step)
{
  g_autoptr (EngTrainingStatus) s = eng_training_status (t);
  if (s->step >= GPOINTER_TO_INT (step) && s->state == ENG_TRAINING_RUNNING && s->step < 300)
    eng_training_set_paused (t, TRUE);
}

static void
test_pause (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) whole = train (f, "steps=300 validate-every=100", NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (EngTraining) t = make (f, "steps=300 validate-every=100", ENG_RESUME_NO);
  gulong pausing = g_signal_connect (t, "changed", G_CALLBACK (pause_at), GINT_TO_POINTER (1));
  g_signal_connect (t, "changed", G_CALLBACK (quit_when), loop);
  eng_training_start (t);
  g_main_loop_run (loop);
  g_autoptr (EngTrainingStatus) s = eng_training_status (t);
  g_signal_handler_disconnect (t, pausing);
  if (s->state == ENG_TRAINING_PAUSED) /* or it was faster than this thread */
    {
      while (g_main_context_iteration (NULL, FALSE))
        ;
      eng_training_set_paused (t, FALSE);
      do
        {
          g_main_loop_run (loop);
          g_clear_pointer (&s, eng_training_status_unref);
          s = eng_training_status (t);
        }
      while (s->state == ENG_TRAINING_PAUSED);
    }
  g_assert_cmpint (s->state, ==, ENG_TRAINING_DONE);
  g_autoptr (GBytes) resumed = bytes_of (f->output);
  g_assert_true (g_bytes_equal (whole, resumed));
}

static void
test_estimate (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngValues) values = eng_kind_values (&toy_kind, f->model);
  double seconds = eng_training_estimate (f->model, &toy_kind, NULL, values, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (seconds, >, 0);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_cancellable_cancel (cancelled);
  g_assert_cmpfloat (eng_training_estimate (f->model, &toy_kind, NULL, values, cancelled, &error), <, 0);
  g_assert_error (error, ENG_ERROR, ENG_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpfloat (eng_training_estimate (f->model, &toy_kind, "nowhere", values, NULL, &error), <, 0);
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/training/" name, Fixture, NULL, setup, func, teardown)
  ADD ("learns", test_learns);
  ADD ("repeats", test_repeats);
  ADD ("resume", test_resume);
  ADD ("stop", test_stop);
  ADD ("parts", test_parts);
  ADD ("schedule", test_schedule);
  ADD ("patience", test_patience);
  ADD ("nan", test_nan);
  ADD ("unwritable", test_unwritable);
  ADD ("few-pictures", test_few);
  ADD ("no-room", test_no_room);
  ADD ("unsaved-checkpoint", test_unsaved);
  ADD ("damaged-checkpoint", test_damaged);
  ADD ("pause", test_pause);
  ADD ("estimate", test_estimate);
  return g_test_run ();
}
