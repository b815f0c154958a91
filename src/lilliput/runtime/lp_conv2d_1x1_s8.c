#include "lp_conv2d_1x1_s8.h"

#include <string.h>

void lp_conv2d_1x1_s8(const lp_conv2d_1x1_s8_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    int8_t *pixel = (int8_t *)scratch; /* a copy: y may be written over x */
    const int32_t c_in = op->dots.taps;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        const int8_t *from = x + oy * op->stride_h * op->in_w * c_in;
        for (int32_t ox = 0; ox < op->out_w; ox++, from += op->stride_w * c_in, y += op->dots.c_out) {
            (void)memcpy(pixel, from, (size_t)c_in);
            lp_dots_s8(&op->dots, pixel, y);
        }
    }
}
