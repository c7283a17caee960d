/* See train-form.h. */
#include "ui/train-form.h"

#include <glib/gstdio.h>
#include <string.h>

#include "ui/help-window.h"
#include "ui/path-chooser.h"
#include "ui/tip.h"
#include "ui/train-estimate.h"
#include "ui/train-kinds.h"
#include "ui/train-recipe.h"
#include "ui/train-settings.h"

#define SUFFIX ".explainer.onnx"
#define REST 500 /* milliseconds after the last change before the time is estimated */

struct _UiTrainForm
{
  GtkWidget parent_instance;
  EngModel *model;
  UiTrainKinds *kinds;
  UiTrainSettings *settings;
  GtkEditable *source, *labels, *name;
  GtkWidget *labels_row[4]; /* hidden where labels are not used */
  GtkLabel *place;          /* what the name means */
  GtkCheckButton *resume;
  GtkLabel *problem;
  UiTrainEstimate *estimate;
  GtkWidget *start;
  char *suggested; /* name that nobody typed */
  guint timer;     /* until the time is estimated */
};

G_DEFINE_FINAL_TYPE (UiTrainForm, ui_train_form, GTK_TYPE_WIDGET)

static guint start_signal;

/* ---- how long it takes ---- */

static void
estimate (UiTrainForm *self)
{
  const EngExplainerKind *kind = ui_train_kinds_get (self->kinds);
  EngValues *values = kind ? ui_train_settings_read (self->settings, NULL) : NULL;
  ui_train_estimate_ask (self->estimate, self->model, kind, ui_train_settings_layer (self->settings), values);
}

static gboolean
on_timer (gpointer data)
{
  UiTrainForm *self = data;
  self->timer = 0;
  if (gtk_widget_get_mapped (GTK_WIDGET (self))) /* else when it is */
    estimate (self);
  return G_SOURCE_REMOVE;
}

static void
estimate_later (UiTrainForm *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  ui_train_estimate_cancel (self->estimate); /* what stands there is about something else by now */
  self->timer = g_timeout_add (REST, on_timer, self);
}

/* ---- names ---- */

/* (transfer full) */
static char *
output_of (UiTrainForm *self)
{
  const char *name = gtk_editable_get_text (self->name);
  g_autofree char *file = g_strconcat (name, g_str_has_suffix (name, SUFFIX) ? "" : SUFFIX, NULL);
  return g_build_filename (eng_explainers_folder (), file, NULL);
}

/* "scenes-cnn.bla": a free one, or one whose training stopped half-way. (transfer full) */
static char *
suggest_name (UiTrainForm *self, const EngExplainerKind *kind)
{
  g_autofree char *base = g_path_get_basename (eng_model_path (self->model));
  char *dot = strrchr (base, '.');
  if (dot && dot != base)
    *dot = '\0';
  for (guint n = 1;; n++)
    {
      g_autofree char *number = n > 1 ? g_strdup_printf ("-%u", n) : g_strdup ("");
      g_autofree char *name = g_strconcat (base, ".", kind->id, number, NULL);
      g_autofree char *file = g_strconcat (name, SUFFIX, NULL);
      g_autofree char *path = g_build_filename (eng_explainers_folder (), file, NULL);
      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&name);
    }
}

static void
on_name (UiTrainForm *self)
{
  g_autofree char *output = output_of (self), *folder = g_filename_display_name (eng_explainers_folder ());
  gboolean exists = g_file_test (output, G_FILE_TEST_EXISTS);
  g_autofree char *text =
      exists ? g_strdup ("There is an explainer of this name. The new one takes its place when it is done.")
             : g_strdup_printf ("Kept in %s, where this model’s methods find it.", folder);
  gtk_label_set_text (self->place, text);
  gtk_widget_set_visible (GTK_WIDGET (self->resume), ui_train_can_resume (output));
}

static void
on_kind (UiTrainForm *self)
{
  const EngExplainerKind *kind = ui_train_kinds_get (self->kinds);
  gboolean named = g_strcmp0 (gtk_editable_get_text (self->name), self->suggested ? self->suggested : "") != 0;
  gtk_widget_set_visible (GTK_WIDGET (self->settings), kind != NULL);
  gtk_widget_set_sensitive (self->start, kind != NULL);
  if (!kind)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (self->labels_row); i++)
    gtk_widget_set_visible (self->labels_row[i], kind->labels != ENG_LABELS_UNUSED);
  ui_train_settings_set_kind (self->settings, kind, self->model);
  gtk_check_button_set_active (self->resume, FALSE);
  g_free (self->suggested);
  self->suggested = suggest_name (self, kind);
  if (!named)
    gtk_editable_set_text (self->name, self->suggested);
  on_name (self);
  estimate_later (self);
}

