#include "lp_add_linear_s8_rvv.h"

#include "lp_compiler.h"
#include "lp_rvv.h"

static LP_NOINLINE void lp_two_vectors(const lp_add_linear_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    const lp_add_linear_s8_t with = *op; /* a copy: y, being bytes, could otherwise be thought to change it */
    size_t vl;
    for (int32_t left = with.d2; left > 0; left -= (int32_t)vl, a += vl, b += vl, y += vl) {
        vl = lp_w_lanes(left);
        const lp_w_s32 part = lp_w_add_n(lp_w_mul_n(lp_w_widen(a, vl), with.a_factor, vl), with.start, vl);
        const lp_w_s32 sum = lp_w_right_n(lp_w_mla_n(part, lp_w_widen(b, vl), with.b_factor, vl), with.shift, vl);
        lp_w_store_s8(y, lp_w_clamp_s8(lp_w_saturate(sum, vl), with.y_min, with.y_max, vl), vl);
    }
}

/* start holds what the other operand, one element for the whole row, adds. */
static LP_NOINLINE void lp_one_vector(const lp_add_linear_s8_t *op, const int8_t *a, int32_t factor, int32_t start,
                                      int8_t *y)
{
    const lp_add_linear_s8_t with = *op;
    size_t vl;
    for (int32_t left = with.d2; left > 0; left -= (int32_t)vl, a += vl, y += vl) {
        vl = lp_w_lanes(left);
        const lp_w_s32 sum = lp_w_add_n(lp_w_mul_n(lp_w_widen(a, vl), factor, vl), start, vl);
        const lp_w_s8 made = lp_w_saturate(lp_w_right_n(sum, with.shift, vl), vl);
        lp_w_store_s8(y, lp_w_clamp_s8(made, with.y_min, with.y_max, vl), vl);
    }
}

void lp_add_linear_s8_rvv(const lp_add_linear_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            const int8_t *from_a = a + i * op->a0 + j * op->a1;
            const int8_t *from_b = b + i * op->b0 + j * op->b1;
            if (op->b2 == 0) {
                lp_one_vector(op, from_a, op->a_factor, op->start + *from_b * op->b_factor, y);
            } else if (op->a2 == 0) {
                lp_one_vector(op, from_b, op->b_factor, op->start + *from_a * op->a_factor, y);
            } else {
                lp_two_vectors(op, from_a, from_b, y);
            }
        }
    }
}
