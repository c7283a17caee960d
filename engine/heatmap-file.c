/* See heatmap-file.h. One table names every field; writing and reading walk it. */
#include "heatmap-file.h"

#include "error.h"
#include "json-read.h"

#include <math.h>
#include <string.h>

#define MAGIC "sightline-map 1\n"
#define MOST_CELLS (1 << 26)
#define MOST_STEPS 100000
#define MOST_NOTES 100

typedef enum
{
  TEXT,
  SOME_TEXT, /* left out where there is none */
  INT,
  REAL /* NaN is written as null */
} Kind;

typedef struct
{
  const char *key;
  Kind kind;
  gsize offset;
  double lo, hi;
} Field;

#define P(member) G_STRUCT_OFFSET (EngProvenance, member)
#define G(member) G_STRUCT_OFFSET (EngGeometry, member)
#define S(member) G_STRUCT_OFFSET (EngTrajectoryStep, member)

static const Field provenance_fields[] = {
  { "model_sha256", TEXT, P (model_sha256), 0, 0 },
  { "image_sha256", TEXT, P (image_sha256), 0, 0 },
  { "model_name", TEXT, P (model_name), 0, 0 },
  { "image_name", TEXT, P (image_name), 0, 0 },
  { "preprocessing", TEXT, P (preprocessing), 0, 0 },
  { "preprocessing_origin", TEXT, P (preprocessing_origin), 0, 0 },
  { "class_index", INT, P (class_index), 0, G_MAXINT },
  { "class_name", TEXT, P (class_name), 0, 0 },
  { "probability", REAL, P (probability), 0, 1 },
  { "contrast_index", INT, P (contrast_index), -1, G_MAXINT },
  { "contrast_name", TEXT, P (contrast_name), 0, 0 },
  { "method_id", TEXT, P (method_id), 0, 0 },
  { "method_name", TEXT, P (method_name), 0, 0 },
  { "values", TEXT, P (values), 0, 0 },
  { "layer", TEXT, P (layer), 0, 0 },
  { "seconds", REAL, P (seconds), 0, 1e9 },
  { "version", TEXT, P (version), 0, 0 },
  { "kernels", TEXT, P (kernels), 0, 0 },
  { "explainer", SOME_TEXT, P (explainer), 0, 0 },
  { "selected", TEXT, P (selected), 0, 0 },
  { "unit", TEXT, P (unit), 0, 0 },
  { "convergence", REAL, P (convergence), -1, 1 },
};

static const Field geometry_fields[] = {
  { "image_width", INT, G (image_width), 1, 1 << 24 }, { "image_height", INT, G (image_height), 1, 1 << 24 },
  { "input_width", INT, G (input_width), 1, 1 << 16 }, { "input_height", INT, G (input_height), 1, 1 << 16 },
  { "scale_x", REAL, G (scale_x), 1e-9, 1e9 },         { "scale_y", REAL, G (scale_y), 1e-9, 1e9 },
  { "offset_x", REAL, G (offset_x), -1e9, 1e9 },       { "offset_y", REAL, G (offset_y), -1e9, 1e9 },
  { "view_x0", REAL, G (view_x0), 0, 1 << 16 },        { "view_y0", REAL, G (view_y0), 0, 1 << 16 },
  { "view_x1", REAL, G (view_x1), 0, 1 << 16 },        { "view_y1", REAL, G (view_y1), 0, 1 << 16 },
};

static const Field step_fields[] = {
  { "step", INT, S (step), 0, MOST_STEPS },
  { "loss", REAL, S (loss), -1e300, 1e300 },
  { "prediction_loss", REAL, S (prediction_loss), -1e300, 1e300 },
  { "mask_loss", REAL, S (mask_loss), -1e300, 1e300 },
  { "inverse_loss", REAL, S (inverse_loss), -1e300, 1e300 },
  { "auc", REAL, S (auc), -1e300, 1e300 },
  { "target_score", REAL, S (target_score), -1e300, 1e300 },
  { "mask_mean", REAL, S (mask_mean), -1e300, 1e300 },
};

/* Counts too large for a double travel as text. */
static const Field count_fields[] = {
  { "seed", TEXT, P (seed), 0, 0 },
  { "passes_forward", TEXT, P (passes_forward), 0, 0 },
  { "passes_backward", TEXT, P (passes_backward), 0, 0 },
};

static const char *const upsample_ids[] = { "bilinear", "nearest", NULL };
static const char *const sign_ids[] = { "unsigned", "signed", NULL };

