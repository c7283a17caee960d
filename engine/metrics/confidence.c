/* Protocols that lay the map over the picture as a soft mask: average drop and increase in confidence
 * (Chattopadhay, Sarkar, Howlader and Balasubramanian, Grad-CAM++, WACV 2018, section 5; here as the LTX evaluation
 * computes them), and average drop in deletion (the same under the inverted mask). One picture gives one term of the
 * average, in percent. */
#include "protocol-private.h"

#include <math.h>

#define MASK                                                                                                         \
  "The map at the model's input size, min-max normalised to [0, 1], is the mask m; the picture in [0, 1] RGB is "    \
  "multiplied by "
#define SCORES                                                                                                       \
  " before normalisation. With p the softmax probability of the class on the picture and q on the product: "
#define LTX_PAPER "Chattopadhay et al., Grad-CAM++, WACV 2018; mask as in the LTX evaluation"

typedef struct
{
  EngSubject *subject;
  const float *mask; /* H x W */
  gboolean inverted;
  EngReading reading;
} Soft;

static void
fill_soft (int index, float *input, gpointer data)
{
  Soft *soft = data;
  EngPreprocess *p = eng_model_preprocess (eng_subject_model (soft->subject));
  gsize n = (gsize)eng_subject_n (soft->subject);
  g_autofree float *pixels = g_new (float, 3 * n);
  eng_preprocess_pixels (p, eng_subject_view (soft->subject), pixels);
  for (int c = 0; c < 3; c++)
    for (gsize i = 0; i < n; i++)
      pixels[c * n + i] *= soft->inverted ? 1 - soft->mask[i] : soft->mask[i];
  eng_preprocess_normalise (p, pixels, input);
}

static void
take_soft (int index, const EngReading *reading, gpointer data)
{
  ((Soft *)data)->reading = *reading;
}

/* Average drop and increase in confidence look at the same product. */
static EngReading *
measure (EngTrial *trial, gboolean inverted, GError **error)
{
  gsize n = (gsize)eng_subject_n (trial->subject);
  g_autoptr (EngRanking) ranking = eng_trial_ranking (trial, ENG_ORDER_MOST_FIRST);
  g_autofree char *key = g_strdup_printf ("soft mask %d %" G_GUINT64_FORMAT, inverted, eng_ranking_serial (ranking));
  EngReading *kept = eng_subject_kept (trial->subject, key);
  if (kept)
    return kept;
  g_autofree float *mask = eng_heatmap_at_input (trial->map);
  for (gsize i = 0; trial->options->rank_by == ENG_RANK_ABSOLUTE && i < n; i++)
    mask[i] = fabsf (mask[i]);
  const guint32 *order = eng_ranking_order (ranking);
  float high = mask[order[0]], low = mask[order[n - 1]];
  for (gsize i = 0; i < n; i++)
    mask[i] = (mask[i] - low) / (high - low);
  Soft soft = { trial->subject, mask, inverted, { 0 } };
  if (!eng_subject_run (trial->subject, 1, fill_soft, take_soft, &soft, trial->cancellable, error))
    return NULL;
  kept = g_memdup2 (&soft.reading, sizeof soft.reading);
  eng_subject_keep (trial->subject, g_steal_pointer (&key), kept, g_free);
  return kept;
}

static gboolean
run_drop (EngTrial *trial, gboolean inverted, GError **error)
{
  const EngReading *q = measure (trial, inverted, error);
  double p = eng_subject_untouched (trial->subject)->probability;
  if (!q)
    return FALSE;
  if (p == 0)
    return eng_trial_undefined (trial, "The probability of the class is 0 on the untouched picture.");
  trial->out->value = 100 * fmax (0, p - q->probability) / p;
  return TRUE;
}

static gboolean
run_average_drop (EngTrial *trial, GError **error)
{
  return run_drop (trial, FALSE, error);
}

static gboolean
run_drop_in_deletion (EngTrial *trial, GError **error)
{
  return run_drop (trial, TRUE, error);
}

static gboolean
run_increase (EngTrial *trial, GError **error)
{
  const EngReading *q = measure (trial, FALSE, error);
  if (!q)
    return FALSE;
  trial->out->value = eng_subject_untouched (trial->subject)->probability < q->probability ? 100 : 0;
  return TRUE;
}

const EngProtocol eng_protocols_confidence[] = {
  { .id = "average-drop",
    .name = "Average drop",
    .title = "AD",
    .group = "Soft mask",
    .definition = MASK "m" SCORES "100 · max(0, p − q) / p; a data set reports the mean.",
    .reference = LTX_PAPER,
    .unit = "0 to 100 %",
    .maximum = 100,
    .direction = ENG_LOWER_IS_BETTER,
    .passes = 1,
    .run = run_average_drop },
  { .id = "increase-in-confidence",
    .name = "Increase in confidence (PIC)",
    .title = "PIC",
    .group = "Soft mask",
    .definition = MASK "m" SCORES "100 when q > p, else 0; a data set reports the mean. PIC stands for percentage "
                       "increase in confidence here, not for performance information curve.",
    .reference = LTX_PAPER,
    .unit = "0 or 100 %",
    .maximum = 100,
    .direction = ENG_HIGHER_IS_BETTER,
    .passes = 1,
    .run = run_increase },
  { .id = "average-drop-in-deletion",
    .name = "Average drop in deletion",
    .title = "ADD",
    .group = "Soft mask",
    .definition = MASK "1 − m" SCORES "100 · max(0, p − q) / p; a data set reports the mean.",
    .reference = "Jung and Oh, LIFT-CAM, ICCV 2021; mask as in the LTX evaluation",
    .unit = "0 to 100 %",
    .maximum = 100,
    .direction = ENG_HIGHER_IS_BETTER,
    .passes = 1,
    .run = run_drop_in_deletion },
  { 0 }
};
