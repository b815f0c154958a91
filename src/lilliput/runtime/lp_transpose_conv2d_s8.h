/* lp_transpose_conv2d_s8: transposed convolution, int8, channels last.
 *
 * Layout    x[in_h][in_w][c_in], w[c_out][kernel_h][kernel_w][c_in], y[out_h][out_w][c_out]
 * Value     acc = bias[o] + sum of w[o][ky][kx] * (x[iy][ix] + x_offset) over the taps with
 *           iy * stride_h + ky - top = oy and ix * stride_w + kx - left = ox inside x
 *           y = clamp(requantise(acc, mult[o], shift[o]) + y_offset, y_min, y_max)
 * Ranges    |acc| * 2^max(shift, 0) < 2^31, proved by the compiler from the weights (LP312 otherwise).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_TRANSPOSE_CONV2D_S8_H
#define LP_TRANSPOSE_CONV2D_S8_H

#include <stdint.h>

typedef struct {
    const int8_t *w;
    const int32_t *bias;
    const int32_t *mult;
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
    int32_t top;
    int32_t left;
    int32_t x_offset;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_transpose_conv2d_s8_t;

void lp_transpose_conv2d_s8(const lp_transpose_conv2d_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
