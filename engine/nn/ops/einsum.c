/* Einsum: y[out] = sum over the labels that are not in the output of the product of 1 to 3 operands.
 *
 * Written with one stride per label and array (contraction.h), the gradient of an operand is the
 * same kind of sum: the output's gradient times the other operands, over the same labels, into the
 * operand's strides; repeated labels need no care. One contraction thus serves forward and backward.
 * Definition: ONNX operator specification, opset 12; numpy.einsum for ellipsis and implicit output. */
#include "contraction.h"

#include <string.h>

#define EX(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* 52 letters and the axes of an ellipsis; at most ENG_STRIDED_RANK of them are in use. */
#define LETTERS 52
#define NAMES (LETTERS + ENG_MAX_RANK)

/* ---- the equation ---- */

/* One term, by axis: the name of its label (0 .. NAMES-1). */
typedef struct
{
  int rank, name[ENG_MAX_RANK];
} Term;

static int
letter_name (char c)
{
  return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : -1;
}

static gboolean
push_name (Term *term, int name, GError **error)
{
  if (term->rank == ENG_MAX_RANK)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "a term of the equation has more than %d axes", ENG_MAX_RANK);
  term->name[term->rank++] = name;
  return TRUE;
}

/* @text up to @length, without spaces. An ellipsis stands for @dots axes, named from the right. */
static gboolean
parse_term (const char *text, gsize length, int dots, Term *term, gboolean *has_dots, GError **error)
{
  *term = (Term){ 0 };
  *has_dots = FALSE;
  for (gsize i = 0; i < length; i++)
    {
      int name = letter_name (text[i]);
      if (name >= 0)
        {
          if (!push_name (term, name, error))
            return FALSE;
        }
      else if (!*has_dots && i + 3 <= length && strncmp (text + i, "...", 3) == 0)
        {
          *has_dots = TRUE;
          i += 2;
          for (int k = dots; k > 0; k--)
            if (!push_name (term, NAMES - k, error))
              return FALSE;
        }
      else
        return eng_fail (error, ENG_ERROR_INVALID, "the equation has an unexpected '%c'", text[i]);
    }
  return TRUE;
}

typedef struct
{
  int n_operands;
  Term operand[ENG_CONTRACTION_SOURCES], output;
} Equation;

/* The output where the equation does not say: the ellipsis, then in alphabetical order what occurs once. */
static gboolean
implicit_output (Equation *e, int dots, GError **error)
{
  int uses[NAMES] = { 0 };
  for (int o = 0; o < e->n_operands; o++)
    for (int i = 0; i < e->operand[o].rank; i++)
      uses[e->operand[o].name[i]]++;
  e->output = (Term){ 0 };
  for (int k = dots; k > 0; k--)
    if (!push_name (&e->output, NAMES - k, error))
      return FALSE;
  for (int name = 0; name < LETTERS; name++)
    if (uses[name] == 1 && !push_name (&e->output, name, error))
      return FALSE;
  return TRUE;
}

/* Without its ellipsis, how many axes does the term name? */
static int
count_letters (const char *text, gsize length)
{
  int n = 0;
  for (gsize i = 0; i < length; i++)
    n += letter_name (text[i]) >= 0;
  return n;
}

static gboolean
parse_operand (const EngNode *node, Equation *e, int o, const char *text, gsize length, int *most_dots,
               GError **error)
{
  gboolean has_dots;
  int rank = node->inputs[o]->shape.rank, dots = MAX (rank - count_letters (text, length), 0);
  if (!parse_term (text, length, dots, &e->operand[o], &has_dots, error))
    return FALSE;
  if (e->operand[o].rank != rank)
    return eng_fail (error, ENG_ERROR_INVALID, "the equation names %d axes of input %d, which has rank %d",
                     e->operand[o].rank, o, rank);
  if (has_dots)
    *most_dots = MAX (*most_dots, dots);
  return TRUE;
}

