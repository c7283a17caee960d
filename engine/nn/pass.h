/* One evaluation of a graph: activations, gradients and private copies of trained weights.
 *
 * Life: eng_pass_new, declare what is wanted, eng_pass_prepare once, then write - forward -
 * (backward) - read as often as needed; nothing is allocated after prepare. One owner, one thread.
 * Only nodes that lead to what is wanted are evaluated; the walk back is pruned to what leads from
 * the root to a wanted gradient. Buffers nobody needs any more are reused. */
#pragma once

#include "graph.h"

G_BEGIN_DECLS

EngPass *eng_pass_new (EngGraph *graph); /* takes a reference */
void eng_pass_free (EngPass *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngPass, eng_pass_free)

/* ---- declared before prepare ---- */
void eng_pass_want (EngPass *self, EngValue *value);      /* readable after forward */
void eng_pass_want_grad (EngPass *self, EngValue *value); /* gradient readable after backward */
void eng_pass_cut (EngPass *self, EngValue *value);       /* given by eng_pass_write(), not computed */
void eng_pass_train (EngPass *self, EngValue *weight);    /* private copy of a constant, gradient wanted */
void eng_pass_set_root (EngPass *self, EngValue *value);  /* where gradients start; implies want */
/* Plans memory and allocates it. Fails when that much memory is not to be had. */
gboolean eng_pass_prepare (EngPass *self, GError **error);

/* ---- running; data is row-major in the logical ONNX shape ---- */
void eng_pass_write (EngPass *self, EngValue *value, const float *data); /* input, cut or trained weight */
void eng_pass_read (EngPass *self, EngValue *value, float *data);        /* wanted, input, cut, trained, constant */
void eng_pass_read_ints (EngPass *self, EngValue *value, int64_t *data);
void eng_pass_write_ints (EngPass *self, EngValue *value, const int64_t *data);
void eng_pass_forward (EngPass *self);
/* @seed: d/d(root), shape of the root; NULL: ones. Gradients of the step before are forgotten.
 * Unit: root per unit of the value (the *normalised* input, not 8-bit levels). */
void eng_pass_backward (EngPass *self, const float *seed);
void eng_pass_read_grad (EngPass *self, EngValue *value, float *data);
/* For optimisers: the private copy and its gradient, in place, in one order, which need not be that of ONNX. Grad is
 * NULL before the first backward. */
float *eng_pass_weight (EngPass *self, EngValue *weight);
float *eng_pass_weight_grad (EngPass *self, EngValue *weight);
/* Copies @weight's elements from the order of ONNX into that of its private copy, and back; @from is not @to. */
void eng_pass_lay_weight (const EngPass *self, const EngValue *weight, const float *from, float *to);
void eng_pass_gather_weight (const EngPass *self, const EngValue *weight, const float *from, float *to);

gsize eng_pass_memory (EngPass *self); /* bytes allocated */

G_END_DECLS
