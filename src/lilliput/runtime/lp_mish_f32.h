/* lp_mish_f32: element by element.
 *
 * Value     y = x * tanh(log(1 + e^x)) = x * t / (t + 2) with t = e^x * (e^x + 2)
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal x; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_MISH_F32_H
#define LP_MISH_F32_H

#include "lp_map_f32.h"

void lp_mish_f32(const lp_map_f32_t *op, const float *x, float *y);

#endif
