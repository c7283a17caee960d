/* The table of kinds and the values of their parameters. */
#include "kind.h"

#include "../error.h"
#include "training.h"

#include <math.h>
#include <string.h>

/* The table is generated from the list in kinds/meson.build. */
extern const EngExplainerKind *const eng_kind_table[];

const EngExplainerKind *
eng_kind_nth (guint i)
{
  for (guint k = 0; eng_kind_table[k]; k++)
    if (k == i)
      return eng_kind_table[k];
  return NULL;
}

const EngExplainerKind *
eng_kind_find (const char *id, GError **error)
{
  g_autoptr (GString) ids = g_string_new (NULL);
  for (guint i = 0; eng_kind_table[i]; i++)
    {
      if (strcmp (eng_kind_table[i]->id, id) == 0)
        return eng_kind_table[i];
      g_string_append_printf (ids, "%s%s", i ? ", " : "", eng_kind_table[i]->id);
    }
  eng_fail (error, ENG_ERROR_ARGUMENT, "There is no kind of explainer “%s”. Kinds are: %s.", id, ids->str);
  return NULL;
}

const EngExplainerKind *
eng_kind_of_method (const char *method_id)
{
  for (guint i = 0; eng_kind_table[i]; i++)
    if (strcmp (eng_kind_table[i]->method, method_id) == 0)
      return eng_kind_table[i];
  return NULL;
}

const EngTarget *
eng_kind_default_target (const EngExplainerKind *self, EngModel *model)
{
  if (!(self->needs & ENG_NEEDS_GRID))
    return NULL;
  return self->default_target ? self->default_target (model) : eng_model_default_target (model);
}

gboolean
eng_kind_can_train (const EngExplainerKind *self, EngModel *model, const EngTarget *target, GError **error)
{
  if ((self->needs & ENG_NEEDS_GRID) && !target && !(target = eng_kind_default_target (self, model)))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s looks at a layer with a spatial grid. This model has none after its input.", self->name);
  if ((self->needs & ENG_NEEDS_GRID) && (target->kind == ENG_TARGET_ATTENTION || target->rows * target->cols == 1))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s looks at a feature map or a token grid of more than one cell; “%s” is none. Choose another "
                     "layer.",
                     self->name, target->name);
  if ((self->needs & ENG_NEEDS_LINEAR_HEAD) && !eng_model_final_linear (model))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "%s needs a final linear layer. This model does not end in one.",
                     self->name);
  return !self->can_train || self->can_train (model, target, error);
}

const EngParam *
eng_kind_param (const EngExplainerKind *self, guint i)
{
  for (const EngParam *p = self->params; p && p->id; p++)
    if (i-- == 0)
      return p;
  for (const EngParam *p = eng_training_params; p->id; p++)
    if ((self->labels != ENG_LABELS_UNUSED || strcmp (p->id, "target") != 0) && i-- == 0)
      return p;
  return NULL;
}

static double
default_of (const EngExplainerKind *self, EngModel *model, const EngParam *p)
{
  double own = model && self->model_default ? self->model_default (model, p) : NAN;
  for (const EngTrainDefault *d = self->defaults; isnan (own) && d && d->id; d++)
    if (strcmp (d->id, p->id) == 0)
      own = d->value;
  return own;
}

EngValues *
eng_kind_values (const EngExplainerKind *self, EngModel *model)
{
  g_autoptr (GPtrArray) params = g_ptr_array_new ();
  g_autoptr (GArray) defaults = g_array_new (FALSE, FALSE, sizeof (double));
  const EngParam *p;
  for (guint i = 0; (p = eng_kind_param (self, i)); i++)
    {
      double own = default_of (self, model, p);
      g_ptr_array_add (params, (gpointer)p);
      g_array_append_val (defaults, own);
    }
  return eng_values_new_list (self->name, (const EngParam *const *)params->pdata, (int)params->len,
                              (const double *)defaults->data);
}
