/* lp_div_s8: quotient of two int8 values with scales of their own.
 *
 * Layout    y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Value     v = a + a_offset, negated where b + b_offset < 0, shifted left by h, the bits free in 32
 *           y = clamp((v * inverse[b + 128] * mult as two rounded high halves) / 2^(right[b + 128] + h - shift)
 *               + y_offset, y_min, y_max); 0 + y_offset for v = 0
 * Ranges    inverse and right have 256 entries; offsets in [-127, 128]; shift < 22, so that the last shift is above 0.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be an operand of its own shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_DIV_S8_H
#define LP_DIV_S8_H

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
    const int32_t *inverse;
    const int8_t *right;
    int32_t a_offset;
    int32_t b_offset;
    int32_t mult;
    int32_t shift;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_div_s8_t;

void lp_div_s8(const lp_div_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y);

#endif
