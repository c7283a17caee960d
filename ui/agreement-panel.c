/* See agreement-panel.h. Pairs are measured on a loader thread, while the panel is in sight; a measurement whose maps
 * are not the shown ones any more is thrown away. */
#include "ui/agreement-panel.h"

#include <math.h>

#include "ui/draw/agreement.h"
#include "ui/loader.h"
#include "ui/tip.h"

#define MOST 8 /* maps that the narrow pane has room for */
#define SHADES 10

typedef struct
{
  UiSlot *slots[MOST]; /* owned */
  EngHeatmap *maps[MOST];
  UiAgreement pairs[MOST][MOST];
  int n;
  double share;
  UiAgreementPanel *panel; /* weak */
} Measure;

struct _UiAgreementPanel
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkWidget *grid, *hint;
  Measure *wanted; /* under way, not owned: it comes back */
  guint idle;
  GPtrArray *shown; /* EngHeatmap*, those of the matrix */
  double share;
};

G_DEFINE_FINAL_TYPE (UiAgreementPanel, ui_agreement_panel, GTK_TYPE_WIDGET)

/* ---- measuring ---- */

static void
measure (gpointer data)
{
  Measure *work = data;
  for (int i = 0; i < work->n; i++)
    for (int j = i + 1; j < work->n; j++)
      ui_agreement_measure (work->maps[i], work->maps[j], work->share, &work->pairs[i][j]);
}

static void
measure_free (Measure *work)
{
  for (int i = 0; i < work->n; i++)
    {
      g_object_unref (work->slots[i]);
      eng_heatmap_unref (work->maps[i]);
    }
  g_clear_weak_pointer (&work->panel);
  g_free (work);
}

/* ---- the matrix ---- */

typedef struct
{
  UiSession *session;
  UiSlot *a, *b; /* all owned */
} Pair;

static void
pair_free (gpointer data, GClosure *closure)
{
  Pair *pair = data;
  g_object_unref (pair->session);
  g_object_unref (pair->a);
  g_object_unref (pair->b);
  g_free (pair);
}

static void
on_pair (GtkButton *button, Pair *pair)
{
  ui_session_compare (pair->session, pair->a, pair->b);
}

static GtkWidget *
make_cell (UiAgreementPanel *self, const Measure *work, int i, int j)
{
  gboolean is_rank = i < j;
  const UiAgreement *pair = is_rank ? &work->pairs[i][j] : &work->pairs[j][i];
  double value = is_rank ? pair->rank : pair->overlap;
  g_autofree char *text =
      isnan (value) ? g_strdup ("—") : g_strdup_printf ("%s%.2f", value < 0 ? "−" : "", fabs (value));
  const char *kind = is_rank ? "Rank correlation" : "Overlap of the top pixels";
  g_autofree char *label = g_strdup_printf ("%s of %s and %s: %s. Show the difference", kind,
                                            ui_slot_name (work->slots[i]), ui_slot_name (work->slots[j]), text);
  GtkWidget *cell = gtk_button_new_with_label (text);
  g_autofree char *shade =
      g_strdup_printf ("agree-%d", isnan (value) || value < 0 ? 0 : (int)lround (value * SHADES));
  gtk_widget_add_css_class (cell, "agreement");
  gtk_widget_add_css_class (cell, "sl-num");
  gtk_widget_add_css_class (cell, shade);
  ui_tip_set (cell, label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (cell), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  Pair *data = g_new (Pair, 1);
  *data = (Pair){ g_object_ref (self->session), g_object_ref (work->slots[MIN (i, j)]),
                  g_object_ref (work->slots[MAX (i, j)]) };
  g_signal_connect_data (cell, "clicked", G_CALLBACK (on_pair), data, pair_free, 0);
  return cell;
}

static GtkWidget *
make_name (UiSlot *slot, gboolean above)
{
  GtkWidget *label = gtk_label_new (ui_slot_name (slot));
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (label), above ? 0.5f : 0);
  gtk_label_set_width_chars (GTK_LABEL (label), 4);
  gtk_label_set_max_width_chars (GTK_LABEL (label), above ? 5 : 9);
  gtk_widget_set_hexpand (label, TRUE);
  ui_tip_set (label, ui_slot_name (slot));
  gtk_widget_add_css_class (label, "caption");
  gtk_widget_add_css_class (label, "sl-dim");
  return label;
}

static void
clear_grid (UiAgreementPanel *self)
{
  for (GtkWidget *child; (child = gtk_widget_get_first_child (self->grid));)
    gtk_grid_remove (GTK_GRID (self->grid), child);
}

