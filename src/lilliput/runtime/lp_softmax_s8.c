#include "lp_softmax_s8.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_reciprocal.h"

/* A row's place in the table of each element: what is too far below the largest finds the 0 at its end. */
static inline int32_t lp_power(const int32_t *exp, int32_t most, int32_t reach, int8_t x)
{
    return exp[lp_min_s32(most - x, reach)];
}

static LP_NOINLINE int32_t lp_most(const int8_t *x, int32_t count)
{
    int32_t most = -128;
    LP_UNROLL4
    for (int32_t i = 0; i < count; i++) {
        most = lp_max_s32(most, x[i]);
    }
    return most;
}

/* In Q12.19; every term is 0 or more, so half up is half away from zero. */
static LP_NOINLINE int32_t lp_sum_of_powers(const int32_t *exp, int32_t most, int32_t reach, const int8_t *x,
                                            int32_t count)
{
    uint32_t sum = 0;
    LP_UNROLL4
    for (int32_t i = 0; i < count; i++) {
        sum += ((uint32_t)lp_power(exp, most, reach, x[i]) + 2048u) >> 12;
    }
    return (int32_t)sum;
}

typedef struct {
    const int32_t *exp;
    int32_t most;
    int32_t reach;
    int32_t count;
    int32_t inverse;
    uint32_t half;
    uint32_t shift;
} lp_shares_t;

static LP_NOINLINE void lp_shares(const lp_shares_t *of, const int8_t *x, int8_t *y)
{
    const lp_shares_t row = *of;
    LP_UNROLL4
    for (int32_t i = 0; i < row.count; i++) {
        const int32_t share = lp_high_mul_positive(lp_power(row.exp, row.most, row.reach, x[i]), row.inverse);
        y[i] = (int8_t)(lp_min_s32((int32_t)(((uint32_t)share + row.half) >> row.shift), 255) - 128);
    }
}

static void lp_softmax_row(const lp_softmax_s8_t *op, const int8_t *x, int8_t *y)
{
    const int32_t most = lp_most(x, op->c);
    const int32_t sum = lp_sum_of_powers(op->exp, most, op->reach, x, op->c);
    const int32_t zeros = lp_leading_zeros((uint32_t)sum);
    const uint32_t shift = (uint32_t)(35 - zeros);
    if (shift > 31) { /* every quotient is below one half */
        for (int32_t i = 0; i < op->c; i++) {
            y[i] = -128;
        }
        return;
    }
    const int32_t inverse = lp_reciprocal((int32_t)(((uint32_t)sum << zeros) - 0x80000000u));
    const lp_shares_t row = {op->exp, most, op->reach, op->c, inverse, 1u << (shift - 1), shift};
    lp_shares(&row, x, y);
}

void lp_softmax_s8(const lp_softmax_s8_t *op, const int8_t *x, int8_t *y)
{
    for (int32_t row = 0; row < op->rows; row++, x += op->c, y += op->c) {
        lp_softmax_row(op, x, y);
    }
}
