/* lp_conv2d_s8: 2-D convolution, int8 in, int8 out; any kernel, stride, padding, dilation and number of groups.
 *
 * Layout    x[in_h][in_w][c_in], w[c_out][kernel_h][kernel_w][c_in / groups], y[out_h][out_w][c_out]
 * Value     acc     = bias[o] + sum over the taps inside the image of (x[..][i] + x_offset) * w[o][..][i]
 *           y[..][o] = clamp(requantise(acc, mult[o], shift[o]) + y_offset, y_min, y_max)
 *           Output channel o reads the c_in / groups input channels of its group, o / (c_out / groups).
 *           A tap outside the image adds nothing, as if the image went on with real zeros.
 * Ranges    x_offset in [-127, 128]; strides and dilations 1 or more; pads 0 or more; c_in and c_out multiples of
 *           groups; |bias[o]| + sum 255 * |w[o][..]| < 2^31, so acc cannot overflow.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_CONV2D_S8_H
#define LP_CONV2D_S8_H

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
    int32_t pad_top;
    int32_t pad_left;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t groups;
    int32_t x_offset;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_conv2d_s8_t;

void lp_conv2d_s8(const lp_conv2d_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
