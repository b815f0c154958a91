#include "lp_masked_softmax_s8.h"

#include "lp_fixed_point.h"
#include "lp_reciprocal.h"

/* The largest that is present; 128, which no code reaches, where nothing is. */
static int32_t lp_most_present(const int8_t *x, const int8_t *present, int32_t count)
{
    int32_t most = -129;
    for (int32_t i = 0; i < count; i++) {
        most = present[i] != 0 ? lp_max_s32(most, x[i]) : most;
    }
    return most == -129 ? 128 : most;
}

/* Place in the table: its end, which is 0, for what is absent. */
static int32_t lp_place(const lp_masked_softmax_s8_t *op, int32_t most, int8_t x, int8_t present)
{
    if (most == 128) {
        return 0;
    }
    return present != 0 ? lp_min_s32(most - x, op->reach) : op->reach;
}

static void lp_row(const lp_masked_softmax_s8_t *op, const int8_t *x, const int8_t *present, int8_t *y)
{
    const int32_t most = lp_most_present(x, present, op->c);
    uint32_t sum = 0;
    for (int32_t i = 0; i < op->c; i++) {
        sum += ((uint32_t)op->exp[lp_place(op, most, x[i], present[i])] + 2048u) >> 12;
    }
    const int32_t zeros = lp_leading_zeros(sum);
    const uint32_t shift = (uint32_t)(35 - zeros);
    const int32_t inverse = lp_reciprocal((int32_t)((sum << zeros) - 0x80000000u));
    for (int32_t i = 0; i < op->c; i++) {
        if (shift > 31) { /* every quotient is below one half */
            y[i] = -128;
        } else {
            const int32_t share = lp_high_mul_positive(op->exp[lp_place(op, most, x[i], present[i])], inverse);
            y[i] = (int8_t)(lp_min_s32((int32_t)(((uint32_t)share + (1u << (shift - 1))) >> shift), 255) - 128);
        }
    }
}

void lp_masked_softmax_s8(const lp_masked_softmax_s8_t *op, const int8_t *x, const int8_t *present, int8_t *y)
{
    for (int32_t row = 0; row < op->rows; row++, x += op->c, y += op->c) {
        lp_row(op, x, present + (row % op->masks) * op->c, y);
    }
}
