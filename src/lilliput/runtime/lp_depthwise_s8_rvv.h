/* lp_depthwise_s8_rvv: depthwise convolution with any kernel, int8 in, int8 out, for the vector extension of RISC-V.
 *
 * The lanes of a vector are output channels. Up to `lanes` of them are worked on at a time: their part of the image's
 * rows is copied into a ring with its padding, each input channel once for each of its outputs, and each output pixel
 * is the sum over the taps of a vector of the ring times a vector of weights.
 *
 * Layout    x[in_h][in_w][channels], w[kernel_h][kernel_w][channels * multiplier],
 *           y[out_h][out_w][channels * multiplier]
 * Value     the same bytes as lp_depthwise_conv2d_s8; taps outside the image hold x_zero, whose part is in the bias
 * Ranges    |acc| * 2^max(shift, 0) < 2^31; strides, dilations and multiplier 1 or more; lanes 1 to 128; pads 0 or
 *           more. is_plain is 1 where every shift is below 0.
 * Memory    scratch rows * columns * lanes bytes with rows = (kernel_h - 1) * dilation_h + 1 and
 *           columns = (out_w - 1) * stride_w + (kernel_w - 1) * dilation_w + 1, and lanes more where the multiplier is
 *           above 1; no heap.
 * Aliasing  with a multiplier of 1 y may equal x where each output row ends before the first image row that is read
 *           after it; then x and y have equal channels, so that each group of channels keeps to its own bytes.
 * Failure   none at run time: the compiler proves the ranges (LP312 otherwise).
 */
#ifndef LP_DEPTHWISE_S8_RVV_H
#define LP_DEPTHWISE_S8_RVV_H

#include <stdint.h>

typedef struct {
    const int8_t *w;
    const int32_t *bias;
    const int32_t *mult;
    const int8_t *shift;
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
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t multiplier;
    int32_t lanes;
    int32_t is_plain;
    int32_t x_zero;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_depthwise_s8_rvv_t;

void lp_depthwise_s8_rvv(const lp_depthwise_s8_rvv_t *op, const int8_t *x, int8_t *y, void *scratch);

#endif
