/* lp_pair_s32: arithmetic of two int32 without a scale; results wrap around.
 *
 * Layout    y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Value     y = clamp(f(a, b), y_min, y_max); kind 0 a + b, 1 a - b, 2 a * b, 3 the larger, 4 the smaller, 5 (a - b)^2,
 *           6 a / b towards zero, 7 a / b rounded down, 8 a - b * (a / b rounded down); a division by 0 gives 0
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be an operand of its own shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_PAIR_S32_H
#define LP_PAIR_S32_H

#include <stdint.h>

typedef struct {
    const int32_t *a;
    const int32_t *b;
    int32_t d0;
    int32_t d1;
    int32_t d2;
    int32_t a0;
    int32_t a1;
    int32_t a2;
    int32_t b0;
    int32_t b1;
    int32_t b2;
    int32_t kind;
    int32_t y_min;
    int32_t y_max;
} lp_pair_s32_t;

void lp_pair_s32(const lp_pair_s32_t *op, const int32_t *a, const int32_t *b, int32_t *y);

#endif
