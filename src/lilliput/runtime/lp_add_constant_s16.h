/* lp_add_constant_s16: lp_add_s16 with a constant for one operand.
 *
 * Layout, Value, Ranges as lp_add_s16; the constant lies in flash, and is the first operand where `first` is 1.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x where they have one shape; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_ADD_CONSTANT_S16_H
#define LP_ADD_CONSTANT_S16_H

#include <stdint.h>

#include "lp_add_s16.h"

typedef struct {
    const int16_t *constant;
    int32_t first;
    lp_add_s16_t with;
} lp_add_constant_s16_t;

void lp_add_constant_s16(const lp_add_constant_s16_t *op, const int16_t *x, int16_t *y);

#endif
