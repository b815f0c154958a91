#include "lp_abs_s16.h"

#include "lp_fixed_point.h"
#include "lp_requantise_s16.h"

void lp_abs_s16(const lp_abs_s16_t *op, const int16_t *x, int16_t *y)
{
    for (int32_t i = 0; i < op->n; i++) {
        const int32_t magnitude = x[i] < 0 ? -x[i] : x[i];
        y[i] = (int16_t)lp_clamp_s32(lp_requantise_short(magnitude, op->mult, op->shift), -32768, 32767);
    }
}
