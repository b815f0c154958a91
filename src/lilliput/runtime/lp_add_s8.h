/* lp_add_s8: sum or difference of two int8 values with scales of their own, each element shared along some axes.
 *
 * Layout    y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis
 * Value     u = requantise((a + a_offset) * 2^20, a_mult, a_shift), v likewise from b
 *           y = clamp(requantise(a_sign * u + b_sign * v, y_mult, y_shift) + y_offset, y_min, y_max)
 *           with a and b at i * a0 + j * a1 + k * a2 and i * b0 + j * b1 + k * b2
 * Ranges    offsets in [-127, 128]; a_shift, b_shift, y_shift <= 0; a_sign and b_sign are 1 or -1; a2 and b2 are 0 or 1.
 *           |u|, |v| <= 255 * 2^19, so nothing overflows.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be an operand of its own shape; otherwise they do not overlap.
 * Failure   none at run time.
 *
 * lp_add_linear_s8 gives the same bytes faster where the compiler has found its coefficients.
 */
#ifndef LP_ADD_S8_H
#define LP_ADD_S8_H

#include <stdint.h>

typedef struct {
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
    int32_t a_sign;
    int32_t b_offset;
    int32_t b_mult;
    int32_t b_shift;
    int32_t b_sign;
    int32_t y_mult;
    int32_t y_shift;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_add_s8_t;

void lp_add_s8(const lp_add_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y);

#endif
