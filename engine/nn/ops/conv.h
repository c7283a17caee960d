/* What Conv shares with the fusion of it and what follows it. */
#pragma once

#include "../op.h"

G_BEGIN_DECLS

/* The walk back of a node that Conv's shape() prepared, from the gradient @dy of its convolution. */
void eng_conv_backward (const EngNode *node, EngPass *pass, const float *dy);

G_END_DECLS
