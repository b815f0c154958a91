/* lp_transpose_conv2d_f32: transposed convolution, float, channels last.
 *
 * Layout    x[in_h][in_w][c_in], w[c_out][kernel_h][kernel_w][c_in], y[out_h][out_w][c_out]
 * Value     y = clamp(bias[o] + sum of w[o][ky][kx] * x[iy][ix] over the taps with iy * stride_h + ky - top = oy and
 *           ix * stride_w + kx - left = ox inside x, y_min, y_max), summed in the order of rows, columns, channels
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_TRANSPOSE_CONV2D_F32_H
#define LP_TRANSPOSE_CONV2D_F32_H

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
    int32_t top;
    int32_t left;
    float y_min;
    float y_max;
} lp_transpose_conv2d_f32_t;

void lp_transpose_conv2d_f32(const lp_transpose_conv2d_f32_t *op, const float *restrict x, float *restrict y);

#endif
