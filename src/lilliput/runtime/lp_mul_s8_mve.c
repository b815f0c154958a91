#include "lp_mul_s8_mve.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_requantise_mve.h"

/* A row of `op->d2` elements; b is one element for all of them where b_step is 0. */
static LP_NOINLINE void lp_mul_row(const lp_mul_s8_t *op, const int8_t *a, int32_t a_offset, const int8_t *b,
                                   int32_t b_step, int32_t b_offset, int8_t *y)
{
    const int32_t mult = op->mult;
    const int32_t up = lp_max_s32(op->shift, 0);
    const int32_t down = lp_min_s32(op->shift, 0);
    const int32_t away = down < 0 ? -1 : 0;
    const int32_t y_offset = op->y_offset;
    lp_s32x4 other = lp_vsplat(*b + b_offset);
    for (int32_t left = op->d2; left > 0; left -= 4, a += 4, b += 4, y += 4) {
        if (b_step != 0) {
            other = lp_vadd_n(lp_vwiden_first(b, left), b_offset);
        }
        const lp_s32x4 product = lp_vmul(lp_vadd_n(lp_vwiden_first(a, left), a_offset), other);
        const lp_s32x4 made = lp_vrequantise_down(lp_vshift_n(product, up), mult, down, away);
        lp_vnarrow_first(y, lp_vsaturate(lp_vadd_n(made, y_offset)), left);
    }
}

void lp_mul_s8_mve(const lp_mul_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++) {
            const int8_t *from_a = a + i * op->a0 + j * op->a1;
            const int8_t *from_b = b + i * op->b0 + j * op->b1;
            int8_t *to = y + (i * op->d1 + j) * op->d2;
            if (op->a2 != 0) {
                lp_mul_row(op, from_a, op->a_offset, from_b, op->b2, op->b_offset, to);
            } else {
                lp_mul_row(op, from_b, op->b_offset, from_a, 0, op->a_offset, to);
            }
        }
    }
    lp_vclamp_run(y, op->d0 * op->d1 * op->d2, op->y_min, op->y_max);
}
