/* lp_conv2d_s16_dsp: 2-D convolution, int16 in, int8 weights, int16 out, for the Arm DSP instructions; any kernel, stride,
 * padding and dilation.
 *
 * The patches of four pixels at a time are unfolded, then multiplied with all output channels (lp_patches_s16_dsp.h).
 *
 * Layout    x[in_h][in_w][c_in], w[c_out][quads] as lp_patches_s16_dsp.h says, the weights of a channel in the order
 *           [kernel_h][kernel_w][c_in], quads = ceil(kernel_h * kernel_w * c_in / 4); y[out_h][out_w][c_out]
 * Value     the same as lp_conv2d_s16 with one group
 * Ranges    as in lp_patches_s16_dsp.h; strides and dilations 1 or more; pads 0 or more
 * Memory    scratch 32 * quads bytes; no heap.
 * Aliasing  y may equal x for a 1x1 kernel without padding where the outputs of each pixel end before the inputs of the
 *           next begin: k * c_out <= y_k * in_w * c_in * stride_h + x_k * c_in * stride_w for the k-th, at (y_k, x_k).
 *           Else y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges.
 */
#ifndef LP_CONV2D_S16_DSP_H
#define LP_CONV2D_S16_DSP_H

#include <stdint.h>

typedef struct {
    const uint32_t *w;
    const int32_t *bias;
    const int32_t *bias_high;
    const int32_t *mult;
    const int8_t *code;
    int32_t block;
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
    int32_t y_min;
    int32_t y_max;
} lp_conv2d_s16_dsp_t;

void lp_conv2d_s16_dsp(const lp_conv2d_s16_dsp_t *op, const int16_t *x, int16_t *y, void *scratch);

#endif
