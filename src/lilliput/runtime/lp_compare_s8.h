/* lp_compare_s8: a relation of two int8 with scales of their own, or of two truth values of a byte.
 *
 * Layout    y[d0][d1][d2]; a and b are read with strides, 0 where one element serves a whole axis
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Value     y = 1 where (first[b + 128] <= a < end[b + 128]) == inside, else 0
 * Ranges    first and end have 256 entries.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be an operand of its own shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_COMPARE_S8_H
#define LP_COMPARE_S8_H

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
    const int16_t *first;
    const int16_t *end;
    int32_t inside;
} lp_compare_s8_t;

void lp_compare_s8(const lp_compare_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y);

#endif
