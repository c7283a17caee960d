/* Parameters from JSON that came from outside: sessions, recipes. */
#pragma once

#include "json-read.h"
#include "method.h"

G_BEGIN_DECLS

/**
 * eng_values_read:
 * @json: object as eng_values_to_json() writes it; members that @self does not have are passed over
 *
 * What is not named keeps its value. Files that a method would write are never taken from outside: a file that
 * somebody sends must not choose what is written over.
 * Returns: FALSE with an error that names the parameter; those before it are set.
 */
gboolean eng_values_read (EngValues *self, const EngJson *json, GError **error);

G_END_DECLS
