/* See model-facts.h. The facts come from the description that the command line prints, too. */
#include "ui/model-facts.h"

#include "ui/tip.h"

#include <json-glib/json-glib.h>
#include <string.h>

struct _UiModelFacts
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkWidget *box, *name, *facts, *methods;
};

G_DEFINE_FINAL_TYPE (UiModelFacts, ui_model_facts, GTK_TYPE_WIDGET)

/* ---- facts ---- */

static char *
write_file (EngModel *model, JsonObject *about)
{
  return g_filename_display_basename (eng_model_path (model));
}

static char *
write_digest (EngModel *model, JsonObject *about)
{
  const char *digest = eng_model_sha256 (model);
  return g_strdup_printf ("%.8s…%s", digest, digest + strlen (digest) - 4);
}

static char *
write_format (EngModel *model, JsonObject *about)
{
  const char *producer = json_object_get_string_member_with_default (about, "producer", "");
  return g_strdup_printf ("ONNX, opset %d%s%s", (int)json_object_get_int_member (about, "opset"),
                          *producer ? ", " : "", producer);
}

/* "image, 1 × 3 × 96 × 96" */
static char *
write_io (JsonObject *about, const char *member, const char *wanted)
{
  JsonArray *list = json_object_get_array_member (about, member);
  for (guint i = 0; i < json_array_get_length (list); i++)
    {
      JsonObject *io = json_array_get_object_element (list, i);
      const char *name = json_object_get_string_member_with_default (io, "name", "");
      if (wanted && strcmp (name, wanted) != 0)
        continue;
      JsonArray *shape = json_object_get_array_member (io, "shape");
      GString *text = g_string_new (name);
      for (guint k = 0; k < json_array_get_length (shape); k++)
        {
          JsonNode *side = json_array_get_element (shape, k);
          g_string_append (text, k ? " × " : ", ");
          if (json_node_get_value_type (side) == G_TYPE_STRING)
            g_string_append (text, json_node_get_string (side));
          else
            g_string_append_printf (text, "%" G_GINT64_FORMAT, json_node_get_int (side));
        }
      return g_string_free (text, FALSE);
    }
  return g_strdup ("");
}

static char *
write_input (EngModel *model, JsonObject *about)
{
  return write_io (about, "inputs", NULL);
}

static char *
write_output (EngModel *model, JsonObject *about)
{
  return write_io (about, "outputs", eng_model_output (model));
}

static char *
write_operators (EngModel *model, JsonObject *about)
{
  JsonObject *operators = json_object_get_object_member (about, "operators");
  g_autoptr (GList) names = json_object_get_members (operators);
  gint64 total = 0;
  for (GList *l = names; l; l = l->next)
    total += json_object_get_int_member (operators, l->data);
  return g_strdup_printf ("%" G_GINT64_FORMAT ", all supported", total);
}

/* "Conv 12, Relu 11, …", in the order of the description. */
static char *
list_operators (EngModel *model, JsonObject *about)
{
  JsonObject *operators = json_object_get_object_member (about, "operators");
  g_autoptr (GList) names = json_object_get_members (operators);
  GString *text = g_string_new (NULL);
  for (GList *l = names; l; l = l->next)
    g_string_append_printf (text, "%s%s %" G_GINT64_FORMAT, l == names ? "" : ", ", (const char *)l->data,
                            json_object_get_int_member (operators, l->data));
  return g_string_free (text, FALSE);
}

static char *
write_path (EngModel *model, JsonObject *about)
{
  return g_strdup (eng_model_path (model));
}

static char *
write_whole_digest (EngModel *model, JsonObject *about)
{
  return g_strdup (eng_model_sha256 (model));
}

/* The method that asks for a gradient and nothing else tells whether there is one. */
static char *
write_gradients (EngModel *model, JsonObject *about)
{
  g_autoptr (GError) error = NULL;
  const EngMethod *gradient = eng_method_find ("gradient", NULL);
  return g_strdup (eng_method_can_explain (gradient, model, NULL, &error) ? "available" : error->message);
}

static const struct
{
  const char *title;
  char *(*write) (EngModel *model, JsonObject *about);
  char *(*tell) (EngModel *model, JsonObject *about); /* what the tooltip says; NULL: the same, whole */
} rows[] = {
  { "File", write_file, write_path },     { "SHA-256", write_digest, write_whole_digest },
  { "Format", write_format, NULL },       { "Input", write_input, NULL },
  { "Output", write_output, NULL },       { "Operators", write_operators, list_operators },
  { "Gradients", write_gradients, NULL },
};

static GtkWidget *
make_label (const char *text, const char *style)
{
  GtkWidget *label = gtk_label_new (text);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 18);
  if (style)
    gtk_widget_add_css_class (label, style);
  return label;
}

