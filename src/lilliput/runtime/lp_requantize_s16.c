#include "lp_requantize_s16.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_requantise_s16.h"

void lp_requantize_s16(const lp_requantize_s16_t *op, const int16_t *x, int16_t *y)
{
    const lp_requantize_s16_t with = *op; /* a copy, so that nothing is read anew after each write */
    const int16_t *const end = y + with.n;
    LP_ROLLED while (y != end) {
        *y++ = (int16_t)lp_clamp_s32(lp_requantise_short(*x++, with.mult, with.shift), with.y_min, with.y_max);
    }
}
