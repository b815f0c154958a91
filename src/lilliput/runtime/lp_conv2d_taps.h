/* The products of one output element, shared by the portable convolutions. */
#ifndef LP_CONV2D_TAPS_H
#define LP_CONV2D_TAPS_H

#include "lp_conv2d_s8.h"

/* The taps of one output element; top and left are the place of tap (0, 0), possibly outside the image. */
static inline int32_t lp_conv2d_taps(const lp_conv2d_s8_t *op, const int8_t *x, const int8_t *w, int32_t top, int32_t left)
{
    const int32_t depth = op->c_in / op->groups;
    int32_t acc = 0;
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        const int32_t row = top + ky * op->dilation_h;
        if (row < 0 || row >= op->in_h) {
            continue;
        }
        for (int32_t kx = 0; kx < op->kernel_w; kx++) {
            const int32_t column = left + kx * op->dilation_w;
            if (column < 0 || column >= op->in_w) {
                continue;
            }
            const int8_t *from = x + (row * op->in_w + column) * op->c_in;
            const int8_t *tap = w + (ky * op->kernel_w + kx) * depth;
            for (int32_t i = 0; i < depth; i++) {
                acc += (from[i] + op->x_offset) * tap[i];
            }
        }
    }
    return acc;
}

#endif