/* ---- writing ---- */

static void
add_number (JsonBuilder *b, const char *key, double value)
{
  json_builder_set_member_name (b, key);
  if (isfinite (value))
    json_builder_add_double_value (b, value);
  else
    json_builder_add_null_value (b);
}

static void
add_text (JsonBuilder *b, const char *key, const char *value)
{
  json_builder_set_member_name (b, key);
  json_builder_add_string_value (b, value ? value : "");
}

static void
add_int (JsonBuilder *b, const char *key, gint64 value)
{
  json_builder_set_member_name (b, key);
  json_builder_add_int_value (b, value);
}

static void
add_fields (JsonBuilder *b, const Field *fields, guint n, gconstpointer record)
{
  for (guint i = 0; i < n; i++)
    {
      gconstpointer at = G_STRUCT_MEMBER_P (record, fields[i].offset);
      const char *text = fields[i].kind <= SOME_TEXT ? *(char *const *)at : NULL;
      if (fields[i].kind == TEXT || (text && *text))
        add_text (b, fields[i].key, text);
      else if (fields[i].kind == SOME_TEXT)
        continue;
      else if (fields[i].kind == INT)
        add_int (b, fields[i].key, *(const int *)at);
      else
        add_number (b, fields[i].key, *(const double *)at);
    }
}

static void
add_counts (JsonBuilder *b, const EngProvenance *p)
{
  for (guint i = 0; i < G_N_ELEMENTS (count_fields); i++)
    {
      guint64 count = G_STRUCT_MEMBER (guint64, p, count_fields[i].offset);
      g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, count);
      add_text (b, count_fields[i].key, text);
    }
  add_int (b, "done", p->done);
  add_int (b, "total", p->total);
}

static void
add_notes (JsonBuilder *b, const GPtrArray *notes)
{
  json_builder_set_member_name (b, "notes");
  json_builder_begin_array (b);
  for (guint i = 0; i < notes->len; i++)
    {
      const EngNote *note = notes->pdata[i];
      json_builder_begin_object (b);
      add_text (b, "id", note->id);
      add_number (b, "value", note->value);
      add_text (b, "text", note->text);
      json_builder_end_object (b);
    }
  json_builder_end_array (b);
}

/* (transfer full) */
static char *
describe (const EngHeatmap *self)
{
  int n;
  const EngTrajectoryStep *steps = eng_heatmap_trajectory (self, &n);
  const EngProvenance *p = eng_heatmap_provenance (self);
  g_autoptr (JsonBuilder) b = json_builder_new ();
  json_builder_begin_object (b);
  add_int (b, "channels", eng_heatmap_channels (self));
  add_int (b, "rows", eng_heatmap_rows (self));
  add_int (b, "cols", eng_heatmap_cols (self));
  add_text (b, "sign", sign_ids[eng_heatmap_sign (self)]);
  add_text (b, "upsample", upsample_ids[eng_heatmap_upsample_kind (self)]);
  add_fields (b, geometry_fields, G_N_ELEMENTS (geometry_fields), eng_heatmap_geometry (self));
  add_fields (b, provenance_fields, G_N_ELEMENTS (provenance_fields), p);
  add_counts (b, p);
  add_notes (b, p->notes);
  json_builder_set_member_name (b, "trajectory");
  json_builder_begin_array (b);
  for (int i = 0; i < n; i++)
    {
      json_builder_begin_object (b);
      add_fields (b, step_fields, G_N_ELEMENTS (step_fields), &steps[i]);
      json_builder_end_object (b);
    }
  json_builder_end_array (b);
  json_builder_end_object (b);
  g_autoptr (JsonNode) root = json_builder_get_root (b);
  return json_to_string (root, FALSE);
}

static void
append_floats (GByteArray *out, const float *values, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      guint32 bits;
      memcpy (&bits, &values[i], sizeof bits);
      bits = GUINT32_TO_LE (bits);
      g_byte_array_append (out, (const guint8 *)&bits, sizeof bits);
    }
}

