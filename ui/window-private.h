/* Parts of the window that its files share. */
#pragma once

#include "ui/autosave.h"
#include "ui/class-list.h"
#include "ui/display-pane.h"
#include "ui/figure-lists.h"
#include "ui/figure-page.h"
#include "ui/figure-pane.h"
#include "ui/image-strip.h"
#include "ui/live-pane.h"
#include "ui/method-list.h"
#include "ui/model-facts.h"
#include "ui/model-labels.h"
#include "ui/model-page.h"
#include "ui/start-page.h"
#include "ui/task-button.h"
#include "ui/threshold-page.h"
#include "ui/toast.h"
#include "ui/train-button.h"
#include "ui/window.h"

struct _UiWindow
{
  GtkApplicationWindow parent_instance;
  UiSession *session;

  GtkStack *titles;
  GtkLabel *title;
  GtkWidget *sidebar_toggle, *display_toggle;
  UiTaskButton *tasks;
  GtkRevealer *info_revealer;
  GtkInfoBar *info;
  GtkLabel *info_text;
  GtkButton *info_button, *info_second;
  GtkStack *root;
  UiStartPage *start;
  GtkWidget *veil;
  UiToast *toast;
  UiAutosave *autosave;
  gboolean closing, discards; /* after the question whether to save */
  gboolean trains;            /* an explainer was in training when last looked */

  GtkStack *pages, *sides, *lefts;
  UiFigurePage *figure_page;
  UiFigureLists *figure_lists;
  UiFigurePane *figure_pane;
  char *exported;            /* file of the last figure; NULL: none */
  const char *followed_page; /* of the session, as it was seen last; interned */
  UiModelPage *model_page;
  UiModelLabels *model_labels;
  UiModelFacts *model_facts_pane;
  GtkWidget *strip_box;
  GtkPaned *sidebar_paned;
  GtkWidget *sidebar, *display_side;
  GtkWidget *model_row;
  GtkLabel *model_name, *model_facts, *model_preprocessing;
  GtkWidget *model_output_row;
  GtkDropDown *model_output; /* only for models with several outputs */
  gboolean updating_output;
  guint output_idle;
  GtkProgressBar *model_progress;
  guint model_pulse;
  UiClassList *classes;
  UiMethodList *methods;
  GtkWidget *toolbar, *space_hint;
  GtkMenuButton *zoom_menu;
  GtkLabel *notice, *scales;
  GtkWidget *run_old;
  GtkDropDown *columns;
  GtkScrolledWindow *tiles_scrolled;
  UiTileGrid *grid;
  UiDisplayPane *display;
  UiThresholdPage *threshold;
  UiLivePane *live;
  UiImageStrip *strip;
  GtkInscription *status_values;
  GtkLabel *status_jobs;

  gboolean narrow_display, narrow_sidebar; /* which thresholds the width is below */
  gboolean display_before, sidebar_before; /* what the panes were when it went below */
  guint responsive_idle;
};

/* window-actions.c */
void ui_window_add_keys (UiWindow *self);
void ui_window_update_actions (UiWindow *self);
void ui_window_update_toggles (UiWindow *self); /* as the session and the panes are */
gboolean ui_window_get_toggle (UiWindow *self, const char *name);
void ui_window_set_toggle (UiWindow *self, const char *name, gboolean on);

/* window.c */
void ui_window_update_title (UiWindow *self);
void ui_window_update_status (UiWindow *self);
void ui_window_fit_panes (UiWindow *self); /* closes what there is no room for; when nothing else is to do */

/* window-info.c */
/* @action: of the button that helps; "": none does. */
void ui_window_tell_problem (UiWindow *self, const char *message, const char *action);
/* @kind: "moved", "changed", "taken", "restore" */
void ui_window_ask_question (UiWindow *self, const char *message, const char *kind);
void ui_window_hide_info (UiWindow *self);

/* window-session.c */
void ui_window_add_session (UiWindow *self);
void ui_window_open_session (UiWindow *self, GVariant *unused);
void ui_window_save (UiWindow *self, GVariant *unused);
void ui_window_save_as (UiWindow *self, GVariant *unused);
void ui_window_locate (UiWindow *self, GVariant *unused);
void ui_window_recompute (UiWindow *self, GVariant *unused);
void ui_window_keep_old_maps (UiWindow *self, GVariant *unused);
void ui_window_overwrite (UiWindow *self, GVariant *unused);
void ui_window_restore_session (UiWindow *self, GVariant *unused);
void ui_window_dismiss_session (UiWindow *self, GVariant *unused);
/* FALSE: there is unsaved work, and the question what becomes of it is asked. */
gboolean ui_window_may_close (UiWindow *self);

/* window-undo.c */
void ui_window_add_undo (UiWindow *self);
void ui_window_undo (UiWindow *self, GVariant *unused);
void ui_window_redo (UiWindow *self, GVariant *unused);
void ui_window_update_undo (UiWindow *self);

/* window-pages.c */
void ui_window_add_pages (UiWindow *self);
/* "inspect", …; what is not a page is passed over. */
void ui_window_show_page (UiWindow *self, const char *name);
const char *ui_window_page (UiWindow *self);
/* Width of the window, with text of the usual size, below which the side pane closes. */
int ui_window_pane_needs (UiWindow *self);

/* window-command.c */
/* Puts the command line that does the same as Explain All on the clipboard, and says so. */
void ui_window_copy_command (UiWindow *self, GVariant *unused);

/* window-train.c */
void ui_window_train (UiWindow *self, GVariant *kind); /* its id; "": none in particular */
void ui_window_add_training (UiWindow *self);

/* window-open.c */
void ui_window_ask (UiWindow *self, UiOpenHint hint, GtkFileChooserAction action);
void ui_window_ask_truth (UiWindow *self);  /* a table of the pictures' labels */
void ui_window_ask_masks (UiWindow *self);  /* a folder with masks of objects */
void ui_window_ask_labels (UiWindow *self); /* the names of the model's classes */
void ui_window_open_sample (UiWindow *self, gboolean model, gboolean scenes);
void ui_window_add_drop_target (UiWindow *self);

/* window-figure.c */
void ui_window_add_to_figure (UiWindow *self, GVariant *unused);
void ui_window_add_masked (UiWindow *self, GVariant *series); /* by its place */
void ui_window_figure_zoom (UiWindow *self, GVariant *unused);
void ui_window_export_figure (UiWindow *self, GVariant *unused);
/* As the pane says, to @path, without asking. */
void ui_window_export_to (UiWindow *self, const char *path);
void ui_window_show_export (UiWindow *self, GVariant *unused);
void ui_window_copy_figure (UiWindow *self, GVariant *what);
void ui_window_open_figure (UiWindow *self, GVariant *unused);
void ui_window_open_figure_file (UiWindow *self, const char *path);
