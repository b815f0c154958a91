#include "lp_power_f32.h"

#include "lp_powf.h"

void lp_power_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    const float p = op->p;
    while (x != end) {
        const float v = *x++;
        *y++ = lp_powf(v, p);
    }
}
