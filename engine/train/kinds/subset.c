/* See subset.h. */
#include "subset.h"

#include "../../random.h"

EngValue *
eng_subset_noise (EngNet *net, int k, int n)
{
  EngShape draws = ENG_SHAPE (net->batch, k, n);
  return eng_net_input (net, "noise", &draws);
}

void
eng_subset_feed (EngNet *net, EngValue *noise, GRand *random)
{
  gsize n = (gsize)eng_shape_count (&noise->shape);
  g_autofree float *values = g_new (float, n);
  eng_random_fill_gumbel (random, values, n);
  eng_pass_write (net->pass, noise, values);
}

EngValue *
eng_subset_draw (EngNet *net, EngValue *logits, EngValue *noise, double sharpness, GError **error)
{
  EngValue *v = eng_net_op (net, error, "Add", logits, noise);
  v = eng_net_softmax (net, eng_net_op (net, error, "Mul", v, eng_net_scalar (net, sharpness)), 2, FALSE, error);
  return eng_net_reduce (net, "ReduceMax", v, (int64_t[]){ 1 }, 1, TRUE, error);
}

EngValue *
eng_subset_top (EngNet *net, EngValue *logits, int k, GError **error)
{
  EngValue *in[] = { logits, eng_net_ints (net, (int64_t[]){ k }, 1) }, *top[2];
  if (!logits || !eng_graph_add_node (net->graph, "TopK", 18, NULL, NULL, in, 2, NULL, top, 2, error))
    return NULL;
  EngShape pair = ENG_SHAPE (2);
  EngValue *places =
      eng_graph_op (net->graph, error, "OneHot", eng_attrs_int (eng_attrs_new (), "axis", -1), 3, top[1],
                    eng_net_ints (net, &logits->shape.dim[2], 1), eng_net_floats (net, (float[]){ 0, 1 }, &pair));
  return eng_net_reduce (net, "ReduceSum", places, (int64_t[]){ 2 }, 1, FALSE, error);
}

void
eng_subset_ranks (const float *logits, int n, float *ranks)
{
  for (int i = 0; i < n; i++)
    {
      int smaller = 0, equal = -1;
      for (int k = 0; k < n; k++)
        {
          smaller += logits[k] < logits[i];
          equal += logits[k] == logits[i];
        }
      ranks[i] = (float)((smaller + 0.5 * equal) / MAX (n - 1, 1));
    }
}

void
eng_subset_pick (const float *logits, int n, int k, float *picked)
{
  for (int i = 0; i < n; i++)
    {
      int before = 0;
      for (int j = 0; j < n; j++)
        before += logits[j] > logits[i] || (logits[j] == logits[i] && j < i);
      picked[i] = before < k;
    }
}
