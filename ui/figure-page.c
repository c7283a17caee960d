/* See figure-page.h. */
#include "ui/figure-page.h"

#include <math.h>

#include "ui/figure-view.h"
#include "ui/tip.h"

struct _UiFigurePage
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkButton *zoom, *begin, *remedy;
  GtkLabel *size, *empty, *sentence;
  GtkStack *stack;
  GtkScrolledWindow *scrolled;
  UiFigureView *view;
  GtkWidget *verdict, *copy;
  GtkImage *icon;
  GtkProgressBar *progress;
  gboolean began;         /* the first figure was made of what Inspect shows */
  UiFigureRemedy offered; /* of the button; UI_N_REMEDIES: it stops what is computed */
};

G_DEFINE_FINAL_TYPE (UiFigurePage, ui_figure_page, GTK_TYPE_WIDGET)

static UiComposer *
composer_of (UiFigurePage *self)
{
  return ui_session_composer (self->session);
}

/* ---- zoom ---- */

static void
update_zoom (UiFigurePage *self)
{
  double zoom = ui_figure_view_zoom (self->view);
  g_autofree char *percent = g_strdup_printf ("%.0f %%", 100 * zoom);
  const char *print = ui_figure_view_knows_size (self->view) ? "Print size" : "Print size (estimated)";
  gtk_button_set_label (self->zoom, fabs (zoom - 1) < 1e-6 ? print : percent);
}

void
ui_figure_page_zoom (UiFigurePage *self, double by)
{
  double now = ui_figure_view_zoom (self->view);
  ui_figure_view_set_zoom (self->view, by == 0 ? 1 : by >= 50 ? by / 100 : now * by);
}

/* ---- the verdict ---- */

static void
offer (UiFigurePage *self, const char *label, UiFigureRemedy remedy)
{
  gtk_widget_set_visible (GTK_WIDGET (self->remedy), label != NULL);
  if (label)
    gtk_button_set_label (self->remedy, label);
  self->offered = remedy;
}

static void
say (UiFigurePage *self, const char *icon, const char *class_name, const char *sentence)
{
  static const char *const classes[] = { "sl-ok", "sl-warn", "sl-dim" };
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    gtk_widget_remove_css_class (GTK_WIDGET (self->icon), classes[i]);
  gtk_widget_add_css_class (GTK_WIDGET (self->icon), class_name);
  gtk_image_set_from_icon_name (self->icon, icon);
  gtk_label_set_label (self->sentence, sentence);
}

/* What is under way goes before what is wrong: it may mend it. */
static gboolean
tell_progress (UiFigurePage *self)
{
  double fraction;
  g_autofree char *status = ui_composer_status (composer_of (self), &fraction);
  gtk_widget_set_visible (GTK_WIDGET (self->progress), status != NULL);
  if (!status)
    return FALSE;
  say (self, "sl-info-symbolic", "sl-dim", status);
  if (fraction >= 0)
    gtk_progress_bar_set_fraction (self->progress, fraction);
  else
    gtk_progress_bar_pulse (self->progress);
  offer (self, ui_composer_computing (composer_of (self)) ? "Stop" : NULL, UI_N_REMEDIES);
  return TRUE;
}

static void
update_verdict (UiFigurePage *self)
{
  UiFigureDrawing *drawing = ui_composer_drawing (composer_of (self));
  gboolean empty = ui_composer_is_empty (composer_of (self));
  gtk_widget_set_visible (self->verdict, drawing && !empty);
  if (!drawing || empty || tell_progress (self))
    return;
  g_autoptr (GPtrArray) findings = ui_figure_verdict (drawing);
  if (findings->len == 0)
    {
      g_autofree char *good = ui_figure_verdict_good (drawing);
      say (self, "sl-check-symbolic", "sl-ok", good);
      offer (self, NULL, UI_REMEDY_NONE);
      return;
    }
  const UiFigureFinding *first = findings->pdata[0];
  GString *all = g_string_new (NULL);
  for (guint i = 0; i < findings->len; i++)
    g_string_append_printf (all, "%s%s", i ? "\n" : "", ((UiFigureFinding *)findings->pdata[i])->sentence);
  say (self, first->warning ? "sl-warning-symbolic" : "sl-info-symbolic", first->warning ? "sl-warn" : "sl-dim",
       first->sentence);
  ui_tip_describe (self->verdict, findings->len > 1 ? all->str : NULL);
  offer (self, first->button, first->remedy);
  g_string_free (all, TRUE);
}

