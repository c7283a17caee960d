/* The window in which explainers are trained: what it shows of a training, the form, and a training from the form to
 * the tile, paused, closed while it goes on, stopped; folders without pictures; the end of the program. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "support.h"
#include "ui-support.h"

#include "ui/toast.h"
#include "ui/train-button.h"
#include "ui/train-window.h"
#include "ui/trainings.h"

/* ---- what is shown of a training ---- */

static const EngExplainerKind kind = {
  .id = "test", .name = "Test", .method = "ltx", .score_name = "POS AUC", .score_unit = "of 90"
};

/* As the trainer would tell it: @step of 40, judged every tenth. */
static EngTrainingStatus *
make_status (EngTrainingState state, int step)
{
  EngTrainingStatus *s = g_new0 (EngTrainingStatus, 1);
  g_atomic_ref_count_init (&s->ref);
  *s = (EngTrainingStatus){ .ref = s->ref,
                            .state = state,
                            .step = step,
                            .steps = 40,
                            .prepared = 30,
                            .pictures = 412,
                            .seconds = 3,
                            .eta = state == ENG_TRAINING_RUNNING ? 184 : -1,
                            .data_summary = g_strdup (step ? "412 pictures, 2 left out" : ""),
                            .skipped = g_strsplit (step ? "a.png: damaged|b.png: 4 × 4 pixels" : "", "|", 0),
                            .term_names = { g_strdup ("prediction"), g_strdup ("sparsity") },
                            .points = g_array_new (FALSE, TRUE, sizeof (EngTrainingPoint)),
                            .marks = g_array_new (FALSE, TRUE, sizeof (EngTrainingMark)),
                            .best = -1,
                            .kept_step = -1,
                            .note = g_strdup ("") };
  for (int i = 1; i <= step; i++)
    {
      EngTrainingPoint point = { i, 2 - i / 40.0, 2e-4, { 1.5 - i / 40.0, 0.5 } };
      g_array_append_val (s->points, point);
    }
  for (int i = 0; step && i <= step; i += 10)
    {
      EngTrainingMark mark = { i, 2 - i / 40.0, 30 - i / 2.0, TRUE };
      s->best = (int)s->marks->len;
      g_array_append_val (s->marks, mark);
    }
  if (step)
    {
      s->n_previews = ENG_TRAINING_PREVIEWS;
      s->preview_rows = s->preview_cols = 2;
      s->view_width = s->view_height = 8;
      s->views = g_malloc0 ((gsize)s->n_previews * 8 * 8 * 3);
      s->previews = g_new0 (float, s->n_previews * 4);
      for (int i = 0; i < s->n_previews; i++)
        s->previews[4 * i] = (float)step;
    }
  return s;
}

static void
show (UiTrainProgress *progress, EngTrainingStatus *status, const GError *error)
{
  UiDisplay display;
  UiTrainNews news = { &kind, "Sample scenes", status, error };
  ui_display_init (&display);
  ui_train_progress_show (progress, &news, &display);
  eng_training_status_unref (status);
}

static gboolean
is_drawn (GtkPicture *picture)
{
  return gtk_picture_get_paintable (picture) != NULL;
}

