#include "lp_conv2d_1x1_blocks_s8_dsp.h"

void lp_conv2d_1x1_blocks_s8_dsp(const lp_conv2d_1x1_blocks_s8_dsp_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    const lp_block_s8_dsp_t *block = op->block;
    uint32_t *patches = (uint32_t *)scratch;
    int32_t held = 0;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        const int8_t *pixel = x + oy * op->stride_h * op->in_w * op->c_in;
        for (int32_t ox = 0; ox < op->out_w; ox++, pixel += op->stride_w * op->c_in) {
            block->unpack(pixel, op->c_in, patches + held);
            if (++held == block->patches) {
                block->run(&op->op, patches, held, y);
                y += held * op->op.y_step;
                held = 0;
            }
        }
    }
    if (held > 0) {
        block->run(&op->op, patches, held, y);
    }
}
