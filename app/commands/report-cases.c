/* See report.h: the pictures. A table of ten thousand gives three for each method: the best, the one in the middle
 * and the worst. Their maps are made again, with the settings that the table was made with. */
#include <math.h>
#include <string.h>

#include "app/commands/progress.h"
#include "app/commands/report.h"
#include "engine/resize.h"
#include "engine/values-json.h"
#include "ui/draw/overlay.h"
#include "ui/draw/words.h"

#define MOST_METHODS 8 /* beyond, the table has them */
#define TILE 256       /* pixels of the longest side */

typedef struct
{
  guint record;
  GString *title;
} Choice;

typedef struct
{
  const AppScores *scores;
  const char *folder;
  EngModel *model;
  guint by, n_methods, n_protocols;
} Cases;

static const char *
method_name (const EngEvaluation *evaluation, guint i)
{
  const EngEvaluationMethod *made = evaluation->methods->pdata[i];
  const EngMethod *method = eng_method_find (made->id, NULL);
  return method ? method->name : made->id;
}

/* ---- which ---- */

typedef struct
{
  double value;
  guint record;
} Ranked;

static int
compare (gconstpointer a, gconstpointer b)
{
  const Ranked *x = a, *y = b;
  return x->value != y->value ? (x->value > y->value) - (x->value < y->value)
                              : (x->record > y->record) - (x->record < y->record);
}

/* A picture that is chosen twice is shown once, under both titles. */
static void
choose (GArray *choices, guint record, const char *what, const char *method)
{
  Choice *there = NULL;
  for (guint i = 0; i < choices->len && !there; i++)
    if (g_array_index (choices, Choice, i).record == record)
      there = &g_array_index (choices, Choice, i);
  if (there)
    {
      g_string_append_printf (there->title, "; %c%s for %s", g_ascii_tolower (*what), what + 1, method);
      return;
    }
  Choice choice = { record, g_string_new (NULL) };
  g_string_append_printf (choice.title, "%s for %s", what, method);
  g_array_append_val (choices, choice);
}

static void
choose_of_method (const Cases *self, GArray *choices, guint method)
{
  const EngScoreTable *table = self->scores->table;
  const EngScoreColumn *column = &self->scores->columns[method * self->n_protocols + self->by];
  const char *name = method_name (self->scores->evaluation, method);
  gboolean higher = g_str_equal (column->direction, "higher");
  g_autoptr (GArray) ranked = g_array_new (FALSE, FALSE, sizeof (Ranked));
  for (guint i = 0; i < table->records->len; i++)
    {
      Ranked r = { eng_score_table_value (table, i, method * self->n_protocols + self->by), i };
      if (isfinite (r.value))
        g_array_append_val (ranked, r);
    }
  if (ranked->len == 0)
    return;
  g_array_sort (ranked, compare);
  const Ranked *r = (const Ranked *)ranked->data;
  guint last = ranked->len - 1;
  choose (choices, r[higher ? last : 0].record, "Best", name);
  if (ranked->len > 2)
    choose (choices, r[ranked->len / 2].record, "Median", name);
  if (ranked->len > 1)
    choose (choices, r[higher ? 0 : last].record, "Worst", name);
}

/* ---- their maps ---- */

/* @rgb: (transfer full): as it is when it is small. (transfer full); NULL: no memory */
static guint8 *
shrink (guint8 *rgb, int *width, int *height)
{
  int w = *width, h = *height, longest = MAX (w, h);
  if (longest <= TILE)
    return rgb;
  *width = MAX (1, (int)((gint64)w * TILE / longest));
  *height = MAX (1, (int)((gint64)h * TILE / longest));
  guint8 *small = g_try_malloc ((gsize)3 * *width * *height);
  EngResizeAxis x = { w, *width, 0, *width }, y = { h, *height, 0, *height };
  if (small && !eng_resize_window (rgb, &x, &y, ENG_FILTER_BILINEAR, small, (gsize)3 * *width))
    g_clear_pointer (&small, g_free);
  g_free (rgb);
  return small;
}

static void
add_tile (UiReportCase *shown, const char *title, const char *caption, guint8 *rgb, int width, int height)
{
  rgb = rgb ? shrink (rgb, &width, &height) : NULL;
  if (rgb)
    ui_report_add_tile (shown, title, caption, rgb, width, height);
}

static int
find_class (EngModel *model, const char *name)
{
  for (int i = 0; i < eng_model_n_classes (model); i++)
    {
      g_autofree char *candidate = app_class_name (model, i);
      if (g_str_equal (candidate, name))
        return i;
    }
  return -1;
}

