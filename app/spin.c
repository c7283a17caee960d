#include "app/spin.h"

#include <glib.h>
#include <unistd.h>

/* Turns of the runtime's waiting loop, a few microseconds. */
#define SPIN_COUNT "1000"

void
app_bound_spinning (char **argv)
{
  if (g_getenv ("GOMP_SPINCOUNT") || g_getenv ("OMP_WAIT_POLICY"))
    return;
  g_setenv ("GOMP_SPINCOUNT", SPIN_COUNT, TRUE);
  execv ("/proc/self/exe", argv);
}
