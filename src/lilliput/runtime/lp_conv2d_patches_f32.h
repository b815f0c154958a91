/* lp_conv2d_patches_f32: 2-D convolution in float by patches, for kernels of few taps.
 *
 * What 4 outputs look at is copied side by side, padding as zeros, and multiplied with all channels' weights as rows are.
 *
 * Layout    x[in_h][in_w][c_in], y[out_h][out_w][c_out]; rows.c_in = kernel_h * kernel_w * c_in, rows.c_out = c_out,
 *           rows.rows = out_h * out_w; rows.w as of lp_fully_connected_f32, its taps [kernel_h][kernel_w][c_in]
 * Value     y = clamp(bias[o] + sum over the taps of x * w[o], y_min, y_max), padding being zeros, summed in the order of
 *           rows, columns, input channels
 * Ranges    strides and dilations 1 or more, pads 0 or more.
 * Memory    scratch 16 * rows.c_in bytes. No heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_CONV2D_PATCHES_F32_H
#define LP_CONV2D_PATCHES_F32_H

#include "lp_rows_f32.h"

typedef struct {
    lp_rows_f32_t rows;
    int32_t in_h;
    int32_t in_w;
    int32_t c_in;
    int32_t out_w;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t dilation_h;
    int32_t dilation_w;
} lp_conv2d_patches_f32_t;

void lp_conv2d_patches_f32(const lp_conv2d_patches_f32_t *op, const float *restrict x, float *restrict y, void *scratch);

#endif
