#include "lp_spike_pool_u8.h"

#include <string.h>

/* y |= x for a row of trains, four at a time. */
static void lp_or_row(const uint8_t *x, uint8_t *y, int32_t count)
{
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        uint32_t a;
        uint32_t b;
        (void)memcpy(&a, x + i, sizeof a);
        (void)memcpy(&b, y + i, sizeof b);
        b |= a;
        (void)memcpy(y + i, &b, sizeof b);
    }
    for (; i < count; i++) {
        y[i] = (uint8_t)(y[i] | x[i]);
    }
}

void lp_spike_pool_u8(const lp_spike_pool_u8_t *op, const uint8_t *restrict x, uint8_t *restrict y)
{
    for (int32_t oy = 0; oy < op->h_out; oy++) {
        const int32_t top = oy * op->stride_h - op->pad_top;
        for (int32_t ox = 0; ox < op->w_out; ox++, y += op->c) {
            const int32_t left = ox * op->stride_w - op->pad_left;
            (void)memset(y, 0, (size_t)op->c);
            for (int32_t iy = top < 0 ? 0 : top; iy < top + op->k_h && iy < op->h_in; iy++) {
                for (int32_t ix = left < 0 ? 0 : left; ix < left + op->k_w && ix < op->w_in; ix++) {
                    lp_or_row(x + (iy * op->w_in + ix) * op->c, y, op->c);
                }
            }
        }
    }
}
