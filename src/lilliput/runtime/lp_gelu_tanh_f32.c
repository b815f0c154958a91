#include "lp_gelu_tanh_f32.h"

#include "lp_tanhf.h"

void lp_gelu_tanh_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    while (x != end) {
        const float v = *x++;
        *y++ = 0.5f * v * (1.0f + lp_tanhf(0.7978846f * (v + 0.044715f * v * v * v)));
    }
}
