#include "lp_erf_f32.h"

#include "lp_erff.h"

void lp_erf_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    while (x != end) {
        const float v = *x++;
        *y++ = lp_erff(v);
    }
}
