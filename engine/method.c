/* The table of methods and the values of their parameters. */
#include "method.h"

#include "combine.h"
#include "error.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

/* The table is generated from the list in methods/meson.build. */
extern const EngMethod *const eng_method_table[];

struct _EngValues
{
  const EngMethod *method;
  int n;
  double *number;  /* by parameter */
  double *initial; /* what counts as default: declared or the model's */
  char **text;     /* paths; NULL otherwise */
};

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

/* A name may hold commas: the whole text first, then its parts. */
GPtrArray *
eng_method_find_layers (const EngMethod *self, EngModel *model, const char *layers, GError **error)
{
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

static gboolean
is_path (const EngParam *p)
{
  return p->type == ENG_PARAM_PATH || p->type == ENG_PARAM_OUTPUT_PATH;
}

EngValues *
eng_values_new (const EngMethod *method, EngModel *model)
{
  EngValues *self = g_new0 (EngValues, 1);
  self->method = method;
  while (eng_method_param (method, self->n))
    self->n++;
  self->number = g_new0 (double, self->n);
  self->initial = g_new0 (double, self->n);
  self->text = g_new0 (char *, self->n + 1);
  for (int i = 0; i < self->n; i++)
    {
      const EngParam *p = eng_method_param (method, i);
      double own = model && method->model_default ? method->model_default (model, p) : NAN;
      self->initial[i] = self->number[i] = isnan (own) ? p->otherwise : CLAMP (own, p->minimum, p->maximum);
      self->text[i] = is_path (p) ? g_strdup ("") : NULL;
    }
  return self;
}

EngValues *
eng_values_copy (const EngValues *self)
{
  EngValues *copy = g_new0 (EngValues, 1);
  copy->method = self->method;
  copy->n = self->n;
  copy->number = g_memdup2 (self->number, sizeof (double) * self->n);
  copy->initial = g_memdup2 (self->initial, sizeof (double) * self->n);
  copy->text = g_new0 (char *, self->n + 1);
  for (int i = 0; i < self->n; i++)
    copy->text[i] = g_strdup (self->text[i]);
  return copy;
}

void
eng_values_free (EngValues *self)
{
  if (!self)
    return;
  for (int i = 0; i < self->n; i++)
    g_free (self->text[i]);
  g_free (self->text);
  g_free (self->number);
  g_free (self->initial);
  g_free (self);
}

static int
index_of (const EngValues *self, const char *id)
{
  for (int i = 0; i < self->n; i++)
    if (strcmp (eng_method_param (self->method, i)->id, id) == 0)
      return i;
  return -1;
}

static gboolean
unknown (const EngValues *self, const char *id, GError **error)
{
  g_autoptr (GString) ids = g_string_new (NULL);
  for (int i = 0; i < self->n; i++)
    g_string_append_printf (ids, "%s%s", i ? ", " : "", eng_method_param (self->method, i)->id);
  if (self->n == 0)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "%s has no parameters; “%s” cannot be set.", self->method->name, id);
  return eng_fail (error, ENG_ERROR_ARGUMENT, "%s has no parameter “%s”. Its parameters are: %s.", self->method->name,
                   id, ids->str);
}

static gboolean
set_choice (EngValues *self, int i, const char *text, GError **error)
{
  const EngParam *p = eng_method_param (self->method, i);
  for (int k = 0; p->choices[k]; k++)
    if (g_ascii_strcasecmp (p->choices[k], text) == 0)
      {
        self->number[i] = k;
        return TRUE;
      }
  g_autofree char *choices = g_strjoinv (", ", (char **)p->choices);
  return eng_fail (error, ENG_ERROR_ARGUMENT, "%s cannot be “%s”. Choose one of: %s.", p->id, text, choices);
}

