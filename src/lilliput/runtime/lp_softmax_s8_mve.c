#include "lp_softmax_s8_mve.h"

#include "lp_compiler.h"
#include "lp_reciprocal.h"
#include "lp_requantise_mve.h"

/* e to the power of each of four elements less the row's greatest; nothing of these is negative, so that halves up are
 * halves away from zero. */
static inline lp_s32x4 lp_powers(const lp_softmax_s8_t *op, const int8_t *x, int32_t most, int32_t count)
{
    const lp_s32x4 below = lp_vmla_n(lp_vsplat(most), lp_vwiden_first(x, count), -1);
    return lp_vlookup_s32(op->exp, below, op->reach, count);
}

static LP_NOINLINE void lp_softmax_row(const lp_softmax_s8_t *op, const int8_t *x, int8_t *y)
{
    int32_t most = -128;
    int32_t sum = 0;
    for (int32_t i = 0; i < op->c; i += 16) {
        most = lp_vmost_first(most, lp_vload_s8_first(x + i, op->c - i), op->c - i);
    }
    for (int32_t i = 0; i < op->c; i += 4) {
        sum = lp_vsum(sum, lp_vround_shift_n(lp_powers(op, x + i, most, op->c - i), -12));
    }
    const int32_t zeros = lp_leading_zeros((uint32_t)sum);
    const int32_t inverse = lp_reciprocal((int32_t)(((uint32_t)sum << zeros) - 0x80000000u));
    const int32_t shift = 35 - zeros;
    if (shift > 31) { /* every quotient is below one half */
        lp_vfill(y, -128, op->c);
        return;
    }
    for (int32_t i = 0; i < op->c; i += 4) {
        const lp_s32x4 part = lp_vhigh_mul_n(lp_powers(op, x + i, most, op->c - i), inverse);
        const lp_s32x4 made = lp_vadd_n(lp_vround_shift_n(part, -shift), -128);
        lp_vnarrow_first(y + i, lp_vsaturate(made), op->c - i);
    }
}

void lp_softmax_s8_mve(const lp_softmax_s8_t *op, const int8_t *x, int8_t *y)
{
    for (int32_t row = 0; row < op->rows; row++, x += op->c, y += op->c) {
        lp_softmax_row(op, x, y);
    }
}
