/* The part of the session that says how everything is shown. See session-private.h. */
#include "ui/session-private.h"
#include "ui/settings.h"

static const UiColormap *
preferred (const char *key, EngSign sign)
{
  g_autofree char *id = ui_settings_get (key);
  const UiColormap *map = id ? ui_colormap_find (id) : NULL;
  return map && map->sign == sign ? map : ui_colormap_default (sign);
}

void
ui_session_init_display (UiSession *self)
{
  ui_display_init (&self->display);
  self->display.unsigned_map = preferred ("unsigned-colormap", ENG_SIGN_UNSIGNED);
  self->display.signed_map = preferred ("signed-colormap", ENG_SIGN_SIGNED);
}

UiDisplay *
ui_session_display (UiSession *self)
{
  return &self->display;
}

void
ui_session_display_changed (UiSession *self)
{
  g_signal_emit (self, ui_session_signals[DISPLAY_CHANGED], 0);
}

void
ui_session_reset_display (UiSession *self)
{
  double threshold = self->display.threshold;
  ui_session_init_display (self);
  self->display.threshold = threshold; /* of the session, not of how it is drawn */
  ui_session_display_changed (self);
}

UiMode
ui_session_mode (UiSession *self)
{
  return self->display.mode;
}

void
ui_session_set_mode (UiSession *self, UiMode mode)
{
  self->display.mode = mode;
  ui_session_display_changed (self);
}

UiThreshold *
ui_session_threshold (UiSession *self)
{
  return self->threshold;
}

UiScores *
ui_session_scores (UiSession *self)
{
  return self->scores;
}

UiComposer *
ui_session_composer (UiSession *self)
{
  return self->composer;
}

gboolean
ui_session_peeks (UiSession *self)
{
  return self->peek;
}

void
ui_session_set_peek (UiSession *self, gboolean peek)
{
  if (self->peek == peek)
    return;
  self->peek = peek;
  ui_session_display_changed (self);
}

UiViewport *
ui_session_viewport (UiSession *self)
{
  return self->viewport;
}

gboolean
ui_session_links_views (UiSession *self)
{
  return self->links_views;
}

void
ui_session_set_links_views (UiSession *self, gboolean links)
{
  self->links_views = links;
  ui_session_display_changed (self);
}

gboolean
ui_session_shows_crosshair (UiSession *self)
{
  return self->crosshair;
}

void
ui_session_set_shows_crosshair (UiSession *self, gboolean shows)
{
  self->crosshair = shows;
  g_signal_emit (self, ui_session_signals[POINTER_CHANGED], 0);
}

const char *
ui_session_page (UiSession *self)
{
  return self->page;
}

void
ui_session_set_page (UiSession *self, const char *page)
{
  if (g_strcmp0 (page, self->page) == 0)
    return;
  g_free (self->page);
  self->page = g_strdup (page);
  ui_session_display_changed (self);
}

guint
ui_session_columns (UiSession *self)
{
  return self->columns;
}

void
ui_session_set_columns (UiSession *self, guint columns)
{
  if (columns == self->columns)
    return;
  self->columns = MIN (columns, UI_SESSION_MOST_COLUMNS);
  ui_session_display_changed (self);
}

gboolean
ui_session_pointer (UiSession *self, double *x, double *y)
{
  *x = self->pointer_x;
  *y = self->pointer_y;
  return self->pointer_inside;
}

void
ui_session_set_pointer (UiSession *self, gboolean inside, double x, double y)
{
  if (!inside && !self->pointer_inside)
    return;
  self->pointer_inside = inside;
  self->pointer_x = x;
  self->pointer_y = y;
  g_signal_emit (self, ui_session_signals[POINTER_CHANGED], 0);
}
