/* See comparison.h. Maps are subtracted on a loader thread; the newest pair wins. */
#include "ui/comparison.h"

#include "ui/draw/agreement.h"
#include "ui/loader.h"

/* What a slot has to know of its method. It explains nothing and stands in no list. */
static const EngMethod difference = {
  .id = "difference",
  .name = "Difference",
  .about = "Two maps, each normalised to its own range, subtracted.",
  .reference = "",
  .sign = ENG_SIGN_SIGNED,
  .class_dependent = TRUE,
  .cost = "none",
};

typedef struct
{
  UiSlot *a, *b;
  EngHeatmap *map_a, *map_b; /* that the slot shows, or will; NULL: nothing */
} Comparison;

typedef struct
{
  UiSlot *slot;
  EngHeatmap *a, *b, *out;
} Work;

static Comparison *
comparison_of (UiSlot *slot)
{
  return g_object_get_data (G_OBJECT (slot), "comparison");
}

static void
forget_maps (Comparison *self)
{
  g_clear_pointer (&self->map_a, eng_heatmap_unref);
  g_clear_pointer (&self->map_b, eng_heatmap_unref);
}

static void
comparison_free (gpointer data)
{
  Comparison *self = data;
  forget_maps (self);
  g_object_unref (self->a);
  g_object_unref (self->b);
  g_free (self);
}

static void
subtract (gpointer data)
{
  Work *work = data;
  work->out = ui_agreement_difference (work->a, work->b);
}

static void
subtracted (gpointer data)
{
  Work *work = data;
  Comparison *self = comparison_of (work->slot);
  if (self && self->map_a == work->a && self->map_b == work->b && work->out)
    ui_slot_show_map (work->slot, "difference", work->out);
  g_clear_pointer (&work->out, eng_heatmap_unref);
  eng_heatmap_unref (work->a);
  eng_heatmap_unref (work->b);
  g_object_unref (work->slot);
  g_free (work);
}

static EngHeatmap *
finished_map (UiSlot *slot)
{
  return ui_slot_state (slot) == UI_SLOT_DONE && ui_slot_shown (slot) ? ui_slot_map (slot) : NULL;
}

static void
on_changed (UiSlot *slot)
{
  Comparison *self = comparison_of (slot);
  EngHeatmap *a = finished_map (self->a), *b = finished_map (self->b);
  if (!a || !b || !ui_agreement_comparable (a, b))
    {
      if (self->map_a)
        {
          forget_maps (self);
          ui_slot_wait (slot, "difference");
        }
      return;
    }
  if (a == self->map_a && b == self->map_b)
    return;
  forget_maps (self);
  self->map_a = eng_heatmap_ref (a);
  self->map_b = eng_heatmap_ref (b);
  Work *work = g_new (Work, 1);
  *work = (Work){ g_object_ref (slot), eng_heatmap_ref (a), eng_heatmap_ref (b), NULL };
  ui_loader_push (UI_LOADER_NOW, subtract, subtracted, work);
}

UiSlot *
ui_comparison_new (UiSlot *a, UiSlot *b)
{
  UiSlot *slot = ui_slot_new_special (&difference, UI_SLOT_DIFFERENCE);
  Comparison *self = g_new0 (Comparison, 1);
  g_autofree char *title = g_strdup_printf ("%s − %s", ui_slot_name (a), ui_slot_name (b));
  self->a = g_object_ref (a);
  self->b = g_object_ref (b);
  g_object_set_data_full (G_OBJECT (slot), "comparison", self, comparison_free);
  ui_slot_set_title (slot, title);
  ui_slot_wait (slot, "difference");
  g_signal_connect_object (a, "changed", G_CALLBACK (on_changed), slot, G_CONNECT_SWAPPED);
  g_signal_connect_object (b, "changed", G_CALLBACK (on_changed), slot, G_CONNECT_SWAPPED);
  on_changed (slot);
  return slot;
}

void
ui_comparison_end (UiSlot *slot)
{
  Comparison *self = comparison_of (slot);
  if (!self)
    return;
  g_signal_handlers_disconnect_by_data (self->a, slot);
  g_signal_handlers_disconnect_by_data (self->b, slot);
  g_object_set_data (G_OBJECT (slot), "comparison", NULL);
}

gboolean
ui_comparison_involves (UiSlot *slot, UiSlot *of)
{
  Comparison *self = comparison_of (slot);
  return self && (self->a == of || self->b == of);
}

UiSlot *
ui_comparison_first (UiSlot *slot)
{
  return comparison_of (slot) ? comparison_of (slot)->a : NULL;
}

UiSlot *
ui_comparison_second (UiSlot *slot)
{
  return comparison_of (slot) ? comparison_of (slot)->b : NULL;
}
