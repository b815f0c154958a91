#include "lp_conv2d_s8.h"

#include "lp_conv2d_taps.h"
#include "lp_fixed_point.h"

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
