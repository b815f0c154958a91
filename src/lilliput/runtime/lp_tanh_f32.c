#include "lp_tanh_f32.h"

#include "lp_tanhf.h"

void lp_tanh_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    while (x != end) {
        const float v = *x++;
        *y++ = lp_tanhf(v);
    }
}
