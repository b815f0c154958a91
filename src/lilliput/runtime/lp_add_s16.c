#include "lp_add_s16.h"

#include <stddef.h>

#include "lp_compiler.h"
#include "lp_fixed_point.h"

static LP_NOINLINE void lp_add_row(const lp_add_s16_t *op, const int16_t *a, const int16_t *b, int16_t *y)
{
    const int32_t a_factor = op->a_sign * (1 << 14);
    const int32_t b_sign = op->b_sign;
    const int32_t b_mult = op->b_mult;
    const int32_t b_shift = op->b_shift;
    const int32_t y_mult = op->y_mult;
    const int32_t y_shift = op->y_shift;
    const int32_t a2 = op->a2;
    const int32_t b2 = op->b2;
    const int16_t *const end = y + op->d2;
    LP_ROLLED for (; y != end; a += a2, b += b2) {
        const int32_t v = lp_requantise_small(*b * (1 << 15), b_mult, b_shift);
        const int32_t sum = lp_requantise_small(*a * a_factor + b_sign * v, y_mult, y_shift);
        *y++ = (int16_t)lp_clamp_s32(sum, op->y_min, op->y_max);
    }
}

void lp_add_s16(const lp_add_s16_t *op, const int16_t *a, const int16_t *b, int16_t *y)
{
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            lp_add_row(op, a + i * op->a0 + j * op->a1, b + i * op->b0 + j * op->b1, y);
        }
    }
}
