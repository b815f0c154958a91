/* lp_mul_constant_s16: lp_mul_s16 with a constant for b.
 *
 * Layout, Value, Ranges as lp_mul_s16; b lies in flash.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be a where they have one shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_MUL_CONSTANT_S16_H
#define LP_MUL_CONSTANT_S16_H

#include <stdint.h>

#include "lp_mul_s16.h"

typedef struct {
    const int16_t *b;
    lp_mul_s16_t with;
} lp_mul_constant_s16_t;

void lp_mul_constant_s16(const lp_mul_constant_s16_t *op, const int16_t *a, int16_t *y);

#endif
