/* lp_sigmoid_f32: element by element.
 *
 * Value     y = 1 / (1 + e^-x), see lp_sigmoidf.h
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal x; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_SIGMOID_F32_H
#define LP_SIGMOID_F32_H

#include "lp_map_f32.h"

void lp_sigmoid_f32(const lp_map_f32_t *op, const float *x, float *y);

#endif
