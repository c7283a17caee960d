/* The part of the session in which a person paints a mask: strokes are taken at once, the map follows some times a
 * second, so that scoring it never holds up the brush. See session-private.h. */
#include "ui/own-map.h"
#include "ui/session-private.h"

#define MAP_MS 80 /* between two maps while the brush moves */

static UiSlot *
slot_of (UiSession *self)
{
  const char *sha256 = self->picture ? ui_picture_sha256 (self->picture) : NULL;
  return sha256 ? ui_session_find_mask (self, sha256) : NULL;
}

gboolean
ui_session_can_paint (UiSession *self)
{
  return self->model && self->picture && ui_picture_image (self->picture) && !ui_picture_lost (self->picture);
}

const UiMask *
ui_session_mask (UiSession *self)
{
  UiSlot *slot = slot_of (self);
  return slot && ui_slot_state (slot) != UI_SLOT_IMPOSSIBLE ? ui_own_map_mask (slot) : NULL;
}

/* One that lies on the picture as the model sees it now, and nothing on it. */
static UiMask *
new_mask (UiSession *self)
{
  EngGeometry geometry;
  eng_preprocess_geometry (eng_model_preprocess (self->model), ui_picture_width (self->picture),
                           ui_picture_height (self->picture), &geometry);
  return ui_mask_new (&geometry);
}

/* The map as it is painted now. */
static void
flush (UiSession *self)
{
  UiSlot *slot = slot_of (self);
  g_clear_handle_id (&self->paint_timer, g_source_remove);
  if (!slot)
    return;
  ui_own_map_repaint (slot);
  ui_session_refresh_own (self);
}

static gboolean
on_timer (gpointer data)
{
  UiSession *self = data;
  self->paint_timer = 0;
  flush (self);
  return G_SOURCE_REMOVE;
}

void
ui_session_paint (UiSession *self, double x0, double y0, double x1, double y1, double radius, gboolean erase)
{
  UiSlot *slot = slot_of (self);
  if (!ui_session_can_paint (self) || (erase && !ui_session_mask (self)))
    return;
  if (!slot)
    {
      g_autoptr (UiSlot) made = ui_own_map_new_painted (new_mask (self), ui_picture_path (self->picture),
                                                        ui_picture_sha256 (self->picture));
      ui_session_add_own (self, made);
      slot = made; /* the session holds it */
    }
  else if (ui_slot_state (slot) == UI_SLOT_IMPOSSIBLE) /* of another crop: painted anew */
    ui_own_map_set_mask (slot, new_mask (self));
  if (ui_mask_stroke (ui_own_map_mask (slot), x0, y0, x1, y1, radius, erase) && !self->paint_timer)
    self->paint_timer = g_timeout_add (MAP_MS, on_timer, self);
}

void
ui_session_end_stroke (UiSession *self)
{
  UiSlot *slot = slot_of (self);
  if (slot && ui_mask_painted (ui_own_map_mask (slot)) == 0)
    ui_session_clear_mask (self);
  else if (self->paint_timer)
    flush (self);
}

void
ui_session_clear_mask (UiSession *self)
{
  UiSlot *slot = slot_of (self);
  g_clear_handle_id (&self->paint_timer, g_source_remove);
  if (slot)
    ui_session_remove (self, slot);
}
