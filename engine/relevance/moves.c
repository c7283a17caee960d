/* Operators that only move elements. Where each element goes is asked of the operator itself: it is run once on the
 * numbers 0, 1, 2, ..., which floats hold exactly up to 2^24. So no layout is written down twice, and relevance can
 * be moved back the way the values came. */
#include "../nn/pass.h"
#include "doubles.h"

#include <string.h>

#define MOST_ELEMENTS (1 << 24)

static const struct
{
  const char *name;
  gboolean all; /* every input holds elements, not only the first */
} moves[] = {
  { "Concat", TRUE },  { "Dropout", FALSE },  { "Expand", FALSE },    { "Flatten", FALSE },
  { "Gather", FALSE }, { "Identity", FALSE }, { "Reshape", FALSE },   { "Slice", FALSE },
  { "Split", FALSE },  { "Squeeze", FALSE },  { "Transpose", FALSE }, { "Unsqueeze", FALSE },
};

static int
find_move (const EngNode *node)
{
  for (guint i = 0; i < G_N_ELEMENTS (moves); i++)
    if (strcmp (moves[i].name, node->op->name) == 0)
      return (int)i;
  return -1;
}

int
eng_move_n_inputs (const EngNode *node)
{
  return moves[find_move (node)].all ? node->n_inputs : 1;
}

gboolean
eng_move_is (const EngNode *node)
{
  int64_t total = 0;
  if (find_move (node) < 0)
    return FALSE;
  int n = eng_move_n_inputs (node);
  for (int i = 0; i < node->n_inputs; i++)
    if (i < n)
      {
        if (!node->inputs[i] || node->inputs[i]->dtype != ENG_DTYPE_FLOAT)
          return FALSE;
        total += eng_shape_count (&node->inputs[i]->shape);
      }
    else if (node->inputs[i] && !node->inputs[i]->constant)
      return FALSE;
  return total < MOST_ELEMENTS;
}

/* The node alone, on inputs of its own. */
static EngGraph *
graph_of (const EngNode *node, int k, EngValue **inputs, EngValue **output)
{
  g_autoptr (EngGraph) graph = eng_graph_new ();
  int n = eng_move_n_inputs (node);
  for (int i = 0; i < n; i++)
    inputs[i] = eng_graph_add_input (graph, NULL, ENG_DTYPE_FLOAT, &node->inputs[i]->shape);
  if (!eng_graph_append (graph, node->graph, "", node->inputs, inputs, n, &node->outputs[k], output, 1, NULL))
    return NULL;
  eng_graph_add_output (graph, *output);
  eng_graph_freeze (graph);
  return g_steal_pointer (&graph);
}

int32_t *
eng_move_map (const EngNode *node, int k)
{
  int n = eng_move_n_inputs (node);
  int64_t first = 0, count = eng_shape_count (&node->outputs[k]->shape);
  g_autofree EngValue **inputs = g_new0 (EngValue *, n);
  EngValue *output = NULL;
  g_autoptr (EngGraph) graph = graph_of (node, k, inputs, &output);
  g_assert (graph); /* it was built once before */
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  eng_pass_want (pass, output);
  if (!eng_pass_prepare (pass, NULL))
    g_error ("no memory for %" G_GINT64_FORMAT " numbers", count);
  for (int i = 0; i < n; i++)
    {
      int64_t size = eng_shape_count (&inputs[i]->shape);
      g_autofree float *numbers = g_new (float, size);
      for (int64_t j = 0; j < size; j++)
        numbers[j] = (float)(first + j);
      eng_pass_write (pass, inputs[i], numbers);
      first += size;
    }
  g_autofree float *moved = g_new (float, count);
  int32_t *map = g_new (int32_t, count);
  eng_pass_forward (pass);
  eng_pass_read (pass, output, moved);
  for (int64_t i = 0; i < count; i++)
    map[i] = (int32_t)moved[i];
  return map;
}

void
eng_move_forward (const EngNode *node, const double *const *in, double *const *out)
{
  int n = eng_move_n_inputs (node);
  g_autofree int64_t *ends = g_new (int64_t, n);
  for (int i = 0; i < n; i++)
    ends[i] = (i ? ends[i - 1] : 0) + eng_shape_count (&node->inputs[i]->shape);
  for (int k = 0; k < node->n_outputs; k++)
    {
      if (!out[k])
        continue;
      g_autofree int32_t *map = eng_move_map (node, k);
      int64_t count = eng_shape_count (&node->outputs[k]->shape);
      for (int64_t i = 0; i < count; i++)
        {
          int from = 0;
          while (map[i] >= ends[from])
            from++;
          out[k][i] = in[from][map[i] - (from ? ends[from - 1] : 0)];
        }
    }
}
