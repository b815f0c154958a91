#include "lp_mul_s8.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"

static LP_NOINLINE void lp_mul_row(const lp_mul_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    const int32_t a_step = op->a2;
    const int32_t b_step = op->b2;
    const int8_t *const end = y + op->d2;
    LP_ROLLED for (; y != end; a += a_step, b += b_step) {
        const int32_t product = (*a + op->a_offset) * (*b + op->b_offset);
        const int32_t value = lp_requantise(product, op->mult, op->shift) + op->y_offset;
        *y++ = (int8_t)lp_clamp_s32(value, op->y_min, op->y_max);
    }
}

void lp_mul_s8(const lp_mul_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            lp_mul_row(op, a + i * op->a0 + j * op->a1, b + i * op->b0 + j * op->b1, y);
        }
    }
}
