/* What operators on indices share. Indices count from the end when negative. Constant indices are checked
 * when the node is built; computed ones that fall outside read zero, write nothing and receive no
 * gradient. Where several updates meet in one element, reduction "none" is undefined by ONNX: one
 * of them wins. */
#pragma once

#include "strided.h"

#include <string.h>

G_BEGIN_DECLS

/* Rough nanoseconds to move one element of a row, and to look up one index. */
#define ENG_COST_ELEMENT 0.5
#define ENG_COST_INDEX 2.0

/* @i in 0 .. n-1; -1: outside. */
static inline int64_t
eng_wrap_index (int64_t i, int64_t n)
{
  i += i < 0 ? n : 0;
  return i >= 0 && i < n ? i : -1;
}

/* Rows of one element are the common case that memcpy() would slow down. */
static inline void
eng_copy_row (char *to, const char *from, int64_t bytes)
{
  if (bytes == 4)
    memcpy (to, from, 4);
  else if (bytes == 8)
    memcpy (to, from, 8);
  else
    memcpy (to, from, (gsize)bytes);
}

/* Two's complement, as ONNX's integers; signed overflow would be undefined in C. */
static inline int64_t
eng_add_ints (int64_t a, int64_t b)
{
  return (int64_t)((guint64)a + (guint64)b);
}

gboolean eng_check_index (int64_t i, int64_t n, GError **error);
/* Where input 1 is constant, all of it must lie within an axis of length @n. */
gboolean eng_check_indices (const EngNode *node, int64_t n, GError **error);

/* Scatters: output = data (input 0), then updates (input 2) at indices (input 1). */
gboolean eng_scatter_reduction (const EngNode *node, gboolean *add, GError **error);
/* The first half of the forward. */
void eng_scatter_data (const EngNode *node, EngPass *pass);
/* The gradient of the data: that of the output, @g, but for the elements that were overwritten. @zero
 * clears those in the buffer it is given. Needs scratch of the data's size. */
void eng_scatter_backward (const EngNode *node, EngPass *pass, const float *g, gboolean add,
                           void (*zero) (const EngNode *node, EngPass *pass, float *buffer));

G_END_DECLS