static void
measured (gpointer data)
{
  Measure *work = data;
  UiAgreementPanel *self = work->panel;
  if (self && self->wanted == work)
    {
      self->wanted = NULL;
      clear_grid (self);
      for (int i = 0; i < work->n; i++)
        {
          gtk_grid_attach (GTK_GRID (self->grid), make_name (work->slots[i], TRUE), i + 1, 0, 1, 1);
          gtk_grid_attach (GTK_GRID (self->grid), make_name (work->slots[i], FALSE), 0, i + 1, 1, 1);
          for (int j = 0; j < work->n; j++)
            if (i != j)
              gtk_grid_attach (GTK_GRID (self->grid), make_cell (self, work, i, j), j + 1, i + 1, 1, 1);
        }
    }
  measure_free (work);
}

/* ---- what is wanted ---- */

static gboolean
is_shown_already (UiAgreementPanel *self, GPtrArray *maps, double share)
{
  if (!self->shown || self->shown->len != maps->len || self->share != share)
    return FALSE;
  for (guint i = 0; i < maps->len; i++)
    if (self->shown->pdata[i] != maps->pdata[i])
      return FALSE;
  return TRUE;
}

static gboolean
refresh (gpointer data)
{
  UiAgreementPanel *self = data;
  GListModel *tiles = ui_session_tiles (self->session);
  double share = ui_session_display (self->session)->threshold;
  g_autoptr (GPtrArray) maps = g_ptr_array_new_with_free_func ((GDestroyNotify)eng_heatmap_unref);
  Measure *work = g_new0 (Measure, 1);
  self->idle = 0;
  for (guint i = 0; i < g_list_model_get_n_items (tiles) && work->n < MOST; i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (tiles, i);
      if (ui_slot_state (slot) != UI_SLOT_DONE)
        continue;
      g_ptr_array_add (maps, eng_heatmap_ref (ui_slot_map (slot)));
      work->slots[work->n] = g_object_ref (slot);
      work->maps[work->n++] = eng_heatmap_ref (ui_slot_map (slot));
    }
  gtk_widget_set_visible (self->grid, work->n > 1);
  gtk_widget_set_visible (self->hint, work->n <= 1);
  if (is_shown_already (self, maps, share))
    {
      measure_free (work);
      return G_SOURCE_REMOVE;
    }
  g_clear_pointer (&self->shown, g_ptr_array_unref);
  self->shown = g_steal_pointer (&maps);
  self->share = work->share = share;
  self->wanted = work;
  g_set_weak_pointer (&work->panel, self);
  ui_loader_push (UI_LOADER_NOW, measure, measured, work);
  return G_SOURCE_REMOVE;
}

/* Progress comes several times a second; once per frame is enough, and nothing while nobody looks. */
static void
queue_refresh (UiAgreementPanel *self)
{
  if (!self->idle && gtk_widget_get_mapped (GTK_WIDGET (self)))
    self->idle = g_idle_add (refresh, self);
}

void
ui_agreement_panel_set_session (UiAgreementPanel *self, UiSession *session)
{
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (queue_refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "display-changed", G_CALLBACK (queue_refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_tiles (session), "items-changed", G_CALLBACK (queue_refresh), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_after (self, "map", G_CALLBACK (queue_refresh), NULL);
}

static void
ui_agreement_panel_dispose (GObject *object)
{
  UiAgreementPanel *self = UI_AGREEMENT_PANEL (object);
  g_clear_handle_id (&self->idle, g_source_remove);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->shown, g_ptr_array_unref);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_agreement_panel_parent_class)->dispose (object);
}

static void
ui_agreement_panel_class_init (UiAgreementPanelClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_agreement_panel_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
}

static GtkWidget *
make_words (const char *text)
{
  GtkWidget *label = gtk_label_new (text);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 30);
  gtk_widget_add_css_class (label, "caption");
  gtk_widget_add_css_class (label, "sl-dim");
  return label;
}

static void
ui_agreement_panel_init (UiAgreementPanel *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));
  gtk_orientable_set_orientation (GTK_ORIENTABLE (layout), GTK_ORIENTATION_VERTICAL);
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 6);
  self->grid = gtk_grid_new ();
  self->hint = make_words ("Two finished maps can be compared.");
  gtk_grid_set_row_spacing (GTK_GRID (self->grid), 2);
  gtk_grid_set_column_spacing (GTK_GRID (self->grid), 2);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->grid), GTK_ACCESSIBLE_PROPERTY_LABEL, "Agreement of the maps",
                                  -1);
  gtk_widget_set_parent (self->hint, GTK_WIDGET (self));
  gtk_widget_set_parent (self->grid, GTK_WIDGET (self));
  gtk_widget_set_parent (
      make_words ("Upper right: rank correlation. Lower left: overlap of the most relevant pixels."),
      GTK_WIDGET (self));
}
