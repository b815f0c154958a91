/* lp_conv2d_1x1_s8_rvv: pointwise convolution with any stride, int8 in, int8 out, for the vector extension of RISC-V.
 *
 * The pixels are multiplied where they lie (lp_dots_s8_rvv.h).
 *
 * Layout    x[in_h][in_w][c_in], w as lp_dots_s8_rvv.h says with taps = c_in, y[out_h][out_w][c_out]
 * Value     the same bytes as lp_conv2d_1x1_s8
 * Ranges    as in lp_dots_s8_rvv.h with y_step = c_out; strides 1 or more, (out_h - 1) * stride_h < in_h, the same for
 *           the width
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing; lp_conv2d_1x1_over_s8_rvv works in place.
 * Failure   none at run time: the compiler proves the ranges (LP312 otherwise).
 */
#ifndef LP_CONV2D_1X1_S8_RVV_H
#define LP_CONV2D_1X1_S8_RVV_H

#include <stdint.h>

#include "lp_dots_s8_rvv.h"

typedef struct {
    lp_dots_s8_rvv_t dots;
    int32_t in_w;
    int32_t out_h;
    int32_t out_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t held;
} lp_conv2d_1x1_s8_rvv_t;

void lp_conv2d_1x1_s8_rvv(const lp_conv2d_1x1_s8_rvv_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
