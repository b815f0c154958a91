#include "lp_softsign_f32.h"

void lp_softsign_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    while (x != end) {
        const float v = *x++;
        *y++ = v / (1.0f + (v < 0.0f ? -v : v));
    }
}
