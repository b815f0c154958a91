#include "lp_square_f32.h"

void lp_square_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    while (x != end) {
        const float v = *x++;
        *y++ = v * v;
    }
}
