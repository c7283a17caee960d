/* Errors that a user or a file can cause. Messages name the file, the part and the remedy. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ENG_ERROR (eng_error_quark ())
GQuark eng_error_quark (void);

typedef enum
{
  ENG_ERROR_INVALID,     /* the data is broken or contradicts itself */
  ENG_ERROR_UNSUPPORTED, /* well-formed, but an operator, type or form that Sightline does not know */
  ENG_ERROR_MEMORY,      /* would need more memory than there is */
  ENG_ERROR_ARGUMENT,    /* a value given by the user is out of range or does not exist */
  ENG_ERROR_CANCELLED,
  ENG_ERROR_IO
} EngError;

/* g_set_error() and FALSE, so that "return eng_fail (...)" reads in one line. */
gboolean eng_fail (GError **error, EngError code, const char *format, ...) G_GNUC_PRINTF (3, 4);

G_END_DECLS
