#include "lp_conv2d_1x1_s8_dsp.h"

#include "lp_patches_s8_dsp.h"

void lp_conv2d_1x1_s8_dsp(const lp_conv2d_1x1_s8_dsp_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    uint32_t *patches = (uint32_t *)scratch;
    const lp_patches_s8_dsp_t core = {
        .w = op->w,
        .shift = op->shift,
        .c_out = op->c_out,
        .words = (op->c_in + 3) / 4,
        .y_offset = op->y_offset,
        .y_min = op->y_min,
        .y_max = op->y_max,
    };
    int32_t held = 0;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        const int8_t *pixel = x + oy * op->stride_h * op->in_w * op->c_in;
        for (int32_t ox = 0; ox < op->out_w; ox++, pixel += op->stride_w * op->c_in) {
            lp_unpack_s8(pixel, op->c_in, patches + held);
            if (++held == 4) {
                lp_patches_s8_dsp(&core, patches, held, y);
                y += held * op->c_out;
                held = 0;
            }
        }
    }
    if (held > 0) {
        lp_patches_s8_dsp(&core, patches, held, y);
    }
}
