#include "lp_squared_difference_s8.h"

#include <stddef.h>

#include "lp_fixed_point.h"

static void lp_squared_difference_s8_row(const lp_squared_difference_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t k = 0; k < op->d2; k++, a += op->a2, b += op->b2) {
        const int32_t u = lp_requantise_small((*a + op->a_offset) * (1 << 7), op->a_mult, op->a_shift);
        const int32_t v = lp_requantise_small((*b + op->b_offset) * (1 << 7), op->b_mult, op->b_shift);
        const int32_t square = lp_requantise((u - v) * (u - v), op->y_mult, op->y_shift);
        y[k] = (int8_t)lp_clamp_s32(square + op->y_offset, -128, 127);
    }
}

void lp_squared_difference_s8(const lp_squared_difference_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            lp_squared_difference_s8_row(op, a + i * op->a0 + j * op->a1, b + i * op->b0 + j * op->b1, y);
        }
    }
}
