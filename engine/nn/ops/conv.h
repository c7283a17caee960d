/* What Conv shares with the fusion of it and what follows it. */
#pragma once

#include "../op.h"

G_BEGIN_DECLS

/* The convolution of a node that Conv's shape() prepared; @adds, @bounds: (nullable): as in EngConv. */
void eng_conv_forward (const EngNode *node, EngPass *pass, gboolean adds, const float *bounds);
gboolean eng_conv_adds (const EngNode *node);
gboolean eng_conv_takes_short (const EngNode *node, const EngPass *pass, int i);
gboolean eng_conv_takes_tiles (const EngNode *node, const EngPass *pass);
/* The walk back of a node that Conv's shape() prepared, from the gradient @dy of its convolution. */
void eng_conv_backward (const EngNode *node, EngPass *pass, const float *dy);

G_END_DECLS
