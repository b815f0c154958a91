/* lp_add_s16: sum or difference of two int16 values with scales of their own, each element shared along some axes.
 *
 * The first operand is the one with the larger scale, whose factor in the published rule is always 1/2.
 *
 * Layout    y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Value     v = requantise(b * 2^15, b_mult, b_shift)
 *           y = clamp(requantise(a_sign * a * 2^14 + b_sign * v, y_mult, y_shift), y_min, y_max)
 *           with a and b at i * a0 + j * a1 + k * a2 and i * b0 + j * b1 + k * b2
 * Ranges    b_mult * 2^(b_shift - 31) <= 1/2 (the compiler's order); y_shift < 0; a_sign and b_sign are 1 or -1, not
 *           both -1; a2 and b2 are 0 or 1. Then |sum| <= 2^30, and nothing overflows.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be an operand of its own shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_ADD_S16_H
#define LP_ADD_S16_H

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
    int32_t a_sign;
    int32_t b_mult;
    int32_t b_shift;
    int32_t b_sign;
    int32_t y_mult;
    int32_t y_shift;
    int32_t y_min;
    int32_t y_max;
} lp_add_s16_t;

void lp_add_s16(const lp_add_s16_t *op, const int16_t *a, const int16_t *b, int16_t *y);

#endif
