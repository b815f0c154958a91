/* lp_max_pool_f32: max pool.
 *
 * Layout    x[h_in][w_in][c], y[h_out][w_out][c]
 * Value     y = clamp(largest of the window's elements that lie in the image, y_min, y_max)
 * Ranges    pads smaller than the window, so that no window lies wholly outside the image.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_MAX_POOL_F32_H
#define LP_MAX_POOL_F32_H

#include "lp_pool_f32.h"

void lp_max_pool_f32(const lp_pool_f32_t *op, const float *restrict x, float *restrict y);

#endif
