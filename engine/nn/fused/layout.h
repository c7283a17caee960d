/* Private to nn/fused/: where the elements of a value lie in an earlier one of which it is a part, turned or cut.
 *
 * An axis is a list of factors, outermost first: a Reshape then never needs its axes to be contiguous. */
#pragma once

#include "../fuse.h"

G_BEGIN_DECLS

#define ENG_LAYOUT_FACTORS 24

typedef struct
{
  EngValue *base;
  float scale; /* times the element of the base */
  int64_t offset;
  int rank, first[ENG_MAX_RANK + 1];                            /* axis i: factors first[i] .. first[i + 1] - 1 */
  int64_t size[ENG_LAYOUT_FACTORS], stride[ENG_LAYOUT_FACTORS]; /* in elements of the base */
} EngLayout;

/* @value as part of the earliest value that it can be traced to, through Reshape, Transpose, Gather of one index,
 * Slice, Split and, where @scaled, products with a number. At worst as the whole of itself. */
void eng_layout_trace (const EngFuse *fuse, EngValue *value, gboolean scaled, EngLayout *layout);
/* The whole of @value, in its own order. */
void eng_layout_whole (EngValue *value, EngLayout *layout);
/* Turns the layout of the output of @node, a Reshape (or another view) or a Transpose, into that of its input. */
gboolean eng_layout_before (const EngNode *node, EngLayout *layout);
gboolean eng_node_is_move (const EngNode *node); /* what eng_layout_before() takes */
/* The stride of an axis that has one; FALSE otherwise. */
gboolean eng_layout_stride (const EngLayout *layout, int axis, int64_t *stride);
/* Offsets of all steps of the axes before @axis, in order. */
void eng_layout_offsets (const EngLayout *layout, int axis, int64_t *offsets);

G_END_DECLS
