#include "lp_fully_connected_s8.h"

#include "lp_fixed_point.h"

void lp_fully_connected_s8(const lp_fully_connected_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int8_t *w = op->w;
    for (int32_t o = 0; o < op->c_out; o++, w += op->c_in) {
        int32_t acc = op->bias[o];
        for (int32_t i = 0; i < op->c_in; i++) {
            acc += (x[i] + op->x_offset) * w[i];
        }
        const int32_t value = lp_requantise(acc, op->mult[o], op->shift[o]) + op->y_offset;
        y[o] = (int8_t)lp_clamp_s32(value, op->y_min, op->y_max);
    }
}
