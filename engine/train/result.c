/* The end of a training: its explainer as a file, with all that says where it comes from. */
#include "explainer-file.h"
#include "run.h"

#include "../error.h"

#include <json-glib/json-glib.h>
#include <math.h>

/* JSON has no word for what is no number. */
static void
add_number (JsonBuilder *b, double v)
{
  if (isfinite (v))
    json_builder_add_double_value (b, v);
  else
    json_builder_add_null_value (b);
}

/* [[step, loss, score], ...] of the judgements. */
static char *
curve (const EngTrainRun *self)
{
  g_autoptr (JsonBuilder) b = json_builder_new ();
  json_builder_begin_array (b);
  for (guint i = 0; i < self->marks->len; i++)
    {
      const EngTrainingMark *m = &g_array_index (self->marks, EngTrainingMark, i);
      json_builder_begin_array (b);
      json_builder_add_int_value (b, m->step);
      add_number (b, m->loss);
      add_number (b, m->score);
      json_builder_end_array (b);
    }
  json_builder_end_array (b);
  g_autoptr (JsonNode) root = json_builder_get_root (b);
  return json_to_string (root, FALSE);
}

static void
add (GHashTable *facts, const char *key, char *value)
{
  g_hash_table_insert (facts, (gpointer)key, value);
}

static GHashTable *
facts_of (const EngTrainRun *self)
{
  GHashTable *facts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  const EngTrainingMark *best = &g_array_index (self->marks, EngTrainingMark, self->best);
  add (facts, "settings", eng_values_to_json (self->values));
  add (facts, "seed", g_strdup_printf ("%" G_GUINT64_FORMAT, self->seed));
  add (facts, "data.sha256", g_strdup (eng_train_data_sha256 (self->data)));
  add (facts, "data.summary", eng_train_data_summary (self->data));
  add (facts, "data.pictures", g_strdup_printf ("%u", self->n_train));
  add (facts, "data.held-out", g_strdup_printf ("%u", self->n_held_out));
  add (facts, "explains", g_strdup (self->by_label ? "label" : "predicted"));
  add (facts, "steps", g_strdup_printf ("%d", self->step));
  add (facts, "best-step", g_strdup_printf ("%d", best->step));
  add (facts, "score", g_strdup_printf ("%.6g", best->score));
  add (facts, "score-name", g_strdup (self->kind->score_name));
  add (facts, "loss", g_strdup_printf ("%.6g", best->loss));
  add (facts, "curve", curve (self));
  return facts;
}

gboolean
eng_train_run_finish (EngTrainRun *self, GError **error)
{
  if (self->best < 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "No judgement was a number, so there is nothing to keep. Lower the learning rate and train "
                     "again.");
  g_autoptr (GHashTable) facts = facts_of (self);
  g_autoptr (EngNet) net =
      eng_net_new (self->model, self->target, self->values, self->seed, 1, FALSE, self->kind->build, error);
  return net && eng_explainer_write (net, self->kind, self->best_weights, facts, self->output, error);
}
