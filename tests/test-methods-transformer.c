/* Methods that read attention, on small transformers with and without class token, on grids that are not square:
 * closed forms, definitions computed here from single passes, axioms of the relevance rules, costs and refusals; and
 * golden maps on the older opset, whose normalisations are written out (the newer one: test-golden-maps). */
#include "engine.h"
#include "methods/attention.h"
#include "nn/pass.h"
#include "npy.h"
#include "relevance/relevance.h"
#include "support.h"
#include "token-nets.h"

#include <math.h>
#include <string.h>

static const char *const ids[] = { "raw-attention", "rollout", "attention-grad-cam", "gae", "t-attr", "vit-cx" };

static const TokenNet nets[] = {
  { .rows = 3, .cols = 5, .prefix = 1, .blocks = 3, .heads = 2 },
  { .rows = 5, .cols = 3, .prefix = 0, .blocks = 2, .heads = 3 },
  { .rows = 4, .cols = 4, .prefix = 3, .blocks = 2, .heads = 2 },
  { .rows = 2, .cols = 6, .prefix = 1, .blocks = 1, .heads = 1 },
};

/* Attention of block @b and the gradient of the logit of TOKEN_CLASS: heads x N x N, (transfer full). */
static void
read_attention (EngModel *model, int b, float **a, float **g)
{
  int n;
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, &error);
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  g_autofree float *x = token_input (model);
  EngValue *v = eng_graph_find (graph, eng_model_attentions (model, &n)[b]->name);
  eng_pass_want (pass, v);
  eng_pass_want_grad (pass, v);
  eng_pass_set_root (pass, eng_graph_logits (graph));
  g_assert_true (eng_pass_prepare (pass, &error));
  eng_pass_write (pass, eng_graph_image (graph), x);
  eng_pass_forward (pass);
  float seed[TOKEN_CLASSES] = { 0 };
  seed[TOKEN_CLASS] = 1;
  eng_pass_backward (pass, seed);
  *a = g_new (float, eng_shape_count (&v->shape));
  *g = g_new (float, eng_shape_count (&v->shape));
  eng_pass_read (pass, v, *a);
  eng_pass_read_grad (pass, v, *g);
}

/* ---- what holds of every method on every net ---- */

static void
test_every (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (nets); i++)
    for (guint k = 0; k < G_N_ELEMENTS (ids); k++)
      {
        g_autoptr (EngModel) model = token_net_open (&nets[i]);
        const EngMethod *method = eng_method_find (ids[k], NULL);
        g_autoptr (EngHeatmap) map = token_run (model, ids[k], NULL, 0), again = token_run (model, ids[k], NULL, 0);
        const EngProvenance *p = eng_heatmap_provenance (map);
        int size = strcmp (ids[k], "vit-cx") ? 1 : 4; /* cells of this many pixels */
        double largest = 0;
        EngCost cost;
        g_assert_cmpint (eng_heatmap_rows (map), ==, nets[i].rows * size);
        g_assert_cmpint (eng_heatmap_cols (map), ==, nets[i].cols * size);
        for (int j = 0; j < token_cells (map); j++)
          {
            float v = eng_heatmap_values (map)[j];
            g_assert_true (isfinite (v) && (method->sign == ENG_SIGN_SIGNED || v >= 0));
            g_assert_cmpfloat (v, ==, eng_heatmap_values (again)[j]);
            largest = fmax (largest, fabsf (v));
          }
        g_assert_cmpfloat (largest, >, 0);
        g_autoptr (EngValues) values = token_values (method, model, NULL);
        if (!eng_method_passes (method, model, NULL, values, &cost))
          {
            g_assert_cmpstr (ids[k], ==, "vit-cx"); /* depends on the picture: 1 and two for each mask */
            g_assert_cmpuint (p->total, >, 0);
            cost = (EngCost){ 1 + 2 * p->total, 0 };
          }
        g_assert_cmpuint (p->passes_forward, ==, cost.forward);
        g_assert_cmpuint (p->passes_backward, ==, cost.backward);
      }
}

/* Logits that do not depend on the picture: nothing is relevant. What reads no logit does not know; ViT-CX's score of
 * every mask is then the probability itself, by its definition. */
static void
test_constant (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (nets); i++)
    for (guint k = 0; k < G_N_ELEMENTS (ids); k++)
      {
        TokenNet net = nets[i];
        net.constant = TRUE;
        g_autoptr (EngModel) model = token_net_open (&net);
        const EngMethod *method = eng_method_find (ids[k], NULL);
        g_autoptr (EngHeatmap) map = token_run (model, ids[k], NULL, 0);
        const EngProvenance *p = eng_heatmap_provenance (map);
        for (int j = 0; j < token_cells (map); j++)
          {
            float v = eng_heatmap_values (map)[j];
            if (!method->class_dependent)
              g_assert_true (isfinite (v) && v >= 0);
            else if (strcmp (ids[k], "vit-cx"))
              g_assert_cmpfloat (v, ==, 0);
            else /* rounding of a float, relative */
              g_assert_cmpfloat (fabs (v * p->total / p->probability - 1), <=, 1e-6);
          }
      }
}

