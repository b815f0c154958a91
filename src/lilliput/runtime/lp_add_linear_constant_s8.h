/* lp_add_linear_constant_s8: lp_add_linear_s8 with a constant for b.
 *
 * Layout, Value, Ranges as lp_add_linear_s8; b lies in flash.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be a where they have one shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_ADD_LINEAR_CONSTANT_S8_H
#define LP_ADD_LINEAR_CONSTANT_S8_H

#include <stdint.h>

#include "lp_add_linear_s8.h"

typedef struct {
    const int8_t *b;
    lp_add_linear_s8_t with;
} lp_add_linear_constant_s8_t;

void lp_add_linear_constant_s8(const lp_add_linear_constant_s8_t *op, const int8_t *a, int8_t *y);

#endif
