/* Scores as a long table: one row per picture, class, method and protocol. What evaluate writes and figures export.
 *
 *   image,class,method,metric,protocol,direction,value
 *
 * An empty value: it could not be measured. */
#pragma once

#include "metrics/protocol.h"

G_BEGIN_DECLS

/* What one row says besides its picture; values of unlike @protocol are never ranked against each other. */
typedef struct
{
  const char *method;    /* id */
  const char *metric;    /* EngProtocol.id */
  const char *protocol;  /* eng_protocol_key() */
  const char *direction; /* "higher", "lower": which is better */
} EngScoreColumn;

/* NULL-ended: titles of the columns, for eng_csv_add_row(). */
extern const char *const eng_scores_titles[];
const char *eng_scores_direction (const EngProtocol *protocol);
/* One line. */
void eng_scores_add (GString *out, const char *image, const char *class_name, const EngScoreColumn *column,
                     double value);

G_END_DECLS
