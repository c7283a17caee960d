/* The attributes of a node: a small table from name to value, owned by the node. */
#include "graph.h"

#include <string.h>

typedef struct
{
  char kind; /* 'i' 'f' 's' 'I' 'F' 't' */
  int n;     /* of 'I' and 'F' */
  union
  {
    int64_t i;
    float f;
    char *s;
    int64_t *ints;
    float *floats;
    EngTensor *tensor;
  };
} Attr;

struct _EngAttrs
{
  GHashTable *table; /* name -> Attr */
};

static void
attr_free (gpointer data)
{
  Attr *a = data;
  if (a->kind == 's')
    g_free (a->s);
  else if (a->kind == 'I')
    g_free (a->ints);
  else if (a->kind == 'F')
    g_free (a->floats);
  else if (a->kind == 't')
    eng_tensor_unref (a->tensor);
  g_free (a);
}

static Attr *
attr_add (EngAttrs *self, const char *name, char kind)
{
  Attr *a = g_new0 (Attr, 1);
  a->kind = kind;
  g_hash_table_replace (self->table, g_strdup (name), a);
  return a;
}

static const Attr *
attr_get (const EngAttrs *self, const char *name, char kind)
{
  const Attr *a = self ? g_hash_table_lookup (self->table, name) : NULL;
  return a && a->kind == kind ? a : NULL;
}

EngAttrs *
eng_attrs_new (void)
{
  EngAttrs *self = g_new0 (EngAttrs, 1);
  self->table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, attr_free);
  return self;
}

EngAttrs *
eng_attrs_copy (const EngAttrs *self)
{
  EngAttrs *copy = eng_attrs_new ();
  GHashTableIter iter;
  gpointer name, value;
  if (!self)
    return copy;
  g_hash_table_iter_init (&iter, self->table);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      const Attr *a = value;
      Attr *b = attr_add (copy, name, a->kind);
      *b = *a;
      if (a->kind == 's')
        b->s = g_strdup (a->s);
      else if (a->kind == 'I')
        b->ints = g_memdup2 (a->ints, sizeof *a->ints * a->n);
      else if (a->kind == 'F')
        b->floats = g_memdup2 (a->floats, sizeof *a->floats * a->n);
      else if (a->kind == 't')
        b->tensor = eng_tensor_ref (a->tensor);
    }
  return copy;
}

void
eng_attrs_free (EngAttrs *self)
{
  if (!self)
    return;
  g_hash_table_unref (self->table);
  g_free (self);
}

EngAttrs *
eng_attrs_int (EngAttrs *self, const char *name, int64_t v)
{
  attr_add (self, name, 'i')->i = v;
  return self;
}

EngAttrs *
eng_attrs_float (EngAttrs *self, const char *name, float v)
{
  attr_add (self, name, 'f')->f = v;
  return self;
}

EngAttrs *
eng_attrs_string (EngAttrs *self, const char *name, const char *v)
{
  attr_add (self, name, 's')->s = g_strdup (v);
  return self;
}

EngAttrs *
eng_attrs_ints (EngAttrs *self, const char *name, const int64_t *v, int n)
{
  Attr *a = attr_add (self, name, 'I');
  a->ints = g_memdup2 (v, sizeof *v * n);
  a->n = n;
  return self;
}

EngAttrs *
eng_attrs_floats (EngAttrs *self, const char *name, const float *v, int n)
{
  Attr *a = attr_add (self, name, 'F');
  a->floats = g_memdup2 (v, sizeof *v * n);
  a->n = n;
  return self;
}

EngAttrs *
eng_attrs_tensor (EngAttrs *self, const char *name, EngTensor *v)
{
  attr_add (self, name, 't')->tensor = v;
  return self;
}

gboolean
eng_attrs_has (const EngAttrs *self, const char *name)
{
  return self && g_hash_table_contains (self->table, name);
}

int64_t
eng_attrs_get_int (const EngAttrs *self, const char *name, int64_t otherwise)
{
  const Attr *a = attr_get (self, name, 'i');
  return a ? a->i : otherwise;
}

float
eng_attrs_get_float (const EngAttrs *self, const char *name, float otherwise)
{
  const Attr *a = attr_get (self, name, 'f');
  return a ? a->f : otherwise;
}

const char *
eng_attrs_get_string (const EngAttrs *self, const char *name, const char *otherwise)
{
  const Attr *a = attr_get (self, name, 's');
  return a ? a->s : otherwise;
}

const int64_t *
eng_attrs_get_ints (const EngAttrs *self, const char *name, int *n)
{
  static const int64_t none;
  const Attr *a = attr_get (self, name, 'I');
  *n = a ? a->n : 0;
  /* An empty list is present, though it has no memory of its own. */
  return a ? (a->ints ? a->ints : &none) : NULL;
}

const float *
eng_attrs_get_floats (const EngAttrs *self, const char *name, int *n)
{
  static const float none;
  const Attr *a = attr_get (self, name, 'F');
  *n = a ? a->n : 0;
  return a ? (a->floats ? a->floats : &none) : NULL;
}

EngTensor *
eng_attrs_get_tensor (const EngAttrs *self, const char *name)
{
  const Attr *a = attr_get (self, name, 't');
  return a ? a->tensor : NULL;
}

void
eng_attrs_foreach (const EngAttrs *self, void (*func) (const char *name, char kind, gpointer data), gpointer data)
{
  g_autoptr (GList) names = self ? g_hash_table_get_keys (self->table) : NULL;
  names = g_list_sort (names, (GCompareFunc)strcmp); /* the same graph exports to the same bytes */
  for (GList *l = names; l; l = l->next)
    func (l->data, ((const Attr *)g_hash_table_lookup (self->table, l->data))->kind, data);
}
