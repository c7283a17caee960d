/* See threshold-words.h. */
#include "ui/threshold-words.h"

#include <math.h>

#include "ui/draw/words.h"

char *
ui_threshold_percent (double share)
{
  double percent = round (share * 1000) / 10;
  return percent == floor (percent) ? g_strdup_printf ("%.0f %%", percent) : g_strdup_printf ("%.1f %%", percent);
}

/* What random orders give at the threshold: read off the band's mean. */
static void
append_random (GString *text, UiThreshold *self)
{
  const EngBand *band = ui_threshold_band (self, ui_threshold_direction (self));
  double share = ui_threshold_share (self);
  for (int i = 1; band && i < band->n; i++)
    if (share >= band->x[i - 1] && share <= band->x[i])
      {
        double t = (share - band->x[i - 1]) / (band->x[i] - band->x[i - 1]);
        g_string_append_printf (text, " The same share in random order leaves %.2f.",
                                band->mean[i - 1] + t * (band->mean[i] - band->mean[i - 1]));
        return;
      }
}

char *
ui_threshold_reading (UiThreshold *self)
{
  UiSeries *series = ui_threshold_selected (self);
  EngSubject *subject = ui_threshold_subject (self);
  EngProtocolCurve curve = ui_protocol_curve (ui_threshold_protocol (self), ui_threshold_direction (self));
  EngReading reading;
  gboolean exact;
  if (series && series->flat)
    return g_strdup_printf ("The map of %s is constant. There is nothing to rank.", ui_series_name (series));
  if (!series || !subject || !ui_threshold_score (self, series, &reading, &exact))
    return g_strdup ("");
  g_autofree char *percent = ui_threshold_percent (ui_threshold_share (self));
  g_autofree char *name = g_markup_escape_text (ui_series_name (series), -1);
  g_autofree char *class_name = g_markup_escape_text (ui_threshold_class_name (self), -1);
  double before = eng_subject_untouched (subject)->probability;
  EngRankBy by = ui_protocol_rank_by (ui_threshold_protocol (self), series->map);
  gboolean keeps = curve.mode == ENG_MASK_KEEP, least = curve.order == ENG_ORDER_LEAST_FIRST;
  GString *text = g_string_new (NULL);
  g_autofree char *which = !series->slot
                               ? g_strdup ("pixels in random order")
                               : g_strdup_printf ("of pixels %s ranks %s%s", name, least ? "lowest" : "highest",
                                                  by == ENG_RANK_ABSOLUTE ? " by magnitude" : "");
  g_string_append_printf (text, keeps ? "Keeping only the <b>%s</b> %s leaves" : "Removing the <b>%s</b> %s takes",
                          percent, which);
  g_string_append_printf (text, keeps ? " <b>%s</b> at %s%.3f; untouched it is %.3f." : " <b>%s</b> %s", class_name,
                          keeps && !exact ? "≈ " : "", reading.probability, before);
  if (!keeps)
    g_string_append_printf (text, "from %.3f to %s%.3f.", before, exact ? "" : "≈ ", reading.probability);
  if (series->slot)
    append_random (text, self);
  return g_string_free (text, FALSE);
}

char *
ui_threshold_status (UiThreshold *self)
{
  int n = ui_threshold_n (self);
  if (n == 0)
    return g_strdup ("");
  g_autofree char *k = ui_words_count ((guint)ui_threshold_k (self)), *of = ui_words_count ((guint)n);
  double seconds = ui_threshold_seconds (self);
  GString *text = g_string_new (NULL);
  g_string_printf (text, "Threshold <b>%.1f %%</b> = %s of %s model pixels", 100 * ui_threshold_share (self), k, of);
  if (seconds >= 0)
    g_string_append_printf (text, "     Scored in <b>%.0f ms</b>", MAX (1, 1000 * seconds));
  return g_string_free (text, FALSE);
}

char *
ui_threshold_readiness (UiThreshold *self)
{
  guint of, ready = ui_threshold_n_ready (self, &of);
  if (of == 0)
    return g_strdup ("");
  if (ready == of)
    return g_strdup_printf ("Curves ready for %u method%s", of, of == 1 ? "" : "s");
  return g_strdup_printf ("Curves ready for %u of %u methods", ready, of);
}

