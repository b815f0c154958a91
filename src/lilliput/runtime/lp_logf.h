/* lp_logf: the natural logarithm.
 *
 * Value     within 2 units in the last place; minus infinity at 0, not a number below.
 * Method    x = 2^n m, m from sqrt(1/2) to sqrt(2); log m = 2 artanh s, s = (m - 1) / (m + 1), by a polynomial.
 */
#ifndef LP_LOGF_H
#define LP_LOGF_H

#include "lp_float.h"

static inline float lp_logf(float x)
{
    const uint32_t infinite = 0x7F800000u;
    uint32_t bits = lp_bits_of(x);
    int32_t n = 0;
    if (!(x > 0.0f)) {
        return lp_float_of(x < 0.0f || x != x ? 0x7FC00000u : 0xFF800000u);
    }
    if (bits == infinite) {
        return x;
    }
    if (bits < 0x00800000u) { /* subnormal */
        bits = lp_bits_of(x * 33554432.0f);
        n = -25;
    }
    bits += 0x3F800000u - 0x3F3504F3u; /* so that the exponent goes up from sqrt(1/2) on */
    n += (int32_t)(bits >> 23) - 127;
    const float f = lp_float_of((bits & 0x007FFFFFu) + 0x3F3504F3u) - 1.0f;
    const float s = f / (2.0f + f);
    const float z = s * s;
    float p = 0.2425745f;
    p = p * z + 0.28499553f;
    p = p * z + 0.40000966f;
    p = p * z + 0.6666666f;
    const float whole = (float)n;
    const float half = 0.5f * f * f; /* log m = f - f^2/2 + s (f^2/2 + z p): small terms are added first */
    return (whole * -0.00021219444f + s * (half + z * p) - half + f) + whole * 0.693359375f;
}

#endif
