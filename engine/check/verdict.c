/* What the numbers of a check mean, in words; the only place with thresholds. See check.h. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "similarity.h"

/* Agreement between repetitions is a reliability. Nunnally (Psychometric Theory, 1978, section 7) asks for 0.7 where
 * one looks around and 0.9 where something is decided by a single measurement. */
#define STABLE 0.9
#define FAIRLY_STABLE 0.7
/* The square of a rank correlation is the share of one order's variance that the other explains: from 0.7 up at least
 * half of the map is there without what the model has learned, below 0.3 less than a tenth, or what chance gives. */
#define UNCHANGED 0.7
#define CHANGED 0.3

static const char *const numbers[] = { "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine" };

static char *
count (guint n)
{
  return n < G_N_ELEMENTS (numbers) ? g_strdup (numbers[n]) : g_strdup_printf ("%u", n);
}

static gboolean
is_flat (const EngHeatmap *map)
{
  return eng_is_constant (eng_heatmap_values (map), eng_heatmap_rows (map) * eng_heatmap_cols (map));
}

/* A true minus sign. (transfer full) */
static char *
number (double v)
{
  return g_strdup_printf ("%s%.2f", v < -0.005 ? "−" : "", fabs (v));
}

/* ---- stability ---- */

/* "five seeds"; "the picture and four noisy copies of it". (transfer full) */
static char *
repetitions (const EngCheckResult *r)
{
  g_autofree char *all = count (r->done), *others = count (r->done - 1);
  const char *copies = r->done == 2 ? "copy" : "copies";
  if (r->settings.vary == ENG_VARY_NOISE)
    return g_strdup_printf ("the picture and %s slightly noisy %s of it", others, copies);
  if (r->settings.vary == ENG_VARY_SHIFT)
    return g_strdup_printf ("the picture and %s %s of it shifted by one pixel", others, copies);
  return g_strdup_printf ("%s seeds", all);
}

static gboolean
all_flat (const EngCheckResult *r)
{
  for (guint i = 0; i < r->runs->len; i++)
    if (!is_flat (((EngCheckRun *)r->runs->pdata[i])->map))
      return FALSE;
  return TRUE;
}

static char *
judge_stability (EngCheckResult *r)
{
  g_autofree char *who = repetitions (r), *rank = number (r->rank);
  if (all_flat (r))
    return g_strdup ("This map has one value everywhere: there is nothing to compare.");
  r->verdict = r->rank >= STABLE ? ENG_VERDICT_GOOD : r->rank >= FAIRLY_STABLE ? ENG_VERDICT_FAIR : ENG_VERDICT_POOR;
  if (r->verdict == ENG_VERDICT_GOOD)
    return g_strdup_printf ("Stable: %s rank pixels alike (Spearman %s).", who, rank);
  if (r->verdict == ENG_VERDICT_FAIR)
    return g_strdup_printf (
        "Fairly stable: %s agree on much, not on details (Spearman %s). Read regions, not pixels.", who, rank);
  return g_strdup_printf ("Unstable: %s rank pixels differently (Spearman %s). Do not rest a conclusion on one run.",
                          who, rank);
}

/* ---- sanity ---- */

static char *
judge_sanity (EngCheckResult *r)
{
  const EngCheckRun *own = r->runs->pdata[0], *last = r->runs->pdata[r->runs->len - 1];
  g_autofree char *rank = number (r->similarity);
  if (is_flat (own->map))
    return g_strdup ("This map has one value everywhere: there is nothing to compare.");
  if (!last->map)
    return g_strdup ("There is no map of the model with random weights, so nothing can be said; see the details.");
  if (isnan (r->similarity))
    {
      r->verdict = ENG_VERDICT_GOOD;
      return g_strdup ("This map depends on what the model has learned: with random weights it has one value "
                       "everywhere.");
    }
  r->verdict = r->similarity >= UNCHANGED                  ? ENG_VERDICT_POOR
               : r->similarity > fmax (CHANGED, r->chance) ? ENG_VERDICT_FAIR
                                                           : ENG_VERDICT_GOOD;
  if (r->verdict == ENG_VERDICT_POOR)
    return g_strdup_printf ("This map hardly changes when the model’s weights are random (Spearman %s): it shows the "
                            "picture more than the model.",
                            rank);
  if (r->verdict == ENG_VERDICT_FAIR)
    return g_strdup_printf (
        "This map depends on what the model has learned in part: with random weights its order of "
        "pixels stays somewhat alike (Spearman %s).",
        rank);
  return g_strdup_printf ("This map depends on what the model has learned: with random weights it is another one "
                          "(Spearman %s).",
                          rank);
}

