/* Shared by L2X's training and its method. */
#pragma once

#include "../../method.h"

G_BEGIN_DECLS

/* k: how many patches explain a decision. @values: parameters of the kind "l2x". */
int eng_l2x_patches (const EngValues *values);

G_END_DECLS
