/* Neurons on currents of int8, place after place, as lp_leaky_s8.h says; v like y, or NULL. */
#ifndef LP_LEAKY_PLACES_H
#define LP_LEAKY_PLACES_H

#include "lp_leaky_s8.h"

static inline void lp_leaky_places(const lp_leaky_s8_t *op, const int8_t *x, int16_t *v, uint8_t *y, int16_t *acc)
{
    const int32_t channels = op->fire.channels;
    const int32_t factor = (int32_t)((uint32_t)1 << op->shift);
    for (int32_t place = 0; place < op->places; place++, x += channels, y += channels) {
        const int8_t *row = x;
        for (int32_t r = 0; r < op->rows; r++, row += op->places * channels) {
            for (int32_t c = 0; c < channels; c++) {
                acc[r * op->pad + c] = (int16_t)((row[c] - op->x_zero) * factor);
            }
        }
        op->fires(&op->fire, acc, op->rows == 1 ? 0 : op->pad, v, y);
        v = v != (int16_t *)0 ? v + channels : v;
    }
}

#endif
