/* lp_hard_swish_f32: element by element.
 *
 * Value     y = x * min(max(x + 3, 0), 6) / 6
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal x; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_HARD_SWISH_F32_H
#define LP_HARD_SWISH_F32_H

#include "lp_map_f32.h"

void lp_hard_swish_f32(const lp_map_f32_t *op, const float *x, float *y);

#endif
