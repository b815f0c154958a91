/* lp_depthwise_3x3_f32: depthwise convolution with a kernel of 3x3 and depth multiplier 1, in float, in place where that
 * is safe.
 *
 * One channel after the other: three padded rows of the channel are kept, and each output row is made from them, the nine
 * weights staying in registers. So the inner loops have no borders, and the input row that an output row overwrites has
 * been gathered before.
 *
 * Layout    x[in_h][in_w][channels], w[channels][3][3], y[out_h][out_w][channels]
 * Value     y[..][c] = clamp(bias[c] + sum over the taps of x * w[c], y_min, y_max), padding being zeros, summed in the
 *           order of rows and columns
 * Ranges    stride_h 1 or more, stride_w 1 or 2; pads 0 or more.
 * Memory    scratch 12 * columns bytes, columns = (out_w - 1) * stride_w + 3. No heap.
 * Aliasing  y may equal x where each output row ends before the first input row that is gathered after it: for all oy,
 *           next = oy * stride_h - pad_top + 3, next >= in_h or (oy + 1) * out_w <= next * in_w. Else y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_DEPTHWISE_3X3_F32_H
#define LP_DEPTHWISE_3X3_F32_H

#include <stdint.h>

typedef struct {
    const float *w;
    const float *bias;
    int32_t in_h;
    int32_t in_w;
    int32_t channels;
    int32_t out_h;
    int32_t out_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    float y_min;
    float y_max;
} lp_depthwise_3x3_f32_t;

void lp_depthwise_3x3_f32(const lp_depthwise_3x3_f32_t *op, const float *x, float *y, void *scratch);

#endif