/* ---- what is asked for ---- */

/* FALSE, with the sentence shown and the focus where it helps. @error: (transfer full) (nullable) */
static gboolean
complain (UiTrainForm *self, GtkEditable *where, const char *text, GError *error)
{
  gtk_label_set_text (self->problem, error ? error->message : text);
  gtk_widget_set_visible (GTK_WIDGET (self->problem), TRUE);
  if (where)
    gtk_widget_grab_focus (GTK_WIDGET (where));
  g_clear_error (&error);
  return FALSE;
}

/* What was typed: "~" is the home folder. (transfer full); NULL: nothing. */
static char *
path_in (GtkEditable *entry)
{
  g_autofree char *text = g_strstrip (g_strdup (gtk_editable_get_text (entry)));
  if (!*text)
    return NULL;
  if (g_str_equal (text, "~") || g_str_has_prefix (text, "~/"))
    return g_build_filename (g_get_home_dir (), text + 1, NULL);
  return g_steal_pointer (&text);
}

static gboolean
fill_recipe (UiTrainForm *self, UiTrainRecipe *out)
{
  GError *error = NULL;
  const char *name = gtk_editable_get_text (self->name);
  out->kind = ui_train_kinds_get (self->kinds);
  out->model_sha256 = g_strdup (eng_model_sha256 (self->model));
  out->source = path_in (self->source);
  out->labels = out->kind->labels == ENG_LABELS_UNUSED ? NULL : path_in (self->labels);
  out->layer = g_strdup (ui_train_settings_layer (self->settings));
  if (!out->source)
    return complain (self, self->source,
                     "Choose pictures to learn from: a folder, or a list (CSV: path,label) of them.", NULL);
  if (!g_file_test (out->source, G_FILE_TEST_EXISTS))
    return complain (self, self->source, "The pictures are not there. Choose a folder, or a list of pictures.", NULL);
  if (out->labels && !g_file_test (out->labels, G_FILE_TEST_IS_REGULAR))
    return complain (self, self->labels, "The list of labels is not there. Choose another, or leave it empty.", NULL);
  if (!*name || strchr (name, '/'))
    return complain (self, self->name, "Give the explainer a name, without slashes.", NULL);
  if (g_mkdir_with_parents (eng_explainers_folder (), 0700) != 0)
    return complain (self, NULL,
                     "The folder for explainers cannot be made. Free space on the disk, or look who owns it.", NULL);
  out->output = output_of (self);
  out->values = ui_train_settings_read (self->settings, &error);
  return out->values || complain (self, NULL, NULL, error);
}

static void
on_start (UiTrainForm *self)
{
  UiTrainRecipe recipe = { 0 };
  gtk_widget_set_visible (GTK_WIDGET (self->problem), FALSE);
  if (fill_recipe (self, &recipe))
    {
      EngTrainSource source = { .path = recipe.source, .labels = recipe.labels };
      gboolean goes_on =
          gtk_widget_get_visible (GTK_WIDGET (self->resume)) && gtk_check_button_get_active (self->resume);
      g_autofree char *cache = g_build_filename (g_get_user_cache_dir (), "sightline", "pictures", NULL);
      ui_train_recipe_remember (&recipe);
      g_autoptr (EngTraining) training =
          eng_training_new (self->model, recipe.kind, recipe.layer, &source, g_steal_pointer (&recipe.values), 0,
                            recipe.output, cache, goes_on ? ENG_RESUME_YES : ENG_RESUME_NO);
      g_signal_emit (self, start_signal, 0, training);
    }
  ui_train_recipe_clear (&recipe);
}

/* ---- filling in ---- */

