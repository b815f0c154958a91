/* lp_add_linear_s8: sum or difference of two int8 values, each element shared along some axes, as one linear form.
 *
 * Layout    y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis
 * Value     y = clamp((a * a_factor + b * b_factor + start) >> shift, y_min, y_max)
 *           with a and b at i * a0 + j * a1 + k * a2 and i * b0 + j * b1 + k * b2
 * Ranges    the compiler has tried all 65536 pairs: the sum fits 32 bits, and the result is that of lp_add_s8;
 *           a2 and b2 are 0 or 1.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be an operand of its own shape; otherwise they do not overlap.
 * Failure   none at run time: where no such coefficients are found, lp_add_s8 is called instead.
 */
#ifndef LP_ADD_LINEAR_S8_H
#define LP_ADD_LINEAR_S8_H

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
    int32_t a_factor;
    int32_t b_factor;
    int32_t start;
    int32_t shift;
    int32_t y_min;
    int32_t y_max;
} lp_add_linear_s8_t;

void lp_add_linear_s8(const lp_add_linear_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y);

#endif
