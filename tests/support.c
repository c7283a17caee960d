#include "support.h"

#include <gio/gio.h>
#include <math.h>

char *
test_shared (const char *relative)
{
  const char *root = g_getenv ("SIGHTLINE_SHARED");
  g_autofree char *path = g_build_filename (root ? root : "../shared", relative, NULL);
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);
  g_test_skip ("the shared folder with models and golden data is not here");
  return NULL;
}

char *
test_data (const char *relative)
{
  const char *root = g_getenv ("SIGHTLINE_DATA");
  return g_build_filename (root ? root : "data", relative, NULL);
}

char *
test_tmpdir (void)
{
  g_autoptr (GError) error = NULL;
  char *path = g_dir_make_tmp ("sightline-test-XXXXXX", &error);
  g_assert_no_error (error);
  return path;
}

void
test_remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  if (dir)
    for (const char *name; (name = g_dir_read_name (dir));)
      {
        g_autofree char *child = g_build_filename (path, name, NULL);
        test_remove_tree (child);
      }
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_file_delete (file, NULL, NULL);
}

double
test_max_rel (const float *a, const float *b, gsize n)
{
  double difference = 0, largest = 0;
  for (gsize i = 0; i < n; i++)
    {
      double d = fabs ((double)a[i] - b[i]);
      difference = d > difference || isnan (d) ? d : difference;
      largest = fmax (largest, fabs (b[i]));
    }
  return difference / largest;
}

double
test_relative_l2 (const float *a, const float *b, gsize n)
{
  double difference = 0, reference = 0;
  for (gsize i = 0; i < n; i++)
    {
      difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
      reference += (double)b[i] * b[i];
    }
  return sqrt (difference / reference);
}

double
test_pearson (const float *a, const float *b, gsize n)
{
  double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
  for (gsize i = 0; i < n; i++)
    {
      ma += a[i];
      mb += b[i];
    }
  ma /= n;
  mb /= n;
  for (gsize i = 0; i < n; i++)
    {
      aa += (a[i] - ma) * (a[i] - ma);
      bb += (b[i] - mb) * (b[i] - mb);
      ab += (a[i] - ma) * (b[i] - mb);
    }
  return ab / sqrt (aa * bb);
}

void
test_write_bmp (const char *path, int width, int height, const guint8 *rgb)
{
  gsize stride = ((gsize)width * 3 + 3) / 4 * 4, size = 54 + stride * (gsize)height;
  g_autofree guint8 *file = g_malloc0 (size);
  const guint32 head[] = { (guint32)size, 0, 54, 40, (guint32)width, (guint32)height, 1 | 24 << 16 };
  memcpy (file, "BM", 2);
  for (guint i = 0; i < G_N_ELEMENTS (head); i++)
    for (int b = 0; b < 4; b++)
      file[2 + 4 * i + (guint)b] = (guint8)(head[i] >> 8 * b);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      for (int c = 0; c < 3; c++)
        file[54 + stride * (gsize)(height - 1 - y) + 3 * (gsize)x + (gsize)c] =
            rgb[((gsize)y * (gsize)width + (gsize)x) * 3 + 2 - (gsize)c];
  g_assert_true (g_file_set_contents (path, (const char *)file, (gssize)size, NULL));
}
