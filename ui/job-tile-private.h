/* What the tile's files share. */
#pragma once

#include "ui/job-tile.h"
#include "ui/legend.h"
#include "ui/squeezer.h"

struct _UiJobTile
{
  GtkWidget parent_instance;
  UiSession *session;
  UiSlot *slot;
  guint chip_timer;
  gboolean chip_ready;
  gint64 waiting_since;

  GtkLabel *name, *summary, *badge;
  GtkMenuButton *menu;
  GtkStack *stack;
  UiHeatmapView *view;
  GtkWidget *invitation;
  GtkLabel *invitation_title, *invitation_text;
  GtkButton *invitation_first, *invitation_second;
  GtkLabel *chip;
  GtkWidget *progress_chip;
  GtkLabel *progress_count, *progress_left;
  GtkProgressBar *progress_bar;
  GtkImage *message_icon;
  GtkLabel *message_title, *message_text, *details_text;
  GtkExpander *details;
  UiSqueezer *footer;
  GtkButton *first, *second;
  UiLegend *legend;
  GtkWidget *form;       /* popover with the parameters, while it is open */
  double copy_x, copy_y; /* where the menu was asked for, in picture pixels; < 0: by its button */
};

/* job-tile-menu.c */
void ui_job_tile_install_actions (GtkWidgetClass *widget_class);
void ui_job_tile_add_menu (UiJobTile *self);
void ui_job_tile_update_actions (UiJobTile *self);
