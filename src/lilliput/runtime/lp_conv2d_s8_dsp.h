/* lp_conv2d_s8_dsp: 2-D convolution, int8 in, int8 out, for the Arm DSP instructions; any kernel, stride, padding and
 * dilation, input channels in fours.
 *
 * The patches of four pixels at a time are unpacked, then multiplied with all output channels (lp_patches_s8_dsp.h).
 *
 * Layout    x[in_h][in_w][c_in], w[c_out][1 + words + 1] as lp_patches_s8_dsp.h says, the weights of a channel in the
 *           order [kernel_h][kernel_w][c_in], words = kernel_h * kernel_w * c_in / 4; y[out_h][out_w][c_out]
 * Value     the same bytes as lp_conv2d_s8 with one group
 * Ranges    as in lp_patches_s8_dsp.h; c_in a multiple of 4; x_offset in [-127, 128]; strides and dilations 1 or more;
 *           pads 0 or more
 * Memory    scratch 32 * words bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges, and chooses the portable kernel where they do not hold.
 */
#ifndef LP_CONV2D_S8_DSP_H
#define LP_CONV2D_S8_DSP_H

#include <stdint.h>

typedef struct {
    const uint32_t *w;
    const int8_t *shift;
    int32_t in_h;
    int32_t in_w;
    int32_t c_in;
    int32_t out_h;
    int32_t out_w;
    int32_t c_out;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t x_offset;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_conv2d_s8_dsp_t;

void lp_conv2d_s8_dsp(const lp_conv2d_s8_dsp_t *op, const int8_t *restrict x, int8_t *restrict y,
                      void *restrict scratch);

#endif