static void
test_progress (void)
{
  if (!test_ui_have_sample ())
    return;
  GtkWidget *window = gtk_window_new (), *widget = ui_train_progress_new ();
  UiTrainProgress *progress = UI_TRAIN_PROGRESS (widget);
  g_autoptr (GError) error = g_error_new_literal (ENG_ERROR, ENG_ERROR_INVALID, "Lower the learning rate.");
  gtk_window_set_child (GTK_WINDOW (window), widget);
  gtk_window_present (GTK_WINDOW (window));

  show (progress, make_status (ENG_TRAINING_QUEUED, 0), NULL);
  g_assert_true (test_ui_shows (widget, "Waiting"));
  show (progress, make_status (ENG_TRAINING_PREPARING, 0), NULL);
  g_assert_cmpstr (ui_train_progress_sentence (progress), ==, "Reading pictures: 30 of 412");
  g_assert_false (test_ui_shows (widget, "left out"));
  EngTrainingStatus *read = make_status (ENG_TRAINING_PREPARING, 0);
  read->prepared = read->pictures;
  show (progress, read, NULL);
  g_assert_true (g_str_has_prefix (ui_train_progress_sentence (progress), "Judging the untrained explainer"));
  g_assert_false (gtk_widget_get_visible (test_ui_find (widget, GTK_TYPE_DRAWING_AREA, 0)));

  show (progress, make_status (ENG_TRAINING_RUNNING, 12), NULL);
  g_assert_cmpstr (ui_train_progress_sentence (progress), ==, "Step 12 of 40, about 3 min left");
  g_assert_true (gtk_widget_get_visible (test_ui_find (widget, GTK_TYPE_DRAWING_AREA, 0)));
  g_assert_true (test_ui_shows (widget, "Loss 1.7 · prediction 1.2 · sparsity 0.5"));
  GtkExpander *left_out = GTK_EXPANDER (test_ui_find (widget, GTK_TYPE_EXPANDER, 0));
  g_assert_cmpstr (gtk_expander_get_label (left_out), ==, "2 files were left out");
  gtk_expander_set_expanded (left_out, TRUE);
  g_assert_true (test_ui_shows (widget, "b.png: 4 × 4 pixels"));
  wait_until (ui_train_progress_is_drawn (progress));
  g_assert_true (is_drawn (GTK_PICTURE (test_ui_find (widget, GTK_TYPE_PICTURE, ENG_TRAINING_PREVIEWS - 1))));
  g_autoptr (GBytes) early = test_ui_pixels (test_ui_find (widget, GTK_TYPE_DRAWING_AREA, 0));

  show (progress, make_status (ENG_TRAINING_PAUSED, 32), NULL);
  g_assert_cmpstr (ui_train_progress_sentence (progress), ==, "Paused at step 32 of 40.");
  g_autoptr (GBytes) late = test_ui_pixels (test_ui_find (widget, GTK_TYPE_DRAWING_AREA, 0));
  g_assert_false (g_bytes_equal (early, late)); /* the curves went on */

  show (progress, make_status (ENG_TRAINING_DONE, 40), NULL);
  g_assert_cmpstr (ui_train_progress_sentence (progress), ==, "LTX is now a method of Sample scenes.");
  g_assert_true (test_ui_shows (widget, "Best on held-out pictures: 10.0 of 90 at step 40 (POS AUC)."));
  g_assert_true (test_ui_shows (widget, "Held-out pictures with their maps after step 40"));
  show (progress, make_status (ENG_TRAINING_FAILED, 12), error);
  g_assert_cmpstr (ui_train_progress_sentence (progress), ==, "The training failed after step 12 of 40.");
  g_assert_true (test_ui_shows (widget, error->message));
  g_assert_true (test_ui_shows (widget, "Nothing was written."));
  EngTrainingStatus *cancelled = make_status (ENG_TRAINING_CANCELLED, 12);
  cancelled->kept_step = 11;
  show (progress, cancelled, NULL);
  g_assert_cmpstr (ui_train_progress_sentence (progress), ==, "Cancelled at step 12 of 40.");
  g_assert_true (test_ui_shows (widget, "What it was after step 11 is kept,"));
  g_assert_false (test_ui_shows (widget, error->message));
  gtk_window_destroy (GTK_WINDOW (window));
}

/* ---- a training ---- */

static char *models; /* a folder with the sample's model and no explainers beside it */

static void
copy (const char *from, const char *to_folder)
{
  g_autofree char *name = g_path_get_basename (from), *to = g_build_filename (to_folder, name, NULL), *bytes = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (from, &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (to, bytes, (gssize)length, NULL));
}

static UiWindow *
open_sample (void)
{
  static const char *const files[] = { "models/scenes-cnn.onnx", "models/scenes-cnn.json", "models/scenes.txt" };
  gboolean first = !models;
  models = first ? test_tmpdir () : models;
  for (guint i = 0; i < G_N_ELEMENTS (files) && first; i++)
    {
      g_autofree char *file = test_data (files[i]);
      copy (file, models);
    }
  g_autofree char *model = g_build_filename (models, "scenes-cnn.onnx", NULL), *scenes = test_data ("scenes");
  UiWindow *window = test_ui_window ();
  test_ui_show_only (ui_window_session (window), "gradient");
  ui_session_open (ui_window_session (window), (const char *const[]){ model, scenes, NULL }, UI_OPEN_ANYTHING);
  wait_until (test_ui_settled (ui_window_session (window)));
  return window;
}

