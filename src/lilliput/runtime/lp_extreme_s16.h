/* lp_extreme_s16: the larger or the smaller of two int16.
 *
 * Layout    y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Value     y = sign * a >= sign * b ? a : b; sign 1 for the larger, -1 for the smaller
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be an operand of its own shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_EXTREME_S16_H
#define LP_EXTREME_S16_H

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
    int32_t sign;
} lp_extreme_s16_t;

void lp_extreme_s16(const lp_extreme_s16_t *op, const int16_t *a, const int16_t *b, int16_t *y);

#endif