static gboolean
parse_equation (const EngNode *node, const char *equation, Equation *e, GError **error)
{
  g_auto (GStrv) words = g_strsplit_set (equation, " \t\n", -1);
  g_autofree char *text = g_strjoinv ("", words);
  char *arrow = strstr (text, "->"), *end = arrow ? arrow : text + strlen (text), *at = text;
  gboolean has_dots;
  int dots = 0;
  e->n_operands = node->n_inputs;
  for (int o = 0; o < e->n_operands; o++)
    {
      char *comma = memchr (at, ',', (gsize)(end - at)), *stop = comma ? comma : end;
      if ((comma != NULL) != (o + 1 < e->n_operands))
        return eng_fail (error, ENG_ERROR_INVALID, "the equation %s does not have %d terms", equation, e->n_operands);
      if (!parse_operand (node, e, o, at, (gsize)(stop - at), &dots, error))
        return FALSE;
      at = stop + 1;
    }
  if (!arrow)
    return implicit_output (e, dots, error);
  return parse_term (arrow + 2, strlen (arrow + 2), dots, &e->output, &has_dots, error);
}

/* ---- the operator ---- */

typedef struct
{
  EngContraction forward, backward[ENG_CONTRACTION_SOURCES];
} Einsum;

/* Lengths of labels, from all operands; an axis of length one fits any. */
static gboolean
label_lengths (const EngNode *node, const Equation *e, int64_t length[NAMES], GError **error)
{
  for (int i = 0; i < NAMES; i++)
    length[i] = -1;
  for (int o = 0; o < e->n_operands; o++)
    for (int i = 0; i < e->operand[o].rank; i++)
      {
        int64_t dim = node->inputs[o]->shape.dim[i], *have = &length[e->operand[o].name[i]];
        if (*have >= 0 && dim != *have && dim != 1 && *have != 1)
          return eng_fail (error, ENG_ERROR_INVALID,
                           "axis %d of input %d has length %" G_GINT64_FORMAT
                           ", where its label has %" G_GINT64_FORMAT,
                           i, o, dim, *have);
        if (*have < 0 || *have == 1)
          *have = dim;
      }
  return TRUE;
}

/* Adds the strides of one array to the labels that its axes bear. */
static void
term_strides (const Term *term, const EngShape *shape, const int label[NAMES], int64_t *stride)
{
  int64_t strides[ENG_MAX_RANK];
  eng_shape_strides (shape, strides);
  for (int i = 0; i < term->rank; i++)
    if (shape->dim[i] != 1)
      stride[label[term->name[i]]] += strides[i];
}

static gboolean
output_shape (const Equation *e, const int64_t length[NAMES], EngShape *out, GError **error)
{
  gboolean seen[NAMES] = { FALSE };
  *out = (EngShape){ .rank = e->output.rank };
  for (int i = 0; i < out->rank; i++)
    {
      int name = e->output.name[i];
      if (seen[name] || length[name] < 0)
        return eng_fail (error, ENG_ERROR_INVALID, "a label of the output is %s",
                         seen[name] ? "named twice" : "not in any term");
      seen[name] = TRUE;
      out->dim[i] = length[name];
    }
  return TRUE;
}

/* The labels in use, with the strides of the output (side 0) and the operands. */
static void
make_labels (const EngNode *node, const Equation *e, const int64_t length[NAMES], const EngShape *out, EngLabels *l)
{
  int label[NAMES];
  *l = (EngLabels){ .sides = e->n_operands + 1 };
  for (int name = 0; name < NAMES; name++)
    if (length[name] >= 0)
      {
        label[name] = l->rank;
        l->n[l->rank++] = length[name];
      }
  term_strides (&e->output, out, label, l->stride[0]);
  l->count[0] = eng_shape_count (out);
  for (int o = 0; o < e->n_operands; o++)
    {
      term_strides (&e->operand[o], &node->inputs[o]->shape, label, l->stride[o + 1]);
      l->count[o + 1] = eng_shape_count (&node->inputs[o]->shape);
    }
}

/* Exchanges two sides. */
static void
swap_sides (EngLabels *l, int a, int b)
{
  int64_t stride[ENG_STRIDED_RANK], count = l->count[a];
  memcpy (stride, l->stride[a], sizeof stride);
  memcpy (l->stride[a], l->stride[b], sizeof stride);
  memcpy (l->stride[b], stride, sizeof stride);
  l->count[a] = l->count[b];
  l->count[b] = count;
}

