#include "lp_fully_connected_wide_s8_dsp.h"

#include "lp_block_parts_s8_dsp.h"
#include "lp_requantise_x256.h"

void lp_fully_connected_wide_s8_dsp(const lp_fully_connected_wide_s8_dsp_t *op, const int8_t *restrict x,
                                    int8_t *restrict y, void *restrict scratch)
{
    const int32_t words = (op->c_in + 3) / 4;
    uint32_t *pairs = (uint32_t *)scratch;
    lp_unpack_bytes(x, op->c_in, pairs, 1);
    const int32_t whole = op->c_out / 4 * 4;
    int8_t rest[4];
    lp_fours_t at;
    at.offset = 2 * op->y_offset + 1;
    at.code = op->code;
    at.x = pairs;
    at.x_end = pairs + 2 * words;
    at.w = op->w;
    at.skipped = -words & 3;
    at.y = y;
    at.y_end = y + whole;
    if (whole > 0) {
        op->core->run(&at);
    }
    if (whole < op->c_out) {
        at.y = rest;
        at.y_end = rest + 4;
        op->core->run(&at);
        for (int32_t i = 0; whole + i < op->c_out; i++) {
            y[whole + i] = rest[i];
        }
    }
    if (op->y_min > -128 || op->y_max < 127) {
        lp_clamp_run(y, op->c_out, op->y_min, op->y_max);
    }
}
