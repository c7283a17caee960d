/* See layer-maps.h. */
#include "layer-maps.h"

#include "nn/pass.h"

static void
layer_map_clear (EngLayerMap *self)
{
  g_free (self->mean);
}

float *
eng_model_input (EngModel *model, EngImage *image, GError **error)
{
  const EngPreprocess *p = eng_model_preprocess (model);
  gsize plane = (gsize)p->width * p->height;
  g_autofree guint8 *view = eng_preprocess_view (p, image, error);
  if (!view)
    return NULL;
  g_autofree float *pixels = g_new (float, 3 * plane);
  float *input = g_new (float, p->channels *plane);
  eng_preprocess_pixels (p, view, pixels);
  eng_preprocess_normalise (p, pixels, input);
  return input;
}

static float *
channel_mean (EngPass *pass, EngValue *value, const EngTarget *target)
{
  gsize cells = (gsize)target->rows * target->cols, channels = (gsize)eng_target_channels (target);
  g_autofree float *stored = g_new (float, (gsize)eng_shape_count (&target->shape));
  g_autofree float *planes = g_new (float, channels *cells);
  float *mean = g_new0 (float, cells);
  eng_pass_read (pass, value, stored);
  eng_target_gather (target, stored, planes);
  for (gsize c = 0; c < channels; c++)
    for (gsize i = 0; i < cells; i++)
      mean[i] += planes[c * cells + i] / (float)channels;
  return mean;
}

GArray *
eng_layer_maps_new (EngModel *model, EngImage *image, GError **error)
{
  int n;
  const EngTarget *targets = eng_model_targets (model, &n);
  g_autofree float *input = eng_model_input (model, image, error);
  g_autoptr (EngGraph) graph = input ? eng_model_graph (model, 1, error) : NULL;
  if (!graph)
    return NULL;
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  for (int i = 0; i < n; i++)
    if (targets[i].kind != ENG_TARGET_ATTENTION)
      eng_pass_want (pass, eng_graph_find (graph, targets[i].name));
  if (!eng_pass_prepare (pass, error))
    return NULL;
  eng_pass_write (pass, eng_graph_image (graph), input);
  eng_pass_forward (pass);
  GArray *found = g_array_new (FALSE, FALSE, sizeof (EngLayerMap));
  g_array_set_clear_func (found, (GDestroyNotify)layer_map_clear);
  for (int i = 0; i < n; i++)
    if (targets[i].kind != ENG_TARGET_ATTENTION)
      {
        EngLayerMap row = { &targets[i], channel_mean (pass, eng_graph_find (graph, targets[i].name), &targets[i]) };
        g_array_append_val (found, row);
      }
  return found;
}

const char *
eng_target_why (EngModel *model, const EngTarget *target)
{
  const EngTarget *last = eng_model_default_target (model), *cam = eng_model_default_cam_target (model);
  if (target->rows * target->cols == 1)
    return "a single cell: no map";
  if (target == last && target == cam)
    return target->kind == ENG_TARGET_TOKENS ? "the last grid of tokens" : "the last layer with a grid";
  if (target == cam)
    return "the last one whose every cell reaches the scores";
  if (target == last)
    return "the last grid; not every cell reaches the scores";
  if (last && target > last)
    return "after the last grid that counts";
  if (last && target->rows * target->cols > last->rows * last->cols)
    return "finer, less of the class";
  return "the same grid, earlier";
}
