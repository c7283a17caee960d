/* See figure-export.h. Which files are written, and that either all of them are or none. */
#include "ui/draw/figure-export.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "engine/engine.h"
#include "ui/draw/figure-words.h"

typedef struct
{
  char *path;
  GBytes *bytes;
} File;

void
ui_figure_export_init (UiFigureExport *self)
{
  *self = (UiFigureExport){ .dpi = 300, .beside = UI_BESIDE_JSON };
}

static void
file_free (gpointer data)
{
  File *self = data;
  g_free (self->path);
  g_bytes_unref (self->bytes);
  g_free (self);
}

/* @bytes: (transfer full) */
static void
add_file (GPtrArray *files, char *path, GBytes *bytes)
{
  File *file = g_new (File, 1);
  *file = (File){ path, bytes };
  g_ptr_array_add (files, file);
}

static void
add_text (GPtrArray *files, const char *stem, const char *suffix, char *text)
{
  if (text)
    add_file (files, g_strconcat (stem, suffix, NULL), g_bytes_new_take (text, strlen (text)));
}

/* @path without the suffix of a format. (transfer full) */
static char *
stem_of (const char *path, const char **suffix)
{
  const char *dot = strrchr (path, '.'), *slash = strrchr (path, G_DIR_SEPARATOR);
  if (!dot || (slash && dot < slash) || dot == (slash ? slash + 1 : path))
    dot = path + strlen (path);
  *suffix = dot;
  return g_strndup (path, (gsize)(dot - path));
}

static gboolean
add_pages (GPtrArray *files, const UiFigureDrawing *drawing, const UiFigureExport *options, const char *path,
           GError **error)
{
  const char *suffix;
  g_autofree char *stem = stem_of (path, &suffix);
  guint n = ui_figure_format_info (options->format)->has_pages ? 1 : ui_figure_drawing_n_pages (drawing);
  for (guint page = 0; page < n; page++)
    {
      GBytes *bytes = ui_figure_encode (drawing, options, page, error);
      if (!bytes)
        return FALSE;
      add_file (files, page == 0 ? g_strdup (path) : g_strdup_printf ("%s-%u%s", stem, page + 1, suffix), bytes);
    }
  return TRUE;
}

static void
add_maps (GPtrArray *files, const UiFigureDrawing *drawing, const char *stem)
{
  const UiFigure *figure = ui_figure_drawing_figure (drawing);
  for (guint r = 0; r < figure->rows->len; r++)
    for (guint c = 0; c < figure->columns->len; c++)
      {
        const UiFigureCell *cell = ui_figure_cells_at (ui_figure_drawing_cells (drawing), r, c);
        if (!cell->map)
          continue;
        g_autofree float *plane = eng_heatmap_plane (cell->map);
        EngShape grid = { 2, { eng_heatmap_rows (cell->map), eng_heatmap_cols (cell->map) } };
        add_file (files,
                  g_strdup_printf ("%s-r%02u-c%02u-%s.npy", stem, r + 1, c + 1,
                                   eng_heatmap_provenance (cell->map)->method_id),
                  eng_npy_encode (plane, &grid));
      }
}

static gboolean
make_files (GPtrArray *files, const UiFigureDrawing *drawing, const UiFigureExport *options, const char *path,
            GError **error)
{
  const char *suffix;
  g_autofree char *stem = stem_of (path, &suffix), *name = g_path_get_basename (path);
  if (!add_pages (files, drawing, options, path, error))
    return FALSE;
  if (options->beside & UI_BESIDE_JSON)
    add_text (files, stem, ".json", ui_figure_provenance (drawing, FALSE));
  if (options->beside & UI_BESIDE_LATEX)
    {
      g_autofree char *figure = ui_figure_latex (drawing, name), *table = ui_figure_latex_table (drawing);
      add_text (files, stem, ".tex", g_strconcat (figure, table ? "\n" : NULL, table, NULL));
    }
  if (options->beside & UI_BESIDE_CSV)
    add_text (files, stem, ".csv", ui_figure_csv (drawing));
  if (options->beside & UI_BESIDE_MAPS)
    add_maps (files, drawing, stem);
  return TRUE;
}

static gboolean
check_free (GPtrArray *files, GError **error)
{
  for (guint i = 0; i < files->len; i++)
    {
      const File *file = files->pdata[i];
      g_autofree char *shown = g_filename_display_name (file->path);
      if (!g_file_test (file->path, G_FILE_TEST_EXISTS))
        continue;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "%s exists already. Choose another name, or write over it.",
                   shown);
      return FALSE;
    }
  return TRUE;
}

static gboolean
write_files (GPtrArray *files, GError **error)
{
  for (guint i = 0; i < files->len; i++)
    {
      const File *file = files->pdata[i];
      if (eng_write_atomically (file->path, file->bytes, error))
        continue;
      while (i-- > 0)
        g_unlink (((File *)files->pdata[i])->path);
      return FALSE;
    }
  return TRUE;
}

char **
ui_figure_export (const UiFigureDrawing *drawing, const UiFigureExport *options, const char *path, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (file_free);
  if (!make_files (files, drawing, options, path, error) || (!options->force && !check_free (files, error))
      || !write_files (files, error))
    return NULL;
  char **paths = g_new0 (char *, files->len + 1);
  for (guint i = 0; i < files->len; i++)
    paths[i] = g_strdup (((File *)files->pdata[i])->path);
  return paths;
}
