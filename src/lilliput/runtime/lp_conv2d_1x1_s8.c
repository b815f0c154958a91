#include "lp_conv2d_1x1_s8.h"

#include <string.h>

#include "lp_fixed_point.h"

void lp_conv2d_1x1_s8(const lp_conv2d_1x1_s8_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    int8_t *pixel = (int8_t *)scratch; /* a copy: y may be written over x */
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        for (int32_t ox = 0; ox < op->out_w; ox++) {
            const int32_t from = oy * op->stride_h * op->in_w + ox * op->stride_w;
            memcpy(pixel, x + from * op->c_in, (size_t)op->c_in);
            const int8_t *w = op->w;
            for (int32_t o = 0; o < op->c_out; o++, w += op->c_in) {
                int32_t acc = op->bias[o];
                for (int32_t i = 0; i < op->c_in; i++) {
                    acc += (pixel[i] + op->x_offset) * w[i];
                }
                const int32_t value = lp_requantise(acc, op->mult[o], op->shift[o]) + op->y_offset;
                *y++ = (int8_t)lp_clamp_s32(value, op->y_min, op->y_max);
            }
        }
    }
}
