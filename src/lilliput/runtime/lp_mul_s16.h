/* lp_mul_s16: product of two int16 values with scales of their own, each element shared along some axes.
 *
 * Layout    y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Value     y = clamp(requantise(a * b, mult, shift), y_min, y_max)
 *           with a and b at i * a0 + j * a1 + k * a2 and i * b0 + j * b1 + k * b2
 * Ranges    shift <= 0 (LP312 otherwise); a2 and b2 are 0 or 1.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be an operand of its own shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_MUL_S16_H
#define LP_MUL_S16_H

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
    int32_t mult;
    int32_t shift;
    int32_t y_min;
    int32_t y_max;
} lp_mul_s16_t;

void lp_mul_s16(const lp_mul_s16_t *op, const int16_t *a, const int16_t *b, int16_t *y);

#endif
