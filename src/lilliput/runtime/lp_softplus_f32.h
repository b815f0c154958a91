/* lp_softplus_f32: element by element.
 *
 * Value     y = log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal x; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_SOFTPLUS_F32_H
#define LP_SOFTPLUS_F32_H

#include "lp_map_f32.h"

void lp_softplus_f32(const lp_map_f32_t *op, const float *x, float *y);

#endif
