/* See tile-grid.h. */
#include "ui/tile-grid.h"

#include "ui/photo-tile.h"

#define GAP 10
#define LEAST_WIDTH 220
#define LEAST_HEIGHT 200
#define CHROME 60 /* header and footer of a tile */

/* ---- layout ---- */

#define UI_TYPE_TILE_LAYOUT (ui_tile_layout_get_type ())
G_DECLARE_FINAL_TYPE (UiTileLayout, ui_tile_layout, UI, TILE_LAYOUT, GtkLayoutManager)

struct _UiTileLayout
{
  GtkLayoutManager parent_instance;
  guint columns; /* 0: automatic */
  double aspect; /* width / height of the picture */
};

G_DEFINE_FINAL_TYPE (UiTileLayout, ui_tile_layout, GTK_TYPE_LAYOUT_MANAGER)

static int
count_children (GtkWidget *widget)
{
  int n = 0;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    n += gtk_widget_should_layout (child);
  return n;
}

static int
most_columns (int width)
{
  return MAX (1, (width + GAP) / (LEAST_WIDTH + GAP));
}

static int
rows_for (int n, int columns)
{
  return (n + columns - 1) / columns;
}

static double
picture_area (const UiTileLayout *self, int n, int columns, int width, int height)
{
  int rows = rows_for (n, columns);
  double w = (width - (columns - 1.0) * GAP) / columns, h = (height - (rows - 1.0) * GAP) / rows - CHROME;
  double fitted = MIN (w, h * self->aspect);
  return fitted <= 0 ? 0 : fitted * fitted / self->aspect;
}

/* @height < 0: not known yet. */
static int
choose_columns (const UiTileLayout *self, int n, int width, int height)
{
  int most = MIN (most_columns (width), MAX (n, 1)), best = most;
  if (self->columns)
    return MIN ((int)self->columns, most);
  if (height < 0)
    return most;
  double best_area = -1;
  for (int columns = most; columns >= 1; columns--)
    {
      gboolean fits = rows_for (n, columns) * (LEAST_HEIGHT + GAP) - GAP <= height;
      double area = picture_area (self, n, columns, width, height);
      if ((fits || columns == most) && area > best_area * 1.001)
        {
          best = columns;
          best_area = area;
        }
    }
  return best;
}