/* As it was the last time; the name is another, unless there is something to go on with. */
static void
recall (UiTrainForm *self, const EngExplainerKind *kind)
{
  UiTrainRecipe last;
  if (!ui_train_recipe_recall (&last, self->model))
    return;
  gtk_editable_set_text (self->source, last.source);
  gtk_editable_set_text (self->labels, last.labels ? last.labels : "");
  if (!kind)
    ui_train_kinds_set (self->kinds, last.kind);
  if (ui_train_kinds_get (self->kinds) == last.kind)
    {
      g_autofree char *file = g_path_get_basename (last.output);
      ui_train_settings_show (self->settings, last.values, last.layer);
      if (g_str_has_suffix (file, SUFFIX))
        file[strlen (file) - strlen (SUFFIX)] = '\0';
      if (ui_train_can_resume (last.output) && !g_file_test (last.output, G_FILE_TEST_EXISTS))
        {
          gtk_editable_set_text (self->name, file);
          gtk_check_button_set_active (self->resume, TRUE);
        }
    }
  ui_train_recipe_clear (&last);
}

/* With other pictures or settings it is another training. */
static void
on_edited (UiTrainForm *self)
{
  gtk_check_button_set_active (self->resume, FALSE);
  estimate_later (self);
}

static void
on_reset (UiTrainForm *self)
{
  ui_train_settings_set_kind (self->settings, ui_train_kinds_get (self->kinds), self->model);
  on_edited (self);
}

void
ui_train_form_set_model (UiTrainForm *self, EngModel *model, const char *folder, const EngExplainerKind *kind)
{
  g_set_object (&self->model, model);
  gtk_widget_set_visible (GTK_WIDGET (self->problem), FALSE);
  gtk_editable_set_text (self->name, "");
  if (folder && !*gtk_editable_get_text (self->source))
    gtk_editable_set_text (self->source, folder);
  g_clear_pointer (&self->suggested, g_free);
  ui_train_kinds_set_model (self->kinds, model);
  if (kind)
    ui_train_kinds_set (self->kinds, kind);
  on_kind (self);
  recall (self, kind);
}

void
ui_train_form_focus (UiTrainForm *self)
{
  ui_train_kinds_focus (self->kinds);
}

GtkWidget *
ui_train_form_default (UiTrainForm *self)
{
  return self->start;
}

void
ui_train_form_set_source (UiTrainForm *self, const char *path)
{
  gtk_editable_set_text (self->source, path);
}

const char *
ui_train_form_estimate (UiTrainForm *self)
{
  return ui_train_estimate_text (self->estimate);
}

const char *
ui_train_form_problem (UiTrainForm *self)
{
  return gtk_widget_get_visible (GTK_WIDGET (self->problem)) ? gtk_label_get_text (self->problem) : NULL;
}

/* ---- choosing files ---- */

#define LISTS "Lists (CSV)"
static const char *const lists[] = { "csv", "tsv", "txt", NULL };

static void
on_choose_folder (GtkWidget *button, UiTrainForm *self)
{
  ui_path_chooser_show (self->source, "Pictures to Learn From", GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, NULL, NULL);
}

static void
on_choose_list (GtkWidget *button, UiTrainForm *self)
{
  ui_path_chooser_show (self->source, "List of Pictures", GTK_FILE_CHOOSER_ACTION_OPEN, LISTS, lists);
}

static void
on_choose_labels (GtkWidget *button, UiTrainForm *self)
{
  ui_path_chooser_show (self->labels, "Labels of the Pictures", GTK_FILE_CHOOSER_ACTION_OPEN, LISTS, lists);
}

/* ---- life ---- */

static void
ui_train_form_dispose (GObject *object)
{
  UiTrainForm *self = UI_TRAIN_FORM (object);
  g_clear_handle_id (&self->timer, g_source_remove);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->model);
  g_clear_pointer (&self->suggested, g_free);
  G_OBJECT_CLASS (ui_train_form_parent_class)->dispose (object);
}

static void
ui_train_form_class_init (UiTrainFormClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_train_form_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_FORM);
  start_signal = g_signal_new ("start", UI_TYPE_TRAIN_FORM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                               ENG_TYPE_TRAINING);
}

static GtkLabel *
make_label (const char *text, const char *css)
{
  GtkWidget *label = gtk_label_new (text);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 60);
  if (css)
    gtk_widget_add_css_class (label, css);
  return GTK_LABEL (label);
}

static GtkLabel *
make_caption (const char *text)
{
  GtkLabel *label = make_label (text, "caption");
  gtk_widget_add_css_class (GTK_WIDGET (label), "sl-dim");
  return label;
}

