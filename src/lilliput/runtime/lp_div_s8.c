#include "lp_div_s8.h"

#include <stddef.h>

#include "lp_fixed_point.h"

static int32_t lp_quotient(const lp_div_s8_t *op, int32_t a, int32_t b)
{
    const int32_t v = b + op->b_offset < 0 ? -(a + op->a_offset) : a + op->a_offset;
    if (v == 0) {
        return 0;
    }
    int32_t headroom = 31;
    while ((v < 0 ? -1 - v : v) >> (31 - headroom) != 0) {
        headroom--;
    }
    const int32_t high = (int32_t)((uint32_t)v << headroom);
    const int32_t scaled = lp_high_mul(lp_high_mul(high, op->inverse[b + 128]), op->mult);
    const int32_t right = op->right[b + 128] + headroom - op->shift;
    return right > 31 ? 0 : lp_rounding_shift(scaled, right);
}

static void lp_div_s8_row(const lp_div_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t k = 0; k < op->d2; k++, a += op->a2, b += op->b2) {
        y[k] = (int8_t)lp_clamp_s32(lp_quotient(op, *a, *b) + op->y_offset, op->y_min, op->y_max);
    }
}

void lp_div_s8(const lp_div_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            lp_div_s8_row(op, a + i * op->a0 + j * op->a1, b + i * op->b0 + j * op->b1, y);
        }
    }
}
