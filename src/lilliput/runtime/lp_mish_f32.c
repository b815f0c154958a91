#include "lp_mish_f32.h"

#include "lp_expf.h"

void lp_mish_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    while (x != end) {
        const float v = *x++;
        const float e = lp_expf(v < 20.0f ? v : 20.0f); /* from there on the factor is 1 to the last bit */
        const float t = e * (e + 2.0f);
        *y++ = v * (t / (t + 2.0f));
    }
}
