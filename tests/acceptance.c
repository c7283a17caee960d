/* The walk-throughs of the interface's specification, by number: real widgets, the real engine, the sample. */
#include "acceptance.h"
#include "ui-support.h"

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  acceptance_add_inspect ();
  acceptance_add_keyboard ();
  acceptance_add_looks ();
  acceptance_add_threshold ();
  acceptance_add_figure ();
  acceptance_add_model ();
  acceptance_add_session ();
  return test_ui_run ();
}
