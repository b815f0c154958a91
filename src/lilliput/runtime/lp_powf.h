/* lp_powf: x^p.
 *
 * Value     p whole, at most 64 in size: by products, within 2^-24 of the result for each. Else e^(p log x), within
 *           2^-22 (1 + |p log x|) of the result, with the sign that a whole p gives to an x below 0; not a number there
 *           for other p.
 */
#ifndef LP_POWF_H
#define LP_POWF_H

#include "lp_expf.h"
#include "lp_logf.h"

static inline float lp_powf(float x, float p)
{
    const float size = lp_magnitude(p);
    const int is_whole = lp_truncate(p) == p;
    if (is_whole && size <= 64.0f) {
        float power = x;
        float y = 1.0f;
        for (int32_t n = (int32_t)size; n > 0; n >>= 1, power *= power) {
            y = (n & 1) != 0 ? y * power : y;
        }
        return p < 0.0f ? 1.0f / y : y;
    }
    if (x < 0.0f && !is_whole) {
        return lp_float_of(0x7FC00000u);
    }
    const float y = lp_expf(p * lp_logf(lp_magnitude(x)));
    const int is_odd = is_whole && lp_truncate(0.5f * p) != 0.5f * p;
    return x < 0.0f && is_odd ? -y : y;
}

#endif
