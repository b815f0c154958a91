#include "lp_add_linear_s8_simd.h"

#include "lp_fixed_point.h"
#include "lp_simd.h"

/* Sixteen elements of one operand times its factor; `step` is 0 where one element serves them all. */
LP_INLINE lp_lanes lp_term(const int8_t *x, int32_t step, int32_t factor)
{
    return step == 0 ? lp_all(*x * factor) : lp_load_codes(x) * factor;
}

/* One row; `a2` and `b2` are constants where this is inlined. */
LP_INLINE void lp_add_row(const lp_add_linear_s8_t *op, const int8_t *a, const int8_t *b, int32_t a2, int32_t b2,
                          int8_t *y)
{
    int32_t i = 0;
    for (; i + LP_LANES <= op->d2; i += LP_LANES) {
        const lp_lanes sum = lp_term(a + i * a2, a2, op->a_factor) + lp_term(b + i * b2, b2, op->b_factor) + op->start;
        const lp_bytes codes = lp_narrow(sum >> op->shift, op->y_min, op->y_max);
        memcpy(y + i, &codes, sizeof codes);
    }
    for (; i < op->d2; i++) {
        const int32_t sum = op->start + a[i * a2] * op->a_factor + b[i * b2] * op->b_factor;
        y[i] = (int8_t)lp_clamp_s32(sum >> op->shift, op->y_min, op->y_max);
    }
}

void lp_add_linear_s8_simd(const lp_add_linear_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            const int8_t *from_a = a + i * op->a0 + j * op->a1;
            const int8_t *from_b = b + i * op->b0 + j * op->b1;
            if (op->a2 == 1 && op->b2 == 1) {
                lp_add_row(op, from_a, from_b, 1, 1, y);
            } else {
                lp_add_row(op, from_a, from_b, op->a2, op->b2, y);
            }
        }
    }
}
