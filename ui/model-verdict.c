/* See model-verdict.h. Flat scores are the sign of a wrong normalisation that shows without knowing the answer; a
 * normalisation that is not the one of the model's own files is the other. */
#include "ui/model-verdict.h"

#define CHANCES 5      /* a top score below so many times chance is flat ... */
#define NEVER_FLAT 0.3 /* ... unless it is this high */

struct _UiModelVerdict
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkWidget *icon, *text, *button, *rows;
  gboolean warns;
  guint asked, n_tried;
};

G_DEFINE_FINAL_TYPE (UiModelVerdict, ui_model_verdict, GTK_TYPE_WIDGET)

/* ---- the sentence ---- */

static gboolean
is_flat (double top, int n_classes)
{
  return top < MIN (NEVER_FLAT, (double)CHANCES / n_classes);
}

/* The file that says otherwise; NULL: none does. */
static const char *
contradicting_file (UiSession *session)
{
  EngPreprocess *opened = eng_model_opened_preprocess (ui_session_model (session));
  EngPreprocess *now = ui_session_preprocess (session);
  return !opened->assumed && !eng_preprocess_same (opened, now) ? opened->origin : NULL;
}

/* (transfer full); @warns: whether there is something to do. */
static char *
judge (UiSession *session, gboolean *warns)
{
  EngModel *model = ui_session_model (session);
  EngPreprocess *p = ui_session_preprocess (session);
  int n;
  const float *scores = ui_session_probabilities (session, &n);
  const char *problem = ui_session_prediction_problem (session);
  UiPicture *picture = ui_session_picture (session);
  *warns = TRUE;
  if (problem)
    return g_strdup (problem);
  if (!scores)
    {
      *warns = FALSE;
      return g_strdup (picture ? "Predicting…" : "Open a picture to see what the model makes of it.");
    }
  double top = scores[ui_picture_top (picture)];
  const char *file = contradicting_file (session);
  if (is_flat (top, n))
    return g_strdup_printf ("The top score is %.3f, close to chance for %d classes. The normalisation may be wrong.",
                            top, n);
  if (file)
    return g_strdup_printf (
        "This is not the preprocessing in %s: scores and maps may be wrong. The top score on this "
        "picture is %.3f.",
        file, top);
  if (p->assumed)
    return g_strdup_printf ("No file says how pictures are prepared (%s). The top score on this picture is %.3f.",
                            p->origin, top);
  *warns = FALSE;
  return g_strdup_printf (
      "Looks right. The top score on this picture is %.3f (%s). A flat one would suggest the wrong "
      "preset.",
      top, eng_model_label (model, ui_picture_top (picture)));
}

static void
clear_rows (UiModelVerdict *self)
{
  self->asked++;
  self->n_tried = 0;
  for (GtkWidget *row; (row = gtk_widget_get_first_child (self->rows));)
    gtk_box_remove (GTK_BOX (self->rows), row);
  gtk_widget_set_visible (self->rows, FALSE);
}

static void
update (UiModelVerdict *self)
{
  gboolean has_model = ui_session_model (self->session) != NULL;
  g_autofree char *text = has_model ? judge (self->session, &self->warns) : g_strdup ("");
  gtk_label_set_label (GTK_LABEL (self->text), text);
  gtk_image_set_from_icon_name (GTK_IMAGE (self->icon), self->warns ? "sl-warning-symbolic" : "sl-check-symbolic");
  gtk_widget_remove_css_class (self->icon, self->warns ? "sl-ok" : "sl-warn");
  gtk_widget_add_css_class (self->icon, self->warns ? "sl-warn" : "sl-ok");
  gtk_widget_set_visible (self->icon, has_model && ui_session_probabilities (self->session, NULL) != NULL);
  gtk_widget_set_visible (self->button, self->warns && ui_session_picture (self->session));
}

/* ---- trying ---- */

typedef struct
{
  char *name;
  EngPreprocess *preprocess;
  int top;
  float score;
  char *problem;
} Trial;