GBytes *
eng_heatmap_encode (const EngHeatmap *self)
{
  int n;
  const EngTrajectoryStep *steps = eng_heatmap_trajectory (self, &n);
  gsize cells = (gsize)eng_heatmap_rows (self) * eng_heatmap_cols (self);
  g_autofree char *text = describe (self);
  g_autofree char *head = g_strdup_printf (MAGIC "%" G_GSIZE_FORMAT "\n", strlen (text));
  GByteArray *out = g_byte_array_new ();
  g_byte_array_append (out, (const guint8 *)head, (guint)strlen (head));
  g_byte_array_append (out, (const guint8 *)text, (guint)strlen (text));
  append_floats (out, eng_heatmap_values (self), cells * eng_heatmap_channels (self));
  for (int i = 0; i < n; i++)
    append_floats (out, steps[i].mask, cells);
  return g_byte_array_free_to_bytes (out);
}

/* ---- reading ---- */

static gboolean
read_text (const EngJson *json, const char *key, char **out, GError **error)
{
  JsonNode *node = json_object_get_member (json->object, key);
  if (!node || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return eng_json_fail (json, key, "a text", error);
  g_free (*out);
  *out = g_strdup (json_node_get_string (node));
  return TRUE;
}

static gboolean
read_int (const EngJson *json, const char *key, double lo, double hi, int *out, GError **error)
{
  if (!eng_json_has (json, key))
    return eng_json_fail (json, key, "a whole number", error);
  return eng_json_int (json, key, (int)lo, (int)hi, out, error);
}

static gboolean
read_fields (const EngJson *json, const Field *fields, guint n, gpointer record, GError **error)
{
  for (guint i = 0; i < n; i++)
    {
      const Field *f = &fields[i];
      gpointer at = G_STRUCT_MEMBER_P (record, f->offset);
      gboolean ok;
      if (f->kind == SOME_TEXT && !eng_json_has (json, f->key))
        continue;
      if (f->kind <= SOME_TEXT)
        ok = read_text (json, f->key, at, error);
      else if (f->kind == INT)
        ok = read_int (json, f->key, f->lo, f->hi, at, error);
      else
        {
          *(double *)at = NAN;
          ok = eng_json_double (json, f->key, f->lo, f->hi, at, error);
        }
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_counts (const EngJson *json, EngProvenance *p, GError **error)
{
  int done = 0, total = 0;
  for (guint i = 0; i < G_N_ELEMENTS (count_fields); i++)
    {
      g_autofree char *text = NULL;
      guint64 *out = G_STRUCT_MEMBER_P (p, count_fields[i].offset);
      if (!read_text (json, count_fields[i].key, &text, error))
        return FALSE;
      if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, out, NULL))
        return eng_json_fail (json, count_fields[i].key, "a whole number in a text", error);
    }
  if (!read_int (json, "done", 0, G_MAXINT, &done, error) || !read_int (json, "total", 0, G_MAXINT, &total, error))
    return FALSE;
  p->done = (guint)done;
  p->total = (guint)total;
  return TRUE;
}

static gboolean
array_at (const EngJson *json, const char *key, guint most, JsonArray **out, GError **error)
{
  JsonNode *node = json_object_get_member (json->object, key);
  if (!node || !JSON_NODE_HOLDS_ARRAY (node) || json_array_get_length (json_node_get_array (node)) > most)
    return eng_json_fail (json, key, "an array of sensible length", error);
  *out = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (*out); i++)
    if (!JSON_NODE_HOLDS_OBJECT (json_array_get_element (*out, i)))
      return eng_json_fail (json, key, "an array of objects", error);
  return TRUE;
}

static gboolean
read_notes (const EngJson *json, EngProvenance *p, GError **error)
{
  JsonArray *array;
  if (!array_at (json, "notes", MOST_NOTES, &array, error))
    return FALSE;
  p->notes = eng_notes_new ();
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      EngJson one = { json_array_get_object_element (array, i), json->origin, "notes." };
      EngNote *note = g_new0 (EngNote, 1);
      note->value = NAN;
      g_ptr_array_add (p->notes, note);
      if (!read_text (&one, "id", &note->id, error) || !read_text (&one, "text", &note->text, error)
          || !eng_json_double (&one, "value", -1e300, 1e300, &note->value, error))
        return FALSE;
    }
  return TRUE;
}

/* What a description says before it is known whether the values fit. */
typedef struct
{
  int channels, rows, cols, sign, upsample;
  EngGeometry geometry;
  EngProvenance provenance;
  JsonArray *steps; /* borrowed */
} Description;