/* A row of @grid: label, entry, buttons. */
static GtkEditable *
attach_entry (GtkGrid *grid, int row, const char *text, const char *spoken, const char *placeholder,
              GtkWidget **parts)
{
  GtkWidget *label = gtk_label_new_with_mnemonic (text), *entry = gtk_entry_new ();
  GtkWidget *buttons = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_mnemonic_widget (GTK_LABEL (label), entry);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  gtk_entry_set_placeholder_text (GTK_ENTRY (entry), placeholder);
  gtk_entry_set_activates_default (GTK_ENTRY (entry), TRUE);
  gtk_widget_set_hexpand (entry, TRUE);
  gtk_grid_attach (grid, label, 0, row, 1, 1);
  gtk_grid_attach (grid, entry, 1, row, 1, 1);
  gtk_grid_attach (grid, buttons, 2, row, 1, 1);
  parts[0] = label;
  parts[1] = entry;
  parts[2] = buttons;
  return GTK_EDITABLE (entry);
}

static void
add_button (UiTrainForm *self, GtkWidget *box, const char *text, const char *spoken, GCallback clicked)
{
  GtkWidget *button = gtk_button_new_with_mnemonic (text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  g_signal_connect (button, "clicked", clicked, self);
  gtk_box_append (GTK_BOX (box), button);
}

static GtkGrid *
make_grid (void)
{
  GtkWidget *grid = gtk_grid_new ();
  gtk_grid_set_row_spacing (GTK_GRID (grid), 4);
  gtk_grid_set_column_spacing (GTK_GRID (grid), 10);
  return GTK_GRID (grid);
}

static GtkWidget *
make_pictures (UiTrainForm *self)
{
  GtkGrid *grid = make_grid ();
  GtkWidget *parts[3];
  self->source = attach_entry (grid, 0, "_Pictures", "Pictures", "A folder, or a list", parts);
  add_button (self, parts[2], "_Folder…", "Choose a folder of pictures", G_CALLBACK (on_choose_folder));
  add_button (self, parts[2], "_List…", "Choose a list of pictures", G_CALLBACK (on_choose_list));
  self->labels = attach_entry (grid, 2, "L_abels", "Labels", "None", self->labels_row);
  add_button (self, self->labels_row[2], "C_hoose…", "Choose a list of labels", G_CALLBACK (on_choose_labels));
  GtkLabel *pictures = make_caption ("Of what the model knows: a few hundred are a start, more are better.");
  GtkLabel *labels =
      make_caption ("A list (CSV: name,label). Without labels the model’s own predictions are explained; "
                    "where all pictures lie in subfolders, these name the classes.");
  self->labels_row[3] = GTK_WIDGET (labels);
  gtk_grid_attach (grid, GTK_WIDGET (pictures), 1, 1, 2, 1);
  gtk_grid_attach (grid, GTK_WIDGET (labels), 1, 3, 2, 1);
  return GTK_WIDGET (grid);
}

static GtkWidget *
make_output (UiTrainForm *self)
{
  GtkGrid *grid = make_grid ();
  GtkWidget *parts[3];
  self->name = attach_entry (grid, 0, "_Name", "Name", "", parts);
  GtkWidget *suffix = gtk_label_new (SUFFIX);
  gtk_widget_add_css_class (suffix, "sl-dim");
  gtk_box_append (GTK_BOX (parts[2]), suffix);
  self->place = make_caption ("");
  self->resume = GTK_CHECK_BUTTON (
      gtk_check_button_new_with_mnemonic ("_Go on with the training of this name that stopped half-way"));
  ui_tip_describe (GTK_WIDGET (self->resume), "With the same pictures and settings. Otherwise begin anew.");
  gtk_widget_set_visible (GTK_WIDGET (self->resume), FALSE);
  gtk_grid_attach (grid, GTK_WIDGET (self->place), 1, 1, 2, 1);
  gtk_grid_attach (grid, GTK_WIDGET (self->resume), 1, 2, 2, 1);
  g_signal_connect_swapped (self->name, "changed", G_CALLBACK (on_name), self);
  return GTK_WIDGET (grid);
}

/* Below the form, always in sight. */
static GtkWidget *
make_foot (UiTrainForm *self)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12), *words = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);
  self->problem = GTK_LABEL (g_object_new (GTK_TYPE_LABEL, "accessible-role", GTK_ACCESSIBLE_ROLE_ALERT, "wrap", TRUE,
                                           "xalign", 0.0, "max-width-chars", 60, "visible", FALSE, NULL));
  gtk_widget_add_css_class (GTK_WIDGET (self->problem), "sl-err");
  self->estimate = UI_TRAIN_ESTIMATE (ui_train_estimate_new ());
  self->start = gtk_button_new_with_mnemonic ("_Start");
  gtk_widget_add_css_class (self->start, "suggested-action");
  gtk_widget_set_valign (self->start, GTK_ALIGN_CENTER);
  gtk_widget_set_hexpand (words, TRUE);
  gtk_widget_set_valign (words, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (words), GTK_WIDGET (self->problem));
  gtk_box_append (GTK_BOX (words), GTK_WIDGET (self->estimate));
  gtk_box_append (GTK_BOX (row), words);
  gtk_box_append (GTK_BOX (row), self->start);
  gtk_widget_add_css_class (row, "train-foot");
  g_signal_connect_swapped (self->start, "clicked", G_CALLBACK (on_start), self);
  return row;
}

