#include "lp_max_pool_s8_mve.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_mve.h"

/* One output pixel: the window is `rows` x `columns` elements of the image from `x` on. */
static LP_NOINLINE void lp_max_window(const lp_max_pool_s8_t *op, const int8_t *restrict x, int32_t rows,
                                      int32_t columns, int8_t *restrict y)
{
    const int32_t c = op->c;
    const int32_t next_row = (op->w_in - columns) * c;
    for (int32_t left = c; left > 0; left -= 16, x += 16, y += 16) {
        const int8_t *tap = x;
        lp_s8x16 most = lp_vsplat_s8(op->y_min); /* a clamp from below is one more element to compare with */
        for (int32_t i = rows; i > 0; i--, tap += next_row) {
            for (int32_t j = columns; j > 0; j--, tap += c) {
                most = lp_vmax_s8(most, lp_vload_s8_first(tap, left));
            }
        }
        lp_vstore_s8_first(y, lp_vmin_s8(most, lp_vsplat_s8(op->y_max)), left);
    }
}

void lp_max_pool_s8_mve(const lp_max_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
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
