#include "lp_add_s8_rvv.h"

#include "lp_compiler.h"
#include "lp_rvv.h"

static inline lp_w_s32 lp_scaled(lp_w_s32 x, int32_t offset, int32_t mult, int32_t shift, size_t vl)
{
    return lp_w_scale_down(lp_w_left_n(lp_w_add_n(x, offset, vl), 20, vl), mult, shift, vl);
}

static LP_NOINLINE void lp_add_row(const lp_add_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    const lp_add_s8_t with = *op; /* a copy: y, being bytes, could otherwise be thought to change it */
    size_t vl;
    for (int32_t left = with.d2; left > 0; left -= (int32_t)vl, y += vl) {
        vl = lp_w_lanes(left);
        const lp_w_s32 one_a = with.a2 != 0 ? lp_w_widen(a, vl) : lp_w_splat(*a, vl);
        const lp_w_s32 u = lp_scaled(one_a, with.a_offset, with.a_mult, with.a_shift, vl);
        const lp_w_s32 one_b = with.b2 != 0 ? lp_w_widen(b, vl) : lp_w_splat(*b, vl);
        const lp_w_s32 v = lp_scaled(one_b, with.b_offset, with.b_mult, with.b_shift, vl);
        const lp_w_s32 sum = lp_w_mla_n(lp_w_mul_n(u, with.a_sign, vl), v, with.b_sign, vl);
        const lp_w_s32 made = lp_w_add_n(lp_w_scale_down(sum, with.y_mult, with.y_shift, vl), with.y_offset, vl);
        lp_w_store_s8(y, lp_w_clamp_s8(lp_w_saturate(made, vl), with.y_min, with.y_max, vl), vl);
        a += with.a2 != 0 ? vl : 0u;
        b += with.b2 != 0 ? vl : 0u;
    }
}

void lp_add_s8_rvv(const lp_add_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            lp_add_row(op, a + i * op->a0 + j * op->a1, b + i * op->b0 + j * op->b1, y);
        }
    }
}
