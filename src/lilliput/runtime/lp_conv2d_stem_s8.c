#include "lp_conv2d_stem_s8.h"

#include "lp_fixed_point.h"

/* The patch whose first tap is at (top, left); taps outside the image hold the zero point. */
static void lp_conv2d_stem_gather(const lp_conv2d_stem_s8_t *op, const int8_t *x, int32_t top, int32_t left,
                                  int8_t *patch)
{
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        const int32_t row = top + ky * op->dilation_h;
        for (int32_t kx = 0; kx < op->kernel_w; kx++) {
            const int32_t column = left + kx * op->dilation_w;
            const int inside = row >= 0 && row < op->in_h && column >= 0 && column < op->in_w;
            const int8_t *from = inside ? x + (row * op->in_w + column) * op->c_in : x;
            for (int32_t i = 0; i < op->c_in; i++) {
                *patch++ = inside ? from[i] : (int8_t)-op->x_offset;
            }
        }
    }
}

void lp_conv2d_stem_s8(const lp_conv2d_stem_s8_t *op, const int8_t *restrict x, int8_t *restrict y,
                       void *restrict scratch)
{
    int8_t *patch = (int8_t *)scratch;
    const int32_t taps = op->kernel_h * op->kernel_w * op->c_in;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        for (int32_t ox = 0; ox < op->out_w; ox++) {
            lp_conv2d_stem_gather(op, x, oy * op->stride_h - op->pad_top, ox * op->stride_w - op->pad_left, patch);
            const int8_t *w = op->w;
            for (int32_t o = 0; o < op->c_out; o++, w += taps) {
                int32_t acc = op->bias[o];
                for (int32_t i = 0; i < taps; i++) {
                    acc += (patch[i] + op->x_offset) * w[i];
                }
                const int32_t value = lp_requantise(acc, op->mult[o], op->shift[o]) + op->y_offset;
                *y++ = (int8_t)lp_clamp_s32(value, op->y_min, op->y_max);
            }
        }
    }
}
