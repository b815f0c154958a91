/* lp_depthwise_3x3_pairs_s8_dsp: depthwise 3x3 convolution, stride 1 or 2 on both axes, any depth multiplier, int8 in,
 * int8 out, for the Arm DSP instructions; in place where that is safe.
 *
 * One output channel after the other over pairs of padded rows (lp_taps_3x3_s8_dsp.h): two pairs that take turns, or
 * all pairs of a channel at once, which is faster where rows are short.
 *
 * A channel whose sums or factor do not fit that core is computed tap by tap beside the others, slowly: such channels are
 * few, nearly dead ones.
 *
 * Layout    x[in_h][in_w][channels / multiplier], w[channels][5]: for each row of taps w0 w1 w2 a word of the bytes
 *           w1 w0 w2 w1, then bias and mult; code[channels], for a slow channel 128 + shift; y[out_h][out_w][channels]
 * Value     the same bytes as lp_depthwise_conv2d_s8
 * Ranges    pads 0 or more, pad_left at most 2; x_offset in [-127, 128]; bias is 256 times the portable one, less the
 *           zero point's part, |accumulator| < 2^23, half and code as in lp_block_s8_dsp.h; for a slow channel bias is
 *           the portable one less the zero point's part, and the shift as in lp_fixed_point.h;
 *           pairs 2, or enough for all (out_h - 1) * stride + 3 padded rows
 * Memory    scratch 8 * words * pairs bytes, words = (out_w + 1) / 2 * stride + 1. No heap.
 * Aliasing  y may equal x where multiplier is 1 and each output row ends before the first input row that is gathered
 *           after it: for all oy, next = oy * stride - pad_top + 3, next >= in_h or (oy + 1) * out_w <= next * in_w.
 *           Else y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges, and chooses another kernel where they do not hold.
 */
#ifndef LP_DEPTHWISE_3X3_PAIRS_S8_DSP_H
#define LP_DEPTHWISE_3X3_PAIRS_S8_DSP_H

#include "lp_taps_3x3_s8_dsp.h"

typedef struct {
    const lp_taps_3x3_s8_dsp_t *core;
    const uint32_t *w;
    const uint8_t *code;
    int32_t in_h;
    int32_t in_w;
    int32_t channels;
    int32_t multiplier;
    int32_t out_h;
    int32_t out_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t pairs;
    int32_t x_offset;
    int32_t y_offset;
    int32_t half;
    int32_t y_min;
    int32_t y_max;
} lp_depthwise_3x3_pairs_s8_dsp_t;

void lp_depthwise_3x3_pairs_s8_dsp(const lp_depthwise_3x3_pairs_s8_dsp_t *op, const int8_t *x, int8_t *y,
                                   void *scratch);

#endif
