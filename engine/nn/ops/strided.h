/* The one engine behind every operator that moves elements: a box of elements, a stride per axis on
 * either side. Transposing, slicing, repeating, joining and padding are boxes; their gradients are the
 * same boxes with the sides exchanged and "+=" for "=". */
#pragma once

#include "../op.h"

G_BEGIN_DECLS

#define ENG_STRIDED_RANK (3 * ENG_MAX_RANK)

/* to[to_offset + sum_a i_a * to_a] = from[from_offset + sum_a i_a * from_a] for all 0 <= i_a < n_a.
 * Strides and offsets count elements; they may be negative, and zero where an axis repeats. */
typedef struct
{
  int rank;
  int64_t n[ENG_STRIDED_RANK], to[ENG_STRIDED_RANK], from[ENG_STRIDED_RANK];
  int64_t to_offset, from_offset;
} EngStrided;

/* Adds an axis to a box that began as zeros. */
void eng_strided_axis (EngStrided *self, int64_t n, int64_t to, int64_t from);
EngStrided eng_strided_reversed (const EngStrided *self);
int64_t eng_strided_count (const EngStrided *self);
/* @size: bytes of an element, 4 or 8. No two indices may meet in one element of @to. */
void eng_strided_copy (const EngStrided *self, void *to, const void *from, gsize size);
/* +=. Axes with to = 0 sum; the others may not meet. */
void eng_strided_add (const EngStrided *self, float *to, const float *from);

/* @n elements in a row, on all threads. Nothing happens when @to is @from. */
void eng_strided_copy_flat (void *to, const void *from, int64_t n, gsize size);

/* For operators whose node->priv is the EngStrided from input 0 to output 0, each output element
 * being set once. */
void eng_strided_forward (const EngNode *node, EngPass *pass);
void eng_strided_backward (const EngNode *node, EngPass *pass);

G_END_DECLS
