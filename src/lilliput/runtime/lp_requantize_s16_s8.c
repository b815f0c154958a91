#include "lp_requantize_s16_s8.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"

void lp_requantize_s16_s8(const lp_requantize_s16_s8_t *op, const int16_t *x, int8_t *y)
{
    const lp_requantize_s16_s8_t with = *op; /* a copy: y, being bytes, could otherwise be thought to change it */
    const int8_t *const end = y + with.n;
    LP_ROLLED while (y != end) {
        const int32_t value = lp_requantise_small(*x++ + with.x_offset, with.mult, with.shift) + with.y_offset;
        *y++ = (int8_t)lp_clamp_s32(value, -128, 127);
    }
}
