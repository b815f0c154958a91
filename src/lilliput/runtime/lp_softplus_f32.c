#include "lp_softplus_f32.h"

#include "lp_expf.h"
#include "lp_logf.h"

void lp_softplus_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    while (x != end) {
        const float v = *x++;
        const float e = lp_expf(v < 0.0f ? v : -v);
        const float u = 1.0f + e;
        const float rounded = u - 1.0f; /* the part of e that u holds: its logarithm is scaled by what is left out */
        const float log = rounded > 0.0f ? lp_logf(u) * (e / rounded) : e;
        *y++ = (v > 0.0f ? v : 0.0f) + log;
    }
}