/* ---- closed forms ---- */

/* With P = the matrix of 1 / N, (I + P) / 2 to the power of L is P + (I - P) / 2^L: 1 / N (1 - 2^-L) outside the
 * diagonal; and in the mean of all rows 1 / N, less I / 2^L, the residual path alone. */
static void
test_uniform (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (nets); i++)
    {
      TokenNet net = nets[i];
      net.uniform = TRUE;
      g_autoptr (EngModel) model = token_net_open (&net);
      g_autoptr (EngHeatmap) raw = token_run (model, "raw-attention", NULL, 0),
                             rollout = token_run (model, "rollout", NULL, 0);
      double each = 1.0 / (net.prefix + net.rows * net.cols), expected = each * (1 - pow (2, -net.blocks));
      for (int j = 0; j < token_cells (raw); j++)
        {
          /* rounding of the softmax in float */
          g_assert_cmpfloat (fabs (eng_heatmap_values (raw)[j] - each), <=, 1e-6 * each);
          g_assert_cmpfloat (fabs (eng_heatmap_values (rollout)[j] - expected), <=, 1e-6 * each);
        }
    }
}

/* Random rows that sum to one: so does every row of their rollout, and the residual path alone is a half for each
 * block. Start and normalisation do what they say. */
static void
test_rollout_rows (void)
{
  EngAttention at = { .blocks = 4, .tokens = 7, .prefix = 1, .rows = 2, .cols = 3, .square = 49 };
  g_autofree double *e = eng_attention_new_matrices (&at);
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  double row[7];
  for (int i = 0; i < 4 * 7; i++)
    {
      double sum = 0;
      for (int j = 0; j < 7; j++)
        sum += e[i * 7 + j] = g_rand_double (random);
      for (int j = 0; j < 7; j++)
        e[i * 7 + j] /= sum;
    }
  for (int start = 0; start <= 4; start++)
    for (int normalise = 0; normalise < 2; normalise++)
      for (at.prefix = 0; at.prefix < 2; at.prefix++)
        {
          double sum = 0;
          eng_attention_rollout (&at, e, start, normalise, row);
          for (int j = 0; j < 7; j++)
            sum += row[j];
          double alone = at.prefix ? 0 : normalise ? pow (2, start - 4) : 1;
          /* Without division every block doubles the sum. */
          g_assert_cmpfloat_with_epsilon (sum, (normalise ? 1 : pow (2, 4 - start)) - alone, 1e-12);
        }
  at.prefix = 1;
  eng_attention_rollout (&at, e, 3, TRUE, row);
  for (int j = 0; j < 7; j++)
    g_assert_cmpfloat_with_epsilon (row[j], (e[3 * 49 + j] + (j == 0)) / 2, 1e-15);
}

/* One block, by hand: raw attention, rollout with each fusion, GAE and attention Grad-CAM. */
static void
test_one_block (void)
{
  const TokenNet net = { .rows = 3, .cols = 4, .prefix = 1, .blocks = 1, .heads = 2 };
  enum
  {
    N = 13
  };
  g_autoptr (EngModel) model = token_net_open (&net);
  g_autofree float *a = NULL, *g = NULL;
  read_attention (model, 0, &a, &g);
  g_autoptr (EngHeatmap)
      raw = token_run (model, "raw-attention", NULL, 0),
      mean = token_run (model, "rollout", NULL, 0), most = token_run (model, "rollout", "fusion=max", 0),
      least = token_run (model, "rollout", "fusion=min", 0), gae = token_run (model, "gae", NULL, 0),
      cam = token_run (model, "attention-grad-cam", NULL, 0);
  double max_sum = 1, min_sum = 1, weight[2] = { 0, 0 };
  for (int j = 0; j < N; j++)
    {
      max_sum += fmax (a[j], a[N * N + j]);
      min_sum += fmin (a[j], a[N * N + j]);
      for (int h = 0; h < 2 && j > 0; h++)
        weight[h] += g[h * N * N + j] / (N - 1);
    }
  for (int j = 1; j < N; j++)
    {
      double first = a[j], second = a[N * N + j];
      double positive = (fmax (first * g[j], 0) + fmax (second * g[N * N + j], 0)) / 2;
      double weighted = fmax ((weight[0] * first + weight[1] * second) / 2, 0);
      /* rounding of a float; the pass is the same */
      g_assert_cmpfloat_with_epsilon (eng_heatmap_values (raw)[j - 1], (first + second) / 2, 1e-7);
      g_assert_cmpfloat_with_epsilon (eng_heatmap_values (mean)[j - 1], (first + second) / 4, 1e-7);
      g_assert_cmpfloat_with_epsilon (eng_heatmap_values (most)[j - 1], fmax (first, second) / max_sum, 1e-7);
      g_assert_cmpfloat_with_epsilon (eng_heatmap_values (least)[j - 1], fmin (first, second) / min_sum, 1e-7);
      g_assert_cmpfloat_with_epsilon (eng_heatmap_values (gae)[j - 1], positive, 1e-7);
      g_assert_cmpfloat_with_epsilon (eng_heatmap_values (cam)[j - 1], weighted, 1e-7);
    }
}

