/* lp_depthwise_rows_s8_dsp: depthwise convolution with depth multiplier 1, any kernel and stride, no dilation, int8 in,
 * int8 out, for the Arm DSP instructions; in place where that is safe.
 *
 * As lp_depthwise_rows_s8: one channel after the other over a ring of padded rows, here of 16-bit elements, so that one
 * load brings two of them and one instruction multiplies two; four outputs at a time.
 *
 * Layout    x[in_h][in_w][channels], w[channels][kernel_h][kernel_w], y[out_h][out_w][channels]
 * Value     the same bytes as lp_depthwise_rows_s8
 * Ranges    strides 1 or more; pads 0 or more; x_offset in [-127, 128]; bias[c] is 256 times the portable one, less the
 *           zero point's part; |accumulator| < 2^23; shift codes as in lp_requantise_x256.h.
 * Memory    scratch 4 * kernel_h * pairs + 2 * kernel_h * columns bytes: pairs = ceil(kernel_w / 2),
 *           columns = (out_w - 1) * stride_w + 2 * pairs. No heap.
 * Aliasing  y may equal x where each output row ends before the first input row that is gathered after it: for all oy,
 *           next = oy * stride_h - pad_top + kernel_h, next >= in_h or (oy + 1) * out_w <= next * in_w. Else y overlaps
 *           nothing.
 * Failure   none at run time: the compiler proves the ranges, and chooses the portable kernel where they do not hold.
 */
#ifndef LP_DEPTHWISE_ROWS_S8_DSP_H
#define LP_DEPTHWISE_ROWS_S8_DSP_H

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
    int32_t x_offset;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_depthwise_rows_s8_dsp_t;

void lp_depthwise_rows_s8_dsp(const lp_depthwise_rows_s8_dsp_t *op, const int8_t *x, int8_t *y, void *scratch);

#endif
