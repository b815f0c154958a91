#include "lp_layer_norm_s8.h"

#include "lp_dsp.h"
#include "lp_fixed_point.h"
#include "lp_reciprocal.h"
#include "lp_rsqrt.h"

typedef struct {
    int32_t sum;
    int32_t squares;
} lp_moments_t;

typedef struct {
    int32_t mult;
    int32_t left;
} lp_inverse_t;

static lp_moments_t lp_moments(const int8_t *x, int32_t count)
{
    lp_moments_t made = {0, 0};
    LP_ROLLED
    for (; count >= 4; count -= 4, x += 4) {
        const uint32_t word = lp_load4(x);
        const uint32_t even = lp_sxtb16(word);
        const uint32_t odd = lp_sxtb16_ror8(word);
        made.sum = lp_smlad(odd, 0x00010001u, lp_smlad(even, 0x00010001u, made.sum));
        made.squares = lp_smlad(odd, odd, lp_smlad(even, even, made.squares));
    }
    LP_ROLLED
    for (; count > 0; count--, x++) {
        made.sum += *x;
        made.squares += *x * *x;
    }
    return made;
}

/* M and k. */
static lp_inverse_t lp_inverse_root(uint64_t spread, int32_t root_shift)
{
    const uint32_t high = (uint32_t)(spread >> 32);
    const int32_t bits = high > 0 ? 64 - lp_leading_zeros(high) : 32 - lp_leading_zeros((uint32_t)spread);
    const int32_t halvings = (bits - 28) >> 1;
    const uint64_t normal = halvings > 0 ? spread >> (2 * halvings) : spread << (-2 * halvings);
    const int32_t left = lp_min_s32(root_shift - halvings, 30);
    const int32_t mult = lp_rsqrt_newton((int32_t)(uint32_t)(normal >> 1)) * 4;
    const lp_inverse_t made = {left < 0 ? mult >> -left : mult, left < 0 ? 0 : left};
    return made;
}

/* What one row has of its own; c * x - S comes to fit 32 bits whatever wraps on the way. */
typedef struct {
    uint32_t step;
    uint32_t start;
    int32_t mult;
    int32_t fine;
    int32_t count;
} lp_row_t;

static inline void lp_normalise(lp_row_t row, const int8_t *x, const int32_t *gain_bias, int8_t *y)
{
    const int32_t scaled = (int32_t)((uint32_t)(int32_t)*x * row.step + row.start);
    const int32_t t = (int32_t)(((int64_t)scaled * row.mult + ((int64_t)1 << 31)) >> 32);
    const int32_t made = ((int32_t)(((int64_t)t * gain_bias[0]) >> 32) + gain_bias[1]) >> row.fine;
    *y = (int8_t)lp_clamp_s32(made, -128, 127);
}

static LP_NOINLINE void lp_normalise_all(const lp_row_t *of, const int8_t *x, const int32_t *gain_bias, int8_t *y)
{
    const lp_row_t row = *of;
    const int8_t *end = y + (row.count & ~3);
    LP_ROLLED
    for (; y != end; x += 4, y += 4, gain_bias += 8) {
        lp_normalise(row, x, gain_bias, y);
        lp_normalise(row, x + 1, gain_bias + 2, y + 1);
        lp_normalise(row, x + 2, gain_bias + 4, y + 2);
        lp_normalise(row, x + 3, gain_bias + 6, y + 3);
    }
    LP_ROLLED
    for (int32_t i = 0; i < (row.count & 3); i++) {
        lp_normalise(row, x + i, gain_bias + 2 * i, y + i);
    }
}

static void lp_layer_norm_row(const lp_layer_norm_s8_t *op, const int8_t *x, int8_t *y)
{
    const lp_moments_t seen = lp_moments(x, op->c);
    const int64_t spread = (int64_t)op->c * seen.squares - (int64_t)seen.sum * seen.sum;
    const lp_inverse_t root =
            lp_inverse_root(((uint64_t)spread << (2 * op->spread_shift)) + (uint64_t)op->eps, op->root_shift);
    const lp_row_t row = {(uint32_t)op->c << root.left, 0u - ((uint32_t)seen.sum << root.left), root.mult, op->fine, op->c};
    lp_normalise_all(&row, x, op->gain_bias, y);
}

void lp_layer_norm_s8(const lp_layer_norm_s8_t *op, const int8_t *x, int8_t *y)
{
    for (int32_t row = 0; row < op->rows; row++) {
        lp_layer_norm_row(op, x + row * op->c, y + row * op->c);
    }
}
