#include "lp_avg_pool_s8_simd.h"

#include "lp_fixed_point.h"
#include "lp_simd.h"

/* Means of 16 channels of a window of `rows` x `columns` elements from `x` on, clamped. */
LP_INLINE lp_bytes lp_means(const lp_avg_pool_s8_t *op, const int8_t *x, int32_t rows, int32_t columns)
{
    const int32_t count = rows * columns;
    lp_lanes sum = {0};
    for (int32_t i = 0; i < rows; i++) {
        const int8_t *tap = x + i * op->w_in * op->c;
        for (int32_t j = 0; j < columns; j++, tap += op->c) {
            sum += lp_load_codes(tap);
        }
    }
    const lp_lanes sign = sum >> 31;
    const lp_lanes rounded = sum + ((lp_all(count / 2) ^ sign) - sign);
    const lp_floats quotient = __builtin_convertvector(rounded, lp_floats) / (float)count;
    return lp_narrow(__builtin_convertvector(quotient, lp_lanes), op->y_min, op->y_max);
}

/* The channels behind the last whole block, one by one. */
static void lp_few_means(const lp_avg_pool_s8_t *op, const int8_t *x, int32_t rows, int32_t columns, int32_t from,
                         int8_t *y)
{
    const int32_t count = rows * columns;
    for (int32_t o = from; o < op->c; o++) {
        int32_t sum = 0;
        for (int32_t i = 0; i < rows; i++) {
            for (int32_t j = 0; j < columns; j++) {
                sum += x[(i * op->w_in + j) * op->c + o];
            }
        }
        const int32_t half = sum < 0 ? -(count / 2) : count / 2;
        y[o] = (int8_t)lp_clamp_s32((sum + half) / count, op->y_min, op->y_max);
    }
}

void lp_avg_pool_s8_simd(const lp_avg_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t whole = op->c / LP_LANES * LP_LANES;
    for (int32_t i = 0, top = -op->pad_top; i < op->h_out; i++, top += op->stride_h) {
        const int32_t row = lp_max_s32(top, 0);
        const int32_t rows = lp_min_s32(top + op->k_h, op->h_in) - row;
        for (int32_t j = 0, left = -op->pad_left; j < op->w_out; j++, left += op->stride_w, y += op->c) {
            const int32_t column = lp_max_s32(left, 0);
            const int32_t columns = lp_min_s32(left + op->k_w, op->w_in) - column;
            const int8_t *window = x + (row * op->w_in + column) * op->c;
            for (int32_t o = 0; o < whole; o += LP_LANES) {
                const lp_bytes codes = lp_means(op, window + o, rows, columns);
                memcpy(y + o, &codes, sizeof codes);
            }
            lp_few_means(op, window, rows, columns, whole, y);
        }
    }
}
