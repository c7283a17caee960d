/* Private to kernels/: see counting.c. */
#pragma once

#include "kernels.h"

/* The set that counts what is asked of @k, under the same name; @k itself when it is that set. */
const EngKernels *eng_kernels_counting (const EngKernels *k);
