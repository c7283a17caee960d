/* See mask.h. */
#include "ui/mask.h"

#include <math.h>
#include <string.h>

#define MOST_SIDE 1e6
#define MOST_INPUT 8192 /* of a model's input; a file that says more is not ours */

struct _UiMask
{
  EngGeometry geometry;
  int painted;
  guint8 *pixels;
};

UiMask *
ui_mask_new (const EngGeometry *geometry)
{
  UiMask *self = g_new0 (UiMask, 1);
  self->geometry = *geometry;
  self->pixels = g_malloc0 ((gsize)geometry->input_width * geometry->input_height);
  return self;
}

void
ui_mask_free (UiMask *self)
{
  if (!self)
    return;
  g_free (self->pixels);
  g_free (self);
}

const EngGeometry *
ui_mask_geometry (const UiMask *self)
{
  return &self->geometry;
}

int
ui_mask_n (const UiMask *self)
{
  return self->geometry.input_width * self->geometry.input_height;
}

int
ui_mask_painted (const UiMask *self)
{
  return self->painted;
}

const guint8 *
ui_mask_pixels (const UiMask *self)
{
  return self->pixels;
}

/* ---- painting ---- */

static gboolean
put (UiMask *self, int x, int y, guint8 value)
{
  guint8 *pixel = self->pixels + (gsize)y * self->geometry.input_width + x;
  if (*pixel == value)
    return FALSE;
  *pixel = value;
  self->painted += value ? 1 : -1;
  return TRUE;
}

/* Squared distance of a point from the line between two others. */
static double
distance2 (double x, double y, double x0, double y0, double x1, double y1)
{
  double dx = x1 - x0, dy = y1 - y0, length2 = dx * dx + dy * dy;
  double t = length2 > 0 ? CLAMP (((x - x0) * dx + (y - y0) * dy) / length2, 0, 1) : 0;
  double ex = x0 + t * dx - x, ey = y0 + t * dy - y;
  return ex * ex + ey * ey;
}

/* The range of pixels whose centres lie within @radius of @a .. @b; FALSE: none of @n. */
static gboolean
range (double a, double b, double radius, int n, int *first, int *last)
{
  double lo = ceil (MIN (a, b) - radius - 0.5), hi = floor (MAX (a, b) + radius - 0.5);
  if (!(hi >= 0 && lo <= n - 1)) /* nor where a value is no number */
    return FALSE;
  *first = (int)MAX (lo, 0);
  *last = (int)MIN (hi, n - 1);
  return TRUE;
}

gboolean
ui_mask_stroke (UiMask *self, double x0, double y0, double x1, double y1, double radius, gboolean erase)
{
  const EngGeometry *g = &self->geometry;
  int left, right, top, bottom;
  gboolean changed = FALSE;
  x0 = (x0 - g->offset_x) / g->scale_x;
  x1 = (x1 - g->offset_x) / g->scale_x;
  y0 = (y0 - g->offset_y) / g->scale_y;
  y1 = (y1 - g->offset_y) / g->scale_y;
  if (x1 >= 0 && y1 >= 0 && x1 < g->input_width && y1 < g->input_height)
    changed = put (self, (int)x1, (int)y1, !erase);
  if (!range (x0, x1, radius, g->input_width, &left, &right)
      || !range (y0, y1, radius, g->input_height, &top, &bottom))
    return changed;
  for (int y = top; y <= bottom; y++)
    for (int x = left; x <= right; x++)
      if (distance2 (x + 0.5, y + 0.5, x0, y0, x1, y1) <= radius * radius)
        changed |= put (self, x, y, !erase);
  return changed;
}

gboolean
ui_mask_clear (UiMask *self)
{
  gboolean changed = self->painted > 0;
  memset (self->pixels, 0, (gsize)ui_mask_n (self));
  self->painted = 0;
  return changed;
}

