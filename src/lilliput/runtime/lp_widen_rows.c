#include "lp_widen_rows.h"

#include "lp_dsp.h"

void lp_widen_row(const int8_t *restrict from, int32_t step, int32_t count, int16_t *restrict to)
{
    LP_ROLLED
    for (; count >= 4; count -= 4, from += 4 * step, to += 4) {
        to[0] = from[0];
        to[1] = from[step];
        to[2] = from[2 * step];
        to[3] = from[3 * step];
    }
    LP_ROLLED
    for (; count > 0; count--, from += step) {
        *to++ = *from;
    }
}

void lp_fill_row(int16_t padding, int32_t count, int16_t *to)
{
    LP_ROLLED
    for (; count > 0; count--) {
        *to++ = padding;
    }
}
