#include "lp_rsqrt_f32.h"

#include "lp_sqrtf.h"

void lp_rsqrt_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    while (x != end) {
        const float v = *x++;
        *y++ = 1.0f / lp_sqrtf(v);
    }
}