typedef struct
{
  UiModelVerdict *verdict;
  guint asked;
  EngModel *model;
  EngImage *image;
  GPtrArray *trials; /* of Trial */
} Try;

static void
trial_free (Trial *trial)
{
  g_free (trial->name);
  eng_preprocess_unref (trial->preprocess);
  g_free (trial->problem);
  g_free (trial);
}

static void
run_trial (Trial *trial, EngModel *model, EngImage *image)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngModel) other = eng_model_with_preprocess (model, trial->preprocess, &error);
  g_autofree float *scores = other ? eng_model_predict_image (other, image, &error) : NULL;
  trial->top = -1;
  if (!scores)
    {
      trial->problem = g_strdup (error->message);
      return;
    }
  trial->top = eng_softmax (scores, eng_model_n_classes (model), scores);
  trial->score = scores[trial->top];
}

static int
compare_trials (gconstpointer a, gconstpointer b)
{
  const Trial *x = *(Trial *const *)a, *y = *(Trial *const *)b;
  float p = x->top >= 0 ? x->score : -1, q = y->top >= 0 ? y->score : -1;
  return (p < q) - (p > q);
}

static void
try_work (gpointer data)
{
  Try *try = data;
  for (guint i = 0; i < try->trials->len; i++)
    run_trial (try->trials->pdata[i], try->model, try->image);
  g_ptr_array_sort (try->trials, compare_trials);
}

static void
on_use (GtkButton *button, UiModelVerdict *self)
{
  EngPreprocess *preprocess = g_object_get_data (G_OBJECT (button), "preprocess");
  g_autoptr (EngPreprocess) hold = eng_preprocess_ref (preprocess); /* the row goes */
  ui_session_set_preprocess (self->session, hold);
}

