#include "lp_depthwise_conv2d_s16.h"

#include "lp_compiler.h"
#include "lp_wide_s16.h"

/* The taps of one output element; x and w point at its channel, top and left are the place of tap (0, 0). */
static LP_NOINLINE int64_t lp_depthwise_taps(const lp_depthwise_conv2d_s16_t *op, const int16_t *x, const int8_t *w,
                                             int32_t top, int32_t left)
{
    int64_t acc = 0;
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
            acc += x[(row * op->in_w + column) * op->c_in] * w[ky * op->kernel_w + kx];
        }
    }
    return acc;
}

void lp_depthwise_conv2d_s16(const lp_depthwise_conv2d_s16_t *op, const int16_t *restrict x, int16_t *restrict y)
{
    const int32_t taps = op->kernel_h * op->kernel_w;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        const int32_t top = oy * op->stride_h - op->pad_top;
        for (int32_t ox = 0; ox < op->out_w; ox++) {
            const int32_t left = ox * op->stride_w - op->pad_left;
            int32_t o = 0;
            for (int32_t c = 0; c < op->c_in; c++) {
                for (int32_t m = 0; m < op->multiplier; m++, o++) {
                    const int64_t acc = lp_wide_bias(op->bias, op->bias_high, o) +
                                        lp_depthwise_taps(op, x + c, op->w + o * taps, top, left);
                    const int32_t value = lp_wide_finish(acc, op->mult[o], op->code[o]);
                    *y++ = (int16_t)lp_clamp_s32(value, op->y_min, op->y_max);
                }
            }
        }
    }
}
