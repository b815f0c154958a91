#include "lp_mul_s8.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"

/* The usual row: neighbouring elements, a factor below 1/2, the type's own limits. */
static LP_NOINLINE void lp_mul_plain(const lp_mul_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    const int32_t a_offset = op->a_offset;
    const int32_t b_offset = op->b_offset;
    const int32_t mult = op->mult;
    const int32_t right = -op->shift;
    const int32_t half = (int32_t)(((uint32_t)1 << right) >> 1);
    const int32_t y_offset = op->y_offset;
    const int8_t *const end = y + op->d2;
    LP_ROLLED while (y != end) {
        const int32_t t = lp_high_mul((*a++ + a_offset) * (*b++ + b_offset), mult);
        const int32_t value = ((t + half + (t >> 31)) >> right) + y_offset;
        *y++ = (int8_t)lp_clamp_s32(value, -128, 127);
    }
}

static LP_NOINLINE void lp_mul_any(const lp_mul_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    const lp_mul_s8_t with = *op; /* a copy: y, being bytes, could otherwise be thought to change it */
    const int8_t *const end = y + with.d2;
    LP_ROLLED for (; y != end; a += with.a2, b += with.b2) {
        const int32_t product = (*a + with.a_offset) * (*b + with.b_offset);
        const int32_t value = lp_requantise_small(product, with.mult, with.shift) + with.y_offset;
        *y++ = (int8_t)lp_clamp_s32(value, with.y_min, with.y_max);
    }
}

void lp_mul_s8(const lp_mul_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    const int32_t full = op->y_min == -128 && op->y_max == 127;
    const int32_t plain = full != 0 && op->a2 == 1 && op->b2 == 1 && op->shift < 0;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            const int8_t *from_a = a + i * op->a0 + j * op->a1;
            const int8_t *from_b = b + i * op->b0 + j * op->b1;
            if (plain != 0) {
                lp_mul_plain(op, from_a, from_b, y);
            } else {
                lp_mul_any(op, from_a, from_b, y);
            }
        }
    }
}
