/* A few of many cells: Gumbel's numbers, the relaxed selection and its limit, the largest ones afterwards. */
#include "engine.h"

#include "random.h"
#include "support.h"
#include "toy-nets.h"
#include "train/kind.h"
#include "train/kinds/subset.h"

#include <math.h>
#include <string.h>

enum
{
  CELLS = 12,
  DRAWS = 4
};

static const EngExplainerKind *kind; /* whose parameters a net is given; none of them matters here */

static double sharpness; /* of build_draw(); tests run one after the other */

/* One weight for each logit, and the mean of the relaxed selection as loss; the largest of a row that is given. */
static gboolean
build_draw (EngNet *net, GError **error)
{
  EngShape row = ENG_SHAPE (1, 1, CELLS);
  EngValue *w = eng_net_weight (net, "logits", &row, ENG_INIT_NORMAL, 1);
  EngValue *noise = net->given = eng_subset_noise (net, DRAWS, CELLS);
  EngValue *v = eng_subset_draw (net, w, noise, sharpness, error);
  net->loss = eng_net_reduce (net, "ReduceMean", v, NULL, 0, FALSE, error);
  eng_net_add_output (net, "draw", v);
  eng_net_add_output (net, "top", eng_subset_top (net, eng_net_input (net, "row", &row), DRAWS, error));
  return net->loss != NULL;
}

static EngNet *
open_draw (EngModel *model, double s)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngValues) values = eng_kind_values (kind, model);
  sharpness = s;
  EngNet *net = eng_net_new (model, NULL, values, 1, 1, TRUE, build_draw, &error);
  g_assert_no_error (error);
  return net;
}

static void
test_draw (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 16 });
  static const double sharp[] = { 0.1, 10, 1e6 };
  for (guint i = 0; i < G_N_ELEMENTS (sharp); i++)
    {
      g_autoptr (EngNet) net = open_draw (model, sharp[i]);
      g_autoptr (GRand) random = g_rand_new_with_seed (3);
      for (int again = 0; again < 20; again++)
        {
          float v[CELLS], noise[DRAWS * CELLS], w[CELLS];
          eng_subset_feed (net, net->given, random);
          eng_pass_forward (net->pass);
          eng_pass_read (net->pass, net->outputs[0].value, v);
          eng_pass_read (net->pass, net->given, noise);
          eng_net_read_weights (net, w);
          int ones = 0;
          gboolean won[CELLS] = { FALSE };
          for (int j = 0; j < DRAWS; j++)
            {
              int best = 0;
              for (int c = 1; c < CELLS; c++)
                if (w[c] + noise[j * CELLS + c] > w[best] + noise[j * CELLS + best])
                  best = c;
              won[best] = TRUE;
            }
          for (int c = 0; c < CELLS; c++)
            {
              g_assert_cmpfloat (v[c], >=, 0);
              g_assert_cmpfloat (v[c], <=, 1);
              ones += v[c] == 1;
              if (sharp[i] == 1e6) /* the limit of temperature 0 */
                g_assert_cmpfloat (v[c], ==, won[c]);
            }
          g_assert_cmpint (ones, <=, DRAWS);
        }
    }
}

static void
test_top (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 16 });
  g_autoptr (EngNet) net = open_draw (model, 1);
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  float w[CELLS] = { 3, -1, 0.5f, 7, 2, -4, 0.1f, 6, 1, -2, -3, 0 }, v[CELLS], ranks[CELLS], picked[CELLS];
  eng_pass_write (net->pass, eng_graph_find (net->graph, "row"), w);
  eng_subset_feed (net, net->given, random);
  eng_pass_forward (net->pass);
  eng_pass_read (net->pass, net->outputs[1].value, v);
  eng_subset_pick (w, CELLS, DRAWS, picked);
  for (int c = 0; c < CELLS; c++)
    g_assert_cmpfloat (v[c], ==, w[c] >= 2);
  g_assert_cmpmem (v, sizeof v, picked, sizeof picked);
  eng_subset_ranks (w, CELLS, ranks);
  g_assert_cmpfloat (ranks[3], ==, 1);
  g_assert_cmpfloat (ranks[5], ==, 0);
  g_assert_cmpfloat_with_epsilon (ranks[4], 8 / 11.0, 1e-6);
  memset (w, 0, sizeof w); /* of equals the first, and no more of them */
  w[6] = 1;
  eng_pass_write (net->pass, eng_graph_find (net->graph, "row"), w);
  eng_pass_forward (net->pass);
  eng_pass_read (net->pass, net->outputs[1].value, v);
  eng_subset_pick (w, CELLS, DRAWS, picked);
  for (int c = 0; c < CELLS; c++)
    g_assert_cmpfloat (v[c], ==, c < 3 || c == 6);
  g_assert_cmpmem (v, sizeof v, picked, sizeof picked);
  w[3] = w[7] = 7; /* two are the largest: they share the two highest ranks */
  eng_subset_ranks (w, CELLS, ranks);
  g_assert_cmpfloat_with_epsilon (ranks[3], 10.5 / 11, 1e-6);
  g_assert_cmpfloat (ranks[3], ==, ranks[7]);
}

/* Gumbel's distribution has mean 0.5772 and variance pi^2 / 6. */
static void
test_noise (void)
{
  enum
  {
    N = 20000
  };
  g_autofree float *v = g_new (float, N);
  g_autoptr (GRand) random = g_rand_new_with_seed (2);
  double sum = 0, squares = 0;
  eng_random_fill_gumbel (random, v, N);
  for (int i = 0; i < N; i++)
    {
      sum += v[i];
      squares += (double)v[i] * v[i];
    }
  double mean = sum / N;
  g_assert_cmpfloat_with_epsilon (mean, 0.57722, 0.03);
  g_assert_cmpfloat_with_epsilon (squares / N - mean * mean, G_PI * G_PI / 6, 0.06);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kind = eng_kind_find ("l2x", NULL);
  g_test_add_func ("/train-subset/noise", test_noise);
  g_test_add_func ("/train-subset/draw", test_draw);
  g_test_add_func ("/train-subset/top", test_top);
  return g_test_run ();
}
