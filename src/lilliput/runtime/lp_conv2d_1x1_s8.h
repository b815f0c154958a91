/* lp_conv2d_1x1_s8: 2-D convolution with a 1x1 kernel and no padding, int8 in, int8 out.
 *
 * Layout    x[in_h][in_w][c_in], w as lp_dots_s8.h says with taps = c_in, y[out_h][out_w][c_out]
 * Value     acc     = bias[o] + sum of x[..][i] * w[o][i], the pixel of x at (oy * stride_h, ox * stride_w)
 *           y[..][o] = clamp(requantise(acc, mult[o], shift[o]) + y_offset, y_min, y_max)
 * Ranges    as in lp_dots_s8.h; strides 1 or more, (out_h - 1) * stride_h < in_h, the same for the width
 * Memory    scratch c_in bytes; no heap.
 * Aliasing  y may equal x where no output pixel ends behind the pixel that is read next: for all q but the last,
 *           (q + 1) * c_out <= c_in * (index in x of output pixel q + 1). Else y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_CONV2D_1X1_S8_H
#define LP_CONV2D_1X1_S8_H

#include <stdint.h>

#include "lp_dots_s8.h"

typedef struct {
    lp_dots_s8_t dots;
    int32_t in_w;
    int32_t out_h;
    int32_t out_w;
    int32_t stride_h;
    int32_t stride_w;
} lp_conv2d_1x1_s8_t;

void lp_conv2d_1x1_s8(const lp_conv2d_1x1_s8_t *op, const int8_t *x, int8_t *y, void *scratch);

#endif
