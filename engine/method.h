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
typedef struct _EngValues EngValues;

/* Sections of lists and of the documentation; order of eng_family_name(). */
typedef enum
{
  ENG_FAMILY_LEARNED,
  ENG_FAMILY_CLASS_ACTIVATION,
  ENG_FAMILY_GRADIENT,
  ENG_FAMILY_PERTURBATION,
  ENG_FAMILY_TRANSFORMER,
  ENG_FAMILY_INTEGRATED,
  ENG_FAMILY_META_ATTRIBUTION,
  ENG_N_FAMILIES
} EngFamily;

/* What a method asks of a model. */
typedef enum
{
  ENG_NEEDS_FORWARD = 0,          /* scores of changed inputs: every model */
  ENG_NEEDS_GRADIENT = 1 << 0,    /* of the logits with respect to input or layer */
  ENG_NEEDS_GRID = 1 << 1,        /* a layer with a spatial grid: feature map or token grid; a person may choose it */
  ENG_NEEDS_ATTENTION = 1 << 2,   /* attention matrices over the picture's tokens */
  ENG_NEEDS_LINEAR_HEAD = 1 << 3, /* a final linear layer */
} EngNeeds;

/* What can be laid over a method by eng_combine_explain(), and what a person may do with it. */
typedef enum
{
  ENG_ALLOWS_NOTHING = 0,
  ENG_ALLOWS_CONTRAST = 1 << 0, /* explains "class A rather than class B" */
  ENG_ALLOWS_AVERAGE = 1 << 1,  /* over noisy copies of the input, as SmoothGrad does */
  ENG_ALLOWS_LAYERS = 1 << 2,   /* sum over several layers */
  ENG_ALLOWS_STOP = 1 << 3,     /* eng_job_stop() keeps what has been computed so far */
} EngAllows;

/* Passes in single images. A pass through a part of the network (below a layer, above it) counts as one. */
typedef struct
{
  guint64 forward, backward;
} EngCost;

struct _EngMethod
{
  const char *id, *name, *about, *reference; /* id is stable: files, CLI, sessions */
  EngFamily family;
  EngSign sign; /* chooses the colour map */
  /* Where a parameter decides it ("positive part only"): the sign of a map made with @values. NULL: always @sign. */
  EngSign (*sign_with) (const EngValues *values);
  EngNeeds needs;
  EngAllows allows;
  gboolean class_dependent;
  const EngParam *params; /* ended by a NULL id; NULL: none. See eng_method_param() */
  const char *cost;       /* in words: "1 forward, 1 backward pass" */
  /* The passes that @values cost on @model, exactly: a test counts them. NULL: they depend on the picture, as @cost
   * says. @target: (nullable): chosen layer, NULL: the default one. */
  EngCost (*passes) (EngModel *model, const EngTarget *target, const EngValues *values);
  /* Beyond what @needs says: FALSE with a sentence that a person understands. NULL: nothing further. Called
   * through eng_method_can_explain(). */
  gboolean (*can_explain) (EngModel *model, const EngTarget *target, GError **error);
  EngHeatmap *(*explain) (EngJob *job, GError **error);
  /* The layer used unless a person chooses one. NULL: eng_model_default_cam_target(). (nullable) result. */
  const EngTarget *(*default_target) (EngModel *model);
  /* What a map depends on beyond its inputs: a file that is found, as text (transfer full) (nullable). With another
   * text a kept map is an old one. May be NULL. Any thread. */
  char *(*depends_on) (EngModel *model, const EngValues *values);
  /* The model's own default of a parameter (sidecar); NaN: the declared one. May be NULL. */
  double (*model_default) (EngModel *model, const EngParam *param);
};

const EngMethod *eng_method_nth (guint i); /* NULL at the end; order of the list in methods/meson.build */
const EngMethod *eng_method_find (const char *id, GError **error); /* the error lists the ids */
const char *eng_family_id (EngFamily family);                      /* "class-activation": page of the documentation */
const char *eng_family_name (EngFamily family);                    /* "Class activation" */
/* Own parameters, then those of the combinations that the method allows; NULL at the end. */
const EngParam *eng_method_param (const EngMethod *self, guint i);
EngSign eng_method_sign (const EngMethod *self, const EngValues *values); /* of a map made with @values */
/* The layer used by default: NULL when @self needs none or the model has none. */
const EngTarget *eng_method_default_target (const EngMethod *self, EngModel *model);
/**
 * eng_method_can_explain:
 * @target: (nullable): chosen layer; NULL: the default one
 *
 * Returns: FALSE with a sentence that says why not and what to do.
 */
gboolean eng_method_can_explain (const EngMethod *self, EngModel *model, const EngTarget *target, GError **error);
/* Makes known what @values name, before it is asked whether the method can explain: a trained explainer. FALSE with
 * an error when the file will not do. */
gboolean eng_method_adopt (const EngMethod *self, EngModel *model, const EngValues *values, GError **error);
/**
 * eng_method_find_layers:
 * @layers: (nullable): name of a target, or several with commas between; NULL: the default one
 * @values: (nullable): see eng_method_adopt(), which is called first
 *
 * Returns: (transfer container): const EngTarget*, at least one; a single NULL where @self needs none. NULL with an
 * error when there is no such layer, or @self cannot explain there.
 */
GPtrArray *eng_method_find_layers (const EngMethod *self, EngModel *model, const char *layers,
                                   const EngValues *values, GError **error);
/* With combinations. FALSE: not known before it has run. */
gboolean eng_method_passes (const EngMethod *self, EngModel *model, const EngTarget *target, const EngValues *values,
                            EngCost *cost);

/* Passes of methods that take one forward and one backward pass. */
EngCost eng_cost_one_gradient (EngModel *model, const EngTarget *target, const EngValues *values);

/* Values of a method's parameters: declared defaults, then the model's, then the user's. */
EngValues *eng_values_new (const EngMethod *method, EngModel *model /* (nullable) */);
/* Of any @n parameters (static rows, the array is copied). @owner: whose they are, for messages; static. @defaults:
 * n; NaN: the declared one. */
EngValues *eng_values_new_list (const char *owner, const EngParam *const *params, int n, const double *defaults);
EngValues *eng_values_copy (const EngValues *self);
const EngParam *eng_values_param (const EngValues *self, guint i); /* NULL at the end */
const char *eng_values_owner (const EngValues *self);              /* name of the method or kind, for messages */
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
