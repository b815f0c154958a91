#include "lp_softmax_s16.h"

#include "lp_fixed_point.h"
#include "lp_requantise_s16.h"

static int16_t lp_at(const int16_t *table, int32_t place)
{
    const int16_t *low = table + 256 + (place >> 7);
    return (int16_t)(low[0] + (((low[1] - low[0]) * (place & 127) + 64) >> 7));
}

static int32_t lp_leading_zeros(int32_t x)
{
    int32_t zeros = 0;
    for (uint32_t bits = (uint32_t)x; (bits & 0x80000000u) == 0; bits <<= 1) {
        zeros++;
    }
    return zeros;
}

static void lp_row(const lp_softmax_s16_t *op, const int16_t *x, int16_t *y)
{
    int32_t most = x[0];
    for (int32_t i = 1; i < op->c; i++) {
        most = lp_max_s32(most, x[i]);
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < op->c; i++) {
        const int32_t d = lp_requantise_short(x[i] - most, op->mult, op->shift);
        y[i] = lp_at(op->exp, lp_clamp_s32(d + 32767, -32768, 32767));
        sum += y[i];
    }
    const int32_t zeros = lp_leading_zeros(sum);
    const int32_t right = 31 - zeros;
    const int32_t scaled = (int32_t)((((int64_t)sum << (zeros - 1)) + (1 << 13)) >> 14); /* 1 + t, in 2^-16 */
    const int32_t inverse = lp_at(op->inverse, lp_clamp_s32(scaled - (1 << 16) - (1 << 15), -32768, 32767));
    for (int32_t i = 0; i < op->c; i++) {
        y[i] = (int16_t)lp_clamp_s32((y[i] * inverse + (int32_t)(1u << (right - 1))) >> right, 0, 32767);
    }
}

void lp_softmax_s16(const lp_softmax_s16_t *op, const int16_t *x, int16_t *y)
{
    for (int32_t row = 0; row < op->rows; row++, x += op->c, y += op->c) {
        lp_row(op, x, y);
    }
}
