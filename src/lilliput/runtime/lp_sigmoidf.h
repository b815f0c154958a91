/* lp_sigmoidf: 1 / (1 + e^-x).
 *
 * Value     within 4 units in the last place, also where the result is near 0.
 */
#ifndef LP_SIGMOIDF_H
#define LP_SIGMOIDF_H

#include "lp_expf.h"

static inline float lp_sigmoidf(float x)
{
    const float e = lp_expf(-lp_magnitude(x));
    const float above = 1.0f / (1.0f + e);
    return x < 0.0f ? e * above : above;
}

#endif
