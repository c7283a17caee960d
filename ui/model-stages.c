/* See model-stages.h. Every control writes a copy of the preprocessing and gives it to the session; what is shown
 * comes back from there. */
#include "ui/model-stages.h"

#include <math.h>

#include "ui/bare-spin.h"
#include "ui/model-views.h"

struct _UiModelStages
{
  GtkWidget parent_instance;
  UiSession *session;
  gboolean updating;
  guint asked; /* number of the newest request for pictures */
  GtkPicture *photo, *resized, *seen, *plane_views[3];
  GtkWidget *planes[3];
  GtkLabel *plane_names[3], *ranges[3];
  GtkLabel *photo_name, *photo_facts, *size, *origin, *seen_note;
  GtkStack *size_stack;
  GtkSpinButton *width, *height, *short_side;
  GtkWidget *short_label;
  GtkDropDown *fit, *filter, *preset, *order, *range;
  GtkEntry *mean, *std;
};

G_DEFINE_FINAL_TYPE (UiModelStages, ui_model_stages, GTK_TYPE_WIDGET)

/* ---- pictures ---- */

static const char *
channel_name (const EngPreprocess *p, int c)
{
  static const char *const names[] = { "R", "G", "B" };
  return p->channels == 1 ? "Grey" : names[p->bgr ? 2 - c : c];
}

/* With a true minus sign. */
static char *
write_number (double value)
{
  g_autofree char *text = g_strdup_printf ("%.2f", fabs (value));
  return g_strconcat (value < 0 ? "−" : "", text, NULL);
}

typedef struct
{
  UiModelStages *stages;
  guint asked;
} Ask;

static void
on_views (const UiModelViews *views, const GError *error, gpointer data)
{
  Ask *ask = data;
  UiModelStages *self = ask->stages;
  EngPreprocess *p = self->session ? ui_session_preprocess (self->session) : NULL;
  if (ask->asked == self->asked && p)
    {
      gtk_picture_set_paintable (self->resized, views ? GDK_PAINTABLE (views->resized) : NULL);
      gtk_picture_set_paintable (self->seen, views ? GDK_PAINTABLE (views->seen) : NULL);
      gtk_label_set_label (self->seen_note, error ? error->message : "Input drawn back as a picture");
      for (int c = 0; c < p->channels && views; c++)
        {
          g_autofree char *lo = write_number (views->lo[c]), *hi = write_number (views->hi[c]);
          g_autofree char *text = g_strdup_printf ("%s  %s … %s", channel_name (p, c), lo, hi);
          gtk_picture_set_paintable (self->plane_views[c], GDK_PAINTABLE (views->planes[c]));
          gtk_label_set_label (self->plane_names[c], channel_name (p, c));
          gtk_label_set_label (self->ranges[c], text);
        }
    }
  g_object_unref (ask->stages);
  g_free (ask);
}

