/* lp_conv2d_s8_mve: 2-D convolution, int8 in, int8 out, any kernel, stride, padding, dilation and groups, for
 * the Arm vector extension.
 *
 * `held` patches of the image are copied side by side, then multiplied with all output channels (lp_dots_s8_mve.h).
 *
 * Layout    x[in_h][in_w][c_in]; w, bias, mult, shift as lp_dots_s8_mve.h says, each of one group after the other, with
 *           the taps [kernel_h][kernel_w][c_in / groups] and the c_out of one group; y[out_h][out_w][groups][c_out]
 * Value     the same bytes as lp_conv2d_s8; taps outside the image hold x_zero, whose part is in the bias
 * Ranges    as in lp_dots_s8_mve.h with y_step = groups * c_out; strides and dilations 1 or more; pads 0 or more;
 *           dots.taps is kernel_h * kernel_w * c_in / groups; held 1 or more
 * Memory    scratch held * dots.taps bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges (LP312 otherwise).
 */
#ifndef LP_CONV2D_S8_MVE_H
#define LP_CONV2D_S8_MVE_H

#include <stdint.h>

#include "lp_dots_s8_mve.h"

typedef struct {
    lp_dots_s8_mve_t dots;
    int32_t in_h;
    int32_t in_w;
    int32_t c_in;
    int32_t out_h;
    int32_t out_w;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t groups;
    int32_t x_zero;
    int32_t held;
} lp_conv2d_s8_mve_t;

void lp_conv2d_s8_mve(const lp_conv2d_s8_mve_t *op, const int8_t *restrict x, int8_t *restrict y, void *restrict scratch);

#endif
