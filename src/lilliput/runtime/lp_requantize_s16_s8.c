#include "lp_requantize_s16_s8.h"

#include "lp_fixed_point.h"

void lp_requantize_s16_s8(const lp_requantize_s16_s8_t *op, const int16_t *x, int8_t *y)
{
    for (int32_t i = 0; i < op->n; i++) {
        const int32_t value = lp_requantise(x[i] + op->x_offset, op->mult, op->shift) + op->y_offset;
        y[i] = (int8_t)lp_clamp_s32(value, -128, 127);
    }
}
