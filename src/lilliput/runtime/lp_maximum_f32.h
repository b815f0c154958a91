/* lp_maximum_f32: element by element, with operands that stretch.
 *
 * Layout    as in lp_pair_f32.h
 * Value     y = clamp(f(a, b), y_min, y_max), f = the larger of a and b; b where a is not a number
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal an operand of its own shape; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_MAXIMUM_F32_H
#define LP_MAXIMUM_F32_H

#include "lp_pair_f32.h"

void lp_maximum_f32(const lp_pair_f32_t *op, const float *a, const float *b, float *y);

#endif
