/* lp_depthwise_conv2d_s16: depthwise convolution, int16 in, int8 weights, int16 out; any depth multiplier.
 *
 * Layout    x[in_h][in_w][c_in], w[c_in * multiplier][kernel_h][kernel_w], y[out_h][out_w][c_in * multiplier]
 * Value     acc     = bias[o] + sum over the taps inside the image of x[..][o / multiplier] * w[o][..]
 *           y[..][o] = clamp(finish(acc, mult[o], code[o]), y_min, y_max), finish and the bias as in lp_wide_s16.h
 * Ranges    strides and dilations 1 or more; pads 0 or more; those of lp_wide_s16.h
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_DEPTHWISE_CONV2D_S16_H
#define LP_DEPTHWISE_CONV2D_S16_H

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
    int32_t multiplier;
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
    int32_t y_min;
    int32_t y_max;
} lp_depthwise_conv2d_s16_t;

void lp_depthwise_conv2d_s16(const lp_depthwise_conv2d_s16_t *op, const int16_t *restrict x, int16_t *restrict y);

#endif
