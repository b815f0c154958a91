#include "lp_mul_s8_rvv.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_rvv.h"

/* A row of `op->d2` elements; b is one element for all of them where b_step is 0. */
static LP_NOINLINE void lp_mul_row(const lp_mul_s8_t *op, const int8_t *a, int32_t a_offset, const int8_t *b,
                                   int32_t b_step, int32_t b_offset, int8_t *y)
{
    const lp_mul_s8_t with = *op; /* a copy: y, being bytes, could otherwise be thought to change it */
    const int32_t up = lp_max_s32(with.shift, 0);
    const int32_t down = lp_min_s32(with.shift, 0);
    size_t vl;
    for (int32_t left = with.d2; left > 0; left -= (int32_t)vl, a += vl, y += vl) {
        vl = lp_w_lanes(left);
        lp_w_s32 product = lp_w_add_n(lp_w_widen(a, vl), a_offset, vl);
        if (b_step != 0) {
            product = lp_w_mul(product, lp_w_add_n(lp_w_widen(b, vl), b_offset, vl), vl);
            b += vl;
        } else {
            product = lp_w_mul_n(product, *b + b_offset, vl);
        }
        const lp_w_s32 made = lp_w_scale_down(lp_w_left_n(product, up, vl), with.mult, down, vl);
        const lp_w_s8 moved = lp_w_saturate(lp_w_add_n(made, with.y_offset, vl), vl);
        lp_w_store_s8(y, lp_w_clamp_s8(moved, with.y_min, with.y_max, vl), vl);
    }
}

void lp_mul_s8_rvv(const lp_mul_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            const int8_t *from_a = a + i * op->a0 + j * op->a1;
            const int8_t *from_b = b + i * op->b0 + j * op->b1;
            if (op->a2 != 0) {
                lp_mul_row(op, from_a, op->a_offset, from_b, op->b2, op->b_offset, y);
            } else {
                lp_mul_row(op, from_b, op->b_offset, from_a, 0, op->a_offset, y);
            }
        }
    }
}