void
eng_check_result_judge (EngCheckResult *self)
{
  g_free (self->sentence);
  self->sentence = NULL;
  self->verdict = ENG_VERDICT_NONE;
  if (self->finished)
    self->sentence = self->settings.kind == ENG_CHECK_SANITY ? judge_sanity (self) : judge_stability (self);
  else
    self->sentence = g_strdup ("");
}

/* ---- details ---- */

static void
add_stability (const EngCheckResult *r, GString *s)
{
  g_autofree char *rank = number (r->rank), *lowest = number (r->lowest_rank);
  if (r->drew_nothing)
    g_string_append (s, "Two seeds gave the same map, so the picture was changed instead.\n");
  if (r->settings.vary == ENG_VARY_NOISE)
    g_string_append_printf (s, "Noise: Gaussian, sigma %g of 255 levels, on the pixels that the model sees.\n",
                            r->settings.sigma);
  if (r->settings.vary == ENG_VARY_SHIFT)
    g_string_append (s, "Shift: one pixel of the model’s input, border repeated; maps moved back before they are "
                        "compared.\n");
  if (isnan (r->rank))
    return;
  g_string_append_printf (s, "Spearman of all pairs: mean %s, lowest %s.\n", rank, lowest);
  g_string_append_printf (s, "Overlap of the top %.0f %% of pixels: %.2f (by chance %.2f).\n", 100 * ENG_CHECK_SHARE,
                          r->overlap, ENG_CHECK_SHARE / (2 - ENG_CHECK_SHARE));
  if (isfinite (r->relative_spread))
    g_string_append_printf (s, "Typical spread: %.1f %% of the mean map’s range.\n", 100 * r->relative_spread);
  g_string_append_printf (s,
                          "Stable from %.1f, fairly stable from %.1f: what is asked of a single measurement and of "
                          "a first look (Nunnally 1978).\n",
                          STABLE, FAIRLY_STABLE);
}

static void
add_sanity (const EngCheckResult *r, GString *s)
{
  g_string_append (s, "Weights: the numbers of each weight change places at random, from the logits downwards "
                      "(cascading randomisation, Adebayo and others 2018).\n");
  if (isfinite (r->chance))
    g_string_append_printf (s, "By chance, unrelated maps of %d cells stay below %.2f.\n", r->cells, r->chance);
  g_string_append_printf (s,
                          "Counted is the larger Spearman of values and magnitudes with all layers random: from %.1f "
                          "half of the order stays, below %.1f less than a tenth.\n",
                          UNCHANGED, CHANGED);
  if (isfinite (r->entropy_rise))
    g_string_append_printf (s,
                            "Efficient test: the random network’s map holds %.0f %% %s (entropy; more is expected, "
                            "Hedström and others 2024).\n",
                            fabs (100 * r->entropy_rise), r->entropy_rise < 0 ? "less" : "more");
  for (guint i = 0; i < r->runs->len; i++)
    {
      const EngCheckRun *run = r->runs->pdata[i];
      g_autofree char *name = eng_check_run_name (r, i);
      if (run->failure)
        g_string_append_printf (s, "No map with %s random: %s\n", name, run->failure);
    }
}

char *
eng_check_result_details (const EngCheckResult *self)
{
  GString *s = g_string_new (NULL);
  if (self->settings.kind == ENG_CHECK_SANITY)
    add_sanity (self, s);
  else
    add_stability (self, s);
  if (s->len && s->str[s->len - 1] == '\n')
    g_string_truncate (s, s->len - 1);
  return g_string_free (s, FALSE);
}

char *
eng_check_run_name (const EngCheckResult *result, guint i)
{
  const EngCheckRun *run = result->runs->pdata[i];
  if (i == 0)
    return g_strdup ("the model’s own map");
  if (result->settings.kind == ENG_CHECK_SANITY)
    return g_strdup_printf ("%u of %u layers, down to %s", run->layers, run->of, run->layer);
  if (result->settings.vary == ENG_VARY_NOISE)
    return g_strdup_printf ("noise %u", i);
  if (result->settings.vary == ENG_VARY_SHIFT)
    return g_strdup_printf ("shift %+d, %+d", run->shift_x, run->shift_y);
  return g_strdup_printf ("seed %" G_GUINT64_FORMAT, run->seed);
}
