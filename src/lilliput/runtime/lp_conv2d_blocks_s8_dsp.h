/* lp_conv2d_blocks_s8_dsp: 2-D convolution, int8 in, int8 out, for the Arm DSP instructions; any kernel, stride,
 * padding, dilation and number of groups.
 *
 * The patches of a block are unpacked, then multiplied with all output channels of a group (lp_block_s8_dsp.h). Where a
 * tap has its bytes in fours they are unpacked from where they lie, else a patch is gathered first.
 *
 * Layout    x[in_h][in_w][groups * depth], w as lp_block_s8_dsp.h says for `block`, group after group, the weights of a
 *           channel in the order [kernel_h][kernel_w][depth], words = ceil(kernel_h * kernel_w * depth / 4),
 *           code[groups * channels]; y[out_h][out_w][groups * channels], of which y_step is the last axis
 * Value     the same bytes as lp_conv2d_s8
 * Ranges    as in lp_block_s8_dsp.h; x_offset in [-127, 128]; strides and dilations 1 or more; pads 0 or more
 * Memory    scratch 8 * block->patches * words bytes; 4 * words + 4 more where depth is no multiple of 4. No heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges, and chooses another kernel where they do not hold.
 */
#ifndef LP_CONV2D_BLOCKS_S8_DSP_H
#define LP_CONV2D_BLOCKS_S8_DSP_H

#include "lp_block_s8_dsp.h"

typedef struct {
    const lp_block_s8_dsp_t *block;
    lp_block_op_t op;
    int32_t in_h;
    int32_t in_w;
    int32_t depth;
    int32_t groups;
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
    int32_t x_offset;
} lp_conv2d_blocks_s8_dsp_t;

void lp_conv2d_blocks_s8_dsp(const lp_conv2d_blocks_s8_dsp_t *op, const int8_t *restrict x, int8_t *restrict y,
                             void *restrict scratch);

#endif
