/* See evaluate.h. The order is that of the table: by name, not as named on the command line, so that parts of one
 * list that were scored apart join to what one run writes. */
#include "app/commands/evaluate.h"

#include <string.h>

#include "engine/file.h"

static void
picture_free (gpointer data)
{
  AppPicture *self = data;
  g_free (self->path);
  g_free (self->shown);
  g_free (self->class_name);
  g_free (self->refusal);
  g_free (self);
}

char *
app_class_name (EngModel *model, int index)
{
  const char *label = eng_model_label (model, index);
  for (int i = 0; i < eng_model_n_classes (model); i++)
    if (i != index && g_str_equal (eng_model_label (model, i), label))
      return g_strdup_printf ("%s (%d)", label, index);
  return g_strdup (label);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const AppPicture *x = *(AppPicture *const *)a, *y = *(AppPicture *const *)b;
  int order = strcmp (x->shown, y->shown);
  return order ? order : strcmp (x->class_name, y->class_name);
}

static AppPicture *
add (GPtrArray *out, const char *path, int class_index)
{
  AppPicture *self = g_new0 (AppPicture, 1);
  self->path = g_strdup (path);
  self->shown = g_utf8_make_valid (path, -1);
  self->class_name = g_strdup ("");
  self->class_index = class_index;
  g_ptr_array_add (out, self);
  return self;
}

static void
set_label (AppPicture *self, EngModel *model, GHashTable *names, const char *label)
{
  self->class_index = eng_class_names_find (names, model, label, TRUE);
  g_free (self->class_name);
  self->class_name = self->class_index >= 0 ? app_class_name (model, self->class_index) : g_strdup (label);
  if (self->class_index < 0)
    self->refusal = g_strdup_printf (*label ? "its label “%s” is no class of the model, or of several"
                                            : "it has no label; name its class in --list%s",
                                     label);
}

/* The rows of @csv. @names: (nullable): the label counts. */
static gboolean
read_rows (GPtrArray *out, EngCsv *csv, const char *folder, EngModel *model, GHashTable *names, int class_index,
           GError **error)
{
  g_autoptr (GError) inner = NULL;
  for (guint row = 0; eng_csv_next (csv, &inner); row++)
    {
      const char *name = eng_csv_field (csv, 0);
      if (!*name && csv->fields->len == 1)
        continue;
      if (!*name)
        return eng_fail (error, ENG_ERROR_INVALID, "%s: line %u has no path. Write path,label in each line.",
                         csv->name, csv->row_line);
      if (out->len >= ENG_TRUTH_MAX_ROWS)
        return eng_fail (error, ENG_ERROR_INVALID, "%s has more than %d rows.", csv->name, ENG_TRUTH_MAX_ROWS);
      g_autofree char *path = g_path_is_absolute (name) ? g_strdup (name) : g_build_filename (folder, name, NULL);
      if (row == 0 && eng_truth_is_title (name) && !g_file_test (path, G_FILE_TEST_EXISTS))
        continue;
      AppPicture *picture = add (out, path, class_index);
      if (names)
        set_label (picture, model, names, eng_csv_field (csv, 1));
    }
  if (inner)
    g_propagate_error (error, g_steal_pointer (&inner));
  return !*error;
}

static gboolean
read_list (GPtrArray *out, const char *list, EngModel *model, GHashTable *names, int class_index, GError **error)
{
  gsize length;
  g_autofree char *shown = g_filename_display_basename (list), *dir = g_path_get_dirname (list);
  const char *folder = g_str_equal (dir, ".") && !strchr (list, G_DIR_SEPARATOR) ? "" : dir;
  g_autoptr (GBytes) bytes = eng_file_read (list, ENG_TRUTH_MAX_FILE, error);
  const char *text = bytes ? g_bytes_get_data (bytes, &length) : NULL;
  g_auto (EngCsv) csv = { 0 };
  if (!bytes || !eng_csv_init (&csv, text ? text : "", length, shown, error))
    return FALSE;
  csv.trim = TRUE;
  csv.most = 2;
  csv.longest = 4096;
  eng_csv_guess_separator (&csv);
  return read_rows (out, &csv, folder, model, names, class_index, error);
}

static void
drop_repeated (GPtrArray *pictures)
{
  g_ptr_array_sort (pictures, compare);
  for (guint i = 1; i < pictures->len;)
    if (compare (&pictures->pdata[i - 1], &pictures->pdata[i]) == 0)
      g_ptr_array_remove_index (pictures, i);
    else
      i++;
}

GPtrArray *
app_pictures_list (EngModel *model, char **images, const char *list, gboolean by_label, int class_index,
                   gboolean *failed, GError **error)
{
  static char *none[] = { NULL };
  g_autoptr (GPtrArray) out = g_ptr_array_new_with_free_func (picture_free);
  g_autoptr (GPtrArray) paths = app_expand_inputs (images ? images : none, failed);
  g_autoptr (GHashTable) names = by_label ? eng_class_names (model) : NULL;
  g_autoptr (GError) inner = NULL;
  for (guint i = 0; i < paths->len; i++)
    {
      AppPicture *picture = add (out, paths->pdata[i], class_index);
      if (names)
        set_label (picture, model, names, "");
    }
  if (list && !read_list (out, list, model, names, class_index, &inner))
    {
      g_propagate_error (error, g_steal_pointer (&inner));
      return NULL;
    }
  drop_repeated (out);
  if (out->len == 0 && !*failed)
    eng_fail (error, ENG_ERROR_ARGUMENT, "There are no pictures to score.");
  return out->len > 0 ? g_steal_pointer (&out) : NULL;
}
