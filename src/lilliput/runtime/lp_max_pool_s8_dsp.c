#include "lp_max_pool_s8_dsp.h"

#include "lp_dsp.h"
#include "lp_fixed_point.h"

/* One output pixel: the window is `rows` x `columns` elements of the image from `x` on. */
static LP_NOINLINE void lp_max_window(const lp_max_pool_s8_t *op, const int8_t *restrict x, int32_t rows,
                                      int32_t columns, int8_t *restrict y)
{
    const int32_t c = op->c;
    const int32_t row_bytes = op->w_in * c;
    const uint32_t low = (uint8_t)op->y_min * 0x01010101u; /* a clamp from below is one more element */
    int32_t channel = 0;
    LP_ROLLED
    for (; channel + 4 <= c; channel += 4, x += 4) {
        uint32_t most = low;
        const int8_t *start = x;
        LP_ROLLED
        for (int32_t i = rows; i > 0; i--, start += row_bytes) {
            const int8_t *tap = start;
            LP_ROLLED
            for (int32_t j = columns; j > 0; j--, tap += c) {
                most = lp_max4(most, lp_load4(tap));
            }
        }
        lp_store4(most, y + channel);
    }
    LP_ROLLED
    for (; channel < c; channel++, x++) {
        int32_t most = op->y_min;
        for (int32_t i = 0; i < rows; i++) {
            LP_ROLLED
            for (int32_t j = 0; j < columns; j++) {
                most = lp_max_s32(most, x[i * row_bytes + j * c]);
            }
        }
        y[channel] = (int8_t)most;
    }
    if (op->y_max < 127) {
        LP_ROLLED
        for (int32_t i = 0; i < c; i++) {
            y[i] = (int8_t)lp_min_s32(y[i], op->y_max);
        }
    }
}

void lp_max_pool_s8_dsp(const lp_max_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    for (int32_t i = 0, top = -op->pad_top; i < op->h_out; i++, top += op->stride_h) {
        const int32_t row = lp_max_s32(top, 0);
        const int32_t rows = lp_min_s32(top + op->k_h, op->h_in) - row;
        for (int32_t j = 0, left = -op->pad_left; j < op->w_out; j++, left += op->stride_w, y += op->c) {
            const int32_t column = lp_max_s32(left, 0);
            const int32_t columns = lp_min_s32(left + op->k_w, op->w_in) - column;
            lp_max_window(op, x + (row * op->w_in + column) * op->c, rows, columns, y);
        }
    }
}