EngHeatmap *
ui_mask_to_map (const UiMask *self, const char *image_sha256, const char *image_name)
{
  const EngGeometry *g = &self->geometry;
  int n = ui_mask_n (self);
  g_autofree float *values = g_new (float, n);
  for (int i = 0; i < n; i++)
    values[i] = self->pixels[i];
  EngProvenance from = { .model_sha256 = g_strdup (""),
                         .model_name = g_strdup (""),
                         .image_sha256 = g_strdup (image_sha256),
                         .image_name = g_strdup (image_name),
                         .preprocessing = g_strdup (""),
                         .preprocessing_origin = g_strdup (""),
                         .class_name = g_strdup (""),
                         .probability = NAN,
                         .contrast_index = -1,
                         .contrast_name = g_strdup (""),
                         .method_id = g_strdup (UI_MASK_METHOD),
                         .method_name = g_strdup ("Own mask"),
                         .values = g_strdup ("{}"),
                         .layer = g_strdup (""),
                         .version = g_strdup (ENG_VERSION),
                         .kernels = g_strdup (""),
                         .selected = g_strdup_printf ("%.1f %% painted", 100.0 * self->painted / n),
                         .unit = g_strdup (""),
                         .convergence = NAN };
  return eng_heatmap_new (values, 1, g->input_height, g->input_width, ENG_SIGN_UNSIGNED, ENG_UPSAMPLE_NEAREST, g,
                          &from);
}

/* ---- as text ---- */

/* Widths and heights of picture and input; how one lies on the other. */
static void
add_numbers (JsonObject *out, const char *key, const double *numbers, int n)
{
  JsonArray *array = json_array_new ();
  for (int i = 0; i < n; i++)
    json_array_add_double_element (array, numbers[i]);
  json_object_set_array_member (out, key, array);
}

void
ui_mask_save (const UiMask *self, JsonObject *out)
{
  const EngGeometry *g = &self->geometry;
  const double sizes[] = { g->image_width, g->image_height, g->input_width, g->input_height };
  const double place[] = { g->scale_x, g->scale_y, g->offset_x, g->offset_y,
                           g->view_x0, g->view_y0, g->view_x1,  g->view_y1 };
  JsonArray *runs = json_array_new ();
  int n = ui_mask_n (self), start = 0;
  guint8 value = 0;
  for (int i = 0; i <= n; i++)
    if (i == n || self->pixels[i] != value)
      {
        json_array_add_int_element (runs, i - start);
        start = i;
        value = !value;
      }
  add_numbers (out, "sizes", sizes, G_N_ELEMENTS (sizes));
  add_numbers (out, "place", place, G_N_ELEMENTS (place));
  json_object_set_array_member (out, "runs", runs);
}

static gboolean
read_geometry (const EngJson *in, EngGeometry *out, GError **error)
{
  double size[4] = { 0 }, place[8] = { 0 };
  if (!eng_json_numbers (in, "sizes", 4, 1, MOST_SIDE, size, NULL, error)
      || !eng_json_numbers (in, "place", 8, -1e6, 1e6, place, NULL, error))
    return FALSE;
  if (size[2] < 1 || size[2] > MOST_INPUT || size[3] < 1 || size[3] > MOST_INPUT || size[0] < 1 || size[1] < 1)
    return eng_json_fail (in, "sizes", "widths and heights of a picture and a model's input", error);
  if (!(place[0] > 0 && place[1] > 0))
    return eng_json_fail (in, "place", "scales and offsets of a model's input", error);
  *out = (EngGeometry){ (int)size[0], (int)size[1], (int)size[2], (int)size[3], place[0], place[1],
                        place[2],     place[3],     place[4],     place[5],     place[6], place[7] };
  return TRUE;
}

UiMask *
ui_mask_load (const EngJson *in, GError **error)
{
  EngGeometry geometry;
  if (!read_geometry (in, &geometry, error))
    return NULL;
  JsonArray *runs = eng_json_is_array (in, "runs") ? json_object_get_array_member (in->object, "runs") : NULL;
  g_autoptr (UiMask) self = ui_mask_new (&geometry);
  gint64 at = 0, n = ui_mask_n (self);
  gboolean good = runs != NULL;
  for (guint i = 0; good && i < json_array_get_length (runs); i++)
    {
      JsonNode *node = json_array_get_element (runs, i);
      gboolean whole = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64;
      gint64 run = whole ? json_node_get_int (node) : -1;
      good = run >= 0 && run <= n - at;
      if (good && i % 2)
        {
          memset (self->pixels + at, 1, (gsize)run);
          self->painted += (int)run;
        }
      at += good ? run : 0;
    }
  if (good && at == n)
    return g_steal_pointer (&self);
  eng_json_fail (in, "runs", "lengths of runs that make up the whole mask", error);
  return NULL;
}