static EngJob *
new_job (const Cases *self, EngImage *image, int class_index, guint i, GError **error)
{
  const EngEvaluation *e = self->scores->evaluation;
  const EngEvaluationMethod *made = e->methods->pdata[i];
  const EngMethod *method = eng_method_find (made->id, error);
  if (!method)
    return NULL;
  g_autoptr (JsonNode) node = json_from_string (made->values, NULL);
  g_autoptr (EngValues) values = eng_values_new (method, self->model);
  EngJson json = { node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL, "the evaluation", "" };
  g_autoptr (GPtrArray) layers = NULL;
  const char *layer = *made->layer ? made->layer : NULL;
  if (!eng_values_read (values, &json, error)
      || !(layers = eng_method_find_layers (method, self->model, layer, values, error)))
    return NULL;
  return eng_job_new (self->model, image, method, class_index,
                      *e->contrast ? find_class (self->model, e->contrast) : -1, layer, g_steal_pointer (&values),
                      (guint64)e->seed);
}

static gboolean
add_map (const Cases *self, UiReportCase *shown, EngImage *image, int class_index, guint record, guint i,
         GError **error)
{
  const EngEvaluationProtocol *protocol = self->scores->evaluation->protocols->pdata[self->by];
  UiDisplay display;
  UiScale scale;
  g_autoptr (EngJob) job = new_job (self, image, class_index, i, error);
  if (!job)
    return FALSE;
  app_progress_begin (job, eng_image_name (image));
  app_interrupt_watch (job);
  gboolean done = eng_job_run (job, error);
  app_interrupt_watch (NULL);
  app_progress_end (job);
  if (!done)
    return FALSE;
  ui_display_init (&display);
  guint8 *rgb = ui_overlay_render (image, eng_job_heatmap (job), &display, &scale, error);
  if (!rgb)
    return FALSE;
  double value = eng_score_table_value (self->scores->table, record, i * self->n_protocols + self->by);
  g_autofree char *number = ui_report_number (value, FALSE);
  g_autofree char *caption = g_strdup_printf ("%s %s", protocol->name, number);
  add_tile (shown, method_name (self->scores->evaluation, i), caption, rgb, eng_image_width (image),
            eng_image_height (image));
  return TRUE;
}

/* Where the table says, else seen from the table's folder. */
static EngImage *
open_picture (const Cases *self, const char *path, GError **error)
{
  if (g_file_test (path, G_FILE_TEST_EXISTS) || g_path_is_absolute (path))
    return eng_image_load (path, error);
  g_autofree char *beside = g_build_filename (self->folder, path, NULL);
  return eng_image_load (g_file_test (beside, G_FILE_TEST_EXISTS) ? beside : path, error);
}

static gboolean
add_tiles (const Cases *self, UiReportCase *shown, guint record, GError **error)
{
  const EngScoreRecord *scored = self->scores->table->records->pdata[record];
  g_autoptr (EngImage) image = open_picture (self, scored->image, error);
  if (!image)
    return FALSE;
  int w = eng_image_width (image), h = eng_image_height (image);
  int class_index = self->model ? find_class (self->model, scored->class_name) : -1;
  add_tile (shown, "Picture", scored->class_name, g_memdup2 (eng_image_rgb (image), (gsize)3 * w * h), w, h);
  if (!self->model)
    return TRUE;
  if (class_index < 0)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "the model has no class “%s”", scored->class_name);
  for (guint i = 0; i < self->n_methods && !app_interrupted (); i++)
    if (!add_map (self, shown, image, class_index, record, i, error))
      return FALSE;
  return TRUE;
}

void
app_report_add_cases (UiReport *report, const AppScores *scores, const char *folder, EngModel *model, guint by)
{
  const EngEvaluation *e = scores->evaluation;
  Cases self = { scores, folder, model, by, MIN (e->methods->len, MOST_METHODS), e->protocols->len };
  const EngEvaluationProtocol *protocol = e->protocols->pdata[by];
  g_autoptr (GArray) choices = g_array_new (FALSE, FALSE, sizeof (Choice));
  for (guint i = 0; i < self.n_methods; i++)
    choose_of_method (&self, choices, i);
  report->cases_about = g_strdup_printf ("The best, the median and the worst picture of each method by %s (%s is "
                                         "better). Each map has a colour scale of its own.%s",
                                         protocol->name, protocol->direction,
                                         model ? "" : " The model is not at hand, so there are no maps.");
  for (guint i = 0; i < choices->len; i++)
    {
      const Choice *choice = &g_array_index (choices, Choice, i);
      const EngScoreRecord *record = scores->table->records->pdata[choice->record];
      UiReportCase *shown = ui_report_add_case (report);
      g_autoptr (GError) error = NULL;
      g_autofree char *name = g_path_get_basename (record->image);
      shown->title = g_strdup (choice->title->str);
      shown->caption = NULL;
      if (!app_interrupted () && !add_tiles (&self, shown, choice->record, &error))
        {
          app_complain ("%s: %s", name, error->message);
          shown->caption = g_strdup_printf ("%s, %s. Not all is shown: %s", name, record->class_name, error->message);
        }
      else
        shown->caption = g_strdup_printf ("%s, %s", name, record->class_name);
      g_string_free (choice->title, TRUE);
    }
}
