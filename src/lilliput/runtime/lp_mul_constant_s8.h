/* lp_mul_constant_s8: lp_mul_s8 with a constant for b.
 *
 * Layout, Value, Ranges as lp_mul_s8; b lies in flash.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be a where they have one shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_MUL_CONSTANT_S8_H
#define LP_MUL_CONSTANT_S8_H

#include <stdint.h>

#include "lp_mul_s8.h"

typedef struct {
    const int8_t *b;
    lp_mul_s8_t with;
} lp_mul_constant_s8_t;

void lp_mul_constant_s8(const lp_mul_constant_s8_t *op, const int8_t *a, int8_t *y);

#endif
