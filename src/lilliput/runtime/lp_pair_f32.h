/* What the kernels share that take two operands element by element: y = clamp(f(a, b), y_min, y_max).
 *
 * y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis. op->a, op->b: constants in flash
 * that take the place of the operands where they are not null.
 */
#ifndef LP_PAIR_F32_H
#define LP_PAIR_F32_H

#include <stddef.h>

#include "lp_compiler.h"
#include "lp_float.h"

typedef struct {
    const float *a;
    const float *b;
    int32_t d0;
    int32_t d1;
    int32_t d2;
    int32_t a0;
    int32_t a1;
    int32_t a2;
    int32_t b0;
    int32_t b1;
    int32_t b2;
    float y_min;
    float y_max;
} lp_pair_f32_t;

typedef float (*lp_pair_of_t)(float a, float b);

/* One row; the usual steps of 1 are known to the compiler. */
LP_INLINE void lp_pair_row(const float *a, int32_t a_step, const float *b, int32_t b_step, float *y, const float *end,
                           float low, float high, lp_pair_of_t f)
{
    for (; y != end; a += a_step, b += b_step) {
        *y++ = lp_within(f(*a, *b), low, high);
    }
}

LP_INLINE void lp_pairs(const lp_pair_f32_t *op, const float *a, const float *b, float *y, lp_pair_of_t f)
{
    const int32_t near = op->a2 == 1 && op->b2 == 1;
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            const float *from_a = a + (i * op->a0 + j * op->a1);
            const float *from_b = b + (i * op->b0 + j * op->b1);
            if (near != 0) {
                lp_pair_row(from_a, 1, from_b, 1, y, y + op->d2, op->y_min, op->y_max, f);
            } else {
                lp_pair_row(from_a, op->a2, from_b, op->b2, y, y + op->d2, op->y_min, op->y_max, f);
            }
        }
    }
}

#endif
