/* lp_conv2d_f32: 2-D convolution in float, with stride, padding, dilation and groups.
 *
 * Layout    x[in_h][in_w][c_in], y[out_h][out_w][c_out]; depth = c_in / groups input channels a group
 *           w: of each group's channels in turn, each 4 [kernel_h][kernel_w][depth][4], then of each one that is left
 *           [kernel_h][kernel_w][depth]
 * Value     y = clamp(bias[o] + sum over the taps inside the image of x * w[o], y_min, y_max), summed in the order of
 *           rows, columns, input channels
 * Ranges    strides and dilations 1 or more, pads 0 or more; groups divide c_in and c_out.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_CONV2D_F32_H
#define LP_CONV2D_F32_H

#include <stdint.h>

typedef struct {
    const float *w;
    const float *bias;
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
    int32_t groups;
    float y_min;
    float y_max;
} lp_conv2d_f32_t;

void lp_conv2d_f32(const lp_conv2d_f32_t *op, const float *restrict x, float *restrict y);

#endif
