#include "lp_hard_swish_f32.h"

#include "lp_float.h"

void lp_hard_swish_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    while (x != end) {
        const float v = *x++;
        *y++ = v * lp_within(v + 3.0f, 0.0f, 6.0f) * (1.0f / 6.0f);
    }
}
