#include "lp_gelu_f32.h"

#include "lp_erff.h"

void lp_gelu_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    while (x != end) {
        const float v = *x++;
        *y++ = 0.5f * v * (1.0f + lp_erff(v * 0.70710677f));
    }
}
