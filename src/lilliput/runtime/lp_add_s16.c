#include "lp_add_s16.h"

#include <stddef.h>

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_requantise_s16.h"

static LP_NOINLINE void lp_add_row(const lp_add_s16_t *op, const int16_t *a, const int16_t *b, int16_t *y)
{
    const int32_t a_factor = op->a_sign * (1 << 15); /* sums are held doubled */
    const int32_t b_factor = op->b_sign * 2;
    const int32_t b_less = -1 - op->b_shift;
    const int32_t y_less = -1 - op->y_shift;
    const int16_t *const end = y + op->d2;
    LP_ROLLED for (; y != end; a += op->a2, b += op->b2) {
        const int32_t v = lp_requantise_twice(*b * (1 << 16), op->b_mult, b_less);
        const int32_t sum = lp_requantise_twice(*a * a_factor + b_factor * v, op->y_mult, y_less);
        *y++ = (int16_t)lp_clamp_s32(sum, -32768, 32767);
    }
}

/* The same where both scales are one: the factor of b is 1/2 too. */
static LP_NOINLINE void lp_add_row_of_one_scale(const lp_add_s16_t *op, const int16_t *a, const int16_t *b, int16_t *y)
{
    const int32_t y_less = -1 - op->y_shift;
    const int16_t *const end = y + op->d2;
    LP_ROLLED for (; y != end; a += op->a2, b += op->b2) {
        const int32_t twice = (op->a_sign * *a + op->b_sign * *b) * (1 << 15);
        *y++ = (int16_t)lp_clamp_s32(lp_requantise_twice(twice, op->y_mult, y_less), -32768, 32767);
    }
}

void lp_add_s16(const lp_add_s16_t *op, const int16_t *a, const int16_t *b, int16_t *y)
{
    int16_t *const start = y;
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            const int16_t *from_a = a + i * op->a0 + j * op->a1;
            const int16_t *from_b = b + i * op->b0 + j * op->b1;
            if (op->b_shift < 0) {
                lp_add_row(op, from_a, from_b, y);
            } else {
                lp_add_row_of_one_scale(op, from_a, from_b, y);
            }
        }
    }
    if (op->y_min > -32768 || op->y_max < 32767) {
        for (int16_t *at = start; at != y; at++) {
            *at = (int16_t)lp_clamp_s32(*at, op->y_min, op->y_max);
        }
    }
}
