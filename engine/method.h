/* Attribution methods: one row each, one file each in methods/. Forms, flags, captions and tests
 * come from the declared parameters. */
#pragma once

#include "heatmap.h"
#include "model.h"

G_BEGIN_DECLS

typedef enum
{
  ENG_PARAM_INT,
  ENG_PARAM_FLOAT,
  ENG_PARAM_CHOICE, /* one of @choices; the value is its index */
  ENG_PARAM_BOOL,
  ENG_PARAM_PATH,       /* a file to read; text; "" for none */
  ENG_PARAM_OUTPUT_PATH /* a file to write: one result per file, so one picture at a time; text; "" for none */
} EngParamType;

typedef struct
{
  const char *id;    /* stable: CLI, sessions */
  const char *label; /* for people, sentence case */
  const char *unit;  /* "" when it has none */
  EngParamType type;
  double minimum, maximum, otherwise; /* range and default, inclusive */
  const char *const *choices;         /* NULL-ended ids, ENG_PARAM_CHOICE only */
  const char *help;                   /* one or two sentences */
  gboolean logarithmic;               /* a slider should be */
} EngParam;

typedef struct _EngMethod EngMethod;
typedef struct _EngJob EngJob;

struct _EngMethod
{
  const char *id, *name, *about, *reference; /* id is stable: files, CLI, sessions */
  EngSign sign;                              /* chooses the colour map */
  gboolean needs_layer;                      /* looks at a target that a person may choose */
  gboolean class_dependent;
  const EngParam *params; /* ended by a NULL id */
  const char *cost;       /* in words: "1 forward, 1 backward pass" */
  /* FALSE with a sentence that a person understands. @target: (nullable) chosen layer, NULL: default.
   * NULL: applies to every model. */
  gboolean (*can_explain) (EngModel *model, const EngTarget *target, GError **error);
  EngHeatmap *(*explain) (EngJob *job, GError **error);
  /* The model's own default of a parameter (sidecar); NaN: the declared one. May be NULL. */
  double (*model_default) (EngModel *model, const EngParam *param);
};

const EngMethod *eng_method_nth (guint i); /* NULL at the end; order of the list in methods/meson.build */
const EngMethod *eng_method_find (const char *id, GError **error); /* the error lists the ids */

/* Values of a method's parameters: declared defaults, then the model's, then the user's. */
typedef struct _EngValues EngValues;
EngValues *eng_values_new (const EngMethod *method, EngModel *model /* (nullable) */);
EngValues *eng_values_copy (const EngValues *self);
void eng_values_free (EngValues *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngValues, eng_values_free)
/* @text: "25", "0.5", a choice's id, "true"; checks type and range, names the parameter and the remedy. */
gboolean eng_values_set_text (EngValues *self, const char *id, const char *text, GError **error);
/* "PARAM=VALUE" */
gboolean eng_values_set_pair (EngValues *self, const char *pair, GError **error);
void eng_values_set (EngValues *self, const char *id, double value); /* clamped to the range */
double eng_values_get (const EngValues *self, const char *id);
const char *eng_values_get_text (const EngValues *self, const char *id); /* PATH: the path; CHOICE: its id */
char *eng_values_to_json (const EngValues *self);                        /* object text, declared order */
char *
eng_values_summary (const EngValues *self); /* what differs from the defaults, short: "steps 50"; "" if nothing */

G_END_DECLS