static GtkSizeRequestMode
ui_tile_layout_get_request_mode (GtkLayoutManager *manager, GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
ui_tile_layout_measure (GtkLayoutManager *manager, GtkWidget *widget, GtkOrientation orientation, int for_size,
                        int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  int n = count_children (widget);
  *minimum = LEAST_WIDTH;
  if (orientation == GTK_ORIENTATION_VERTICAL)
    {
      int columns = choose_columns (UI_TILE_LAYOUT (manager), n, for_size < 0 ? LEAST_WIDTH : for_size, -1);
      *minimum = MAX (1, rows_for (n, columns)) * (LEAST_HEIGHT + GAP) - GAP;
    }
  *natural = *minimum;
}

static void
ui_tile_layout_allocate (GtkLayoutManager *manager, GtkWidget *widget, int width, int height, int baseline)
{
  int n = count_children (widget), i = 0;
  int columns = choose_columns (UI_TILE_LAYOUT (manager), n, width, height), rows = MAX (1, rows_for (n, columns));
  gboolean mirrored = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    {
      if (!gtk_widget_should_layout (child))
        continue;
      int column = i % columns, row = i / columns, minimum;
      /* Edges by multiplication, so that leftover pixels spread over the tiles. */
      int x0 = column * (width + GAP) / columns, x1 = (column + 1) * (width + GAP) / columns - GAP;
      int y0 = row * (height + GAP) / rows, y1 = (row + 1) * (height + GAP) / rows - GAP;
      gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
      int child_width = MAX (x1 - x0, minimum);
      gtk_widget_measure (child, GTK_ORIENTATION_VERTICAL, child_width, &minimum, NULL, NULL, NULL);
      gtk_widget_size_allocate (
          child, &(GtkAllocation){ mirrored ? width - x1 : x0, y0, child_width, MAX (y1 - y0, minimum) }, -1);
      i++;
    }
}

static void
ui_tile_layout_class_init (UiTileLayoutClass *klass)
{
  GtkLayoutManagerClass *layout_class = GTK_LAYOUT_MANAGER_CLASS (klass);
  layout_class->get_request_mode = ui_tile_layout_get_request_mode;
  layout_class->measure = ui_tile_layout_measure;
  layout_class->allocate = ui_tile_layout_allocate;
}

static void
ui_tile_layout_init (UiTileLayout *self)
{
  self->aspect = 4 / 3.0;
}

/* ---- the grid ---- */

struct _UiTileGrid
{
  GtkWidget parent_instance;
  UiSession *session;
  GListModel *slots;   /* all but the photo, in order */
  GtkWidget *photo;    /* the first child */
  GtkWidget *selected; /* a tile or the photo */
};

G_DEFINE_FINAL_TYPE (UiTileGrid, ui_tile_grid, GTK_TYPE_WIDGET)

static guint selected_changed_signal;

static UiTileLayout *
layout_of (UiTileGrid *self)
{
  return UI_TILE_LAYOUT (gtk_widget_get_layout_manager (GTK_WIDGET (self)));
}

static void
select_tile (UiTileGrid *self, GtkWidget *tile)
{
  if (self->selected == tile)
    return;
  if (self->selected)
    gtk_widget_remove_css_class (self->selected, "selected");
  self->selected = tile;
  if (tile)
    gtk_widget_add_css_class (tile, "selected");
  g_signal_emit (self, selected_changed_signal, 0);
}

static void
on_tile_pressed (GtkGestureClick *gesture, int n_press, double x, double y, UiTileGrid *self)
{
  select_tile (self, gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (gesture)));
}

static void
on_tile_focused (GtkEventControllerFocus *controller, UiTileGrid *self)
{
  select_tile (self, gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (controller)));
}

/* A tile is selected by a click anywhere in it and by the focus. */
static GtkWidget *
watch_tile (UiTileGrid *self, GtkWidget *tile)
{
  GtkGesture *click = gtk_gesture_click_new ();
  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (click), GTK_PHASE_CAPTURE);
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), 0);
  g_signal_connect (click, "pressed", G_CALLBACK (on_tile_pressed), self);
  gtk_widget_add_controller (tile, GTK_EVENT_CONTROLLER (click));
  GtkEventController *focus = gtk_event_controller_focus_new ();
  g_signal_connect (focus, "enter", G_CALLBACK (on_tile_focused), self);
  gtk_widget_add_controller (tile, focus);
  return tile;
}

/* The tile that stands at @position; NULL: past the end. */
static GtkWidget *
nth_tile (UiTileGrid *self, guint position)
{
  GtkWidget *child = gtk_widget_get_next_sibling (self->photo);
  while (child && position--)
    child = gtk_widget_get_next_sibling (child);
  return child;
}

static void
on_items_changed (GListModel *tiles, guint position, guint removed, guint added, UiTileGrid *self)
{
  GtkWidget *child = nth_tile (self, position);
  while (child && removed--)
    {
      GtkWidget *next = gtk_widget_get_next_sibling (child);
      if (self->selected == child)
        self->selected = NULL;
      gtk_widget_unparent (child);
      child = next;
    }
  for (guint i = 0; i < added; i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (tiles, position + i);
      gtk_widget_insert_before (watch_tile (self, ui_job_tile_new (self->session, slot)), GTK_WIDGET (self), child);
    }
  if (!self->selected)
    select_tile (self, nth_tile (self, 0) ? nth_tile (self, 0) : self->photo);
}

