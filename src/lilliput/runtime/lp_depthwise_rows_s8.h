/* lp_depthwise_rows_s8: depthwise convolution with depth multiplier 1, int8 in, int8 out, in place where that is safe.
 *
 * One channel after the other: the rows of the channel that the kernel covers are gathered into a ring of padded rows,
 * as bytes of x + 128, and each output row is made from the ring. So the inner loops have no borders, and the input
 * row that an output row overwrites has been gathered before.
 *
 * Layout    x[in_h][in_w][channels], w[channels][kernel_h][kernel_w], y[out_h][out_w][channels]
 * Value     acc     = bias[c] + sum over the taps of (x[..][c] + 128) * w[c][..]; taps outside the image hold x_zero
 *           y[..][c] = clamp(requantise(acc, mult[c], shift[c]) + y_offset, y_min, y_max)
 *           bias holds what the zero point of x and the 128 add, and acc may wrap on its way.
 * Ranges    |acc| * 2^max(shift, 0) < 2^30; strides and dilations 1 or more; pads 0 or more
 * Memory    scratch rows * columns bytes: rows = (kernel_h - 1) * dilation_h + 1,
 *           columns = (out_w - 1) * stride_w + (kernel_w - 1) * dilation_w + 1. No heap.
 * Aliasing  y may equal x where each output row ends before the first input row that is gathered after it: for all oy,
 *           next = oy * stride_h - pad_top + rows, next >= in_h or (oy + 1) * out_w <= next * in_w. Else y overlaps
 *           nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_DEPTHWISE_ROWS_S8_H
#define LP_DEPTHWISE_ROWS_S8_H

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
    int32_t x_zero;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_depthwise_rows_s8_t;

void lp_depthwise_rows_s8(const lp_depthwise_rows_s8_t *op, const int8_t *x, int8_t *y, void *scratch);

#endif
