/* How a training goes: the loss of each step and of held-out pictures, and what these score, with the best marked.
 * Two panels, beside each other where there is room. Cairo and Pango only; window and command line draw it. */
#pragma once

#include "engine/engine.h"
#include "ui/draw/plot.h"

G_BEGIN_DECLS

/* @look: colours and font, nothing else of it is read. */
void ui_training_plot_draw (const EngTrainingStatus *status, const EngExplainerKind *kind, const UiPlot *look,
                            cairo_t *cr, double width, double height);
/* The same in words: "Loss 0.31 after 120 of 400 steps. On held-out pictures: POS AUC 14.2, best 12.9 after 100
 * steps; lower is better." (transfer full) */
char *ui_training_plot_words (const EngTrainingStatus *status, const EngExplainerKind *kind);
/* A score as people read it: "12.9 of 90". (transfer full) */
char *ui_training_score (const EngExplainerKind *kind, double score);

G_END_DECLS