/* Discarding leaves the largest attentions, and none of them makes the class token's row itself alone. */
static void
test_discard (void)
{
  const TokenNet net = { .rows = 3, .cols = 4, .prefix = 1, .blocks = 1, .heads = 1 };
  g_autoptr (EngModel) model = token_net_open (&net);
  g_autofree float *a = NULL, *g = NULL;
  read_attention (model, 0, &a, &g);
  g_autoptr (EngHeatmap) map = token_run (model, "rollout", "discard-ratio=0.6", 0);
  int dropped = (int)(0.6 * 13 * 13);
  double sum = 1;
  g_autofree gboolean *stays = g_new (gboolean, 13);
  for (int j = 0; j < 13; j++)
    {
      int smaller = 0;
      for (int i = 0; i < 13 * 13; i++)
        smaller += a[i] < a[j] || (a[i] == a[j] && i < j);
      stays[j] = j == 0 || smaller >= dropped;
      sum += stays[j] ? a[j] : 0;
    }
  for (int j = 1; j < 13; j++)
    g_assert_cmpfloat_with_epsilon (eng_heatmap_values (map)[j - 1], stays[j] ? a[j] / sum : 0, 1e-7);
}

/* ---- relevance ---- */

static gboolean
go_on (guint done, guint total, gpointer data, GError **error)
{
  g_assert_cmpuint (done, <=, total);
  *(guint *)data = total - done;
  return TRUE;
}

/* Every rule hands on what it gets: relevance of the stream before each block sums to the 1 that the logit has.
 * (Tokens wide enough that no unit has negative products only: a linear layer's rule gives the relevance of such a
 * unit to nobody.) */
static void
test_conservation (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (nets); i++)
    {
      g_autoptr (GError) error = NULL;
      TokenNet net = nets[i];
      net.heads = 8;
      g_autoptr (EngModel) model = token_net_open (&net);
      g_autoptr (EngGraph) graph = eng_model_graph (model, 1, &error);
      g_autofree float *x = token_input (model);
      guint left = 1;
      EngValue *streams[8];
      for (int b = 0; b <= net.blocks; b++)
        {
          g_autofree char *name = g_strdup_printf ("stream%d", b);
          streams[b] = eng_graph_find (graph, name);
        }
      g_autoptr (EngRelevance) r =
          eng_relevance_new (graph, eng_graph_logits (graph), streams, net.blocks + 1, &error);
      g_assert_no_error (error);
      g_assert_cmpint (eng_relevance_n_given (r), ==, 1);
      g_assert_cmpstr (eng_relevance_given_name (r, 0), ==, "x");
      eng_relevance_give (r, 0, x);
      g_assert_true (eng_relevance_run (r, (double[]){ 0, 1, 0 }, go_on, &left, &error));
      g_assert_cmpuint (left, ==, 0);
      for (int b = 0; b <= net.blocks; b++)
        {
          double sum = 0;
          for (int64_t k = 0; k < eng_shape_count (&streams[b]->shape); k++)
            sum += eng_relevance_of (r, b)[k];
          /* The 1e-9 in the quotients, where sums nearly cancel. */
          g_assert_cmpfloat_with_epsilon (sum, 1, 1e-5);
        }
    }
}

/* One linear layer, by hand: x+ W+ and x- W- share what their product gets; the bias does not. */
static void
test_linear_rule (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) graph = eng_graph_new ();
  EngShape shape = ENG_SHAPE (1, 3), square = ENG_SHAPE (3, 2), two = ENG_SHAPE (2);
  const float x[] = { 2, -1, 3 }, w[] = { 1, -1, -2, 0.5f, -1, 2 }, b[] = { 10, 10 };
  guint left;
  EngValue *in = eng_graph_add_input (graph, "x", ENG_DTYPE_FLOAT, &shape);
  EngValue *weight = eng_graph_add_constant (graph, NULL, ENG_VALUE_WEIGHT, eng_tensor_new_floats (w, &square));
  EngValue *bias = eng_graph_add_constant (graph, NULL, ENG_VALUE_WEIGHT, eng_tensor_new_floats (b, &two));
  EngValue *y = eng_graph_op (graph, &error, "MatMul", NULL, 2, in, weight);
  y = eng_graph_op (graph, &error, "Add", NULL, 2, y, bias);
  g_assert_no_error (error);
  eng_graph_add_output (graph, y);
  eng_graph_freeze (graph);
  g_autoptr (EngRelevance) r = eng_relevance_new (graph, y, &in, 1, &error);
  g_assert_no_error (error);
  eng_relevance_give (r, 0, x);
  g_assert_true (eng_relevance_run (r, (double[]){ 1, 7 }, go_on, &left, &error));
  /* Column 0: 2 * 1 + (-1) * (-2) = 4; column 1: 3 * 2 = 6. */
  const double expected[] = { 0.5, 0.5, 7 };
  for (int i = 0; i < 3; i++)
    g_assert_cmpfloat_with_epsilon (eng_relevance_of (r, 0)[i], expected[i], 1e-8);
}

