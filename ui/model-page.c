/* See model-page.h. */
#include "ui/model-page.h"

#include "ui/model-layers.h"
#include "ui/model-stages.h"
#include "ui/model-verdict.h"

struct _UiModelPage
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkLabel *saved;
  GtkWidget *revert, *copy, *save;
  gboolean saved_once; /* then going back is worth saving, too */
  UiModelStages *stages;
  UiModelVerdict *verdict;
  UiModelLayers *layers;
};

G_DEFINE_FINAL_TYPE (UiModelPage, ui_model_page, GTK_TYPE_WIDGET)

/* "saved beside the model as net.json", "saved in …/0123.json: the model's folder cannot be written to". */
static char *
describe_saved (UiSession *session)
{
  const char *path = ui_session_remembered (session);
  EngModel *model = ui_session_model (session);
  EngPreprocess *now = ui_session_preprocess (session);
  if (!path)
    return g_strdup (!now                                                             ? ""
                     : eng_preprocess_same (now, eng_model_opened_preprocess (model)) ? ""
                                                                                      : "changed, not saved");
  g_autofree char *beside = g_path_get_dirname (eng_model_path (model)), *folder = g_path_get_dirname (path);
  g_autofree char *name = g_filename_display_basename (path), *shown = g_filename_display_name (path);
  if (g_strcmp0 (beside, folder) == 0)
    return g_strdup_printf ("saved beside the model as %s", name);
  return g_strdup_printf ("saved as %s, since the model’s folder cannot be written to", shown);
}

static void
update (UiModelPage *self)
{
  EngModel *model = ui_session_model (self->session);
  EngPreprocess *now = ui_session_preprocess (self->session);
  g_autofree char *saved = describe_saved (self->session);
  gtk_label_set_label (self->saved, saved);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->saved), ui_session_remembered (self->session));
  gtk_widget_set_sensitive (self->revert, model && !eng_preprocess_same (now, eng_model_opened_preprocess (model)));
  gtk_widget_set_sensitive (self->copy, model != NULL);
  self->saved_once = self->saved_once || ui_session_remembered (self->session);
  gtk_widget_set_sensitive (self->save,
                            model && !ui_session_remembered (self->session)
                                && (self->saved_once || eng_model_opened_preprocess (model) != now || now->assumed));
}

static void
on_revert (UiModelPage *self)
{
  ui_session_set_preprocess (self->session, eng_model_opened_preprocess (ui_session_model (self->session)));
}

static void
on_copy (UiModelPage *self)
{
  g_autofree char *json = eng_preprocess_to_json (ui_session_preprocess (self->session));
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), json);
}

static void
on_save (UiModelPage *self)
{
  ui_session_remember_model (self->session);
}

void
ui_model_page_set_session (UiModelPage *self, UiSession *session)
{
  self->session = g_object_ref (session);
  ui_model_stages_set_session (self->stages, session);
  ui_model_verdict_set_session (self->verdict, session);
  ui_model_layers_set_session (self->layers, session);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::remembered", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
ui_model_page_dispose (GObject *object)
{
  UiModelPage *self = UI_MODEL_PAGE (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_model_page_parent_class)->dispose (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiModelPage, member)

static void
ui_model_page_class_init (UiModelPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_model_page_dispose;
  g_type_ensure (UI_TYPE_MODEL_STAGES);
  g_type_ensure (UI_TYPE_MODEL_VERDICT);
  g_type_ensure (UI_TYPE_MODEL_LAYERS);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/model-page.ui");
  BIND (saved);
  BIND (revert);
  BIND (copy);
  BIND (save);
  BIND (stages);
  BIND (verdict);
  BIND (layers);
}

static void
ui_model_page_init (UiModelPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_swapped (self->revert, "clicked", G_CALLBACK (on_revert), self);
  g_signal_connect_swapped (self->copy, "clicked", G_CALLBACK (on_copy), self);
  g_signal_connect_swapped (self->save, "clicked", G_CALLBACK (on_save), self);
}
