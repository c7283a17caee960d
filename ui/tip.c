/* See tip.h. The text stays with the widget and is handed over when GTK asks for it. */
#include "ui/tip.h"

#define KEY "tip"

static gboolean
on_query (GtkWidget *widget, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
  gtk_tooltip_set_markup (tooltip, g_object_get_data (G_OBJECT (widget), KEY));
  return TRUE;
}

void
ui_tip_set_markup (GtkWidget *widget, const char *markup)
{
  const char *before = g_object_get_data (G_OBJECT (widget), KEY);
  markup = markup && *markup ? markup : NULL;
  if (g_strcmp0 (before, markup) == 0)
    return;
  g_object_set_data_full (G_OBJECT (widget), KEY, g_strdup (markup), g_free);
  gtk_widget_set_has_tooltip (widget, markup != NULL);
  g_signal_handlers_disconnect_by_func (widget, on_query, NULL);
  if (markup)
    g_signal_connect (widget, "query-tooltip", G_CALLBACK (on_query), NULL);
  /* It may be on the screen. */
  if (gtk_widget_get_state_flags (widget) & GTK_STATE_FLAG_PRELIGHT)
    gtk_widget_trigger_tooltip_query (widget);
}

void
ui_tip_set (GtkWidget *widget, const char *text)
{
  g_autofree char *markup = text ? g_markup_escape_text (text, -1) : NULL;
  ui_tip_set_markup (widget, markup);
}

void
ui_tip_describe (GtkWidget *widget, const char *text)
{
  ui_tip_set (widget, text);
  if (text && *text)
    gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
  else
    gtk_accessible_reset_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION);
}