/* ---- refusals ---- */

static void
assert_refused (EngModel *model, const char *id, const char *pairs, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngImage) image = token_picture ();
  const EngMethod *method = eng_method_find (id, NULL);
  g_autoptr (EngJob) job =
      eng_job_new (model, image, method, TOKEN_CLASS, -1, NULL, token_values (method, model, pairs), 0);
  g_assert_false (eng_job_run (job, &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_true (error->domain == ENG_ERROR);
  if (!strstr (error->message, part))
    g_error ("“%s” does not say “%s”", error->message, part);
}

static void
test_refusals (void)
{
  g_autoptr (EngModel) cnn = token_scenes ("scenes-cnn");
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    assert_refused (cnn, ids[i], NULL, strcmp (ids[i], "vit-cx") ? "not a plain vision transformer" : "Score-CAM");
  g_autoptr (EngModel) model = token_net_open (&nets[0]);
  assert_refused (model, "rollout", "start=3", "0 to 2");
  assert_refused (model, "t-attr", "start=3", "0 to 2");
  TokenNet net = nets[0];
  net.gated = TRUE; /* a product of two values is no activation; the last one is met first */
  g_autoptr (EngModel) gated = token_net_open (&net);
  assert_refused (gated, "t-attr", NULL, "active2");
  g_autoptr (EngHeatmap) gae = token_run (gated, "gae", NULL, 0); /* gradients do not mind */
  g_assert_cmpint (token_cells (gae), ==, 15);
}

/* ---- golden maps ---- */

/* Normalisation and GELU written out by the exporter of opset 13: the same maps. Three of them reach every part. */
static void
test_golden (void)
{
  static const struct
  {
    const char *id, *pairs, *golden;
  } rows[] = {
    { "rollout", "start=1", "rollout_start1.c285" },
    { "gae", "", "gae.c285" },
    { "t-attr", "start=0", "t_attr.c285" },
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *path = test_shared ("models/vit_tiny_patch16_224_opset13.onnx"),
                  *picture_path = test_shared ("images/chelsea.png");
  if (!path || !picture_path)
    return;
  g_autoptr (EngModel) model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (EngImage) image = eng_image_load (picture_path, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const EngMethod *method = eng_method_find (rows[i].id, NULL);
      g_autoptr (EngJob) job =
          eng_job_new (model, image, method, 285, -1, NULL, token_values (method, model, rows[i].pairs), 0);
      g_autofree char *relative = g_strdup_printf ("golden/vit_tiny_patch16_224/chelsea.%s.npy", rows[i].golden);
      g_autofree char *file = test_shared (relative);
      g_autoptr (EngTensor) golden = eng_npy_load (file, &error);
      g_assert_no_error (error);
      g_assert_true (eng_job_run (job, &error));
      const float *ours = eng_heatmap_values (eng_job_heatmap (job));
      double l2 = test_relative_l2 (ours, golden->f, 196), pearson = test_pearson (ours, golden->f, 196);
      g_test_message ("opset 13 %s: Pearson %.9f, relative L2 %.2g", rows[i].golden, pearson, l2);
      /* Rounding of float passes reaches 1e-5 (golden README). */
      g_assert_cmpfloat (l2, <=, 1e-4);
      g_assert_cmpfloat (pearson, >=, 0.999);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transformer/every", test_every);
  g_test_add_func ("/transformer/constant", test_constant);
  g_test_add_func ("/transformer/uniform", test_uniform);
  g_test_add_func ("/transformer/rollout-rows", test_rollout_rows);
  g_test_add_func ("/transformer/one-block", test_one_block);
  g_test_add_func ("/transformer/discard", test_discard);
  g_test_add_func ("/transformer/conservation", test_conservation);
  g_test_add_func ("/transformer/linear-rule", test_linear_rule);
  g_test_add_func ("/transformer/refusals", test_refusals);
  g_test_add_func ("/transformer/golden", test_golden);
  return g_test_run ();
}
