#include "lp_add_s8_mve.h"

#include "lp_compiler.h"
#include "lp_requantise_mve.h"

static inline lp_s32x4 lp_scaled(lp_s32x4 x, int32_t offset, int32_t mult, int32_t shift)
{
    return lp_vrequantise_down(lp_vshift_n(lp_vadd_n(x, offset), 20), mult, shift, shift < 0 ? -1 : 0);
}

static LP_NOINLINE void lp_add_row(const lp_add_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    const lp_add_s8_t with = *op;
    const lp_s32x4 b_sign = lp_vsplat(with.b_sign);
    for (int32_t left = with.d2; left > 0; left -= 4, a += 4 * with.a2, b += 4 * with.b2, y += 4) {
        const lp_s32x4 one_a = with.a2 != 0 ? lp_vwiden_first(a, left) : lp_vsplat(*a);
        const lp_s32x4 one_b = with.b2 != 0 ? lp_vwiden_first(b, left) : lp_vsplat(*b);
        const lp_s32x4 u = lp_scaled(one_a, with.a_offset, with.a_mult, with.a_shift);
        const lp_s32x4 v = lp_scaled(one_b, with.b_offset, with.b_mult, with.b_shift);
        const lp_s32x4 sum = lp_vmla_n(lp_vmul(v, b_sign), u, with.a_sign);
        const lp_s32x4 made = lp_vrequantise_down(sum, with.y_mult, with.y_shift, with.y_shift < 0 ? -1 : 0);
        lp_vnarrow_first(y, lp_vsaturate(lp_vadd_n(made, with.y_offset)), left);
    }
}

void lp_add_s8_mve(const lp_add_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++) {
            lp_add_row(op, a + i * op->a0 + j * op->a1, b + i * op->b0 + j * op->b1, y + (i * op->d1 + j) * op->d2);
        }
    }
    lp_vclamp_run(y, op->d0 * op->d1 * op->d2, op->y_min, op->y_max);
}
