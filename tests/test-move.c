/* Operators that move elements, where ONNX's own cases do not reach: random boxes against plain loops, Einsum
 * against the sum it stands for, indices outside their axis, and what must be refused. */
#include "error.h"
#include "nn/ops/strided.h"
#include "nn/pass.h"

#include <string.h>

/* ---- strided boxes ---- */

#define MAX_AXES 5
#define GUARD 7.0f

typedef struct
{
  EngStrided box;
  int64_t n_to, n_from; /* elements that the box may touch */
} Case;

/* A random transposition of a padded array, an axis now and then repeated, reversed or summed. */
static Case
random_box (GRand *r, gboolean sums)
{
  static const int lengths[] = { 1, 2, 3, 4, 5, 17, 33 };
  Case c = { .n_to = 1, .n_from = 1 };
  int rank = g_rand_int_range (r, 0, MAX_AXES), order[MAX_AXES];
  int64_t n[MAX_AXES], to[MAX_AXES], from[MAX_AXES];
  for (int i = 0; i < rank; i++)
    {
      int k = g_rand_int_range (r, 0, i + 1);
      order[i] = order[k];
      order[k] = i;
      n[i] = lengths[g_rand_int_range (r, 0, rank < 4 ? 7 : 5)];
    }
  for (int i = 0; i < rank; i++)
    {
      from[i] = sums || g_rand_int_range (r, 0, 4) ? c.n_from : 0;
      c.n_from *= from[i] ? n[i] + g_rand_int_range (r, 0, 2) : 1;
      int k = order[i];
      to[k] = !sums || g_rand_int_range (r, 0, 3) ? c.n_to : 0;
      c.n_to *= to[k] ? n[k] + g_rand_int_range (r, 0, 2) : 1;
    }
  for (int i = 0; i < rank; i++)
    {
      gboolean reverse = g_rand_int_range (r, 0, 5) == 0;
      c.box.from_offset += reverse ? (n[i] - 1) * from[i] : 0;
      eng_strided_axis (&c.box, n[i], to[i], reverse ? -from[i] : from[i]);
    }
  return c;
}

/* Calls for every index of the box: its two positions. */
static void
plain_walk (const EngStrided *s, int axis, int64_t to, int64_t from, void (*func) (int64_t, int64_t, gpointer),
            gpointer data)
{
  if (axis == s->rank)
    func (to, from, data);
  for (int64_t i = 0; axis < s->rank && i < s->n[axis]; i++)
    plain_walk (s, axis + 1, to + i * s->to[axis], from + i * s->from[axis], func, data);
}

typedef struct
{
  float *to, *from;
  int64_t *to_i, *from_i;
} Arrays;

static void
plain_copy (int64_t to, int64_t from, gpointer data)
{
  Arrays *a = data;
  a->to[to] = a->from[from];
  a->to_i[to] = a->from_i[from];
}

static void
plain_add (int64_t to, int64_t from, gpointer data)
{
  Arrays *a = data;
  a->to[to] += a->from[from];
}

static void
fill (Arrays *a, const Case *c)
{
  a->to = g_new (float, c->n_to);
  a->from = g_new (float, c->n_from);
  a->to_i = g_new (int64_t, c->n_to);
  a->from_i = g_new (int64_t, c->n_from);
  for (int64_t i = 0; i < c->n_to; i++)
    {
      a->to[i] = GUARD;
      a->to_i[i] = -1;
    }
  /* Small whole numbers: sums are exact in any order. */
  for (int64_t i = 0; i < c->n_from; i++)
    {
      a->from[i] = (float)(i % 251);
      a->from_i[i] = i;
    }
}

static void
clear (Arrays *a)
{
  g_free (a->to);
  g_free (a->from);
  g_free (a->to_i);
  g_free (a->from_i);
}

