/* lp_sqrtf: the square root, correctly rounded; not a number below 0. */
#ifndef LP_SQRTF_H
#define LP_SQRTF_H

#include "lp_float.h"

#if defined(__ARM_FP) && (__ARM_FP & 4) != 0 && defined(__GNUC__)

static inline float lp_sqrtf(float x)
{
    float root;
    __asm__("vsqrt.f32 %0, %1" : "=t"(root) : "t"(x));
    return root;
}

#else

/* Digit by digit: x = m 4^e, m in [2^46, 2^48); the root of m, 24 bits, and what is left decides the rounding. */
static inline float lp_sqrtf(float x)
{
    uint32_t bits = lp_bits_of(x);
    int32_t exponent = (int32_t)(bits >> 23);
    if (x != x || bits == 0x7F800000u || (bits & 0x7FFFFFFFu) == 0u) {
        return x;
    }
    if (bits > 0x7F800000u) {
        return lp_float_of(0x7FC00000u);
    }
    if (exponent == 0) { /* subnormal */
        bits = lp_bits_of(x * 16777216.0f);
        exponent = (int32_t)(bits >> 23) - 24;
    }
    const uint64_t mantissa = (bits & 0x007FFFFFu) | 0x00800000u;
    const int32_t odd = (exponent & 1) == 0; /* the exponent has a bias of 127 */
    uint64_t left = mantissa << (23 + odd);
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 46; bit != 0; bit >>= 2) {
        if (left >= root + bit) {
            left -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    root += left > root ? 1u : 0u;
    return lp_float_of((uint32_t)(root & 0x007FFFFFu) + ((uint32_t)((exponent - 127 - odd) / 2 + 127) << 23));
}

#endif

#endif
