#include "lp_max_pool_s8_rvv.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_rvv.h"

/* One output pixel: the window is `rows` x `columns` elements of the image from `x` on. */
static LP_NOINLINE void lp_max_window(const lp_max_pool_s8_t *op, const int8_t *restrict x, int32_t rows,
                                      int32_t columns, int8_t *restrict y)
{
    const int32_t c = op->c;
    const int32_t next_row = (op->w_in - columns) * c;
    size_t vl;
    for (int32_t left = c; left > 0; left -= (int32_t)vl, x += vl, y += vl) {
        vl = lp_w_lanes(left);
        const int8_t *tap = x;
        lp_w_s8 most = lp_w_splat_s8(-128, vl);
        for (int32_t i = rows; i > 0; i--, tap += next_row) {
            LP_ROLLED for (int32_t j = columns; j > 0; j--, tap += c) {
                most = lp_w_max_s8(most, lp_w_load_s8(tap, vl), vl);
            }
        }
        lp_w_store_s8(y, lp_w_clamp_s8(most, op->y_min, op->y_max, vl), vl);
    }
}

void lp_max_pool_s8_rvv(const lp_max_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
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