static void
close_all (UiWindow *window)
{
  gtk_window_destroy (GTK_WINDOW (window));
  test_ui_idle ();
  g_assert_null (ui_train_window_shown ()); /* it goes with its window */
}

/* Tab, until what has the focus is called @name. */
static GtkWidget *
tab_to (GtkWidget *window, const char *name)
{
  for (guint i = 0; i < 100; i++)
    {
      g_signal_emit_by_name (window, "move-focus", GTK_DIR_TAB_FORWARD);
      GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (window));
      for (GtkWidget *w = focus; w && w != window; w = gtk_widget_get_parent (w))
        {
          g_autofree char *wrong =
              gtk_test_accessible_has_property (GTK_ACCESSIBLE (w), GTK_ACCESSIBLE_PROPERTY_LABEL)
                  ? gtk_test_accessible_check_property (GTK_ACCESSIBLE (w), GTK_ACCESSIBLE_PROPERTY_LABEL, name)
                  : g_strdup ("no name");
          if (!wrong)
            return w;
        }
    }
  g_error ("Tab does not lead to “%s”", name);
}

/* What a person types there. */
static void
type (GtkWidget *window, const char *name, const char *text)
{
  GtkWidget *field = tab_to (window, name);
  gtk_editable_set_text (GTK_EDITABLE (field), text);
  if (GTK_IS_SPIN_BUTTON (field))
    gtk_spin_button_update (GTK_SPIN_BUTTON (field));
}

#define N_SCENES 8

/* A folder of some scenes and a file that is none. (transfer full) */
static char *
make_folder (void)
{
  g_autofree char *from = test_data ("scenes");
  char *folder = test_tmpdir ();
  g_autoptr (GDir) dir = g_dir_open (from, 0, NULL);
  guint n = 0;
  g_assert_nonnull (dir);
  for (const char *name; n < N_SCENES && (name = g_dir_read_name (dir));)
    if (g_str_has_suffix (name, ".png"))
      {
        g_autofree char *source = g_build_filename (from, name, NULL),
                        *target = g_build_filename (folder, name, NULL);
        g_autofree char *bytes = NULL;
        gsize length;
        g_assert_true (g_file_get_contents (source, &bytes, &length, NULL));
        g_assert_true (g_file_set_contents (target, bytes, (gssize)length, NULL));
        n++;
      }
  g_assert_cmpuint (n, ==, N_SCENES);
  g_autofree char *broken = g_build_filename (folder, "broken.png", NULL);
  g_assert_true (g_file_set_contents (broken, "no picture", -1, NULL));
  return folder;
}

static EngTrainingState
state (void)
{
  EngTrainingStatus *status = ui_trainings_status (ui_trainings_get ());
  return status ? status->state : ENG_TRAINING_QUEUED;
}

/* Waits for it, and tells why where it fails instead. */
static void
wait_for (EngTrainingState wanted)
{
  wait_until (state () == wanted || state () == ENG_TRAINING_FAILED);
  g_autoptr (GError) error = eng_training_error (ui_trainings_current (ui_trainings_get ()));
  if (state () != wanted)
    g_assert_no_error (error);
}

/* As if @output had never been trained. */
static void
forget (const char *output)
{
  g_autofree char *checkpoint = g_strconcat (output, ".checkpoint", NULL);
  g_unlink (output);
  g_unlink (checkpoint);
  eng_explainers_changed ();
}

static int
step (void)
{
  return ui_trainings_status (ui_trainings_get ())->step;
}

/* Enter in the entry or number that has the focus. */
static void
enter (GtkWidget *window)
{
  GtkWidget *text = gtk_window_get_focus (GTK_WINDOW (window));
  g_assert_true (GTK_IS_TEXT (text));
  g_signal_emit_by_name (text, "activate");
}

/* By keyboard: Ctrl+T, folder and steps, Enter. */
static UiTrainWindow *
start (UiWindow *window, const char *folder, const char *steps)
{
  test_ui_act (window, "win.train", "s", "ltx");
  UiTrainWindow *train = ui_train_window_shown ();
  g_assert_nonnull (train);
  GtkWidget *widget = GTK_WIDGET (train);
  type (widget, "Pictures", folder);
  type (widget, "Steps", steps);
  gtk_expander_set_expanded (GTK_EXPANDER (test_ui_find (widget, GTK_TYPE_EXPANDER, 0)), TRUE);
  type (widget, "Batch", "2");
  type (widget, "Held-out pictures", "2");
  type (widget, "Judge every", "2");
  enter (widget);
  wait_until (ui_trainings_current (ui_trainings_get ())); /* a button takes its time to be pressed by a key */
  return train;
}

