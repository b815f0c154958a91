/* lp_conv2d_stem_s8: first convolution of a network, few input channels (1 to 4), int8 in, int8 out.
 *
 * The patch under the kernel is gathered once a pixel, so that each output channel is one plain dot product: with few
 * input channels the loops over the taps would cost more than the products.
 *
 * Layout    x[in_h][in_w][c_in], w[c_out][kernel_h][kernel_w][c_in], y[out_h][out_w][c_out]
 * Value     acc     = bias[o] + sum over the taps inside the image of (x[..][i] + x_offset) * w[o][..][i]
 *           y[..][o] = clamp(requantise(acc, mult[o], shift[o]) + y_offset, y_min, y_max)
 * Ranges    x_offset in [-127, 128]; strides and dilations 1 or more; pads 0 or more;
 *           |bias[o]| + sum 255 * |w[o][..]| < 2^31, so acc cannot overflow. Right for any c_in.
 * Memory    scratch kernel_h * kernel_w * c_in bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_CONV2D_STEM_S8_H
#define LP_CONV2D_STEM_S8_H

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
    int32_t x_offset;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_conv2d_stem_s8_t;

void lp_conv2d_stem_s8(const lp_conv2d_stem_s8_t *op, const int8_t *restrict x, int8_t *restrict y,
                       void *restrict scratch);

#endif
