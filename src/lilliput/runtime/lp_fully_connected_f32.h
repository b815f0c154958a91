/* lp_fully_connected_f32: rows times weights, in float; also 1x1 convolutions over all pixels.
 *
 * Layout    x[rows][c_in], y[rows][c_out]
 *           w: of each 4 channels [c_in][4], then of each one that is left [c_in]
 * Value     y[r][o] = clamp(bias[o] + sum x[r][i] * w[o][i], y_min, y_max), summed in the order of i
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_FULLY_CONNECTED_F32_H
#define LP_FULLY_CONNECTED_F32_H

#include "lp_rows_f32.h"

void lp_fully_connected_f32(const lp_rows_f32_t *op, const float *restrict x, float *restrict y);

#endif