static void
test_boxes (void)
{
  g_autoptr (GRand) r = g_rand_new_with_seed (11);
  for (int k = 0; k < 400; k++)
    {
      gboolean sums = k % 2;
      Case c = random_box (r, sums);
      Arrays want, have;
      fill (&want, &c);
      fill (&have, &c);
      plain_walk (&c.box, 0, c.box.to_offset, c.box.from_offset, sums ? plain_add : plain_copy, &want);
      if (sums)
        eng_strided_add (&c.box, have.to, have.from);
      else
        {
          eng_strided_copy (&c.box, have.to, have.from, sizeof (float));
          eng_strided_copy (&c.box, have.to_i, have.from_i, sizeof (int64_t));
        }
      g_assert_cmpmem (have.to, c.n_to * sizeof (float), want.to, c.n_to * sizeof (float));
      g_assert_cmpmem (have.to_i, c.n_to * sizeof (int64_t), want.to_i, c.n_to * sizeof (int64_t));
      clear (&want);
      clear (&have);
    }
}

/* ---- Einsum ---- */

static int64_t
label_length (char label)
{
  return 2 + (label * 7) % 11;
}

static EngShape
term_shape (const char *term)
{
  EngShape s = { 0 };
  for (const char *c = term; *c; c++)
    s.dim[s.rank++] = label_length (*c);
  return s;
}

static int64_t
term_position (const char *term, const int64_t at[128])
{
  int64_t p = 0;
  for (const char *c = term; *c; c++)
    p = p * label_length (*c) + at[(int)*c];
  return p;
}

/* The definition: a loop over all labels. */
static void
plain_einsum (const char *labels, char **terms, const char *output, float **x, double *y, int64_t at[128])
{
  if (*labels)
    {
      for (at[(int)*labels] = 0; at[(int)*labels] < label_length (*labels); at[(int)*labels]++)
        plain_einsum (labels + 1, terms, output, x, y, at);
      return;
    }
  double product = 1;
  for (int o = 0; terms[o]; o++)
    product *= (double)x[o][term_position (terms[o], at)];
  y[term_position (output, at)] += product;
}

static char *
distinct_letters (const char *equation)
{
  GString *s = g_string_new (NULL);
  for (const char *c = equation; *c; c++)
    if (g_ascii_isalpha (*c) && !strchr (s->str, *c))
      g_string_append_c (s, *c);
  return g_string_free (s, FALSE);
}

static void
check_einsum (const char *equation)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) g = eng_graph_new ();
  g_auto (GStrv) halves = g_strsplit (equation, "->", 2), terms = g_strsplit (halves[0], ",", -1);
  g_autoptr (GRand) r = g_rand_new_with_seed (5);
  EngValue *inputs[3], *y = NULL;
  float *x[3];
  int n = (int)g_strv_length (terms);
  for (int o = 0; o < n; o++)
    {
      EngShape shape = term_shape (terms[o]);
      inputs[o] = eng_graph_add_input (g, NULL, ENG_DTYPE_FLOAT, &shape);
      x[o] = g_new (float, eng_shape_count (&shape));
      for (int64_t i = 0; i < eng_shape_count (&shape); i++)
        x[o][i] = (float)g_rand_double_range (r, -1, 1);
    }
  EngAttrs *attrs = eng_attrs_string (eng_attrs_new (), "equation", equation);
  eng_graph_add_node (g, "Einsum", 13, NULL, attrs, inputs, n, NULL, &y, 1, &error);
  g_assert_no_error (error);
  eng_graph_freeze (g);
  g_autoptr (EngPass) pass = eng_pass_new (g);
  eng_pass_want (pass, y);
  eng_pass_prepare (pass, &error);
  g_assert_no_error (error);
  for (int o = 0; o < n; o++)
    eng_pass_write (pass, inputs[o], x[o]);
  eng_pass_forward (pass);
  int64_t count = eng_shape_count (&y->shape), at[128];
  g_autofree float *have = g_new (float, count);
  g_autofree double *want = g_new0 (double, count);
  g_autofree char *labels = distinct_letters (equation);
  eng_pass_read (pass, y, have);
  plain_einsum (labels, terms, halves[1], x, want, at);
  /* Sums of up to 2000 products below one: float32 loses 6e-8 of each partial sum. */
  for (int64_t i = 0; i < count; i++)
    g_assert_cmpfloat_with_epsilon (have[i], want[i], 2e-4);
  for (int o = 0; o < n; o++)
    g_free (x[o]);
}

