#include "lp_transpose_conv2d_s8.h"

#include "lp_fixed_point.h"

/* The input row or column that tap `tap` of output `place` meets, -1 where there is none. */
static int32_t lp_met(int32_t place, int32_t before, int32_t tap, int32_t stride, int32_t length)
{
    const int32_t spread = place + before - tap;
    return spread >= 0 && spread % stride == 0 && spread / stride < length ? spread / stride : -1;
}

static int32_t lp_spread_dot(const int8_t *restrict x, const int8_t *restrict w, int32_t count, int32_t x_offset)
{
    int32_t acc = 0;
    for (int32_t i = 0; i < count; i++) {
        acc += w[i] * (x[i] + x_offset);
    }
    return acc;
}

static void lp_spread_pixel(const lp_transpose_conv2d_s8_t *op, const int8_t *restrict x, int32_t oy, int32_t ox,
                            int8_t *restrict y)
{
    const int8_t *w = op->w;
    for (int32_t o = 0; o < op->c_out; o++) {
        int32_t acc = op->bias[o];
        for (int32_t ky = 0; ky < op->kernel_h; ky++) {
            const int32_t iy = lp_met(oy, op->top, ky, op->stride_h, op->in_h);
            for (int32_t kx = 0; kx < op->kernel_w; kx++, w += op->c_in) {
                const int32_t ix = iy < 0 ? -1 : lp_met(ox, op->left, kx, op->stride_w, op->in_w);
                if (ix >= 0) {
                    acc += lp_spread_dot(x + (iy * op->in_w + ix) * op->c_in, w, op->c_in, op->x_offset);
                }
            }
        }
        const int32_t out = lp_requantise(acc, op->mult[o], op->shift[o]) + op->y_offset;
        y[o] = (int8_t)lp_clamp_s32(out, op->y_min, op->y_max);
    }
}

void lp_transpose_conv2d_s8(const lp_transpose_conv2d_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        for (int32_t ox = 0; ox < op->out_w; ox++, y += op->c_out) {
            lp_spread_pixel(op, x, oy, ox, y);
        }
    }
}
