/* Soak, by hand: hundreds of pictures clicked through with three methods, and cancelled at random moments.
 *
 *     ninja -C build tests/soak && xvfb-run build/tests/soak [PICTURES [SEED [MEGABYTES]]]
 *
 * With SIGHTLINE_DATA set to the sample's folder. The pictures are made from the scenes of the sample in a folder
 * that goes when it ends. Warnings are fatal. MEGABYTES: of finished maps in memory at most, instead of what the
 * window has; with few the caches are full early. Printed as it goes: resident memory, and what of it is in use. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "click-through.h"
#include "support.h"
#include "ui/session-private.h"

#define PICTURES 500
#define REPORT 50
#define MB (1 << 20)

static void
report (UiSession *session, guint n)
{
  g_autofree char *text = NULL;
  long size = 0, pages = 0;
  malloc_trim (0);
  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    sscanf (text, "%ld %ld", &size, &pages);
  struct mallinfo2 info = mallinfo2 ();
  g_print ("after %4u pictures: %.0f MB resident, %.1f MB in use; %u maps kept, %u ranges, %u keys asked\n", n,
           (double)pages * (double)sysconf (_SC_PAGESIZE) / MB, (double)(info.uordblks + info.hblkhd) / MB,
           session->kept->len, g_hash_table_size (session->ranges), g_hash_table_size (session->asked));
}

int
main (int argc, char **argv)
{
  g_setenv ("G_DEBUG", "fatal-warnings", TRUE);
  test_ui_init (&argc, &argv);
  guint n = argc > 1 ? (guint)atoi (argv[1]) : PICTURES;
  g_autoptr (GRand) random = g_rand_new_with_seed (argc > 2 ? (guint32)atoi (argv[2]) : 1);
  g_autofree char *folder = test_make_pictures ("pictures", n), *model = test_data ("models/scenes-cnn.onnx");
  const char *paths[] = { model, folder, NULL };
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  if (argc > 3)
    ui_map_cache_set_limit (session->cache, (gsize)atoi (argv[3]) * MB);
  test_ui_show_only (session, "ltx,grad-cam,gradient");
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
  wait_until (test_ui_settled (session));
  for (guint i = 1; i < n; i++)
    {
      test_visit_next (session, random);
      if (i % REPORT == 0)
        report (session, i);
    }
  report (session, n);
  gtk_window_destroy (GTK_WINDOW (window));
  return test_ui_run ();
}
