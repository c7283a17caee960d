/* The parts of the command report: tables, mean curves, and the pictures that are shown. */
#pragma once

#include "app/commands/evaluate.h"
#include "ui/draw/plot.h"
#include "ui/draw/report.h"

G_BEGIN_DECLS

/* Protocol @p of the evaluation, with a row for each of its methods. */
void app_report_add_protocol (UiReport *report, const EngEvaluation *e, const AppSummaryLine *lines, guint p);
/* "the one that the model predicts" */
const char *app_report_class_words (const EngEvaluation *e);
/* Into the rows of @report, which has the protocols and methods of @scores in their order. */
void app_report_add_curves (UiReport *report, const AppScores *scores);

/**
 * app_report_add_cases:
 * @folder: of the table: pictures are looked for where the table says, then from here
 * @model: (nullable): makes the maps; NULL: photos only
 * @by: index of the protocol that says which pictures are the best, the median and the worst of each method
 *
 * Shows a few pictures however many there are. Those that cannot be read, or explained, say so in the report.
 */
void app_report_add_cases (UiReport *report, const AppScores *scores, const char *folder, EngModel *model, guint by);

G_END_DECLS
