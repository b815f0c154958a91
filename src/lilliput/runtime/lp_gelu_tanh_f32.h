/* lp_gelu_tanh_f32: element by element.
 *
 * Value     y = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))), see lp_tanhf.h
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal x; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_GELU_TANH_F32_H
#define LP_GELU_TANH_F32_H

#include "lp_map_f32.h"

void lp_gelu_tanh_f32(const lp_map_f32_t *op, const float *x, float *y);

#endif
