#include "lp_avg_pool_s8_dsp.h"

#include "lp_dsp.h"
#include "lp_fixed_point.h"

static int8_t lp_mean_of(const lp_avg_pool_s8_t *op, int32_t sum, int32_t count)
{
    const int32_t half = sum < 0 ? -(count / 2) : count / 2;
    return (int8_t)lp_clamp_s32((sum + half) / count, op->y_min, op->y_max);
}

/* One output pixel: the window is `rows` x `columns` elements of the image from `x` on. */
static LP_NOINLINE void lp_avg_window(const lp_avg_pool_s8_t *op, const int8_t *restrict x, int32_t rows,
                                      int32_t columns, int8_t *restrict y)
{
    const int32_t c = op->c;
    const int32_t row_bytes = op->w_in * c;
    const int32_t count = rows * columns;
    int32_t channel = 0;
    LP_ROLLED
    for (; channel + 4 <= c; channel += 4, x += 4) {
        uint32_t even = 0; /* the sums of channels 0 and 2, 16 bits each */
        uint32_t odd = 0;  /* and of 1 and 3 */
        const int8_t *start = x;
        LP_ROLLED
        for (int32_t i = rows; i > 0; i--, start += row_bytes) {
            const int8_t *tap = start;
            LP_ROLLED
            for (int32_t j = columns; j > 0; j--, tap += c) {
                const uint32_t word = lp_load4(tap);
                even = lp_sxtab16(even, word);
                odd = lp_sxtab16_ror8(odd, word);
            }
        }
        y[channel] = lp_mean_of(op, (int16_t)(uint16_t)(even & 0xffffu), count);
        y[channel + 1] = lp_mean_of(op, (int16_t)(uint16_t)(odd & 0xffffu), count);
        y[channel + 2] = lp_mean_of(op, (int16_t)(uint16_t)(even >> 16), count);
        y[channel + 3] = lp_mean_of(op, (int16_t)(uint16_t)(odd >> 16), count);
    }
    LP_ROLLED
    for (; channel < c; channel++, x++) {
        int32_t sum = 0;
        for (int32_t i = 0; i < rows; i++) {
            LP_ROLLED
            for (int32_t j = 0; j < columns; j++) {
                sum += x[i * row_bytes + j * c];
            }
        }
        y[channel] = lp_mean_of(op, sum, count);
    }
}

void lp_avg_pool_s8_dsp(const lp_avg_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    for (int32_t i = 0, top = -op->pad_top; i < op->h_out; i++, top += op->stride_h) {
        const int32_t row = lp_max_s32(top, 0);
        const int32_t rows = lp_min_s32(top + op->k_h, op->h_in) - row;
        for (int32_t j = 0, left = -op->pad_left; j < op->w_out; j++, left += op->stride_w, y += op->c) {
            const int32_t column = lp_max_s32(left, 0);
            const int32_t columns = lp_min_s32(left + op->k_w, op->w_in) - column;
            lp_avg_window(op, x + (row * op->w_in + column) * op->c, rows, columns, y);
        }
    }
}
