/* Private to engine/metrics/: one evaluation, as the families see it. */
#pragma once

#include "protocol.h"
#include "subject-private.h"

struct _EngTrial
{
  EngSubject *subject;
  EngHeatmap *map;
  const EngProtocolOptions *options;
  GCancellable *cancellable;
  EngPointFunc func;
  gpointer data;
  EngMeasurement *out;
  int total; /* points to come; set before the first */
};

/* Families: rows, ended by a row without id. */
extern const EngProtocol eng_protocols_ltx[], eng_protocols_rise[], eng_protocols_road[], eng_protocols_confidence[],
    eng_protocols_information[], eng_protocols_truth[];

/* Adds a point and tells of it. */
void eng_trial_point (EngTrial *self, double x, double y, const EngReading *reading);
/* "This cannot be measured": TRUE, because that is no error. @why: a sentence. */
gboolean eng_trial_undefined (EngTrial *self, const char *why);
/* (transfer full) */
EngRanking *eng_trial_ranking (EngTrial *self, EngRankOrder order);
