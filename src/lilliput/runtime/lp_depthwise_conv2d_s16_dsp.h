/* lp_depthwise_conv2d_s16_dsp: depthwise convolution with depth multiplier 1, int16 in, int8 weights, int16 out, for the
 * Arm DSP instructions.
 *
 * Two neighbouring channels at a time, which one load brings as a pair. Their weights are widened once.
 *
 * Layout    x[in_h][in_w][channels], w[channels][kernel_h][kernel_w], y[out_h][out_w][channels]
 * Value     acc     = bias[c] + sum over the taps inside the image of x[..][c] * w[c][..]
 *           y[..][c] = clamp(finish(acc, mult[c], code[c]), y_min, y_max), finish as in lp_patches_s16_dsp.h
 * Ranges    strides 1 or more; pads 0 or more; |acc| < 2^31, proved by the compiler
 * Memory    scratch 4 * kernel_h * kernel_w bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler chooses the portable kernel where the ranges do not hold.
 */
#ifndef LP_DEPTHWISE_CONV2D_S16_DSP_H
#define LP_DEPTHWISE_CONV2D_S16_DSP_H

#include <stdint.h>

typedef struct {
    const int8_t *w;
    const int32_t *bias;
    const int32_t *mult;
    const int8_t *code;
    int32_t in_h;
    int32_t in_w;
    int32_t channels;
    int32_t out_h;
    int32_t out_w;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t y_min;
    int32_t y_max;
} lp_depthwise_conv2d_s16_dsp_t;

void lp_depthwise_conv2d_s16_dsp(const lp_depthwise_conv2d_s16_dsp_t *op, const int16_t *restrict x,
                                 int16_t *restrict y, void *restrict scratch);

#endif
