/* See recents.h. */
#include "ui/recents.h"

#define MOST 10

struct _UiRecent
{
  GObject parent_instance;
  char *path, *kind, *detail;
  gint64 when; /* unix seconds */
};

G_DEFINE_FINAL_TYPE (UiRecent, ui_recent, G_TYPE_OBJECT)

static void
ui_recent_finalize (GObject *object)
{
  UiRecent *self = UI_RECENT (object);
  g_free (self->path);
  g_free (self->kind);
  g_free (self->detail);
  G_OBJECT_CLASS (ui_recent_parent_class)->finalize (object);
}

static void
ui_recent_class_init (UiRecentClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ui_recent_finalize;
}

static void
ui_recent_init (UiRecent *self)
{
}

const char *
ui_recent_path (UiRecent *self)
{
  return self->path;
}

const char *
ui_recent_kind (UiRecent *self)
{
  return self->kind;
}

const char *
ui_recent_detail (UiRecent *self)
{
  return self->detail;
}

char *
ui_recent_when (UiRecent *self)
{
  g_autoptr (GDateTime) then = g_date_time_new_from_unix_local (self->when), now = g_date_time_new_now_local ();
  GDate a, b;
  if (!then)
    return g_strdup ("");
  g_date_clear (&a, 1);
  g_date_clear (&b, 1);
  g_date_set_dmy (&a, (GDateDay)g_date_time_get_day_of_month (then), (GDateMonth)g_date_time_get_month (then),
                  (GDateYear)g_date_time_get_year (then));
  g_date_set_dmy (&b, (GDateDay)g_date_time_get_day_of_month (now), (GDateMonth)g_date_time_get_month (now),
                  (GDateYear)g_date_time_get_year (now));
  int days = g_date_days_between (&a, &b);
  if (days <= 0)
    return g_strdup ("Today");
  if (days == 1)
    return g_strdup ("Yesterday");
  return g_date_time_format (then, days < 7 ? "%A" : "%e %B");
}

/* ---- the list ---- */

static char *
file_path (void)
{
  return g_build_filename (g_get_user_data_dir (), "sightline", "recent.ini", NULL);
}

static UiRecent *
make (const char *path, const char *kind, const char *detail, gint64 when)
{
  UiRecent *self = g_object_new (UI_TYPE_RECENT, NULL);
  self->path = g_strdup (path);
  self->kind = g_strdup (kind);
  self->detail = g_strdup (detail);
  self->when = when;
  return self;
}

static GListStore *
store (void)
{
  static GListStore *list;
  if (list)
    return list;
  list = g_list_store_new (UI_TYPE_RECENT);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *name = file_path ();
  g_key_file_load_from_file (file, name, G_KEY_FILE_NONE, NULL);
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  for (guint i = 0; groups[i] && i < MOST; i++)
    {
      g_autofree char *path = g_key_file_get_string (file, groups[i], "path", NULL);
      g_autofree char *kind = g_key_file_get_string (file, groups[i], "kind", NULL);
      g_autofree char *detail = g_key_file_get_string (file, groups[i], "detail", NULL);
      gint64 when = g_key_file_get_int64 (file, groups[i], "when", NULL);
      if (!path || !kind)
        continue;
      g_autoptr (UiRecent) recent = make (path, kind, detail ? detail : "", when);
      g_list_store_append (list, recent);
    }
  return list;
}

static void
save (void)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *name = file_path (), *folder = g_path_get_dirname (name);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (store ())); i++)
    {
      g_autoptr (UiRecent) recent = g_list_model_get_item (G_LIST_MODEL (store ()), i);
      g_autofree char *group = g_strdup_printf ("%u", i);
      g_key_file_set_string (file, group, "path", recent->path);
      g_key_file_set_string (file, group, "kind", recent->kind);
      g_key_file_set_string (file, group, "detail", recent->detail);
      g_key_file_set_int64 (file, group, "when", recent->when);
    }
  g_mkdir_with_parents (folder, 0700);
  g_key_file_save_to_file (file, name, NULL);
}

GListModel *
ui_recents (void)
{
  return G_LIST_MODEL (store ());
}

static void
remove_path (const char *path)
{
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (store ())); i-- > 0;)
    {
      g_autoptr (UiRecent) recent = g_list_model_get_item (G_LIST_MODEL (store ()), i);
      if (g_str_equal (recent->path, path))
        g_list_store_remove (store (), i);
    }
}

void
ui_recents_add (const char *path, const char *kind, const char *detail)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autofree char *absolute = g_file_get_path (file);
  g_autoptr (UiRecent) recent = make (absolute, kind, detail, g_get_real_time () / G_USEC_PER_SEC);
  remove_path (absolute);
  g_list_store_insert (store (), 0, recent);
  while (g_list_model_get_n_items (G_LIST_MODEL (store ())) > MOST)
    g_list_store_remove (store (), MOST);
  save ();
}

void
ui_recents_remove (const char *path)
{
  remove_path (path);
  save ();
}

void
ui_recents_clear (void)
{
  g_list_store_remove_all (store ());
  save ();
}
