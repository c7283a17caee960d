/* See click-through.h. */
#include "click-through.h"

#include <gdk-pixbuf/gdk-pixbuf.h>

#include "support.h"

#define MOST_SIGNS 24 /* of progress before a picture is left */

char *
test_make_pictures (const char *folder, guint n)
{
  g_autofree char *scenes = test_data ("scenes");
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (scenes, 0, NULL);
  char *out = g_build_filename (test_ui_home (), folder, NULL);
  g_mkdir_with_parents (out, 0700);
  for (const char *name; (name = g_dir_read_name (dir));)
    if (g_str_has_suffix (name, ".png"))
      g_ptr_array_add (paths, g_build_filename (scenes, name, NULL));
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GdkPixbuf) scene = gdk_pixbuf_new_from_file (paths->pdata[i % paths->len], NULL);
      g_autoptr (GdkPixbuf) block =
          gdk_pixbuf_new_subpixbuf (scene, (int)(i * 37 % 400), (int)(i * 53 % 300), 24, 24);
      g_autofree char *name = g_strdup_printf ("%04u.jpg", i), *path = g_build_filename (out, name, NULL);
      gdk_pixbuf_fill (block, 0xff + (i * 2654435761u & 0xffffff00u));
      g_assert_true (gdk_pixbuf_save (scene, path, "jpeg", NULL, "quality", "90", NULL));
    }
  return out;
}

static void
on_sign (UiSession *session, guint *signs)
{
  ++*signs;
}

void
test_visit_next (UiSession *session, GRand *random)
{
  guint signs = 0, enough = (guint)g_rand_int_range (random, 0, MOST_SIGNS);
  int choice = g_rand_int_range (random, 0, 4);
  ui_session_walk (session, 1);
  gulong handler = g_signal_connect (session, "jobs-changed", G_CALLBACK (on_sign), &signs);
  wait_until (test_ui_settled (session) || (choice > 0 && signs >= enough));
  g_signal_handler_disconnect (session, handler);
  if (choice == 1)
    ui_session_stop_all (session);
  else if (choice == 2 && ui_session_model (session))
    ui_session_set_target (session, g_rand_int_range (random, 0, 12));
  else if (choice == 3)
    ui_session_set_follow_top (session, TRUE);
}
