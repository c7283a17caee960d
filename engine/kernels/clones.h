/* ENG_CLONES before a function compiles it for several instruction sets; the loader picks one.
 *
 * The levels are named by x86-64-v3 (AVX2 with FMA) and x86-64-v4 (AVX-512) because "avx2" would not
 * bring FMA and "arch=skylake-avx512" is matched by that one processor only. Helpers that such a
 * function calls must be always inlined, or they run compiled for the oldest processor. Sanitizers
 * instrument the resolvers, which run before their own start: there the macro is empty. */
#pragma once

#include <glib.h>

#if defined(__x86_64__) && defined(__ELF__) && defined(__GNUC__) && __GNUC__ >= 12 && !defined(__clang__)            \
    && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ENG_CLONES __attribute__ ((target_clones ("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define ENG_CLONES
#endif

/* For helpers of cloned functions. */
#define ENG_INLINE static inline __attribute__ ((always_inline))

/* A loop over i < n whose steps are independent of one another. */
#define ENG_SIMD_LOOP(n) _Pragma ("omp simd") for (int64_t i = 0; i < (n); i++)
