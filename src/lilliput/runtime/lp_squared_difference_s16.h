/* lp_squared_difference_s16: squared difference of two int16 values with scales of their own.
 *
 * Layout    y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Value     u = requantise(a, a_mult, a_shift), v likewise from b
 *           y = clamp(requantise((u - v)^2, y_mult, y_shift), -32768, 32767)
 * Ranges    the factors of a and b at most 1/2, y_shift <= 0. |u|, |v| <= 2^14, so nothing overflows.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be an operand of its own shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_SQUARED_DIFFERENCE_S16_H
#define LP_SQUARED_DIFFERENCE_S16_H

#include <stdint.h>

typedef struct {
    const int16_t *a;
    const int16_t *b;
    int32_t d0;
    int32_t d1;
    int32_t d2;
    int32_t a0;
    int32_t a1;
    int32_t a2;
    int32_t b0;
    int32_t b1;
    int32_t b2;
    int32_t a_mult;
    int32_t a_shift;
    int32_t b_mult;
    int32_t b_shift;
    int32_t y_mult;
    int32_t y_shift;
} lp_squared_difference_s16_t;

void lp_squared_difference_s16(const lp_squared_difference_s16_t *op, const int16_t *a, const int16_t *b, int16_t *y);

#endif
