#include "lp_conv2d_1x1_s8_rvv.h"

void lp_conv2d_1x1_s8_rvv(const lp_conv2d_1x1_s8_rvv_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t c_in = op->dots.taps;
    if (op->stride_h == 1 && op->stride_w == 1) {
        lp_dots_s8_rvv(&op->dots, x, c_in, op->out_h * op->out_w, y);
        return;
    }
    for (int32_t oy = 0; oy < op->out_h; oy++, y += op->out_w * op->dots.c_out) {
        lp_dots_s8_rvv(&op->dots, x + oy * op->stride_h * op->in_w * c_in, op->stride_w * c_in, op->out_w, y);
    }
}
