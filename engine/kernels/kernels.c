#include "kernels.h"

#include "../error.h"
#include "counting.h"

#include <omp.h>
#include <string.h>

/* One line per implementation, fastest first. */
extern const EngKernels eng_kernels_onednn, eng_kernels_openblas;

static const EngKernels *const implementations[] = {
#ifdef ENG_HAVE_ONEDNN
  &eng_kernels_onednn,
#endif
  &eng_kernels_openblas,
};

static const EngKernels *chosen; /* atomic */
static int precision;            /* atomic; EngPrecision */
static int wanted_threads;       /* atomic; 0: eng_max_threads() */

int
eng_max_threads (void)
{
  static gsize most = 0;
  if (g_once_init_enter (&most))
    {
      int n = omp_get_max_threads ();
      g_once_init_leave (&most, (gsize)CLAMP (n, 1, MAX (omp_get_num_procs (), 1)));
    }
  return (int)most;
}

int
eng_get_threads (void)
{
  int most = eng_max_threads (), n = g_atomic_int_get (&wanted_threads);
  n = n > 0 ? MIN (n, most) : most;
  if (omp_get_max_threads () != n && !omp_in_parallel ())
    omp_set_num_threads (n); /* OpenBLAS of the OpenMP build follows */
  return n;
}

void
eng_set_threads (int n)
{
  eng_max_threads (); /* what the environment says must be read before it is changed */
  g_atomic_int_set (&wanted_threads, MAX (n, 0));
  eng_get_threads ();
}

static const EngKernels *
find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (implementations); i++)
    if (name ? strcmp (implementations[i]->name, name) == 0 : implementations[i]->available ())
      return implementations[i];
  return NULL;
}

const EngKernels *
eng_kernels (void)
{
  const EngKernels *k = g_atomic_pointer_get (&chosen);
  if (!k)
    {
      const char *wish = g_getenv ("SIGHTLINE_KERNELS");
      k = wish ? find (wish) : NULL;
      if (!k || !k->available ())
        k = find (NULL);
      g_atomic_pointer_set (&chosen, k);
    }
  eng_get_threads ();
  return k;
}

gboolean
eng_kernels_select (const char *name, GError **error)
{
  const EngKernels *k = name ? find (name) : NULL;
  if (!name)
    {
      g_atomic_pointer_set (&chosen, NULL);
      return eng_kernels () != NULL;
    }
  if (!k)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "there are no kernels named %s", name);
  if (!k->available ())
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "kernels %s do not run on this machine", name);
  g_atomic_pointer_set (&chosen, k);
  return TRUE;
}

const char *
eng_kernels_nth (guint i, gboolean *available)
{
  if (i >= G_N_ELEMENTS (implementations))
    return NULL;
  *available = implementations[i]->available ();
  return implementations[i]->name;
}

gboolean
eng_set_precision (EngPrecision wanted, GError **error)
{
  const EngKernels *k = eng_kernels ();
  if (wanted == ENG_PRECISION_BF16 && !k->has_bf16)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "kernels %s compute in float32 only; bfloat16 needs kernels onednn", k->name);
  if (wanted == ENG_PRECISION_BF16 && !k->has_bf16 ())
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "this processor does not multiply bfloat16 numbers (it needs AVX512_BF16 or AMX); use float32");
  g_atomic_int_set (&precision, wanted);
  return TRUE;
}

EngPrecision
eng_get_precision (void)
{
  return (EngPrecision)g_atomic_int_get (&precision);
}

const char *
eng_kernels_describe (void)
{
  const char *name = eng_kernels ()->name;
  if (eng_get_precision () != ENG_PRECISION_BF16)
    return name;
  g_autofree char *text = g_strconcat (name, ", bf16 products", NULL);
  return g_intern_string (text);
}

void
eng_kernels_count (gboolean on)
{
  const EngKernels *k = eng_kernels ();
  if (on)
    g_atomic_pointer_set (&chosen, eng_kernels_counting (k));
  else
    eng_kernels_select (k->name, NULL);
}
