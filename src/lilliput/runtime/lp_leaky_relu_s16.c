#include "lp_leaky_relu_s16.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_requantise_s16.h"

void lp_leaky_relu_s16(const lp_leaky_relu_s16_t *op, const int16_t *x, int16_t *y)
{
    const lp_leaky_relu_s16_t with = *op; /* a copy, so that nothing is read anew after each write */
    const int16_t *const end = y + with.n;
    LP_ROLLED for (; y != end; x++) {
        const int32_t value = *x < 0 ? lp_requantise_short(*x, with.mult_below, with.shift_below)
                                     : lp_requantise_short(*x, with.mult, with.shift);
        *y++ = (int16_t)lp_clamp_s32(value, -32768, 32767);
    }
}
