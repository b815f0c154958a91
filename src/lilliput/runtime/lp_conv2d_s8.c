#include "lp_conv2d_s8.h"

#include "lp_fixed_point.h"

/* The taps of one output element; top and left are the place of tap (0, 0), possibly outside the image. */
static int32_t lp_conv2d_taps(const lp_conv2d_s8_t *op, const int8_t *x, const int8_t *w, int32_t top, int32_t left)
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

void lp_conv2d_s8(const lp_conv2d_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t depth = op->c_in / op->groups;
    const int32_t group_out = op->c_out / op->groups;
    const int32_t row_of_w = op->kernel_h * op->kernel_w * depth;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        const int32_t top = oy * op->stride_h - op->pad_top;
        for (int32_t ox = 0; ox < op->out_w; ox++) {
            const int32_t left = ox * op->stride_w - op->pad_left;
            for (int32_t o = 0; o < op->c_out; o++) {
                const int8_t *group = x + o / group_out * depth;
                const int32_t acc = op->bias[o] + lp_conv2d_taps(op, group, op->w + o * row_of_w, top, left);
                const int32_t value = lp_requantise(acc, op->mult[o], op->shift[o]) + op->y_offset;
                *y++ = (int8_t)lp_clamp_s32(value, op->y_min, op->y_max);
            }
        }
    }
}
