#include "lp_ceil_f32.h"

#include "lp_float.h"

void lp_ceil_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    while (x != end) {
        const float v = *x++;
        *y++ = -lp_floor(-v);
    }
}
