/* See packed.h. One table for the process, by the address of the weights; tensors tell when their memory goes. */
#include "packed.h"

#include "kernels.h"

#include <stdlib.h>
#include <string.h>

typedef struct
{
  gpointer form, data;
  gsize form_bytes;
} Packed;

static GMutex lock;
static GHashTable *table; /* address -> GArray of Packed */

static void
packed_clear (gpointer data)
{
  Packed *p = data;
  g_free (p->form);
  free (p->data);
}

void *
eng_packed_find (const void *weights, gconstpointer form, gsize form_bytes)
{
  void *data = NULL;
  g_mutex_lock (&lock);
  GArray *forms = table ? g_hash_table_lookup (table, weights) : NULL;
  for (guint i = 0; forms && i < forms->len && !data; i++)
    {
      Packed *p = &g_array_index (forms, Packed, i);
      if (p->form_bytes == form_bytes && memcmp (p->form, form, form_bytes) == 0)
        data = p->data;
    }
  g_mutex_unlock (&lock);
  return data;
}

void *
eng_packed_add (const void *weights, gconstpointer form, gsize form_bytes, gsize bytes)
{
  Packed p = { .form = g_memdup2 (form, form_bytes), .form_bytes = form_bytes };
  if (posix_memalign (&p.data, 64, MAX (bytes, 64)) != 0)
    {
      g_free (p.form);
      return NULL;
    }
  g_mutex_lock (&lock);
  if (!table)
    table = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
  GArray *forms = g_hash_table_lookup (table, weights);
  if (!forms)
    {
      forms = g_array_new (FALSE, FALSE, sizeof (Packed));
      g_array_set_clear_func (forms, packed_clear);
      g_hash_table_insert (table, (gpointer)weights, forms);
    }
  g_array_append_val (forms, p);
  g_mutex_unlock (&lock);
  return p.data;
}

void
eng_kernels_forget (const void *weights)
{
  g_mutex_lock (&lock);
  if (table)
    g_hash_table_remove (table, weights);
  g_mutex_unlock (&lock);
}
