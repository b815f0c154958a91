/* What the softmax kernels divide with. */
#ifndef LP_RECIPROCAL_H
#define LP_RECIPROCAL_H

#include <stdint.h>

#include "lp_fixed_point.h"

/* 1 / (1 + x) in Q0.31, x in [0, 1) in Q0.31: Newton's division, from the line 48/17 - 32/17 * (1 + x) / 2 in Q2.29. */
static inline int32_t lp_reciprocal(int32_t x)
{
    const int32_t half = (int32_t)(((uint32_t)x + 0x80000000u) >> 1);
    int32_t y = 1515870810 + lp_high_mul(half, -1010580540);
    for (int32_t step = 0; step < 3; step++) {
        const int32_t error = (1 << 29) - lp_high_mul(half, y);
        y += lp_high_mul(y, error) * 4;
    }
    return y >= (1 << 30) ? INT32_MAX : y * 2;
}

static inline int32_t lp_leading_zeros(uint32_t x)
{
#if defined(__GNUC__)
    return __builtin_clz(x);
#else
    int32_t zeros = 0;
    for (; (x & 0x80000000u) == 0u; x <<= 1) {
        zeros++;
    }
    return zeros;
#endif
}

#endif
