/* lp_tanhf: the hyperbolic tangent.
 *
 * Value     within 3 units in the last place.
 * Method    a polynomial up to 0.625, 1 - 2 / (e^2x + 1) up to 9.1, then 1.
 */
#ifndef LP_TANHF_H
#define LP_TANHF_H

#include "lp_expf.h"

static inline float lp_tanhf(float x)
{
    const float size = lp_magnitude(x);
    if (size < 0.625f) {
        const float s = x * x;
        float p = -0.0056807213f;
        p = p * s + 0.020619622f;
        p = p * s + -0.053734563f;
        p = p * s + 0.13331392f;
        p = p * s + -0.3333328f;
        return p * s * x + x;
    }
    const float far = 1.0f - 2.0f / (lp_expf(2.0f * lp_at_most(size, 9.1f)) + 1.0f);
    return x != x ? x : lp_signed_like(far, x);
}

#endif
