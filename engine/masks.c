/* See masks.h. Names are sorted, so those that begin like a picture's stand together. */
#include "masks.h"

#include "error.h"
#include "metrics/truth.h"
#include "truth.h"

#include <string.h>

struct _EngMasks
{
  gatomicrefcount ref;
  char *folder;
  GPtrArray *names; /* char*, as the file system has them, sorted */
};

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

EngMasks *
eng_masks_open (const char *folder, GError **error)
{
  g_autofree char *shown = g_filename_display_basename (folder);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  if (!dir)
    return NULL;
  g_autoptr (EngMasks) self = g_new0 (EngMasks, 1);
  g_atomic_ref_count_init (&self->ref);
  self->folder = g_strdup (folder);
  self->names = g_ptr_array_new_with_free_func (g_free);
  for (const char *name; (name = g_dir_read_name (dir));)
    {
      if (*name != '.' && eng_image_is_candidate (name))
        g_ptr_array_add (self->names, g_strdup (name));
      if (self->names->len > ENG_MASKS_MAX_FILES)
        {
          eng_fail (error, ENG_ERROR_UNSUPPORTED, "The folder %s holds more than %d pictures. Choose a smaller one.",
                    shown, ENG_MASKS_MAX_FILES);
          return NULL;
        }
    }
  if (self->names->len == 0)
    {
      eng_fail (error, ENG_ERROR_INVALID,
                "The folder %s holds no masks. A mask is a picture file named NAME.CLASS.png, or NAME.png, after its "
                "picture.",
                shown);
      return NULL;
    }
  g_ptr_array_sort (self->names, compare_names);
  return g_steal_pointer (&self);
}

EngMasks *
eng_masks_ref (EngMasks *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
eng_masks_unref (EngMasks *self)
{
  if (!g_atomic_ref_count_dec (&self->ref))
    return;
  g_free (self->folder);
  g_ptr_array_unref (self->names);
  g_free (self);
}

const char *
eng_masks_folder (const EngMasks *self)
{
  return self->folder;
}

guint
eng_masks_count (const EngMasks *self)
{
  return self->names->len;
}

/* Index of the first name that is not before @text. */
static guint
first_from (const EngMasks *self, const char *text)
{
  guint low = 0, high = self->names->len;
  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      if (strcmp (self->names->pdata[middle], text) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* Of one kind; the second is one too many. */
typedef struct
{
  const char *name, *second;
} Found;

static void
take (Found *found, const char *name)
{
  if (!found->name)
    found->name = name;
  else
    found->second = name;
}

static gboolean
is_same_file (const EngMasks *self, const char *name, const char *picture)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  g_autofree char *a = g_canonicalize_filename (path, NULL), *b = g_canonicalize_filename (picture, NULL);
  return strcmp (a, b) == 0;
}

char *
eng_masks_find (const EngMasks *self, EngModel *model, const char *picture, int class_index, GError **error)
{
  g_autofree char *stem = g_path_get_basename (picture);
  Found of_class = { 0 }, of_all = { 0 };
  char *ending = strrchr (stem, '.');
  if (ending && ending != stem)
    ending[1] = '\0';
  if (!ending || ending == stem)
    return NULL;
  gsize length = strlen (stem); /* "NAME." */
  g_autoptr (GHashTable) classes = NULL;
  for (guint i = first_from (self, stem); i < self->names->len; i++)
    {
      const char *name = self->names->pdata[i];
      if (strncmp (name, stem, length) != 0)
        break;
      const char *rest = name + length, *end = strrchr (rest, '.');
      if (is_same_file (self, name, picture))
        continue;
      if (!end)
        {
          take (&of_all, name);
          continue;
        }
      g_autofree char *bytes = g_strndup (rest, (gsize)(end - rest));
      g_autofree char *text = g_utf8_make_valid (bytes, -1);
      if (!classes)
        classes = eng_class_names (model);
      if (eng_class_names_find (classes, model, text, !eng_model_has_labels (model)) == class_index)
        take (&of_class, name);
    }
  const Found *found = of_class.name ? &of_class : &of_all;
  if (found->second)
    {
      g_autofree char *first = g_filename_display_name (found->name),
                      *second = g_filename_display_name (found->second);
      eng_fail (error, ENG_ERROR_INVALID,
                "%s and %s are both masks of “%s” in this picture. Move one of them out of the folder.", first,
                second, eng_model_label (model, class_index));
      return NULL;
    }
  return found->name ? g_build_filename (self->folder, found->name, NULL) : NULL;
}

EngImage *
eng_masks_load (const char *path, int width, int height, GError **error)
{
  g_autoptr (EngImage) mask = eng_image_load (path, error);
  if (!mask)
    return NULL;
  int w = eng_image_width (mask), h = eng_image_height (mask);
  if (w != width || h != height)
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s is %d × %d, the picture is %d × %d. A mask has to have its size.",
                eng_image_name (mask), w, h, width, height);
      return NULL;
    }
  const guint8 *rgb = eng_image_rgb (mask);
  for (gsize i = 0, n = (gsize)w * h; i < n; i++)
    if (rgb[3 * i] > ENG_TRUTH_INSIDE)
      return g_steal_pointer (&mask);
  eng_fail (error, ENG_ERROR_INVALID,
            "%s has no bright pixel, so it shows no object. A mask is white (above %d of 255) where the object is.",
            eng_image_name (mask), ENG_TRUTH_INSIDE);
  return NULL;
}
