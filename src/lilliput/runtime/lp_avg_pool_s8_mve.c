#include "lp_avg_pool_s8_mve.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_mve.h"

/* One output pixel: the window is `rows` x `columns` elements of the image from `x` on.
 *
 * n / count, rounded down, is the high word of n * ceil(2^32 / count) where n * count < 2^32; n is at most
 * 128 * count + count / 2, and a count of 1 needs no division. */
static LP_NOINLINE void lp_avg_window(const lp_avg_pool_s8_t *op, const int8_t *restrict x, int32_t rows,
                                      int32_t columns, int8_t *restrict y)
{
    const int32_t c = op->c;
    const int32_t next_row = (op->w_in - columns) * c;
    const int32_t count = rows * columns;
    const lp_s32x4 inverse = lp_vsplat((int32_t)(0xffffffffu / (uint32_t)count + 1u));
    for (int32_t left = c; left > 0; left -= 4, x += 4, y += 4) {
        const int8_t *tap = x;
        lp_s32x4 sum = lp_vsplat(0);
        for (int32_t i = rows; i > 0; i--, tap += next_row) {
            for (int32_t j = columns; j > 0; j--, tap += c) {
                sum = lp_vadd(sum, lp_vwiden_first(tap, left));
            }
        }
        if (count > 1) {
            const lp_s32x4 size = lp_vhigh_mul_u32(lp_vadd_n(lp_vabs(sum), count / 2), inverse);
            sum = lp_vwith_sign(size, sum);
        }
        lp_vnarrow_first(y, lp_vmin(lp_vmax(sum, lp_vsplat(op->y_min)), lp_vsplat(op->y_max)), left);
    }
}

void lp_avg_pool_s8_mve(const lp_avg_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
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
