#include "lp_avg_pool_s8.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"

static int8_t lp_mean_of(const lp_avg_pool_s8_t *op, int32_t sum, int32_t count)
{
    const int32_t half = sum < 0 ? -(count / 2) : count / 2;
    return (int8_t)lp_clamp_s32((sum + half) / count, op->y_min, op->y_max);
}

/* One output pixel: the window is `rows` x `columns` elements of the image from `x` on. */
static LP_NOINLINE void lp_avg_window(const lp_avg_pool_s8_t *op, const int8_t *restrict x, int32_t rows, int32_t columns,
                          int8_t *restrict y)
{
    const int32_t c = op->c;
    const int32_t row_bytes = op->w_in * c;
    const int32_t count = rows * columns;
    int32_t channel = 0;
    for (; channel + 4 <= c; channel += 4) {
        int32_t sum0 = 0;
        int32_t sum1 = 0;
        int32_t sum2 = 0;
        int32_t sum3 = 0;
        for (int32_t i = 0; i < rows; i++) {
            LP_ROLLED for (int32_t j = 0; j < columns; j++) {
                const int8_t *tap = x + i * row_bytes + j * c + channel;
                sum0 += tap[0];
                sum1 += tap[1];
                sum2 += tap[2];
                sum3 += tap[3];
            }
        }
        y[channel] = lp_mean_of(op, sum0, count);
        y[channel + 1] = lp_mean_of(op, sum1, count);
        y[channel + 2] = lp_mean_of(op, sum2, count);
        y[channel + 3] = lp_mean_of(op, sum3, count);
    }
    for (; channel < c; channel++) {
        int32_t sum = 0;
        for (int32_t i = 0; i < rows; i++) {
            LP_ROLLED for (int32_t j = 0; j < columns; j++) {
                const int8_t *tap = x + i * row_bytes + j * c + channel;
                sum += *tap;
            }
        }
        y[channel] = lp_mean_of(op, sum, count);
    }
}

void lp_avg_pool_s8(const lp_avg_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
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