/* @button: (nullable): beside the title */
static void
append_part (GtkWidget *box, const char *title, GtkWidget *button, GtkWidget *part)
{
  GtkLabel *label = make_label (title, "heading");
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  gtk_widget_set_margin_top (row, gtk_widget_get_first_child (box) ? 10 : 0);
  gtk_widget_set_hexpand (GTK_WIDGET (label), TRUE);
  gtk_box_append (GTK_BOX (row), GTK_WIDGET (label));
  if (button)
    gtk_box_append (GTK_BOX (row), button);
  gtk_box_append (GTK_BOX (box), row);
  gtk_box_append (GTK_BOX (box), part);
}

/* The page about the chosen kind's method. */
static void
on_help (UiTrainForm *self)
{
  const EngExplainerKind *kind = ui_train_kinds_get (self->kinds);
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));
  ui_help_window_show (window, kind ? kind->method : "");
}

static void
on_map (UiTrainForm *self)
{
  estimate_later (self);
}

static void
ui_train_form_init (UiTrainForm *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 8), *scrolled = gtk_scrolled_window_new ();
  gtk_orientable_set_orientation (GTK_ORIENTABLE (gtk_widget_get_layout_manager (GTK_WIDGET (self))),
                                  GTK_ORIENTATION_VERTICAL);
  self->kinds = UI_TRAIN_KINDS (ui_train_kinds_new ());
  self->settings = UI_TRAIN_SETTINGS (ui_train_settings_new ());
  GtkWidget *reset = gtk_button_new_with_mnemonic ("_Reset");
  ui_tip_describe (reset, "The kind’s own settings");
  g_signal_connect_swapped (reset, "clicked", G_CALLBACK (on_reset), self);
  gtk_widget_add_css_class (reset, "small");
  GtkWidget *help = gtk_button_new_with_mnemonic ("_What do they show?");
  g_signal_connect_swapped (help, "clicked", G_CALLBACK (on_help), self);
  gtk_widget_add_css_class (help, "flat");
  gtk_widget_add_css_class (help, "link");
  append_part (box, "Kind", help, GTK_WIDGET (self->kinds));
  append_part (box, "Learn from", NULL, make_pictures (self));
  append_part (box, "Settings", reset, GTK_WIDGET (self->settings));
  append_part (box, "Explainer", NULL, make_output (self));
  gtk_widget_add_css_class (box, "train-content");
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_AUTOMATIC, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), box);
  gtk_widget_set_vexpand (scrolled, TRUE);
  gtk_widget_set_parent (scrolled, GTK_WIDGET (self));
  gtk_widget_set_parent (gtk_separator_new (GTK_ORIENTATION_HORIZONTAL), GTK_WIDGET (self));
  gtk_widget_set_parent (make_foot (self), GTK_WIDGET (self));
  g_signal_connect_swapped (self->kinds, "changed", G_CALLBACK (on_kind), self);
  g_signal_connect_swapped (self->settings, "edited", G_CALLBACK (on_edited), self);
  g_signal_connect_swapped (self->source, "changed", G_CALLBACK (on_edited), self);
  g_signal_connect_swapped (self->labels, "changed", G_CALLBACK (on_edited), self);
  g_signal_connect (self, "map", G_CALLBACK (on_map), NULL);
}

GtkWidget *
ui_train_form_new (void)
{
  return g_object_new (UI_TYPE_TRAIN_FORM, NULL);
}
