#include "app/spin.h"

#include <glib.h>
#include <unistd.h>

/* Turns of the runtime's waiting loop, tens of microseconds: a gap between two operators. Measured on a small
 * transformer: within a tenth of the default (300,000) on an idle machine, several times faster on a busy one. */
#define SPIN_COUNT "5000"

void
app_bound_spinning (char **argv)
{
  if (g_getenv ("GOMP_SPINCOUNT") || g_getenv ("OMP_WAIT_POLICY"))
    return;
  g_setenv ("GOMP_SPINCOUNT", SPIN_COUNT, TRUE);
  execv ("/proc/self/exe", argv);
}
