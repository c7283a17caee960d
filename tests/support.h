/* What tests share: finding files, comparing arrays, temporary folders. */
#pragma once

#include <glib.h>

/* Path below the shared folder (models, golden data); NULL after g_test_skip() when it is absent.
 * (transfer full) */
char *test_shared (const char *relative);
/* Path below data/ of the source tree. (transfer full) */
char *test_data (const char *relative);
/* A new empty folder; remove it with test_remove_tree(). (transfer full) */
char *test_tmpdir (void);
void test_remove_tree (const char *path);
/* Largest |a - b| divided by the largest |b|. */
double test_max_rel (const float *a, const float *b, gsize n);
/* ||a - b|| / ||b|| */
double test_relative_l2 (const float *a, const float *b, gsize n);
double test_pearson (const float *a, const float *b, gsize n);
/* A picture file that any reader knows. @rgb: height x width x 3. */
void test_write_bmp (const char *path, int width, int height, const guint8 *rgb);