static void
update_pictures (UiModelStages *self)
{
  UiPicture *picture = ui_session_picture (self->session);
  EngModel *model = ui_session_model (self->session);
  EngImage *image = picture ? ui_picture_image (picture) : NULL;
  g_autofree char *facts =
      image ? g_strdup_printf ("%d × %d, 8-bit RGB, upright", eng_image_width (image), eng_image_height (image))
            : NULL;
  self->asked++;
  gtk_picture_set_paintable (self->photo, picture ? GDK_PAINTABLE (ui_picture_proxy (picture)) : NULL);
  gtk_label_set_label (self->photo_name, picture ? ui_picture_name (picture) : "No picture yet");
  gtk_label_set_label (self->photo_facts, facts ? facts : "");
  if (!image || !model || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  Ask *ask = g_new (Ask, 1);
  *ask = (Ask){ g_object_ref (self), self->asked };
  ui_model_views_make (model, image, on_views, ask);
}

/* ---- values ---- */

static char *
format_numbers (const double *values, int n)
{
  GString *text = g_string_new (NULL);
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  for (int c = 0; c < n; c++)
    g_string_append_printf (text, "%s%s", c ? ", " : "", g_ascii_formatd (number, sizeof number, "%.6g", values[c]));
  return g_string_free (text, FALSE);
}

/* Numbers with commas, semicolons or spaces between; one stands for all. */
static gboolean
parse_numbers (const char *text, int n, double lo, double *out)
{
  double values[3];
  int found = 0;
  while (TRUE)
    {
      char *end;
      text += strspn (text, ",; ");
      if (!*text)
        break;
      double value = g_ascii_strtod (text, &end);
      if (end == text || found == 3 || !isfinite (value) || value < lo || fabs (value) > 1e6)
        return FALSE;
      values[found++] = value;
      text = end;
    }
  if (found != n && found != 1)
    return FALSE;
  for (int c = 0; c < n; c++)
    out[c] = values[found == 1 ? 0 : c];
  return TRUE;
}

static guint
preset_row (const EngPreprocess *p)
{
  const EngPreset *preset = eng_preset_of (p);
  guint n = 0;
  while (eng_preset_nth (n) && eng_preset_nth (n) != preset)
    n++;
  return n; /* past the last: custom */
}

static void
show_text (GtkEntry *entry, const double *values, int n)
{
  g_autofree char *text = format_numbers (values, n);
  if (g_strcmp0 (gtk_editable_get_text (GTK_EDITABLE (entry)), text) != 0)
    gtk_editable_set_text (GTK_EDITABLE (entry), text);
  gtk_widget_remove_css_class (GTK_WIDGET (entry), "error");
}

static void
show_values (UiModelStages *self, const EngPreprocess *p)
{
  gboolean is_free = eng_model_size_is_free (ui_session_model (self->session));
  gboolean crops = p->fit == ENG_FIT_CROP;
  g_autofree char *size = g_strdup_printf ("%d × %d", p->width, p->height);
  g_autofree char *origin =
      p->assumed ? g_strdup (p->origin)
                 : g_strdup_printf (g_str_equal (p->origin, "chosen here") ? "%s" : "from %s", p->origin);
  gtk_stack_set_visible_child_name (self->size_stack, is_free ? "free" : "fixed");
  gtk_label_set_label (self->size, size);
  gtk_spin_button_set_value (self->width, p->width);
  gtk_spin_button_set_value (self->height, p->height);
  gtk_drop_down_set_selected (self->fit, p->fit);
  gtk_drop_down_set_selected (self->filter, p->filter);
  gtk_widget_set_visible (self->short_label, crops);
  gtk_widget_set_visible (GTK_WIDGET (self->short_side), crops);
  gtk_spin_button_set_value (self->short_side, p->resize_short);
  gtk_drop_down_set_selected (self->preset, preset_row (p));
  gtk_drop_down_set_selected (self->order, p->bgr);
  gtk_widget_set_sensitive (GTK_WIDGET (self->order), p->channels == 3);
  gtk_drop_down_set_selected (self->range, p->range_255);
  show_text (self->mean, p->mean, p->channels);
  show_text (self->std, p->std, p->channels);
  gtk_label_set_label (self->origin, origin);
  gtk_widget_remove_css_class (GTK_WIDGET (self->origin), p->assumed ? "sl-dim" : "sl-warn");
  gtk_widget_add_css_class (GTK_WIDGET (self->origin), p->assumed ? "sl-warn" : "sl-dim");
  for (int c = 0; c < 3; c++)
    {
      gtk_widget_set_visible (self->planes[c], c < p->channels);
      gtk_widget_set_visible (GTK_WIDGET (self->ranges[c]), c < p->channels);
    }
}

static void
update (UiModelStages *self)
{
  EngPreprocess *p = ui_session_preprocess (self->session);
  gtk_widget_set_sensitive (GTK_WIDGET (self), p != NULL);
  self->updating = TRUE;
  if (p)
    show_values (self, p);
  self->updating = FALSE;
  update_pictures (self);
}

/* ---- changes ---- */

static EngFit
fit_of (UiModelStages *self)
{
  return (EngFit)gtk_drop_down_get_selected (self->fit);
}

/* Takes over all that the controls say. */
static void
on_geometry (UiModelStages *self)
{
  EngPreprocess *now = ui_session_preprocess (self->session);
  if (self->updating || !now)
    return;
  g_autoptr (EngPreprocess) p = eng_preprocess_copy (now);
  if (eng_model_size_is_free (ui_session_model (self->session)))
    {
      p->width = gtk_spin_button_get_value_as_int (self->width);
      p->height = gtk_spin_button_get_value_as_int (self->height);
    }
  p->filter = (EngFilter)gtk_drop_down_get_selected (self->filter);
  p->fit = fit_of (self);
  if (p->fit != now->fit) /* the usual crop: an eighth of the picture */
    p->resize_short = p->fit == ENG_FIT_CROP ? (int)lrint (MAX (p->width, p->height) / 0.875) : 0;
  else if (p->fit == ENG_FIT_CROP)
    p->resize_short = gtk_spin_button_get_value_as_int (self->short_side);
  ui_session_set_preprocess (self->session, p);
  update (self);
}

static void
on_preset (UiModelStages *self)
{
  const EngPreset *preset = eng_preset_nth (gtk_drop_down_get_selected (self->preset));
  EngPreprocess *now = ui_session_preprocess (self->session);
  if (self->updating || !now || !preset)
    return;
  g_autoptr (EngPreprocess) p = eng_preprocess_copy (now);
  eng_preset_apply (preset, p);
  ui_session_set_preprocess (self->session, p);
  update (self);
}

static void
mark (GtkEntry *entry, gboolean good)
{
  if (good)
    gtk_widget_remove_css_class (GTK_WIDGET (entry), "error");
  else
    gtk_widget_add_css_class (GTK_WIDGET (entry), "error");
}

static void
on_numbers (UiModelStages *self)
{
  EngPreprocess *now = ui_session_preprocess (self->session);
  if (self->updating || !now)
    return;
  g_autoptr (EngPreprocess) p = eng_preprocess_copy (now);
  gboolean mean = parse_numbers (gtk_editable_get_text (GTK_EDITABLE (self->mean)), p->channels, -1e6, p->mean);
  gboolean std = parse_numbers (gtk_editable_get_text (GTK_EDITABLE (self->std)), p->channels, 1e-6, p->std);
  mark (self->mean, mean);
  mark (self->std, std);
  if (!mean || !std)
    return;
  p->bgr = gtk_drop_down_get_selected (self->order) == 1;
  p->range_255 = gtk_drop_down_get_selected (self->range) == 1;
  ui_session_set_preprocess (self->session, p);
  update (self);
}

/* ---- birth and end ---- */

void
ui_model_stages_set_session (UiModelStages *self, UiSession *session)
{
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (update_pictures), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
ui_model_stages_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (ui_model_stages_parent_class)->map (widget);
  if (UI_MODEL_STAGES (widget)->session)
    update_pictures (UI_MODEL_STAGES (widget));
}

static void
ui_model_stages_dispose (GObject *object)
{
  UiModelStages *self = UI_MODEL_STAGES (object);
  self->updating = TRUE;
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  self->asked++;
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_model_stages_parent_class)->dispose (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiModelStages, member)

static void
ui_model_stages_class_init (UiModelStagesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  static const char *const of_channels[] = { "plane_%d", "plane_view_%d", "plane_name_%d", "range_%d" };
  G_OBJECT_CLASS (klass)->dispose = ui_model_stages_dispose;
  widget_class->map = ui_model_stages_map;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/model-stages.ui");
  BIND (photo);
  BIND (resized);
  BIND (seen);
  BIND (photo_name);
  BIND (photo_facts);
  BIND (size);
  BIND (origin);
  BIND (seen_note);
  BIND (size_stack);
  BIND (width);
  BIND (height);
  BIND (short_side);
  BIND (short_label);
  BIND (fit);
  BIND (filter);
  BIND (preset);
  BIND (order);
  BIND (range);
  BIND (mean);
  BIND (std);
  for (guint i = 0; i < G_N_ELEMENTS (of_channels); i++)
    for (int c = 0; c < 3; c++)
      {
        g_autofree char *name = g_strdup_printf (of_channels[i], c);
        gtk_widget_class_bind_template_child_full (widget_class, name, FALSE, 0);
      }
}

static gpointer
child (UiModelStages *self, const char *format, int c)
{
  g_autofree char *name = g_strdup_printf (format, c);
  return gtk_widget_get_template_child (GTK_WIDGET (self), UI_TYPE_MODEL_STAGES, name);
}

static void
ui_model_stages_init (UiModelStages *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  for (int c = 0; c < 3; c++)
    {
      self->planes[c] = child (self, "plane_%d", c);
      self->plane_views[c] = child (self, "plane_view_%d", c);
      self->plane_names[c] = child (self, "plane_name_%d", c);
      self->ranges[c] = child (self, "range_%d", c);
    }
  GObject *geometry[] = { G_OBJECT (self->fit), G_OBJECT (self->filter) };
  GObject *spins[] = { G_OBJECT (self->width), G_OBJECT (self->height), G_OBJECT (self->short_side) };
  GObject *values[] = { G_OBJECT (self->order), G_OBJECT (self->range) };
  GtkEntry *entries[] = { self->mean, self->std };
  for (guint i = 0; i < G_N_ELEMENTS (geometry); i++)
    g_signal_connect_swapped (geometry[i], "notify::selected", G_CALLBACK (on_geometry), self);
  for (guint i = 0; i < G_N_ELEMENTS (spins); i++)
    {
      ui_spin_ignore_wheel (GTK_SPIN_BUTTON (spins[i]));
      g_signal_connect_swapped (spins[i], "value-changed", G_CALLBACK (on_geometry), self);
    }
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    g_signal_connect_swapped (values[i], "notify::selected", G_CALLBACK (on_numbers), self);
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      GtkEventController *focus = gtk_event_controller_focus_new ();
      g_signal_connect_swapped (focus, "leave", G_CALLBACK (on_numbers), self);
      gtk_widget_add_controller (GTK_WIDGET (entries[i]), focus);
      g_signal_connect_swapped (entries[i], "activate", G_CALLBACK (on_numbers), self);
    }
  g_signal_connect_swapped (self->preset, "notify::selected", G_CALLBACK (on_preset), self);
}
