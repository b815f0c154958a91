/* lp_erff: the error function.
 *
 * Value     within 3 units in the last place.
 * Method    x times a polynomial in x^2 up to 1; 1 - e^q(x), q a polynomial for log erfc, up to 4; then 1.
 */
#ifndef LP_ERFF_H
#define LP_ERFF_H

#include "lp_expf.h"

static inline float lp_erff(float x)
{
    const float size = lp_magnitude(x);
    if (size < 1.0f) {
        const float s = x * x;
        float p = -4.4022614e-05f;
        p = p * s + -0.0004338901f;
        p = p * s + 0.004776058f;
        p = p * s + -0.026640516f;
        p = p * s + 0.112785995f;
        p = p * s + -0.376122f;
        p = p * s + 1.1283791f;
        return p * x;
    }
    const float t = lp_at_most(size, 4.0f);
    float q = 8.938238e-08f;
    q = q * t + -2.2977176e-05f;
    q = q * t + 0.00044931564f;
    q = q * t + -0.004232174f;
    q = q * t + 0.025266755f;
    q = q * t + -0.10849631f;
    q = q * t + -0.6331566f;
    q = q * t + -1.1296073f;
    q = q * t + 0.0001937063f;
    return x != x ? x : lp_signed_like(1.0f - lp_expf(q), x);
}

#endif
