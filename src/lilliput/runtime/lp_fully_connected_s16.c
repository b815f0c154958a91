#include "lp_fully_connected_s16.h"

#include "lp_wide_s16.h"

void lp_fully_connected_s16(const lp_fully_connected_s16_t *op, const int16_t *restrict x, int16_t *restrict y)
{
    const int8_t *w = op->w;
    for (int32_t o = 0; o < op->c_out; o++, w += op->c_in) {
        const int64_t acc = lp_wide_bias(op->bias, op->bias_high, o) + lp_wide_dot(x, w, op->c_in);
        y[o] = (int16_t)lp_clamp_s32(lp_wide_finish(acc, op->mult[o], op->code[o]), op->y_min, op->y_max);
    }
}
