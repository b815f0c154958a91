#include "lp_requantize_s16_s32.h"

#include "lp_requantise_s16.h"

void lp_requantize_s16_s32(const lp_requantize_s16_s32_t *op, const int16_t *x, int32_t *y)
{
    for (int32_t i = 0; i < op->n; i++) {
        y[i] = lp_requantise_short(x[i], op->mult, op->shift);
    }
}
