/* lp_conv2d_1x1_blocks_s8_dsp: pointwise convolution with any stride, int8 in, int8 out, for the Arm DSP instructions.
 *
 * The pixels of a block are unpacked, then multiplied with all output channels (lp_block_s8_dsp.h).
 *
 * Layout    x[in_h][in_w][c_in], w and code as lp_block_s8_dsp.h says for `block`, words = ceil(c_in / 4),
 *           y[out_h][out_w][c_out]
 * Value     the same bytes as lp_conv2d_1x1_s8
 * Ranges    as in lp_block_s8_dsp.h; strides 1 or more, (out_h - 1) * stride_h < in_h, the same for the width
 * Memory    scratch 8 * block->patches * words bytes; no heap.
 * Aliasing  y may equal x where no output pixel ends behind the pixel that is read next: for all q but the last,
 *           (q + 1) * c_out <= c_in * (index in x of output pixel q + 1). Else y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges, and chooses another kernel where they do not hold.
 */
#ifndef LP_CONV2D_1X1_BLOCKS_S8_DSP_H
#define LP_CONV2D_1X1_BLOCKS_S8_DSP_H

#include "lp_block_s8_dsp.h"

typedef struct {
    const lp_block_s8_dsp_t *block;
    lp_block_op_t op;
    int32_t in_w;
    int32_t c_in;
    int32_t out_h;
    int32_t out_w;
    int32_t stride_h;
    int32_t stride_w;
} lp_conv2d_1x1_blocks_s8_dsp_t;

void lp_conv2d_1x1_blocks_s8_dsp(const lp_conv2d_1x1_blocks_s8_dsp_t *op, const int8_t *x, int8_t *y, void *scratch);

#endif
