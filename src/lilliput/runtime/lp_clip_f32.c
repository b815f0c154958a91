#include "lp_clip_f32.h"

#include "lp_float.h"

void lp_clip_f32(const lp_map_f32_t *op, const float *x, float *y)
{
    const float *const end = x + op->n;
    const float p = op->p;
    const float q = op->q;
    while (x != end) {
        const float v = *x++;
        *y++ = lp_within(v, p, q);
    }
}
