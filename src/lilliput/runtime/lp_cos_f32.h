/* lp_cos_f32: element by element.
 *
 * Value     y = cos x, see lp_sinf.h
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal x; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_COS_F32_H
#define LP_COS_F32_H

#include "lp_map_f32.h"

void lp_cos_f32(const lp_map_f32_t *op, const float *x, float *y);

#endif