gboolean
eng_values_set_text (EngValues *self, const char *id, const char *text, GError **error)
{
  int i = index_of (self, id);
  if (i < 0)
    return unknown (self, id, error);
  const EngParam *p = eng_method_param (self->method, i);
  char *end;
  double v = g_ascii_strtod (text, &end);
  gboolean number = end != text && *end == '\0' && isfinite (v);
  switch (p->type)
    {
    case ENG_PARAM_PATH:
    case ENG_PARAM_OUTPUT_PATH:
      g_free (self->text[i]);
      self->text[i] = g_strdup (text);
      return TRUE;
    case ENG_PARAM_CHOICE:
      return set_choice (self, i, text, error);
    case ENG_PARAM_BOOL:
      if (g_ascii_strcasecmp (text, "true") && g_ascii_strcasecmp (text, "false") && strcmp (text, "1")
          && strcmp (text, "0"))
        return eng_fail (error, ENG_ERROR_ARGUMENT, "%s cannot be “%s”. Give true or false.", id, text);
      self->number[i] = g_ascii_strcasecmp (text, "true") == 0 || strcmp (text, "1") == 0;
      return TRUE;
    case ENG_PARAM_INT:
      number = number && v == floor (v);
      break;
    case ENG_PARAM_FLOAT:
      break;
    }
  if (!number || v < p->minimum || v > p->maximum)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "%s cannot be “%s”. Give a%s number from %g to %g.", id, text,
                     p->type == ENG_PARAM_INT ? " whole" : "", p->minimum, p->maximum);
  self->number[i] = v;
  return TRUE;
}

gboolean
eng_values_set_pair (EngValues *self, const char *pair, GError **error)
{
  const char *equals = strchr (pair, '=');
  if (!equals)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "“%s” is not of the form PARAM=VALUE.", pair);
  g_autofree char *id = g_strndup (pair, equals - pair);
  return eng_values_set_text (self, id, equals + 1, error);
}

void
eng_values_set (EngValues *self, const char *id, double value)
{
  int i = index_of (self, id);
  g_return_if_fail (i >= 0);
  const EngParam *p = eng_method_param (self->method, i);
  value = CLAMP (value, p->minimum, p->maximum);
  self->number[i] = p->type == ENG_PARAM_FLOAT ? value : round (value);
}

double
eng_values_get (const EngValues *self, const char *id)
{
  int i = index_of (self, id);
  g_return_val_if_fail (i >= 0, 0);
  return self->number[i];
}

const char *
eng_values_get_text (const EngValues *self, const char *id)
{
  int i = index_of (self, id);
  g_return_val_if_fail (i >= 0, "");
  const EngParam *p = eng_method_param (self->method, i);
  if (p->type == ENG_PARAM_CHOICE)
    return p->choices[(int)self->number[i]];
  return self->text[i] ? self->text[i] : "";
}

char *
eng_values_to_json (const EngValues *self)
{
  g_autoptr (JsonBuilder) b = json_builder_new ();
  json_builder_begin_object (b);
  for (int i = 0; i < self->n; i++)
    {
      const EngParam *p = eng_method_param (self->method, i);
      json_builder_set_member_name (b, p->id);
      if (p->type == ENG_PARAM_INT)
        json_builder_add_int_value (b, (gint64)self->number[i]);
      else if (p->type == ENG_PARAM_FLOAT)
        json_builder_add_double_value (b, self->number[i]);
      else if (p->type == ENG_PARAM_BOOL)
        json_builder_add_boolean_value (b, self->number[i] != 0);
      else
        json_builder_add_string_value (b, eng_values_get_text (self, p->id));
    }
  json_builder_end_object (b);
  g_autoptr (JsonNode) root = json_builder_get_root (b);
  return json_to_string (root, FALSE);
}

char *
eng_values_summary (const EngValues *self)
{
  GString *s = g_string_new (NULL);
  for (int i = 0; i < self->n; i++)
    {
      const EngParam *p = eng_method_param (self->method, i);
      g_autofree char *name = g_utf8_strdown (p->label, -1);
      const char *separator = s->len ? " · " : "";
      if (is_path (p) && *self->text[i])
        {
          g_autofree char *base = g_path_get_basename (self->text[i]);
          g_string_append_printf (s, "%s%s %s", separator, name, base);
        }
      else if (self->number[i] == self->initial[i])
        continue;
      else if (p->type == ENG_PARAM_CHOICE)
        g_string_append_printf (s, "%s%s %s", separator, name, p->choices[(int)self->number[i]]);
      else if (p->type == ENG_PARAM_BOOL)
        g_string_append_printf (s, "%s%s%s", separator, self->number[i] != 0 ? "" : "no ", name);
      else
        g_string_append_printf (s, "%s%s %g", separator, name, self->number[i]);
    }
  return g_string_free (s, FALSE);
}
