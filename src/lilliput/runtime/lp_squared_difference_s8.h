/* lp_squared_difference_s8: squared difference of two int8 values with scales of their own.
 *
 * Layout    y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Value     u = requantise((a + a_offset) * 2^7, a_mult, a_shift), v likewise from b
 *           y = clamp(requantise((u - v)^2, y_mult, y_shift) + y_offset, -128, 127)
 * Ranges    offsets in [-127, 128]; a_shift, b_shift, y_shift <= 0. |u|, |v| <= 255 * 2^6, so nothing overflows.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be an operand of its own shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_SQUARED_DIFFERENCE_S8_H
#define LP_SQUARED_DIFFERENCE_S8_H

#include <stdint.h>

typedef struct {
    const int8_t *a;
    const int8_t *b;
    int32_t d0;
    int32_t d1;
    int32_t d2;
    int32_t a0;
    int32_t a1;
    int32_t a2;
    int32_t b0;
    int32_t b1;
    int32_t b2;
    int32_t a_offset;
    int32_t a_mult;
    int32_t a_shift;
    int32_t b_offset;
    int32_t b_mult;
    int32_t b_shift;
    int32_t y_mult;
    int32_t y_shift;
    int32_t y_offset;
} lp_squared_difference_s8_t;

void lp_squared_difference_s8(const lp_squared_difference_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y);

#endif
