#include "lp_add_s8.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"

static LP_NOINLINE void lp_add_row(const lp_add_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    const lp_add_s8_t with = *op; /* a copy: y, being bytes, could otherwise be thought to change it */
    const int8_t *const end = y + with.d2;
    LP_ROLLED for (; y != end; a += with.a2, b += with.b2) {
        const int32_t u = lp_requantise_small((*a + with.a_offset) * (1 << 20), with.a_mult, with.a_shift);
        const int32_t v = lp_requantise_small((*b + with.b_offset) * (1 << 20), with.b_mult, with.b_shift);
        const int32_t sum = lp_requantise_small(with.a_sign * u + with.b_sign * v, with.y_mult, with.y_shift);
        *y++ = (int8_t)lp_clamp_s32(sum + with.y_offset, with.y_min, with.y_max);
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
