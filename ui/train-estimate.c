/* See train-estimate.h. */
#include "ui/train-estimate.h"

#include "ui/draw/words.h"

typedef struct
{
  UiTrainEstimate *view; /* weak */
  EngModel *model;
  const EngExplainerKind *kind;
  char *layer;
  EngValues *values;
  GCancellable *cancellable;
  double seconds;
  GError *error;
} Question;

struct _UiTrainEstimate
{
  GtkWidget parent_instance;
  GtkLabel *label;
  Question *waiting; /* until the one under way is answered; NULL: none */
  Question *asked;   /* on the engine thread, which frees it; NULL: none */
};

G_DEFINE_FINAL_TYPE (UiTrainEstimate, ui_train_estimate, GTK_TYPE_WIDGET)

static void
question_free (Question *q)
{
  g_clear_weak_pointer (&q->view);
  g_object_unref (q->model);
  g_free (q->layer);
  eng_values_free (q->values);
  g_object_unref (q->cancellable);
  g_clear_error (&q->error);
  g_free (q);
}

static void
work (gpointer data)
{
  Question *q = data;
  q->seconds = eng_training_estimate (q->model, q->kind, q->layer, q->values, q->cancellable, &q->error);
}

static void
show (UiTrainEstimate *self, const Question *q)
{
  g_autofree char *duration = q->seconds >= 0 ? ui_words_duration (q->seconds) : NULL;
  g_autofree char *text = duration
                              ? g_strdup_printf ("Takes %s on this computer, besides reading the pictures.", duration)
                              : g_strdup (q->error ? q->error->message : "");
  gtk_label_set_text (self->label, text);
}

static void ask_next (UiTrainEstimate *self);

static void
done (gpointer data)
{
  Question *q = data;
  if (q->view)
    {
      q->view->asked = NULL;
      if (q->view->waiting)
        ask_next (q->view);
      else if (!g_cancellable_is_cancelled (q->cancellable))
        show (q->view, q);
    }
  question_free (q);
}

static void
ask_next (UiTrainEstimate *self)
{
  self->asked = g_steal_pointer (&self->waiting);
  eng_engine_push (ENG_PRIORITY_BACKGROUND, work, done, self->asked);
}

static void
drop (UiTrainEstimate *self)
{
  g_clear_pointer (&self->waiting, question_free);
  if (self->asked)
    g_cancellable_cancel (self->asked->cancellable);
}

void
ui_train_estimate_cancel (UiTrainEstimate *self)
{
  drop (self);
  gtk_label_set_text (self->label, "");
}

void
ui_train_estimate_ask (UiTrainEstimate *self, EngModel *model, const EngExplainerKind *kind, const char *layer,
                       EngValues *values)
{
  ui_train_estimate_cancel (self); /* of many questions the last one matters */
  if (!values)
    return;
  gtk_label_set_text (self->label, "Estimating the time…");
  self->waiting = g_new0 (Question, 1);
  g_set_weak_pointer (&self->waiting->view, self);
  self->waiting->model = g_object_ref (model);
  self->waiting->kind = kind;
  self->waiting->layer = g_strdup (layer);
  self->waiting->values = values;
  self->waiting->cancellable = g_cancellable_new ();
  if (!self->asked)
    ask_next (self);
}

const char *
ui_train_estimate_text (UiTrainEstimate *self)
{
  return gtk_label_get_text (self->label);
}

/* ---- life ---- */

static void
ui_train_estimate_dispose (GObject *object)
{
  UiTrainEstimate *self = UI_TRAIN_ESTIMATE (object);
  drop (self);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (ui_train_estimate_parent_class)->dispose (object);
}

static void
ui_train_estimate_class_init (UiTrainEstimateClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_train_estimate_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
ui_train_estimate_init (UiTrainEstimate *self)
{
  self->label = GTK_LABEL (gtk_label_new (""));
  gtk_label_set_wrap (self->label, TRUE);
  gtk_label_set_xalign (self->label, 0);
  gtk_widget_add_css_class (GTK_WIDGET (self->label), "sl-dim");
  gtk_widget_set_parent (GTK_WIDGET (self->label), GTK_WIDGET (self));
  g_signal_connect (self, "unmap", G_CALLBACK (ui_train_estimate_cancel), NULL); /* nobody reads it any more */
}

GtkWidget *
ui_train_estimate_new (void)
{
  return g_object_new (UI_TYPE_TRAIN_ESTIMATE, NULL);
}