static void
add_row (UiModelVerdict *self, const Trial *trial, EngModel *model)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *use = gtk_button_new_with_label ("Use");
  g_autofree char *result =
      trial->top < 0 ? g_strdup (trial->problem)
                     : g_strdup_printf ("%s %.3f", eng_model_label (model, trial->top), (double)trial->score);
  g_autofree char *spoken = g_strdup_printf ("Use %s: %s", trial->name, result);
  gboolean current = eng_preprocess_same (trial->preprocess, ui_session_preprocess (self->session));
  GtkWidget *name = gtk_label_new (trial->name), *text = gtk_label_new (result);
  gtk_label_set_width_chars (GTK_LABEL (name), 18);
  gtk_label_set_xalign (GTK_LABEL (name), 0);
  gtk_label_set_xalign (GTK_LABEL (text), 0);
  gtk_label_set_ellipsize (GTK_LABEL (text), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (text, TRUE);
  gtk_widget_add_css_class (text, "sl-num");
  gtk_widget_add_css_class (use, "small");
  gtk_widget_set_sensitive (use, !current && trial->top >= 0);
  gtk_accessible_update_property (GTK_ACCESSIBLE (use), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  g_object_set_data_full (G_OBJECT (use), "preprocess", eng_preprocess_ref (trial->preprocess),
                          (GDestroyNotify)eng_preprocess_unref);
  g_signal_connect (use, "clicked", G_CALLBACK (on_use), self);
  gtk_box_append (GTK_BOX (row), name);
  gtk_box_append (GTK_BOX (row), text);
  gtk_box_append (GTK_BOX (row), use);
  gtk_box_append (GTK_BOX (self->rows), row);
}

static void
try_done (gpointer data)
{
  Try *try = data;
  UiModelVerdict *self = try->verdict;
  if (self->session && self->asked == try->asked)
    {
      gtk_widget_set_visible (self->rows, TRUE);
      for (guint i = 0; i < try->trials->len; i++)
        add_row (self, try->trials->pdata[i], try->model);
      self->n_tried = try->trials->len;
    }
  g_object_unref (try->verdict);
  g_object_unref (try->model);
  eng_image_unref (try->image);
  g_ptr_array_unref (try->trials);
  g_free (try);
}

static void
add_trial (GPtrArray *trials, const char *name, EngPreprocess *preprocess)
{
  Trial *trial = g_new0 (Trial, 1);
  trial->name = g_strdup (name);
  trial->preprocess = eng_preprocess_ref (preprocess);
  g_ptr_array_add (trials, trial);
}

/* Every preset at the geometry that is set, and what the file said where that is none of them. */
static GPtrArray *
list_trials (UiSession *session)
{
  GPtrArray *trials = g_ptr_array_new_with_free_func ((GDestroyNotify)trial_free);
  EngPreprocess *opened = eng_model_opened_preprocess (ui_session_model (session));
  for (guint i = 0; eng_preset_nth (i); i++)
    {
      g_autoptr (EngPreprocess) p = eng_preprocess_copy (ui_session_preprocess (session));
      eng_preset_apply (eng_preset_nth (i), p);
      add_trial (trials, eng_preset_nth (i)->name, eng_preprocess_same (p, opened) ? opened : p);
    }
  if (!eng_preset_of (opened))
    add_trial (trials, opened->origin, opened);
  return trials;
}

void
ui_model_verdict_try (UiModelVerdict *self)
{
  UiPicture *picture = ui_session_picture (self->session);
  EngModel *model = ui_session_model (self->session);
  EngImage *image = picture ? ui_picture_image (picture) : NULL;
  if (!model || !image)
    return;
  clear_rows (self);
  Try *try = g_new0 (Try, 1);
  try->verdict = g_object_ref (self);
  try->asked = self->asked;
  try->model = g_object_ref (model);
  try->image = eng_image_ref (image);
  try->trials = list_trials (self->session);
  eng_engine_push (1, try_work, try_done, try);
}

/* ---- birth and end ---- */

gboolean
ui_model_verdict_warns (UiModelVerdict *self)
{
  return self->warns;
}

const char *
ui_model_verdict_text (UiModelVerdict *self)
{
  return gtk_label_get_label (GTK_LABEL (self->text));
}

guint
ui_model_verdict_n_tried (UiModelVerdict *self)
{
  return self->n_tried;
}

static void
on_change (UiModelVerdict *self)
{
  clear_rows (self);
  update (self);
}

void
ui_model_verdict_set_session (UiModelVerdict *self, UiSession *session)
{
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (on_change), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (on_change), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::predictions", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

GtkWidget *
ui_model_verdict_new (void)
{
  return g_object_new (UI_TYPE_MODEL_VERDICT, NULL);
}

static void
ui_model_verdict_dispose (GObject *object)
{
  UiModelVerdict *self = UI_MODEL_VERDICT (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_model_verdict_parent_class)->dispose (object);
}

static void
ui_model_verdict_class_init (UiModelVerdictClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_model_verdict_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
ui_model_verdict_init (UiModelVerdict *self)
{
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 10);
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));
  gtk_orientable_set_orientation (GTK_ORIENTABLE (layout), GTK_ORIENTATION_VERTICAL);
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 8);
  gtk_widget_add_css_class (GTK_WIDGET (self), "stage");
  gtk_widget_add_css_class (GTK_WIDGET (self), "verdict");
  self->icon = gtk_image_new ();
  self->text = gtk_label_new (NULL);
  self->button = gtk_button_new_with_label ("Try Other Presets");
  self->rows = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);
  gtk_label_set_xalign (GTK_LABEL (self->text), 0);
  gtk_label_set_wrap (GTK_LABEL (self->text), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (self->text), PANGO_WRAP_WORD_CHAR);
  gtk_widget_set_hexpand (self->text, TRUE);
  gtk_widget_set_valign (self->button, GTK_ALIGN_CENTER);
  gtk_widget_set_visible (self->rows, FALSE);
  g_signal_connect_object (self->button, "clicked", G_CALLBACK (ui_model_verdict_try), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (line), self->icon);
  gtk_box_append (GTK_BOX (line), self->text);
  gtk_box_append (GTK_BOX (line), self->button);
  gtk_widget_set_parent (line, GTK_WIDGET (self));
  gtk_widget_set_parent (self->rows, GTK_WIDGET (self));
}
