#include "lp_conv2d_s4.h"

#include "lp_conv2d_taps.h"
#include "lp_fixed_point.h"
#include "lp_unpack_s4.h"

void lp_conv2d_s4(const lp_conv2d_s8_t *op, const int8_t *restrict x, int8_t *restrict y, void *restrict scratch)
{
    const int32_t depth = op->c_in / op->groups;
    const int32_t taps = op->kernel_h * op->kernel_w * depth;
    int8_t *row = (int8_t *)scratch;
    /* One output channel after the other: its weights are unpacked once. */
    for (int32_t o = 0; o < op->c_out; o++) {
        const int8_t *packed = op->w + o * ((taps + 1) / 2);
        for (int32_t i = 0; i < taps; i++) {
            row[i] = (i & 1) != 0 ? lp_high_s4(packed[i / 2]) : lp_low_s4(packed[i / 2]);
        }
        const int8_t *group = x + o / (op->c_out / op->groups) * depth;
        int8_t *to = y + o;
        for (int32_t oy = 0; oy < op->out_h; oy++) {
            for (int32_t ox = 0; ox < op->out_w; ox++, to += op->c_out) {
                const int32_t top = oy * op->stride_h - op->pad_top;
                const int32_t left = ox * op->stride_w - op->pad_left;
                const int32_t acc = op->bias[o] + lp_conv2d_taps(op, group, row, top, left);
                const int32_t value = lp_requantise(acc, op->mult[o], op->shift[o]) + op->y_offset;
                *to = (int8_t)lp_clamp_s32(value, op->y_min, op->y_max);
            }
        }
    }
}
