/* lp_pointwise_f32: 1x1 convolution over all pixels, in float, in place where that is safe.
 *
 * Layout    x[rows][c_in], y[rows][c_out]
 *           w: of each 4 channels [c_in][4], then of each one that is left [c_in]
 * Value     y[r][o] = clamp(bias[o] + sum x[r][i] * w[o][i], y_min, y_max), summed in the order of i
 * Memory    scratch 16 * c_in bytes: 4 rows at a time are copied there before their place is written to. No heap.
 * Aliasing  y may equal x where c_out <= c_in; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_POINTWISE_F32_H
#define LP_POINTWISE_F32_H

#include "lp_rows_f32.h"

void lp_pointwise_f32(const lp_rows_f32_t *op, const float *x, float *y, void *scratch);

#endif
