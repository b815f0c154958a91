#include "lp_leaky_relu_f32.h"

void lp_leaky_relu_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    const float p = op->p;
    while (x != end) {
        const float v = *x++;
        *y++ = v >= 0.0f ? v : p * v;
    }
}