static void
append_row (GString *text, UiThreshold *self, UiSeries *series)
{
  EngReading reading;
  gboolean exact, old, known;
  g_string_append (text, ui_series_name (series));
  if (ui_threshold_score (self, series, &reading, &exact) && exact)
    g_string_append_printf (text, "\t%.6f", reading.probability);
  else
    g_string_append (text, "\t");
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    {
      const EngBand *band = series->slot ? NULL : ui_threshold_band (self, (UiDirection)d);
      double scale = ui_protocol_row (ui_threshold_protocol (self), (UiDirection)d)->scale;
      double area = series->slot ? ui_threshold_area (self, series, (UiDirection)d, &old) : NAN;
      double flip = series->slot ? ui_threshold_flip (self, series, (UiDirection)d, &known) : NAN;
      if (band)
        g_string_append_printf (text, "\t%.6f", scale * band->area);
      else if (!isnan (area) && !old)
        g_string_append_printf (text, "\t%.6f", area);
      else
        g_string_append (text, "\t");
      if (!isnan (flip))
        g_string_append_printf (text, "\t%.4f", flip);
      else
        g_string_append (text, "\t");
    }
  g_string_append_c (text, '\n');
}

/* TRUE when any map has a value there. */
static gboolean
is_measured (UiThreshold *self, const EngProtocol *row)
{
  GListModel *series = ui_threshold_series (self);
  for (guint i = 0; i < g_list_model_get_n_items (series); i++)
    {
      g_autoptr (UiSeries) item = g_list_model_get_item (series, i);
      if (item->slot && !isnan (ui_threshold_measure (self, item, row).value))
        return TRUE;
    }
  return FALSE;
}

/* A block of its own for each protocol: they are not to be read as one table. */
static void
append_measure (GString *text, UiThreshold *self, const EngProtocol *row)
{
  GListModel *series = ui_threshold_series (self);
  g_autofree char *truth = row->needs_truth ? ui_threshold_truth_words (self) : NULL;
  g_string_append_printf (text, "\n# %s: %s, %s. %s %s.", row->group, row->unit, eng_direction_name (row->direction),
                          row->definition, row->reference);
  if (row->seeded)
    g_string_append_printf (text, " Seed %" G_GUINT64_FORMAT ".", ui_threshold_protocol (self)->seed);
  if (ui_threshold_protocol (self)->by == ENG_RANK_ABSOLUTE)
    g_string_append (text, " Signed maps are ranked by magnitude.");
  if (truth)
    g_string_append_printf (text, "\n# %s", truth);
  g_string_append_printf (text, "\nMethod\t%s", row->name);
  if (row->thresholded)
    g_string_append_printf (text, ", %.1f %%", 100 * ui_threshold_share (self));
  g_string_append_c (text, '\n');
  for (guint i = 0; i < g_list_model_get_n_items (series); i++)
    {
      g_autoptr (UiSeries) item = g_list_model_get_item (series, i);
      double value = item->slot ? ui_threshold_measure (self, item, row).value : NAN;
      if (!isnan (value))
        g_string_append_printf (text, "%s\t%.6f\n", ui_series_name (item), value);
    }
}

char *
ui_threshold_numbers (UiThreshold *self)
{
  GString *text = g_string_new (NULL);
  EngSubject *subject = ui_threshold_subject (self);
  const UiProtocol *protocol = ui_threshold_protocol (self);
  GListModel *series = ui_threshold_series (self);
  if (!subject)
    return g_string_free (text, FALSE);
  g_autofree char *words = ui_protocol_words (protocol, eng_subject_model (subject), ui_threshold_class_name (self));
  g_string_append_printf (text, "# %s, %s, %s untouched %.6f\n", eng_image_name (eng_subject_image (subject)),
                          eng_model_name (eng_subject_model (subject)), ui_threshold_class_name (self),
                          eng_subject_untouched (subject)->probability);
  g_string_append_printf (text, "# %s\n", words);
  const EngMaskMode mode = ui_protocol_masking (protocol, ui_threshold_direction (self)).mode;
  g_string_append_printf (text, "Method\tScore with %.1f %% %s", 100 * ui_threshold_share (self),
                          mode == ENG_MASK_KEEP ? "kept" : "removed");
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    g_string_append_printf (text, "\t%s\tFirst choice changes at (%s)", protocol->preset->columns[d],
                            protocol->preset->columns[d]);
  g_string_append_c (text, '\n');
  for (guint i = 0; i < g_list_model_get_n_items (series); i++)
    {
      g_autoptr (UiSeries) item = g_list_model_get_item (series, i);
      append_row (text, self, item);
    }
  const EngProtocol *row;
  for (guint i = 0; (row = eng_protocol_nth (i)); i++)
    if (!row->curve && is_measured (self, row))
      append_measure (text, self, row);
  return g_string_free (text, FALSE);
}
