#include "lp_add_s8.h"

#include "lp_fixed_point.h"

static void lp_add_row(const lp_add_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t k = 0; k < op->d2; k++) {
        const int32_t u = lp_requantise((a[k * op->a2] + op->a_offset) * (1 << 20), op->a_mult, op->a_shift);
        const int32_t v = lp_requantise((b[k * op->b2] + op->b_offset) * (1 << 20), op->b_mult, op->b_shift);
        const int32_t sum = lp_requantise(op->a_sign * u + op->b_sign * v, op->y_mult, op->y_shift) + op->y_offset;
        y[k] = (int8_t)lp_clamp_s32(sum, op->y_min, op->y_max);
    }
}

void lp_add_s8(const lp_add_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            lp_add_row(op, a + i * op->a0 + j * op->a1, b + i * op->b0 + j * op->b1, y);
        }
    }
}