/* As GTK would hand @key on to @widget before its children see it. */
static void
press (GtkWidget *widget, guint key)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (widget);
  gboolean done = FALSE;
  for (guint i = 0; i < g_list_model_get_n_items (controllers) && !done; i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);
      if (GTK_IS_EVENT_CONTROLLER_KEY (controller)
          && gtk_event_controller_get_propagation_phase (controller) == GTK_PHASE_CAPTURE)
        g_signal_emit_by_name (controller, "key-pressed", key, 0, 0, &done);
    }
  g_assert_true (done);
}

/* The arrows choose the kind, and end with the last. */
static void
test_kinds (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_sample ();
  test_ui_act (window, "win.train", "s", "ltx");
  GtkWidget *train = GTK_WIDGET (ui_train_window_shown ()), *list = test_ui_find (train, GTK_TYPE_LIST_BOX, 0);
  const EngExplainerKind *row;
  guint n = 0;
  while (eng_kind_nth (n))
    n++;
  for (guint i = 1; i <= n; i++)
    {
      press (list, GDK_KEY_Down);
      row = eng_kind_nth (MIN (i, n - 1));
      GtkWidget *check = test_ui_find (train, GTK_TYPE_CHECK_BUTTON, MIN (i, n - 1));
      g_assert_true (gtk_check_button_get_active (GTK_CHECK_BUTTON (check)));
      g_assert_true (gtk_window_get_focus (GTK_WINDOW (train)) == check);
      g_autofree char *name =
          gtk_test_accessible_check_property (GTK_ACCESSIBLE (check), GTK_ACCESSIBLE_PROPERTY_LABEL, row->name);
      g_assert_null (name);
    }
  press (list, GDK_KEY_Up);
  g_assert_true (gtk_check_button_get_active (GTK_CHECK_BUTTON (test_ui_find (train, GTK_TYPE_CHECK_BUTTON, n - 2))));
  close_all (window);
}

/* It scrolls the form instead. */
static void
assert_ignores_wheel (GtkWidget *spin)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (spin);
  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);
      g_assert_true (!GTK_IS_EVENT_CONTROLLER_SCROLL (controller)
                     || gtk_event_controller_get_propagation_phase (controller) == GTK_PHASE_NONE);
    }
}

static void
test_form (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_sample ();
  GtkApplication *application = gtk_window_get_application (GTK_WINDOW (window));
  ui_window_install_accels (application);
  g_auto (GStrv) actions = gtk_application_get_actions_for_accel (application, "<Control>t");
  g_assert_cmpstr (actions[0], ==, "win.train('')");
  test_ui_act (window, "win.train", "s", "");
  UiTrainWindow *train = ui_train_window_shown ();
  GtkWidget *widget = GTK_WIDGET (train);
  UiTrainForm *form = ui_train_window_form (train);
  g_assert_cmpstr (gtk_window_get_title (GTK_WINDOW (train)), ==, "Train an Explainer");
  const EngExplainerKind *row;
  for (guint i = 0; (row = eng_kind_nth (i)); i++)
    g_assert_true (test_ui_shows (widget, row->name));
  wait_until (strstr (ui_train_form_estimate (form), "Takes about"));
  gtk_widget_set_visible (widget, FALSE); /* nobody waits for it */
  g_assert_cmpstr (ui_train_form_estimate (form), ==, "");
  gtk_widget_set_visible (widget, TRUE);
  wait_until (strstr (ui_train_form_estimate (form), "Takes about"));

  /* The open folder is offered. */
  g_autofree char *scenes = test_data ("scenes");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (tab_to (widget, "Pictures"))), ==, scenes);
  assert_ignores_wheel (tab_to (widget, "Steps"));
  tab_to (widget, "Pictures"); /* over the settings that are folded away */
  ui_train_form_set_source (form, "");

  /* What is missing is said, and the focus is where it can be given. */
  g_assert_null (ui_train_form_problem (form));
  test_ui_click (widget, "_Start");
  g_assert_nonnull (strstr (ui_train_form_problem (form), "Choose pictures"));
  g_assert_false (ui_trainings_active (ui_trainings_get ()));
  ui_train_form_set_source (form, "/nowhere/at/all");
  test_ui_click (widget, "_Start");
  g_assert_nonnull (strstr (ui_train_form_problem (form), "not there"));

  /* Where there is no model there is nothing to train for. */
  gtk_window_close (GTK_WINDOW (train));
  test_ui_idle ();
  UiWindow *empty = test_ui_window ();
  test_ui_act (empty, "win.train", "s", "");
  g_assert_null (ui_train_window_shown ());
  g_assert_nonnull (strstr (ui_window_info (empty), "Open the model first"));
  gtk_window_destroy (GTK_WINDOW (empty));
  close_all (window);
}

