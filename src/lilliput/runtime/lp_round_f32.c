#include "lp_round_f32.h"

#include "lp_float.h"

static float lp_nearest(float x)
{
    const float whole = lp_floor(x);
    const float rest = x - whole;
    const float half = 0.5f * whole;
    const int up = rest > 0.5f || (rest >= 0.5f && lp_floor(half) < half);
    return up ? whole + 1.0f : whole;
}

void lp_round_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    while (x != end) {
        const float v = *x++;
        *y++ = lp_nearest(v);
    }
}
