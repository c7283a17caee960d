/* ROAD (Rong, Leemann, Borisov, Kasneci and Kasneci, A Consistent and Efficient Evaluation Strategy for Attribution
 * Methods, ICML 2022). Removed pixels are imputed from what is left, so that the mask's outline tells the model
 * less: see impute.c. The paper averages accuracy over a data set; one picture gives the probability, and the mean
 * over the nine shares is the value. The combined row is that of pytorch-grad-cam. */
#include "protocol-private.h"

#include <math.h>

#define SHARES                                                                                                       \
  "relevant pixels of the model's input are replaced by noisy linear imputation, 10, 20 .. 90 % of them: each is "   \
  "the weighted mean of its eight neighbours inside the picture (1/6 beside, 1/12 diagonal), solved for all at "     \
  "once, plus normal noise of deviation 0.01 in model space, drawn from the seed. "
#define PAPER "Rong et al., ICML 2022"

static const EngProtocolCurve most = {
  ENG_ORDER_MOST_FIRST, ENG_MASK_REMOVE, ENG_FILL_IMPUTED, ENG_CURVE_PROBABILITY, 1, 9, TRUE
};
static const EngProtocolCurve least = {
  ENG_ORDER_LEAST_FIRST, ENG_MASK_REMOVE, ENG_FILL_IMPUTED, ENG_CURVE_PROBABILITY, 1, 9, TRUE
};

#define POINTS 9

typedef struct
{
  EngTrial *trial;
  EngPoint *most;
} Both;

static void
take_difference (const EngPoint *point, int index, int total, gpointer data)
{
  Both *both = data;
  eng_trial_point (both->trial, (index + 1) / 10.0, (point->y - both->most[index].y) / 2, &point->reading);
}

/* What the two rows below have measured is known already. */
static gboolean
run_combined (EngTrial *trial, GError **error)
{
  EngSubject *subject = trial->subject;
  EngPreprocess *p = eng_model_preprocess (eng_subject_model (subject));
  EngPoint a[POINTS], b[POINTS];
  Both both = { trial, a };
  g_auto (EngCurve) curve = { 0 };
  g_autoptr (EngRanking) down = eng_trial_ranking (trial, ENG_ORDER_MOST_FIRST);
  g_autoptr (EngRanking) up = eng_trial_ranking (trial, ENG_ORDER_LEAST_FIRST);
  eng_protocol_curve (&eng_protocols_road[0], trial->options, p->width, p->height, &curve);
  trial->total = POINTS;
  if (!eng_curve_run (subject, down, &curve, a, NULL, NULL, trial->cancellable, error)
      || !eng_curve_run (subject, up, &curve, b, take_difference, &both, trial->cancellable, error))
    return FALSE;
  for (int i = 0; i < POINTS; i++)
    trial->out->value += (b[i].y - a[i].y) / 2 / POINTS;
  return TRUE;
}

const EngProtocol eng_protocols_road[] = {
  { .id = "road-morf",
    .name = "ROAD, most relevant first",
    .group = "ROAD",
    .definition = "The most " SHARES "The value is the mean softmax probability of the class over the nine shares.",
    .reference = PAPER,
    .unit = "0 to 1",
    .maximum = 1,
    .direction = ENG_LOWER_IS_BETTER,
    .x_label = "share of pixels imputed",
    .y_label = "softmax probability",
    .scale = 1,
    .curve = &most,
    .seeded = TRUE },
  { .id = "road-lerf",
    .name = "ROAD, least relevant first",
    .group = "ROAD",
    .definition = "The least " SHARES "The value is the mean softmax probability of the class over the nine shares.",
    .reference = PAPER,
    .unit = "0 to 1",
    .maximum = 1,
    .direction = ENG_HIGHER_IS_BETTER,
    .x_label = "share of pixels imputed",
    .y_label = "softmax probability",
    .scale = 1,
    .curve = &least,
    .seeded = TRUE },
  { .id = "road-combined",
    .name = "ROAD, combined",
    .title = "ROAD",
    .group = "ROAD",
    .definition = "Half the difference of the two ROAD curves, least relevant first minus most relevant first: the "
                  "mean over 10, 20 .. 90 % of (softmax probability with the least relevant pixels imputed − with "
                  "the most relevant ones imputed) / 2.",
    .reference = PAPER "; combined as in pytorch-grad-cam",
    .unit = "−0.5 to 0.5",
    .minimum = -0.5,
    .maximum = 0.5,
    .direction = ENG_HIGHER_IS_BETTER,
    .x_label = "share of pixels imputed",
    .y_label = "half the difference of probabilities",
    .scale = 1,
    .seeded = TRUE,
    .passes = 2 * POINTS,
    .run = run_combined },
  { 0 }
};