static void
test_einsum (void)
{
  static const char *const equations[] = { "ij,jk->ik",  "bqhd,bkhd->bhqk", "bhqk,bkhd->bqhd", "ii->i",
                                           "ij->ji",     "ij,ji->",         "i,j->ji",         "ij,ij->i",
                                           "ijl,kj->ki", "ij,jk,kl->il",    "iij,jk->ik",      "abcd,ebd->eac",
                                           "ab,bc->acb", "aab,ab->ab",      "bhwc,hkc->bhwk",  "nctv,vw->nctw",
                                           "ij,kj->ij",  "i,i,i->",         "zyxc,ckx->zkyx" };
  for (guint i = 0; i < G_N_ELEMENTS (equations); i++)
    {
      g_test_message ("%s", equations[i]);
      check_einsum (equations[i]);
    }
}

/* ---- indices that are only known at run time ---- */

static void
test_indices_outside (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) g = eng_graph_new ();
  const float x[6] = { 1, 2, 3, 4, 5, 6 };
  const int64_t at[4] = { -1, 3, G_MININT64, 0 };
  float y[8], d[6];
  EngValue *data = eng_graph_add_input (g, "x", ENG_DTYPE_FLOAT, &(EngShape){ .rank = 2, .dim = { 3, 2 } });
  EngValue *index = eng_graph_add_input (g, "i", ENG_DTYPE_INT64, &(EngShape){ .rank = 1, .dim = { 4 } });
  EngValue *out = eng_graph_op (g, &error, "Gather", NULL, 2, data, index);
  g_assert_no_error (error);
  eng_graph_freeze (g);
  g_autoptr (EngPass) pass = eng_pass_new (g);
  eng_pass_set_root (pass, out);
  eng_pass_want_grad (pass, data);
  eng_pass_prepare (pass, &error);
  g_assert_no_error (error);
  eng_pass_write (pass, data, x);
  eng_pass_write_ints (pass, index, at);
  eng_pass_forward (pass);
  eng_pass_backward (pass, NULL);
  eng_pass_read (pass, out, y);
  eng_pass_read_grad (pass, data, d);
  g_assert_cmpmem (y, sizeof y, ((const float[]){ 5, 6, 0, 0, 0, 0, 1, 2 }), sizeof y);
  g_assert_cmpmem (d, sizeof d, ((const float[]){ 1, 1, 0, 0, 1, 1 }), sizeof d);
}

/* ---- what must be refused ---- */

#define INTS(...)                                                                                                    \
  {                                                                                                                  \
    G_N_ELEMENTS (((const int64_t[]){ __VA_ARGS__ })), { __VA_ARGS__ }                                               \
  }
#define FAR_AWAY (G_GINT64_CONSTANT (1) << 62)

typedef struct
{
  int n;
  int64_t v[6];
} Ints;

