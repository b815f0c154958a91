/* lp_prelu_s8: rectifier with a slope b for each element, int8.
 *
 * Layout    y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Value     x = a + a_offset
 *           y = clamp((x >= 0 ? requantise(x, mult, shift) : requantise(x * (b + b_offset), slope_mult, slope_shift))
 *               + y_offset, -128, 127)
 * Ranges    offsets in [-127, 128]; 255 * 2^max(shift, 0) and 255^2 * 2^max(slope_shift, 0) < 2^30 (LP312 otherwise).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be an operand of its own shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_PRELU_S8_H
#define LP_PRELU_S8_H

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
    int32_t b_offset;
    int32_t mult;
    int32_t shift;
    int32_t slope_mult;
    int32_t slope_shift;
    int32_t y_offset;
} lp_prelu_s8_t;

void lp_prelu_s8(const lp_prelu_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y);

#endif
