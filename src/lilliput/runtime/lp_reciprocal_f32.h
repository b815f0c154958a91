/* lp_reciprocal_f32: element by element.
 *
 * Value     y = 1 / x, infinite at 0
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal x; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_RECIPROCAL_F32_H
#define LP_RECIPROCAL_F32_H

#include "lp_map_f32.h"

void lp_reciprocal_f32(const lp_map_f32_t *op, const float *x, float *y);

#endif
