/* The threshold in words: sentences, status, and numbers for a spreadsheet. All results are (transfer full). */
#pragma once

#include "ui/threshold.h"

G_BEGIN_DECLS

/* "15 %", "15.3 %" */
char *ui_threshold_percent (double share);
/* What the selected method's score says, a sentence or two, markup; "" while it is not known. */
char *ui_threshold_reading (UiThreshold *self);
/* "Threshold 15.0 % = 1,382 of 9,216 model pixels", and what the score took; markup. */
char *ui_threshold_status (UiThreshold *self);
/* "Curves ready for 4 methods" */
char *ui_threshold_readiness (UiThreshold *self);
/* Tab-separated: a header with class, threshold and protocol, a row for each method; then the same for each other
 * protocol that was measured. */
char *ui_threshold_numbers (UiThreshold *self);

G_END_DECLS
