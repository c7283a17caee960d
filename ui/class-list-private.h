/* Parts of the class list that its files share. */
#pragma once

#include "ui/class-list.h"

struct _UiClassList
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkListBox *list;
  GtkLabel *unit, *hint, *no_hit, *contrast_text;
  GtkWidget *contrast;
  GtkPopover *menu; /* of a row */
  GtkSearchEntry *search;
  GtkPopover *popover;
  GtkStack *results;
  GtkListView *hits;
  GtkCheckButton *follow;
  GtkStringList *labels;
  GtkFilterListModel *filtered;
  GtkSingleSelection *selection;
  guint grey_timer;
  gboolean updating;
};

/* Nothing happens for the class that is explained. */
void ui_class_list_set_contrast (UiClassList *self, int class_index);
/* class-search.c */
void ui_class_list_make_search (UiClassList *self);