/* From the form to the tile: paused, gone on with while the window is closed, stopped, used. */
static void
test_train (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_sample ();
  UiSession *session = ui_window_session (window);
  UiTrainings *trainings = ui_trainings_get ();
  const EngExplainerKind *ltx = eng_kind_find ("ltx", NULL);
  UiSlot *slot = test_ui_slot (session, ltx->method);
  GtkWidget *indicator = test_ui_find (gtk_window_get_titlebar (GTK_WINDOW (window)), UI_TYPE_TRAIN_BUTTON, 0);
  g_autofree char *folder = make_folder ();
  g_assert_false (ui_slot_applies (slot));
  g_assert_true (ui_session_kind_for (session, slot) == ltx);
  GtkWidget *button = test_ui_find_button (GTK_WIDGET (window), "Train…");
  g_assert_true (gtk_widget_grab_focus (button));
  g_assert_false (gtk_widget_get_visible (indicator));

  UiTrainWindow *train = start (window, folder, "100000");
  wait_for (ENG_TRAINING_RUNNING);
  wait_until (step () > 2);
  g_assert_true (gtk_widget_get_visible (indicator));
  GtkExpander *left_out =
      GTK_EXPANDER (test_ui_find (GTK_WIDGET (ui_train_window_progress (train)), GTK_TYPE_EXPANDER, 0));
  g_assert_cmpstr (gtk_expander_get_label (left_out), ==, "1 file was left out");
  wait_until (ui_train_progress_is_drawn (ui_train_window_progress (train)));
  test_ui_click (GTK_WIDGET (train), "_Pause");
  wait_for (ENG_TRAINING_PAUSED);
  g_assert_true (test_ui_shows (GTK_WIDGET (train), "Paused at step"));
  int paused = step ();

  /* Other work goes on, and so does the training when its window is closed. */
  test_ui_click (GTK_WIDGET (train), "_Go On");
  gtk_window_close (GTK_WINDOW (train));
  test_ui_idle ();
  g_assert_null (ui_train_window_shown ());
  ui_session_walk (session, 1);
  wait_until (test_ui_settled (session));
  wait_until (step () > paused + 2);
  g_assert_true (gtk_widget_get_visible (indicator));
  g_signal_emit_by_name (test_ui_find (indicator, GTK_TYPE_BUTTON, 0), "clicked");
  train = ui_train_window_shown ();
  g_assert_nonnull (train);
  wait_until (ui_trainings_status (trainings)->marks->len > 1);
  test_ui_click (GTK_WIDGET (train), "_Stop and Keep the Best");
  wait_for (ENG_TRAINING_DONE);
  g_assert_false (gtk_widget_get_visible (indicator));
  g_assert_nonnull (strstr (ui_train_progress_sentence (ui_train_window_progress (train)), "is now a method of"));
  g_autofree char *output = g_strdup (eng_training_output (ui_trainings_current (trainings)));
  g_assert_true (g_file_test (output, G_FILE_TEST_IS_REGULAR));

  wait_until (ui_slot_applies (slot));
  g_assert_null (ui_session_kind_for (session, slot));
  /* The button is gone; the focus stays in its row. */
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (window));
  g_assert_true (GTK_IS_CHECK_BUTTON (focus) && gtk_widget_get_parent (focus) == gtk_widget_get_parent (button));
  test_ui_click (GTK_WIDGET (train), "_Use It");
  test_ui_idle ();
  g_assert_null (ui_train_window_shown ());
  g_assert_null (ui_trainings_current (trainings)); /* the next time another is trained */
  g_assert_true (ui_slot_shown (slot));
  wait_until (test_ui_settled (session));
  g_assert_cmpint (ui_slot_state (slot), ==, UI_SLOT_DONE);
  close_all (window);

  /* Ever after. */
  window = open_sample ();
  g_assert_true (ui_slot_applies (test_ui_slot (ui_window_session (window), ltx->method)));
  forget (output);
  close_all (window);
  test_remove_tree (folder);
}

