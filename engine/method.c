/* The table of methods. */
#include "method.h"

#include "combine.h"
#include "error.h"
#include "methods/trained.h"

#include <math.h>
#include <string.h>

/* The table is generated from the list in methods/meson.build. */
extern const EngMethod *const eng_method_table[];

const EngMethod *
eng_method_nth (guint i)
{
  for (guint k = 0; eng_method_table[k]; k++)
    if (k == i)
      return eng_method_table[k];
  return NULL;
}

const EngMethod *
eng_method_find (const char *id, GError **error)
{
  g_autoptr (GString) ids = g_string_new (NULL);
  for (guint i = 0; eng_method_table[i]; i++)
    {
      if (strcmp (eng_method_table[i]->id, id) == 0)
        return eng_method_table[i];
      g_string_append_printf (ids, "%s%s", i ? ", " : "", eng_method_table[i]->id);
    }
  eng_fail (error, ENG_ERROR_ARGUMENT, "There is no method “%s”. Methods are: %s.", id, ids->str);
  return NULL;
}

const char *
eng_family_id (EngFamily family)
{
  static const char *const ids[] = { "learned",     "class-activation", "gradient",        "perturbation",
                                     "transformer", "integrated",       "meta-attribution" };
  G_STATIC_ASSERT (G_N_ELEMENTS (ids) == ENG_N_FAMILIES);
  return ids[family];
}

const char *
eng_family_name (EngFamily family)
{
  static const char *const names[] = { "Learned",     "Class activation", "Gradient",        "Perturbation",
                                       "Transformer", "Integrated",       "Meta-attribution" };
  G_STATIC_ASSERT (G_N_ELEMENTS (names) == ENG_N_FAMILIES);
  return names[family];
}

const EngParam *
eng_method_param (const EngMethod *self, guint i)
{
  guint own = 0;
  while (self->params && self->params[own].id)
    own++;
  if (i < own)
    return &self->params[i];
  return eng_combine_param (self, i - own);
}

EngSign
eng_method_sign (const EngMethod *self, const EngValues *values)
{
  return self->sign_with ? self->sign_with (values) : self->sign;
}

const EngTarget *
eng_method_default_target (const EngMethod *self, EngModel *model)
{
  if (!(self->needs & ENG_NEEDS_GRID))
    return NULL;
  return self->default_target ? self->default_target (model) : eng_model_default_cam_target (model);
}

gboolean
eng_method_can_explain (const EngMethod *self, EngModel *model, const EngTarget *target, GError **error)
{
  int n_attentions;
  if ((self->needs & ENG_NEEDS_GRID) && !target && !(target = eng_method_default_target (self, model)))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s needs a layer with a spatial grid. This model has none after its input.", self->name);
  if ((self->needs & ENG_NEEDS_GRID) && target->kind == ENG_TARGET_ATTENTION)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s needs a feature map or a token grid; “%s” is an attention matrix. Choose another layer.",
                     self->name, target->name);
  if ((self->needs & ENG_NEEDS_GRID) && target->rows * target->cols == 1)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s draws on a layer's grid; “%s” has a single cell (1 × 1). Choose an earlier layer.",
                     self->name, target->name);
  if ((self->needs & ENG_NEEDS_ATTENTION) && (eng_model_attentions (model, &n_attentions), n_attentions == 0))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s reads attention matrices over the picture's tokens. This model has none: it is not a plain "
                     "vision transformer.",
                     self->name);
  if ((self->needs & ENG_NEEDS_LINEAR_HEAD) && !eng_model_final_linear (model))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "%s needs a final linear layer. This model does not end in one.",
                     self->name);
  return !self->can_explain || self->can_explain (model, target, error);
}

gboolean
eng_method_adopt (const EngMethod *self, EngModel *model, const EngValues *values, GError **error)
{
  return eng_trained_adopt (model, self, values, error);
}

/* A name may hold commas: the whole text first, then its parts. */
GPtrArray *
eng_method_find_layers (const EngMethod *self, EngModel *model, const char *layers, const EngValues *values,
                        GError **error)
{
  if (values && !eng_method_adopt (self, model, values, error))
    return NULL;
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  g_auto (GStrv) names = g_strsplit (layers ? layers : "", ",", -1);
  const EngTarget *whole = layers ? eng_model_find_target (model, layers, NULL) : NULL;
  if (whole || !layers)
    g_ptr_array_add (found, (gpointer)(whole ? whole : eng_method_default_target (self, model)));
  else
    for (char **name = names; *name; name++)
      {
        const EngTarget *target = eng_model_find_target (model, g_strstrip (*name), error);
        if (!target)
          return NULL;
        g_ptr_array_add (found, (gpointer)target);
      }
  if (found->len > 1 && !(self->allows & ENG_ALLOWS_LAYERS))
    {
      eng_fail (error, ENG_ERROR_ARGUMENT, "%s looks at one layer. Choose one.", self->name);
      return NULL;
    }
  for (guint i = 0; i < found->len; i++)
    if (!eng_method_can_explain (self, model, found->pdata[i], error))
      return NULL;
  return g_steal_pointer (&found);
}

gboolean
eng_method_passes (const EngMethod *self, EngModel *model, const EngTarget *target, const EngValues *values,
                   EngCost *cost)
{
  if (!self->passes)
    return FALSE;
  *cost = self->passes (model, target ? target : eng_method_default_target (self, model), values);
  int repeats = eng_combine_repeats (self, values);
  cost->forward *= repeats;
  cost->backward *= repeats;
  return TRUE;
}

EngCost
eng_cost_one_gradient (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return (EngCost){ 1, 1 };
}

EngValues *
eng_values_new (const EngMethod *method, EngModel *model)
{
  g_autoptr (GPtrArray) params = g_ptr_array_new ();
  g_autoptr (GArray) defaults = g_array_new (FALSE, FALSE, sizeof (double));
  const EngParam *p;
  for (guint i = 0; (p = eng_method_param (method, i)); i++)
    {
      double own = model && method->model_default ? method->model_default (model, p) : NAN;
      g_ptr_array_add (params, (gpointer)p);
      g_array_append_val (defaults, own);
    }
  return eng_values_new_list (method->name, (const EngParam *const *)params->pdata, (int)params->len,
                              (const double *)defaults->data);
}
