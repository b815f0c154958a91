#include "lp_transpose_conv2d_f32.h"

#include "lp_tile_f32.h"

/* The input row or column that tap `tap` of output `place` meets, -1 where there is none. */
static int32_t lp_met(int32_t place, int32_t before, int32_t tap, int32_t stride, int32_t length)
{
    const int32_t spread = place + before - tap;
    return spread >= 0 && spread % stride == 0 && spread / stride < length ? spread / stride : -1;
}

/* One output of channel o. */
static float lp_spread(const lp_transpose_conv2d_f32_t *op, const float *restrict x, int32_t oy, int32_t ox, int32_t o)
{
    const float *w = op->w + o * op->kernel_h * op->kernel_w * op->c_in;
    float sum = op->bias[o];
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        const int32_t iy = lp_met(oy, op->top, ky, op->stride_h, op->in_h);
        for (int32_t kx = 0; kx < op->kernel_w; kx++, w += op->c_in) {
            const int32_t ix = iy < 0 ? -1 : lp_met(ox, op->left, kx, op->stride_w, op->in_w);
            if (ix >= 0) {
                sum = lp_one_taps(sum, x + (iy * op->in_w + ix) * op->c_in, w, op->c_in);
            }
        }
    }
    return lp_within(sum, op->y_min, op->y_max);
}

void lp_transpose_conv2d_f32(const lp_transpose_conv2d_f32_t *op, const float *restrict x, float *restrict y)
{
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        for (int32_t ox = 0; ox < op->out_w; ox++) {
            for (int32_t o = 0; o < op->c_out; o++) {
                *y++ = lp_spread(op, x, oy, ox, o);
            }
        }
    }
}