/* To its end while its window is closed: the main window tells of it. */
static void
test_alone (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_sample ();
  UiToast *toast = UI_TOAST (test_ui_find (GTK_WIDGET (window), UI_TYPE_TOAST, 0));
  g_autofree char *folder = make_folder ();
  UiTrainWindow *train = start (window, folder, "4");
  gtk_window_close (GTK_WINDOW (train));
  wait_for (ENG_TRAINING_DONE);
  g_assert_null (ui_train_window_shown ());
  g_assert_nonnull (strstr (ui_toast_text (toast), "is now a method of"));
  test_ui_click (GTK_WIDGET (toast), "Show");
  train = ui_train_window_shown ();
  g_assert_true (test_ui_shows (GTK_WIDGET (train), "is now a method of"));
  forget (eng_training_output (ui_trainings_current (ui_trainings_get ())));
  test_ui_click (GTK_WIDGET (train), "_Train Another…");
  close_all (window);
  test_remove_tree (folder);
}

/* Cancelled without a question, and offered to be gone on with the next time. */
static void
test_cancel (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_sample ();
  g_autofree char *folder = make_folder ();
  UiTrainWindow *train = start (window, folder, "100000");
  wait_for (ENG_TRAINING_RUNNING);
  wait_until (step () > 2);
  test_ui_click (GTK_WIDGET (train), "_Cancel");
  wait_for (ENG_TRAINING_CANCELLED);
  int stopped = step ();
  g_autofree char *output = g_strdup (eng_training_output (ui_trainings_current (ui_trainings_get ())));
  g_assert_false (g_file_test (output, G_FILE_TEST_EXISTS));
  gtk_window_close (GTK_WINDOW (train));
  ui_trainings_forget (ui_trainings_get ());
  test_ui_idle ();

  test_ui_act (window, "win.train", "s", "");
  train = ui_train_window_shown ();
  GtkWidget *entry = tab_to (GTK_WIDGET (train), "Pictures");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (entry)), ==, folder);
  g_signal_emit_by_name (train, "activate-default");
  wait_for (ENG_TRAINING_RUNNING);
  g_assert_cmpint (step (), >=, stopped);
  test_ui_click (GTK_WIDGET (train), "_Cancel");
  wait_for (ENG_TRAINING_CANCELLED);

  /* At once, too. */
  stopped = step ();
  test_ui_click (GTK_WIDGET (train), "_Go On");
  wait_for (ENG_TRAINING_RUNNING);
  g_assert_cmpint (step (), >=, stopped);
  test_ui_click (GTK_WIDGET (train), "_Cancel");
  wait_for (ENG_TRAINING_CANCELLED);
  ui_trainings_forget (ui_trainings_get ());
  close_all (window);
  test_remove_tree (folder);
}

/* A folder without pictures: a sentence in the window, and the way back. */
static void
test_broken (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_sample ();
  g_autofree char *folder = test_tmpdir (), *broken = g_build_filename (folder, "broken.png", NULL);
  g_assert_true (g_file_set_contents (broken, "no picture", -1, NULL));
  UiTrainWindow *train = start (window, folder, "4");
  wait_for (ENG_TRAINING_FAILED);
  g_autoptr (GError) error = eng_training_error (ui_trainings_current (ui_trainings_get ()));
  g_assert_cmpstr (ui_train_progress_sentence (ui_train_window_progress (train)), ==,
                   "The training could not begin.");
  g_assert_true (test_ui_shows (GTK_WIDGET (train), error->message));
  g_assert_true (test_ui_shows (GTK_WIDGET (train), "Nothing was written. The settings are as they were."));
  /* The way back has the focus. */
  g_assert_true (gtk_window_get_focus (GTK_WINDOW (train))
                 == test_ui_find_button (GTK_WIDGET (train), "_Back to the Settings"));
  test_ui_click (GTK_WIDGET (train), "_Back to the Settings");
  GtkWidget *entry = tab_to (GTK_WIDGET (train), "Pictures");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (entry)), ==, folder);
  g_assert_null (ui_trainings_current (ui_trainings_get ()));
  close_all (window);
  test_remove_tree (folder);
}

