/* See csv.h. */
#include "csv.h"

#include "error.h"

#include <math.h>
#include <string.h>

/* ---- writing ---- */

char *
eng_csv_number (double value, char *text)
{
  text[0] = 0;
  if (!isfinite (value))
    return text;
  /* 15 digits are enough for what a person typed, 17 for every double. */
  for (int digits = 15; digits <= 17; digits++)
    {
      char format[8];
      g_snprintf (format, sizeof format, "%%.%dg", digits);
      g_ascii_formatd (text, G_ASCII_DTOSTR_BUF_SIZE, format, value);
      if (g_ascii_strtod (text, NULL) == value)
        break;
    }
  return text;
}

void
eng_csv_add (GString *out, gboolean first, const char *field)
{
  g_autofree char *valid = g_utf8_validate (field, -1, NULL) ? NULL : g_utf8_make_valid (field, -1);
  const char *c = valid ? valid : field;
  if (!first)
    g_string_append_c (out, ',');
  if (!strpbrk (c, ",\"\r\n") && *c != ' ' && !g_str_has_suffix (c, " "))
    {
      g_string_append (out, c);
      return;
    }
  g_string_append_c (out, '"');
  for (; *c; c++)
    {
      if (*c == '"')
        g_string_append_c (out, '"');
      g_string_append_c (out, *c);
    }
  g_string_append_c (out, '"');
}

void
eng_csv_add_number (GString *out, gboolean first, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  if (!first)
    g_string_append_c (out, ',');
  g_string_append (out, eng_csv_number (value, text));
}

void
eng_csv_add_row (GString *out, const char *const *fields)
{
  for (guint i = 0; fields[i]; i++)
    eng_csv_add (out, i == 0, fields[i]);
  g_string_append_c (out, '\n');
}

/* ---- reading ---- */

gboolean
eng_csv_init (EngCsv *self, const char *text, gsize length, const char *name, GError **error)
{
  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0) /* byte order mark of Windows editors */
    text += 3, length -= 3;
  if (!g_utf8_validate_len (text, length, NULL))
    return eng_fail (error, ENG_ERROR_INVALID, "%s is not UTF-8 text. Save it as CSV in UTF-8.", name);
  *self = (EngCsv){ .separator = ',', .longest = 1000, .most = 16, .at = text, .end = text + length };
  self->line = 1;
  self->name = name;
  self->field = g_string_new (NULL);
  self->fields = g_ptr_array_new_with_free_func (g_free);
  return TRUE;
}

void
eng_csv_clear (EngCsv *self)
{
  if (self->field)
    g_string_free (self->field, TRUE);
  g_clear_pointer (&self->fields, g_ptr_array_unref);
  self->field = NULL;
}

void
eng_csv_guess_separator (EngCsv *self)
{
  gboolean quoted = FALSE;
  self->separator = ',';
  for (const char *c = self->at; c < self->end && (quoted || (*c != '\n' && *c != '\r')); c++)
    if (*c == '"')
      quoted = !quoted;
    else if (!quoted && (*c == ',' || *c == ';' || *c == '\t'))
      {
        self->separator = *c;
        return;
      }
}

/* Inside quotes everything is text, and "" is a quote. */
static gboolean
read_quoted (EngCsv *self, GError **error)
{
  guint started = self->line;
  for (self->at++; self->at < self->end; self->at++)
    {
      if (*self->at == '"' && (self->at + 1 == self->end || self->at[1] != '"'))
        {
          self->at++;
          return TRUE;
        }
      self->at += *self->at == '"';
      self->line += *self->at == '\n';
      g_string_append_c (self->field, *self->at);
    }
  return eng_fail (error, ENG_ERROR_INVALID, "%s: the quotes opened in line %u are never closed. Close them.",
                   self->name, started);
}

static gboolean
ends_field (const EngCsv *self)
{
  return self->at == self->end || *self->at == self->separator || *self->at == '\n' || *self->at == '\r';
}

/* Into self->field; stops at what ended it. */
static gboolean
read_field (EngCsv *self, GError **error)
{
  g_string_truncate (self->field, 0);
  while (self->trim && self->at < self->end && *self->at == ' ')
    self->at++;
  if (self->at < self->end && *self->at == '"' && !read_quoted (self, error))
    return FALSE;
  for (; !ends_field (self); self->at++)
    g_string_append_c (self->field, *self->at);
  if (self->field->len > self->longest)
    return eng_fail (error, ENG_ERROR_INVALID, "%s: a field in line %u is longer than %" G_GSIZE_FORMAT " bytes.",
                     self->name, self->line, self->longest);
  if (self->trim)
    g_strstrip (self->field->str);
  return TRUE;
}

static void
end_row (EngCsv *self)
{
  const char *from = self->at;
  if (self->at < self->end && *self->at == '\r')
    self->at++;
  if (self->at < self->end && *self->at == '\n')
    self->at++;
  self->ended = self->at > from;
  self->line++;
}

gboolean
eng_csv_next (EngCsv *self, GError **error)
{
  g_ptr_array_set_size (self->fields, 0);
  if (self->at >= self->end)
    return FALSE;
  self->row_line = self->line;
  gboolean further = FALSE;
  do
    {
      self->at += further; /* the separator */
      if (!read_field (self, error))
        return FALSE;
      if (self->fields->len < self->most)
        g_ptr_array_add (self->fields, g_strdup (self->field->str));
      further = self->at < self->end && *self->at == self->separator;
    }
  while (further);
  end_row (self);
  return TRUE;
}

const char *
eng_csv_field (const EngCsv *self, guint i)
{
  return i < self->fields->len ? self->fields->pdata[i] : "";
}
