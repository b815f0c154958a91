#include "lp_requantize_s16_s32.h"

#include "lp_fixed_point.h"

void lp_requantize_s16_s32(const lp_requantize_s16_s32_t *op, const int16_t *x, int32_t *y)
{
    for (int32_t i = 0; i < op->n; i++) {
        y[i] = lp_requantise_small(x[i], op->mult, op->shift);
    }
}
