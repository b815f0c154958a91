#include "lp_requantize_s32_s16.h"

#include "lp_fixed_point.h"

void lp_requantize_s32_s16(const lp_requantize_s32_s16_t *op, const int32_t *x, int16_t *y)
{
    for (int32_t i = 0; i < op->n; i++) {
        y[i] = (int16_t)lp_clamp_s32(lp_requantise(x[i], op->mult, op->shift), -32768, 32767);
    }
}
