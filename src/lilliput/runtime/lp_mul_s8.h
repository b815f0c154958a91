/* lp_mul_s8: product of two int8 values with scales of their own, each element shared along some axes.
 *
 * Layout    y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis
 * Value     y = clamp(requantise((a + a_offset) * (b + b_offset), mult, shift) + y_offset, y_min, y_max)
 *           with a and b at i * a0 + j * a1 + k * a2 and i * b0 + j * b1 + k * b2
 * Ranges    offsets in [-127, 128]; 255 * 255 * 2^max(shift, 0) < 2^30 (LP312 otherwise).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be an operand of its own shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_MUL_S8_H
#define LP_MUL_S8_H

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
    int32_t b_offset;
    int32_t mult;
    int32_t shift;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_mul_s8_t;

void lp_mul_s8(const lp_mul_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y);

#endif
