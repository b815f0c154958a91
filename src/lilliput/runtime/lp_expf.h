/* lp_expf: e^x.
 *
 * Value     within 2 units in the last place of every result that is not subnormal, and within 1 of the least subnormal
 *           below; 0 below -104, infinity above 88.73. Not a number stays so.
 * Method    x = n log 2 + r, |r| <= log(2) / 2, the product with log 2 in two parts; e^r by a polynomial of degree 6.
 */
#ifndef LP_EXPF_H
#define LP_EXPF_H

#include "lp_float.h"

/* 2^n, n from -126 to 127. */
static inline float lp_power_of_two(int32_t n)
{
    return lp_float_of((uint32_t)(n + 127) << 23);
}

static inline float lp_expf(float x)
{
    const float near = lp_within(x, -104.0f, 89.0f);
    const float scaled = near * 1.442695f;
    const int32_t n = (int32_t)(scaled < 0.0f ? scaled - 0.5f : scaled + 0.5f);
    const float whole = (float)n;
    const float r = (near - whole * 0.693359375f) - whole * -0.00021219444f;
    float p = 0.0013940874f;
    p = p * r + 0.0083690025f;
    p = p * r + 0.0416664f;
    p = p * r + 0.16666518f;
    p = p * r + 0.5f;
    p = p * (r * r) + r + 1.0f;
    const int32_t half = n / 2; /* in two steps: 2^n itself may be out of range where the result is not */
    const float y = p * lp_power_of_two(half) * lp_power_of_two(n - half);
    return x != x ? x : y;
}

#endif
