#include "lp_conv2d_1x1_over_s8_rvv.h"

#include "lp_fixed_point.h"
#include "lp_rvv.h"

void lp_conv2d_1x1_over_s8_rvv(const lp_conv2d_1x1_s8_rvv_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    const int32_t c_in = op->dots.taps;
    const int32_t packed = op->stride_h == 1 && op->stride_w == 1;
    const int32_t out_h = packed != 0 ? 1 : op->out_h;
    const int32_t out_w = packed != 0 ? op->out_h * op->out_w : op->out_w;
    int8_t *pixels = (int8_t *)scratch;
    for (int32_t oy = 0; oy < out_h; oy++) {
        const int8_t *row = x + oy * op->stride_h * op->in_w * c_in;
        for (int32_t ox = 0; ox < out_w; ox += op->held) {
            const int32_t count = lp_min_s32(op->held, out_w - ox);
            const int32_t runs = packed != 0 ? 1 : count; /* pixels that lie together are one run */
            const int32_t run = packed != 0 ? count * c_in : c_in;
            for (int32_t i = 0; i < runs; i++) {
                lp_rvv_copy(pixels + i * c_in, row + (ox + i) * op->stride_w * c_in, run);
            }
            lp_dots_s8_rvv(&op->dots, pixels, c_in, count, y);
            y += count * op->dots.c_out;
        }
    }
}
