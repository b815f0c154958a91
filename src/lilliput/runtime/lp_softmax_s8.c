#include "lp_softmax_s8.h"

#include "lp_fixed_point.h"
#include "lp_reciprocal.h"

static void lp_softmax_row(const lp_softmax_s8_t *op, const int8_t *x, int8_t *y)
{
    int32_t most = x[0];
    for (int32_t i = 1; i < op->c; i++) {
        most = lp_max_s32(most, x[i]);
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < op->c; i++) {
        const int32_t below = most - x[i];
        sum += below < op->reach ? lp_rounding_shift(op->exp[below], 12) : 0;
    }
    const int32_t zeros = lp_leading_zeros((uint32_t)sum);
    const int32_t inverse = lp_reciprocal((int32_t)(((uint32_t)sum << zeros) - 0x80000000u));
    const int32_t shift = 35 - zeros;
    for (int32_t i = 0; i < op->c; i++) {
        const int32_t below = most - x[i];
        int32_t value = -128;
        if (below < op->reach && shift < 32) { /* from 32 on every quotient is below one half */
            value += lp_rounding_shift(lp_high_mul(inverse, op->exp[below]), shift);
        }
        y[i] = (int8_t)lp_min_s32(value, 127);
    }
}

void lp_softmax_s8(const lp_softmax_s8_t *op, const int8_t *x, int8_t *y)
{
    for (int32_t row = 0; row < op->rows; row++, x += op->c, y += op->c) {
        lp_softmax_row(op, x, y);
    }
}
