#include "lp_add_linear_s8.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"

/* The row that residual networks spend their time in: with the type's own limits as constants the clamp is one
 * saturating instruction where the core has it. */
static LP_NOINLINE void lp_add_full_range(const lp_add_linear_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    const int32_t a_factor = op->a_factor;
    const int32_t b_factor = op->b_factor;
    const int32_t start = op->start;
    const int32_t shift = op->shift;
    const int8_t *const end = y + op->d2;
    const int8_t *const fours = y + (op->d2 & ~3);
    LP_ROLLED for (; y != fours; a += 4, b += 4, y += 4) {
        const int32_t y0 = (start + a[0] * a_factor + b[0] * b_factor) >> shift;
        const int32_t y1 = (start + a[1] * a_factor + b[1] * b_factor) >> shift;
        const int32_t y2 = (start + a[2] * a_factor + b[2] * b_factor) >> shift;
        const int32_t y3 = (start + a[3] * a_factor + b[3] * b_factor) >> shift;
        y[0] = (int8_t)lp_clamp_s32(y0, -128, 127);
        y[1] = (int8_t)lp_clamp_s32(y1, -128, 127);
        y[2] = (int8_t)lp_clamp_s32(y2, -128, 127);
        y[3] = (int8_t)lp_clamp_s32(y3, -128, 127);
    }
    LP_ROLLED while (y != end) {
        const int32_t value = (start + *a++ * a_factor + *b++ * b_factor) >> shift;
        *y++ = (int8_t)lp_clamp_s32(value, -128, 127);
    }
}

static LP_NOINLINE void lp_add_any(const lp_add_linear_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    const int32_t a_factor = op->a_factor;
    const int32_t b_factor = op->b_factor;
    const int32_t start = op->start;
    const int32_t shift = op->shift;
    const int32_t y_min = op->y_min;
    const int32_t y_max = op->y_max;
    const int32_t a_step = op->a2;
    const int32_t b_step = op->b2;
    LP_ROLLED for (int32_t left = op->d2; left > 0; left--, a += a_step, b += b_step) {
        const int32_t value = (start + *a * a_factor + *b * b_factor) >> shift;
        *y++ = (int8_t)lp_clamp_s32(value, y_min, y_max);
    }
}

void lp_add_linear_s8(const lp_add_linear_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    const int32_t full = op->a2 == 1 && op->b2 == 1 && op->y_min == -128 && op->y_max == 127;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            const int8_t *from_a = a + i * op->a0 + j * op->a1;
            const int8_t *from_b = b + i * op->b0 + j * op->b1;
            if (full != 0) {
                lp_add_full_range(op, from_a, from_b, y);
            } else {
                lp_add_any(op, from_a, from_b, y);
            }
        }
    }
}
