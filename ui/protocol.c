/* See protocol.h. */
#include "ui/protocol.h"

#include <string.h>

static const UiPreset presets[] = {
  { "rise", "RISE", { "rise-deletion", "rise-insertion" }, { "Deletion ↓", "Insertion ↑" } },
  { "ltx", "LTX paper", { "ltx-del", "ltx-ins" }, { "DEL ↓", "INS ↑" } },
  { "ltx-accuracy", "LTX accuracy", { "ltx-pos", "ltx-neg" }, { "POS ↓", "NEG ↑" } },
  { "road", "ROAD", { "road-morf", "road-lerf" }, { "MoRF ↓", "LeRF ↑" } },
};

const char *const ui_rank_ids[] = { "value", "magnitude", NULL };

const UiPreset *
ui_preset_nth (guint i)
{
  return i < G_N_ELEMENTS (presets) ? &presets[i] : NULL;
}

const UiPreset *
ui_preset_find (const char *id)
{
  for (guint i = 0; i < G_N_ELEMENTS (presets); i++)
    if (strcmp (presets[i].id, id) == 0)
      return &presets[i];
  return NULL;
}

void
ui_protocol_init (UiProtocol *self)
{
  *self = (UiProtocol){ &presets[0], FALSE, ENG_FILL_BLACK, 0, ENG_RANK_VALUE };
}

const EngProtocol *
ui_protocol_row (const UiProtocol *self, UiDirection direction)
{
  return eng_protocol_find (self->preset->curve_ids[direction], NULL);
}

EngProtocolCurve
ui_protocol_curve (const UiProtocol *self, UiDirection direction)
{
  EngProtocolCurve curve = *ui_protocol_row (self, direction)->curve;
  if (self->custom)
    curve.fill = self->fill;
  return curve;
}

EngMasking
ui_protocol_masking (const UiProtocol *self, UiDirection direction)
{
  EngProtocolCurve curve = ui_protocol_curve (self, direction);
  return (EngMasking){ curve.mode, curve.fill, eng_fill_info (curve.fill)->seeded ? self->seed : 0 };
}

void
ui_protocol_points (const UiProtocol *self, UiDirection direction, EngModel *model, EngCurve *curve, double **xs)
{
  int n;
  EngPreprocess *p = eng_model_preprocess (model);
  eng_protocol_curve (ui_protocol_row (self, direction), NULL, p->width, p->height, curve);
  curve->masking = ui_protocol_masking (self, direction);
  *xs = eng_protocol_xs (ui_protocol_row (self, direction), model, &n);
}

char *
ui_protocol_key (const UiProtocol *self, UiDirection direction)
{
  EngMasking masking = ui_protocol_masking (self, direction);
  return g_strdup_printf ("%s %s %" G_GUINT64_FORMAT, self->preset->curve_ids[direction],
                          eng_fill_info (masking.fill)->id, masking.seed);
}

EngRankBy
ui_protocol_rank_by (const UiProtocol *self, const EngHeatmap *map)
{
  return map && eng_heatmap_sign (map) == ENG_SIGN_SIGNED ? self->by : ENG_RANK_VALUE;
}

double
ui_protocol_value (const UiProtocol *self, UiDirection direction, const EngPoint *points, int n)
{
  const EngProtocol *row = ui_protocol_row (self, direction);
  double sum = 0;
  if (!row->curve->mean)
    return row->scale * eng_curve_area (points, n);
  for (int i = 0; i < n; i++)
    sum += points[i].y;
  return row->scale * sum / n;
}

double
ui_protocol_score (const UiProtocol *self, UiDirection direction, const EngReading *reading, int class_index)
{
  EngCurveScore score = ui_protocol_row (self, direction)->curve->score;
  return score == ENG_CURVE_ACCURACY ? reading->top == class_index : reading->probability;
}

const char *
ui_protocol_name (const UiProtocol *self)
{
  return self->custom ? "Custom" : self->preset->name;
}

/* "fills with black (RGB …)" */
static void
append_fill (GString *text, const UiProtocol *self, UiDirection direction)
{
  EngProtocolCurve curve = ui_protocol_curve (self, direction);
  const EngFillInfo *info = eng_fill_info (curve.fill);
  g_autofree char *name = g_utf8_strdown (info->name, 1);
  g_string_append_printf (text, "%s%s", name, info->name + 1);
  if (info->seeded)
    g_string_append_printf (text, ", seed %" G_GUINT64_FORMAT, self->seed);
}

char *
ui_protocol_words (const UiProtocol *self, EngModel *model, const char *class_name)
{
  g_auto (EngCurve) curve = { 0 };
  g_autofree double *xs = NULL;
  const EngProtocol *row = ui_protocol_row (self, UI_DELETION);
  EngProtocolCurve second = ui_protocol_curve (self, UI_INSERTION);
  ui_protocol_points (self, UI_DELETION, model, &curve, &xs);
  GString *text = g_string_new (NULL);
  g_string_append_printf (text,
                          self->custom ? "Custom protocol, steps of %s: " : "%s protocol: ", self->preset->name);
  if (row->curve->last_tenth)
    g_string_append_printf (text, "%d points at %d–%d %% of the pixels", curve.n, row->curve->first_tenth * 10,
                            row->curve->last_tenth * 10);
  else
    g_string_append_printf (text, "%d steps of %d pixels", curve.n - 1, curve.counts[1] - curve.counts[0]);
  g_string_append_printf (
      text, row->curve->score == ENG_CURVE_ACCURACY ? ", 1 while %s is the first choice" : ", softmax of %s",
      class_name);
  g_string_append_printf (text, ", %s, %s. ", row->curve->mean ? "mean" : "area", row->unit);
  g_string_append_printf (text, "Removed pixels: ");
  append_fill (text, self, UI_DELETION);
  if (second.mode == ENG_MASK_KEEP)
    {
      g_string_append (text, "; insertion starts from ");
      append_fill (text, self, UI_INSERTION);
    }
  else
    g_string_append_printf (text, "; %s removes the least relevant first",
                            ui_protocol_row (self, UI_INSERTION)->name);
  g_string_append (text, self->by == ENG_RANK_ABSOLUTE ? ". Signed maps are ranked by magnitude." : ".");
  return g_string_free (text, FALSE);
}
