#include "error.h"

G_DEFINE_QUARK (eng - error - quark, eng_error)

gboolean
eng_fail (GError **error, EngError code, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, ENG_ERROR, code, message);
  return FALSE;
}