static void
on_remedy (UiFigurePage *self)
{
  UiComposer *composer = composer_of (self);
  UiDisplay *display = ui_session_display (self->session);
  if (self->offered == UI_N_REMEDIES)
    ui_composer_stop (composer);
  else if (self->offered == UI_REMEDY_SHARE_SCALE)
    {
      /* Ranges are those of the tiles. */
      ui_figure_apply_remedy (ui_composer_figure (composer), self->offered);
      display->same = ui_composer_figure (composer)->display.same;
      ui_session_display_changed (self->session);
    }
  else if (ui_figure_apply_remedy (ui_composer_figure (composer), self->offered))
    ui_composer_changed (composer);
  else
    ui_composer_compute (composer);
}

/* ---- all of it ---- */

static void
update (UiFigurePage *self)
{
  UiFigureDrawing *drawing = ui_composer_drawing (composer_of (self));
  gboolean empty = ui_composer_is_empty (composer_of (self));
  gboolean ready = ui_session_model (self->session) && ui_session_picture (self->session);
  double width = 0, height = 0;
  gtk_stack_set_visible_child_name (self->stack, empty ? "empty" : "figure");
  gtk_widget_set_sensitive (self->copy, drawing && !empty);
  gtk_label_set_label (self->empty, ready ? "Press F on a tile to put its map here, or take everything at once. Rows "
                                            "are pictures with a class, columns are methods."
                                          : "Open a model and a picture: a figure shows their maps.");
  gtk_widget_set_visible (GTK_WIDGET (self->begin), ready);
  if (drawing)
    ui_figure_drawing_size (drawing, 0, &width, &height);
  guint pages = drawing ? ui_figure_drawing_n_pages (drawing) : 0;
  g_autofree char *size = pages > 1 ? g_strdup_printf ("%u pages of %.0f × %.0f mm on paper", pages, width, height)
                                    : g_strdup_printf ("%.0f × %.0f mm on paper", width, height);
  gtk_label_set_label (self->size, drawing && !empty ? size : "");
  update_verdict (self);
  update_zoom (self);
}

static void
on_begin (UiFigurePage *self)
{
  ui_composer_start (composer_of (self));
}

/* Everything that is visible on Inspect becomes the first figure, once. */
static void
begin_once (UiFigurePage *self)
{
  gboolean ready = ui_session_model (self->session) && ui_session_picture (self->session)
                   && ui_session_target (self->session) >= 0;
  if (self->began || !ready || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  self->began = TRUE;
  ui_composer_start (composer_of (self));
}

static void
ui_figure_page_map (GtkWidget *widget)
{
  UiFigurePage *self = UI_FIGURE_PAGE (widget);
  GTK_WIDGET_CLASS (ui_figure_page_parent_class)->map (widget);
  ui_composer_watch (composer_of (self), TRUE);
  begin_once (self);
  update (self);
}

static void
ui_figure_page_unmap (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (ui_figure_page_parent_class)->unmap (widget);
  ui_composer_watch (composer_of (UI_FIGURE_PAGE (widget)), FALSE);
}

void
ui_figure_page_set_session (UiFigurePage *self, UiSession *session)
{
  self->session = g_object_ref (session);
  ui_figure_view_set_session (self->view, session);
  g_signal_connect_object (composer_of (self), "drawn", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (composer_of (self), "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::target", G_CALLBACK (begin_once), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
ui_figure_page_dispose (GObject *object)
{
  UiFigurePage *self = UI_FIGURE_PAGE (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_figure_page_parent_class)->dispose (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiFigurePage, member)

static void
ui_figure_page_class_init (UiFigurePageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_figure_page_dispose;
  widget_class->map = ui_figure_page_map;
  widget_class->unmap = ui_figure_page_unmap;
  g_type_ensure (UI_TYPE_FIGURE_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/figure-page.ui");
  BIND (zoom);
  BIND (begin);
  BIND (remedy);
  BIND (size);
  BIND (empty);
  BIND (sentence);
  BIND (stack);
  BIND (scrolled);
  BIND (view);
  BIND (verdict);
  BIND (copy);
  BIND (icon);
  BIND (progress);
}

static void
ui_figure_page_init (UiFigurePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_swapped (self->begin, "clicked", G_CALLBACK (on_begin), self);
  g_signal_connect_swapped (self->remedy, "clicked", G_CALLBACK (on_remedy), self);
  g_signal_connect_swapped (self->view, "notify::zoom", G_CALLBACK (update_zoom), self);
}