static gboolean
einsum_shape (EngNode *node, GError **error)
{
  const char *equation = eng_attrs_get_string (node->attrs, "equation", NULL);
  Equation e = { 0 };
  int64_t length[NAMES];
  EngShape out;
  if (!equation)
    return eng_fail (error, ENG_ERROR_INVALID, "attribute equation is missing");
  if (node->n_inputs < 1 || node->n_inputs > ENG_CONTRACTION_SOURCES)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "%d operands are not supported, only 1 to %d", node->n_inputs,
                     ENG_CONTRACTION_SOURCES);
  for (int i = 0; i < node->n_inputs; i++)
    if (!eng_node_need_float (node, i, error))
      return FALSE;
  if (!parse_equation (node, equation, &e, error) || !label_lengths (node, &e, length, error)
      || !output_shape (&e, length, &out, error)
      || !eng_node_set_output (node, 0, node->inputs[0]->dtype, &out, error))
    return FALSE;
  Einsum *s = node->priv = eng_node_priv (node, Einsum);
  make_labels (node, &e, length, &out, &s->forward.labels);
  int64_t scratch = 0;
  for (int o = 0; o < e.n_operands; o++)
    {
      s->backward[o].labels = s->forward.labels;
      swap_sides (&s->backward[o].labels, 0, o + 1);
      eng_contraction_plan (&s->backward[o]);
      scratch = MAX (scratch, s->backward[o].scratch);
    }
  eng_contraction_plan (&s->forward);
  node->scratch = (gsize)MAX (scratch, s->forward.scratch) * sizeof (float);
  return TRUE;
}

static void
einsum_forward (const EngNode *node, EngPass *pass)
{
  const Einsum *s = node->priv;
  const float *src[ENG_CONTRACTION_SOURCES];
  for (int i = 0; i < node->n_inputs; i++)
    src[i] = eng_in_f (pass, node, i);
  eng_contract (&s->forward, eng_out_f (pass, node, 0), src, eng_pass_scratch (pass), TRUE);
}

static void
einsum_backward (const EngNode *node, EngPass *pass)
{
  const Einsum *s = node->priv;
  const float *g = eng_grad_out (pass, node, 0), *src[ENG_CONTRACTION_SOURCES];
  for (int o = 0; g && o < node->n_inputs; o++)
    {
      gboolean fresh;
      float *d = eng_grad_in_fresh (pass, node, o, &fresh);
      for (int i = 0; i < node->n_inputs; i++)
        src[i] = i == o ? g : eng_in_f (pass, node, i);
      if (d)
        eng_contract (&s->backward[o], d, src, eng_pass_scratch (pass), fresh);
    }
}

/* ---- the table ---- */

extern const EngOp eng_ops_einsum[];

const EngOp eng_ops_einsum[] = {
  { "Einsum", 12, 21, einsum_shape, einsum_forward, einsum_backward, ENG_KEEP_INS, ENG_OP_PLAIN,
    EX ("f:4x5 f:5x3 equation='ij,jk->ik'", "f:2x3x4x5 f:2x6x4x5 equation='bqhd,bkhd->bhqk'",
        "f:2x3x4x6 f:2x6x3x5 equation='bhqk,bkhd->bqhd'", "f:4x4 equation='ii->i'", "f:2x4x4 equation='...ii->...'",
        "f:3x4 equation='ij->ji'", "f:3x4 f:4x3 equation='ij,ji'", "f:5 f:4 equation='i,j'",
        "f:3x2x4 f:3x4x5 equation='...ij,...jk'", "f:2x1x2x4 f:3x4x5 equation='...ij,...jk->...ki'",
        "f:6x5 f:6x5 equation='ij,ij->i'", "f:4x5x2 f:6x5 equation='ijl,kj->ki'",
        "f:3x4 f:4x2 f:2x5 equation='ij,jk,kl->il'", "f:3x3x4 f:4x6 equation='iij,jk->ik'") },
  { NULL },
};
