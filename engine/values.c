/* Values of parameters: of methods, of kinds of explainers. */
#include "error.h"
#include "method.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

struct _EngValues
{
  const char *owner; /* for messages; static */
  int n;
  const EngParam **params; /* static rows */
  double *number;          /* by parameter */
  double *initial;         /* what counts as default: declared or the model's */
  char **text;             /* paths; NULL otherwise */
};

static gboolean
is_path (const EngParam *p)
{
  return p->type == ENG_PARAM_PATH || p->type == ENG_PARAM_OUTPUT_PATH;
}

EngValues *
eng_values_new_list (const char *owner, const EngParam *const *params, int n, const double *defaults)
{
  EngValues *self = g_new0 (EngValues, 1);
  self->owner = owner;
  self->n = n;
  self->params = g_memdup2 (params, sizeof *params * (gsize)n);
  self->number = g_new0 (double, n);
  self->initial = g_new0 (double, n);
  self->text = g_new0 (char *, n + 1);
  for (int i = 0; i < n; i++)
    {
      const EngParam *p = params[i];
      self->initial[i] = self->number[i] =
          isnan (defaults[i]) ? p->otherwise : CLAMP (defaults[i], p->minimum, p->maximum);
      self->text[i] = is_path (p) ? g_strdup ("") : NULL;
    }
  return self;
}

EngValues *
eng_values_copy (const EngValues *self)
{
  EngValues *copy = g_new0 (EngValues, 1);
  copy->owner = self->owner;
  copy->n = self->n;
  copy->params = g_memdup2 (self->params, sizeof *self->params * (gsize)self->n);
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
  g_free (self->params);
  g_free (self->number);
  g_free (self->initial);
  g_free (self);
}

const EngParam *
eng_values_param (const EngValues *self, guint i)
{
  return i < (guint)self->n ? self->params[i] : NULL;
}

const char *
eng_values_owner (const EngValues *self)
{
  return self->owner;
}

static int
index_of (const EngValues *self, const char *id)
{
  for (int i = 0; i < self->n; i++)
    if (strcmp (self->params[i]->id, id) == 0)
      return i;
  return -1;
}

static gboolean
unknown (const EngValues *self, const char *id, GError **error)
{
  g_autoptr (GString) ids = g_string_new (NULL);
  for (int i = 0; i < self->n; i++)
    g_string_append_printf (ids, "%s%s", i ? ", " : "", self->params[i]->id);
  if (self->n == 0)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "%s has no parameters; “%s” cannot be set.", self->owner, id);
  return eng_fail (error, ENG_ERROR_ARGUMENT, "%s has no parameter “%s”. Its parameters are: %s.", self->owner, id,
                   ids->str);
}

static gboolean
set_choice (EngValues *self, int i, const char *text, GError **error)
{
  const EngParam *p = self->params[i];
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
  const EngParam *p = self->params[i];
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
  const EngParam *p = self->params[i];
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
  const EngParam *p = self->params[i];
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
      const EngParam *p = self->params[i];
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
      const EngParam *p = self->params[i];
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
