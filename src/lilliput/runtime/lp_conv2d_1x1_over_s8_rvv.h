/* lp_conv2d_1x1_over_s8_rvv: as lp_conv2d_1x1_s8_rvv, and y may be written over x: `held` pixels at a time are
 * copied.
 *
 * Memory    scratch held * c_in bytes, held 1 or more; no heap.
 * Aliasing  y may equal x where no output pixel ends behind the pixel that is read next: for all q but the last,
 *           (q + 1) * c_out <= c_in * (index in x of output pixel q + 1). Else y overlaps nothing.
 * All else  as in lp_conv2d_1x1_s8_rvv.h.
 */
#ifndef LP_CONV2D_1X1_OVER_S8_RVV_H
#define LP_CONV2D_1X1_OVER_S8_RVV_H

#include <stdint.h>

#include "lp_conv2d_1x1_s8_rvv.h"

void lp_conv2d_1x1_over_s8_rvv(const lp_conv2d_1x1_s8_rvv_t *op, const int8_t *x, int8_t *y, void *scratch);

#endif
