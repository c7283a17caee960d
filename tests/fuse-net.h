/* What tests of fusion share: small graphs, each written in several ways, and comparing passes that fuse with passes
 * that do not. */
#pragma once

#include "engine.h"
#include "nn/op.h"
#include "nn/pass-private.h"
#include "nn/pass.h"

/* Both ways compute in float32 (6e-8) what differs in the order of sums of up to some hundred terms. */
#define TOLERANCE 3e-6

typedef struct
{
  EngGraph *graph;
  EngValue *x, *y;
  GRand *random;
  GError *error;
  int variant; /* which of several ways to write the same */
} Net;

typedef void (*Build) (Net *net);
typedef void (*Read) (EngPass *pass, EngValue *value, float *data);

/* One operator; @b NULL: of one input. */
EngValue *net_op (Net *net, const char *type, EngValue *a, EngValue *b);
/* net_op() with its operands exchanged in odd variants. */
EngValue *net_either (Net *net, const char *type, EngValue *a, EngValue *b);
EngValue *net_number (Net *net, float v);
/* Random numbers that net_begin() trains. */
EngValue *net_weight (Net *net, EngShape shape);
EngValue *net_reshape (Net *net, EngValue *x, EngShape shape);
EngValue *net_transpose (Net *net, EngValue *x, const int64_t *perm);
void net_input (Net *net, EngShape shape);
/* Built and frozen; net_clear() frees it. */
Net net_make (Build build, int variant);
void net_clear (Net *net);
/* Nodes of a prepared pass that are of type @type. */
guint net_count_ops (const EngPass *pass, const char *type);
/* @gradients: of the input and of every weight. (transfer full) */
EngPass *net_begin (const Net *net, gboolean gradients, gboolean unfused);
/* Prepares the pass where need be, and walks it over random numbers. */
void net_run (EngPass *pass, const Net *net, gboolean backward);
/* @read: eng_pass_read or eng_pass_read_grad */
void net_assert_same (EngPass *a, EngPass *b, EngValue *value, Read read, double tolerance);
/* Values and gradients, with and without gradients, of the fused and the plain pass; twice, since a second walk
 * must not find what the first left. @nodes: of the fused pass, one of them @fused. */
void net_assert_equal_to_plain (const Net *net, const char *fused, guint nodes, double tolerance);
/* Wanted, given, or its gradient wanted: every value inside keeps the group apart. */
void net_assert_apart (const Net *net, const char *fused);
/* All of the above in every variant, and that a value which something else reads keeps the group apart, too. */
void net_check (Build build, int variants, const char *fused);
/* Nothing is fused. */
void net_assert_none (Build build, int variants, const char *fused);
