#include "lp_max_pool_s16.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"

/* One output pixel: the window is `rows` x `columns` elements of the image from `x` on. */
static LP_NOINLINE void lp_max_window(const lp_max_pool_s16_t *op, const int16_t *restrict x, int32_t rows,
                                      int32_t columns, int16_t *restrict y)
{
    for (int32_t channel = 0; channel < op->c; channel++) {
        int32_t most = op->y_min; /* a clamp from below is one more element to compare with */
        for (int32_t i = 0; i < rows; i++) {
            const int16_t *tap = x + i * op->w_in * op->c + channel;
            LP_ROLLED for (int32_t j = 0; j < columns; j++, tap += op->c) {
                most = lp_max_s32(most, *tap);
            }
        }
        y[channel] = (int16_t)lp_min_s32(most, op->y_max);
    }
}

void lp_max_pool_s16(const lp_max_pool_s16_t *op, const int16_t *restrict x, int16_t *restrict y)
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
