#include "lp_max_pool_s8_simd.h"

#include "lp_fixed_point.h"
#include "lp_simd.h"

LP_INLINE lp_bytes lp_larger(lp_bytes a, lp_bytes b)
{
    const lp_bytes first = a > b;
    return (a & first) | (b & ~first);
}

LP_INLINE lp_bytes lp_same_bytes(int32_t code)
{
    const lp_bytes zero = {0};
    return zero + (int8_t)code;
}

/* The largest of 16 channels of a window of `rows` x `columns` elements from `x` on, clamped. */
LP_INLINE lp_bytes lp_most(const lp_max_pool_s8_t *op, const int8_t *x, int32_t rows, int32_t columns)
{
    lp_bytes most = lp_same_bytes(op->y_min);
    for (int32_t i = 0; i < rows; i++) {
        const int8_t *tap = x + i * op->w_in * op->c;
        for (int32_t j = 0; j < columns; j++, tap += op->c) {
            lp_bytes codes;
            memcpy(&codes, tap, sizeof codes);
            most = lp_larger(most, codes);
        }
    }
    const lp_bytes limit = lp_same_bytes(op->y_max);
    const lp_bytes above = most > limit;
    return (limit & above) | (most & ~above);
}

/* The channels behind the last whole block, one by one. */
static void lp_few_most(const lp_max_pool_s8_t *op, const int8_t *x, int32_t rows, int32_t columns, int32_t from,
                        int8_t *y)
{
    for (int32_t o = from; o < op->c; o++) {
        int32_t most = op->y_min;
        for (int32_t i = 0; i < rows; i++) {
            for (int32_t j = 0; j < columns; j++) {
                most = lp_max_s32(most, x[(i * op->w_in + j) * op->c + o]);
            }
        }
        y[o] = (int8_t)lp_min_s32(most, op->y_max);
    }
}

void lp_max_pool_s8_simd(const lp_max_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
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
                const lp_bytes codes = lp_most(op, window + o, rows, columns);
                memcpy(y + o, &codes, sizeof codes);
            }
            lp_few_most(op, window, rows, columns, whole, y);
        }
    }
}
