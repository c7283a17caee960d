/* See command-line.h. */
#include "ui/command-line.h"

#include <string.h>

#include "ui/session-private.h"
#include "ui/settings.h"

/* Tiles that one command can compute: each method once, one layer, one class. */
typedef struct
{
  const char *layer;
  gboolean pinned;
  int class_index, contrast;
  GPtrArray *slots; /* UiSlot*, borrowed */
} Group;

static void
group_free (gpointer data)
{
  Group *group = data;
  g_ptr_array_unref (group->slots);
  g_free (group);
}

static gboolean
fits (UiSession *self, const Group *group, UiSlot *slot)
{
  for (guint i = 0; i < group->slots->len; i++)
    if (ui_slot_method (group->slots->pdata[i]) == ui_slot_method (slot))
      return FALSE;
  return g_strcmp0 (group->layer, ui_slot_layer (slot)) == 0 && group->pinned == ui_slot_pinned (slot)
         && group->class_index == ui_session_target_of (self, slot)
         && group->contrast == ui_session_contrast_of (self, slot);
}

static GPtrArray *
make_groups (UiSession *self)
{
  GPtrArray *groups = g_ptr_array_new_with_free_func (group_free);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->slots)); i++)
    {
      UiSlot *slot = ui_session_nth_slot (self, i);
      Group *group = NULL;
      if (!ui_slot_shown (slot) || !ui_slot_applies (slot) || !ui_slot_values (slot))
        continue;
      for (guint k = 0; k < groups->len && !group; k++)
        group = fits (self, groups->pdata[k], slot) ? groups->pdata[k] : NULL;
      if (!group)
        {
          group = g_new (Group, 1);
          *group = (Group){ ui_slot_layer (slot), ui_slot_pinned (slot), ui_session_target_of (self, slot),
                            ui_session_contrast_of (self, slot), g_ptr_array_new () };
          g_ptr_array_add (groups, group);
        }
      g_ptr_array_add (group->slots, slot);
    }
  return groups;
}

static void
append (GString *line, const char *option, const char *value)
{
  g_autofree char *quoted = value ? g_shell_quote (value) : NULL;
  gboolean plain = value && *value
                   && !value[strspn (value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789_-./,=")];
  g_string_append_printf (line, " %s%s%s", option, value && *option ? " " : "",
                          value ? (plain ? value : quoted) : "");
}

/* As --set takes it. (transfer full) */
static char *
text_of (const EngValues *values, const EngParam *param)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  if (param->type == ENG_PARAM_BOOL)
    return g_strdup (eng_values_get (values, param->id) != 0 ? "true" : "false");
  if (param->type == ENG_PARAM_CHOICE || param->type == ENG_PARAM_PATH || param->type == ENG_PARAM_OUTPUT_PATH)
    return g_strdup (eng_values_get_text (values, param->id));
  return g_strdup (g_ascii_dtostr (number, sizeof number, eng_values_get (values, param->id)));
}

static void
append_values (GString *line, UiSlot *slot, EngModel *model)
{
  const EngMethod *method = ui_slot_method (slot);
  g_autoptr (EngValues) defaults = eng_values_new (method, model);
  const EngParam *param;
  for (guint i = 0; (param = eng_method_param (method, i)); i++)
    {
      g_autofree char *usual = text_of (defaults, param), *value = text_of (ui_slot_values (slot), param);
      if (param->type == ENG_PARAM_OUTPUT_PATH || g_str_equal (usual, value))
        continue;
      g_autofree char *pair = g_strdup_printf ("%s.%s=%s", method->id, param->id, value);
      append (line, "--set", pair);
    }
}

static void
append_class (GString *line, const char *option, int class_index)
{
  g_autofree char *index = g_strdup_printf ("%d", class_index);
  append (line, option, index);
}

static void
append_group (GString *line, UiSession *self, const Group *group, guint number, const char *const *inputs)
{
  g_autofree char *memory = g_strdup_printf ("%" G_GSIZE_FORMAT "M", eng_memory_budget () >> 20);
  g_autofree char *threads = g_strdup_printf ("%d", ui_settings_get_int ("threads"));
  g_autofree char *folder = number ? g_strdup_printf ("maps/%u", number + 1) : g_strdup ("maps");
  g_autoptr (GString) methods = g_string_new (NULL);
  for (guint i = 0; i < group->slots->len; i++)
    g_string_append_printf (methods, "%s%s", i ? "," : "", ui_slot_method (group->slots->pdata[i])->id);
  g_string_append (line, number ? " &&\nsightline-cli explain" : "sightline-cli explain");
  append (line, "--model", eng_model_path (self->model));
  if (eng_model_n_outputs (self->model) > 1)
    append (line, "--output-name", eng_model_output (self->model));
  append (line, "--method", methods->str);
  if (!self->follow_top || group->pinned)
    append_class (line, "--class", group->class_index);
  if (group->contrast >= 0)
    append_class (line, "--contrast", group->contrast);
  if (group->layer)
    append (line, "--layer", group->layer);
  for (guint i = 0; i < group->slots->len; i++)
    append_values (line, group->slots->pdata[i], self->model);
  append (line, "--memory", memory);
  if (!g_str_equal (threads, "0"))
    append (line, "--threads", threads);
  if (eng_get_precision () == ENG_PRECISION_BF16)
    append (line, "--precision", "bf16");
  append (line, "--output", folder);
  append (line, "--", NULL);
  for (guint i = 0; inputs[i]; i++)
    append (line, "", inputs[i]);
}

char *
ui_command_line (UiSession *self, const char *const *inputs)
{
  if (!self->model)
    return NULL;
  g_autoptr (GPtrArray) groups = make_groups (self);
  GString *line = g_string_new (NULL);
  for (guint i = 0; i < groups->len; i++)
    append_group (line, self, groups->pdata[i], i, inputs);
  return g_string_free (line, groups->len == 0);
}
