#include "lp_events_s8.h"

void lp_events_s8(const lp_events_s8_t *op, const int8_t *restrict x, uint8_t *restrict y)
{
    for (int32_t i = 0; i < op->n; i++) {
        uint32_t bits = 0;
        for (int32_t t = op->steps - 1; t >= 0; t--) {
            bits = bits << 1 | (x[t * op->n + i] != op->x_zero ? 1u : 0u);
        }
        y[i] = (uint8_t)bits;
    }
}
