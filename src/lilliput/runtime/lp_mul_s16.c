#include "lp_mul_s16.h"

#include <stddef.h>

#include "lp_compiler.h"
#include "lp_fixed_point.h"

static LP_NOINLINE void lp_mul_row(const lp_mul_s16_t *op, const int16_t *a, const int16_t *b, int16_t *y)
{
    const int32_t mult = op->mult;
    const int32_t right = -op->shift;
    const int32_t a2 = op->a2;
    const int32_t b2 = op->b2;
    const int16_t *const end = y + op->d2;
    LP_ROLLED for (; y != end; a += a2, b += b2) {
        const int32_t value = lp_rounding_shift(lp_high_mul(*a * *b, mult), right);
        *y++ = (int16_t)lp_clamp_s32(value, op->y_min, op->y_max);
    }
}

void lp_mul_s16(const lp_mul_s16_t *op, const int16_t *a, const int16_t *b, int16_t *y)
{
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            lp_mul_row(op, a + i * op->a0 + j * op->a1, b + i * op->b0 + j * op->b1, y);
        }
    }
}
