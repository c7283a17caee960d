#include "app/spin.h"

#include <glib.h>
#include <unistd.h>

/* Turns of the runtime's waiting loop, about ten microseconds: long enough for the gap between two operators. */
#define SPIN_COUNT "10000"

void
app_bound_spinning (char **argv)
{
  if (g_getenv ("GOMP_SPINCOUNT") || g_getenv ("OMP_WAIT_POLICY"))
    return;
  g_setenv ("GOMP_SPINCOUNT", SPIN_COUNT, TRUE);
  execv ("/proc/self/exe", argv);
}
