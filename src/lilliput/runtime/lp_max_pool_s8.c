#include "lp_max_pool_s8.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"

/* One output pixel: the window is `rows` x `columns` elements of the image from `x` on. */
static LP_NOINLINE void lp_max_window(const lp_max_pool_s8_t *op, const int8_t *restrict x, int32_t rows, int32_t columns,
                          int8_t *restrict y)
{
    const int32_t c = op->c;
    const int32_t row_bytes = op->w_in * c;
    const int32_t y_min = op->y_min; /* a clamp from below is one more element to compare with */
    const int32_t y_max = op->y_max;
    int32_t channel = 0;
    for (; channel + 4 <= c; channel += 4) {
        int32_t most0 = y_min;
        int32_t most1 = y_min;
        int32_t most2 = y_min;
        int32_t most3 = y_min;
        for (int32_t i = 0; i < rows; i++) {
            LP_ROLLED for (int32_t j = 0; j < columns; j++) {
                const int8_t *tap = x + i * row_bytes + j * c + channel;
                most0 = lp_max_s32(most0, tap[0]);
                most1 = lp_max_s32(most1, tap[1]);
                most2 = lp_max_s32(most2, tap[2]);
                most3 = lp_max_s32(most3, tap[3]);
            }
        }
        y[channel] = (int8_t)lp_min_s32(most0, y_max);
        y[channel + 1] = (int8_t)lp_min_s32(most1, y_max);
        y[channel + 2] = (int8_t)lp_min_s32(most2, y_max);
        y[channel + 3] = (int8_t)lp_min_s32(most3, y_max);
    }
    for (; channel < c; channel++) {
        int32_t most = y_min;
        for (int32_t i = 0; i < rows; i++) {
            LP_ROLLED for (int32_t j = 0; j < columns; j++) {
                const int8_t *tap = x + i * row_bytes + j * c + channel;
                most = lp_max_s32(most, *tap);
            }
        }
        y[channel] = (int8_t)lp_min_s32(most, y_max);
    }
}

void lp_max_pool_s8(const lp_max_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
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
