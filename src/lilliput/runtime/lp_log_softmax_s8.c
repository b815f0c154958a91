#include "lp_log_softmax_s8.h"

#include "lp_fixed_point.h"
#include "lp_reciprocal.h"

static int32_t lp_saturated(int64_t x) { return x > INT32_MAX ? INT32_MAX : (x < INT32_MIN ? INT32_MIN : (int32_t)x); }

/* Zero bits in front of a number above 0. */
static int32_t lp_zeros(int32_t x)
{
    int32_t zeros = 0;
    while (x < (int32_t)1 << 30) {
        x *= 2;
        zeros++;
    }
    return zeros + 1;
}

/* What the fraction r, Q0.31, adds to the logarithm, Q6.25. */
static int32_t lp_log_ratio(int32_t r)
{
    const int32_t fourth_root = 1805811301;
    const int32_t p = (int32_t)(((int64_t)r + fourth_root + 1) >> 1);
    const int32_t q = 2 * (r - fourth_root);
    const int32_t square = lp_high_mul(q, q);
    const int32_t numerator = lp_high_mul(q, r) + lp_high_mul(lp_high_mul(q, square), 117049297);
    const int32_t slope = 1057819769 + q + lp_high_mul(127690142, square);
    const int32_t denominator = lp_high_mul(p, slope) + lp_high_mul(638450708, q);
    return lp_high_mul(lp_rounding_shift(numerator, 6), lp_reciprocal(denominator));
}

/* Natural logarithm in Q5.26 of x in Q12.19, at least 1. */
static int32_t lp_log(int32_t x)
{
    const int32_t root_half = 1518500250;
    const int32_t quarter = (int32_t)1 << 23;
    const int32_t zeros = lp_zeros(x);
    const int32_t a = lp_high_mul(x * (int32_t)((uint32_t)1 << (zeros - 1)), root_half);
    const int32_t r_a = lp_saturated((int64_t)a * 2);
    const int32_t e_a = lp_saturated((int64_t)(12 - zeros) * (1 << 25) + quarter);
    const int32_t zeros_b = lp_zeros(lp_high_mul(x, root_half)) - 1;
    const int32_t r_b = lp_saturated((int64_t)x * ((int64_t)1 << zeros_b));
    const int32_t e_b = lp_saturated((int64_t)(12 - zeros_b) * (1 << 25) - quarter);
    const int32_t whole = lp_high_mul(lp_max_s32(e_a, e_b), 1488522236);
    return lp_saturated(((int64_t)whole + lp_log_ratio(lp_min_s32(r_a, r_b))) * 2);
}

static void lp_log_softmax_row(const lp_log_softmax_s8_t *op, const int8_t *x, int8_t *y)
{
    int32_t largest = x[0];
    for (int32_t i = 1; i < op->c; i++) {
        largest = lp_max_s32(largest, x[i]);
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < op->c; i++) {
        sum += largest - x[i] < op->terms ? op->exp[largest - x[i]] : 0;
    }
    const int32_t log = lp_log(sum);
    const int32_t fits = -lp_requantise(log + INT32_MIN, op->inverse_mult, op->inverse_shift);
    const int32_t reach = lp_min_s32(fits, op->reach + 1);
    for (int32_t i = 0; i < op->c; i++) {
        const int32_t d = largest - x[i];
        int32_t made = -128;
        if (d < reach) {
            const int32_t fine = lp_high_mul(-(d * (int32_t)((uint32_t)1 << op->shift)), op->mult);
            made = lp_clamp_s32(lp_rounding_shift(lp_saturated((int64_t)fine - log), 22) + 127, -128, 127);
        }
        y[i] = (int8_t)made;
    }
}

void lp_log_softmax_s8(const lp_log_softmax_s8_t *op, const int8_t *x, int8_t *y)
{
    for (int32_t row = 0; row < op->rows; row++) {
        lp_log_softmax_row(op, x + row * op->c, y + row * op->c);
    }
}
