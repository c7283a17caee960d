/* Soak, by hand: hundreds of pictures clicked through with three methods, and cancelled at random moments.
 *
 *     ninja -C build tests/soak && xvfb-run build/tests/soak [PICTURES [SEED]]
 *
 * With SIGHTLINE_DATA set to the sample's folder. The pictures are made from the scenes of the sample in a folder
 * that goes when it ends. Warnings are fatal. Resident memory is printed as it goes: caches fill within the first
 * hundred, after that it has to stay. */
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"
#include "ui-support.h"

#define PICTURES 500
#define REPORT 50

/* Resident megabytes now. */
static double
resident (void)
{
  g_autofree char *text = NULL;
  long size = 0, pages = 0;
  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    sscanf (text, "%ld %ld", &size, &pages);
  return (double)pages * (double)sysconf (_SC_PAGESIZE) / (1 << 20);
}

/* @n pictures that all differ: scenes with one block of another colour. */
static char *
make_pictures (guint n)
{
  g_autofree char *scenes = test_data ("scenes");
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (scenes, 0, NULL);
  char *folder = g_build_filename (test_ui_home (), "pictures", NULL);
  g_mkdir_with_parents (folder, 0700);
  for (const char *name; (name = g_dir_read_name (dir));)
    if (g_str_has_suffix (name, ".png"))
      g_ptr_array_add (paths, g_build_filename (scenes, name, NULL));
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GdkPixbuf) scene = gdk_pixbuf_new_from_file (paths->pdata[i % paths->len], NULL);
      g_autoptr (GdkPixbuf) block =
          gdk_pixbuf_new_subpixbuf (scene, (int)(i * 37 % 400), (int)(i * 53 % 300), 24, 24);
      g_autofree char *name = g_strdup_printf ("%04u.jpg", i), *path = g_build_filename (folder, name, NULL);
      gdk_pixbuf_fill (block, 0xff + (i * 2654435761u & 0xffffff00u));
      g_assert_true (gdk_pixbuf_save (scene, path, "jpeg", NULL, "quality", "90", NULL));
    }
  return folder;
}

static gboolean
on_timeout (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

/* What a person does with one picture: waits until all is there, or stops all or goes on in the middle. */
static void
visit (UiSession *session, GRand *random)
{
  gboolean over = FALSE;
  int choice = g_rand_int_range (random, 0, 4);
  if (choice == 0)
    {
      wait_until (test_ui_settled (session));
      return;
    }
  g_timeout_add ((guint)g_rand_int_range (random, 0, 600), on_timeout, &over);
  wait_until (over);
  if (choice == 1)
    ui_session_stop_all (session);
  else if (choice == 2)
    ui_session_set_target (session, g_rand_int_range (random, 0, 12));
  else
    ui_session_set_follow_top (session, TRUE);
}

int
main (int argc, char **argv)
{
  g_setenv ("G_DEBUG", "fatal-warnings", TRUE);
  test_ui_init (&argc, &argv);
  guint n = argc > 1 ? (guint)atoi (argv[1]) : PICTURES;
  g_autoptr (GRand) random = g_rand_new_with_seed (argc > 2 ? (guint32)atoi (argv[2]) : 1);
  g_autofree char *folder = make_pictures (n), *model = test_data ("models/scenes-cnn.onnx");
  const char *paths[] = { model, folder, NULL };
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, "ltx,grad-cam,gradient");
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
  wait_until (test_ui_settled (session));
  for (guint i = 1; i < n; i++)
    {
      ui_session_walk (session, 1);
      visit (session, random);
      if (i % REPORT == 0)
        {
          malloc_trim (0);
          g_print ("after %u pictures: %.0f MB resident\n", i, resident ());
        }
    }
  g_print ("after %u pictures: %.0f MB resident\n", n, resident ());
  gtk_window_destroy (GTK_WINDOW (window));
  test_remove_tree (folder);
  return test_ui_run ();
}
