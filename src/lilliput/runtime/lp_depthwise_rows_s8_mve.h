/* lp_depthwise_rows_s8_mve: depthwise convolution with any kernel, int8 in, int8 out, for the Arm vector extension.
 *
 * One channel at a time, from a ring of rows of that channel alone, with their padding. A vector of 16 columns of the ring
 * meets a row of the kernel (or a part of one that is longer) once for each of four neighbouring outputs, as many columns
 * further each time as the stride says: each an instruction.
 *
 * Layout    x[in_h][in_w][channels], w[channels][kernel_h][span], y[out_h][out_w][channels]; a row of w holds zeros
 *           between columns of the kernel where dilation_w is above 1: span = (kernel_w - 1) * dilation_w + 1
 * Value     the same bytes as lp_depthwise_rows_s8; taps outside the image hold x_zero, whose part is in the bias
 * Ranges    |acc| * 2^max(shift, 0) < 2^31; channels <= 9000; strides and dilation_h 1 or more; pads 0 or more
 * Memory    scratch 68 * kernel_h * across + 2 * rows * columns bytes, aligned to 4, where
 *           across = (span + 3 * stride_w) / 16 rounded up, rows = (kernel_h - 1) * dilation_h + 1, and
 *           columns = (out_w up to a multiple of 4, less 4) * stride_w + 16 * across; no heap.
 * Aliasing  y may equal x where each output row ends before the first image row that is read after it; then x and y have
 *           equal channels, so that each channel keeps to its own bytes.
 * Failure   none at run time: the compiler proves the ranges (LP312 otherwise).
 */
#ifndef LP_DEPTHWISE_ROWS_S8_MVE_H
#define LP_DEPTHWISE_ROWS_S8_MVE_H

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
    int32_t span;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t dilation_h;
    int32_t x_zero;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_depthwise_rows_s8_mve_t;

void lp_depthwise_rows_s8_mve(const lp_depthwise_rows_s8_mve_t *op, const int8_t *x, int8_t *y, void *scratch);

#endif
