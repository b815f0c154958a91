/* lp_compare_f32: a relation of two float.
 *
 * Layout    y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Value     y = 1 where `holds` has the bit of the pair, else 0: 1 for a < b, 2 for a = b, 4 for a > b, 8 for neither
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_COMPARE_F32_H
#define LP_COMPARE_F32_H

#include <stdint.h>

typedef struct {
    const float *a;
    const float *b;
    int32_t d0;
    int32_t d1;
    int32_t d2;
    int32_t a0;
    int32_t a1;
    int32_t a2;
    int32_t b0;
    int32_t b1;
    int32_t b2;
    int32_t holds;
} lp_compare_f32_t;

void lp_compare_f32(const lp_compare_f32_t *op, const float *a, const float *b, int8_t *y);

#endif
