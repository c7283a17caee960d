/* Private to kernels/: frozen weights in the form that a kernel reads fastest, made once and kept as long as the
 * weights. */
#pragma once

#include <glib.h>

/* What was kept for the weights at @weights under @form, @bytes long; NULL: nothing yet. */
void *eng_packed_find (const void *weights, gconstpointer form, gsize form_bytes);
/* Room for @bytes (64-byte aligned), kept until eng_kernels_forget(). NULL: no memory. */
void *eng_packed_add (const void *weights, gconstpointer form, gsize form_bytes, gsize bytes);
