/* Random numbers that belong to an item, not to the order of evaluation: the stream of sample 7 is the same
 * whatever is drawn before it and however many samples share a batch. Mersenne twister of GLib. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* (transfer full): g_rand_free(). @seed: the job's; @stream: index of the item. */
GRand *eng_random_new (guint64 seed, guint32 stream);
/* Standard normal numbers (Box and Muller, 1958). */
double eng_random_normal (GRand *random);
void eng_random_fill_normal (GRand *random, float *values, gsize n, double mean, double deviation);
/* Standard Gumbel numbers, - log (- log u): finite. */
void eng_random_fill_gumbel (GRand *random, float *values, gsize n);

G_END_DECLS
