/* sightline-cli: explanations without a window. Finds the command in a table and hands over.
 * Links engine and ui/draw only: runs with no display. */
#include <locale.h>
#include <stdio.h>

#include "app/commands/command.h"
#include "app/spin.h"

static const AppCommand *const commands[] = { &app_predict, &app_explain, &app_check, &app_sheet,   &app_evaluate,
                                              &app_report,  &app_figure,  &app_train, &app_methods, &app_inspect };

static void
print_usage (FILE *to)
{
  fprintf (to, "Usage:\n  sightline-cli COMMAND [OPTION...]\n\n"
               "Shows which pixels an ONNX image classifier's decision rests on.\n\nCommands:\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
  fprintf (to,
           "\nOptions:\n  -h, --help  Show this; after a command its own options\n  --version   Show the version\n");
}

static AppStatus
run_command (int argc, char **argv)
{
  const char *name = argc > 1 ? argv[1] : NULL;
  if (!name)
    {
      print_usage (stderr);
      return APP_USAGE;
    }
  if (g_str_equal (name, "--help") || g_str_equal (name, "-h"))
    {
      print_usage (stdout);
      return APP_OK;
    }
  if (g_str_equal (name, "--version"))
    {
      printf ("sightline-cli %s\n", ENG_VERSION);
      return APP_OK;
    }
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (name, commands[i]->name))
      return commands[i]->run (argc - 1, argv + 1);
  app_complain ("there is no command %s; see sightline-cli --help", name);
  return APP_USAGE;
}

int
main (int argc, char **argv)
{
  app_bound_spinning (argv);
  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C"); /* numbers are for machines too */
  app_interrupt_init ();
  AppStatus status = run_command (argc, argv);
  /* What was printed into a full disk or a closed pipe is lost: say so. */
  if (fflush (stdout) != 0 || ferror (stdout))
    {
      app_complain ("standard output cannot be written to; make room or redirect it elsewhere");
      status = MAX (status, APP_FAILED);
    }
  return app_interrupted () ? APP_INTERRUPTED : status;
}
