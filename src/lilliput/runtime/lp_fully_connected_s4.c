#include "lp_fully_connected_s4.h"

#include "lp_fixed_point.h"
#include "lp_unpack_s4.h"

void lp_fully_connected_s4(const lp_fully_connected_s4_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int8_t *w = op->w;
    for (int32_t o = 0; o < op->c_out; o++) {
        int32_t acc = op->bias[o];
        int32_t i = 0;
        for (; i + 2 <= op->c_in; i += 2, w++) {
            acc += (x[i] + op->x_offset) * lp_low_s4(*w) + (x[i + 1] + op->x_offset) * lp_high_s4(*w);
        }
        if (i < op->c_in) {
            acc += (x[i] + op->x_offset) * lp_low_s4(*w++);
        }
        const int32_t value = lp_requantise(acc, op->mult[o], op->shift[o]) + op->y_offset;
        y[o] = (int8_t)lp_clamp_s32(value, op->y_min, op->y_max);
    }
}
