/* lp_conv2d_patch_s8: 2-D convolution, int8 in, int8 out; any kernel, stride, padding and dilation, without groups.
 *
 * The patch under the kernel is copied once a pixel, so that each output channel is one plain dot product (lp_dots_s8.h).
 *
 * Layout    x[in_h][in_w][c_in], w as lp_dots_s8.h says with the taps [kernel_h][kernel_w][c_in], y[out_h][out_w][c_out]
 * Value     acc     = bias[o] + sum over the taps of x[..][i] * w[o][..][i]; taps outside the image hold x_zero
 *           y[..][o] = clamp(requantise(acc, mult[o], shift[o]) + y_offset, y_min, y_max)
 * Ranges    as in lp_dots_s8.h; strides and dilations 1 or more; pads 0 or more; dots.taps is
 *           kernel_h * kernel_w * c_in
 * Memory    scratch dots.taps bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_CONV2D_PATCH_S8_H
#define LP_CONV2D_PATCH_S8_H

#include <stdint.h>

#include "lp_dots_s8.h"

typedef struct {
    lp_dots_s8_t dots;
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
    int32_t x_zero;
} lp_conv2d_patch_s8_t;

void lp_conv2d_patch_s8(const lp_conv2d_patch_s8_t *op, const int8_t *restrict x, int8_t *restrict y,
                        void *restrict scratch);

#endif
