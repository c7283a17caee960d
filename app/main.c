/* The window program: sightline [MODEL] [IMAGE|FOLDER]... */
#include <locale.h>

#include "app/application.h"
#include "app/spin.h"

int
main (int argc, char **argv)
{
  app_bound_spinning (argv);
  setlocale (LC_ALL, "");
  /* Numbers have a point, as in the files that leave the program. */
  setlocale (LC_NUMERIC, "C");
  g_autoptr (GApplication) application = app_application_new ();
  return g_application_run (application, argc, argv);
}
