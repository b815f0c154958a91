#include "lp_transpose_conv2d_s16.h"

#include "lp_compiler.h"
#include "lp_wide_s16.h"

/* The input row or column that tap `tap` of output `place` meets, -1 where there is none. */
static int32_t lp_met(int32_t place, int32_t before, int32_t tap, int32_t stride, int32_t length)
{
    const int32_t spread = place + before - tap;
    return spread >= 0 && spread % stride == 0 && spread / stride < length ? spread / stride : -1;
}

/* All channels of one output pixel. The taps that meet the input are the same for all. */
static LP_NOINLINE void lp_spread_tap(const lp_transpose_conv2d_s16_t *op, const int16_t *x, const int8_t *w,
                                      int64_t *acc)
{
    const int32_t step = op->kernel_h * op->kernel_w * op->c_in;
    for (int32_t o = 0; o < op->c_out; o++) {
        acc[o] += lp_wide_dot(x, w + o * step, op->c_in);
    }
}

void lp_transpose_conv2d_s16(const lp_transpose_conv2d_s16_t *op, const int16_t *restrict x, int16_t *restrict y,
                             void *restrict scratch)
{
    int64_t *const acc = (int64_t *)scratch;
    for (int32_t place = 0; place < op->out_h * op->out_w; place++, y += op->c_out) {
        for (int32_t o = 0; o < op->c_out; o++) {
            acc[o] = lp_wide_bias(op->bias, op->bias_high, o);
        }
        for (int32_t ky = 0; ky < op->kernel_h; ky++) {
            const int32_t iy = lp_met(place / op->out_w, op->top, ky, op->stride_h, op->in_h);
            for (int32_t kx = 0; kx < op->kernel_w && iy >= 0; kx++) {
                const int32_t ix = lp_met(place % op->out_w, op->left, kx, op->stride_w, op->in_w);
                if (ix >= 0) {
                    const int8_t *w = op->w + (ky * op->kernel_w + kx) * op->c_in;
                    lp_spread_tap(op, x + (iy * op->in_w + ix) * op->c_in, w, acc);
                }
            }
        }
        for (int32_t o = 0; o < op->c_out; o++) {
            const int32_t value = lp_wide_finish(acc[o], op->mult[o], op->code[o]);
            y[o] = (int16_t)lp_clamp_s32(value, op->y_min, op->y_max);
        }
    }
}
