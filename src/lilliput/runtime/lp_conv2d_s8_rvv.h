/* lp_conv2d_s8_rvv: convolution with any window and any groups, int8 in, int8 out, for the vector extension of RISC-V.
 *
 * What an output looks at, its patch, is copied side by side for `held` outputs, and those are multiplied together
 * (lp_dots_s8_rvv.h), for one group of channels after the other.
 *
 * Layout    x[in_h][in_w][c_in]; w[groups] as lp_dots_s8_rvv.h says, with
 *           taps = kernel_h * kernel_w * c_in / groups and the c_out of one group; bias, mult, shift of all groups;
 *           y[out_h][out_w][groups][c_out]
 * Value     the same bytes as lp_conv2d_s8; taps outside the image hold x_zero, whose part is in the bias
 * Ranges    as in lp_dots_s8_rvv.h with y_step = groups * c_out; strides and dilations 1 or more; pads 0 or more;
 *           held 1 or more
 * Memory    scratch held * taps bytes; no heap.
 * Aliasing  x, y and scratch do not overlap.
 * Failure   none at run time: the compiler proves the ranges (LP312 otherwise).
 */
#ifndef LP_CONV2D_S8_RVV_H
#define LP_CONV2D_S8_RVV_H

#include <stdint.h>

#include "lp_dots_s8_rvv.h"

typedef struct {
    lp_dots_s8_rvv_t dots;
    int32_t in_h;
    int32_t in_w;
    int32_t c_in;
    int32_t out_h;
    int32_t out_w;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t groups;
    int32_t x_zero;
    int32_t held;
} lp_conv2d_s8_rvv_t;

void lp_conv2d_s8_rvv(const lp_conv2d_s8_rvv_t *op, const int8_t *restrict x, int8_t *restrict y,
                      void *restrict scratch);

#endif
