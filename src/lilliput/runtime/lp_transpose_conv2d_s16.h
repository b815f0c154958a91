/* lp_transpose_conv2d_s16: transposed convolution, int16 in, int8 weights, int16 out, channels last.
 *
 * Layout    x[in_h][in_w][c_in], w[c_out][kernel_h][kernel_w][c_in], y[out_h][out_w][c_out]
 * Value     acc = bias[o] + sum of w[o][ky][kx] * x[iy][ix] over the taps with
 *           iy * stride_h + ky - top = oy and ix * stride_w + kx - left = ox inside x
 *           y = clamp(finish(acc, mult[o], code[o]), y_min, y_max), finish and the bias as in lp_wide_s16.h
 * Ranges    those of lp_wide_s16.h
 * Memory    scratch 8 * c_out bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_TRANSPOSE_CONV2D_S16_H
#define LP_TRANSPOSE_CONV2D_S16_H

#include <stdint.h>

typedef struct {
    const int8_t *w;
    const int32_t *bias;
    const int32_t *bias_high;
    const int32_t *mult;
    const int8_t *code;
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
    int32_t y_min;
    int32_t y_max;
} lp_transpose_conv2d_s16_t;

void lp_transpose_conv2d_s16(const lp_transpose_conv2d_s16_t *op, const int16_t *restrict x, int16_t *restrict y,
                             void *restrict scratch);

#endif
