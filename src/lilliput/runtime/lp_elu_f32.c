#include "lp_elu_f32.h"

#include "lp_expf.h"

/* e^x - 1 for x <= 0; near 0 by a polynomial, where the difference would lose digits. */
static float lp_below(float x)
{
    if (x > -0.34657359f) {
        float s = 0.0013940874f;
        s = s * x + 0.0083690025f;
        s = s * x + 0.0416664f;
        s = s * x + 0.16666518f;
        s = s * x + 0.5f;
        return s * (x * x) + x;
    }
    return lp_expf(x) - 1.0f;
}

void lp_elu_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    const float p = op->p;
    while (x != end) {
        const float v = *x++;
        *y++ = v > 0.0f ? v : p * lp_below(v);
    }
}
