/* lp_depthwise_rows_f32: depthwise convolution in float, in place where that is safe.
 *
 * One channel after the other: the rows of the channel that the kernel covers are gathered into a ring of padded rows,
 * and each output row is made from the ring. So the inner loops have no borders, and the input row that an output row
 * overwrites has been gathered before.
 *
 * Layout    x[in_h][in_w][channels], w[channels * multiplier][kernel_h][kernel_w],
 *           y[out_h][out_w][channels * multiplier]; output channel c * multiplier + m reads input channel c
 * Value     y[..][o] = clamp(bias[o] + sum over the taps of x * w[o], y_min, y_max), padding being zeros, summed in the
 *           order of rows and columns
 * Ranges    strides and dilations 1 or more; pads 0 or more.
 * Memory    scratch 4 * rows * columns bytes: rows = (kernel_h - 1) * dilation_h + 1,
 *           columns = (out_w - 1) * stride_w + (kernel_w - 1) * dilation_w + 1. No heap.
 * Aliasing  y may equal x where the multiplier is 1 and each output row ends before the first input row that is gathered
 *           after it: for all oy, next = oy * stride_h - pad_top + rows, next >= in_h or
 *           (oy + 1) * out_w <= next * in_w. Else y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_DEPTHWISE_ROWS_F32_H
#define LP_DEPTHWISE_ROWS_F32_H

#include <stdint.h>

typedef struct {
    const float *w;
    const float *bias;
    int32_t in_h;
    int32_t in_w;
    int32_t channels;
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
    float y_min;
    float y_max;
} lp_depthwise_rows_f32_t;

void lp_depthwise_rows_f32(const lp_depthwise_rows_f32_t *op, const float *x, float *y, void *scratch);

#endif
