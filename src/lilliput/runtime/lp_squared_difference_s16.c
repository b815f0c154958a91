#include "lp_squared_difference_s16.h"

#include <stddef.h>

#include "lp_fixed_point.h"

static void lp_row(const lp_squared_difference_s16_t *op, const int16_t *a, const int16_t *b, int16_t *y)
{
    for (int32_t k = 0; k < op->d2; k++, a += op->a2, b += op->b2) {
        const int32_t u = lp_requantise_small(*a, op->a_mult, op->a_shift);
        const int32_t v = lp_requantise_small(*b, op->b_mult, op->b_shift);
        const int32_t square = lp_requantise((u - v) * (u - v), op->y_mult, op->y_shift);
        y[k] = (int16_t)lp_clamp_s32(square, -32768, 32767);
    }
}

void lp_squared_difference_s16(const lp_squared_difference_s16_t *op, const int16_t *a, const int16_t *b, int16_t *y)
{
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            lp_row(op, a + i * op->a0 + j * op->a1, b + i * op->b0 + j * op->b1, y);
        }
    }
}