static gboolean
read_description (const EngJson *json, Description *d, GError **error)
{
  if (!read_int (json, "channels", 1, 16, &d->channels, error)
      || !read_int (json, "rows", 1, 1 << 14, &d->rows, error)
      || !read_int (json, "cols", 1, 1 << 14, &d->cols, error)
      || !eng_json_choice (json, "sign", sign_ids, &d->sign, error)
      || !eng_json_choice (json, "upsample", upsample_ids, &d->upsample, error)
      || !read_fields (json, geometry_fields, G_N_ELEMENTS (geometry_fields), &d->geometry, error)
      || !read_fields (json, provenance_fields, G_N_ELEMENTS (provenance_fields), &d->provenance, error)
      || !read_counts (json, &d->provenance, error) || !read_notes (json, &d->provenance, error)
      || !array_at (json, "trajectory", MOST_STEPS, &d->steps, error))
    return FALSE;
  if ((gint64)d->channels * d->rows * d->cols > MOST_CELLS)
    return eng_json_fail (json, "rows", "a grid of at most 67 million values", error);
  return TRUE;
}

static void
take_floats (float *out, const guint8 *data, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      guint32 bits;
      memcpy (&bits, data + i * sizeof bits, sizeof bits);
      bits = GUINT32_FROM_LE (bits);
      memcpy (&out[i], &bits, sizeof bits);
    }
}

static gboolean
all_finite (const float *values, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (!isfinite (values[i]))
      return FALSE;
  return TRUE;
}

static gboolean
read_steps (const EngJson *json, const Description *d, EngHeatmap *map, const guint8 *data, GError **error)
{
  guint n = json_array_get_length (d->steps);
  gsize cells = (gsize)d->rows * d->cols;
  EngTrajectoryStep *steps = g_new0 (EngTrajectoryStep, n);
  gboolean ok = TRUE;
  for (guint i = 0; i < n; i++)
    {
      EngJson one = { json_array_get_object_element (d->steps, i), json->origin, "trajectory." };
      steps[i].mask = g_new (float, cells);
      take_floats (steps[i].mask, data + i * cells * sizeof (float), cells);
      ok = ok && read_fields (&one, step_fields, G_N_ELEMENTS (step_fields), &steps[i], error);
    }
  if (n)
    eng_heatmap_take_trajectory (map, steps, (int)n);
  else
    g_free (steps);
  return ok;
}

static EngHeatmap *
restore (const EngJson *json, const guint8 *data, gsize length, GError **error)
{
  Description d = { 0 };
  EngHeatmap *map = NULL;
  if (read_description (json, &d, error))
    {
      gsize cells = (gsize)d.rows * d.cols, n = cells * d.channels;
      gsize need = sizeof (float) * (n + cells * json_array_get_length (d.steps));
      g_autofree float *values = length == need ? g_new (float, n) : NULL;
      if (!values)
        eng_fail (error, ENG_ERROR_INVALID,
                  "%s is damaged: it holds %" G_GSIZE_FORMAT " bytes of values, not %" G_GSIZE_FORMAT ".",
                  json->origin, length, need);
      else
        {
          take_floats (values, data, n);
          if (!all_finite (values, n))
            eng_fail (error, ENG_ERROR_INVALID, "%s is damaged: it holds values that are not numbers.", json->origin);
          else
            map = eng_heatmap_new (values, d.channels, d.rows, d.cols, (EngSign)d.sign, (EngUpsample)d.upsample,
                                   &d.geometry, &d.provenance);
          if (map && !read_steps (json, &d, map, data + n * sizeof (float), error))
            g_clear_pointer (&map, eng_heatmap_unref);
        }
    }
  eng_provenance_clear (&d.provenance);
  return map;
}

EngHeatmap *
eng_heatmap_decode (GBytes *bytes, const char *origin, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size), *end = data + size;
  const char *line =
      size > strlen (MAGIC) && memcmp (data, MAGIC, strlen (MAGIC)) == 0 ? data + strlen (MAGIC) : NULL;
  const char *stop = line ? memchr (line, '\n', MIN ((gsize)(end - line), 12)) : NULL;
  g_autofree char *digits = stop ? g_strndup (line, stop - line) : NULL;
  guint64 length = 0;
  if (!stop || end - stop < 3
      || !g_ascii_string_to_unsigned (digits, 10, 2, (guint64)(end - stop - 1), &length, NULL))
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s is not a map of this program, or it is cut short.", origin);
      return NULL;
    }
  g_autoptr (JsonNode) root = eng_json_parse (stop + 1, (gssize)length, origin, error);
  if (!root)
    return NULL;
  EngJson json = { json_node_get_object (root), origin, "" };
  return restore (&json, (const guint8 *)stop + 1 + length, (gsize)(end - stop - 1) - length, error);
}
