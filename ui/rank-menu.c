/* See rank-menu.h. */
#include "ui/rank-menu.h"

static void
on_state (GSimpleAction *action, GVariant *state, UiThreshold *threshold)
{
  for (int by = 0; ui_rank_ids[by]; by++)
    if (g_str_equal (g_variant_get_string (state, NULL), ui_rank_ids[by]))
      ui_threshold_set_rank_by (threshold, (EngRankBy)by);
}

static void
update (GSimpleAction *action, UiThreshold *threshold)
{
  g_simple_action_set_state (action, g_variant_new_string (ui_rank_ids[ui_threshold_protocol (threshold)->by]));
}

static void
on_changed (UiThreshold *threshold, GSimpleAction *action)
{
  update (action, threshold);
}

GAction *
ui_rank_action_new (UiThreshold *threshold)
{
  GSimpleAction *action =
      g_simple_action_new_stateful ("rank-by", G_VARIANT_TYPE_STRING, g_variant_new_string (ui_rank_ids[0]));
  g_signal_connect_object (action, "change-state", G_CALLBACK (on_state), threshold, 0);
  g_signal_connect_object (threshold, "changed", G_CALLBACK (on_changed), action, 0);
  update (action, threshold);
  return G_ACTION (action);
}

GMenuModel *
ui_rank_menu_new (void)
{
  static const char *const names[] = { "_Value", "_Magnitude" };
  GMenu *menu = g_menu_new ();
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GMenuItem) item = g_menu_item_new (names[i], NULL);
      g_menu_item_set_action_and_target (item, "win.rank-by", "s", ui_rank_ids[i]);
      g_menu_append_item (menu, item);
    }
  return G_MENU_MODEL (menu);
}

gboolean
ui_rank_matters (const EngHeatmap *map)
{
  return map && eng_heatmap_sign (map) == ENG_SIGN_SIGNED;
}
