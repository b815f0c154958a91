#include "lp_conv2d_patch_s8.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"

static int8_t *lp_fill(int8_t *to, int32_t value, int32_t count)
{
    LP_ROLLED for (; count > 0; count--) {
        *to++ = (int8_t)value;
    }
    return to;
}

static int8_t *lp_copy(int8_t *restrict to, const int8_t *restrict from, int32_t count)
{
    for (; count >= 4; count -= 4, to += 4, from += 4) {
        const int8_t a = from[0];
        const int8_t b = from[1];
        const int8_t c = from[2];
        const int8_t d = from[3];
        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
    }
    LP_ROLLED for (; count > 0; count--) {
        *to++ = *from++;
    }
    return to;
}

/* The patch whose first tap is at (top, left). */
static void lp_gather(const lp_conv2d_patch_s8_t *op, const int8_t *x, int32_t top, int32_t left, int8_t *patch)
{
    const int32_t c_in = op->c_in;
    const int32_t before = lp_clamp_s32(-left, 0, op->kernel_w);
    const int32_t inside = lp_clamp_s32(op->in_w - left, before, op->kernel_w) - before;
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        const int32_t row = top + ky * op->dilation_h;
        if (row < 0 || row >= op->in_h) {
            patch = lp_fill(patch, op->x_zero, op->kernel_w * c_in);
        } else if (op->dilation_w == 1) { /* one run */
            patch = lp_fill(patch, op->x_zero, before * c_in);
            if (inside > 0) {
                patch = lp_copy(patch, x + (row * op->in_w + left + before) * c_in, inside * c_in);
            }
            patch = lp_fill(patch, op->x_zero, (op->kernel_w - before - inside) * c_in);
        } else {
            for (int32_t column = left, kx = 0; kx < op->kernel_w; kx++, column += op->dilation_w) {
                const int outside = column < 0 || column >= op->in_w;
                patch = outside ? lp_fill(patch, op->x_zero, c_in)
                                : lp_copy(patch, x + (row * op->in_w + column) * c_in, c_in);
            }
        }
    }
}

void lp_conv2d_patch_s8(const lp_conv2d_patch_s8_t *op, const int8_t *restrict x, int8_t *restrict y,
                        void *restrict scratch)
{
    int8_t *patch = (int8_t *)scratch;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        for (int32_t ox = 0; ox < op->out_w; ox++, y += op->dots.c_out) {
            lp_gather(op, x, oy * op->stride_h - op->pad_top, ox * op->stride_w - op->pad_left, patch);
            lp_dots_s8(&op->dots, patch, y);
        }
    }
}