/* What is hidden is not selected. */
static void
on_display (UiTileGrid *self)
{
  if (self->selected == self->photo && !ui_session_shows_photo (self->session) && nth_tile (self, 0))
    select_tile (self, nth_tile (self, 0));
}

static void
on_picture (UiTileGrid *self)
{
  UiPicture *picture = ui_session_picture (self->session);
  if (!picture || ui_picture_height (picture) == 0)
    return;
  layout_of (self)->aspect = ui_picture_width (picture) / (double)ui_picture_height (picture);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

void
ui_tile_grid_set_session (UiTileGrid *self, UiSession *session)
{
  GListStore *lists = g_list_store_new (G_TYPE_LIST_MODEL);
  g_list_store_append (lists, ui_session_tiles (session));
  g_list_store_append (lists, ui_session_differences (session));
  GListModel *tiles = self->slots = G_LIST_MODEL (gtk_flatten_list_model_new (G_LIST_MODEL (lists)));
  self->session = g_object_ref (session);
  self->photo = ui_photo_tile_new (session);
  gtk_widget_set_parent (watch_tile (self, self->photo), GTK_WIDGET (self));
  g_signal_connect_object (tiles, "items-changed", G_CALLBACK (on_items_changed), self, 0);
  g_signal_connect_object (session, "display-changed", G_CALLBACK (on_display), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (on_picture), self, G_CONNECT_SWAPPED);
  on_items_changed (tiles, 0, 0, g_list_model_get_n_items (tiles), self);
}

void
ui_tile_grid_set_columns (UiTileGrid *self, guint columns)
{
  layout_of (self)->columns = columns;
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

UiJobTile *
ui_tile_grid_selected (UiTileGrid *self)
{
  return self->selected && UI_IS_JOB_TILE (self->selected) ? UI_JOB_TILE (self->selected) : NULL;
}

static UiHeatmapView *
view_of (GtkWidget *tile)
{
  return UI_IS_JOB_TILE (tile) ? ui_job_tile_view (UI_JOB_TILE (tile)) : ui_photo_tile_view (UI_PHOTO_TILE (tile));
}

UiHeatmapView *
ui_tile_grid_selected_view (UiTileGrid *self)
{
  return self->selected ? view_of (self->selected) : NULL;
}

UiJobTile *
ui_tile_grid_find (UiTileGrid *self, UiSlot *slot)
{
  for (GtkWidget *tile = nth_tile (self, 0); tile; tile = gtk_widget_get_next_sibling (tile))
    if (ui_job_tile_slot (UI_JOB_TILE (tile)) == slot)
      return UI_JOB_TILE (tile);
  return NULL;
}

void
ui_tile_grid_select_by (UiTileGrid *self, int by)
{
  GtkWidget *next = self->selected;
  do
    next = !next ? NULL : by < 0 ? gtk_widget_get_prev_sibling (next) : gtk_widget_get_next_sibling (next);
  while (next && !gtk_widget_get_visible (next));
  if (!next)
    return;
  /* The focus goes with the selection where it was in a tile, so that the arrow keys move this tile's crosshair. */
  GtkWidget *focus = gtk_root_get_focus (gtk_widget_get_root (GTK_WIDGET (self)));
  if (focus && gtk_widget_is_ancestor (focus, GTK_WIDGET (self)))
    gtk_widget_grab_focus (GTK_WIDGET (view_of (next)));
  select_tile (self, next);
}

static void
ui_tile_grid_dispose (GObject *object)
{
  UiTileGrid *self = UI_TILE_GRID (object);
  self->selected = NULL;
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->slots);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_tile_grid_parent_class)->dispose (object);
}

static void
ui_tile_grid_class_init (UiTileGridClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_tile_grid_dispose;
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "tilegrid");
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), UI_TYPE_TILE_LAYOUT);
  selected_changed_signal =
      g_signal_new ("selected-changed", UI_TYPE_TILE_GRID, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ui_tile_grid_init (UiTileGrid *self)
{
}