/* Input 0 is float 3x4, the rest are constant lists; one list and one string attribute at most. */
static const struct
{
  const char *op;
  int n_ints;
  Ints ints[4];
  const char *list;
  Ints list_value;
  const char *text, *text_value;
  int n_outputs;
} refusals[] = {
  { "Reshape", 1, { INTS (5, -1) } },
  { "Reshape", 1, { INTS (-1, -1) } },
  { "Reshape", 1, { INTS (FAR_AWAY, FAR_AWAY) } },
  { "Reshape", 1, { INTS (3, 4, 0) } },
  { "Squeeze", 1, { INTS (0) } },
  { "Unsqueeze", 1, { INTS (0, 0) } },
  { "Unsqueeze", 1, { INTS (9) } },
  { "Expand", 1, { INTS (2, 5, 4) } },
  { "Expand", 1, { INTS (1 << 30, 1 << 30, 3, 4) } },
  { "Expand", 1, { INTS (-3, 4) } },
  { "Tile", 1, { INTS (FAR_AWAY, 1) } },
  { "Tile", 1, { INTS (-1, 1) } },
  { "Tile", 1, { INTS (2) } },
  { "Transpose", 0, { { 0 } }, "perm", INTS (0, 0) },
  { "Transpose", 0, { { 0 } }, "perm", INTS (0, 2) },
  { "Transpose", 0, { { 0 } }, "perm", INTS (1) },
  { "Slice", 4, { INTS (0), INTS (1), INTS (0), INTS (0) } },
  { "Slice", 3, { INTS (0), INTS (1), INTS (2) } },
  { "Slice", 3, { INTS (0, 0), INTS (1, 1), INTS (0, -2) } },
  { "Slice", 2, { INTS (0, 0), INTS (1) } },
  { "Split", 1, { INTS (3, 1) }, .n_outputs = 2 },
  { "Split", 1, { INTS (3, -1) }, .n_outputs = 2 },
  { "Split", 1, { INTS (3, FAR_AWAY) }, .n_outputs = 2 },
  { "Pad", 1, { INTS (-2, 0, -2, 0) } },
  { "Pad", 1, { INTS (FAR_AWAY, 0, 0, 0) } },
  { "Pad", 1, { INTS (1, 1) } },
  { "Pad", 1, { INTS (1 << 29, 0, 0, 0) }, .text = "mode", .text_value = "reflect" },
  { "Pad", 1, { INTS (1, 1, 1, 1) }, .text = "mode", .text_value = "mirror" },
  { "Gather", 1, { INTS (3) } },
  { "Gather", 1, { INTS (-4) } },
  { "GatherND", 1, { INTS (0, 4) } },
  { "GatherND", 1, { INTS (0, 0, 0) } },
  { "GatherElements", 1, { INTS (0) } },
  { "ScatterND", 2, { INTS (0), INTS (1) } },
  { "TopK", 1, { INTS (5) }, .n_outputs = 2 },
  { "TopK", 1, { INTS (-1) }, .n_outputs = 2 },
  { "NonZero", 0 },
  { "Compress", 1, { INTS (1, 1, 1, 1, 1, 1) }, "axis", INTS (0) },
  { "Einsum", 0, { { 0 } }, .text = "equation", .text_value = "ij->ik" },
  { "Einsum", 0, { { 0 } }, .text = "equation", .text_value = "ij->jj" },
  { "Einsum", 0, { { 0 } }, .text = "equation", .text_value = "ii->i" },
  { "Einsum", 0, { { 0 } }, .text = "equation", .text_value = "i..j->i" },
  { "Einsum", 0, { { 0 } }, .text = "equation", .text_value = "ij,jk->ik" },
  { "Einsum", 0, { { 0 } }, .text = "equation", .text_value = "......->" },
  { "Einsum", 0, { { 0 } }, .text = "equation", .text_value = "" },
};

static void
test_refusals (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (EngGraph) g = eng_graph_new ();
      EngAttrs *attrs = eng_attrs_new ();
      const Ints *list = &refusals[i].list_value;
      EngValue *outputs[2], *inputs[5];
      inputs[0] = eng_graph_add_input (g, "x", ENG_DTYPE_FLOAT, &(EngShape){ .rank = 2, .dim = { 3, 4 } });
      for (int k = 0; k < refusals[i].n_ints; k++)
        inputs[k + 1] = eng_graph_add_constant (g, NULL, ENG_VALUE_CONSTANT,
                                                eng_tensor_new_ints (refusals[i].ints[k].v, refusals[i].ints[k].n));
      if (refusals[i].list && list->n == 1)
        eng_attrs_int (attrs, refusals[i].list, list->v[0]);
      else if (refusals[i].list)
        eng_attrs_ints (attrs, refusals[i].list, list->v, list->n);
      if (refusals[i].text)
        eng_attrs_string (attrs, refusals[i].text, refusals[i].text_value);
      gboolean ok = eng_graph_add_node (g, refusals[i].op, 21, "bad", attrs, inputs, refusals[i].n_ints + 1, NULL,
                                        outputs, MAX (refusals[i].n_outputs, 1), &error);
      g_test_message ("%u %s: %s", i, refusals[i].op, ok ? "accepted" : error->message);
      g_assert_false (ok);
      g_assert_true (g_str_has_prefix (error->message, "node bad ("));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/move/boxes", test_boxes);
  g_test_add_func ("/move/einsum", test_einsum);
  g_test_add_func ("/move/indices-outside", test_indices_outside);
  g_test_add_func ("/move/refusals", test_refusals);
  return g_test_run ();
}
