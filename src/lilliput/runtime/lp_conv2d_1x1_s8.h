/* lp_conv2d_1x1_s8: pointwise convolution with any stride, int8 in, int8 out.
 *
 * Layout    x[in_h][in_w][c_in], w[c_out][c_in], y[out_h][out_w][c_out]
 * Value     acc     = bias[o] + sum_i (x[oy * stride_h][ox * stride_w][i] + x_offset) * w[o][i]
 *           y[oy][ox][o] = clamp(requantise(acc, mult[o], shift[o]) + y_offset, y_min, y_max)
 * Ranges    x_offset in [-127, 128]; strides 1 or more, (out_h - 1) * stride_h < in_h, the same for the width;
 *           |bias[o]| + sum_i 255 * |w[o][i]| < 2^31, so acc cannot overflow.
 * Memory    scratch c_in bytes; no heap.
 * Aliasing  y may equal x where no output pixel ends behind the pixel that is read next: for all q but the last,
 *           (q + 1) * c_out <= c_in * (index in x of output pixel q + 1). Else y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_CONV2D_1X1_S8_H
#define LP_CONV2D_1X1_S8_H

#include <stdint.h>

typedef struct {
    const int8_t *w;
    const int32_t *bias;
    const int32_t *mult;
    const int8_t *shift;
    int32_t in_w;
    int32_t c_in;
    int32_t out_h;
    int32_t out_w;
    int32_t c_out;
    int32_t stride_h;
    int32_t stride_w;
    int32_t x_offset;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_conv2d_1x1_s8_t;

void lp_conv2d_1x1_s8(const lp_conv2d_1x1_s8_t *op, const int8_t *x, int8_t *y, void *scratch);

#endif
