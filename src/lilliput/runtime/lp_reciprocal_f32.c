#include "lp_reciprocal_f32.h"

void lp_reciprocal_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    while (x != end) {
        const float v = *x++;
        *y++ = 1.0f / v;
    }
}
