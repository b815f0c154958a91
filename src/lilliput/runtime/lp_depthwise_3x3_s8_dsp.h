/* lp_depthwise_3x3_s8_dsp: depthwise 3x3 convolution, stride 1 or 2, depth multiplier 1, int8 in, int8 out, for the Arm
 * DSP instructions; in place where that is safe.
 *
 * As lp_depthwise_rows_s8: one channel after the other over a ring of three padded rows, here of 16-bit elements, so
 * that one load brings two of them and one instruction multiplies two; two outputs at a time.
 *
 * Layout    x[in_h][in_w][channels], w[channels][3][3], y[out_h][out_w][channels]
 * Value     acc     = bias[c] + 256 * sum over all taps of x[..][c] * w[c][..], the zero point for taps outside the
 *                     image; 256 times the accumulator of the portable kernel, which the compiler takes the zero point
 *                     out of the bias for
 *           y[..][c] = clamp(requantise(acc / 256, mult[c], shift[c]) + y_offset, y_min, y_max)
 * Ranges    stride_h 1 or more, stride_w 1 or 2; pads 0 or more, pad_left at most 2; x_offset in [-127, 128];
 *           |acc / 256| < 2^23; shift codes as in lp_requantise_x256.h.
 * Memory    scratch 12 * words bytes: words = (out_w + 1) / 2 * stride_w + 1. No heap.
 * Aliasing  y may equal x where each output row ends before the first input row that is gathered after it: for all oy,
 *           next = oy * stride_h - pad_top + 3, next >= in_h or (oy + 1) * out_w <= next * in_w. Else y overlaps
 *           nothing.
 * Failure   none at run time: the compiler proves the ranges, and chooses the portable kernel where they do not hold.
 */
#ifndef LP_DEPTHWISE_3X3_S8_DSP_H
#define LP_DEPTHWISE_3X3_S8_DSP_H

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
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t x_offset;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_depthwise_3x3_s8_dsp_t;

void lp_depthwise_3x3_s8_dsp(const lp_depthwise_3x3_s8_dsp_t *op, const int8_t *x, int8_t *y, void *scratch);

#endif
