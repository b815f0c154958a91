/* lp_depthwise_rows_s16_dsp: depthwise convolution with depth multiplier 1, int16 in, int8 weights, int16 out, for the Arm
 * DSP instructions, in place where that is safe.
 *
 * Two neighbouring channels after two: the rows of both that the kernel covers are gathered as pairs into a ring of padded
 * rows, and each output row is made from the ring. So the inner loops have no borders, and the input row that an output
 * row overwrites has been gathered before. The rows are read in the order in which they lie; the weights, which lie
 * there twice, are read from where they fit the oldest row.
 *
 * Layout    x[in_h][in_w][channels], w[channels][kernel_h][kernel_w], y[out_h][out_w][channels]
 * Value     acc     = bias[c] + sum over the taps inside the image of x[..][c] * w[c][..]
 *           y[..][c] = clamp(finish(acc, mult[c], code[c]), y_min, y_max), finish as in lp_patches_s16_dsp.h
 * Ranges    strides 1 or more; pads 0 or more; |acc| < 2^31, proved by the compiler
 * Memory    scratch 4 * (2 * kernel_h * kernel_w + kernel_h * columns) bytes,
 *           columns = (out_w - 1) * stride_w + kernel_w. No heap.
 * Aliasing  y may equal x where each output row ends before the first input row that is gathered after it: for all oy,
 *           next = oy * stride_h - pad_top + kernel_h, next >= in_h or (oy + 1) * out_w <= next * in_w. Else y overlaps
 *           nothing.
 * Failure   none at run time: the compiler chooses the portable kernel where the ranges do not hold.
 */
#ifndef LP_DEPTHWISE_ROWS_S16_DSP_H
#define LP_DEPTHWISE_ROWS_S16_DSP_H

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
} lp_depthwise_rows_s16_dsp_t;

void lp_depthwise_rows_s16_dsp(const lp_depthwise_rows_s16_dsp_t *op, const int16_t *x, int16_t *y, void *scratch);

#endif
