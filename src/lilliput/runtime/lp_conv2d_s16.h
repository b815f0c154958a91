/* lp_conv2d_s16: 2-D convolution, int16 in, int8 weights, int16 out; any kernel, stride, padding, dilation and number of
 * groups.
 *
 * Layout    x[in_h][in_w][c_in], w[c_out][kernel_h][kernel_w][c_in / groups], y[out_h][out_w][c_out]
 * Value     acc     = bias[o] + sum over the taps inside the image of x[..][i] * w[o][..][i]
 *           y[..][o] = clamp(finish(acc, mult[o], code[o]), y_min, y_max), finish and the bias as in lp_wide_s16.h
 *           Output channel o reads the c_in / groups input channels of its group, o / (c_out / groups).
 * Ranges    strides and dilations 1 or more; pads 0 or more; c_in and c_out multiples of groups; those of lp_wide_s16.h
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_CONV2D_S16_H
#define LP_CONV2D_S16_H

#include <stdint.h>

typedef struct {
    const int8_t *w;
    const int32_t *bias;
    const int32_t *bias_high;
    const int32_t *mult;
    const int8_t *code;
    int32_t in_h;
    int32_t in_w;
    int32_t c_in;
    int32_t out_h;
    int32_t out_w;
    int32_t c_out;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t groups;
    int32_t y_min;
    int32_t y_max;
} lp_conv2d_s16_t;

void lp_conv2d_s16(const lp_conv2d_s16_t *op, const int16_t *restrict x, int16_t *restrict y);

#endif