static GtkMenuButton *
find_gear (GtkWidget *widget, const char *name)
{
  g_autofree char *spoken = g_strdup_printf ("Parameters of %s", name);
  for (guint i = 0;; i++)
    {
      GtkWidget *button = test_ui_find (widget, GTK_TYPE_MENU_BUTTON, i);
      g_autofree char *wrong =
          gtk_test_accessible_has_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL)
              ? gtk_test_accessible_check_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken)
              : g_strdup ("no name");
      if (!wrong)
        return GTK_MENU_BUTTON (button);
    }
}

/* The form of @slot with @file in it, run. Returns: when it has answered. */
static void
run_with_file (GtkMenuButton *gear, UiSlot *slot, const char *file)
{
  gtk_menu_button_popup (gear);
  GtkWidget *form = GTK_WIDGET (gtk_menu_button_get_popover (gear));
  wait_until (gtk_widget_get_mapped (form));
  gtk_editable_set_text (GTK_EDITABLE (test_ui_find (form, GTK_TYPE_ENTRY, 0)), file);
  GtkWidget *run = test_ui_find_button (form, "Run with These Values");
  test_ui_click (form, "Run with These Values");
  wait_until (gtk_widget_get_sensitive (run));
}

/* A method that waits for its explainer takes the name of a file that lies elsewhere. */
static void
test_name_file (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_sample ();
  UiSession *session = ui_window_session (window);
  UiSlot *slot = test_ui_slot (session, "bla");
  GtkMenuButton *gear = find_gear (GTK_WIDGET (window), ui_slot_name (slot));
  g_autofree char *other = test_data ("models/scenes-cnn.ltx.explainer.onnx");
  g_autofree char *file = test_data ("models/scenes-cnn.bla.explainer.onnx");
  g_assert_false (ui_slot_applies (slot));
  g_assert_nonnull (strstr (ui_slot_reason (slot), "name its file"));
  g_assert_true (gtk_widget_get_sensitive (GTK_WIDGET (gear)));

  run_with_file (gear, slot, "");
  g_assert_true (test_ui_shows (GTK_WIDGET (gear), "none is found"));
  run_with_file (gear, slot, "/nowhere/a.explainer.onnx");
  g_assert_true (test_ui_shows (GTK_WIDGET (gear), "a.explainer.onnx"));
  run_with_file (gear, slot, other);
  g_assert_true (test_ui_shows (GTK_WIDGET (gear), "is an explainer of kind ltx"));
  g_assert_false (ui_slot_applies (slot));
  run_with_file (gear, slot, file);
  g_assert_true (ui_slot_applies (slot));
  g_assert_true (ui_slot_shown (slot));
  wait_until (test_ui_settled (session));
  g_assert_cmpint (ui_slot_state (slot), ==, UI_SLOT_DONE);
  close_all (window);
}

/* Last: the program ends while a training is under way. */
static void
test_quit (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_sample ();
  g_autofree char *folder = make_folder ();
  start (window, folder, "100000");
  wait_for (ENG_TRAINING_RUNNING);
  wait_until (step () > 2);
  close_all (window);
  g_assert_true (ui_trainings_active (ui_trainings_get ()));
  test_remove_tree (folder);
}

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  g_test_add_func ("/ui-train/progress", test_progress);
  g_test_add_func ("/ui-train/kinds", test_kinds);
  g_test_add_func ("/ui-train/form", test_form);
  g_test_add_func ("/ui-train/train", test_train);
  g_test_add_func ("/ui-train/alone", test_alone);
  g_test_add_func ("/ui-train/cancel", test_cancel);
  g_test_add_func ("/ui-train/broken", test_broken);
  g_test_add_func ("/ui-train/name-file", test_name_file);
  g_test_add_func ("/ui-train/quit", test_quit);
  int result = test_ui_run ();
  if (models)
    test_remove_tree (models);
  g_free (models);
  return result;
}