static void
show_facts (UiModelFacts *self, EngModel *model)
{
  g_autofree char *json = eng_model_describe_json (model);
  g_autoptr (JsonNode) node = json_from_string (json, NULL);
  JsonObject *about = json_node_get_object (node);
  gtk_label_set_label (GTK_LABEL (self->name), eng_model_name (model));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = rows[i].write (model, about);
      g_autofree char *whole = rows[i].tell ? rows[i].tell (model, about) : g_strdup (text);
      GtkWidget *title = make_label (rows[i].title, "sl-dim"), *value = make_label (text, "sl-num");
      gtk_label_set_wrap (GTK_LABEL (title), FALSE);
      gtk_label_set_lines (GTK_LABEL (value), 3);
      gtk_label_set_width_chars (GTK_LABEL (value), 14); /* or its height is asked for at another width */
      gtk_label_set_ellipsize (GTK_LABEL (value), PANGO_ELLIPSIZE_END);
      gtk_label_set_selectable (GTK_LABEL (value), TRUE);
      gtk_widget_set_focusable (value, FALSE);
      ui_tip_set (value, whole);
      gtk_widget_set_valign (title, GTK_ALIGN_START);
      gtk_widget_set_hexpand (value, TRUE);
      gtk_grid_attach (GTK_GRID (self->facts), title, 0, (int)i, 1, 1);
      gtk_grid_attach (GTK_GRID (self->facts), value, 1, (int)i, 1, 1);
    }
}

/* ---- methods ---- */

static const struct
{
  EngNeeds need;
  const char *words;
} needs[] = {
  { ENG_NEEDS_GRADIENT, "gradients" },
  { ENG_NEEDS_GRID, "a layer with a grid" },
  { ENG_NEEDS_ATTENTION, "attention" },
  { ENG_NEEDS_LINEAR_HEAD, "a linear last layer" },
};

static char *
write_needs (const EngMethod *method, EngModel *model)
{
  GString *text = g_string_new (NULL);
  const EngTarget *target = eng_method_default_target (method, model);
  for (guint i = 0; i < G_N_ELEMENTS (needs); i++)
    if (method->needs & needs[i].need)
      g_string_append_printf (text, "%s%s", text->len ? ", " : "needs ", needs[i].words);
  if (!text->len)
    g_string_append (text, "needs scores only");
  if (target)
    g_string_append_printf (text, " · %d × %d", target->rows, target->cols);
  return g_string_free (text, FALSE);
}

static void
add_method (UiModelFacts *self, const EngMethod *method, EngModel *model)
{
  g_autoptr (GError) error = NULL;
  gboolean applies = eng_method_can_explain (method, model, NULL, &error);
  g_autofree char *why = applies ? write_needs (method, model) : g_strdup (error->message);
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *words = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *icon = gtk_image_new_from_icon_name (applies ? "sl-check-symbolic" : "sl-error-symbolic");
  GtkWidget *reason = make_label (why, "sl-dim");
  gtk_widget_add_css_class (icon, applies ? "sl-ok" : "sl-err");
  gtk_widget_add_css_class (reason, "caption");
  gtk_accessible_update_property (GTK_ACCESSIBLE (icon), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  applies ? "applies" : "does not apply", -1);
  gtk_widget_set_valign (icon, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (words), make_label (method->name, NULL));
  gtk_box_append (GTK_BOX (words), reason);
  gtk_widget_set_hexpand (words, TRUE);
  gtk_box_append (GTK_BOX (row), icon);
  gtk_box_append (GTK_BOX (row), words);
  gtk_widget_set_margin_top (row, 4);
  gtk_widget_set_margin_bottom (row, 4);
  gtk_widget_set_margin_start (row, 8);
  gtk_widget_set_margin_end (row, 8);
  gtk_box_append (GTK_BOX (self->methods), row);
}

static void
empty (GtkWidget *box, void (*take_out) (GtkWidget *box, GtkWidget *child))
{
  for (GtkWidget *child; (child = gtk_widget_get_first_child (box));)
    take_out (box, child);
}

static void
take_from_box (GtkWidget *box, GtkWidget *child)
{
  gtk_box_remove (GTK_BOX (box), child);
}

static void
take_from_grid (GtkWidget *box, GtkWidget *child)
{
  gtk_grid_remove (GTK_GRID (box), child);
}

static void
update (UiModelFacts *self)
{
  EngModel *model = ui_session_model (self->session);
  empty (self->facts, take_from_grid);
  empty (self->methods, take_from_box);
  gtk_label_set_label (GTK_LABEL (self->name), "No model");
  gtk_widget_set_visible (self->methods, model != NULL);
  if (!model)
    return;
  show_facts (self, model);
  for (guint i = 0; eng_method_nth (i); i++)
    add_method (self, eng_method_nth (i), model);
}

/* ---- birth and end ---- */

void
ui_model_facts_set_session (UiModelFacts *self, UiSession *session)
{
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
ui_model_facts_dispose (GObject *object)
{
  UiModelFacts *self = UI_MODEL_FACTS (object);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_model_facts_parent_class)->dispose (object);
}

static void
ui_model_facts_class_init (UiModelFactsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_model_facts_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
ui_model_facts_init (UiModelFacts *self)
{
  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 8);
  self->name = make_label (NULL, "heading");
  self->facts = gtk_grid_new ();
  self->methods = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *open = gtk_button_new_with_label ("Open Model…"),
            *heading = make_label ("Methods for this model", "heading");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (open), "win.open-model");
  gtk_grid_set_row_spacing (GTK_GRID (self->facts), 6);
  gtk_grid_set_column_spacing (GTK_GRID (self->facts), 10);
  gtk_widget_add_css_class (self->methods, "sl-list");
  gtk_widget_add_css_class (self->box, "side-content");
  gtk_widget_set_margin_top (heading, 8);
  gtk_box_append (GTK_BOX (self->box), self->name);
  gtk_box_append (GTK_BOX (self->box), self->facts);
  gtk_box_append (GTK_BOX (self->box), open);
  gtk_box_append (GTK_BOX (self->box), heading);
  gtk_box_append (GTK_BOX (self->box), self->methods);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
}
