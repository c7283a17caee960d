/* Which panels of a figure share the ends of their colours. */
#include <string.h>

#include "ui/draw/figure-private.h"

/* Equal for panels that share a range. Classifiers do not share one: their logits have no common unit. Sharing
 * between all asks for it all the same. */
static char *
group_of (const UiFigure *figure, guint row, guint column, EngSign sign)
{
  guint model = ui_figure_panel_model (figure, row, column);
  const char *side = sign == ENG_SIGN_SIGNED ? "signed" : "unsigned";
  switch (figure->display.same)
    {
    case UI_SAME_METHOD:
      return g_strdup_printf ("%s %u %s", side, model, ui_figure_column (figure, column)->method);
    case UI_SAME_IMAGE:
      return g_strdup_printf ("%s %s", side, ui_figure_row (figure, row)->picture.path);
    case UI_SAME_ALL:
      return g_strdup (side);
    default:
      return g_strdup_printf ("%u %u", row, column);
    }
}

static gboolean
range_equal (const UiRange *a, const UiRange *b)
{
  return a->clip == b->clip && a->percentile == b->percentile && a->lo == b->lo && a->hi == b->hi
         && a->values == b->values;
}

/* Finding the ends sorts the map: not again while a person types a label. */
static void
find_own (UiFigureDrawing *self, const UiFigureDrawing *old, guint i, const EngHeatmap *map)
{
  guint n = old && range_equal (&old->figure->display.range, &self->figure->display.range)
                ? old->figure->rows->len * old->figure->columns->len
                : 0;
  for (guint k = 0; k < n; k++)
    {
      guint at = (i + k) % n; /* as a rule it is where it was */
      if (old->panels[at]->map != map)
        continue;
      self->own[i] = old->own[at];
      return;
    }
  ui_display_scale (&self->figure->display, map, &self->own[i]);
}

void
ui_figure_scales (UiFigureDrawing *self, const UiFigureDrawing *old, gboolean *has)
{
  const UiFigure *figure = self->figure;
  guint n_columns = figure->columns->len, n = figure->rows->len * n_columns;
  g_autoptr (GHashTable) widest = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL); /* to UiScale */
  g_autoptr (GPtrArray) groups = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < n; i++)
    {
      const UiFigureCell *cell = ui_figure_cells_at (self->cells, i / n_columns, i % n_columns);
      has[i] = ui_figure_column (figure, i % n_columns)->kind == UI_COLUMN_MAP && cell->map;
      g_ptr_array_add (groups, NULL);
      if (!has[i])
        continue;
      find_own (self, old, i, cell->map);
      self->scales[i] = self->own[i];
      if (self->own[i].flat || self->own[i].empty)
        continue;
      groups->pdata[i] = group_of (figure, i / n_columns, i % n_columns, self->own[i].sign);
      UiScale *group = g_hash_table_lookup (widest, groups->pdata[i]);
      if (group)
        ui_scale_widen (group, &self->own[i]);
      else
        g_hash_table_insert (widest, g_strdup (groups->pdata[i]), &self->scales[i]);
    }
  /* The first of a group holds its widest range: the others take it over. */
  for (guint i = 0; i < n; i++)
    if (groups->pdata[i])
      {
        const UiScale *group = g_hash_table_lookup (widest, groups->pdata[i]);
        self->scales[i].lo = group->lo;
        self->scales[i].hi = group->hi;
      }
}

gboolean
ui_figure_scales_agree (const UiFigureDrawing *self, EngSign sign, gboolean *any, UiScale *one)
{
  guint n = self->figure->rows->len * self->figure->columns->len;
  gboolean agree = TRUE;
  *any = FALSE;
  for (guint i = 0; i < n; i++)
    {
      const UiFigurePanel *panel = self->panels[i];
      if (!panel->has_scale || panel->scale.flat || panel->scale.empty || panel->scale.sign != sign)
        continue;
      agree = agree && (!*any || ui_scale_equal (one, &panel->scale));
      *one = panel->scale;
      *any = TRUE;
    }
  return agree && *any;
}
